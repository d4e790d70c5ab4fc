#!/bin/bash
# `teasel status`, the ledger and the progress of `teasel run`: what a sweep is doing, from its
# files alone, while it runs, when it was stopped, killed, or failed, and when it is done.
. "$(dirname "$0")/../facts.sh"
call() { within "$TEASEL" "$@" >"$work/log" 2>&1; }
status() { call status "$@"; }
plain() { ! LC_ALL=C grep -q $'[\001-\010\013-\037]' "$1"; } # no control characters but tab and line end
host=$(uname -n)

tiny_job seen conv <<'END'
latent: 3
train: {iterations: 40, batch: 16, shards: 2, learning_rate: 1.0e-3}
seeds: [0, 1]
families:
  - {model: beta_vae, beta: [1, 2]}
score:
  udr: {points: 100}
END
job=$work/job.yaml
long=(--set train.iterations=1000000 --train-only) # until it is stopped

# ---- done ----
call run "$job" -o "$work/done"
is "a sweep runs" 0 $?
fact "its output into a file is plain lines" plain "$work/log"
lines=$(grep -c 'of 4 runs' "$work/log")
test_that "with one line a minute on its progress ($lines)" "[ $lines -ge 1 ] && [ $lines -le $((1 + SECONDS / 60)) ]"
status "$work/done"
is "done: exit code 0" 0 $?
said "done: all runs" "^seen: 4 of 4 runs done$"
said "done: where the report is" "^report: $work/done/report.html$"
status "$work/done" --verbose
is "done: every run is named" 4 "$(grep -c '^finished .* 40 steps' "$work/log")"
is "no progress is left" 0 "$(find "$work/done" -name 'progress.json*' | wc -l)"
is "the ledger has every start and end" "begin,end,finish,finish,finish,finish,start,start,start,start" \
  "$(sed 1d "$work/done/ledger.tsv" | cut -f 2 | sort | paste -sd,)"
is "in lines of eight cells" 8 "$(awk -F'\t' '{print NF}' "$work/done/ledger.tsv" | sort -u)"
said "with run, rank, host and steps" $'\tfinish\t[^\t]*-seed=0-[0-9a-f]{8}\t0\t'"$host"$'\t[0-9]+\t40\tfinished after' "$work/done/ledger.tsv"
before=$(md5sum "$work/done/ledger.tsv")
call run "$job" -o "$work/done"
is "a start that trains nothing adds nothing" "$before" "$(md5sum "$work/done/ledger.tsv")"

# ---- running, then interrupted ----
start "$work/run.log" "$TEASEL" run "$job" -o "$work/open" "${long[@]}"
sweep=$process
wait_for '[ -n "$(ls "$work"/open/runs/*/progress.json 2>/dev/null)" ]' $sweep
wait_for '[ "$(cat "$work"/open/runs/*/log.csv 2>/dev/null | wc -l)" -ge 2 ]' $sweep
status "$work/open"
is "running: exit code 75" 75 $?
said "running: one of four" "^seen: 0 of 4 runs done, 1 running, 3 waiting; "
said "running: step, loss, who and where" "^running +beta_vae-.* step [0-9]+ of 1000000 \(0 %\).*, loss [0-9.]+, rank 0 on $host \(process $sweep\), since 20"
(cd / && env -i PATH="$PATH" "$TEASEL" status "$work/open" >"$work/log" 2>&1)
is "from anywhere, without MPI" 75 $?
wait_for '[ -n "$(sed -n "s/.*steps_per_second\": \([1-9]\)/\1/p" "$work"/open/runs/*/progress.json)" ]' $sweep
status "$work/open"
said "running: its speed and the time left" "steps/s|left"
start "$work/log" "$TEASEL" status "$work/open" --watch --every 0.2
fact "watching goes on while it runs" wait_for '[ "$(grep -c "^seen: " "$work/log")" -ge 2 ]' $process
fact "with plain lines where there is no terminal" plain "$work/log"
finish_off $process
kill -USR1 $sweep
wait $sweep
is "a signal stops the sweep with 75" 75 $?
status "$work/open"
is "interrupted: exit code 75" 75 $?
said "interrupted: all wait" "^seen: 0 of 4 runs done, 4 waiting"
is "interrupted: no progress is left" 0 "$(find "$work/open" -name 'progress.json*' | wc -l)"
status "$work/open" --verbose
said "interrupted: from where" "^waiting +beta_vae-.*  from step [1-9][0-9]* of 1000000"
status "$work/open" --ledger
is "interrupted: the ledger tells" "begin start leave end" "$(sed 1d "$work/log" | cut -f 2 | paste -sd' ')"
said "interrupted: and why it ended" $'\tend\t.*\tinterrupted with everything saved: run the same command again$'

