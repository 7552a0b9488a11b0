// See products.h.
#include "products.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/product/v1/product.pb.h"
#include "fundcore/trade/v1/trade.pb.h"

namespace portfolio {
namespace {

namespace av1 = fundcore::account::v1;
namespace pv1 = fundcore::product::v1;
namespace tv1 = fundcore::trade::v1;

constexpr int kPurchase = 22, kRedemption = 24;
constexpr int kAttempts = 100;  // of a payment, over all runs

absl::Status Refused(const std::string& what, const std::string& why) {
  return absl::FailedPreconditionError(absl::StrCat(what, " was refused: ", why));
}

// A business error of a call is a refusal; what cannot be reached stays what it is.
absl::Status Told(const absl::Status& status, const std::string& what) {
  if (status.ok() || status.code() == absl::StatusCode::kUnavailable || status.code() == absl::StatusCode::kDeadlineExceeded)
    return status.ok() ? status : absl::UnavailableError(absl::StrCat(what, ": ", status.message()));
  return Refused(what, std::string(status.message()));
}

absl::Status Place(Core& core, uint64_t investor, const std::string& id, const Move& move, const Tell& tell) {
  tv1::SubmitOrderRequest q;
  tv1::SubmitOrderResponse answer;
  tv1::NewOrder& order = *q.mutable_order();
  order.set_request_id(id);
  order.set_investor_id(investor);
  order.set_business(move.units_e2 > 0 ? kRedemption : kPurchase);
  order.set_fund_code(move.fund);
  order.set_amount_fen(move.amount_fen);
  order.set_units_e2(move.units_e2);
  const std::string what = absl::StrCat(move.units_e2 > 0 ? "redemption of " : "purchase of ", move.fund);
  if (auto s = Told(core.Call("fundcore.trade.v1.TradeService/SubmitOrder", q, &answer), what); !s.ok()) return s;
  const tv1::OrderOutcome& o = answer.outcome();
  tell(absl::StrCat(what, ": order ", o.order_id(), " ", tv1::OrderState_Name(o.state()), o.repeated() ? " (before)" : "",
                    " ", move.units_e2 > 0 ? move.units_e2 : move.amount_fen));
  if (o.state() == tv1::REJECTED || o.state() == tv1::REFUSED || o.state() == tv1::CANCELLED) return Refused(what, o.reason());
  return absl::OkStatus();
}

// --- The state of a rebalance: the id and one move a line, and a last line that says it is whole.

std::string Written(const std::string& id, const std::vector<Move>& moves) {
  std::string text = absl::StrCat("rebalance ", id, "\n");
  for (const Move& m : moves) absl::StrAppend(&text, m.fund, " ", m.amount_fen, " ", m.units_e2, "\n");
  return absl::StrCat(text, "whole ", moves.size(), "\n");
}

absl::Status Keep(const std::string& path, const std::string& text) {
  const std::string draft = path + ".new";
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) return absl::UnavailableError(absl::StrCat(draft, " cannot be written; choose another --state"));
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  ::close(file);
  if (!written || std::rename(draft.c_str(), path.c_str()) != 0)
    return absl::UnavailableError(absl::StrCat(path, " cannot be written; choose another --state"));
  return absl::OkStatus();
}

// False where there is no file.
absl::Status Read(const std::string& path, const std::string& id, bool* there, std::vector<Move>* moves) {
  std::ifstream in(path);
  *there = in.good();
  if (!*there) return absl::OkStatus();
  const auto damaged = [&](const std::string& why) {
    return absl::DataLossError(absl::StrCat(path, ": ", why, "; give another --state, or remove it where nothing was sent"));
  };
  std::string word, name;
  if (!(in >> word >> name) || word != "rebalance") return damaged("is no state of a rebalance");
  if (name != id) return damaged(absl::StrCat("belongs to the rebalance ", name, ", not to ", id));
  for (std::string fund; in >> fund;) {
    if (fund == "whole") {
      size_t n = 0;
      return (in >> n) && n == moves->size() ? absl::OkStatus() : damaged("has another number of moves than it says");
    }
    Move m{fund, 0, 0};
    if (!(in >> m.amount_fen >> m.units_e2)) break;
    moves->push_back(std::move(m));
  }
  return damaged("ends too early");
}

absl::Status Decide(Core& core, uint64_t investor, const std::vector<Weight>& weights, int64_t tolerance_fen,
                    std::vector<Move>* moves) {
  av1::GetAccountRequest q;
  q.set_investor_id(investor);
  av1::GetAccountResponse account;
  if (auto s = Told(core.Call("fundcore.account.v1.AccountService/GetAccount", q, &account), "GetAccount"); !s.ok()) return s;
  std::vector<Held> held;
  for (const Weight& w : weights) {
    Held& h = held.emplace_back(Held{w.fund, w.weight, 0, 0});
    for (const av1::Position& p : account.positions())
      if (p.fund_code() == w.fund) h.units_e2 = p.usable_units_e2();
    pv1::GetFundRequest fund;
    fund.set_fund_code(w.fund);
    pv1::GetFundResponse answer;
    if (auto s = Told(core.Call("fundcore.product.v1.ProductService/GetFund", fund, &answer), w.fund); !s.ok()) return s;
    int32_t latest = 0;
    for (const pv1::NavRecord& n : answer.latest_navs()) {
      if (n.nav_day() < latest) continue;
      latest = n.nav_day();
      h.nav_e8 = n.nav_e8();
    }
    if (h.nav_e8 <= 0) return Refused(w.fund, "it has no price yet");
  }
  *moves = Rebalance(held, account.available_fen(), tolerance_fen);
  return absl::OkStatus();
}

}  // namespace

