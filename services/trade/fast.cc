// Redemptions at once (098): the rules of the fund. What a person has had of it today is account's to count, what the bank has
// out is product's.
#include "services/trade/machine.h"

namespace fundcore::trade {

Reason TradeMachine::CheckFast(uint64_t seq, const Order& o, const FundCode& code) {
  const FastRedemptionTerms* fast = products_.Fast(code, o.received_at);
  if (!fast) return Reason::kFastNotOffered;
  if (o.units < fast->least) return Reason::kUnitsBelowMinimum;
  if (Money::FromRaw(o.units.raw()) > fast->person_a_day) return Reason::kFastAbovePersonLimit;
  moves_.Put(seq, {fast->bank, fast->bank_account, ""});
  return Reason::kNone;
}

}  // namespace fundcore::trade