# ---- claimed by another process, of which nothing is seen ----
held=$(basename "$(ls -d "$work"/done/runs/*-seed=1-* | head -n 1)")
mkdir -p "$work/held/runs/$held"
echo '{"beat": 1, "session": "far-1-1", "host": "far", "pid": 4711, "started": 1, "place": "far", "seconds": 1}' \
  >"$work/held/runs/$held/claim.7"
start "$work/run.log" "$TEASEL" run "$job" -o "$work/held" --train-only --set schedule.claim_seconds=80000
wait_for 'grep -q "3 of 4 runs.*waiting for other processes: " "$work/run.log"' $process
said "claimed: the waiting names who holds which run by which file" \
  "^teasel: 3 of 4 runs, 75 % of the steps, waiting for other processes: process 4711 on far holds runs/$held/claim.7" "$work/run.log"
status "$work/held"
is "claimed: exit code 75" 75 $?
said "claimed: so does status" "^waiting +$held  process 4711 on far holds runs/$held/claim.7$"
kill -TERM $process
wait $process
is "claimed: a signal ends the waiting" 75 $?

# ---- ended by patience ----
call run "$job" -o "$work/patient" --train-only --set train.iterations=5000 --set train.learning_rate=0.03 \
  --set train.evaluate_every=1 --set train.patience=1 --set 'seeds=[0]'
is "patience: a sweep runs" 0 $?
said "patience: in the ledger" $'\tfinish\t.*\tfinished by patience after [0-9.]+ s of training, with the weights of step [0-9]+$' "$work/patient/ledger.tsv"
status "$work/patient" --verbose
said "patience: in status" "^finished .* [0-9]+ steps, ended by patience, weights of step [0-9]+$"

# ---- a length in epochs ----
# 270 samples in batches of 16: 16 steps an epoch, 32 a finished run. The third run waits where it was
# left, at step 20 of as many: (32 + 32 + 20) of 4 * 32 steps.
epochs=(--set train.epochs=2)
call run "$job" -o "$work/epochs" "${epochs[@]}" --train-only
is "epochs: a sweep runs" 0 $?
status "$work/epochs"
is "epochs: exit code 0" 0 $?
third=$(cd "$work/epochs/runs" && ls -d -- *beta=2-seed=0-*) fourth=$(cd "$work/epochs/runs" && ls -d -- *beta=2-seed=1-*)
rm "$work/epochs/runs/$third/record.json" "$work/epochs/runs/$fourth/record.json" "$work/epochs/ledger.tsv"
left=$(ls "$work"/epochs/ledger/*.tsv)
grep $'\tfinish\t'"$third"$'\t' "$left" | sed 's/\tfinish\t/\tleave\t/; s/\t32\tfinished.*/\t20\t/' >"$work/leave"
grep -v $'\tfinish\t'"$third"$'\t' "$left" >"$work/others"
cat "$work/others" "$work/leave" >"$left"
status "$work/epochs" --verbose
is "epochs: exit code 75" 75 $?
said "epochs: the runs that wait count whole" "^seen: 2 of 4 runs done, 2 waiting; 65 % of the steps"
said "epochs: from where" "^waiting +$third  from step 20 of 32 \(62 %\)"
rm "$work"/epochs/runs/*/record.json
status "$work/epochs"
said "epochs: no part of what nobody knows" "^seen: 0 of 4 runs done, 4 waiting$"

# ---- killed ----
start "$work/run.log" "$TEASEL" run "$job" -o "$work/open" "${long[@]}"
wait_for '[ -n "$(ls "$work"/open/runs/*/progress.json 2>/dev/null)" ]' $process
finish_off $process
status "$work/open"
is "killed: exit code 75" 75 $?
said "killed: its run is silent" "^silent +beta_vae-.*\(process $process\), last 20"
status "$work/open" --ledger
is "killed: the ledger has no end of it" 1 "$(grep -c $'\tend\t' "$work/log")"
is "and two beginnings" 2 "$(grep -c $'\tbegin\t' "$work/log")"
is "in two files" 2 "$(find "$work/open/ledger" -name '*.tsv' | wc -l)"
echo '{"steps": 12, "since": ' >"$(ls "$work"/open/runs/*/progress.json)"
status "$work/open"
is "a damaged progress.json is no obstacle" 75 $?
printf 'a torn line' >>"$(ls "$work"/open/ledger/*.tsv | head -n 1)"
status "$work/open" --ledger
is "nor is a torn ledger" 0 $?
silent "whose torn line is left out" "a torn line"

