#!/bin/bash
# scores.sh: what the scores cost on one core, beside NumPy, SciPy and scikit-learn on the same inputs
# (bench/scores_peers.py), and what a second rank gains. Ours are measured before and after the
# peers, and the slower counts. Seconds are of the core, but for the ranks, where the clock counts.
# Without the peers' packages their lines are left out. Prints lines
# `result:<TAB>name<TAB>value<TAB>unit<TAB>note`.
set -u
cd "$(dirname "$0")/.." || exit 1
BUILD=${BUILD:-build/release}
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE # of OpenBLAS what it chooses itself
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
result() { printf 'result:\t%s\t%s\t%s\t%s\n' "$@"; }

times=$folder/times
"$BUILD/bench/scores" "$folder/data.h5" | sed 's/^/ours /' >"$times" || exit 1
peers=yes
if python3 -c 'import numpy, scipy, sklearn, h5py' 2>/dev/null; then
  timeout 300 python3 bench/scores_peers.py "$folder/data.h5" numpy calls silhouette |
    sed 's/^/peer /' >>"$times" || exit 1
else
  peers=no
  echo "scores.sh: python3 has no numpy, scipy, sklearn and h5py; their lines are left out" >&2
fi
"$BUILD/bench/scores" | sed 's/^/ours /' >>"$times" || exit 1
"$BUILD/bench/read_apart" | sed 's/^/apart /' >>"$times" || exit 1
for points in 60000 120000; do "$BUILD/bench/scores" memory $points >>"$times" || exit 1; done
if [ "$(nproc)" -ge 2 ]; then
  for ranks in 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1; do
    timeout 60 mpirun --bind-to none -n $ranks "$BUILD/bench/scores" ranks | sed 's/^/ranks /' >>"$times" || exit 1
  done
fi
grep -q '^apart read: ' "$times" || { echo "scores.sh: bench/read_apart failed" >&2; exit 1; }
# pipefail is no help in `a | b || exit`: an empty measurement is the sign of a failure.
[ "$(grep -c '^ours silhouette' "$times")" = 2 ] || { echo "scores.sh: bench/scores failed" >&2; exit 1; }
[ $peers = no ] || grep -q '^peer scikit_silhouette' "$times" ||
  { echo "scores.sh: bench/scores_peers.py failed" >&2; exit 1; }

seconds() { # ours|peer, name: the slowest measurement
  awk -v w="$1" -v n="$2" '$1 == w && $2 == n && $3 > most {most = $3} END {printf "%.4g", most}' "$times"
}
value() { awk -v w="$1" -v n="$2" '$1 == w && $2 == n {print $4; exit}' "$times"; }
calculate() { awk "BEGIN {printf \"%.$1g\", $2}"; }
gains() { # sorted: of two ranks, each over the mean of one rank before and behind it
  awk '$1 == "ranks" && $3 == 1 {if (two) print (one + $4) / 2 / two; one = $4; two = 0}
    $1 == "ranks" && $3 == 2 {two = $4}' "$times" | sort -n
}

udr=$(seconds ours udr_both) silhouette=$(seconds ours silhouette)
result scores.udr "$udr" s "115 models x 1000 points x 10 latents, all pairs, both similarities, all groups; one core"
result scores.udr.spearman "$(seconds ours udr_spearman)" s "Spearman alone, ranks included"
result scores.udr.lasso "$(seconds ours udr_lasso)" s "Lasso alone, to optimality conditions of 1e-10"
if [ $peers = yes ]; then
  for part in spearman lasso; do
    [ $part = spearman ] && about="ranks and one product" ||
      about="coordinate descent on Gram matrices, all targets of a model at once"
    result scores.udr.numpy.$part "$(calculate 3 "$(seconds peer numpy_$part) / $(seconds ours udr_$part)")" times \
      "faster than NumPy's $(seconds peer numpy_$part) s: $about"
  done
  numpy=$(calculate 4 "$(seconds peer numpy_spearman) + $(seconds peer numpy_lasso)")
  calls=$(calculate 4 "$(seconds peer calls_spearman) + $(seconds peer calls_lasso)")
  result scores.udr.numpy "$(calculate 3 "$numpy / $udr")" times \
    "faster than NumPy's $numpy s: both of these together, beside both of ours in one pass"
  result scores.udr.calls "$(calculate 4 "$calls / $udr")" times \
    "faster than disentanglement_lib's calls, $calls s: scikit-learn's Lasso $(seconds peer calls_lasso) s, SciPy's spearmanr $(seconds peer calls_spearman) s; measured on 30 pairs of models, scaled to 13,110"
fi
result scores.udr.added-run "$(calculate 3 "1000 * $(seconds ours udr_run_115)")" ms \
  "preparing 115 runs and the pairs of the 115th"
result scores.udr.added-run.growth "$(seconds ours udr_growth)" times \
  "the cost of the 57th, in turns, the fastest of nine each, without the system's part (clearing new pages); linear would be 2.02"
result scores.factors "$(seconds ours factors)" s \
  "all factor metrics of one run: 15,000 points x 10 latents, 5 factors of 32 values, 15,000 votes of 64"
result scores.silhouette "$silhouette" s "60,000 points x 20, 10 clusters; one core"
if [ $peers = yes ]; then
  result scores.silhouette.faster "$(calculate 3 "$(seconds peer scikit_silhouette) / $silhouette")" times \
    "than scikit-learn's silhouette_score, $(seconds peer scikit_silhouette) s"
  result scores.silhouette.difference \
    "$(calculate 2 "sqrt(($(value peer scikit_silhouette) - $(value ours silhouette)) ^ 2)")" 1 "to scikit-learn's value"
fi
if [ -n "$(gains)" ]; then
  [ "$(awk '$1 == "ranks" {print $5}' "$times" | sort -u | wc -l)" = 1 ] ||
    { echo "scores.sh: the silhouette depends on the number of ranks" >&2; exit 1; }
  result scores.silhouette.two-ranks "$(gains | awk '{v[NR] = $1} END {printf "%.3g", v[int((NR + 1) / 2)]}')" times \
    "faster on two ranks than on one, by the clock; median of $(gains | wc -l), each over the mean of one rank before and behind it, from $(gains | awk '{v[NR] = $1} END {printf "%.3f to %.3f", v[1], v[NR]}'); the same bits"
fi
memory() { # points: bytes a point beyond the input
  awk -v n="$1" '$1 == "memory" && $2 == n {printf "%.0f", $3 * 1024 / $2}' "$times"
}
result scores.silhouette.memory "$(memory 60000)" "bytes a point" "beyond the input of 164"
result scores.silhouette.memory.growth "$(calculate 3 "$(memory 120000) / $(memory 60000)")" times \
  "the bytes a point at twice as many points, $(memory 120000), over those at 60,000; linear would be 1"
result scores.read-apart "$(sed -n 's/^apart read: .* ratio //p' "$times")" times \
  "as long to read a latents.h5 of 20 runs at 10,000 samples in a copy of the process, which its crash does not end, as in the process: $(sed -n 's/^apart read: \(.*\) in a copy, \(.*\) here, .*/\1 to \2/p' "$times"); a copy is there after $(sed -n 's/^apart open: \(.*\) in a copy.*/\1/p' "$times")"
