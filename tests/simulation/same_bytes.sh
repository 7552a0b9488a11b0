#!/usr/bin/env bash
# The same seed gives the same bytes: each seed is run twice, in processes of their own, and the hashes over logs, files, final
# state and trace are compared.
#
#   same_bytes.sh SIMULATE SEED[:NODES]...
set -euo pipefail
simulate=$1
shift
for one in "$@"; do
  seed=${one%:*}
  nodes=1
  [ "$seed" = "$one" ] || nodes=${one#*:}
  first=$("$simulate" --seed="$seed" --nodes="$nodes" | grep "^seed $seed: hash")
  second=$("$simulate" --seed="$seed" --nodes="$nodes" | grep "^seed $seed: hash")
  if [ "$first" != "$second" ]; then
    printf 'seed %s is not the same twice:\n  %s\n  %s\n' "$seed" "$first" "$second"
    echo "repeat: simulate --seed=$seed --nodes=$nodes --trace (twice, and compare)"
    exit 1
  fi
  echo "$first, twice"
done
