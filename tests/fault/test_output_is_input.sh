#!/bin/bash
# A command whose output names one of its inputs, also through a link or another spelling of the
# path, is refused and leaves the input as it was.
. "$(dirname "$0")/../facts.sh"
steps=tests/oracle/steps

# title, input that must stay, output, command...
refuses() {
  local title=$1 input=$2 output=$3 before code
  shift 3
  before=$(md5sum <"$input")
  within "$@" >"$work/said" 2>&1
  code=$?
  if [ $code -eq 2 ] && grep -qF "$output: the output would replace the input $input;" "$work/said" &&
    [ "$before" = "$(md5sum <"$input")" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED  $title: exit code $code"
    cat "$work/said"
  fi
}

cp $steps/vae-beta.yaml $steps/vae-beta.in.h5 "$work/"
job=$work/vae-beta.yaml in=$work/vae-beta.in.h5
ln -s vae-beta.in.h5 "$work/symbolic.h5"
ln "$in" "$work/hard.h5"
refuses "step onto its weights" "$in" "$in" "$TEASEL" step "$job" "$in" "$in"
refuses "step onto its job" "$job" "$job" "$TEASEL" step "$job" "$in" "$job"
refuses "step through a symbolic link" "$in" "$work/symbolic.h5" "$TEASEL" step "$job" "$in" "$work/symbolic.h5"
refuses "step through a hard link" "$in" "$work/hard.h5" "$TEASEL" step "$job" "$in" "$work/hard.h5"
refuses "score-file" "$in" "$work/./vae-beta.in.h5" "$TEASEL" score-file "$in" -o "$work/./vae-beta.in.h5"

"$TEASEL" data write tubers --set count=60 --set good=20 --set size=16 -o "$work/set.h5" >"$work/said" 2>&1
printf 'reader: hdf5\npath: set.h5\n' >"$work/set.yaml"
printf 'reader: hdf5\npath: shown.png\n' >"$work/shown.yaml"
cp "$work/set.h5" "$work/shown.png"
refuses "data write onto its source" "$work/set.h5" "$work/set.h5" "$TEASEL" data write "$work/set.yaml" -o "$work/set.h5"
refuses "data write onto its configuration" "$work/set.yaml" "$work/set.yaml" "$TEASEL" data write "$work/set.yaml" -o "$work/set.yaml"
refuses "pictures onto the source" "$work/shown.png" "$work/shown.png" "$TEASEL" data write "$work/shown.yaml" -o "$work/shown.h5"

mkdir -p "$work/pictures/one"
cp "$work/set.png" "$work/pictures/one/a.png"
printf 'reader: image_folder\npath: pictures\nsize: 16\n' >"$work/pictures.yaml"
for output in a.png a.h5; do
  "$TEASEL" data write "$work/pictures.yaml" -o "$work/pictures/one/$output" >"$work/said" 2>&1
  code=$?
  if [ $code -eq 2 ] && grep -qF "one/a.png: the output would replace a file in the input folder $work/pictures;" "$work/said" &&
    cmp -s "$work/set.png" "$work/pictures/one/a.png" && [ ! -e "$work/pictures/one/a.h5" ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED  $output into the folder of pictures: exit code $code"
    cat "$work/said"
  fi
done

if "$TEASEL" data write "$work/set.yaml" -o "$work/copy.h5" >"$work/said" 2>&1 &&
  "$TEASEL" data write "$work/set.yaml" -o "$work/copy.h5" >"$work/said" 2>&1; then
  passed=$((passed + 1))
else
  failed=$((failed + 1))
  echo "FAILED  an output that is no input is written, and again"
  cat "$work/said"
fi

facts_end
