#!/bin/bash
# ranks.sh [ROUNDS [STEPS]]: what ranks gain and cost on this machine, on generated tubers with the
# network conv64, batch 64. One rank and two take turns: one, two ranks on one run, one, two ranks with
# a run each, one ..., and each measurement of two is set against the mean of the one before and the one
# behind it, so that what is slow for seconds meets both. The median of these ratios counts.
# Beside them what the cores themselves allow when both work (bench/ranks yardstick). Prints lines
# `result:<TAB>name<TAB>value<TAB>unit<TAB>note`.
set -u
cd "$(dirname "$0")/.." || exit 1
rounds=${1:-7} steps=${2:-25}
BUILD=${BUILD:-build/release}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
[ "$(nproc)" -ge 2 ] || { echo "ranks.sh: two ranks need two cores" >&2; exit 77; }

cat >"$folder/job.yaml" <<END
name: ranks
dataset: $PWD/configs/datasets/tubers.yaml
network: $PWD/configs/networks/conv64.yaml
latent: 10
train: {iterations: $steps, batch: 64, log_every: 1}
seeds: [0]
schedule: {width: 1, cache: $folder/cache}
score: {held_out: 0}
families:
  - model: beta_vae
    beta: 4
END

ranks() { # ranks, program and arguments
  local n=$1
  shift
  timeout 120 mpirun --bind-to none -n "$n" "$@" 2>"$folder/errors" ||
    { cat "$folder/errors" >&2; exit 1; }
}
train() { # ranks, settings...: the lines of bench/ranks
  local n=$1
  shift
  rm -rf "$folder/results"
  ranks "$n" "$BUILD/bench/ranks" "$folder/job.yaml" "$folder/results" "$@"
}
median() { sort -n | awk '{v[NR] = $1} END {printf "%.4g", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'; }
column() { # title, word: the number behind a word in that title's lines
  awk -v t="$1" -v w="$2" '$1 == t {for (i = 2; i < NF; i++) if ($i == w) print $(i + 1)}' "$folder/lines"
}
result() { printf 'result:\t%s\t%s\t%s\t%s\n' "$@"; }

take() { # name, command...: its lines, with the name before them, in the order in which all were taken
  local name=$1
  shift
  "$@" >"$folder/taken" || exit 1
  sed "s/^/$name /" "$folder/taken" >>"$folder/lines"
}
time_start() { # from mpirun to the log line of the first step
  local begun
  rm -rf "$folder/results"
  begun=$(date +%s.%N)
  ranks 2 "$BUILD/teasel" run "$folder/job.yaml" -o "$folder/results" --train-only --quiet \
    --set schedule.width=2 --set train.iterations=1
  stat -c "%.9Y" "$folder"/results/runs/*/log.csv | awk -v begun="$begun" '{print "rank 0 seconds", $1 - begun}'
}

train 1 train.iterations=2 >/dev/null # fills the cache
for ((round = 0; round < rounds; round++)); do
  take one train 1
  take shared train 2 schedule.width=2
  take one train 1
  take beside train 2 "seeds=[0, 1]"
  [ "$round" -gt 0 ] || take idle train 2
  if [ $((round % 2)) -eq 0 ]; then
    take alone ranks 1 "$BUILD/bench/ranks" yardstick
    take both ranks 2 "$BUILD/bench/ranks" yardstick
  fi
  take start time_start
done
take one train 1

# Ratios of two ranks (shared: the slower one sets the pace; beside: speeds add up) over one, each
# over the mean of its neighbours.
ratios() { # shared|beside, median_ms|quarter_ms
  awk -v kind="$1" -v word="$2" '
    function value(i) {for (i = 2; i < NF; i++) if ($i == word) return $(i + 1)}
    $1 == "one" {
      if (waiting) print (before + value()) / 2 * pace
      before = value()
      waiting = 0
    }
    $1 == kind {
      pace = kind == "beside" ? (waiting ? pace : 0) + 1 / value() : waiting && pace < 1 / value() ? pace : 1 / value()
      waiting = 1
    }' "$folder/lines"
}
cores() { # fma|cache|memory: of both over the one taken just before
  awk -v word="$1" '
    function value(i) {for (i = 2; i < NF; i++) if ($i == word) return $(i + 1)}
    $1 == "alone" {alone = value(); sum = count = 0}
    $1 == "both" {sum += value(); if (++count == 2) print sum / alone}' "$folder/lines"
}
range() { sort -n | awk 'NR == 1 {low = $1} {high = $1} END {printf "from %.3f to %.3f", low, high}'; }

free=$(cores fma | median)
noise=""
if awk -v f="$free" 'BEGIN {exit !(f < 1.9)}'; then
  noise="; other programs were at work: even in registers two cores gave only $free of one"
fi
quarter="the same of the fastest quarter of each run's steps: what other programs take is left out"
about="medians of $rounds, each over the mean of one rank before and behind it"
result "two ranks on one run over one rank" "$(ratios shared median_ms | median)" x \
  "conv64, batch 64, whole step, runs of $steps steps; $about; $(ratios shared median_ms | range); one rank $(column one median_ms | median) ms a step$noise"
result "two ranks on one run over one rank, fastest quarter" "$(ratios shared quarter_ms | median)" x "$quarter"
result "two runs side by side over one" "$(ratios beside median_ms | median)" x \
  "steps a second of both; $about; $(ratios beside median_ms | range)$noise"
result "two runs side by side over one, fastest quarter" "$(ratios beside quarter_ms | median)" x "$quarter"
allows="what the machine allows, over one core just before; from the lowest to the highest of $((rounds / 2 + rounds % 2)):"
result "two cores over one, multiply-add in registers" "$free" x "$allows $(cores fma | range)"
result "two cores over one, reading 16 MiB" "$(cores cache | median)" x "$allows $(cores cache | range)"
result "two cores over one, copying 256 MiB" "$(cores memory | median)" x "$allows $(cores memory | range)"
result "idle rank" "$(awk '$1 == "idle" && / steps 0 / {print 100 * $NF}' "$folder/lines" | median)" "% of a core" \
  "beside a rank that trains; under 3"
result "busy rank, alone" "$(column one busy | median)" cores "all threads of the process; at most 1"
result "busy rank, two on one run" "$(column shared busy | sort -n | tail -n 1)" cores "the highest; at most 1"
result "start" "$(column start seconds | median)" s "from mpirun -n 2 to the log line of the first step, data set cached; under 2"
