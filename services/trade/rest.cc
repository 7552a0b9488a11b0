// Deferred rests of large redemptions (巨额赎回): what an institution confirms bit by bit over several days, and what the
// investor withdraws of it meanwhile.
//
// The order stays DISPATCHED while its rest is open. Each line pays on a day of its own, so the order stands in the list of
// each of them and is settled with the last one.
#include <algorithm>

#include "services/trade/machine.h"

namespace fundcore::trade {

uint64_t TradeMachine::OriginalOf(uint64_t order, const Order& o) {
  if (o.business == kAdjustSubscription) {
    const Adjustment* a = adjustments_.Find(order);
    return a ? a->original : 0;
  }
  if (!IsWithdrawal(o.business)) return 0;
  const uint64_t* original = withdrawals_.Find(order);
  return original ? *original : 0;
}

bool TradeMachine::HasFailed(uint64_t withdrawal) {
  const Order* o = orders_.Find(withdrawal);
  return o->state == OrderState::kRejected || o->state == OrderState::kCancelled || o->state == OrderState::kRefused;
}

uint64_t TradeMachine::MakeWithdrawal(uint64_t seq, uint8_t business, const machine::Context& ctx) {
  const Order original = *orders_.Find(seq);
  Waters& waters = waters_.Mutable();
  const uint64_t made = waters.next++;
  FC_CHECK(made < kOrderSequenceLimit, "partition ", partition_.raw(), " has no order numbers left");
  withdrawals_.Put(made, seq);
  Order& o = orders_.Mutable(made);
  o.investor = original.investor;
  o.previous = std::exchange(investors_.Mutable(SequenceOf(original.investor)).last_order, made);
  o.received_at = ctx.received;
  o.business = business;
  o.fund = original.fund;
  o.caller = original.caller;
  const std::string_view what = business == kWithdrawRest ? "rest-of-" : "reservation-";
  o.request_id = RequestId::FromRaw(StrCat(what, FormatOrderId(IdOf(seq)), "-", made));
  const FundCode fund = FundOf(original);
  if (waters.next_review == made && products_.watermark() >= ctx.received) {
    waters.next_review = made + 1;
    ApplyRules(made, o, fund, ctx.now);
  } else {
    Place(made, o, products_.Fund(fund, ctx.received));
  }
  Enter(made, o);
  Noted(made);
  Noted(seq);
  AdvanceUndecided();
  return made;
}

TradeMachine::Result TradeMachine::WithdrawRest(uint64_t seq, const machine::Context& ctx) {
  const uint64_t before = rests_.Find(seq)->withdrawal;
  if (before != 0 && !HasFailed(before)) return {};
  const uint64_t made = MakeWithdrawal(seq, kWithdrawRest, ctx);
  rests_.Mutable(seq).withdrawal = made;
  return {};
}

// A line of an order that has, or gets, a deferred rest. A line of a day that is not the last pays by itself.
void TradeMachine::FollowRest(uint64_t seq, const Order& o, const ConfirmedLine& line) {
  Rest& rest = rests_.Mutable(seq);
  if (!line.units.is_positive()) return;
  rest.last_day = line.confirm_day;
  if (line.interim) ListForSettlement(seq, o, line);
}

// Nothing more comes of the rest: what was confirmed stands.
void TradeMachine::ConcludeRest(uint64_t seq) {
  const Rest& rest = *rests_.Find(seq);
  Order& o = orders_.Mutable(seq);
  Aftermath& a = aftermaths_.Mutable(seq);
  Change(seq, o, [&] {
    if (!a.units.is_positive()) {
      o.state = OrderState::kCancelled;
      o.source = ReasonSource::kTrade;
      o.reason = 0;
      return;
    }
    a.in_part = a.units < o.units;
    // The list of its last day holds it already, if that is not paid.
    o.state = rest.settled_until >= rest.last_day ? OrderState::kSettled : OrderState::kConfirmed;
  });
}

// 152: the rest is off. Nothing is paid for the withdrawal itself, so it is done with.
void TradeMachine::RestWithdrawn(uint64_t seq, Order& o) {
  Change(seq, o, [&] { o.state = OrderState::kSettled; });
  const uint64_t original = OriginalOf(seq, o);
  const Order* known = orders_.Find(original);
  if (known && known->state == OrderState::kDispatched && rests_.Find(original)) ConcludeRest(original);
}

bool TradeMachine::NoteRestPaid(uint64_t seq, Date confirm_day) {
  const Rest* known = rests_.Find(seq);
  if (!known) return true;
  Rest& rest = rests_.Mutable(seq);
  rest.settled_until = std::max(rest.settled_until, confirm_day);
  return confirm_day >= rest.last_day;
}

}  // namespace fundcore::trade
