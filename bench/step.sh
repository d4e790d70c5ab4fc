#!/bin/bash
# step.sh [CASE...]: training steps on one core, teasel beside PyTorch. Without a case: all of them.
# ROUNDS (5; fewer of some), BUILD (build/release). Where python3 has no torch and yaml, teasel alone is measured.
#
# The programs take turns on the same core, so that whatever else the machine does meets all of
# them: the median over rounds of each round's median step, and the fastest step of all, which a
# busy machine spoils least. The loop of fused multiply-adds that gives the peak runs between
# teasel's steps. PyTorch's time is that of its best way: contiguous or channels_last, eager or
# compiled; of gmvae-arcs, gmvae-svhn and gmvae-mnist-m10 eager only, for compiling one of them takes
# longer than measuring all three.
#
# Beside the tables, every number is a line of `result:`, name, value, unit, note, with tabs between.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build/release}
peer=yes
python3 -c 'import torch, yaml' 2>/dev/null || {
  peer=no
  echo "step.sh: python3 has no torch and yaml; nothing is compared with" >&2
}
core=$(taskset -cp $$ | sed 's/.*[ ,-]//')
work=$(mktemp -d)
times=$work/times
trap 'rm -rf "$work"' EXIT
bfloat16=$(grep -cw avx512_bf16 /proc/cpuinfo)
result() { printf 'result:\t%s\t%s\t%s\t%s\n' "$@"; }

# name: network, family, batch, shards, latent, steps of a round, the family's options
case_of() {
  case $1 in
    conv64) echo "conv64 beta_vae 64 8 10 12" ;;
    conv64-tcvae) echo "conv64 beta_tcvae 64 8 10 12" ;;
    mlp3072) echo "mlp3072 vae 64 8 20 60" ;;
    gmvae-mnist) echo "gmvae-mnist gmvae 50 2 200 12 latent_w=150 components=16" ;;
    gmvae-mnist-m10) echo "gmvae-mnist gmvae 50 2 200 3 latent_w=150 components=16 samples=10" ;;
    gmvae-svhn) echo "gmvae-svhn gmvae 50 2 200 6 latent_w=150 components=20" ;;
    gmvae-arcs) echo "gmvae-arcs gmvae 200 8 2 200 latent_w=2 components=10" ;;
    *) echo "step.sh: no case is named $1" >&2 && return 1 ;;
  esac
}

# Lines `PROGRAM MEDIAN FASTEST` into $times; of teasel also `peak`, `work` (GFLOP), `memory` (MiB).
ways=""
ways_of() {
  case $1 in
    gmvae-arcs) echo "contiguous" ;; # numbers have no channels
    gmvae-svhn | gmvae-mnist-m10) echo "contiguous channels_last" ;;
    *) echo "contiguous channels_last compiled compiled_channels_last" ;;
  esac
}
# A step with M = 10 takes most of a second in both.
rounds_of() {
  local wanted=${ROUNDS:-5}
  case $1 in
    gmvae-mnist-m10) echo 1 ;;
    gmvae-arcs | gmvae-svhn) echo $((wanted < 2 ? wanted : 2)) ;;
    *) echo "$wanted" ;;
  esac
}

teasel_round() { # network family batch shards latent steps [argument...]
  local network=$1 family=$2 batch=$3 shards=$4 latent=$5 steps=$6
  shift 6
  [ "$network" != gmvae-arcs ] || set -- reconstruction=gaussian "$@"
  taskset -c "$core" "$BUILD/bench/step" "$network" "$family" "$batch" "$shards" "$steps" "latent=$latent" "$@" |
    sed -n 's/^numbers //p' | tr ';' '\n'
}
peer_round() { # network family batch shards latent steps [option...]
  local way option options=()
  for option in "${@:7}"; do options+=(--option "$option"); done
  for way in $ways; do
    taskset -c "$core" python3 bench/step_pytorch.py "configs/networks/$1.yaml" --family "$2" --batch "$3" \
      --latent "$5" --steps "$6" --way "$way" "${options[@]}" 2>/dev/null
  done
}
median() { # of a program's numbers
  sed -n "s/^$1 \([0-9.]*\).*/\1/p" "$times" | sort -n | awk '{v[NR] = $1} END {if (NR) print v[int((NR + 1) / 2)]}'
}
fastest() {
  sed -n "s/^$1 [0-9.]* \([0-9.]*\)/\1/p" "$times" | sort -n | head -n 1
}
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a / b}'; }

