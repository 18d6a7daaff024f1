#!/usr/bin/env bash
# taken_in.sh CMAKE GENERATOR SOURCE_DIR BUILD_DIR: a project that takes the library in as sources configures, and
# installs nothing of it.
set -euo pipefail
"$1" -S "$3/tests/package" -B "$4" -G "$2" -DXGRAD_SOURCE_DIR="$3"
"$1" --install "$4" --prefix "$4/installed"
if [ -n "$(find "$4/installed" -type f 2>/dev/null)" ]; then
  echo "FAILED: the project installs $(find "$4/installed" -type f | head -1)"
  exit 1
fi
