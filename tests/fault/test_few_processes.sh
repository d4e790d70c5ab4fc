#!/bin/bash
# A user who may start no further process or thread (RLIMIT_NPROC): the program starts, a sweep on
# one rank has the same bytes, and what needs processes says so.
. "$(dirname "$0")/../facts.sh"
tiny_job few <<'END_JOB'
latent: 2
train: {iterations: 20, batch: 16, shards: 1}
seeds: [0]
families:
  - {model: beta_vae, beta: [1, 4]}
score:
  udr: {points: 60}
END_JOB
# Root is exempt from the limit, so it becomes nobody; the program may lie where only root reads.
few() { prlimit --nproc=0 "$@"; }
if [ "$(id -u)" = 0 ]; then
  few() { setpriv --reuid=65534 --regid=65534 --clear-groups prlimit --nproc=0 "$@"; }
fi
cp "$TEASEL" "$work/teasel"
chmod -R go+rX "$work"
within "$work/teasel" run "$work/job.yaml" -o "$work/many" >"$work/log" 2>&1
is "a sweep without a limit ends with 0" 0 $?
mkdir -m 777 "$work/few"
rm -rf "$XDG_CACHE_HOME"
mkdir -m 777 "$XDG_CACHE_HOME"
few test -x "$work/teasel" 2>/dev/null || { echo "nobody cannot be here, or root not become nobody"; exit 77; }
! few bash -c 'true & wait $!' 2>/dev/null || { echo "this system heeds no limit of processes"; exit 77; }
few "$work/teasel" --version >"$work/log" 2>&1 </dev/null
is "the program starts" 0 $?
is "without a word about it" "" "$(grep -iE 'pthread|thread|resource' "$work/log")"
few "$work/teasel" run "$work/job.yaml" -o "$work/few/a" >"$work/log" 2>&1 </dev/null
is "a sweep on one rank ends with 0" 0 $?
within "$work/teasel" diff "$work/many" "$work/few/a" >"$work/log" 2>&1
is "with the same bytes" 0 $?
few "$work/teasel" launch -n 2 "$work/job.yaml" -o "$work/few/b" >"$work/log" 2>&1 </dev/null
is "two ranks cannot be started" 1 $?
said "which is told" "mpirun: cannot be started: Resource temporarily unavailable"

# An mpirun that does not end: it could start no rank, or lost all that it had.
mkdir "$work/bin"
printf '#!/bin/sh\nexec sleep 100000\n' >"$work/bin/mpirun"
cp "$(type -P sleep)" "$work/bin/teasel"
chmod -R a+rx "$work/bin"
if [ "$(id -u)" = 0 ]; then # a user who has no other process
  few() { setpriv --reuid=54321 --regid=54321 --clear-groups prlimit --nproc=2 "$@"; }
  PATH=$work/bin:$PATH few "$work/teasel" launch -n 2 "$work/job.yaml" -o "$work/few/c" >"$work/log" 2>&1 </dev/null
  is "an mpirun that can start no rank is ended" 1 $?
  said "and it is told why" "no more processes and threads"
fi
printf '#!/bin/sh\n%s 8\nexec sleep 100000\n' "$work/bin/teasel" >"$work/bin/mpirun"
within env PATH="$work/bin:$PATH" "$work/teasel" launch -n 2 "$work/job.yaml" -o "$work/few/d" >"$work/log" 2>&1
is "and so is one whose ranks are all gone" 1 $?
said "which is told" "mpirun does not end by itself"
facts_end
