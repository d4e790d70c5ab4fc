#!/bin/bash
# Several processes on one results folder: they share the runs without double work; one that is
# killed has its run taken over at once where the others can see that it is dead, and after
# claim_seconds where they cannot; one that was only stopped gives up what it lost. The bytes are
# always those of an undisturbed sweep.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
ok() { passed=$((passed + 1)); echo "ok      $1"; }
no() { failed=$((failed + 1)); echo "FAILED  $1"; shift; for file in "$@"; do echo "-- $file"; tail -n 20 "$file"; done; }
is() { # title, wanted, got, files...
  local title=$1 wanted=$2 got=$3
  shift 3
  if [ "$wanted" = "$got" ]; then ok "$title"; else no "$title: wanted '$wanted', got '$got'" "$@"; fi
}
job=(run jobs/smoke.yaml --set "schedule.cache=$work/cache" --set "seeds=[0]" --set schedule.claim_seconds=2)
# folder, iterations, arguments...
sweep() {
  local folder=$1 iterations=$2
  shift 2
  exec timeout -k 5 100 "$@" "$TEASEL" "${job[@]}" --set "train.iterations=$iterations" -o "$work/$folder" </dev/null
}
bytes() { (cd "$work/$1" && md5sum runs/*/model.h5 runs/*/log.csv scores.csv | md5sum); }
events() { grep -c "	$2	" "$work/$1/ledger.tsv"; }
# Waits until some run of the folder has been logged (by the process, where one is given).
await() { # folder, process
  for _ in $(seq 600); do
    grep -qs "\"process\": $2" "$work/$1"/runs/*/progress.json && return
    sleep 0.02
  done
  echo "process $2 of $1 never trained"
}
child() { pgrep -P "$1"; } # of timeout

(sweep whole 250) >"$work/whole.log" 2>&1
is "an undisturbed sweep ends with 0" 0 $? "$work/whole.log"
runs=$(ls "$work/whole/runs" | wc -l)

begin=$SECONDS ids=()
for i in 1 2; do (sweep many 250) >"$work/many$i.log" 2>&1 & ids+=($!); done
(sweep many 250 mpirun --oversubscribe --mca mpi_yield_when_idle 1 -n 2) >"$work/many3.log" 2>&1 & ids+=($!)
for i in 0 1 2; do wait "${ids[i]}"; is "process $i of several ends with 0" 0 $? "$work/many$((i + 1)).log"; done
is "each run was begun once" "$runs" "$(events many start)" "$work/many/ledger.tsv"
is "and finished once" "$runs" "$(events many finish)" "$work/many/ledger.tsv"
is "with the bytes of one process" "$(bytes whole)" "$(bytes many)"
is "and no claim is left" "" "$(find "$work/many" -name '*claim.*')"
[ -s "$work/many/report.html" ] && ok "and there is a report" || no "and there is a report"

# kill -9: the other one sees that the process is dead.
(sweep killed 250) >"$work/killed1.log" 2>&1 & first=$!
(sweep killed 250) >"$work/killed2.log" 2>&1 & second=$!
await killed "$(child $first)"
kill -KILL "$(child $first)"
wait $first 2>/dev/null
wait $second
is "when one is killed the other ends with 0" 0 $? "$work/killed2.log"
is "has taken over its run" 1 "$(events killed takeover)" "$work/killed/ledger.tsv"
is "with the bytes of an undisturbed sweep" "$(bytes whole)" "$(bytes killed)"

# kill -STOP: silence, as of a machine that is cut off; the stopped one comes back later.
(sweep stopped 250) >"$work/stopped1.log" 2>&1 & first=$!
(sweep stopped 250) >"$work/stopped2.log" 2>&1 & second=$!
await stopped "$(child $first)"
process=$(child $first)
kill -STOP "$process"
wait $second
is "when one falls silent the other ends with 0" 0 $? "$work/stopped2.log"
is "has taken over its run after a while" 1 "$(events stopped takeover)" "$work/stopped/ledger.tsv"
before=$(bytes stopped)
is "with the bytes of an undisturbed sweep" "$(bytes whole)" "$before"
kill -CONT "$process"
wait $first
is "the silent one wakes, and ends with 0" 0 $? "$work/stopped1.log"
is "and has spoiled nothing" "$before" "$(bytes stopped)"

# TERM: what is left is given back, so the next start does not wait.
(sweep ended 2000) >"$work/ended1.log" 2>&1 & first=$!
await ended "$(child $first)"
kill -TERM "$(child $first)"
wait $first
is "a terminated one ends with 75" 75 $? "$work/ended1.log"
is "and leaves no claim" "" "$(find "$work/ended" -name '*claim.*')"
echo "$passed passed, $failed failed ($((SECONDS - begin)) s)"
[ $failed = 0 ]
