// What a purchase costs beyond its amount: the discount that it gets; and subscriptions of an offer by units (份额认购),
// whose price is set aside when they are received.
#include <algorithm>

#include "common/fund/offer.h"
#include "services/trade/machine.h"

namespace fundcore::trade {

// By the campaigns in force at receipt, for the trading day.
void TradeMachine::TakeDeal(uint64_t seq, const Order& o, const FundTerms& fund) {
  const FundCode code = FundOf(o);
  const CampaignDeal deal = products_.DealOf({.day = PricedOn(seq, o),
                                              .channel = CallerOf(o),
                                              .fund = code.view(),
                                              .business = JudgedAs(o.business),
                                              .amount = o.amount},
                                             fund.discount, o.received_at);
  if (!deal.discount.is_zero()) deals_.Put(seq, {deal.discount, std::string(deal.campaign)});
}

// Whether the investor is an individual is account's knowledge; where fees differ, the dearest is set aside, and what was too
// much comes back with the result.
bool TradeMachine::PriceOffer(uint64_t seq, const FundTerms& fund, Order& o) {
  const Date day = PricedOn(seq, o);
  const OrderDeal* deal = FindDeal(seq);
  const Discount discount = deal ? deal->discount : fund.discount;
  Money dearest;
  for (const InvestorType type : {InvestorType::kInstitution, InvestorType::kIndividual}) {
    UnitOfferTerms terms{.units = o.units, .discount = discount, .rounding = fund.rounding};
    if (fund.face.is_positive()) terms.face = fund.face;
    const auto price = ComputeOfferByUnits(terms);
    if (!price.ok()) return false;
    const FeeSchedule* fees = fund.fees.At(day, type);
    if (const PurchaseTier* tier = fees ? fees->OfferTierFor(price->price) : nullptr) terms.fee = tier->fee;
    const auto priced = ComputeOfferByUnits(terms);
    if (!priced.ok()) return false;
    dearest = std::max(dearest, priced->pay);
  }
  o.amount = dearest;
  return true;
}

}  // namespace fundcore::trade
