#!/usr/bin/env bash
# install_anew.sh CMAKE BUILD_DIR PREFIX: installs where nothing is left of what was installed before.
set -euo pipefail
rm -rf "$3"
"$1" --install "$2" --prefix "$3"
