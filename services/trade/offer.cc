// Subscriptions of an offer by units (份额认购): what they cost is set aside when they are received.
#include <algorithm>

#include "common/fund/offer.h"
#include "services/trade/machine.h"

namespace fundcore::trade {

// Whether the investor is an individual is account's knowledge; where fees differ, the dearest is set aside, and what was too
// much comes back with the result.
bool TradeMachine::PriceOffer(const FundTerms& fund, Date day, Order& o) {
  Money dearest;
  for (const InvestorType type : {InvestorType::kInstitution, InvestorType::kIndividual}) {
    UnitOfferTerms terms{.units = o.units, .discount = fund.discount, .rounding = fund.rounding};
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
