// The log on spdlog's compiled library, which is seen in this file only; its exceptions end here.
#include "common/telemetry/log.h"

#include <cstdio>
#include <memory>
#include <mutex>

#include "common/base/check.h"
#include "common/telemetry/mask.h"
#include "spdlog/logger.h"
#include "spdlog/sinks/rotating_file_sink.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace fundcore {
namespace {

constexpr char kPattern[] = "%Y-%m-%d %H:%M:%S.%e %-5!l %6t %v";

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarn: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::shared_ptr<spdlog::logger> MakeLogger(spdlog::sink_ptr sink) {
  auto logger = std::make_shared<spdlog::logger>("fundcore", std::move(sink));
  logger->set_level(spdlog::level::trace);  // our own threshold has decided already
  logger->set_pattern(kPattern);
  logger->flush_on(spdlog::level::info);  // a line that is not in the file when a process dies explains nothing
  return logger;
}

std::shared_ptr<spdlog::logger> StderrLogger() { return MakeLogger(std::make_shared<spdlog::sinks::stderr_sink_mt>()); }

struct Current {
  std::mutex mutex;
  std::shared_ptr<spdlog::logger> logger = StderrLogger();

  std::shared_ptr<spdlog::logger> Get() {
    std::lock_guard lock(mutex);
    return logger;
  }
  void Set(std::shared_ptr<spdlog::logger> next) {
    std::lock_guard lock(mutex);
    logger.swap(next);
    if (next) next->flush();
  }
};

// Never destroyed, so that other static objects may log to the very end.
Current& TheLogger() {
  static Current& current = *new Current;
  return current;
}

std::string WithoutControls(std::string_view line) {
  std::string clean;
  clean.reserve(line.size());
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      clean += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      clean += fmt::format("\\x{:02x}", byte);
    } else {
      clean += c;
    }
  }
  return clean;
}

}  // namespace

namespace log_internal {

std::atomic<LogLevel> threshold{LogLevel::kInfo};

void Write(LogLevel level, fmt::string_view format, fmt::format_args arguments) {
  try {
    const std::string line = WithoutControls(MaskSensitive(fmt::vformat(format, arguments)));
    TheLogger().Get()->log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
  } catch (const std::exception& error) {
    // A full disk must not stop the business, and spdlog has nowhere to say so.
    std::fputs(StrCat("fundcore: cannot write a log line: ", error.what(), "\n").c_str(), stderr);
  }
}

}  // namespace log_internal

absl::Status StartLogging(const LogOptions& options) {
  if (options.rotate_bytes < 4096 || options.keep_files < 0 || options.keep_files > 1000) {
    return absl::InvalidArgumentError(StrCat("log files of ", options.rotate_bytes, " bytes, ", options.keep_files,
                                             " kept; use at least 4096 bytes and 0 to 1000 files"));
  }
  try {
    TheLogger().Set(options.file.empty()
                        ? StderrLogger()
                        : MakeLogger(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
                              options.file, options.rotate_bytes, static_cast<size_t>(options.keep_files))));
  } catch (const std::exception& error) {
    return absl::UnavailableError(StrCat("log file ", options.file, ": ", error.what()));
  }
  log_internal::threshold = options.level;
  return absl::OkStatus();
}

void StopLogging() {
  TheLogger().Set(StderrLogger());
  log_internal::threshold = LogLevel::kInfo;
}

bool ParseLogLevel(std::string_view word, LogLevel* level) {
  if (word == "debug") return *level = LogLevel::kDebug, true;
  if (word == "info") return *level = LogLevel::kInfo, true;
  if (word == "warn") return *level = LogLevel::kWarn, true;
  if (word == "error") return *level = LogLevel::kError, true;
  return false;
}

}  // namespace fundcore
