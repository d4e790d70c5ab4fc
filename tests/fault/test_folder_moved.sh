#!/bin/bash
# A results folder that is moved or removed while teasel works in it: all ranks end with 1 and one
# message, nothing comes back at its old name, and where it is now the same command goes on.
. "$(dirname "$0")/../facts.sh"
tiny_job moved <<'END'
latent: 2
train: {iterations: 30000, batch: 16, shards: 2}
seeds: [1, 2]
score: {udr: {points: 60, informative_kl: 1.0e-6}, factors: {points: 60, votes: 0}}
families:
  - model: beta_vae
END
job=$work/job.yaml
keep=(--set train.checkpoint_seconds=0) # at every step, which makes a run of minutes of one of seconds
bytes() { (cd "$work/$1" && md5sum runs/*/model.h5 runs/*/log.csv latents.h5 scores.csv | md5sum); }
kept() { [ -n "$(find "$work/$1/runs" -name checkpoint.previous.h5 2>/dev/null)" ]; }
# folder, code, log: what is to be seen after it was moved
ended_well() {
  is "$1: ends with 1" 1 "$2" "$3"
  is "$1: with one message" 1 "$(grep -c "^teasel: $work/$1: the results folder was moved or removed" "$3")" "$3"
  silent "$1: and no other trouble is told" "failed$|no checkpoint|ledger is not|cannot" "$3"
  fact "$1: nothing came back at the old name" test ! -e "$work/$1"
  is "$1: nobody is left" "" "$(pgrep -f -- "-o $work/$1( |\$)")"
}

within "$TEASEL" run "$job" -o "$work/whole" >"$work/log" 2>&1 || no "a sweep that nothing happened to"

start "$work/one.log" "$TEASEL" run "$job" -o "$work/one" "${keep[@]}"
wait_for 'kept one' $process && mv "$work/one" "$work/new"
wait $process
ended_well one $? "$work/one.log"
left=$(sed -n 's/.*\tleave\t.*\t\([0-9]*\)\t.*/\1/p' "$work"/new/ledger/*.tsv)
test_that "one: the ledger, where it is now, tells how far it came ($left)" "[ ${left:-0} -ge 1 ]" "$work"/new/ledger/*.tsv
within "$TEASEL" run "$job" -o "$work/new" --verbose >"$work/log" 2>&1
is "one: the same command goes on at the new place" 0 $?
said "one: from the checkpoint" "goes on (from|at|after) step [1-9]"
is "one: with the bytes of a sweep that stayed" "$(bytes whole)" "$(bytes new)"

# folder, command...: on two ranks
two() {
  start "$work/$1.log" on_ranks 2 "$TEASEL" run "$job" -o "$work/$1" "${@:2}"
  wait_for "kept $1" $process || tail "$work/$1.log"
}
two apart "${keep[@]}" --set schedule.width=1
mv "$work/apart" "$work/new2"
wait $process
ended_well apart $? "$work/apart.log"
two together "${keep[@]}" --set schedule.width=2
rm "$work/together/job.used.yaml" # first: a checkpoint between would warn that its own folder has gone
until rm -rf "$work/together" 2>/dev/null; do sleep 0.01; done
wait $process
ended_well together $? "$work/together.log"
within "$TEASEL" run "$job" -o "$work/new2" >"$work/log" 2>&1
is "apart: one rank goes on with what two left" 0 $?
is "apart: with the bytes of a sweep that stayed" "$(bytes whole)" "$(bytes new2)"

# Between two checkpoints.
start "$work/long.log" on_ranks 2 "$TEASEL" run "$job" -o "$work/long" --set train.iterations=1000000000
wait_for '[ -n "$(ls "$work"/long/runs/*/progress.json 2>/dev/null)" ]' $process && mv "$work/long" "$work/new3"
wait $process
ended_well long $? "$work/long.log"

# The launcher does not start it anew.
start "$work/launch.log" within "$TEASEL" launch -n 2 --restarts 2 "$job" -o "$work/launch" "${keep[@]}"
wait_for 'kept launch' $process && mv "$work/launch" "$work/new4"
wait $process
ended_well launch $? "$work/launch.log"
silent "launch: and is not started again" "starting again" "$work/launch.log"

# Nor does one that was too slow to have seen the folder: rank 0 tells it.
start "$work/slow.log" "$TEASEL" launch -n 2 --restarts 2 "$job" -o "$work/slow" "${keep[@]}"
launcher=$process
wait_for 'pgrep -x -P $launcher mpirun >/dev/null' $launcher && halt $launcher
wait_for 'kept slow' && mv "$work/slow" "$work/new7"
wait_for '[ -z "$(pgrep -f -- "^$TEASEL run .*-o $work/slow( |\$)")" ]'
kill -CONT $launcher
wait $launcher
ended_well slow $? "$work/slow.log"
silent "slow: and is not started again" "starting again" "$work/slow.log"

# While it waits for a run of another process, or for another's scoring.
claim='{"beat": 1, "session": "far-1-1", "host": "far", "pid": 1, "started": 1, "place": "far", "seconds": 80000}'
cp -R "$work/whole" "$work/wait"
run=$(basename "$(ls -d "$work"/wait/runs/* | head -n 1)")
rm "$work/wait/runs/$run"/* && echo "$claim" >"$work/wait/runs/$run/claim.1"
start "$work/wait.log" "$TEASEL" run "$job" -o "$work/wait"
wait_for 'grep -q "waiting for other processes: process 1 on far" "$work/wait.log"' $process && mv "$work/wait" "$work/new5"
wait $process
ended_well wait $? "$work/wait.log"
cp -R "$work/whole" "$work/score" && echo "$claim" >"$work/score/score.claim.1"
start "$work/score.log" on_ranks 2 "$TEASEL" score "$work/score"
wait_for 'grep -q "process 1 on far was the last to score" "$work/score.log"' $process && mv "$work/score" "$work/new6"
wait $process
ended_well score $? "$work/score.log"
facts_end
