#!/usr/bin/env bash
# Seeds that once found a bug stay clean.
#
#   regressions.sh SIMULATE regressions.txt
set -euo pipefail
simulate=$1
failed=0
while IFS= read -r line; do
  arguments=${line%%#*}
  [ -n "${arguments// /}" ] || continue
  # shellcheck disable=SC2086  # several words are several arguments
  if "$simulate" $arguments > /dev/null 2>&1; then
    echo "clean: $line"
  else
    echo "FAILS: $line"
    failed=1
  fi
done < "$2"
exit $failed
