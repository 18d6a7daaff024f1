#!/usr/bin/env bash
# missing_header.sh CMAKE GENERATOR SOURCE_DIR BUILD_DIR: where a header is missing, configuring ends with its name, that
# of its package, and the variable that says where it is.
set -euo pipefail
given=()
for header in cblas.h xxhash.h; do
  directory=XGRAD_$(tr '[:lower:]' '[:upper:]' <<<"${header%.h}")_INCLUDE_DIR
  rm -rf "$4"
  if said=$("$1" -S "$3" -B "$4" -G "$2" -DXGRAD_BUILD_TESTS=OFF -DXGRAD_BUILD_EXAMPLES=OFF "${given[@]}" \
    -DCMAKE_FIND_ROOT_PATH=/nowhere -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY 2>&1); then
    echo "FAILED: it configures without $header"
    exit 1
  fi
  for part in "xgrad needs $header" "Debian: lib" "-D$directory=DIRECTORY"; do
    if ! tr -s '[:space:]' ' ' <<<"$said" | grep -F -e "$part" >/dev/null; then
      echo "FAILED: without $header configuring does not say '$part', but"
      echo "$said"
      exit 1
    fi
  done
  given+=(-D"$directory=$4")
done
