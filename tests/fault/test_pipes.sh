#!/bin/bash
# A pipe that nobody writes into, a socket or a device in the place of a file: every command says so
# and ends, and none waits. What a shell hands over as /dev/fd/N is read.
. "$(dirname "$0")/../facts.sh"
patience=60
export TMPDIR=$work/tmp
mkdir "$work/tmp"

tiny_job pipes <<'END'
latent: 2
train: {iterations: 10, batch: 16}
seeds: [0]
families:
  - {model: beta_vae, beta: [1, 2]}
score:
  udr: {points: 50}
END
cd "$work" || exit 1
mkfifo fifo fifo.yaml fifo.npy fifo.h5 fifo.mat fifo.idx
perl -MSocket -e 'socket(IT, AF_UNIX, SOCK_STREAM, 0) && bind(IT, pack_sockaddr_un("socket")) or die'

# title, words, command...
refuses() {
  local title=$1 words=$2; shift 2
  within "$@" >log 2>&1
  is "$title: exit code" 2 $? log
  said "$title: the words" "$words" log
}
# ---- files that a command line names ----
for command in plan run "submit --array 0 --time 60"; do
  refuses "$command of a pipe" 'fifo: is no regular file' "$TEASEL" $command fifo
done
refuses "launch of a pipe" 'fifo: is no regular file' "$TEASEL" launch -n 1 fifo
refuses "step of a pipe" 'fifo: is no regular file' "$TEASEL" step fifo "$work/in.h5" "$work/out.h5"
refuses "score-file of a pipe" 'fifo.h5: is no regular file' "$TEASEL" score-file fifo.h5
refuses "score-file of a device" '/dev/zero: is no regular file' "$TEASEL" score-file /dev/zero
refuses "a device as a job" '/dev/zero: is no regular file' "$TEASEL" plan /dev/zero
refuses "a socket as a job" 'socket: is no regular file' "$TEASEL" plan socket
refuses "explain of a device" '/dev/zero: is no regular file' "$TEASEL" explain /dev/zero
refuses "explain of a pipe" 'fifo.yaml: is no regular file' "$TEASEL" explain fifo.yaml
refuses "explain of a folder" 'tmp: is a folder' "$TEASEL" explain "$work/tmp"
truncate -s 64G large.yaml
refuses "explain of a file without an end" 'large.yaml:1:1: .*at most 1048576' "$TEASEL" explain large.yaml
refuses "a pipe as a data set" 'fifo.yaml: is no regular file' "$TEASEL" data info ./fifo.yaml
refuses "a pipe as a network" 'fifo.yaml: is no regular file' "$TEASEL" plan job.yaml --set network=./fifo.yaml
printf 'reader: hdf5\npath: fifo.h5\n' >hdf5.yaml
printf 'reader: npy\npath: fifo.npy\n' >npy.yaml
printf 'reader: idx\nimages: fifo.idx\n' >idx.yaml
printf 'reader: svhn\ntrain: fifo.mat\n' >svhn.yaml
for reader in hdf5 npy idx svhn; do
  refuses "data of $reader" 'fifo.*: is no regular file' "$TEASEL" data info ./$reader.yaml
done

# ---- what a shell hands over ----
plan() { timeout $patience "$TEASEL" plan "$1" --set dataset="$work/data.yaml" --set network="$work/network.yaml" >log 2>&1; }
handed_over() { plan <(cat job.yaml); }
fact "a job from /dev/fd" handed_over
piped() { cat job.yaml | plan /dev/stdin; }
fact "a job from standard input" piped
# Those that start others with the job's path: these would find the pipe empty, or none.
for command in "launch -n 1" "launch -n 2" "submit --array 1 --time 60 --memory 100 --dry-run"; do
  for place in /dev/stdin /dev/fd/0 /proc/self/fd/0; do
    timeout $patience "$TEASEL" $command $place <job.yaml >log 2>&1
    is "$command $place: exit code" 2 $? log
    said "$command $place: the words" "^teasel: $place: is read here, .*; put it into a file" log
  done
done
# A writer that never ends is left at a signal.
exec 3<>fifo
start wait.log "$TEASEL" run /dev/fd/3 -o nothing
wait_for 'catches $process TERM' $process && kill -TERM $process
wait $process
is "a signal ends the reading of a job" 75 $? wait.log
exec 3>&-

# ---- results folders ----
within "$TEASEL" run job.yaml -o whole >log 2>&1 || { no "the sweep"; exit 1; }
run=$(basename "$(ls -d whole/runs/* | head -n 1)")
call() {
  case $1 in
    diff) within "$TEASEL" diff whole copy ;;
    run) within "$TEASEL" run job.yaml -o copy ;;
    rerun) within "$TEASEL" rerun copy --run "$run" ;;
    *) within "$TEASEL" "$1" copy ;;
  esac >log 2>&1
}
try() { # file, commands and their exit codes: "status:2 run:0"
  local pair code file=$1
  for pair in $2; do
    rm -rf copy
    cp -R whole copy
    rm -f "copy/$file"
    mkfifo "copy/$file"
    call "${pair%:*}"
    code=$?
    is "$file: ${pair%:*}" "${pair#*:}" $code log
    [ $code = 0 ] || said "$file: ${pair%:*} names it" "$(basename "$file").* is no regular file" log
  done
}
try job.used.yaml "status:2 score:2 run:2 diff:2"
try provenance.json "run:2 diff:2"
try digests.txt "run:0"
try latents.h5 "diff:2 score:0"
try scores.h5 "diff:2 score:0"
try scores.unfinished.h5 "run:0"
try scores.csv "status:2 diff:2 run:0"
try udr_all.csv "run:0"
try report.html "report:0"
try ledger/x.tsv "status:2 run:0"
try "runs/$run/record.json" "status:2 run:2"
try "runs/$run/model.h5" "diff:2 rerun:2"
try "runs/$run/log.csv" "report:0 diff:2"
try "runs/$run/progress.json" "status:0"
try "runs/$run/claim.1" "status:0"
try "runs/$run/checkpoint.h5" "run:0"
try score.claim.1 "status:0 run:2"
facts_end
