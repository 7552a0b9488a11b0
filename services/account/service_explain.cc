// Which lots an order took, and what each was charged.
#include "services/account/service.h"

namespace fundcore::account {

void AccountServiceImpl::ExplainOrder(const v1::ExplainOrderRequest& request, v1::ExplainOrderResponse* response,
                                      rpc::Reply reply) {
  const OrderId id(request.order_id());
  const auto missing = [id](std::string_view why) {
    return rpc::ErrorWithReason(absl::StatusCode::kNotFound, "NO_LOTS_USED", StrCat("order ", FormatOrderId(id), " ", why),
                                {{"text_zh", "该申请没有份额明细"}});
  };
  if (PartitionOf(id).raw() >= deps_.partitions || SequenceOf(id) == 0) return reply(missing("is not one of ours"));
  host_.On(PartitionOf(id), [this, id, missing, response, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, false); !s.ok()) return reply(std::move(s));
    const LotUse* use = part.machine().FindLotUse(id);
    if (!use) return reply(missing("has taken no units out of lots, or not yet; see its state"));
    response->set_fund_code(use->fund.str());
    response->set_newest_first(use->newest_first);
    response->set_target_fund_code(use->target.str());
    Money fees;
    for (const LotUsed& lot : use->lots) {
      v1::LotUsed* out = response->add_lots();
      out->set_registered(lot.registered.raw());
      out->set_units_e2(lot.units.raw());
      out->set_days_held(lot.days_held);
      out->set_rate_e8(lot.rate.raw());
      out->set_gross_fen(lot.gross.raw());
      out->set_fee_fen(lot.fee.raw());
      out->set_fund_part_fen(lot.fund_part.raw());
      out->set_confirm_day(lot.confirm_day.raw());
      out->set_nav_e8(lot.nav.raw());
      fees += lot.fee;
    }
    for (const LotArrived& lot : use->arrived) {
      v1::LotArrived* out = response->add_arrived();
      out->set_registered(lot.registered.raw());
      out->set_units_e2(lot.units.raw());
    }
    response->set_fee_difference_fen((use->charge - fees).raw());
    reply(absl::OkStatus());
  });
}

}  // namespace fundcore::account
