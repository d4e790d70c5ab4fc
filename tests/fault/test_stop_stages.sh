#!/bin/bash
# A signal while runs are encoded, scored or shown ends the program at the next good place with
# exit code 75; what is finished stays, and the same command again completes it.
. "$(dirname "$0")/../facts.sh"
# signal, words of the log to wait for, command...: its exit code. The process stands still when the
# words are said and has the signal when it goes on.
stopped_at() {
  local signal=$1 words=$2
  shift 2
  start "$work/log" "$@"
  hold_when $process "grep -q '$words' $work/log" || no "'$words' was never said"
  kill -"$signal" $process
  kill -CONT $process
  wait $process
}
cat >"$work/net.yaml" <<'END'
input: [3, 16, 16]
encoder:
  - conv: {filters: 16, kernel: 4, stride: 2, pad: 1, activation: relu}
  - dense: {units: 64, activation: relu}
decoder:
  - dense: {units: 768}
  - reshape: [3, 16, 16]
END
printf 'reader: tubers\nsize: 16\ncount: 2000\ngood: 1000\n' >"$work/data.yaml"
cat >"$work/job.yaml" <<'END'
name: stages
dataset: ./data.yaml
network: ./net.yaml
latent: 8
train: {iterations: 3, batch: 16, shards: 2, learning_rate: 1.0e-3}
seeds: [0, 1, 2, 3, 4, 5, 6, 7]
families:
  - {model: beta_vae, beta: [1, 2]}
score: {udr: {points: 1900, informative_kl: 0}, factors: {points: 400, votes: 0}}
END
results=$work/results
within "$TEASEL" run "$work/job.yaml" -o "$results" --train-only >"$work/log" 2>&1 ||
  { cat "$work/log"; echo "the sweep did not run"; exit 1; }
runs=$(cd "$results/runs" && stat -c '%n %i %y' ./*/*)

stopped_at USR1 'encoding' "$TEASEL" score "$results"
fact "USR1 while encoding ends with 75" test $? -eq 75
fact "and says what to do" grep -q 'run the same command again' "$work/log"
fact "and nothing was scored" test ! -e "$results/scores.h5" -a ! -e "$results/scores.csv"
# On ranks the signal comes from mpirun, and is waited for.
start "$work/log" mpirun --oversubscribe --mca mpi_yield_when_idle 1 -n 2 "$TEASEL" score "$results"
wait_for "first=\$(rank_process 0 $results); [ -n \"\$first\" ]" $process
hold_when "$first" "grep -q encoding $work/log" || no "encoding was never said"
kill -USR1 $process
wait_for "is_pending $first $(kill -l USR1)" $process
kill -CONT "$first"
wait $process
fact "so it does on 2 ranks" test $? -eq 75
stopped_at TERM 'scoring' "$TEASEL" score "$results"
fact "TERM while scoring ends with 75" test $? -eq 75
fact "and keeps the latents" test -s "$results/latents.h5"
fact "and writes no half scores" test ! -e "$results/scores.h5" -a ! -e "$results/scores.csv"
"$TEASEL" score "$results" >"$work/log" 2>&1
fact "the same command again completes it" test $? -eq 0 -a -s "$results/scores.csv"
"$TEASEL" score "$results" --set score.udr.points=1800 >"$work/log" 2>&1 && cp "$results/scores.csv" "$work/kept.csv"
stopped_at INT 'scoring' "$TEASEL" score "$results" --set score.udr.points=1900
fact "INT while scoring anew ends with 75" test $? -eq 75
fact "and leaves the earlier tables" cmp -s "$work/kept.csv" "$results/scores.csv"
stopped_at TERM 'writing the report' "$TEASEL" report "$results"
fact "TERM while the report is written ends with 75" test $? -eq 75
fact "and leaves no half report" test ! -e "$results/report.html"
fact "a stop costs no run" test "$runs" = "$(cd "$results/runs" && stat -c '%n %i %y' ./*/*)"
"$TEASEL" run "$work/job.yaml" -o "$results" >"$work/log" 2>&1
fact "the sweep's own command completes everything" test $? -eq 0 -a -s "$results/report.html"

facts_end
