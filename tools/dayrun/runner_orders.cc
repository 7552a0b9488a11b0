// What investors do and have.
#include <charconv>

#include "absl/strings/escaping.h"

#include "common/rpc/handlers.h"
#include "common/types/ids.h"
#include "fundcore/account/v1/account.pb.h"
#include "tools/dayrun/runner.h"

namespace fundcore::dayrun {
namespace {

namespace tv1 = trade::v1;
namespace av1 = account::v1;

uint64_t ToNumber(const std::string& s) {
  uint64_t n = 0;
  std::from_chars(s.data(), s.data() + s.size(), n);
  return n;
}

// What the order is called in an outcome's words, with the figures that were asked for.
std::string Compare(const tv1::Order& o, const Outcome& e) {
  using Kind = Outcome::Kind;
  const std::string state =
      StrCat(tv1::OrderState_Name(o.state()), o.confirmed_in_part() ? " in part" : "", o.reason().empty() ? "" : " ",
             o.reason(), o.return_code().empty() ? "" : " ", o.return_code());
  const bool confirmed = o.state() == tv1::CONFIRMED || o.state() == tv1::SETTLED;
  bool right = false;
  switch (e.kind) {
    case Kind::kReceived: right = o.state() == tv1::RECEIVED; break;
    case Kind::kAccepted: right = o.state() == tv1::ACCEPTED; break;
    case Kind::kRejected: right = o.state() == tv1::REJECTED && o.reason() == e.reason; break;
    case Kind::kChallenged: right = o.state() == tv1::CHALLENGED; break;
    case Kind::kCancelled: right = o.state() == tv1::CANCELLED; break;
    case Kind::kDispatched: right = o.state() == tv1::DISPATCHED; break;
    case Kind::kConfirmed: right = confirmed && !o.confirmed_in_part(); break;
    case Kind::kConfirmedInPart: right = confirmed && o.confirmed_in_part(); break;
    case Kind::kRefused: right = o.state() == tv1::REFUSED && o.return_code() == e.reason; break;
    case Kind::kSettled: right = o.state() == tv1::SETTLED; break;
    case Kind::kSameOrder:
    case Kind::kOk: right = true; break;
    case Kind::kError:
    case Kind::kDone:
    case Kind::kFailed:
    case Kind::kPending: break;
    case Kind::kWithdrawing: right = o.state() == tv1::DISPATCHED && o.withdrawal_order_id() != 0; break;
  }
  constexpr std::string_view kNames[] = {
      "accepted", "received", "rejected",   "challenged", "cancelled", "dispatched", "confirmed", "confirmed in part",
      "refused",  "settled",  "same order", "error",      "done",      "failed",     "pending",   "OK",
      "withdrawing"};
  const auto differs = [](std::string_view what, std::string_view expected, std::string_view found) {
    return StrCat(what, ": expected ", expected, ", found ", found);
  };
  if (!right)
    return differs("the order", StrCat(kNames[static_cast<size_t>(e.kind)], e.reason.empty() ? "" : " ", e.reason),
                   state);
  const Money amount = Money::FromRaw(o.confirmed_amount_fen()), fee = Money::FromRaw(o.fee_fen());
  const uint32_t b = o.business();
  const bool redemption = b == 24 || b == 25 || b == 36 || b == 38 || b == 63;
  const Money net = redemption ? amount : amount - fee, gross = redemption ? amount + fee : amount;
  const auto money = [&](std::string_view what, const std::optional<Money>& expected, Money found) {
    return !expected || *expected == found ? std::string() : differs(what, expected->ToGrouped(), found.ToGrouped());
  };
  if (e.day && e.day->raw() != o.trade_day())
    return differs("the trading day", e.day->Iso(), Date::FromRaw(o.trade_day()).Iso());
  if (e.confirmed_on && e.confirmed_on->raw() != o.confirm_day())
    return differs("the confirmation day", e.confirmed_on->Iso(), Date::FromRaw(o.confirm_day()).Iso());
  if (std::string s = money("the confirmed amount", e.amount, amount); !s.empty()) return s;
  if (std::string s = money("the net amount", e.net, net); !s.empty()) return s;
  if (std::string s = money("the gross amount", e.gross, gross); !s.empty()) return s;
  if (std::string s = money("the fee", e.fee, fee); !s.empty()) return s;
  if (e.units && e.units->raw() != o.confirmed_units_e2())
    return differs("the confirmed units", e.units->ToGrouped(), Units::FromRaw(o.confirmed_units_e2()).ToGrouped());
  if (e.nav && e.nav->raw() != o.nav_e8())
    return differs("the price", e.nav->ToString(), Nav::FromRaw(o.nav_e8()).ToString());
  if (e.target_units && e.target_units->raw() != o.target_units_e2())
    return differs("the units of the target", e.target_units->ToGrouped(), Units::FromRaw(o.target_units_e2()).ToGrouped());
  if (std::string s = money("the difference fee", e.difference_fee, Money::FromRaw(o.difference_fee_fen())); !s.empty())
    return s;
  if (!e.target_code.empty() && e.target_code != o.target_return_code())
    return differs("the return code of the second side", e.target_code, o.target_return_code());
  if (e.deferred && e.deferred->raw() != o.deferred_units_e2())
    return differs("the deferred units", e.deferred->ToGrouped(), Units::FromRaw(o.deferred_units_e2()).ToGrouped());
  if (e.transfer && *e.transfer != o.transfer_no())
    return differs("the transfer", StrCat(*e.transfer), StrCat(o.transfer_no()));
  return "";
}

std::string ErrorText(const absl::Status& s) {
  const std::string reason = rpc::ReasonOf(s);
  return StrCat("error ", reason.empty() ? absl::StatusCodeToString(s.code()) : reason, " (", std::string(s.message()),
                ")");
}

// "" where a call's error is the expected one.
std::string CompareError(const absl::Status& s, const Outcome& expected) {
  if (expected.kind == Outcome::Kind::kError &&
      (rpc::ReasonOf(s) == expected.reason || absl::StatusCodeToString(s.code()) == expected.reason))
    return "";
  return StrCat("expected ",
                expected.kind == Outcome::Kind::kError ? StrCat("error ", expected.reason) : "another outcome",
                ", found ", ErrorText(s));
}

// Of a call that answers with its order.
template <class Response>
absl::Status Answered(const absl::StatusOr<Response>& answer, const std::optional<Outcome>& expected) {
  if (!expected) return answer.ok() ? absl::OkStatus() : absl::FailedPreconditionError(ErrorText(answer.status()));
  const std::string differs = answer.ok() ? Compare(answer->order(), *expected) : CompareError(answer.status(), *expected);
  return differs.empty() ? absl::OkStatus() : absl::FailedPreconditionError(differs);
}

}  // namespace

absl::StatusOr<uint64_t> Runner::OrderNumber(const OrderRef& ref) const {
  const std::string key = ref.name.empty() ? "order" : StrCat("order ", ref.name);
  const uint64_t n = ToNumber(progress_->Get(key));
  if (n == 0)
    return absl::InvalidArgumentError(
        StrCat(ref.name.empty() ? "no order was placed before this line" : StrCat("no order was named ", ref.name)));
  return n;
}

absl::StatusOr<uint64_t> Runner::InvestorNumber(std::string_view name) const {
  const uint64_t n = ToNumber(progress_->Get(StrCat("investor ", name)));
  if (n == 0) return absl::InternalError(StrCat("the number of ", name, " is not known"));
  return n;
}

absl::Status Runner::Submitted(const absl::Status& status, const tv1::OrderOutcome& outcome,
                               const std::optional<Outcome>& expected) {
  if (!status.ok()) {
    if (!expected) return absl::FailedPreconditionError(ErrorText(status));
    const std::string differs = CompareError(status, *expected);
    return differs.empty() ? absl::OkStatus() : absl::FailedPreconditionError(differs);
  }
  const std::string before = progress_->Get("order");
  progress_->Set("order", StrCat(outcome.order_id()));
  if (!expected) return absl::OkStatus();
  if (expected->kind == Outcome::Kind::kError) {
    return Differs("the call", StrCat("error ", expected->reason),
                   StrCat(tv1::OrderState_Name(outcome.state()), " ", outcome.reason()));
  }
  if (expected->kind == Outcome::Kind::kSameOrder && before != StrCat(outcome.order_id())) {
    return Differs("the same request id", StrCat("order ", before), StrCat("order ", outcome.order_id()));
  }
  if (expected->kind == Outcome::Kind::kSameOrder && !outcome.repeated()) {
    return Differs("the answer", "repeated", "a first answer");
  }
  if (expected->kind == Outcome::Kind::kReceived && outcome.state() != tv1::RECEIVED) {
    return Differs("the order", "received", StrCat(tv1::OrderState_Name(outcome.state()), " ", outcome.reason()));
  }
  return Do(CheckOrder{{}, *expected});
}

absl::Status Runner::Do(const PlaceOrder& s) {
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  tv1::SubmitOrderRequest q;
  tv1::NewOrder& order = *q.mutable_order();
  order.set_request_id(RequestId(0));
  order.set_investor_id(investor);
  order.set_business(static_cast<uint32_t>(s.business));
  order.set_fund_code(s.fund);
  if (s.original) {
    FC_ASSIGN_OR_RETURN(uint64_t number, OrderNumber(*s.original));
    tv1::GetOrderRequest ask;
    ask.set_order_id(number);
    FC_ASSIGN_OR_RETURN(auto r, Ask<tv1::GetOrderResponse>("fundcore.trade.v1.TradeService/GetOrder", ask, kApp));
    order.set_original_order_id(number);
    order.set_fund_code(r.order().fund_code());
  }
  order.set_target_fund_code(s.target);
  if (!s.reason.empty()) order.set_transfer_reason(s.reason);
  if (s.business >= 33 && s.business <= 35) {
    auto other = InvestorNumber(s.to);
    order.set_target_trading_account(other.ok() ? FormatInvestorId(InvestorId(*other)) : s.to);
  } else {
    order.set_target_distributor(s.to);
    order.set_target_trading_account(s.account);
  }
  order.set_amount_fen(s.amount.raw());
  order.set_units_e2(s.units.raw());
  order.set_mismatch_confirmed(s.mismatch_confirmed);
  if (s.business == 24 && !s.rest_unset) order.set_defer_large_redemption(!s.rest_cancelled);
  if (s.wanted) order.set_trade_day_wanted(s.wanted->raw());
  order.set_dividend_method(s.way);
  if (s.times > 1) return PlaceBatch(s, order);
  // For a later "asks again": the request as it was.
  progress_->Set("request", absl::BytesToHexString(order.SerializeAsString()));
  auto answer = Ask<tv1::SubmitOrderResponse>("fundcore.trade.v1.TradeService/SubmitOrder", q,
      s.channel.empty() ? kApp : std::string_view(s.channel));
  FC_RETURN_IF_ERROR(Submitted(answer.status(), answer.ok() ? answer->outcome() : tv1::OrderOutcome(), s.outcome));
  if (!s.name.empty()) progress_->Set(StrCat("order ", s.name), progress_->Get("order"));
  return absl::OkStatus();
}

absl::Status Runner::PlaceBatch(const PlaceOrder& s, const tv1::NewOrder& order) {
  tv1::SubmitOrdersRequest q;
  for (int i = 0; i < s.times; ++i) {
    tv1::NewOrder* one = q.add_orders();
    *one = order;
    one->set_request_id(RequestId(i));
  }
  auto answer = Ask<tv1::SubmitOrdersResponse>("fundcore.trade.v1.TradeService/SubmitOrders", q, kApp);
  if (!answer.ok()) return absl::FailedPreconditionError(ErrorText(answer.status()));
  if (answer->outcomes_size() != s.times) return Differs("outcomes", StrCat(s.times), StrCat(answer->outcomes_size()));
  for (int i = 0; i < s.times; ++i) {
    const tv1::OrderOutcome& o = answer->outcomes(i);
    const absl::Status status =
        o.code() == 0 ? absl::OkStatus()
                      : rpc::ErrorWithReason(static_cast<absl::StatusCode>(o.code()), o.reason(), o.message());
    absl::Status one = Submitted(status, o, s.outcome);
    if (!one.ok())
      return absl::Status(one.code(), StrCat("order ", i + 1, " of the batch: ", std::string(one.message())));
    if (!s.name.empty()) progress_->Set(StrCat("order ", s.name, i + 1), StrCat(o.order_id()));
  }
  return absl::OkStatus();
}

absl::Status Runner::Do(const AskAgain& s) {
  tv1::SubmitOrderRequest q;
  if (!q.mutable_order()->ParseFromString(absl::HexStringToBytes(progress_->Get("request"))) ||
      q.order().request_id().empty()) {
    return absl::InvalidArgumentError("nothing was asked before this line");
  }
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.mutable_order()->set_investor_id(investor);
  if (s.amount) q.mutable_order()->set_amount_fen(s.amount->raw());
  auto answer = Ask<tv1::SubmitOrderResponse>("fundcore.trade.v1.TradeService/SubmitOrder", q, kApp);
  return Submitted(answer.status(), answer.ok() ? answer->outcome() : tv1::OrderOutcome(), s.outcome);
}

absl::Status Runner::Do(const CancelOrder& s) {
  tv1::CancelOrderRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  FC_ASSIGN_OR_RETURN(uint64_t order, OrderNumber(s.order));
  q.set_investor_id(investor);
  q.set_order_id(order);
  auto answer = Ask<tv1::CancelOrderResponse>("fundcore.trade.v1.TradeService/CancelOrder", q, kApp);
  if (answer.ok() && !s.name.empty()) progress_->Set(StrCat("order ", s.name), StrCat(answer->order().withdrawal_order_id()));
  return Answered(answer, s.outcome);
}

absl::Status Runner::Do(const GiveProof& s) {
  tv1::AnswerChallengeRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  FC_ASSIGN_OR_RETURN(uint64_t order, OrderNumber(s.order));
  q.set_investor_id(investor);
  q.set_order_id(order);
  q.set_passed(s.passed);
  const auto answer = Ask<tv1::AnswerChallengeResponse>("fundcore.trade.v1.TradeService/AnswerChallenge", q, kApp);
  return Answered(answer, s.outcome);
}

absl::Status Runner::Do(const Pay& s) {
  av1::PaymentRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_request_id(RequestId(0));
  q.set_investor_id(investor);
  if (!s.card.empty()) {
    FC_ASSIGN_OR_RETURN(uint64_t card, CardNumber(s.who, s.card));
    q.set_card_id(card);
  } else if (s.deposit) {
    q.set_card_id(ToNumber(progress_->Get(StrCat("card ", s.who))));
  }
  q.set_amount_fen(s.amount.raw());
  const std::string_view method =
      s.deposit ? "fundcore.account.v1.AccountService/Deposit" : "fundcore.account.v1.AccountService/Withdraw";
  const Outcome expected = s.outcome.value_or(Outcome{.kind = Outcome::Kind::kDone});
  return Eventually([&]() -> absl::StatusOr<std::string> {
    auto paid = Ask<av1::PaymentResponse>(method, q, kApp);
    if (!paid.ok()) return CompareError(paid.status(), expected);
    const bool right =
        (expected.kind == Outcome::Kind::kDone && paid->state() == av1::DONE) ||
        (expected.kind == Outcome::Kind::kPending && paid->state() == av1::PENDING) ||
        (expected.kind == Outcome::Kind::kFailed && paid->state() == av1::FAILED && paid->reason() == expected.reason);
    if (right) return std::string();
    return StrCat("the payment: expected ",
                  expected.kind == Outcome::Kind::kFailed ? StrCat("failed ", expected.reason) : "another state",
                  ", found ", av1::PaymentState_Name(paid->state()), " ", paid->reason());
  });
}

absl::Status Runner::Do(const CheckBalance& s) {
  av1::GetAccountRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_investor_id(investor);
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto a, Ask<av1::GetAccountResponse>("fundcore.account.v1.AccountService/GetAccount", q, kApp));
    const struct {
      std::string_view what;
      const std::optional<Money>& expected;
      int64_t found;
    } figures[] = {{"available", s.available, a.available_fen()},
                   {"reserved", s.reserved, a.reserved_fen()},
                   {"awaiting", s.awaiting, a.awaiting_fen()},
                   {"withdrawing", s.withdrawing, a.withdrawing_fen()}};
    for (const auto& f : figures) {
      if (!f.expected || f.expected->raw() == f.found) continue;
      return StrCat("the ", f.what, " cash of ", s.who, ": expected ", f.expected->ToGrouped(), ", found ",
                    Money::FromRaw(f.found).ToGrouped());
    }
    return std::string();
  });
}

