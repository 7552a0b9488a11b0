// Transfers of units: where they go, or come from, must be said, and must not be where they are.
#include "services/trade/machine.h"

namespace fundcore::trade {

Reason TradeMachine::CheckMove(uint64_t seq, const Order& o) {
  const Move* move = moves_.Find(seq);
  const bool to_distributor = o.business == kMoveUnits || o.business == kMoveUnitsOut || o.business == kBringUnits ||
                              o.business == kFastBring;
  if (!move || (to_distributor ? move->distributor : move->account).empty()) return Reason::kTransferTargetMissing;
  if (!to_distributor && move->distributor.empty() && move->account == FormatInvestorId(o.investor))
    return Reason::kTransferTargetIsSource;
  return Reason::kNone;
}

}  // namespace fundcore::trade
