#!/bin/bash
# Values on the command line that mean nothing: each is told with the option's name, and what it may be.
. "$(dirname "$0")/../facts.sh"
tiny_job arguments <<'END'
latent: 2
train: {iterations: 10}
seeds: [0]
families: [{model: vae}]
END
cd "$work" || exit 1
job=job.yaml
told() { # words, arguments...
  local words=$1; shift
  fact "${*@Q}" refused "$words" timeout -k 5 "$patience" "$TEASEL" "$@"
}
# ---- empty ones ----
told "--output: the value behind it is empty" run $job -o ""
told "--output: the value behind it is empty" data write tubers --output=
told "-o: the value behind it is empty" launch -n 1 -o "" $job
told "run: argument 1 is empty; expected: JOB.yaml" run ""
told "diff: argument 2 is empty; expected: A and B" diff somewhere ""
told "missing: RESULTS and image files or a data set;" encode
# ---- numbers ----
told "--sample: '1e3' is not a whole number between 1 and 1000000" rerun results --sample 1e3
told "--sample: '0x10' is not a whole number between" rerun results --sample 0x10
told "--sample: '1.5' is not a whole number between" rerun results --sample 1.5
told "--sample: '' is not a whole number between" rerun results --sample=
told "--sample: '99999999999999999999999' is not a whole number between 1 and 1000000" rerun results --sample 99999999999999999999999
told "--time: '99999999999' is not a whole number between 1 and 525600" submit $job --array 0 --time 99999999999
told "--ranks: '999999999' is not a whole number between 1 and 1000000" submit $job --array 0 --ranks 999999999
told "--memory: '9999999999' is not a whole number between" submit $job --array 0 --memory 9999999999
told "--gflops: '1e300' is not a number between" plan $job --gflops 1e300
told "--gflops: 'nan' is not a number between" plan $job --gflops nan
told "--every: '1e99' is not a number between 0.01 and 86400" status results --watch --every 1e99
told "-n: '2000000' is not a whole number between 1 and 1000000" launch -n 2000000 $job
told "--restarts: 'many' is not a whole number between 0" launch --restarts many $job
fact "a number within its bounds" within "$TEASEL" submit $job --array 0 --dry-run --time 525600 --memory 1000 --ranks 4
# ---- what is handed on to sbatch ----
slurm() { told "$1" submit $job --array 1 --time 60 --memory 100 --dry-run "${@:2}"; }
for word in notoption - -- ""; do
  slurm "--sbatch: '$word' is no option for sbatch" --sbatch "$word"
done
slurm "--sbatch: --array=0-3 cannot be handed on: give --array N to submit" --sbatch=--array=0-3
slurm "--sbatch: --arr=0-3 cannot be handed on: give --array N" --sbatch=--arr=0-3
slurm "--sbatch: -a0-3 cannot be handed on: give --array N" --sbatch=-a0-3
slurm "--sbatch: --ntasks=4 cannot be handed on: give --ranks P" --sbatch=--ntasks=4
slurm "--sbatch: -t10 cannot be handed on: give --time MINUTES" --sbatch=-t10
slurm "--sbatch: --mem=1G cannot be handed on: give --memory MIB" --sbatch=--mem=1G
for word in --dependency=singleton -dsingleton --kill-on-invalid-dep=no --wrap=true --parsable; do
  slurm "--sbatch: $word cannot be handed on: submit makes its two jobs so itself" --sbatch "$word"
done
for word in --test-only --help -h --usage --version -V; do # --help alone is for teasel
  slurm "--sbatch: $word cannot be handed on: no job would be submitted" --sbatch="$word"
done
for word in --partition=long -plong --ntasks-per-node=2 --time-min=10 --hold --nice --wait; do
  within "$TEASEL" submit $job --array 1 --time 60 --memory 100 --dry-run --sbatch "$word" >"$work/log" 2>&1
  is "$word is handed on to both jobs" 2 "$(grep -c -e " $word " "$work/log")"
done
slurm "schedule.width: a run on 8 ranks needs as many, and a task has 1: give --ranks 8" --set schedule.width=8
slurm "schedule.width: 8 ranks cannot share a run of train.shards = 4" --ranks 8 --set schedule.width=8 --set train.shards=4
fact "a width that fits" within "$TEASEL" submit $job --array 1 --time 60 --memory 100 --dry-run --ranks 8 --set schedule.width=8
# ---- a SLURM that was told no node's memory: it takes 1 MB for each, and refuses who asks for more ----
mkdir bin
commands() { PATH=$work/bin:$PATH within "$TEASEL" submit $job --array 1 --time 60 --memory 100 --dry-run >"$work/log" 2>&1; }
for answer in '1' '1\n16000+' '10' ''; do
  printf '#!/bin/sh\nprintf "%s\\n"\n' "$answer" >bin/sinfo
  chmod +x bin/sinfo
  commands
  is "nodes of '$answer' MB: submit prints its commands" "0 2" "$? $(grep -c '^TEASEL=.* sbatch ' "$work/log")"
  is "and the memory is asked for where it can be" "$([ "$answer" = 1 ] && echo 0 || echo 2)" "$(grep -c '^TEASEL=.* --mem-per-cpu=100M ' "$work/log")"
