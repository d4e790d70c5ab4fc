#!/bin/bash
# Several processes on one results folder: they share the runs without double work; one that is
# killed has its run taken over at once where the others can see that it is dead, and after
# claim_seconds where they cannot; one that was only stopped gives up what it lost. The bytes are
# always those of an undisturbed sweep.
# SOAK=1: more runs and mpiruns; and the claim of a machine that lives is left alone for long.
. "$(dirname "$0")/../facts.sh"
# folder, iterations, arguments...
sweep() {
  local folder=$1 iterations=$2
  shift 2
  exec "$TEASEL" run jobs/smoke.yaml --set "seeds=[0]" --set "train.iterations=$iterations" -o "$work/$folder" "$@"
}
bytes() { (cd "$work/$1" && md5sum runs/*/model.h5 runs/*/log.csv scores.csv | md5sum); }
events() { grep -c "	$2	" "$work/$1/ledger.tsv"; }
trains() { grep -qs "\"process\": $2," "$work/$1"/runs/*/progress.json; } # folder, process

(sweep whole 250) >"$work/whole.log" 2>&1 </dev/null
is "an undisturbed sweep ends with 0" 0 $? "$work/whole.log"
runs=$(ls "$work/whole/runs" | wc -l)

ids=()
for i in 1 2; do start "$work/many$i.log" sweep many 250; ids+=($process); done
start "$work/many3.log" on_ranks 2 "$TEASEL" run jobs/smoke.yaml --set "seeds=[0]" --set train.iterations=250 -o "$work/many"
ids+=($process)
for i in 0 1 2; do wait "${ids[i]}"; is "process $i of several ends with 0" 0 $? "$work/many$((i + 1)).log"; done
is "each run was begun once" "$runs" "$(events many start)" "$work/many/ledger.tsv"
is "and finished once" "$runs" "$(events many finish)" "$work/many/ledger.tsv"
is "with the bytes of one process" "$(bytes whole)" "$(bytes many)"
is "and no claim is left" "" "$(find "$work/many" -name '*claim.*')"
fact "and there is a report" test -s "$work/many/report.html"
is "which was made once" 1 "$(cat "$work"/many?.log | grep -c '^teasel: encoding')" "$work"/many?.log
stamp=$(stat -c '%y %i' "$work/many/report.html")
(sweep many 250) >"$work/late.log" 2>&1
is "one that comes later ends with 0" 0 $? "$work/late.log"
is "and makes nothing again" "$stamp" "$(stat -c '%y %i' "$work/many/report.html")" "$work/late.log"
is "which it says" 1 "$(grep -c 'up to date' "$work/late.log")" "$work/late.log"

# Who scored was on a machine that has gone, or is on one that lives.
rm "$work"/many/{scores.h5,scores.csv,report.html}
foreign() { printf '{"beat": %s, "session": "far-1-1", "host": "far", "pid": 1, "started": 1, "place": "far", "step": 0, "steps_per_second": null, "seconds": 1, "kernels": "%s"}%s\n' "$1" "${2:-}" "$(printf '%400s' '')"; } # beat, kernels
foreign 1 >"$work/many/score.claim.1"
(sweep many 250 --set schedule.claim_seconds=2) >"$work/far.log" 2>&1
is "who scored on a machine that has gone is not waited for" 0 $? "$work/far.log"
is "for ever: another scores" 1 "$(grep -c '^report: ' "$work/far.log")" "$work/far.log"
is "and leaves no claim of it" "" "$(find "$work/many" -name '*claim.*')" "$work/far.log"
rm "$work"/many/{scores.h5,scores.csv,report.html}
foreign 1 >"$work/many/score.claim.1"
start "$work/beat.log" sweep many 250 --set schedule.claim_seconds=3600
fact "who holds the scoring elsewhere is named" wait_for 'grep -q "process 1 on far was the last" "$work/beat.log"' $process
said "with its file, and until when" 'score\.claim\.1\).*for (1 h 00 min|59 min [0-9]+ s), until 2[0-9]{3}-[^ ]*Z$' "$work/beat.log"
for ((beat = 2; ; beat++)); do # it is seen as often as it is looked for
  alive $process || break
  foreign $beat >"$work/claim" && mv "$work/claim" "$work/many/score.claim.1"
  sleep 0.3
done
wait $process
is "and once it shows its life it is left to it" 0 $? "$work/beat.log"
is "which is said" 1 "$(grep -c 'process 1 on far scores' "$work/beat.log")" "$work/beat.log"
is "and nothing is scored" 0 "$(grep -c '^report: ' "$work/beat.log")" "$work/beat.log"
for what in "" garbage '{"beat": 1'; do
  rm -f "$work"/many/{scores.h5,scores.csv,report.html}
  printf '%s' "$what" >"$work/many/score.claim.7"
  (sweep many 250 --set schedule.claim_seconds=3) >"$work/nameless.log" 2>&1
  is "a claim of the scoring that holds '$what' is not waited for for ever" 0 $? "$work/nameless.log"
  is "which is told once, with folder, file and until when" 1 "$(grep -cE "$work/many: score\.claim\.7 does not say whose it is; waiting for [0-9]+ s, until 2[0-9]{3}-[^ ]*Z.*remove the file" "$work/nameless.log")" "$work/nameless.log"
  is "and then it is scored here" 1 "$(grep -c '^report: ' "$work/nameless.log")" "$work/nameless.log"
done

# Who scores has lost its mpirun (here a shell), without which a rank lives for a moment: it still stands
# there when the same command is given again.
rm -f "$work"/many/{scores.h5,scores.csv,report.html}
long=(--set score.factors.votes=20000) # a second or more
start "$work/orphan.log" bash -c '"$@"; true' mpirun env OMPI_COMM_WORLD_SIZE=1 "$TEASEL" run jobs/smoke.yaml --set "seeds=[0]" --set train.iterations=250 -o "$work/many" "${long[@]}"
wait_for 'orphan=$(pgrep -P $process -x teasel)' $process
hold_when $orphan '[ -e "$work/many/score.claim.1" ]' || no "nobody scored" "$work/orphan.log"
finish_off $process
start "$work/anew.log" sweep many 250 "${long[@]}"
fact "who stands there without its mpirun is waited for" wait_for 'grep -q "process $orphan on .* was the last to score" "$work/anew.log"' $process
kill -KILL $orphan
wait $process
is "and when it has gone the sweep is scored" 0 $? "$work/anew.log"
is "here" 1 "$(grep -c '^report: ' "$work/anew.log")" "$work/anew.log"
is "and no claim is left" "" "$(find "$work/many" -name '*claim.*')" "$work/anew.log"

# Two processes on a folder, of which the first stands still in the middle of a run, at its best.
two() { # folder, arguments...
  local folder=$1
  shift
  start "$work/${folder}1.log" sweep "$folder" 250 "$@"
  first=$process
  hold_when $first "trains $folder $first" || no "$folder: the first never trained" "$work/${folder}1.log"
  start "$work/${folder}2.log" sweep "$folder" 250 "$@"
  second=$process
}

# kill -9: the other one sees that the process is dead.
two killed
wait_for "[ \$(cat $work/killed/ledger/*.tsv | grep -c '	start	') -ge 2 ]" $second
cp "$(grep -l "\"pid\": $first," "$work"/killed/runs/*/claim.1)" "$work/claim"
finish_off $first
wait $second
is "when one is killed the other ends with 0" 0 $? "$work/killed2.log"
is "has taken over its run" 1 "$(events killed takeover)" "$work/killed/ledger.tsv"
is "with the bytes of an undisturbed sweep" "$(bytes whole)" "$(bytes killed)"

