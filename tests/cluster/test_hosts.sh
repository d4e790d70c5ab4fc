#!/bin/bash
# Three machines (network namespaces) and mpirun over TCP: the bytes of one machine, with a data
# cache that all share and with one on each; a machine that vanishes in mid-run costs its run
# nothing but time, and the others score.
# SOAK=1: two ranks on each of two; the first machine cut off, and gone; a machine cut off from a run
# across all three, and while runs are scored.
. "$(dirname "$0")/../facts.sh"
. tests/cluster/hosts.sh
hosts_missing && exit 77
at_end+=(hosts_stop)
bytes() { (cd "$work/$1" && md5sum runs/*/model.h5 runs/*/log.csv latents.h5 scores.csv | md5sum); }
job=(jobs/smoke.yaml --set "seeds=[0]" --set train.iterations=150 --set schedule.peer_seconds=6)
# folder, arguments...: a sweep on the machines $on, begun on the first
on=h1:1,h2:1,h3:1
launch() {
  local folder=$1
  shift
  exec timeout -k 5 "$patience" "$work/on" "${on%%:*}" "$TEASEL" launch --mpirun "$(hosts_options "$on")" "${job[@]}" \
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
within "$work/on" h1 mpirun --allow-run-as-root -n 3 $(hosts_options "$on") "$TEASEL" rerun "$work/whole" --sample 2 --width 2 \
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
hosts_processes h3 | xargs -r kill -KILL 2>/dev/null
within "$TEASEL" run "${job[@]}" --set "schedule.cache=$work/cache" --set train.iterations=400 -o "$work/long" >"$work/long.log" 2>&1
is "with the bytes of an undisturbed one" "$(bytes long)" "$(bytes cut)"
[ -n "${SOAK:-}" ] || { facts_end; exit; }
hosts_mend h3

long=(--set "schedule.cache=$work/cache" --set train.iterations=400 --set schedule.claim_seconds=4)
on=h1:2,h2:2
(launch pairs "${long[@]}" --set schedule.width=4) >"$work/pairs.log" 2>&1
is "two ranks on each of two machines end with 0" 0 $? "$work/pairs.log"
is "with the bytes of one machine" "$(bytes long)" "$(bytes pairs)"

# folder, rank, expression, arguments...: a sweep whose rank stands still when the expression holds
seize() {
  local folder=$1 rank=$2 expression=$3
  shift 3
  start "$work/$folder.log" launch "$folder" "${long[@]}" "$@"
  wait_for "victim=\$(rank_process $rank $work/$folder); [ -n \"\$victim\" ]" $process
  hold_when "$victim" "$expression" || no "$folder: rank $rank was never seen at work" "$work/$folder.log"
}
# folder, machine...: the sweep ends, whatever with; nothing runs on; the same command on these completes
completes() {
  local folder=$1 begin=$SECONDS code
  wait $process
  code=$?
  # 137: who was watched is gone itself.
  test_that "$folder: it ends (with $code after $((SECONDS - begin)) s)" "[ $code -le 1 ] || [ $code = 137 ]" "$work/$folder.log"
  fact "$folder: nothing is left running" wait_for "[ -z \"\$(pgrep -f \"^$TEASEL run .*-o $work/$folder( |\$)\")\" ]"
  on=$2
  (launch "$folder" "${long[@]}") >"$work/$folder.again" 2>&1
  is "$folder: the same command ends with 0" 0 $? "$work/$folder.again"
  is "$folder: with the bytes of one machine" "$(bytes long)" "$(bytes "$folder")"
}
trains='grep -qs "\"process\": $victim," "$work/$folder"/runs/*/progress.json'

# The first machine, with rank 0 and mpirun, is cut off and lives on, alone.
on=h1:1,h2:1,h3:1
seize alone 0 "$trains" --set schedule.width=1
hosts_cut h1
kill -CONT "$victim"
completes alone h2:1,h3:1
hosts_mend h1

# The first machine loses its power.
on=h1:1,h2:1,h3:1
seize gone 0 "$trains" --set schedule.width=1
hosts_cut h1
hosts_processes h1 | xargs -r kill -KILL
completes gone h2:1,h3:1
hosts_mend h1

# A machine is cut off from a run that is trained across all three.
on=h1:2,h2:1,h3:1
seize across 0 'grep -qs "\"width\": 4" "$work/$folder"/runs/*/progress.json' --set schedule.width=4
hosts_cut h3
kill -CONT "$victim"
completes across h1:2,h2:1
hosts_processes h3 | xargs -r kill -KILL
hosts_mend h3

# The same of a run across two, while another is trained across the others.
on=h1:2,h2:1,h3:1
seize team 2 'grep -qs "\"host\": \"h3\"" "$work/$folder"/runs/*/progress.json' --set schedule.width=2
hosts_cut h3
kill -CONT "$victim"
completes team h1:2,h2:1
hosts_processes h3 | xargs -r kill -KILL
hosts_mend h3

# A machine is cut off while runs are scored.
cp -r "$work/long" "$work/scoring"
rm "$work"/scoring/{latents.h5,scores.h5,scores.csv,report.html}
on=h1:1,h2:1,h3:1
seize scoring 2 'grep -q "^teasel: encoding" "$work/$folder.log"'
hosts_cut h3
kill -CONT "$victim"
completes scoring h1:1,h2:1
hosts_processes h3 | xargs -r kill -KILL
hosts_mend h3
facts_end
