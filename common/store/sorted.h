// What both stores demand of an ingested run: keys strictly ascending in byte order.
#pragma once

#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore {

// kInvalidArgument, naming the first key that does not rise.
inline absl::Status CheckAscending(std::span<const std::pair<std::string, std::string>> run) {
  for (size_t i = 1; i < run.size(); ++i) {
    if (run[i - 1].first < run[i].first) continue;
    return absl::InvalidArgumentError(StrCat("entry ", i, " of the run, key 0x", absl::BytesToHexString(run[i].first),
                                             ", is not above the key before it; sort the run and join duplicates"));
  }
  return absl::OkStatus();
}

}  // namespace fundcore
