#!/bin/bash
# run.sh [NAME...]: runs the test programs of $BUILD/tests and the test scripts, each under a
# time-out, and closes with 'N passed, N failed'. A program's first line `// ranks: 1 2 4` runs it
# under mpirun with each of these; a script's `# ranks` is its own business. Exit code 77 = skipped.
# NAME picks the tests whose path contains it.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build/release}
export BUILD TEASEL="$PWD/$BUILD/teasel"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_base_warn_component_unused=0
export ASAN_OPTIONS=${ASAN_OPTIONS:-fast_unwind_on_malloc=0} LSAN_OPTIONS=${LSAN_OPTIONS:-suppressions=$PWD/tests/openmpi.supp:print_suppressions=0}
limit=${TEST_SECONDS:-900}
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

one() { # title, command...
  local title=$1; shift
  local begin=$SECONDS code
  timeout -k 5 "$limit" "$@" >"$log" 2>&1 </dev/null
  code=$?
  case $code in
    0) passed=$((passed + 1)); echo "ok      $title ($((SECONDS - begin)) s)" ;;
    77) skipped=$((skipped + 1)); echo "skipped $title: $(tail -n 1 "$log")" ;;
    124 | 137) failed=$((failed + 1)); echo "FAILED  $title: no end within $limit s"; tail -n 40 "$log" ;;
    *) failed=$((failed + 1)); echo "FAILED  $title: exit code $code"; tail -n 60 "$log" ;;
  esac
}
wanted() {
  [ $# -eq 1 ] && return 0
  local path=$1 name; shift
  for name in "$@"; do case $path in *"$name"*) return 0 ;; esac; done
  return 1
}
for source in tests/unit/test_*.c tests/team/test_*.c tests/oracle/test_*.c tests/fault/test_*.c; do
  [ -e "$source" ] && wanted "$source" "$@" || continue
  program=$BUILD/${source%.c}
  ranks=$(sed -n '1s,^// ranks: *,,p' "$source")
  if [ -z "$ranks" ]; then
    one "$source" "$program"
  else
    for n in $ranks; do one "$source on $n ranks" mpirun -n "$n" "$program"; done
  fi
done
for script in tests/oracle/test_*.sh tests/team/test_*.sh tests/fault/test_*.sh tests/cluster/test_*.sh; do
  [ -e "$script" ] && wanted "$script" "$@" || continue
  one "$script" bash "$script"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
