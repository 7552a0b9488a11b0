#!/bin/sh
# Starts fundcore in a container.
#
#   FUNDCORE_VAULT_KEY    a mounted secret that holds the vault key, for the roles account and bank. It is copied to DATA/vault.key,
#                         because fundcore takes a key that its owner alone may read, which a mounted secret is not. A data folder
#                         that has another key is refused: what was sealed with one cannot be opened with the other.
#   FUNDCORE_DATA         the data folder; /var/lib/fundcore where it is not given
set -eu
data=${FUNDCORE_DATA:-/var/lib/fundcore}
if [ -n "${FUNDCORE_VAULT_KEY:-}" ]; then
  if [ ! -r "$FUNDCORE_VAULT_KEY" ]; then
    echo "fundcore: the vault key $FUNDCORE_VAULT_KEY cannot be read; mount it, readable for user $(id -u)" >&2
    exit 3
  fi
  if [ ! -e "$data/vault.key" ]; then
    install -m 600 "$FUNDCORE_VAULT_KEY" "$data/vault.key.new"
    mv "$data/vault.key.new" "$data/vault.key"
  elif ! cmp -s "$FUNDCORE_VAULT_KEY" "$data/vault.key"; then
    echo "fundcore: $data/vault.key is another key than $FUNDCORE_VAULT_KEY; mount the volume or the key that belong together" >&2
    exit 1
  fi
fi
exec fundcore "$@"
