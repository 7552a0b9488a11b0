// What is said of a reservation that the institution keeps: its receipt (121, 123, 125), and that it is off (153).
#include "services/account/check.h"

namespace fundcore::account {

// A receipt has no result: the figures may be left out, or say again what was applied for; the day is that of the order.
void ConfirmationChecker::CheckReceipt(const TradeLine& line, const Reservation& r, const Rest& rest,
                                       const TradeDetail* detail) {
  if (rest.in_part) Find(line, "ALREADY_CONFIRMED", "BusinessCode", "its result before", std::to_string(line.business));
  const Units units = r.applied_units.is_positive() ? r.applied_units : r.units;
  if (!line.amount.is_zero()) Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", r.amount, line.amount);
  if (!line.units.is_zero()) Compare(line, "UNITS_DIFFER", "ConfirmedVol", units, line.units);
  Compare(line, "FEE_DIFFERS", "Charge", Money(), line.charge);
  if (detail && detail->reserved.is_set() && detail->reserved != r.trade_day) {
    Find(line, "RESERVED_DAY_DIFFERS", line.business == 125 ? "RedemptionDateInAdvance" : "FutureSubscribeDate",
         r.trade_day.Compact(), detail->reserved.Compact());
  }
}

void ConfirmationChecker::CheckReservationWithdrawn(const TradeLine& line, const Reservation& r, Rest& rest) {
  rest.consumed = true;
  const Reservation* original = machine_.FindReservation(r.original);
  const auto nothing_kept = [&] {
    Find(line, "NOTHING_TO_WITHDRAW", "OriginalAppSheetNo", "a reservation that is kept", FormatOrderId(r.original));
  };
  if (!original || original->state != ReservationState::kReserved || !IsReservation(original->business)) return nothing_kept();
  Rest& kept = RestOf(r.original, *original);
  if (kept.consumed || kept.in_part) return nothing_kept();
  if (!line.units.is_zero()) Compare(line, "UNITS_DIFFER", "ConfirmedVol", kept.units, line.units);
  if (!line.amount.is_zero()) Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", kept.amount, line.amount);
  kept.consumed = true;
}

}  // namespace fundcore::account
