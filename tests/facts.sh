# facts.sh - the frame of a shell test, to be sourced from the project's root: a folder of its own
# ($work, with its own cache), `fact`, `refused`, and at the end `facts_end`.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
passed=0 failed=0
# title, command...: counts whether the command succeeds.
fact() {
  local title=$1; shift
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED  $title"; fi
}
# words, command...: the command ends with exit code 2 and says the words.
refused() {
  local words=$1 code output; shift
  output=$("$@" 2>&1 </dev/null); code=$?
  [ $code -eq 2 ] && grep -qF -- "$words" <<<"$output" && return 0
  echo "exit code $code: $output"; return 1
}
facts_end() {
  echo "$passed passed, $failed failed"
  [ $failed -eq 0 ]
}
