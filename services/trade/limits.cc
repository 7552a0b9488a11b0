// Limits by person and the quota that all buyers of a fund share.
//
// A use counts from the moment the product rules let an order through until it comes to nothing: refused, cancelled or
// rejected later it makes room again. Uses are kept only for funds with such limits, from the first order on that meets them.
#include "services/trade/machine.h"
#include "services/trade/rules.h"

namespace fundcore::trade {
namespace {

// Purchases and redemptions are limited, a plan's too; what says something else about units, or of a plan itself, is not.
bool IsLimited(const Order& o) {
  return !IsPlanContract(o.business) && (IsRedemption(o.business) || o.amount.is_positive());
}

// What of an order counts: only what a limit bounds, so that no sum can grow without end.
Money BoughtBy(const Order& o, const FundRules& rules) {
  return rules.max_purchase_a_day.is_positive() || rules.max_purchase_total.is_positive() ? o.amount : Money();
}
Units RedeemedBy(Units units, const FundRules& rules) {
  return rules.max_redemption_a_day.is_positive() ? units : Units();
}

}  // namespace

Reason TradeMachine::CheckLimits(uint64_t seq, const Order& o, const FundCode& code) {
  const FundRules* rules = products_.Rules(code, o.received_at);
  if (!rules || !IsLimited(o)) return Reason::kNone;
  Applied on_day, ever;
  const Date day = PricedOn(seq, o);
  if (rules->LimitsPersons()) {
    const uint64_t investor = SequenceOf(o.investor);
    if (const Use* use = uses_.Find({day, investor, o.fund})) on_day = {use->bought, use->redeemed};
    if (const Use* use = uses_.Find({Date(), investor, o.fund})) ever = {use->bought, use->redeemed};
  }
  const Reason reason = CheckRules(*rules, WithoutReservation(o.business), o.amount, o.units, day, on_day, ever);
  if (reason == Reason::kNone && rules->LimitsPersons()) BeginUse(seq, o, rules);
  return reason;
}

void TradeMachine::BeginUse(uint64_t seq, const Order& o, const FundRules* rules) {
  const auto begin = [&](Date day) {
    Use& use = uses_.Mutable({day, SequenceOf(o.investor), o.fund});
    if (use.since == 0) use.since = seq;
    use.bought += BoughtBy(o, *rules);
    use.redeemed += RedeemedBy(o.units, *rules);
  };
  begin(PricedOn(seq, o));
  if (rules->max_purchase_total.is_positive()) begin(Date());
}

void TradeMachine::EndUse(uint64_t seq, const Order& o) {
  if (IsFast(o.business)) {
    // What the institution refuses was paid before: the bank has it out until people have settled it.
    if (o.state != OrderState::kRefused) quota_releases_.Add(seq);
    return;
  }
  if (o.business == kAdjustSubscription) return EndRaise(seq);
  if (!products_.has_rules()) return;
  const FundRules* rules = products_.Rules(FundOf(o), o.received_at);
  if (!rules) return;
  if (NeedsQuota(o)) quota_releases_.Add(seq);
  // An order that was cancelled before the rules looked at it never counted.
  if (!IsLimited(o) || !rules->LimitsPersons() || seq >= waters_.Get().next_review) return;
  // What was asked for was counted, whatever account made of it.
  const Asked* asked = FindAsked(seq, o);
  const Units units = asked ? asked->units : o.units;
  const auto end = [&](Date day) {
    const UseKey key{day, SequenceOf(o.investor), o.fund};
    const Use* known = uses_.Find(key);
    if (!known || seq < known->since) return;
    Use& use = uses_.Mutable(key);
    use.bought -= BoughtBy(o, *rules);
    use.redeemed -= RedeemedBy(units, *rules);
  };
  end(PricedOn(seq, o));
  if (rules->max_purchase_total.is_positive()) end(Date());
}

bool TradeMachine::NeedsQuota(const Order& o) {
  if (IsFast(o.business)) return true;
  if (!products_.has_rules() || !o.amount.is_positive() || IsPlanContract(o.business)) return false;
  if (o.business == kAdjustSubscription) return false;  // more of a fund with a quota is a subscription of its own
  const FundRules* rules = products_.Rules(FundOf(o), o.received_at);
  return rules && rules->daily_quota.is_positive();
}

}  // namespace fundcore::trade
