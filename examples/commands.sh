# shellcheck shell=bash
# What runs the examples and looks at what they print. Sourced by ./run, whose root, need, configure, compile, show and die it uses.

# A page about an example: the comment that its source begins with, and what it printed.
write_page() {
  local name
  name=$(basename "$1")
  printf '# %s\n\n' "${name//_/ }"
  awk '!/^\/\// { exit } { sub(/^\/\/ ?/, ""); print }' "$root/examples/$name.cpp"
  printf '\n[examples/%s.cpp](../../examples/%s.cpp) prints' "$name" "$name"
  if [ -n "$2" ]; then printf ', with `%s`' "$2"; fi
  printf ':\n\n```text\n%s\n```\n' "$(sed "s|$root/||g")"
}

# check_example PROGRAM EXPECTED: runs the program in an empty directory, with the part of MNIST that is in the sources.
# The first line of EXPECTED is `$ arguments`, perhaps after `$ ranks=N`, every other one an extended regular expression
# for a line of the output.
check_example() {
  local program=$1 expected=$2 work lines patterns arguments i
  work=$(mktemp -d)
  read -r -a arguments <<<"$(sed -n '1s/^\$//p' "$expected")"
  local launch=()
  if [[ ${arguments[0]:-} == ranks=* ]]; then
    launch=("$root/tests/parallel/ranks.sh" mpirun "${arguments[0]#ranks=}")
    arguments=("${arguments[@]:1}")
  fi
  if ! (cd "$work" && XGRAD_DATA=$root/data/mnist-small show "${launch[@]}" "$program" "${arguments[@]}" >"$work/output"); then
    rm -rf "$work"
    echo "FAILED: it ended with an error"
    return 1
  fi
  cat "$work/output"
  if [ -n "${pages:-}" ]; then write_page "$program" "$(sed -n '1s/^\$ *//p' "$expected")" <"$work/output" >"$pages/$(basename "$expected" .txt).md"; fi
  mapfile -t lines <"$work/output"
  mapfile -t patterns < <(tail -n +2 "$expected")
  rm -rf "$work"
  if [ ${#lines[@]} -ne ${#patterns[@]} ]; then
    echo "FAILED: ${#lines[@]} lines of output, ${#patterns[@]} are expected"
    return 1
  fi
  for i in "${!lines[@]}"; do
    if ! [[ ${lines[i]} =~ ^${patterns[i]}$ ]]; then
      printf 'FAILED: line %d is\n  %s\nwhich does not match\n  %s\n' $((i + 1)) "${lines[i]}" "${patterns[i]}"
      return 1
    fi
  done
}

# The project that uses the installed library.
check_standalone() {
  local prefix=$root/build/release/installed build=$root/build/standalone
  show cmake --install "$root/build/release" --prefix "$prefix" >/dev/null &&
    show cmake -S "$root/examples/standalone" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_PREFIX_PATH=$prefix" &&
    show cmake --build "$build" &&
    show ctest --test-dir "$build" --output-on-failure
}

run_examples() {
  local pages=
  if [ "${1:-}" = --pages ]; then
    pages=$root/docs/examples
    mkdir -p "$pages"
  fi
  configure release
  compile release
  local source name expected failed=()
  for source in "$root"/examples/*.cpp; do
    name=$(basename "$source" .cpp)
    # Further runs of a program have a dash and a name of their own behind its name.
    for expected in "$root/examples/expected/$name.txt" "$root/examples/expected/$name"-*.txt; do
      [[ $expected != *'*'* ]] || continue
      check_example "$root/build/release/examples/$name" "$expected" || failed+=("$(basename "$expected" .txt)")
    done
  done
  check_standalone || failed+=(standalone)
  [ ${#failed[@]} -eq 0 ] || die "examples that failed: ${failed[*]}"
  echo "All examples ran and printed what they should."
}
