// Parses tables/fields.tbl once and answers from it.
#include "common/ofd/fields.h"

#include <map>

#include "common/base/check.h"
#include "common/ofd/ascii.h"
#include "common/ofd/header.h"
#include "common/ofd/tables.h"

namespace fundcore::ofd {
namespace {

struct TypeTable {
  std::vector<FieldDef> fields;
  std::map<std::string, size_t> by_name;  // upper case
};

struct VersionTable {
  std::vector<FileType> types;
  std::map<FileType, TypeTable> by_type;
};

struct FieldTables {
  VersionTable v21, v22;
  const VersionTable& Of(Version version) const { return version == Version::k22 ? v22 : v21; }
};

// "C24", "A8", "N16.2".
void ParseForm(std::string_view form, FieldDef* field) {
  FC_CHECK(!form.empty() && (form[0] == 'A' || form[0] == 'C' || form[0] == 'N'), "fields.tbl: form ", form);
  field->kind = static_cast<FieldKind>(form[0]);
  const std::vector<std::string_view> parts = Split(form.substr(1), '.');
  uint64_t width = 0, decimals = 0;
  FC_CHECK(ParseCount(parts[0], &width) && width > 0 && width <= kMaxFieldBytes, "fields.tbl: form ", form);
  if (parts.size() > 1) FC_CHECK(ParseCount(parts[1], &decimals), "fields.tbl: form ", form);
  FC_CHECK(decimals <= 18 && (decimals == 0 || field->kind == FieldKind::kNumber), "fields.tbl: form ", form);
  field->width = static_cast<uint16_t>(width);
  field->decimals = static_cast<uint8_t>(decimals);
}

void AddField(FieldDef field, std::string_view form, const FileType& type, VersionTable* table) {
  if (form == "-") return;
  ParseForm(form, &field);
  auto [entry, fresh] = table->by_type.try_emplace(type);
  if (fresh) table->types.push_back(type);
  TypeTable& t = entry->second;
  FC_CHECK(t.by_name.emplace(Upper(field.name), t.fields.size()).second, "fields.tbl: field listed twice in type ",
           type.view(), ": ", field.name);
  t.fields.push_back(field);
}

const FieldTables& Tables() {
  static const FieldTables* const tables = [] {
    auto* t = new FieldTables;
    FileType type;
    for (std::string_view line : Split(kFieldsTable, '\n')) {
      if (line.empty() || line[0] == '#') continue;
      FieldDef field{.name = TakeWord(&line)};
      if (field.name == "type") {
        type = FileType(line);
        continue;
      }
      const std::string_view form21 = TakeWord(&line);
      const std::string_view form22 = TakeWord(&line);
      field.chinese = line;
      AddField(field, form21, type, &t->v21);
      AddField(field, form22, type, &t->v22);
    }
    return t;
  }();
  return *tables;
}

const TypeTable* FindType(Version version, const FileType& type) {
  const auto& by_type = Tables().Of(version).by_type;
  const auto it = by_type.find(type);
  return it == by_type.end() ? nullptr : &it->second;
}

}  // namespace

std::optional<Version> ParseVersion(std::string_view text) {
  if (text == "20") return Version::k20;
  if (text == "21") return Version::k21;
  if (text == "22") return Version::k22;
  return std::nullopt;
}

std::string_view VersionText(Version version) {
  switch (version) {
    case Version::k20: return "20";
    case Version::k21: return "21";
    case Version::k22: return "22";
  }
  return "";
}

std::span<const FieldDef> DefaultFields(Version version, const FileType& type) {
  const TypeTable* table = FindType(version, type);
  if (!table) return {};
  return table->fields;
}

const FieldDef* FindField(Version version, const FileType& type, std::string_view name) {
  const TypeTable* table = FindType(version, type);
  if (!table) return nullptr;
  const auto it = table->by_name.find(Upper(name));
  return it == table->by_name.end() ? nullptr : &table->fields[it->second];
}

std::span<const FileType> AllTypes(Version version) { return Tables().Of(version).types; }

}  // namespace fundcore::ofd
