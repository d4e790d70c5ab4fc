#!/bin/bash
# train.precision: bfloat16 is refused where the instruction set does not have it, and is part of
# a run's identity where it does.
. "$(dirname "$0")/../facts.sh"
cat >"$work/job.yaml" <<END
name: precision
dataset: $PWD/configs/datasets/tubers32.yaml
dataset.count: 160
dataset.good: 80
network: $PWD/configs/networks/conv32.yaml
train: {iterations: 3}
families: [{model: vae}]
END
run=("$TEASEL" run "$work/job.yaml" --train-only)

within "${run[@]}" -o "$work/none" --set schedule.isa=sse41 --set train.precision=bfloat16 >"$work/none.log" 2>&1
[ $? = 2 ] && ok "bfloat16 without its instructions ends with 2" || no "bfloat16 without its instructions ends with 2" "$work/none.log"
grep -q "train.precision.*AVX512-BF16.*float32" "$work/none.log" && ok "and says why and what to do" || no "and says why and what to do" "$work/none.log"
[ ! -e "$work/none" ] && ok "and writes nothing" || no "and writes nothing: $(find "$work/none")"
within "${run[@]}" -o "$work/two" --set train.precision=half >"$work/half.log" 2>&1
[ $? = 2 ] && grep -q "float32.*bfloat16" "$work/half.log" && ok "another word is refused with both" || no "another word is refused with both" "$work/half.log"
if grep -qw avx512_bf16 /proc/cpuinfo; then
  within "${run[@]}" -o "$work/two" --set 'train.precision=[float32, bfloat16]' >"$work/two.log" 2>&1
  [ $? = 0 ] && [ "$(find "$work/two/runs" -name model.h5 | wc -l)" = 2 ] && ok "an axis of both trains two runs" || no "an axis of both trains two runs" "$work/two.log"
  [ -n "$(find "$work/two/runs" -name '*precision=bfloat16*')" ] && ok "whose names tell them apart" || no "whose names tell them apart: $(ls "$work/two/runs")"
fi
facts_end
