#!/bin/bash
# slurm.sh: an array of 4 over 12 runs in a real SLURM, one task cancelled, the others put back into
# the queue by limits of a minute.
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=build/release}"
export BUILD TEASEL="${TEASEL:-$PWD/$BUILD/teasel}" SOAK=1
exec bash tests/cluster/test_slurm.sh