# ---- taken over, by a process to which nothing else happens ----
start "$work/run.log" "$TEASEL" run "$job" -o "$work/open" "${long[@]}"
fact "taken over: ledger.tsv tells of it while the run goes on" \
  wait_for 'cut -f 2,6 "$work/open/ledger.tsv" | grep -qx "takeover	$process"' $process
fact "and of the start behind it" wait_for 'cut -f 2,6 "$work/open/ledger.tsv" | grep -qx "start	$process"' $process
finish_off $process

# ---- two processes, one of which is killed ----
two=(--set train.iterations=3000 --train-only)
trains='grep -l "\"process\": $process," "$work"/two/runs/*/progress.json 2>/dev/null'
start "$work/run.log" "$TEASEL" run "$job" -o "$work/two" "${two[@]}"
first=$process
hold_when $first "lost=\$($trains)" || no "two: the first never trained" "$work/run.log"
lost=$(basename "$(dirname "$lost")")
start "$work/second.log" "$TEASEL" run "$job" -o "$work/two" "${two[@]}"
second=$process
hold_when $second "$trains" || no "two: the second never trained" "$work/second.log"
status "$work/two"
said "two: both are seen" "^seen: .*, 2 running"
said "two: by their numbers" "^running +$lost .*\(process $first\)"
finish_off $first
kill -CONT $second
wait $second
is "two: the other one completes the sweep" 0 $? "$work/second.log"
status "$work/two"
is "two: which is done" 0 $?
said "two: the ledger tells of the takeover" $'\ttakeover\t'"$lost"$'\t.*of process '"$first on $host" "$work/two/ledger.tsv"
is "two: every run is finished once" 4 "$(grep $'\tfinish\t' "$work/two/ledger.tsv" | cut -f 3 | sort -u | wc -l)"
is "two: and no run twice" 4 "$(grep -c $'\tfinish\t' "$work/two/ledger.tsv")"

# ---- a rank that no longer answers ----
start "$work/run.log" within mpirun --oversubscribe --mca mpi_yield_when_idle 1 --mca orte_enable_recovery 1 -n 2 \
  "$TEASEL" run "$job" -o "$work/lost" "${two[@]}" --set schedule.width=1 --set schedule.peer_seconds=2
wait_for 'mute=$(rank_process 1 "$work/lost"); [ -n "$mute" ]' $process
hold_when "$mute" 'grep -qs "\"process\": $mute," "$work"/lost/runs/*/progress.json' || no "lost: rank 1 never trained" "$work/run.log"
wait_for 'cat "$work"/lost/ledger/*.tsv | grep -q "	loss	"' $process
kill -KILL "$mute"
wait $process
said "lost: the ledger tells of the rank" $'\tloss\t\t1\t'"$host" "$work/lost/ledger.tsv"

# ---- failed ----
name=$(basename "$(ls -d "$work"/done/runs/*-seed=1-* | head -n 1)")
mkdir -p "$work/failed/runs/$name/log.csv"
call run "$job" -o "$work/failed" --train-only
is "a run that cannot write its log fails" 1 $?
said "failed: it counts neither as done nor with a time" "^teasel: 3 of 4 runs, 75 % of the steps, 1 failed(, [0-9]+ steps/s)?$"
status "$work/failed"
is "failed: exit code 1" 1 $?
said "failed: the others are done" "^seen: 3 of 4 runs done, 1 failed"
said "failed: which and why" "^failed +$name  .*log.csv"
mv "$work/failed/runs/$(ls "$work/failed/runs" | grep -v "^$name$" | head -n 1)/record.json" "$work/record.json"
status "$work/failed"
is "failed, and another waits: exit code 75" 75 $?
said "failed, and another waits: is told" "^seen: 2 of 4 runs done, 1 failed, 1 waiting"
mv "$work/record.json" "$work/failed/runs/$(ls "$work/failed/runs" | grep -v "^$name$" | head -n 1)/record.json"
said "failed: in the ledger, too" $'\tfail\t'"$name"$'\t.*log.csv' "$work/failed/ledger.tsv"
rmdir "$work/failed/runs/$name/log.csv"
call run "$job" -o "$work/failed" --train-only
is "with the cause gone the same command completes it" 0 $?
status "$work/failed"
is "and the failure is forgotten" 0 $?

