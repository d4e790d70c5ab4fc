#!/bin/bash
# kernels.sh: our own kernels beside the library's that they replace (bench/kernels*). Prints lines
# `result:<TAB>name<TAB>value<TAB>unit<TAB>note`.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build/release}
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE # of OpenBLAS what it chooses itself
core=$(taskset -cp $$ | sed 's/.*[ ,-]//')
times=$(for program in kernels kernels_bfloat16 kernels_scores; do taskset -c "$core" "$BUILD/bench/$program" || echo failed; done)
[[ $times != *failed* ]] || exit 1

about() {
  case $1 in
    winograd) echo "oneDNN's convolutions: both gradients of the six layers of conv64 with 48 to 96 channels, through ReLU and bias, a shard" ;;
    picture) echo "oneDNN's backward-data: the values of conv64's last layer, 48 to 3 channels, a shard" ;;
    dense) echo "oneDNN's inner product: values and both gradients of the dense layers of conv64 and mlp3072, the weights' summed over the shards, a shard" ;;
    pixel) echo "oneDNN's convolution: the same of 500 to 64 channels of 9x9 from one pixel, a shard of gmvae-mnist" ;;
    winograd-bfloat16) echo "oneDNN's convolutions: the same layers' values, too, in bfloat16" ;;
    from-picture-bfloat16) echo "oneDNN's convolution: conv64's first layer, 3 to 48 channels, values and the weights' gradient, a shard, in bfloat16" ;;
    picture-bfloat16) echo "oneDNN's backward-data: conv64's last layer, 48 to 3 channels, a shard, in bfloat16" ;;
    dense-bfloat16) echo "oneDNN's inner product: values and the inputs' gradients of the dense layers of conv64 and mlp3072, a shard, in bfloat16" ;;
    exponential) echo "libm's expf: 65,536 numbers" ;;
    scores) echo "OpenBLAS' dgemm: a tile of two times 16 runs of 10 latents, 1000 points" ;;
    distances) echo "OpenBLAS' dgemm, squares and roots, which are less exact: distances of two times 512 points of 20 numbers, summed both ways" ;;
    *) echo "kernels.sh: bench/kernels has a line '$1' that nobody described" >&2 && return 1 ;;
  esac
}
while read -r name ours library way; do
  what=$(about "$name") || exit 1
  [ -z "$way" ] || what="$what; the library's faster way is $way"
  printf 'result:\tkernels.%s\t%s\ttimes\tfaster than %s; %s us\n' "$name" \
    "$(awk -v a="$library" -v b="$ours" 'BEGIN {printf "%.2f", a / b}')" "$what" "$ours"
done <<<"$times"
