// The limits of fast redemption.
#include "common/fund/fast_redemption.h"

#include <algorithm>

namespace fundcore {

std::string_view FastRefusalName(FastRefusal refusal) {
  switch (refusal) {
    case FastRefusal::kNone: return "none";
    case FastRefusal::kNotOffered: return "not-offered";
    case FastRefusal::kBelowLeast: return "below-least";
    case FastRefusal::kNotEnoughUnits: return "not-enough-units";
    case FastRefusal::kPersonLimit: return "person-limit";
    case FastRefusal::kBankLimit: return "bank-limit";
  }
  return "unknown";
}

FastRedemption DecideFast(const FastRequest& r, const FastTerms& t) {
  const Money worth = Money::FromRaw(r.free_units.raw());  // one yuan a unit
  const Money person = t.person_a_day - r.person_today, bank = t.bank_limit - r.advanced;
  const Money most = t.offered ? std::max(Money(), std::min({worth, person, bank})) : Money();
  const FastRedemption refused{FastRefusal::kNone, most < t.least ? Money() : most};
  const auto with = [&](FastRefusal refusal) { return FastRedemption{refusal, refused.most}; };
  if (!t.offered) return with(FastRefusal::kNotOffered);
  if (r.amount < t.least) return with(FastRefusal::kBelowLeast);
  if (r.amount > worth) return with(FastRefusal::kNotEnoughUnits);
  if (r.amount > person) return with(FastRefusal::kPersonLimit);
  if (r.amount > bank) return with(FastRefusal::kBankLimit);
  return with(FastRefusal::kNone);
}

}  // namespace fundcore
