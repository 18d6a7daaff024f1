# shellcheck shell=bash
# What tests: ctest, clang, fuzzing, random networks, weights from and to PyTorch. Sourced by ./run, whose root, need, configure, compile, show and die it uses.

# The file of a build in which ctest finds what earlier runs showed about the tests.
known() { printf '%s' "$root/build/$1/tests/known.cmake"; }

# label_tests PRESET FILE: tells ctest which tests a setting cannot matter to, as labels any-engine, any-isa and any-tier:
# those that never asked for it (see tests/settings_asked_test.cpp).
label_tests() {
  { "$root/build/$1/tests/xgrad_tests" --list-test-names-only || true; } | awk '
    BEGIN {
      split("XGRAD_ENGINE XGRAD_ISA XGRAD_TIER", settings, " ")
      split("any-engine any-isa any-tier", labels, " ")
    }
    NR == FNR { asked[$0] = 1; next }
    {
      list = ""
      for (i = 1; i <= 3; ++i) if (!((settings[i] " " $0) in asked)) list = list ";" labels[i]
      if (list != "") printf "set_tests_properties([==[%s]==] PROPERTIES LABELS \"%s\")\n", $0, substr(list, 2)
    }' "$2" -
}

# What tests took in the release build: ctest begins with what takes longest.
order_tests() {
  local costs=$root/build/release/Testing/Temporary/CTestCostData.txt
  [ ! -e "$costs" ] || awk '/^---$/ { exit }
    { cost = $NF; sub(/ [^ ]+ [^ ]+$/, ""); printf "set_tests_properties([==[%s]==] PROPERTIES COST %s)\n", $0, cost }' "$costs"
}

# What AddressSanitizer and UndefinedBehaviorSanitizer look for. Freed memory that is kept back counts as memory of the
# process: with 256 MB of it long runs of fuzzing end. Each exception looks through all frames that are kept to find uses
# after return: fewer of them double the executions there. With both, and fewer calls kept with each allocation, tests take
# a tenth less.
sanitizer_options() {
  export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1
  ASAN_OPTIONS+=:quarantine_size_mb=64:max_uar_stack_size_log=16:malloc_context_size=8
  export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
}

