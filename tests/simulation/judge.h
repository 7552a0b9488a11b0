// The judge: remembers what callers were promised, and holds the system to it. It knows the services only by their
// protos and the files they exchange; it has its own idea of trading days, of what an investor can pay for, and of
// which answers of an institution were wrong on purpose.
//
//   Judge judge(plan, [&] { return world.Now(); });
//   judge.Sent(request, investor, content);                    // before the call
//   judge.Answered(request, content, status, outcome);         // what came back
//   …
//   judge.AtEnd(found);                                        // what everybody's books say when all is quiet
//   for (const Violation& v : judge.violations()) …
//
// A rule is exact where the judge can know: trading days, identities, files, final balances, units. For money and units
// at a moment in mid-run it knows bounds, because answers overtake each other: a refusal is found wrong only where no
// order of events makes it right, and counted as unproven where some order would (see Tally).
//
// One thread, that of the world.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "common/files/memory.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/bank/v1/bank.pb.h"
#include "fundcore/clearing/v1/clearing.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "tests/simulation/plan.h"
#include "tools/ta_sim/ta_sim.h"

namespace fundcore::simulation {

inline constexpr int64_t kOnACard = 100'000'000'000;  // fen: more than anybody will ask for in a run

struct Violation {
  std::string rule;     // a few words, the same for the same kind of failure
  std::string subject;  // request id, file, account: what the history is looked up by
  std::string promised;
  std::string found;
  uint64_t order_id = 0;
};

// What makes two requests under one id the same.
struct Content {
  uint32_t business = 22;
  std::string fund;
  int64_t amount_fen = 0;
  int64_t units_e2 = 0;
  bool mismatch_confirmed = false;
  std::string target;  // of a conversion
  bool defer = false;  // the rest of a large redemption
  Date wanted = Date();  // the only day that will do; not set: the one that the receipt gives
  std::string to = "";   // of a transfer: the distributor (026 to 028) or the trading account (033 to 035)
  friend bool operator==(const Content&, const Content&) = default;
  std::string Text() const;
};

// What a run was about, in numbers.
struct Tally {
  uint64_t orders = 0, answers = 0, repeats = 0, refusals_proven = 0, refusals_unproven = 0, moved_by_closing = 0;
  uint64_t settled = 0, refused = 0, rejected = 0, cancelled = 0;
  uint64_t deferred = 0, withdrawn = 0, crossed = 0, debits = 0;  // redemptions over several days, rests withdrawn;
                                                                   // conversions between institutions; orders of plans
  uint64_t at_once = 0;                                            // redemptions that a bank paid for
  std::map<std::string, uint64_t> more;  // of the rest of the business: what (without spaces), how many
};

// An error of an institution that the run has put into its answer.
struct Injected {
  Fault fault;
  std::string ta;
  Date answer_day;
  std::string order;             // AppSheetSerialNo, empty where it is about a file
  std::set<std::string> breaks;  // kinds of break, one of which must report it; none: none has to
  std::set<std::string> may;     // further kinds that may come of it
  bool corrected = false;        // the institution has sent better files since
  int64_t refunded_fen = 0, asked_fen = 0;  // of an order, after its result
};

// Everybody's books when all is quiet. Gathered by the run through the public calls.
struct Findings {
  std::vector<trade::v1::Order> orders;                   // of every investor, by ListOrders
  std::vector<trade::v1::Plan> savings;                   // likewise, by ListPlans
  std::vector<account::v1::GetAccountResponse> accounts;  // by investor, in the plan's order
  account::v1::TrialBalanceResponse books;
  bank::v1::BalancesResponse bank;
  std::vector<clearing::v1::BusinessDay> days;  // not closed
  std::vector<clearing::v1::Break> breaks;      // all there ever were
  std::map<std::string, ta_sim::TaReport> tas;
  std::map<std::pair<std::string, int32_t>, int64_t> quotas_taken;  // by fund and trading day, of funds that have a quota
  std::map<uint64_t, int64_t> cards;  // by investor: what the bank has on both of their cards
  std::map<uint64_t, std::vector<account::v1::CardChange>> card_changes;
  std::map<uint64_t, account::v1::TaxResidency> taxes;
  std::vector<clearing::v1::InterestRun> interest;
  std::map<uint64_t, int64_t> interest_credited;  // by investor, by their ledger
  int64_t advances_out = 0;                                         // of bank 555, where funds redeem at once
  const MemoryFiles* files = nullptr;
  Date today;
};

class Judge {
 public:
  Judge(const Plan& plan, std::function<TimePoint()> now) : plan_(plan), now_(std::move(now)) {}

