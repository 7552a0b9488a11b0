// fundctl order: submit, show, list, cancel, answer, watch, trace.
#include <algorithm>

#include "common/base/check.h"
#include "common/rpc/handlers.h"
#include "fundcore/clearing/v1/clearing.pb.h"
#include "fundcore/risk/v1/risk.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {
namespace {

namespace v1 = trade::v1;
constexpr std::string_view kFace = "fundcore.trade.v1.TradeService/";

std::string_view BusinessWord(uint32_t business) {
  switch (business) {
    case 20: return "subscription";
    case 21: return "reserved subscription";
    case 22: return "purchase";
    case 23: return "reserved purchase";
    case 24: return "redemption";
    case 25: return "reserved redemption";
    case 27:
    case 34:
    case 97: return "units to come";
    case 96:
    case 98: return "redemption at once";
    case 52:
    case 53: return "withdrawal";
    case 62: return "change of a subscription";
    case 80: return "title to prove";
    case 29: return "way of dividend";
    case 31: return "freeze";
    case 32: return "thaw";
    case 88: return "pledge";
    case 36: return "conversion";
    case 38: return "conversion between institutions";
    default: return "other";
  }
}

std::string StateWord(const v1::Order& o) {
  return v1::OrderState_Name(o.state()) + (o.confirmed_in_part() ? " in part" : "");
}

absl::StatusOr<v1::Order> GetOrder(Remote& remote, OrderId id) {
  v1::GetOrderRequest request;
  request.set_order_id(id.raw());
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::GetOrderResponse>(StrCat(kFace, "GetOrder"), request));
  return r.order();
}

Answer Describe(const v1::Order& o) {
  Answer a;
  a.Add("order", OrderId(o.order_id()));
  a.Add("state", StateWord(o));
  a.Add("reason", o.reason());
  a.Add("message", o.message());
  a.Add("waits_for", WaitsForWord(o.waits_for()));
  a.Add("what_to_do", o.what_to_do());
  a.Add("investor", InvestorId(o.investor_id()));
  a.Add("business", BusinessWord(o.business()));
  a.Add("fund", o.fund_code());
  a.Add("ta", o.ta_code());
  const bool converts = !o.target_fund_code().empty();
  a.Add("into", o.target_fund_code(), converts);
  a.Add("into_ta", o.target_ta_code(), converts);
  a.Add("amount", Money::FromRaw(o.amount_fen()), o.amount_fen() != 0);
  a.Add("units", Units::FromRaw(o.units_e2()), o.units_e2() != 0);
  a.Add("trade_day", Date::FromRaw(o.trade_day()));
  a.Add("received", TimePoint::FromRaw(o.received_at_us()));
  a.Add("request_id", o.request_id());
  a.Add("from_file_of", o.origin().distributor(), o.has_origin());
  a.Add("file_serial", o.origin().serial(), o.has_origin());
  a.Add("trade_day_wanted", Date::FromRaw(o.trade_day_wanted()), o.trade_day_wanted() != 0);
  a.Add("product_version", uint64_t{o.product_version()});
  a.Add("campaign", o.campaign(), !o.campaign().empty());
  a.Add("discount", Discount::FromRaw(o.discount_e8()).ToString(), o.discount_e8() != 0);
  a.Add("transfer", o.transfer_no(), o.transfer_no() != 0);
  a.Add("fund_account", o.ta_account());
  const bool confirmed = o.confirm_day() != 0;
  a.Add("confirmed_on", Date::FromRaw(o.confirm_day()), confirmed);
  a.Add("return_code", o.return_code(), confirmed);
  a.Add("ta_serial", o.ta_serial(), confirmed);
  a.Add("confirmed_amount", Money::FromRaw(o.confirmed_amount_fen()), confirmed);
  a.Add("confirmed_units", Units::FromRaw(o.confirmed_units_e2()), confirmed);
  a.Add("fee", Money::FromRaw(o.fee_fen()), confirmed);
  a.Add("nav", Nav::FromRaw(o.nav_e8()), confirmed);
  if (o.original_order_id() != 0) a.Add("of_order", OrderId(o.original_order_id()));
  if (o.adjustment_order_id() != 0) a.Add("changed_by_order", OrderId(o.adjustment_order_id()));
  a.Add("amount_before", Money::FromRaw(o.amount_before_fen()), o.amount_before_fen() != 0);
  a.Add("units_before", Units::FromRaw(o.units_before_e2()), o.units_before_e2() != 0);
  a.Add("refunded", Money::FromRaw(o.refunded_fen()), o.refunded_fen() != 0);
  a.Add("difference_fee", Money::FromRaw(o.difference_fee_fen()), confirmed && converts);
  a.Add("units_of_target", Units::FromRaw(o.target_units_e2()), converts && o.target_units_e2() != 0);
  a.Add("nav_of_target", Nav::FromRaw(o.target_nav_e8()), converts && o.target_nav_e8() != 0);
  a.Add("return_code_of_target", o.target_return_code(), !o.target_return_code().empty());
  return a;
}

