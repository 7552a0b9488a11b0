// Absorbing facts and looking them up.
#include "common/product/book.h"

#include <algorithm>

namespace fundcore {

ProductBook::ProductBook(machine::State& state, uint8_t first_table)
    : position_(state, first_table),
      funds_(state, static_cast<uint8_t>(first_table + 1)),
      institutions_(state, static_cast<uint8_t>(first_table + 2)),
      calendars_(state, static_cast<uint8_t>(first_table + 3)),
      navs_(state, static_cast<uint8_t>(first_table + 4), machine::Residence::kLazy),
      file_variants_(state, static_cast<uint8_t>(first_table + 5)),
      income_terms_(state, static_cast<uint8_t>(first_table + 10)),
      incomes_(state, static_cast<uint8_t>(first_table + 11), machine::Residence::kLazy),
      conversions_(state, static_cast<uint8_t>(first_table + 20)),
      rules_(state, static_cast<uint8_t>(first_table + 15)),
      fast_(state, static_cast<uint8_t>(first_table + 18)),
      campaigns_(state, static_cast<uint8_t>(first_table + 30)) {}

bool ProductBook::Absorb(const AbsorbFacts& command) {
  if (command.after != position_.Get().seq) return false;
  Position& position = position_.Mutable();
  for (const auto& [seq, body] : command.facts) {
    ProductFact fact;
    FC_CHECK(Decode(body, &fact), "product fact ", seq, " is malformed");
    switch (fact.kind) {
      case FactKind::kCalendar:
        calendars_.Put(fact.calendar->name(), *fact.calendar);
        break;
      case FactKind::kInstitution:
        institutions_.Put(fact.institution->ta, *fact.institution);
        if (fact.file_variant != FileVariant(fact.institution->ta))
          file_variants_.Put(fact.institution->ta, fact.file_variant);
        break;
      case FactKind::kFund: {
        auto& list = funds_.Mutable(fact.fund->code).by_effect;
        auto at = std::upper_bound(list.begin(), list.end(), fact.fund->effective_at,
                                   [](TimePoint t, const FundTerms& f) { return t < f.effective_at; });
        list.insert(at, *fact.fund);
        if (fact.income_terms) income_terms_.Put(fact.fund->code, *fact.income_terms);
        if (fact.rules) {
          FundRules rules = *fact.rules;
          rules.effective_at = fact.fund->effective_at;
          auto& versions = rules_.Mutable(rules.fund).by_effect;
          const auto place = std::upper_bound(versions.begin(), versions.end(), rules.effective_at,
                                              [](TimePoint t, const FundRules& r) { return t < r.effective_at; });
          versions.insert(place, std::move(rules));
          has_rules_ = true;
        }
        if (fact.fast) {
          FastRedemptionTerms fast = *fact.fast;
          fast.effective_at = fact.fund->effective_at;
          auto& versions = fast_.Mutable(fast.fund).by_effect;
          const auto place = std::upper_bound(versions.begin(), versions.end(), fast.effective_at,
                                              [](TimePoint t, const FastRedemptionTerms& f) { return t < f.effective_at; });
          versions.insert(place, std::move(fast));
          has_fast_ = true;
        }
        break;
      }
      case FactKind::kConversions: {
        auto& list = conversions_.Mutable(fact.conversions->fund).by_effect;
        auto at = std::upper_bound(list.begin(), list.end(), fact.conversions->effective_at,
                                   [](TimePoint t, const FundConversions& f) { return t < f.effective_at; });
        list.insert(at, *fact.conversions);
        break;
      }
      case FactKind::kCampaign: {
        auto& list = campaigns_.Mutable(fact.campaign->campaign.name).by_effect;
        auto at = std::upper_bound(list.begin(), list.end(), fact.campaign->effective_at,
                                   [](TimePoint t, const CampaignTerms& c) { return t < c.effective_at; });
        list.insert(at, *fact.campaign);
        break;
      }
      case FactKind::kNav:
        navs_.Put({fact.nav->fund, fact.nav->day, fact.nav->type}, *fact.nav);
        if (fact.income) incomes_.Put({fact.nav->fund, fact.nav->day, 0}, *fact.income);
        break;
    }
    position.seq = seq;
  }
  position.watermark = std::max(position.watermark, command.watermark);
  return true;
}

const FundTerms* ProductBook::Fund(const FundCode& code, TimePoint at) {
  const Versions* v = funds_.Find(code);
  if (!v) return nullptr;
  for (auto it = v->by_effect.rbegin(); it != v->by_effect.rend(); ++it)
    if (it->effective_at <= at) return &*it;
  return nullptr;
}

const FundConversions* ProductBook::Conversions(const FundCode& code, TimePoint at) {
  const ConversionVersions* v = conversions_.Find(code);
  if (!v) return nullptr;
  for (auto it = v->by_effect.rbegin(); it != v->by_effect.rend(); ++it)
    if (it->effective_at <= at) return &*it;
  return nullptr;
}

const NavFact* ProductBook::FindNavBefore(const FundCode& fund, Date day) {
  constexpr int kDaysBack = 30;
  for (int back = 1; back <= kDaysBack; ++back)
    if (const NavFact* nav = FindNav(fund, day.AddDays(-back))) return nav;
  return nullptr;
}

const FundRules* ProductBook::Rules(const FundCode& code, TimePoint at) {
  if (!has_rules()) return nullptr;
  const RuleVersions* v = rules_.Find(code);
  if (!v) return nullptr;
  for (auto it = v->by_effect.rbegin(); it != v->by_effect.rend(); ++it)
    if (it->effective_at <= at) return it->Empty() ? nullptr : &*it;
  return nullptr;
}

const FastRedemptionTerms* ProductBook::Fast(const FundCode& code, TimePoint at) {
  const FastVersions* v = fast_.Find(code);
  if (!v) return nullptr;
  for (auto it = v->by_effect.rbegin(); it != v->by_effect.rend(); ++it)
    if (it->effective_at <= at) return it->offered() ? &*it : nullptr;
  return nullptr;
}

bool ProductBook::has_fast() {
  if (!has_fast_) {
    has_fast_ = false;
    fast_.ScanAll([&](const FundCode&, const FastVersions&) { return has_fast_ = true, false; });
  }
  return *has_fast_;
}

bool ProductBook::has_rules() {
  if (!has_rules_) {
    has_rules_ = false;
    rules_.ScanAll([&](const FundCode&, const RuleVersions&) { return has_rules_ = true, false; });
  }
  return *has_rules_;
}

CampaignDeal ProductBook::DealOf(const Occasion& occasion, Discount house, TimePoint at) {
  CampaignDeal deal;
  campaigns_.ScanAll([&](const std::string&, const CampaignVersions& v) {
    const CampaignTerms* c = v.At(at);
    if (!c) return true;
    const Deal best = BestDeal(std::span(&c->campaign, 1), occasion, deal.discount.is_zero() ? house : deal.discount);
    if (best.campaign) deal = {best.discount, c->campaign.name};
    return true;
  });
  return deal;
}

void ProductBook::ForEachCampaign(absl::FunctionRef<void(const CampaignVersions&)> visit) {
  campaigns_.ScanAll([&](const std::string&, const CampaignVersions& v) { return visit(v), true; });
}

const InstitutionTerms* ProductBook::Institution(const TaCode& ta) { return institutions_.Find(ta); }

std::string_view ProductBook::FileVariant(const TaCode& ta) {
  const std::string* text = file_variants_.Find(ta);
  return text ? std::string_view(*text) : std::string_view();
}

const TradingCalendar* ProductBook::Calendar(std::string_view name) { return calendars_.Find(std::string(name)); }

const NavFact* ProductBook::FindNav(const FundCode& fund, Date day, uint8_t type) {
  const NavFact* nav = navs_.Find({fund, day, type});
  if (!nav && type != 0) nav = navs_.Find({fund, day, 0});
  return nav;
}

const IncomeTerms* ProductBook::Income(const FundCode& fund) {
  const IncomeTerms* terms = income_terms_.Find(fund);
  return terms && terms->accrues ? terms : nullptr;
}

const Nav* ProductBook::FindIncome(const FundCode& fund, Date day) { return incomes_.Find({fund, day, 0}); }

void ProductBook::ForEachFund(TimePoint at, absl::FunctionRef<void(const FundTerms&)> visit) {
  funds_.ScanAll([&](const FundCode& code, const Versions&) {
    if (const FundTerms* f = Fund(code, at)) visit(*f);
    return true;
  });
}

void ProductBook::ForEachInstitution(absl::FunctionRef<void(const InstitutionTerms&)> visit) {
  institutions_.ScanAll([&](const TaCode&, const InstitutionTerms& i) { return visit(i), true; });
}

}  // namespace fundcore
