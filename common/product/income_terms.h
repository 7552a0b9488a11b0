// How a money fund's income is worked out and becomes units: a fact of product beside the fund's terms.
//
//   const IncomeTerms* terms = products.Income(fund);
//   if (terms && PayoutDue(*terms, last_day, day)) …     // what is unpaid becomes units with the income of this day
//
// Plain values and pure functions. New fields go to the end of the list of ProductFact's own visitor, not in here: the
// struct is nested there.
#pragma once

#include "common/base/codec.h"
#include "common/fund/income_series.h"
#include "common/time/time.h"

namespace fundcore {

struct IncomeTerms {
  bool accrues = false;          // false: the fund has no income of this kind (any more)
  IncomeMode mode = IncomeMode::kCarry;
  LossRule loss = LossRule::kCutUnits;
  bool pays_on_full_redemption = true;
  uint8_t payout_day = 0;        // 0: every day; 1 to 28: with the income of that day of the month; 31: of its last day
  FC_FIELDS(accrues, mode, loss, pays_on_full_redemption, payout_day)
  friend bool operator==(const IncomeTerms&, const IncomeTerms&) = default;
  MoneyFundTerms arithmetic() const { return {mode, loss, pays_on_full_redemption}; }
};

// Whether the income of `day`, published after that of `last` (not set: the first one), is the last before a payout. Days
// published together count as all the days since `last`.
inline bool PayoutDue(const IncomeTerms& terms, Date last, Date day) {
  if (terms.payout_day == 0) return true;
  for (Date d = last.is_set() ? last.AddDays(1) : day; d <= day; d = d.AddDays(1)) {
    const bool last_of_month = d.AddDays(1).raw() % 100 == 1;
    if (terms.payout_day == 31 ? last_of_month : d.raw() % 100 == terms.payout_day) return true;
  }
  return false;
}

}  // namespace fundcore
