// See view.h.
#include "services/trade/view.h"

#include <algorithm>

#include "common/ofd/business_code.h"
#include "common/rpc/reason_words.h"

namespace fundcore::trade {
namespace {

std::string Text(std::string_view s) { return std::string(s); }

// For people: what the reason means and what helps.
std::string MessageOf(TradeMachine& machine, ReasonSource source, uint32_t reason) {
  switch (source) {
    case ReasonSource::kTrade: return Text(ReasonText(static_cast<Reason>(reason)));
    case ReasonSource::kAccount:
      return StrCat("cash or units could not be set aside: ", machine.ReasonNameOf(source, reason));
    case ReasonSource::kRisk: return StrCat("the risk decision says: ", machine.ReasonNameOf(source, reason));
    case ReasonSource::kTransferAgent:
      return StrCat("refused by the transfer agent with return code ", machine.ReasonNameOf(source, reason));
  }
  return "";
}

// The same for the investor, and as the standard's return code.
template <class To>
void SayInChinese(ReasonSource source, std::string_view name, To* to) {
  if (source == ReasonSource::kTransferAgent) return to->set_message_zh(Text(ofd::ReturnCodeMeaning(name)));
  if (const rpc::ReasonWords* words = rpc::FindReasonWords(name)) to->set_message_zh(Text(words->zh));
}
template <class To>
void SayWhy(TradeMachine& machine, ReasonSource source, uint32_t reason, To* to) {
  const std::string name = machine.ReasonNameOf(source, reason);
  SayInChinese(source, name, to);
  const rpc::ReasonWords* words = rpc::FindReasonWords(name);
  to->set_standard_code(source == ReasonSource::kTransferAgent ? name : words ? Text(words->code) : "");
  to->set_message(MessageOf(machine, source, reason));
  to->set_reason(name);
}

template <class To>
void SayTookAll(const Asked& asked, const Order& o, To* to) {
  to->set_message(StrCat(asked.units.ToString(), " units were asked for; what would have stayed is below the fund's least balance, so the "
                         "order redeems all ", o.units.ToString()));
  to->set_message_zh("剩余份额低于最低持有份额，已转为全部赎回");
  to->set_standard_code("0370");
}

bool HasReason(OrderState s) {
  return s == OrderState::kRejected || s == OrderState::kRefused || s == OrderState::kChallenged;
}

}  // namespace

std::string_view StateName(OrderState state) {
  switch (state) {
    case OrderState::kNone: return "ORDER_STATE_UNSPECIFIED";
    case OrderState::kReceived: return "RECEIVED";
    case OrderState::kAccepted: return "ACCEPTED";
    case OrderState::kDispatched: return "DISPATCHED";
    case OrderState::kConfirmed: return "CONFIRMED";
    case OrderState::kSettled: return "SETTLED";
    case OrderState::kRejected: return "REJECTED";
    case OrderState::kCancelled: return "CANCELLED";
    case OrderState::kRefused: return "REFUSED";
    case OrderState::kChallenged: return "CHALLENGED";
  }
  return "";
}

void FillOrder(TradeMachine& machine, uint64_t seq, const Order& o, v1::Order* out) {
  out->set_order_id(machine.PublicId(seq, o).raw());
  if (const Conversion* k = IsConversion(o.business) || o.business == kConvertIn ? machine.FindConversion(seq) : nullptr) {
    out->set_target_fund_code(Text(machine.FundName(k->target)));
    out->set_target_ta_code(Text(machine.TaName(k->target_ta)));
    out->set_target_units_e2(k->in_units.raw());
    out->set_target_nav_e8(k->in_nav.raw());
    out->set_target_amount_fen(k->in_amount.raw());
    out->set_difference_fee_fen(k->difference_fee.raw());
    out->set_target_return_code(Text(k->in_code.view()));
  }
  if (const Move* move = IsMove(o.business) ? machine.FindMove(seq) : nullptr) {
    out->set_target_distributor(move->distributor);
    out->set_target_trading_account(move->account);
    out->set_transfer_reason(move->reason);
  }
  if (const OrderDeal* deal = MovesCash(o.business) || o.business == kAdjustSubscription ? machine.FindDeal(seq)
                                                                                           : nullptr) {
    out->set_discount_e8(deal->discount.raw());
    out->set_campaign(deal->campaign);
  }
  out->set_investor_id(o.investor.raw());
  out->set_request_id(Text(o.request_id.view()));
  out->set_business(o.business);
  out->set_fund_code(Text(machine.FundOf(o).view()));
  out->set_ta_code(Text(machine.TaOf(o).view()));
  out->set_amount_fen(o.amount.raw());
  out->set_units_e2(o.units.raw());
  out->set_state(static_cast<v1::OrderState>(o.state));
  if (HasReason(o.state)) SayWhy(machine, o.source, o.reason, out);
  out->set_trade_day(machine.ToldDay(seq, o).raw());
  out->set_received_at_us(o.received_at.raw());
  out->set_product_version(o.product_version);
  out->set_transfer_no(o.transfer.raw());
  out->set_ta_account(Text(o.ta_account.view()));
  if (IsRedemption(o.business) && (o.flags & (kDeferLargeRedemption | kCancelLargeRedemption))) {
    out->set_defer_large_redemption((o.flags & kDeferLargeRedemption) != 0);
  }
  if (const Reserved* reserved = machine.FindReserved(seq, o); reserved && reserved->withdrawal != 0)
    out->set_withdrawal_order_id(machine.IdOf(reserved->withdrawal).raw());
  if (const uint64_t original = machine.OriginalOf(seq, o)) out->set_original_order_id(machine.IdOf(original).raw());
  if (const Adjusted* adjusted = WithoutReservation(o.business) == kSubscription ? machine.FindAdjusted(seq) : nullptr) {
    if (adjusted->latest != 0) out->set_adjustment_order_id(machine.IdOf(adjusted->latest).raw());
    if (adjusted->changed) {
      out->set_amount_before_fen(adjusted->first_amount.raw());
      out->set_units_before_e2(adjusted->first_units.raw());
    }
  }
  if (o.business == kDividendWay) out->set_dividend_method(o.flags & kDividendInCash ? "1" : "0");
  if (const Origin* origin = machine.OriginOf(seq, o)) {
    out->set_trade_day_wanted(origin->trade_day_wanted.raw());
    if (origin->distributor != 0) {
      v1::Origin* file = out->mutable_origin();
      file->set_distributor(Text(machine.DistributorOf(*origin)));
      file->set_serial(origin->serial);
      file->set_digest(origin->digest.raw().data(), origin->digest.raw().size());
    }
  }
  if (const PlanLink* link = machine.PlanOf(seq, o)) {
    out->set_plan_id(machine.IdOf(link->plan).raw());
    if (const Plan* plan = machine.FindPlan(link->plan))
      FillTerms(plan->wanted && o.business == kChangePlan ? *plan->wanted : plan->terms, out->mutable_plan());
  }
  if (const Asked* asked = machine.FindAsked(seq, o)) {
    out->set_units_asked_e2(asked->units.raw());
    if (out->message().empty()) SayTookAll(*asked, o, out);
  }
  if (const Refunded* refunded = machine.FindRefunded(seq, o)) out->set_refunded_fen(refunded->amount.raw());
  const Aftermath* a = machine.FindAftermath(seq);
  if (!a) return;
  out->set_return_code(Text(a->return_code.view()));
  out->set_return_detail(a->detail);
  out->set_confirmed_business(a->business);
  out->set_confirm_day(a->confirm_day.raw());
  out->set_ta_serial(Text(a->ta_serial.view()));
  out->set_confirmed_amount_fen(a->amount.raw());
  out->set_confirmed_units_e2(a->units.raw());
  out->set_fee_fen(a->fee.raw());
  out->set_nav_e8(a->nav.raw());
  if (const Rest* rest = IsRedemption(o.business) ? machine.FindRest(seq) : nullptr) {
    if (rest->withdrawal != 0) out->set_withdrawal_order_id(machine.IdOf(rest->withdrawal).raw());
    if (o.state == OrderState::kDispatched) out->set_deferred_units_e2((o.units - a->units).raw());
  }
  out->set_confirmed_in_part(a->in_part && (o.state == OrderState::kConfirmed || o.state == OrderState::kSettled));
  if (!a->detail.empty()) out->set_message(out->message().empty() ? a->detail : out->message() + ": " + a->detail);
}

void FillTerms(const PlanTerms& t, v1::PlanTerms* out) {
  out->set_unit(static_cast<v1::PlanTerms::Unit>(t.unit));
  out->set_day(t.day);
  out->set_first_day(t.first.raw());
  out->set_last_day(t.last.raw());
  out->set_times(t.times);
  out->set_miss_rule(static_cast<v1::PlanTerms::MissRule>(t.miss_rule));
  out->set_redemption(t.redemption);
  out->set_amount_fen(t.amount.raw());
  out->set_units_e2(t.units.raw());
  out->set_to_target(t.to_target);
  out->set_mismatch_confirmed((t.flags & kMismatchConfirmed) != 0);
  out->set_defer_large_redemption((t.flags & kDeferLargeRedemption) != 0);
}

void FillPlan(TradeMachine& machine, uint64_t seq, const Plan& p, v1::Plan* out) {
  const auto reason = [&](uint8_t source, uint32_t number, auto* to) {
    if (number == 0) return;
    to->set_reason(machine.ReasonNameOf(static_cast<ReasonSource>(source), number));
    to->set_message(MessageOf(machine, static_cast<ReasonSource>(source), number));
    SayInChinese(static_cast<ReasonSource>(source), to->reason(), to);
  };
  out->set_plan_id(machine.IdOf(seq).raw());
  out->set_investor_id(p.investor.raw());
  out->set_request_id(p.request_id);
  out->set_fund_code(Text(p.fund.view()));
  FillTerms(p.terms, out->mutable_terms());
  if (p.wanted) FillTerms(*p.wanted, out->mutable_wanted());
  out->set_state(static_cast<v1::PlanState>(p.state));
  if (p.state == PlanState::kEnded) reason(p.source, p.reason, out);
  out->set_next_day(p.next.raw());
  out->set_debits(p.debits);
  out->set_misses(p.misses);
  out->set_misses_in_a_row(p.misses_in_a_row);
  out->set_debited_fen(p.debited.raw());
  out->set_redeemed_e2(p.redeemed.raw());
  if (p.order != 0) out->set_order_id(machine.IdOf(p.order).raw());
  if (p.contract != 0) out->set_contract_order_id(machine.IdOf(p.contract).raw());
  for (const PlanNote& note : p.notes) {
    v1::PlanNote* n = out->add_notes();
    n->set_debit_day(note.debit_day.raw());
    n->set_day(note.day.raw());
    n->set_event(static_cast<v1::PlanEvent>(note.event));
    if (note.order != 0) n->set_order_id(machine.IdOf(note.order).raw());
    reason(note.source, note.reason, n);
  }
}

void FillOutcome(TradeMachine& machine, uint64_t seq, OrderState state, ReasonSource source, uint32_t reason,
                 Date trade_day, v1::OrderOutcome* out) {
  out->set_order_id(machine.IdOf(seq).raw());
  out->set_state(static_cast<v1::OrderState>(state));
  out->set_trade_day(trade_day.raw());
  if (!HasReason(state)) {
    if (!machine.products().has_rules()) return;
    const Order* o = machine.FindOrder(seq);
    if (const Asked* asked = o ? machine.FindAsked(seq, *o) : nullptr) SayTookAll(*asked, *o, out);
    return;
  }
  SayWhy(machine, source, reason, out);
}

void FillTrace(TradeMachine& machine, uint64_t seq, const Order& o, v1::TraceOrderResponse* out) {
  FillOrder(machine, seq, o, out->mutable_order());
  const auto step = [out](TimePoint at, std::string_view name, std::string detail) {
    if (at.raw() == 0) return;
    v1::TraceStep* s = out->add_steps();
    s->set_at_us(at.raw());
    s->set_step(Text(name));
    s->set_detail(std::move(detail));
  };
  const Aftermath none;
  const Aftermath* found = machine.FindAftermath(seq);
  const Aftermath& a = found ? *found : none;

  const Origin* origin = machine.OriginOf(seq, o);
  const std::string file = origin && origin->distributor != 0
                               ? StrCat(", line ", origin->serial, " of a file of ", machine.DistributorOf(*origin))
                               : "";
  step(o.received_at, "received",
       StrCat("from ", machine.CallerOf(o), ", request id ", o.request_id.view(), file, ", trading day ",
              o.trade_day.Iso()));
  const bool challenged = (o.flags & kWasChallenged) != 0;
  const bool refused_at_once = o.state == OrderState::kRejected && !challenged;
  step(o.judged_at,
       refused_at_once ? "rejected"
       : challenged    ? "challenged"
                       : "accepted",
       refused_at_once ? machine.ReasonNameOf(o.source, o.reason)
                       : StrCat("product version ", o.product_version, (o.flags & kReserved) ? ", reserved" : ""));
  step(a.answered_at, "challenge answered", o.state == OrderState::kRejected ? "not passed" : "passed");
  if (o.transfer.is_set()) {
    if (const Transfer* t = machine.FindTransfer({machine.TaOf(o), o.trade_day, o.transfer})) {
      step(t->sealed_at, "sealed", StrCat("transfer ", o.transfer.raw()));
      step(t->dispatched_at, "dispatched", Text(machine.FileName(t->file)));
    }
  }
  if (a.lines > 0) {
    step(a.confirmed_at, o.state == OrderState::kRefused ? "refused" : "confirmed",
         StrCat("line ", a.line, " of ", machine.FileName(a.file), ", return code ", a.return_code.view(), ", ",
                a.lines, " line(s) in all"));
  }
  step(a.ended_at, o.state == OrderState::kCancelled ? "cancelled" : "rejected",
       o.state == OrderState::kCancelled ? "" : machine.ReasonNameOf(o.source, o.reason));
  if (o.state == OrderState::kSettled) {
    if (const Settlement* s = machine.FindSettlement({machine.TaOf(o), a.confirm_day, machine.FundOf(o), a.business})) {
      step(s->settled_at, "settled", "");
    }
  }
  std::stable_sort(out->mutable_steps()->begin(), out->mutable_steps()->end(),
                   [](const v1::TraceStep& x, const v1::TraceStep& y) { return x.at_us() < y.at_us(); });
}

}  // namespace fundcore::trade
