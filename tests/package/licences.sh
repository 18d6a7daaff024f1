#!/usr/bin/env bash
# licences.sh PREFIX: the licence of the library is installed, and that of the data beside the data.
set -euo pipefail
grep -F 'BSD 3-Clause License' "$1/share/doc/xgrad/LICENSE"
grep -F 'Creative Commons Attribution-Share Alike 3.0' "$1/share/xgrad/mnist-small/LICENSE"
for file in train-images-idx3 train-labels-idx1 t10k-images-idx3 t10k-labels-idx1; do
  gzip -t "$1/share/xgrad/mnist-small/$file-ubyte.gz"
done
