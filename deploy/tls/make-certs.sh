#!/usr/bin/env bash
# Certificates for trials and small installations: a certificate authority of your own, and one certificate a process.
#
#   deploy/tls/make-certs.sh [--days N] DIR NAME[,HOST…]…
#   deploy/tls/make-certs.sh /etc/fundcore/tls fundcore-trade,trade1.example.com,localhost operator
#
# NAME is the caller's identity: it becomes the first subject alternative name, which fundcore goes by. The HOSTs are where it
# is reached, names or addresses; `advertise` must be one of them, and localhost is wanted for probes. DIR/ca.crt and DIR/ca.key
# are made where they are missing, and so are NAME.crt and NAME.key; what is there stays, so the script may be repeated.
# Keep ca.key off the machines that serve.
set -euo pipefail

days=825
usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }
fail() { printf 'make-certs: %s; %s\n' "$1" "$2" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case "$1" in
    --days) days=${2:?--days needs a number}; shift 2 ;;
    --help | -h) usage; exit 0 ;;
    -*) fail "unknown option $1" "see --help" ;;
    *) break ;;
  esac
done
[ $# -ge 1 ] || { usage >&2; exit 2; }
[[ $days =~ ^[0-9]+$ ]] || fail "--days \"$days\" is no number" "give days, such as 825"
command -v openssl > /dev/null || { echo "make-certs: openssl is not installed; install the package openssl" >&2; exit 3; }
dir=$1
shift
umask 077
mkdir -p "$dir"

if [ ! -e "$dir/ca.crt" ]; then
  openssl ecparam -name prime256v1 -genkey -noout -out "$dir/ca.key"
  openssl req -x509 -new -sha256 -key "$dir/ca.key" -days $((days * 4)) -subj "/CN=fundcore certificate authority" \
    -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" -out "$dir/ca.crt"
  echo "made $dir/ca.crt and ca.key"
fi

for who in "$@"; do
  IFS=, read -r -a names <<< "$who"
  name=${names[0]}
  [[ $name =~ ^[A-Za-z0-9][A-Za-z0-9.-]*$ ]] || fail "\"$name\" is no name for a process" "use letters, digits, '.' and '-'"
  [ -e "$dir/$name.crt" ] && { echo "kept $dir/$name.crt"; continue; }
  [ -e "$dir/ca.key" ] || fail "$dir/ca.key is not there" "make certificates where it is kept, and copy NAME.crt, NAME.key and ca.crt"
  # The identity stands first: OpenSSL keeps the order.
  sans=DNS:$name
  for host in "${names[@]:1}"; do
    if [[ $host =~ ^[0-9.]+$ || $host == *:* ]]; then sans+=,IP:$host; else sans+=,DNS:$host; fi
  done
  openssl ecparam -name prime256v1 -genkey -noout -out "$dir/$name.key"
  openssl req -new -sha256 -key "$dir/$name.key" -subj "/CN=$name" |
    openssl x509 -req -sha256 -days "$days" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -set_serial "0x$(openssl rand -hex 16)" \
      -extfile <(printf '%s\n' "basicConstraints=critical,CA:FALSE" "keyUsage=critical,digitalSignature" \
        "extendedKeyUsage=serverAuth,clientAuth" "subjectAltName=$sans") -out "$dir/$name.crt.part" 2> /dev/null
  mv "$dir/$name.crt.part" "$dir/$name.crt"
  echo "made $dir/$name.crt and $name.key: $sans"
done