# Killed between a run's end and the word of it, which only its claim tells of then.
one=$(ls "$work/killed/runs" | head -n 1)
again() { # what, file: of the claim
  cp "$2" "$work/killed/runs/$one/claim.3"
  rm "$work/killed/scores.h5"
  (sweep killed 250) >"$work/again.log" 2>&1
  is "a start on a finished run with a claim of $1 ends with 0" 0 $? "$work/again.log"
  is "and the ledger tells the run's end once" 1 "$(grep -c "	finish	$one	" "$work/killed/ledger.tsv")" "$work/killed/ledger.tsv"
}
again "a dead process that has told its end" "$work/claim"
is "and no claim is left" "" "$(find "$work/killed" -name '*claim.*')"
sed -i "/	finish	$one	/d" "$work"/killed/ledger/*.tsv
again "a dead process that has not" "$work/claim"
is "and no claim is left" "" "$(find "$work/killed" -name '*claim.*')"
said "and who trained it is gone" "finish	$one	.*	finished after [0-9.]+ s of training, by a process that is gone" "$work/killed/ledger.tsv"
foreign 1 >"$work/claim"
again "another machine" "$work/claim"
is "and its claim is left to it" claim.3 "$(cd "$work/killed/runs/$one" && ls -d claim.*)"

# kill -STOP: silence, as of a machine that is cut off; the stopped one comes back later.
two stopped --set schedule.claim_seconds=2
wait $second
is "when one falls silent the other ends with 0" 0 $? "$work/stopped2.log"
is "has taken over its run after a while" 1 "$(events stopped takeover)" "$work/stopped/ledger.tsv"
before=$(bytes stopped)
is "with the bytes of an undisturbed sweep" "$(bytes whole)" "$before"
kill -CONT $first
wait $first
is "the silent one wakes, and ends with 0" 0 $? "$work/stopped1.log"
is "and has spoiled nothing" "$before" "$(bytes stopped)"

# TERM: what is left is given back, so the next start does not wait.
start "$work/ended1.log" sweep ended 1000000000
wait_for "trains ended $process" $process
kill -TERM $process
wait $process
is "a terminated one ends with 75" 75 $? "$work/ended1.log"
is "and leaves no claim" "" "$(find "$work/ended" -name '*claim.*')"

# Many small runs.
seeds=0,1,2,3,4 mpiruns=2 tasks=8
[ -n "${SOAK:-}" ] && seeds=$(seq -s, 0 24) mpiruns=4 tasks=16
tiny_job small <<END
latent: 2
train: {iterations: 200, batch: 16, shards: 2}
seeds: [$seeds]
score: {udr: {points: 60}, factors: {points: 60, votes: 0}}
families:
  - model: beta_vae
    beta: [1, 4]
END
within "$TEASEL" run "$work/job.yaml" -o "$work/small" >"$work/small.log" 2>&1
is "an undisturbed sweep of many runs ends with 0" 0 $? "$work/small.log"
runs=$(ls "$work/small/runs" | wc -l)
# folder, how many, command...: as many at once, with that folder; each ends with 0
at_once() {
  local folder=$1 count=$2 i
  shift 2
  ids=()
  for ((i = 0; i < count; i++)); do
    start "$work/$folder.log.$i" within bash -c 'until [ -e "$0" ]; do sleep 0.01; done; exec "$@"' "$work/$folder.go" "$@" "$work/job.yaml" -o "$work/$folder"
    ids+=($process)
  done
  : >"$work/$folder.go"
  for ((i = 0; i < count; i++)); do
    wait "${ids[i]}" || no "$folder: process $i ends with $?" "$work/$folder.log.$i"
  done
}
each_once() { # folder, title
  is "$2: each run is begun once" "$(ls "$work/small/runs")" "$(awk -F'\t' '$2 == "start" {print $3}' "$work/$1/ledger.tsv" | LC_ALL=C.UTF-8 sort)" "$work/$1/ledger.tsv"
  is "$2: and finished once" "$(ls "$work/small/runs")" "$(awk -F'\t' '$2 == "finish" {print $3}' "$work/$1/ledger.tsv" | LC_ALL=C.UTF-8 sort)" "$work/$1/ledger.tsv"
  is "$2: with the bytes of one process" "$(bytes small)" "$(bytes "$1")"
  is "$2: no claim is left" "" "$(find "$work/$1" -name '*claim.*')"
  is "$2: it is scored once" 1 "$(cat "$work/$1".log.* | grep -c '^teasel: encoding')" "$work/$1".log.*
}
at_once mpiruns $mpiruns mpirun --oversubscribe --bind-to none --mca mpi_yield_when_idle 1 -n 2 "$TEASEL" run
each_once mpiruns "$mpiruns mpiruns of two ranks"
# The script of an array's tasks, which SLURM starts so.
at_once array $tasks bash slurm/array.sbatch
each_once array "an array of $tasks"

# A run that another machine has claimed: when that stands still it is taken over.
one=$(ls "$work/small/runs" | head -n 1)
mkdir -p "$work/far/runs/$one"
foreign 1 others >"$work/far/runs/$one/claim.1" # not those of this machine: what is gone has no say in that
within "$TEASEL" run "$work/job.yaml" -o "$work/far" --set schedule.claim_seconds=2 >"$work/far.log" 2>&1
is "a run of a machine that has gone is trained" 0 $? "$work/far.log"
is "as a takeover" "$one" "$(awk -F'\t' '$2 == "takeover" {print $3}' "$work/far/ledger.tsv")" "$work/far/ledger.tsv"
is "with the bytes of one process" "$(bytes small)" "$(bytes far)"
is "and no claim of it is left" "" "$(find "$work/far" -name '*claim.*')"
mkdir -p "$work/others/runs/$one"
foreign 1 others >"$work/others/runs/$one/claim.1"
start "$work/others.log" "$TEASEL" run "$work/job.yaml" -o "$work/others" --set schedule.claim_seconds=3600
wait_for "[ \$(cat $work/others/ledger/*.tsv 2>/dev/null | grep -c '	finish	') = $((runs - 1)) ]" $process
fact "with other kernels it is waited for" alive $process
foreign 2 others >"$work/others/runs/$one/claim.1"
wait $process
is "until it shows its life: then this machine is refused" 2 $? "$work/others.log"
said "with both kernels, and what to set" "schedule.isa: another process trains run $one .* with others, and this one" "$work/others.log"
is "and its claim is left to it" claim.1 "$(cd "$work/others/runs/$one" && ls -d claim.*)"
[ -n "${SOAK:-}" ] || { facts_end; exit; }

# When it shows its life it is not, for many times claim_seconds.
mkdir -p "$work/near/runs/$one"
foreign 1 >"$work/near/runs/$one/claim.1"
( beat=1
  while [ -d "$work/near" ] && sleep 0.2; do
    foreign $((++beat)) >"$work/beat" && mv "$work/beat" "$work/near/runs/$one/claim.1"
  done) &
heart=$!
start "$work/near.log" "$TEASEL" run "$work/job.yaml" -o "$work/near" --set schedule.claim_seconds=5
wait_for "[ \$(cat $work/near/ledger/*.tsv 2>/dev/null | grep -c '	finish	') = $((runs - 1)) ]" $process
sleep 60
is "a run of a machine that lives is left to it" "claim.1" "$(cd "$work/near/runs/$one" && ls -d claim.*)"
fact "and waited for" alive $process
finish_off $heart
wait $process
is "until it falls silent" 0 $? "$work/near.log"
is "which is one takeover" 1 "$(events near takeover)" "$work/near/ledger.tsv"
is "with the bytes of one process" "$(bytes small)" "$(bytes near)"
facts_end
