// What the judge knows of units that go, come, or are frozen because their investor said so: no money moves, and what is frozen at
// the end is what was confirmed, less what was thawed.
#include "common/types/ids.h"
#include "tests/simulation/judge.h"

namespace fundcore::simulation {

namespace tv1 = trade::v1;
namespace av1 = account::v1;

bool Judge::MoveMayBeRefused(const Request& r, const std::string& reason) const {
  const Content& c = r.content;
  const std::string self = FormatInvestorId(InvestorId(investors_.at(r.investor).id));
  if (reason == "TRANSFER_TARGET_MISSING") return c.to.empty() && (c.business == 26 || c.business == 27 || c.business == 28);
  if (reason == "TRANSFER_TARGET_IS_SOURCE") return c.business >= 33 && c.business <= 35 && c.to == self;
  if (reason == "FUND_ACCOUNT_NOT_OPEN") return SpeaksOfUnits(c.business);  // units come, or are spoken of, only where there is an account
  if (reason == "NOT_SO_MANY_FROZEN") return c.business == 32;  // other thaws may have come first
  return false;
}

bool Judge::MayMove(uint64_t order) const {
  const std::string request = RequestOf(order);
  return plan_.Has(Fault::kMoves) && (request.empty() || SpeaksOfUnits(requests_.at(request).content.business));
}

void Judge::CheckFreezes(const Findings& found) {
  if (!plan_.Has(Fault::kMoves)) return;
  std::map<std::pair<uint64_t, std::string>, int64_t> frozen;
  for (const tv1::Order& o : found.orders) {
    if (!SpeaksOfUnits(o.business())) continue;
    const bool confirmed = o.state() == tv1::CONFIRMED || o.state() == tv1::SETTLED;
    if (!confirmed) continue;
    ++tally_.more[o.business() == 32 ? "thaws" : o.business() == 31 || o.business() == 88 ? "freezes" : ComesWithoutMoney(o.business()) ? "moved-in" : "moved-out"];
    const std::string said = StrCat(UnitsText(o.confirmed_units_e2()), " units, ", Yuan(o.confirmed_amount_fen()), ", fee ", Yuan(o.fee_fen()));
    const bool part = Was(Fault::kTaPartial, FormatOrderId(OrderId(o.order_id()))) && o.confirmed_units_e2() <= o.units_e2();
    if (o.confirmed_amount_fen() != 0 || o.fee_fen() != 0 || (o.confirmed_units_e2() != o.units_e2() && !part))
      Fail("a transfer of units came to something else", o.request_id(), StrCat(UnitsText(o.units_e2()), " units, without money"), said, o.order_id());
    if (o.business() == 31 || o.business() == 88) frozen[{o.investor_id(), o.fund_code()}] += o.confirmed_units_e2();
    if (o.business() == 32) frozen[{o.investor_id(), o.fund_code()}] -= o.confirmed_units_e2();
  }
  for (const av1::GetAccountResponse& a : found.accounts)
    for (const auto& p : a.positions()) frozen[{a.investor_id(), p.fund_code()}] -= p.blocked_units_e2();
  for (const auto& [who, left] : frozen) {
    if (left != 0)
      Fail("other units are frozen than was asked for", StrCat("investor ", who.first, ", fund ", who.second), "0.00 over", UnitsText(left));
  }
}

}  // namespace fundcore::simulation