done
printf '#!/bin/sh\necho 1\n' >bin/sinfo
commands
said "what is left out is told" '^# --mem-per-cpu=100M is left out: SLURM does not know'
printf '#!/bin/sh\necho 1; exit 1\n' >bin/sinfo
commands
is "a sinfo that fails knows nothing" 2 "$(grep -c ' --mem-per-cpu=100M ' "$work/log")"
# ---- the ranks of SLURM's scripts ----
script() { (cd "$OLDPWD" && env -u SLURM_NTASKS -u SLURM_TASKS_PER_NODE TEASEL=echo "${@:2}" bash "slurm/$1.sbatch" 'a job.yaml' -o b); }
for name in sweep array score; do
  is "$name: as many ranks as tasks" "launch --requeue -n 6 a job.yaml -o b" "$(script $name SLURM_NTASKS=6 'SLURM_TASKS_PER_NODE=3(x2)')"
  is "$name: nodes without a number of tasks are mpirun's to count" "launch --requeue a job.yaml -o b" "$(script $name 'SLURM_TASKS_PER_NODE=1(x2)')"
  is "$name: one task" "launch --requeue -n 1 a job.yaml -o b" "$(script $name SLURM_TASKS_PER_NODE=1)"
  is "$name: outside SLURM" "launch --requeue -n 1 a job.yaml -o b" "$(script $name)"
done
mkdir -p build/release
printf '#!/bin/sh\necho "this one: $*"\n' | tee build/release/teasel >bin/teasel
chmod +x build/release/teasel bin/teasel
not_installed() { env -u TEASEL PATH="$1/usr/bin:/bin" bash "$OLDPWD/slurm/array.sbatch" x.yaml; }
is "a program that is not installed is the one that was built here" "this one: launch --requeue -n 1 x.yaml" "$(not_installed "")"
sed -i 's/this one/that one/' bin/teasel
is "and one in PATH goes before" "that one: launch --requeue -n 1 x.yaml" "$(not_installed "$work/bin:")"
# ---- what does not go together, and links ----
told "--ledger: does not go with --watch" status results --ledger --watch
ln -s nowhere dangling
ln -s loop loop
told "dangling: is a symbolic link to nothing" run $job -o dangling
told "loop: is a symbolic link to nothing, or one that leads back to itself" run $job -o loop
told "loop: is a symbolic link to nothing, or one that leads back to itself" run $job -o loop/below
# ---- a file for a folder, a folder for a file, names that are too long ----
: >file
long=$(printf 'x%.0s' {1..256})
deep=$(printf "${long:0:199}/%.0s" {1..18})
told "file: is a file, not a folder; choose another with -o" run $job -o file
told "file: cannot make a folder here: Not a directory; a file stands" run $job -o file/below
told "cannot make the folder: File name too long; use a shorter one" run $job -o "$long"
told "the path is longer than 3300 bytes; use a shorter one" run $job -o "$deep"
# What every task would be refused for.
mkdir -p theirs ours/runs
: >theirs/thesis.tex
sed 's/^name: .*/name: another/' "$job" >ours/job.used.yaml
echo '{"format": 1, "job": "another"}' >ours/provenance.json
slurm "file: is a file, not a folder; choose another with -o" -o file
slurm "theirs: this is not a results folder: it holds 'thesis.tex'; choose another with -o" -o theirs
slurm "ours: the folder holds results of the job 'another', not of 'arguments'; choose another folder with -o" -o ours
fact "and nothing of it is made" test ! -e "${long:0:199}"
told "file: the folder for the cache cannot be written: cannot make a folder here: Not a directory; name another one with schedule.cache" run $job -o new --set schedule.cache=file
told "file: the folder for the cache cannot be written: " data info tubers --cache file
mkdir -p blocked/job.used.yaml
told "job.used.yaml: cannot read: Is a directory; a folder stands in the place of this file; remove it" run $job -o blocked
# A file is renamed into its place: a device must not be the place.
ln -s /dev/full device.h5
told "device.h5: is a device, and would be replaced" data write tubers --set count=40 --set good=10 --set size=8 -o device.h5
fact "the device's name is still there" test -L device.h5
# ---- what a terminal obeys ----
told 'unknown command '"'"'\x1b[2J\u202e'"'" $'\e[2J\u202e'
told 'no\x1b[2J.yaml: ' plan $'no\e[2J.yaml'
told 'line\nbreak.yaml: ' plan $'line\nbreak.yaml'
{ cat job.yaml; printf '"two\\nlines\\e[2J": 1\n"right\\u202Eleft": 2\n'; } >"$work/keys.yaml"
told 'unknown key '"'"'two\nlines\x1b[2J'"'" plan keys.yaml
told 'unknown key '"'"'right\u202eleft'"'" plan keys.yaml
# Tags that say what a value is anyway.
sed 's/^latent: .*/latent: !!int 2/; s/^name: /name: !!str /; s/^seeds: /seeds: !!seq /' job.yaml >tags.yaml
fact "tags of YAML's own types" within "$TEASEL" plan tags.yaml
facts_end
