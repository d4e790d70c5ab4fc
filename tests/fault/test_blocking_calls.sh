#!/bin/bash
# A rank that is killed (-9), or stands still (-STOP), as it enters a call in which the others wait
# without an end of their own: the start of MPI, the collectives of parallel HDF5, the votes of
# encoding and scoring, MPI_Finalize. Nothing hangs: a message says why, the launcher ends (with 0
# where it could start again by itself), nothing is left running, and the same command completes with
# the bytes of an undisturbed sweep.
# SOAK=1: each such call, for the first and another rank, with both signals.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0
mpicc -std=c17 -D_GNU_SOURCE -shared -fPIC -o "$work/fault.so" tests/fault/mpi_fault.c || exit 1
job=(jobs/smoke.yaml --set "schedule.cache=$work/cache" --set "seeds=[0]"
  --set train.iterations=4)
bytes() { (cd "$work/$1" && md5sum runs/*/model.h5 latents.h5 scores.h5 scores.csv | md5sum); }
timeout 200 "$TEASEL" run "${job[@]}" -o "$work/whole" >"$work/whole.log" 2>&1 </dev/null ||
  { cat "$work/whole.log"; echo "the sweep did not run"; exit 1; }

# What is said, so that the cases may run side by side: they wait more than they work.
report() { # case, words
  local name=$1
  shift
  echo "$*" >>"$work/$name.report"
}
# folder, signal. A death is seen at once, so there a busy machine gets its time; silence is waited
# for, ten times as long as that while runs are scored.
launch() {
  local seconds=20
  [ "$2" = 19 ] && seconds=3
  timeout -s KILL 400 "$TEASEL" launch -n 3 --mpirun "--oversubscribe --mca mpi_yield_when_idle 1 -x LD_PRELOAD=$work/fault.so -x MPI_FAULT" \
    "${job[@]}" --set schedule.peer_seconds=$seconds -o "$work/$1" </dev/null
}
# case, wanted exit code (-: any), fault: on runs that are trained already
check() {
  local name=$1 wanted=$2 begin=$SECONDS code fault=$3
  mkdir "$work/$name"
  cp -r "$work/whole/runs" "$work/whole/job.used.yaml" "$work/whole/provenance.json" "$work/$name"
  set -- $fault # rank, call, number, signal, a file of the folder
  MPI_FAULT="$1 $2 $3 $4 $work/$name.met${5:+ $work/$name/$5}" launch "$name" "$4" >"$work/$name.log" 2>&1
  code=$?
  if ! grep -q 'meets signal' "$work/$name.log"; then # on a machine that is too busy
    if grep -q 'has not answered' "$work/$name.log"; then report "$name" "skipped $name: a rank was lost before"
    else report "$name" "FAILED  $name: the call was not met"; fi
    return
  fi
  # On a machine that is too busy another rank may be lost as well.
  grep -q 'has not answered' "$work/$name.log" && wanted=-
  if [ $code = "$wanted" ] || { [ "$wanted" = - ] && [ $code -le 1 ]; }; then report "$name" "ok      $name: ends with $code after $((SECONDS - begin)) s"
  else report "$name" "FAILED  $name: exit code $code after $((SECONDS - begin)) s"; fi
  if [ "$2" != MPI_Finalize ]; then
    if grep -qE 'has died|has not come to an end|has not answered' "$work/$name.log"; then report "$name" "ok      $name: a message says why"
    else report "$name" "FAILED  $name: no message"; fi
  fi
  for _ in $(seq 600); do pgrep -f -- "-o $work/$name( |\$)" >/dev/null || break; sleep 0.1; done
  if pgrep -f -- "-o $work/$name( |\$)" >/dev/null; then report "$name" "FAILED  $name: something is left running"
  else report "$name" "ok      $name: nothing is left running"; fi
  timeout 200 "$TEASEL" run "${job[@]}" -o "$work/$name" >"$work/$name.again" 2>&1 </dev/null
  code=$?
  if [ $code = 0 ] && [ "$(bytes "$name")" = "$(bytes whole)" ]; then report "$name" "ok      $name: the same command completes, with the same bytes"
  else report "$name" "FAILED  $name: the same command ends with $code"; cat "$work/$name.again" >>"$work/$name.log"; fi
}
# lines "CASE WANTED FAULT", three at a time
check_all() {
  local name wanted fault
  while read -r name wanted fault; do
    while [ "$(jobs -rp | wc -l)" -ge 3 ]; do wait -n; done
    check "$name" "$wanted" "$fault" &
  done
  wait
}
if [ -z "${SOAK:-}" ]; then
  check_all <<'END'
still-coordinator - 0 MPI_File_write_at_all 5 19
still-score 0 2 MPI_Isend 2 19 latents.h5
killed-start 1 0 MPI_Allgather 1 9
killed-write 0 1 MPI_File_write_at_all 5 9
killed-score 0 1 MPI_Isend 2 9 latents.h5
killed-end 0 1 MPI_Finalize 1 9
END
else
  for rank in 0 2; do
    for signal in 9 19; do
      for call in Comm_dup_1 Allgather_1 Comm_dup_4 File_open_1 File_set_size_1 Barrier_1 Allreduce_1 \
        File_write_at_all_1 File_write_at_all_9 File_sync_1 File_close_1; do
        # In the start of MPI the end comes after 300 s: once.
        [ $signal = 19 ] && case $call in Comm_dup_1 | Allgather_1) [ $rank$call = 0Allgather_1 ] || continue ;; esac
        echo "rank$rank-signal$signal-$call - $rank MPI_${call%_*} ${call##*_} $signal"
      done
      for number in 1 3 6; do
        echo "rank$rank-signal$signal-score$number - $rank MPI_Isend $number $signal latents.h5"
      done
      echo "rank$rank-signal$signal-Finalize 0 $rank MPI_Finalize 1 $signal"
    done
  done | check_all
fi
cat "$work"/*.report
for name in $(grep -l FAILED "$work"/*.report); do
  echo "-- $(basename "$name" .report)"
  tail -n 25 "${name%.report}.log"
done
failed=$(cat "$work"/*.report | grep -c '^FAILED')
echo "$(cat "$work"/*.report | grep -c '^ok') passed, $failed failed"
[ "$failed" = 0 ]
