#!/bin/bash
# teasel run from end to end on jobs/smoke.yaml: the same weights for any width, nothing trained
# twice, bad input written nowhere, killed sweeps completed.
. "$(dirname "$0")/../facts.sh"
job=jobs/smoke.yaml
# ranks, log, arguments...: exit code of a run; standard output and error go to the log.
teasel_run() {
  local ranks=$1 log=$2
  shift 2
  if [ "$ranks" = 0 ]; then
    within "$TEASEL" run "$@" >"$log" 2>&1
  else
    on_ranks "$ranks" "$TEASEL" run "$@" >"$log" 2>&1
  fi
}
# The weights of every run of a results folder.
weights() { (cd "$1/runs" && for run in *; do echo "$run $(h5dump -d /params "$run/model.h5" 2>/dev/null | md5sum) $(md5sum <"$run/model.h5")"; done); }
# Which files the runs are, and when they were written.
stamps() { (cd "$1/runs" && stat -c '%n %i %y' ./*/model.h5 ./*/record.json); }

teasel_run 0 "$work/alone.log" "$job" -o "$work/alone"
is "a run alone ends with 0" 0 $?
is "its last line names the report" "report: $work/alone/report.html" "$(grep -v '^teasel:' "$work/alone.log" | tail -n 1)"
[ -s "$work/alone/report.html" ] && ok "the report exists" || no "the report exists" "$work/alone.log"
for file in job.used.yaml provenance.json latents.h5 scores.h5 scores.csv udr_setting.csv udr_family.csv udr_all.csv; do
  [ -s "$work/alone/$file" ] || no "$file exists"
done
runs=$(ls "$work/alone/runs" | wc -l)
[ "$runs" -ge 2 ] && ok "there are $runs runs" || no "there are runs"

for width in 1 2 4; do
  teasel_run $width "$work/width$width.log" "$job" -o "$work/width$width" --set schedule.width=$width
  is "width $width on $width ranks ends with 0" 0 $? || tail "$work/width$width.log"
  is "width $width gives the weights of a run alone" "$(weights "$work/alone")" "$(weights "$work/width$width")"
  cmp -s "$work/alone/latents.h5" "$work/width$width/latents.h5" && ok "width $width gives its latents" || no "width $width gives its latents"
  for table in scores.csv udr_setting.csv udr_family.csv udr_all.csv; do
    cmp -s "$work/alone/$table" "$work/width$width/$table" || no "width $width gives its $table"
  done
done

before=$(stamps "$work/alone")
teasel_run 0 "$work/again.log" "$job" -o "$work/alone"
is "the same command again ends with 0" 0 $?
is "and trains nothing" "$before" "$(stamps "$work/alone")"

seeds=$(sed -n 's/^seeds: *\[\(.*\)\].*/\1/p' "$job")
teasel_run 2 "$work/seed.log" "$job" -o "$work/alone" --set "seeds=[$seeds, 77]"
is "an added seed ends with 0" 0 $?
is "and trains nothing old again" "$before" "$(stamps "$work/alone" | grep -v -- '-seed=77-')"
[ "$(ls "$work/alone/runs" | grep -c -- '-seed=77-')" -ge 1 ] && ok "and trains the new seed" || no "and trains the new seed" "$work/seed.log"

mkdir "$work/bad"
sed 's/^seeds:.*/seeds: [0, 0]\nsede: 3/' "$job" >"$work/bad/smoke.yaml"
(cd "$work/bad" && ls -A >"$work/before.ls")
for ranks in 0 2; do
  teasel_run $ranks "$work/bad.log" "$work/bad/smoke.yaml" -o "$work/bad-results"
  is "a malformed job on $ranks ranks ends with 2" 2 $?
  grep -q "smoke.yaml:[0-9]*:[0-9]*: " "$work/bad.log" && ok "and names the place" || no "and names the place" "$work/bad.log"
  [ ! -e "$work/bad-results" ] && ok "and writes nothing" || no "and writes nothing"
done
teasel_run 0 "$work/none.log" "$work/no-such.yaml" -o "$work/bad-results"
is "a missing job file ends with 2" 2 $?
teasel_run 0 "$work/width.log" "$job" -o "$work/bad-results" --set schedule.width=4
is "a width of more than there are ranks ends with 2" 2 $?
teasel_run 0 "$work/batch.log" "$job" -o "$work/bad-results" --set train.batch=65536 --set train.shards=8
is "a batch larger than the data ends with 2" 2 $?
mkdir -p "$work/configs/datasets" "$work/jobs" && cp -R configs/networks "$work/configs/"
printf 'reader: idx\nimages: nowhere/images.gz\n' >"$work/configs/datasets/lost.yaml"
sed 's/^dataset:.*/dataset: lost/; /^dataset\./d' "$job" >"$work/jobs/lost.yaml"
teasel_run 2 "$work/lost.log" "$work/jobs/lost.yaml" -o "$work/bad-results"
code=$?
[ $code = 1 ] || [ $code = 2 ] && ok "a missing data set fails" || no "a missing data set fails: $code" "$work/lost.log"
grep -q "nowhere/images.gz" "$work/lost.log" && ok "and its file is named" || no "and its file is named" "$work/lost.log"
[ ! -e "$work/bad-results" ] && ok "bad input writes nothing" || no "bad input writes nothing: $(find "$work/bad-results")"

