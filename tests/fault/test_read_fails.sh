#!/bin/bash
# A latents.h5 or scores.h5 that cannot be read at the moment (the process that reads it is killed, the
# disk fails) is no damaged one: the command ends with 1 and names it, and everything stays as it is.
. "$(dirname "$0")/../facts.sh"
tiny_job files <<'END'
latent: 3
train: {iterations: 30, batch: 16}
seeds: [1, 2]
score: {udr: {points: 60, informative_kl: 1.0e-6}, factors: {points: 60, votes: 0}}
families:
  - model: beta_vae
END
gcc -std=c17 -D_GNU_SOURCE -shared -fPIC -o "$work/fault.so" tests/fault/read_fault.c -ldl || { no "the library of faults"; exit 1; }
content() { (cd "$work/r" && md5sum latents.h5 scores*.h5 scores.csv); }

within "$TEASEL" run "$work/job.yaml" -o "$work/r" >"$work/log" 2>&1 || { no "a sweep that nothing happened to"; cat "$work/log"; exit 1; }
cp "$work/r/scores.h5" "$work/r/scores.unfinished.h5" # as a comparison that was killed leaves it
before=$(content)

fails() { # ranks, failing rank, file, signal, words
  local start=(within)
  [ "$1" = 1 ] || start=(on_ranks "$1")
  LD_PRELOAD="$work/fault.so" READ_FAULT="$2 /$3 $4" "${start[@]}" "$TEASEL" score "$work/r" >"$work/log" 2>&1
  code=$?
  { [ $code = 1 ] && grep "$work/r/$3" "$work/log" | grep -q "$5.*run the same command again" && [ "$(content)" = "$before" ]; } &&
    ok "$3, rank $2 of $1, signal $4" || { no "$3, rank $2 of $1, signal $4: ends with $code"; cat "$work/log"; }
}
for file in latents.h5 scores.unfinished.h5 scores.h5; do
  # The finished scores are read where nothing was left of unfinished ones.
  [ $file != scores.h5 ] || { rm "$work/r/scores.unfinished.h5" && before=$(content); }
  fails 1 0 $file 9 "was killed"
  fails 1 0 $file 0 "Input/output error"
done
fails 2 1 latents.h5 9 "was killed"
# One that only some ranks find damaged (HDF5 crashes there) is encoded again, and that is told.
told() { # ranks, failing rank, words
  : >"$work/once"
  LD_PRELOAD="$work/fault.so" READ_FAULT="$2 /latents.h5 11 $work/once" on_ranks "$1" "$TEASEL" score "$work/r" >"$work/log" 2>&1
  is "latents.h5, crash on rank $2 of $1: it is scored" 0 $?
  is "latents.h5, crash on rank $2 of $1: told once" 1 "$(grep -c "$work/r/latents.h5 cannot be used" "$work/log")"
  said "latents.h5, crash on rank $2 of $1: why, and what is done" "$3"
  is "latents.h5, crash on rank $2 of $1: the same bytes" "$before" "$(content)"
}
told 2 1 "cannot be used by 1 of 2 ranks \(rank 1: .*crashed.*\): the runs that fall to them are encoded again"
told 2 0 "cannot be used by 1 of 2 ranks \(rank 0: "
fails 2 0 scores.h5 9 "was killed"

# A data set whose reading stands still, as on a file system that hangs, while another machine (here: a
# rank with a cache of its own) has it ready: all end, and where it can be read again so does the sweep.
magic="\x93NUMPY\1\0" header="{'descr': '|u1', 'fortran_order': False, 'shape': (120, 3, 8, 8), }"
{ printf "$magic\x76\0%-117s\n" "$header"; head -c 23040 "$TEASEL"; } >"$work/x.npy"
printf 'reader: npy\npath: ./x.npy\n' >"$work/npy.yaml"
sed 's/^name: .*/name: npy/; s/data\.yaml/npy.yaml/; /^score/d' "$work/job.yaml" >"$work/npy-job.yaml"
each() { # folder, environment...: on two ranks with a cache each
  local folder=$1
  shift
  within env "$@" mpirun --oversubscribe --mca mpi_yield_when_idle 1 -n 2 bash -c \
    'XDG_CACHE_HOME=$0/cache$OMPI_COMM_WORLD_RANK exec "$@"' "$work" "$TEASEL" run "$work/npy-job.yaml" -o "$work/$folder"
}
each quiet >"$work/log" 2>&1
is "a sweep on data of a file" 0 $?
for signal in 19 9; do
  : >"$work/once"
  rm -f "$work"/cache0/teasel/*
  each still LD_PRELOAD="$work/fault.so" READ_FAULT="0 /x.npy $signal $work/once" >"$work/log" 2>&1
  is "reading the data stands still (19) or is killed (9) on one rank, signal $signal: the command ends" 1 $?
  said "signal $signal: with the file" "^teasel: $work/[./]*x\.npy: the process that read"
  fact "signal $signal: and leaves nothing" test -z "$(ls "$work/still" "$work/cache0/teasel" 2>/dev/null | grep -v 'lock$\|:$')"
  is "signal $signal: no process is left" "" "$(pgrep -f -- "-o $work/still")"
done
each still >"$work/log" 2>&1
is "the same command completes when the file can be read" 0 $?
is "with the same bytes" "$(cd "$work/quiet" && md5sum latents.h5 scores.csv)" "$(cd "$work/still" && md5sum latents.h5 scores.csv)"

within "$TEASEL" score "$work/r" >"$work/log" 2>&1
is "then it is scored as before" 0 $?
grep -q '1 known already' "$work/log" && [ "$(content)" = "$before" ] && ok "from what was there" || { no "from what was there"; cat "$work/log"; }
facts_end
