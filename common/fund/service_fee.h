// The sales service fee (销售服务费): charged to the fund's assets day by day, and given back to lots that are held longer
// than a year, as the rules of 2026 ask of all but money funds.
//
//   Money day = DailyServiceFee(assets_yesterday, *Rate::Parse("0.4%"), {});
//   auto back = ServiceFeeRefund(lot_units, registered, left, prices, rate, {});
//   back->refund, back->days
//
// Pure functions on values. What is summed over days is summed exactly and rounded once.
#pragma once

#include <span>

#include "absl/status/statusor.h"
#include "common/fund/purchase.h"

namespace fundcore {

struct ServiceFeeTerms {
  int32_t days_a_year = 365;              // some contracts divide by the days of the calendar year
  int32_t free_after_days = 365;          // held longer than this many days: no fee for the days beyond
  Rounding rounding = Rounding::kHalfUp;
};

// A price, and from which day on the fee is worked out by it: of the assets of the day before.
struct DatedNav {
  Date day;
  Nav nav;
};

struct ServiceFeeBack {
  int32_t days = 0;                       // days beyond the year for which the fund was charged
  Money refund;
};

// assets × rate ÷ days a year.
Money DailyServiceFee(Money assets, Rate rate, const ServiceFeeTerms& terms);

// What the fund was charged on these units for the days beyond a year, from the day after `registered` +
// free_after_days to the day before `left`. Each day counts with the newest price of a day before it. `prices` ascend
// by day. Errors (kInvalidArgument): units negative, left before registered, rate or days out of range, prices out of
// order or not positive, no price before the first day that counts.
absl::StatusOr<ServiceFeeBack> ServiceFeeRefund(Units units, Date registered, Date left,
                                                std::span<const DatedNav> prices, Rate rate,
                                                const ServiceFeeTerms& terms);

}  // namespace fundcore
