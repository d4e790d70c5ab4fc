#!/bin/bash
# arcs.sh [FOLDER]: trains jobs/gmvae-arcs.yaml with every core (minutes) and prints, for each setting of
# threshold and warm-up, the held-out Hungarian accuracies of its seeds with their median, how many
# clusters are in use, the z-prior term, and how many runs collapsed; then k-means and a Gaussian
# mixture on the points. FOLDER keeps the results, and goes on where an earlier call was interrupted;
# docs/clustering.md has what was printed once. Fails when five components with threshold and warm-up
# have a median below 0.95, or with neither have one of 0.7 or more.
set -u
results=${1:+$(realpath -m "$1")}
cd "$(dirname "$0")/.." || exit 1
teasel=$PWD/${BUILD:-build/release}/teasel
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
results=${results:-$work/results}

mpirun --oversubscribe --mca mpi_yield_when_idle 1 -n "$(nproc)" "$teasel" run jobs/gmvae-arcs.yaml -o "$results" \
  >"$work/log" 2>&1 || { tail -n 20 "$work/log"; exit 1; }

value_of() { # run, label: "z_prior_threshold=1" in the run's name
  sed "s/.*$2=//; s/-.*//" <<<"$1"
}
for run in "$results"/runs/*; do
  [ -f "$run/record.json" ] || continue # of another job file in the same folder
  name=$(basename "$run")
  outcome=$(sed -n 's/.*"outcome": *"\([a-z]*\)".*/\1/p' "$run/record.json")
  awk -F, -v k="$(value_of "$name" components)" -v t="$(value_of "$name" z_prior_threshold)" \
    -v w="$(value_of "$name" warm_up)" -v outcome="$outcome" '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    END { print k, t, w, $at["acc_hungarian"], $at["acc_majority"], $at["clusters"], $at["z_prior"], outcome }' "$run/log.csv"
done | sort -n -k1 -k2 -k3 -k4 >"$work/runs"

awk '
  function flush() {
    if (!n) return
    printf "%10d  %9s  %7s  %8.3f  %-29s  %8.3f  %8.1f  %7.2f  %9d\n", k, t, w, median(h), list, median(m), used / n, z / n, collapsed
    if (k == 5 && t > 0 && w > 0) with = median(h)
    if (k == 5 && t == 0 && w == 0) without = median(h)
  }
  function median(values,  i, j, held, copy) {
    for (i = 1; i <= n; i++) copy[i] = values[i]
    for (i = 2; i <= n; i++)
      for (j = i; j > 1 && copy[j] < copy[j - 1]; j--) { held = copy[j]; copy[j] = copy[j - 1]; copy[j - 1] = held }
    return n % 2 ? copy[(n + 1) / 2] : (copy[n / 2] + copy[n / 2 + 1]) / 2
  }
  BEGIN {
    print "components  threshold  warm-up  accuracy  of the seeds                   majority      used  z-prior  collapsed"
  }
  {
    if ($1 " " $2 " " $3 != key) { flush(); n = used = z = collapsed = 0; list = "" }
    key = $1 " " $2 " " $3; k = $1; t = $2; w = $3
    h[++n] = $4; m[n] = $5; used += $6; z += $7; collapsed += $8 == "collapsed"
    list = list sprintf("%.2f ", $4)
  }
  END {
    flush()
    printf "five components, threshold and warm-up: median %.3f (at least 0.95); neither: %.3f (below 0.7)\n", with, without
    exit !(with >= 0.95 && without < 0.7)
  }' "$work/runs"
status=$?
awk -F, 'NR > 1 && $1 == "data" { printf "%s, %d clusters: accuracy %.3f, majority %.3f\n", $5, $6, $10, $9 }' "$results/clusters.csv"
exit $status
