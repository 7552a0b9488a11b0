// How much an investor may do unasked. Part of the state, changed by a command: a replay judges as the first run did,
// whatever the configuration says by then.
#pragma once

#include <cstdint>

#include "common/base/codec.h"
#include "common/money/decimal.h"
#include "common/time/time.h"

namespace fundcore::risk {

// Reaching a limit is allowed; going above it is a challenge. Days are calendar days in Beijing.
struct RiskLimits {
  Money order_amount = Money::FromRaw(50'000'000'00);  // of one purchase
  Money day_amount = Money::FromRaw(200'000'000'00);   // of an investor's purchases of a day
  uint32_t day_orders = 1'000;                         // of an investor's orders of a day
  // A redemption within this time after a purchase of at least this amount is recorded as a signal.
  Money churn_amount = Money::FromRaw(1'000'000'00);
  Duration churn_within = Duration::Seconds(24 * 3600);
  friend bool operator==(const RiskLimits&, const RiskLimits&) = default;
  FC_FIELDS(order_amount, day_amount, day_orders, churn_amount, churn_within)
};

}  // namespace fundcore::risk
