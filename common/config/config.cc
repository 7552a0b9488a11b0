// Config on toml++, which is seen in this file only; its exceptions end here.
#include "common/config/config.h"

#include <toml++/toml.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/config/parse.h"

namespace fundcore {

namespace config_internal {

struct Fault {
  uint32_t line;
  std::string text;
};

struct State {
  std::string name;
  toml::table root;
  std::map<const toml::table*, std::set<std::string, std::less<>>> asked;
  std::vector<Fault> faults;
};

}  // namespace config_internal

namespace {

using config_internal::Fault;
using config_internal::State;

const toml::table* AsTable(const void* node) { return static_cast<const toml::table*>(node); }

const toml::node* Find(const void* table, std::string_view key) {
  return table == nullptr ? nullptr : AsTable(table)->get(key);
}

uint32_t LineOf(const toml::node* node) { return node == nullptr ? 0 : node->source().begin.line; }

std::string In(const std::string& path) { return path.empty() ? "at the top level" : StrCat("in [", path, "]"); }

// What a person calls the type of a node.
std::string TypeName(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::none: return "nothing";
    case toml::node_type::table: return "a table";
    case toml::node_type::array: return "a list";
    case toml::node_type::string: return "a text";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a number with a point";
    case toml::node_type::boolean: return "true or false";
    case toml::node_type::date: return "a date";
    case toml::node_type::time: return "a time of day";
    case toml::node_type::date_time: return "a date and time";
  }
  return "something else";
}

bool LooksSecret(std::string_view key) {
  for (std::string_view word : {"password", "passwd", "secret", "token", "key", "credential"}) {
    if (key.find(word) != std::string_view::npos) return true;
  }
  return false;
}

// A value for a message: quoted, short, and not at all where it may be a secret.
std::string Shown(std::string_view key, std::string_view value) {
  if (LooksSecret(key)) return "(not shown)";
  return StrCat("\"", value.substr(0, 80), value.size() > 80 ? "…" : "", "\"");
}

void FindUnknown(const State& state, const toml::table& table, const std::string& path, std::vector<Fault>* faults) {
  static const std::set<std::string, std::less<>> kNone;
  const auto it = state.asked.find(&table);
  const auto& asked = it == state.asked.end() ? kNone : it->second;
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const std::string below = path.empty() ? name : StrCat(path, ".", name);
    if (!asked.contains(name)) {
      const std::string meant = Nearest(name, asked);
      const bool is_table = node.is_table() || node.is_array_of_tables();
      const std::string what =
          is_table ? StrCat("unknown table [", below, "]") : StrCat("unknown key \"", name, "\" ", In(path));
      const std::string prefix = path.empty() ? "" : StrCat(path, ".");
      const std::string hint = meant.empty() ? ""
                               : is_table    ? StrCat(" (did you mean [", prefix, meant, "]?)")
                                             : StrCat(" (did you mean \"", meant, "\"?)");
      faults->push_back({key.source().begin.line, what + hint});
      continue;
    }
    if (const toml::table* inner = node.as_table()) {
      if (state.asked.contains(inner)) FindUnknown(state, *inner, below, faults);
    } else if (const toml::array* list = node.as_array()) {
      for (size_t i = 0; i < list->size(); ++i) {
        const toml::table* element = (*list)[i].as_table();
        if (element != nullptr && state.asked.contains(element)) {
          FindUnknown(state, *element, StrCat(below, "[", i + 1, "]"), faults);
        }
      }
    }
  }
}

}  // namespace

void ConfigTable::Fault(std::string_view key, std::string_view what) {
  const toml::node* node = Find(node_, key);
  uint32_t line = LineOf(node);
  if (line == 0 && node_ != nullptr) line = LineOf(AsTable(node_));
  state_->faults.push_back({line, std::string(what)});
}

