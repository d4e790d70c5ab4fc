#!/bin/bash
# The reference sweep of this repository, results/reference/smoke, trained again on one rank and
# on two: the same log, the same record, the same weights. Made with `.ci/reference`; other kernels
# than its own give other bits, so elsewhere the test is skipped.
. "$(dirname "$0")/../facts.sh"
export TMPDIR=$work
reference=results/reference/smoke
recorded=$(sed -n 's/.*"kernels": "\(.*\)",/\1/p' $reference/provenance.json)
own=$("$TEASEL" --version | sed -n 's/^ *kernels *//p')
[ "$recorded" = "$own" ] || { echo "the reference is of $recorded, here are $own"; exit 77; }

within "$TEASEL" rerun $reference --sample 3 >"$work/log" 2>&1
[ $? = 0 ] && ok "a sample of the reference is identical" || no "a sample of the reference is identical"
[ "$(grep -c ': identical (log, record, digest of the weights)$' "$work/log")" = 3 ] && ok "three runs of it" || no "three runs of it"
within "$TEASEL" rerun $reference --sample 2 --ranks 2 --width 2 >"$work/log" 2>&1
[ $? = 0 ] && tail -n 1 "$work/log" | grep -qx identical && ok "at width 2, too" || no "at width 2, too"
facts_end
