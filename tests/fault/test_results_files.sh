#!/bin/bash
# A results folder with a file that is missing, empty, cut off, foreign, or a folder: `teasel run`
# either heals it, to the same scores and weights, or names the file and the remedy; taking the
# remedy heals it.
# Hundreds of small files, each synced: in memory where there is some.
[ -w /dev/shm ] && [ "$(df --output=avail -k /dev/shm | tail -n 1)" -gt 32768 ] && export TMPDIR=/dev/shm
. "$(dirname "$0")/../facts.sh"
tiny_job files <<'END'
latent: 3
train: {iterations: 30, batch: 16}
seeds: [1, 2]
score: {udr: {points: 60, informative_kl: 1.0e-6}, factors: {points: 60, votes: 0}}
families:
  - model: beta_vae
END
teasel() { within "$TEASEL" "$@" >"$work/log" 2>&1; }
run() { teasel run "$work/job.yaml" -o "$work/c"; }
# Scores and weights; the report's page holds them, too.
content() { (cd "$work/c" && md5sum scores.csv udr_*.csv latents.h5 runs/*/model.h5 runs/*/log.csv && ls report.html); }

run || { no "a sweep that nothing happened to"; exit 1; }
mv "$work/c" "$work/whole"
expected=$(cd "$work/whole" && md5sum scores.csv udr_*.csv latents.h5 runs/*/model.h5 runs/*/log.csv && ls report.html)
one=$(cd "$work/whole" && ls -d runs/*seed=1*)
cp "$(find "$work/whole/figures" -name "*.png" | head -n 1)" "$work/picture.png"

crash=$BUILD/tests/fault/test_crashing_files # damages a file; `make test` has built it
[ -x "$crash" ] || make --no-print-directory BUILD="$BUILD" "$crash" >"$work/log" 2>&1 || no "$crash is built"
damage() { # kind, path
  case $1 in
    missing) rm "$2" ;;
    empty) : >"$2" ;;
    half) truncate -s $(($(stat -c %s "$2") / 2)) "$2" ;;
    foreign) printf '\211PNG\r\n\032\n this is a picture\n' >"$2" ;;
    folder) rm "$2" && mkdir "$2" ;;
    digit) sed -i '$s/[0-8]$/9/' "$2" ;; # of the last line's last number
    crash) # such that HDF5 1.10 dies of it
      case $2 in */latents.h5) set -- "$1" "$2" /indices ;; */scores.h5) set -- "$1" "$2" /runs/seed ;; *) set -- "$1" "$2" /params/encoder.0.weight ;; esac
      "$crash" "$2" "$3" || no "$2 $3 cannot be damaged" ;;
    flipped) # a bit of the numbers that were written last
      at=$(($(stat -c %s "$2") - 100))
      byte=$(od -An -tu1 -j $at -N 1 "$2")
      printf "\\$(printf %03o $((byte ^ 4)))" | dd of="$2" bs=1 seek=$at conv=notrunc status=none
  esac
}
for file in job.used.yaml provenance.json latents.h5 scores.h5 scores.csv report.html ledger.tsv "$one/record.json" "$one/model.h5"; do
  for kind in missing empty half foreign folder flipped crash; do
    [ $kind != flipped ] || [ $file = latents.h5 ] || [ "$file" = "$one/record.json" ] || continue # scores.h5: tests/unit/test_flipped.c
    case $kind$file in crash*.h5) ;; crash*) continue ;; esac
    case $file in *.csv | *.html | *.tsv) [ $kind = half ] || [ $kind = folder ] || continue ;; esac # only written
    name="$kind ${file/$one/RUN}"
    rm -rf "$work/c" && cp -r "$work/whole" "$work/c"
    damage "$kind" "$work/c/$file"
    run
    code=$?
    if [ $code != 0 ]; then # refused: the message names the file; without it the command goes on
      { [ $code -le 2 ] && grep -q "$work/c/$file" "$work/log"; } || no "$name: run ends with $code and does not name it"
      rm -rf "${work:?}/c/$file"
      run || { no "$name: removed, and the run still ends with $?"; continue; }
    fi
    case $file in */model.h5) # latents were kept: the weights are trained anew where they are missed
      [ "$kind" = missing ] || { rm -rf "${work:?}/c/$file"; run || no "$name: trained anew"; } ;;
    esac
    [ "$(content)" = "$expected" ] && ok "$name" || { no "$name: other content than before"; diff <(content) <(echo "$expected"); }
  done
done

# What HDF5 dies of ends no command but with a message.
for file in latents.h5 scores.h5 "$one/model.h5"; do
  for command in score report classify diff rerun encode; do
    rm -rf "$work/c" && cp -r "$work/whole" "$work/c"
    damage crash "$work/c/$file"
    case $command in
      diff) teasel diff "$work/whole" "$work/c" ;;
      encode) teasel encode "$work/c" --run "$(basename "$one")" "$work/picture.png" -o "$work/codes.csv" ;;
      classify) teasel classify "$work/c" --run "$(basename "$one")" --labels 10 ;;
      rerun) teasel rerun "$work/c" --run "$(basename "$one")" ;;
      *) teasel $command "$work/c" ;;
    esac
    code=$?
    { [ $code -le 2 ] && { [ $code = 0 ] || grep -q "$file" "$work/log"; }; } &&
      ok "crash ${file/$one/RUN}: $command ends with $code" || { no "crash ${file/$one/RUN}: $command ends with $code"; cat "$work/log"; }
  done
done

rm -rf "$work/c" && cp -r "$work/whole" "$work/c"
damage crash "$work/c/latents.h5"
damage crash "$work/c/scores.h5"
within mpirun -n 2 "$TEASEL" run "$work/job.yaml" -o "$work/c" >"$work/log" 2>&1
{ [ $? = 0 ] && grep -q 'latents.h5 cannot be used' "$work/log" && [ "$(content)" = "$expected" ]; } &&
  ok "two ranks encode and score again" || no "two ranks encode and score again"

# A log serves the report alone: without it there are fewer curves, and a word why.
for kind in missing empty half folder digit; do
  rm -rf "$work/c" && cp -r "$work/whole" "$work/c"
  damage $kind "$work/c/$one/log.csv"
  teasel report "$work/c"
  { [ $? = 0 ] && [ -s "$work/c/report.html" ] && { [ $kind = missing ] || grep -q "log.csv" "$work/log"; }; } &&
    ok "$kind RUN/log.csv" || no "$kind RUN/log.csv"
done

rm -rf "$work/c" && cp -r "$work/whole" "$work/c"
sed -i 's/"format": 1,/"format": 2,/' "$work/c/provenance.json"
before=$(find "$work/c" -type f -exec md5sum {} + | sort)
for command in "run $work/job.yaml -o $work/c" "score $work/c" "report $work/c"; do
  teasel $command
  { [ $? = 2 ] && grep -q 'newer teasel (format 2' "$work/log"; } && ok "a newer folder is refused by ${command%% *}" || no "a newer folder is refused by ${command%% *}"
done
[ "$before" = "$(find "$work/c" -type f -exec md5sum {} + | sort)" ] && ok "and left as it is" || no "and left as it is"
facts_end
