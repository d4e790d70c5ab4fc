#!/bin/bash
# A signal while a data set is read into its cache, which may take hours: the reading is ended, nothing
# of it is left, every rank ends with 75, and the same command makes the whole cache.
. "$(dirname "$0")/../facts.sh"
tiny_job cached <<'END'
latent: 2
train: {iterations: 3, batch: 16, shards: 2}
families:
  - model: beta_vae
END
gcc -std=c17 -D_GNU_SOURCE -shared -fPIC -o "$work/fault.so" tests/fault/read_fault.c -ldl || { no "the library of faults"; exit 1; }
magic="\x93NUMPY\1\0" header="{'descr': '|u1', 'fortran_order': False, 'shape': (120, 3, 8, 8), }"
{ printf "$magic\x76\0%-117s\n" "$header"; head -c 23040 "$TEASEL"; } >"$work/x.npy"
printf 'reader: npy\npath: ./x.npy\n' >"$work/npy.yaml"
sed 's/data\.yaml/npy.yaml/' "$work/job.yaml" >"$work/npy-job.yaml"
# A process that reads x.npy stands still as it opens it, and does not end by itself.
stands=(env --default-signal=TERM,INT,USR1,HUP,XCPU "LD_PRELOAD=$work/fault.so" "READ_FAULT=-1 /x.npy $(kill -l STOP)")
reader() {
  local id
  for id in $(pgrep -f "^$TEASEL .*$work/"); do
    ! grep -qs '^State:.T' "/proc/$id/status" || { echo "$id"; return; }
  done
}
parts() { ls "$work/cache/teasel" 2>/dev/null | grep -v 'lock$'; }
ended() { wait_for "! alive $process" && wait $process; }
# title, signal, command...: the signal comes while the file is read
stopped() {
  local title=$1 signal=$2 id
  shift 2
  start "$work/log" "${stands[@]}" "$@"
  wait_for '[ -n "$(parts)" ] && [ -n "$(reader)" ]' $process
  id=$(reader)
  kill -"$signal" $process
  ended
  is "$title: ends with 75" 75 $?
  said "$title: says what to do" "^teasel: .*npy.*run the same command again"
  is "$title: no half cache is left" "" "$(parts)"
  fact "$title: nor who made it" eval "! alive $id"
}
for signal in TERM INT USR1 HUP XCPU; do
  stopped "$signal to run" $signal "$TEASEL" run "$work/npy-job.yaml" -o "$work/r"
done
stopped "TERM to data info" TERM "$TEASEL" data info "$work/npy.yaml"
stopped "INT to data write" INT "$TEASEL" data write "$work/npy.yaml" -o "$work/x.h5"
stopped "HUP to plan" HUP "$TEASEL" plan "$work/npy-job.yaml" --gflops 1 --ids
stopped "TERM to launch" TERM "$TEASEL" launch -n 2 "$work/npy-job.yaml" -o "$work/r"
fact "nothing was begun" test ! -e "$work/r"

# One rank alone hears of it, the one that reads or the one that waits for it.
for rank in reads waits; do
  start "$work/log" "${stands[@]}" mpirun --oversubscribe --mca mpi_yield_when_idle 1 -n 2 "$TEASEL" run "$work/npy-job.yaml" -o "$work/r"
  wait_for '[ -n "$(parts)" ] && [ -n "$(reader)" ]' $process
  id=$(reader) parent=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$(reader)/status")
  [ $rank = reads ] || parent=$(pgrep -f "^$TEASEL .*$work/r" | grep -vx -e "$id" -e "$parent")
  kill -USR1 "$parent"
  ended
  said "USR1 to the one of 2 ranks that $rank ends both" "^teasel: .*run the same command again"
  silent "USR1 to the one of 2 ranks that $rank: no rank is lost" "died|lost"
  is "USR1 to the one of 2 ranks that $rank: no half cache is left" "" "$(parts)"
done

# A reader that works, and needs longer than any patience.
start "$work/log" env --default-signal=TERM "$TEASEL" data info "$work/data.yaml" --set count=1000000
wait_for '[ -n "$(parts)" ]' $process
kill -TERM $process
ended
is "TERM while samples are drawn ends with 75" 75 $?
is "and leaves nothing" "" "$(parts)"

# Killed: what is left goes when the same command comes again; what lives stays.
start "$work/log" "${stands[@]}" "$TEASEL" data info "$work/npy.yaml"
wait_for '[ -n "$(parts)" ] && [ -n "$(reader)" ]' $process
killed=$(parts)
kill -KILL $process
ended
fact "killed while it is read: the reader ends, too" wait_for '[ -z "$(reader)" ]'
is "and leaves a part" "$killed" "$(parts)"
start "$work/log" "${stands[@]}" "$TEASEL" data info "$work/npy.yaml"
wait_for '[ -n "$(parts | grep -v "$killed")" ] && [ -n "$(reader)" ]' $process
fact "which the next start removes" test ! -e "$work/cache/teasel/$killed"
living=$(parts)
within "$TEASEL" data info "$work/data.yaml" >"$work/log2" 2>&1
is "and leaves the part of one that lives" "$living" "$(parts | grep -v ^tubers)"
kill -TERM $process
ended
is "until that ends" "" "$(parts | grep -v ^tubers)"

for start in within "on_ranks 2"; do
  rm -rf "$work/cache" "$work/r"
  $start "$TEASEL" run "$work/npy-job.yaml" -o "$work/r" >"$work/log" 2>&1
  is "the same command completes: $start" 0 $?
done
facts_end
