// Campaigns: putting, proposing, ending, listing them.
#include "fundcore/product/v1/product.pb.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {

namespace v1 = product::v1;

Result PutCampaign(Remote& remote, const CampaignOptions& o) {
  v1::Campaign c;
  c.set_name(o.name);
  if (!o.end) {
    FC_ASSIGN_OR_RETURN(const Date first, ReadDay(o.first));
    FC_ASSIGN_OR_RETURN(const Date last, ReadDay(o.last));
    FC_ASSIGN_OR_RETURN(const Discount discount, Discount::Parse(o.discount));
    c.set_first_day(first.raw());
    c.set_last_day(last.raw());
    c.set_discount_e8(discount.raw());
    c.set_channel(o.channel);
    for (const std::string& fund : o.funds) c.add_fund_codes(fund);
    for (const uint32_t business : o.businesses) c.add_businesses(business);
    if (!o.from_amount.empty()) {
      FC_ASSIGN_OR_RETURN(const Money from, ReadAmount(o.from_amount));
      c.set_from_amount_fen(from.raw());
    }
  }
  Answer a;
  a.Add("campaign", o.name);
  if (!o.person.empty()) {
    v1::ProposeCampaignRequest q;
    *q.mutable_campaign() = c;
    q.set_end(o.end);
    q.set_person(o.person);
    FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::ProposeResponse>("fundcore.product.v1.ProductService/ProposeCampaign",
        q));
    a.Add("change", uint64_t{r.change()});
    return a;
  }
  v1::PutCampaignRequest q;
  *q.mutable_campaign() = c;
  q.set_end(o.end);
  FC_ASSIGN_OR_RETURN(auto r, remote.Ask<v1::PutResponse>("fundcore.product.v1.ProductService/PutCampaign", q));
  a.Add("effective", TimePoint::FromRaw(r.effective_at_us()));
  return a;
}

Result ListCampaigns(Remote& remote, bool all) {
  v1::ListCampaignsRequest q;
  q.set_all(all);
  FC_ASSIGN_OR_RETURN(auto r,
      remote.Ask<v1::ListCampaignsResponse>("fundcore.product.v1.ProductService/ListCampaigns", q));
  Answer a;
  Table& t = a.AddTable("campaigns", {"name", "discount", "from", "to", "channel", "funds", "businesses",
      "from_amount", "state", "since"});
  for (const auto& view : r.campaigns()) {
    const v1::Campaign& c = view.campaign();
    std::string funds, businesses;
    for (const std::string& fund : c.fund_codes()) funds += (funds.empty() ? "" : " ") + fund;
    for (const uint32_t b : c.businesses()) businesses += (businesses.empty() ? "0" : " 0") + std::to_string(b);
    t.Row({c.name(), Discount::FromRaw(c.discount_e8()).ToString(), Date::FromRaw(c.first_day()),
        Date::FromRaw(c.last_day()),
           c.channel(), funds, businesses, Money::FromRaw(c.from_amount_fen()), view.ended() ? "ended" : "",
           TimePoint::FromRaw(view.effective_at_us())});
  }
  return a;
}

}  // namespace fundcore::fundctl
