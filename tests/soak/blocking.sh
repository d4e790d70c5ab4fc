#!/bin/bash
# blocking.sh: the first rank and another, killed (-9) and stopped (-STOP) in each call in which the
# others wait: 57 cases.
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=build/release}"
export BUILD TEASEL="${TEASEL:-$PWD/$BUILD/teasel}" SOAK=1
exec bash tests/fault/test_blocking_calls.sh
