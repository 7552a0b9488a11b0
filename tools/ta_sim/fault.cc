// Parsing of faults.
#include "tools/ta_sim/fault.h"

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/ascii.h"
#include "common/ofd/fields.h"
#include "tools/ta_sim/decimal.h"

namespace fundcore::ta_sim {
namespace {

// Arguments by letter: b business of an account, l line, d signed decimal, p positive decimal, n one that is not
// negative, c return code, v version, t file type (optional),
// f a field of the standard, a any text.
struct Form {
  FaultKind kind;
  std::string_view name;
  std::string_view arguments;
};
constexpr Form kForms[] = {
    {FaultKind::kWrongUnits, "wrong-units", "ld"},
    {FaultKind::kWrongAmount, "wrong-amount", "ld"},
    {FaultKind::kWrongRegister, "wrong-register", "ld"},
    {FaultKind::kMissingLine, "missing-line", "l"},
    {FaultKind::kDuplicateLine, "duplicate-line", "l"},
    {FaultKind::kRefuse, "refuse", "lc"},
    {FaultKind::kPartial, "partial", "lp"},
    {FaultKind::kForced, "forced", "aap"},
    {FaultKind::kInitiated, "initiated", "aaana"},
    {FaultKind::kWrongDividend, "wrong-dividend", "aad"},
    {FaultKind::kOwnAccount, "own-account", "ba"},
    {FaultKind::kInterest, "interest", "lp"},
    {FaultKind::kAllot, "allot", "la"},
    {FaultKind::kOwnData, "own-data", "aa"},
    {FaultKind::kOwnMove, "own-move", "aa"},
    {FaultKind::kWrongIncome, "wrong-income", "aad"},
    {FaultKind::kBookedIncome, "booked-income", "aad"},
    {FaultKind::kNoPayout, "no-payout", ""},
    {FaultKind::kRefuseTax, "refuse-tax", "c"},
    {FaultKind::kUnknownTax, "unknown-tax", ""},
    {FaultKind::kRefundsOrder, "refund", "laap"},
    {FaultKind::kAsksMore, "asks-more", "laap"},
    {FaultKind::kWritesField, "writes-field", "lfa"},
    {FaultKind::kAdjusts, "adjust", "lp"},
    {FaultKind::kVoidPayment, "void", "aaap"},
    {FaultKind::kLate, "late", ""},
    {FaultKind::kVersion, "version", "v"},
    {FaultKind::kDamaged, "damaged", "t"},
    {FaultKind::kTruncated, "truncated", "t"},
    {FaultKind::kWrongDate, "wrong-date", "t"},
    {FaultKind::kResendOtherBytes, "resend-other-bytes", "t"},
};

bool Fits(char form, const std::string& text) {
  switch (form) {
    case 'd': return decimal_internal::Parse(text, 2).ok();
    case 'p': {
      const auto value = decimal_internal::Parse(text, 2);
      return value.ok() && *value > 0;
    }
    case 'n': {
      const auto value = decimal_internal::Parse(text, 2);
      return value.ok() && *value >= 0;
    }
    case 'b': {
      for (std::string_view known : {"002", "004", "005", "006", "007", "009"})
        if (text == known) return true;
      return false;
    }
    case 'c': return text.size() == 4;
    case 'v': return ofd::ParseVersion(text).has_value();
    case 't': return text == "02" || text == "04" || text == "05" || text == "06" || text == "07" || text == "25" || text == "R2";
    case 'l':
      if (text.empty() || text[0] != '#') return !text.empty() && text.size() <= 24;
      if (text.size() < 2 || text.size() > 10) return false;
      for (char c : std::string_view(text).substr(1)) {
        if (!ofd::IsDigit(c)) return false;
      }
      return text[1] != '0';
    case 'f': return !text.empty() && text.size() <= 40;
    default: return !text.empty() && text.size() <= 20;
  }
}

}  // namespace

absl::StatusOr<Fault> ParseFault(std::string_view text) {
  std::vector<std::string_view> parts = ofd::Split(text, ':');
  std::string known;
  for (const Form& form : kForms) {
    known += StrCat(known.empty() ? "" : ", ", form.name);
    if (form.name != parts[0]) continue;
    Fault fault{.kind = form.kind};
    for (size_t i = 1; i < parts.size(); ++i) fault.arguments.emplace_back(parts[i]);
    const bool optional = form.arguments == "t";
    if (optional && fault.arguments.empty()) fault.arguments.emplace_back("04");
    bool good = fault.arguments.size() == form.arguments.size();
    for (size_t i = 0; good && i < form.arguments.size(); ++i) good = Fits(form.arguments[i], fault.arguments[i]);
    if (good) return fault;
    return absl::InvalidArgumentError(StrCat("fault \"", text, "\" has wrong arguments; it needs ",
                                             form.arguments.size(), optional ? " at most" : "",
                                             ", as ta_sim answer --help shows"));
  }
  return absl::InvalidArgumentError(StrCat("fault \"", text, "\" is unknown; the kinds are ", known));
}

}  // namespace fundcore::ta_sim
