#!/bin/bash
# A process that is killed at any time, also while it writes a checkpoint, loses nothing: the same
# command goes on from its checkpoint to the bytes of a process that was left alone. Likewise after
# a signal, after damage, on a full disk.
. "$(dirname "$0")/../facts.sh"
RANDOM=${SEED:=$$}
echo "SEED=$SEED"

tiny_job killed norm <<'END'
latent: 4
train: {iterations: 1500, batch: 16, shards: 8, log_every: 10}
seeds: [1]
families:
  - model: beta_vae
    beta: [1, 4]
END
run=("$TEASEL" run "$work/job.yaml" --train-only)
log=$work/log
sums() { (cd "$1/runs" && md5sum ./*/model.h5 ./*/log.csv); }
checkpoints() { find "$1" -name 'checkpoint*.h5*'; }
left_over() { checkpoints "$1" && find "$1/runs" -name '*.part-*'; }

within "${run[@]}" -o "$work/whole" >"$log" 2>&1
is "a run that is left alone ends" 0 $?
is "and leaves no checkpoint behind" "" "$(checkpoints "$work/whole")"

# ---- kill -9, with a checkpoint at every step, and with few ----
unfinished() { # folder: names of runs that have a checkpoint and no end
  local file
  for file in "$1"/runs/*/checkpoint*.h5; do
    [ -e "$file" ] && [ ! -e "${file%/*}/record.json" ] && basename "${file%/*}"
  done | sort -u
}
complete() { # folder, words
  within "${run[@]}" -o "$1" >"$log" 2>&1
  is "the command after kills ends with 0 ($2)" 0 $?
  is "with the bytes of one that was left alone ($2)" "$(sums "$work/whole")" "$(sums "$1")"
  is "and leaves nothing behind ($2)" "" "$(left_over "$1")"
}
for seconds in 0 0.05; do
  folder=$work/killed-$seconds words="checkpoints every $seconds s"
  killed=0 found=0 resumed=0 starts=0
  while { [ $killed -lt 6 ] || [ $found -lt 3 ]; } && [ $starts -lt 60 ]; do
    starts=$((starts + 1))
    kept=$(unfinished "$folder")
    start "$log" "${run[@]}" -o "$folder" --verbose --set "train.checkpoint_seconds=$seconds"
    if [ $((starts % 3)) != 0 ]; then # every third is killed at any moment, also before its first checkpoint
      wanted=$((1 + RANDOM % 5))
      wait_for "[ \$(grep -c 'a checkpoint at step' $log) -ge $wanted ] || ! alive $process"
    fi
    sleep "0.0$((RANDOM % 10))"
    kill -KILL $process 2>/dev/null
    wait $process 2>/dev/null
    code=$?
    for name in $kept; do # it is taken up again when its turn comes
      grep -q "$name: a checkpoint at step" "$log" || continue
      found=$((found + 1))
      grep -q "$name goes on after step" "$log" && resumed=$((resumed + 1))
    done
    case $code in
      137) killed=$((killed + 1)) ;;
      0) complete "$folder" "$words, too fast for the kill" && rm -r "$folder" ;;
      *) no "a start after kills ends with $code" ;;
    esac
  done
  test_that "there were kills, and starts that found a checkpoint ($words: $killed, $found)" "[ $killed -ge 6 ] && [ $found -ge 3 ]"
  is "which all went on from it" $found $resumed
  complete "$folder" "$words"
done

# ---- a signal, then damage to what was kept ----
endless=(--set train.iterations=1000000000)
# expression, arguments...: a start that has TERM as soon as the expression holds
interrupted() {
  local expression=$1; shift
  start "$log" "${run[@]}" "${endless[@]}" "$@"
  wait_for "$expression" $process
  kill -TERM $process
  wait $process
  is "a signal ends it with 75" 75 $?
}
interrupted "[ -n \"\$(find $work/stopped/runs -name checkpoint.previous.h5 2>/dev/null)\" ]" \
  -o "$work/stopped" --set train.checkpoint_seconds=0.02
test_that "a signal leaves a checkpoint, the one before, and no finished run" \
  "[ \$(find $work/stopped -name checkpoint.h5 -o -name checkpoint.previous.h5 | wc -l) = 2 ] && [ -z \"\$(find $work/stopped -name record.json)\" ]"
folder=$(dirname "$(find "$work/stopped" -name checkpoint.h5)")
test_that "whose head says what it is" "head -n 2 $folder/checkpoint.h5 | cmp - <(printf 'teasel checkpoint\nformat 0001\n')"
go_on() { # words that are said before the training goes on: interrupted when its log holds step 10
  interrupted "grep -q '$1' $log && grep -qs '\"process\": '\$process, $folder/progress.json && grep -q '^10,' $folder/log.csv" \
    -o "$work/stopped" --set train.checkpoint_seconds=1000
}
for again in "" ", also when that happens again"; do
  truncate -s -1 "$folder/checkpoint.h5"
  go_on 'goes on'
  test_that "a damaged checkpoint is named and the one before is used$again" \
    "grep -q 'checkpoint.h5: the checkpoint is cut off' $log && grep -q 'goes on after step.*from the checkpoint before' $log"
done
: >"$folder/checkpoint.h5"
echo foreign >"$folder/checkpoint.previous.h5"
go_on 'begins again'
test_that "with both damaged the run begins again and says so" \
  "grep -q 'previous.h5: this is not a checkpoint' $log && grep -q 'begins again' $log"
test_that "and is kept again" "[ \$(stat -c %s $folder/checkpoint.h5) -gt 1000 ]"
echo "0,0,0" >>"$folder/log.csv"
go_on 'goes on'
test_that "lines behind the checkpoint are cut off" "grep -q 'goes on' $log && ! grep -q '^0,0,0$' $folder/log.csv"
from=$(sed -n 's/.*goes on after step \([0-9]*\) of.*/\1/p' "$log")
is "the ledger tells from which step it went on" "$from" "$(grep $'\tstart\t' "$work/stopped/ledger.tsv" | tail -n 1 | cut -f 7)"
rm -r "$work"/stopped/ledger*
kept=$(head -c 512 "$folder/checkpoint.h5" | tr -d '\0' | sed -n 's/^step //p')
within "$TEASEL" status "$work/stopped" --verbose >"$log" 2>&1
said "status tells it of a run that waits, whatever became of the ledger" "^waiting .* from step $kept of 1000000000"
sed -i 's/^10,/10,1/' "$folder/log.csv"
go_on 'begins again'
test_that "a log that was changed is named and the run begins again" \
  "grep -q 'log.csv: the log was changed' $log && grep -q 'begins again' $log"
if grep -qw avx2 /proc/cpuinfo; then
  before=$(find "$work/stopped/runs" -type f -exec md5sum {} + | sort)
  DNNL_MAX_CPU_ISA=SSE41 within "${run[@]}" -o "$work/stopped" "${endless[@]}" >"$log" 2>&1
  is "with other kernels it is refused with 2" 2 $?
  said "which says what to do" 'sse41.*set schedule.isa'
  is "and touches nothing" "$before" "$(find "$work/stopped/runs" -type f -exec md5sum {} + | sort)"
else
  echo "skipped: this core has no other kernels"
fi

# ---- a full disk ----
mkdir "$work/disk"
if mount -t tmpfs -o size=400k tmpfs "$work/disk" 2>/dev/null; then
  at_end+=('umount -l "$work/disk"')
  run+=(-o "$work/disk/r" --set train.checkpoint_seconds=0)
  start "$log" "${run[@]}"
  hold_when $process "[ -n \"\$(find $work/disk -name checkpoint.h5)\" ]" || no "no checkpoint on the small disk"
  kill -KILL $process
  wait $process 2>/dev/null
  size=$(stat -c %s "$work"/disk/r/runs/*/checkpoint.h5)
  # Room for all small files, and not for one more checkpoint.
  head -c $(($(df --output=avail -B1 "$work/disk" | tail -n 1) - size + 8192)) /dev/zero >"$work/disk/full"
  within "${run[@]}" >"$log" 2>&1
  code=$?
  said "a full disk keeps no checkpoint from being a warning, with the path and what to do" \
    'no checkpoint at step.*checkpoint.h5: cannot write: No space left on device; free some space'
  rm "$work/disk/full"
  within "${run[@]}" --set train.checkpoint_seconds=60 >"$log" 2>&1
  is "and with room the same command completes it (first code $code)" 0 $?
  is "to the same bytes" "$(sums "$work/whole")" "$(sums "$work/disk/r")"
else
  echo "skipped: no right to mount a small disk"
fi
facts_end