// Trade knows nothing of clearing's breaks. An order that is on its way to or from the transfer agent, and that an open
// one holds up, waits for the two persons who close it. The order is shown also to those who may not ask clearing, and
// while clearing is away.
void AskForBreaks(Remote& remote, v1::Order* o) {
  const v1::WaitsFor w = o->waits_for();
  if (w != v1::WAITS_FOR_EXPORT && w != v1::WAITS_FOR_CONFIRMATION && w != v1::WAITS_FOR_SETTLEMENT) return;
  clearing::v1::ListBreaksRequest request;
  request.set_ta_code(o->ta_code());
  auto r = remote.Ask<clearing::v1::ListBreaksResponse>("fundcore.clearing.v1.ClearingService/ListBreaks", request);
  if (absl::IsPermissionDenied(r.status())) return;
  if (!r.ok()) {
    o->set_what_to_do(StrCat(o->what_to_do(), "; clearing could not be asked for breaks: ", r.status().message()));
    return;
  }
  const clearing::v1::Break* found = nullptr;
  for (const auto& b : r->breaks()) {
    if (b.state() == "CLOSED") continue;
    if (b.order_id() == o->order_id()) {
      found = &b;
      break;
    }
    if (b.ta_code() == o->ta_code() && b.day() == o->trade_day() && !found) found = &b;
  }
  if (!found) return;
  o->set_waits_for(v1::WAITS_FOR_BREAK);
  const std::string number = StrCat(found->break_id());
  const bool proposed = found->state() == "PROPOSED";
  o->set_what_to_do(StrCat(
      proposed ? "a person: break " : "two persons: break ", number, " (", found->kind(), ") of ",
      found->order_id() == o->order_id() ? "this order" : "its day", " is open; look with fundctl break show ", number,
      proposed ? StrCat(", then fundctl break approve ", number, " --person NAME, by another than ", found->proposed_by())
               : StrCat(", then fundctl break propose ", number, " ... and fundctl break approve ", number, " ...")));
}

}  // namespace

