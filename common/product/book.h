// ProductBook: one partition's own copy of the product facts, so that an order needs no remote call.
//
//   class TradeMachine {
//     ProductBook products_{state, 200};              // uses table numbers 200 to 205 and 220
//     Result Execute(const AbsorbFacts& c, const machine::Context&) { products_.Absorb(c); return {}; }
//     ... products_.Fund(code, ctx.received)          // the terms in force at the moment of receipt
//   };
//
// Money funds: Income (terms) and FindIncome (a day's income per 10,000 units), in tables 210 and 211.
//
// Part of a machine's state: same rules, same thread. Pointers stay valid until the command ends.
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "common/machine/state.h"
#include "common/product/facts.h"

namespace fundcore {

class ProductBook {
 public:
  // Takes six table numbers from `first_table` on, the two from first_table + 10, first_table + 15, first_table + 18,
  // first_table + 20 and first_table + 30.
  ProductBook(machine::State& state, uint8_t first_table);

  // Takes facts in; false where they do not continue what is there (old or a gap), and nothing changed.
  bool Absorb(const AbsorbFacts& command);

  uint64_t absorbed() { return position_.Get().seq; }
  // Judging an order received later than this has to wait for the next watermark.
  TimePoint watermark() { return position_.Get().watermark; }

  // The terms in force at `at`: the latest that take effect no later. nullptr where the fund is unknown (as of then).
  const FundTerms* Fund(const FundCode& code, TimePoint at);
  // How the fund may be converted, in force at `at`; nullptr where nothing was ever said about it.
  const FundConversions* Conversions(const FundCode& code, TimePoint at);
  // The newest price from days before `day`, at most thirty days old; nullptr where there is none.
  const NavFact* FindNavBefore(const FundCode& fund, Date day);
  // The fund's rules beyond its terms, in force at `at`; nullptr where it has none.
  const FundRules* Rules(const FundCode& code, TimePoint at);
  // How the fund redeems at once, in force at `at`; nullptr where it does not.
  const FastRedemptionTerms* Fast(const FundCode& code, TimePoint at);
  // The better of the house's discount and the campaigns in force at `at`; nothing where it is the house's own.
  CampaignDeal DealOf(const Occasion& occasion, Discount house, TimePoint at);
  const CampaignVersions* Campaigns(const std::string& name) { return campaigns_.Find(name); }
  void ForEachCampaign(absl::FunctionRef<void(const CampaignVersions&)> visit);
  // Some fund has, or once had, such rules: a cheap question to ask first.
  bool has_rules();
  // Some fund redeems at once, or once did.
  bool has_fast();
  const InstitutionTerms* Institution(const TaCode& ta);
  // What the institution's files do otherwise than the standard says, as its operator wrote it; "" where nothing.
  std::string_view FileVariant(const TaCode& ta);
  const TradingCalendar* Calendar(std::string_view name);
  // The price of a day; `type` 1 and 2 fall back to the ordinary one. nullptr where not known (yet).
  const NavFact* FindNav(const FundCode& fund, Date day, uint8_t type = 0);

  // How the fund's income is worked out, as said last; nullptr where it has none.
  const IncomeTerms* Income(const FundCode& fund);
  // Income per 10,000 units of a day; nullptr where not known (yet).
  const Nav* FindIncome(const FundCode& fund, Date day);

  void ForEachFund(TimePoint at, absl::FunctionRef<void(const FundTerms&)> visit);
  void ForEachInstitution(absl::FunctionRef<void(const InstitutionTerms&)> visit);

 private:
  struct Position {
    uint64_t seq = 0;
    TimePoint watermark;
    FC_FIELDS(seq, watermark)
  };
  struct Versions {
    std::vector<FundTerms> by_effect;  // by effective_at, then version
    FC_FIELDS(by_effect)
  };
  struct ConversionVersions {
    std::vector<FundConversions> by_effect;
    FC_FIELDS(by_effect)
  };
  struct RuleVersions {
    std::vector<FundRules> by_effect;  // by effective_at
    FC_FIELDS(by_effect)
  };
  struct FastVersions {
    std::vector<FastRedemptionTerms> by_effect;  // by effective_at
    FC_FIELDS(by_effect)
  };
  struct NavKey {
    FundCode fund;
    Date day;
    uint8_t type = 0;
    FC_FIELDS(fund, day, type)
  };

  machine::Cell<Position> position_;
  machine::Table<FundCode, Versions> funds_;
  machine::Table<TaCode, InstitutionTerms> institutions_;
  machine::Table<std::string, TradingCalendar> calendars_;
  machine::Table<NavKey, NavFact> navs_;
  machine::Table<TaCode, std::string> file_variants_;  // only of institutions that have one
  machine::Table<FundCode, IncomeTerms> income_terms_;
  machine::Table<NavKey, Nav> incomes_;
  machine::Table<FundCode, ConversionVersions> conversions_;
  machine::Table<FundCode, RuleVersions> rules_;       // only of funds that have any
  machine::Table<FundCode, FastVersions> fast_;        // only of funds that ever did
  std::optional<bool> has_fast_;                       // not state: looked up once
  machine::Table<std::string, CampaignVersions> campaigns_;  // by name
  std::optional<bool> has_rules_;                      // not state: looked up once
};

}  // namespace fundcore
