// A fund's terms in the course of a day, and what its rules made of orders.
#include "fundcore/product/v1/product.pb.h"
#include "tools/dayrun/runner.h"
#include "tools/dayrun/terms.h"

namespace fundcore::dayrun {

absl::Status Runner::Do(const ChangeFund& s) {
  product::v1::PutFundRequest q;
  *q.mutable_fund() = FundMessage(s.fund);
  return Judged(Ask<product::v1::PutResponse>("fundcore.product.v1.ProductService/PutFund", q, kOperator).status(), s.outcome,
                "the change");
}

absl::Status Runner::Do(const ProposeFund& s) {
  product::v1::ProposeFundRequest q;
  *q.mutable_fund() = FundMessage(s.fund);
  q.set_person(s.person);
  auto answer = Ask<product::v1::ProposeResponse>("fundcore.product.v1.ProductService/ProposeFund", q, kOperator);
  if (answer.ok()) progress_->Set("change", StrCat(answer->change()));
  return Judged(answer.status(), s.outcome, "the proposal");
}

absl::Status Runner::Do(const DecideChange& s) {
  product::v1::DecideChangeRequest q;
  std::string number = progress_->Get("change");
  if (number == "latest") {  // of files that the institution has delivered
    FC_RETURN_IF_ERROR(Eventually([&]() -> absl::StatusOr<std::string> {
      FC_ASSIGN_OR_RETURN(auto waiting,
          Ask<product::v1::ListChangesResponse>("fundcore.product.v1.ProductService/ListChanges",
                                                                             product::v1::ListChangesRequest(),
                                                                                 kOperator));
      if (waiting.changes().empty()) return std::string("expected a change that waits for a decision, found none");
      number = StrCat(waiting.changes(waiting.changes_size() - 1).change());
      return std::string();
    }));
  }
  if (number.empty()) return absl::InvalidArgumentError("nothing was proposed before this line");
  q.set_change(std::stoull(number));
  q.set_person(s.person);
  q.set_approve(s.approve);
  return Judged(Ask<product::v1::PutResponse>("fundcore.product.v1.ProductService/DecideChange", q, kOperator).status(), s.outcome,
                "the decision");
}

absl::Status Runner::Do(const NeedTwoPersons& s) {
  product::v1::RequireTwoPersonsRequest q;
  q.set_on(s.on);
  q.set_person(s.person);
  auto answer = Ask<product::v1::ProposeResponse>("fundcore.product.v1.ProductService/RequireTwoPersons", q, kOperator);
  if (answer.ok() && !s.on) progress_->Set("change", StrCat(answer->change()));
  return answer.status();
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

absl::Status Runner::Do(const AdvancingBank& s) {
  if (!s.check) {
    product::v1::PutAdvancingBankRequest q;
    q.set_bank_code(s.bank);
    q.set_limit_fen(s.amount.raw());
    return Ask<product::v1::PutResponse>("fundcore.product.v1.ProductService/PutAdvancingBank", q, kOperator).status();
  }
  product::v1::GetAdvancingBankRequest q;
  q.set_bank_code(s.bank);
  // What is given back comes back in its own time.
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto bank, Ask<product::v1::GetAdvancingBankResponse>("fundcore.product.v1.ProductService/GetAdvancingBank", q, kOperator));
    if (bank.out_fen() == s.amount.raw()) return std::string();
    return StrCat("what bank ", s.bank, " has out: expected ", s.amount.ToGrouped(), ", found ",
                  Money::FromRaw(bank.out_fen()).ToGrouped());
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

absl::Status Runner::Do(const PutsCampaign& s) {
  product::v1::Campaign c;
  c.set_name(s.name);
  c.set_channel(s.channel);
  c.set_discount_e8(s.discount.raw());
  c.set_first_day(s.from.raw());
  c.set_last_day(s.to.raw());
  for (const std::string& fund : s.funds) c.add_fund_codes(fund);
  for (const int business : s.businesses) c.add_businesses(static_cast<uint32_t>(business));
  c.set_from_amount_fen(s.from_amount.raw());
  if (s.proposes) {
    product::v1::ProposeCampaignRequest q;
    *q.mutable_campaign() = c;
    q.set_end(s.ends);
    q.set_person(s.person);
    auto answer = Ask<product::v1::ProposeResponse>("fundcore.product.v1.ProductService/ProposeCampaign", q, kOperator);
    if (answer.ok()) progress_->Set("change", StrCat(answer->change()));
    return Judged(answer.status(), s.outcome, "the proposal");
  }
  product::v1::PutCampaignRequest q;
  *q.mutable_campaign() = c;
  q.set_end(s.ends);
  return Judged(Ask<product::v1::PutResponse>("fundcore.product.v1.ProductService/PutCampaign", q,
      kOperator).status(), s.outcome,
                "the campaign");
}

}  // namespace fundcore::dayrun
