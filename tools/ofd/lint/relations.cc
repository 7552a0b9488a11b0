// The rules about fields of one record, as data, and their evaluation.
#include "tools/ofd/lint/relations.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <set>

#include "common/base/check.h"
#include "common/ofd/ascii.h"
#include "common/ofd/business_code.h"
#include "common/ofd/file_name.h"
#include "common/ofd/text.h"

namespace fundcore::ofd_tools {

using ofd::Column;
using ofd::FieldState;
using ofd::RecordView;

namespace {

// DetailFlag 1 marks lot records, which explain a main record: what holds of the whole need not hold of a lot.
constexpr std::string_view kRuleLines = R"(
# Essentials.
01          |             |         | AppSheetSerialNo set      | FIELD_NEEDED
01          |             |         | TransactionDate set       | FIELD_NEEDED
01          |             |         | DistributorCode set       | FIELD_NEEDED
01          |             |         | BusinessCode set          | FIELD_NEEDED
01          |             |         | TransactionAccountID set  | FIELD_NEEDED
01          | 001         |         | CertificateNo set         | BUSINESS_FIELD
01          | 001         |         | InvestorName set          | BUSINESS_FIELD
01          | 002 003 004 005 006 007 008 009 | | TAAccountID set | BUSINESS_FIELD
02          |             |         | TransactionCfmDate set    | FIELD_NEEDED
02          |             |         | BusinessCode set          | FIELD_NEEDED
02          |             |         | ReturnCode set            | FIELD_NEEDED
02          | 101 108     | ok      | TAAccountID set           | BUSINESS_FIELD
02          |             |         | TransactionDate <= TransactionCfmDate | DATE_ORDER
03 33       |             |         | AppSheetSerialNo set      | FIELD_NEEDED
03 33       |             |         | BusinessCode set          | FIELD_NEEDED
03 33       |             |         | FundCode set              | FIELD_NEEDED
03 33       |             |         | TransactionDate set       | FIELD_NEEDED
03 33       |             |         | DistributorCode set       | FIELD_NEEDED
03 33       |             |         | TransactionAccountID set  | FIELD_NEEDED
04 34       |             |         | TransactionCfmDate set    | FIELD_NEEDED
04 34       |             |         | BusinessCode set          | FIELD_NEEDED
04 34       |             |         | ReturnCode set            | FIELD_NEEDED
04 34       |             |         | FundCode set              | FIELD_NEEDED
04 34       |             |         | ConfirmedVol set          | FIELD_NEEDED
04 34       |             |         | ConfirmedAmount set       | FIELD_NEEDED
04 34       |             | FromTAFlag!=1 | AppSheetSerialNo set | FIELD_NEEDED
04 34       |             | ok      | TASerialNO set            | BUSINESS_FIELD
05 26 35    |             |         | FundCode set              | FIELD_NEEDED
05 26 35    |             |         | TAAccountID set           | FIELD_NEEDED
05 26 35    |             |         | TotalVolOfDistributorInTA set | FIELD_NEEDED
06          |             |         | FundCode set              | FIELD_NEEDED
06          |             |         | TAAccountID set           | FIELD_NEEDED
06          |             |         | TransactionCfmDate set    | FIELD_NEEDED
06          |             |         | RegistrationDate set      | BUSINESS_FIELD
07          |             |         | FundCode set              | FIELD_NEEDED
07          |             |         | UpdateDate set            | FIELD_NEEDED
07          |             |         | NAV set                   | FIELD_NEEDED
07          |             |         | FundStatus set            | FIELD_NEEDED
25          |             |         | FundCode set              | FIELD_NEEDED
25          |             |         | BusinessCode set          | FIELD_NEEDED
25          |             |         | CapitalType set           | FIELD_NEEDED
25          |             |         | ReceOrPayFlag set         | FIELD_NEEDED
25          |             |         | ConfirmedAmount set       | FIELD_NEEDED
25          |             |         | PayDate set               | FIELD_NEEDED
C1 C2 C3 C4 C5 C6 |       |         | FundCode set              | FIELD_NEEDED

# What an application asks for.
03 33       | 020 021 022 023 039 |       | ApplicationAmount > 0 | AMOUNT_NEEDED
03 33       | 020 021 022 023 039 |       | ApplicationVol = 0    | AMOUNT_AND_UNITS
03 33       | 024 025 036 063 098 026 028 | | ApplicationVol > 0  | UNITS_NEEDED
03 33       | 024 025 036 063 098 |       | ApplicationAmount = 0 | AMOUNT_AND_UNITS
03 33       | 026 027 028 |         | TargetDistributorCode set | BUSINESS_FIELD
03 33       | 029         |         | DefDividendMethod set     | BUSINESS_FIELD
03 33       | 036 037     |         | CodeOfTargetFund set      | BUSINESS_FIELD
03 33       | 052 053     |         | OriginalAppSheetNo set    | BUSINESS_FIELD
03 33       | 031         |         | FrozenCause set           | BUSINESS_FIELD
03 33       | 058         |         | TargetTransactionAccountID set | BUSINESS_FIELD

# What a confirmation says.
04 34       |             |         | TransactionDate <= TransactionCfmDate | DATE_ORDER
04 34       | 122 130 139 | ok DetailFlag!=1 | ConfirmedVol > 0    | CONFIRMED_NOTHING
04 34       | 122 130 139 | ok DetailFlag!=1 | ConfirmedAmount > 0 | CONFIRMED_NOTHING
04 34       | 124 142 163 | ok DetailFlag!=1 | ConfirmedVol > 0    | CONFIRMED_NOTHING
04 34       | 124 142 163 | ok DetailFlag!=1 | ConfirmedAmount > 0 | CONFIRMED_NOTHING
04 34       | 122 139 124 142 163 | ok | NAV > 0                   | PRICE_MISSING
04 34 | 124 163 136 198 | ok DetailFlag!=1 ApplicationVol>0 | ConfirmedVol <= ApplicationVol | CONFIRMED_TOO_MUCH
04 34 | 122 139 | ok DetailFlag!=1 ApplicationAmount>0 | ConfirmedAmount <= ApplicationAmount | CONFIRMED_TOO_MUCH
04 34       |             | refused | ConfirmedVol = 0          | REFUSED_BUT_CONFIRMED
04 34       |             | refused | ConfirmedAmount = 0       | REFUSED_BUT_CONFIRMED
04 34       | 129         | ok      | DefDividendMethod set     | BUSINESS_FIELD
04 34       | 136         | ok      | CodeOfTargetFund set      | BUSINESS_FIELD
04 34       | 136         | ok DetailFlag!=1 | CfmVolOfTargetFund > 0 | CONFIRMED_NOTHING
04 34       | 152 153     | ok      | OriginalAppSheetNo set    | BUSINESS_FIELD
04 34       | 126 127 128 | ok      | TargetDistributorCode set | BUSINESS_FIELD

# Balances, dividends, prices.
05 26 35    |             |         | AvailableVol <= TotalVolOfDistributorInTA | HOLDING_SUM
05 26 35    |             |         | TotalFrozenVol + AvailableVol <= TotalVolOfDistributorInTA | HOLDING_SUM
05 26 35    |             | DetailFlag=1 | ShareRegisterDate set | BUSINESS_FIELD
05 26 35    |             |         | ShareRegisterDate <= TransactionCfmDate | DATE_ORDER
06          |             |         | RegistrationDate <= TransactionCfmDate | DATE_ORDER
06          |             | DividendAmount>0 | BasisforCalculatingDividend > 0 | CONFIRMED_NOTHING
06          |             | DividendAmount>0 | DrawBonusUnit > 0  | CONFIRMED_NOTHING
07          |             | FundStatus=0 | NAV > 0              | PRICE_MISSING
07          |             | FundStatus=5 | NAV > 0              | PRICE_MISSING
07          |             | FundStatus=6 | NAV > 0              | PRICE_MISSING
07 C1       |             |         | IPOStartDate <= IPOEndDate | LIMIT_ORDER

# Money and summaries.
25          |             |         | TransactionCfmDate <= PayDate | DATE_ORDER
25          |             |         | CalculateDate <= PayDate  | DATE_ORDER
25          | 120 122 124 126 136 139 191 194 | | TransactionDate <= TransactionCfmDate | DATE_ORDER
12 | | | TotalFailingDealingNum + TotalSuccessfulDealingNum = AggregationOfTransactionByBusinessType | COUNT_SUM

# Parameters.
C3          |             | VolUpperLimit>0    | VolLowerLimit <= VolUpperLimit       | LIMIT_ORDER
C5          |             | VolUpperLimit>0    | VolLowerLimit <= VolUpperLimit       | LIMIT_ORDER
C5          |             | AmountUpperLimit>0 | AmountLowerLimit <= AmountUpperLimit | LIMIT_ORDER
C5          |             | DaysUpperLimit>0   | DaysLowerLimit <= DaysUpperLimit     | LIMIT_ORDER
C5          |             | MaxFee>0           | MinFee <= MaxFee                     | LIMIT_ORDER
C4          |             |         | RegistrationDate <= DividentDate     | DATE_ORDER
03 33 04 34 |             |         | BeginDateOfPeriodicSubs <= EndDateOfPeriodicSubs | LIMIT_ORDER
)";

// Charges that may stand between a price times units and the money that moved. Adding one too many only widens what is
// accepted.
constexpr std::string_view kFees[] = {"Charge",        "AgencyFee",        "OtherFee1",
                                      "OtherFee2",     "StampDuty",        "TransferFee",
                                      "Tax",           "TotalBackendLoad", "Interest",
                                      "InterestTax",   "TotalTransFee",    "ChangeFee",
                                      "RecuperateFee", "AchievementPay",   "AchievementCompen",
                                      "BreachFee",     "PunishFee",        "UndistributeMonetaryIncome",
                                      "RaiseInterest", "RefundAmount"};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return ofd::CutSpaces(text);
}

