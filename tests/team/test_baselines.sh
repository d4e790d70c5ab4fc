#!/bin/bash
# score.baselines on points of the plane: a line for the data and for each run of a family without
# clusters of its own, the same bytes on two ranks; wrong words are refused.
. "$(dirname "$0")/../facts.sh"

printf 'reader: arcs\ncount: 400\n' >"$work/data.yaml"
cat >"$work/network.yaml" <<'END'
input: [2]
encoder:
  - dense: {units: 16, activation: relu}
decoder:
  - dense: {units: 16, activation: relu}
prior:
  - dense: {units: 16, activation: tanh}
END
cat >"$work/job.yaml" <<'END'
name: baselines
dataset: ./data.yaml
network: ./network.yaml
latent: 2
reconstruction: gaussian
train: {iterations: 30, batch: 32, shards: 2, learning_rate: 1.0e-3}
seeds: [0, 1]
families:
  - model: vae
  - {model: gmvae, latent_w: 2, components: 7, warm_up: 0.5}
score: {udr: {points: 400}, baselines: [kmeans, gaussian_mixture]}
END
table=$work/results/clusters.csv
timeout 200 "$TEASEL" run "$work/job.yaml" -o "$work/results" >"$work/log" 2>&1
fact "a job with baselines ends well" test $? -eq 0
lines() { grep -c "$1" "$table"; }
fact "the data have a line a method and number of clusters" test "$(lines '^data,')" = 4
fact "each run without clusters of its own, too" test "$(lines '^vae-')" = 8
fact "the others have none" test "$(lines '^gmvae-')" = 0
accuracy() { # what, method, clusters: acc_hungarian
  awk -F, -v w="$1" -v m="$2" -v k="$3" 'NR > 1 && $1 == w && $5 == m && $6 == k {print $10}' "$table"
}
fact "both find the five arcs" test "$(accuracy data kmeans 5) $(accuracy data gaussian_mixture 5)" = "1 1"
fact "seven clusters are at most as right" \
  awk -v a="$(accuracy data kmeans 7)" 'BEGIN {exit !(a > 0.5 && a < 1)}'

column() { # file, pattern of the first cell, name of the column
  awk -F, -v p="$2" -v n="$3" 'NR == 1 {for (i = 1; i <= NF; i++) if ($i == n) c = i} NR > 1 && $1 ~ p {print $c}' "$1"
}
grep -e '^what' -e '^vae-.*,kmeans,5,' "$table" >"$work/vae.csv"
for metric in acc_makhzani acc_majority acc_hungarian nmi ari; do
  fact "k-means of the latents has one $metric" test "$(column "$work/vae.csv" '^vae-' $metric | paste -sd' ')" = \
    "$(column "$work/results/scores.csv" '^vae-' $metric | paste -sd' ')"
done
fact "which is a number" test "$(column "$work/results/scores.csv" . acc_makhzani | grep -c '^[01]')" = 4
fact "scores.csv counts every family's clusters" test "$(column "$work/results/scores.csv" . clusters_used | grep -c '^[1-7]$')" = 4

fact "the report has them in its table of accuracies" \
  grep -q '5 clusters of latents of vae' "$work/results/report.html"

cp "$table" "$work/one.csv"
head -c 700 "$work/one.csv" >"$table"
timeout 200 "$TEASEL" report "$work/results" >"$work/log" 2>&1
fact "a cut table costs no report" test $? -eq 0
fact "and is named" grep -q 'clusters.csv: line [0-9]* has' "$work/log"
rm "$table"
timeout 200 mpirun -n 2 "$TEASEL" score "$work/results" >"$work/log" 2>&1
fact "two ranks score, too" test $? -eq 0
fact "and write the same bytes" cmp -s "$table" "$work/one.csv"

timeout 200 "$TEASEL" score "$work/results" --set score.baselines=none >"$work/log" 2>&1
fact "without baselines the table goes" test ! -e "$table"
fact "an unknown baseline is refused" refused "score.baselines" \
  "$TEASEL" run "$work/job.yaml" -o "$work/none" --set 'score.baselines=[k_means]'
facts_end
