#!/bin/bash
# What a terminal, a batch system or a shell does to `teasel run`: each signal that asks to stop saves
# the run and ends with 75; nohup is heeded; who reads the messages no longer ends nothing.
. "$(dirname "$0")/../facts.sh"
cat >"$work/net.yaml" <<'END'
input: [3, 16, 16]
encoder:
  - conv: {filters: 4, kernel: 4, stride: 2, pad: 1, activation: relu}
decoder:
  - dense: {units: 768}
  - reshape: [3, 16, 16]
END
printf 'reader: tubers\nsize: 16\ncount: 120\ngood: 60\n' >"$work/data.yaml"
cat >"$work/job.yaml" <<'END'
name: told
dataset: ./data.yaml
network: ./net.yaml
latent: 2
train: {iterations: 30, batch: 16, shards: 1, log_every: 1}
seeds: [0]
families:
  - {model: beta_vae, beta: [1, 2]}
END
lines() { cat "$work/$1"/runs/*/log.csv 2>/dev/null | wc -l; }
ignores() { # process, signal
  local set
  set=$(sed -n 's/^SigIgn:[[:space:]]*//p' "/proc/$1/status") && [ $((0x${set:-0} >> ($(kill -l "$2") - 1) & 1)) = 1 ]
}
long=(--train-only --set train.iterations=10000000)

for signal in TERM INT USR1 HUP XCPU; do
  start "$work/log" env --default-signal=$signal "$TEASEL" run "$work/job.yaml" -o "$work/$signal" "${long[@]}"
  wait_for "[ \$(lines $signal) -ge 3 ]" $process
  kill -$signal $process
  wait $process
  is "$signal: ends with 75" 75 $?
  is "$signal: with a checkpoint" 1 "$(ls "$work/$signal"/runs/*/checkpoint.h5 | wc -l)"
  is "$signal: and no claim" "" "$(find "$work/$signal" -name 'claim.*')"
done

# A program that waits for the reader of its messages, and so heeds no wish.
mkfifo "$work/full"
exec 7<>"$work/full"
dd if=/dev/zero of="$work/full" oflag=nonblock bs=4096 2>/dev/null
env --default-signal=INT "$TEASEL" run "$work/job.yaml" -o "$work/twice" --verbose "${long[@]}" >/dev/null 2>&7 </dev/null &
process=$!
wait_for "catches $process INT" $process
kill -INT $process
wait_for "! is_pending $process $(kill -l INT)" $process
fact "a first INT does not end who waits for a reader of its messages" alive $process
fact "a second INT does" wait_for "! alive $process || { kill -INT $process; sleep 0.5; false; }"
wait $process
is "as that signal does" 130 $?
exec 7>&-

start "$work/log" bash -c 'trap "" HUP; exec "$@"' hang "$TEASEL" run "$work/job.yaml" -o "$work/nohup" "${long[@]}"
wait_for '[ $(lines nohup) -ge 3 ]' $process
fact "nohup: HUP stays ignored" ignores $process HUP
kill -HUP $process
fact "nohup: and the work goes on" wait_for "[ \$(lines nohup) -ge $(($(lines nohup) + 3)) ]" $process
kill -TERM $process
wait $process
is "nohup: until another signal" 75 $?

start "$work/log" env --default-signal=HUP "$TEASEL" launch -n 2 "$work/job.yaml" -o "$work/launched" "${long[@]}"
wait_for '[ $(lines launched) -ge 6 ]' $process
kill -HUP $process
wait $process
is "HUP to the launcher: ends with 75" 75 $?
test_that "HUP to the launcher: with a checkpoint" '[ -n "$(ls "$work"/launched/runs/*/checkpoint.h5)" ]'
is "HUP to the launcher: and no claim" "" "$(find "$work/launched" -name 'claim.*')"

# A pipe whose reader has gone, before the first message; and streams that are closed.
mkfifo "$work/pipe"
exec 8<>"$work/pipe" 9>"$work/pipe" 8<&-
env --default-signal=PIPE "$TEASEL" run "$work/job.yaml" -o "$work/piped" --train-only --verbose >&9 2>&9 </dev/null
is "messages without a reader end nothing" 0 $?
"$TEASEL" run "$work/job.yaml" -o "$work/closed" --train-only --verbose >&- 2>&- <&-
is "nor do closed streams" 0 $?
"$TEASEL" diff "$work/piped" "$work/closed" >"$work/log" 2>&1
is "and both sweeps are whole and the same" 0 $?
"$TEASEL" status "$work/closed" >"$work/log" 2>&1
is "with nothing left" 0 $?
env --default-signal=PIPE "$TEASEL" rerun "$work/closed" >"$work/log" 2>&9 </dev/null
is "a rerun without a reader of its messages ends" 0 $?
said "with its answer" "^identical$"
exec 9>&-
facts_end
