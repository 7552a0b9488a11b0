// Conversions that are given, and which lots an order took.
#include "fundcore/account/v1/account.pb.h"
#include "tools/dayrun/runner.h"

namespace fundcore::dayrun {

namespace av1 = account::v1;

absl::Status Runner::GiveConversions(const GivenFund& fund) {
  const auto m = ConversionsMessage(script_, fund);
  if (!m) return absl::OkStatus();
  product::v1::PutConversionsRequest q;
  *q.mutable_conversions() = *m;
  return Ask<product::v1::PutResponse>("fundcore.product.v1.ProductService/PutConversions", q, kOperator).status();
}

absl::Status Runner::Do(const CheckLot& s) {
  av1::ExplainOrderRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t order, OrderNumber(s.order));
  q.set_order_id(order);
  return Eventually([&]() -> absl::StatusOr<std::string> {
    auto r = Ask<av1::ExplainOrderResponse>("fundcore.account.v1.AccountService/ExplainOrder", q, kApp);
    if (!r.ok()) return StrCat("the lots of the order: ", std::string(r.status().message()));
    if (s.count) {
      const int found = s.arrived ? r->arrived_size() : r->lots_size();
      return found == *s.count ? std::string() : StrCat("lots: expected ", *s.count, ", found ", found);
    }
    std::string all;
    const auto is = [&](int32_t registered, int64_t units, std::string more) {
      all += StrCat(all.empty() ? "" : "; ", Units::FromRaw(units).ToGrouped(), " units of ",
                    Date::FromRaw(registered).Iso(), more);
      return registered == s.registered.raw() && units == s.units.raw();
    };
    bool right = false;
    for (const auto& lot : r->arrived())
      if (s.arrived && is(lot.registered(), lot.units_e2(), "")) right = true;
    for (const auto& lot : r->lots()) {
      if (s.arrived) continue;
      const bool same = is(lot.registered(), lot.units_e2(),
                           StrCat(" held ", lot.days_held(), " days at ", Rate::FromRaw(lot.rate_e8()).ToPercent(), " fee ",
                                  Money::FromRaw(lot.fee_fen()).ToGrouped()));
      if (same && (!s.days || *s.days == lot.days_held()) && (!s.rate || s.rate->raw() == lot.rate_e8()) &&
          (!s.fee || s.fee->raw() == lot.fee_fen())) {
        right = true;
      }
    }
    return right ? std::string() : StrCat("such a lot: expected one, found ", all);
  });
}

}  // namespace fundcore::dayrun