Result SubmitOrder(Remote& remote, const SubmitOptions& o) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(o.investor));
  // What applies for units, or for a way of dividend.
  const std::pair<const std::string*, uint32_t> others[] = {
      {&o.redeem, o.fast ? 98 : 24}, {&o.dividends, 29}, {&o.freeze, 31}, {&o.thaw, 32}, {&o.pledge, 88},
      {&o.convert, 36}, {&o.move, o.at_once ? 26 : 28}, {&o.give, o.outside ? 35 : 33}, {&o.bring, o.fast ? 97 : 27},
      {&o.receive, 34}, {&o.prove, 80}};
  int given = !o.purchase.empty() + !o.subscribe.empty() + !o.subscribe_units.empty() + !o.adjust.empty();
  const std::string* units_of = nullptr;
  uint32_t business = 0;
  for (const auto& [text, code] : others) {
    if (text->empty()) continue;
    ++given;
    units_of = text;
    business = code;
  }
  if (given != 1) {
    return absl::InvalidArgumentError(
        "give exactly one of --purchase AMOUNT, --subscribe AMOUNT, --redeem UNITS, --dividends cash|units, --freeze UNITS, "
        "--thaw UNITS, --pledge UNITS, --subscribe-units UNITS, --convert UNITS, --move UNITS, --give UNITS, "
        "--bring UNITS, --receive UNITS, --prove UNITS and --adjust ORDER");
  }
  if (o.adjust.empty() != (o.to_amount.empty() && o.to_units.empty()) || (!o.to_amount.empty() && !o.to_units.empty()))
    return absl::InvalidArgumentError("--adjust ORDER needs one of --to-amount AMOUNT and --to-units UNITS; nothing else takes them");
  if (o.fast && o.redeem.empty() && o.bring.empty())
    return absl::InvalidArgumentError("--fast goes with --redeem UNITS and --bring UNITS only");
  if (o.convert.empty() != o.into.empty()) {
    return absl::InvalidArgumentError("a conversion needs both --convert UNITS and --into FUND; nothing else takes --into");
  }
  v1::SubmitOrderRequest request;
  v1::NewOrder* order = request.mutable_order();
  order->set_request_id(RequestIdOr(o.request_id));
  order->set_investor_id(investor.raw());
  order->set_fund_code(o.fund);
  if (business == 29) {
    if (o.dividends != "cash" && o.dividends != "units") {
      return absl::InvalidArgumentError(StrCat("--dividends \"", o.dividends, "\": give cash or units"));
    }
    order->set_business(29);
    order->set_dividend_method(o.dividends == "cash" ? "1" : "0");
  } else if (units_of) {
    FC_ASSIGN_OR_RETURN(const Units units, ReadUnits(*units_of));
    order->set_business(business);
    order->set_units_e2(units.raw());
    order->set_target_distributor(o.to_distributor);
    order->set_target_trading_account(o.to_account);
    order->set_transfer_reason(o.reason);
    if (business == 36) {
      order->set_target_fund_code(o.into);
      order->set_mismatch_confirmed(o.mismatch_confirmed);
    }
    if (business == 24) order->set_defer_large_redemption(!o.cancel_rest);
  } else if (!o.adjust.empty()) {
    FC_ASSIGN_OR_RETURN(const OrderId original, ReadOrder(o.adjust));
    order->set_business(62);
    order->set_original_order_id(original.raw());
    if (!o.to_amount.empty()) {
      FC_ASSIGN_OR_RETURN(const Money amount, ReadAmount(o.to_amount));
      order->set_amount_fen(amount.raw());
    } else {
      FC_ASSIGN_OR_RETURN(const Units units, ReadUnits(o.to_units));
      order->set_units_e2(units.raw());
    }
    order->set_mismatch_confirmed(o.mismatch_confirmed);
  } else if (!o.subscribe_units.empty()) {
    FC_ASSIGN_OR_RETURN(const Units units, ReadUnits(o.subscribe_units));
    order->set_business(20);
    order->set_units_e2(units.raw());
    order->set_mismatch_confirmed(o.mismatch_confirmed);
  } else {
    FC_ASSIGN_OR_RETURN(const Money amount, ReadAmount(o.purchase.empty() ? o.subscribe : o.purchase));
    order->set_business(o.purchase.empty() ? 20 : 22);
    order->set_amount_fen(amount.raw());
    order->set_mismatch_confirmed(o.mismatch_confirmed);
  }
  auto r = remote.Ask<v1::SubmitOrderResponse>(StrCat(kFace, "SubmitOrder"), request);
  if (!r.ok()) {
    // Whoever did not choose the id has to know it to ask again.
    if (absl::IsDeadlineExceeded(r.status()) || absl::IsUnavailable(r.status())) {
      absl::Status with_id(r.status().code(),
                           StrCat(r.status().message(), "; repeat with --request-id ", order->request_id()));
      r.status().ForEachPayload(
          [&](absl::string_view url, const absl::Cord& value) { with_id.SetPayload(url, value); });
      return with_id;
    }
    return r.status();
  }
  const v1::OrderOutcome& outcome = r->outcome();
  Answer a;
  a.Add("order", OrderId(outcome.order_id()));
  a.Add("state", v1::OrderState_Name(outcome.state()));
  a.Add("reason", outcome.reason());
  a.Add("message", outcome.message());
  a.Add("trade_day", Date::FromRaw(outcome.trade_day()));
  a.Add("request_id", order->request_id());
  a.Add("repeated", outcome.repeated());
  a.exit_code = outcome.state() == v1::REJECTED ? 1 : 0;
  return a;
}

Result ShowOrder(Remote& remote, const std::string& text) {
  FC_ASSIGN_OR_RETURN(const OrderId id, ReadOrder(text));
  FC_ASSIGN_OR_RETURN(v1::Order order, GetOrder(remote, id));
  AskForBreaks(remote, &order);
  return Describe(order);
}

Result ListOrders(Remote& remote, const std::string& who, uint32_t limit) {
  FC_ASSIGN_OR_RETURN(const InvestorId investor, ReadInvestor(who));
  Answer a;
  Table& t = a.AddTable("orders",
                        {"order", "received", "trade_day", "business", "fund", "amount", "units", "state", "reason"});
  v1::ListOrdersRequest request;
  request.set_investor_id(investor.raw());
  while (t.rows() < limit) {
    request.set_page_size(static_cast<uint32_t>(std::min<size_t>(limit - t.rows(), 500)));
    FC_ASSIGN_OR_RETURN(auto page, remote.Ask<v1::ListOrdersResponse>(StrCat(kFace, "ListOrders"), request));
    for (const auto& o : page.orders())
      t.Row({OrderId(o.order_id()), TimePoint::FromRaw(o.received_at_us()), Date::FromRaw(o.trade_day()),
             BusinessWord(o.business()), o.fund_code(), Money::FromRaw(o.amount_fen()), Units::FromRaw(o.units_e2()),
             StateWord(o), o.reason()});
    request.set_page_token(page.next_page_token());
    if (request.page_token().empty()) return a;
  }
  a.Say(StrCat("there are more orders than these ", t.rows(), "; ask with a larger --limit"));
  return a;
}

