#!/bin/bash
# run.sh [NAME...]: the long tests, one after the other, each to its end whatever came of the others;
# closes with 'N passed, N failed, N skipped' and why something was skipped. NAME picks some:
#   kills disk results   of this folder, which tell what they do
#   blocking claims pause slurm hosts   tests of `make test` with more cases (SOAK=1)
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=build/release}" "${TEASEL:=$PWD/$BUILD/teasel}"
export BUILD TEASEL
[ $# -gt 0 ] || set -- kills disk blocking claims pause slurm hosts results
passed=0 failed=0 skipped=0 remarks=''
output=$(mktemp)
trap 'rm -f "$output"' EXIT
for name in "$@"; do
  case $name in
    blocking) script=tests/fault/test_blocking_calls.sh ;;
    claims) script=tests/fault/test_claims.sh ;;
    pause) script=tests/fault/test_launch_pause.sh ;;
    slurm | hosts) script=tests/cluster/test_$name.sh ;;
    *) script=tests/soak/$name.sh ;;
  esac
  begin=$SECONDS
  echo "== $name ($script)"
  SOAK=1 bash "$script" </dev/null 2>&1 | tee "$output"
  case ${PIPESTATUS[0]} in
    0) passed=$((passed + 1)); echo "== $name: passed ($((SECONDS - begin)) s)" ;;
    77) skipped=$((skipped + 1)); remarks="$remarks; skipped $name: $(tail -n 1 "$output")"; echo "== $name: skipped" ;;
    *) failed=$((failed + 1)); remarks="$remarks; FAILED $name"; echo "== $name: FAILED ($((SECONDS - begin)) s)" ;;
  esac
done
echo "$passed passed, $failed failed, $skipped skipped$remarks"
[ $failed = 0 ]
