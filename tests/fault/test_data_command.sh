#!/bin/bash
# `teasel data`: what it writes is read back whole; bad input is one message, exit code 2 and no
# file; processes that open a set at the same time make one cache file.
. "$(dirname "$0")/../facts.sh"
small=(--set count=60 --set good=20 --set size=16)
digest() { "$TEASEL" data info "$@" | sed -n 's/^digest: *//p'; }

"$TEASEL" data write tubers "${small[@]}" -o "$work/out.h5" >"$work/log"
printf 'reader: hdf5\npath: out.h5\n' >"$work/back.yaml"
fact "write makes the HDF5 file and the sheet" test -s "$work/out.h5" -a -s "$work/out.png"
fact "what was written is read back to the same digest" \
  test "$(digest tubers "${small[@]}")" = "$(digest "$work/back.yaml")"
fact "another seed is another digest" \
  test "$(digest tubers "${small[@]}")" != "$(digest tubers "${small[@]}" --set seed=1)"
"$TEASEL" data write tubers "${small[@]}" -o "$work/again.h5" >"$work/log"
fact "equal content is equal bytes" cmp -s "$work/out.h5" "$work/again.h5"

"$TEASEL" data write arcs --set count=100 -o "$work/points.h5" >"$work/log"
fact "points of the plane get a scatter plot" test -s "$work/points.png"
printf 'reader: hdf5\npath: points.h5\n' >"$work/points.yaml"
fact "and are read back to the same digest" \
  test "$(digest arcs --set count=100)" = "$(digest "$work/points.yaml")"

fact "an unknown set is refused" refused "no file for 'tuber'" "$TEASEL" data info tuber
fact "an unknown option is refused" refused "did you mean 'size'" "$TEASEL" data info tubers --set sizes=3
printf '\0\0\10\3\0\0\0\2\0\0\0\1\0\0\0\1AB' >"$work/two.idx"
printf 'reader: idx\nimages: two.idx\ntest_images: lost.idx\n' >"$work/part.yaml"
fact "a lost test part is refused" refused "lost.idx" "$TEASEL" data info "$work/part.yaml"
fact "and left out by an empty option" eval "\"$TEASEL\" data info \"$work/part.yaml\" --set test_images= | grep -q '^samples: *2$'"
fact "an empty path that is needed is refused" refused "images: " "$TEASEL" data info "$work/part.yaml" --set images=
fact "a value out of bounds is refused" refused "size" "$TEASEL" data info tubers --set size=4
fact "write without -o is refused" refused "-o OUT.h5" "$TEASEL" data write tubers
fact "no verb is refused" refused "info|write NAME" "$TEASEL" data
head -c 3000 "$work/out.h5" >"$work/cut.h5"
printf 'reader: hdf5\npath: cut.h5\n' >"$work/cut.yaml"
fact "a cut file is refused by name" refused "cut.h5" "$TEASEL" data write "$work/cut.yaml" -o "$work/none.h5"
fact "a refusal writes nothing" test ! -e "$work/none.h5" -a ! -e "$work/none.png"

rm -rf "$work/cache"
for i in 1 2 3 4; do "$TEASEL" data info tubers --set count=300 --set good=20 >"$work/log.$i" & done
wait
fact "processes that start together make one cache file" \
  test "$(find "$work/cache" -type f | wc -l)" = 1
fact "and read the same" test "$(cat "$work"/log.? | sort -u | wc -l)" = "$(sort -u "$work/log.1" | wc -l)"

facts_end
