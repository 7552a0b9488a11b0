// What account and risk answered, and what the investor does meanwhile: judging, cancelling, the second proof.
//
// Every order that ends here after account may have been asked is owed a release. It is sent whether or not anything
// was reserved: a release that comes before its reservation makes the latter fail, so money cannot stay behind.
#include <algorithm>

#include "services/trade/machine.h"

namespace fundcore::trade {

TradeMachine::Result TradeMachine::Execute(const Judge& c, const machine::Context& ctx) {
  Begin();
  for (const ForeignReason& f : c.names) {
    const ForeignKey key{f.source, f.number};
    const NameText* known = foreign_.Find(key);
    if (!known || known->text != f.name) foreign_.Mutable(key).text = f.name;
  }
  auto extra = c.extras.begin();
  for (uint32_t i = 0; i < c.orders.size(); ++i) {
    while (extra != c.extras.end() && extra->item < i) ++extra;
    const bool has = extra != c.extras.end() && extra->item == i;
    JudgeOne(c.orders[i], has ? &*extra : nullptr, ctx.now);
  }
  TellEnds(ctx);
  AdvanceUndecided();
  return {};
}

void TradeMachine::JudgeOne(const JudgeItem& item, const JudgeExtra* extra, TimePoint now) {
  Order* o = orders_.FindMutable(item.order);
  if (!o) return;
  const bool reserved = item.account_reason == 0;
  if (o->state != OrderState::kReceived) {
    // Cancelled while account was being asked. A second judgement of an order that is on its way changes nothing.
    if (reserved && o->state == OrderState::kCancelled) releases_.Add(item.order);
    return;
  }
  Change(item.order, *o, [&] {
    o->judged_at = now;
    o->ta_account = item.ta_account;
    if (!reserved) return SetRejected(*o, ReasonSource::kAccount, item.account_reason);
    o->flags |= kReserved;
    if (extra && extra->units.is_positive() && extra->units != o->units) {
      asked_.Put(item.order, {o->units});
      o->units = extra->units;
    }
    if (extra && extra->trade_reason != 0 && item.risk != RiskOutcome::kBlock) {
      releases_.Add(item.order);
      return SetRejected(*o, ReasonSource::kTrade, extra->trade_reason);
    }
    switch (item.risk) {
      case RiskOutcome::kAllow:
        o->state = OrderState::kAccepted;
        if (IsAdvance(*o)) releases_.Add(item.order);
        return RememberPurchase(*o);
      case RiskOutcome::kBlock:
        releases_.Add(item.order);
        return SetRejected(*o, ReasonSource::kRisk, item.risk_reason);
      case RiskOutcome::kChallenge:
        if (DayOf(*o).closed_from != 0) {  // the cut-off, at which a challenge lapses, is over
          releases_.Add(item.order);
          return SetRejected(*o, ReasonSource::kTrade, static_cast<uint32_t>(Reason::kChallengeLapsed));
        }
        o->state = OrderState::kChallenged;
        o->flags |= kWasChallenged;
        o->source = ReasonSource::kRisk;
        o->reason = item.risk_reason;
        challenges_.Put({TaOf(*o), o->trade_day, item.order}, {});
        return;
    }
    FC_CHECK(false, "risk outcome ", static_cast<int>(item.risk), " is unknown to this build");
  });
  Follow(item.order, *o);
  TellPlan(item.order, *o, now);
}

void TradeMachine::RememberPurchase(const Order& o) {
  if (!MovesCash(o.business)) return;
  const uint64_t seq = SequenceOf(o.investor);
  const Investor* known = investors_.Find(seq);
  if (known && std::find(known->bought.begin(), known->bought.end(), o.fund) != known->bought.end()) return;
  investors_.Mutable(seq).bought.push_back(o.fund);
}

TradeMachine::Result TradeMachine::Execute(const QuotaReleased& c, const machine::Context&) {
  for (uint64_t order : c.orders) quota_releases_.Remove(order);
  return {};
}

TradeMachine::Result TradeMachine::Execute(const Released& c, const machine::Context&) {
  for (uint64_t order : c.orders) releases_.Remove(order);
  return {};
}

std::vector<uint64_t> TradeMachine::ReleasesBefore(const Order& order, size_t most) {
  std::vector<uint64_t> owed;
  if (releases_.empty()) return owed;
  for (uint64_t seq = order.previous; seq != 0 && most > 0; --most) {
    const Order* before = orders_.Find(seq);
    if (releases_.Contains(seq) && before && !IsAdvance(*before)) owed.push_back(seq);
    seq = before ? before->previous : 0;
  }
  return owed;
}

Order* TradeMachine::OwnOrder(InvestorId investor, OrderId order) {
  if (PartitionOf(order) != partition_) return nullptr;
  const Order* o = orders_.Find(SequenceOf(order));
  return o && o->investor == investor && o->business != kConvertIn ? &orders_.Mutable(SequenceOf(order)) : nullptr;
}

bool TradeMachine::PastCutoff(const Order& o, TimePoint received) {
  if (!o.trade_day.is_set()) return false;
  const TaCode ta = TaOf(o);
  const InstitutionTerms* terms = products_.Institution(ta);
  if (terms && received >= TimePoint::At(o.trade_day, terms->cutoff)) return true;
  const Day* day = days_.Find({o.trade_day, ta});
  return day && day->closed_from != 0;
}

TradeMachine::Result TradeMachine::Execute(const Cancel& c, const machine::Context& ctx) {
  Begin();
  Order* o = OwnOrder(c.investor, c.order);
  const uint64_t seq = SequenceOf(c.order);
  if (!o) return {.reason = Reason::kOrderNotFound};
  if (o->state == OrderState::kCancelled) return {};
  if (o->state == OrderState::kDispatched && rests_.Find(seq)) return WithdrawRest(seq, ctx);
  if (o->state == OrderState::kDispatched && IsReservation(o->business)) return WithdrawReservation(seq, ctx);
  if (o->state != OrderState::kReceived && o->state != OrderState::kAccepted && o->state != OrderState::kChallenged) {
    return {.reason = Reason::kOrderFinal};
  }
  if (o->transfer.is_set()) return {.reason = Reason::kOrderSealed};
  if (IsFast(o->business) && o->state == OrderState::kAccepted) return {.reason = Reason::kFastPaid};
  if (PastCutoff(*o, ctx.received)) return {.reason = Reason::kCutoffPassed};
  if (const Reason r = LegPrevents(seq, *o, ctx.received); r != Reason::kNone) return {.reason = r};

  if (o->state == OrderState::kChallenged) EndChallenge(seq, *o);
  Change(seq, *o, [&] {
    o->state = OrderState::kCancelled;
    o->source = ReasonSource::kTrade;
    o->reason = 0;
  });
  Follow(seq, *o);
  aftermaths_.Mutable(seq).ended_at = ctx.now;
  releases_.Add(seq);
  TellPlan(seq, *o, ctx.now);
  TellEnds(ctx);
  AdvanceUndecided();
  return {};
}

TradeMachine::Result TradeMachine::Execute(const AnswerChallenge& c, const machine::Context& ctx) {
  Begin();
  Order* o = OwnOrder(c.investor, c.order);
  const uint64_t seq = SequenceOf(c.order);
  if (!o) return {.reason = Reason::kOrderNotFound};
  if (o->flags & kChallengeAnswered) return {};
  if (o->state != OrderState::kChallenged) return {.reason = Reason::kNotChallenged};
  if (PastCutoff(*o, ctx.received)) return {.reason = Reason::kCutoffPassed};

  EndChallenge(seq, *o);
  Change(seq, *o, [&] {
    o->flags |= kChallengeAnswered;
    if (!c.passed) return SetRejected(*o, ReasonSource::kTrade, static_cast<uint32_t>(Reason::kChallengeFailed));
    o->state = OrderState::kAccepted;
    o->source = ReasonSource::kTrade;
    o->reason = 0;
    if (IsAdvance(*o)) releases_.Add(seq);
    RememberPurchase(*o);
  });
  Follow(seq, *o);
  aftermaths_.Mutable(seq).answered_at = ctx.now;
  if (!c.passed) releases_.Add(seq);
  TellPlan(seq, *o, ctx.now);
  TellEnds(ctx);
  return {};
}

}  // namespace fundcore::trade