mkdir "$work/foreign" && echo "a thesis" >"$work/foreign/thesis.tex"
teasel_run 0 "$work/foreign.log" "$job" -o "$work/foreign"
is "a folder of other files ends with 2" 2 $?
is "and stays as it is" "thesis.tex" "$(ls -A "$work/foreign")"
sed 's/^name:.*/name: another/' "$job" >"$work/jobs/another.yaml"
sed -i "s,^network: *\([a-z0-9]*\) *\(#.*\)\?\$,network: \1," "$work/jobs/another.yaml"
cp -R configs/datasets/. "$work/configs/datasets/"
teasel_run 0 "$work/another.log" "$work/jobs/another.yaml" -o "$work/alone"
is "results of another job end with 2" 2 $?
grep -q "another folder" "$work/another.log" && ok "and say what to do" || no "and say what to do" "$work/another.log"
teasel_run 0 "$work/data.log" "$job" -o "$work/alone" --set dataset.count=320 --set dataset.good=100
is "results on other data end with 2" 2 $?
grep -q "other data" "$work/data.log" && ok "and say so" || no "and say so" "$work/data.log"
"$TEASEL" score "$work/alone" --set score.udr.points=100 >"$work/score.log" 2>&1
is "scoring alone ends with 0" 0 $?
grep -q "points: 100" "$work/alone/job.used.yaml" && ok "and records what was set" || no "and records what was set" "$work/alone/job.used.yaml"
"$TEASEL" score "$work/alone" --set train.batch=32 >"$work/score.log" 2>&1
is "scoring runs that are not there ends with 2" 2 $?
cp "$work/alone/job.used.yaml" "$work/used.yaml"
cp "$work/alone/scores.csv" "$work/used.csv"
for setting in "seeds=[0]" "seeds=[0, 1, 2, 3]" latent=2 score.held_out=0.3 name=other dataset.seed=5; do
  "$TEASEL" score "$work/alone" --set "$setting" >"$work/score.log" 2>&1
  is "scoring with $setting ends with 2" 2 $?
  grep -q "teasel run" "$work/score.log" && ok "and says what to do" || no "and says what to do" "$work/score.log"
  cmp -s "$work/used.yaml" "$work/alone/job.used.yaml" && cmp -s "$work/used.csv" "$work/alone/scores.csv" &&
    ok "and leaves job and table" || no "and leaves job and table" "$work/alone/job.used.yaml"
done
"$TEASEL" report "$work/alone" >"$work/report.log" 2>&1
is "the report alone ends with its path" "report: $work/alone/report.html" "$(tail -n 1 "$work/report.log")"
teasel_run 0 "$work/proc.log" "$job" -o /proc/teasel
is "a folder that cannot be made ends with 1" 1 $?
grep -q "/proc/teasel" "$work/proc.log" && ok "and is named" || no "and is named" "$work/proc.log"

# Stopped in the middle: the same command completes, with the weights of an undisturbed sweep.
long=(--set train.iterations=250 --set "seeds=[0]")
teasel_run 0 "$work/long.log" "$job" -o "$work/long" "${long[@]}"
is "a longer sweep ends with 0" 0 $?
all=$(ls "$work/long/runs" | wc -l)
# folder: some of its runs are finished
some_done() {
  local finished
  finished=$(find "$work/$1/runs" -name record.json 2>/dev/null | wc -l)
  [ "$finished" -ge 1 ] && [ "$finished" -lt "$all" ]
}
start "$work/stopped.log" "$TEASEL" run "$job" -o "$work/stopped" "${long[@]}"
hold_when $process "some_done stopped" || no "it was never in the middle" "$work/stopped.log"
kill -USR1 $process
kill -CONT $process
wait $process
is "a signal stops it with 75" 75 $? "$work/stopped.log"
fact "before all runs are done" test ! -e "$work/stopped/latents.h5"
kept=$(cd "$work/stopped/runs" && stat -c '%n %i %y' ./*/record.json)
start "$work/killed.log" on_ranks 2 "$TEASEL" run "$job" -o "$work/killed" "${long[@]}"
wait_for 'victim=$(rank_process 1 "$work/killed"); [ -n "$victim" ]' $process
hold_when "$victim" "some_done killed" || no "it was never in the middle" "$work/killed.log"
kill -KILL "$victim"
wait $process
code=$?
test_that "a killed rank ends the sweep with $code" "[ $code != 0 ] && [ $code != 124 ]" "$work/killed.log"
fact "before all runs are done" test ! -e "$work/killed/latents.h5"
for name in stopped killed; do
  teasel_run 2 "$work/$name.again.log" "$job" -o "$work/$name" "${long[@]}"
  is "a $name sweep is completed" 0 $?
  is "a $name sweep has the weights of an undisturbed one" "$(weights "$work/long")" "$(weights "$work/$name")"
done
is "finished runs of a stopped sweep were kept" "$kept" "$(cd "$work/stopped/runs" && echo "$kept" | sed 's/ .*//' | xargs stat -c '%n %i %y')"

facts_end