# ---- diverged ----
call run "$job" -o "$work/wild" --train-only --set train.learning_rate=1000 --set train.optimizer=sgd --set 'seeds=[0]'
status "$work/wild"
is "diverged: done all the same" 0 $?
said "diverged: is told" "^seen: 2 of 2 runs done \(2 diverged\)"
said "diverged: in the ledger, too" $'\tfinish\t.*\tdiverged after' "$work/wild/ledger.tsv"

# ---- what is no results folder, or a damaged one ----
mkdir "$work/empty"
for folder in "$work/none" "$work/empty" "$work/data.yaml"; do
  status "$folder"
  code=$?
  is "$(basename "$folder") is no results folder: exit code 2" 2 $code
done
damage() { # title, file, words: what status says of the folder whose file is as it is now
  status "$work/copy"
  is "$1: exit code 2" 2 $?
  said "$1: is named" "$2"
  rm -rf "$work/copy"
  cp -R "$work/done" "$work/copy"
}
cp -R "$work/done" "$work/copy"
echo '{"outcome": "fin' >"$work/copy/runs/$name/record.json"
damage "a cut record" "$name/record.json: the record is damaged"
echo '{"outcome": "transcended", "steps": 1}' >"$work/copy/runs/$name/record.json"
damage "a record of a newer format" "$name/record.json"
printf 'quantum: 12\n' >>"$work/copy/job.used.yaml"
damage "a job of a newer format" "job.used.yaml:[0-9]+:1: .*quantum"
head -c 100 "$work/done/job.used.yaml" >"$work/copy/job.used.yaml"
damage "a cut job" "job.used.yaml"
head -c 100 "$work/done/provenance.json" >"$work/copy/provenance.json"
damage "a cut provenance" "provenance.json"
rm "$work/copy/provenance.json"
damage "no provenance" "provenance.json"
head -c 0 /dev/null >"$work/copy/job.used.yaml"
damage "an empty job" "job.used.yaml"
status "$work/copy"
is "and a whole copy is as good as the folder" 0 $?

# ---- terminals ----
if command -v script >/dev/null; then
  on_terminal() { TERM=xterm timeout -k 5 "$patience" script -qec "stty cols $1; $2" /dev/null >"$work/log" 2>&1 </dev/null; }
  rm -rf "$work/copy"
  on_terminal 60 "'$TEASEL' run '$job' -o '$work/copy'"
  is "a sweep runs on a terminal" 0 $?
  said "with a bar" '\[#+\] 4 of 4 runs'
  said "that grows" '\[#*\.+\] [0-3] of 4 runs'
  widest=$(tr '\r' '\n' <"$work/log" | grep 'of 4 runs' | sed 's/\x1b\[K.*//' | awk '{ if (length($0) > w) w = length($0) } END { print w + 0 }')
  [ "$widest" -ge 20 ] && [ "$widest" -lt 60 ] && ok "that fits into the terminal ($widest)" || no "that fits into the terminal ($widest)" "$work/log"
  on_terminal 20 "'$TEASEL' run '$job' -o '$work/narrow' --train-only"
  widest=$(tr '\r' '\n' <"$work/log" | grep 'of 4' | sed 's/\x1b\[K.*//' | awk '{ if (length($0) > w) w = length($0) } END { print w + 0 }')
  [ "$widest" -ge 10 ] && [ "$widest" -lt 20 ] && ok "also a narrow one ($widest)" || no "also a narrow one ($widest)" "$work/log"
  on_terminal 60 "'$TEASEL' status '$work/copy' --watch"
  is "watching what is done ends with 0" 0 $?
  said "having drawn it once" $'\x1b\\[H\x1b\\[J.*seen: 4 of 4 runs done'
fi

facts_end
