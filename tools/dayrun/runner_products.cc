// A fund's terms in the course of a day, and what its rules made of orders.
#include "fundcore/product/v1/product.pb.h"
#include "tools/dayrun/runner.h"
#include "tools/dayrun/terms.h"

namespace fundcore::dayrun {

absl::Status Runner::Do(const ChangeFund& s) {
  product::v1::PutFundRequest q;
  *q.mutable_fund() = FundMessage(s.fund);
  return Ask<product::v1::PutResponse>("fundcore.product.v1.ProductService/PutFund", q, kOperator).status();
}

absl::Status Runner::Do(const CheckQuota& s) {
  product::v1::GetQuotaRequest q;
  q.set_fund_code(s.fund);
  q.set_day(s.day.raw());
  // What is given back comes back in its own time.
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto quota, Ask<product::v1::GetQuotaResponse>("fundcore.product.v1.ProductService/GetQuota", q, kOperator));
    if (quota.taken_fen() == s.taken.raw()) return std::string();
    return StrCat("what is taken of the quota: expected ", s.taken.ToGrouped(), ", found ",
                  Money::FromRaw(quota.taken_fen()).ToGrouped());
  });
}

absl::Status Runner::Do(const CheckTakesAll& s) {
  trade::v1::GetOrderRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t order, OrderNumber(s.order));
  q.set_order_id(order);
  FC_ASSIGN_OR_RETURN(auto answer, Ask<trade::v1::GetOrderResponse>("fundcore.trade.v1.TradeService/GetOrder", q, kApp));
  const trade::v1::Order& o = answer.order();
  if (o.units_e2() != s.units.raw()) return Differs("the units that the order takes", s.units.ToGrouped(), Units::FromRaw(o.units_e2()).ToGrouped());
  if (o.units_asked_e2() != s.asked.raw())
    return Differs("the units that were asked for", s.asked.ToGrouped(), Units::FromRaw(o.units_asked_e2()).ToGrouped());
  if (o.message().empty()) return Differs("what the investor is told", "a sentence", "nothing");
  return absl::OkStatus();
}

}  // namespace fundcore::dayrun
