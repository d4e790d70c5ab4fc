#!/bin/bash
# A few of the random damages of tests/soak/results.sh; `make soak` does many, and every file in
# every way. SEED repeats what failed.
cd "$(dirname "$0")/../.." || exit 1
MUTATIONS=${MUTATIONS:-40} ONLY_RANDOM=yes SEED=${SEED:-4} exec bash tests/soak/results.sh
