#!/bin/bash
# Idle ranks join the run that is left, and its files have the bytes of a run on one rank.
. "$(dirname "$0")/../facts.sh"
check() { # title, condition's exit code
  if [ "$2" -eq 0 ]; then ok "$1"; else no "$1" "$work"/*.log; fi
}

cat > "$work/net.yaml" <<'YAML'
input: [3, 8, 8]
encoder:
  - conv: {filters: 16, kernel: 4, stride: 2, pad: 1, norm: batch, activation: relu}
  - dense: {units: 64, activation: relu}
decoder:
  - dense: {units: 256, activation: relu}
  - reshape: [16, 4, 4]
  - deconv: {filters: 3, kernel: 4, stride: 2, pad: 1}
YAML
printf 'reader: tubers\ncount: 120\ngood: 20\nsize: 8\n' > "$work/data.yaml"
cat > "$work/job.yaml" <<'YAML'
name: widen
dataset: ./data.yaml
network: ./net.yaml
latent: 4
train: {iterations: [20, 3000], batch: 32, log_every: 100}
reconstruction: squared_error
schedule: {cache: cache}
seeds: [0]
families:
  - {model: beta_tcvae, beta: 4}
YAML
cd "$work" || exit 1

run() { # ranks, folder, more
  local ranks=$1 folder=$2
  shift 2
  on_ranks "$ranks" "$TEASEL" run job.yaml -o "$folder" --train-only --verbose "$@" >"$folder.log" 2>&1
}
same() { # two folders
  local run file
  [ "$(ls "$1/runs" | wc -l)" -eq 2 ] || return 1
  for run in "$1"/runs/*; do
    for file in model.h5 log.csv; do cmp "$run/$file" "$2/runs/$(basename "$run")/$file" || return 1; done
  done
}

run 1 alone
check "one rank trains both" $?
for ranks in 2 4; do
  run $ranks "on$ranks"
  check "$ranks ranks train both" $?
  grep -q "iterations=3000.* goes on on $ranks ranks" "on$ranks.log"
  check "the long run is widened to $ranks ranks" $?
  grep -q "widen.*iterations=3000" "on$ranks/ledger.tsv"
  check "the ledger says so" $?
  same alone "on$ranks"
  check "the bytes are those of one rank" $?
done
run 2 forced --set schedule.width=1
! grep -q "goes on on" forced.log
check "a forced width stays" $?
same alone forced
check "and gives the same bytes" $?

facts_end
