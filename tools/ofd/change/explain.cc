// Explaining: tables in, text or JSON out.
#include "tools/ofd/change/explain.h"

#include <algorithm>
#include <vector>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/ascii.h"
#include "common/ofd/business_code.h"
#include "common/ofd/header.h"
#include "common/ofd/values.h"
#include "tools/ofd/change/text.h"

namespace fundcore::ofd_tools {
namespace {

using ofd::Version;
constexpr Version kVersions[] = {Version::k20, Version::k21, Version::k22};

// Which applications fill a field, where that is known: a blank elsewhere is no fault. Every type that has the field.
struct Filled {
  std::string_view fields;      // with spaces between
  std::string_view businesses;  // likewise
};
constexpr Filled kFilled[] = {
    {"ApplicationAmount", "020 022 023 039 040 041 062"},
    {"ApplicationVol", "024 025 026 027 028 031 032 033 034 035 036 037 038 063 088 096 097 098"},
    {"LargeRedemptionFlag", "024 025 036 038 063"},
    {"CodeOfTargetFund TargetShareType", "036 037 038"},
    {"BackenloadDiscount", "036 038"},
    {"TargetDistributorCode TargetBranchCode TargetTransactionAccountID TargetRegionCode", "026 027 028 033 034 035"},
    {"TargetTAAccountID", "033 034 035"},
    {"TargetRegistrarCode", "037 038"},
    {"OriginalAppSheetNo", "052 053"},
    {"FutureBuyDate", "023"},
    {"FutureSubscribeDate", "021"},
    {"RedemptionDateInAdvance DaysRedemptionInAdvance", "025"},
    {"DateOfPeriodicSubs TermOfPeriodicSubs RationType VarietyCodeOfPeriodicSubs SerialNoOfPeriodicSubs RationProtocolNo "
     "BeginDateOfPeriodicSubs EndDateOfPeriodicSubs SendDayOfPeriodicSubs PurposeOfPeSubs FrequencyOfPeSubs "
     "PeriodSubTimeUnit BatchNumOfPeSubs",
     "039 059 060 061 063"},
    {"DividendRatio", "029"},
    {"DefDividendMethod", "020 022 029"},
    {"FrozenCause FreezingDeadline", "004 031 088"},
    {"ForceRedemptionType RedemptionReason", "142"},
    {"VolumeByInterest Interest", "130 149"},
};

std::string_view BusinessesOf(std::string_view field) {
  for (const Filled& f : kFilled) {
    for (std::string_view name : ofd::Split(f.fields, ' ')) {
      if (ofd::EqualsIgnoreCase(name, field)) return f.businesses;
    }
  }
  return "";
}

std::string Form(const ofd::FieldDef* def) {
  if (!def) return "-";
  const std::string width = StrCat(std::string(1, static_cast<char>(def->kind)), def->width);
  return def->decimals > 0 ? StrCat(width, ".", def->decimals) : width;
}

std::string Words(const ofd::FieldDef& def) {
  switch (def.kind) {
    case ofd::FieldKind::kNumber:
      return def.decimals > 0 ? StrCat("number of ", def.width, " digits, the last ", def.decimals, " after the point")
                              : StrCat("number of ", def.width, " digits");
    case ofd::FieldKind::kDigits: return StrCat("digits (letters occur), ", def.width, " bytes, left-aligned");
    case ofd::FieldKind::kText: break;
  }
  return StrCat("text, ", def.width, " bytes in GB18030, left-aligned");
}

// The versions that have the type, or kNotFound.
absl::StatusOr<ofd::FileType> TypeOf(std::string_view text, std::optional<Version> version) {
  if (ofd::IsTypeText(text)) {
    const ofd::FileType type(ofd::Upper(text));
    for (Version v : kVersions) {
      if ((!version || *version == v) && !ofd::DefaultFields(v, type).empty()) return type;
    }
  }
  std::string known;
  for (const ofd::FileType& t : ofd::AllTypes(version.value_or(Version::k22))) {
    known += StrCat(known.empty() ? "" : " ", t.view());
  }
  return absl::NotFoundError(StrCat("\"", text, "\" is no file type",
                                    version ? StrCat(" of version ", ofd::VersionText(*version)) : "",
                                    "; there are ", known));
}

// The fields of a type in the standard's order: those of the newest version, then what only older ones have.
std::vector<const ofd::FieldDef*> FieldsOf(const ofd::FileType& type, std::optional<Version> version) {
  std::vector<const ofd::FieldDef*> fields;
  for (Version v : {Version::k22, Version::k21, Version::k20}) {
    if (version && *version != v) continue;
    for (const ofd::FieldDef& def : ofd::DefaultFields(v, type)) {
      const bool there = std::any_of(fields.begin(), fields.end(), [&](const ofd::FieldDef* f) {
        return ofd::EqualsIgnoreCase(f->name, def.name);
      });
      if (!there) fields.push_back(&def);
    }
  }
  return fields;
}

bool IsKey(const ofd::FileType& type, std::string_view field) {
  const auto key = ofd::KeyFields(type);
  return std::any_of(key.begin(), key.end(), [&](std::string_view k) { return ofd::EqualsIgnoreCase(k, field); });
}

std::string_view PersonalText(ofd::Personal kind) {
  switch (kind) {
    case ofd::Personal::kNo: return "";
    case ofd::Personal::kName: return "a person's name";
    case ofd::Personal::kCertificate: return "a certificate number";
    case ofd::Personal::kPhone: return "a telephone number";
    case ofd::Personal::kEmail: return "an e-mail address";
    case ofd::Personal::kAddress: return "an address";
    case ofd::Personal::kBankAccount: return "a bank account";
    case ofd::Personal::kAccount: return "an investor's account";
    case ofd::Personal::kText: return "free text that may name a person";
    case ofd::Personal::kBirthday: return "a birthday";
  }
  return "";
}

std::string Listed(std::string_view words, bool json) {
  std::string out;
  for (std::string_view word : ofd::Split(words, ' ')) {
    if (json) {
      out += StrCat(out.empty() ? "" : ",", JsonText(word));
    } else {
      out += StrCat(out.empty() ? "" : ", ", word, " ", ofd::BusinessCodeName(word));
    }
  }
  return out;
}

std::string Padded(std::string_view text, size_t width) {
  return StrCat(text, std::string(text.size() < width ? width - text.size() : 1, ' '));
}

}  // namespace

absl::StatusOr<std::string> ExplainType(std::string_view text, std::optional<Version> version, bool json) {
  FC_ASSIGN_OR_RETURN(const ofd::FileType type, TypeOf(text, version));
  std::string key, fields;
  for (std::string_view name : ofd::KeyFields(type)) {
    key += StrCat(key.empty() ? "" : json ? "," : ", ", json ? JsonText(name) : std::string(name));
  }
  for (const ofd::FieldDef* f : FieldsOf(type, version)) {
    const std::string old = Form(ofd::FindField(Version::k21, type, f->name));
    const std::string now = Form(ofd::FindField(Version::k22, type, f->name));
    const bool coded = ofd::FindValues(type, f->name) != nullptr;
    if (json) {
      fields += StrCat(fields.empty() ? "" : ",", "{\"name\":", JsonText(f->name), ",\"chinese\":",
                       JsonText(f->chinese), ",\"form_21\":", JsonText(old), ",\"form_22\":", JsonText(now),
                       ",\"key\":", IsKey(type, f->name) ? "true" : "false", ",\"coded\":", coded ? "true" : "false",
                       "}");
    } else {
      fields += StrCat("  ", Padded(f->name, 34), Padded(old, 8), Padded(now, 8), IsKey(type, f->name) ? "key  " : "",
                       coded ? "coded  " : "", f->chinese, "\n");
    }
  }
  if (json) {
    return StrCat("{\"type\":", JsonText(type.view()), ",\"chinese\":", JsonText(ofd::TypeNameChinese(type)),
                  ",\"english\":", JsonText(ofd::TypeNameEnglish(type)), ",\"key\":[", key, "],\"fields\":[", fields,
                  "]}\n");
  }
  return StrCat(type.view(), "  ", ofd::TypeNameChinese(type), "  ", ofd::TypeNameEnglish(type), "\nrecords are known by ",
                key.empty() ? "all their fields" : key, "\n  ", Padded("field", 34), Padded("20/21", 8), Padded("22", 8),
                "\n", fields);
}

absl::StatusOr<std::string> ExplainField(std::string_view text, std::string_view name, std::optional<Version> version,
                                         bool json) {
  FC_ASSIGN_OR_RETURN(const ofd::FileType type, TypeOf(text, version));
  const ofd::FieldDef* newest = nullptr;
  std::string forms;
  for (Version v : kVersions) {
    if (version && *version != v) continue;
    const ofd::FieldDef* def = ofd::FindField(v, type, name);
    if (def) newest = def;
    if (json) {
      forms += StrCat(forms.empty() ? "" : ",", "\"", ofd::VersionText(v), "\":", def ? JsonText(Form(def)) : "null");
    } else {
      forms += StrCat("  version ", ofd::VersionText(v), "  ", def ? StrCat(Form(def), "  ", Words(*def)) : "not there",
                      "\n");
    }
  }
  if (!newest) {
    std::string near;
    for (const ofd::FieldDef* f : FieldsOf(type, version)) {
      const std::string upper = ofd::Upper(f->name);
      if (upper.find(ofd::Upper(name)) != std::string::npos) near += StrCat(near.empty() ? "" : ", ", f->name);
    }
    return absl::NotFoundError(StrCat("type ", type.view(), " has no field \"", name, "\"",
                                      near.empty() ? "; fundctl ofd explain " : "; there is ",
                                      near.empty() ? StrCat(type.view(), " lists them") : near));
  }
  const ofd::ValueList* list = ofd::FindValues(type, newest->name);
  std::string values;
  if (list) {
    for (const ofd::ValueMeaning& v : list->values) {
      if (json) {
        values += StrCat(values.empty() ? "" : ",", "{\"code\":", JsonText(v.code), ",\"chinese\":", JsonText(v.chinese),
                         ",\"english\":", JsonText(v.english), "}");
      } else {
        values += StrCat("  ", Padded(v.code, 6), v.chinese, "  ", v.english, "\n");
      }
    }
  }
  const std::string_view businesses = BusinessesOf(newest->name);
  const std::string_view personal = PersonalText(ofd::PersonalKind(*newest));
  if (json) {
    return StrCat("{\"type\":", JsonText(type.view()), ",\"field\":", JsonText(newest->name), ",\"chinese\":",
                  JsonText(newest->chinese), ",\"forms\":{", forms, "},\"key\":",
                  IsKey(type, newest->name) ? "true" : "false", ",\"personal\":", JsonText(personal), ",\"closed\":",
                  list && list->closed ? "true" : "false", ",\"values\":[", values, "],\"businesses\":[",
                  businesses.empty() ? "" : Listed(businesses, true), "]}\n");
  }
  std::string out = StrCat(newest->name, "  ", newest->chinese, "  (type ", type.view(), " ",
                           ofd::TypeNameEnglish(type), ")\n", forms);
  if (IsKey(type, newest->name)) out += "part of the key by which a record is known\n";
  if (ofd::IsDateField(*newest)) out += "a date, yyyymmdd, or blank\n";
  if (ofd::IsTimeField(*newest)) out += "a time of day, hhmmss, or blank\n";
  if (!personal.empty()) out += StrCat("holds ", personal, "; fundctl ofd mask replaces it\n");
  if (ofd::EqualsIgnoreCase(newest->name, "BusinessCode")) out += "values: fundctl ofd explain business 022\n";
  if (ofd::EqualsIgnoreCase(newest->name, "ReturnCode")) out += "values: fundctl ofd explain code 0354\n";
  if (list) out += StrCat(list->closed ? "values, and no others:\n" : "values that are known:\n", values);
  if (!businesses.empty()) out += StrCat("filled by: ", Listed(businesses, false), "\n");
  return out;
}

absl::StatusOr<std::string> ExplainAnywhere(std::string_view field, bool json) {
  std::string out;
  std::vector<ofd::FileType> seen;
  for (Version v : {Version::k22, Version::k21, Version::k20}) {
    for (const ofd::FileType& type : ofd::AllTypes(v)) {
      const ofd::FieldDef* def = ofd::FindField(v, type, field);
      if (!def || std::find(seen.begin(), seen.end(), type) != seen.end()) continue;
      seen.push_back(type);
      if (json) {
        out += StrCat(out.empty() ? "" : ",", "{\"type\":", JsonText(type.view()), ",\"field\":", JsonText(def->name),
                      ",\"chinese\":", JsonText(def->chinese), "}");
      } else {
        out += StrCat("  ", Padded(type.view(), 4), Padded(def->name, 34), def->chinese, "\n");
      }
    }
  }
  if (seen.empty()) {
    return absl::NotFoundError(StrCat("\"", field, "\" is neither a file type nor a field of any; see fundctl ofd explain "
                                      "--help"));
  }
  return json ? StrCat("{\"types\":[", out, "]}\n") : StrCat("types that have it (fundctl ofd explain TYPE FIELD):\n", out);
}

absl::StatusOr<std::string> ExplainReturnCode(std::string_view code, bool json) {
  const std::string_view meaning = ofd::ReturnCodeMeaning(code);
  if (meaning.empty()) {
    return absl::NotFoundError(StrCat("\"", code, "\" is no return code of the standard; an institution may have its own "
                                      "(docs/file-variants.md)"));
  }
  const bool refusal = ofd::IsRefusal(code);
  if (json) {
    return StrCat("{\"code\":", JsonText(code), ",\"chinese\":", JsonText(meaning), ",\"refusal\":",
                  refusal ? "true" : "false", "}\n");
  }
  return StrCat(code, "  ", meaning, "\n", refusal ? "the item was refused" : "no refusal: the item is or goes on", "\n");
}

absl::StatusOr<std::string> ExplainBusiness(std::string_view text, bool json) {
  const auto code = ofd::ParseBusinessCode(text);
  const std::string_view name = code ? ofd::BusinessCodeName(*code) : std::string_view();
  if (name.empty()) {
    return absl::NotFoundError(StrCat("\"", text, "\" is no business code of the standard (three digits, such as 022)"));
  }
  std::string confirmations;
  for (ofd::BusinessCode c : ofd::ConfirmationsOf(*code)) {
    confirmations += StrCat(confirmations.empty() ? "" : " ", ofd::FormatBusinessCode(c));
  }
  const ofd::BusinessCode asked = ofd::ApplicationOf(*code);
  std::string fields;
  for (const Filled& f : kFilled) {
    const auto codes = ofd::Split(f.businesses, ' ');
    if (std::find(codes.begin(), codes.end(), text) == codes.end()) continue;
    fields += StrCat(fields.empty() ? "" : " ", f.fields);
  }
  const std::string application = asked == ofd::BusinessCode::kNone ? "" : ofd::FormatBusinessCode(asked);
  if (json) {
    std::string list;
    if (!fields.empty()) {
      for (std::string_view f : ofd::Split(fields, ' ')) list += StrCat(list.empty() ? "" : ",", JsonText(f));
    }
    return StrCat("{\"business\":", JsonText(text), ",\"chinese\":", JsonText(name), ",\"confirmations\":[",
                  confirmations.empty() ? "" : Listed(confirmations, true), "],\"application\":",
                  application.empty() ? "null" : JsonText(application), ",\"fields\":[", list, "]}\n");
  }
  std::string out = StrCat(text, "  ", name, "\n");
  if (!confirmations.empty()) out += StrCat("an application, confirmed by ", confirmations, "\n");
  if (!application.empty()) out += StrCat("a confirmation of ", application, "\n");
  if (confirmations.empty() && application.empty()) out += "comes without an application, or is not confirmed\n";
  if (!fields.empty()) out += StrCat("fields of its own: ", fields, "\n");
  return out;
}

}  // namespace fundcore::ofd_tools
