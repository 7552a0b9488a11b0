#!/usr/bin/env bash
# Certificates of deploy/tls/make-certs.sh carry the identities that they are to: a server that demands TLS takes the operator
# for an operator, another process for no more than it is, and a probe from the same machine reaches it.
#
#   tests/deploy/certificates_test.sh FUNDCORE FUNDCTL
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
fundcore=$1
fundctl=$2
command -v openssl > /dev/null || { echo "SKIPPED: openssl is not installed"; exit 0; }
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2> /dev/null || true; wait; rm -rf "$work"' EXIT

make() { "$root/deploy/tls/make-certs.sh" "$work/tls" fundcore-trade,localhost,127.0.0.1 operator,localhost; }
make > /dev/null
before=$(cat "$work"/tls/* | sha256sum)
make > /dev/null
[ "$before" = "$(cat "$work"/tls/* | sha256sum)" ] || { echo "a repetition replaced something"; exit 1; }
[ -z "$(find "$work/tls" -perm /077)" ] || { echo "others may read the keys"; exit 1; }

"$fundcore" serve --data="$work/data" --listen=127.0.0.1:0 --tls-certificate="$work/tls/fundcore-trade.crt" \
  --tls-key="$work/tls/fundcore-trade.key" --tls-ca="$work/tls/ca.crt" > "$work/out" 2>&1 &
server=$!
port=
touch "$work/out"  # the server's own shell may not have made it yet
until [ -n "$port" ]; do
  kill -0 "$server" 2> /dev/null || { cat "$work/out"; echo "the server did not start"; exit 1; }
  port=$(sed -n 's/^serving on 127\.0\.0\.1://p' "$work/out")
  sleep 0.1
done
as() {
  local who=$1
  shift
  "$fundctl" --server "localhost:$port" --timeout=10s --tls-certificate="$work/tls/$who.crt" --tls-key="$work/tls/$who.key" \
    --tls-ca="$work/tls/ca.crt" "$@"
}
as fundcore-trade health > /dev/null
as operator product load "$root/deploy/demo/products.toml" > /dev/null
if said=$(as fundcore-trade product load "$root/deploy/demo/products.toml" 2>&1); then
  echo "no operator, and yet let in"
  exit 1
fi
[[ $said == *'caller "fundcore-trade" may not do this'* ]] || { echo "$said"; exit 1; }
if "$fundctl" --server "localhost:$port" --timeout=3s health 2> /dev/null; then
  echo "let in without a certificate"
  exit 1
fi
echo good