  // --- While the run goes on.
  void Opened(size_t investor, uint64_t investor_id);
  void Sent(const std::string& request, size_t investor, const Content& content);
  void Answered(const std::string& request, const Content& content, const absl::Status& status,
                const trade::v1::OrderOutcome& outcome);
  void CancelSent(const std::string& request);
  void CancelAnswered(const std::string& request, const absl::Status& status, const trade::v1::Order& order);
  void PaymentSent(const std::string& request, size_t investor, bool deposit, int64_t amount_fen);
  void PaymentAnswered(const std::string& request, const absl::Status& status, const account::v1::PaymentResponse& r);
  // An investor looked at their account.
  void Saw(size_t investor, const account::v1::GetAccountResponse& account, uint64_t asked);
  // How much the judge has heard so far, for whoever looks: what they will see is no older.
  uint64_t heard() const { return heard_; }
  void SawBreaks(const std::vector<clearing::v1::Break>& breaks);
  // Files, once published, stay as they are; looked at now and then.
  void SawFiles(const MemoryFiles& files);
  void Inject(Injected injected) { injected_.push_back(std::move(injected)); }
  // The institution has corrected its answer: what is odd about the new one is no slip.
  void Corrected(const std::string& ta, Date answer_day);
  // Purchases of the fund may be refused from then on.
  void StoppedPurchases(const std::string& fund, TimePoint possible_from);
  // The fund was stopped when asked for; so it has been since the first time, for nobody stops it twice. Its
  // institution's prices (07) open it again.
  void SawStopped(const std::string& fund, TimePoint since, TimePoint asked);
  // The institution was told to refuse the account of this investor.
  void RefusedAccount(const std::string& ta, size_t investor) { refused_accounts_.insert({ta, investor}); }
  // An application about a fund account (1 opens it), before it is sent; and what came back.
  void AccountAsked(size_t investor, const std::string& ta, uint32_t business);
  void AccountAnswered(const std::string& request, size_t investor, const std::string& ta, const absl::Status& status,
                       uint64_t application);
  // Savings, by their place in the plan of the run.
  void SavingsSent(size_t which) { savings_[which].sent.push_back(now_()); }
  void SavingsAnswered(size_t which, const absl::Status& status, const trade::v1::PlanResponse& r);
  void SavingsEndSent(size_t which) { savings_[which].end_sent = true; }
  void SavingsEndAnswered(size_t which, const absl::Status& status, const trade::v1::PlanResponse& r);
  // Interest on the settlement account, and campaigns, by their place in the plan of the run.
  void InterestAnswered(size_t which, const absl::Status& status, const clearing::v1::InterestRun& r);
  bool InterestIsRecorded(size_t which) const { return interest_recorded_.contains(which); }
  std::string PendingInterest(const std::vector<clearing::v1::InterestRun>& runs) const;
  void CampaignEndSent(size_t which) { campaign_ends_[which].first = now_(); }
  void CampaignEnded(size_t which) { campaign_ends_[which].second = now_(); }
  // Cards and tax residency.
  // Whether the bank says that both cards are the investor's.
  static bool BankKnows(size_t investor) { return investor % 7 != 3; }
  void CardChangeSent(size_t investor) { card_changed_.insert(investor); }
  void CardChangeAnswered(const std::string& request, size_t investor, const absl::Status& status, const account::v1::CardChange& r);
  void PayoutsWanted(size_t investor) { payouts_wanted_.insert(investor); }
  void TaxAnswered(const std::string& request, size_t investor, const absl::Status& status, const account::v1::TaxResidency& r);
  // Has this been asked for at any time: so that orders may be turned away for it, here or by the institution.
  bool WasAsked(size_t investor, const std::string& ta, uint32_t business) const {
    return account_asked_.contains({investor, ta, business});
  }
  void Fail(std::string rule, std::string subject, std::string promised, std::string found, uint64_t order = 0);

  // --- At the end.
  void AtEnd(const Findings& found);
  // "" where every order, payment and day is done; else what is still under way, for the demand of progress.
  std::string Pending(const std::vector<trade::v1::Order>& orders,
                      const std::vector<clearing::v1::BusinessDay>& days) const;
  std::string PendingSavings(const std::vector<trade::v1::Plan>& savings) const;

