#!/usr/bin/env bash
# installed_headers.sh COMPILER PREFIX SOURCE_DIR: fails unless the headers under PREFIX are public ones, and each of
# them compiles alone.
set -euo pipefail
compiler=$1 headers=$2/include/xgrad tree=$3
cd "$headers"
mapfile -t installed < <(find . -type f | sed 's#^\./##' | sort)
fail() {
  echo "FAILED: $*"
  exit 1
}

# What users write down is there.
for header in xgrad autograd/autograd autograd/check/matcher autograd/ops/batching autograd/xtensor nn/nn nn/linear optim/optim \
  data/data report/report autograd/engine/engine autograd/engine/about autograd/engine/memory_budget; do
  [ -e "$header.hpp" ] || fail "$header.hpp is not installed"
done
# Nothing of the rooms that only the library enters. The engine's faces lie in its folder, its rooms are folders in it.
inner=$(grep -E '^autograd/(kernels|engine/[^/]*)/|\.cpp$' < <(printf '%s\n' "${installed[@]}") || true)
[ -z "$inner" ] || fail "these are installed, and are not public:" $inner
# Nothing that a user would need, but for what the two bridges are for.
foreign=$(grep -nE '^#include <(xsimd|xbyak|mpi|nlohmann|cblas|zlib|png|xxhash|catch2|xtensor|xtl|xflens)' -r . |
  grep -vE '^\./autograd/(xtensor|xtensor_shim|check/matcher)\.hpp:' || true)
[ -z "$foreign" ] || fail "headers of other libraries are included:" "$foreign"

alone() {
  printf '#include "%s"\n' "$2" | "$1" -std=c++20 -fsyntax-only -Wall -Wextra -Werror -I . -x c++ - || {
    echo "FAILED: $2 does not compile alone"
    return 1
  }
}
export -f alone
# A source that begins with its header has shown, by being compiled, that the header does; and xgrad.hpp, that what it
# includes is here.
alone=()
for header in "${installed[@]}"; do
  source=$tree/${header%.hpp}.cpp
  [ -e "$source" ] && [ "$(grep -m1 '^#include' "$source")" = "#include \"$header\"" ] || alone+=("$header")
done
printf '%s\n' "${alone[@]}" | xargs -P "$(nproc)" -I{} bash -c "alone '$compiler' {}"
echo "${#installed[@]} headers are installed, and each compiles alone"
