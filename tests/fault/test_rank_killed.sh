#!/bin/bash
# kill -9 of a rank, of rank 0, of mpirun under `teasel launch`: the other ranks go on to the report,
# nothing hangs, nothing is left running, and the ledger tells. After the death of rank 0 or mpirun
# the same command completes the sweep; with --restarts it does so by itself. All with the bytes of
# an undisturbed sweep.
. "$(dirname "$0")/../facts.sh"
job=(jobs/smoke.yaml --set "seeds=[0]" --set schedule.peer_seconds=8 --set train.iterations=300)
# folder, arguments...
launch() {
  local folder=$1
  shift
  exec timeout -k 5 "$patience" "$TEASEL" launch -n 3 "${job[@]}" -o "$work/$folder" "$@" </dev/null
}
bytes() { (cd "$work/$1" && md5sum runs/*/model.h5 runs/*/log.csv latents.h5 scores.csv | md5sum); }
events() { grep -c "	$2	" "$work/$1/ledger.tsv"; }
processes() { pgrep -f "^$TEASEL run .*-o $work/$1( |\$)"; }
# rank, folder, expression: the rank stands still, as $victim, as soon as the expression holds.
seize() {
  wait_for "victim=\$(rank_process $1 $work/$2); [ -n \"\$victim\" ]" $process
  hold_when "$victim" "$3" || no "$2: rank $1 was never seen at work" "$work/$2.log"
}
# A rank that works alone has its own progress.json; a team has that of its first rank.
alone='grep -qs "\"process\": $victim," "$work/$folder"/runs/*/progress.json'
together='grep -qs "\"width\": 2" "$work/$folder"/runs/*/progress.json'

within "$TEASEL" run "${job[@]}" -o "$work/whole" >"$work/whole.log" 2>&1
is "an undisturbed sweep ends with 0" 0 $? "$work/whole.log"

# rank, folder, expression, arguments...: kills the rank; the sweep is completed by itself
check() {
  local rank=$1 folder=$2 expression=$3 begin=$SECONDS code
  shift 3
  start "$work/$folder.log" launch "$folder" "$@"
  seize "$rank" "$folder" "$expression"
  kill -KILL "$victim"
  wait $process
  code=$?
  is "$folder: it is completed all the same" 0 $code "$work/$folder.log"
  is "$folder: and the report written" 1 "$(grep -c '^report: ' "$work/$folder.log")" "$work/$folder.log"
  is "$folder: with the bytes of an undisturbed sweep" "$(bytes whole)" "$(bytes "$folder")"
  fact "$folder: nothing is left running ($((SECONDS - begin)) s)" wait_for "[ -z \"\$(processes $folder)\" ]"
  is "$folder: no claim is left" "" "$(find "$work/$folder" -name '*claim.*')"
}
check 2 worker "$alone" --set schedule.width=1
said "worker: the log names it" "rank 2 has died" "$work/worker.log"
is "worker: the ledger tells of the loss" 1 "$(events worker loss)" "$work/worker/ledger.tsv"
check 1 member "$together" --set schedule.width=2
is "member: the ledger tells of the loss" 1 "$(events member loss)" "$work/member/ledger.tsv"
for folder in worker member; do
  is "$folder: the others did it in one start" 0 "$(grep -c 'starting again' "$work/$folder.log")" "$work/$folder.log"
done
check 0 coordinator "$alone" --restarts 1 --set schedule.width=1

# The same without the launcher: mpirun need only let the others live.
folder=plain
plain=(--mca orte_enable_recovery 1 --mca async_mpi_finalize 1 --mca mpi_yield_when_idle 1 --bind-to none)
[ "$(id -u)" = 0 ] && plain+=(--allow-run-as-root)
start "$work/plain.log" within mpirun "${plain[@]}" --oversubscribe -n 3 "$TEASEL" run "${job[@]}" \
  -o "$work/plain" --set schedule.width=1
seize 2 plain "$alone"
kill -KILL "$victim"
wait $process
is "plain mpirun: the others write the report" 1 "$(grep -c '^report: ' "$work/plain.log")" "$work/plain.log"
is "plain mpirun: with the bytes of an undisturbed sweep" "$(bytes whole)" "$(bytes plain)"

# A rank that dies while the runs are scored.
cp -r "$work/whole" "$work/scoring"
rm "$work"/scoring/{latents.h5,scores.h5,scores.csv,report.html}
start "$work/scoring.log" launch scoring
seize 2 scoring 'grep -q "^teasel: encoding" "$work/scoring.log"'
kill -KILL "$victim"
wait $process
is "scoring: it is completed all the same" 0 $? "$work/scoring.log"
is "scoring: with the bytes of an undisturbed sweep" "$(bytes whole)" "$(bytes scoring)"
grep -q "starting again for that" "$work/scoring.log" && echo "        (by another start)" || echo "        (the rank had done its part)"

# mpirun itself: its ranks end with it.
folder=mpirun
start "$work/mpirun.log" launch mpirun --set schedule.width=1
seize 0 mpirun "$alone"
kill -KILL "$(pgrep -P "$(pgrep -P $process)" mpirun)"
kill -CONT "$victim"
wait $process
is "mpirun: its death is a failure" 1 $? "$work/mpirun.log"
fact "mpirun: nothing is left running" wait_for '[ -z "$(processes mpirun)" ]'
(launch mpirun) >"$work/mpirun.again.log" 2>&1
is "mpirun: the same command completes" 0 $? "$work/mpirun.again.log"
is "mpirun: with the bytes of an undisturbed sweep" "$(bytes whole)" "$(bytes mpirun)"

# TERM and bad input
start "$work/stopped.log" launch stopped --set train.iterations=1000000000
wait_for 'grep -qs process "$work"/stopped/runs/*/progress.json' $process
kill -TERM "$(pgrep -P $process)"
wait $process
is "TERM to the launcher ends with 75" 75 $? "$work/stopped.log"
is "and leaves no claim" "" "$(find "$work/stopped" -name '*claim.*')"
(launch bad --no-such-option) >"$work/bad.log" 2>&1
is "bad input ends with 2" 2 $? "$work/bad.log"
facts_end
