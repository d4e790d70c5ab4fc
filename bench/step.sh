#!/bin/bash
# step.sh [NETWORK [BATCH [ROUNDS]]]: one training step on one core, teasel beside PyTorch.
# The programs take turns on the same core, so that whatever else the machine does meets all of
# them: the median over rounds of each round's median step, and the fastest step of all, which
# a busy machine spoils least. Needs python3 with torch.
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
    sed -n 's/.* median \([0-9.]*\) ms, fastest \([0-9.]*\) ms.*/teasel \1 \2/p' >>"$times" || exit 1
  for layout in contiguous channels_last; do
    taskset -c "$core" python3 bench/step_pytorch.py "configs/networks/$network.yaml" \
      --batch "$batch" --steps 12 --layout $layout >>"$times" || exit 1
  done
done

median() { # of a program's lines
  sed -n "s/^$1 \([0-9.]*\) .*/\1/p" "$times" | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}
fastest() {
  sed -n "s/^$1 [0-9.]* \([0-9.]*\)/\1/p" "$times" | sort -n | head -n 1
}
row() { # title, program
  awk -v title="$1" -v m="$(median "$2")" -v f="$(fastest "$2")" -v om="$(median teasel)" -v of="$(fastest teasel)" \
    'BEGIN {printf "  %-24s %8.1f %7.2f %10.1f %7.2f\n", title, m, m / om, f, f / of}'
}
echo "$network, beta_vae, batch $batch, Adam, one core, whole step, $rounds rounds ($(python3 -c 'import torch; print("PyTorch", torch.__version__)'))"
printf '  %-24s %8s %7s %10s %7s\n' program "median ms" ratio "fastest ms" ratio
row teasel teasel
row "PyTorch contiguous" pytorch-contiguous
row "PyTorch channels_last" pytorch-channels_last
