#!/bin/bash
# Two jobs of one name on one results folder, one after the other or both at once: the runs of the
# other one are kept and told of, and job.used.yaml is always of the job that the scores are of.
. "$(dirname "$0")/../facts.sh"
tiny_job edited <<'END'
latent: 2
train: {iterations: 40000, batch: 16, shards: 2}
seeds: [1, 2]
score: {udr: {points: 60, informative_kl: 1.0e-6}, factors: {points: 60, votes: 0}}
families:
  - model: beta_vae
END
job=$work/job.yaml
short=(--set train.iterations=20) other=(--set train.iterations=30) more=(--set train.iterations=20 --set 'seeds=[1,2,3]')
teasel() { within "$TEASEL" "$@" >"$work/log" 2>&1; }
notice() { grep -c 'not of this job (kept)' "$work/log"; }
trains() { grep -qs "\"process\": $2," "$work/$1"/runs/*/progress.json; } # folder, process
# folder, iterations: job and scores are of the runs of so many iterations
is_of() {
  grep -q "iterations: $2" "$work/$1/job.used.yaml" || { echo "the job is not of $2 iterations"; return 1; }
  local run
  for run in $(tail -n +2 "$work/$1/scores.csv" | cut -d, -f 1); do
    grep -q "\"steps\": $2," "$work/$1/runs/$run/record.json" || { echo "$run is not of $2 iterations"; return 1; }
  done
}

# ---- one after the other ----
teasel run "$job" -o "$work/r" "${short[@]}"
is "a sweep runs" 0 $?
is "and tells of no other runs" 0 "$(notice)"
teasel run "$job" -o "$work/r" "${more[@]}"
is "with one more seed it tells of none either" "0 0" "$? $(notice)"
mkdir "$work/r/runs/beta_vae-seed=9-00000000" "$work/r/runs/notes" # a claim's, and somebody's
teasel run "$job" -o "$work/r" "${other[@]}"
is "edited, it runs too" 0 $?
is "and tells once" 1 "$(notice)"
said "how many, where, how to see them, and what to do" \
  "^teasel: $work/r: 3 runs here are not of this job \(kept\): \`teasel status $work/r --verbose\` names them; .* \`name:\` or -o$"
is "they are kept" 5 "$(ls "$work"/r/runs/*/record.json | wc -l)"
teasel run "$job" -o "$work/r" "${other[@]}"
is "the same once more tells so, too" "0 1" "$? $(notice)"
for command in score report; do
  teasel $command "$work/r"
  is "$command tells once" "0 1" "$? $(notice)"
done
teasel status "$work/r"
is "status ends with 0" 0 $?
said "and counts them" "^edited: 2 of 2 runs done; 3 runs here are not of this job \(kept\)$"
said "and says what to do" "^kept: \`teasel status $work/r --verbose\` names them"
teasel status "$work/r" --verbose
is "and names them when asked" 3 "$(grep -c '^kept  *beta_vae-seed=[123]-[0-9a-f]* *not of this job$' "$work/log")"
teasel status "$work/r" --watch
said "and counts them where it watches" "2 of 2 runs done; 3 runs here are not of this job"
chmod a-w "$work/r" && teasel run "$job" -o "$work/r" "${other[@]}"
is "also where there is nothing to do" "0 1" "$? $(notice)"
chmod u+w "$work/r"

# ---- refused ----
before=$(cd "$work/r" && md5sum job.used.yaml provenance.json)
teasel run "$job" -o "$work/r" "${other[@]}" --set 'seeds=[1,2,3,4]' --set schedule.width=4
is "a job that is refused ends with 2" 2 $?
is "and leaves the job of the scores as it was" "$before" "$(cd "$work/r" && md5sum job.used.yaml provenance.json)"

# ---- runs that the scores are without ----
teasel status "$work/r"
said "scores of all runs are told without more" "^scores: $work/r/scores.csv$"
teasel run "$job" -o "$work/r" "${other[@]}" --set 'seeds=[1,2,3,4]' --train-only
is "two more seeds are trained" 0 $?
teasel status "$work/r"
said "status says that scores lack them, and what to do" \
  "^scores: $work/r/scores.csv, without 2 of the job's 4 runs: \`teasel score $work/r\` makes them of all$"
teasel report "$work/r"
said "so does report" "^teasel: the scores, $work/r/scores.csv, are without 2 of the job's 4 runs: \`teasel score $work/r\`"
fact "and its page" grep -qF "The scores are without 2 runs that were finished later" "$work/r/report.html"
rm "$work"/r/runs/*-seed=4-*/record.json
teasel status "$work/r"
is "one that is not finished is waited for" 75 $?
said "and the remedy is to run the job" \
  "^scores: .*without 2 of the job's 4 runs \(1 of them finished\): \`teasel run\` with the job trains and scores what is missing, \`teasel score $work/r\` scores what is finished$"
