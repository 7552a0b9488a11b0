// What the judge knows of initial offers: face, cap, last day, what money earns while it waits, and whether the offer fails, all from
// the terms of the run. So it can say for each subscription what must have become of it.
#include <algorithm>

#include "common/base/check.h"
#include "common/types/ids.h"
#include "tests/simulation/judge.h"

namespace fundcore::simulation {

namespace tv1 = trade::v1;
namespace av1 = account::v1;

namespace {

constexpr uint32_t kSubscription = 20;
constexpr int64_t kFaceSteps = 100'000'000;

bool WasConfirmed(const tv1::Order& o) { return o.state() == tv1::CONFIRMED || o.state() == tv1::SETTLED; }

// a x b / c, halves up.
int64_t Part(int64_t a, int64_t b, int64_t c) {
  const __int128 twice = static_cast<__int128>(a) * b * 2 + c;
  return static_cast<int64_t>(twice / (static_cast<__int128>(c) * 2));
}

}  // namespace

// By units: the price, and a fee on top of it that no run has above 2% and 200.00.
std::pair<int64_t, int64_t> Judge::CostOf(const Content& c) const {
  if (c.business != kSubscription || c.units_e2 == 0) return {c.amount_fen, c.amount_fen};
  const int64_t price = Part(c.units_e2, plan_.FundOf(c.fund).navs.front().nav.raw(), kFaceSteps);
  return {price, price + price / 50 + 200'00};
}

// Until an offer has its result, what was subscribed is set aside. Where nothing else can have ended an order, and one process tells
// what there is, that is so whenever somebody looks.
void Judge::CheckSetAside(size_t investor, const av1::GetAccountResponse& a, uint64_t asked) {
  if (plan_.offers().empty() || !plan_.nodes.empty() || plan_.Has(Fault::kAccounts)) return;
  if (!plan_.investors()[investor]->registered_at.empty()) return;
  int64_t least = 0;
  for (const std::string& id : investors_.at(investor).requests) {
    const Request& r = requests_.at(id);
    if (r.order == 0 || r.content.business != kSubscription || r.accepted_at == 0 || r.accepted_at > asked || r.cancel_sent) continue;
    const dayrun::GivenFund& fund = plan_.FundOf(r.content.fund);
    if (!fund.offer || now_().date() >= fund.offer->result || Date::FromRaw(r.trade_day) > fund.offer->last_day || r.content.wanted.is_set()) continue;
    if (refused_accounts_.contains({fund.ta, investor}) || Was(Fault::kTaRefuses, FormatOrderId(OrderId(r.order)))) continue;
    least += CostOf(r.content).first;
  }
  if (a.reserved_fen() < least)
    Fail("money of an offer is not set aside until its result", StrCat("investor ", a.investor_id()), StrCat(Yuan(least), " or more reserved"),
         Yuan(a.reserved_fen()));
}

int64_t Judge::InterestOf(const tv1::Order& o) const {
  const auto& offer = *plan_.FundOf(o.fund_code()).offer;
  const int64_t days = std::max(0, offer.effective.days() - Date::FromRaw(PricedOn(o)).days());
  return Part(o.amount_fen() * days, offer.interest_a_day.raw(), Rate::kOne);
}

// An offer that failed, or whose earlier days have taken it all, or that was over.
bool Judge::EndsWithOffer(const tv1::Order& o, const Findings&) const {
  const auto& offer = plan_.FundOf(o.fund_code()).offer;
  if (Bare(o.business()) != kSubscription || !offer) return false;
  if (o.return_code() == "0420") return Date::FromRaw(PricedOn(o)) > offer->last_day;
  if (o.return_code() == "0317") return offer->opens && Date::FromRaw(PricedOn(o)) >= *offer->opens;  // open by then
  if (o.return_code() == "0403") return offer->cap.is_positive() && PricedOn(o) == offer->last_day.raw();  // more in CheckOffers
  return o.return_code() == "0373" && offer->failed;
}

void Judge::CheckOffers(const Findings& found) {
  for (const dayrun::GivenFund* fund : plan_.offers()) {
    const auto& offer = *fund->offer;
    int64_t earlier = 0, last_day = 0;
    bool late = false;  // an order of a further transfer may have come after the result
    std::vector<const tv1::Order*> orders;
    for (const tv1::Order& o : found.orders) {
      if (o.fund_code() != fund->code || o.business() == 53 || SpeaksOfUnits(o.business())) continue;
      if (Bare(o.business()) != kSubscription) {
        // Nothing else is taken before the fund is open, which its institution says in the evening of the day after.
        const bool open = offer.opens && TimePoint::FromRaw(o.received_at_us()).date() > *offer.opens;
        if (!open && o.state() != tv1::REJECTED && o.state() != tv1::CANCELLED)
          Fail("an order was taken of a fund in its offer", o.request_id(), "REJECTED FUND_IN_OFFER", tv1::OrderState_Name(o.state()), o.order_id());
        continue;
      }
      const bool ended = o.state() == tv1::REFUSED && (o.return_code() == "0373" || o.return_code() == "0403");
      if (!WasConfirmed(o) && !ended) continue;
      late |= o.transfer_no() > 1 || Date::FromRaw(PricedOn(o)) > offer.last_day;
      (PricedOn(o) == offer.last_day.raw() ? last_day : earlier) += o.amount_fen();
      orders.push_back(&o);
    }
    const int64_t room = offer.cap.is_positive() ? offer.cap.raw() - earlier : last_day;
    for (const tv1::Order* o : orders) {
      const bool on_last = PricedOn(*o) == offer.last_day.raw();
      const bool cut = on_last && last_day > room;
      const std::string must = offer.failed ? "REFUSED 0373" : cut && room <= 0 ? "REFUSED 0403" : "CONFIRMED";
      const std::string is = WasConfirmed(*o) ? "CONFIRMED" : StrCat("REFUSED ", o->return_code());
      ++tally_.more["offer-results"];
      if (is != must && !late) Fail("an offer came to another end than it had", o->request_id(), must, is, o->order_id());
      if (!WasConfirmed(*o)) continue;
      ++tally_.more[cut ? "offer-results-cut" : "offer-results-in-full"];
      // The interest buys units without a fee; the rest is what the money, or the units, were cut to.
      const int64_t interest = InterestOf(*o), face = fund->navs.front().nav.raw();
      const int64_t interest_units = fund->cut_units ? static_cast<int64_t>(static_cast<__int128>(interest) * kFaceSteps / face)
                                                     : Part(interest, kFaceSteps, face);
      const int64_t units = o->confirmed_units_e2() - interest_units;
      const int64_t paid = o->confirmed_amount_fen() - o->fee_fen();
      if (!late && o->units_e2() == 0) {
        const int64_t amount = cut ? Part(o->amount_fen(), room, last_day) : o->amount_fen();
        if (o->confirmed_amount_fen() != amount)
          Fail("a subscription was confirmed for another amount", o->request_id(), Yuan(amount), Yuan(o->confirmed_amount_fen()), o->order_id());
      } else if (!late) {
        const int64_t part = cut ? static_cast<int64_t>(static_cast<__int128>(o->units_e2()) * room / last_day) : o->units_e2();
        if (units != part)
          Fail("a subscription was confirmed for other units", o->request_id(), UnitsText(part), UnitsText(units), o->order_id());
      }
      // Units are worth what was paid for them, to a hundredth of one.
      const __int128 off = static_cast<__int128>(units) * face - static_cast<__int128>(paid) * kFaceSteps;
      if (off > face + kFaceSteps || -off > face + kFaceSteps)
        Fail("units of an offer are not worth what they cost", o->request_id(), StrCat(Yuan(paid), " and interest ", Yuan(interest)),
             StrCat(UnitsText(o->confirmed_units_e2()), " units"), o->order_id());
    }
  }
}

}  // namespace fundcore::simulation
