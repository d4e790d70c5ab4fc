#!/bin/bash
# schedule.sh: what the schedule costs, how near its plans come to the bound, and how near a sweep
# comes to its plan. Prints lines `result:`, name, value, unit, note, with tabs between.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build/release}
teasel=$PWD/$BUILD/teasel
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

"$BUILD/bench/schedule" || exit 1
timeout 120 mpirun -n 2 "$BUILD/bench/schedule" no-ops || exit 1

# Files in memory, where fsync costs nothing.
work=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

printf 'reader: tubers\ncount: 120\ngood: 20\nsize: 8\n' >tiny-data.yaml
cat >tiny-network.yaml <<'END'
input: [3, 8, 8]
encoder: [dense: {units: 8, activation: relu}]
decoder: [dense: {units: 192}, reshape: [3, 8, 8]]
END
no_ops() { # runs: processor seconds, user and system, of a sweep of so many runs of one step
  cat >tiny.yaml <<END
name: tiny
dataset: ./tiny-data.yaml
network: ./tiny-network.yaml
latent: 2
train: {iterations: 1, batch: 8}
score: {held_out: 0}
schedule: {cache: cache}
seeds: [$(seq -s ', ' 0 $(($1 - 1)))]
families: [model: vae]
END
  rm -rf tiny
  local TIMEFORMAT='%U %S'
  { time timeout 300 "$teasel" run tiny.yaml -o tiny --train-only >tiny.log 2>&1; } 2>&1 | awk '{ print $1 + $2 }'
  rm -rf tiny
}
no_ops 1 >/dev/null # makes the cache
few=$(no_ops 100)
many=$(no_ops 10100)
awk -v few="$few" -v many="$many" 'BEGIN {
  printf "result:\ta run of one step, of 10,000 on one rank\t%.2f\tms\tprocessor time, files in memory: all that a run costs besides its steps and fsync\n", (many - few) / 10 }'

# A sweep whose costs spread over a factor of 10, on two ranks.
printf 'reader: tubers\ncount: 600\ngood: 100\nsize: 32\n' >data.yaml
cat >job.yaml <<'END'
name: spread
dataset: ./data.yaml
network: conv32
latent: 8
train: {iterations: [240, 480, 960, 2400], batch: 64}
schedule: {cache: cache}
seeds: [0, 1]
families:
  - {model: beta_vae, beta: 4}
END
timeout 400 mpirun -n 2 "$teasel" run job.yaml -o spread --train-only --verbose >spread.log 2>&1 || { cat spread.log; exit 1; }
widened=$(grep -c 'goes on on' spread.log)
sed -n 's/^teasel: training took \([0-9.]*\) s; after \([0-9.]*\) s, \([0-9.]*\) s were foretold$/\1 \2 \3/p' spread.log |
  awk -v widened="$widened" '{ printf "result:\ta sweep of 8 runs on 2 ranks over what it foretold\t%.3f\t1\ttook %.1f s; foretold after %.1f s; costs spread over a factor of 10; teams were widened %d times\n", $1 / $3, $1, $2, widened }'