absl::Status Buy(Core& core, uint64_t investor, const std::string& id, int64_t amount_fen, const std::vector<Weight>& weights,
                 const Tell& tell) {
  std::vector<int64_t> numbers;
  for (const Weight& w : weights) numbers.push_back(w.weight);
  const std::vector<int64_t> parts = ByWeights(amount_fen, numbers);
  absl::Status first;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (parts[i] == 0) continue;
    const absl::Status s = Place(core, investor, absl::StrCat(id, "/", weights[i].fund), {weights[i].fund, parts[i], 0}, tell);
    if (first.ok()) first = s;  // the other funds are bought nevertheless
  }
  return first;
}

absl::Status RebalanceBy(Core& core, uint64_t investor, const std::string& id, const std::vector<Weight>& weights,
                         int64_t tolerance_fen, const std::string& state_file, const Tell& tell) {
  bool there = false;
  std::vector<Move> moves;
  if (auto s = Read(state_file, id, &there, &moves); !s.ok()) return s;
  if (!there) {
    if (auto s = Decide(core, investor, weights, tolerance_fen, &moves); !s.ok()) return s;
    if (auto s = Keep(state_file, Written(id, moves)); !s.ok()) return s;
  }
  if (moves.empty()) tell("nothing to move");
  absl::Status first;
  for (const Move& m : moves) {
    const absl::Status s = Place(core, investor, absl::StrCat(id, "/", m.fund), m, tell);
    if (first.ok()) first = s;
  }
  return first;
}

