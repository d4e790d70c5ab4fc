#!/bin/bash
# Ranks with different instruction sets are refused, with what to do; doing it helps, and gives
# the bytes of a rank alone with that instruction set.
. "$(dirname "$0")/../facts.sh"
grep -qw avx2 /proc/cpuinfo || { echo "this core has nothing to choose from"; exit 77; }
run=("$TEASEL" run jobs/smoke.yaml --train-only --set "seeds=[0]")
mixed() { # log, arguments...
  local log=$1
  shift
  within mpirun --oversubscribe --mca mpi_yield_when_idle 1 -n 1 "${run[@]}" "$@" : \
    -n 1 env DNNL_MAX_CPU_ISA=SSE41 "${run[@]}" "$@" >"$log" 2>&1
}
models() { (cd "$work/$1/runs" && md5sum ./*/model.h5); }

mixed "$work/mixed.log" -o "$work/mixed"
[ $? = 2 ] && ok "mixed instruction sets end with 2" || no "mixed instruction sets end with 2" "$work/mixed.log"
grep -q "schedule.isa" "$work/mixed.log" && ok "and say what to set" || no "and say what to set" "$work/mixed.log"
[ ! -e "$work/mixed" ] && ok "and write nothing" || no "and write nothing: $(find "$work/mixed")"
mixed "$work/same.log" -o "$work/same" --set schedule.isa=sse41 --set schedule.width=2
[ $? = 0 ] && ok "with it set they train" || no "with it set they train" "$work/same.log"
within "${run[@]}" -o "$work/alone" --set schedule.isa=sse41 >"$work/alone.log" 2>&1
[ $? = 0 ] && [ "$(models same)" = "$(models alone)" ] && ok "to the bytes of a rank alone" || no "to the bytes of a rank alone" "$work/alone.log"
before=$(cat "$work"/alone/runs/*/record.json | md5sum)
within "${run[@]}" -o "$work/alone" --set 'seeds=[0, 1]' >"$work/other.log" 2>&1
[ $? = 2 ] && grep -q "sse41.*schedule.isa.*another results folder" "$work/other.log" &&
  ok "a resume with other kernels is refused" || no "a resume with other kernels is refused" "$work/other.log"
[ "$before" = "$(cat "$work"/alone/runs/*/record.json | md5sum)" ] && ok "and trains nothing" || no "and trains nothing"
within "${run[@]}" -o "$work/alone" >"$work/done.log" 2>&1
[ $? = 0 ] && ok "a finished sweep has nothing to refuse" || no "a finished sweep has nothing to refuse" "$work/done.log"
facts_end
