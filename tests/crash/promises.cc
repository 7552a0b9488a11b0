// Sending, recording, judging. See promises.h.
#include "tests/crash/promises.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/runtime/clock.h"
#include "fundcore/account/v1/account.pb.h"

namespace fundcore::crash {

using trade::v1::NewOrder;
using trade::v1::OrderOutcome;

namespace {

constexpr char kTrade[] = "fundcore.trade.v1.TradeService/";
constexpr char kAccount[] = "fundcore.account.v1.AccountService/";
constexpr char kTooSmall[] = "AMOUNT_BELOW_FIRST_MINIMUM";
constexpr int64_t kMinimumFen = 1000;  // of the market's funds
constexpr uint32_t kMostOrders = 1000;  // of an investor; risk asks for a second proof of what is above in a day
constexpr int kDeadlineSeconds = 4;

// Codes that say nothing about the order: the request is sent again.
bool IsTrouble(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnavailable: return true;
    default: return false;
  }
}

NewOrder OrderOf(const std::string& id, const Promise& p, const testing::Market& market) {
  NewOrder o;
  o.set_request_id(id);
  o.set_investor_id(p.investor);
  o.set_business(22);
  o.set_fund_code(market.funds[p.investor % market.funds.size()]);
  o.set_amount_fen(p.amount_fen);
  return o;
}

}  // namespace

// --- the record ---

uint64_t Promises::Draw(uint64_t below) {
  std::lock_guard lock(mu_);
  return random_.Below(below);
}

