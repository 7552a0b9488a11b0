// Discounts on purchase fees for a time: by channel, fund, business and kind of investor (费率优惠活动).
//
//   const Deal deal = BestDeal(campaigns, {.day = today, .channel = "app", .fund = "110022", .business = 22,
//                                          .investor = InvestorType::kIndividual, .amount = amount}, house_discount);
//   fee.Discounted(deal.discount)          // the fund's floor (PurchaseFee::least_rate) holds whatever is promised
//
// Pure functions on values. A campaign never makes an order dearer, and two of them never add up: the better one counts.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/fund/fees.h"

namespace fundcore {

// The least discount there is: it charges the fund's floor, or nothing where there is none. (0 means "none given".)
inline constexpr Discount kDownToFloor = Discount::FromRaw(1);

struct Campaign {
  std::string name;
  Date from;                               // both days belong to it
  Date to;
  std::string channel;                     // "": all
  std::vector<std::string> funds;          // empty: all
  std::vector<uint16_t> businesses;        // 20, 22, 36, 39; empty: all
  std::optional<InvestorType> investors;   // not set: all
  Money from_amount;                       // of the order
  Discount discount;                       // above 0, up to 1
  FC_FIELDS(name, from, to, channel, funds, businesses, investors, from_amount, discount)

  // kInvalidArgument naming campaign, value and remedy: no name, days missing or in the wrong order, discount outside
  // (0, 1], negative amount.
  absl::Status Validate() const;
};

struct Occasion {
  Date day;                                // the trading day of the order
  std::string_view channel;
  std::string_view fund;
  uint16_t business = 22;
  InvestorType investor = InvestorType::kIndividual;
  Money amount;
};

struct Deal {
  Discount discount;                       // 0: none
  const Campaign* campaign = nullptr;      // null: the house's own discount, or none
};

bool Applies(const Campaign& campaign, const Occasion& occasion);

// The lowest of the house discount (0: none) and of the campaigns that apply; the first in the list on a tie.
Deal BestDeal(std::span<const Campaign> campaigns, const Occasion& occasion, Discount house);

}  // namespace fundcore
