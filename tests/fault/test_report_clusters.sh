#!/bin/bash
# The report of families with clusters leaves nothing out in silence: more components than are
# drawn, more settings than are drawn.
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

facts_end
