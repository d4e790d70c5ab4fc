#!/bin/bash
# Names with slashes, spaces, quotes, HTML and shell characters: of jobs, networks, data sets, class
# folders, pictures and results folders. No path leaves the results folder, nothing is run by a
# shell, the report escapes.
set -u
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
passed=0 failed=0
ok() { passed=$((passed + 1)); echo "ok      $1"; }
no() { failed=$((failed + 1)); echo "FAILED  $1"; shift; for file in "$@"; do tail -n 20 "$file"; done; }
is() { if [ "$2" = "$3" ]; then ok "$1"; else no "$1: wanted '$2', got '$3'" "$work/log"; fi; }
call() { (cd "$place" && timeout -k 5 100 "$TEASEL" "$@" >"$work/log" 2>&1 </dev/null); }
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

# Names of runs are paths: none of them comes from what a file says.
name=$(ls "$place/$out/runs" | head -n 1)
for run in "../../jobs" "$name/../$name" "/etc/passwd" "" "."; do
  call encode "$out" --run "$run" "pictures/-rf ~/$evil 1.png" -o out.csv
  is "a run called '$run' ends with 2" 2 $?
done
[ ! -e "$place/out.csv" ] && ok "and writes nothing" || no "and writes nothing"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
