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
no_ops() { # runs: processor seconds, user and system, and elapsed ones of a sweep of so many runs of one step
  cat >tiny.yaml <<END
name: tiny
dataset: ./tiny-data.yaml
network: ./tiny-network.yaml
latent: 10
train: {iterations: 1, batch: 8}
score: {held_out: 0}
schedule: {cache: cache}
seeds: [$(seq -s ', ' 0 $(($1 - 1)))]
families: [model: vae]
END
  rm -rf tiny
  local TIMEFORMAT='%U %S %R'
  { time timeout 300 "$teasel" run tiny.yaml -o tiny --train-only >tiny.log 2>&1; } 2>&1 | awk '{ print $1 + $2, $3 }'
  rm -rf tiny
}
no_ops 1 >/dev/null # makes the cache
few=$(no_ops 100)
many=$(no_ops 10100)
awk -v few="$few" -v many="$many" 'BEGIN {
  split(few, f); split(many, m)
  printf "result:\ta run of one step, of 10,000 on one rank\t%.2f\tms\tprocessor time, files in memory: all that a run costs besides its steps and fsync; by the clock %.2f ms\n", \
    (m[1] - f[1]) / 10, (m[2] - f[2]) / 10 }'

# A sweep whose costs spread over a factor of 10, on two ranks: what `teasel plan` predicts, and what
# the sweep itself foretells after some seconds, beside what it takes. Three times, since either is
# off where the machine is faster or slower when it is measured.
printf 'reader: tubers\ncount: 600\ngood: 100\nsize: 32\n' >data.yaml
cat >job.yaml <<'END'
name: spread
dataset: ./data.yaml
network: conv32
latent: 8
train: {iterations: [200, 400, 800, 2000], batch: 64}
schedule: {cache: cache}
seeds: [0, 1]
families:
  - {model: beta_vae, beta: 4}
END
for round in 1 2 3; do
  timeout 60 "$teasel" plan job.yaml --ranks 2 >plan.log || exit 1
  rm -rf spread
  timeout 200 mpirun -n 2 "$teasel" run job.yaml -o spread --train-only --verbose >spread.log 2>&1 || { cat spread.log; exit 1; }
  echo "planned $(awk '$1 == 2 && $3 == "s" {print $2}' plan.log)" \
    "widened $(grep -c 'goes on on' spread.log)" \
    "$(sed -n 's/^teasel: training took \([0-9.]*\) s; after \([0-9.]*\) s, \([0-9.]*\) s were foretold$/took \1 after \2 foretold \3/p' spread.log)"
done >sweeps
compare() { # planned|foretold, name, note
  awk -v word="$1" -v name="$2" -v note="$3" '
    {split("", v)
      for (i = 1; i < NF; i += 2) v[$i] = $(i + 1)
      r = v["took"] / v[word]
      for (k = n++; k > 0 && sorted[k - 1] > r; k--) sorted[k] = sorted[k - 1]
      sorted[k] = r
      all = all sprintf("%s%.1f s of %.1f s: %.3f", n > 1 ? "; " : "", v["took"], v[word], r)}
    END {printf "result:\t%s\t%.3f\t1\t%s; median of %d: %s\n", name, sorted[int(n / 2)], note, n, all}' sweeps
}
compare foretold "a sweep of 8 runs on 2 ranks over what it foretold" \
  "foretold after $(awk 'NR == 1 {print $(NF - 2)}' sweeps) s; costs spread over a factor of 10; teams were widened $(awk 'NR == 1 {print $4}' sweeps) times"
compare planned "a sweep of 8 runs on 2 ranks over what \`teasel plan\` predicted" \
  "\`teasel plan --ranks 2\` before each, which takes steps for a second"
