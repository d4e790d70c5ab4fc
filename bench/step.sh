#!/bin/bash
# step.sh [NETWORK [BATCH [ROUNDS]]]: one training step on one core, teasel beside PyTorch.
# The programs take turns on the same core, so that whatever else the machine does meets all of
# them; a figure is the median over rounds of each round's median step. Needs python3 with torch.
set -u
cd "$(dirname "$0")/.." || exit 1
network=${1:-conv64} batch=${2:-64} rounds=${3:-5}
BUILD=${BUILD:-build/release}
python3 -c 'import torch, yaml' 2>/dev/null || {
  echo "step.sh: python3 has no torch and yaml; there is nothing to compare with" >&2
  exit 77
}
core=$(taskset -cp $$ | sed 's/.*[ ,-]//')
times=$(mktemp)
trap 'rm -f "$times"' EXIT

for ((round = 0; round < rounds; round++)); do
  taskset -c "$core" "$BUILD/bench/step" "$network" beta_vae "$batch" 8 15 |
    sed -n 's/.* median \([0-9.]*\) ms.*/teasel \1/p' >>"$times" || exit 1
  for layout in contiguous channels_last; do
    taskset -c "$core" python3 bench/step_pytorch.py "configs/networks/$network.yaml" \
      --batch "$batch" --steps 12 --layout $layout >>"$times" || exit 1
  done
done

median() { # of a program's lines
  sed -n "s/^$1 \([0-9.]*\).*/\1/p" "$times" | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}
ours=$(median teasel)
echo "$network, beta_vae, batch $batch, Adam, one core, whole step, median of $rounds rounds ($(python3 -c 'import torch; print("PyTorch", torch.__version__)'))"
printf '  %-24s %8s %8s\n' program ms ratio
printf '  %-24s %8.1f %8.2f\n' teasel "$ours" 1
for layout in contiguous channels_last; do
  theirs=$(median pytorch-$layout)
  printf '  %-24s %8.1f %8.2f\n' "PyTorch $layout" "$theirs" "$(awk "BEGIN {print $theirs / $ours}")"
done
