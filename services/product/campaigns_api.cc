// The gRPC face of campaigns.
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/rpc/operators.h"
#include "services/product/service.h"

namespace fundcore::product {
namespace {

constexpr PartitionId kPartition{0};
constexpr size_t kLongestName = 64, kMostFunds = 10'000;
constexpr int64_t kFileStep = Rate::kOne / 10'000;  // files carry four decimals of a discount

absl::Status Bad(std::string_view field, std::string_view value, std::string_view limit) {
  return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", StrCat(field, " \"", value, "\" ",
      limit),
                              {{"field", field}, {"value", value}, {"limit", limit}, {"text_zh", "费率优惠活动的参数有误"}});
}

absl::StatusOr<PutCampaign> FromProto(const v1::Campaign& m, bool end, Duration lead) {
  PutCampaign c;
  c.end = end;
  c.lead = lead;
  if (m.name().empty() || m.name().size() > kLongestName || m.name().find('\0') != std::string::npos)
    return Bad("campaign.name", m.name(), StrCat("must have 1 to ", kLongestName, " bytes"));
  c.campaign.name = m.name();
  if (end) return c;
  for (const auto& [field, day] : {std::pair("campaign.first_day", m.first_day()), std::pair("campaign.last_day",
      m.last_day())})
    if (!Date::Parse(StrCat(day)).ok()) return Bad(field, StrCat(day), "must be a date that exists, as yyyymmdd");
  c.campaign.from = Date::FromRaw(m.first_day());
  c.campaign.to = Date::FromRaw(m.last_day());
  if (!CallerId::Fits(m.channel())) return Bad("campaign.channel", m.channel(), "is longer than the name of a caller");
  c.campaign.channel = m.channel();
  if (m.fund_codes_size() > static_cast<int>(kMostFunds))
    return Bad("campaign.fund_codes", StrCat(m.fund_codes_size()), StrCat("are more than ", kMostFunds));
  for (const std::string& fund : m.fund_codes()) {
    if (fund.empty() || !FundCode::Fits(fund)) return Bad("campaign.fund_codes", fund, "is no fund code");
    c.campaign.funds.push_back(fund);
  }
  for (const uint32_t business : m.businesses()) {
    if (business != 20 && business != 22 && business != 39) return Bad("campaign.businesses", StrCat(business),
        "must be 20, 22 or 39");
    c.campaign.businesses.push_back(static_cast<uint16_t>(business));
  }
  c.campaign.from_amount = Money::FromRaw(m.from_amount_fen());
  c.campaign.discount = Discount::FromRaw(m.discount_e8());
  if (m.discount_e8() % kFileStep != 0)
    return Bad("campaign.discount_e8", StrCat(m.discount_e8()),
        "must have at most four decimals, since files carry no more");
  if (absl::Status s = c.campaign.Validate(); !s.ok()) return Bad("campaign", m.name(), std::string(s.message()));
  return c;
}

}  // namespace

void ToProto(const CampaignTerms& t, v1::Campaign* m) {
  const Campaign& c = t.campaign;
  m->set_name(c.name);
  m->set_first_day(c.from.raw());
  m->set_last_day(c.to.raw());
  m->set_channel(c.channel);
  for (const std::string& fund : c.funds) m->add_fund_codes(fund);
  for (const uint16_t business : c.businesses) m->add_businesses(business);
  m->set_from_amount_fen(c.from_amount.raw());
  m->set_discount_e8(c.discount.raw());
}

void ProductService::RegisterCampaigns(rpc::Handlers* h) {
  using rpc::Call;
  using rpc::Reply;
  const std::string face = "fundcore.product.v1.ProductService/";
  h->Unary<v1::PutCampaignRequest, v1::PutResponse>(
      face + "PutCampaign", [this](const Call& call, const v1::PutCampaignRequest& q, v1::PutResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        auto command = FromProto(q.campaign(), q.end(), lead_);
        if (!command.ok()) return reply(command.status());
        PutTheCampaign(*std::move(command), r, std::move(reply));
      });
  h->Unary<v1::ProposeCampaignRequest, v1::ProposeResponse>(
      face + "ProposeCampaign", [this](const Call& call, const v1::ProposeCampaignRequest& q, v1::ProposeResponse* r,
          Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        if (q.person().empty() || q.person().size() > 64) return reply(Bad("person", q.person(),
            "must have 1 to 64 bytes"));
        if (q.note().size() > 500) return reply(Bad("note", StrCat(q.note().size()), "must have at most 500 bytes"));
        auto command = FromProto(q.campaign(), q.end(), lead_);
        if (!command.ok()) return reply(command.status());
        ProposeChange change{"", q.person(), q.note(), "", Encode(*command)};
        Propose(std::move(change), r, std::move(reply));
      });
  h->Unary<v1::ListCampaignsRequest, v1::ListCampaignsResponse>(
      face + "ListCampaigns", [this](const Call&, const v1::ListCampaignsRequest& q, v1::ListCampaignsResponse* r,
          Reply reply) {
        host_.On(kPartition, [r, all = q.all(),
            reply = std::move(reply)](machine::Partition<ProductMachine>& p) mutable {
          if (!p.serving())
            return reply(rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "NOT_SERVING",
                "product is still recovering; ask again shortly"));
          p.machine().products().ForEachCampaign([&](const CampaignVersions& v) {
            if (v.by_effect.empty() || (v.by_effect.back().ended && !all)) return;
            v1::CampaignView* out = r->add_campaigns();
            ToProto(v.by_effect.back(), out->mutable_campaign());
            out->set_ended(v.by_effect.back().ended);
            out->set_version(v.by_effect.back().version);
            out->set_effective_at_us(v.by_effect.back().effective_at.raw());
          });
          reply(absl::OkStatus());
        });
      });
}

}  // namespace fundcore::product
