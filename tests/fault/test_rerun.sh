#!/bin/bash
# `teasel diff` and `teasel rerun`: the same at another width is `identical`; what differs is named
# to the bit; other data, other kernels and damaged folders are told.
. "$(dirname "$0")/../facts.sh"
export TMPDIR=$work/tmp
mkdir "$work/tmp"
call() { within "$TEASEL" "$@" >"$work/log" 2>&1; }
on() { # ranks, arguments...
  local ranks=$1
  shift
  on_ranks "$ranks" "$TEASEL" "$@" >"$work/log" 2>&1
}
# Flips the lowest bit of number INDEX of a dataset of floats.
flip() { # file, dataset, index
  local offset
  offset=$(h5dump -p -H -d "$2" "$1" | sed -n 's/.*OFFSET \([0-9]*\).*/\1/p')
  offset=$((offset + 4 * $3))
  local byte
  byte=$(od -An -tu1 -j "$offset" -N 1 "$1")
  printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$offset" conv=notrunc status=none
}

tiny_job again conv <<'END'
latent: 3
train: {iterations: 40, batch: 16, shards: 4, learning_rate: 1.0e-3}
seeds: [0, 1]
families:
  - {model: beta_vae, beta: [1, 2]}
  - {model: beta_tcvae, beta: [3]}
score:
  udr: {points: 100}
