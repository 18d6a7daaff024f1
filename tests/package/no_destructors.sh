#!/usr/bin/env bash
# No object file of the library asks for the destructor of a static or thread_local object: those would be gone when
# static objects of the program, or threads that outlive them, use the library. (The streams of the standard library look after
# themselves.)
set -euo pipefail
archive=$1
members=$(ar t "$archive" | wc -l)
found=$(objdump -dr --no-show-raw-insn "$archive" | awk '
  /file format/ { file = $1 }
  /^[0-9a-f]+ <.*>:$/ { at = $2; count = 0 }
  /R_[A-Z0-9_]+[ \t]/ {
    if ($0 ~ /__cxa_(thread_)?atexit/) {
      allowed = 0
      for (i = count; i > 0 && i > count - 6; --i) if (names[i] ~ /^_ZNSt8ios_base4InitD1Ev/) allowed = 1
      if (!allowed) print file, at
      count = 0
    } else names[++count] = $NF
  }')
if [ "$members" -lt 40 ]; then
  echo "FAILED: $archive has only $members object files"
  exit 1
fi
if [ -n "$found" ]; then
  printf 'FAILED: destructors of static objects are registered in\n%s\n' "$found"
  exit 1
fi
echo "none of the $members object files registers a destructor"
