#!/bin/bash
# A sweep on a disk that is too small: one clear message, nothing finished is lost, and the same
# command completes it once there is room. Needs root, for a file system of its own.
. "$(dirname "$0")/../facts.sh"
disk=$work/disk
mkdir "$disk"
mount -t tmpfs -o size=700k tmpfs "$disk" 2>/dev/null || { echo "no right to mount a small disk"; exit 77; }
at_end+=('umount -l "$disk"')
job=(jobs/smoke.yaml -o "$disk/results" --set train.iterations=5)

within "$TEASEL" run "${job[@]}" >"$work/log" 2>&1
code=$?
test_that "a full disk ends with 1" "[ $code = 1 ]"
test_that "and one message names a file of the results and the remedy" \
  "grep -q \"$disk/results/.*No space left on device; free some space\" $work/log"
test_that "and leaves no half-written file" "[ -z \"\$(find $disk -name '*.part-*')\" ]"
finished=$(find "$disk" -name record.json | sort)
test_that "some runs were finished before" "[ -n \"\$finished\" ]"
for record in $finished; do
  h5dump -H "${record%record.json}model.h5" >/dev/null 2>&1 || no "$record has its weights"
done
before=$(stat -c '%n %i %y' $finished)
mount -o remount,size=100m "$disk"
within "$TEASEL" run "${job[@]}" >"$work/log" 2>&1
code=$?
test_that "with room the same command ends with 0" "[ $code = 0 ]"
test_that "and repeats nothing" "[ \"\$before\" = \"\$(stat -c '%n %i %y' \$finished)\" ]"
test_that "and writes the report" "[ -s $disk/results/report.html ]"

# Full while two ranks have just made latents.h5: parallel HDF5 can neither write nor close it.
mpicc -std=c17 -D_GNU_SOURCE -shared -fPIC -o "$work/fault.so" tests/fault/mpi_fault.c || no "the library of faults"
rm -f "$disk"/results/{latents.h5,scores.h5,scores.csv,report.html}
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0
MPI_FAULT="0 MPI_Barrier 1 19 $work/met" within "$TEASEL" launch -n 2 \
  --mpirun "--oversubscribe --mca mpi_yield_when_idle 1 -x LD_PRELOAD=$work/fault.so -x MPI_FAULT" "${job[@]}" >"$work/log" 2>&1 &
process=$!
wait_for '[ -e "$work/met" ]' $process
dd if=/dev/zero of="$disk/filler" bs=4096 2>/dev/null
kill -CONT $(pgrep -f "^$TEASEL run .*-o $disk/results ")
wait $process
code=$?
test_that "a disk that fills while latents.h5 is made ends with 1" "[ $code = 1 ]"
test_that "and one message names it and the remedy" "grep -q \"$disk/results/latents.h5: .*No space left on device; free some space\" $work/log"
test_that "and nothing crashes" "! grep -qi 'segmentation\|signal: ' $work/log"
test_that "and leaves no half-written file" "[ -z \"\$(find $disk -name '*.part-*')\" ]"
rm "$disk/filler"
within "$TEASEL" run "${job[@]}" >"$work/log" 2>&1
code=$?
test_that "with room the same command ends with 0" "[ $code = 0 ]"

# A folder that nothing can be written into, and that needs nothing.
mount -o remount,ro "$disk"
for ranks in 1 2; do
  on_ranks $ranks "$TEASEL" run "${job[@]}" >"$work/log" 2>&1
  is "a complete read-only folder on $ranks ranks: nothing to do" 0 $?
  said "and says so" 'scores and report are up to date'
done
within "$TEASEL" launch -n 2 "${job[@]}" >"$work/log" 2>&1
is "nor has teasel launch" 0 $?
said "which says so" 'scores and report are up to date'
within "$TEASEL" run "${job[@]}" --set score.udr.points=100 >"$work/log" 2>&1
is "one that has to be scored anew is refused" 1 $?
said "with the reason" "$disk/results: cannot make|$disk/results: cannot write into the folder"
export TMPDIR=$work
within "$TEASEL" launch -n 2 --restarts 2 "${job[@]}" --set score.udr.points=100 >"$work/log" 2>&1
is "also by teasel launch" 1 $?
is "which leaves no word of it" "" "$(find "$work" -name 'teasel-launch.*')"

# A data set whose cache has no room: nothing at all, not for its samples (27 KiB), not for what follows.
mount -o remount,rw,size=8m "$disk"
tiny_job cached <<'END'
latent: 2
train: {iterations: 3, batch: 16}
families:
  - model: beta_vae
END
share=(--set schedule.cache="$disk/cache")
mkdir "$disk/cache"
for free in 0 16 28; do # KiB
  for ranks in 1 2; do
    rm -f "$disk/cache"/* "$disk/filler"
    head -c $((($(df --output=avail -k "$disk" | tail -1) - free) * 1024)) /dev/zero >"$disk/filler"
    on_ranks $ranks "$TEASEL" run "$work/job.yaml" -o "$work/cached" "${share[@]}" >"$work/log" 2>&1
    is "$free KiB for a cache, ranks: $ranks: ends with 1" 1 $?
    is "$free KiB for a cache, ranks: $ranks: one message with its path and the remedy" 1 \
      "$(grep '^teasel:' "$work/log" | grep -c "$disk/cache/tubers-.*\.cache: .*No space left on device; free some space.*schedule.cache")"
    is "$free KiB for a cache, ranks: $ranks: nothing of it is left" "" "$(ls "$disk/cache" | grep -v 'lock$')"
  done
done
fact "and nothing was begun" test ! -e "$work/cached"
rm "$disk/filler"
within "$TEASEL" run "$work/job.yaml" -o "$work/cached" "${share[@]}" >"$work/log" 2>&1
is "with room the same command ends with 0" 0 $?
facts_end
