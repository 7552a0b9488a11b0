// Parses tables/values.tbl once and answers from it.
#include "common/ofd/values.h"

#include <deque>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/ofd/ascii.h"
#include "common/ofd/header.h"
#include "common/ofd/tables.h"

namespace fundcore::ofd {
namespace {

struct TypeName {
  std::string_view chinese, english;
};

struct ValueTables {
  std::map<std::string_view, TypeName> types;
  std::map<std::string_view, std::vector<std::string_view>> keys;
  // By field, upper case, and type; "" = every type without a list of its own.
  std::map<std::pair<std::string, std::string>, ValueList> lists;
  std::deque<std::vector<ValueMeaning>> values;  // what the lists point into; a deque, as they must not move
  std::set<std::string> dates, times;            // upper case, as are the names of `personal`
  std::map<std::string, Personal> personal;
};

// "中文 | English"
std::pair<std::string_view, std::string_view> BothNames(std::string_view text) {
  const size_t bar = text.find(" | ");
  FC_CHECK(bar != std::string_view::npos, "values.tbl: a meaning without \" | \": ", text);
  return {CutSpaces(text.substr(0, bar)), text.substr(bar + 3)};
}

Personal ParsePersonal(std::string_view word) {
  constexpr std::pair<std::string_view, Personal> kKinds[] = {
      {"name", Personal::kName},         {"certificate", Personal::kCertificate},
      {"phone", Personal::kPhone},       {"email", Personal::kEmail},
      {"address", Personal::kAddress},   {"bank", Personal::kBankAccount},
      {"account", Personal::kAccount},   {"text", Personal::kText},
      {"birthday", Personal::kBirthday},
  };
  for (const auto& [name, kind] : kKinds)
    if (word == name) return kind;
  FC_CHECK(false, "values.tbl: no kind of personal field: ", word);
  return Personal::kNo;
}

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) words.push_back(TakeWord(&line));
  return words;
}

// The tables while they are read: remembers the list to which the next values belong.
class Parser {
 public:
  explicit Parser(ValueTables* t) : t_(t) {}

  void Line(std::string_view line) {
    const std::string_view kind = TakeWord(&line);
    if (kind == "type") return Type(line);
    if (kind == "key") return Key(line);
    if (kind == "values") return List(line);
    if (kind == "date") return Names(line, &t_->dates);
    if (kind == "time") return Names(line, &t_->times);
    if (kind == "personal") {
      const Personal what = ParsePersonal(TakeWord(&line));
      for (std::string_view name : Words(line)) {
        FC_CHECK(t_->personal.emplace(Upper(name), what).second, "values.tbl: personal field listed twice: ", name);
      }
      return;
    }
    FC_CHECK(!open_.empty(), "values.tbl: a value without a list: ", kind);
    const auto [chinese, english] = BothNames(line);
    t_->values.back().push_back({kind, chinese, english});
    for (ValueList* list : open_) list->values = t_->values.back();
  }

 private:
  void Type(std::string_view line) {
    const std::string_view type = TakeWord(&line);
    const auto [chinese, english] = BothNames(line);
    FC_CHECK(t_->types.emplace(type, TypeName{chinese, english}).second, "values.tbl: type listed twice: ", type);
  }
  void Key(std::string_view line) {
    const std::string_view types = TakeWord(&line);
    for (std::string_view type : Split(types, ',')) {
      FC_CHECK(t_->keys.emplace(type, Words(line)).second, "values.tbl: key listed twice: ", type);
    }
  }
  void List(std::string_view line) {
    const std::string_view fields = TakeWord(&line), form = TakeWord(&line), types = TakeWord(&line);
    FC_CHECK(form == "open" || form == "closed", "values.tbl: neither open nor closed: ", fields);
    open_.clear();
    t_->values.emplace_back();
    for (std::string_view field : Split(fields, ',')) {
      for (std::string_view type : Split(types, ',')) {
        const auto [at, fresh] = t_->lists.try_emplace({Upper(field), std::string(type)});
        FC_CHECK(fresh, "values.tbl: list given twice: ", field, " ", type);
        at->second = {.field = field, .closed = form == "closed", .values = {}};
        open_.push_back(&at->second);
      }
    }
  }
  static void Names(std::string_view line, std::set<std::string>* names) {
    for (std::string_view name : Words(line)) {
      FC_CHECK(names->insert(Upper(name)).second, "values.tbl: field listed twice: ", name);
    }
  }

  ValueTables* t_;
  std::vector<ValueList*> open_;
};

const ValueTables& Tables() {
  static const ValueTables* const tables = [] {
    auto* t = new ValueTables;
    Parser parser(t);
    for (std::string_view line : Split(kValuesTable, '\n')) {
      if (!line.empty() && line[0] != '#') parser.Line(line);
    }
    return t;
  }();
  return *tables;
}

const TypeName* FindType(const FileType& type) {
  const auto it = Tables().types.find(type.view());
  return it == Tables().types.end() ? nullptr : &it->second;
}

}  // namespace

const ValueList* FindValues(const FileType& type, std::string_view field) {
  const auto& lists = Tables().lists;
  std::pair<std::string, std::string> key(Upper(field), type.str());
  auto it = lists.find(key);
  if (it == lists.end()) {
    key.second.clear();
    it = lists.find(key);
  }
  return it == lists.end() ? nullptr : &it->second;
}

const ValueMeaning* FindValue(const FileType& type, std::string_view field, std::string_view code) {
  const ValueList* list = FindValues(type, field);
  if (!list) return nullptr;
  for (const ValueMeaning& v : list->values)
    if (v.code == code) return &v;
  return nullptr;
}

std::string_view TypeNameChinese(const FileType& type) {
  const TypeName* name = FindType(type);
  return name ? name->chinese : std::string_view();
}

std::string_view TypeNameEnglish(const FileType& type) {
  const TypeName* name = FindType(type);
  return name ? name->english : std::string_view();
}

std::span<const std::string_view> KeyFields(const FileType& type) {
  const auto it = Tables().keys.find(type.view());
  if (it == Tables().keys.end()) return {};
  return it->second;
}

bool IsDateField(const FieldDef& field) {
  return field.kind != FieldKind::kNumber && field.width == 8 && Tables().dates.contains(Upper(field.name));
}

bool IsTimeField(const FieldDef& field) {
  return field.kind != FieldKind::kNumber && field.width == 6 && Tables().times.contains(Upper(field.name));
}

Personal PersonalKind(const FieldDef& field) {
  const auto& personal = Tables().personal;
  const auto it = personal.find(Upper(field.name));
  return it == personal.end() || field.kind == FieldKind::kNumber ? Personal::kNo : it->second;
}

}  // namespace fundcore::ofd
