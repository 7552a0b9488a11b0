// FundRules: what a fund asks of orders beyond its terms: limits by person and day, closed periods, a term for which units
// are held, a quota that all buyers share. Apart from FundTerms, whose list of fields is nested in facts that are kept and
// never changes.
//
//   const FundRules* rules = products.Rules(fund, received);   // nullptr: none
//   if (rules && rules->ClosedFor(day, FundRules::kPurchases)) …
//
// A value. Zero and empty mean "no such rule". All limits are inclusive: what equals the limit is taken.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "common/base/codec.h"
#include "common/money/decimal.h"
#include "common/time/time.h"
#include "common/types/ids.h"

namespace fundcore {

struct FundRules {
  static constexpr uint8_t kPurchases = 1;
  static constexpr uint8_t kRedemptions = 2;

  // Trading days from `from` to `to`, both included, on which the fund takes no orders of these kinds.
  struct ClosedPeriod {
    Date from, to;
    uint8_t ways = kPurchases | kRedemptions;
    friend bool operator==(const ClosedPeriod&, const ClosedPeriod&) = default;
    FC_FIELDS(from, to, ways)
  };
  // File C6: units registered on `lot_day` may be redeemed by orders of `first_day` and later.
  struct FirstRedemption {
    Date lot_day, first_day;
    friend bool operator==(const FirstRedemption&, const FirstRedemption&) = default;
    FC_FIELDS(lot_day, first_day)
  };

  FundCode fund;
  Money max_purchase_a_day;      // of one investor, all orders of a trading day
  Money max_purchase_total;      // of one investor, all orders that came to something
  Units max_redemption;          // of one order
  Units max_redemption_a_day;    // of one investor
  Units max_holding;             // of one investor: a purchase that would lead above it, at the last price known, is refused
  bool below_minimum_takes_all = false;  // FundTerms::min_holding counts: a redemption that would leave less takes all
  std::vector<ClosedPeriod> closed;
  int32_t holding_days = 0;      // a lot may be redeemed by orders of the day so many calendar days after its registration
  std::vector<FirstRedemption> first_redemptions;  // ascending by lot_day; counts before holding_days
  bool breach_allowed = false;   // earlier, too, at breach_fee instead of the fee by holding time
  Rate breach_fee;
  Rate breach_fund_share;
  Money daily_quota;             // of all buyers of a trading day together
  bool pension_class = false;    // a class for personal pensions (Y): bought from a pension account only
  bool needs_recording = false;  // the sale has to be recorded in sound and picture (双录)
  TimePoint effective_at;

  bool ClosedFor(Date day, uint8_t way) const {
    return std::any_of(closed.begin(), closed.end(), [&](const ClosedPeriod& p) {
      return (p.ways & way) != 0 && p.from <= day && day <= p.to;
    });
  }
  bool LimitsPersons() const {
    return max_purchase_a_day.is_positive() || max_purchase_total.is_positive() || max_redemption_a_day.is_positive();
  }
  // The first day on which units registered on `lot_day` may leave; not set where no rule says anything of it.
  Date FirstDayOf(Date lot_day) const {
    for (const FirstRedemption& f : first_redemptions)
      if (f.lot_day == lot_day) return f.first_day;
    return holding_days > 0 ? lot_day.AddDays(holding_days) : Date();
  }
  // The same but for whom and since when.
  bool SameAs(FundRules other) const {
    other.effective_at = effective_at;
    return Encode(*this) == Encode(other);
  }
  bool Empty() const {
    FundRules none;
    none.fund = fund;
    return SameAs(none);
  }

  FC_FIELDS(fund, max_purchase_a_day, max_purchase_total, max_redemption, max_redemption_a_day, max_holding,
            below_minimum_takes_all, closed, holding_days, first_redemptions, breach_allowed, breach_fee, breach_fund_share,
            daily_quota, pension_class, needs_recording, effective_at)
};

}  // namespace fundcore
