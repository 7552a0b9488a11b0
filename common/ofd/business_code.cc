// Parses tables/codes.tbl and answers from it.
#include "common/ofd/business_code.h"

#include <map>
#include <vector>

#include "common/base/check.h"
#include "common/ofd/ascii.h"
#include "common/ofd/tables.h"

namespace fundcore::ofd {
namespace {

struct Business {
  std::string_view name;
  BusinessCode application = BusinessCode::kNone;  // set in the entry of a confirmation
  std::vector<BusinessCode> confirmations;         // set in the entry of an application
};

struct CodeTables {
  std::map<std::string_view, std::string_view> returns;
  std::map<BusinessCode, Business> businesses;
};

void AddBusiness(std::string_view line, CodeTables* tables) {
  const std::string_view apply = TakeWord(&line);
  const std::string_view confirms = TakeWord(&line);
  const auto application = ParseBusinessCode(apply).value_or(BusinessCode::kNone);
  std::vector<BusinessCode> confirmations;
  if (confirms != "-") {
    for (std::string_view text : Split(confirms, ',')) {
      const auto confirmation = ParseBusinessCode(text);
      FC_CHECK(confirmation.has_value(), "codes.tbl: not a business code: ", text);
      tables->businesses[*confirmation] = {.name = line, .application = application};
      confirmations.push_back(*confirmation);
    }
  }
  if (application != BusinessCode::kNone) {
    tables->businesses[application] = {.name = line, .confirmations = std::move(confirmations)};
  }
}

const CodeTables& Tables() {
  static const CodeTables* const tables = [] {
    auto* t = new CodeTables;
    for (std::string_view line : Split(kCodesTable, '\n')) {
      if (line.empty() || line[0] == '#') continue;
      const std::string_view kind = TakeWord(&line);
      if (kind == "business") {
        AddBusiness(line, t);
        continue;
      }
      FC_CHECK(kind == "return", "codes.tbl: a line begins with ", kind);
      const std::string_view code = TakeWord(&line);
      FC_CHECK(t->returns.emplace(code, line).second, "codes.tbl: return code listed twice: ", code);
    }
    return t;
  }();
  return *tables;
}

}  // namespace

std::optional<BusinessCode> ParseBusinessCode(std::string_view text) {
  if (text.size() != 3) return std::nullopt;
  unsigned value = 0;
  for (char c : text) {
    if (!IsDigit(c)) return std::nullopt;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return static_cast<BusinessCode>(value);
}

std::string FormatBusinessCode(BusinessCode code) {
  const std::string digits = StrCat(static_cast<unsigned>(code));
  return digits.size() < 3 ? StrCat(std::string(3 - digits.size(), '0'), digits) : digits;
}

std::string_view BusinessCodeName(BusinessCode code) {
  const auto& businesses = Tables().businesses;
  const auto it = businesses.find(code);
  return it == businesses.end() ? std::string_view() : it->second.name;
}

std::string_view BusinessCodeName(std::string_view code) {
  const auto parsed = ParseBusinessCode(code);
  return parsed ? BusinessCodeName(*parsed) : std::string_view();
}

std::span<const BusinessCode> ConfirmationsOf(BusinessCode application) {
  const auto& businesses = Tables().businesses;
  const auto it = businesses.find(application);
  if (it == businesses.end()) return {};
  return it->second.confirmations;
}

BusinessCode ApplicationOf(BusinessCode confirmation) {
  const auto& businesses = Tables().businesses;
  const auto it = businesses.find(confirmation);
  return it == businesses.end() ? BusinessCode::kNone : it->second.application;
}

std::string_view ReturnCodeMeaning(std::string_view code) {
  const auto& returns = Tables().returns;
  const auto it = returns.find(code);
  return it == returns.end() ? std::string_view() : it->second;
}

bool IsRefusal(std::string_view return_code) {
  return return_code != "0000" && return_code != "0007" && return_code != "0209" && return_code != "0408" &&
         return_code != "0410";
}

}  // namespace fundcore::ofd
