// fundctl order lots: which lots of a redemption or conversion paid which fee.
#include "common/base/status.h"
#include "fundcore/account/v1/account.pb.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {

Result ShowLots(Remote& remote, const std::string& text) {
  FC_ASSIGN_OR_RETURN(const OrderId id, ReadOrder(text));
  account::v1::ExplainOrderRequest request;
  request.set_order_id(id.raw());
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<account::v1::ExplainOrderResponse>(
                                  "fundcore.account.v1.AccountService/ExplainOrder", request));
  Answer a;
  a.Add("order", id);
  a.Add("fund", r.fund_code());
  a.Add("leaving_first", r.newest_first() ? "the newest lots" : "the oldest lots");
  Table& lots = a.AddTable("lots", {"registered", "units", "days_held", "rate", "nav", "gross", "fee", "of_it_to_the_fund",
                                    "confirmed"}, "lots taken, in their order");
  Money fee;
  for (const auto& l : r.lots()) {
    lots.Row({Date::FromRaw(l.registered()), Units::FromRaw(l.units_e2()), l.days_held(),
              Rate::FromRaw(l.rate_e8()).ToPercent(), Nav::FromRaw(l.nav_e8()), Money::FromRaw(l.gross_fen()),
              Money::FromRaw(l.fee_fen()), Money::FromRaw(l.fund_part_fen()), Date::FromRaw(l.confirm_day())});
    fee += Money::FromRaw(l.fee_fen());
  }
  a.Add("fee_of_lots", fee);
  const bool converts = !r.target_fund_code().empty();
  a.Add(converts ? "difference_fee" : "fee_not_explained", Money::FromRaw(r.fee_difference_fen()),
        r.fee_difference_fen() != 0);
  if (converts) {
    a.Add("into", r.target_fund_code());
    Table& arrived = a.AddTable("arrived", {"registered", "units"}, "lots that came of it");
    for (const auto& l : r.arrived()) arrived.Row({Date::FromRaw(l.registered()), Units::FromRaw(l.units_e2())});
  }
  return a;
}

}  // namespace fundcore::fundctl
