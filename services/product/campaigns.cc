// Campaigns become facts.
#include "services/product/machine.h"

namespace fundcore::product {

using machine::Context;
using Result = ProductMachine::Result;

const CampaignTerms* ProductMachine::NewestCampaign(const std::string& name) {
  const CampaignVersions* v = products_.Campaigns(name);
  return v && !v->by_effect.empty() ? &v->by_effect.back() : nullptr;
}

bool ProductMachine::SaysNothingNew(const PutCampaign& c, const CampaignTerms* newest) {
  if (!newest || newest->ended != c.end) return false;
  return c.end || Encode(newest->campaign) == Encode(c.campaign);
}

Reason ProductMachine::CheckCampaign(const PutCampaign& c, const CampaignTerms* newest) {
  if (c.end && !newest) return Reason::kCampaignNotFound;
  for (const std::string& fund : c.campaign.funds)
    if (!c.end && !Newest(FundCode(fund))) return Reason::kFundUnknown;
  return Reason::kOk;
}

Result ProductMachine::SayCampaign(const PutCampaign& c, const Context& ctx) {
  const CampaignTerms* newest = NewestCampaign(c.campaign.name);
  if (SaysNothingNew(c, newest)) return {Reason::kOk, last_seq(), newest->effective_at};
  if (const Reason r = CheckCampaign(c, newest); r != Reason::kOk) return {r, 0, {}};
  ProductFact fact;
  fact.kind = FactKind::kCampaign;
  fact.campaign.emplace();
  fact.campaign->campaign = c.end ? newest->campaign : c.campaign;
  fact.campaign->ended = c.end;
  return Say(std::move(fact), ctx.now + c.lead);
}

Result ProductMachine::Execute(const PutCampaign& c, const Context& ctx) {
  if (two_persons() && !SaysNothingNew(c, NewestCampaign(c.campaign.name))) return {Reason::kNeedsSecondPerson, 0, {}};
  return SayCampaign(c, ctx);
}

}  // namespace fundcore::product
