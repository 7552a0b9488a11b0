// Config: a TOML file, read by code that says for each key what it expects, and refused where it holds anything else.
//
//   FC_ASSIGN_OR_RETURN(Config config, Config::FromFile("fundcore.toml"));
//   ConfigTable calendar = config.Table("calendar");
//   options.cutoff = calendar.Time("cutoff", TimeOfDay::Hms(15, 0));
//   options.grace  = calendar.Span("grace", Duration::Seconds(60), {.min = Duration::Seconds(1)});
//   for (ConfigTable& ta : config.Tables("institution")) options.tas.push_back(ta.String("code"));
//   FC_RETURN_IF_ERROR(config.Finish());
//
// Getters never fail: they note what is wrong, return the fallback and go on, and Finish reports all of it at once, one
// line a fault, each with file and line:
//
//   orders.toml:14: unknown key "cutof" in [calendar] (did you mean "cutoff"?)
//
// So nothing that was read may be used before Finish has returned OK. A getter without a fallback makes its key
// required.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/time/time.h"

namespace fundcore {

namespace config_internal {
struct State;
}

// Inclusive bounds.
struct IntRange {
  int64_t min = std::numeric_limits<int64_t>::min();
  int64_t max = std::numeric_limits<int64_t>::max();
};
struct SpanRange {
  Duration min;  // zero
  Duration max = Duration::FromRaw(std::numeric_limits<int64_t>::max());
};
struct BytesRange {
  uint64_t min = 0;
  uint64_t max = std::numeric_limits<uint64_t>::max();
};

// One table of the file, or an absent one, of which every key is absent too. A handle: cheap to copy, keeps the file's
// contents alive. Not thread-safe; configuration is read by one thread, at start.
class ConfigTable {
 public:
  bool exists() const { return node_ != nullptr; }
  // Whether the key is there. Does not count as reading it.
  bool Has(std::string_view key) const;
  // Every key that is there, sorted, for tables whose keys are values themselves ([lint] RULE = "off"). Does not count
  // as reading them.
  std::vector<std::string> Keys() const;

  std::string String(std::string_view key) { return ReadString(key, std::nullopt); }
  std::string String(std::string_view key, std::string_view fallback) { return ReadString(key, std::string(fallback)); }
  // One of a few words.
  std::string Choice(std::string_view key, std::initializer_list<std::string_view> allowed);
  std::string Choice(std::string_view key, std::string_view fallback, std::initializer_list<std::string_view> allowed);
  int64_t Int(std::string_view key, IntRange range) { return ReadInt(key, std::nullopt, range); }
  int64_t Int(std::string_view key, int64_t fallback, IntRange range = {}) { return ReadInt(key, fallback, range); }
  bool Bool(std::string_view key) { return ReadBool(key, std::nullopt); }
  bool Bool(std::string_view key, bool fallback) { return ReadBool(key, fallback); }
  // "30s", "1h30m" (common/config/parse.h).
  Duration Span(std::string_view key, SpanRange range) { return ReadSpan(key, std::nullopt, range); }
  Duration Span(std::string_view key, Duration fallback, SpanRange range = {}) {
    return ReadSpan(key, fallback, range);
  }
  // "64MiB"; in bytes.
  uint64_t Bytes(std::string_view key, BytesRange range) { return ReadBytes(key, std::nullopt, range); }
  uint64_t Bytes(std::string_view key, uint64_t fallback, BytesRange range = {}) {
    return ReadBytes(key, fallback, range);
  }
  // "15:00", or TOML's own 15:00:00. Beijing time.
  TimeOfDay Time(std::string_view key) { return ReadTime(key, std::nullopt); }
  TimeOfDay Time(std::string_view key, TimeOfDay fallback) { return ReadTime(key, fallback); }
  // "2025-03-04", or TOML's own 2025-03-04.
  Date Day(std::string_view key) { return ReadDay(key, std::nullopt); }
  Date Day(std::string_view key, Date fallback) { return ReadDay(key, fallback); }
  std::vector<std::string> Strings(std::string_view key) { return ReadStrings(key, std::nullopt); }
  std::vector<std::string> Strings(std::string_view key, std::vector<std::string> fallback) {
    return ReadStrings(key, std::move(fallback));
  }
  std::vector<int64_t> Ints(std::string_view key, std::vector<int64_t> fallback, IntRange range = {});

  // [name] below this table.
  ConfigTable Table(std::string_view name);
  // All of [[name]], in the order of the file; empty where there are none.
  std::vector<ConfigTable> Tables(std::string_view name);

  // Notes that the value of a key is wrong for a reason that only the caller knows; Finish reports it with its line.
  // `why` goes on from `key "rate" in [fees]`: "is above the cap of 1.5%; lower it".
  void Refuse(std::string_view key, std::string_view why);

 private:
  friend class Config;
  ConfigTable(std::shared_ptr<config_internal::State> state, const void* node, std::string path)
      : state_(std::move(state)), node_(node), path_(std::move(path)) {}

  std::string ReadString(std::string_view key, std::optional<std::string> fallback);
  int64_t ReadInt(std::string_view key, std::optional<int64_t> fallback, IntRange range);
  bool ReadBool(std::string_view key, std::optional<bool> fallback);
  Duration ReadSpan(std::string_view key, std::optional<Duration> fallback, SpanRange range);
  uint64_t ReadBytes(std::string_view key, std::optional<uint64_t> fallback, BytesRange range);
  TimeOfDay ReadTime(std::string_view key, std::optional<TimeOfDay> fallback);
  Date ReadDay(std::string_view key, std::optional<Date> fallback);
  std::vector<std::string> ReadStrings(std::string_view key, std::optional<std::vector<std::string>> fallback);

  template <class T, class Read>
  T Get(std::string_view key, std::optional<T> fallback, Read read);
  std::optional<std::string> TextOf(std::string_view key, const void* value, std::string_view wanted);
  void Fault(std::string_view key, std::string_view what);

  std::shared_ptr<config_internal::State> state_;
  const void* node_;  // a table of the parser's; null where absent
  std::string path_;  // "calendar", "institution[2]"; empty at the top level
};

// A whole file: its top level, and the account of what was read. Moves; not thread-safe.
class Config {
 public:
  // kNotFound or kPermissionDenied where it cannot be read, kInvalidArgument with file:line where it is not TOML.
  static absl::StatusOr<Config> FromFile(const std::string& path);
  // `name` stands where the file's name would in messages.
  static absl::StatusOr<Config> FromText(std::string_view text, std::string_view name);

  // Keys and tables at the top level.
  ConfigTable& top() { return top_; }
  ConfigTable Table(std::string_view name) { return top_.Table(name); }
  std::vector<ConfigTable> Tables(std::string_view name) { return top_.Tables(name); }

  // OK where every key was understood and nobody refused a value. Otherwise kInvalidArgument, one line a fault in the
  // order of the file. Values of keys that look like secrets (password, secret, token, key) are never shown.
  absl::Status Finish() const;

 private:
  explicit Config(ConfigTable top) : top_(std::move(top)) {}
  ConfigTable top_;
};

}  // namespace fundcore
