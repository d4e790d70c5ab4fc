#!/bin/bash
# A real SLURM: an array of tasks shares a sweep; one task is cancelled, one is put back into the
# queue as before its time limit, alone and once, and all is done in the end with the bytes of one
# process. Then a sweep in one allocation of two nodes, by srun, and what `teasel submit` submits.
# SOAK=1: an array of 4 over 12 runs, and the limit is a real one, of a minute, which runs of so many
# ITERATIONS are sure to meet; srun with PMIx.
. "$(dirname "$0")/../facts.sh"
. tests/cluster/slurm.sh
slurm_missing && exit 77
at_end+=(slurm_stop)
bytes() { (cd "$work/$1" && md5sum runs/*/model.h5 runs/*/log.csv latents.h5 scores.csv | md5sum); }
events() { grep -c "	$2	" "$work/$1/ledger.tsv"; }

seeds=0 iterations=400 long=600 # seconds, on a machine that is too busy
[ -n "${SOAK:-}" ] && seeds="0, 1, 2" long=3600
job=(jobs/smoke.yaml --set "schedule.cache=$work/cache" --set "seeds=[$seeds]" --set schedule.claim_seconds=20)
if [ -n "${SOAK:-}" ] && [ -z "${ITERATIONS:-}" ]; then
  alone=200 trial=300 # seconds of the sweep in one process; four tasks then need 50 at least
  begin=$(date +%s%N)
  within "$TEASEL" run "${job[@]}" --train-only --set train.iterations=$trial -o "$work/trial" >"$work/log" 2>&1 || no "a trial ends"
  ITERATIONS=$((trial * alone * 1000 / (($(date +%s%N) - begin) / 1000000)))
  echo "ITERATIONS=$ITERATIONS"
fi
[ -n "${SOAK:-}" ] && iterations=$ITERATIONS
job+=(--set "train.iterations=$iterations")
slurm_start 3 4 || { tail -n 20 "$work"/slurm/log/*; echo "SLURM's daemons do not start on this machine"; exit 77; }
export TEASEL
submit() { (cd "$work" && sbatch --parsable --chdir="$OLDPWD" --output="$work/log-%A-%a" "$@"); }
top=$PWD

timeout -k 5 $long "$TEASEL" run "${job[@]}" -o "$work/whole" >"$work/whole.log" 2>&1 </dev/null
is "an undisturbed sweep ends with 0" 0 $? "$work/whole.log"

limit=(--time=10)
[ -n "${SOAK:-}" ] && limit=(--time=1 --signal=B:USR1@20)
array=$(submit --array=0-3 "${limit[@]}" "$top/slurm/array.sbatch" "${job[@]}" -o "$work/array")
wait_for '[ "$(cat "$work"/array/ledger/*.tsv 2>/dev/null | grep -c "	start	")" -ge 3 ]'
scancel "${array}_2"
[ -z "${SOAK:-}" ] && scancel --batch --signal=USR1 "${array}_1"
slurm_wait "$array" $long || no "the array ends" "$work"/log-*
[ -z "${SOAK:-}" ] &&
  is "the task that had USR1 was put back once" 1 "$(scontrol show job "${array}_1" | grep -o 'Restarts=[0-9]*' | cut -d= -f2)" "$work/log-$array-1"
[ -z "${SOAK:-}" ] &&
  is "and no other was" "0 0" "$(for i in 0 3; do scontrol show job "${array}_$i" | grep -o 'Restarts=[0-9]*' | cut -d= -f2; done | xargs)"
[ -n "${SOAK:-}" ] &&
  { [ "$(scontrol show job "$array" | grep -c 'Restarts=[1-9]')" -ge 1 ] && ok "some task met its limit and was put back" || no "some task met its limit" "$work"/log-*; }
is "the cancelled one is" "CANCELLED " "$(slurm_state "${array}_2")"
is "the others are completed" "COMPLETED " "$(squeue -h -t all -j "$array" -o '%K %T' | grep -v '^2 ' | cut -d' ' -f2 | sort -u | tr '\n' ' ')" "$work"/log-*
is "each run is finished once" "$(ls "$work/whole/runs" | wc -l)" "$(events array finish)" "$work/array/ledger.tsv"
is "with the bytes of one process" "$(bytes whole)" "$(bytes array)"
[ -s "$work/array/report.html" ] && ok "and there is a report" || no "and there is a report" "$work"/log-*

sweep=$(submit -N 2 -n 4 "$top/slurm/sweep.sbatch" "${job[@]}" -o "$work/nodes")
slurm_wait "$sweep" $long || no "the sweep on two nodes ends" "$work"/log-*
is "a sweep on two nodes is completed" "COMPLETED " "$(slurm_state "$sweep")" "$work/log-$sweep-4294967294"
is "with the bytes of one process" "$(bytes whole)" "$(bytes nodes)"

# srun starts ranks itself. Without PMIx they would not know of each other.
within srun --mpi=none -n 2 "$TEASEL" run "${job[@]}" -o "$work/srun" >"$work/srun.log" 2>&1
is "srun without PMIx is refused" 2 $? "$work/srun.log"
said "with what to do" "srun --mpi=pmix" "$work/srun.log"
fact "and nothing is written" test ! -e "$work/srun"
if [ -n "${SOAK:-}" ] && srun --mpi=list 2>&1 | grep -qw pmix; then
  OMPI_MCA_mpi_yield_when_idle=1 timeout -k 5 $long srun -K --mpi=pmix -N 2 -n 4 "$TEASEL" run "${job[@]}" -o "$work/srun" >"$work/srun.log" 2>&1
  is "srun with PMIx on two nodes ends with 0" 0 $? "$work/srun.log"
  is "with the bytes of one process" "$(bytes whole)" "$(bytes srun)"
fi

# As a user does it, with a folder that a shell would take apart.
folder="$work/a \$HOME b'c"
"$TEASEL" submit "${job[@]}" --array 2 --ranks 2 -o "$folder" --gflops 10 --sbatch=--output="$work/log-%A-%a" >"$work/submitted"
is "teasel submit ends with 0" 0 $? "$work/submitted"
array=$(sed -n 's/^job: //p' "$work/submitted") score=$(sed -n 's/^scores: //p' "$work/submitted")
[ -z "${SOAK:-}" ] &&
  is "the array asks for the plan's time" 11 "$(squeue -h -t all -j "${array}_0" -o %l | cut -d: -f1)"
slurm_wait "$array" $long && slurm_wait "$score" $long || no "array and scores end" "$work"/log-*
is "scores after an array are completed" "COMPLETED " "$(slurm_state "$score")" "$work"/log-"$score"*
mv "$folder" "$work/after"
is "with the bytes of one process" "$(bytes whole)" "$(bytes after)"
facts_end
