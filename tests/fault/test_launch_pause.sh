#!/bin/bash
# Ctrl-Z: TSTP to `teasel launch` makes its ranks and itself stand still, CONT lets them go on. What
# another process has taken over meanwhile costs nothing, a launcher that is killed leaves no rank
# standing still, and the bytes are those of a sweep that nothing happened to. SOAK=1: nor is a peer
# taken for lost because all stood still.
. "$(dirname "$0")/../facts.sh"
mkdir "$work/tmp"
export TMPDIR=$work/tmp
tiny_job paused <<'END'
latent: 2
train: {iterations: 60000, batch: 16, shards: 2}
families:
  - model: beta_vae
    beta: [1, 4]
END
long=(--set train.iterations=1000000000)
within "$TEASEL" run "$work/job.yaml" -o "$work/whole" --train-only >"$work/log" 2>&1
is "a sweep is trained" 0 $?

processes() { pgrep -f "^$TEASEL run .*-o $work/$1( |\$)"; }
state() { sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null; }
all_are() { # state, processes...
  local id wanted=$1
  shift
  for id in "$@"; do [ "$(state "$id")" = "$wanted" ] || return 1; done
}
all_are_alive() {
  local id
  for id in "$@"; do alive "$id" || return 1; done
}
no_longer() { # state, processes...
  local id
  for id in "${@:2}"; do [ "$(state "$id")" != "$1" ] || return 1; done
}
# ranks, folder, arguments of launch...: until its rank 0 stands still in the middle of a run
train() {
  local ranks=$1 folder=$2
  shift 2
  start "$work/log" "$TEASEL" launch -n "$ranks" "$work/job.yaml" -o "$work/$folder" --train-only "$@"
  if [ "$ranks" = 1 ]; then
    wait_for "rank=\$(processes $folder)" $process
  else
    wait_for "rank=\$(rank_process 0 '$work/$folder'); [ -n \"\$rank\" ]" $process
  fi
  hold_when "$rank" "ls $work/$folder/runs/*/progress.json >/dev/null 2>&1" || no "it was never seen at work"
  all=$(processes "$folder")
}
pause() { # title
  kill -TSTP $process
  fact "$1: the launcher stands still" wait_for "[ \"\$(state $process)\" = T ]" $process
  fact "$1: and so do its ranks" wait_for "all_are T \$all"
}

# What is paused while another finishes all of it.
share=(--set schedule.claim_seconds=1 --set schedule.cache="$work/cache")
train 2 shared "${share[@]}"
pause "two ranks"
said "and it is told" "stand still until"
within "$TEASEL" run "$work/job.yaml" -o "$work/shared" --train-only "${share[@]}" >"$work/other" 2>&1
is "another takes its runs over when their claims are stale" 0 $? "$work/other"
kill -CONT $process
wait $process
is "and it finds all done when it goes on" 0 $?
within "$TEASEL" diff "$work/whole" "$work/shared" >"$work/log" 2>&1
is "with the bytes of a sweep that nothing happened to" 0 $?

train 2 ended "${long[@]}"
pause "to be ended"
kill -TERM $process
kill -CONT $process
wait $process
is "TERM while it stands still ends it with 75 when it goes on" 75 $?
test_that "with a checkpoint" '[ -n "$(ls "$work"/ended/runs/*/checkpoint.h5)" ]'

train 2 killed "${long[@]}"
pause "to go on"
kill -CONT $process
fact "CONT: the ranks go on" wait_for 'no_longer T $all'
pause "to be killed"
finish_off $process
fact "when the launcher is killed meanwhile, its ranks end" wait_for '[ -z "$(processes killed)" ]'
test_that "with a checkpoint" '[ -n "$(ls "$work"/killed/runs/*/checkpoint.h5)" ]'

train 1 alone "${long[@]}"
pause "one rank"
kill -CONT $process
fact "one rank: CONT: it goes on" wait_for 'no_longer T $all'
kill -INT $process
wait $process
is "one rank: and ends with 75 at a signal" 75 $?

# Longer than a rank waits for another (SOAK=1).
if [ -n "${SOAK:-}" ]; then
  train 2 suspended "${long[@]}" --set schedule.width=2 --set schedule.peer_seconds=10
  pause "suspended"
  before=$(cat "$work"/suspended/runs/*/progress.json)
  sleep 40 # what is waited for: four times peer_seconds
  kill -CONT $process
  fact "suspended: the run goes on" wait_for '[ "$(cat "$work"/suspended/runs/*/progress.json)" != "$before" ]' $process
  fact "suspended: on both ranks" all_are_alive $all
  kill -TERM $process
  wait $process
  is "suspended: and ends with 75 at a signal" 75 $?
  silent "suspended: nobody was taken for lost" "has not answered"
fi
facts_end
