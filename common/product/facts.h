// Product facts: what the product service says about institutions, funds, prices and calendars, in the form in which every
// partition of the other services logs and keeps them.
//
// A fact is stored in other machines' logs, so its struct evolves like a command: new fields only at the end of ProductFact
// or as a new kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/codec.h"
#include "common/fund/fees.h"
#include "common/fund/purchase.h"
#include "common/money/decimal.h"
#include "common/product/campaigns.h"
#include "common/product/fast_terms.h"
#include "common/product/fund_rules.h"
#include "common/product/income_terms.h"
#include "common/time/calendar.h"
#include "common/time/time.h"
#include "common/types/ids.h"

namespace fundcore {

// The standard's FundStatus (file 07). Values are the characters.
enum class FundStatus : uint8_t {
  kOpen = '0',
  kOffering = '1',
  kStopped = '4',
  kPurchaseStopped = '5',
  kRedemptionStopped = '6',
  kTerminated = '8',
  kClosed = '9',
};

enum class FundKind : uint8_t { kEquity = 1, kMixed = 2, kBond = 3, kIndex = 4, kMoney = 5, kQdii = 6, kFof = 7 };

struct InstitutionTerms {
  TaCode ta;
  std::string name;
  DistributorCode distributor;       // our code at this TA
  uint8_t file_version = 21;         // 20, 21, 22
  bool same_day_orders = true;
  std::string calendar = "XSHG";
  TimeOfDay cutoff = TimeOfDay::Hms(15, 0);
  TimeOfDay export_deadline = TimeOfDay::Hms(18, 0);
  bool send_index = true;
  bool use_008_when_registered = true;
  FC_FIELDS(ta, name, distributor, file_version, same_day_orders, calendar, cutoff, export_deadline, send_index,
            use_008_when_registered)
};

struct FundTerms {
  FundCode code;
  std::string name;
  TaCode ta;
  FundKind kind = FundKind::kMixed;
  uint8_t risk_grade = 3;            // R1..R5
  std::string calendar = "XSHG";
  uint8_t confirm_days = 1;          // T + n open days of the fund
  uint8_t purchase_pay_days = 2;
  uint8_t redemption_pay_days = 3;
  FundStatus status = FundStatus::kOpen;
  Money min_purchase;
  Money min_additional;              // 0: as first
  Money max_purchase;                // per order; 0: no limit
  Units min_redemption;
  Units min_holding;
  FeeSchedules fees;                 // by date and investor type
  Discount discount;                 // ours, on the purchase rate; 0: none
  RoundingRules rounding;
  bool lifo = false;
  Nav face;                          // of an offer
  uint64_t version = 0;              // the fact's sequence number: what an order says it was judged by
  TimePoint effective_at;
  FC_FIELDS(code, name, ta, kind, risk_grade, calendar, confirm_days, purchase_pay_days, redemption_pay_days, status,
            min_purchase, min_additional, max_purchase, min_redemption, min_holding, fees, discount, rounding,
            lifo, face, version, effective_at)
};

// A price, as a 07 file gives it. NetValueType: 0 ordinary, 1 for purchases, 2 for redemptions.
struct NavFact {
  FundCode fund;
  Date day;
  uint8_t type = 0;
  Nav nav;
  Units total_units;
  FC_FIELDS(fund, day, type, nav, total_units)
};

// A way out of a fund into another one (C3).
struct ConversionRelation {
  FundCode target;
  Units min_units;                   // of one order; 0: no limit
  Units max_units;
  int32_t min_days = 0;              // units must have been held so long on the trading day
  uint8_t investors = kAllInvestors; // who may: the standard's 0 institutions, 1 individuals, 2 all
  bool by_fee_amounts = false;       // the difference fee: of the two fee amounts, else of the two rates
  static constexpr uint8_t kAllInvestors = 2;
  FC_FIELDS(target, min_units, max_units, min_days, investors, by_fee_amounts)
};

// Into which funds a fund may be converted, and whether it may be converted into. Apart from FundTerms, whose list of fields is
// nested in facts that are kept and never changes.
struct FundConversions {
  FundCode fund;
  uint8_t status = '3';              // ConvertStatus of 07: 0 in and out, 1 in only, 2 out only, 3 neither
  bool carries_age = false;          // what is converted into it keeps the age of what it came from
  std::vector<ConversionRelation> relations;
  uint64_t version = 0;
  TimePoint effective_at;
  bool out() const { return status == '0' || status == '2'; }
  bool in() const { return status == '0' || status == '1'; }
  const ConversionRelation* To(const FundCode& target) const {
    for (const ConversionRelation& r : relations)
      if (r.target == target) return &r;
    return nullptr;
  }
  FC_FIELDS(fund, status, carries_age, relations, version, effective_at)
};

enum class FactKind : uint8_t { kCalendar = 1, kInstitution = 2, kFund = 3, kNav = 4, kConversions = 45,
    kCampaign = 140 };

// One fact; the member that `kind` names is filled.
struct ProductFact {
  FactKind kind = FactKind::kNav;
  std::optional<TradingCalendar> calendar;
  std::optional<InstitutionTerms> institution;
  std::optional<FundTerms> fund;
  std::optional<NavFact> nav;
  std::string file_variant;  // of the institution: what its files do otherwise (common/ofd/variant.h); "": nothing
  std::optional<IncomeTerms> income_terms;  // of the fund, where they are said anew
  std::optional<Nav> income;                // with the price: the day's income per 10,000 units
  std::optional<FundConversions> conversions;
  std::optional<FundRules> rules;           // of the fund, where they are said anew
  std::optional<CampaignTerms> campaign;
  std::optional<FastRedemptionTerms> fast;  // of the fund, where they are said anew

  template <class V>
  void VisitFields(V& v) {
    v(kind, calendar, institution, fund, nav, file_variant, income_terms, income, conversions, rules, campaign, fast);
  }
  // Written only where they are there, so that other facts have the bytes that they always had.
  template <class V>
  void VisitFields(V& v) const {
    if (fast) {
      v(kind, calendar, institution, fund, nav, file_variant, income_terms, income, conversions, rules, campaign, fast);
    } else if (campaign) {
      v(kind, calendar, institution, fund, nav, file_variant, income_terms, income, conversions, rules, campaign);
    } else if (conversions || rules) {
      v(kind, calendar, institution, fund, nav, file_variant, income_terms, income, conversions, rules);
    } else if (income_terms || income) {
      v(kind, calendar, institution, fund, nav, file_variant, income_terms, income);
    } else {
      v(kind, calendar, institution, fund, nav, file_variant);
    }
  }
};

// The command by which a partition takes facts in; every machine that has a ProductBook handles it under this tag.
// Dropped where `after` is not where the partition stands: nothing is skipped and nothing counts twice.
struct AbsorbFacts {
  static constexpr uint8_t kTag = 1;
  uint64_t after = 0;
  std::vector<std::pair<uint64_t, std::string>> facts;  // sequence, encoded ProductFact
  TimePoint watermark;  // all that takes effect up to here is out
  FC_FIELDS(after, facts, watermark)
};

}  // namespace fundcore
