#!/usr/bin/env bash
# What is compiled for one instruction set gives the linker no function that other files have, too: it would be taken for
# theirs, and end the program on a processor that lacks the set. Templates over the set's own lanes are no such functions.
set -euo pipefail
archive=$1
members=$(ar t "$archive" | grep -cE '_avx(2|512)\.cpp\.o$' || true)
if [ "$members" -lt 8 ]; then
  echo "FAILED: $archive has only $members object files of instruction sets"
  exit 1
fi
found=$(nm -A -C --defined-only "$archive" | grep -E '_avx(2|512)\.cpp\.o:[0-9a-f]* +[Wu] ' | grep -v 'xsimd::' || true)
if [ -n "$found" ]; then
  printf 'FAILED: these could be taken for those of other files\n%s\n' "$found"
  exit 1
fi
echo "none of the $members object files of instruction sets has a function that others could get"
