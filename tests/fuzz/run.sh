#!/bin/bash
# run.sh [NAME...]: runs the harnesses of $BUILD/tests/fuzz (built by `make fuzz`), two at a time,
# each for FUZZ_SECONDS of processor time (half an hour), over a corpus that stays below $BUILD and
# begins with the project's own files and what seeds.c writes. A finding ends its harness; the input
# is kept beside the corpus. The last lines tell executions, processor minutes and coverage.
set -u
cd "$(dirname "$0")/../.." || exit 1
BUILD=${BUILD:-build/fuzz}
seconds=${FUZZ_SECONDS:-1800} jobs=${FUZZ_JOBS:-2}
place=$PWD/$BUILD/fuzz hertz=$(getconf CLK_TCK)
names=("$@")
[ $# -gt 0 ] || names=(yaml image hdf5 results npy idx svhn)
export ASAN_OPTIONS=${ASAN_OPTIONS:-allocator_may_return_null=1:max_allocation_size_mb=2000} LSAN_OPTIONS=${LSAN_OPTIONS:-suppressions=$PWD/tests/openmpi.supp:print_suppressions=0}
mkdir -p "$place"
scratch=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export TMPDIR=$scratch

"$BUILD/tests/fuzz/seeds" "$scratch/seeds" || exit 1
mkdir -p "$scratch/seeds/yaml"
number=0
yaml() { # kind, file...: 0 a job, 1 a network, 2 a data set
  local kind=$1 file; shift
  for file in "$@"; do
    number=$((number + 1))
    { printf "\\00$kind"; cat "$file"; } >"$scratch/seeds/yaml/$number"
  done
}
yaml 0 jobs/*.yaml tests/fault/jobs/*.yaml
yaml 1 configs/networks/*.yaml
yaml 2 configs/datasets/*.yaml
printf '\003train.batch=16' >"$scratch/seeds/yaml/set"

one() { # name
  local name=$1 folder=$place/$1 process before=0 ticks now
  mkdir -p "$folder/corpus" "$folder/found" "$folder/library"
  rm -f "$folder"/log.*
  for ((turn = 1; before / hertz < seconds; turn++)); do
    "$BUILD/tests/fuzz/fuzz_$name" -artifact_prefix="$folder/found/" -max_len=65536 -timeout=60 -rss_limit_mb=3000 \
      -malloc_limit_mb=100000 -report_slow_units=600 -print_final_stats=1 -reload=0 "$folder/corpus" "$scratch/seeds/$name" >"$folder/log.$turn" 2>&1 &
    process=$! ticks=0
    # Processor time, not time: on a busy machine half an hour may take much longer.
    while now=$(awk '{sub(/.*\) /, ""); print $12 + $13}' "/proc/$process/stat" 2>/dev/null) && [ -n "$now" ]; do
      ticks=$now
      [ $(((before + ticks) / hertz)) -lt "$seconds" ] || kill -INT $process
      sleep 1
    done
    wait $process
    before=$((before + ticks))
    # A crash inside the HDF5 library, which src/store/h5_apart.c is there for, is kept apart; then on it goes.
    [ -n "$(ls -A "$folder/found")" ] || break
    awk '/^ +#[0-9]+ / { if (/libhdf5/) { library = 1; exit } if (/(src|tests)\/[^ ]*\.[ch]:/) exit } END { exit !library }' "$folder/log.$turn" || break
    mv "$folder"/found/* "$folder/library/"
  done
  cat "$folder"/log.* | awk -v name="$name" -v used="$((before / hertz))" -v found="$(find "$folder/found" -type f | wc -l)" \
    -v library="$(find "$folder/library" -type f | wc -l)" '
    /^#[0-9]/ { for (i = 1; i < NF; i++) { if ($i == "cov:" && $(i + 1) > cov) cov = $(i + 1); if ($i == "ft:" && $(i + 1) > ft) ft = $(i + 1) } }
    /^stat::number_of_executed_units/ { executions += $2 }
    END { printf "%-8s %10d executions, %5d processor seconds, %d edges, %d features, %d findings, %d crashes inside HDF5\n", name, executions, used, cov, ft, found, library }'
  [ -z "$(ls -A "$folder/found")" ]
}
status=0
for name in "${names[@]}"; do
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || status=1; done
  one "$name" &
done
while [ -n "$(jobs -rp)" ]; do wait -n || status=1; done
exit $status
