// Which discount an order gets.
#include "common/fund/campaign.h"

#include <algorithm>

#include "common/base/check.h"

namespace fundcore {

absl::Status Campaign::Validate() const {
  if (name.empty()) return absl::InvalidArgumentError("a campaign has no name; give it one, fees are explained by it");
  const auto wrong = [&](const std::string& what) {
    return absl::InvalidArgumentError(StrCat("campaign \"", name, "\" ", what));
  };
  if (!from.is_set() || !to.is_set()) return wrong("has no first or last day; give both");
  if (to < from) return wrong(StrCat("ends on ", to.Iso(), ", before it begins on ", from.Iso()));
  if (!discount.is_positive() || discount > Discount::FromRaw(Discount::kOne)) {
    return wrong(StrCat("has a discount of ", discount.ToString(), "; it must be above 0 and at most 1 (",
                        kDownToFloor.ToString(), " = down to the fund's floor)"));
  }
  if (from_amount.is_negative()) return wrong(StrCat("begins at a negative amount, ", from_amount.ToString()));
  return absl::OkStatus();
}

bool Applies(const Campaign& c, const Occasion& o) {
  const auto holds = [](const auto& list, const auto& value) {
    return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
  };
  return c.from <= o.day && o.day <= c.to && (c.channel.empty() || c.channel == o.channel) && holds(c.funds, o.fund) &&
         holds(c.businesses, o.business) && (!c.investors || *c.investors == o.investor) && c.from_amount <= o.amount;
}

Deal BestDeal(std::span<const Campaign> campaigns, const Occasion& occasion, Discount house) {
  Deal best{house, nullptr};
  for (const Campaign& c : campaigns) {
    if (!Applies(c, occasion)) continue;
    if (best.discount.is_zero() || c.discount < best.discount) best = {c.discount, &c};
  }
  return best;
}

}  // namespace fundcore
