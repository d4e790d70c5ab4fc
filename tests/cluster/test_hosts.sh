#!/bin/bash
# Three machines (network namespaces) and mpirun over TCP: the bytes of one machine, with a data
# cache that all share and with one on each; a machine that vanishes in mid-run costs its run
# nothing but time, and the others score.
. "$(dirname "$0")/../facts.sh"
. tests/cluster/hosts.sh
hosts_missing && exit 77
at_end+=(hosts_stop)
bytes() { (cd "$work/$1" && md5sum runs/*/model.h5 runs/*/log.csv latents.h5 scores.csv | md5sum); }
job=(jobs/smoke.yaml --set "seeds=[0]" --set train.iterations=150 --set schedule.peer_seconds=6)
# folder, arguments...: a sweep on the three machines, begun on the first
launch() {
  local folder=$1
  shift
  exec timeout -k 5 "$patience" "$work/on" h1 "$TEASEL" launch -n 3 --mpirun "$(hosts_options 1)" "${job[@]}" \
    -o "$work/$folder" "$@" </dev/null
}
hosts_start || { no "the machines start"; exit 1; }
within "$TEASEL" run "${job[@]}" --set "schedule.cache=$work/cache" -o "$work/whole" >"$work/whole.log" 2>&1
is "a sweep on one machine ends with 0" 0 $? "$work/whole.log"

(launch shared --set "schedule.cache=$work/cache" --set schedule.width=1) >"$work/shared.log" 2>&1
is "three machines with one cache end with 0" 0 $? "$work/shared.log"
is "with the bytes of one machine" "$(bytes whole)" "$(bytes shared)"
is "and each has trained" "h1 h2 h3" "$(awk -F'\t' '$2 == "start" {print "h" $4 + 1}' "$work/shared/ledger.tsv" | sort -u | xargs)" "$work/shared/ledger.tsv"
(launch own --set schedule.cache=/dev/shm/cache --set schedule.width=2) >"$work/own.log" 2>&1
is "three machines with a cache on each and runs across them end with 0" 0 $? "$work/own.log"
is "with the bytes of one machine" "$(bytes whole)" "$(bytes own)"

# The finished sweep of one machine, trained again across them.
within "$work/on" h1 mpirun --allow-run-as-root -n 3 $(hosts_options 1) "$TEASEL" rerun "$work/whole" --sample 2 --width 2 \
  --keep "$work/rerun" --set "schedule.cache=$work/cache" >"$work/rerun.log" 2>&1
is "a rerun on three machines ends with 0" 0 $? "$work/rerun.log"
is "and says identical of both runs" 2 "$(grep -c ': identical$' "$work/rerun.log")" "$work/rerun.log"

start "$work/cut.log" launch cut --set "schedule.cache=$work/cache" --set train.iterations=400 --set schedule.width=1 --set schedule.claim_seconds=4
# Its rank stands still while the cable is pulled, in the middle of a run.
wait_for 'victim=$(rank_process 2 "$work/cut"); [ -n "$victim" ]' $process
hold_when "$victim" 'grep -qs "\"host\": \"h3\"" "$work"/cut/runs/*/progress.json' || no "h3 never trained" "$work/cut.log"
hosts_cut h3
kill -CONT "$victim"
begin=$SECONDS
wait $process
is "without a machine that vanishes the others go on" 0 $? "$work/cut.log"
is "to the report" 1 "$(grep -c '^report: ' "$work/cut.log")" "$work/cut.log"
echo "        (after $((SECONDS - begin)) s)"
ip netns pids "${hosts_prefix}3" | grep -v "^$(cat "$work/h3.process")\$" | xargs -r kill -KILL 2>/dev/null
within "$TEASEL" run "${job[@]}" --set "schedule.cache=$work/cache" --set train.iterations=400 -o "$work/long" >"$work/long.log" 2>&1
is "with the bytes of an undisturbed one" "$(bytes long)" "$(bytes cut)"
facts_end
