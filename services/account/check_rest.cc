// What a confirmation says about the rest of a large redemption: against the investor's own choice, and what is left.
#include "services/account/check.h"

namespace fundcore::account {

// A line that leaves a rest says by BusinessFinishFlag whether more will come. What the investor chose decides that.
void ConfirmationChecker::CheckRest(const TradeLine& line, const Reservation& r, const Rest& before) {
  const bool left = line.units < before.units;
  const bool continues = line.return_code.view() == "0410";
  if (line.interim && !left) Find(line, "NO_REST_LEFT", "BusinessFinishFlag", "1", "0");
  if (line.interim && left && r.cancel_rest) Find(line, "REST_DEFERRED", "BusinessFinishFlag", "1", "0");
  // Under another code a part may be confirmed for other reasons than a large redemption.
  if (!line.interim && left && continues && !r.cancel_rest) Find(line, "REST_CANCELLED", "BusinessFinishFlag", "0", "1");
}

void ConfirmationChecker::CheckWithdrawn(const TradeLine& line, const Reservation& r, Rest& rest) {
  rest.consumed = true;
  const Reservation* original = machine_.FindReservation(r.original);
  const std::string number = FormatOrderId(r.original);
  if (!original || original->state != ReservationState::kReserved) {
    return Find(line, "NOTHING_TO_WITHDRAW", "OriginalAppSheetNo", "an order with an open rest", number);
  }
  Rest& open = RestOf(r.original, *original);
  if (open.consumed) return Find(line, "NOTHING_TO_WITHDRAW", "OriginalAppSheetNo", "an order with an open rest", number);
  Compare(line, "UNITS_DIFFER", "ConfirmedVol", open.units, line.units);
  Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", Money(), line.amount);
  open.consumed = true;
}

}  // namespace fundcore::account
