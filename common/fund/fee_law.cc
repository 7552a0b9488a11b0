// The rules on sales fees, as bands of days and caps.
#include "common/fund/fee_law.h"

#include <algorithm>
#include <optional>

#include "common/base/check.h"

namespace fundcore {
namespace {

constexpr Rate kNothing;
constexpr Rate kAll = Rate::FromRaw(Rate::kOne);

// Days on which any of the rules changes its demand.
constexpr int32_t kBandStarts[] = {0, 7, 30, 90, 180};

bool NewRules(const FeeLawFacts& facts, Date day) { return day >= std::max(facts.moved, kFeeLaw2026); }

LeastRedemptionFee NewLeast(const FeeLawFacts& facts, InvestorType investor, int32_t days) {
  switch (facts.fund) {
    case LawFund::kMoney:
    case LawFund::kEtf:
    case LawFund::kCertificates: return {};
    case LawFund::kIndex:
    case LawFund::kBond:
      // The contract may say otherwise for individuals from 7 days on, and in bond funds for others from 30 days on.
      if (investor == InvestorType::kIndividual && days >= 7) return {kNothing, kAll};
      if (investor != InvestorType::kIndividual && facts.fund == LawFund::kBond && days >= 30) return {kNothing, kAll};
      break;
    case LawFund::kActiveEquity:
    case LawFund::kOtherMixed: break;
  }
  if (days < 7) return {Rate::Ppm(15'000), kAll};
  if (days < 30) return {Rate::Ppm(10'000), kAll};
  if (days < 180) return {Rate::Ppm(5'000), kAll};
  return {kNothing, kAll};
}

LeastRedemptionFee OldLeast(const FeeLawFacts& facts, int32_t days) {
  if (facts.fund == LawFund::kMoney || facts.fund == LawFund::kEtf) return {};
  if (days < 7) return {Rate::Ppm(15'000), kAll};
  if (facts.fund != LawFund::kActiveEquity && facts.fund != LawFund::kOtherMixed) return {};
  if (facts.service_fee.is_positive()) return days < 30 ? LeastRedemptionFee{Rate::Ppm(5'000), kAll} : LeastRedemptionFee{};
  if (days < 30) return {Rate::Ppm(7'500), kAll};
  if (days < 90) return {Rate::Ppm(5'000), Rate::Ppm(750'000)};
  if (days < 180) return {Rate::Ppm(5'000), Rate::Ppm(500'000)};
  return {kNothing, Rate::Ppm(250'000)};
}

std::optional<Rate> PurchaseCap(LawFund fund) {
  switch (fund) {
    case LawFund::kActiveEquity: return Rate::Ppm(8'000);
    case LawFund::kOtherMixed: return Rate::Ppm(5'000);
    case LawFund::kIndex:
    case LawFund::kBond: return Rate::Ppm(3'000);
    case LawFund::kMoney:
    case LawFund::kEtf:
    case LawFund::kCertificates: return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Rate> ServiceCap(LawFund fund) {
  switch (fund) {
    case LawFund::kActiveEquity:
    case LawFund::kOtherMixed: return Rate::Ppm(4'000);
    case LawFund::kIndex:
    case LawFund::kBond: return Rate::Ppm(2'000);
    case LawFund::kMoney: return Rate::Ppm(1'500);
    case LawFund::kEtf:
    case LawFund::kCertificates: return std::nullopt;
  }
  return std::nullopt;
}

std::string_view InvestorName(InvestorType investor) {
  switch (investor) {
    case InvestorType::kInstitution: return "institutions";
    case InvestorType::kIndividual: return "individuals";
    case InvestorType::kProduct: return "products";
  }
  return "investors";
}

class Judge {
 public:
  Judge(const FeeSchedule& schedule, const FeeLawFacts& facts, InvestorType investor)
      : schedule_(schedule), facts_(facts), investor_(investor), is_new_(NewRules(facts, schedule.effective_from)),
        rules_(is_new_ ? "rules from 2026" : "rules before 2026") {}

  std::vector<FeeFinding> Run() {
    Redemption();
    if (is_new_) {
      Purchase("purchase", schedule_.purchase);
      Purchase("offer", schedule_.offer);
      ServiceFee();
    }
    return std::move(findings_);
  }

 private:
  void Add(std::string_view rule, const std::string& text) { findings_.push_back({std::string(rule), text}); }

  struct Band {
    int32_t first, last;
    LeastRedemptionFee least;
  };

  // The days from 0 on in pieces of one demand each.
  std::vector<Band> Bands() const {
    std::vector<Band> bands;
    for (const int32_t first : kBandStarts) {
      const LeastRedemptionFee least = LeastRedemptionFeeAt(facts_, investor_, schedule_.effective_from, first);
      if (!bands.empty() && bands.back().least == least) continue;
      if (!bands.empty()) bands.back().last = first - 1;
      bands.push_back({first, kNoDayLimit, least});
    }
    return bands;
  }

  void Redemption() {
    std::vector<RedemptionTier> tiers = schedule_.redemption;
    if (tiers.empty()) tiers = {RedemptionTier{}};
    const std::vector<Band> bands = Bands();
    for (const RedemptionTier& tier : tiers) {
      for (const Band& band : bands) {
        const int32_t first = std::max(tier.min_days, band.first), last = std::min(tier.max_days, band.last);
        if (first > last) continue;
        const LeastRedemptionFee& least = band.least;
        const std::string where = StrCat("days ", first, " to ", last == kNoDayLimit ? "the end" : StrCat(last), " for ",
                                         InvestorName(investor_));
        if (tier.rate < least.rate) {
          Add("REDEMPTION_FEE_LOW", StrCat("the redemption fee on ", where, " is ", tier.rate.ToPercent(), ", at least ",
                                           least.rate.ToPercent(), " is asked for by the ", rules_));
        }
        if (tier.rate.is_positive() && tier.fund_share < least.fund_share) {
          Add("FUND_SHARE_LOW", StrCat("the fund's part of the redemption fee on ", where, " is ",
                                       tier.fund_share.ToPercent(), ", at least ", least.fund_share.ToPercent(),
                                       " is asked for by the ", rules_));
        }
      }
    }
  }

  void Purchase(std::string_view table, const std::vector<PurchaseTier>& tiers) {
    const std::optional<Rate> cap = PurchaseCap(facts_.fund);
    if (!cap) return;
    for (const PurchaseTier& tier : tiers) {
      if (tier.fee.fixed) {
        // A fixed sum is dearest, against the amount, where its tier begins.
        if (*tier.fee.fixed <= ApplyRate(tier.min, *cap, Rounding::kTruncate)) continue;
        Add("PURCHASE_FEE_HIGH", StrCat("the fixed ", table, " fee ", tier.fee.fixed->ToString(), " from ",
                                        tier.min.ToString(), " is above ", cap->ToPercent(), " of it, the most that the ",
                                        rules_, " allow"));
      } else if (tier.fee.rate > *cap) {
        Add("PURCHASE_FEE_HIGH", StrCat("the ", table, " fee from ", tier.min.ToString(), " is ", tier.fee.rate.ToPercent(),
                                        ", at most ", cap->ToPercent(), " is allowed by the ", rules_));
      }
    }
  }

  void ServiceFee() {
    const std::optional<Rate> cap = ServiceCap(facts_.fund);
    if (cap && facts_.service_fee > *cap) {
      Add("SERVICE_FEE_HIGH", StrCat("the sales service fee is ", facts_.service_fee.ToPercent(), " a year, at most ",
                                     cap->ToPercent(), " is allowed by the ", rules_));
    }
    if (facts_.service_fee.is_positive() && facts_.fund != LawFund::kMoney && !facts_.service_fee_ends_after_a_year) {
      Add("SERVICE_FEE_AFTER_A_YEAR", StrCat("the sales service fee goes on for units held over a year; the ", rules_,
                                             " allow that for money funds only"));
    }
  }

  const FeeSchedule& schedule_;
  const FeeLawFacts& facts_;
  const InvestorType investor_;
  const bool is_new_;
  const std::string_view rules_;
  std::vector<FeeFinding> findings_;
};

}  // namespace

std::string_view LawFundName(LawFund fund) {
  switch (fund) {
    case LawFund::kActiveEquity: return "active-equity";
    case LawFund::kOtherMixed: return "other-mixed";
    case LawFund::kIndex: return "index";
    case LawFund::kBond: return "bond";
    case LawFund::kMoney: return "money";
    case LawFund::kEtf: return "etf";
    case LawFund::kCertificates: return "certificates";
  }
  return "unknown";
}

LeastRedemptionFee LeastRedemptionFeeAt(const FeeLawFacts& facts, InvestorType investor, Date day, int32_t days) {
  return NewRules(facts, day) ? NewLeast(facts, investor, days) : OldLeast(facts, days);
}

std::vector<FeeFinding> CheckFeeLaw(const FeeSchedule& schedule, const FeeLawFacts& facts, InvestorType investor) {
  return Judge(schedule, facts, investor).Run();
}

}  // namespace fundcore