// Looks the key up, notes that it was asked for, and hands its node to `read`, which gives the value or notes a fault.
template <class T, class Read>
T ConfigTable::Get(std::string_view key, std::optional<T> fallback, Read read) {
  if (node_ != nullptr) state_->asked[AsTable(node_)].insert(std::string(key));
  const toml::node* node = Find(node_, key);
  if (node == nullptr) {
    if (!fallback) Fault(key, StrCat("no \"", key, "\" ", In(path_), "; it is required"));
    return fallback ? *std::move(fallback) : T{};
  }
  if (std::optional<T> value = read(*node)) return *std::move(value);
  return fallback ? *std::move(fallback) : T{};
}

std::optional<std::string> ConfigTable::TextOf(std::string_view key, const void* value, std::string_view wanted) {
  const auto& node = *static_cast<const toml::node*>(value);
  if (const auto* text = node.as_string()) return text->get();
  Fault(key, StrCat("\"", key, "\" ", In(path_), " is ", TypeName(node), "; it needs ", wanted));
  return std::nullopt;
}

void ConfigTable::Refuse(std::string_view key, std::string_view why) {
  Fault(key, StrCat("\"", key, "\" ", In(path_), " ", why));
}

bool ConfigTable::Has(std::string_view key) const { return Find(node_, key) != nullptr; }

std::vector<std::string> ConfigTable::Keys() const {
  std::vector<std::string> keys;
  if (node_ == nullptr) return keys;
  for (const auto& [key, node] : *AsTable(node_)) keys.emplace_back(key.str());
  return keys;
}

std::string ConfigTable::ReadString(std::string_view key, std::optional<std::string> fallback) {
  return Get<std::string>(key, std::move(fallback),
                          [&](const toml::node& node) { return TextOf(key, &node, "a text in quotes"); });
}

namespace {

std::string Words(std::initializer_list<std::string_view> allowed) {
  std::string words;
  for (std::string_view word : allowed) words += StrCat(words.empty() ? "" : ", ", "\"", word, "\"");
  return words;
}

}  // namespace

