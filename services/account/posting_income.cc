// Income of money funds in the books: the days that a 07 file tells, and what an 05 file tells of each holder.
//
// Units earn from the day of their confirmation to the day before the confirmation that takes them. So the days that an answer
// tells, which all lie before it, are appended before its confirmations are posted, and each holder that these touch is brought up
// to date first.
#include "services/account/machine.h"

namespace fundcore::account {

using machine::Context;

void AccountMachine::EarnUpToNow(Investor* investor, uint64_t seq, const FundCode& fund, const Posting& posting) {
  if (!investor || !income_.Fund(fund)) return;
  const Holding* holding = FindHolding(*investor, fund);
  income_.Touch(seq, fund, holding ? holding->units : Units(), &investor->last_line, ledger_, posting);
}

void AccountMachine::PayIncomeOut(Investor* investor, uint64_t seq, const FundCode& fund, Units held, Units redeemed,
                                  const Posting& posting) {
  if (!investor || !income_.Fund(fund) || !redeemed.is_positive()) return;
  const IncomeTerms* terms = products_.Income(fund);
  income_.TakeOnRedemption(seq, fund, held, redeemed, terms ? terms->arithmetic() : MoneyFundTerms(), &investor->last_line,
                           ledger_, posting);
  if (held == redeemed) income_.DropBlank(seq, fund);
}

void AccountMachine::ConvertIncome(Investor* investor, uint64_t seq, const FundCode& fund, Money amount,
                                   const Posting& posting) {
  if (!investor || !income_.Fund(fund)) return;
  EarnUpToNow(investor, seq, fund, posting);
  income_.Convert(seq, fund, amount, &investor->last_line, ledger_, posting);
}

bool AccountMachine::IncomeLeft(uint64_t investor, const TaCode& ta) {
  bool left = false;
  income_.ForEach(investor, [&](const FundCode& fund, const Earnings& e) {
    const IncomeFund* f = income_.Fund(fund);
    left = left || (f && f->ta == ta && !e.unpaid.is_zero());
  });
  return left;
}

Earnings AccountMachine::IncomeBefore(uint64_t investor, const FundCode& fund, Units units, Date before) {
  Earnings e = income_.Of(investor, fund, units);
  const IncomeTerms* terms = products_.Income(fund);
  const IncomeFund* f = income_.Fund(fund);
  if (!terms) return e;
  // Prices that are known and whose answer is not posted yet. An answer holds some days, a long holiday more.
  constexpr int kMostDays = 60;
  for (Date day = f ? f->last_day.AddDays(1) : before.AddDays(-kMostDays); day < before; day = day.AddDays(1)) {
    if (const Nav* income = products_.FindIncome(fund, day))
      IncomeBook::Earn(&e, units, {.day = day, .per_ten_thousand = *income, .mode = terms->mode});
  }
  return e;
}

Result AccountMachine::Execute(const AppendIncomeDays& c, const Context&) {
  return ApplyInOrder(
      FileKind::kPrices, c.file, c.file_name, c.first_index, c.lines,
      [&](const IncomeLine& line, std::vector<FindingEntry>& findings) {
        const IncomeTerms* terms = products_.Income(line.fund);
        if (!terms) return;
        const IncomeFund* f = income_.Fund(line.fund);
        const Date last = f ? f->last_day : Date();
        const auto find = [&](std::string_view rule, std::string expected, std::string found) {
          findings.push_back({.line = line.line,
                              .rule = std::string(rule),
                              .field = "FundIncome",
                              .expected = std::move(expected),
                              .found = std::move(found)});
        };
        if (last.is_set() && line.day <= last) {
          const IncomeDayEntry* seen = income_.FindDay(line.fund, line.day);
          if (!seen) return find("INCOME_OUT_OF_ORDER", StrCat("a day after ", last.Iso()), line.day.Iso());
          if (seen->per_ten_thousand != line.per_ten_thousand)
            find("INCOME_CHANGED", seen->per_ten_thousand.ToString(), line.per_ten_thousand.ToString());
          return;
        }
        // Closed days may be told together with an open one; an open day that is passed over is missing.
        const FundTerms* fund = products_.Fund(line.fund, TimePoint::At(line.day.AddDays(1), TimeOfDay()));
        const TradingCalendar* calendar = fund ? products_.Calendar(fund->calendar) : nullptr;
        for (Date day = last.AddDays(1); last.is_set() && calendar && day < line.day; day = day.AddDays(1)) {
          const auto open = calendar->IsOpen(day);
          if (!open.ok() || !*open) continue;
          find("INCOME_DAY_MISSING", day.Iso(), line.day.Iso());
          break;
        }
        income_.Append(line.fund, c.ta, {line.day, line.per_ten_thousand, terms->mode}, c.answer_day,
                       PayoutDue(*terms, last, line.day));
      });
}

Result AccountMachine::Execute(const AdoptIncome& c, const Context& ctx) {
  for (const ToldIncome& line : c.lines) {
    Investor* investor = MutableInvestor(line.investor);
    if (!investor || !income_.Fund(line.fund)) continue;
    const uint64_t seq = SequenceOf(line.investor);
    const Posting posting{.at = ctx.now, .ta = c.ta, .fund = line.fund, .reference = "05"};
    EarnUpToNow(investor, seq, line.fund, posting);
    income_.Tell(seq, line.fund, line.unpaid, c.answer_day, &investor->last_line, ledger_, posting);
  }
  return {};
}

}  // namespace fundcore::account
