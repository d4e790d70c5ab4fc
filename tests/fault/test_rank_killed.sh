#!/bin/bash
# kill -9 of a rank, of rank 0, of mpirun under `teasel launch`: the other ranks go on to the report,
# nothing hangs, nothing is left running, and the ledger tells. After the death of rank 0 or mpirun
# the same command completes the sweep; with --restarts it does so by itself. All with the bytes of
# an undisturbed sweep.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
ok() { passed=$((passed + 1)); echo "ok      $1"; }
no() { failed=$((failed + 1)); echo "FAILED  $1"; shift; for file in "$@"; do echo "-- $file"; tail -n 25 "$file"; done; }
is() { # title, wanted, got, files...
  local title=$1 wanted=$2 got=$3
  shift 3
  if [ "$wanted" = "$got" ]; then ok "$title"; else no "$title: wanted '$wanted', got '$got'" "$@"; fi
}
job=(jobs/smoke.yaml --set "schedule.cache=$work/cache" --set "seeds=[0]" --set schedule.peer_seconds=5
  --set train.iterations=300)
# folder, arguments...
launch() {
  local folder=$1
  shift
  exec timeout -k 5 200 "$TEASEL" launch -n 3 "${job[@]}" -o "$work/$folder" "$@" </dev/null
}
bytes() { (cd "$work/$1" && md5sum runs/*/model.h5 runs/*/log.csv latents.h5 scores.csv | md5sum); }
events() { grep -c "	$2	" "$work/$1/ledger.tsv"; }
processes() { pgrep -f "^$TEASEL run .*-o $work/$1( |\$)"; }
process_of() { # rank, folder
  local id
  for id in $(processes "$2"); do
    tr '\0' '\n' <"/proc/$id/environ" 2>/dev/null | grep -q "^OMPI_COMM_WORLD_RANK=$1\$" && echo "$id"
  done
}
await() { # folder: until a run of it is being trained by each rank, or by all together
  for _ in $(seq 600); do
    [ "$(cat "$work/$1"/runs/*/progress.json 2>/dev/null | grep -c '"width"')" -ge "$2" ] && return
    sleep 0.02
  done
  echo "$1 never trained"
}
ended() { # folder: nothing of it runs any more
  for _ in $(seq 50); do
    [ -z "$(processes "$1")" ] && return
    sleep 0.1
  done
  return 1
}

timeout 200 "$TEASEL" run "${job[@]}" -o "$work/whole" >"$work/whole.log" 2>&1 </dev/null
is "an undisturbed sweep ends with 0" 0 $? "$work/whole.log"

# rank, folder, runs at once, arguments...: kills the rank; the sweep is completed by itself
check() {
  local rank=$1 folder=$2 at_once=$3 begin=$SECONDS process code
  shift 3
  (launch "$folder" "$@") >"$work/$folder.log" 2>&1 &
  process=$!
  await "$folder" "$at_once"
  kill -KILL "$(process_of "$rank" "$folder" | head -n 1)"
  wait $process
  code=$?
  is "$folder: it is completed all the same" 0 $code "$work/$folder.log"
  is "$folder: and the report written" 1 "$(grep -c '^report: ' "$work/$folder.log")" "$work/$folder.log"
  is "$folder: with the bytes of an undisturbed sweep" "$(bytes whole)" "$(bytes "$folder")"
  ended "$folder" && ok "$folder: nothing is left running ($((SECONDS - begin)) s)" || no "$folder: nothing is left running" "$work/$folder.log"
  is "$folder: no claim is left" "" "$(find "$work/$folder" -name '*claim.*')"
}
check 2 worker 3 --set schedule.width=1
grep -q "rank 2 has died" "$work/worker.log" && ok "worker: the log names it" || no "worker: the log names it" "$work/worker.log"
is "worker: the ledger tells of the loss" 1 "$(events worker loss)" "$work/worker/ledger.tsv"
check 1 member 1 --set schedule.width=2
is "member: the ledger tells of the loss" 1 "$(events member loss)" "$work/member/ledger.tsv"
for folder in worker member; do
  is "$folder: the others did it in one start" 0 "$(grep -c 'starting again' "$work/$folder.log")" "$work/$folder.log"
done
check 0 coordinator 3 --restarts 1 --set schedule.width=1

# The same without the launcher: mpirun need only let the others live.
plain=(--mca orte_enable_recovery 1 --mca async_mpi_finalize 1 --mca mpi_yield_when_idle 1 --bind-to none)
[ "$(id -u)" = 0 ] && plain+=(--allow-run-as-root)
timeout -k 5 200 mpirun "${plain[@]}" --oversubscribe -n 3 "$TEASEL" run "${job[@]}" -o "$work/plain" \
  --set schedule.width=1 >"$work/plain.log" 2>&1 </dev/null &
process=$!
await plain 3
kill -KILL "$(process_of 2 plain | head -n 1)"
wait $process
is "plain mpirun: the others write the report" 1 "$(grep -c '^report: ' "$work/plain.log")" "$work/plain.log"
is "plain mpirun: with the bytes of an undisturbed sweep" "$(bytes whole)" "$(bytes plain)"

# A rank that dies while the runs are scored.
cp -r "$work/whole" "$work/scoring"
rm "$work"/scoring/{latents.h5,scores.h5,scores.csv,report.html}
(launch scoring) >"$work/scoring.log" 2>&1 &
process=$!
for _ in $(seq 600); do
  grep -q "^teasel: encoding" "$work/scoring.log" && break
  sleep 0.02
done
kill -KILL "$(process_of 2 scoring | head -n 1)"
wait $process
is "scoring: it is completed all the same" 0 $? "$work/scoring.log"
is "scoring: with the bytes of an undisturbed sweep" "$(bytes whole)" "$(bytes scoring)"
grep -q "starting again for that" "$work/scoring.log" && echo "        (by another start)" || echo "        (the rank had done its part)"

# mpirun itself: its ranks end with it.
(launch mpirun) >"$work/mpirun.log" 2>&1 &
process=$!
await mpirun 1
launcher=$(pgrep -P $process)
kill -KILL "$(pgrep -P "$launcher" mpirun)"
wait $process
is "mpirun: its death is a failure" 1 $? "$work/mpirun.log"
ended mpirun && ok "mpirun: nothing is left running" || no "mpirun: nothing is left running" "$work/mpirun.log"
(launch mpirun) >"$work/mpirun.again.log" 2>&1
is "mpirun: the same command completes" 0 $? "$work/mpirun.again.log"
is "mpirun: with the bytes of an undisturbed sweep" "$(bytes whole)" "$(bytes mpirun)"

# TERM and bad input
(launch stopped --set train.iterations=30000) >"$work/stopped.log" 2>&1 &
process=$!
await stopped 1
kill -TERM "$(pgrep -P $process)"
wait $process
is "TERM to the launcher ends with 75" 75 $? "$work/stopped.log"
is "and leaves no claim" "" "$(find "$work/stopped" -name '*claim.*')"
(launch bad --no-such-option) >"$work/bad.log" 2>&1
is "bad input ends with 2" 2 $? "$work/bad.log"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
