// The product rules an order must keep, as a pure function of the terms in force when it was received.
#pragma once

#include "absl/functional/function_ref.h"
#include "common/product/facts.h"
#include "services/trade/commands.h"
#include "services/trade/reason.h"

namespace fundcore::trade {

// Does the fund, in this state, take orders of this business (020, 022, 024)?
Reason CheckStatus(FundStatus status, uint8_t business);

// Is the order of a size that the fund takes? `bought_before` says whether the investor has an accepted purchase of the
// fund; it is asked only where the answer matters.
Reason CheckSize(const FundTerms& fund, uint8_t business, Money amount, Units units,
                 absl::FunctionRef<bool()> bought_before);

// What an investor has under way or done in a fund, on a trading day or ever, without the order in hand.
struct Applied {
  Money bought;
  Units redeemed;
};
// Do the fund's rules beyond its terms let the order through?
Reason CheckRules(const FundRules& rules, uint8_t business, Money amount, Units units, Date trade_day, const Applied& on_day,
                  const Applied& ever);

// The trading day of an order: the first day, from the day of receipt on where that is before the cut-off, else from
// the next on, at which the calendar is open and which `closed` does not exclude. Errors: kOutOfRange where the
// calendar does not reach that far.
absl::StatusOr<Date> TradingDay(const TradingCalendar& calendar, TimeOfDay cutoff, TimePoint received,
                                absl::FunctionRef<bool(Date)> closed);

}  // namespace fundcore::trade
