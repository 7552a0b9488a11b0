// Campaigns as product facts: discounts on purchase fees for a time, by channel, fund and business
// (common/fund/campaign.h).
//
// A campaign is known by its name. A new version takes effect as terms of a fund do; an ended one stays, so that an
// order is judged by what was in force when it was received.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/fund/campaign.h"
#include "common/time/time.h"

namespace fundcore {

struct CampaignTerms {
  Campaign campaign;
  bool ended = false;           // from `effective_at` on
  uint64_t version = 0;         // the fact's sequence number
  TimePoint effective_at;
  FC_FIELDS(campaign, ended, version, effective_at)
};

struct CampaignVersions {
  std::vector<CampaignTerms> by_effect;
  FC_FIELDS(by_effect)
  // In force at `at`; nullptr where there was none yet, or none any more.
  const CampaignTerms* At(TimePoint at) const {
    for (auto it = by_effect.rbegin(); it != by_effect.rend(); ++it)
      if (it->effective_at <= at) return it->ended ? nullptr : &*it;
    return nullptr;
  }
};

// What an order gets of a campaign. No discount where none is better than the house's own.
struct CampaignDeal {
  Discount discount;
  std::string_view campaign;    // valid as long as the book is not changed
};

}  // namespace fundcore