std::string ConfigTable::Choice(std::string_view key, std::initializer_list<std::string_view> allowed) {
  const std::string value = String(key);
  if (!Has(key) || std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return value;
  if (Find(node_, key)->is_string()) {
    const std::string meant = Nearest(value, allowed);
    Refuse(key, StrCat("is ", Shown(key, value), "; choose one of ", Words(allowed),
                       meant.empty() ? "" : StrCat(" (did you mean \"", meant, "\"?)")));
  }
  return std::string(*allowed.begin());
}

std::string ConfigTable::Choice(std::string_view key, std::string_view fallback,
                                std::initializer_list<std::string_view> allowed) {
  return Has(key) ? Choice(key, allowed) : String(key, fallback);
}

namespace {

// Reads whole numbers for Int and Ints.
std::optional<int64_t> IntOf(const toml::node& node, IntRange range, std::string* why) {
  const auto* number = node.as_integer();
  if (number == nullptr) {
    *why = StrCat("is ", TypeName(node), "; it needs a whole number without quotes");
    return std::nullopt;
  }
  const int64_t value = number->get();
  if (value >= range.min && value <= range.max) return value;
  *why = range.max == IntRange{}.max   ? StrCat("is ", value, "; it must be at least ", range.min)
         : range.min == IntRange{}.min ? StrCat("is ", value, "; it must be at most ", range.max)
                                       : StrCat("is ", value, "; it must be from ", range.min, " to ", range.max);
  return std::nullopt;
}

template <class T, class Range, class Format>
std::string OutOfRange(T value, const Range& range, Format format) {
  const std::string is = StrCat("is ", format(value), "; it must be ");
  if (value < range.min) return StrCat(is, "at least ", format(range.min));
  return StrCat(is, "at most ", format(range.max));
}

}  // namespace

int64_t ConfigTable::ReadInt(std::string_view key, std::optional<int64_t> fallback, IntRange range) {
  return Get<int64_t>(key, std::move(fallback), [&](const toml::node& node) {
    std::string why;
    std::optional<int64_t> value = IntOf(node, range, &why);
    if (!value) Refuse(key, why);
    return value;
  });
}

bool ConfigTable::ReadBool(std::string_view key, std::optional<bool> fallback) {
  return Get<bool>(key, std::move(fallback), [&](const toml::node& node) -> std::optional<bool> {
    if (const auto* value = node.as_boolean()) return value->get();
    Refuse(key, StrCat("is ", TypeName(node), "; it needs true or false without quotes"));
    return std::nullopt;
  });
}

Duration ConfigTable::ReadSpan(std::string_view key, std::optional<Duration> fallback, SpanRange range) {
  return Get<Duration>(key, std::move(fallback), [&](const toml::node& node) -> std::optional<Duration> {
    const auto text = TextOf(key, &node, "a duration in quotes, as in \"30s\"");
    if (!text) return std::nullopt;
    const auto value = ParseDuration(*text);
    if (!value.ok()) return Refuse(key, StrCat("is wrong: ", value.status().message())), std::nullopt;
    if (*value >= range.min && *value <= range.max) return *value;
    Refuse(key, OutOfRange(*value, range, FormatDuration));
    return std::nullopt;
  });
}

uint64_t ConfigTable::ReadBytes(std::string_view key, std::optional<uint64_t> fallback, BytesRange range) {
  return Get<uint64_t>(key, std::move(fallback), [&](const toml::node& node) -> std::optional<uint64_t> {
    const auto text = TextOf(key, &node, "a size in quotes, as in \"64MiB\"");
    if (!text) return std::nullopt;
    const auto value = ParseBytes(*text);
    if (!value.ok()) return Refuse(key, StrCat("is wrong: ", value.status().message())), std::nullopt;
    if (*value >= range.min && *value <= range.max) return *value;
    Refuse(key, OutOfRange(*value, range, FormatBytes));
    return std::nullopt;
  });
}

TimeOfDay ConfigTable::ReadTime(std::string_view key, std::optional<TimeOfDay> fallback) {
  return Get<TimeOfDay>(key, std::move(fallback), [&](const toml::node& node) -> std::optional<TimeOfDay> {
    if (const auto* time = node.as_time()) {
      const toml::time t = time->get();
      return TimeOfDay::FromRaw(TimeOfDay::Hms(t.hour, t.minute, t.second).raw() + t.nanosecond / 1000);
    }
    const auto text = TextOf(key, &node, "a time of day in quotes, as in \"15:00\"");
    if (!text) return std::nullopt;
    const auto value = TimeOfDay::Parse(*text);
    if (value.ok()) return *value;
    Refuse(key, StrCat("is wrong: ", value.status().message()));
    return std::nullopt;
  });
}

Date ConfigTable::ReadDay(std::string_view key, std::optional<Date> fallback) {
  return Get<Date>(key, std::move(fallback), [&](const toml::node& node) -> std::optional<Date> {
    if (const auto* day = node.as_date()) {
      const toml::date d = day->get();
      return Date::FromRaw(d.year * 10000 + d.month * 100 + d.day);
    }
    const auto text = TextOf(key, &node, "a date, as in 2025-03-04");
    if (!text) return std::nullopt;
    const auto value = Date::Parse(*text);
    if (value.ok()) return *value;
    Refuse(key, StrCat("is wrong: ", value.status().message()));
    return std::nullopt;
  });
}

std::vector<std::string> ConfigTable::ReadStrings(std::string_view key,
                                                  std::optional<std::vector<std::string>> fallback) {
  return Get<std::vector<std::string>>(key, std::move(fallback),
                                       [&](const toml::node& node) -> std::optional<std::vector<std::string>> {
                                         std::vector<std::string> values;
                                         if (const toml::array* list = node.as_array()) {
                                           for (const toml::node& element : *list) {
                                             if (const auto* text = element.as_string()) values.push_back(text->get());
                                           }
                                           if (values.size() == list->size()) return values;
                                         }
                                         Refuse(key, "is no list of texts; write it as [\"a\", \"b\"]");
                                         return std::nullopt;
                                       });
}

std::vector<int64_t> ConfigTable::Ints(std::string_view key, std::vector<int64_t> fallback, IntRange range) {
  return Get<std::vector<int64_t>>(
      key, std::move(fallback), [&](const toml::node& node) -> std::optional<std::vector<int64_t>> {
        const toml::array* list = node.as_array();
        if (list == nullptr) {
          Refuse(key, StrCat("is ", TypeName(node), "; write a list of whole numbers as [1, 2]"));
          return std::nullopt;
        }
        std::vector<int64_t> values;
        for (size_t i = 0; i < list->size(); ++i) {
          std::string why;
          const auto value = IntOf((*list)[i], range, &why);
          if (!value) return Refuse(key, StrCat("has an element ", i + 1, " that ", why)), std::nullopt;
          values.push_back(*value);
        }
        return values;
      });
}

ConfigTable ConfigTable::Table(std::string_view name) {
  const std::string path = path_.empty() ? std::string(name) : StrCat(path_, ".", name);
  const toml::table* found = Get<const toml::table*>(
      name, static_cast<const toml::table*>(nullptr), [&](const toml::node& node) -> std::optional<const toml::table*> {
        if (const toml::table* table = node.as_table()) return table;
        Refuse(name, StrCat("is ", TypeName(node), "; it needs a table, [", path, "]"));
        return std::nullopt;
      });
  if (found != nullptr) state_->asked[found];
  return ConfigTable(state_, found, path);
}

std::vector<ConfigTable> ConfigTable::Tables(std::string_view name) {
  const std::string path = path_.empty() ? std::string(name) : StrCat(path_, ".", name);
  std::vector<ConfigTable> tables;
  Get<bool>(name, true, [&](const toml::node& node) -> std::optional<bool> {
    const toml::array* list = node.as_array();
    if (list == nullptr || (!list->empty() && !node.is_array_of_tables())) {
      Refuse(name, StrCat("is ", TypeName(node), "; it needs tables, each begun by [[", path, "]]"));
      return std::nullopt;
    }
    for (size_t i = 0; i < list->size(); ++i) {
      const toml::table* table = (*list)[i].as_table();
      state_->asked[table];
      tables.push_back(ConfigTable(state_, table, StrCat(path, "[", i + 1, "]")));
    }
    return true;
  });
  return tables;
}

absl::StatusOr<Config> Config::FromText(std::string_view text, std::string_view name) {
  auto state = std::make_shared<State>();
  state->name = std::string(name);
  try {
    state->root = toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(StrCat(name, ":", error.source().begin.line, ": ", error.description()));
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(StrCat(name, ": ", error.what()));
  }
  const toml::table* root = &state->root;
  return Config(ConfigTable(std::move(state), root, ""));
}

absl::StatusOr<Config> Config::FromFile(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return absl::NotFoundError(StrCat(path, " is a folder; name the configuration file that is to be used"));
  }
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || in.bad()) {
    const int error = errno;
    const std::string what = StrCat(path, ": ", error != 0 ? std::strerror(error) : "cannot be read as a file");
    if (error == EACCES) return absl::PermissionDeniedError(what);
    return absl::NotFoundError(StrCat(what, "; name the configuration file that is to be used"));
  }
  const size_t slash = path.find_last_of('/');
  return FromText(text.str(), slash == std::string::npos ? path : path.substr(slash + 1));
}

absl::Status Config::Finish() const {
  const State& state = *top_.state_;
  std::vector<config_internal::Fault> faults = state.faults;
  FindUnknown(state, state.root, "", &faults);
  if (faults.empty()) return absl::OkStatus();
  std::stable_sort(faults.begin(), faults.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
  std::string message;
  for (const auto& fault : faults) {
    message += StrCat(message.empty() ? "" : "\n", state.name, ":", fault.line == 0 ? "" : StrCat(fault.line, ":"), " ",
                      fault.text);
  }
  return absl::InvalidArgumentError(message);
}

}  // namespace fundcore
