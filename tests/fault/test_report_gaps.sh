#!/bin/bash
# `teasel report` writes a page from whatever a results folder holds, the same bytes each time,
# says what is missing, and never fails for it.
. "$(dirname "$0")/../facts.sh"
page_has() { grep -qF -- "$1" "$work/out/report.html"; }
page_lacks() { ! page_has "$1"; }
report() { "$TEASEL" report "$work/out" >"$work/log" 2>&1; }

tiny_job gaps conv <<'END'
latent: 3
train: {iterations: 40, batch: 16, shards: 2, learning_rate: 1.0e-3}
seeds: [0, 1]
families:
  - {model: beta_vae, beta: [1, 2]}
  - {model: c_beta_vae, beta: [10], capacity: [2]}
score:
  udr: {points: 100}
END
"$TEASEL" run "$work/job.yaml" -o "$work/out" >"$work/log" 2>&1 ||
  { cat "$work/log"; echo "the sweep did not run"; exit 1; }
fact "the run ends with the path of its report" \
  test "$(tail -n 1 "$work/log")" = "report: $work/out/report.html"
fact "a traversal is a file too" test -s "$work/out/figures/traversal_c_beta_vae.png"
fact "the page needs nothing else" page_lacks 'href="http'
cp "$work/out/report.html" "$work/first.html"
fact "it can be written again" report
fact "and has the same bytes" cmp -s "$work/first.html" "$work/out/report.html"

run=$(ls "$work/out/runs" | grep c_beta_vae | head -n 1)
other=$(ls "$work/out/runs" | grep c_beta_vae | tail -n 1)
rm "$work/out/runs/$run/model.h5" "$work/out/runs/$other/model.h5" "$work/out/runs/$run/log.csv"
fact "weights that are lost are no failure" report
fact "and the page says which family has no pictures" page_has 'c_beta_vae: no pictures'
rm "$work/out/runs/$run/record.json"
fact "a run that never finished is no failure" report
fact "and is listed as missing" page_has 'not finished yet'
echo 'x,y' >"$work/out/runs/$other/log.csv"
fact "a log of other columns is no failure" report
truncate -s 2000 "$work/out/scores.h5"
fact "damaged scores are no failure" report
fact "the damage is told with the file" grep -q 'scores.h5' "$work/log"
fact "and the page says that there are no scores" page_has 'No scores yet'
rm "$work/out/latents.h5" "$work/out/scores.h5"
fact "a folder without latents is no failure" report
rm -r "$work/out/runs"
fact "a folder without runs is no failure" report
fact "all its runs are missing" page_has '<strong>0</strong> of 6 finished'
rm -r "$work/out/figures"
touch "$work/out/figures"
fact "figures that cannot be written are a failure" test "$(report; echo $?)" -eq 1
fact "that names the folder" grep -q 'figures' "$work/log"

facts_end
