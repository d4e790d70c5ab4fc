#!/bin/bash
# The full-size networks against PyTorch, conv64 and the Gaussian-mixture VAE's of MNIST and SVHN: the
# cases are too large to keep, so they are recorded here, where python3 has torch.
set -u
folder=${BUILD:-build/release}/tests/oracle/full
for module in torch h5py yaml; do
  python3 -c "import $module" 2>/dev/null || {
    echo "python3 has no module $module, which records the full-size cases"
    exit 77
  }
done
current=yes
for source in tests/oracle/record_steps.py configs/networks/{conv64,gmvae-mnist,gmvae-svhn}.yaml; do
  if [ ! -e "$folder/done" ] || [ "$source" -nt "$folder/done" ]; then current=no; fi
done
if [ $current = no ]; then
  rm -rf "$folder"
  OMP_NUM_THREADS=1 python3 tests/oracle/record_steps.py "$folder" conv64 gmvae-full || exit 1
  touch "$folder/done"
fi
"$BUILD/tests/oracle/test_step" "$folder" | sed 's/, 0 of families.*//'
exit "${PIPESTATUS[0]}"
