#!/bin/bash
# checkpoint.sh: what checkpoints cost, with the network of the 115 models (conv64, batch 64, one rank):
# the same run with one every SECONDS_EACH (0.5) and with none, in turn, ROUNDS (3) times. Processor
# time and elapsed time a checkpoint, and the part of training that is at the default of one a minute.
# Not a topic of run.sh: nothing that others measure stands beside it.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${BUILD:=build/release}" "${ROUNDS:=3}" "${SECONDS_EACH:=0.5}" "${STEPS:=40}"
TEASEL=${TEASEL:-$PWD/$BUILD/teasel}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# seconds between checkpoints: the run's elapsed and processor seconds, and checkpoints written
measure() {
  rm -rf "$folder/results"
  local begin end
  begin=$(date +%s%N)
  TIMEFORMAT="%U %S"
  { time "$TEASEL" run "$folder/job.yaml" -o "$folder/results" --verbose --train-only \
    --set "schedule.cache=$folder/cache" --set "train.iterations=$STEPS" \
    --set "train.checkpoint_seconds=$1" >"$folder/log" 2>&1 </dev/null; } 2>"$folder/time" || { tail -n 5 "$folder/log" >&2; exit 1; }
  end=$(date +%s%N)
  awk -v wall=$((end - begin)) -v count="$(grep -c 'a checkpoint at step' "$folder/log")" \
    '{printf "%.4f %.4f %d\n", wall / 1e9, $1 + $2, count}' "$folder/time"
}
cat >"$folder/job.yaml" <<'END'
name: checkpoint
dataset: tubers
dataset.count: 2000
dataset.good: 400
network: conv64
latent: 10
reconstruction: bernoulli
train: {batch: 64, shards: 8, learning_rate: 1.0e-4}
seeds: [0]
families:
  - {model: beta_vae, beta: 1}
END
measure 100000 >/dev/null || exit 1 # draws the data
for _ in $(seq "$ROUNDS"); do
  echo "without $(measure 100000)"
  echo "with $(measure "$SECONDS_EACH")"
done >"$folder/all" || exit 1
grep -h -o 'took [0-9]* ms' "$folder/log" | awk '{s += $2} END {if (NR) printf "a checkpoint as the program times it: %.0f ms\n", s / NR}'
awk '{n[$1]++; wall[$1] += $2; busy[$1] += $3; count[$1] += $4}
  END {
    if (count["with"] == 0 || count["without"] > 0) {print "checkpoints: " count["with"] " with, " count["without"] " without"; exit 1}
    printf "%d checkpoints in %d runs: %.0f ms of processor and %.0f ms of elapsed time each\n", count["with"], n["with"],
      1e3 * (busy["with"] - busy["without"]) / count["with"], 1e3 * (wall["with"] - wall["without"]) / count["with"]
    printf "of training with one a minute: %.2f %% of processor time, %.2f %% of elapsed time\n",
      100 * (busy["with"] - busy["without"]) / count["with"] / 60, 100 * (wall["with"] - wall["without"]) / count["with"] / 60
  }' "$folder/all"
