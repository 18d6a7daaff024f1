#!/usr/bin/env bash
# pkg_config.sh COMPILER PREFIX SOURCE: SOURCE compiles and runs with what pkg-config says of the library under PREFIX.
set -euo pipefail
compiler=$1 prefix=$2 source=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The directory of libraries is lib, or lib/x86_64-linux-gnu, or lib64.
pc=$(find "$prefix" -name xgrad.pc)
export PKG_CONFIG_PATH=${pc%/*}
read -r -a flags < <(pkg-config --cflags --libs xgrad)
[[ " ${flags[*]} " == *" -lxgrad "* ]]
"$compiler" -std=c++20 "$source" -o "$work/consumer" "${flags[@]}"
libraries=$(dirname "${pc%/*}")
LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$work/consumer"
