#!/bin/bash
# A rank that stops in the middle of a sweep (kill -STOP) does not hang the others: the job ends
# with a message that names it, and the same command completes with the bytes of an undisturbed
# sweep.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
passed=0 failed=0
ok() { passed=$((passed + 1)); echo "ok      $1"; }
no() { failed=$((failed + 1)); echo "FAILED  $1"; shift; for file in "$@"; do tail -n 20 "$file"; done; }

# folder, arguments...: a sweep on 3 ranks
sweep() {
  local folder=$1
  shift
  timeout -k 5 100 mpirun --oversubscribe --mca mpi_yield_when_idle 1 -n 3 "$TEASEL" run \
    jobs/smoke.yaml -o "$work/$folder" --train-only --set "schedule.cache=$work/cache" \
    --set train.iterations=200 --set "seeds=[0]" "$@" </dev/null
}
models() { (cd "$work/$1/runs" && md5sum ./*/model.h5 ./*/log.csv); }

sweep whole >"$work/whole.log" 2>&1 && ok "an undisturbed sweep ends with 0" || no "an undisturbed sweep ends with 0" "$work/whole.log"

processes() { pgrep -f "^$TEASEL run .*-o $work/$1 "; }
# rank, folder
process_of() {
  local id
  for id in $(processes "$2"); do
    tr '\0' '\n' <"/proc/$id/environ" | grep -q "^OMPI_COMM_WORLD_RANK=$1\$" && echo "$id"
  done
}

# rank, folder, arguments...: stops that rank as soon as a run has been logged
check() {
  local rank=$1 folder=$2 begin=$SECONDS code process
  shift 2
  sweep "$folder" --set schedule.peer_seconds=3 "$@" >"$work/$folder.log" 2>&1 &
  process=$!
  for _ in $(seq 400); do [ -n "$(find "$work/$folder/runs" -size +100c -name log.csv 2>/dev/null)" ] && break; sleep 0.05; done
  kill -STOP "$(process_of "$rank" "$folder")"
  wait $process
  code=$?
  [ $code != 0 ] && [ $code != 124 ] && ok "$folder: the job fails (after $((SECONDS - begin)) s)" ||
    no "$folder: exit code $code" "$work/$folder.log"
  grep -q "rank $rank.* has not answered" "$work/$folder.log" && ok "$folder: rank $rank is named" ||
    no "$folder: rank $rank is named" "$work/$folder.log"
  sleep 0.5
  [ -z "$(processes "$folder")" ] && ok "$folder: nothing is left running" || no "$folder: nothing is left running"
  sweep "$folder" "$@" >"$work/$folder.again.log" 2>&1 && ok "$folder: the same command completes" ||
    no "$folder: the same command completes" "$work/$folder.again.log"
  [ "$(models whole)" = "$(models "$folder")" ] && ok "$folder: with the same bytes" || no "$folder: with the same bytes"
}
check 2 worker --set schedule.width=1
check 0 coordinator --set schedule.width=1
check 1 member --set schedule.width=2
echo "$passed passed, $failed failed"
[ $failed = 0 ]
