# facts.sh - the frame of a shell test. A test begins with `. "$(dirname "$0")/../facts.sh"`, which
# goes to the project's root, makes a folder of its own ($work, with its own cache) and ends what
# the test has started; it counts with fact, test_that, is, said, refused, and closes with facts_end.
# A test waits for what it needs to see (wait_for, hold_when), never for a time: the machine may be
# ten times slower than yours, or faster.
# shellcheck shell=bash
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
: "${BUILD:=build/release}" "${TEASEL:=$PWD/$BUILD/teasel}"
work=$(mktemp -d) || exit 1
export BUILD TEASEL LC_ALL=C.UTF-8 XDG_CACHE_HOME=$work/cache
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
umask 022
patience=240 # seconds after which something is taken for hung
passed=0 failed=0 at_end=()
keep_work= # set: the folder stays for whoever looks into what failed

facts_clean() {
  local command id
  for command in "${at_end[@]}"; do eval "$command"; done
  # Whatever else knows this folder was started by this test, in whatever group or state it is.
  for _ in $(seq 100); do
    id=$(pgrep -f -- "$work/" | grep -vx $$) || break
    kill -KILL $id 2>/dev/null
    sleep 0.05
  done
  if [ -n "$keep_work" ]; then echo "kept: $work"; else rm -rf "$work"; fi
}
trap facts_clean EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# ---- counting ----
ok() { passed=$((passed + 1)); echo "ok      $1"; }
no() { # title, files...: their ends are shown; without any, of $work/log
  failed=$((failed + 1))
  echo "FAILED  $1"
  shift
  local file
  for file in "${@:-$work/log}"; do
    [ -f "$file" ] && { echo "-- $file"; tail -n 25 "$file"; }
  done
}
# title, command...: counts whether the command succeeds.
fact() {
  local title=$1; shift
  if "$@"; then ok "$title"; else no "$title"; fi
}
# title, expression, files...
test_that() {
  local title=$1 expression=$2; shift 2
  if eval "$expression"; then ok "$title"; else no "$title" "$@"; fi
}
# title, wanted, got, files...
is() {
  local title=$1 wanted=$2 got=$3; shift 3
  if [ "$wanted" = "$got" ]; then ok "$title"; else no "$title: wanted '$wanted', got '$got'" "$@"; fi
}
# title, extended regular expression, file ($work/log)
said() {
  if grep -qE -- "$2" "${3:-$work/log}"; then ok "$1"; else no "$1: '$2' was not said" "${3:-$work/log}"; fi
}
silent() {
  if grep -qE -- "$2" "${3:-$work/log}"; then no "$1: '$2' was said" "${3:-$work/log}"; else ok "$1"; fi
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

# ---- jobs ----
# name, network (dense), folder ($work): a sweep of seconds, as job.yaml, data.yaml and network.yaml of the folder.
# Networks: `dense` and `norm`, which is convolutions with batch normalization, of 120 pictures of 8 x 8, and
# `conv` of 300 of 16 x 16. What the job says besides name, data and network comes from standard input.
tiny_job() {
  local name=$1 network=${2:-dense} folder=${3:-$work} size=8 pictures='count: 120\ngood: 20' encoder decoder
  local conv='filters: 8, kernel: 4, stride: 2, pad: 1' deconv='deconv: {filters: 3, kernel: 4, stride: 2, pad: 1}'
  case $network in
    dense)
      encoder=('dense: {units: 16, activation: relu}')
      decoder=('dense: {units: 192}' 'reshape: [3, 8, 8]') ;;
    norm)
      encoder=("conv: {$conv, norm: batch, activation: relu}" 'dense: {units: 16, activation: relu}')
      decoder=('dense: {units: 128, activation: relu}' 'reshape: [8, 4, 4]' "$deconv") ;;
    conv)
      size=16 pictures='count: 300\ngood: 100'
      encoder=("conv: {$conv, activation: relu}")
      decoder=('dense: {units: 512, activation: relu}' 'reshape: [8, 8, 8]' "$deconv") ;;
  esac
  printf "reader: tubers\nsize: $size\n$pictures\n" >"$folder/data.yaml"
  { printf "input: [3, $size, $size]\nencoder:\n"; printf '  - %s\n' "${encoder[@]}"
    printf 'decoder:\n'; printf '  - %s\n' "${decoder[@]}"; } >"$folder/network.yaml"
  { printf 'name: %s\ndataset: ./data.yaml\nnetwork: ./network.yaml\n' "$name"; cat; } >"$folder/job.yaml"
}

# ---- processes ----
within() { timeout -k 5 "$patience" "$@" </dev/null; }
# ranks, command...
on_ranks() {
  local ranks=$1; shift
  within mpirun --oversubscribe --mca mpi_yield_when_idle 1 -n "$ranks" "$@"
}
# process, signal: whether it is teasel by now, and has a handler
catches() {
  local set
  [ "$(cat "/proc/$1/comm" 2>/dev/null)" = teasel ] || return 1
  set=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null)
  (((0x${set:-0} >> ($(kill -l "$2") - 1)) & 1))
}
# log, command...: in the background; its number is then in $process.
start() {
  local log=$1; shift
  : >"$log"
  "$@" >"$log" 2>&1 </dev/null &
  process=$!
}
# process: whether it runs or stands still, and has not ended.
alive() {
  local line
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  case ${line##*) } in Z* | X*) return 1 ;; esac
}
# expression, process: until the expression holds; fails, and counts it, when it never does or the
# process ends without.
wait_for() {
  local begin=$SECONDS
  until eval "$1"; do
    if [ -n "${2:-}" ] && ! alive "$2"; then
      eval "$1" && return
    elif [ $((SECONDS - begin)) -lt $patience ]; then
      sleep 0.02
      continue
    fi
    no "never came true: $1"
    return 1
  done
}
# process: makes it stand still, all threads; fails when it has ended.
halt() {
  local begin=$SECONDS states
  kill -STOP "$1" 2>/dev/null || return 1
  while alive "$1" && [ $((SECONDS - begin)) -lt $patience ]; do
    states=$(cat "/proc/$1/task"/*/stat 2>/dev/null | sed 's/.*) \(.\).*/\1/' | grep -v '[ZX]' | sort -u)
    [ "$states" = T ] && return 0
    sleep 0.01
  done
  return 1
}
# process, expression: lets the process go on in short turns until the expression holds, and leaves
# it standing still; fails when it never does, or the process ends without.
hold_when() {
  local begin=$SECONDS
  while halt "$1"; do
    eval "$2" && return 0
    kill -CONT "$1"
    [ $((SECONDS - begin)) -lt $patience ] || break
    sleep 0.01
  done
  return 1
}
# rank, folder: the process of that rank, of those that `teasel run ... -o FOLDER` started
rank_process() {
  local id
  for id in $(pgrep -f "^$TEASEL [a-z]+ .*$2( |\$)"); do
    tr '\0' '\n' 2>/dev/null <"/proc/$id/environ" | grep -qx "OMPI_COMM_WORLD_RANK=$1" && echo "$id" && return
  done
}
# process, number of a signal: whether it was sent one while it stands still.
is_pending() {
  local set
  set=$(sed -n 's/^ShdPnd:[[:space:]]*//p' "/proc/$1/status") && [ $((0x${set:-0} >> ($2 - 1) & 1)) = 1 ]
}
# process: kills it, wherever it stands.
finish_off() {
  kill -KILL "$1" 2>/dev/null
  wait "$1" 2>/dev/null
}
