// What the judge checks while the run goes on: identities, states that only go forward, and whether a refusal can be
// true.
#include "tests/simulation/judge.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/rpc/handlers.h"
#include "common/types/ids.h"
#include "tests/simulation/client.h"
#include "tests/simulation/trace.h"

namespace fundcore::simulation {

namespace tv1 = trade::v1;
namespace av1 = account::v1;

namespace {

constexpr int64_t kLawfulAtOnce = 10'000'00;  // of a person, fund and calendar day

bool IsFinal(tv1::OrderState s) {
  return s == tv1::SETTLED || s == tv1::REJECTED || s == tv1::CANCELLED || s == tv1::REFUSED;
}

// How far along an order is: answers never go back, whatever order they come in.
int Progress(tv1::OrderState s) {
  switch (s) {
    case tv1::ORDER_STATE_UNSPECIFIED: return 0;
    case tv1::RECEIVED: return 1;
    case tv1::CHALLENGED: return 2;
    case tv1::ACCEPTED: return 3;
    case tv1::DISPATCHED: return 4;
    case tv1::CONFIRMED: return 5;
    case tv1::SETTLED: return 6;
    default: return 10;
  }
}

}  // namespace

std::string Yuan(int64_t fen) { return Money::FromRaw(fen).ToGrouped(); }
std::string UnitsText(int64_t e2) { return Units::FromRaw(e2).ToGrouped(); }

std::string Content::Text() const {
  if (wanted.is_set()) {
    Content now = *this;
    now.wanted = Date();
    return StrCat(now.Text(), " for ", wanted.Iso());
  }
  if (business == 36) return StrCat("convert ", UnitsText(units_e2), " units of ", fund, " into ", target);
  if (business == 98) return StrCat("redeem ", UnitsText(units_e2), " units of ", fund, " at once");
  if (business == 20 && units_e2 != 0) return StrCat("subscribe ", UnitsText(units_e2), " units of ", fund);
  if (business == 20) return StrCat("subscribe for ", Yuan(amount_fen), " of ", fund);
  if (business > 24 && business != 36) return StrCat("business ", business, ": ", UnitsText(units_e2), " units of ", fund, " to ", to);
  return business == 24 ? StrCat("redeem ", UnitsText(units_e2), " units of ", fund)
                        : StrCat("buy for ", Yuan(amount_fen), " of ", fund);
}

const Judge::Attempt* Judge::Request::Find(const Content& c) const {
  for (const Attempt& a : attempts)
    if (a.content == c) return &a;
  return nullptr;
}

void Judge::Fail(std::string rule, std::string subject, std::string promised, std::string found, uint64_t order) {
  if (order == 0) {
    auto it = requests_.find(subject);
    if (it != requests_.end()) order = it->second.order;
  }
  violations_.push_back({std::move(rule), std::move(subject), std::move(promised), std::move(found), order});
}

void Judge::Opened(size_t investor, uint64_t investor_id) { investors_[investor].id = investor_id; }

void Judge::Sent(const std::string& request, size_t investor, const Content& content) {
  Request& r = requests_[request];
  if (r.attempts.empty()) {
    Investor& i = investors_[investor];
    r.investor = investor;
    i.requests.push_back(request);
    if (i.seen_at.raw() != 0) {
      r.usable_seen = 0;
      for (const auto& p : i.seen.positions())
        if (p.fund_code() == content.fund) r.usable_seen = p.usable_units_e2();
      for (const auto& a : i.seen.fund_accounts())
        r.account_seen_open |= a.ta_code() == plan_.FundOf(content.fund).ta && a.state() == "OPEN";
    }
  }
  if (!r.Find(content)) r.attempts.push_back({content, now_(), ++heard_});
}

void Judge::Answered(const std::string& request, const Content& content, const absl::Status& status,
                     const tv1::OrderOutcome& outcome) {
  Request& r = requests_.at(request);
  if (!status.ok()) {
    if (IsTrouble(status)) return;
    const std::string reason = rpc::ReasonOf(status);
    const bool may_be_reused = r.attempts.size() > 1 && !(r.order != 0 && r.content == content);
    if (reason == "REQUEST_ID_REUSED" && may_be_reused) return;
    return Fail("a request was turned away for no reason of business", request,
                "an order number, or an error that says to ask again", Said(status));
  }
  ++tally_.answers;
  if (outcome.order_id() == 0) return Fail("an answer without an order number", request, "a number", "0");
  if (r.order == 0) {
    ++tally_.orders;
    r.order = outcome.order_id();
    r.content = content;
    r.sent = r.Find(content)->first_sent;
    r.sent_at = r.Find(content)->at;
    r.acknowledged = now_();
    r.trade_day = outcome.trade_day();
    const auto [it, fresh] = by_order_.emplace(r.order, request);
    acknowledged_.push_back(r.order);
    if (!fresh) Fail("one order number for two requests", request, it->second, StrCat(r.order), r.order);
  } else {
    ++tally_.repeats;
    if (r.order != outcome.order_id()) {
      Fail("the same request id had two effects", request, FormatOrderId(OrderId(r.order)),
           FormatOrderId(OrderId(outcome.order_id())));
    }
    if (!(r.content == content)) {
      Fail("another content was taken for the same request id", request, r.content.Text(), content.Text());
    }
    const bool not_told = outcome.trade_day() == 0 && outcome.state() == tv1::RECEIVED;  // an answer that was under way
    if (r.trade_day != 0 && outcome.trade_day() != r.trade_day && !not_told) {
      Fail("a repeated answer names another trading day", request, StrCat(r.trade_day), StrCat(outcome.trade_day()));
    }
    if (r.trade_day == 0) r.trade_day = outcome.trade_day();
  }
  CheckState(request, r, outcome.state(), outcome.reason());
}

void Judge::CheckState(const std::string& request, Request& r, tv1::OrderState state, const std::string& reason) {
  const tv1::OrderState was = r.state;
  if (IsFinal(was)) {
    // An answer that was under way may be older than what is known; a final state other than the known one is another
    // outcome.
    if (IsFinal(state) && (state != was || reason != r.reason)) {
      Fail("an order has two outcomes", request, StrCat(tv1::OrderState_Name(was), " ", r.reason),
           StrCat(tv1::OrderState_Name(state), " ", reason));
    }
    return;
  }
  if (Progress(state) <= Progress(was)) return;
  r.state = state;
  r.reason = reason;
  if (Progress(state) >= 3 && Progress(state) <= 6 && r.accepted_at == 0) r.accepted_at = ++heard_;
  if (state == tv1::REJECTED) r.refused_at = ++heard_;
  if (r.cancel_acknowledged && state != tv1::CANCELLED) {
    Fail("a cancelled order goes on", request, "CANCELLED", tv1::OrderState_Name(state));
  }
}

void Judge::CancelSent(const std::string& request) {
  Request& r = requests_.at(request);
  if (!r.cancel_sent) r.cancel_sent_at = now_();
  r.cancel_sent = true;
}

void Judge::CancelAnswered(const std::string& request, const absl::Status& status, const tv1::Order& order) {
  Request& r = requests_.at(request);
  if (status.ok()) {
    // Of a redemption whose rest goes on the rest alone can be withdrawn, by an order of its own.
    // So it is with a reservation that the institution has: it is asked with an order.
    if ((r.content.defer || IsKeptThere(r.order)) && order.withdrawal_order_id() != 0 && order.state() != tv1::CANCELLED) {
      if (r.content.wanted.is_set() && r.cancel_sent_at >= TimePoint::At(r.content.wanted, plan_.TaOf(plan_.FundOf(r.content.fund)).cutoff))
        Fail("a reservation was to be cancelled after its day", request, "CUTOFF_PASSED", order.ShortDebugString());
      withdrawals_.emplace(order.withdrawal_order_id(), r.order);
      return;
    }
    if (order.state() != tv1::CANCELLED) {
      return Fail("a cancel was answered with another state", request, "CANCELLED",
                  tv1::OrderState_Name(order.state()));
    }
    r.cancel_acknowledged = true;
    if (r.cancelled_at == 0) r.cancelled_at = ++heard_;
    CheckState(request, r, order.state(), "");
    if (r.state != tv1::CANCELLED) {
      Fail("an order was cancelled that had another outcome", request, tv1::OrderState_Name(r.state), "CANCELLED");
    }
    return;
  }
  if (IsTrouble(status)) return;
  const std::string reason = rpc::ReasonOf(status);
  const dayrun::GivenTa& ta = plan_.TaOf(plan_.FundOf(r.content.fund));
  TimeOfDay closes = ta.cutoff;
  // A conversion between institutions cannot be taken back once either of them has it.
  if (r.content.business == 36) closes = std::min(closes, plan_.TaOf(plan_.FundOf(r.content.target)).cutoff);
  const TimePoint cutoff = TimePoint::At(Date::FromRaw(r.trade_day), closes);
  const bool late = r.trade_day != 0 && now_() >= cutoff;
  if (reason == "CUTOFF_PASSED" && late) return;
  if (reason == "ORDER_SEALED" && late) return;
  // A rejected order may not have been known as such yet: its final state is checked at the end.
  if (reason == "ORDER_FINAL") return;
  // Where it was not known yet whether its institution keeps it for its day, the day of the receipt counted.
  if (r.content.wanted.is_set() && r.trade_day == 0) {
    const bool sent_there = ta.reservations == "sent" || now_() >= TimePoint::At(r.content.wanted, closes);
    if (reason == "CUTOFF_PASSED" || (reason == "ORDER_SEALED" && sent_there)) return;
  }
  if (reason == "FAST_PAID" && r.content.business == 98) return;  // accepted before the investor had heard of it
  Fail("a cancel was turned away for no reason of business", request,
       StrCat("CANCELLED, as its cut-off is ", cutoff.Iso()), Said(status));
}

void Judge::PaymentSent(const std::string& request, size_t investor, bool deposit, int64_t amount_fen) {
  auto [it, fresh] = payments_.try_emplace(request);
  if (!fresh) return;
  it->second = {investor, deposit, amount_fen, ++heard_, 0, 0, av1::PAYMENT_STATE_UNSPECIFIED, false};
  investors_[investor].payments.push_back(request);
}

void Judge::PaymentAnswered(const std::string& request, const absl::Status& status, const av1::PaymentResponse& r) {
  Payment& p = payments_.at(request);
  if (!status.ok()) {
    if (IsTrouble(status)) return;
    if (rpc::ReasonOf(status) == "NOT_ENOUGH_CASH" && !p.deposit && p.id == 0) {
      p.never = true;
      p.ended = ++heard_;
      return;
    }
    // Another card may have come into the place of the one that it names.
    if (p.id == 0 && card_changed_.contains(p.investor) && (rpc::ReasonOf(status) == "CARD_CLOSED" || rpc::ReasonOf(status) == "CARD_NOT_FOR_PAYOUT")) {
      p.never = true;
      p.ended = ++heard_;
      return;
    }
    return Fail("a payment was turned away for no reason of business", request, Yuan(p.amount_fen), Said(status));
  }
  if (p.id != 0 && p.id != r.payment_id()) {
    Fail("the same payment id had two effects", request, StrCat(p.id), StrCat(r.payment_id()));
  }
  p.id = r.payment_id();
  if (p.never)
    Fail("a withdrawal was made that had been refused", request, "NOT_ENOUGH_CASH", av1::PaymentState_Name(r.state()));
  p.never = false;
  const bool ended = p.state == av1::DONE || p.state == av1::FAILED;
  if (ended && (r.state() == av1::DONE || r.state() == av1::FAILED) && r.state() != p.state) {
    Fail("a payment has two outcomes", request, av1::PaymentState_Name(p.state), av1::PaymentState_Name(r.state()));
  }
  if (ended || (r.state() != av1::DONE && r.state() != av1::FAILED)) return;
  p.state = r.state();
  p.ended = ++heard_;
  if (r.state() == av1::FAILED && !p.deposit) {
    Fail("the bank refused a withdrawal that our books could pay", request, "DONE", r.reason());
  }
}

void Judge::AccountAsked(size_t investor, const std::string& ta, uint32_t business) {
  account_asked_.insert({investor, ta, business});
}

// Each reason with what must have been asked for at this institution before it can be true; 0: nothing.
void Judge::AccountAnswered(const std::string& request, size_t investor, const std::string& ta, const absl::Status& status,
                            uint64_t application) {
  if (!status.ok() && IsTrouble(status)) return;
  const std::string reason = status.ok() ? "" : rpc::ReasonOf(status);
  const std::string outcome = status.ok() ? StrCat("application ", application) : reason;
  const auto [it, fresh] = account_answers_.emplace(request, outcome);
  if (!fresh && it->second != outcome) Fail("the same application had two effects", request, it->second, outcome);
  if (status.ok()) return;
  const auto was = [&](uint32_t business) { return WasAsked(investor, ta, business); };
  const bool refused = refused_accounts_.contains({ta, investor});
  const std::map<std::string, bool> possible = {
      {"FUND_ACCOUNT_NOT_FOUND", true},
      {"FUND_ACCOUNT_NOT_OPEN", true},
      {"FUND_ACCOUNT_REFUSED", refused},
      {"FUND_ACCOUNT_CLOSED", was(2)},
      {"TRADING_ACCOUNT_ENDED", was(9)},
      {"FUND_ACCOUNT_CLOSING", was(2) || was(9)},
      {"FUND_ACCOUNT_FROZEN", was(4)},
      {"FUND_ACCOUNT_LOST", was(6)},
      {"ACCOUNT_BUSINESS_UNDER_WAY", true},
      {"UNITS_HELD", true},
      {"ORDERS_IN_TRANSIT", true},
      {"MONEY_IN_TRANSIT", true},
      {"FUND_ACCOUNT_NOT_FROZEN", true},
      {"FUND_ACCOUNT_NOT_LOST", true},
  };
  const auto rule = possible.find(reason);
  if (rule != possible.end() && rule->second) return;
  Fail("an application was turned away for no reason of business", request, "taken, or a reason that can be true", Said(status));
}

void Judge::Saw(size_t investor, const av1::GetAccountResponse& a, uint64_t asked) {
  Investor& i = investors_[investor];
  i.seen_at = now_();
  i.seen = a;
  if (a.available_fen() < 0 || a.reserved_fen() < 0 || a.awaiting_fen() < 0 || a.withdrawing_fen() < 0) {
    Fail("a balance below zero", StrCat("investor ", i.id), "0.00 or more", a.ShortDebugString());
  }
  for (const auto& p : a.positions()) {
    if (p.units_e2() < 0 || p.frozen_units_e2() < 0 || p.frozen_units_e2() > p.units_e2()) {
      Fail("units below zero", StrCat("investor ", i.id), "0.00 or more", p.ShortDebugString());
    }
  }
  for (const auto& f : a.fund_accounts())
    if (f.state() == "OPEN") seen_open_.emplace(std::pair(investor, f.ta_code()), now_());
  CheckSetAside(investor, a, asked);
}

void Judge::SawBreaks(const std::vector<clearing::v1::Break>& breaks) {
  for (const auto& b : breaks) {
    if (b.state() != "CLOSED") continue;
    const auto [it, fresh] =
        closed_by_.emplace(b.break_id(), StrCat(b.proposed_by(), "+", b.approved_by(), " ", b.resolution()));
    if (fresh && (b.proposed_by().empty() || b.approved_by().empty() || b.proposed_by() == b.approved_by())) {
      Fail("a break was closed without two people", StrCat("break ", b.break_id()), "two", it->second);
    }
    const std::string now = StrCat(b.proposed_by(), "+", b.approved_by(), " ", b.resolution());
    if (!fresh && it->second != now) Fail("a closed break changed", StrCat("break ", b.break_id()), it->second, now);
  }
}

void Judge::SawFiles(const MemoryFiles& files) {
  auto listing = files.List("");
  if (!listing.ok()) return;  // the disk is out of order just now
  std::set<std::string> there;
  for (const FileInfo& info : *listing) {
    there.insert(info.name);
    auto known = files_.find(info.name);
    auto bytes = files.Read(info.name);
    if (!bytes.ok()) continue;
    if (known == files_.end()) {
      files_.emplace(info.name, *std::move(bytes));
    } else if (*bytes != known->second) {
      Fail("a published file changed", info.name, StrCat(known->second.size(), " bytes as first seen"),
           StrCat(bytes->size(), " other bytes"));
    }
  }
  for (const auto& [name, bytes] : files_)
    if (!there.contains(name)) Fail("a published file is gone", name, StrCat(bytes.size(), " bytes"), "no file");
}

void Judge::StoppedPurchases(const std::string& fund, TimePoint possible_from) {
  if (!stopped_.contains(fund)) stopped_[fund] = {possible_from, TimePoint::FromRaw(INT64_MAX), {}};
}

void Judge::SawStopped(const std::string& fund, TimePoint since, TimePoint asked) {
  Stop& stop = stopped_.at(fund);
  stop.sure_from = since;
  stop.sure_to = std::max(stop.sure_to, asked);
}

void Judge::Corrected(const std::string& ta, Date answer_day) {
  for (Injected& i : injected_) i.corrected |= i.ta == ta && i.answer_day == answer_day;
}

bool Judge::IsSpoilt(const std::string& ta, Date answer_day, const std::string& order) const {
  return std::any_of(injected_.begin(), injected_.end(), [&](const Injected& i) {
    if (i.ta != ta || i.answer_day != answer_day || i.corrected) return false;
    if (order.empty()) return i.fault == Fault::kTaDamaged;
    const bool line =
        i.fault == Fault::kTaWrongFigure || i.fault == Fault::kTaMissingLine || i.fault == Fault::kTaDoubledLine;
    return line && i.order == order;
  });
}

std::vector<uint64_t> Judge::LiveOrders(const std::string& ta) const {
  std::vector<uint64_t> out;
  for (const auto& [order, request] : by_order_) {
    const Request& r = requests_.at(request);
    if (r.state == tv1::REJECTED || r.state == tv1::CANCELLED || r.cancel_sent) continue;
    if (plan_.FundOf(r.content.fund).ta == ta) out.push_back(order);
  }
  return out;
}

size_t Judge::InvestorOf(uint64_t order) const { return requests_.at(by_order_.at(order)).investor; }

std::string Judge::FundOf(uint64_t order) const {
  const std::string request = RequestOf(order);
  return request.empty() ? std::string() : requests_.at(request).content.fund;
}

std::string Judge::RequestOf(uint64_t order) const {
  auto it = by_order_.find(order);
  return it == by_order_.end() ? std::string() : it->second;
}

bool Judge::WasAcknowledged(const std::string& request) const {
  auto it = requests_.find(request);
  return it != requests_.end() && it->second.order != 0;
}

bool Judge::Was(Fault fault, const std::string& order) const {
  return std::any_of(injected_.begin(), injected_.end(),
                     [&](const Injected& i) { return i.fault == fault && i.order == order; });
}

bool Judge::WasSpoilt(const std::string& order) const {
  return std::any_of(injected_.begin(), injected_.end(), [&](const Injected& i) { return i.fault != Fault::kRefunds && i.order == order; });
}

bool Judge::TookMore(size_t investor, const std::string& fund) const {
  return std::any_of(injected_.begin(), injected_.end(), [&](const Injected& i) {
    OrderId order;
    return i.fault == Fault::kTaWrongRegister && ParseOrderId(i.order, &order) && by_order_.contains(order.raw()) &&
           InvestorOf(order.raw()) == investor && FundOf(order.raw()) == fund;
  });
}

// The least that the investor can have had to spend at any moment between the sending of the order and its refusal,
// assuming that everything that may have taken money had, and that nothing had come back that was not known to be back.
bool Judge::CashMayHaveLacked(const std::string& request, const Request& r, bool* proven) const {
  const Investor& investor = investors_.at(r.investor);
  int64_t least = 0, most = 0;
  // What goes to the card by itself may be anything that came.
  if (payouts_wanted_.contains(r.investor)) least = INT64_MIN / 2;
  for (const std::string& id : investor.payments) {
    const Payment& p = payments_.at(id);
    if (p.deposit) {
      if (p.state == av1::DONE && p.ended < r.sent_at) least += p.amount_fen;
      if (p.sent <= r.refused_at && p.state != av1::FAILED && !p.never) most += p.amount_fen;
    } else if (!p.never && p.sent <= r.refused_at) {
      least -= p.amount_fen;
    }
  }
  for (const std::string& id : investor.requests) {
    const Request& other = requests_.at(id);
    if (id == request) continue;
    int64_t amount = 0;
    bool redemption = false;
    for (const Attempt& a : other.attempts) {
      if (a.at > r.refused_at) continue;
      if (other.order != 0 && !(other.content == a.content)) continue;  // never executed
      amount = std::max(amount, CostOf(a.content).second);
      redemption |= a.content.business == 24 || a.content.business == 98;  // a conversion brings no money
    }
    if (redemption) most = INT64_MAX / 2;  // its proceeds may be there: known only to bounds
    // What the investor knew to be over must not hold anything back any more.
    const bool over = (other.state == tv1::REJECTED && other.refused_at < r.sent_at) ||
                      (other.cancelled_at != 0 && other.cancelled_at < r.sent_at);
    if (!over) least -= amount;
  }
  *proven = most < CostOf(r.content).first;
  return least < CostOf(r.content).second;
}

// By what the investor saw when they last looked before sending.
bool Judge::UnitsMayHaveLacked(const std::string& request, const Request& r, bool* proven) const {
  const Investor& investor = investors_.at(r.investor);
  *proven = false;
  if (r.usable_seen < 0) return true;
  for (const std::string& id : investor.requests) {
    const Request& other = requests_.at(id);
    if (id == request || other.attempts.empty()) continue;
    const Content& c = other.attempts.front().content;
    if (!Buys(c) && c.fund == r.content.fund && other.attempts.front().at <= r.refused_at) return true;
  }
  for (const Injected& i : injected_)
    if (i.fault == Fault::kTaForced || i.fault == Fault::kTaStarts) return true;
  *proven = true;
  return r.usable_seen < r.content.units_e2;
}

// What this order and all that were sent before its refusal come to, of its investor and fund, or of everybody's.
int64_t Judge::AskedAtOnce(const Request* of, bool of_person) const {
  int64_t sum = of->content.units_e2;
  for (const auto& [id, other] : requests_) {
    if (&other == of || (of_person && (other.investor != of->investor))) continue;
    int64_t most = 0;
    for (const Attempt& a : other.attempts) {
      if (a.content.business == 98 && a.at <= of->refused_at && (!of_person || a.content.fund == of->content.fund))
        most = std::max(most, a.content.units_e2);
    }
    sum += most;
  }
  return sum;
}

bool Judge::MayHaveBought(const Request& r, bool* surely) const {
  bool may = false;
  *surely = false;
  for (const std::string& id : investors_.at(r.investor).requests) {
    const Request& other = requests_.at(id);
    if (&other == &r) continue;
    for (const Attempt& a : other.attempts)
      may |= Buys(a.content) && a.content.fund == r.content.fund && a.at <= r.refused_at;
    *surely |= other.accepted_at != 0 && other.accepted_at < r.sent_at && Buys(other.content) &&
               other.content.fund == r.content.fund;
  }
  return may;
}

// Is there a moment between receipt and refusal at which this reason was true?
void Judge::CheckRefusal(const std::string& request, const Request& r, const std::string& reason, TimePoint received) {
  const Content& c = r.content;
  const dayrun::GivenFund& fund = plan_.FundOf(c.fund);
  const dayrun::GivenInvestor& who = *plan_.investors()[r.investor];
  bool proven = true, possible = false;
  const auto costs = CostOf(c);
  const bool crosses = c.business == 36 && plan_.FundOf(c.target).ta != fund.ta;
  const int64_t first = fund.minimum.raw();
  const int64_t additional = fund.additional.is_positive() ? fund.additional.raw() : first;
  if (reason == "FUND_CLOSED_ON_TRADE_DAY") {
    possible = !*plan_.CalendarOf(fund).IsOpen(Date::FromRaw(r.trade_day));
    possible |= c.wanted.is_set() && !*plan_.CalendarOf(fund).IsOpen(c.wanted);
  } else if (reason == "TRADE_DAY_PASSED") {
    possible = c.wanted.is_set() && c.wanted.raw() < r.trade_day;
  } else if (reason == "TRADE_DAY_NOT_REACHED") {
    possible = c.wanted.is_set() && c.wanted.raw() > r.trade_day && plan_.TaOf(fund).reservations.empty();
  } else if (reason == "AMOUNT_BELOW_FIRST_MINIMUM") {
    bool surely = false;
    MayHaveBought(r, &surely);
    possible = Buys(c) && costs.first < first && !(surely && costs.first >= additional);
  } else if (reason == "AMOUNT_BELOW_ADDITIONAL_MINIMUM") {
    bool surely = false;
    possible = Buys(c) && costs.first < additional && MayHaveBought(r, &surely);
  } else if (reason == "AMOUNT_ABOVE_MAXIMUM") {
    possible = Buys(c) && fund.maximum.is_positive() && costs.second > fund.maximum.raw();
  } else if (reason == "FUND_IN_OFFER") {
    possible = c.business != 20 && fund.offer.has_value();
  } else if (reason == "FUND_NOT_IN_OFFER") {
    possible = c.business == 20 && fund.offer && fund.offer->opens && received.date() > *fund.offer->opens;
  } else if (reason == "QUOTA_USED_UP" || reason == "PURCHASES_ABOVE_DAY_LIMIT") {
    // Who came first is in the logs alone; that the sums are right is judged at the end.
    possible = c.business == 22 && (reason == "QUOTA_USED_UP" ? fund.quota : fund.day_limit).is_positive();
    proven = false;
  } else if (reason == "FAST_ABOVE_PERSON_LIMIT") {
    possible = c.business == 98 && c.units_e2 > kLawfulAtOnce;
  } else if (reason == "FAST_ABOVE_DAY_LIMIT") {
    possible = c.business == 98 && AskedAtOnce(&r, true) > kLawfulAtOnce;
    proven = false;
  } else if (reason == "FAST_BANK_LIMIT") {
    possible = c.business == 98 && AskedAtOnce(&r, false) > plan_.advances_fen;
    proven = false;
  } else if (reason == "UNITS_BELOW_MINIMUM") {
    possible = c.business == 24 && c.units_e2 < fund.min_redemption.raw();
  } else if (reason == "PURCHASE_STOPPED") {
    auto it = stopped_.find(c.fund);
    possible = c.business == 22 && it != stopped_.end() && received >= it->second.possible_from;
  } else if (reason == "NOT_ENOUGH_CASH") {
    possible = Buys(c) && CashMayHaveLacked(request, r, &proven);
  } else if (reason == "NOT_ENOUGH_UNITS") {
    possible = !Buys(c) && !ComesWithoutMoney(c.business) && c.business != 32 && UnitsMayHaveLacked(request, r, &proven);
  } else if (reason == "FUND_ACCOUNT_NOT_OPEN") {
    possible = crosses || MoveMayBeRefused(r, reason) || (!plan_.TaOf(fund).same_day_orders && !r.account_seen_open);
    proven = false;
  } else if (reason == "FUND_ACCOUNT_REFUSED" || reason == "FUND_ACCOUNT_REFUSED_BY_TA") {
    possible = refused_accounts_.contains({fund.ta, r.investor}) ||
               (crosses && refused_accounts_.contains({plan_.FundOf(c.target).ta, r.investor}));
  } else if (reason == "TARGET_ACCOUNT_NOT_OPEN") {
    possible = crosses;
    proven = false;
  } else if (reason == "TARGET_NOT_OPEN") {
    auto it = stopped_.find(c.target);
    possible = c.business == 36 && it != stopped_.end() && received >= it->second.possible_from;
  } else if (reason == "TARGET_ABOVE_MAXIMUM") {
    possible = c.business == 36 && plan_.FundOf(c.target).maximum.is_positive();
    proven = false;
  } else if (reason == "TARGET_CLOSED_ON_TRADE_DAY") {
    possible = crosses || (c.business == 36 && !*plan_.CalendarOf(plan_.FundOf(c.target)).IsOpen(Date::FromRaw(r.trade_day)));
  } else if (reason == "FUND_ACCOUNT_FROZEN" || reason == "FUND_ACCOUNT_LOST" || reason == "FUND_ACCOUNT_CLOSED" ||
             reason == "TRADING_ACCOUNT_ENDED" || reason == "FUND_ACCOUNT_CLOSING") {
    const bool ended = WasAsked(r.investor, fund.ta, 2) || WasAsked(r.investor, fund.ta, 9);
    possible = reason == "FUND_ACCOUNT_FROZEN" ? WasAsked(r.investor, fund.ta, 4)
               : reason == "FUND_ACCOUNT_LOST" ? WasAsked(r.investor, fund.ta, 6)
                                               : ended;
    proven = false;
  } else if (reason == "QUESTIONNAIRE_MISSING") {
    possible = (Buys(c) || c.business == 36) && who.risk_class == 0;
  } else if (reason == "RISK_ABOVE_CLASS") {
    const int grade = c.business == 36 ? plan_.FundOf(c.target).risk_grade : fund.risk_grade;
    possible = (Buys(c) || c.business == 36) && who.risk_class > 0 && grade > who.risk_class && !c.mismatch_confirmed;
  }
  possible |= SpeaksOfUnits(c.business) && MoveMayBeRefused(r, reason);
  ++(proven ? tally_.refusals_proven : tally_.refusals_unproven);
  if (possible) return;
  Fail("a refusal that was not true", request, StrCat("taken, or refused for a reason that holds: ", c.Text()),
       StrCat("REJECTED ", reason));
}

}  // namespace fundcore::simulation
