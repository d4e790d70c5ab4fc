#!/bin/bash
# A process that is killed at any time, also while it writes a checkpoint, loses nothing: the same
# command goes on from its checkpoint to the bytes of a process that was left alone. Likewise after
# a signal, after damage, on a full disk.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'umount "$work/disk" 2>/dev/null; rm -rf "$work"' EXIT
passed=0 failed=0
ok() { passed=$((passed + 1)); echo "ok      $1"; }
no() { failed=$((failed + 1)); echo "FAILED  $1"; tail -n 30 "$work/log"; }
test_that() { if eval "$2"; then ok "$1"; else no "$1"; fi; }
RANDOM=${SEED:=$$}
echo "SEED=$SEED"

printf 'reader: tubers\ncount: 120\ngood: 20\nsize: 8\n' >"$work/data.yaml"
cat >"$work/network.yaml" <<'END'
input: [3, 8, 8]
encoder:
  - conv: {filters: 8, kernel: 4, stride: 2, pad: 1, norm: batch, activation: relu}
  - dense: {units: 16, activation: relu}
decoder:
  - dense: {units: 128, activation: relu}
  - reshape: [8, 4, 4]
  - deconv: {filters: 3, kernel: 4, stride: 2, pad: 1}
END
cat >"$work/job.yaml" <<'END'
name: killed
dataset: ./data.yaml
network: ./network.yaml
latent: 4
train: {iterations: 1500, batch: 16, shards: 8, log_every: 10}
seeds: [1]
families:
  - model: beta_vae
    beta: [1, 4]
END
run=("$TEASEL" run "$work/job.yaml" --train-only --set "schedule.cache=$work/cache")
sums() { (cd "$1/runs" && md5sum ./*/model.h5 ./*/log.csv); }
checkpoints() { find "$1" -name 'checkpoint*.h5*'; }

timeout 100 "${run[@]}" -o "$work/whole" >"$work/log" 2>&1 </dev/null
test_that "a run that is left alone ends" "[ $? = 0 ]"
test_that "and leaves no checkpoint behind" "[ -z \"\$(checkpoints $work/whole)\" ]"

# ---- kill -9, with a checkpoint at every step, and with few ----
killed=0 resumed=0
for seconds in 0 0.05; do
  for _ in 1 2 3 4 5 6; do
    "${run[@]}" -o "$work/killed-$seconds" --set "train.checkpoint_seconds=$seconds" >"$work/log" 2>&1 </dev/null &
    process=$!
    sleep "0.$((RANDOM % 6))$((RANDOM % 10))"
    kill -9 $process 2>/dev/null && killed=$((killed + 1))
    wait $process 2>/dev/null
    grep -q 'goes on after step' "$work/log" && resumed=$((resumed + 1))
  done
  timeout 100 "${run[@]}" -o "$work/killed-$seconds" >"$work/log" 2>&1 </dev/null
  test_that "the command after kills ends with 0 (checkpoints every $seconds s)" "[ $? = 0 ]"
  test_that "with the bytes of one that was left alone" "[ \"\$(sums $work/killed-$seconds)\" = \"\$(sums $work/whole)\" ]"
  test_that "and leaves nothing behind" "[ -z \"\$(checkpoints $work/killed-$seconds)\$(find $work/killed-$seconds/runs -name '*.part-*')\" ]"
done
test_that "there were kills, and starts that went on ($killed, $resumed)" "[ $killed -ge 6 ] && [ $resumed -ge 3 ]"

# ---- a signal, then damage to what was kept ----
stop_one() { # folder: interrupted in the first run
  timeout -s TERM 0.4 "${run[@]}" -o "$1" --set train.checkpoint_seconds=0.02 --set train.iterations=100000 >"$work/log" 2>&1 </dev/null
}
stop_one "$work/stopped"
test_that "a signal leaves a checkpoint and no finished run" \
  "[ -n \"\$(find $work/stopped -name checkpoint.h5)\" ] && [ -n \"\$(find $work/stopped -name checkpoint.previous.h5)\" ] && [ -z \"\$(find $work/stopped -name record.json)\" ]"
