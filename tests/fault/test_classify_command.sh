#!/bin/bash
# `teasel classify` on a trained run: every point is judged once, a second time gives the same
# bytes, and bad input is one message with exit code 2 and no file.
. "$(dirname "$0")/../facts.sh"
cat >"$work/net.yaml" <<'END'
input: [3, 16, 16]
encoder:
  - dense: {units: 32, activation: relu}
decoder:
  - dense: {units: 32, activation: relu}
  - dense: {units: 768}
  - reshape: [3, 16, 16]
END
cat >"$work/data.yaml" <<'END'
reader: tubers
count: 600
good: 250
size: 16
END
cat >"$work/job.yaml" <<'END'
name: tiny
dataset: ./data.yaml
network: ./net.yaml
latent: 4
train: {iterations: 300, batch: 32, learning_rate: 3.0e-3}
seeds: [0, 1]
families:
  - {model: beta_vae, beta: 1}
score: {udr: {points: 100}}
END
"$TEASEL" run "$work/job.yaml" -o "$work/results" >"$work/log" 2>&1 || cat "$work/log"
classify=("$TEASEL" classify "$work/results")

"${classify[@]}" --labels 100 -o "$work/one" >"$work/said"
fact "the last line names the report" \
  test "$(tail -n 1 "$work/said")" = "report: $work/one/classify.html"
fact "page, table and scatter are written" \
  test -s "$work/one/classify.html" -a -s "$work/one/classify.csv" -a -s "$work/one/scatter.svg"
fact "every point that was not labelled is judged once by each classifier" \
  awk -F, 'NR > 1 && $9 + $10 + $11 + $12 != 500 {bad = 1} END {exit bad}' "$work/one/classify.csv"
fact "each class has its own count" \
  awk -F, 'NR > 1 && $9 + $10 != 200 {bad = 1} END {exit bad}' "$work/one/classify.csv"
"${classify[@]}" --labels 100 -o "$work/two" >"$work/said"
fact "a second time gives the same bytes" diff -r "$work/one" "$work/two"
"${classify[@]}" --labels 100 --good bad -o "$work/turned" >"$work/said"
fact "the good class can be chosen" \
  awk -F, 'NR > 1 && $9 + $10 != 300 {bad = 1} END {exit bad}' "$work/turned/classify.csv"
"${classify[@]}" --run beta_vae-beta=1-seed=1 --labels 10 >"$work/said" 2>&1
fact "without -o it writes below the results folder" \
  test -s "$work"/results/classify/beta_vae-beta=1-seed=1-*/classify.html

# The report shows it, and lets it go again.
page=$work/results/report.html figures=$work/results/figures
report() { "$TEASEL" report "$work/results" >"$work/log" 2>&1; }
fact "before the report is written anew it says nothing of it" test ! -e "$figures"/classification_*
echo "my notes" >"$figures/notes.txt"
"${classify[@]}" --run beta_vae-beta=1-seed=0 --labels 100 >"$work/said"
fact "the report is written" report
fact "it has a section about both classified runs" \
  test "$(grep -o '<h3>good or bad by beta_vae beta=1, seed [01]</h3>' "$page" | wc -l)" -eq 2
sheets=$(ls "$figures" | grep -cE '^classification_[0-9a-f]{8}_(scatter.svg|misclassified_(good|bad).png)$')
fact "scatter and sheets are figures of their own: $sheets" test "$sheets" -ge 4
accuracy=$(sed -n 's/^logistic regression.*: accuracy \([0-9.]*\), .*/\1/p' "$work/said")
fact "the rates are those that were printed" \
  test "$(grep -oE 'logistic regression on [0-9]+ latents</th><td[^>]*>[0-9.]+' "$page" | grep -c ">$accuracy\$")" -ge 1
cp "$page" "$work/first.html"
report
fact "the same report again has the same bytes" cmp -s "$work/first.html" "$page"
points=$(ls "$work"/results/classify/*seed=1*/points.h5)
truncate -s 1000 "$points"
fact "damaged points are no failure" report
fact "and are named" grep -q "points.h5" "$work/log"
fact "their figures go with them" test "$(ls "$figures" | grep -c '^classification_.*scatter.svg$')" -eq 1
rm -r "$work/results/classify"
fact "without any the section goes" report
fact "and so do its figures" test -z "$(ls "$figures" | grep '^classification_')" -a ! "$(grep -c 'id="classification"' "$page")" -gt 0
fact "other files of the folder stay" test "$(cat "$figures/notes.txt")" = "my notes" -a -n "$(ls "$figures" | grep '^traversal_')"

fact "an odd number of labels is refused" refused "odd" "${classify[@]}" --labels 3 -o "$work/none"
fact "too many labels are refused" refused "250 good" "${classify[@]}" --labels 500 -o "$work/none"
fact "an unknown class is refused" refused "no class 'fine'" "${classify[@]}" --good fine -o "$work/none"
fact "an unknown run is refused" refused "no run is called" "${classify[@]}" --run x -o "$work/none"
cp "$work/results/job.used.yaml" "$work/used.yaml"
for setting in latent=2 train.batch=16 "seeds=[0]" dataset.seed=5 "beta=[1, 2]"; do
  fact "classify refuses $setting, which makes other runs" \
    refused "teasel run" "${classify[@]}" --set "$setting" -o "$work/none"
  fact "report refuses $setting" refused "teasel run" "$TEASEL" report "$work/results" --set "$setting"
done
fact "an unknown word of --set is refused" refused "did you mean" "${classify[@]}" --set lattent=2 -o "$work/none"
fact "the folder's job stays as it is" cmp -s "$work/used.yaml" "$work/results/job.used.yaml"
fact "a missing folder is refused" refused "no such results folder" "$TEASEL" classify "$work/nowhere"
fact "a refusal writes nothing" test ! -e "$work/none"
rm "$work/results/scores.h5"
fact "without scores a run must be named" refused "--run" "${classify[@]}" -o "$work/none"

facts_end
