#!/usr/bin/env bash
# refuses.sh COMPILER SOURCE_DIR FILE MESSAGE FLAGS...: fails unless tests/package/FILE compiles without the flags, and
# does not compile with any one of them, for the reason that MESSAGE gives.
set -euo pipefail
compile=("$1" -std=c++20 -fsyntax-only "-I$2" "$2/tests/package/$3")
message=$4
shift 4
"${compile[@]}"
for flag in "$@"; do
  if errors=$("${compile[@]}" "$flag" 2>&1); then
    echo "It compiles with $flag."
    exit 1
  fi
  if ! grep -F "$message" <<<"$errors"; then
    echo "With $flag the errors do not say '$message':"
    echo "$errors"
    exit 1
  fi
done
