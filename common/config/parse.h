// Durations and sizes as people write them, in configuration files and on command lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/time/time.h"

namespace fundcore {

// "250ms", "30s", "5m", "2h", "1d", "1h30m". Whole numbers, units us ms s m h d in falling order. kInvalidArgument.
absl::StatusOr<Duration> ParseDuration(std::string_view text);

// "512B", "64KiB", "64MiB", "2GiB", "1TiB": bytes. kInvalidArgument, also for kB and MB, which people read both ways.
absl::StatusOr<uint64_t> ParseBytes(std::string_view text);

// The largest unit that shows the value exactly: "1500ms", "2h", "64MiB".
std::string FormatDuration(Duration duration);
std::string FormatBytes(uint64_t bytes);

// The candidate that `word` was probably meant to be; empty where none is near. A swap of two neighbours counts as one
// slip.
template <class Words>
std::string Nearest(std::string_view word, const Words& candidates);

// Slips (insert, remove, replace, swap neighbours) between two words.
int SlipsBetween(std::string_view a, std::string_view b);

template <class Words>
std::string Nearest(std::string_view word, const Words& candidates) {
  int best = static_cast<int>(word.size()) / 3 + 2;  // one slip in a short word, some more in a long one
  std::string nearest;
  for (const auto& candidate : candidates) {
    const int slips = SlipsBetween(word, candidate);
    if (slips < best) {
      best = slips;
      nearest = std::string(candidate);
    }
  }
  return nearest;
}

}  // namespace fundcore
