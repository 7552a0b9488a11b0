// The core's fund arithmetic and that of the stand-in institution, written apart from each other, agree to the fen: on random
// terms, over histories of purchases, redemptions and forced redemptions of one holding.
#include <gtest/gtest.h>

#include <vector>

#include "common/fund/purchase.h"
#include "common/fund/redemption.h"
#include "common/runtime/random.h"
#include "services/account/lots.h"
#include "tools/ta_sim/pricing.h"

namespace fundcore {
namespace {

using ta_sim::Price;
using ta_sim::Shares;
using ta_sim::Yuan;

// The same terms, in the words of each side.
struct Terms {
  FeeSchedule fees;
  RoundingRules rounding;
  Discount discount;
  LotOrder order = LotOrder::kOldestFirst;
  ta_sim::FundTerms theirs;
};

Terms DrawTerms(SeededRandom& r) {
  Terms t;
  t.fees.method = r.Below(2) == 0 ? FeeMethod::kInside : FeeMethod::kOutside;
  t.theirs.inside_fee = t.fees.method == FeeMethod::kInside;
  const auto rounding = [&](Rounding* ours, ta_sim::Rounding* theirs) {
    const bool cut = r.Below(3) == 0;
    *ours = cut ? Rounding::kTruncate : Rounding::kHalfUp;
    *theirs = cut ? ta_sim::Rounding::kCut : ta_sim::Rounding::kHalfUp;
  };
  rounding(&t.rounding.fee, &t.theirs.rounding.fee);
  rounding(&t.rounding.net, &t.theirs.rounding.net);
  rounding(&t.rounding.units, &t.theirs.rounding.units);
  rounding(&t.rounding.value, &t.theirs.rounding.value);
  if (r.Below(2) == 0) t.discount = Discount::FromRaw(static_cast<int64_t>(r.Below(10)) * Discount::kOne / 10);
  const auto rate = [&](uint64_t most) { return Rate::Ppm(static_cast<int64_t>(r.Below(most)) * 50); };
  const auto same = [](Rate rate) { return ta_sim::Rate::FromRaw(rate.raw()); };
  const Rate floor = r.Below(3) == 0 ? rate(100) : Rate();
  t.theirs.floor_rate = same(floor);
  Money from;
  for (uint64_t tiers = r.Below(4); tiers > 0; --tiers) {
    const Money to = tiers == 1 ? kNoAmountLimit : from + Money::FromRaw(static_cast<int64_t>(100'000 + r.Below(50'000'000)));
    const PurchaseFee fee = r.Below(4) == 0 ? PurchaseFee::Fixed(Money::FromRaw(static_cast<int64_t>(r.Below(500))))
                                            : PurchaseFee::OfRate(rate(400), floor);
    t.fees.purchase.push_back({from, to, fee});
    t.theirs.purchase_tiers.push_back({Yuan::FromRaw(from.raw()), same(fee.rate),
                                       fee.fixed ? std::optional(Yuan::FromRaw(fee.fixed->raw())) : std::nullopt});
    if (tiers > 1) from = to + Money::FromRaw(1);
  }
  int32_t days = 0;
  for (uint64_t tiers = r.Below(4); tiers > 0; --tiers) {
    const int32_t to = tiers == 1 ? kNoDayLimit : days + 1 + static_cast<int32_t>(r.Below(20));
    const Rate fee = rate(400), share = rate(20'000);
    t.fees.redemption.push_back({days, to, fee, share});
    t.theirs.redemption_tiers.push_back({days, same(fee), same(share)});
    days = to + 1;
  }
  t.order = r.Below(2) == 0 ? LotOrder::kNewestFirst : LotOrder::kOldestFirst;
  t.theirs.newest_first = t.order == LotOrder::kNewestFirst;
  return t;
}

// One holding in both books.
class Histories {
 public:
  explicit Histories(uint64_t seed) : random_(seed), terms_(DrawTerms(random_)) {}

  void Buy(Nav nav) {
    const Money amount = Money::FromRaw(static_cast<int64_t>(1'000 + random_.Below(30'000'000)));
    const PurchaseTier* tier = terms_.fees.PurchaseTierFor(amount);
    const auto ours = ComputePurchase({amount, nav, tier ? tier->fee : PurchaseFee{}, terms_.fees.method, terms_.discount,
                                       terms_.rounding});
    const ta_sim::Bought theirs = ta_sim::PricePurchase(terms_.theirs, Yuan::FromRaw(amount.raw()), Price::FromRaw(nav.raw()),
                                                        ta_sim::Rate::FromRaw(terms_.discount.raw()));
    ASSERT_TRUE(ours.ok()) << ours.status();
    ASSERT_EQ(ours->fee.raw(), theirs.fee.raw()) << amount.ToString();
    ASSERT_EQ(ours->units.raw(), theirs.units.raw()) << amount.ToString() << " at " << nav.ToString();
    if (!ours->units.is_positive()) return;
    account::AddLot(holding_, {.registered = today_, .units = ours->units, .usable_from = today_.AddDays(1), .bought_at = nav});
    ta_sim::AddLot(&lots_, {today_, today_, theirs.units});
  }

  // An order of yesterday is confirmed today; `forced` ones are no orders and take all lots.
  void Redeem(Nav nav, bool forced) {
    const Date day = today_.AddDays(-1);
    const Units usable = forced ? holding_.units : account::UsableUnits(holding_, day);
    if (!usable.is_positive()) return;
    const Units units = random_.Below(5) == 0 ? usable : Units::FromRaw(1 + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(usable.raw()))));
    const Date usable_on = forced ? Date() : day;
    const auto ours = SplitRedemption(holding_.lots, units, nav, terms_.fees.redemption, today_,
                                      {.order = terms_.order, .usable_on = usable_on, .breach = {}, .rounding = terms_.rounding});
    const ta_sim::Redeemed theirs = ta_sim::TakeAndPrice(terms_.theirs, &lots_, Shares::FromRaw(units.raw()),
                                                         Price::FromRaw(nav.raw()), usable_on, today_);
    ASSERT_TRUE(ours.ok()) << ours.status();
    ASSERT_TRUE(theirs.enough);
    ASSERT_EQ(ours->net.raw(), theirs.net.raw()) << units.ToString() << " at " << nav.ToString();
    ASSERT_EQ(ours->fee.raw(), theirs.fee.raw()) << units.ToString() << " at " << nav.ToString();
    ASSERT_EQ(ours->fund_part.raw(), theirs.fund_part.raw()) << units.ToString() << " at " << nav.ToString();
    ASSERT_EQ(account::TakeUnits(holding_, units, terms_.order, usable_on), units);
    Shares left;
    for (const ta_sim::Lot& lot : lots_) left += lot.units;
    ASSERT_EQ(holding_.units.raw(), left.raw());
  }

  void Days(int days) {
    for (int i = 0; i < days && !::testing::Test::HasFailure(); ++i, today_ = today_.AddDays(1 + static_cast<int32_t>(random_.Below(3)))) {
      const Nav today = Nav::FromRaw(static_cast<int64_t>(5'000 + random_.Below(20'000)) * 10'000);
      // What was late is confirmed with the others, at the price of its own day.
      const Nav earlier = Nav::FromRaw(today.raw() + static_cast<int64_t>(random_.Below(200)) * 10'000);
      for (uint64_t n = random_.Below(5); n > 0; --n) {
        switch (random_.Below(6)) {
          case 0:
          case 1: Buy(today); break;
          case 2: Buy(earlier); break;
          case 3:
          case 4: Redeem(today, false); break;
          default: Redeem(today, true);
        }
      }
    }
  }

 private:
  SeededRandom random_;
  Terms terms_;
  Date today_ = Date::FromRaw(20250303);
  account::Holding holding_;
  std::vector<ta_sim::Lot> lots_;
};

TEST(Agreement, OurFiguresAndTheInstitutionsAreTheSameToTheFen) {
  for (uint64_t seed = 1; seed <= 3'000 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Histories(seed).Days(40);
  }
}

}  // namespace
}  // namespace fundcore
