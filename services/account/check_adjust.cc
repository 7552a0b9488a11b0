// What is said of a change of a subscription (162): to one that was asked for, what was asked; without one, no more
// than there is.
#include <algorithm>

#include "services/account/check.h"

namespace fundcore::account {

// The figures may be left out; else they say what holds from now on.
void ConfirmationChecker::CheckAdjusted(const TradeLine& line, const Reservation& r, Rest& rest) {
  rest.consumed = true;
  const Money more = rest.amount;
  const Reservation* original = machine_.FindReservation(r.original);
  const auto nothing = [&] {
    Find(line, "NOTHING_TO_ADJUST", "OriginalAppSheetNo", "a subscription without a result", FormatOrderId(r.original));
  };
  if (!original || original->state != ReservationState::kReserved || !IsSubscription(original->business))
    return nothing();
  Rest& open = RestOf(r.original, *original);  // `rest` may have moved
  if (open.consumed || open.in_part) return nothing();
  Compare(line, "FEE_DIFFERS", "Charge", Money(), line.charge);
  if (!line.amount.is_zero() || !line.units.is_zero()) {
    Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", r.amount, line.amount);
    Compare(line, "UNITS_DIFFER", "ConfirmedVol", r.applied_units, line.units);
  }
  // An earlier line may have made the subscription less than it was when the change was asked for.
  const Money there = open.amount + more;
  if (r.amount > there) Find(line, "ADJUSTED_ABOVE_RESERVED", "ConfirmedAmount", there.ToString(), r.amount.ToString());
  open.amount = std::min(r.amount, there);
  open.applied = r.applied_units;
  open.changed = true;
  open.discount = r.discount;
}

// Less than was applied for may be what the institution takes. More is nobody's to promise but the investor's.
void ConfirmationChecker::CheckAdjustedUnasked(const TradeLine& line, const Reservation& r, Rest& rest) {
  if (IsRefusal(line.return_code)) {
    return Find(line, "BUSINESS_DIFFERS", "BusinessCode", "an answer to a 062 of ours", "162");
  }
  if (r.state != ReservationState::kReserved || rest.in_part) {
    return Find(line, "NOTHING_TO_ADJUST", "AppSheetSerialNo", "a subscription without a result",
                FormatOrderId(line.order));
  }
  Compare(line, "FEE_DIFFERS", "Charge", Money(), line.charge);
  if (!line.amount.is_positive())
    return Find(line, "NOTHING_CONFIRMED", "ConfirmedAmount", "more than 0.00", line.amount.ToString());
  if (line.amount > rest.amount) {
    return Find(line, "ADJUSTED_ABOVE_APPLIED", "ConfirmedAmount", rest.amount.ToString(), line.amount.ToString());
  }
  const Units applied = rest.applied.is_positive() ? rest.applied : r.applied_units;
  if (applied.is_positive()) {
    Terms terms;
    if (!FindTerms(line, r, rest, &terms)) return;
    const Discount own = rest.changed ? rest.discount : r.discount;
    CheckOfferByUnits(line, applied, terms, own.is_zero() ? terms.fund->discount : own);
    rest.applied = std::min(applied, line.units);
  } else {
    Compare(line, "UNITS_DIFFER", "ConfirmedVol", Units(), line.units);
  }
  rest.amount = line.amount;
}

}  // namespace fundcore::account
