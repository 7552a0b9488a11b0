// The commands of the risk machine, as they stand in its log. Tags and field orders are fixed for ever.
//
// Texts that a command only looks at are string_views into the bytes it was decoded from: valid while it executes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/codec.h"
#include "common/money/decimal.h"
#include "common/product/facts.h"
#include "common/time/time.h"
#include "common/types/ids.h"
#include "services/risk/limits.h"
#include "services/risk/policy.h"

namespace fundcore::risk {

// Business codes that buy; whatever else an order applies for is judged as a redemption, except what moves nothing.
inline constexpr uint8_t kSubscription = 20;
inline constexpr uint8_t kPurchase = 22;
inline constexpr uint8_t kPlanPurchase = 39;
inline constexpr uint8_t kOpenPlan = 59;
// Ways of dividend, freezes, thaws, pledges, and the change or end of a plan move neither money nor units; units that are to
// come, and a reservation that is given up, take none out. An adjustment of an offer (62) that adds is asked about as a
// subscription of what it adds.
constexpr bool MovesNothing(uint8_t business) {
  return business == 27 || business == 29 || business == 31 || business == 32 || business == 34 || business == 53 ||
         business == 60 || business == 61 || business == 62 || business == 80 || business == 88 ||
         business == 97;
}
// Whoever opens a plan at an institution must be fit for the fund, as for each debit later on.
constexpr bool IsPurchase(uint8_t business) {
  return business == kPurchase || business == kSubscription || business == kPlanPurchase || business == kOpenPlan;
}
// A conversion brings no new money, and is judged by the fund that it enters: that is the one that it is asked about with.
constexpr bool IsConversion(uint8_t business) { return business == 36 || business == 38; }

// An order and its investor are in the same partition, so their sequences name them.
struct DecideItem {
  uint64_t order = 0;
  uint64_t investor = 0;
  uint8_t business = 0;
  bool mismatch_confirmed = false;
  FundCode fund;
  Money amount;
  Units units;
  Duration after;  // receipt, after Decide::received
  FC_FIELDS(order, investor, business, mismatch_confirmed, fund, amount, units, after)
};

// Judges orders, as of their receipt. At most kItemsPerDecide, so that it ends within milliseconds.
struct Decide {
  static constexpr uint8_t kTag = 2;
  TimePoint received;  // of the first item
  std::vector<DecideItem> items;
  FC_FIELDS(received, items)
};
inline constexpr uint32_t kItemsPerDecide = 4'000;

// A questionnaire was answered.
struct Assess {
  static constexpr uint8_t kTag = 3;
  CallerId caller;
  std::string_view request_id;
  uint64_t investor = 0;
  std::string_view points;  // one byte an answer
  bool lowest_class = false;
  // By options of a policy, instead of points.
  std::string_view version;
  std::string_view options;  // one byte a question

  template <class V>
  void VisitFields(V& v) {
    v(caller, request_id, investor, points, lowest_class, version, options);
  }
  template <class V>
  void VisitFields(V& v) const {
    if (version.empty()) {
      v(caller, request_id, investor, points, lowest_class);
    } else {
      v(caller, request_id, investor, points, lowest_class, version, options);
    }
  }
};

enum class WatchLevel : uint8_t { kNone = 0, kChallenge = 1, kBlock = 2 };

struct SetWatch {
  static constexpr uint8_t kTag = 4;
  uint64_t investor = 0;
  WatchLevel level = WatchLevel::kNone;
  std::string_view why;
  FC_FIELDS(investor, level, why)
};

// From here on these limits hold. Nothing is decided before the first.
struct AdoptLimits {
  static constexpr uint8_t kTag = 5;
  RiskLimits limits;
  FC_FIELDS(limits)
};

struct PutPolicy {
  static constexpr uint8_t kTag = 60;
  Policy policy;
  FC_FIELDS(policy)
};

// `facts.at` is the moment of the command.
struct SetPerson {
  static constexpr uint8_t kTag = 61;
  uint64_t investor = 0;
  PersonFacts facts;
  FC_FIELDS(investor, facts)
};

struct Confirm {
  static constexpr uint8_t kTag = 62;
  uint64_t investor = 0;
  Confirmation confirmation;
  FC_FIELDS(investor, confirmation)
};

}  // namespace fundcore::risk
