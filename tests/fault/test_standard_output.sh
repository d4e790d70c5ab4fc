#!/bin/bash
# Results that standard output does not take are told, and no command then ends with 0; but what nobody
# reads any more, and an output that was closed, are none of its business.
. "$(dirname "$0")/../facts.sh"
export TMPDIR=$work/tmp
mkdir "$work/tmp"

tiny_job output <<'END'
latent: 2
train: {iterations: 10, batch: 16}
seeds: [0]
families:
  - {model: beta_vae, beta: [1, 2]}
score:
  udr: {points: 50}
END
cd "$work" || exit 1
within "$TEASEL" run job.yaml -o done >log 2>&1 || { no "the sweep" log; exit 1; }
cp -R done other
sed -i '1s/.*/other,columns/' other/scores.csv

tells() { # wanted exit code, arguments...
  local wanted=$1; shift
  within "$TEASEL" "$@" >/dev/full 2>log
  is "$*: exit code" "$wanted" $? log
  said "$* says why" '^teasel: standard output: .*No space left on device' log
  is "$* says it once" 1 "$(grep -c 'standard output' log)"
}
for arguments in --version --help "plan --help" "plan job.yaml" "explain" "explain mig" "data info ./data.yaml" \
  "rerun done" "submit job.yaml --array 0 --time 60 --dry-run" "run job.yaml -o done" "report done"; do
  tells 1 $arguments
done
# 1 is an answer of these two.
tells 2 status done
tells 2 status done --ledger
tells 2 diff done done
tells 2 diff done other

quiet() { # title, command...
  local title=$1; shift
  within "$@" 2>log
  is "$title: exit code" 0 $? log
  is "$title: messages" "" "$(cat log)"
}
quiet "an output that was closed" bash -c '"$0" explain >&-' "$TEASEL"
# The reader of the pipe is gone, and its signal is ignored, as Python programs hand it on.
mkfifo gone
quiet "an output that nobody reads" bash -c \
  'trap "" PIPE; exec 8<>gone 9>gone 8<&-; exec "$0" explain >&9 9>&-' "$TEASEL"
facts_end