std::vector<std::string_view> WordsOf(std::string_view text) {
  std::vector<std::string_view> words;
  for (text = Trim(text); !text.empty();) words.push_back(ofd::TakeWord(&text));
  return words;
}

struct RuleLine {
  std::string_view text;
  std::vector<std::string_view> types, businesses, when, what;
  std::optional<Rule> rule;
  bool readable = false;
};

std::vector<RuleLine> ParseLines() {
  std::vector<RuleLine> lines;
  for (const std::string_view text : ofd::Split(kRuleLines, '\n')) {
    if (text.empty() || text[0] == '#') continue;
    RuleLine line{.text = text};
    const auto parts = ofd::Split(text, '|');
    if (parts.size() == 5) {
      line.types = WordsOf(parts[0]);
      line.businesses = WordsOf(parts[1]);
      line.when = WordsOf(parts[2]);
      line.what = WordsOf(parts[3]);
      for (const RuleInfo& info : AllRules()) {
        if (info.name == Trim(parts[4])) line.rule = info.rule;
      }
      const size_t words = line.what.size();
      line.readable = line.rule && (words == 2 ? line.what[1] == "set" : words >= 3 && words % 2 == 1);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

const std::vector<RuleLine>& Lines() {
  static const auto* lines = new std::vector<RuleLine>(ParseLines());
  return *lines;
}

__int128 PowerOfTen(unsigned n) {
  __int128 p = 1;
  while (n-- > 0) p *= 10;
  return p;
}

__int128 Magnitude(__int128 v) { return v < 0 ? -v : v; }

}  // namespace

std::string DecimalText(__int128 scaled, unsigned decimals) {
  std::string digits;
  for (__int128 rest = Magnitude(scaled); rest > 0 || digits.size() <= decimals; rest /= 10) {
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
  }
  if (decimals > 0) digits.insert(decimals, ".");
  if (scaled < 0) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string Relations::FirstUnreadableLine() {
  for (const RuleLine& line : Lines()) {
    if (!line.readable) return std::string(line.text);
    for (const std::string_view type : line.types) {
      // Every field named exists in some version of every type named.
      for (const std::string_view word : line.what) {
        if (!ofd::IsLetter(word[0]) || word == "set") continue;
        const ofd::FileType t(type);
        if (!ofd::FindField(ofd::Version::k22, t, word) && !ofd::FindField(ofd::Version::k21, t, word)) {
          return StrCat(line.text, " (", word, " is not a field of type ", type, ")");
        }
      }
    }
  }
  return "";
}

Relations::Relations(const LintHead& head, const LintLayout& layout, const ofd::Variant& variant, Report* report)
    : layout_(*layout.layout),
      chinese_(layout.chinese),
      variant_(variant),
      report_(report),
      type_(head.header.type.str()) {
  const auto find = [&](std::string_view name) { return layout_.Find(name); };
  business_ = find("BusinessCode");
  return_code_ = find("ReturnCode");
  detail_ = find("DetailFlag");
  amount_ = find("ConfirmedAmount");
  units_ = find("ConfirmedVol");
  nav_ = find("NAV");
  dividend_ = find("DividendAmount");
  reinvested_ = find("VolOfDividendforReinvestment");
  frozen_ = find("FrozenBalance");
  frozen_units_ = find("FrozenSharesforReinvest");
  for (const std::string_view name : kFees) {
    if (const Column c = find(name); c.present()) fees_.push_back(c);
  }
  for (const RuleLine& line : Lines()) {
    if (std::find(line.types.begin(), line.types.end(), type_) == line.types.end()) continue;
    Check1 check{.rule = *line.rule};
    bool complete = true;
    const auto take = [&](std::string_view name, std::vector<Column>* to) {
      const Column c = find(name);
      complete = complete && c.present();
      to->push_back(c);
    };
    std::string_view op;
    for (const std::string_view word : line.what) {
      if (word == "set" || word == ">" || word == "=" || word == "<=") {
        op = word;
      } else if (word != "+" && word != "0") {
        take(word, op.empty() ? &check.left : &check.right);
        if (!op.empty()) check.right_text += StrCat(check.right_text.empty() ? "" : " + ", word);
      }
    }
    using Op = Check1::Op;
    check.op = op == "set" ? Op::kSet
               : op == ">" ? Op::kPositive
               : op == "=" ? (check.right.empty() ? Op::kZero : Op::kEqual)
                           : Op::kAtMost;
    if (!complete) {
      const std::string_view name = line.what[0];
      if (check.op == Op::kSet && check.rule == Rule::kFieldNeeded) {
        const ofd::FieldDef* def = ofd::FindField(head.header.version, head.header.type, name);
        report_->Add(Rule::kFieldMissing, {.line = 10, .field = name, .chinese = def ? def->chinese : ""},
                     StrCat("is not among the file's fields, and type ", type_, " needs it"));
      }
      continue;
    }
    // Two dates are text in the file; everything else that is compared must be a number there, whatever an override
    // says.
    check.dates = check.op == Op::kAtMost && check.left[0].kind() != ofd::FieldKind::kNumber;
    if (check.op != Op::kSet) {
      const auto fits = [&](Column c) { return (c.kind() == ofd::FieldKind::kNumber) != check.dates; };
      if (!std::all_of(check.left.begin(), check.left.end(), fits)) continue;
      if (!std::all_of(check.right.begin(), check.right.end(), fits)) continue;
    }
    bool possible = true;
    for (const std::string_view word : line.when) {
      using Kind = When::Kind;
      When when{.kind = word == "ok" ? Kind::kOk : Kind::kRefused};
      if (word != "ok" && word != "refused") {
        const size_t at = word.find_first_of("!=>");
        when.kind = word[at] == '!' ? Kind::kNotEqual : word[at] == '>' ? Kind::kPositive : Kind::kEqual;
        when.column = find(word.substr(0, at));
        when.value = word.substr(at + (word[at] == '!' ? 2 : 1));
        if (!when.column.present() && when.kind == Kind::kNotEqual) continue;
        possible = possible && when.column.present();
      } else {
        possible = possible && return_code_.present();
      }
      check.when.push_back(std::move(when));
    }
    if (!possible) continue;
    checks_.push_back(std::move(check));
    businesses_.push_back(line.businesses);
  }
}

Place Relations::At(Column c, const RecordView& record) const {
  std::string value = ofd::Printable(record.Text(c));
  int64_t number = 0;
  if (c.kind() == ofd::FieldKind::kNumber && record.ReadNumber(c, &number) == FieldState::kPresent) {
    value = DecimalText(number, c.decimals());
  }
  return {.line = record.line(),
          .column = c.offset() + 1,
          .field = layout_.name(c.index()),
          .chinese = chinese_[c.index()],
          .value = std::move(value)};
}

std::string Relations::BusinessText(const RecordView& record) const {
  const std::string_view code = record.Text(business_);
  if (code.empty()) return "";
  return StrCat(" in business ", ofd::Printable(code), " ", ofd::BusinessCodeName(code));
}

// The checks that concern a business, worked out at its first record.
std::span<const uint16_t> Relations::ChecksFor(int business) {
  auto& list = by_business_[static_cast<size_t>(business)];
  if (!resolved_[static_cast<size_t>(business)]) {
    resolved_[static_cast<size_t>(business)] = true;
    for (size_t i = 0; i < checks_.size(); ++i) {
      const auto& codes = businesses_[i];
      const bool concerned = codes.empty() || std::any_of(codes.begin(), codes.end(), [&](std::string_view code) {
                               return business < 1000 && std::atoi(std::string(code).c_str()) == business;
                             });
      if (concerned) list.push_back(static_cast<uint16_t>(i));
    }
  }
  return list;
}

void Relations::Check(const RecordView& record) {
  int business = 1000;
  if (business_.present() && business_.width() >= 3) {
    const std::string_view code = record.Raw(business_);
    if (ofd::IsDigit(code[0]) && ofd::IsDigit(code[1]) && ofd::IsDigit(code[2])) {
      business = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
    }
  }
  if (return_code_.present() && return_code_.width() <= sizeof(last_code_)) {
    const std::string_view code = record.Raw(return_code_);
    if (outcome_ == Outcome::kUnknown || std::memcmp(code.data(), last_code_, code.size()) != 0) {
      std::memcpy(last_code_, code.data(), code.size());
      const std::string_view text = ofd::CutSpaces(code);
      outcome_ = text == "0000"                              ? Outcome::kOk
                 : !text.empty() && variant_.IsRefusal(text) ? Outcome::kRefused
                                                             : Outcome::kOther;
    }
  }
  for (const uint16_t i : ChecksFor(business)) {
    if (Applies(checks_[i], record)) Run(checks_[i], record);
  }
  if (type_ == "04" || type_ == "34") CheckPrice(record, business);
  if (type_ == "06") CheckDividend(record);
}

bool Relations::Applies(const Check1& check, const RecordView& record) const {
  for (const When& when : check.when) {
    int64_t number = 0;
    bool met = false;
    switch (when.kind) {
      case When::Kind::kOk: met = outcome_ == Outcome::kOk; break;
      case When::Kind::kRefused: met = outcome_ == Outcome::kRefused; break;
      case When::Kind::kEqual: met = record.Text(when.column) == when.value; break;
      case When::Kind::kNotEqual: met = record.Text(when.column) != when.value; break;
      case When::Kind::kPositive:
        met = when.column.kind() == ofd::FieldKind::kNumber &&
              record.ReadNumber(when.column, &number) == FieldState::kPresent && number > 0;
        break;
    }
    if (!met) return false;
  }
  return true;
}

bool Relations::Sum(std::span<const Column> columns, const RecordView& record, uint8_t decimals, __int128* sum) const {
  *sum = 0;
  for (const Column c : columns) {
    int64_t value = 0;
    const FieldState state = record.ReadNumber(c, &value);
    if (state == FieldState::kMalformed) return false;  // told as such already
    if (state == FieldState::kBlank) {
      if (columns.size() == 1) return false;
      continue;
    }
    *sum += static_cast<__int128>(value) * PowerOfTen(decimals - c.decimals());
  }
  return true;
}

void Relations::Run(const Check1& check, const RecordView& record) {
  using Op = Check1::Op;
  const Column first = check.left[0];
  const auto tell = [&](std::string_view what) {
    if (!report_->Take(check.rule)) return;
    std::string subject;
    for (size_t i = 1; i < check.left.size(); ++i)
      subject += StrCat("plus ", layout_.name(check.left[i].index()), " \"", At(check.left[i], record).value, "\" ");
    report_->Show(check.rule, At(first, record), StrCat(subject, what, BusinessText(record)));
  };
  const auto others = [&] {
    std::string text;
    for (const Column c : check.right)
      text += StrCat(text.empty() ? "" : " + ", layout_.name(c.index()), " \"", At(c, record).value, "\"");
    return text;
  };
  if (check.op == Op::kSet) {
    if (record.IsBlank(first)) tell("is blank");
    return;
  }
  if (check.dates) {
    const Date a = ofd::ParseFileDate(record.Text(first)), b = ofd::ParseFileDate(record.Text(check.right[0]));
    if (a.is_set() && b.is_set() && b < a && b.raw() > 19000101) tell(StrCat("is later than ", others()));
    return;
  }
  // One field against zero needs no scaling; it is what most rules are.
  if (check.right.empty() && check.left.size() == 1) {
    int64_t value = 0;
    const FieldState state = record.ReadNumber(first, &value);
    if (state == FieldState::kMalformed) return;
    if (check.op == Op::kPositive && (state == FieldState::kBlank || value <= 0)) tell("must be above zero");
    if (check.op == Op::kZero && value != 0) tell("must be zero");
    return;
  }
  uint8_t decimals = 0;
  for (const Column c : check.left) decimals = std::max(decimals, c.decimals());
  for (const Column c : check.right) decimals = std::max(decimals, c.decimals());
  __int128 left = 0, right = 0;
  if (!Sum(check.left, record, decimals, &left) || !Sum(check.right, record, decimals, &right)) return;
  if (check.op == Op::kEqual && left != right) tell(StrCat("is not equal to ", others()));
  if (check.op == Op::kAtMost && left > right) tell(StrCat("is more than ", others()));
}

// The money of a confirmation is its units times the price, but for the fees, what rounding the units to 0.01 may move,
// and a cent on either side.
void Relations::CheckPrice(const RecordView& record, int business) {
  if (business != 122 && business != 124 && business != 139 && business != 163 && business != 142) return;
  if (outcome_ != Outcome::kOk || !report_->Wants(Rule::kAmountNotUnitsTimesNav)) return;
  if (!amount_.present() || !units_.present() || !nav_.present() || amount_.decimals() != 2 || units_.decimals() != 2)
    return;
  if (nav_.kind() != ofd::FieldKind::kNumber || nav_.decimals() > 8) return;
  if (detail_.present() && record.Raw(detail_)[0] == '1') return;
  int64_t amount = 0, units = 0, nav = 0;
  if (record.ReadNumber(amount_, &amount) != FieldState::kPresent || amount <= 0) return;
  if (record.ReadNumber(units_, &units) != FieldState::kPresent || units <= 0) return;
  if (record.ReadNumber(nav_, &nav) != FieldState::kPresent || nav <= 0) return;
  const __int128 scale = PowerOfTen(nav_.decimals());
  const __int128 product = static_cast<__int128>(units) * nav;  // fen times 10^decimals
  const __int128 off = Magnitude(static_cast<__int128>(amount) * scale - product);
  __int128 room = nav + 2 * scale;  // one hundredth of a unit, and two fen
  if (off <= room) return;
  for (const Column c : fees_) {
    int64_t fee = 0;
    if (c.kind() != ofd::FieldKind::kNumber || c.decimals() > 2) continue;
    if (record.ReadNumber(c, &fee) == FieldState::kPresent)
      room += Magnitude(fee) * PowerOfTen(2 - c.decimals()) * scale;
  }
  if (off <= room || !report_->Take(Rule::kAmountNotUnitsTimesNav)) return;
  report_->Show(
      Rule::kAmountNotUnitsTimesNav, At(amount_, record),
      StrCat("is not ConfirmedVol \"", DecimalText(units, 2), "\" times NAV \"", DecimalText(nav, nav_.decimals()),
             "\" = ", DecimalText((product + scale / 2) / scale, 2), ", and fees of ",
             DecimalText((room - nav - 2 * scale) / scale, 2), " do not explain the difference", BusinessText(record)));
}

// The whole dividend is what was paid, what was reinvested at the price, and what is held because units are frozen.
void Relations::CheckDividend(const RecordView& record) {
  if (!report_->Wants(Rule::kDividendSum) || !dividend_.present() || !amount_.present() || !reinvested_.present())
    return;
  if (dividend_.decimals() != 2 || amount_.decimals() != 2 || reinvested_.decimals() != 2) return;
  if (outcome_ == Outcome::kRefused) return;
  int64_t whole = 0, paid = 0, units = 0, nav = 0, held = 0, held_units = 0;
  if (record.ReadNumber(dividend_, &whole) != FieldState::kPresent || whole <= 0) return;
  if (record.ReadNumber(amount_, &paid) != FieldState::kPresent) return;
  if (record.ReadNumber(reinvested_, &units) == FieldState::kMalformed) return;
  if (frozen_.present() && record.ReadNumber(frozen_, &held) == FieldState::kMalformed) return;
  if (frozen_units_.present() && record.ReadNumber(frozen_units_, &held_units) == FieldState::kMalformed) return;
  if (nav_.present() && record.ReadNumber(nav_, &nav) == FieldState::kMalformed) return;
  if ((units > 0 || held_units > 0) && nav <= 0) return;  // a price is not given in every file
  const unsigned decimals = nav_.present() ? nav_.decimals() : 0;
  if (decimals > 8) return;
  const __int128 scale = PowerOfTen(decimals);
  const __int128 target = static_cast<__int128>(whole) * scale;
  // Frozen units may be inside the reinvested ones or beside them; fees and tax are taken from what is paid.
  __int128 room = 2 * nav + 2 * scale + static_cast<__int128>(held_units) * nav;
  for (const Column c : fees_) {
    int64_t fee = 0;
    if (c.kind() == ofd::FieldKind::kNumber && c.decimals() <= 2 &&
        record.ReadNumber(c, &fee) == FieldState::kPresent) {
      room += Magnitude(fee) * PowerOfTen(2 - c.decimals()) * scale;
    }
  }
  const __int128 parts =
      static_cast<__int128>(paid) * scale + static_cast<__int128>(units) * nav + static_cast<__int128>(held) * scale;
  if (Magnitude(target - parts) <= room || !report_->Take(Rule::kDividendSum)) return;
  report_->Show(Rule::kDividendSum, At(dividend_, record),
                StrCat("is not what its parts make: ConfirmedAmount \"", DecimalText(paid, 2),
                       "\" + VolOfDividendforReinvestment \"", DecimalText(units, 2), "\" times NAV \"",
                       DecimalText(nav, decimals), "\" + FrozenBalance \"", DecimalText(held, 2),
                       "\" = ", DecimalText(parts / scale, 2)));
}

}  // namespace fundcore::ofd_tools
