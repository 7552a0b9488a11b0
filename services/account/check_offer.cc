// Initial offers beyond a purchase at face value: by units, failed; and the end of a fund.
#include <algorithm>

#include "common/fund/offer.h"
#include "services/account/check.h"

namespace fundcore::account {

// What is confirmed of the units without those of the interest may be less than was applied for (an offer that was cut);
// what they cost follows from them, fee tier included.
void ConfirmationChecker::CheckOfferByUnits(const TradeLine& line, Units applied, const Terms& terms, Discount discount) {
  const Units principal = line.units - line.interest_units;
  if (principal > applied) {
    Find(line, "CONFIRMED_ABOVE_APPLIED", "ConfirmedVol", applied.ToString(), principal.ToString());
  }
  UnitOfferTerms offer{.units = std::min(principal, applied),
                       .face = terms.nav,
                       .discount = discount,
                       .interest = line.interest,
                       .rounding = terms.fund->rounding};
  auto computed = ComputeOfferByUnits(offer);
  const PurchaseTier* tier = computed.ok() && terms.fees ? terms.fees->OfferTierFor(computed->price) : nullptr;
  if (tier) {
    offer.fee = tier->fee;
    computed = ComputeOfferByUnits(offer);
  }
  if (!computed.ok()) {
    return Find(line, "NOT_COMPUTABLE", "ConfirmedVol", std::string(computed.status().message()), line.units.ToString());
  }
  Compare(line, "UNITS_DIFFER", "ConfirmedVol", computed->units, line.units);
  Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", computed->pay, line.amount);
  if (line.business != 162) Compare(line, "FEE_DIFFERS", "Charge", computed->fee, line.charge);  // no fee is taken yet
}

// All that was paid comes back, with its interest. Some institutions leave the amount out: then nothing beyond the principal.
void ConfirmationChecker::CheckOfferFailed(const TradeLine& line, const Rest& rest) {
  if (line.amount.is_zero()) return Compare(line, "AMOUNT_DIFFERS", "Interest", Money(), line.interest);
  Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", rest.amount + line.interest, line.amount);
}

// 150, 151: what is paid for the units follows from the price that the line itself names.
void ConfirmationChecker::CheckEnded(const TradeLine& line) {
  const FundTerms* fund = machine_.products().Fund(line.fund, TimePoint::At(line.confirm_day, TimeOfDay()));
  if (!fund || machine_.products().Income(line.fund)) return;  // a money fund's may hold income, too
  Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", Value(line.units, line.nav, fund->rounding.value) - line.charge,
          line.amount);
}

}  // namespace fundcore::account
