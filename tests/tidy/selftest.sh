#!/usr/bin/env bash
# Plants one breach of each rule in a small tree and expects tidy.sh to name each of them, and nothing else.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree"
mkdir -p common/money common/store common/base services/trade services/risk tests/unit docs

good='// A file that breaks no rule.'
printf '%s\n#pragma once\n// see docs/a.md\n' "$good" > common/base/good.h
printf '# A\n[good](../common/base/good.h) `common/base/good.h` `common/base/*.h`\n' > docs/a.md
printf '%s\n#include "rocksdb/db.h"\nstd::mutex m;\n' "$good" > common/store/rocks.cc
cat > services/trade/machine.cc <<'X'
// Good: words in comments (double, std::thread) and in literals do not count.
const char* s = "double // std::mutex \" float";
int doubled; /* float */ Timeline timeline(int x);
absl::flat_hash_map<int, int> seen;  // lookups only
// lookups only: keyed by id
absl::flat_hash_set<int> ids;
X
bash "$here/tidy.sh" . > good.out || { cat good.out; echo "tidy finds fault with a good tree"; exit 1; }
rm good.out

expected=$(mktemp)
trap 'rm -rf "$tree" "$expected"' EXIT
breach() { # FILE LINE WORDS: the fault that must be found
  printf '%s\t%s\n' "$1:$2:" "$3" >> "$expected"
}
head="$good"
printf '%s\ndouble x;\nstd::unordered_map<int, int> m;\nabsl::flat_hash_map<int, int> f;\nauto t = absl::Now();\n' "$head" > services/trade/state.cc
breach services/trade/state.cc 2 'floating point'
breach services/trade/state.cc 3 'unordered container'
breach services/trade/state.cc 4 'hash table'
breach services/trade/state.cc 5 'wall clock'
printf '%s\nfloat y;\nstd::random_device r;\n' "$head" > common/money/fee.cc
breach common/money/fee.cc 2 'floating point'
breach common/money/fee.cc 3 'randomness'
printf '%s\n#include "services/risk/rules.h"\n#include <grpcpp/grpcpp.h>\nstd::thread t;\nstd::mutex m;\nauto n = std::chrono::steady_clock::now();\nstd::ofstream o;\n#include "tests/unit/x.h"\n' "$head" > services/trade/worker.cc
breach services/trade/worker.cc 2 'service trade includes service risk'
breach services/trade/worker.cc 3 'gRPC outside'
breach services/trade/worker.cc 4 'thread in core'
breach services/trade/worker.cc 5 'lock in core'
breach services/trade/worker.cc 6 'clock in core'
breach services/trade/worker.cc 7 'file access'
breach services/trade/worker.cc 8 'product code includes tools or tests'
printf '%s\n#pragma once\n#include "rocksdb/db.h"\n#include <toml++/toml.h>\n#include "spdlog/spdlog.h"\n#include <openssl/evp.h>\n#include "prometheus/counter.h"\n#include <librdkafka/rdkafka.h>\n#include "services/risk/x.h"\n' "$head" > common/base/leaky.h
for line in 3:RocksDB 4:toml 5:spdlog 6:OpenSSL 7:prometheus 8:librdkafka 9:'common includes a service'; do
  breach common/base/leaky.h "${line%%:*}" "${line#*:}"
done
printf 'int x;\n' > common/base/silent.cc
breach common/base/silent.cc 1 'does not open with a comment'
printf '%s\nint x;\n' "$head" > common/base/twice.h
breach common/base/twice.h 1 'pragma once'
{ echo "$head"; seq 1 900 | sed 's/.*/int x&;/'; } > common/base/long.cc
breach common/base/long.cc 901 '901 lines'
printf '%s\n// TODO: later\n// see docs/absent.md\n' "$head" > common/base/late.cc
breach common/base/late.cc 2 'unfinished'
breach common/base/late.cc 3 'docs/absent.md'
printf '%s\nstd::this_thread::sleep_for(1s);\n' "$head" > tests/unit/slow.cc
breach tests/unit/slow.cc 2 'sleep in a test'
printf '# B\n[x](absent.md)\n`services/absent/x.h`\nFIXME\n[y](/etc/passwd)\n' > docs/b.md
breach docs/b.md 2 'leads nowhere'
breach docs/b.md 3 'does not exist'
breach docs/b.md 4 'unfinished'
breach docs/b.md 5 'absolute'

if found=$(bash "$here/tidy.sh" .); then echo "tidy finds no fault with a bad tree"; exit 1; fi
failed=0
while IFS=$'\t' read -r place words; do
  grep -F "$place" <<< "$found" | grep -qF -- "$words" || { echo "not found: $place $words"; failed=1; }
done < "$expected"
count=$(grep -cE '^[^ ]+:[0-9]+: ' <<< "$found")
[ "$count" -eq "$(wc -l < "$expected")" ] || { echo "expected $(wc -l < "$expected") faults, found $count:"; echo "$found"; failed=1; }
[ $failed -eq 0 ] && echo "tidy finds each of $count planted faults"
exit $failed
