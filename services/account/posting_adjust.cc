// Changes of an offer's subscription before its result (062 asked for here, 162 as the institution says it).
//
// What a change adds is set aside under its own number until the answer; granted, it is the subscription's. What a
// change takes off stays set aside until then, too, so that a refusal leaves everything as it was.
#include <algorithm>

#include "services/account/posting_line.h"

namespace fundcore::account {

Reason AccountMachine::CheckAdjustment(const Reserve& c, Money* needed) {
  const Reservation* original = FindReservation(c.original);
  if (!original || original->investor != c.investor || original->fund != c.fund ||
      !IsSubscription(original->business) || original->state != ReservationState::kReserved || original->in_part) {
    return Reason::kNothingToAdjust;
  }
  *needed = std::max(c.amount - original->amount_left, Money());
  return Reason::kNone;
}

void AccountMachine::PostAdjusted(Line& l) {
  Reservation* asked = l.reservation && l.reservation->business == kAdjustSubscription ? l.reservation : nullptr;
  const OrderId id = asked ? asked->original : l.in.order;
  const bool waits = asked && asked->state == ReservationState::kReserved;
  const Reservation* known = id.is_set() ? FindReservation(id) : nullptr;
  const bool open = known && l.investor && known->investor == l.in.investor && IsSubscription(known->business) &&
                    known->state == ReservationState::kReserved && !known->in_part && (!asked || waits);
  Money amount = l.in.amount;
  Units units = l.in.units;
  if (asked && amount.is_zero() && units.is_zero()) {  // as asked
    amount = asked->amount;
    units = asked->applied_units;
  }
  if (!open || !amount.is_positive()) {
    if (waits && l.investor) {
      GiveBack(l.in.order, *asked, *l.investor, Cause::kRelease, l.ctx);
      asked->state = ReservationState::kConsumed;
    }
    if (!open) {
      return l.Find("NOTHING_TO_ADJUST", "OriginalAppSheetNo", "a subscription without a result", FormatOrderId(id));
    }
    return l.Find("NOTHING_CONFIRMED", "ConfirmedAmount", "more than 0.00", amount.ToString());
  }
  Reservation& original = reservations_.Mutable(SequenceOf(id));
  const Money there = original.amount_left + (asked ? asked->amount_left : Money());
  const Units most = asked ? asked->applied_units : original.applied_units;
  if (amount > there) l.Find("ADJUSTED_ABOVE_RESERVED", "ConfirmedAmount", there.ToString(), amount.ToString());
  if (asked) {
    asked->amount_left = Money();
    asked->state = ReservationState::kConsumed;
    original.discount = asked->discount;
  }
  original.amount_left = std::min(amount, there);
  // The units that it is checked by later; by amount there are none.
  if (most.is_positive()) original.applied_units = units.is_positive() ? std::min(units, most) : most;
  const Posting posting{.at = l.ctx.now, .order = SequenceOf(id), .ta = l.ta, .fund = original.fund, .brief = true};
  ledger_.MoveCash(Cause::kRelease, there - original.amount_left, &l.investor->cash, l.chain(), posting);
}

}  // namespace fundcore::account
