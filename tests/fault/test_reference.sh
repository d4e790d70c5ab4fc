#!/bin/bash
# The reference sweep of this repository, results/reference/smoke, trained again on one rank and
# on two: the same log, the same record, the same weights. Made with `.ci/reference`; other kernels
# than its own give other bits, so elsewhere the test is skipped.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache TMPDIR=$work
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
passed=0 failed=0
ok() { passed=$((passed + 1)); echo "ok      $1"; }
no() { failed=$((failed + 1)); echo "FAILED  $1"; tail -n 20 "$work/log"; }
reference=results/reference/smoke
recorded=$(sed -n 's/.*"kernels": "\(.*\)",/\1/p' $reference/provenance.json)
own=$("$TEASEL" --version | sed -n 's/^ *kernels *//p')
[ "$recorded" = "$own" ] || { echo "the reference is of $recorded, here are $own"; exit 77; }

timeout 100 "$TEASEL" rerun $reference --sample 3 >"$work/log" 2>&1 </dev/null
[ $? = 0 ] && ok "a sample of the reference is identical" || no "a sample of the reference is identical"
[ "$(grep -c ': identical (log, record, digest of the weights)$' "$work/log")" = 3 ] && ok "three runs of it" || no "three runs of it"
timeout 100 "$TEASEL" rerun $reference --sample 2 --ranks 2 --width 2 >"$work/log" 2>&1 </dev/null
[ $? = 0 ] && tail -n 1 "$work/log" | grep -qx identical && ok "at width 2, too" || no "at width 2, too"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
