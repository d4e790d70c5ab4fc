# A private SLURM on this one machine, sourced by the tests of this folder: munged, slurmctld and
# slurmd on loopback, all below $work/slurm. Needs root and the packages slurm-wlm and munge.
#   slurm_start NODES CPUS; sbatch, squeue ...; slurm_stop
# shellcheck shell=bash

slurm_missing() { # prints why there can be no SLURM; fails when there can
  [ "$(id -u)" = 0 ] || { echo "SLURM's daemons need root"; return; }
  local program
  for program in munged slurmctld slurmd sbatch; do
    command -v $program >/dev/null || { echo "no $program: .ci/packages cluster installs it"; return; }
  done
  return 1
}

# A port below which the daemons are told apart from those of other tests.
slurm_port() { echo $((20000 + $$ % 10000)); }

slurm_start() { # nodes, CPUs of each
  local nodes=$1 cpus=$2 top=$work/slurm host port
  host=$(hostname -s) port=$(slurm_port)
  mkdir -p "$top/state" "$top/log"
  chmod 755 "$work" "$top"
  install -d -m 700 -o munge -g munge "$top/munge"
  install -d -m 755 -o munge -g munge "$top/socket"
  (umask 077 && head -c 128 /dev/urandom >"$top/munge/key")
  chown munge:munge "$top/munge/key"
  runuser -u munge -- munged --key-file="$top/munge/key" --socket="$top/socket/munge" \
    --pid-file="$top/munge/pid" --log-file="$top/munge/log" --seed-file="$top/munge/seed" || return 1
  # cred_expire: a requeued job else waits two minutes. config_overrides: more CPUs than exist.
  # TmpFS: PMIx keeps a folder for a step there, and the nodes are one machine.
  cat >"$top/slurm.conf" <<EOF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$top/socket/munge,cred_expire=5
CredType=cred/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerType=sched/builtin
SchedulerParameters=sched_min_interval=200000,batch_sched_delay=0,sched_interval=2
ReturnToService=2
KillWait=5
MinJobAge=600
SlurmctldTimeout=60
SlurmdTimeout=60
StateSaveLocation=$top/state
SlurmdSpoolDir=$top/spool.%n
TmpFS=$top/tmp.%n
SlurmctldPidFile=$top/slurmctld.pid
SlurmdPidFile=$top/slurmd.%n.pid
SlurmctldLogFile=$top/log/slurmctld
SlurmdLogFile=$top/log/slurmd.%n
NodeName=n[1-$nodes] NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1))-$((port + nodes)) CPUs=$cpus RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
EOF
  export SLURM_CONF=$top/slurm.conf
  slurmctld >"$top/log/start" 2>&1 </dev/null || return 1
  for i in $(seq "$nodes"); do
    mkdir -p "$top/spool.n$i" "$top/tmp.n$i"
    chmod 1777 "$top/tmp.n$i"
    slurmd -N "n$i" >>"$top/log/start" 2>&1 </dev/null || return 1
  done
  for _ in $(seq 600); do
    [ "$(sinfo -h -N -t idle -o %N 2>/dev/null | wc -l)" = "$nodes" ] && return 0
    sleep 0.2
  done
  return 1
}

# Ends a daemon by its own pid file, if that number still is that program.
slurm_end() { # pid file, program
  local process
  process=$(cat "$1" 2>/dev/null) || return 0
  case $(cat "/proc/$process/comm" 2>/dev/null) in "$2"*) ;; *) return 0 ;; esac
  kill "$process"
  for _ in $(seq 50); do [ -e "/proc/$process" ] || return 0; sleep 0.1; done
  kill -KILL "$process" 2>/dev/null
}

slurm_stop() {
  local top=$work/slurm file process
  [ -f "$top/slurm.conf" ] || return 0
  if [ -f "$top/slurmctld.pid" ]; then
    timeout 10 squeue -h -o %A 2>/dev/null | sort -u | xargs -r timeout 10 scancel -s KILL -f 2>/dev/null
    timeout 10 squeue -h -o %A 2>/dev/null | sort -u | xargs -r timeout 10 scancel 2>/dev/null
    for _ in $(seq 25); do [ -z "$(timeout 5 squeue -h -t R,CG 2>/dev/null)" ] && break; sleep 0.2; done
  fi
  for file in "$top"/slurmd.*.pid; do slurm_end "$file" slurmd; done
  slurm_end "$top/slurmctld.pid" slurmctld
  # Daemons of steps, and what jobs left behind, know this SLURM by their environment.
  for process in $(grep -lzxF "SLURM_CONF=$top/slurm.conf" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3); do
    grep -qzE '^SLURM_JOB_ID=' "/proc/$process/environ" 2>/dev/null && kill -KILL "$process" 2>/dev/null
  done
  slurm_end "$top/munge/pid" munged
}

slurm_state() { squeue -h -t all -j "$1" -o %T 2>/dev/null | sort -u | tr '\n' ' '; }
# Until all of the job has ended for good: a job that is put back passes through states in which it
# neither waits nor runs, so it counts when nothing changes for a while.
slurm_wait() { # job, seconds
  local calm=0 states
  for _ in $(seq $((2 * $2))); do
    states=$(squeue -h -t all -j "$1" -o %T 2>/dev/null)
    if [ -n "$states" ] && ! grep -qvE '^(COMPLETED|CANCELLED|FAILED|TIMEOUT|NODE_FAIL)$' <<<"$states"; then
      calm=$((calm + 1))
      [ $calm = 6 ] && return 0
    else
      calm=0
    fi
    sleep 0.5
  done
  echo "job $1 did not end: $(squeue -t all -j "$1")"
  return 1
}
