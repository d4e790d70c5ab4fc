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

processes() { pgrep -f "^$TEASEL run .*-o $work/$1 "; }
ledgers() { cat "$work/$1"/ledger/*.tsv 2>/dev/null; }
# rank, folder: the last run whose team the rank is in
run_of() {
  ledgers "$2" | awk -F '\t' -v rank="$1" '
    $2 == "start" {n = split($4, ends, "-"); if (rank >= ends[1] && rank <= ends[n]) print $3}' | tail -n 1
}
# rank, folder: its run has been given out; most often it has not begun the log yet, and must not
# begin it when it is woken after another has finished the run
at_the_beginning() { [ -n "$(run_of "$1" "$2")" ]; }
# rank, folder: its run has been logged and is not done
in_the_middle() {
  local run
  run=$(run_of "$1" "$2")
  [ -n "$run" ] && [ "$(cat "$work/$2/runs/$run/log.csv" 2>/dev/null | wc -l)" -ge 3 ] &&
    [ ! -e "$work/$2/runs/$run/record.json" ]
}

# Under the launcher, which ends such a rank 0 after 20 s and starts again: meanwhile the others.
start "$work/launched.log" within "$TEASEL" launch -n 3 --mpirun "--oversubscribe --mca mpi_yield_when_idle 1" \
  --restarts 1 jobs/smoke.yaml -o "$work/launched" --train-only --set train.iterations=200 --set "seeds=[0]" \
  --set schedule.peer_seconds=3 --set schedule.width=1
launched=$process
wait_for "stopped=\$(rank_process 0 $work/launched); [ -n \"\$stopped\" ]" $launched
hold_when "$stopped" "in_the_middle 0 launched" || no "launched: rank 0 was never in the middle" "$work/launched.log"

# rank, folder, when, arguments...: stops that rank at the beginning or in the middle of a run
check() {
  local rank=$1 folder=$2 when=$3 begin=$SECONDS code launcher stopped=
  shift 3
  start "$work/$folder.log" sweep "$folder" --set schedule.peer_seconds=3 "$@"
  launcher=$process
  wait_for "stopped=\$(rank_process $rank $work/$folder); [ -n \"\$stopped\" ]" $launcher
  hold_when "$stopped" "$when $rank $folder" || no "$folder: rank $rank was never $when" "$work/$folder.log"
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
check 2 beginner at_the_beginning --set schedule.width=1
check 2 worker in_the_middle --set schedule.width=1
check 0 coordinator in_the_middle --set schedule.width=1
check 1 member in_the_middle --set schedule.width=2

wait $launched
is "launched: a rank 0 that stood still costs one start at most" 0 $? "$work/launched.log"
# It may have finished the sweep alone before it was ended.
said "launched: which is told" "failed; starting again \(1 of 1\)|rank 0 goes on" "$work/launched.log"
is "launched: with the same bytes" "$(models whole)" "$(models launched)"
facts_end
