// What the judge knows of orders for a later day: whether the institution has such, and what its own idea of the trading day says.
#include "common/types/ids.h"
#include "tests/simulation/judge.h"

namespace fundcore::simulation {

namespace tv1 = trade::v1;

std::string Judge::LastReserved(size_t investor) const {
  const auto i = investors_.find(investor);
  if (i == investors_.end()) return "";
  for (auto it = i->second.requests.rbegin(); it != i->second.requests.rend(); ++it) {
    const Request& r = requests_.at(*it);
    if (r.order != 0 && r.content.wanted.is_set()) return *it;
  }
  return "";
}

bool Judge::IsKeptThere(uint64_t order) const {
  const auto it = by_order_.find(order);
  if (it == by_order_.end()) return false;
  const Content& c = requests_.at(it->second).content;
  return c.wanted.is_set() && plan_.TaOf(plan_.FundOf(c.fund)).reservations == "sent";
}

// `day`: the trading day that the receipt gives. It may have been the next one, where that day was closed before the receipt was in
// the log.
void Judge::CheckWantedDay(const std::string& request, const Request& r, const tv1::Order& o, Date day) {
  const dayrun::GivenFund& fund = plan_.FundOf(r.content.fund);
  const dayrun::GivenTa& ta = plan_.TaOf(fund);
  const Date wanted = r.content.wanted, next = *plan_.CalendarOf(ta).Next(day);
  const TimePoint closes = TimePoint::At(day, ta.cutoff) + Duration::Seconds(1);
  const bool may_move = r.acknowledged.raw() == 0 || r.acknowledged >= closes;
  const bool of_receipt = o.trade_day() == day.raw() || (may_move && o.trade_day() == next.raw());
  // Its reason is judged elsewhere; or it was cancelled before anybody knew.
  if ((o.state() == tv1::REJECTED || o.state() == tv1::CANCELLED) && of_receipt) return;
  const bool sent = Bare(o.business()) != o.business();
  // An order for the very day that the receipt gives is no reservation.
  if (!sent && o.trade_day() == wanted.raw() && (wanted == day || (may_move && wanted == next))) return;
  if (sent && ta.reservations == "sent" && of_receipt && wanted.raw() > o.trade_day()) return;
  if (!sent && ta.reservations == "kept" && o.trade_day() == wanted.raw() && wanted > day) return;
  Fail("a wrong trading day", request, StrCat("for ", wanted.raw(), " where reservations are \"", ta.reservations, "\", received ",
                                              TimePoint::FromRaw(o.received_at_us()).Iso()),
       StrCat(o.business(), " of ", o.trade_day()), o.order_id());
}

}  // namespace fundcore::simulation
