#!/bin/bash
# disk.sh: a disk (a small tmpfs) that is full at random places of a sweep, until PLACES (50) sweeps
# have ended for it: with a random number of bytes left for all of it, for what follows training, for
# what is left once scoring or the report has begun, or full at a random moment; on one rank and on
# two. Each time: an end with a message that names a file and the remedy, what was finished intact, no
# half-written file; and with room again the same command completes with the bytes of a sweep that had
# room, and repeats nothing. A sweep that had room enough is looked at too, and not counted. Needs
# root, for a file system of its own. SEED chooses what is repeated.
. "$(dirname "$0")/../facts.sh"
: "${PLACES:=50}" "${SEED:=$$}"
disk=$work/disk results=$work/disk/results filler=$work/disk/filler
RANDOM=$SEED
mkdir "$disk"
mount -t tmpfs -o size=64m tmpfs "$disk" 2>/dev/null || { echo "no right to mount a small disk"; exit 77; }
at_end+=('for id in $(members); do kill -KILL "$id" 2>/dev/null; done; umount -l "$disk"')
echo "SEED=$SEED PLACES=$PLACES"

tiny_job disk norm <<'END'
latent: 4
train: {iterations: 200, batch: 16, shards: 4, log_every: 5}
seeds: [0, 1]
score: {udr: {points: 60}, factors: {points: 60, votes: 0}}
families:
  - model: beta_vae
    beta: [1, 4]
END
run() { # folder, arguments...: on $ranks
  local folder=$1
  shift
  set -- "$work/job.yaml" -o "$folder" --set "schedule.cache=$work/cache" --set train.checkpoint_seconds=0.1 "$@"
  if [ "$ranks" = 1 ]; then timeout -k 5 300 "$TEASEL" run "$@"; else timeout -k 5 300 "$TEASEL" launch -n "$ranks" --mpirun --oversubscribe "$@"; fi >"$work/log" 2>&1 </dev/null
}
members() { pgrep -f -- "-o $results " 2>/dev/null; }
sums() { (cd "$1" && md5sum latents.h5 scores.h5 scores.csv udr_*.csv figures/*.svg runs/*/model.h5 runs/*/log.csv); }
bytes_of() { du -s --block-size=4096 "$1" | cut -f1; } # blocks of 4 KiB, as a tmpfs counts
fill() { # all but so many blocks
  dd if=/dev/zero of="$filler" bs=4096 2>/dev/null
  truncate -s -$((($1 < 16000 ? $1 : 16000) * 4096)) "$filler"
}
fill_now() { # the same while all stand still, or what was just opened would keep its room
  local all
  all=$(members)
  [ -n "$all" ] && kill -STOP $all 2>/dev/null
  fill "$1"
  [ -n "$all" ] && kill -CONT $all 2>/dev/null
}
fail() { keep_work=yes; no "$1"; }
random() { echo $(((RANDOM * 32768 + RANDOM) % $1)); }

ranks=1
begin=$(date +%s%N)
run "$work/whole" || { tail -n 20 "$work/log"; echo "FAILED  the undisturbed sweep"; exit 1; }
span=$((($(date +%s%N) - begin) / 1000000)) # milliseconds
run "$work/trained" --train-only || { echo "FAILED  the undisturbed training"; exit 1; }
expected=$(sums "$work/whole")
all=$(bytes_of "$work/whole") later=$((all - $(bytes_of "$work/trained")))

full=0 harmless=0
declare -A where
for ((place = 1; full < PLACES && place <= 10 * PLACES; place++)); do
  ranks=$((place % 2 + 1))
  rm -rf "${disk:?}"/*
  case $((place % 4)) in
    0) kind="room for $(random "$all") of $all blocks"
      fill "$(echo "$kind" | cut -d' ' -f3)"
      run "$results"; code=$? ;;
    1) cp -r "$work/trained" "$results"
      kind="trained, room for $(random "$later") of $later blocks"
      fill "$(echo "$kind" | cut -d' ' -f4)"
      run "$results"; code=$? ;;
    2) pause=$(random $span)
      kind="full after $pause ms"
      run "$results" &
      process=$!
      sleep "$((pause / 1000)).$(printf %03d $((pause % 1000)))"
      fill_now 0
      wait $process; code=$? ;;
    3) cp -r "$work/trained" "$results"
      words=scoring
      [ $((RANDOM % 2)) = 0 ] && words="writing the report"
      kind="room for $(random 32) blocks while $words"
      : >"$work/log"
      run "$results" &
      process=$!
      until grep -q "teasel: $words" "$work/log" || ! kill -0 $process 2>/dev/null; do :; done
      fill_now "$(echo "$kind" | cut -d' ' -f3)"
      wait $process; code=$? ;;
  esac
  kind="$place: $kind, $ranks ranks"
  if [ $code = 0 ]; then
    harmless=$((harmless + 1))
  elif [ $code != 1 ]; then
    fail "$kind: exit code $code"; continue
  elif ! grep -q "$disk/.*No space left on device; free some space" "$work/log"; then
    fail "$kind: no clear message"; continue
  else
    full=$((full + 1))
  fi
  # A file that this place was full for.
  for file in $(grep -o "$disk/[^ ]*: [a-z ]*: No space" "$work/log" | cut -d: -f1 | sort -u); do
    name=$(basename "$file")
    case $file in */ledger/*) name=ledger ;; */figures/*) name=figures ;; *claim.*) name=claim ;; esac
    where[$name]=$((${where[$name]:-0} + 1))
  done
  parts=$(find "$disk" -name '*.part-*')
  [ -z "$parts" ] || { fail "$kind: leaves $parts"; continue; }
  intact=1 finished=''
  for record in "$results"/runs/*/record.json; do
    [ -e "$record" ] || continue
    finished="$finished $record"
    model=${record%record.json}model.h5
    [ "$(md5sum <"$model")" = "$(md5sum <"$work/whole/${model#"$results/"}")" ] || intact=0
  done
  [ $intact = 1 ] || { fail "$kind: a finished run has other weights"; continue; }
  before=$([ -z "$finished" ] || stat -c '%n %i %y' $finished)
  rm "$filler"
  run "$results"; code=$?
  after=$([ -z "$finished" ] || stat -c '%n %i %y' $finished)
  if [ $code != 0 ]; then fail "$kind: with room it ends with $code"
  elif [ "$(sums "$results")" != "$expected" ]; then fail "$kind: other bytes"; diff <(sums "$results") <(echo "$expected")
  elif [ "$before" != "$after" ]; then fail "$kind: a finished run was trained again"
  elif [ ! -s "$results/report.html" ]; then fail "$kind: no report"
  else ok "$kind"; fi
done
[ "$full" -ge "$PLACES" ] || fail "only $full sweeps met a full disk"
echo "$full sweeps ended for a full disk:$(for name in "${!where[@]}"; do echo " $name ${where[$name]}"; done | sort | tr '\n' ','); $harmless had room enough"
facts_end