teasel score "$work/r"
teasel status "$work/r"
said "what is finished was scored" "^scores: .*without 1 of the job's 4 runs: \`teasel run\` with the job trains what is missing and scores it$"
teasel run "$job" -o "$work/r" "${other[@]}" --train-only
teasel status "$work/r"
said "a seed that the job has no more is told" "^scores: .*scores.csv, with 2 that are not of the job: \`teasel score $work/r\` makes them of all$"
teasel run "$job" -o "$work/r" "${other[@]}"
is "the job runs to its end" 0 $?
silent "and tells of no scores that are missing" "the scores, "
teasel status "$work/r"
said "scores are of all its runs" "^scores: $work/r/scores.csv$"
silent "and its page says nothing" "The scores are without" "$work/r/report.html"
rm "$work/r/scores.csv" "$work/r/scores.h5"
teasel report "$work/r"
said "report says where there are none" "^teasel: there are no scores yet: \`teasel score $work/r\` makes them$"

# ---- at once: the second ends before the first ----
start "$work/first.log" "$TEASEL" run "$job" -o "$work/both"
first=$process
hold_when $first "trains both $first" || no "the first never trained" "$work/first.log"
teasel run "$job" -o "$work/both" "${other[@]}"
is "another job beside one that stands still ends with 0" 0 $?
said "says who works on the other one" "runs? here (is|are) not of this job \(kept\): process $first on .* holds runs/beta_vae-seed=[12]-[0-9a-f]*/claim.1;"
fact "and has left its job beside its scores" is_of both 30
teasel status "$work/both"
said "status says who works there, too" "^kept: process $first on "

# ---- at once: one scores while another one has come to that ----
# claim, folder: as if the owner of the claim scored there, until heart_stops
heart_beats() {
  local beat
  for ((beat = 100; ; beat++)); do
    sed "s/\"beat\": [0-9]*/\"beat\": $beat/" "$1" >"$work/beat" && mv "$work/beat" "$2/score.claim.1"
    sleep 0.3
  done &
  heart=$!
  wait_for "[ -e $2/score.claim.1 ]" $heart
}
heart_stops() { finish_off $heart; }
start "$work/second.log" "$TEASEL" run "$job" -o "$work/turn"
second=$process
hold_when $second "trains turn $second" || no "the second never trained" "$work/second.log"
heart_beats "$(ls "$work"/both/runs/*/claim.1 | head -n 1)" "$work/turn"
cp "$work/both/job.used.yaml" "$work/turn/job.used.yaml" # another job
kill -CONT $second
fact "one that finds another job being scored waits" wait_for 'grep -q "process $first on .* scores this folder; waiting for its end" "$work/second.log"' $second
heart_stops
kill -CONT $first
wait $first
is "the first goes on, and ends with 0" 0 $? "$work/first.log"
said "it, too, tells of the other's runs" "2 runs here are not of this job" "$work/first.log"
fact "its job is beside its scores" is_of both 40000
wait $second
is "the one that waited ends with 0" 0 $? "$work/second.log"
is "has scored" 1 "$(grep -c '^report: ' "$work/second.log")" "$work/second.log"
fact "and its job is beside its scores" is_of turn 40000
teasel run "$job" -o "$work/turn"
said "which are up to date" "up to date"

# ---- the same job, but for where it is computed, is left to who scores it ----
start "$work/first.log" "$TEASEL" run "$job" -o "$work/hold" --set 'seeds=[5]' --train-only
first=$process
hold_when $first "trains hold $first" || no "nobody ever trained" "$work/first.log"
rm "$work/turn/digests.txt"
heart_beats "$(ls "$work"/hold/runs/*/claim.1 | head -n 1)" "$work/turn"
teasel run "$job" -o "$work/turn" --set "schedule.cache=$work/cache2" --set schedule.peer_seconds=60
is "the same job at another place ends with 0" 0 $?
said "and leaves the scoring to who is at it" "process $first on .* scores this folder and writes the report"
# `teasel score` was asked for scores, and waits.
start "$work/second.log" "$TEASEL" score "$work/turn"
fact "teasel score waits for it" wait_for 'grep -q "scores this folder; waiting for its end" "$work/second.log"' $process
heart_stops
finish_off $first
wait $process
is "until it has ended, and scores" 0 $? "$work/second.log"
is "leaving no claim" "" "$(find "$work/turn" -name '*claim.*')"
facts_end
