#!/bin/bash
# Names with slashes, spaces, quotes, HTML and shell characters: of jobs, networks, data sets, class
# folders, pictures and results folders. No path leaves the results folder, nothing is run by a
# shell, the report escapes.
. "$(dirname "$0")/../facts.sh"
call() { (cd "$place" && within "$TEASEL" "$@" >"$work/log" 2>&1); }
listing() { find "$work" -path "$work/cache" -prune -o -path "$work/log" -prune -o -print | sort; }

evil="a b'c\"d<img src=x onerror=alert(1)>&;\$(touch pwned)\`touch pwned\`|*?\\%s%n"
place="$work/$evil"
mkdir -p "$place/jobs" "$place/configs/networks" "$place/pictures"
cat >"$place/jobs/$evil.net.yaml" <<'END'
input: [3, 16, 16]
encoder:
  - conv: {filters: 8, kernel: 4, stride: 2, pad: 1, activation: relu}
decoder:
  - dense: {units: 512, activation: relu}
  - reshape: [8, 8, 8]
  - deconv: {filters: 3, kernel: 4, stride: 2, pad: 1}
END
"$TEASEL" data write tubers --set count=24 --set good=12 --set size=16 -o "$work/sheet.h5" >"$work/log" 2>&1
for class in "$evil" "-rf ~" "<script>alert(1)" $'two\nlines'; do
  mkdir -p "$place/pictures/$class"
  for i in 1 2 3 4 5 6; do cp "$work/sheet.png" "$place/pictures/$class/$evil $i.png"; done
