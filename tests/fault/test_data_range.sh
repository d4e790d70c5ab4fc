#!/bin/bash
# Float samples outside 0 to 1 and `reconstruction: bernoulli`: refused with sample, value and
# remedy before anything is written; the other likelihoods take them.
. "$(dirname "$0")/../facts.sh"
cd "$work" || exit 1
# A float32 array (40, 6) of 0.5 but for the first value of sample 7: its bytes are given.
array() {
  local header="{'descr': '<f4', 'fortran_order': False, 'shape': (40, 6), }" i
  printf '\x93NUMPY\x01\x00'
  printf "\\x$(printf %02x ${#header})\\x00%s" "$header"
  for ((i = 0; i < 240; i++)); do
    if [ $i -eq 42 ]; then printf "$1"; else printf '\x00\x00\x00\x3f'; fi
  done
}
array '\x00\x00\x7f\x43' >large.npy    # 255
array '\x00\x00\x80\xbe' >negative.npy # -0.25
array '\x00\x00\x80\x3f' >unit.npy     # 1
for name in large negative unit; do printf 'reader: npy\npath: %s.npy\n' $name >$name.yaml; done
cat >net.yaml <<'YAML'
input: [6]
encoder: [dense: {units: 8, activation: relu}]
decoder: [dense: {units: 6}]
YAML
cat >job.yaml <<'YAML'
name: range
dataset: ./large.yaml
network: ./net.yaml
latent: 2
train: {iterations: 5, batch: 8}
seeds: [0, 1]
families:
  - {model: beta_vae, reconstruction: squared_error}
  - {model: beta_vae, beta: 2}
YAML

run() { within "$TEASEL" run job.yaml -o out "$@"; }
fact "a value above 1 is refused by sample and value" \
  refused "large.yaml: sample 7 of data set large holds the value 255 (all values lie from 0.5 to 255)" run
fact "the remedy is told" refused "set reconstruction to squared_error or gaussian" run
fact "a value below 0 is refused" refused "holds the value -0.25" run --set dataset=./negative.yaml
fact "ranks refuse it together" refused "holds the value 255" on_ranks 2 "$TEASEL" run job.yaml -o out
fact "nothing is written" test ! -e out
fact "plan refuses it too" refused "holds the value 255" "$TEASEL" plan job.yaml --ids --gflops 1
fact "a cache that is there says the same" refused "sample 7" run
for likelihood in squared_error gaussian; do
  sed "/beta: 2/d; s/squared_error/$likelihood/" job.yaml >other.yaml
  fact "$likelihood takes it" "$TEASEL" plan other.yaml --ids --gflops 1 >log
done
fact "values from 0 to 1 are taken" "$TEASEL" plan job.yaml --ids --gflops 1 \
  --set dataset=./unit.yaml >log

facts_end
