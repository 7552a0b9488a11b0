// Holds a fee schedule against the rules on sales fees of public funds, old and new, and says where it is below or above
// them. A finding is a warning to the product operator: contracts are approved by others, and an order is never refused
// for one.
//
//   for (const FeeFinding& f : CheckFeeLaw(schedule, {.fund = LawFund::kMixed, .moved = Date(2026-01-01)}, investor))
//     … f.rule, f.text
//
// Sources: rules on sales fees in force from 2026-01-01 (funds moved on days of their own, at the latest within the time
// the rules give); before them the sales measures of 2013 and, for holdings of less than 7 days, the liquidity rules of
// 2017. A month is 30 days, as contracts have it. Pure functions on values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/fund/fees.h"

namespace fundcore {

// Fund types as the rules tell them apart; the standard's and the fund's own kinds are finer.
enum class LawFund : uint8_t {
  kActiveEquity = 0,   // equity funds and equity-leaning mixed funds that are not index funds
  kOtherMixed = 1,
  kIndex = 2,
  kBond = 3,
  kMoney = 4,
  kEtf = 5,
  kCertificates = 6,   // interbank certificates of deposit
};
std::string_view LawFundName(LawFund fund);    // "active-equity", …

// The first day of the new rules for a fund that names no other.
inline constexpr Date kFeeLaw2026 = Date::FromRaw(20260101);

struct FeeLawFacts {
  LawFund fund = LawFund::kOtherMixed;
  Date moved = kFeeLaw2026;              // the day on which this fund moved to the new rules; not before they are in force
  Rate service_fee;                      // a year; 0: a class without one
  bool service_fee_ends_after_a_year = false;  // the class gives it back, or stops it, for lots held longer
};

struct FeeFinding {
  std::string rule;                      // REDEMPTION_FEE_LOW, FUND_SHARE_LOW, PURCHASE_FEE_HIGH, SERVICE_FEE_HIGH, …
  std::string text;                      // what is found, what the rule asks, for whom and from when
};

// The least redemption fee and the least part of it for the fund on units held `days` days, for the rules in force on
// `day`. Rates of 0 where nothing is asked.
struct LeastRedemptionFee {
  Rate rate;
  Rate fund_share;
  friend bool operator==(const LeastRedemptionFee&, const LeastRedemptionFee&) = default;
};
LeastRedemptionFee LeastRedemptionFeeAt(const FeeLawFacts& facts, InvestorType investor, Date day, int32_t days);

// Judges `schedule` by the rules in force on its effective day, for one kind of investor. Empty: nothing to warn of.
std::vector<FeeFinding> CheckFeeLaw(const FeeSchedule& schedule, const FeeLawFacts& facts, InvestorType investor);

}  // namespace fundcore
