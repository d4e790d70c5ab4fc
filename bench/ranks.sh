#!/bin/bash
# ranks.sh [ROUNDS [STEPS]]: what ranks gain and cost on this machine, on generated tubers with the
# network conv64, batch 64. One rank, two ranks on one run, and two ranks with a run each take
# turns, so that whatever else the machine does meets all of them; then medians over the rounds.
# Beside them what the cores themselves allow when both work (bench/ranks yardstick). Prints lines
# `result:<TAB>name<TAB>value<TAB>unit<TAB>note`.
set -u
cd "$(dirname "$0")/.." || exit 1
rounds=${1:-5} steps=${2:-40}
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

train 1 train.iterations=2 >/dev/null # fills the cache
for ((round = 0; round < rounds; round++)); do
  {
    train 1 | sed 's/^/one /'
    train 2 schedule.width=2 | sed 's/^/shared /'
    train 2 "seeds=[0, 1]" | sed 's/^/beside /'
    [ "$round" -gt 0 ] || train 2 | sed 's/^/idle /'
    ranks 1 "$BUILD/bench/ranks" yardstick | sed 's/^/alone /'
    ranks 2 "$BUILD/bench/ranks" yardstick | sed 's/^/both /'
    rm -rf "$folder/results"
    begun=$(date +%s.%N)
    ranks 2 "$BUILD/teasel" run "$folder/job.yaml" -o "$folder/results" --train-only --quiet \
      --set schedule.width=2 --set train.iterations=1
    echo "start rank 0 begun $begun ended $(stat -c %.9Y "$folder"/results/runs/*/log.csv)"
  } >"$folder/round" || exit 1
  # Of several ranks on one run the slowest sets the pace; runs side by side add up.
  awk '{for (i = 1; i < NF; i++) v[$1, $3, $i] = $(i + 1)}
    function slower(word, a, b) {a = v["shared", 0, word]; b = v["shared", 1, word]; return a > b ? a : b}
    function both(word) {return v["one", 0, word] / v["beside", 0, word] + v["one", 0, word] / v["beside", 1, word]}
    function sum(word) {return (v["both", 0, word] + v["both", 1, word]) / v["alone", 0, word]}
    END {
      print "round shared", v["one", 0, "median_ms"] / slower("median_ms"), \
        "shared_quarter", v["one", 0, "quarter_ms"] / slower("quarter_ms"), \
        "beside", both("median_ms"), "beside_quarter", both("quarter_ms"), \
        "fma", sum("fma"), "cache", sum("cache"), "memory", sum("memory"), \
        "start", v["start", 0, "ended"] - v["start", 0, "begun"]
    }' "$folder/round" >>"$folder/lines"
  cat "$folder/round" >>"$folder/lines"
done

one=$(column one median_ms | median)
quarter="the same of the fastest quarter of each run's steps: what other programs take is left out"
result "two ranks on one run over one rank" "$(column round shared | median)" x \
  "conv64, batch 64, whole step, medians of $rounds rounds of $steps steps; one rank $one ms a step; at least 1.85"
result "two ranks on one run over one rank, fastest quarter" "$(column round shared_quarter | median)" x "$quarter"
result "two runs side by side over one" "$(column round beside | median)" x "steps a second of both; at least 1.9"
result "two runs side by side over one, fastest quarter" "$(column round beside_quarter | median)" x "$quarter"
result "two cores over one, multiply-add in registers" "$(column round fma | median)" x "what the machine allows"
result "two cores over one, reading 16 MiB" "$(column round cache | median)" x "what the machine allows"
result "two cores over one, copying 256 MiB" "$(column round memory | median)" x "what the machine allows"
result "idle rank" "$(awk '$1 == "idle" && / steps 0 / {print 100 * $NF}' "$folder/lines" | median)" "% of a core" \
  "beside a rank that trains; under 3"
result "busy rank, alone" "$(column one busy | median)" cores "all threads of the process; at most 1"
result "busy rank, two on one run" "$(column shared busy | sort -n | tail -n 1)" cores "the highest; at most 1"
result "start" "$(column round start | median)" s "from mpirun -n 2 to the log line of the first step, data set cached; under 2"