std::optional<NewOrder> Promises::Make() {
  std::lock_guard lock(mu_);
  const size_t count = market_.investors.size();
  size_t who = random_.Below(count);
  placed_.resize(count);
  for (size_t i = 0; i < count && placed_[who] == kMostOrders; ++i) who = (who + 1) % count;
  if (placed_[who] == kMostOrders) return std::nullopt;
  ++placed_[who];
  const std::string id = absl::StrFormat("%016x%08x", random_.Next(), orders_.size());
  Promise p;
  p.investor = market_.investors[who];
  p.too_small = random_.Below(50) == 0;
  p.amount_fen = p.too_small ? 1 + static_cast<int64_t>(random_.Below(kMinimumFen - 1))
                             : kMinimumFen + static_cast<int64_t>(random_.Below(100'000));
  orders_[id] = p;
  return OrderOf(id, p, market_);
}

bool Promises::Earlier(NewOrder* order, Promise* promise) {
  std::lock_guard lock(mu_);
  if (ids_.empty()) return false;
  const std::string& id = ids_[random_.Below(ids_.size())];
  *promise = orders_[id];
  *order = OrderOf(id, *promise, market_);
  return true;
}

bool Promises::ToCancel(std::string* request_id, Promise* promise) {
  std::lock_guard lock(mu_);
  if (ids_.empty()) return false;
  const std::string& id = ids_[random_.Below(ids_.size())];
  Promise& p = orders_[id];
  if (p.too_small || p.cancel_asked || p.state != trade::v1::ACCEPTED) return false;
  p.cancel_asked = true;
  *request_id = id;
  *promise = p;
  return true;
}

void Promises::Cancelled(const std::string& request_id) {
  std::lock_guard lock(mu_);
  orders_[request_id].cancelled = true;
  ++cancels;
}

bool Promises::Heard(const NewOrder& order, const OrderOutcome& outcome, const Promise* known) {
  const std::string& id = order.request_id();
  if (outcome.code() != 0) {
    const auto code = static_cast<absl::StatusCode>(outcome.code());
    if (IsTrouble(code)) return NoAnswer(code), false;
    Violation(StrCat("order ", id, " was turned away: ", outcome.code(), " ", outcome.reason(), " ", outcome.message()));
    return true;
  }
  std::lock_guard lock(mu_);
  Promise& p = orders_[id];
  const bool first = p.order_id == 0;
  const auto say = [&](absl::string_view what) { violations_.push_back(StrCat("order ", id, " ", what)); };
  if (first) {
    p.order_id = outcome.order_id();
    p.trade_day = outcome.trade_day();
    ids_.push_back(id);
    ++acknowledged_;
  } else {
    if (p.order_id != outcome.order_id()) say(StrCat("had number ", p.order_id, ", now ", outcome.order_id()));
    // Day 0: trade had not heard of the fund yet. A day that was told once stays.
    if (p.trade_day == 0) p.trade_day = outcome.trade_day();
    const bool not_told = outcome.trade_day() == 0 && outcome.state() == trade::v1::RECEIVED;
    if (p.trade_day != outcome.trade_day() && !not_told) say(StrCat("had day ", p.trade_day, ", now ", outcome.trade_day()));
    if (!outcome.repeated()) say("was acknowledged before and is taken for a new one");
  }
  switch (outcome.state()) {
    case trade::v1::RECEIVED:
      // Told so before it was decided; never again afterwards.
      if (p.state != trade::v1::ORDER_STATE_UNSPECIFIED && p.state != trade::v1::RECEIVED) say("was decided and is RECEIVED again");
      break;
    case trade::v1::ACCEPTED:
      if (p.too_small) say("was accepted, below the minimum");
      if (known ? known->cancelled : p.cancelled) say("was cancelled and is ACCEPTED again");
      break;
    case trade::v1::REJECTED:
      if (!p.too_small || outcome.reason() != kTooSmall) say(StrCat("was refused: ", outcome.reason(), " ", outcome.message()));
      break;
    case trade::v1::CANCELLED:
      if (!p.cancel_asked) say("is CANCELLED, which nobody asked for");
      break;
    default: say(StrCat("is in state ", static_cast<int>(outcome.state())));
  }
  p.state = outcome.state();
  return true;
}

void Promises::Deposited(uint64_t investor, int64_t fen) {
  std::lock_guard lock(mu_);
  deposits_[investor] += fen;
  ++payments;
}

void Promises::NoAnswer(absl::StatusCode code) {
  std::lock_guard lock(mu_);
  ++no_answer_[code];
}

void Promises::Violation(std::string what) {
  std::lock_guard lock(mu_);
  violations_.push_back(std::move(what));
}

std::map<std::string, Promise> Promises::orders() const {
  std::lock_guard lock(mu_);
  return orders_;
}
std::map<uint64_t, int64_t> Promises::deposits() const {
  std::lock_guard lock(mu_);
  return deposits_;
}
std::vector<std::string> Promises::violations() const {
  std::lock_guard lock(mu_);
  return violations_;
}
uint64_t Promises::acknowledged() const {
  std::lock_guard lock(mu_);
  return acknowledged_;
}
std::string Promises::NoAnswers() const {
  std::lock_guard lock(mu_);
  std::string out;
  for (const auto& [code, n] : no_answer_) {
    out += StrCat(out.empty() ? "" : ", ", absl::AsciiStrToLower(absl::StatusCodeToString(code)), " ", n);
  }
  return out.empty() ? "none" : out;
}

// --- the senders ---

Load::Load(const std::string& address, Promises* promises, int rate)
    : client_(address, "investor-app", 4), promises_(promises), rate_(rate) {
  for (auto work : {&Load::Batches, &Load::Batches, &Load::Singles, &Load::Singles, &Load::Cancels, &Load::Repeats,
                    &Load::Payments}) {
    threads_.emplace_back([this, work] { (this->*work)(); });
  }
}

void Load::Finish() {
  ended_ = true;
  wake_.notify_all();
  for (auto& t : threads_) t.join();
  threads_.clear();
}

void Load::Abandon() {
  abandoned_ = true;
  Finish();
}

void Load::Pause(int64_t micros) {
  std::unique_lock lock(mu_);
  wake_.wait_for(lock, std::chrono::microseconds(micros), [this] { return ended_.load(); });
}

absl::Status Load::Send(const char* method, const google::protobuf::Message& request, google::protobuf::Message* response) {
  if (abandoned_) return absl::OutOfRangeError("abandoned");
  absl::Status s = client_.Wait(method, request, response, kDeadlineSeconds);
  if (!s.ok() && IsTrouble(s.code())) {
    promises_->NoAnswer(s.code());
    if (s.code() != absl::StatusCode::kDeadlineExceeded) {
      std::unique_lock lock(mu_);
      std::condition_variable().wait_for(lock, std::chrono::milliseconds(10));
    }
  }
  return s;
}

void Load::Batches() {
  const std::string method = StrCat(kTrade, "SubmitOrders");
  while (!ended_) {
    std::vector<NewOrder> open;
    const uint64_t size = hurry_ ? 2000 : 10 + promises_->Draw(60);
    while (open.size() < size) {
      const std::optional<NewOrder> order = promises_->Make();
      if (!order) break;
      open.push_back(*order);
    }
    if (open.empty()) return;
    while (!open.empty()) {
      trade::v1::SubmitOrdersRequest request;
      for (const NewOrder& o : open) *request.add_orders() = o;
      trade::v1::SubmitOrdersResponse response;
      const absl::Status s = Send(method.c_str(), request, &response);
      if (!s.ok()) {
        if (!IsTrouble(s.code())) return promises_->Violation(StrCat("a batch was refused: ", s.ToString()));
        continue;
      }
      if (response.outcomes_size() != static_cast<int>(open.size())) {
        return promises_->Violation(StrCat("a batch of ", open.size(), " has ", response.outcomes_size(), " outcomes"));
      }
      std::vector<NewOrder> again;
      for (int i = 0; i < response.outcomes_size(); ++i) {
        const NewOrder& o = open[static_cast<size_t>(i)];
        if (!promises_->Heard(o, response.outcomes(i))) again.push_back(o);
      }
      open = std::move(again);
      if (!open.empty()) Pause(20'000);
    }
    if (!hurry_) Pause(static_cast<int64_t>(size) * 2'000'000 / Rate());
  }
}

void Load::Singles() {
  const std::string method = StrCat(kTrade, "SubmitOrder");
  while (!ended_) {
    const std::optional<NewOrder> order = promises_->Make();
    if (!order) return;
    for (bool open = true; open;) {
      trade::v1::SubmitOrderRequest request;
      *request.mutable_order() = *order;
      trade::v1::SubmitOrderResponse response;
      const absl::Status s = Send(method.c_str(), request, &response);
      if (!s.ok()) {
        if (!IsTrouble(s.code())) return promises_->Violation(StrCat("an order was refused: ", s.ToString()));
        continue;
      }
      open = !promises_->Heard(*order, response.outcome());
      if (open) Pause(20'000);
    }
    Pause(5'000);
  }
}

void Load::Cancels() {
  const std::string method = StrCat(kTrade, "CancelOrder");
  for (; !ended_; Pause(20'000)) {
    std::string id;
    Promise p;
    if (!promises_->ToCancel(&id, &p)) continue;
    trade::v1::CancelOrderRequest request;
    request.set_investor_id(p.investor);
    request.set_order_id(p.order_id);
    trade::v1::CancelOrderResponse response;
    absl::Status s;
    do {
      response.Clear();
      s = Send(method.c_str(), request, &response);
    } while (!s.ok() && IsTrouble(s.code()));
    if (!s.ok() || response.order().state() != trade::v1::CANCELLED) {
      promises_->Violation(StrCat("order ", id, " was not cancelled: ", s.ToString(), " ", response.order().ShortDebugString()));
    } else {
      promises_->Cancelled(id);
    }
  }
}

void Load::Repeats() {
  const std::string method = StrCat(kTrade, "SubmitOrder");
  for (; !ended_; Pause(10'000)) {
    trade::v1::SubmitOrderRequest request;
    Promise p;
    if (!promises_->Earlier(request.mutable_order(), &p)) continue;
    const bool other = promises_->Draw(2) == 0;
    if (other) request.mutable_order()->set_amount_fen(p.amount_fen + 1);
    trade::v1::SubmitOrderResponse response;
    for (bool open = true; open && !ended_;) {
      const absl::Status s = Send(method.c_str(), request, &response);
      if (!s.ok() && IsTrouble(s.code())) continue;
      if (other) {
        const bool refused = s.code() == absl::StatusCode::kAlreadyExists ||
                             (s.ok() && response.outcome().code() == static_cast<int>(absl::StatusCode::kAlreadyExists));
        if (s.ok() && IsTrouble(static_cast<absl::StatusCode>(response.outcome().code()))) continue;
        if (!refused) {
          promises_->Violation(StrCat("the id ", request.order().request_id(), " was taken again with another content: ",
                                      s.ToString(), " ", response.ShortDebugString()));
        }
        ++promises_->other_content;
        open = false;
      } else if (!s.ok()) {
        promises_->Violation(StrCat("the repeated order ", request.order().request_id(), " was refused: ", s.ToString()));
        open = false;
      } else {
        open = !promises_->Heard(request.order(), response.outcome(), &p);
        if (!open) ++promises_->repeats;
      }
    }
  }
}

void Load::Payments() {
  const std::string method = StrCat(kAccount, "Deposit");
  const testing::Market& market = promises_->market();
  for (uint64_t n = 0; !ended_; ++n, Pause(15'000)) {
    const size_t who = promises_->Draw(market.investors.size());
    account::v1::PaymentRequest request;
    request.set_request_id(absl::StrFormat("pay-in-%08d", n));
    request.set_investor_id(market.investors[who]);
    request.set_card_id(market.cards[who]);
    request.set_amount_fen(1 + static_cast<int64_t>(promises_->Draw(1'000'000)));
    // PENDING is no end: the bank has not answered; the same request tells later.
    for (;;) {
      account::v1::PaymentResponse response;
      const absl::Status s = Send(method.c_str(), request, &response);
      if (!s.ok() && IsTrouble(s.code())) continue;
      if (s.ok() && response.state() == account::v1::PENDING) {
        Pause(20'000);
        continue;
      }
      if (s.ok() && response.state() == account::v1::DONE) {
        promises_->Deposited(request.investor_id(), request.amount_fen());
      } else {
        promises_->Violation(StrCat("payment ", request.request_id(), " failed: ", s.ToString(), " ", response.ShortDebugString()));
      }
      break;
    }
  }
}

// --- the judge ---

namespace {

class Judging {
 public:
  Judging(const std::string& address, const Promises& promises, bool all, const std::function<bool()>& alive)
      : client_(address, "investor-app", 4), operator_(address, "operator"), promises_(promises), all_(all), alive_(alive) {}

  Verdict Run() {
    sent_ = promises_.orders();
    const int64_t until = MonotonicMicros() + 60'000'000;
    // What is being decided or released takes a moment; only that is waited for.
    do {
      undecided_ = 0;
      no_answer_ = false;
      verdict_.unread = false;
      verdict_.faults.clear();
      Fetch();
    } while ((no_answer_ ? alive_ && alive_() : undecided_ > 0 && verdict_.faults.empty()) && MonotonicMicros() < until);
    if (verdict_.unread) return std::move(verdict_);
    if (undecided_ > 0) Fault(StrCat(undecided_, " orders are still RECEIVED"));
    Compare();
    std::vector<std::string> money;
    do {
      money.clear();
      Money(&money);
    } while (!money.empty() && MonotonicMicros() < until && verdict_.faults.empty());
    verdict_.faults.insert(verdict_.faults.end(), money.begin(), money.end());
    Books();
    return std::move(verdict_);
  }

 private:
  void Fault(std::string what) { verdict_.faults.push_back(std::move(what)); }

  void Fetch() {
    found_.clear();
    const auto& investors = promises_.market().investors;
    std::mutex mu;
    testing::RunMany(investors.size(), 16, [&](size_t i, std::function<void()> done) { Page(investors[i], "", &mu, std::move(done)); });
  }
  void Page(uint64_t investor, const std::string& token, std::mutex* mu, std::function<void()> done) {
    trade::v1::ListOrdersRequest list;
    list.set_investor_id(investor);
    list.set_page_size(500);
    list.set_page_token(token);
    auto page = std::make_shared<trade::v1::ListOrdersResponse>();
    client_.Call(StrCat(kTrade, "ListOrders"), list, page.get(), [=, this](absl::Status s) {
      {
        std::lock_guard lock(*mu);
        if (!s.ok()) {
          verdict_.unread = true;
          no_answer_ = no_answer_ || s.code() == absl::StatusCode::kUnavailable || s.code() == absl::StatusCode::kDeadlineExceeded;
          Fault(StrCat("the orders of ", investor, " cannot be listed: ", s.ToString()));
        }
        for (const auto& o : page->orders()) {
          if (o.state() == trade::v1::RECEIVED) ++undecided_;
          if (!found_.emplace(o.request_id(), o).second) Fault(StrCat("order ", o.request_id(), " is there twice"));
        }
      }
      if (s.ok() && !page->next_page_token().empty()) return Page(investor, page->next_page_token(), mu, done);
      done();
    });
  }

  void Compare() {
    for (const auto& [id, o] : found_) {
      if (!sent_.contains(id)) Fault(StrCat("order ", o.order_id(), " has the request id ", id, ", which nobody sent"));
    }
    for (const auto& [id, p] : sent_) {
      auto it = found_.find(id);
      if (p.order_id == 0) {
        if (all_) Fault(StrCat("order ", id, " was never acknowledged"));
        if (it == found_.end()) continue;
      } else if (it == found_.end()) {
        Fault(StrCat("order ", id, ", acknowledged as ", p.order_id, ", is lost"));
        continue;
      }
      const auto& o = it->second;
      const auto differs = [&, &id = id](absl::string_view what, auto promised, auto is) {
        Fault(StrCat("order ", id, ": ", what, " is ", is, ", promised ", promised));
      };
      ++verdict_.orders;
      if (p.order_id != 0 && o.order_id() != p.order_id) differs("its number", p.order_id, o.order_id());
      if (p.order_id != 0 && p.trade_day != 0 && o.trade_day() != p.trade_day) differs("its day", p.trade_day, o.trade_day());
      if (o.investor_id() != p.investor) differs("its investor", p.investor, o.investor_id());
      if (o.amount_fen() != p.amount_fen) differs("its amount", p.amount_fen, o.amount_fen());
      switch (o.state()) {
        case trade::v1::ACCEPTED:
          ++verdict_.accepted;
          if (p.too_small || p.cancelled) differs("its state", p.too_small ? "REJECTED" : "CANCELLED", "ACCEPTED");
          reserved_[p.investor] += p.amount_fen;
          verdict_.reserved_fen += p.amount_fen;
          break;
        case trade::v1::REJECTED:
          ++verdict_.rejected;
          if (!p.too_small || o.reason() != kTooSmall) differs("its state", "ACCEPTED", StrCat("REJECTED ", o.reason()));
          break;
        case trade::v1::CANCELLED:
          ++verdict_.cancelled;
          if (!p.cancel_asked) differs("its state", "ACCEPTED", "CANCELLED");
          break;
        default: differs("its state", "ACCEPTED", static_cast<int>(o.state()));
      }
    }
  }

  // Reserved once, no more and no less; what was paid in is there.
  void Money(std::vector<std::string>* faults) {
    const auto& market = promises_.market();
    const auto deposits = promises_.deposits();
    std::mutex mu;
    std::vector<account::v1::GetAccountResponse> accounts(market.investors.size());
    testing::RunMany(market.investors.size(), 16, [&](size_t i, std::function<void()> done) {
      account::v1::GetAccountRequest get;
      get.set_investor_id(market.investors[i]);
      client_.Call(StrCat(kAccount, "GetAccount"), get, &accounts[i], [&, i, done](absl::Status s) {
        {
          std::lock_guard lock(mu);
          const uint64_t who = market.investors[i];
          const auto& a = accounts[i];
          const auto reserved = reserved_.find(who);
          const int64_t promised = reserved == reserved_.end() ? 0 : reserved->second;
          const auto paid = deposits.find(who);
          const int64_t in = testing::MarketOptions().deposit_fen + (paid == deposits.end() ? 0 : paid->second);
          if (!s.ok()) {
            verdict_.unread = true;
            faults->push_back(StrCat("the account of ", who, " cannot be read: ", s.ToString()));
          } else if (a.reserved_fen() != promised) {
            faults->push_back(StrCat("investor ", who, ": ", a.reserved_fen(), " fen are reserved where orders make ", promised));
          } else if (all_ && a.available_fen() + a.reserved_fen() != in) {
            faults->push_back(StrCat("investor ", who, " has ", a.available_fen() + a.reserved_fen(), " fen of ", in, " paid in"));
          }
        }
        done();
      });
    });
  }

  void Books() {
    account::v1::TrialBalanceRequest verify;
    verify.set_verify(true);
    account::v1::TrialBalanceResponse balance;
    const absl::Status s = operator_.Wait(StrCat(kAccount, "TrialBalance"), verify, &balance);
    if (!s.ok()) {
      verdict_.unread = true;
      return Fault(StrCat("no trial balance: ", s.ToString()));
    }
    if (!balance.balanced()) Fault(StrCat("the books do not balance: ", balance.difference()));
  }

  testing::AsyncClient client_, operator_;
  const Promises& promises_;
  const bool all_;
  const std::function<bool()> alive_;
  bool no_answer_ = false;
  Verdict verdict_;
  std::map<std::string, Promise> sent_;
  std::map<std::string, trade::v1::Order> found_;
  std::map<uint64_t, int64_t> reserved_;
  uint64_t undecided_ = 0;
};

}  // namespace

Verdict Judge(const std::string& address, const Promises& promises, bool all, const std::function<bool()>& alive) {
  return Judging(address, promises, all, alive).Run();
}

}  // namespace fundcore::crash