END
"$TEASEL" data write tubers --set count=300 --set good=100 --set size=16 -o "$work/data.h5" >"$work/log" 2>&1
"$TEASEL" data write tubers --set count=300 --set good=100 --set size=16 --set seed=1 -o "$work/other.h5" >"$work/log" 2>&1
printf 'reader: hdf5\npath: data.h5\n' >"$work/data.yaml"
job=$work/job.yaml
call run "$job" -o "$work/a"
is "a sweep runs" 0 $?
runs=("$work/a/runs"/*)
first=$(basename "${runs[0]}")

# ---- diff ----
cp -R "$work/a" "$work/b"
call diff "$work/a" "$work/b"
is "equal folders end with 0" 0 $?
is "and are identical" identical "$(cat "$work/log")"
flip "$work/b/runs/$first/model.h5" /params/encoder.0.weight 100
call diff "$work/a" "$work/b"
is "one bit of a weight ends with 1" 1 $?
said "and names run, tensor, index and size" "runs/$first/model.h5: encoder.0.weight\[2, 0, 1, 0\]: .* 1 ulp apart; 1 of 384 numbers"
silent "and is not called identical" "^identical"
call diff "$work/a" "$work/b" --run "$first"
is "as for the run alone" 1 $?
call diff "$work/a" "$work/b" --run "$(basename "${runs[1]}")"
is "not for another run" 0 $?
call diff "$work/a" "$work/a" --run "$first" --run "$(basename "${runs[1]}")"
is "two runs of a folder differ" 1 $?
said "from the first step" "log.csv: step 0, total: .* ulps apart; 40 of 40 lines differ"
call score "$work/b"
is "latents that are there are not encoded again" 0 $?
rm "$work/b/latents.h5"
call score "$work/b"
is "weights that were not trained are refused" 2 $?
said "with what to do" "runs/$first/model.h5: the weights are not those that were trained; remove .*record.json"
cp "$work/a/latents.h5" "$work/b/"
cp "$work/a/runs/$first/model.h5" "$work/b/runs/$first/"
sed -i '12{s/[0-4]\(,[0-9]*\)$/7\1/;t;s/[5-9]\(,[0-9]*\)$/2\1/}' "$work/b/runs/$first/log.csv"
call diff "$work/a" "$work/b"
is "a changed line of log.csv ends with 1" 1 $?
said "and names its step" "log.csv: step 10, .* ulps? apart; 1 of 40 lines"
cp "$work/a/runs/$first/log.csv" "$work/b/runs/$first/"
flip "$work/b/latents.h5" "/runs/$first/mean" 4
call diff "$work/a" "$work/b"
said "a bit of a latent is named" "latents.h5: /runs/$first: mean\[1, 1\]: .*1 ulp apart"
cp "$work/a/latents.h5" "$work/b/"
flip "$work/b/scores.h5" /spearman/R 1
call diff "$work/a" "$work/b"
said "a bit of a score is named" "scores.h5: spearman/R\[0, 0, 0, 1\]"
cp "$work/a/scores.h5" "$work/b/"
sed -i '3s/beta/gamma/' "$work/b/scores.csv"
call diff "$work/a" "$work/b"
said "a line of a table is named" "scores.csv: line 3"
cp "$work/a/scores.csv" "$work/b/"
sed -i 's/"oneDNN": "[^"]*"/"oneDNN": "9.9.9"/' "$work/b/provenance.json"
call diff "$work/a" "$work/b"
is "another library alone makes no difference" 0 $?
said "but is told" "provenance: libraries/oneDNN: .* and 9.9.9"
cp "$work/a/provenance.json" "$work/b/"
rm "$work/b/runs/$first/record.json"
call diff "$work/a" "$work/b"
is "a run that one has not finished ends with 1" 1 $?
said "and is named" "runs/$first: finished only in the first"
cp "$work/a/runs/$first/record.json" "$work/b/runs/$first/"
rm "$work/b/runs/$first/model.h5"
call diff "$work/a" "$work/b" --run "$first"
is "where weights were not kept their digest will do" 0 $?
said "which is told" "runs/$first/model.h5: only in the first; the digests of the weights are equal"
head -c 3000 "$work/a/runs/$first/model.h5" >"$work/b/runs/$first/model.h5"
call diff "$work/a" "$work/b"
is "a file that is cut off ends with 2" 2 $?
said "and is named" "b/runs/$first/model.h5"
for folder in "$work/none" "$work/tmp"; do
  call diff "$work/a" "$folder"
  is "no results folder ends with 2" 2 $?
done
call diff "$work/a"
is "one folder ends with 2" 2 $?

# ---- rerun ----
before=$(cd "$work/a" && find . -type f -exec md5sum {} + | sort)
call rerun "$work/a" --sample 2
is "a rerun alone ends with 0" 0 $?
is "two runs and all are identical" 3 "$(grep -c identical "$work/log")"
sample=$(grep ': identical' "$work/log")
call rerun "$work/a" --sample 2
is "the sample is the same each time" "$sample" "$(grep ': identical' "$work/log")"
for width in 2 4; do
  on "$width" rerun "$work/a" --run "$first" --width "$width"
  is "a rerun at width $width ends with 0" 0 $?
  said "and is identical" "^identical$"
done
call rerun "$work/a" --ranks 2 --run "$first" --keep "$work/kept" --width 2
is "it starts its ranks itself" 0 $?
said "and says identical" "^identical$"
is "keeps what it was told to keep" 2 "$(sed -n 's/.*"width": \([0-9]*\).*/\1/p' "$work/kept/runs/$first/record.json")"
call rerun "$work/a" --run "$first" --keep "$work/kept"
is "what was kept is compared once more" 0 $?
said "and said not to be trained" "1 of 1 runs were trained in $work/kept before"
call rerun "$work/a" --keep "$work/a"
is "but not in the folder itself" 2 $?
is "nothing temporary is left" "" "$(ls "$work/tmp" | grep rerun)"
is "the results folder stays as it was" "$before" "$(cd "$work/a" && find . -type f -exec md5sum {} + | sort)"

cp -R "$work/a" "$work/c"
flip "$work/c/runs/$first/model.h5" /params/mean.bias 2
call rerun "$work/c" --run "$first"
is "a rerun that differs ends with 1" 1 $?
said "and names the tensor" "model.h5: mean.bias\[2\]: .* 1 ulp apart; 1 of 3 numbers differ"
rm "$work/c/runs/$first/model.h5"
call rerun "$work/c" --run "$first"
is "without weights their digest is compared" 0 $?
said "which is told" ": identical \(log, record, digest of the weights\)"
cp -R "$work/a" "$work/counted"
"$TEASEL" score "$work/counted" --set score.udr.informative_kl=0.5 >"$work/log" 2>&1
call rerun "$work/counted" --run "$first"
is "another threshold of informative latents is no difference" 0 $?
said "but is told" "informative latents were counted above 0.01 and 0.5 nats"
mkdir -p "$work/small/runs/$first"
cp "$work/a/job.used.yaml" "$work/a/provenance.json" "$work/small/"
cp "$work/a/runs/$first/record.json" "$work/small/runs/$first/"
call rerun "$work/small" --sample 3
is "the small files of a sweep are enough" 0 $?
said "as is told" "$first: identical \(record, digest of the weights\)"
sed -i 's/"weights": "./"weights": "x/' "$work/c/runs/$first/record.json"
call rerun "$work/c" --run "$first"
is "a record that was changed is refused" 2 $?
said "by its name" "runs/$first/record.json: the record is damaged"
sed -i '/"digest"/d' "$work/c/runs/$first/record.json"
call rerun "$work/c" --run "$first"
is "which tells a difference" 1 $?
said "too" "model.h5: the weights have the digests"
sed -i 's/"kernels": "[^"]*"/"kernels": "oneDNN 9.9.9 sse41"/; s/"revision": "[^"]*"/"revision": "none"/' "$work/c/provenance.json"
call rerun "$work/c" --run "$(basename "${runs[1]}")"
is "other kernels train, too" 0 $?
is "and are told first" "provenance: revision" "$(head -n 1 "$work/log" | cut -d: -f1,2)"
said "with both" "provenance: kernels: oneDNN 9.9.9 sse41 and oneDNN"
call rerun "$work/a" --run "$first" --set schedule.isa=sse41
code=$?
if grep -qw avx2 /proc/cpuinfo; then
  is "an instruction set that was not used trains, and differs" 1 $code
  is "which is told before it trains" "provenance: kernels" "$(head -n 1 "$work/log" | cut -d: -f1,2)"
  said "and then where" "runs/$first/log.csv: step [0-9]+, .* ulps? apart"
fi
rm "$work/c/runs/$first/record.json"
call rerun "$work/c" --run "$first"
is "a run that is not finished ends with 2" 2 $?
call rerun "$work/c" --run no-such-run
is "an unknown run ends with 2" 2 $?
rm "$work/small/provenance.json"
call rerun "$work/small"
is "results of data that nobody knows end with 2" 2 $?
said "and name the file" "small/provenance.json"
call diff "$work/a" "$work/small"
is "in diff, too" 2 $?
rm "$work/b/scores.csv"
mkdir "$work/b/scores.csv"
cp "$work/a/runs/$first/model.h5" "$work/b/runs/$first/"
call diff "$work/a" "$work/b"
is "what cannot be read is bad input to diff" 2 $?
mv "$work/data.h5" "$work/moved.h5"
call rerun "$work/a" --run "$first"
is "data that are gone end with 2" 2 $?
said "and are named" "data.h5"
call rerun "$work/a" --run "$first" --set "dataset.path=$work/moved.h5"
is "where they are now can be told" 0 $?
said "for the same bytes" "^identical$"
call rerun "$work/a" --run "$first" --set "dataset.path=$work/other.h5"
is "but not of others" 2 $?
mv "$work/moved.h5" "$work/data.h5"
call rerun "$work/a" --set train.batch=32
is "another option of the run ends with 2" 2 $?
call rerun "$work/a" --sample 1 --run "$first"
is "sample and run together end with 2" 2 $?
call rerun "$work/a" --width 2
is "more width than ranks ends with 2" 2 $?

# ---- the data changed under the results ----
cp "$work/other.h5" "$work/data.h5"
before=$(cd "$work/a" && find . -type f -exec md5sum {} + | sort)
for command in "run $job -o" rerun score report classify; do
  # shellcheck disable=SC2086
  call $command "$work/a"
  is "other data end with 2 in ${command%% *}" 2 $?
  said "and say so" "other data: .* had the digest [0-9a-f]{32}"
done
rm "$work/data.h5"
for command in "run $job -o" rerun score; do
  # shellcheck disable=SC2086
  call $command "$work/a"
  is "no data end with 2 in ${command%% *}" 2 $?
  said "and name the file" "data.h5"
done
is "and the results folder stays as it was" "$before" "$(cd "$work/a" && find . -type f -exec md5sum {} + | sort)"

facts_end
