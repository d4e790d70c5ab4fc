#!/bin/bash
# train.sh: what a rank needs beside the time of its steps: resident memory beyond the shared data
# set, and the input of a step. On generated tubers with the network conv64, batch 64, one rank.
# Prints lines `result:<TAB>name<TAB>value<TAB>unit<TAB>note`.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build/release}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/job.yaml" <<END
name: train
dataset: $PWD/configs/datasets/tubers.yaml
network: $PWD/configs/networks/conv64.yaml
latent: 10
train: {iterations: 20, batch: 64, log_every: 1}
seeds: [0]
schedule: {cache: $folder/cache}
score: {held_out: 0.1}
families:
  - model: beta_vae
    beta: 4
END
result() { printf 'result:\t%s\t%s\t%s\t%s\n' "$@"; }

"$BUILD/teasel" run "$folder/job.yaml" -o "$folder/first" --train-only --quiet --set train.iterations=1 || exit 1
"$BUILD/teasel" run "$folder/job.yaml" -o "$folder/results" --train-only --quiet &
process=$!
most=0
while kill -0 $process 2>/dev/null; do
  # Resident pages of every mapping but the cache file, which all ranks of a node share.
  now=$(awk -v cache="$folder/cache" '/^[0-9a-f]+-[0-9a-f]+ / {shared = index($0, cache) > 0}
    /^Rss:/ && !shared {sum += $2} END {printf "%d", sum}' /proc/$process/smaps 2>/dev/null)
  [ "${now:-0}" -gt "$most" ] && most=$now
  sleep 0.1
done
wait $process || exit 1
"$BUILD/bench/input" "$folder/job.yaml" >"$folder/input" || exit 1
milliseconds=$(sed -n 's/^input //p' "$folder/input")
"$BUILD/bench/step" conv64 beta_vae 64 8 12 >"$folder/step" || exit 1
step=$(sed -n 's/.*, processor \([0-9.]*\) ms$/\1/p' "$folder/step")
result train.memory "$(awk -v k="$most" 'BEGIN {printf "%.0f", k / 1024}')" MiB \
  "resident at most beyond the mapped data set, sampled ten times a second; conv64, batch 64, one rank"
result train.input "$(awk -v i="$milliseconds" -v s="$step" 'BEGIN {printf "%.2f", 100 * i / s}')" "% of a step" \
  "gathering, converting and shuffling a batch of 64 takes $milliseconds ms of a step of $step ms"
