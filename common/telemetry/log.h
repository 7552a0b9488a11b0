// The program's own log: lines for operators, about what the program does. (The log of commands is common/log/log.h.)
//
//   FC_RETURN_IF_ERROR(StartLogging({.level = LogLevel::kInfo, .file = "data/fundcore.log"}));
//   FC_LOG(Info, "institution {} released {} files for {}", ta, count, day);
//   FC_LOG(Warn, "card {} refused by the bank", MaskNumber(card));
//
// The format string is checked when compiling. Arguments are not evaluated where the level is off. Until StartLogging
// is called, lines from Info up go to stderr. Every line passes MaskSensitive (common/telemetry/mask.h), and control
// characters in it are escaped, so that no input can forge a line. Thread-safe; a call takes a few microseconds.
#pragma once

#include <fmt/core.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace fundcore {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarn, kError };

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  std::string file;                     // empty: stderr
  uint64_t rotate_bytes = 64ull << 20;  // size at which a new file is begun
  int keep_files = 8;                   // older ones that are kept: fundcore.1.log, fundcore.2.log, …
};

// Replaces what was set before. kInvalidArgument for bad sizes, kUnavailable where the file cannot be opened; lines
// then go on where they went.
absl::Status StartLogging(const LogOptions& options);
// Writes out what is buffered and goes back to stderr. For the end of a program.
void StopLogging();

// "debug", "info", "warn" or "error". False for other words.
[[nodiscard]] bool ParseLogLevel(std::string_view word, LogLevel* level);

namespace log_internal {
extern std::atomic<LogLevel> threshold;
void Write(LogLevel level, fmt::string_view format, fmt::format_args arguments);

template <class... Args>
void Format(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  Write(level, format, fmt::make_format_args(args...));
}
}  // namespace log_internal

inline bool LogEnabled(LogLevel level) { return level >= log_internal::threshold.load(std::memory_order_relaxed); }

}  // namespace fundcore

// `level` is Debug, Info, Warn or Error.
#define FC_LOG(level, ...)                                                           \
  do {                                                                               \
    if (::fundcore::LogEnabled(::fundcore::LogLevel::k##level)) {                    \
      ::fundcore::log_internal::Format(::fundcore::LogLevel::k##level, __VA_ARGS__); \
    }                                                                                \
  } while (false)
