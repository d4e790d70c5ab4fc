#!/bin/bash
# teasel plan and explain as a user meets them: what they print, exit codes, and that a bad
# job file is told whole with exit code 2 and leaves nothing behind.
. "$(dirname "$0")/../facts.sh"
check() { # title, condition's exit code
  if [ "$2" -eq 0 ]; then ok "$1"; else no "$1"; fi
}

cat > "$work/net.yaml" <<'YAML'
input: [6]
encoder: [dense: {units: 8, activation: relu}]
decoder: [dense: {units: 6}]
YAML
cat > "$work/job.yaml" <<'YAML'
name: small
dataset: none
network: ./net.yaml
latent: 2
train: {iterations: 100, batch: 8}
seeds: [0, 1]
families:
  - {model: beta_vae, beta: [1, 4]}
YAML
cd "$work" || exit 1
before=$(find . | sort)

out=$("$TEASEL" plan job.yaml --ranks 3 --gflops 2); code=$?
check "plan ends with 0" $code
echo "$out" | grep -q '^small: 4 runs of 2 settings on data set none'
check "plan counts runs and settings" $?
[ "$(echo "$out" | grep -cE '^beta_vae-beta=[14]-seed=[01]-[0-9a-f]{8} +100 ')" -eq 4 ]
check "plan lists every run with its folder and iterations" $?
echo "$out" | grep -qE '^ +3 '
check "plan predicts for the ranks that were asked for" $?
"$TEASEL" plan job.yaml --set 'beta=[1, 2, 3]' --set seeds=7 --gflops 2 | grep -q '^small: 3 runs'
check "plan takes --set" $?
"$TEASEL" plan job.yaml | grep -q 'measured here just now'
check "plan measures the machine" $?

sed -i 's/batch: 8/bacth: 8/; s/dataset: none/dataset: nowhere/' job.yaml
"$TEASEL" plan job.yaml --set latent=0 >out.txt 2>err.txt; code=$?
[ $code -eq 2 ] && [ ! -s out.txt ]
check "a bad job file gives exit code 2 and no output" $?
grep -q "^job.yaml:5:26: unknown key 'bacth'; did you mean 'batch'?" err.txt &&
  grep -q "^job.yaml:2:10: no file for 'nowhere'" err.txt && grep -q '^--set latent=0: ' err.txt
check "a bad job file is told whole" $?
cp job.yaml misfit.yaml && sed -i 's/bacth: 8/batch: 8/; s/nowhere/none/; s/latent: 2/latent: [2, 3]/; s/net.yaml/misfit-net.yaml/' misfit.yaml
sed 's/units: 6/units: 5/' net.yaml >misfit-net.yaml
"$TEASEL" plan misfit.yaml 2>err.txt
[ $? -eq 2 ] && grep -q 'has 1 problem' err.txt &&
  grep -q 'misfit-net.yaml:3:11: decoder.0: the decoder gives \[5\], but the input is \[6\]' err.txt
check "a decoder that misfits is told once for all settings" $?
rm out.txt err.txt misfit.yaml misfit-net.yaml
[ "$(find . | sort)" = "$before" ]
check "nothing was written" $?
"$TEASEL" plan no-such.yaml 2>err.txt; [ $? -eq 2 ] && grep -q 'no-such.yaml' err.txt
check "a missing job file is named, exit code 2" $?
"$TEASEL" plan . 2>err.txt; [ $? -eq 2 ] && grep -q 'is a folder' err.txt
check "a folder is no job file" $?
"$TEASEL" plan /dev/zero 2>err.txt; [ $? -eq 2 ]
check "an endless file is refused" $?
"$TEASEL" plan 2>err.txt; [ $? -eq 2 ] && grep -q 'missing: JOB.yaml' err.txt
check "a missing argument is named" $?
"$TEASEL" plan job.yaml --rank 2 2>err.txt; [ $? -eq 2 ] && grep -q 'did you mean --ranks' err.txt
check "an unknown option gives the nearest" $?

"$TEASEL" explain train.batch | grep -q 'between 1 and 65536'
check "explain tells an option's bounds" $?
for word in beta_tcvae tubers mig conv64 fashion-mnist network deconv udr train; do
  "$TEASEL" explain $word >/dev/null
  check "explain knows $word" $?
done
"$TEASEL" explain conv64 | grep -qE 'encoder\.3 +conv +96 x 4 x 4'
check "explain gives the shapes of a network" $?
"$TEASEL" explain net.yaml | grep -qE 'encoder\.0 +dense +8'
check "explain gives the shapes of a network file of one's own" $?
printf 'seed: 3\nreader: tubers\nsize: 16\n' >mine.yaml
"$TEASEL" explain ./mine.yaml | grep -q 'size: 16'
check "explain resolves a data set file of one's own" $?
"$TEASEL" explain ./nowhere.yaml 2>err.txt; [ $? -eq 2 ] && grep -q 'no such file' err.txt
check "explain names a file that is missing" $?
echo words >words.yaml
"$TEASEL" explain ./words.yaml 2>err.txt; [ $? -eq 2 ] && [ "$(grep -c . err.txt)" = 1 ] && grep -q '^teasel: ./words.yaml:1:1: ' err.txt
check "explain names the file that is wrong, and nothing else" $?
"$TEASEL" explain qqqqqqqq 2>err.txt; [ $? -eq 2 ] && grep -q 'teasel explain. tells all words' err.txt
check "explain says where all words are" $?
"$TEASEL" explain beta_tcvea 2>err.txt; [ $? -eq 2 ] && grep -q "did you mean 'beta_tcvae'" err.txt
check "explain gives the nearest word" $?

for command in $("$TEASEL" --help | sed -n 's/^  \([a-z-]*\)  .*/\1/p' | grep -v '^--'); do
  "$TEASEL" "$command" -h >out.txt && head -n 1 out.txt | grep -q "^usage: .*teasel $command" &&
    "$TEASEL" help "$command" | cmp -s - out.txt && ! grep -q '.\{90\}' out.txt
  check "$command has a help of readable width" $?
done
"$TEASEL" pland 2>err.txt; [ $? -eq 2 ] && grep -q "did you mean 'plan'" err.txt
check "an unknown command gives the nearest" $?
"$TEASEL" data info mine.yaml | grep -q '^reader: *tubers'
check "a data set file of the current folder needs no slash" $?
"$TEASEL" data mine.yaml 2>err.txt; [ $? -eq 2 ] && grep -q "neither info nor write" err.txt
check "data says what it lacks" $?

facts_end
