// Purchase and offer arithmetic.
#include "common/fund/purchase.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/fund/offer.h"

namespace fundcore {
namespace {

constexpr Rate kAll = Rate::FromRaw(Rate::kOne);

absl::Status CheckTerms(Money amount, const PurchaseFee& fee, Discount discount) {
  if (!amount.is_positive()) {
    return absl::InvalidArgumentError(StrCat("amount ", amount.ToString(), " must be positive"));
  }
  if (discount.is_negative() || discount > kAll) {
    return absl::InvalidArgumentError(
        StrCat("discount ", discount.ToString(), " must be from 0 to 1 (0.1 = a tenth of the fee)"));
  }
  if (fee.rate.is_negative() || fee.rate >= kAll) {
    return absl::InvalidArgumentError(StrCat("fee rate ", fee.rate.ToPercent(), " must be from 0% to below 100%"));
  }
  if (fee.fixed && (fee.fixed->is_negative() || *fee.fixed >= amount)) {
    return absl::InvalidArgumentError(
        StrCat("fixed fee ", fee.fixed->ToString(), " must be from 0 to below the amount ", amount.ToString()));
  }
  return absl::OkStatus();
}

// The price must be positive, and `money` at that price must be units that can be counted.
absl::Status CheckPrice(Money money, Nav nav) {
  if (!nav.is_positive()) return absl::InvalidArgumentError(StrCat("unit price ", nav.ToString(), " must be positive"));
  if (MulDivFits(money.raw(), Nav::kOne, nav.raw())) return absl::OkStatus();
  return absl::InvalidArgumentError(StrCat("amount ", money.ToString(), " at unit price ", nav.ToString(),
                                           " is more units than can be counted; check both"));
}

// Units for `money`, and what is left of it where only whole units can be bought.
struct Bought {
  Units units;
  Money refund;
};
Bought Buy(Money money, Nav nav, const RoundingRules& rounding) {
  if (!rounding.whole_units) return {UnitsFor(money, nav, rounding.units), Money()};
  const Units units = UnitsFor(money, nav, Rounding::kTruncate, true);
  return {units,
          money - Value(units, nav, Rounding::kUp)};  // cost rounded up: nobody is paid back a fen that was spent
}

// The fee of one order between its bounds. They are about fees that grow with the amount: a fixed sum stays what it is.
absl::StatusOr<Money> BoundedFee(Money amount, const PurchaseFee& fee, FeeMethod method, Discount discount,
                                 const RoundingRules& rounding, const FeeBounds& bounds) {
  FC_ASSIGN_OR_RETURN(const Money computed, ComputePurchaseFee(amount, fee, method, discount, rounding));
  if (fee.fixed || !bounds.IsSet()) return computed;
  FC_RETURN_IF_ERROR(bounds.Check());
  const Money bounded = bounds.Clamp(computed);
  if (bounded < amount || bounded <= computed) return bounded;  // a rate may round to all of a fen or two
  return absl::InvalidArgumentError(
      StrCat("the least fee ", bounds.least.ToString(), " leaves nothing of the amount ", amount.ToString()));
}

}  // namespace

absl::StatusOr<Money> ComputePurchaseFee(Money amount, const PurchaseFee& fee, FeeMethod method, Discount discount,
                                         const RoundingRules& rounding) {
  FC_RETURN_IF_ERROR(CheckTerms(amount, fee, discount));
  if (fee.fixed) return *fee.fixed;
  const Rate rate = fee.Discounted(discount);
  switch (method) {
    case FeeMethod::kOutside: {
      const auto net = Money::FromRaw(MulDiv(amount.raw(), Rate::kOne, Rate::kOne + rate.raw(), rounding.net));
      return amount - net;
    }
    case FeeMethod::kInside: return ApplyRate(amount, rate, rounding.fee);
  }
  return absl::InvalidArgumentError(
      StrCat("fee method ", static_cast<int>(method), " is unknown; 0 is outside, 1 inside"));
}

absl::Status FeeBounds::Check() const {
  if (!least.is_negative() && least <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(StrCat("the least fee ", least.ToString(), " and the most, ", most.ToString(),
                                           ", must not be negative, nor the least above the most"));
}

absl::StatusOr<PurchaseResult> ComputePurchase(const PurchaseTerms& t) {
  FC_RETURN_IF_ERROR(CheckPrice(t.amount, t.nav));
  FC_ASSIGN_OR_RETURN(const Money fee, BoundedFee(t.amount, t.fee, t.method, t.discount, t.rounding, t.bounds));
  const Money net = t.amount - fee;
  const Bought bought = Buy(net, t.nav, t.rounding);
  return PurchaseResult{.net = net, .fee = fee, .units = bought.units, .refund = bought.refund};
}

absl::Status CheckPurchase(const PurchaseTerms& terms, const PurchaseResult& claimed) {
  FC_ASSIGN_OR_RETURN(const PurchaseResult own, ComputePurchase(terms));
  std::vector<std::string> differences;
  const auto compare = [&](const char* what, const auto& theirs, const auto& ours) {
    if (theirs != ours) differences.push_back(StrCat(what, " ", theirs.ToString(), ", computed ", ours.ToString()));
  };
  compare("net", claimed.net, own.net);
  compare("fee", claimed.fee, own.fee);
  compare("units", claimed.units, own.units);
  compare("refund", claimed.refund, own.refund);
  if (differences.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(StrCat("a purchase of ", terms.amount.ToString(), " at ", terms.nav.ToString(),
                                              " is claimed as ", absl::StrJoin(differences, "; ")));
}

absl::StatusOr<UnitOfferResult> ComputeOfferByUnits(const UnitOfferTerms& t) {
  if (!t.units.is_positive()) {
    return absl::InvalidArgumentError(StrCat("units ", t.units.ToString(), " must be positive"));
  }
  if (!t.face.is_positive()) {
    return absl::InvalidArgumentError(StrCat("unit price ", t.face.ToString(), " must be positive"));
  }
  if (!MulDivFits(t.units.raw(), t.face.raw(), Nav::kOne / 4)) {  // twice the price, and a fee of as much again, can be held
    return absl::InvalidArgumentError(
        StrCat(t.units.ToString(), " units at ", t.face.ToString(), " are too large an amount; check both"));
  }
  const Money price = Value(t.units, t.face, t.rounding.value);
  if (t.interest.is_negative() || t.interest > price) {
    return absl::InvalidArgumentError(StrCat("interest ", t.interest.ToString(), " must be from 0 to the price of ",
                                             price.ToString()));
  }
  FC_RETURN_IF_ERROR(t.bounds.Check());
  Money fee;
  if (t.fee.fixed) {
    fee = *t.fee.fixed;
  } else {
    FC_RETURN_IF_ERROR(CheckTerms(price, t.fee, t.discount));
    fee = t.bounds.Clamp(ApplyRate(price, t.fee.Discounted(t.discount), t.rounding.fee));
  }
  const Bought extra = t.interest.is_zero() ? Bought{} : Buy(t.interest, t.face, t.rounding);
  return UnitOfferResult{.price = price, .fee = fee, .pay = price + fee, .units = t.units + extra.units,
                         .from_interest = extra.units, .refund = extra.refund};
}

absl::StatusOr<OfferResult> ComputeOffer(const OfferTerms& t, Money interest) {
  if (interest.is_negative() || interest > t.amount) {
    return absl::InvalidArgumentError(StrCat("interest ", interest.ToString(), " must be from 0 to the amount ",
                                             t.amount.ToString()));
  }
  if (t.amount > Money::FromRaw(INT64_MAX / 2)) {
    return absl::InvalidArgumentError(StrCat("amount ", t.amount.ToString(), " is too large"));
  }
  FC_RETURN_IF_ERROR(CheckPrice(t.amount + interest, t.face));
  FC_ASSIGN_OR_RETURN(const Money fee, BoundedFee(t.amount, t.fee, t.method, t.discount, t.rounding, t.bounds));
  const Money net = t.amount - fee;
  const Bought principal = Buy(net, t.face, t.rounding);
  const Bought all = Buy(net + interest, t.face, t.rounding);
  return OfferResult{.net = net, .fee = fee, .units = all.units, .from_interest = all.units - principal.units,
                     .refund = all.refund};
}

Money LastDayRatio::Confirmed(Money application, Rounding rounding) const {
  if (IsFull()) return application;
  return Money::FromRaw(MulDiv(application.raw(), room.raw(), applied.raw(), rounding));
}

Rate LastDayRatio::SalePercent(Rounding rounding) const {
  if (IsFull()) return kAll;
  constexpr int64_t kFiveDecimals = 100'000;
  return Rate::FromRaw(MulDiv(room.raw(), kFiveDecimals, applied.raw(), rounding) * (Rate::kOne / kFiveDecimals));
}

absl::StatusOr<LastDayRatio> MakeLastDayRatio(Money cap, Money earlier, Money last_day) {
  if (!last_day.is_positive()) {
    return absl::InvalidArgumentError(
        StrCat("amount applied on the last day is ", last_day.ToString(), "; it must be positive"));
  }
  if (earlier.is_negative() || earlier >= cap) {
    return absl::InvalidArgumentError(StrCat("earlier days took ", earlier.ToString(), " of a cap of ", cap.ToString(),
                                             "; nothing is left for a last day"));
  }
  return LastDayRatio{.room = cap - earlier, .applied = last_day};
}

}  // namespace fundcore
