#!/bin/bash
# run.sh: every benchmark beside its peers, into bench/results.md. Peers are Python: taken from
# python3 where they are installed, else put into a virtual environment under $BUILD.
set -u
cd "$(dirname "$0")/.." || exit 1
export BUILD=${BUILD:-build/release}
peers="torch numpy scipy scikit-learn h5py pyyaml"
have_peers() { python3 -c 'import torch, numpy, scipy, sklearn, h5py, yaml' 2>/dev/null; }

if ! have_peers; then
  environment=$BUILD/bench/python
  [ -x "$environment/bin/python3" ] || python3 -m venv "$environment" || exit 1
  export PATH="$PWD/$environment/bin:$PATH"
  # shellcheck disable=SC2086
  have_peers || pip install --quiet --extra-index-url https://download.pytorch.org/whl/cpu $peers || exit 1
fi

{
  echo "# Measurements"
  echo
  echo "Written by \`make bench\` on $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores,"
  echo "load $(cut -d ' ' -f 1 /proc/loadavg) at the start:"
  echo
  "$BUILD/teasel" --version | sed 's/^/    /'
  echo
  echo "## A training step (bench/step.sh)"
  echo
  echo '```'
  bench/step.sh
  echo '```'
  if [ -x "$BUILD/bench/scores" ]; then
    echo
    echo "## Scores (bench/scores_peers.py)"
    echo
    python3 bench/scores_peers.py "$BUILD/bench/scores"
  fi
} | tee bench/results.md.new
status=${PIPESTATUS[0]}
[ "$status" -eq 0 ] && mv bench/results.md.new bench/results.md
exit "$status"
