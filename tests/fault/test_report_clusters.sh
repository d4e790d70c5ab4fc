#!/bin/bash
# The report of families with clusters leaves nothing out in silence: more components than are
# drawn, more settings than are drawn, what others found (report.reference) and is not shown.
. "$(dirname "$0")/../facts.sh"
page_has() { grep -qF -- "$1" "$work/$at/report.html"; }

cat >"$work/pictures.yaml" <<'END'
input: [3, 16, 16]
encoder:
  - conv: {filters: 4, kernel: 4, stride: 4, activation: relu}
decoder:
  - dense: {units: 64, activation: relu}
  - reshape: [4, 4, 4]
  - deconv: {filters: 3, kernel: 4, stride: 4}
prior:
  - dense: {units: 8, activation: tanh}
END
printf 'reader: tubers\nsize: 16\ncount: 200\ngood: 100\n' >"$work/tubers.yaml"
cat >"$work/many.yaml" <<'END'
name: many
dataset: ./tubers.yaml
network: ./pictures.yaml
latent: 3
train: {iterations: 3, batch: 16, shards: 1}
seeds: [0]
families:
  - {model: gmvae, latent_w: 2, components: 41}
score: {udr: {points: 50}}
END
at=many
timeout 200 "$TEASEL" run "$work/many.yaml" -o "$work/many" >"$work/log" 2>&1
fact "41 components are trained and reported" test $? -eq 0
fact "forty of them are drawn" test -s "$work/many/figures/generated_setting0.png"
fact "traversed" test -s "$work/many/figures/traversed_w_setting0.png"
fact "and shown by their surest points" test -s "$work/many/figures/surest_setting0.png"
fact "and the page says how many are not" page_has 'The first 40 of 41 components are shown'

cat >"$work/plane.yaml" <<'END'
input: [2]
encoder:
  - dense: {units: 8, activation: relu}
decoder:
  - dense: {units: 8, activation: relu}
prior:
  - dense: {units: 8, activation: tanh}
END
printf 'reader: arcs\ncount: 300\n' >"$work/arcs.yaml"
cat >"$work/settings.yaml" <<'END'
name: settings
dataset: ./arcs.yaml
network: ./plane.yaml
latent: 2
reconstruction: gaussian
train: {iterations: 3, batch: 30, shards: 1}
seeds: [0]
families:
  - {model: gmvae, latent_w: 2, components: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]}
score: {udr: {points: 50}}
report: {snapshots: 2}
END
at=settings
timeout 200 "$TEASEL" run "$work/settings.yaml" -o "$work/settings" >"$work/log" 2>&1
fact "ten settings are trained and reported" test $? -eq 0
fact "eight of them are drawn" test "$(find "$work/settings/figures" -name 'density_*_model.svg' | wc -l)" = 8
fact "the page names the others, once for each section" test \
  "$(grep -oF 'are drawn; left out: components=10; components=11.' "$work/settings/report.html" | wc -l)" = 2

# ---- report.reference ----
sed -e 's/^name: .*/name: others/' -e 's/components: .*/components: [2, 3]}/' \
  -e 's/^report: .*/report: {reference: lists\/others.csv}/' "$work/settings.yaml" >"$work/others.yaml"
at=others
run_others() { timeout 200 "$TEASEL" run "$work/others.yaml" -o "$work/others" >"$work/log" 2>&1; }
run_others
fact "a missing file is bad input" test $? -eq 2
fact "it is named as the job file means it, with the option" \
  grep -q "$work/lists/others.csv.*report.reference: there is no such file" "$work/log"
fact "and nothing is trained or written" test ! -e "$work/others"
timeout 100 "$TEASEL" plan "$work/others.yaml" >"$work/log" 2>&1
fact "a plan says so, too" test $? -eq 2

mkdir "$work/lists"
cat >"$work/lists/others.csv" <<'END'
model,components,metric,mean,deviation,source
gmvae,2,acc_makhzani,0.4321,0.0123,somebody 2016
gmvae,7,acc_makhzani,0.5,,somebody 2016
gmvae,3,acc_hungarain,0.5,,somebody 2016
END
run_others
fact "a file that is there is no obstacle" test $? -eq 0
fact "its numbers are in the table" page_has '0.432 ± 0.012'
fact "a line without a setting is told on the page" page_has 'line 3 fits no setting of this job'
fact "and in the log" grep -q 'warning: .*others.csv: line 3 fits no setting' "$work/log"
fact "an unknown metric, too" page_has 'is &#39;acc_hungarian&#39; meant?'
run_others
fact "the same command again finds all up to date" grep -q 'report are up to date' "$work/log"
sed -i 's/0.4321/0.4567/' "$work/lists/others.csv"
run_others
fact "another content of the file" test $? -eq 0
fact "writes the report again" page_has '0.457 ± 0.012'
printf 'model,metric,mean\ngmvae,acc_makhzani,much\n' >"$work/lists/others.csv"
run_others
fact "a file that cannot be read stops a start" test $? -eq 2
fact "and is told with its line" grep -q "line 2: 'much' is no number" "$work/log"
timeout 200 "$TEASEL" report "$work/others" >"$work/log" 2>&1
fact "it costs no report" test $? -eq 0
fact "which tells what it lacks" page_has 'line 2: &#39;much&#39; is no number'

facts_end