row() { # title, program
  local m f
  m=$(median "$2") f=$(fastest "$2")
  [ -z "$m" ] || printf '  %-24s %9.2f %7.2f %10.2f %7.2f\n' "$1" "$m" "$(ratio "$m" "$(median teasel)")" "$f" \
    "$(ratio "$f" "$(fastest teasel)")"
}

measure() { # case
  local name=$1 of best="" way m fewer found
  of=$(case_of "$name") || return 1
  ways=$(ways_of "$name") rounds=$(rounds_of "$name")
  : >"$times"
  for ((round = 0; round < rounds; round++)); do
    # shellcheck disable=SC2086
    { teasel_round $of && { [ $peer = no ] || peer_round $of; }; } >>"$times" || return 1
    # shellcheck disable=SC2086
    [ "$name" != conv64 ] || [ "$bfloat16" = 0 ] ||
      teasel_round $of train.precision=bfloat16 | sed -n 's/^teasel/bfloat16/p' >>"$times"
  done
  # shellcheck disable=SC2086
  set -- $of
  fewer=""
  [ "$1" != conv64 ] || fewer="; most of the gradients, two thirds of it, are made by Winograd's kernels with 9 products where that sum has 16"
  echo "$1, $2${7:+ (${*:7})}, batch $3, Adam, one core, whole step, $rounds round$([ "$rounds" = 1 ] || echo s) ($([ $peer = yes ] && python3 -c 'import torch; print("PyTorch", torch.__version__)' || echo "no PyTorch"))"
  printf '  %-24s %9s %7s %10s %7s\n' program "median ms" ratio "fastest ms" ratio
  row teasel teasel
  row "teasel in bfloat16" bfloat16
  for way in $ways; do
    row "PyTorch $way" "pytorch-$way"
    m=$(median "pytorch-$way")
    [ -n "$m" ] && { [ -z "$best" ] || awk -v a="$m" -v b="$(median "pytorch-$best")" 'BEGIN {exit !(a < b)}'; } && best=$way
  done
  sed -n 's/^pytorch-compiled[a-z_]* - /  PyTorch compiled: /p' "$times" | head -n 1
  awk -v w="$(median work)" -v t="$(median teasel)" -v p="$(median peak)" 'BEGIN {
    printf "  %.2f GFLOP a step: %.0f GFLOP/s, %.0f %% of the %.0f that fused multiply-adds reach here; the step takes %.2f of the time at that peak\n",
      w, w / t * 1e3, w / t * 1e5 / p, p, t * p / w / 1e3}'
  result "step.$name.teasel" "$(median teasel)" ms "median of $rounds round$([ "$rounds" = 1 ] || echo s)"
  if [ $peer = yes ]; then
    m=$(median "pytorch-$best")
    case $ways in
      *compiled*) found="its best way" ;;
      *) found="eager; compiling was not tried" ;;
    esac
    result "step.$name.pytorch" "$m" ms "$best, $found"
    result "step.$name.faster" "$(ratio "$m" "$(median teasel)")" times "than PyTorch: $found"
  fi
  result "step.$name.of-peak" "$(awk -v w="$(median work)" -v t="$(median teasel)" -v p="$(median peak)" 'BEGIN {printf "%.2f", t * p / w / 1e3}')" \
    times "the time at the peak of fused multiply-adds: $(awk -v w="$(median work)" -v t="$(median teasel)" -v p="$(median peak)" 'BEGIN {
      printf "%.0f GFLOP/s, %.0f %% of the %.0f that they reach beside it, %.2f GFLOP a step, counted as direct sums of products", w / t * 1e3, w / t * 1e5 / p, p, w}')$fewer"
  if [ "$name" = conv64 ]; then
    [ "$bfloat16" = 0 ] ||
      result "step.$name.bfloat16" "$(ratio "$(median teasel)" "$(median bfloat16)")" times "faster than float32"
    # shellcheck disable=SC2086
    teasel_round $of --input "schedule.cache=$work" >"$times"
    result "step.$name.input" "$(awk -v i="$(median input)" -v t="$(median teasel)" 'BEGIN {printf "%.2f", 100 * i / t}')" \
      % "of the step for gathering and converting its batch"
    result "step.$name.memory" "$(median memory)" MiB "resident, with 15 MiB of the data set"
  fi
  echo
}

for name in ${*:-conv64 conv64-tcvae mlp3072 gmvae-mnist gmvae-mnist-m10 gmvae-svhn gmvae-arcs}; do measure "$name" || exit 1; done
