// Income of money funds. See income.h.
#include "services/account/income.h"

#include "common/base/check.h"

namespace fundcore::account {

using machine::Residence;

IncomeBook::IncomeBook(machine::State& state, uint8_t first_table)
    : chunks_(state, first_table, Residence::kLazy, 4096),
      funds_(state, static_cast<uint8_t>(first_table + 1)),
      earnings_(state, static_cast<uint8_t>(first_table + 2), Residence::kLazy),
      totals_(state, static_cast<uint8_t>(first_table + 3)) {}

void IncomeBook::Append(const FundCode& fund, const TaCode& ta, const IncomeDayEntry& day, Date answer_day, bool payout) {
  IncomeFund& f = funds_.Mutable(fund);
  FC_CHECK(f.days == 0 || day.day > f.last_day, "income of ", day.day.Iso(), " after that of ", f.last_day.Iso());
  f.ta = ta;
  chunks_.Mutable({fund, f.days / kDaysAChunk}).days.push_back(day);
  ++f.days;
  f.last_day = day.day;
  if (f.answer_day != answer_day) f.payout_due = false;
  f.answer_day = answer_day;
  f.payout_due = f.payout_due || payout;
}

const IncomeDayEntry* IncomeBook::FindDay(const FundCode& fund, Date day) {
  const IncomeFund* f = Fund(fund);
  if (!f) return nullptr;
  for (uint32_t chunk = (f->days + kDaysAChunk - 1) / kDaysAChunk; chunk-- > 0;) {
    const IncomeChunk& c = *chunks_.Find({fund, chunk});
    if (c.days.front().day > day) continue;
    for (const IncomeDayEntry& entry : c.days)
      if (entry.day == day) return &entry;
    return nullptr;
  }
  return nullptr;
}

const IncomeBook::Days& IncomeBook::DaysOf(const FundCode& fund, uint32_t count) {
  Days& days = days_[fund];
  while (days.count < count) {
    const IncomeChunk& chunk = *chunks_.Find({fund, days.count / kDaysAChunk});
    const IncomeDayEntry& entry = chunk.days[days.count % kDaysAChunk];
    if (days.stretches.empty() || days.stretches.back().mode != entry.mode)
      days.stretches.push_back({days.count, entry.mode, IncomeSeries(MoneyFundTerms{.mode = entry.mode})});
    days.stretches.back().series.Append({.per_ten_thousand = entry.per_ten_thousand});
    ++days.count;
  }
  return days;
}

void IncomeBook::Earn(Earnings* e, Units units, const IncomeDayEntry& day) {
  IncomeAccount a{.units = units, .unpaid = e->unpaid, .rest = e->rest};
  EarnDay(&a, {.per_ten_thousand = day.per_ten_thousand}, {.mode = day.mode});
  e->unpaid = a.unpaid;
  e->rest = a.rest;
  if (day.mode != IncomeMode::kShare) return;
  // Who gets the fen that the cut remainders make up, all holders of the institution decide.
  const IncomeRest rest = ComputeIncome(units, day.per_ten_thousand, {}, IncomeMode::kShare).rest;
  if (!rest.is_zero()) ++(rest.is_negative() ? e->below : e->above);
}

void IncomeBook::Advance(const FundCode& fund, Earnings* e, Units units) {
  const IncomeFund* f = Fund(fund);
  if (!f || e->settled == f->days) return;
  const Days& days = DaysOf(fund, f->days);
  for (const Stretch& s : days.stretches) {
    const auto end = s.first + static_cast<uint32_t>(s.series.size());
    if (e->settled >= end) continue;
    if (s.mode == IncomeMode::kShare) {
      for (; e->settled < end; ++e->settled) {
        const Nav income = s.series.day(e->settled - s.first).per_ten_thousand;
        Earn(e, units, {.per_ten_thousand = income, .mode = s.mode});
      }
      continue;
    }
    IncomeAccount a{.units = units, .unpaid = e->unpaid, .rest = e->rest, .settled = e->settled - s.first};
    s.series.Advance(&a, s.series.size());
    e->unpaid = a.unpaid;
    e->rest = a.rest;
    e->settled = end;
  }
}

Earnings IncomeBook::Of(uint64_t investor, const FundCode& fund, Units units) {
  const Earnings* seen = earnings_.Find({investor, fund});
  Earnings e = seen ? *seen : Earnings();
  Advance(fund, &e, units);
  return e;
}

void IncomeBook::Book(Cause more, Cause less, const FundCode& fund, Money change, uint64_t* last_line, Ledger& ledger,
                      const Posting& posting) {
  if (change.is_zero()) return;
  IncomeTotals& totals = totals_.Mutable({posting.ta, fund});
  totals.owed += change;
  totals.receivable += change;
  Posting named = posting;
  named.fund = fund;
  named.brief = false;
  ledger.Note(change.is_positive() ? more : less, change.is_positive() ? change.raw() : -change.raw(), last_line, named);
}

void IncomeBook::Touch(uint64_t investor, const FundCode& fund, Units units, uint64_t* last_line, Ledger& ledger,
                       const Posting& posting) {
  const IncomeFund* f = Fund(fund);
  if (!f) return;
  const Earnings* seen = earnings_.Find({investor, fund});
  if (seen && seen->settled == f->days) return;
  Earnings& e = earnings_.Mutable({investor, fund});
  const Money before = e.unpaid;
  Advance(fund, &e, units);
  Book(Cause::kIncomeEarned, Cause::kIncomeLost, fund, e.unpaid - before, last_line, ledger, posting);
}

Money IncomeBook::TakeOnRedemption(uint64_t investor, const FundCode& fund, Units held, Units redeemed,
                                   const MoneyFundTerms& terms, uint64_t* last_line, Ledger& ledger,
                                   const Posting& posting) {
  const Earnings* seen = earnings_.Find({investor, fund});
  if (!seen || !redeemed.is_positive()) return Money();
  IncomeAccount a{.units = held, .unpaid = seen->unpaid, .rest = seen->rest};
  const Money out = IncomeOnRedemption(&a, redeemed, terms);
  Earnings& e = earnings_.Mutable({investor, fund});
  e.unpaid = a.unpaid;
  e.rest = a.rest;
  Book(Cause::kIncomeCharged, Cause::kIncomePaid, fund, -out, last_line, ledger, posting);
  return out;
}

void IncomeBook::Convert(uint64_t investor, const FundCode& fund, Money amount, uint64_t* last_line, Ledger& ledger,
                         const Posting& posting) {
  Earnings& e = earnings_.Mutable({investor, fund});
  // What the figure has more or less than ours was earned or lost: people have accepted it, or cannot know.
  Book(Cause::kIncomeEarned, Cause::kIncomeLost, fund, amount - e.unpaid, last_line, ledger, posting);
  e.unpaid = Money();
  e.above = e.below = 0;
  Book(Cause::kIncomeCancelled, Cause::kIncomeConverted, fund, -amount, last_line, ledger, posting);
}

void IncomeBook::Tell(uint64_t investor, const FundCode& fund, Money unpaid, Date answer_day, uint64_t* last_line,
                      Ledger& ledger, const Posting& posting) {
  Earnings& e = earnings_.Mutable({investor, fund});
  if (e.told != answer_day) {
    e.told = answer_day;
    e.before = e.unpaid;
    e.before_above = e.above;
    e.before_below = e.below;
  }
  const Money change = unpaid - e.unpaid;
  e.unpaid = unpaid;
  e.above = e.below = 0;
  Book(Cause::kIncomeEarned, Cause::kIncomeLost, fund, change, last_line, ledger, posting);
}

void IncomeBook::DropBlank(uint64_t investor, const FundCode& fund) {
  if (const Earnings* e = earnings_.Find({investor, fund}); e && e->IsBlank()) earnings_.Erase({investor, fund});
}

void IncomeBook::ForEach(uint64_t investor, absl::FunctionRef<void(const FundCode&, const Earnings&)> visit) {
  earnings_.ScanPrefix(investor, [&](const EarningsKey& key, const Earnings& e) { return visit(key.fund, e), true; });
}
void IncomeBook::ForEach(absl::FunctionRef<void(const EarningsKey&, const Earnings&)> visit) {
  earnings_.ScanAll([&](const EarningsKey& key, const Earnings& e) { return visit(key, e), true; });
}
void IncomeBook::ForEachTotal(absl::FunctionRef<void(const UnitKey&, const IncomeTotals&)> visit) {
  totals_.ScanAll([&](const UnitKey& key, const IncomeTotals& t) { return visit(key, t), true; });
}

}  // namespace fundcore::account
