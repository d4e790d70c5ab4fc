#!/bin/bash
# schedule.sh: what the schedule costs, and how near its plans come to the bound. Prints lines
# `result:`, name, value, unit, note, with tabs between.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build/release}
"$BUILD/bench/schedule" || exit 1
timeout 120 mpirun -n 2 "$BUILD/bench/schedule" no-ops || exit 1
