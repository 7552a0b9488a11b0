// Conversions: the rules that they have beside a redemption's, and the leg that goes to a second institution.
//
// A leg is an entry of its own among the orders, so that it is counted, sealed, dispatched and settled on its institution's
// day like any other. It has no request and no decision of its own: until it goes out it is what its order is.
#include <algorithm>

#include "services/trade/machine.h"
#include "services/trade/rules.h"

namespace fundcore::trade {

Reason TradeMachine::CheckOpenOn(const FundTerms& fund, Date day) {
  const TradingCalendar* calendar = products_.Calendar(fund.calendar);
  if (!calendar) return Reason::kNoTradingDay;
  const auto open = calendar->IsOpen(day);
  if (!open.ok()) return Reason::kNoTradingDay;
  return *open ? Reason::kNone : Reason::kFundClosedOnTradeDay;
}

Reason TradeMachine::CheckConversion(uint64_t seq, Order& o, const FundTerms& fund) {
  const Conversion* asked = conversions_.Find(seq);
  if (!asked) return Reason::kTargetFundUnknown;
  const FundCode code(funds_.Text(asked->target));
  if (code == fund.code) return Reason::kTargetIsSameFund;
  const FundTerms* target = products_.Fund(code, o.received_at);
  if (!target) return Reason::kTargetFundUnknown;
  const FundConversions* out = products_.Conversions(fund.code, o.received_at);
  const FundConversions* in = products_.Conversions(code, o.received_at);
  const ConversionRelation* relation = out ? out->To(code) : nullptr;
  if (!relation) return Reason::kNoConversionRelation;
  if (!out->out()) return Reason::kConvertOutStopped;
  if (!in || !in->in()) return Reason::kConvertInStopped;
  if (CheckStatus(target->status, kPurchase) != Reason::kNone) return Reason::kTargetNotOpen;
  if (CheckOpenOn(*target, o.trade_day) != Reason::kNone) return Reason::kTargetClosedOnTradeDay;
  const InstitutionView& there = ViewOf(target->ta, o.received_at, seq);
  if (there.problem == Reason::kInstitutionUnknown) return Reason::kTargetFundUnknown;
  if (there.problem != Reason::kNone || there.trade_day != o.trade_day) return Reason::kTargetClosedOnTradeDay;
  if (!o.units.is_positive()) return Reason::kNothingApplied;
  if (o.units < relation->min_units) return Reason::kUnitsBelowConversionMinimum;
  if (relation->max_units.is_positive() && o.units > relation->max_units) return Reason::kUnitsAboveConversionMaximum;
  if (target->max_purchase.is_positive()) {
    // What it will come to is not known yet; by the latest price it is known well enough to spare the way.
    const NavFact* nav = products_.FindNavBefore(fund.code, o.received_at.date());
    if (nav && Value(o.units, nav->nav, Rounding::kTruncate) > target->max_purchase) return Reason::kTargetAboveMaximum;
  }
  if (target->ta != fund.ta) o.business = kConvertOut;
  Conversion& k = conversions_.Mutable(seq);
  k.target_ta = there.number;
  k.min_days = static_cast<uint32_t>(relation->min_days);
  k.investors = relation->investors;
  return Reason::kNone;
}

void TradeMachine::AddLeg(uint64_t seq, const Order& o) {
  Conversion& k = conversions_.Mutable(seq);
  const uint64_t leg_seq = waters_.Mutable().next++;
  k.other = leg_seq;
  Order& leg = orders_.Mutable(leg_seq);
  leg.investor = o.investor;
  leg.received_at = o.received_at;
  leg.units = o.units;
  leg.product_version = o.product_version;
  leg.fund = k.target;
  leg.ta = k.target_ta;
  leg.caller = o.caller;
  leg.trade_day = o.trade_day;
  leg.business = kConvertIn;
  Conversion& other = conversions_.Mutable(leg_seq);
  other.target = o.fund;
  other.target_ta = o.ta;
  other.other = seq;
  Enter(leg_seq, leg);
}

void TradeMachine::Follow(uint64_t seq, const Order& o) {
  if (o.business != kConvertOut) return;
  const uint64_t leg_seq = conversions_.Find(seq)->other;
  if (leg_seq == 0) return;  // refused by the product rules: there never was one
  Order& leg = orders_.Mutable(leg_seq);
  if (IsFinal(leg.state) || leg.state == OrderState::kConfirmed) return;
  if (o.state != OrderState::kAccepted && !IsFinal(o.state)) return;
  if (o.state == OrderState::kAccepted && leg.state != OrderState::kReceived) return;
  Change(leg_seq, leg, [&] {
    leg.state = o.state;
    leg.source = o.source;
    leg.reason = o.reason;
    leg.judged_at = o.judged_at;
  });
}

bool TradeMachine::AwaitsLegs() {
  constexpr uint64_t kLooked = 10'000;
  const Waters& waters = waters_.Get();
  if (waters.next - waters.next_review > kLooked) return true;  // so many that one will be among them
  for (uint64_t seq = waters.next_review; seq < waters.next; ++seq) {
    const Order* o = orders_.Find(seq);
    if (o && o->business == kConversion && o->state == OrderState::kReceived) return true;
  }
  return false;
}

Reason TradeMachine::LegPrevents(uint64_t seq, const Order& o, TimePoint received) {
  if (o.business != kConvertOut) return Reason::kNone;
  const uint64_t leg_seq = conversions_.Find(seq)->other;
  const Order* leg = leg_seq != 0 ? orders_.Find(leg_seq) : nullptr;
  if (!leg) return Reason::kNone;
  if (leg->transfer.is_set()) return Reason::kOrderSealed;
  return PastCutoff(*leg, received) ? Reason::kCutoffPassed : Reason::kNone;
}

}  // namespace fundcore::trade
