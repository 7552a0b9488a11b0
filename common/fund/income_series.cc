// Income over many days, settled at once.
#include "common/fund/income_series.h"

#include <algorithm>

#include "common/base/check.h"

namespace fundcore {
namespace {

constexpr __int128 kStepsPerFen = IncomeRest::kOne / 100;

// What is unpaid becomes units of one yuan, or cancels some.
void PayOut(IncomeAccount* a, LossRule loss) {
  if (a->unpaid.is_negative() && loss == LossRule::kWait) return;
  const Money paid = std::max(a->unpaid, -Money::FromRaw(a->units.raw()));  // no more units can be cancelled than there are
  a->units += Units::FromRaw(paid.raw());
  a->unpaid -= paid;
}

bool GetsOneMore(const IncomeAccount& a, int64_t rest, const ShareLine& line) {
  return rest > line.above || (rest == line.above && a.holder <= line.last_tie);
}

}  // namespace

void EarnDay(IncomeAccount* a, const IncomeDay& day, const MoneyFundTerms& terms) {
  const Income income = ComputeIncome(a->units, day.per_ten_thousand, a->rest, terms.mode);
  a->unpaid += income.paid;
  switch (terms.mode) {
    case IncomeMode::kCarry: a->rest = income.rest; break;
    case IncomeMode::kCut: break;
    case IncomeMode::kShare: {
      const int64_t rest = income.rest.is_negative() ? -income.rest.raw() : income.rest.raw();
      if (GetsOneMore(*a, rest, day.share)) a->unpaid += Money::FromRaw(day.per_ten_thousand.is_negative() ? -1 : 1);
      break;
    }
  }
  if (day.payout) PayOut(a, terms.loss);
  ++a->settled;
}

void IncomeSeries::Append(const IncomeDay& day) {
  if (day.payout) payouts_.push_back(static_cast<uint32_t>(days_.size()));
  days_.push_back(day);
  Before before = before_.back();
  before.income += day.per_ten_thousand.raw();
  before.gains += day.per_ten_thousand.is_positive() ? 1 : 0;
  before.losses += day.per_ten_thousand.is_negative() ? 1 : 0;
  before_.push_back(before);
}

void IncomeSeries::Advance(IncomeAccount* a, size_t upto) const {
  FC_CHECK(a->settled <= upto && upto <= days_.size(), "income of days ", a->settled, " to ", upto, " of ", days_.size());
  while (a->settled < upto) {
    // As far as the units stay the same: up to and with the next payout.
    const auto payout = std::lower_bound(payouts_.begin(), payouts_.end(), a->settled);
    const bool pays = payout != payouts_.end() && *payout < upto;
    const size_t end = pays ? *payout + 1 : upto;
    const Before& from = before_[a->settled];
    const Before& to = before_[end];
    const bool one_sign = from.gains == to.gains || from.losses == to.losses;
    if (terms_.mode != IncomeMode::kCarry || !one_sign) {
      while (a->settled < end) EarnDay(a, days_[a->settled], terms_);
      continue;
    }
    // Days of one sign: the carried remainder never turns back, so that the running total, cut once, is what the days make.
    const __int128 steps = static_cast<__int128>(a->units.raw()) * (to.income - from.income) + a->rest.raw();
    a->unpaid += Money::FromRaw(DivRound(steps, kStepsPerFen, Rounding::kTruncate));
    a->rest = IncomeRest::FromRaw(static_cast<int64_t>(steps % kStepsPerFen));
    a->settled = static_cast<uint32_t>(end);
    if (pays) PayOut(a, terms_.loss);
  }
}

Money IncomeOnRedemption(IncomeAccount* a, Units redeemed, const MoneyFundTerms& terms) {
  FC_CHECK(redeemed.is_positive() && redeemed <= a->units, "redeemed ", redeemed.ToString(), " of ", a->units.ToString());
  Money out;
  if (redeemed == a->units) {
    if (a->unpaid.is_positive() && !terms.pays_on_full_redemption) return out;
    out = a->unpaid;
    a->rest = IncomeRest();  // below a fen: it belongs to the fund's assets now
  } else {
    const Money stays = Money::FromRaw((a->units - redeemed).raw());
    if (!a->unpaid.is_negative() || stays >= -a->unpaid) return out;
    out = Money::FromRaw(MulDiv(a->unpaid.raw(), redeemed.raw(), a->units.raw(), Rounding::kHalfUp));
  }
  a->unpaid -= out;
  return out;
}

int64_t ShareSelection::RestOf(Units units) const {
  const int64_t rest = ComputeIncome(units, per_ten_thousand_, {}, IncomeMode::kShare).rest.raw();
  return rest < 0 ? -rest : rest;
}

size_t ShareSelection::BucketOf(int64_t rest) { return static_cast<size_t>(rest * static_cast<__int128>(kBuckets) / kStepsPerFen); }

void ShareSelection::Count(Units units) {
  const int64_t rest = RestOf(units);
  ++counts_[BucketOf(rest)];
  left_ += rest;
}

void ShareSelection::Merge(const ShareSelection& other) {
  for (size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  left_ += other.left_;
}

void ShareSelection::Close() {
  wanted_ = static_cast<uint64_t>(left_ / kStepsPerFen);  // whole fen to give out; fewer than there are holders
  if (wanted_ == 0) return;
  for (bucket_ = kBuckets - 1; counts_[bucket_] < wanted_; --bucket_) wanted_ -= counts_[bucket_];
}

void ShareSelection::Consider(uint64_t holder, Units units) {
  if (wanted_ == 0) return;
  const int64_t rest = RestOf(units);
  if (BucketOf(rest) == bucket_) candidates_.emplace_back(rest, holder);
}

void ShareSelection::Absorb(const ShareSelection& other) {
  candidates_.insert(candidates_.end(), other.candidates_.begin(), other.candidates_.end());
}

ShareLine ShareSelection::Line() {
  if (wanted_ == 0) return {};
  FC_CHECK(wanted_ <= candidates_.size(), "the second pass saw other holders than the first");
  const auto nth = candidates_.begin() + static_cast<ptrdiff_t>(wanted_ - 1);
  std::nth_element(candidates_.begin(), nth, candidates_.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  return {nth->first, nth->second};
}

}  // namespace fundcore
