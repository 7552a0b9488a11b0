// Posting what becomes of the deferred rest of a large redemption that its investor has withdrawn (152), and of a
// reservation that the institution had kept and gives back (153).
#include "services/account/machine.h"

namespace fundcore::account {

// What is still set aside goes back to the investor; what was confirmed before stands. The withdrawal itself has set nothing
// aside.
void AccountMachine::PostWithdrawn(const TradeLine& line, Reservation* r, Investor* investor, const machine::Context& ctx,
                                   std::vector<FindingEntry>& findings) {
  const OrderId original_id = r ? r->original : OrderId();
  const Reservation* known = original_id.is_set() ? FindReservation(original_id) : nullptr;
  const bool open = known && known->investor == line.investor && known->state == ReservationState::kReserved;
  if (open && investor) {
    Reservation& original = reservations_.Mutable(SequenceOf(original_id));
    GiveBack(original_id, original, *investor, Cause::kRelease, ctx);
    original.state = ReservationState::kConsumed;
  } else {
    const bool of_reservation = r && r->business == 53;
    findings.push_back({line.line, "NOTHING_TO_WITHDRAW", "OriginalAppSheetNo",
                        of_reservation ? "a reservation that is kept" : "an order with an open rest",
                        original_id.is_set() ? FormatOrderId(original_id) : "", line.order, line.investor});
  }
  if (r && r->state == ReservationState::kReserved) r->state = ReservationState::kConsumed;
}

}  // namespace fundcore::account
