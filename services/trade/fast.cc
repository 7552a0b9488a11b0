// Redemptions at once (098, and 096 where the bank's account is at another distributor): the rules of the fund. What a person has had of it today is account's to count, what the bank has
// out is product's.
#include "services/trade/machine.h"

namespace fundcore::trade {

Reason TradeMachine::CheckFast(uint64_t seq, Order& o, const FundCode& code) {
  const FastRedemptionTerms* fast = products_.Fast(code, o.received_at);
  if (!fast) return Reason::kFastNotOffered;
  if (o.units < fast->least) return Reason::kUnitsBelowMinimum;
  if (Money::FromRaw(o.units.raw()) > fast->person_a_day) return Reason::kFastAbovePersonLimit;
  const std::string distributor = fast->distributor();
  if (distributor.empty()) {
    if (o.business == kFastMoveOut) return Reason::kFastNotOffered;  // the bank's account is not elsewhere
    moves_.Put(seq, {fast->bank, fast->bank_account, ""});
    return Reason::kNone;
  }
  o.business = kFastMoveOut;
  moves_.Put(seq, {distributor, fast->account(), ""});
  return Reason::kNone;
}

}  // namespace fundcore::trade
