#!/bin/bash
# Factor metrics of a small sweep on dSprites: from samples, from drawn points, without votes; the same
# bytes on two ranks, and nothing computed twice.
. "$(dirname "$0")/../facts.sh"
folder=$work
cat >"$folder/data.yaml" <<'END'
reader: dsprites
count: 3000
size: 16
END
cat >"$folder/network.yaml" <<'END'
input: [1, 16, 16]
encoder:
  - dense: {units: 32, activation: relu}
decoder:
  - dense: {units: 256}
  - reshape: [1, 16, 16]
END
cat >"$folder/job.yaml" <<'END'
name: factors
dataset: ./data.yaml
network: ./network.yaml
latent: 4
train: {iterations: 300, batch: 32, shards: 2, learning_rate: 1.0e-3}
seeds: [0, 1]
schedule: {cache: ./cache}
score: {udr: {points: 200}, factors: {points: 2000, votes: 300, test_votes: 200}}
families:
  - model: beta_vae
    beta: 1
END
results=$folder/results
run() { # arguments...: says what was said after a failure
  within "$@" >"$folder/said" 2>&1 && return 0
  cat "$folder/said"
  return 1
}
run "$TEASEL" run "$folder/job.yaml" -o "$results" || { echo "0 passed, 1 failed"; exit 1; }

column() { # name: its values, a line each
  awk -F, -v n="$1" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == n) c = i} NR > 1 && c {print $c}' "$results/scores.csv"
}
shares() { # names...: all are numbers from 0 to 1
  local name
  for name in "$@"; do
    column "$name" | awk '$1 == "" || !($1 >= 0 && $1 <= 1) {bad = 1} END {exit bad || NR != 2}' ||
      { echo "$name: $(column "$name" | tr '\n' ' ')"; return 1; }
  done
}
points() { h5dump -a /factor_points "$results/scores.h5" | sed -n 's/.*(0): //p'; }
metrics="mig sap_continuous sap_discrete modularity beta_vae_score factor_vae_score"

# shellcheck disable=SC2086
fact "factor metrics of 3,000 samples are numbers" shares $metrics
fact "as many samples again by half judge" [ "$(points)" = 3000 ]
fact "the FactorVAE score is better than chance" \
  [ "$(column factor_vae_score | awk '$1 > 0.25 {n++} END {print n}')" = 2 ]
cp "$results/scores.h5" "$folder/samples.h5"
cp "$results/scores.csv" "$folder/samples.csv"

rm "$results/scores.h5"
run mpirun --oversubscribe --mca mpi_yield_when_idle 1 -n 2 "$TEASEL" score "$results"
fact "two ranks write the same bytes" cmp "$results/scores.h5" "$folder/samples.h5"
run "$TEASEL" score "$results"
fact "scored again they are the same bytes" cmp "$results/scores.h5" "$folder/samples.h5"

run "$TEASEL" score "$results" --set score.factors.votes=0
fact "without votes the two that vote are left out" [ -z "$(column beta_vae_score)" ]
fact "and MIG stays" [ "$(column mig)" = "$(cut -d, -f"$(awk -F, 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == "mig") print i}' "$folder/samples.csv")" "$folder/samples.csv" | tail -n 2)" ]
run "$TEASEL" score "$results" --set score.factors.votes=300
fact "asked for again they are as before" cmp "$results/scores.csv" "$folder/samples.csv"

run "$TEASEL" score "$results" --set score.factors.points=20000
# shellcheck disable=SC2086
fact "factor metrics of drawn points are numbers" shares $metrics
fact "96 are drawn for each value of the largest factor" [ "$(points)" = $((96 * 40)) ]
fact "they are near those of the samples" awk -v a="$(column mig | head -n 1)" \
  -v b="$(awk -F, 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == "mig") c = i} NR == 2 {print $c}' "$folder/samples.csv")" \
  'BEGIN {exit !(a - b < 0.02 && b - a < 0.02)}'
run "$TEASEL" score "$results" --set score.factors.points=120
fact "of too few points those that vote tell why they are missing" \
  grep -q 'beta_vae_score: no value of factor 2 is shared by 16 of 120 points' "$results/scores.csv"
cp "$results/scores.csv" "$folder/few.csv"
run "$TEASEL" score "$results"
fact "and tell it again" cmp "$results/scores.csv" "$folder/few.csv"
facts_end