# A run of all tests in the default settings shows which tests ask for them; a run of some tests leaves what is known.
run_tests() {
  local preset=${1:-release} asked=
  shift $(($# > 0))
  configure "$preset"
  compile "$preset"
  sanitizer_options
  # OpenBLAS is not built with ThreadSanitizer, which cannot see how its threads wait for each other.
  [ "$preset" != tsan ] || export OPENBLAS_NUM_THREADS=1
  # A child that has threads of its own is what some of the tests are about.
  export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:die_after_fork=0
  if [ $# -eq 0 ] && [ -z "${XGRAD_ENGINE:-}${XGRAD_ISA:-}${XGRAD_TIER:-}${XGRAD_EAGER:-}" ] && [ "$preset" != shared ]; then
    asked=$root/build/$preset/tests/asked
    rm -f "$asked"
    order_tests >"$(known "$preset")"
    export XGRAD_ASKED=$asked
  fi
  (cd "$root" && show ctest --preset "$preset" -j "$(nproc)" "$@")
  if [ -n "$asked" ]; then
    unset XGRAD_ASKED
    { label_tests "$preset" "$asked" && order_tests; } >"$(known "$preset")"
  fi
}

# The sources that a build compiles.
sources_of() { sed -nE 's/^  "file": "(.*)",?$/\1/p' "$root/build/$1/compile_commands.json" | sort -u; }

# syntax COMPILER REGEX [PRESET]: whether a compiler takes those sources, each alone, without a warning. Those that a build
# compiles with this compiler in any case are left out.
syntax() {
  local compiler=$1 pattern=$2 other=${3:-} build=$root/build/$1 commands
  need "${packages[@]}"
  (cd "$root" && show cmake -S . -B "$build" -G Ninja --log-level=WARNING -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DXGRAD_UNITY=OFF -DXGRAD_WERROR=ON)
  mapfile -t commands < <(sed -nE 's/^  "command": "(.*)",$/\1/p' "$build/compile_commands.json" | sed -E 's/\\(["\\])/\1/g' |
    grep -E -- "-c $root/($pattern)" | sed -E "s# -o [^ ]+ -c # -fsyntax-only #" | sort -u)
  if [ -n "$other" ] && [ -e "$root/build/$other/build.ninja" ]; then
    mapfile -t commands < <(printf '%s\n' "${commands[@]}" | grep -vFf <(sources_of "$other" | sed 's/.*/ -fsyntax-only &/'))
  fi
  [ ${#commands[@]} -gt 0 ] || die "no source matches '$pattern'"
  # Reading Catch takes half of the time.
  echo '#include <catch2/catch.hpp>' >"$build/catch.hpp"
  "$compiler" -std=c++20 -O3 -DNDEBUG -ffp-contract=off -x c++-header -fpch-instantiate-templates "$build/catch.hpp" \
    -o "$build/catch.pch"
  echo "$compiler looks at ${#commands[@]} sources"
  printf '%s\0' "${commands[@]}" | sed -z "/catch2\|_test\.cpp/s#\$# -include-pch $build/catch.pch#" |
    (cd "$build" && xargs -0 -P "$(nproc)" -I{} sh -c '{} || { echo "+ {}"; exit 1; }')
}

# What clang does not compile elsewhere: 14 compiles the library and the tests in which threads meet for
# ThreadSanitizer, 16 library and tests for the others.
run_clang() {
  need clang-14 clang-16
  syntax clang++-14 '(tests|examples)/' tsan
  syntax clang++-16 'examples/'
  # A user's program, with whatever a user may have switched on.
  local compiler
  for compiler in clang++-14 clang++-16; do
    show "$compiler" -std=c++20 -I "$root" -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Werror \
      -fsyntax-only "$root/tests/package/umbrella.cpp"
  done
}

# ---- fuzzing --------------------------------------------------------------------------------------------------------

# fuzz_one TARGET SECONDS: what it finds stays in the build directory, beside the inputs that it has collected.
fuzz_one() {
  local name=$1 seconds=$2 build=$root/build/asan/fuzz program=$root/build/asan/tests/fuzz/fuzz_$1 found=()
  mkdir -p "$build/corpus/$name" "$build/found/$name"
  "$program" --seeds "$build/seeds/$name"
  [ ! -d "$root/tests/fuzz/found/$name" ] || found=("$root/tests/fuzz/found/$name")
  # 100 bytes that take 257 MB are a fault of the reader.
  "$program" -max_total_time="$seconds" -entropic=0 -print_funcs=0 -rss_limit_mb=512 -malloc_limit_mb=256 -timeout=2 -max_len=4096 \
    -print_final_stats=1 -artifact_prefix="$build/found/$name/" "$build/corpus/$name" "$build/seeds/$name" \
    "${found[@]}" >"$build/$name.log" 2>&1 || {
    echo "FAILED: fuzz $name"
    tail -60 "$build/$name.log"
    return 1
  }
  echo "fuzz $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$name.log") executions, nothing found"
}

# fuzz [TARGET] [SECONDS]
run_fuzz() {
  local name=${1:-all} seconds=${2:-60} names=()
  configure asan
  compile asan fuzz_targets
  mapfile -t names < <(cd "$root/tests/fuzz" && ls ./*_target.cpp | sed 's#^./##; s#_target.cpp$##')
  if [ "$name" != all ]; then
    [ -e "$root/tests/fuzz/${name}_target.cpp" ] || die "there is no fuzz target '$name': ${names[*]}"
    names=("$name")
  fi
  export root
  export -f fuzz_one
  sanitizer_options
  printf '%s\n' "${names[@]}" | xargs -P "$(nproc)" -I{} bash -c "fuzz_one {} $seconds"
}

# Long runs: the tests take 2,000 seeds.
run_networks() {
  configure release
  compile release random_networks
  show "$root/build/release/tests/random_networks" "$@"
}

# ---- exchange -------------------------------------------------------------------------------------------------------

# Each side writes weights and what it computes with them; the other one loads them and computes the same.
run_exchange() {
  need python3-torch python3-numpy
  configure release
  compile release exchange
  local program=$root/build/release/tests/exchange directory=${1:-} names result=0
  local python=(env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$root/tests/exchange/exchange.py")
  if [ -z "$directory" ]; then
    directory=$(mktemp -d)
    trap "rm -rf '$directory'" EXIT
  fi
  mkdir -p "$directory"
  mapfile -t names < <("$program" names)
  show "${python[@]}" write "$directory" "${names[@]}" || return
  show "$program" check "$directory" || result=1
  show "$program" write "$directory" || return
  show "${python[@]}" check "$directory" "${names[@]}" || result=1
  [ $result = 0 ] || die "layers differ from PyTorch's"
}
