#!/bin/bash
# kills.sh: kills (-9) a rank, all ranks, or mpirun at random times of sweeps of 20 runs, in and out
# of checkpoints, and starts the same command again, until KILLS (200) were survived. Every sweep
# must end, with each run there once and with the bytes of a sweep that nothing happened to.
# RANKS (3), SEED choose what is repeated.
set -u
cd "$(dirname "$0")/../.." || exit 1
: "${KILLS:=200}" "${RANKS:=3}" "${SEED:=$$}" "${BUILD:=build/release}"
TEASEL=${TEASEL:-$PWD/$BUILD/teasel}
work=${WORK:-$(mktemp -d)}
RANDOM=$SEED
launched=0
end() {
  [ "$launched" = 0 ] || kill -9 "$launched" $(members) 2>/dev/null
  rm -rf "$work"
}
trap end EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
echo "SEED=$SEED KILLS=$KILLS RANKS=$RANKS"

printf 'reader: tubers\ncount: 120\ngood: 20\nsize: 8\n' >"$work/data.yaml"
cat >"$work/network.yaml" <<'END'
input: [3, 8, 8]
encoder:
  - conv: {filters: 8, kernel: 4, stride: 2, pad: 1, norm: batch, activation: relu}
  - dense: {units: 16, activation: relu}
decoder:
  - dense: {units: 128, activation: relu}
  - reshape: [8, 4, 4]
  - deconv: {filters: 3, kernel: 4, stride: 2, pad: 1}
END
cat >"$work/job.yaml" <<END
name: soak
dataset: ./data.yaml
network: ./network.yaml
latent: 4
train: {iterations: ${ITERATIONS:-1500}, batch: 16, shards: 4, log_every: 50}
seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
score: {udr: {points: 60}, factors: {points: 60, votes: 0}}
families:
  - model: beta_vae
    beta: [1, 4]
END
sums() { (cd "$1" && md5sum latents.h5 scores.csv runs/*/model.h5 runs/*/log.csv); }
settings=(--set "schedule.cache=$work/cache" --set train.checkpoint_seconds=0.3
  --set schedule.peer_seconds=5 --set schedule.claim_seconds=5)
timeout 600 "$TEASEL" run "$work/job.yaml" -o "$work/whole" --set "schedule.cache=$work/cache" >"$work/log" 2>&1 </dev/null ||
  { tail -n 20 "$work/log"; echo "FAILED  the undisturbed sweep"; exit 1; }
expected=$(sums "$work/whole")

# Processes of this sweep: the ranks hold the results folder in their command line, mpirun too.
members() { pgrep -f -- "-o $work/sweep " 2>/dev/null; }
ranks() { for pid in $(members); do [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = teasel ] && [ "$pid" != "$launched" ] && echo "$pid"; done; }
mpirun_of() { for pid in $(members); do case $(cat "/proc/$pid/comm" 2>/dev/null) in mpirun | orterun) echo "$pid" ;; esac; done; }
pick() { [ $# -gt 0 ] && { shift $((RANDOM % $#)); echo "$1"; }; }

start() {
  "$TEASEL" launch -n "$RANKS" --mpirun --oversubscribe "$work/job.yaml" \
    -o "$work/sweep" "${settings[@]}" >>"$work/log" 2>&1 </dev/null &
  launched=$!
}
kills=0 sweeps=0 starts=0 failed=0 idle=0
declare -A kinds=([rank]=0 [all]=0 [mpirun]=0)
while [ $kills -lt "$KILLS" ] || [ -e "$work/sweep" ] || [ $sweeps = 0 ]; do
  start
  starts=$((starts + 1))
  begun=$SECONDS before=$kills
  while kill -0 $launched 2>/dev/null; do
    sleep "$((RANDOM % 4)).$((RANDOM % 10))"
    [ $((SECONDS - begun)) -gt 300 ] && { echo "FAILED  no end within 300 s"; tail -n 30 "$work/log"; exit 1; }
    [ $kills -ge "$KILLS" ] && continue
    case $((RANDOM % 4)) in
      0 | 1) kind=rank victims=$(pick $(ranks)) ;;
      2) kind=all victims=$(ranks) ;;
      3) kind=mpirun victims=$(mpirun_of) ;;
    esac
    [ -n "$victims" ] && kill -9 $victims 2>/dev/null && kills=$((kills + 1)) && kinds[$kind]=$((kinds[$kind] + 1))
  done
  wait $launched
  code=$?
  launched=0
  case $code in
    0)
      sweeps=$((sweeps + 1))
      if [ "$(sums "$work/sweep")" = "$expected" ]; then
        echo "ok      sweep $sweeps, after $kills kills and $starts starts"
      else
        failed=$((failed + 1))
        echo "FAILED  sweep $sweeps has other bytes"
        diff <(sums "$work/sweep") <(echo "$expected")
      fi
      rm -rf "$work/sweep"
      ;;
    1 | 75 | 137) # again, unless nobody was killed
      [ $kills -gt $before ] || idle=$((idle + 1))
      [ $idle -le 5 ] || { echo "FAILED  it ends with $code by itself"; tail -n 30 "$work/log"; exit 1; }
      ;;
    *) failed=$((failed + 1)) && echo "FAILED  exit code $code" && tail -n 20 "$work/log" && break ;;
  esac
done
echo "$kills kills (rank ${kinds[rank]}, all ${kinds[all]}, mpirun ${kinds[mpirun]}), $starts starts"
echo "$sweeps passed, $failed failed"
[ $failed = 0 ]
