#!/bin/bash
# `teasel rerun --ranks P` and the folder that it trains in: a signal ends it with 75 and nothing of
# it is left; what a killed one leaves goes at the next; ranks that die are told, and no result of
# the recorded folder is touched by any of it.
. "$(dirname "$0")/../facts.sh"
mkdir "$work/tmp"
export TMPDIR=$work/tmp
tiny_job again <<'END_JOB'
latent: 2
train: {iterations: 60000, batch: 16, shards: 2}
families:
  - model: beta_vae
    beta: [1, 4]
END_JOB
within "$TEASEL" run "$work/job.yaml" -o "$work/a" --train-only >"$work/log" 2>&1
is "a sweep is trained" 0 $?
files() { (cd "$work/a" && find . -printf '%p %y %T@\n' | sort); }
before=$(files)
folders() { find "$work/tmp" "$work" -maxdepth 1 -name '*rerun-*'; }
processes() { pgrep -f "^(mpirun|$TEASEL) .*rerun $work/a( |\$)"; }
# Two ranks that stand still in the middle of it.
rerun() {
  start "$work/log" "$TEASEL" rerun "$work/a" --ranks 2 "$@"
  wait_for "rank=\$(rank_process 0 '$work/a'); [ -n \"\$rank\" ]" $process
  hold_when "$rank" '[ -n "$(find "$work/tmp" -path "*/teasel-rerun-*/progress.json")" ]' || no "it was never seen at work"
}

for signal in TERM INT USR1 HUP; do
  rerun
  kill -$signal $process
  wait_for "is_pending $rank $(kill -l USR1)" $process
  kill -CONT "$rank"
  wait $process
  is "$signal: ends with 75" 75 $?
  is "$signal: and no folder is left" "" "$(folders)"
done
fact "and nothing is left running" wait_for '[ -z "$(processes)" ]'
is "nor of Open MPI on the machine" "" "$(ls "$work"/tmp/ompi.*/ 2>/dev/null)"

# A rank that dies.
rerun
finish_off "$(rank_process 1 "$work/a")"
kill -CONT "$rank"
wait $process
is "without one of its ranks it goes on" 0 $?
said "with its answer" "^identical$"
said "and says so" "lost"
rerun
kill -KILL "$rank"
wait $process
is "without rank 0 it ends with 1" 1 $?
is "and says so, last" "teasel: rerun: mpirun or rank 0 was killed" "$(tail -n 1 "$work/log" | cut -c 1-42)"
is "and no folder is left" "" "$(folders)"
within "$TEASEL" rerun "$work/a" --ranks 2 --run no-such-run >"$work/log" 2>&1
is "bad input ends with 2" 2 $?
said "and is told" "no-such-run"
is "and where it was told, last" "teasel: rerun: refused" "$(tail -n 1 "$work/log" | cut -c 1-22)"

# All die.
rerun
all="$process $(processes)"
for id in $all; do halt "$id"; done
kill -KILL $all 2>/dev/null
wait $process 2>/dev/null
fact "all killed at once leave a folder" test -n "$(folders)"
mkdir "$work/tmp/teasel-rerun-mine"
within "$TEASEL" rerun "$work/a" --sample 1 >"$work/log" 2>&1
is "the next rerun is not disturbed" 0 $?
is "and removes that, and nothing else" "$work/tmp/teasel-rerun-mine" "$(folders)"
rmdir "$work/tmp/teasel-rerun-mine"

is "the results stay as they were" "$before" "$(files)"
facts_end