Result CancelOrder(Remote& remote, const std::string& text) {
  FC_ASSIGN_OR_RETURN(const OrderId id, ReadOrder(text));
  FC_ASSIGN_OR_RETURN(const v1::Order order, GetOrder(remote, id));
  v1::CancelOrderRequest request;
  request.set_investor_id(order.investor_id());
  request.set_order_id(id.raw());
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::CancelOrderResponse>(StrCat(kFace, "CancelOrder"), request));
  return Describe(r.order());
}

Result AnswerChallenge(Remote& remote, const std::string& text, bool passed) {
  FC_ASSIGN_OR_RETURN(const OrderId id, ReadOrder(text));
  FC_ASSIGN_OR_RETURN(const v1::Order order, GetOrder(remote, id));
  v1::AnswerChallengeRequest request;
  request.set_investor_id(order.investor_id());
  request.set_order_id(id.raw());
  request.set_passed(passed);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::AnswerChallengeResponse>(StrCat(kFace, "AnswerChallenge"), request));
  return Describe(r.order());
}

Result WatchOrder(Remote& remote, const std::string& text, const Show& show) {
  FC_ASSIGN_OR_RETURN(const OrderId id, ReadOrder(text));
  v1::WatchOrderRequest request;
  request.set_order_id(id.raw());
  v1::Order order;
  FC_RETURN_IF_ERROR(remote.Read(StrCat(kFace, "WatchOrder"), request, &order, [&] {
    show(Describe(order));
    return true;
  }));
  return Answer();
}

Result TraceOrder(Remote& remote, const std::string& text) {
  FC_ASSIGN_OR_RETURN(const OrderId id, ReadOrder(text));
  v1::TraceOrderRequest request;
  request.set_order_id(id.raw());
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::TraceOrderResponse>("fundcore.trade.v1.TradeOps/TraceOrder", request));
  AskForBreaks(remote, r.mutable_order());
  Answer a = Describe(r.order());
  struct Step {
    int64_t at;
    std::string step, detail;
  };
  std::vector<Step> steps;
  for (const auto& s : r.steps()) steps.push_back({s.at_us(), s.step(), s.detail()});
  // What risk found stands among trade's steps, at its time. An order that was refused before has no decision.
  risk::v1::GetDecisionRequest ask;
  ask.set_order_id(id.raw());
  auto decision = remote.Ask<risk::v1::GetDecisionResponse>("fundcore.risk.v1.RiskService/GetDecision", ask);
  if (decision.ok()) {
    std::string rules;
    for (const std::string& rule : decision->rules()) rules += (rules.empty() ? "" : ", ") + rule;
    steps.push_back(
        {decision->at_us(), "risk decision", StrCat(decision->outcome(), rules.empty() ? "" : ": ", rules)});
  } else if (!absl::IsNotFound(decision.status())) {
    return decision.status();
  }
  std::stable_sort(steps.begin(), steps.end(), [](const Step& x, const Step& y) { return x.at < y.at; });
  Table& t = a.AddTable("steps", {"at", "step", "detail"}, "steps");
  for (const Step& s : steps) t.Row({TimePoint::FromRaw(s.at), s.step, s.detail});
  if (r.attempts_size() > 0) {
    Table& attempts =
        a.AddTable("attempts", {"peer", "at", "ended", "outcome", "orders"}, "attempts since the process started");
    for (const auto& t : r.attempts())
      attempts.Row({t.peer(), TimePoint::FromRaw(t.at_us()), TimePoint::FromRaw(t.ended_at_us()), t.outcome(), t.items()});
    a.Add("attempts_left_out", r.attempts_left_out(), r.attempts_left_out() > 0);
  }
  if (decision.ok() && !decision->inputs().empty()) {
    Table& inputs = a.AddTable("risk_inputs", {"input", "value"}, "what risk looked at");
    std::vector<std::pair<std::string, std::string>> sorted(decision->inputs().begin(), decision->inputs().end());
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [key, value] : sorted) inputs.Row({key, value});
  }
  return a;
}

}  // namespace fundcore::fundctl