done
rm "$work/sheet.h5" "$work/sheet.png"
quoted() { printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g'; } # for a YAML string
printf 'reader: image_folder\npath: "%s"\nsize: 16\n' "$(quoted "../pictures")" >"$place/jobs/$evil.data.yaml"
cat >"$place/jobs/$evil.yaml" <<END
name: plain
dataset: "./$(quoted "$evil").data.yaml"
network: ["./$(quoted "$evil").net.yaml"]
latent: 2
train: {iterations: 10, batch: 8, shards: 2}
seeds: [0, 1]
families:
  - {model: beta_vae, beta: [1, 2]}
score:
  udr: {points: 20}
END
job="jobs/$evil.yaml"
before=$(listing)

for name in ../evil /evil a/b . .. "a b" "a'b" '<b>' '$(touch pwned)' '`x`' 'a;b' -rf '' "$(printf 'x%.0s' {1..300})"; do
  sed "s|^name:.*|name: \"$name\"|" "$place/$job" >"$place/jobs/named.yaml"
  call run "jobs/named.yaml"
  is "a job called '${name:0:20}' ends with 2" 2 $?
  rm "$place/jobs/named.yaml"
done
is "and nothing was written" "$before" "$(listing)"

out="results of $evil"
call run "$job" -o "$out"
is "a sweep with such names everywhere ends with 0" 0 $?
is "its last line names the report" "report: $out/report.html" "$(tail -n 1 "$work/log")"
is "it wrote below its folder alone" "$before" "$(listing | grep -vF "$place/$out")"
is "with names of runs that need no quotes" 4 "$(ls "$place/$out/runs" | grep -cE '^[A-Za-z0-9._+=-]+$')"
grep -rlF -e '<img src=x' -e '<script>alert' "$place/$out" --include='*.html' --include='*.svg' >"$work/log"
is "the report and its figures escape them" "" "$(cat "$work/log")"
grep -qF '&lt;img src=x' "$place/$out/report.html" && ok "and show them" || no "and show them"
for csv in scores udr_setting udr_family udr_all; do
  rows=$(awk -F, 'NR == 1 {n = NF} END {print n}' "$place/$out/$csv.csv")
  [ "$rows" -gt 3 ] && ok "$csv.csv is a table" || no "$csv.csv is a table" "$place/$out/$csv.csv"
done
call run "$job" -o "$out"
is "the same command again has nothing to do" 0 $?
call score "$out"
is "it can be scored" 0 $?
call report "$out"
is "reported" 0 $?
call status "$out" --verbose
is "watched" 0 $?
call run "$out/job.used.yaml" -o "again $evil" --train-only
is "run again from its job.used.yaml" 0 $?
call rerun "$out" --sample 1
is "rerun" 0 $?
call diff "$out" "again $evil" --run "$(ls "$place/$out/runs" | head -n 1)"
is "compared" 0 $?
call encode "$out" --run "$(ls "$place/$out/runs" | head -n 1)" "pictures/-rf ~/$evil 1.png" -o "$evil.csv"
is "and used to encode" 0 $?
is "nothing was run by a shell" "" "$(find "$work" -name pwned)"

# Labels by such names, in the page that tells one from all others.
call classify "$out" --run "$(ls "$place/$out/runs" | head -n 1)" --good "$evil" --good "-rf ~" --good $'two\nlines' --labels 6
code=$?
if [ $code = 0 ]; then
  grep -qF '&lt;script&gt;alert' "$place/$out"/classify/*/classify.html && ok "classes are shown escaped" || no "classes are shown escaped"
  call report "$out"
  grep -rlF -e '<img src=x' -e '<script>alert' "$place/$out" --include='*.html' --include='*.svg' >"$work/log"
  is "and only so" "" "$(cat "$work/log")"
else # so short a training may leave no informative latent
  is "classify ends with 2 where it has nothing to tell" 2 $code
fi
call classify "$out" --run "$(ls "$place/$out/runs" | head -n 1)" --good '$(touch pwned)'
is "a class that is not there ends with 2" 2 $?

# What is handed to SLURM and to mpirun, each name one word.
mkdir "$work/bin"
printf '#!/bin/bash\nprintf "%%s\\0" "$@" >>"%s/argv"\necho 7\n' "$work" >"$work/bin/sbatch"
chmod +x "$work/bin/sbatch"
words() { tr '\0\n' '\n ' <"$work/argv" | grep -cxF -e "$(printf '%s' "$1" | tr '\n' ' ')"; }
(cd "$place" && PATH=$work/bin:$PATH timeout 100 "$TEASEL" submit "$job" --array 2 --gflops 10 -o "new $evil" --sbatch="--comment=$evil" >"$work/log" 2>&1 </dev/null)
is "submit ends with 0" 0 $?
is "and hands the job to both of SLURM's jobs as one word" 2 "$(words "$job")"
is "the folder" 2 "$(words "new $evil")"
is "and the option" 2 "$(words "--comment=$evil")"
rm "$work/argv"
(cd "$place" && timeout 100 "$TEASEL" submit "$job" --array 2 --gflops 10 -o "new $evil" --dry-run >"$work/script" 2>"$work/log" </dev/null)
(cd "$place" && PATH=$work/bin:$PATH bash "$work/script" >"$work/log" 2>&1 </dev/null)
is "a shell reads the printed commands as the same words" "2 2" "$(words "$job") $(words "new $evil")"
# A job that sbatch's script would take for an option, more tasks than runs, and an empty option.
cp "$place/$job" "$place/jobs/-x.yaml"
for name in -x.yaml ./-x.yaml; do
  rm -f "$work/argv"
  (cd "$place/jobs" && timeout 100 "$TEASEL" submit --array 9 --gflops 10 --dry-run -- "$name" >"$work/script" 2>"$work/log" </dev/null)
  is "submit takes $name" 0 $?
  (cd "$place/jobs" && PATH=$work/bin:$PATH bash "$work/script" >>"$work/log" 2>&1 </dev/null)
  is "and prints it as no option" 2 "$(words ./-x.yaml)"
  is "with as many tasks as runs" 1 "$(words --array=0-3)"
  said "which it says" "^teasel: --array 9: the job has 4 runs"
done
rm "$place/jobs/-x.yaml"
fact "submit refuses an empty option for sbatch" refused "'' is no option for sbatch" "$TEASEL" submit "$place/$job" --array 1 --gflops 10 --dry-run --sbatch ''
for script in array score sweep; do
  (cd "$place" && TEASEL=$work/bin/sbatch bash "$OLDPWD/slurm/$script.sbatch" "$job" -o "of $script $evil" >"$work/log" 2>&1 </dev/null)
  is "$script.sbatch hands them on as they are" 1 "$(words "of $script $evil")"
done
call launch -n 1 "$job" -o "$out"
is "launch starts mpirun with them" 0 $?
for setting in 'latent=$(touch pwned)' 'seeds=[0, `touch pwned`]' "name=../$evil" 'network=../../../etc/passwd' 'dataset=;touch pwned'; do
  call run "$job" -o "set $evil" --set "$setting"
  is "--set $setting ends with 2" 2 $?
done
[ ! -e "$place/set $evil" ] && ok "and writes nothing" || no "and writes nothing"
is "still nothing was run by a shell" "" "$(find "$work" -name pwned)"

# Names of runs are paths: none of them comes from what a file says.
name=$(ls "$place/$out/runs" | head -n 1)
for run in "../../jobs" "$name/../$name" "/etc/passwd" "" "."; do
  call encode "$out" --run "$run" "pictures/-rf ~/$evil 1.png" -o out.csv
  is "a run called '$run' ends with 2" 2 $?
done
[ ! -e "$place/out.csv" ] && ok "and writes nothing" || no "and writes nothing"

facts_end