folder=$(dirname "$(find "$work/stopped" -name checkpoint.h5)")
test_that "whose head says what it is" "head -n 2 $folder/checkpoint.h5 | cmp - <(printf 'teasel checkpoint\nformat 0001\n')"
go_on() { # seconds
  timeout -s TERM "$1" "${run[@]}" -o "$work/stopped" --set train.iterations=100000 --set train.checkpoint_seconds=1000 >"$work/log" 2>&1 </dev/null
}
truncate -s -1 "$folder/checkpoint.h5"
go_on 0.4
test_that "a damaged checkpoint is named and the one before is used" \
  "grep -q 'checkpoint.h5: the checkpoint is cut off' $work/log && grep -q 'goes on after step.*from the checkpoint before' $work/log"
: >"$folder/checkpoint.h5"
echo foreign >"$folder/checkpoint.previous.h5"
go_on 0.4
test_that "with both damaged the run begins again and says so" \
  "grep -q 'previous.h5: this is not a checkpoint' $work/log && grep -q 'begins again' $work/log"
test_that "and is kept again" "[ \$(stat -c %s $folder/checkpoint.h5) -gt 1000 ]"
echo "0,0,0" >>"$folder/log.csv"
go_on 0.4
test_that "lines behind the checkpoint are cut off" "grep -q 'goes on' $work/log && ! grep -q '^0,0,0$' $folder/log.csv"
sed -i 's/^10,/10,1/' "$folder/log.csv"
go_on 0.4
test_that "a log that was changed is named and the run begins again" \
  "grep -q 'log.csv: the log was changed' $work/log && grep -q 'begins again' $work/log"
before=$(sums "$work/stopped" 2>/dev/null)
DNNL_MAX_CPU_ISA=SSE41 timeout 100 "${run[@]}" -o "$work/stopped" --set train.iterations=100000 >"$work/log" 2>&1 </dev/null
test_that "with other kernels it is refused with 2" "[ $? = 2 ] && grep -q 'sse41.*set schedule.isa' $work/log"
test_that "and nothing is touched" "[ \"\$before\" = \"\$(sums $work/stopped 2>/dev/null)\" ]"

# ---- a full disk ----
mkdir "$work/disk"
if mount -t tmpfs -o size=400k tmpfs "$work/disk" 2>/dev/null; then
  timeout 100 "${run[@]}" -o "$work/disk/r" --set train.checkpoint_seconds=0.02 >"$work/log" 2>&1 </dev/null &
  process=$!
  for _ in $(seq 500); do [ -n "$(find "$work/disk" -name checkpoint.previous.h5)" ] && break; sleep 0.02; done
  # Filled again until it is heard: a checkpoint that was being written has its room already, and
  # the one it replaces gives as much back. The processes stand still meanwhile, so they cannot end.
  for _ in $(seq 100); do
    kill -STOP -- -$process 2>/dev/null || break
    cat /dev/zero >>"$work/disk/full" 2>/dev/null
    kill -CONT -- -$process
    sleep 0.05
    grep -q 'no checkpoint at step' "$work/log" && break
  done
  wait $process
  code=$?
  test_that "a full disk keeps no checkpoint from being a warning, with the path and what to do" \
    "grep -q 'no checkpoint at step.*checkpoint.h5: cannot write: No space left on device; free some space' $work/log"
  rm "$work/disk/full"
  timeout 100 "${run[@]}" -o "$work/disk/r" >>"$work/log" 2>&1 </dev/null
  test_that "and with room the same command completes it (first code $code)" \
    "[ $? = 0 ] && [ \"\$(sums $work/disk/r)\" = \"\$(sums $work/whole)\" ]"
else
  echo "skipped: no right to mount a small disk"
fi
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