  const std::vector<Violation>& violations() const { return violations_; }
  const Tally& tally() const { return tally_; }
  uint64_t InvestorIdOf(size_t investor) const { return investors_.at(investor).id; }
  // Order numbers that were acknowledged and are not refused, for whoever wants to spoil their answers.
  std::vector<uint64_t> LiveOrders(const std::string& ta) const;
  size_t InvestorOf(uint64_t order) const;
  // The fund of an acknowledged order, "" where there is none.
  std::string FundOf(uint64_t order) const;
  // The request under which an acknowledged order was placed, "" where there is none.
  std::string RequestOf(uint64_t order) const;
  // Has this answer something wrong on purpose that a corrected file puts right: with this order's line, or with a file
  // where `order` is empty?
  bool IsSpoilt(const std::string& ta, Date answer_day, const std::string& order) const;
  // Was this fault put into the answer about this order?
  bool MayCause(const Injected& injected, const clearing::v1::Break& b) const;
  // An institution took more units of the fund from the investor than were asked for, and stands by it.
  bool TookMore(size_t investor, const std::string& fund) const;
  bool Was(Fault fault, const std::string& order) const;
  bool WasSpoilt(const std::string& order) const;  // something of its line was wrong on purpose
  bool WasAcknowledged(const std::string& request) const;
  // The latest order of this investor for a later day that was acknowledged, "" where there is none.
  std::string LastReserved(size_t investor) const;
  // Is this an order that its institution keeps until a later day?
  bool IsKeptThere(uint64_t order) const;
  // Is this an order about units that buys and pays nothing, or one that nobody has been told of yet where there are such?
  bool MayMove(uint64_t order) const;
  // All that were acknowledged so far, in the order in which that was heard.
  const std::vector<uint64_t>& AcknowledgedOrders() const { return acknowledged_; }

 private:
  struct Attempt {
    Content content;
    TimePoint first_sent;
    uint64_t at = 0;  // in the order of what the judge has heard: finer than business time, which stands still at times
  };
  struct Request {
    size_t investor = 0;
    std::vector<Attempt> attempts;
    // From the first acknowledgement on.
    uint64_t order = 0;
    Content content;
    TimePoint sent, acknowledged;
    int32_t trade_day = 0;
    trade::v1::OrderState state = trade::v1::ORDER_STATE_UNSPECIFIED;  // latest known
    std::string reason;
    uint64_t sent_at = 0, accepted_at = 0, refused_at = 0, cancelled_at = 0;  // as Attempt::at; 0: not (yet) heard
    bool cancel_sent = false, cancel_acknowledged = false;
    TimePoint cancel_sent_at;
    // What the investor had seen of their account before sending; -1 where they had not looked.
    int64_t usable_seen = -1;
    bool account_seen_open = false;
    const Attempt* Find(const Content& c) const;
  };
  struct Payment {
    size_t investor = 0;
    bool deposit = true;
    int64_t amount_fen = 0;
    uint64_t sent = 0, ended = 0;  // as Attempt::at
    uint64_t id = 0;
    account::v1::PaymentState state = account::v1::PAYMENT_STATE_UNSPECIFIED;
    bool never = false;  // refused at the door: nothing was set aside
  };
  struct Investor {
    uint64_t id = 0;
    std::vector<std::string> requests, payments;
    TimePoint seen_at;
    account::v1::GetAccountResponse seen;
  };
  // One line of an 04 file that could be read.
  struct Line {
    std::string file, order, account, fund, code, serial;
    uint32_t business = 0;
    int64_t amount = 0, units = 0, fee = 0;
    int32_t day = 0;
  };

  struct Saving {
    std::vector<TimePoint> sent;
    TimePoint answered;
    uint64_t id = 0;
    std::string refused;
    bool end_sent = false;
    TimePoint ended;  // when that was heard
  };
  // Orders that the system made by itself become requests like any other, of what the savings plan says.
  void AdoptDebits(const Findings& found);
  void CheckSavings(const Findings& found);
  // The days on which debits fall due, moved to open days, after `made`.
  std::vector<Date> DebitDays(const Savings& s, Date made) const;

