#!/usr/bin/env bash
# exports.sh LIBRARY: fails when the shared library shows anything but xgrad, or something of its engine or kernels.
set -euo pipefail
symbols=$(nm -D --defined-only "$1" | awk '$2 != "A" { print $NF }' | c++filt)
others=$(grep -E 'xgrad::(fused|kernels)::' <<<"$symbols" || true)
others+=$(grep -vE 'xgrad::' <<<"$symbols" || true)
if [ -n "$others" ]; then
  echo "FAILED: $1 shows, among others"
  head -20 <<<"$others"
  exit 1
fi
for needed in 'typeinfo for xgrad::ShapeError' 'vtable for xgrad::nn::Linear' 'xgrad::set_engine('; do
  grep -F "$needed" <<<"$symbols" >/dev/null || { echo "FAILED: $1 does not show $needed" && exit 1; }
done
echo "$(wc -l <<<"$symbols") names are shown, all of them xgrad's"
