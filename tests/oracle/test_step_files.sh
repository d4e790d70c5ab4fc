#!/bin/bash
# Step files that do not fit their job: exit code 2, the words that help, and nothing written.
. "$(dirname "$0")/../facts.sh"
steps=tests/oracle/steps
folder=$work

# title, exit code, words that must be said (separated by |), arguments of `teasel step`
refuses() {
  local title=$1 wanted=$2 words=$3 code word missing=
  shift 3
  rm -f "$folder/out.h5"
  within "$TEASEL" step "$@" >"$folder/said" 2>&1
  code=$?
  IFS='|'
  for word in $words; do grep -qF -- "$word" "$folder/said" || missing="$missing '$word'"; done
  unset IFS
  if [ $code -eq "$wanted" ] && [ -z "$missing" ] && [ ! -e "$folder/out.h5" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED  $title: exit code $code, not said:$missing"
    cat "$folder/said"
  fi
}
out=$folder/out.h5

refuses "no input file" 2 "none.h5|no such file" $steps/vae-beta.yaml "$folder/none.h5" "$out"
refuses "a folder for the input" 2 "$folder: is a folder" $steps/vae-beta.yaml "$folder" "$out"
refuses "no HDF5" 2 "vae-beta.yaml|not an HDF5 file" $steps/vae-beta.yaml $steps/vae-beta.yaml "$out"
head -c 3000 $steps/vae-beta.in.h5 >"$folder/cut.h5"
refuses "cut file" 2 "cut.h5" $steps/vae-beta.yaml "$folder/cut.h5" "$out"
refuses "other weights" 2 "encoder.2.weight is missing|encoder.0.norm.running_var is not a weight|encoder.1.weight is not a weight" \
  $steps/dropout.yaml $steps/batch_norm.in.h5 "$out"
refuses "other shapes" 2 "/params/mean.weight is [3, 10]|[4, 10]|/params/decoder.0.weight is [24, 3]" \
  $steps/conv-strides.yaml $steps/conv-strides.in.h5 "$out" --set latent=4
refuses "other batch" 2 "/batch is [3, 8, 11]|[16, 11]" $steps/vae-shards.yaml $steps/vae-beta.in.h5 "$out"
refuses "several runs" 2 "2 runs" $steps/vae-beta.yaml $steps/vae-beta.in.h5 "$out" --set "seeds=[0, 1]"
refuses "no folder for the output" 1 "none/out.h5" $steps/vae-beta.yaml $steps/vae-beta.in.h5 "$folder/none/out.h5"
refuses "missing word" 2 "OUT.h5" $steps/vae-beta.yaml $steps/vae-beta.in.h5

# A dropout after the last entry changes no weight, but draws.
sed 's/^decoder:$/- dropout: {rate: 0.5}\n&/' $steps/vae-beta-network.yaml >"$folder/vae-beta-network.yaml"
cp $steps/vae-beta.yaml "$folder/"
refuses "missing noise" 2 "/noise/dropout0_uniform is missing|[3, 8, 9]" "$folder/vae-beta.yaml" $steps/vae-beta.in.h5 "$out"

facts_end
