// The independent recomputation of dividends.
#include "services/account/dividend_check.h"

#include <algorithm>

#include "common/fund/dividend.h"

namespace fundcore::account {
namespace {

constexpr uint8_t kMoneyFundIncome = '2';

std::string Way(uint8_t way) { return way ? std::string(1, static_cast<char>(way)) : std::string(); }

// To the four decimals that files before version 22 can hold.
Nav FourDecimals(Nav nav) {
  constexpr int64_t kStep = 10'000;
  return Nav::FromRaw(MulDiv(nav.raw(), 1, kStep, Rounding::kHalfUp) * kStep);
}

// The last confirmation day whose units count for a record day: the day before that on which what was applied on the record
// day is confirmed. A fund that confirms after two days still counts what was applied for before.
Date CountsUntil(const FundTerms& fund, ProductBook& products, Date record_day) {
  const TradingCalendar* calendar = products.Calendar(fund.calendar);
  if (!calendar) return record_day;
  const auto confirmed = calendar->AddOpenDays(record_day, fund.confirm_days);
  return confirmed.ok() ? confirmed->AddDays(-1) : record_day;
}

}  // namespace

void DividendChecker::Find(const DividendEntry& line, std::string_view rule, std::string_view field,
                           std::string expected, std::string found) {
  findings_->push_back({line.line, std::string(rule), std::string(field), std::move(expected), std::move(found),
                        OrderId(), line.investor});
}

absl::Status DividendChecker::Check(const DividendEntry& line, const DividendDetail& detail,
                                    std::vector<FindingEntry>* findings) {
  findings_ = findings;
  if (IsRefusal(line.return_code)) {
    Find(line, "DIVIDEND_REFUSED", "ReturnCode", "0000", line.return_code.str());
    return absl::OkStatus();
  }
  TradeLine posted{.investor = line.investor, .business = 143, .return_code = line.return_code, .serial = line.serial,
                   .confirm_day = line.confirm_day, .amount = line.cash, .units = line.units};
  if (auto seen = machine_.FindPosted(ta_, posted)) {
    if (*seen != AccountMachine::FiguresHash(posted)) {
      Find(line, "DUPLICATE_SERIAL", "TASerialNO", "the figures posted under it before", line.serial.str());
    }
    return absl::OkStatus();
  }
  if (!machine_.FindInvestor(line.investor)) {
    Find(line, "UNKNOWN_INVESTOR", "TransactionAccountID", "", FormatInvestorId(line.investor));
    return absl::OkStatus();
  }
  const FundTerms* fund = machine_.products().Fund(line.fund, TimePoint::At(line.confirm_day, TimeOfDay()));
  if (!fund) {
    Find(line, "FUND_TERMS_UNKNOWN", "FundCode", "a fund that is sold here", line.fund.str());
    return absl::OkStatus();
  }
  if (detail.kind == kMoneyFundIncome) {
    CheckIncome(line, detail);
    return absl::OkStatus();
  }
  if (!detail.record_day.is_set() || detail.record_day >= line.confirm_day) {
    Find(line, "RECORD_DAY_WRONG", "RegistrationDate", StrCat("a day before ", line.confirm_day.Compact()),
         detail.record_day.is_set() ? detail.record_day.Compact() : "");
    return absl::OkStatus();
  }
  const Date until = CountsUntil(*fund, machine_.products(), detail.record_day);
  if (until != until_) {
    until_ = until;
    after_ = machine_.LedgerAfter(ta_, until);
  }
  auto base = machine_.UnitsBefore(line.investor, line.fund, after_);
  if (!base.ok()) return base.status();
  Compare(line, "BASE_DIFFERS", "BasisforCalculatingDividend", *base, detail.base);

  const HoldingNote* note = machine_.FindNote(line.investor, line.fund);
  const uint8_t chosen = note ? WayOn(*note, until) : uint8_t{0};
  if (detail.method != kWayReinvest && detail.method != kWayCash) {
    Find(line, "WAY_UNKNOWN", "DefDividendMethod", "0 or 1", Way(detail.method));
    return absl::OkStatus();
  }
  if (chosen && chosen != detail.method) {
    Find(line, "WAY_DIFFERS", "DefDividendMethod", Way(chosen), Way(detail.method));
  }
  CheckFigures(line, detail, until, *fund);
  return absl::OkStatus();
}

// A money fund's income becomes units of one yuan, or is paid: all of it in whole fen, as we have accrued it.
void DividendChecker::CheckIncome(const DividendEntry& line, const DividendDetail& detail) {
  if (!machine_.products().Income(line.fund)) {
    return Find(line, "INCOME_UNEXPECTED", "DividendType", "0: the fund has no daily income here", Way(detail.kind));
  }
  const Investor& investor = *machine_.FindInvestor(line.investor);
  const Holding* holding = FindHolding(investor, line.fund);
  const Earnings e = machine_.IncomeBefore(SequenceOf(line.investor), line.fund, holding ? holding->units : Units(),
                                           line.confirm_day);
  // Where the institution shares remainders among all its holders, we cannot know who got a fen of them.
  if (detail.total > e.unpaid + Money::FromRaw(e.above) || detail.total < e.unpaid - Money::FromRaw(e.below))
    Find(line, "INCOME_DIFFERS", "DividendAmount", e.unpaid.ToString(), detail.total.ToString());
  const Units worth = Units::FromRaw((detail.total - line.cash).raw());
  Compare(line, "UNITS_DIFFER", "VolOfDividendforReinvestment", worth, line.units);
}

// By the file's own base and way: what is wrong with those is told already, and each figure once.
void DividendChecker::CheckFigures(const DividendEntry& line, const DividendDetail& detail, Date until,
                                   const FundTerms& fund) {
  const bool reinvests = detail.method == kWayReinvest;
  Nav price = line.nav;
  if (reinvests) {
    if (const NavFact* known = machine_.products().FindNav(line.fund, detail.ex_day)) {
      const InstitutionTerms* institution = machine_.products().Institution(ta_);
      const bool short_form = institution && institution->file_version < 22 && FourDecimals(known->nav) == line.nav;
      if (known->nav != line.nav && !short_form) {
        Find(line, "NAV_DIFFERS", "NAV", known->nav.ToString(), line.nav.ToString());
      }
      if (short_form) price = known->nav;
    } else {
      Find(line, "NAV_UNKNOWN", "NAV", StrCat("a price of ", detail.ex_day.is_set() ? detail.ex_day.Iso() : "the ex-day"),
           line.nav.ToString());
    }
  }
  const HoldingNote* note = machine_.FindNote(line.investor, line.fund);
  const Units frozen = note ? std::min(FrozenWithFruits(*note, until), detail.base) : Units();
  constexpr int64_t kMostPerUnit = 9'000'000'000'000, kMostUnits = 10'000'000'000;
  if (detail.per_unit.raw() > kMostPerUnit || detail.per_units > kMostUnits) {
    return Find(line, "NOT_COMPUTABLE", "DividendPerUnit", "a figure of a real dividend", detail.per_unit.ToString());
  }
  const Dividend dividend{.amount = Nav::FromRaw(detail.per_unit.raw() * (Nav::kOne / Money::kOne)),
                          .basis = Units::Whole(detail.per_units > 0 ? detail.per_units : 1)};
  const auto computed = ComputeDividend(dividend, detail.base, frozen, reinvests ? DividendWay::kReinvest : DividendWay::kCash,
                                        price, fund.rounding);
  if (!computed.ok()) {
    return Find(line, "NOT_COMPUTABLE", "DividendPerUnit", std::string(computed.status().message()),
                detail.per_unit.ToString());
  }
  Compare(line, "DIVIDEND_DIFFERS", "DividendAmount", computed->cash, detail.total);
  Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", reinvests ? Money() : computed->cash - computed->held_cash, line.cash);
  Compare(line, "UNITS_DIFFER", "VolOfDividendforReinvestment", computed->units, line.units);
  Compare(line, "HELD_DIFFERS", "FrozenBalance", reinvests ? Money() : computed->held_cash, detail.held);
  Compare(line, "HELD_DIFFERS", "FrozenSharesforReinvest", computed->held_units, detail.held_units);
}

}  // namespace fundcore::account
