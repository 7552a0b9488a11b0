// Reservations that the institution keeps (预约): 021, 023 and 025, sent at once, received with 121, 123 or 125, and
// confirmed on the day that they are for as what they are without the reservation. 053 asks for one back before that.
//
// The order is DISPATCHED until its result comes. Its trading day is that of the file which carries it; what it is judged and
// priced by is the day that it is for (PricedOn).
#include "services/trade/machine.h"

namespace fundcore::trade {
namespace {

// The confirmation of a reservation is its application's and a hundred.
constexpr uint8_t kConfirmed = 100;

}  // namespace

bool TradeMachine::IsReceipt(const Order& o, uint8_t confirmation) {
  return IsReservation(o.business) && confirmation == o.business + kConfirmed;
}

// Only what the standard has a reservation of; anything else has to wait for its day here.
Reason TradeMachine::SendReservation(uint64_t seq, Order& o, Date wanted) {
  const bool has_one = o.business == kSubscription || o.business == kPurchase || o.business == kRedemption;
  if (!has_one || (o.flags & kOfPlan)) return Reason::kTradeDayNotReached;
  o.business = static_cast<uint8_t>(o.business + 1);
  reserved_.Mutable(seq).day = wanted;
  return Reason::kNone;
}

// The last day on which 053 can go out is the day that the reservation is for.
TradeMachine::Result TradeMachine::WithdrawReservation(uint64_t seq, const machine::Context& ctx) {
  const Reserved reserved = *reserved_.Find(seq);
  const Order& o = *orders_.Find(seq);
  if (const Aftermath* a = aftermaths_.Find(seq); a && a->lines > 0 && !IsReceipt(o, a->business))
    return {.reason = Reason::kOrderFinal};
  if (reserved.withdrawal != 0 && !HasFailed(reserved.withdrawal)) return {};
  const InstitutionView& view = ViewOf(TaOf(o), ctx.received, waters_.Get().next);
  if (view.problem != Reason::kNone) return {.reason = view.problem};
  if (view.trade_day > reserved.day) return {.reason = Reason::kCutoffPassed};
  const uint64_t made = MakeWithdrawal(seq, kWithdrawReservation, ctx);
  reserved_.Mutable(seq).withdrawal = made;
  return {};
}

// 153: account has given back what was set aside. Nothing is paid for the withdrawal itself, so it is done with.
void TradeMachine::ReservationWithdrawn(uint64_t seq, Order& o, TimePoint now) {
  Change(seq, o, [&] { o.state = OrderState::kSettled; });
  const uint64_t original = OriginalOf(seq, o);
  const Order* known = orders_.Find(original);
  if (!known || known->state != OrderState::kDispatched || !IsReservation(known->business)) return;
  Order& ended = orders_.Mutable(original);
  Change(original, ended, [&] {
    ended.state = OrderState::kCancelled;
    ended.source = ReasonSource::kTrade;
    ended.reason = 0;
  });
  aftermaths_.Mutable(original).ended_at = now;
}

}  // namespace fundcore::trade
