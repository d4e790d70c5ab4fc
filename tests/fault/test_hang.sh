#!/bin/bash
# A rank that stops in the middle of a sweep (kill -STOP) does not hang the others: the job ends
# with a message that names it, and the same command completes with the bytes of an undisturbed
# sweep.
. "$(dirname "$0")/../facts.sh"

# folder, arguments...: a sweep on 3 ranks
sweep() {
  local folder=$1
  shift
  on_ranks 3 "$TEASEL" run jobs/smoke.yaml -o "$work/$folder" --train-only \
    --set train.iterations=200 --set "seeds=[0]" "$@"
}
models() { (cd "$work/$1/runs" && md5sum ./*/model.h5 ./*/log.csv); }

sweep whole >"$work/whole.log" 2>&1
is "an undisturbed sweep ends with 0" 0 $? "$work/whole.log"
runs=$(ls "$work/whole/runs" | wc -l)

processes() { pgrep -f "^$TEASEL run .*-o $work/$1 "; }
ledgers() { cat "$work/$1"/ledger/*.tsv 2>/dev/null; }
# folder: a run has been begun, and not all of them are done
in_the_middle() {
  ledgers "$1" | grep -q '	start	' && [ "$(ledgers "$1" | grep -c '	finish	')" -lt "$runs" ]
}

# rank, folder, arguments...: stops that rank as soon as a run has been begun
check() {
  local rank=$1 folder=$2 begin=$SECONDS code launcher stopped=
  shift 2
  start "$work/$folder.log" sweep "$folder" --set schedule.peer_seconds=3 "$@"
  launcher=$process
  wait_for "stopped=\$(rank_process $rank $work/$folder); [ -n \"\$stopped\" ]" $launcher
  hold_when "$stopped" "in_the_middle $folder" || no "$folder: rank $rank was never in the middle" "$work/$folder.log"
  wait $launcher
  code=$?
  test_that "$folder: the job fails (with $code after $((SECONDS - begin)) s)" \
    "[ $code != 0 ] && [ $code != 124 ] && [ $code != 137 ]" "$work/$folder.log"
  said "$folder: rank $rank is named" "rank $rank.* has not answered" "$work/$folder.log"
  fact "$folder: nothing is left running" wait_for "[ -z \"\$(processes $folder)\" ]"
  sweep "$folder" "$@" >"$work/$folder.again.log" 2>&1
  is "$folder: the same command completes" 0 $? "$work/$folder.again.log"
  is "$folder: with the same bytes" "$(models whole)" "$(models "$folder")"
}
check 2 worker --set schedule.width=1
check 0 coordinator --set schedule.width=1
check 1 member --set schedule.width=2
facts_end
