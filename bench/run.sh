#!/bin/bash
# run.sh [TOPIC...]: every benchmark beside its peers, into bench/results.md: a table a topic, with the
# limit of bench/limits.tsv beside each number, and what is not reached with the reason that
# bench/reasons.tsv gives. With topics (step, kernels, train, ranks, schedule, scores) only these, and
# nothing is written but to the terminal.
#
# Peers are Python packages: of python3 where they are installed, else put into a virtual
# environment under build/, once; where that fails their lines are left out. Each topic's script
# prints lines `result:<TAB>name<TAB>value<TAB>unit<TAB>note`, and exits with 77 where it cannot run
# here. Any other failure ends all of it, and the file stays as it was.
set -u
cd "$(dirname "$0")/.." || exit 1
export BUILD=${BUILD:-build/release} ROUNDS=${ROUNDS:-2}
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE # every program with the kernels that its OpenBLAS chooses
peers="torch==2.13.0 numpy scipy scikit-learn h5py pyyaml"
topics=${*:-step kernels train ranks schedule scores}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
begun=$SECONDS

have_peers() { python3 -c 'import torch, numpy, scipy, sklearn, h5py, yaml' 2>/dev/null; }
get_peers() {
  local environment=$PWD/build/bench-python
  [ -x "$environment/bin/python3" ] || python3 -m venv "$environment" >"$folder/venv" 2>&1 || return 1
  export PATH="$environment/bin:$PATH"
  have_peers && return 0
  echo "run.sh: getting $peers into $environment" >&2
  # shellcheck disable=SC2086
  timeout 900 pip install --quiet --retries 1 --timeout 10 --extra-index-url https://download.pytorch.org/whl/cpu $peers \
    >"$folder/venv" 2>&1 && have_peers
}
missing=""
have_peers || get_peers || {
  missing="PyTorch, NumPy, SciPy and scikit-learn could not be installed: the comparisons with them are left out."
  echo "run.sh: $missing" >&2
  tail -n 2 "$folder/venv" >&2
}
begun_measuring=$SECONDS
load=$(cut -d ' ' -f 1 /proc/loadavg)

title_of() {
  case $1 in
    step) echo "A training step on one core" ;;
    kernels) echo "Our own kernels on one core" ;;
    train) echo "Memory and input of a rank" ;;
    ranks) echo "Two ranks" ;;
    schedule) echo "The schedule" ;;
    scores) echo "Scores" ;;
  esac
}
machine() {
  local flags
  flags=$(grep -m 1 '^flags' /proc/cpuinfo | tr ' ' '\n' |
    grep -xE 'avx2|fma|avx512f|avx512vl|avx512_vnni|avx512_bf16|amx_tile|amx_bf16' | tr '\n' ' ')
  echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, $(awk '/^MemTotal/ {printf "%.0f", $2 / 1048576}' /proc/meminfo) GiB, ${flags% }; $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release), Linux $(uname -r)"
}
versions() {
  "$BUILD/teasel" --version | sed 's/^/    /'
  python3 - 2>/dev/null <<'END'
import importlib, sys
words = ["Python %d.%d.%d" % sys.version_info[:3]]
for name, title in (("torch", "PyTorch"), ("numpy", "NumPy"), ("scipy", "SciPy"), ("sklearn", "scikit-learn")):
    try:
        words.append("%s %s" % (title, importlib.import_module(name).__version__))
    except ImportError:
        pass
print("      peers      " + ", ".join(words))
END
}

# A table of result lines; those that miss their limit go to a file of their own.
table() {
  awk -F '\t' -v limits=bench/limits.tsv -v reasons=bench/reasons.tsv -v missed="$folder/missed" \
    -v judged="$folder/judged" '
    function holds(value, sign, bound) {
      # Nothing was measured; differences may be 0.
      if (value !~ /^[0-9]/ || value + 0 <= 0)
        return value ~ /^0/ && bound < 1e-6
      value += 0
      if (sign == "1 +-")
        return value >= 1 - bound && value <= 1 + bound
      return sign == ">=" ? value >= bound : sign == "<=" ? value <= bound : value < bound
    }
    BEGIN {
      while ((getline line <limits) > 0)
        if (line !~ /^#/ && split(line, f, "\t") == 3) {pattern[++n] = f[1]; sign[n] = f[2]; bound[n] = f[3]}
      while ((getline line <reasons) > 0)
        if (line !~ /^#/ && split(line, f, "\t") == 2) {about[++m] = f[1]; reason[m] = f[2]}
      print "| what | measured | limit | |"
      print "| --- | ---: | ---: | --- |"
    }
    $1 == "result:" {
      limit = ""
      for (i = 1; i <= n && limit == ""; i++)
        if ($2 ~ pattern[i]) {
          limit = sign[i] " " bound[i]
          print pattern[i] >>judged
          if (!holds($3, sign[i], bound[i] + 0)) {
            why = ""
            for (k = 1; k <= m && why == ""; k++)
              if ($2 ~ about[k]) why = reason[k]
            printf "- %s: %s%s, limit %s%s\n", $2, $3, $4 == "1" ? "" : " " $4, limit, why == "" ? "" : ": " why >>missed
            limit = "**" limit ": not reached**"
          }
        }
      unit = $4 == "1" ? "" : " " $4
      printf "| %s | %s%s | %s | %s |\n", $2, $3, unit, limit, $5
    }'
}

for topic in $topics; do
  script=bench/$topic.sh
  [ -x "$script" ] || { echo "run.sh: there is no topic $topic" >&2; exit 1; }
  echo "run.sh: $topic ..." >&2
  timeout 500 "$script" >"$folder/$topic.out" 2>"$folder/$topic.err"
  code=$?
  if [ $code -ne 0 ] && [ $code -ne 77 ]; then
    cat "$folder/$topic.out" "$folder/$topic.err" >&2
    echo "run.sh: $script failed with exit code $code; bench/results.md stays as it was" >&2
    exit 1
  fi
  {
    echo
    echo "## $(title_of "$topic") (bench/$topic.sh)"
    echo
    if [ $code -eq 77 ]; then
      echo "Left out: $(tail -n 1 "$folder/$topic.err")"
    else
      table <"$folder/$topic.out"
    fi
  } >>"$folder/tables" || exit 1
done

# What has a limit and no row was not measured, which is no success.
touch "$folder/judged"
if [ $# -eq 0 ]; then
  grep -v '^#' bench/limits.tsv | cut -f 1 | grep -vxFf "$folder/judged" | sed 's/.*/- `&`: not measured/' >>"$folder/missed"
  [ $((SECONDS - begun_measuring)) -le 600 ] || echo "- all of it took $((SECONDS - begun_measuring)) s, limit 600" >>"$folder/missed"
fi

{
  echo "# Measurements"
  echo
  echo "Written by \`make bench\` in $((SECONDS - begun_measuring)) s on $(date -u +%Y-%m-%d); load at the start $load, at the end $(cut -d ' ' -f 1 /proc/loadavg)."
  echo "Programs take turns, and what counts is their ratio: the same machine is faster or slower by tens of"
  echo "percent from one hour to the next. Limits are those that the project sets itself."
  echo
  machine
  echo
  versions
  [ -z "$missing" ] || printf '\n%s\n' "$missing"
  cat "$folder/tables"
  if [ -s "$folder/missed" ]; then
    echo
    echo "## Not reached"
    echo
    cat "$folder/missed"
  fi
} >"$folder/results.md"
cat "$folder/results.md"
echo "run.sh: $((SECONDS - begun)) s" >&2
[ $# -gt 0 ] || cp "$folder/results.md" bench/results.md
