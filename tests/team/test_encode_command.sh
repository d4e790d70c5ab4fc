#!/bin/bash
# `teasel encode`: latents of a data set and of picture files by a trained run, found by what a
# user types.
. "$(dirname "$0")/../facts.sh"
folder=$work

tiny_job encode <<'END'
latent: 3
train: {iterations: 10, batch: 16, shards: 2}
seeds: [0, 1]
schedule: {cache: ./cache}
families:
  - model: beta_vae
    beta: [1, 4]
END
results=$folder/results
within "$TEASEL" run "$folder/job.yaml" -o "$results" >"$folder/said" 2>&1 || {
  cat "$folder/said"
  echo "0 passed, 1 failed"
  exit 1
}
name=$(cd "$results/runs" && ls -d 'beta_vae-beta=1-seed=0-'*)
id=${name##*-}
png=$(find "$results/figures" -name '*.png' | sort | head -n 1)

# title, exit code, words that must be said, arguments
encode() {
  local title=$1 wanted=$2 words=$3 code
  shift 3
  within "$TEASEL" encode "$results" "$@" >"$folder/said" 2>&1
  code=$?
  if [ $code -eq "$wanted" ] && { [ -z "$words" ] || grep -qF -- "$words" "$folder/said"; }; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED  $title: exit code $code, wanted '$words'"
    cat "$folder/said"
  fi
}
same() { # title, what is, what it should be
  if [ "$2" = "$3" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED  $1: '$2', not '$3'"
  fi
}

encode "by name" 0 "" --run "$name" "$folder/data.yaml" -o "$folder/name.csv"
encode "by number" 0 "" --run "$id" "$folder/data.yaml" -o "$folder/number.csv"
encode "by a beginning" 0 "" --run "${name%-*}" "$folder/data.yaml" -o "$folder/all.h5"
same "a line a sample and the header" "$(wc -l <"$folder/name.csv")" 121
same "the columns" "$(head -n 1 "$folder/name.csv")" \
  "index,label,mean_0,mean_1,mean_2,log_variance_0,log_variance_1,log_variance_2"
same "the same run, the same table" "$(cat "$folder/name.csv")" "$(cat "$folder/number.csv")"
encode "pictures" 0 "" --run "$id" "$png" "$png" -o "$folder/png.csv"
same "a line a picture and the header" "$(wc -l <"$folder/png.csv")" 3
same "a picture is its file" "$(sed -n 2p "$folder/png.csv")" "$(sed -n 3p "$folder/png.csv")"
encode "two runs" 2 "2 runs" --run beta_vae-beta=4 "$folder/data.yaml" -o "$folder/x.csv"
encode "no such run" 2 "no run is called 'gamma'" --run gamma "$folder/data.yaml" -o "$folder/x.csv"
encode "no such picture" 2 "none.png" --run "$id" "$png" "$folder/none.png" -o "$folder/x.csv"
encode "no picture" 2 "job.yaml" --run "$id" "$png" "$folder/job.yaml" -o "$folder/x.csv"
encode "another size" 2 "[3, 64, 64]" --run "$id" tubers -o "$folder/x.csv"
encode "no run given" 2 "--run" "$folder/data.yaml" -o "$folder/x.csv"
cp "$png" "$folder/own.png"
encode "onto its picture" 2 "would replace the input $folder/own.png" --run "$id" "$png" "$folder/own.png" -o "$folder/./own.png"
same "the picture is kept" "$(md5sum <"$folder/own.png")" "$(md5sum <"$png")"
encode "onto the weights" 2 "would replace the input" --run "$id" "$png" -o "$results/runs/$name/model.h5"
encode "onto its data set" 2 "would replace the input" --run "$id" "$folder/data.yaml" -o "$folder/data.yaml"
encode "and all can be read after that" 0 "" --run "$id" "$folder/data.yaml" -o "$folder/all.h5"
same "nothing written on errors" "$(ls "$folder/x.csv" 2>/dev/null)" ""

weights=$results/runs/$name/model.h5
cp "$weights" "$folder/kept.h5"
head -c 3000 "$folder/kept.h5" >"$weights"
encode "weights cut off" 2 "remove $results/runs/$name/record.json" --run "$id" "$png" -o "$folder/x.csv"
rm "$weights"
encode "weights lost" 2 "remove $results/runs/$name/record.json" --run "$id" "$png" -o "$folder/x.csv"
within "$TEASEL" run "$folder/job.yaml" -o "$results" >"$folder/said" 2>&1
same "and the run is trained anew, to the same weights" "$(md5sum <"$weights")" "$(md5sum <"$folder/kept.h5")"

facts_end
