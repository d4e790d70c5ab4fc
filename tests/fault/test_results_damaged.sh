#!/bin/bash
# Every file of a results folder missing, empty, cut in half, another's, or a folder: every command
# but run (test_results_files.sh) ends by itself with an exit code of its own, and names what is
# wrong.
. "$(dirname "$0")/../facts.sh"
export TMPDIR=$work/tmp
mkdir "$work/tmp"

tiny_job whole conv <<'END'
latent: 2
train: {iterations: 10, batch: 16, shards: 2}
seeds: [0, 1]
families:
  - {model: beta_vae, beta: [1]}
score:
  udr: {points: 50}
END
"$TEASEL" run "$work/job.yaml" -o "$work/whole" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
run=$(basename "$(ls -d "$work"/whole/runs/* | head -n 1)")
cp "$work"/whole/figures/reconstruction_beta_vae.png "$work/picture.png"

damage() { # kind, file
  case $1 in
    missing) rm -r "$2" ;;
    empty) : >"$2" ;;
    half) truncate -s $(($(stat -c %s "$2") / 2)) "$2" ;;
    foreign) rm -r "$2"; printf '\\documentclass{book}\n' >"$2" ;;
    folder) rm "$2"; mkdir "$2" ;;
  esac
}
call() {
  case $1 in
    encode) within "$TEASEL" encode "$work/copy" --run "$run" "$work/picture.png" -o "$work/out.csv" ;;
    diff) within "$TEASEL" diff "$work/whole" "$work/copy" ;;
    *) within "$TEASEL" "$1" "$work/copy" ;;
  esac  >"$work/log" 2>&1
}
try() { # file, kinds, commands
  local file=$1 kind command code
  for kind in $2; do
    for command in $3; do
      rm -rf "$work/copy"
      cp -R "$work/whole" "$work/copy"
      damage "$kind" "$work/copy/$file"
      call "$command"
      code=$?
      case $code in
        0 | 75) ok "$file $kind: $command ends with $code" ;;
        1 | 2) # a message, or an answer
          if [ -s "$work/log" ] && ! grep -qiE 'defect|segmentation|assert' "$work/log"; then ok "$file $kind: $command ends with $code"; else no "$file $kind: $command says why"; fi ;;
        *) no "$file $kind: $command ends with $code" ;;
      esac
      [ "$code" = 2 ] && { grep -qE "copy|$(basename "$file")" "$work/log" && ok "$file $kind: $command names the place" || no "$file $kind: $command names the place"; }
    done
  done
}
try job.used.yaml "missing empty half foreign" "status diff score"
try provenance.json "missing half foreign" "status diff report"
try latents.h5 "missing half foreign folder" "diff score report"
try scores.h5 "missing half foreign folder" "diff score report"
try scores.csv "half foreign folder" diff
try "runs/$run/record.json" "missing half foreign folder" "status encode diff score report"
try "runs/$run/model.h5" "missing empty half foreign folder" "encode diff"
try "runs/$run/log.csv" "missing half foreign folder" "diff report"
try ledger.tsv "half foreign" status
try "runs/$run" "missing foreign" "status encode diff"
try runs "missing foreign" "status diff score report"
facts_end