absl::Status KeepSmartPlan(Core& core, const SmartPlan& plan, const Tell& tell) {
  tv1::ListPlansRequest list;
  list.set_investor_id(plan.investor);
  tv1::ListPlansResponse known;
  if (auto s = Told(core.Call("fundcore.trade.v1.TradeService/ListPlans", list, &known), "ListPlans"); !s.ok()) return s;
  const int growth = GrowthPercent(plan.target_year, plan.today / 10'000);
  const std::vector<int64_t> parts = ByWeights(plan.amount_fen, {growth, 100 - growth});
  const std::pair<std::string, int64_t> funds[] = {{plan.growth, parts[0]}, {plan.steady, parts[1]}};
  for (const auto& [fund, amount] : funds) {
    const std::string request = absl::StrCat(plan.id, "/", fund);
    const tv1::Plan* own = nullptr;
    for (const tv1::Plan& p : known.plans())
      if (p.request_id() == request) own = &p;
    tv1::PlanTerms terms;
    if (own) terms = own->has_wanted() ? own->wanted() : own->terms();
    terms.set_unit(tv1::PlanTerms::MONTHLY);
    terms.set_day(static_cast<uint32_t>(plan.day));
    terms.set_miss_rule(tv1::PlanTerms::TWELVE_IN_A_ROW);
    const bool same = own && terms.amount_fen() == amount;
    terms.set_amount_fen(amount);
    const std::string what = absl::StrCat("plan of ", fund);
    tv1::PlanResponse answer;
    if (same) {
      tell(absl::StrCat(what, ": ", amount, " fen a month, as before"));
      continue;
    }
    // From tomorrow on; the core knows which days there are.
    const int day = plan.today % 100, month = plan.today / 100 % 100, year = plan.today / 10'000;
    constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const int last = kDays[month - 1] + (month == 2 && leap ? 1 : 0);
    terms.set_first_day(day < last     ? plan.today + 1
                        : month < 12   ? year * 10'000 + (month + 1) * 100 + 1
                                       : (year + 1) * 10'000 + 101);
    absl::Status s;
    if (own) {
      tv1::ChangePlanRequest q;
      q.set_investor_id(plan.investor);
      q.set_plan_id(own->plan_id());
      *q.mutable_terms() = terms;
      s = Told(core.Call("fundcore.trade.v1.TradeService/ChangePlan", q, &answer), what);
    } else {
      tv1::MakePlanRequest q;
      q.set_request_id(request);
      q.set_investor_id(plan.investor);
      q.set_fund_code(fund);
      *q.mutable_terms() = terms;
      s = Told(core.Call("fundcore.trade.v1.TradeService/MakePlan", q, &answer), what);
    }
    if (!s.ok()) return s;
    tell(absl::StrCat(what, ": ", amount, " fen a month (", growth, "% growth)", own ? ", changed" : ", new"));
  }
  return absl::OkStatus();
}

absl::Status Give(Core& core, const Gift& gift, const Tell& tell) {
  const auto pay = [&](const char* method, uint64_t investor, uint64_t card) -> absl::Status {
    // A payment that failed stays failed under its id, so each run may make one further attempt, and no more than one succeeds.
    for (int attempt = 1; attempt <= kAttempts; ++attempt) {
      av1::PaymentRequest q;
      q.set_request_id(absl::StrCat(gift.id, "/", method, "/", attempt));
      q.set_investor_id(investor);
      q.set_card_id(card);
      q.set_amount_fen(gift.amount_fen);
      av1::PaymentResponse answer;
      const auto called = core.Call(absl::StrCat("fundcore.account.v1.AccountService/", method), q, &answer);
      if (auto s = Told(called, method); !s.ok()) return s;
      if (answer.state() == av1::FAILED && answer.repeated()) continue;
      tell(absl::StrCat(method, ": ", av1::PaymentState_Name(answer.state()), " ", answer.reason()));
      if (answer.state() == av1::DONE) return absl::OkStatus();
      if (answer.state() == av1::FAILED) return Refused(method, answer.reason());
      return absl::UnavailableError(absl::StrCat(method, " is under way at the bank; run this again"));
    }
    return Refused(method, absl::StrCat("it failed ", kAttempts, " times; give another --id"));
  };
  if (auto s = pay("Withdraw", gift.from, gift.from_card); !s.ok()) return s;
  if (auto s = pay("Deposit", gift.to, gift.to_card); !s.ok()) return s;
  return Place(core, gift.to, absl::StrCat(gift.id, "/", gift.fund), {gift.fund, gift.amount_fen, 0}, tell);
}

}  // namespace portfolio
