#!/bin/bash
# kills.sh: kills (-9) a rank, all ranks, or mpirun at random times of sweeps of 20 runs, a third of
# them just while a file is half written, and starts the same command again, until KILLS (200) were
# survived. Every sweep must end, with each run there once, the bytes of a sweep that nothing
# happened to, its end in the ledger once, and no claim or checkpoint left over.
# RANKS (3), ITERATIONS (600), SEED choose what is repeated; SECONDS_MOST (120) is a hang.
. "$(dirname "$0")/../facts.sh"
: "${KILLS:=200}" "${RANKS:=3}" "${ITERATIONS:=600}" "${SEED:=$$}" "${SECONDS_MOST:=120}"
RANDOM=$SEED
launched=0
echo "SEED=$SEED KILLS=$KILLS RANKS=$RANKS ITERATIONS=$ITERATIONS"

tiny_job soak norm <<END
latent: 4
train: {iterations: $ITERATIONS, batch: 16, shards: 4, log_every: 50}
seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
score: {udr: {points: 60}, factors: {points: 60, votes: 0}}
families:
  - model: beta_vae
    beta: [1, 4]
END
sums() { (cd "$1" && md5sum latents.h5 scores.h5 scores.csv udr_*.csv figures/*.svg runs/*/model.h5 runs/*/log.csv); }
leftovers() { find "$1" -name '*claim.*' -o -name 'checkpoint*'; }
litter() { find "$1" -name '*.part-*' -o -name 'launch.*' | wc -l; } # of processes that are no more
settings=(--set "schedule.cache=$work/cache" --set train.checkpoint_seconds=0.3
  --set schedule.peer_seconds=5 --set schedule.claim_seconds=5)
timeout 600 "$TEASEL" run "$work/job.yaml" -o "$work/whole" --set "schedule.cache=$work/cache" >"$work/log" 2>&1 </dev/null ||
  { tail -n 20 "$work/log"; echo "FAILED  the undisturbed sweep"; exit 1; }
expected=$(sums "$work/whole")
# Kills come so often that a sweep meets some of them, at this machine's present speed.
begin=$(date +%s%N)
timeout 600 "$TEASEL" launch -n "$RANKS" --mpirun --oversubscribe "$work/job.yaml" -o "$work/launched" "${settings[@]}" >"$work/log" 2>&1 </dev/null
span=$((($(date +%s%N) - begin) / 1000000 / 3)) # milliseconds
[ "$(sums "$work/launched")" = "$expected" ] || { tail -n 20 "$work/log"; echo "FAILED  the undisturbed sweep of $RANKS ranks"; exit 1; }
wait_a_while() {
  local pause=$((RANDOM * 32768 + RANDOM))
  pause=$((pause % span))
  sleep "$((pause / 1000)).$(printf %03d $((pause % 1000)))"
}

# Processes of this sweep: the ranks hold the results folder in their command line, mpirun too.
members() { pgrep -f -- "-o $work/sweep " 2>/dev/null; }
ranks() { for pid in $(members); do [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = teasel ] && [ "$pid" != "$launched" ] && echo "$pid"; done; }
mpirun_of() { for pid in $(members); do case $(cat "/proc/$pid/comm" 2>/dev/null) in mpirun | orterun) echo "$pid" ;; esac; done; }
pick() { [ $# -gt 0 ] && { shift $((RANDOM % $#)); echo "$1"; }; }
half_written() { find "$work/sweep" -name '*.part-*' 2>/dev/null; }

# Stops all ranks at a moment when one of them has a file half written, if there is one within a
# second or so; prints that rank. A part's name begins with its writer's number.
freeze_in_writing() {
  local all pid part
  for _ in $(seq 40); do
    all=$(ranks)
    kill -STOP $all 2>/dev/null
    for part in $(half_written); do
      for pid in $all; do
        case $part in *.part-????????-"$(printf %x "$pid")"-*) echo "$pid" && return ;; esac
      done
    done
    kill -CONT $all 2>/dev/null
    sleep 0.0$((RANDOM % 9 + 1))
  done
}
stage() { # of this start, by what it has said and done
  if grep -q '^teasel: writing the report' "$work/log"; then echo report
  elif grep -q '^teasel: scoring' "$work/log"; then echo score
  elif grep -q '^teasel: encoding' "$work/log"; then echo encode
  elif [ -n "$(find "$work/sweep/ledger" -name '*.tsv' -newer "$work/begin" 2>/dev/null)" ]; then echo train
  else echo start; fi
}
start_sweep() {
  touch "$work/begin"
  "$TEASEL" launch -n "$RANKS" --mpirun --oversubscribe "$work/job.yaml" \
    -o "$work/sweep" "${settings[@]}" >"$work/log" 2>&1 </dev/null &
  launched=$!
}
kills=0 sweeps=0 starts=0 idle=0 writing=0 longest=0 littered=0 counted=0
declare -A kinds=([rank]=0 [all]=0 [mpirun]=0) stages=([start]=0 [train]=0 [encode]=0 [score]=0 [report]=0)
fail() { # title, files...
  keep_work=yes
  no "$@"
}
strike() {
  local kind victims='' writer='' now frozen=''
  [ $((RANDOM % 3)) = 0 ] && writer=$(freeze_in_writing) && frozen=$(ranks)
  case $((RANDOM % 4)) in
    0 | 1) kind=rank victims=${writer:-$(pick $(ranks))} ;;
    2) kind=all victims=$(ranks) ;;
    3) kind=mpirun victims=$(mpirun_of) ;;
  esac
  now=$(stage)
  # One start in four is killed before it trains: else little else would be met.
  [ "$now" = start ] && [ $((RANDOM % 4)) != 0 ] && victims=''
  if [ -n "$victims" ] && kill -9 $victims 2>/dev/null; then
    kills=$((kills + 1)) last=$SECONDS
    kinds[$kind]=$((kinds[$kind] + 1)) stages[$now]=$((stages[$now] + 1))
    [ -z "$writer" ] || writing=$((writing + 1))
  fi
  [ -z "$frozen" ] || kill -CONT $frozen 2>/dev/null
}
check() { # the sweep that has ended
  sweeps=$((sweeps + 1))
  [ $((kills - counted)) -ge 4 ] || [ $span -lt 1000 ] || span=$((span / 2))
  [ $((kills - counted)) -le 16 ] || span=$((span * 2))
  counted=$kills
  local twice runs told
  runs=$(ls "$work/sweep/runs" | wc -l)
  told=$(grep -c "	finish	" "$work/sweep/ledger.tsv")
  twice=$(awk -F'\t' '$2 == "finish" {print $3}' "$work/sweep/ledger.tsv" | sort | uniq -d)
  if [ "$(sums "$work/sweep")" != "$expected" ]; then
    fail "sweep $sweeps has other bytes" /dev/null
    diff <(sums "$work/sweep") <(echo "$expected")
  elif [ "$runs" != 20 ] || [ "$told" != 20 ] || [ -n "$twice" ]; then
    fail "sweep $sweeps has $runs runs, the ledger tells the end of $told, and twice of: $twice" /dev/null
  elif [ -n "$(leftovers "$work/sweep")" ]; then
    fail "sweep $sweeps leaves something behind" /dev/null
    leftovers "$work/sweep"
  else
    ok "sweep $sweeps, after $kills kills and $starts starts"
    littered=$((littered + $(litter "$work/sweep")))
  fi
  [ -n "$keep_work" ] && mv "$work/sweep" "$work/failed-$sweeps" || rm -rf "$work/sweep"
}
while [ $kills -lt "$KILLS" ] || [ -e "$work/sweep" ] || [ $sweeps = 0 ]; do
  start_sweep
  starts=$((starts + 1))
  last=$SECONDS before=$kills
  while kill -0 $launched 2>/dev/null; do
    wait_a_while
    if [ $((SECONDS - last)) -gt "$SECONDS_MOST" ]; then
      fail "no end within $SECONDS_MOST s after a kill"
      ps -o pid,ppid,stat,etime,wchan:20,args $launched $(members)
      exit 1
    fi
    [ $kills -ge "$KILLS" ] || strike
  done
  wait $launched
  code=$?
  launched=0
  [ $((SECONDS - last)) -gt $longest ] && longest=$((SECONDS - last))
  case $code in
    0) check ;;
    1 | 75 | 137) # again, unless nobody was killed
      [ $kills -gt $before ] || idle=$((idle + 1))
      [ $idle -le 5 ] || { fail "it ends with $code by itself"; exit 1; }
      ;;
    *) fail "exit code $code" && break ;;
  esac
done
echo "$kills kills (rank ${kinds[rank]}, all ${kinds[all]}, mpirun ${kinds[mpirun]};" \
  "start ${stages[start]}, train ${stages[train]}, encode ${stages[encode]}, score ${stages[score]}, report ${stages[report]};" \
  "$writing with a file half written), $starts starts, at most $longest s from the last kill to an end, $littered half-written files left"
facts_end