  // judge_reservations.cc: what an order is without its reservation, and the day whose price and limits are its own.
  static uint32_t Bare(uint32_t business) { return business == 21 || business == 23 || business == 25 ? business - 1 : business; }
  static int32_t PricedOn(const trade::v1::Order& o) { return Bare(o.business()) == o.business() ? o.trade_day() : o.trade_day_wanted(); }
  void CheckWantedDay(const std::string& request, const Request& r, const trade::v1::Order& o, Date day);
  // judge_moves.cc
  static bool LeavesWithoutMoney(uint32_t business) { return business == 26 || business == 28 || business == 33 || business == 35; }
  static bool ComesWithoutMoney(uint32_t business) { return business == 27 || business == 34 || business == 80; }
  static bool SpeaksOfUnits(uint32_t business) {
    return LeavesWithoutMoney(business) || ComesWithoutMoney(business) || business == 31 || business == 32 || business == 88;
  }
  // judge_people.cc
  void CheckCards(const Findings& found);
  void CheckTaxes(const Findings& found);
  // judge_deals.cc
  void CheckInterest(const Findings& found);
  void CheckCampaigns(const Findings& found);
  bool MoveMayBeRefused(const Request& r, const std::string& reason) const;
  void CheckFreezes(const Findings& found);
  // judge_offers.cc
  static bool Buys(const Content& c) { return c.business == 22 || c.business == 20; }
  std::pair<int64_t, int64_t> CostOf(const Content& c) const;  // what is set aside for it: at least, at most
  void CheckSetAside(size_t investor, const account::v1::GetAccountResponse& account, uint64_t asked);
  int64_t InterestOf(const trade::v1::Order& o) const;  // of money that waited for the result of an offer
  bool EndsWithOffer(const trade::v1::Order& o, const Findings& found) const;
  void CheckOffers(const Findings& found);

  void CheckState(const std::string& request, Request& r, trade::v1::OrderState state, const std::string& reason);
  void CheckRefusal(const std::string& request, const Request& r, const std::string& reason, TimePoint received);
  bool CashMayHaveLacked(const std::string& request, const Request& r, bool* proven) const;
  bool UnitsMayHaveLacked(const std::string& request, const Request& r, bool* proven) const;
  bool MayHaveBought(const Request& r, bool* surely) const;
  int64_t AskedAtOnce(const Request* of, bool of_person) const;
  void CheckTradeDay(const std::string& request, const Request& r, const trade::v1::Order& o);
  void CheckOrders(const Findings& found);
  void CheckWithdrawal(const trade::v1::Order& o, const Findings& found);
  void CheckAdvances(const Findings& found);
  void CheckQuotas(const Findings& found);
  void CheckOutFiles(const Findings& found);
  void CheckConfirmations(const Findings& found);
  void CheckMoney(const Findings& found);
  void CheckUnits(const Findings& found);
  void CheckBooks(const Findings& found);
  void CheckBreaks(const Findings& found);
  std::vector<Line> ReadConfirmations(const MemoryFiles& files);

  const Plan& plan_;
  const std::function<TimePoint()> now_;
  uint64_t heard_ = 0;  // things heard so far
  std::map<std::string, Request> requests_;
  std::map<uint64_t, std::string> by_order_;
  std::vector<uint64_t> acknowledged_;
  std::map<std::string, Payment> payments_;
  std::map<size_t, Investor> investors_;
  std::map<size_t, Saving> savings_;
  std::map<uint64_t, uint64_t> withdrawals_;  // 052 that investors were told of, and the order
  std::map<std::string, std::string> files_;  // name, bytes as first seen
  struct Stop {
    TimePoint possible_from, sure_from, sure_to;
  };
  std::map<std::string, Stop> stopped_;
  std::set<std::pair<std::string, size_t>> refused_accounts_;
  std::set<std::tuple<size_t, std::string, uint32_t>> account_asked_;
  std::map<std::string, std::string> account_answers_;  // request, what came back first that was an outcome
  std::set<size_t> interest_recorded_;
  std::set<size_t> card_changed_, payouts_wanted_;
  std::map<std::string, std::pair<size_t, uint64_t>> card_changes_;  // request: investor and change
  std::map<std::string, uint64_t> tax_versions_;                     // request: the version that it made, or found
  std::map<size_t, std::pair<uint64_t, TimePoint>> taxes_;           // the latest version that was heard of, and when
  std::map<std::pair<size_t, std::string>, TimePoint> seen_open_;    // fund accounts, when they were first seen open
  std::map<uint64_t, int64_t> paid_on_;                              // by investor: what went to their card by itself
  std::map<size_t, std::pair<TimePoint, TimePoint>> campaign_ends_;  // asked for, heard of
  std::set<uint64_t> not_to_go_out_;  // orders that were refused for their fund account and had to be refused for risk
  std::vector<Injected> injected_;
  std::vector<Line> confirmations_;
  std::map<uint64_t, std::string> closed_by_;  // breaks: who closed them
  std::vector<Violation> violations_;
  Tally tally_;
};

std::string Yuan(int64_t fen);
std::string UnitsText(int64_t e2);

}  // namespace fundcore::simulation
