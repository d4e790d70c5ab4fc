#!/bin/bash
# A signal to `teasel launch` is never lost: not before it has started anything, not while mpirun
# has no handler yet, not between two starts; each ends with 75, and puts a SLURM job back. And what
# a launcher, or an mpirun, that was killed with -9 leaves on the machine is gone after the next start.
. "$(dirname "$0")/../facts.sh"
mkdir "$work/bin" "$work/tmp"
export TMPDIR=$work/tmp
tiny_job signals <<'END'
latent: 2
train: {iterations: 1000000000, batch: 16, shards: 2}
families:
  - model: beta_vae
    beta: [1, 4]
END
# folder, arguments of launch...: on two ranks
launch() {
  local folder=$1
  shift
  exec "$TEASEL" launch -n 2 "$@" -o "$work/$folder" --set "schedule.cache=$work/cache"
}
# The same in a job of SLURM, with an mpirun and an scontrol of our own in front.
launch_in_slurm() {
  export SLURM_JOB_ID=4711 PATH=$work/bin:$PATH
  launch "$@" --requeue
}
program() { # name, line...
  { echo '#!/bin/bash'; printf '%s\n' "${@:2}"; } >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}
program scontrol "echo \"\$@\" >>$work/requeued" 'kill -TERM $PPID # as SLURM ends the job'
processes() { pgrep -f "^(mpirun|$TEASEL run) .*-o $work/$1( |\$)"; }

# While it reads its job, which is long.
program mpirun "echo >>$work/started"
{ sed '/^families:/,$d' "$work/job.yaml"; echo "seeds: [$(seq -s, 45000)]"; sed -n '/^families:/,$p' "$work/job.yaml"; } >"$work/long.yaml"
start "$work/log" launch_in_slurm early "$work/long.yaml"
hold_when $process "catches $process USR1" || no "it was never seen with a handler"
kill -USR1 $process
kill -CONT $process
wait $process
is "a signal before anything is started ends with 75" 75 $?
fact "and nothing is started" test ! -e "$work/started"
is "and the job is put back" "requeue 4711" "$(cat "$work/requeued")"

# The limit of processor time, of which the ranks have heard, too.
rm -f "$work/started"
start "$work/log" launch_in_slurm limit "$work/long.yaml"
hold_when $process "catches $process XCPU" || no "it was never seen with a handler for XCPU"
kill -XCPU $process
kill -CONT $process
wait $process
is "XCPU ends the launcher with 75" 75 $?
fact "and it starts nothing either" test ! -e "$work/started"

# While mpirun, which failed, is about to be started again.
program mpirun "echo >>$work/started" 'exit 1'
rm -f "$work/started" "$work/requeued"
start "$work/log" launch_in_slurm nap "$work/job.yaml" --restarts 1000
hold_when $process 'grep -q "starting again" "$work/log"' || no "it was never started again"
starts=
[ -n "$(pgrep -P $process)" ] || starts=$(wc -l <"$work/started") # else it was started again by now
kill -USR1 $process
kill -CONT $process
wait $process
is "a signal between two starts ends with 75" 75 $?
[ -z "$starts" ] || is "and nothing more is started" "$starts" "$(wc -l <"$work/started")"
is "and the job is put back" "requeue 4711" "$(cat "$work/requeued")"
(launch_in_slurm failed "$work/job.yaml") >"$work/log" 2>&1
is "a failure that nobody asked for ends with 1" 1 $?

# While there is a process that will be mpirun, and knows of no signal yet.
program mpirun 'kill -STOP $$' "exec $(type -P mpirun) \"\$@\""
start "$work/log" env "PATH=$work/bin:$PATH" "$TEASEL" launch -n 2 "$work/job.yaml" -o "$work/young" --set "schedule.cache=$work/cache"
wait_for "young=\$(pgrep -P $process); [ -n \"\$young\" ] && grep -q '^State:.T' /proc/\$young/status" $process
kill -USR1 $process
wait_for 'grep -q "asked to save and to stop" "$work/log"' $process
kill -CONT "$young"
wait $process
is "a signal while mpirun begins ends with 75" 75 $?
fact "and nothing is left running" wait_for '[ -z "$(processes young)" ]'

# The launcher is killed there: the signal of its death is lost, and the ranks miss it themselves.
# (The kernel sends HUP and CONT to a group that stands still and has nobody left to wait for it.)
program mpirun 'trap "" HUP' 'kill -STOP $$' "exec $(type -P mpirun) \"\$@\""
start "$work/log" env "PATH=$work/bin:$PATH" "$TEASEL" launch -n 2 "$work/job.yaml" -o "$work/orphan" --set "schedule.cache=$work/cache"
wait_for "young=\$(pgrep -P $process); [ -n \"\$young\" ] && grep -q '^State:.T' /proc/\$young/status" $process
finish_off $process
fact "ranks whose launcher died before they began save and end" wait_for 'grep -q "^teasel: interrupted, with everything kept: run the same command again" "$work/log"'
fact "and their mpirun" wait_for '[ -z "$(processes orphan)" ]'

# The launcher is killed: its mpirun saves and ends.
# folder: two ranks that train, with what they have on this machine
train() {
  start "$work/log" launch "$1" "$work/job.yaml"
  wait_for "mpirun=\$(pgrep -P $process mpirun); [ -n \"\$mpirun\" ]" $process
  wait_for "ls $work/tmp/ompi.*/pid.$mpirun/teasel-launch >/dev/null 2>&1" $process
  wait_for "grep -qs \"\\\"process\\\": \$(rank_process 0 "$work/$1"),\" $work/$1/runs/*/progress.json" $process
  session=$(ls -d "$work/tmp"/ompi.*/pid."$mpirun")
  token=$(tr '\0' '\n' <"/proc/$mpirun/environ" | sed -n 's/^TEASEL_LAUNCH=//p')
  segments=vader_segment.*.$(printf %x $(($(sed -n '1s/\..*//p' "$session/contact.txt") >> 16)))*
}
left() { find "$work/tmp" "$work/killed" -maxdepth 1 -name "*launch.$token*"; find /dev/shm -maxdepth 1 -name "$segments" -user "$(id -u)"; ls -d "$session" 2>/dev/null; }
train killed
finish_off $process
fact "when the launcher is killed mpirun and its ranks end" wait_for '[ -z "$(processes killed)" ]'
fact "with everything saved" test -n "$(find "$work/killed/runs" -name checkpoint.h5)"
is "and leave nothing on the machine" "" "$(left)"

# All of them are.
train killed
all="$process $mpirun $(processes killed)"
for id in $all; do halt "$id"; done
kill -KILL $all
wait $process 2>/dev/null
echo 0 >"$work/killed/launch.$token"
echo 2 >"$work/killed/launch.$token.left-1"
echo 0 >"$work/tmp/teasel-launch.$token"
fact "all killed at once leave something" test -d "$session"
dead=$token:$session:$segments
train killed
living=$token:$session:$segments
IFS=: read -r token session segments <<<"$dead"
is "which the next start removes" "" "$(left)"

# mpirun alone is.
IFS=: read -r token session segments <<<"$living"
kill -KILL "$mpirun"
wait $process
is "the death of mpirun is a failure" 1 $?
is "of which the launcher leaves nothing" "" "$(left)"
fact "and nothing is left running" wait_for '[ -z "$(processes killed)" ]'

# A stop that mpirun does not survive is a stop.
train stopped
halt "$mpirun"
kill -USR1 $process
wait_for 'grep -q "asked to save and to stop" "$work/log"' $process
kill -KILL "$mpirun"
wait $process
is "mpirun's death after a signal ends with 75" 75 $?
facts_end
