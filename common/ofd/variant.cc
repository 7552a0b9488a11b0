// Reading a variant's text and answering from it.
#include "common/ofd/variant.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/config/config.h"
#include "common/ofd/ascii.h"
#include "common/ofd/business_code.h"
#include "common/ofd/header.h"
#include "common/ofd/layout.h"

namespace fundcore::ofd {
namespace {

constexpr Version kVersions[] = {Version::k20, Version::k21, Version::k22};
constexpr std::string_view kEveryType = "all";  // the key in the text; "" in the struct
// Without these an application cannot be understood, nor its answer be told apart; so they cannot be left out.
constexpr std::string_view kNeeded[] = {"AppSheetSerialNo", "BusinessCode",        "TransactionAccountID",
                                        "FundCode",         "ApplicationVol",      "ApplicationAmount",
                                        "CertificateNo",    "CertificateType",     "InvestorName",
                                        "DistributorCode",  "TransactionDate",     "TAAccountID",
                                        "TransactionTime",  "LargeRedemptionFlag", "IndividualOrInstitution"};
bool IsApplication(std::string_view type) { return type.empty() || type == "01" || type == "03"; }
bool IsNeeded(std::string_view type, std::string_view name) {
  return IsApplication(type) && std::any_of(std::begin(kNeeded), std::end(kNeeded),
                                            [&](std::string_view n) { return EqualsIgnoreCase(n, name); });
}

bool IsWordOf(std::string_view text, size_t most, bool (*allowed)(char)) {
  return !text.empty() && text.size() <= most && std::all_of(text.begin(), text.end(), allowed);
}
bool IsFieldName(std::string_view text) {
  return IsWordOf(text, 64, [](char c) { return IsDigit(c) || IsLetter(c) || c == '_'; });
}
bool IsReturnCode(std::string_view text) {
  return IsWordOf(text, 16, [](char c) { return IsDigit(c) || IsLetter(c); });
}
bool IsRuleName(std::string_view text) {
  return IsWordOf(text, 64, [](char c) { return IsDigit(c) || (c >= 'A' && c <= 'Z') || c == '_'; });
}

// Types that any version has; "" stands for all of them.
bool IsKnownType(std::string_view type) {
  if (!IsTypeText(type)) return false;
  return std::any_of(std::begin(kVersions), std::end(kVersions),
                     [&](Version v) { return !DefaultFields(v, FileType(type)).empty(); });
}

// In how many of the places where `type` names a table the standard has the field; "" names all tables.
struct Presence {
  size_t has = 0, lacks = 0;
  const FieldDef* example = nullptr;
};
Presence PresenceOf(std::string_view type, std::string_view name) {
  Presence p;
  for (Version v : kVersions) {
    for (const FileType& t : AllTypes(v)) {
      if (!type.empty() && t.view() != type) continue;
      const FieldDef* field = FindField(v, t, name);
      ++(field ? p.has : p.lacks);
      if (field && !p.example) p.example = field;
    }
  }
  return p;
}

std::string TypeOf(ConfigTable& t) {
  std::string type = Upper(t.String("type", ""));
  if (!type.empty() && !IsKnownType(type)) t.Refuse("type", "is not a file type of the standard");
  return type;
}

void ReadField(ConfigTable& t, Variant* out) {
  FieldOverride field;
  field.type = TypeOf(t);
  field.name = t.String("name");
  const bool added = t.Bool("added", false);
  if (!IsFieldName(field.name)) return t.Refuse("name", "is not a field name (up to 64 letters, digits and _)");
  const Presence known = PresenceOf(field.type, field.name);
  if (!added && known.has == 0)
    t.Refuse("name", "is not a field of the standard in that type; if it is one more, say added = true");
  if (added && known.lacks == 0)
    t.Refuse("name", "is a field of the standard there already; to give it another width, leave out added");

  const FieldKind standard = known.example ? known.example->kind : FieldKind::kText;
  const std::string kind = t.Choice("kind", std::string(1, static_cast<char>(standard)), {"A", "C", "N"});
  field.kind = kind.size() == 1 ? static_cast<FieldKind>(kind[0]) : standard;
  field.width = static_cast<uint16_t>(t.Int("width", IntRange{1, static_cast<int64_t>(kMaxFieldBytes)}));
  const bool number = field.kind == FieldKind::kNumber;
  if (known.example && IsNeeded(field.type, field.name) && number != (standard == FieldKind::kNumber))
    t.Refuse("kind", "makes a number of a text or a text of a number, so that applications (01, 03) cannot be sent");
  const bool as_standard = number && known.example && known.example->kind == FieldKind::kNumber;
  const int64_t decimals = t.Int("decimals", as_standard ? known.example->decimals : 0, IntRange{0, 18});
  if (decimals > 0 && !number) t.Refuse("decimals", "belongs to numbers only; give kind = \"N\" or leave it out");
  field.decimals = number ? static_cast<uint8_t>(decimals) : 0;

  for (const FieldOverride& o : out->overrides) {
    if (o.type == field.type && EqualsIgnoreCase(o.name, field.name))
      return t.Refuse("name", "is described twice for the same type");
  }
  if (added) out->added[field.type].push_back(field.name);
  out->overrides.push_back(std::move(field));
}

void ReadLeftOut(ConfigTable table, Variant* out) {
  for (const std::string& key : table.Keys()) {
    const std::string type = key == kEveryType ? "" : Upper(key);
    if (!type.empty() && !IsKnownType(type)) table.Refuse(key, "is neither a file type of the standard nor \"all\"");
    for (const std::string& name : table.Strings(key, {})) {
      if (PresenceOf(type, name).has == 0)
        table.Refuse(key, StrCat("leaves out ", name, ", which is not a field of the standard in that type"));
      if (IsNeeded(type, name))
        table.Refuse(key, StrCat("leaves out ", name, ", without which applications (01, 03) cannot be sent"));
      out->left_out[type].insert(Upper(name));
    }
  }
}

void ReadReturnCodes(ConfigTable table, Variant* out) {
  for (const std::string& code : table.Keys()) {
    if (!IsReturnCode(code)) table.Refuse(code, "is not a return code (letters and digits)");
    ConfigTable entry = table.Table(code);
    ReturnCodeRule rule{.meaning = entry.String("meaning"), .refusal = entry.Bool("refusal", IsRefusal(code))};
    if (code == "0000" && rule.refusal) entry.Refuse("refusal", "cannot be true of 0000, which means success");
    out->return_codes.emplace(code, std::move(rule));
  }
}

void ReadSeverities(ConfigTable table, Variant* out) {
  for (const std::string& rule : table.Keys()) {
    if (!IsRuleName(rule)) table.Refuse(rule, "is not the name of a rule (capital letters, digits and _)");
    const std::string word = table.Choice(rule, {"off", "note", "warning", "error"});
    out->severities[rule] = word == "off"       ? Severity::kOff
                            : word == "note"    ? Severity::kNote
                            : word == "warning" ? Severity::kWarning
                                                : Severity::kError;
  }
}

absl::Status TooLong(std::string_view label) {
  return absl::InvalidArgumentError(StrCat(label, ": has more than the ", kMaxVariantBytes,
                                           " bytes that a variant may have; shorten its comments or texts"));
}

// Lays out every field list that the variant makes, so that whoever uses it later cannot meet one that does not fit.
absl::Status TryLayouts(std::string_view label, const Variant& variant) {
  const ReaderOptions options = variant.reader_options();
  for (Version version : kVersions) {
    for (const FileType& type : AllTypes(version)) {
      const auto where = [&] { return StrCat(label, ": type ", type.view(), " of version ", VersionText(version)); };
      Layout layout{std::string(label)};
      for (const std::string& name : variant.FieldsFor(version, type)) {
        const std::string wrong = layout.Add(version, type, name, options.overrides);
        if (!wrong.empty()) return absl::InvalidArgumentError(StrCat(where(), ": field ", name, " ", wrong));
      }
      if (layout.field_count() == 0)
        return absl::InvalidArgumentError(StrCat(where(), " has no field left; leave out fewer"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Variant> Variant::Parse(std::string_view label, std::string_view toml) {
  if (toml.size() > kMaxVariantBytes) return TooLong(label);
  FC_ASSIGN_OR_RETURN(Config config, Config::FromText(toml, label));
  Variant v;
  v.name = config.top().String("name", "");
  v.lf_line_ends = config.top().Choice("line_ends", "crlf", {"crlf", "lf"}) == "lf";
  v.upper_case_names = config.top().Choice("names", "standard", {"standard", "upper"}) == "upper";
  const std::string plans = config.top().Choice("plans", "nothing", {"nothing", "debits", "all"});
  v.plans = plans == "all" ? Plans::kAll : plans == "debits" ? Plans::kDebits : Plans::kNothing;
  const std::string reservations = config.top().Choice("reservations", "refused", {"refused", "kept", "sent"});
  v.reservations = reservations == "kept"   ? Variant::Reservations::kKept
                   : reservations == "sent" ? Variant::Reservations::kSent
                                            : Variant::Reservations::kRefused;
  v.products_at_once = config.top().Choice("product_files", "proposed", {"proposed", "at once"}) == "at once";
  for (ConfigTable& t : config.Tables("field")) ReadField(t, &v);
  ReadLeftOut(config.Table("left_out"), &v);
  ReadReturnCodes(config.Table("return_codes"), &v);
  ReadSeverities(config.Table("lint"), &v);
  FC_RETURN_IF_ERROR(config.Finish());
  // The first that fits a field counts: what is said of one type goes before what is said of all.
  std::stable_partition(v.overrides.begin(), v.overrides.end(), [](const FieldOverride& o) { return !o.type.empty(); });
  FC_RETURN_IF_ERROR(TryLayouts(label, v));
  return v;
}

absl::StatusOr<Variant> Variant::Load(const std::string& path) {
  FC_ASSIGN_OR_RETURN(const std::string text, ReadText(path));
  return Parse(path, text);
}

absl::StatusOr<std::string> Variant::ReadText(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    const int why = errno;
    const std::string message = StrCat(path, ": cannot be opened: ", std::strerror(why));
    return why == ENOENT ? absl::NotFoundError(message) : absl::UnavailableError(message);
  }
  std::string text(kMaxVariantBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return absl::UnavailableError(StrCat(path, ": cannot be read"));
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > kMaxVariantBytes) return TooLong(path);
  return text;
}

ReaderOptions Variant::reader_options() const { return {.overrides = overrides}; }

WriterOptions Variant::writer_options() const { return {.overrides = overrides, .lf_line_ends = lf_line_ends}; }

std::vector<std::string> Variant::FieldsFor(Version version, const FileType& type) const {
  std::set<std::string> skip;
  for (const std::string& scope : {std::string(), type.str()}) {
    const auto it = left_out.find(scope);
    if (it != left_out.end()) skip.insert(it->second.begin(), it->second.end());
  }
  std::vector<std::string> names;
  for (const FieldDef& field : DefaultFields(version, type)) {
    if (!skip.contains(Upper(field.name))) names.emplace_back(field.name);
  }
  for (const std::string& scope : {std::string(), type.str()}) {
    const auto it = added.find(scope);
    if (it == added.end()) continue;
    for (const std::string& name : it->second) {
      // A field that only some versions have is added to the others.
      if (!FindField(version, type, name)) names.push_back(name);
    }
  }
  if (upper_case_names) {
    for (std::string& name : names) name = Upper(name);
  }
  return names;
}

std::string_view Variant::ReturnCodeMeaning(std::string_view code) const {
  const auto it = return_codes.find(std::string(code));
  return it == return_codes.end() ? ofd::ReturnCodeMeaning(code) : std::string_view(it->second.meaning);
}

bool Variant::IsRefusal(std::string_view return_code) const {
  const auto it = return_codes.find(std::string(return_code));
  return it == return_codes.end() ? ofd::IsRefusal(return_code) : it->second.refusal;
}

Severity Variant::SeverityOf(std::string_view rule, Severity standard) const {
  const auto it = severities.find(std::string(rule));
  return it == severities.end() ? standard : it->second;
}

}  // namespace fundcore::ofd
