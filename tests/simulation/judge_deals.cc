// What the judge knows of interest on the settlement account, which belongs to those whose money it was, all of it; and of campaigns,
// which it works out for each order from what product was told.
#include <algorithm>

#include "common/rpc/handlers.h"
#include "common/types/ids.h"
#include "tests/simulation/client.h"
#include "tests/simulation/judge.h"
#include "tests/simulation/trace.h"

namespace fundcore::simulation {

namespace tv1 = trade::v1;
namespace cv1 = clearing::v1;

void Judge::InterestAnswered(size_t which, const absl::Status& status, const cv1::InterestRun& r) {
  const InterestCredit& c = plan_.interest[which];
  if (!status.ok()) {
    if (!IsTrouble(status)) Fail("interest was turned away for no reason of business", c.reference, "a run", Said(status));
    return;
  }
  interest_recorded_.insert(which);
  if (r.reference() != c.reference || r.amount_fen() != c.amount_fen || r.first_day() != c.from.raw() || r.last_day() != c.to.raw())
    Fail("interest was recorded with another content", c.reference, Yuan(c.amount_fen), r.ShortDebugString());
}

std::string Judge::PendingInterest(const std::vector<cv1::InterestRun>& runs) const {
  for (const cv1::InterestRun& r : runs)
    if (r.state() == "SPREADING") return StrCat("interest ", r.reference(), " is not spread yet");
  return "";
}

// Each run once, and to the fen what the bank has credited; nobody gets of it who has never had money here.
void Judge::CheckInterest(const Findings& found) {
  std::map<std::string, const cv1::InterestRun*> seen;
  int64_t spread = 0, credited = 0;
  for (const cv1::InterestRun& r : found.interest) {
    const bool known = std::any_of(plan_.interest.begin(), plan_.interest.end(), [&](const InterestCredit& c) { return c.reference == r.reference(); });
    if (!known || !seen.emplace(r.reference(), &r).second)
      Fail("interest was recorded twice, or by nobody", r.reference(), "one run", r.ShortDebugString());
    if (r.state() != "SPREAD" || r.paid_fen() != r.amount_fen())
      Fail("interest was not spread to the fen", r.reference(), StrCat("SPREAD ", Yuan(r.amount_fen())), StrCat(r.state(), " ", Yuan(r.paid_fen())));
    spread += r.amount_fen();
    ++tally_.more["interest-runs"];
  }
  for (size_t n = 0; n < plan_.interest.size(); ++n)
    if (interest_recorded_.contains(n) && !seen.contains(plan_.interest[n].reference))
      Fail("recorded interest is gone", plan_.interest[n].reference, "a run", "none");
  for (const auto& [id, fen] : found.interest_credited) {
    credited += fen;
    if (fen == 0) continue;
    const bool had_money = std::any_of(payments_.begin(), payments_.end(), [&](const auto& p) {
      return p.second.deposit && p.second.state == account::v1::DONE && investors_.at(p.second.investor).id == id;
    });
    if (!had_money || fen < 0) Fail("interest for somebody who had no money", StrCat("investor ", id), "0.00", Yuan(fen));
  }
  if (credited != spread) Fail("investors got another sum than the bank's interest", "settlement account", Yuan(spread), Yuan(credited));
}

void Judge::CheckCampaigns(const Findings& found) {
  if (plan_.campaigns.empty()) return;
  for (const tv1::Order& o : found.orders) {
    const auto r = requests_.find(o.request_id());
    if (r == requests_.end() || o.state() == tv1::REJECTED || o.state() == tv1::CANCELLED || !Buys({.business = Bare(o.business())})) continue;
    // Debits of a plan come from no channel.
    const std::string_view channel = o.plan_id() != 0 ? "" : plan_.ChannelOf(r->second.investor);
    const uint32_t business = Bare(o.business());
    const TimePoint received = TimePoint::FromRaw(o.received_at_us());
    std::set<int64_t> possible = {0};
    int64_t sure = 0;
    for (size_t n = 0; n < plan_.campaigns.size(); ++n) {
      const Campaign& c = plan_.campaigns[n];
      const int32_t day = PricedOn(o);
      if (day < c.first.raw() || day > c.last.raw() || (!c.channel.empty() && c.channel != channel)) continue;
      if (!c.funds.empty() && std::find(c.funds.begin(), c.funds.end(), o.fund_code()) == c.funds.end()) continue;
      if (!c.businesses.empty() && std::find(c.businesses.begin(), c.businesses.end(), business) == c.businesses.end()) continue;
      // By units: nobody but the system knows the amount before the fee.
      const bool by_units = o.units_e2() != 0;
      if (!by_units && o.amount_fen() < c.from_fen) continue;
      const auto end = campaign_ends_.find(n);
      const bool maybe_ended = end != campaign_ends_.end() && received >= end->second.first;
      if (!maybe_ended && !(by_units && c.from_fen > 0)) sure = sure == 0 ? c.discount.raw() : std::min(sure, c.discount.raw());
      const bool surely_ended =
          end != campaign_ends_.end() && end->second.second.raw() != 0 && received > end->second.second + Duration::Seconds(60);
      if (!surely_ended) possible.insert(c.discount.raw());
    }
    const int64_t own = plan_.FundOf(o.fund_code()).discount.raw();
    const int64_t got = o.discount_e8();
    ++tally_.more[got != 0 ? "campaign-orders" : "orders-without-campaign"];
    // As good as the best that surely counted, or the fund's own where that is as good.
    const int64_t effective = got != 0 ? got : own != 0 ? own : Rate::kOne;
    const int64_t must = std::min(sure != 0 ? sure : Rate::kOne, own != 0 ? own : Rate::kOne);
    if (!possible.contains(got) || effective > must)
      Fail("an order with another discount than its campaigns give", o.request_id(), Rate::FromRaw(must).ToString(), Rate::FromRaw(got).ToString(), o.order_id());
  }
}

}  // namespace fundcore::simulation
