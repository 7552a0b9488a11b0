#!/usr/bin/env bash
# The judge is awake: each planted bug is found within as many seeds as --list-plants says.
#
#   plants.sh SIMULATE
set -euo pipefail
simulate=$1
missed=0
while read -r name within mistake; do
  if out=$("$simulate" --seeds=1.."$within" --plant="$name" --jobs=2 2>&1); then
    echo "MISSED: $name within $within seeds ($mistake)"
    missed=1
  else
    echo "found: $name: $(grep -m1 FAILS <<< "$out" || tail -n1 <<< "$out")"
  fi
done < <("$simulate" --list-plants)
exit $missed
