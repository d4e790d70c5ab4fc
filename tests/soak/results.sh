#!/bin/bash
# results.sh: damages files of results folders, a finished one and one whose process was killed, and
# gives them to every command: each ends by itself with an exit code of its own, says what is wrong
# and where, and no sanitizer has anything to tell. First MUTATIONS (600) random damages of random
# files, by SEED; then, unless ONLY_RANDOM is set, every file missing, foreign, of a newer format, a
# folder, and cut at every tenth of its length, with every command.
. "$(dirname "$0")/../facts.sh"
: "${MUTATIONS:=600}" "${SEED:=$$}" "${ONLY_RANDOM:=}"
RANDOM=$SEED
patience=120
echo "SEED=$SEED MUTATIONS=$MUTATIONS"
# In memory where there is some: hundreds of folders are copied and synced.
fast=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
at_end+=("rm -rf $fast")
copy=$fast/copy

tiny_job damaged dense "$fast" <<'EOF'
latent: 2
train: {iterations: 150, batch: 16, shards: 2, log_every: 50, learning_rate: 5.0e-3}
seeds: [1, 2]
score: {udr: {points: 40, informative_kl: 1.0e-6}, factors: {points: 40, votes: 0}}
families:
  - model: beta_vae
EOF
sed -i "s/^good: .*/good: 60/" "$fast/data.yaml"
keep=(--set "schedule.cache=$fast/cache" --set schedule.claim_seconds=1)
within "$TEASEL" run "$fast/job.yaml" -o "$fast/whole" "${keep[@]}" >"$work/log" 2>&1 || { no "a sweep that nothing happened to"; facts_end; exit 1; }
one=$(basename "$(ls -d "$fast/whole/runs/"* | head -n 1)")
within "$TEASEL" classify "$fast/whole" --run "$one" --labels 20 >"$work/log" 2>&1 || no "classify"
within "$TEASEL" report "$fast/whole" >"$work/log" 2>&1 || no "report"
cp "$(find "$fast/whole/figures" -name '*.png' | head -n 1)" "$fast/picture.png"
# Another one stands still in its middle and is killed there: checkpoints, claim, progress are left.
start "$work/log" "$TEASEL" run "$fast/job.yaml" -o "$fast/half" "${keep[@]}" --set train.checkpoint_seconds=0
hold_when $process "[ -n \"\$(find $fast/half/runs -name checkpoint.previous.h5 2>/dev/null)\" ]" || no "a sweep is killed in its middle"
finish_off $process

foreign() { # file, number
  case $(($2 % 5)) in
    0) printf '\211PNG\r\n\032\n this is a picture\n' >"$1" ;;
    1) printf '\\documentclass{book}\n%s\n' "$RANDOM" >"$1" ;;
    2) cat "$fast/whole/scores.h5" >"$1" ;;
    3) printf '{"format": "none", "outcome": 3, "steps": [1, {"x": null}], "terms": "no"}\n' >"$1" ;;
    4) cat "$fast/whole/runs/$one/log.csv" >"$1" ;;
  esac
}
flip() { # file, bits
  local size=$(stat -c %s "$1") at i old
  [ "$size" -gt 0 ] || return
  for ((i = 0; i < $2; i++)); do
    at=$(((RANDOM << 15 | RANDOM) % size))
    old=$(od -An -tu1 -j $at -N 1 "$1")
    printf "\\x$(printf %02x $((old ^ 1 << RANDOM % 8)))" | dd of="$1" bs=1 seek=$at conv=notrunc status=none
  done
}
damage() { # kind, file
  local size=$(stat -c %s "$2")
  case $1 in
    missing) rm "$2" ;;
    folder) rm "$2" && mkdir "$2" ;;
    dangling) rm "$2" && ln -s /nonexistent/file "$2" ;;
    foreign*) foreign "$2" "${1#foreign}" ;;
    newer) sed -i 's/"format": *[0-9]*/"format": 99/; s/^format 0001/format 0099/; s/^# teasel.*/# teasel 99.0/' "$2" ;;
    cut*) truncate -s $((size * ${1#cut} / 10)) "$2" ;;
    byte) truncate -s $((size > 0 ? (RANDOM << 15 | RANDOM) % size : 0)) "$2" ;;
    longer) printf 'and more\n' >>"$2" ;;
    zeros) [ "$size" -gt 0 ] && dd if=/dev/zero of="$2" bs=64 count=1 seek=$((RANDOM % (size / 64 + 1))) conv=notrunc status=none ;;
    flip) flip "$2" 1 ;;
    flips) flip "$2" 20 ;;
  esac
}
commands=(run score report encode classify status rerun diff)
call() {
  case $1 in
    run) within "$TEASEL" run "$fast/job.yaml" -o "$copy" "${keep[@]}" ;;
    encode) within "$TEASEL" encode "$copy" --run "$one" "$fast/picture.png" -o "$fast/out.csv" ;;
    classify) within "$TEASEL" classify "$copy" --run "$one" --labels 20 ;;
    rerun) within "$TEASEL" rerun "$copy" --run "$one" ;;
    diff) within "$TEASEL" diff "$fast/whole" "$copy" ;;
    *) within "$TEASEL" "$1" "$copy" ;;
  esac >"$work/log" 2>&1
}
# whole|half, file below it, kind, command
try() {
  local code title="$1/$2 $3: $4" run=${2#runs/}
  rm -rf "$copy"
  cp -R "$fast/$1" "$copy"
  damage "$3" "$copy/$2"
  call "$4"
  code=$?
  if [ $code -gt 2 ] && [ $code != 75 ]; then
    no "$title ends with $code"
  elif ! grep -q 'crashed the library' "$work/log" && grep -qiE 'defect|segmentation|assert|AddressSanitizer|runtime error|stack smashing' "$work/log"; then
    no "$title: a defect"
  elif [ $code = 1 ] || [ $code = 2 ]; then # the place: the file, its run, or the folder; or the answer of a comparison
    grep -qF -e "$(basename "$2")" -e "$copy" -e "${run%%/*}" -e "different: " "$work/log" && passed=$((passed + 1)) || no "$title ends with $code and names no place"
  else
    passed=$((passed + 1))
  fi
}
files() { (cd "$fast/$1" && find . -type f -not -path './figures/*' | sed 's,^\./,,' | sort); }

mapfile -t of_whole < <(files whole)
mapfile -t of_half < <(files half)
kinds=(missing folder dangling foreign0 foreign1 foreign2 foreign3 foreign4 newer byte byte longer zeros flip flip flip flips)
for ((i = 0; i < MUTATIONS; i++)); do
  command=${commands[RANDOM % ${#commands[@]}]} kind=${kinds[RANDOM % ${#kinds[@]}]}
  if ((RANDOM % 4)); then
    try whole "${of_whole[RANDOM % ${#of_whole[@]}]}" "$kind" "$command"
  else
    try half "${of_half[RANDOM % ${#of_half[@]}]}" "$kind" "$command"
  fi
done
[ -n "$ONLY_RANDOM" ] || for command in "${commands[@]}"; do
  for kind in missing folder foreign0 foreign3 newer cut0 cut1 cut2 cut3 cut4 cut5 cut6 cut7 cut8 cut9; do
    for file in "${of_whole[@]}"; do try whole "$file" $kind "$command"; done
    for file in "${of_half[@]}"; do try half "$file" $kind "$command"; done
  done
  echo "$command: $passed passed, $failed failed so far"
done
facts_end
