#!/bin/bash
# The reference sweeps of this repository, results/reference/smoke and smoke-avx2, trained again on one
# rank and on two: the same log, the same record, the same weights. Made with `.ci/reference`; other
# kernels than a sweep's own give other bits, so elsewhere it is left out.
. "$(dirname "$0")/../facts.sh"
export TMPDIR=$work
own=$("$TEASEL" --version | sed -n 's/^ *kernels *//p')
tried=0

again() { # name, the kernels here
  local reference=results/reference/$1 recorded
  recorded=$(sed -n 's/.*"kernels": "\(.*\)",/\1/p' "$reference/provenance.json")
  [ "$recorded" = "$2" ] || { echo "$reference is of $recorded, here are $2"; return; }
  tried=$((tried + 1))
  within "$TEASEL" rerun "$reference" --sample 3 >"$work/log" 2>&1
  [ $? = 0 ] && ok "a sample of $1 is identical" || no "a sample of $1 is identical"
  [ "$(grep -c ': identical (log, record, digest of the weights)$' "$work/log")" = 3 ] && ok "three runs of it" || no "three runs of it"
  within "$TEASEL" rerun "$reference" --sample 2 --ranks 2 --width 2 >"$work/log" 2>&1
  [ $? = 0 ] && tail -n 1 "$work/log" | grep -qx identical && ok "at width 2, too" || no "at width 2, too"
}
again smoke "$own"
grep -qw avx2 /proc/cpuinfo && again smoke-avx2 "$(sed 's/^\(oneDNN [^ ]*\) [^,]*/\1 avx2/' <<<"$own")"
[ "$tried" -gt 0 ] || exit 77
facts_end
