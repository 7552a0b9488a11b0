#!/usr/bin/env bash
# Wrong use of `simulate` is refused with exit code 2 and a sentence that names what is wrong.
#
#   bad_use.sh SIMULATE
set -uo pipefail
simulate=$1
failed=0
refused() {
  local expected=$1 out code
  shift
  out=$("$simulate" "$@" 2>&1)
  code=$?
  if [ $code -ne 2 ] || [[ "$out" != *"$expected"* ]]; then
    echo "simulate $*: exit $code, said: $out"
    failed=1
  fi
}
refused "--seed=N" --seeds=5..2
refused "--seed=N" --seeds=five
refused "--seeds=-5..3 names no seeds" --seeds=-5..3
refused "--seeds=1..99999999999999999999 names no seeds" --seeds=1..99999999999999999999
refused "--seed = abc" --seed=abc
refused "--seed=N"
refused "no plant \"nonsense\"" --seed=1 --plant=nonsense
refused "no fault \"rain\"" --seed=1 --without=rain
refused "--nodes has at most 9" --seed=1 --nodes=12
refused "at most 30" --seed=1 --days=400
refused "--jobs=0" --seed=1 --jobs=0
refused "--keep-files=/proc/none" --seed=1 --keep-files=/proc/none
refused "--nonsense" --seed=1 --nonsense
exit $failed
