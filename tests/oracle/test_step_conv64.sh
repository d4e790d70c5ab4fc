#!/bin/bash
# The full-size network against PyTorch: the cases are too large to keep, so they are recorded
# here, where python3 has torch.
set -u
folder=${BUILD:-build/release}/tests/oracle/conv64
for module in torch h5py yaml; do
  python3 -c "import $module" 2>/dev/null || {
    echo "python3 has no module $module, which records the full-size cases"
    exit 77
  }
done
if [ ! -e "$folder/done" ] || [ tests/oracle/record_steps.py -nt "$folder/done" ] ||
  [ configs/networks/conv64.yaml -nt "$folder/done" ]; then
  rm -rf "$folder"
  OMP_NUM_THREADS=1 python3 tests/oracle/record_steps.py "$folder" conv64 || exit 1
  touch "$folder/done"
fi
"$BUILD/tests/oracle/test_step" "$folder" | sed 's/, 0 of families.*//'
exit "${PIPESTATUS[0]}"
