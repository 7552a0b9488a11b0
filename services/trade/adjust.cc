// Changes of an offer's subscription before its result (认购调整): 062 asked for here, 162 by which the institution
// answers it, or says that it has changed a subscription by itself.
//
// An order of business 62 says what its subscription is to be from then on: so much money, or so many units, not a
// difference. Account sets aside what that is more, until the answer. Granted, the subscription is that much, and its
// result (130) is about that; refused or cancelled, it is what it was. One change at a time.
#include <algorithm>

#include "services/trade/aftermath_line.h"
#include "services/trade/machine.h"
#include "services/trade/rules.h"

namespace fundcore::trade {
namespace {

constexpr uint8_t kAdjustmentConfirmed = 162;

bool IsSubscription(const Order& o) { return WithoutReservation(o.business) == kSubscription; }

}  // namespace

Date TradeMachine::PricedOnOriginal(uint64_t seq, const Order& o) {
  const uint64_t original = OriginalOf(seq, o);
  const Order* known = original != 0 ? orders_.Find(original) : nullptr;
  return known && IsSubscription(*known) ? PricedOn(original, *known) : o.trade_day;
}

Reason TradeMachine::CheckAdjustment(uint64_t seq, Order& o, const FundTerms& fund) {
  const uint64_t id = OriginalOf(seq, o);
  const Order* known = id != 0 ? orders_.Find(id) : nullptr;
  if (!known || known->investor != o.investor || known->fund != o.fund || !IsSubscription(*known))
    return Reason::kAdjustedOrderUnknown;
  const Order original = *known;
  switch (original.state) {
    case OrderState::kReceived:
    case OrderState::kChallenged:
    case OrderState::kAccepted: return Reason::kSubscriptionNotReceived;
    case OrderState::kDispatched: break;
    default: return Reason::kSubscriptionHasResult;
  }
  const Aftermath* a = aftermaths_.Find(id);
  if (!a || a->lines == 0 || IsReceipt(original, a->business)) return Reason::kSubscriptionNotReceived;
  if (a->amount.is_positive() || a->units.is_positive()) return Reason::kSubscriptionHasResult;
  const Adjusted* before = adjusted_.Find(id);
  const Order* latest = before && before->latest != 0 ? orders_.Find(before->latest) : nullptr;
  if (latest && !IsFinal(latest->state)) return Reason::kAdjustmentUnderWay;
  if (original.units.is_positive() != o.units.is_positive()) return Reason::kAdjustmentOtherWay;

  TakeDeal(seq, o, fund);
  if (o.units.is_positive() && !PriceOffer(seq, fund, o)) return Reason::kUnitsNotPriced;
  if (o.amount == original.amount && o.units == original.units) return Reason::kAdjustmentChangesNothing;
  // Whoever has less there than a first subscription needs was let in by an earlier one.
  const auto additional = [&] { return original.amount < fund.min_purchase; };
  if (const Reason r = CheckSize(fund, kSubscription, o.amount, o.units, additional); r != Reason::kNone) return r;
  const Money more = std::max(o.amount - original.amount, Money());
  if (const Reason r = CheckRaise(o, original, PricedOn(id, original), more); r != Reason::kNone) return r;

  adjustments_.Mutable(seq).more = more;
  adjusted_.Mutable(id).latest = seq;
  AddUse(id, original, more);
  return Reason::kNone;
}

// What is added counts against the limits by person. Of a quota that all buyers share it would take a place that is not
// its own.
Reason TradeMachine::CheckRaise(const Order& o, const Order& original, Date day, Money more) {
  const FundRules* rules = products_.Rules(FundOf(o), o.received_at);
  if (!rules || !more.is_positive()) return Reason::kNone;
  if (rules->daily_quota.is_positive()) return Reason::kRaiseNeedsQuota;
  Applied on_day, ever;
  if (rules->LimitsPersons()) {
    const uint64_t investor = SequenceOf(o.investor);
    if (const Use* use = uses_.Find({day, investor, original.fund})) on_day = {use->bought, use->redeemed};
    if (const Use* use = uses_.Find({Date(), investor, original.fund})) ever = {use->bought, use->redeemed};
  }
  return CheckRules(*rules, kSubscription, more, Units(), day, on_day, ever);
}

// The subscription's own use becomes more, or less, as far as it is counted at all.
void TradeMachine::AddUse(uint64_t id, const Order& o, Money more) {
  if (more.is_zero() || !products_.has_rules()) return;
  const FundRules* rules = products_.Rules(FundOf(o), o.received_at);
  if (!rules || !rules->LimitsPersons()) return;
  for (const Date day : {PricedOn(id, o), Date()}) {
    const bool ever = rules->max_purchase_total.is_positive();
    const bool limited = ever || (day.is_set() && rules->max_purchase_a_day.is_positive());
    const UseKey key{day, SequenceOf(o.investor), o.fund};
    const Use* known = limited ? uses_.Find(key) : nullptr;
    if (known && id >= known->since) uses_.Mutable(key).bought += more;
  }
}

// Of a 062 that has come to nothing.
void TradeMachine::EndRaise(uint64_t seq) {
  const Adjustment* a = adjustments_.Find(seq);
  if (!a || a->original == 0 || a->more.is_zero()) return;
  const Adjustment was = *a;
  adjustments_.Mutable(seq).more = Money();
  AddUse(was.original, *orders_.Find(was.original), Money() - was.more);
}

void TradeMachine::ChangeSubscription(uint64_t seq, Money amount, Units units) {
  Order& o = orders_.Mutable(seq);
  Adjusted& adjusted = adjusted_.Mutable(seq);
  if (!adjusted.changed) {
    adjusted.changed = true;
    adjusted.first_amount = o.amount;
    adjusted.first_units = o.units;
  }
  Change(seq, o, [&] {
    o.amount = amount;
    o.units = units;
  });
}

// 162 to a 062 of ours. Account has set aside what was asked for and no more: what goes beyond it does not count here,
// either.
void TradeMachine::AdjustmentConfirmed(uint64_t seq, Order& o, Aftermath& a, const ConfirmedLine& line) {
  const bool as_asked = line.amount.is_zero() && line.units.is_zero();
  const Money amount = as_asked ? o.amount : std::min(line.amount, o.amount);
  const Units units = as_asked ? o.units : std::min(line.units, o.units);
  a.amount = as_asked ? o.amount : line.amount;
  a.units = as_asked ? o.units : line.units;
  a.in_part = a.amount < o.amount;
  Change(seq, o, [&] { o.state = OrderState::kSettled; });
  const uint64_t id = OriginalOf(seq, o);
  const Order* known = id != 0 ? orders_.Find(id) : nullptr;
  if (!known || known->state != OrderState::kDispatched || !amount.is_positive()) return EndRaise(seq);
  // What was counted when it was asked for, and what it has come to.
  AddUse(id, *known, amount - known->amount - adjustments_.Find(seq)->more);
  if (const OrderDeal* deal = deals_.Find(seq)) {
    deals_.Put(id, OrderDeal(*deal));
  } else if (deals_.Find(id)) {
    deals_.Erase(id);
  }
  ChangeSubscription(id, amount, units);
}

// The institution has changed a subscription by itself. It may take less; more is nobody's to give but the investor's.
bool TradeMachine::ChangedUnasked(uint64_t seq, const ConfirmedLine& line, NameNo file, std::string_view file_name,
                                  TimePoint now) {
  if (line.business != kAdjustmentConfirmed || !IsSubscription(*orders_.Find(seq))) return false;
  Aftermath& a = aftermaths_.Mutable(seq);
  const Order o = *orders_.Find(seq);
  const bool granted = line.return_code.view() == "0000" || line.return_code.view() == "0408";
  const bool open = o.state == OrderState::kDispatched && !a.amount.is_positive() && !a.units.is_positive();
  if (!granted || !open || !line.amount.is_positive()) {
    ++a.odd_lines;
    a.detail = StrCat("line ", line.line, " of ", file_name, " (162, ", line.return_code.view(),
                      ") changes nothing of the subscription");
    return true;
  }
  TakeLine(line, file, now, a);
  a.detail = line.error_detail;
  const Money amount = std::min(line.amount, o.amount);
  const Units units = line.units.is_zero() ? o.units : std::min(line.units, o.units);
  AddUse(seq, o, amount - o.amount);
  if (amount != o.amount || units != o.units) {
    ChangeSubscription(seq, amount, units);
  } else {
    Noted(seq);
  }
  return true;
}

}  // namespace fundcore::trade
