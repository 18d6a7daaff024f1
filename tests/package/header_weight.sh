#!/usr/bin/env bash
# header_weight.sh COMPILER SOURCE_DIR: fails when the umbrella headers pull in a heavy one.
set -euo pipefail
heavy='/(xtensor|xtensor-blas|xtl|xflens|xsimd|nlohmann|CLI|catch2)/|/(cblas|zlib|png|xbyak|iostream|regex|iomanip|filesystem|random|future)(\.h)?( |$)'
headers=$("$1" -std=c++20 -I"$2" -M "$2/tests/package/umbrella.cpp" | tr -d '\\' | tr ' ' '\n' | sed '/^$/d')
# Our own autograd/core/random.hpp and the like are not the standard library's.
if grep -vF "$2/" <<<"$headers" | grep -E "$heavy"; then
  echo "The umbrella headers include these heavy headers."
  exit 1
fi
count=$(wc -l <<<"$headers")
echo "The umbrella headers include $count headers, none of them heavy."