absl::Status Runner::Do(const CheckHolding& s) {
  av1::GetAccountRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_investor_id(investor);
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto a, Ask<av1::GetAccountResponse>("fundcore.account.v1.AccountService/GetAccount", q, kApp));
    av1::Position found;
    for (const auto& p : a.positions())
      if (p.fund_code() == s.fund) found = p;
    const auto differs = [&](std::string_view what, Units expected, int64_t is) {
      return StrCat(what, " of ", s.fund, " held by ", s.who, ": expected ", expected.ToGrouped(), ", found ",
                    Units::FromRaw(is).ToGrouped());
    };
    if (found.units_e2() != s.units.raw()) return differs("the units", s.units, found.units_e2());
    if (s.usable && found.usable_units_e2() != s.usable->raw())
      return differs("the usable units", *s.usable, found.usable_units_e2());
    if (s.frozen && found.frozen_units_e2() != s.frozen->raw())
      return differs("the frozen units", *s.frozen, found.frozen_units_e2());
    if (s.lots && found.lots_size() != *s.lots)
      return StrCat("the lots of ", s.fund, ": expected ", *s.lots, ", found ", found.lots_size());
    return std::string();
  });
}

absl::Status Runner::Do(const CheckNote& s) {
  av1::GetAccountRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_investor_id(investor);
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto a, Ask<av1::GetAccountResponse>("fundcore.account.v1.AccountService/GetAccount", q, kApp));
    std::string found;
    for (const auto& p : a.positions())
      if (p.fund_code() == s.fund) found = p.dividend_method();
    if (found == s.way) return std::string();
    return StrCat("the way of dividends of ", s.fund, " for ", s.who, ": expected \"", s.way, "\", found \"", found, "\"");
  });
}

absl::Status Runner::Do(const CheckFundAccount& s) {
  av1::GetAccountRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_investor_id(investor);
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto a, Ask<av1::GetAccountResponse>("fundcore.account.v1.AccountService/GetAccount", q, kApp));
    std::string state = "none", code;
    for (const auto& f : a.fund_accounts()) {
      if (f.ta_code() != s.ta) continue;
      state = f.state();
      code = f.return_code();
    }
    if (state == s.state && (s.return_code.empty() || s.return_code == code)) return std::string();
    return StrCat("the fund account of ", s.who, " at ta ", s.ta, ": expected ", s.state, " ", s.return_code,
                  ", found ", state, " ", code);
  });
}

absl::Status Runner::Do(const CheckOrder& s) {
  tv1::GetOrderRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t number, OrderNumber(s.order));
  q.set_order_id(number);
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto r, Ask<tv1::GetOrderResponse>("fundcore.trade.v1.TradeService/GetOrder", q, kApp));
    return Compare(r.order(), s.outcome);
  });
}

}  // namespace fundcore::dayrun
