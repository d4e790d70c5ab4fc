#!/bin/bash
# arcs.sh [FOLDER]: trains jobs/gmvae-arcs.yaml and jobs/gmvae-arcs-10.yaml with every core (minutes) and
# prints, for each number of components, warm-up and threshold, the held-out Hungarian accuracies of
# its seeds with their median, how many clusters are in use, the z-prior term, and how many runs
# collapsed; then k-means and a Gaussian mixture on the points. FOLDER keeps the results and goes on
# where an earlier call was interrupted. SEEDS="[5, 6, 7]" takes other seeds than the jobs' five.
# docs/clustering.md has what was printed once.
#
# The contrast that it is judged by is the paper's: all else equal (five components, a warm-up of the
# first epoch), the median must be at least 0.95 with the threshold and below 0.7 without. Exit code 1
# where one of the two is not reached.
set -u
results=${1:+$(realpath -m "$1")}
cd "$(dirname "$0")/.." || exit 1
teasel=$PWD/${BUILD:-build/release}/teasel
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
results=${results:-$work/results}

for job in gmvae-arcs gmvae-arcs-10; do
  mpirun --oversubscribe --mca mpi_yield_when_idle 1 -n "$(nproc)" "$teasel" run "jobs/$job.yaml" \
    -o "$results/$job" ${SEEDS:+--set "seeds=$SEEDS"} >"$work/log" 2>&1 || { tail -n 20 "$work/log"; exit 1; }
done

value_of() { # run, label: "z_prior_threshold=1" in the run's name
  sed "s/.*$2=//; s/-.*//" <<<"$1"
}
for run in "$results"/*/runs/*; do
  [ -f "$run/record.json" ] || continue # of another job file in the same folder
  name=$(basename "$run")
  outcome=$(sed -n 's/.*"outcome": *"\([a-z]*\)".*/\1/p' "$run/record.json")
  awk -F, -v k="$(value_of "$name" components)" -v t="$(value_of "$name" z_prior_threshold)" \
    -v w="$(value_of "$name" warm_up)" -v outcome="$outcome" '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    END { print k, w, t, $at["acc_hungarian"], $at["acc_majority"], $at["clusters"], $at["z_prior"], outcome }' "$run/log.csv"
done | sort -k1n -k2g -k3n -k4n >"$work/runs"

awk '
  function flush() {
    if (!n) return
    printf "%10d  %7s  %9s  %8.3f  %-29s  %8.3f  %4.1f  %7.2f  %9d\n", k, w, t, median(h), list, median(m), used / n, z / n, collapsed
    if (k == 5 && w == 0.01) middle[t > 0] = median(h)
  }
  function median(values,  i, j, held, copy) {
    for (i = 1; i <= n; i++) copy[i] = values[i]
    for (i = 2; i <= n; i++)
      for (j = i; j > 1 && copy[j] < copy[j - 1]; j--) { held = copy[j]; copy[j] = copy[j - 1]; copy[j - 1] = held }
    return n % 2 ? copy[(n + 1) / 2] : (copy[n / 2] + copy[n / 2 + 1]) / 2
  }
  function judge(words, value, right) {
    printf "five components, warm-up 0.01, %s: %.3f: %s\n", words, value, right ? "reached" : "NOT REACHED"
    return right
  }
  BEGIN {
    print "components  warm-up  threshold  accuracy  of the seeds                   majority  used  z-prior  collapsed"
  }
  {
    if ($1 " " $2 " " $3 != key) { flush(); n = used = z = collapsed = 0; list = "" }
    key = $1 " " $2 " " $3; k = $1; w = $2; t = $3
    h[++n] = $4; m[n] = $5; used += $6; z += $7; collapsed += $8 == "collapsed"
    list = list sprintf("%.2f ", $4)
  }
  END {
    flush()
    right = judge("threshold 1, median at least 0.95", middle[1], middle[1] >= 0.95)
    right = judge("threshold 0, median below 0.7", middle[0], middle[0] != "" && middle[0] < 0.7) && right
    exit !right
  }' "$work/runs"
status=$?
for table in "$results"/*/clusters.csv; do
  awk -F, 'NR > 1 && $1 == "data" { printf "%s, %d clusters: accuracy %.3f, majority %.3f\n", $5, $6, $10, $9 }' "$table"
done
exit $status
