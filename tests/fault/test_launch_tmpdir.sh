#!/bin/bash
# `teasel launch` where mpirun could not keep its session in $TMPDIR: one line says so, and mpirun,
# which would write pages that name no folder, is not started.
. "$(dirname "$0")/../facts.sh"
tiny_job place <<'END'
latent: 2
train: {iterations: 3, batch: 16, shards: 2}
families:
  - model: beta_vae
END
launch() { # folder for $TMPDIR, more
  TMPDIR=$1 within "$TEASEL" launch -n 2 "$work/job.yaml" --train-only "${@:2}" -o "$work/results" >"$work/log" 2>&1
}
# title, exit code, folder, words
is_told() {
  is "$1: ends with $2" "$2" "$code"
  is "$1: in one line" 1 "$(wc -l <"$work/log")"
  said "$1: that names it, why, and what to do" "^teasel: $3: mpirun .*$4.*set TMPDIR to another"
  test_that "$1: and nothing is made" "[ ! -e '$work/results' ]"
}

launch "$work/none/deep"; code=$?
is_told "no folder" 2 "$work/none/deep" "which is none"
test_that "no folder: nor that one" "[ ! -e '$work/none' ]"
echo >"$work/file"
launch "$work/file"; code=$?
is_told "a file" 2 "$work/file" "which is none"

disk=$work/disk
mkdir "$disk"
if mount -t tmpfs -o size=4m tmpfs "$disk" 2>/dev/null; then
  at_end+=('umount -l "$disk"')
  launch "$disk"; code=$?
  is_told "a small disk" 1 "$disk" "No space left on device; free some space"
  mount -o remount,ro "$disk"
  launch "$disk"; code=$?
  is_told "a read-only one" 1 "$disk" "Read-only file system"
  mount -o remount,rw,size=9m "$disk"
  launch "$disk"
  is "one of 9 MiB is large enough" 0 $?
  is "and empty again" "" "$(ls -A "$disk")"
else
  echo "no right to mount a small disk"
fi

# Where the session is elsewhere, $TMPDIR does not count.
rm -rf "$work/results"
mkdir "$work/elsewhere"
launch "$work/none" --mpirun "--oversubscribe --mca mpi_yield_when_idle 1 --mca orte_tmpdir_base $work/elsewhere"
is "a session that the user puts elsewhere" 0 $?

# Nor has Open MPI a word to say where the ranks refuse something, or fail.
launch "$work" --set schedule.width=8
is "what the ranks refuse ends with 2" 2 $?
said "as they say" "^teasel: schedule.width: a run on 8 ranks needs as many"
silent "and nobody else does" "PMIX|ORTE"
run=$(ls -d "$work"/results/runs/* | head -n 1)
rm -r "$run"
mkdir -p "$run/log.csv"
launch "$work"
is "what fails there ends with 1" 1 $?
said "as they say" "^teasel: .*log.csv"
silent "and nobody else does" "PMIX|ORTE"
facts_end
