// Investors: deposits, orders, cancels, withdrawals; the same request again, at once or later, until there is an
// answer.
#include <algorithm>
#include <iterator>

#include "common/types/ids.h"
#include "tests/simulation/people.h"

namespace fundcore::simulation {
namespace {

namespace tv1 = trade::v1;
namespace av1 = account::v1;

constexpr Duration kDeadline = Duration::Seconds(5);
constexpr int kTriesBeforeGivingUp = 6;

}  // namespace

Investors::Investors(const Plan& plan, Client* client, Judge* judge, Trace* trace, FaultCounts* counts)
    : plan_(plan),
      client_(client),
      judge_(judge),
      trace_(trace),
      counts_(counts),
      random_(RandomFor(plan.seed, Stream::kInvestors)),
      who_(plan.investors().size()) {}

void Investors::Opened(size_t investor, uint64_t id, uint64_t card) {
  who_[investor].id = id;
  who_[investor].card = card;
  judge_->Opened(investor, id);
}

std::string Investors::NewId(std::string_view what) { return StrCat(what, "-", plan_.seed, "-", ++next_id_); }

void Investors::Schedule() {
  if (plan_.Has(Fault::kAccounts)) ScheduleAccounts();
  const auto funds = plan_.funds();
  SimExecutor* e = client_->executor();
  for (Date day : plan_.days) {
    for (int n = 0; n < plan_.orders_a_day; ++n) {
      const size_t i = random_.Below(who_.size());
      const dayrun::GivenFund& fund = *funds[random_.Below(funds.size())];
      const TimePoint cutoff = TimePoint::At(day, plan_.TaOf(fund).cutoff);
      // Most during the hours of trade, a quarter within the last minute before the cut-off and the first after it.
      TimePoint when;
      switch (random_.Below(8)) {
        case 0:
        case 1:
          when = cutoff - Duration::Seconds(60) + Duration::Micros(static_cast<int64_t>(random_.Below(120'000'000)));
          break;
        case 2: when = cutoff + Duration::Seconds(static_cast<int64_t>(random_.Below(8 * 3600))); break;
        default:
          when = TimePoint::At(day, TimeOfDay::Hms(9, 0)) +
                 Duration::Seconds(static_cast<int64_t>(random_.Below(6 * 3600)));
      }
      const uint64_t act = random_.Below(100), size = random_.Below(1'000'000), more = random_.Below(1'000'000);
      const int64_t fen = static_cast<int64_t>(size % 20 == 0 ? 50 + size % 500 : 10'000 + size * 4);
      const std::string code = fund.code;
      if (act < 12) {
        e->PostAt(when, [this, i, fen] { Deposit(i, fen * 3); });
      } else if (act < 62) {
        if (more % 3 != 0 || !plan_.careless)
          e->PostAt(when - Duration::Seconds(600), [this, i, fen] { Deposit(i, fen + fen % 7); });
        e->PostAt(when, [this, i, code, fen] { Buy(i, code, fen); });
      } else if (act < 88) {
        e->PostAt(when, [this, i, code, more] { Redeem(i, code, 1 + more % 130, more % 11 == 0); });
      } else {
        e->PostAt(when, [this, i, fen] { Withdraw(i, fen / 2); });
      }
      if (more % 9 == 0)
        e->PostAt(when + Duration::Seconds(static_cast<int64_t>(more % 1200)), [this, i] { CancelLast(i); });
      if (plan_.Has(Fault::kLateCancel) && more % 5 == 0) {
        const TimePoint late = cutoff - Duration::Micros(1'500'000) + Duration::Micros(static_cast<int64_t>(more * 3));
        e->PostAt(late, [this, i] {
          ++Count(counts_, Fault::kLateCancel);
          CancelLast(i);
        });
      }
    }
  }
  ScheduleConversions();
  if (plan_.advances_fen != 0) ScheduleFast();
  if (plan_.defers) ScheduleExits();
  ScheduleOffers();
  if (plan_.Has(Fault::kReservations)) ScheduleReservations();
  if (plan_.Has(Fault::kMoves)) ScheduleMoves();
  if (plan_.Has(Fault::kCards)) ScheduleCards();
  if (plan_.Has(Fault::kTax)) ScheduleTax();
}

// When the others are done, many leave the funds that take only a part of a large day.
void Investors::ScheduleExits() {
  SeededRandom r = RandomFor(plan_.seed + 1, Stream::kDeferrals);
  SimExecutor* e = client_->executor();
  for (const dayrun::GivenFund* fund : plan_.funds()) {
    if (!fund->large_pro_rata) continue;
    for (size_t i = 0; i < who_.size(); ++i) {
      const Date day = *plan_.CalendarOf(*fund).AddOpenDays(plan_.days.back(), static_cast<int>(1 + r.Below(2)));
      const TimePoint when =
          TimePoint::At(day, TimeOfDay::Hms(9, 30)) + Duration::Seconds(static_cast<int64_t>(r.Below(5 * 3600)));
      const uint64_t share = 20 + r.Below(80);
      // Some do not wait for the end of it: the rest is withdrawn (052).
      const TimePoint off = TimePoint::At(day.AddDays(static_cast<int>(1 + r.Below(5))), TimeOfDay::Hms(10, 0)) +
                            Duration::Seconds(static_cast<int64_t>(r.Below(8 * 3600)));
      if (r.Below(3) == 0) e->PostAt(off, [this, i] { CancelLast(i); });
      if (r.Below(4) != 0) e->PostAt(when, [this, i, code = fund->code, share] { Redeem(i, code, share, false); });
    }
  }
}

// Draws of its own, so that worlds without conversions are what they were.
void Investors::ScheduleConversions() {
  SeededRandom r = RandomFor(plan_.seed, Stream::kConversions);
  const auto funds = plan_.funds();
  const bool some = std::any_of(funds.begin(), funds.end(), [](const auto* f) { return !f->conversions.empty(); });
  if (!some) return;
  SimExecutor* e = client_->executor();
  for (Date day : plan_.days) {
    for (int n = 0; n < plan_.orders_a_day / 3 + 3; ++n) {
      const size_t i = r.Below(who_.size());
      const uint64_t which = r.Next() >> 8, share = 1 + r.Below(130);
      const TimePoint when =
          TimePoint::At(day, TimeOfDay::Hms(9, 30)) + Duration::Seconds(static_cast<int64_t>(r.Below(8 * 3600)));
      e->PostAt(when, [this, i, which, share] { Convert(i, which, share); });
    }
  }
}

// At any time of the day, for these are paid after the cut-off, too. Draws of its own, as above.
void Investors::ScheduleFast() {
  SeededRandom r = RandomFor(plan_.seed + 1, Stream::kFast);
  std::vector<std::string> funds;
  for (const dayrun::GivenFund* fund : plan_.funds())
    if (!fund->fast_bank.empty()) funds.push_back(fund->code);
  SimExecutor* e = client_->executor();
  for (Date day : plan_.days) {
    for (int n = 0; n < plan_.orders_a_day / 3 + 3; ++n) {
      const size_t i = r.Below(who_.size());
      const std::string fund = funds[r.Below(funds.size())];
      const uint64_t share = 1 + r.Below(130);
      const TimePoint when =
          TimePoint::At(day, TimeOfDay::Hms(8, 30)) + Duration::Seconds(static_cast<int64_t>(r.Below(15 * 3600)));
      e->PostAt(when, [this, i, fund, share] { Redeem(i, fund, share, false, true); });
      if (r.Below(8) == 0) e->PostAt(when + Duration::Millis(static_cast<int64_t>(r.Below(3'000))), [this, i] { CancelLast(i); });
    }
  }
}

// Looks first; then a part of what is there, or sometimes more than that; not so little that fees would eat it up.
void Investors::Convert(size_t i, uint64_t which, uint64_t share) {
  av1::GetAccountRequest q;
  q.set_investor_id(who_[i].id);
  client_->Ask<av1::GetAccountResponse>(
      "fundcore.account.v1.AccountService/GetAccount", q, kApp, kDeadline,
      [this, i, which, share, asked = judge_->heard()](const absl::Status& s, const av1::GetAccountResponse& r) {
        if (!s.ok()) return;
        judge_->Saw(i, r, asked);
        constexpr int64_t kLeast = 100'00;
        for (const auto& p : r.positions()) {
          const auto& ways = plan_.FundOf(p.fund_code()).conversions;
          const int64_t units = p.usable_units_e2() * static_cast<int64_t>(share) / 100;
          if (ways.empty() || units < kLeast) continue;
          return Submit(i, {36, p.fund_code(), 0, units, which % 3 == 0, ways[which % ways.size()].target});
        }
      });
}

// On the first day accounts are opened, for they are there the day after. Then mostly freezes and losses, and their ends a while
// later; a few accounts are ended or closed, and opened again.
void Investors::ScheduleAccounts() {
  SeededRandom r = RandomFor(plan_.seed + 1, Stream::kAccounts);
  SimExecutor* e = client_->executor();
  const auto tas = plan_.script.tas();
  int n = 0;
  for (Date day : plan_.days) {
    const bool opening = day == plan_.days.front();
    for (uint64_t acts = 1 + (opening ? who_.size() : who_.size() / 2); acts > 0; --acts) {
      const size_t i = r.Below(who_.size());
      const std::string ta = tas[r.Below(tas.size())];
      const TimePoint when = TimePoint::At(day, TimeOfDay::Hms(8, 30)) + Duration::Seconds(static_cast<int64_t>(r.Below(14 * 3600)));
      const TimePoint later = when + Duration::Seconds(static_cast<int64_t>(r.Below(2) == 0 ? r.Below(600) : 20 * 3600 + r.Below(30 * 3600)));
      constexpr uint32_t kFirst[] = {4, 4, 4, 6, 6, 6, 5, 7, 1, 9, 2, 2};
      const uint32_t drawn = kFirst[r.Below(std::size(kFirst))];
      const uint32_t first = opening && r.Below(8) != 0 ? 1 : drawn;
      const uint32_t then = first == 4 ? 5 : first == 6 ? 7 : first == 2 || first == 9 ? 1 : 0;
      const auto apply = [&](TimePoint at, uint32_t business) {
        const std::string request = StrCat("i", i + 1, "/account-", plan_.seed, "-", ++n);
        e->PostAt(at, [this, i, request, ta, business] {
          ++Count(counts_, Fault::kAccounts);
          ++waiting_;
          Apply(i, request, ta, business, 0);
        });
      };
      apply(when, first);
      if (then != 0 && r.Below(4) != 0) apply(later, then);
    }
  }
}

void Investors::Apply(size_t i, const std::string& request, const std::string& ta, uint32_t business, int tries) {
  judge_->AccountAsked(i, ta, business);
  const auto answered = [this, i, request, ta, business, tries](const absl::Status& s, uint64_t application) {
    trace_->Add(request, StrCat("business ", business, " at ", ta, ": ", Said(s)));
    judge_->AccountAnswered(request, i, ta, s, application);
    if (s.ok() || !IsTrouble(s)) {
      --waiting_;
      return;
    }
    Later(tries, [this, i, request, ta, business, tries] { Apply(i, request, ta, business, tries + 1); });
  };
  if (business == 1) {
    av1::OpenFundAccountRequest q;
    q.set_investor_id(who_[i].id);
    q.set_ta_code(ta);
    return client_->Ask<av1::OpenFundAccountResponse>(
        "fundcore.account.v1.AccountService/OpenFundAccount", q, kApp, kDeadline,
        [answered](const absl::Status& s, const av1::OpenFundAccountResponse&) { answered(s, 0); });
  }
  av1::RequestAccountRequest q;
  q.set_request_id(request);
  q.set_investor_id(who_[i].id);
  q.set_ta_code(ta);
  q.set_business(business);
  client_->Ask<av1::RequestAccountResponse>(
      "fundcore.account.v1.AccountService/RequestAccount", q, kApp, kDeadline,
      [answered](const absl::Status& s, const av1::RequestAccountResponse& r) { answered(s, r.application_id()); });
}

void Investors::Persist() { persist_ = true; }

// The first tries come within seconds of machine time, later ones minutes apart.
void Investors::Later(int tries, std::function<void()> what) {
  SimExecutor* e = client_->executor();
  const auto pause = static_cast<int64_t>(random_.Below(1'000));
  if (tries <= 2) {
    e->PostAfter(Duration::Millis(20 + pause), std::move(what));
  } else {
    e->PostAt(e->Now() + Duration::Seconds(20 + pause), std::move(what));
  }
}

void Investors::Deposit(size_t i, int64_t fen) {
  const std::string request = NewId(StrCat("i", i + 1, "/deposit"));
  ++waiting_;
  Pay(i, request, true, fen, 0);
}

void Investors::Withdraw(size_t i, int64_t fen) {
  const std::string request = NewId(StrCat("i", i + 1, "/withdrawal"));
  ++waiting_;
  Pay(i, request, false, fen, 0);
}

void Investors::Pay(size_t i, const std::string& request, bool deposit, int64_t fen, int tries) {
  av1::PaymentRequest q;
  q.set_request_id(request);
  q.set_investor_id(who_[i].id);
  // Where cards change, money goes out to the one that it is bound to; the same request names the same card for ever.
  q.set_card_id(!deposit && plan_.Has(Fault::kCards) ? 0 : card_of_payment_.try_emplace(request, who_[i].card).first->second);
  q.set_amount_fen(fen);
  judge_->PaymentSent(request, i, deposit, fen);
  client_->Ask<av1::PaymentResponse>(
      deposit ? "fundcore.account.v1.AccountService/Deposit" : "fundcore.account.v1.AccountService/Withdraw", q, kApp,
      kDeadline, [this, i, request, deposit, fen, tries](const absl::Status& s, const av1::PaymentResponse& r) {
        trace_->Add(request, s.ok() ? StrCat(av1::PaymentState_Name(r.state()), " ", r.reason()) : Said(s));
        judge_->PaymentAnswered(request, s, r);
        if (!s.ok() && !IsTrouble(s) && plan_.Has(Fault::kCards)) LookAtCards(i);
        const bool again = s.ok() ? r.state() == av1::PENDING : IsTrouble(s);
        if (!again) {
          --waiting_;
          return;
        }
        Later(tries, [this, i, request, deposit, fen, tries] { Pay(i, request, deposit, fen, tries + 1); });
      });
}

void Investors::Buy(size_t i, const std::string& fund, int64_t fen) {
  Submit(i, {22, fund, fen, 0, plan_.investors()[i]->risk_class < 5 && fen % 3 == 0});
}

// Looks first; then a part of what is there, or sometimes more than that.
void Investors::Redeem(size_t i, const std::string& fund, uint64_t share, bool blind, bool at_once, Date wanted) {
  if (blind) return Submit(i, {24, fund, 0, static_cast<int64_t>(share * 1'000), false, "", false, wanted});
  av1::GetAccountRequest q;
  q.set_investor_id(who_[i].id);
  client_->Ask<av1::GetAccountResponse>(
      "fundcore.account.v1.AccountService/GetAccount", q, kApp, kDeadline,
      [this, i, fund, share, at_once, wanted, asked = judge_->heard()](const absl::Status& s, const av1::GetAccountResponse& r) {
        if (!s.ok()) return;
        judge_->Saw(i, r, asked);
        for (const auto& p : r.positions()) {
          if (p.fund_code() != fund) continue;
          int64_t units = p.usable_units_e2() * static_cast<int64_t>(share) / 100;
          if (plan_.FundOf(fund).whole_units) units -= units % 100;
          if (at_once && units > 0) return Submit(i, {98, fund, 0, units, false});
          // Without a draw, so that other worlds stay what they were.
          const bool defer = plan_.defers && plan_.FundOf(fund).large_pro_rata && units % 3 != 0;
          if (units > 0) return Submit(i, {24, fund, 0, units, false, "", defer, wanted});
        }
      });
}

void Investors::Submit(size_t i, const Content& content) {
  const std::string request = NewId(StrCat("i", i + 1, "/order"));
  const uint64_t draw = random_.Below(1'000'000);
  who_[i].last_order = request;
  ++waiting_;
  Ask(i, request, content, 0);
  if (plan_.Has(Fault::kRepeats) && draw % 6 == 0) {
    // At the same moment, and again after a while.
    ++Count(counts_, Fault::kRepeats);
    ++waiting_;
    Ask(i, request, content, 0);
    ++waiting_;
    SimExecutor* e = client_->executor();
    e->PostAt(e->Now() + Duration::Seconds(static_cast<int64_t>(draw % 40'000)),
              [this, i, request, content] { Ask(i, request, content, 0); });
  }
  if (plan_.Has(Fault::kReusedId) && draw % 13 == 0) {
    ++Count(counts_, Fault::kReusedId);
    Content other = content;
    (content.amount_fen == 0 ? other.units_e2 : other.amount_fen) += 100;
    ++waiting_;
    if (draw % 2 == 0) return Ask(i, request, other, 0);
    SimExecutor* e = client_->executor();
    e->PostAt(e->Now() + Duration::Seconds(static_cast<int64_t>(draw % 4'000)),
              [this, i, request, other] { Ask(i, request, other, 0); });
  }
}

void Investors::Ask(size_t i, const std::string& request, const Content& content, int tries) {
  tv1::SubmitOrderRequest q;
  tv1::NewOrder& o = *q.mutable_order();
  o.set_request_id(request);
  o.set_investor_id(who_[i].id);
  o.set_business(content.business);
  o.set_fund_code(content.fund);
  o.set_amount_fen(content.amount_fen);
  o.set_units_e2(content.units_e2);
  o.set_mismatch_confirmed(content.mismatch_confirmed);
  o.set_target_fund_code(content.target);
  if (content.wanted.is_set()) o.set_trade_day_wanted(content.wanted.raw());
  if (content.business == 26 || content.business == 27 || content.business == 28) {
    o.set_target_distributor(content.to);
  } else if (!content.to.empty()) {
    o.set_target_trading_account(content.to);
  }
  if (content.business == 24) o.set_defer_large_redemption(content.defer);
  judge_->Sent(request, i, content);
  if (tries == 0) trace_->Add(request, StrCat("sends: ", content.Text()));
  client_->Ask<tv1::SubmitOrderResponse>(
      "fundcore.trade.v1.TradeService/SubmitOrder", q, plan_.ChannelOf(i), kDeadline,
      [this, i, request, content, tries](const absl::Status& s, const tv1::SubmitOrderResponse& r) {
        const tv1::OrderOutcome& out = r.outcome();
        trace_->Add(request, s.ok() ? StrCat(tv1::OrderState_Name(out.state()), " ", out.reason(), " order ",
                                             FormatOrderId(OrderId(out.order_id())), " day ", out.trade_day(),
                                             out.repeated() ? " repeated" : "")
                                    : Said(s));
        judge_->Answered(request, content, s, out);
        if (s.ok()) orders_[request] = out.order_id();
        // One in nine gives up and never learns what became of it; the system has to bring it to an end all the same.
        const bool gives_up = tries >= kTriesBeforeGivingUp && request.back() == '7' && !persist_;
        if (s.ok() || !IsTrouble(s) || gives_up) {
          --waiting_;
          return;
        }
        Later(tries, [this, i, request, content, tries] { Ask(i, request, content, tries + 1); });
      });
}

void Investors::CancelLast(size_t i) {
  const std::string request = who_[i].last_order;
  if (request.empty() || !orders_.contains(request)) return;
  ++waiting_;
  Cancel(i, request, 0);
}

void Investors::Cancel(size_t i, const std::string& request, int tries) {
  tv1::CancelOrderRequest q;
  q.set_investor_id(who_[i].id);
  q.set_order_id(orders_.at(request));
  judge_->CancelSent(request);
  client_->Ask<tv1::CancelOrderResponse>(
      "fundcore.trade.v1.TradeService/CancelOrder", q, plan_.ChannelOf(i), kDeadline,
      [this, i, request, tries](const absl::Status& s, const tv1::CancelOrderResponse& r) {
        trace_->Add(request, StrCat("cancel: ", s.ok() ? tv1::OrderState_Name(r.order().state()) : Said(s)));
        judge_->CancelAnswered(request, s, r.order());
        if (s.ok() || !IsTrouble(s)) {
          --waiting_;
          return;
        }
        Later(tries, [this, i, request, tries] { Cancel(i, request, tries + 1); });
      });
}

}  // namespace fundcore::simulation
