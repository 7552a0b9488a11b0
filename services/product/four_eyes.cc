// Changes of a fund's terms by two persons.
#include "services/product/machine.h"

namespace fundcore::product {

using machine::Context;
using Result = ProductMachine::Result;

Result ProductMachine::Execute(const ProposeChange& c, const Context& ctx) {
  PutFund put;
  uint64_t based_on = 0;
  if (!c.put.empty()) {
    FC_CHECK(Decode(c.put, &put), "a proposed change is malformed");
    const FundTerms* newest = Newest(put.terms.code);
    if (const Reason r = CheckFund(put, newest); r != Reason::kOk) return {r, 0, {}};
    based_on = newest ? newest->version : 0;
  }
  if (!c.campaign.empty()) {
    PutCampaign put_campaign;
    FC_CHECK(Decode(c.campaign, &put_campaign), "a proposed campaign is malformed");
    const CampaignTerms* newest = NewestCampaign(put_campaign.campaign.name);
    if (const Reason r = CheckCampaign(put_campaign, newest); r != Reason::kOk) return {r, 0, {}};
    based_on = newest ? newest->version : 0;
  }
  uint64_t conversions_based_on = 0;
  if (!c.conversions.empty()) {
    PutConversions ways;
    FC_CHECK(Decode(c.conversions, &ways), "proposed conversions are malformed");
    const FundConversions* newest = NewestConversions(ways.terms.fund);
    conversions_based_on = newest ? newest->version : 0;
  }
  const uint64_t number = ++four_eyes_.Mutable().changes;
  Change& change = changes_.Mutable(number);
  change.put = c.put;
  change.based_on = based_on;
  change.proposed_by = c.person;
  change.proposed_at = ctx.now;
  change.note = c.note;
  change.conversions = c.conversions;
  change.conversions_based_on = conversions_based_on;
  change.campaign = c.campaign;
  return {Reason::kOk, number, ctx.now};
}

Result ProductMachine::Execute(const DecideChange& c, const Context& ctx) {
  const Change* known = changes_.Find(c.change);
  if (!known) return {Reason::kChangeNotFound, 0, {}};
  const ChangeState wanted = c.approve ? ChangeState::kApproved : ChangeState::kRejected;
  if (known->state != ChangeState::kProposed) {
    const bool retry = known->state == wanted && known->decided_by == c.person;
    return {retry ? Reason::kOk : Reason::kChangeDecided, last_seq(), known->decided_at};
  }
  // Who proposed it may take it back, but not let it through.
  if (c.approve && known->proposed_by == c.person) return {Reason::kSamePerson, 0, {}};

  Result result{Reason::kOk, last_seq(), ctx.now};
  const bool of_campaign = !known->campaign.empty();
  if (c.approve && of_campaign) {
    PutCampaign put;
    FC_CHECK(Decode(known->campaign, &put), "a proposed campaign is malformed");
    const CampaignTerms* newest = NewestCampaign(put.campaign.name);
    if ((newest ? newest->version : 0) != known->based_on) return {Reason::kChangedMeanwhile, 0, {}};
    put.lead = c.lead;
    result = SayCampaign(put, ctx);
    if (result.reason != Reason::kOk) return result;
  }
  if (c.approve && known->put.empty() && !of_campaign) four_eyes_.Mutable().required = false;
  if (c.approve && !known->put.empty()) {
    PutFund put;
    FC_CHECK(Decode(known->put, &put), "a proposed change is malformed");
    const FundTerms* newest = Newest(put.terms.code);
    if ((newest ? newest->version : 0) != known->based_on) return {Reason::kChangedMeanwhile, 0, {}};
    PutConversions ways;
    const bool has_ways = !known->conversions.empty();
    if (has_ways) {
      FC_CHECK(Decode(known->conversions, &ways), "proposed conversions are malformed");
      const FundConversions* conversions = NewestConversions(ways.terms.fund);
      if ((conversions ? conversions->version : 0) != known->conversions_based_on) return {Reason::kChangedMeanwhile, 0, {}};
    }
    put.lead = c.lead;
    result = SayFund(put, ctx);
    if (result.reason != Reason::kOk) return result;
    if (has_ways) {
      ways.lead = c.lead;
      // The fund is there: nothing that could refuse them is left.
      result = SayConversions(ways, ctx);
      FC_CHECK(result.reason == Reason::kOk, "conversions of a fund that was just said");
    }
  }
  Change& change = changes_.Mutable(c.change);
  change.state = wanted;
  change.decided_by = c.person;
  change.decided_at = ctx.now;
  return result;
}

Result ProductMachine::Execute(const RequireTwoPersons&, const Context& ctx) {
  if (!two_persons()) four_eyes_.Mutable().required = true;
  return {Reason::kOk, 0, ctx.now};
}

}  // namespace fundcore::product
