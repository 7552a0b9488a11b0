# Rules for .cc and .h files, named by their path from the root. One fault a line: file:line: what is wrong; the remedy.

function fault(line, text) { print FILENAME ":" line ": " text }

# Two rules of one kind: the line (without comments and literals) matches `pattern`.
function ban(pattern, text) { if (code ~ pattern) fault(FNR, text) }

# An include of someone else's library outside the folder that hides it.
function keep_behind(pattern, folders, text) {
  if ($0 ~ ("^#include [<\"](" pattern ")") && FILENAME !~ folders) fault(FNR, text)
}

function finish() {
  if (name == "") return
  if (lines > 900) print name ":901: has " lines " lines, more than 900; split it by concept"
  if (name ~ /\.h$/ && !once) print name ":1: header without #pragma once; add it below the opening comment"
}

FNR == 1 {
  finish()
  name = FILENAME
  once = 0
  in_comment = 0
  # Pure: a machine and what it computes with. The same commands must give the same bytes on every machine and every run.
  pure = FILENAME ~ /^services\/[^\/]+\/(machine|state)[^\/]*$/ || FILENAME ~ /^common\/(fund|money)\//
  service = FILENAME ~ /^services\//
  core = service || FILENAME ~ /^common\/machine\//
  owner = FILENAME
  sub(/^services\//, "", owner)
  sub(/\/.*/, "", owner)
  if ($0 !~ /^\/\//) fault(1, "does not open with a comment; say in a sentence what the file is for")
}

{
  lines = FNR
  # Code without literals and comments. Comment markers inside literals go with the literals.
  code = $0
  gsub(/\\\\/, "", code)
  gsub(/\\"/, "", code)
  gsub(/"[^"]*"/, "\"\"", code)
  gsub(/\/\*[^*]*\*\//, "", code)
  comment = index(code, "//") ? substr(code, index(code, "//")) : ""
  sub(/\/\/.*/, "", code)
  if (in_comment) {
    if (code ~ /\*\//) { sub(/.*\*\//, "", code); in_comment = 0 } else code = ""
  }
  if (code ~ /\/\*/) { sub(/\/\*.*/, "", code); in_comment = 1 }
  if ($0 ~ /^#pragma once/) once = 1
}

$0 ~ /(^|[^A-Za-z])(TODO|FIXME|XXX)([^A-Za-z]|$)/ { fault(FNR, "unfinished-work marker; do it, or plan it in an issue") }

pure {
  ban("(^|[^A-Za-z0-9_])(float|double)([^A-Za-z0-9_]|$)", "binary floating point in a machine; use common/money")
  ban("unordered_", "unordered container in a machine; use absl::btree_map or a sorted vector")
  ban("absl::Now|(^|[^A-Za-z0-9_])time\\(", "wall clock in a machine; use the time stamped on the command (ctx.now)")
  ban("random_device|mt19937|(^|[^A-Za-z0-9_])rand\\(", "randomness in a machine; let the appender put it in the command")
  if (code ~ /flat_hash_|node_hash_/ && code !~ /#include/ && comment !~ /lookups only/ && before !~ /lookups only/)
    fault(FNR, "hash table in a machine; use absl::btree_map, or say \"lookups only\" in a comment there and never walk it")
}

core {
  ban("(system|steady|high_resolution)_clock", "clock in core code; ask the executor (Now) or the command (ctx.now)")
  ban("std::(jthread|thread|async)", "thread in core code; post to the executor")
  ban("std::(mutex|shared_mutex|recursive_mutex|condition_variable)|absl::(Mutex|CondVar)",
      "lock in core code; a partition owns its data, post to its executor")
  ban("sleep_for|sleep_until|usleep\\(|absl::SleepFor", "sleep in core code; use Executor::PostAfter")
  ban("(^|[^A-Za-z_])(of|if|f)stream|fopen\\(|std::filesystem", "file access in core code; use Files")
}

# Tests wait for what they want to see, not for a time that is usually enough.
FILENAME ~ /^tests\/(unit|simulation|days)\// {
  ban("sleep_for|sleep_until|usleep\\(|absl::SleepFor", "sleep in a test; wait for the event, or use virtual time")
}

$0 ~ /^#include "services\// {
  other = $0
  sub(/^#include "services\//, "", other)
  sub(/\/.*/, "", other)
  if (service && other != owner) fault(FNR, "service " owner " includes service " other "; talk to it through its proto")
  if (FILENAME ~ /^common\//) fault(FNR, "common includes a service; dependencies point from services to common")
}
$0 ~ /^#include "(tools|tests)\// && FILENAME !~ /^(tools|tests)\// {
  fault(FNR, "product code includes tools or tests; move what both need to common")
}

/^#include / {
  keep_behind("grpc|grpcpp\\/", "^(common/rpc|tools|tests|examples)/", "gRPC outside common/rpc; use rpc/handlers.h or rpc/peers.h")
  keep_behind("rocksdb\\/", "^(common/store/[^/]*\\.cc$|tests/(bench|crash)/)", "RocksDB outside common/store/*.cc; use store/store.h")
  keep_behind("spdlog\\/", "^(common/telemetry/[^/]*\\.cc$|tests/bench/)", "spdlog outside common/telemetry/*.cc; use telemetry/log.h")
  keep_behind("librdkafka\\/", "^(common/log/[^/]*\\.cc$|tests/(bench|cluster)/)", "librdkafka outside common/log/*.cc; use log/log.h")
  keep_behind("toml", "^common/config/[^/]*\\.cc$", "toml++ outside common/config/*.cc; use config/config.h")
  keep_behind("prometheus\\/", "^common/telemetry/[^/]*\\.cc$", "prometheus-cpp outside common/telemetry/*.cc; use telemetry/metrics.h")
  keep_behind("openssl\\/", "^(common/(crypto|rpc)/[^/]*\\.cc$|tests/)", "OpenSSL outside the .cc files of common/crypto and common/rpc; use crypto/hash.h or crypto/vault.h")
}

# Documents that comments send the reader to. `close` keeps the number of open files down.
match($0, /docs\/[A-Za-z0-9_\/-]+\.md/) {
  path = substr($0, RSTART, RLENGTH)
  if (!(path in there)) {
    there[path] = (getline ignored < path) >= 0
    close(path)
  }
  if (!there[path]) fault(FNR, "sends the reader to " path ", which does not exist; write or correct it")
}

{ before = comment }

END { finish() }
