#!/usr/bin/env bash
# The start of a container: the vault key comes into an empty data folder, stays there, and another key is refused.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/data"
printf '#!/bin/sh\necho "started with $*"\n' > "$work/bin/fundcore"
chmod +x "$work/bin/fundcore"
printf 'one\n' > "$work/one"
printf 'two\n' > "$work/two"

# entry CODE OUTPUT KEY: starts with that key, and expects an exit code and a part of what is said.
entry() {
  local said code=0
  said=$(PATH=$work/bin:$PATH FUNDCORE_DATA=$work/data FUNDCORE_VAULT_KEY=$3 "$root/deploy/docker/entrypoint.sh" serve --x 2>&1) ||
    code=$?
  [ "$code" = "$1" ] && [[ $said == *"$2"* ]] && return
  echo "with key \"$3\": code $code, \"$said\"; expected code $1, \"$2\""
  exit 1
}
entry 0 "started with serve --x" ""
[ ! -e "$work/data/vault.key" ] || { echo "a key out of nothing"; exit 1; }
entry 0 "started with serve --x" "$work/one"
[ "$(stat -c %a "$work/data/vault.key")" = 600 ] || { echo "others may read the key"; exit 1; }
entry 0 "started" "$work/one"
entry 1 "is another key than" "$work/two"
[ "$(cat "$work/data/vault.key")" = one ] || { echo "the key was replaced"; exit 1; }
entry 3 "cannot be read" "$work/three"
echo good
