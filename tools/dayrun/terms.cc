// Conversions of the given terms.
#include "tools/dayrun/terms.h"

#include <algorithm>

#include "common/base/check.h"

namespace fundcore::dayrun {
namespace {

// FNV-1a: a number for a name, the same on every machine.
uint64_t NumberOf(std::string_view a, std::string_view b) {
  uint64_t h = 0xcbf29ce484222325ull;
  for (std::string_view s : {a, std::string_view("/"), b})
    for (char c : s) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return h ^ (h >> 29);
}

std::string Digits(uint64_t n, size_t width) {
  std::string s = StrCat(n);
  if (s.size() < width) s.insert(0, width - s.size(), '0');
  return s.substr(s.size() - width);
}

// Schedules are in force long before any script's first day.
constexpr int32_t kFeesSince = 20170101;

void SetRules(const GivenFund& fund, product::v1::Fund* m) {
  product::v1::FundRules rules;
  rules.set_below_minimum_takes_all(fund.min_holding.is_positive());
  rules.set_max_purchase_a_day_fen(fund.day_limit.raw());
  rules.set_max_purchase_total_fen(fund.person_limit.raw());
  rules.set_max_redemption_e2(fund.max_redemption.raw());
  rules.set_max_redemption_a_day_e2(fund.redemption_day_limit.raw());
  rules.set_max_holding_e2(fund.holding_limit.raw());
  for (const GivenFund::Closed& c : fund.closed) {
    auto* closed = rules.add_closed();
    closed->set_from(c.from.raw());
    closed->set_to(c.to.raw());
    closed->set_purchases(c.purchases);
    closed->set_redemptions(c.redemptions);
  }
  rules.set_holding_days(fund.holding_days);
  for (const auto& [lot, first] : fund.first_redemptions) {
    auto* f = rules.add_first_redemptions();
    f->set_lot_day(lot.raw());
    f->set_first_day(first.raw());
  }
  rules.set_breach_allowed(fund.breach_allowed);
  rules.set_breach_fee_e8(fund.breach_fee.raw());
  rules.set_breach_fund_share_e8(fund.breach_share.raw());
  rules.set_daily_quota_fen(fund.quota.raw());
  rules.set_pension_class(fund.pension_class);
  rules.set_needs_recording(fund.needs_recording);
  if (rules.ByteSizeLong() > 0) *m->mutable_rules() = rules;
}

}  // namespace

product::v1::Calendar CalendarMessage(const GivenCalendar& calendar) {
  product::v1::Calendar m;
  m.set_name(calendar.name);
  m.set_first_day(calendar.days.first().raw());
  m.set_last_day(calendar.days.last().raw());
  for (Date d : calendar.days.open_days()) m.add_open_days(d.raw());
  return m;
}

product::v1::Institution InstitutionMessage(const GivenTa& ta) {
  product::v1::Institution m;
  m.set_ta_code(ta.code);
  m.set_name(StrCat("TA ", ta.code));
  m.set_distributor_code(ta.distributor);
  m.set_file_version(ta.version);
  m.set_same_day_orders(ta.same_day_orders);
  m.set_calendar(ta.calendar);
  m.set_cutoff_us(ta.cutoff.raw());
  m.set_export_deadline_us(ta.export_by.raw());
  m.set_send_index(ta.index);
  m.set_use_008_when_registered(ta.try_008);
  std::string variant;
  if (!ta.plans.empty()) variant = StrCat("plans = \"", ta.plans, "\"\n");
  if (!ta.reservations.empty()) variant += StrCat("reservations = \"", ta.reservations, "\"\n");
  if (ta.products_at_once) variant += "product_files = \"at once\"\n";
  m.set_file_variant(variant);
  return m;
}

product::v1::Fund FundMessage(const GivenFund& fund) {
  product::v1::Fund m;
  m.set_fund_code(fund.code);
  m.set_name(StrCat("Fund ", fund.code));
  m.set_ta_code(fund.ta);
  m.set_kind(fund.kind);
  m.set_risk_grade(fund.risk_grade);
  m.set_calendar(fund.calendar);
  m.set_confirm_days(fund.confirm_days);
  m.set_purchase_pay_days(fund.purchase_pay_days);
  m.set_redemption_pay_days(fund.redemption_pay_days);
  m.set_status(std::string(1, fund.status));
  m.set_min_purchase_fen(fund.minimum.raw());
  m.set_min_additional_fen(fund.additional.raw());
  m.set_max_purchase_fen(fund.maximum.raw());
  m.set_min_redemption_e2(fund.min_redemption.raw());
  m.set_rounding_units(fund.cut_units ? 1 : 0);
  m.set_rounding_fee(fund.cut_fee ? 1 : 0);
  if (fund.cut_net) m.set_rounding_net(1);
  if (fund.cut_value) m.set_rounding_value(1);
  m.set_whole_units(fund.whole_units);
  m.set_lifo(fund.lifo);
  m.set_min_holding_e2(fund.min_holding.raw());
  SetRules(fund, &m);
  if (fund.status == '1') m.set_face_e8(fund.navs.front().nav.raw());
  if (!fund.fast_bank.empty()) {
    m.mutable_fast()->set_bank_code(fund.fast_bank);
    m.mutable_fast()->set_bank_account(fund.fast_account);
    m.mutable_fast()->set_distributor(fund.fast_distributor);
    m.mutable_fast()->set_least_e2(fund.fast_least.raw());
    m.mutable_fast()->set_person_a_day_fen(fund.fast_a_day.raw());
  }
  if (!fund.incomes.empty()) {
    m.mutable_income()->set_remainder(fund.remainder);
    m.mutable_income()->set_payout_day(static_cast<uint32_t>(fund.payout_day));
    m.mutable_income()->set_loss_waits(fund.loss_waits);
    m.mutable_income()->set_kept_on_full_redemption(fund.keeps_income);
  }
  auto* schedule = m.add_fees();
  schedule->set_effective_day(kFeesSince);
  schedule->set_inside(fund.inside);
  schedule->set_discount_e8(fund.discount.raw());
  for (const GivenPurchaseTier& t : fund.purchase) {
    auto* tier = schedule->add_purchase();
    tier->set_min_fen(t.from.raw());
    tier->set_max_fen(t.to.raw());
    tier->set_rate_e8(t.rate.raw());
    tier->set_least_rate_e8(fund.floor.raw());
    tier->set_fixed_fee_fen(t.fixed.raw());
  }
  for (const GivenRedemptionTier& t : fund.redemption) {
    auto* tier = schedule->add_redemption();
    tier->set_min_days(t.from_days);
    tier->set_max_days(t.to_days);
    tier->set_rate_e8(t.rate.raw());
    tier->set_fund_share_e8(t.fund_share.raw());
  }
  return m;
}

std::string CertificateOf(const Script& script, const GivenInvestor& investor) {
  const uint64_t n = NumberOf(script.name, investor.name);
  std::string s =
      StrCat("110101", 1960 + n % 40, Digits(n / 40 % 12 + 1, 2), Digits(n / 480 % 28 + 1, 2), Digits(n / 13'440, 3));
  constexpr int kWeights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (size_t i = 0; i < 17; ++i) sum += (s[i] - '0') * kWeights[i];
  return s + "10X98765432"[sum % 11];
}

std::string CardOf(const Script& script, const GivenInvestor& investor) {
  return CardOf(script, investor, investor.card_ending);
}

std::string CardOf(const Script& script, const GivenInvestor& investor, std::string_view ending) {
  return StrCat("622202", Digits(NumberOf(script.name, investor.name), 9), ending);
}

char ConvertStatusOf(const Script& script, const GivenFund& fund) {
  if (fund.convert_status) return fund.convert_status;
  if (!fund.conversions.empty()) return '0';
  for (const auto& [line, given] : script.given) {
    const auto* f = std::get_if<GivenFund>(&given);
    if (!f) continue;
    for (const GivenConversion& c : f->conversions)
      if (c.target == fund.code) return '0';
  }
  return '3';
}

std::optional<product::v1::FundConversions> ConversionsMessage(const Script& script, const GivenFund& fund) {
  const char status = ConvertStatusOf(script, fund);
  if (status == '3' && fund.conversions.empty()) return std::nullopt;
  product::v1::FundConversions m;
  m.set_fund_code(fund.code);
  m.set_status(std::string(1, status));
  m.set_carries_age(fund.carries_age);
  for (const GivenConversion& c : fund.conversions) {
    auto* r = m.add_relations();
    r->set_target_fund(c.target);
    r->set_min_units_e2(c.from.raw());
    r->set_max_units_e2(c.to.raw());
    r->set_min_days(c.min_days);
    r->set_investors(std::string(1, c.investors));
    r->set_by_fee_amounts(c.by_fees);
  }
  return m;
}

namespace {

ta_sim::FundTerms TaFundOf(const Script& script, const GivenFund& fund, Date last) {
  ta_sim::FundTerms t;
  t.code = FundCode(fund.code);
  t.name = StrCat("Fund ", fund.code);
  t.calendar = fund.calendar;
  t.confirm_days = fund.confirm_days;
  t.purchase_pay_days = fund.purchase_pay_days;
  t.redemption_pay_days = fund.redemption_pay_days;
  for (const GivenPurchaseTier& p : fund.purchase) {
    ta_sim::PurchaseTier tier;
    tier.from = ta_sim::Yuan::FromRaw(p.from.raw());
    // Our own discount is part of the order's terms, so the institution is told the rate that is left of it.
    tier.rate = ta_sim::Rate::FromRaw(
        fund.discount.is_zero() ? p.rate.raw()
                                 : MulDiv(p.rate.raw(), fund.discount.raw(), Rate::kOne, Rounding::kHalfUp));
    const int64_t floor = std::min(p.rate.raw(), fund.floor.raw());
    if (tier.rate.raw() < floor) tier.rate = ta_sim::Rate::FromRaw(floor);
    // A conversion's difference fee comes of the rates themselves.
    if (!fund.discount.is_zero()) tier.undiscounted = ta_sim::Rate::FromRaw(p.rate.raw());
    if (p.fixed.is_positive()) tier.fixed = ta_sim::Yuan::FromRaw(p.fixed.raw());
    t.purchase_tiers.push_back(tier);
  }
  for (const GivenRedemptionTier& r : fund.redemption) {
    t.redemption_tiers.push_back(
        {r.from_days, ta_sim::Rate::FromRaw(r.rate.raw()), ta_sim::Rate::FromRaw(r.fund_share.raw())});
  }
  t.inside_fee = fund.inside;
  t.floor_rate = ta_sim::Rate::FromRaw(fund.floor.raw());
  t.rounding.units = fund.cut_units ? ta_sim::Rounding::kCut : ta_sim::Rounding::kHalfUp;
  // As in the terms that we sell by: what is charged outside is what the net amount leaves, so both are rounded alike unless the fund says otherwise.
  t.rounding.fee = fund.cut_fee ? ta_sim::Rounding::kCut : ta_sim::Rounding::kHalfUp;
  t.rounding.net = fund.cut_net ? ta_sim::Rounding::kCut : t.rounding.fee;
  if (fund.cut_value) t.rounding.value = ta_sim::Rounding::kCut;
  t.rounding.whole_units = fund.whole_units;
  t.newest_first = fund.lifo;
  t.large = {ta_sim::Rate::FromRaw(fund.large_limit.raw()), fund.large_pro_rata};
  t.held_elsewhere = ta_sim::Shares::FromRaw(fund.held_elsewhere.raw());
  t.min_redemption = ta_sim::Shares::FromRaw(fund.min_redemption.raw());
  if (!fund.incomes.empty()) {
    using Remainder = ta_sim::MoneyTerms::Remainder;
    ta_sim::MoneyTerms& money = t.money.emplace();
    money.remainder = fund.remainder == "carry" ? Remainder::kCarry
                      : fund.remainder == "cut" ? Remainder::kCut
                                                : Remainder::kShare;
    for (const GivenNav& n : fund.incomes) money.incomes[n.day] = ta_sim::Price::FromRaw(n.nav.raw());
    money.payout_day = fund.payout_day;
    money.loss_waits = fund.loss_waits;
    money.keeps_income = fund.keeps_income;
  }
  t.status = fund.status;
  if (fund.offer) {
    t.offer = ta_sim::OfferTerms{.result_day = fund.offer->result,
                                 .effective = fund.offer->effective,
                                 .face = ta_sim::Price::FromRaw(fund.navs.front().nav.raw()),
                                 .failed = fund.offer->failed,
                                 .last_day = fund.offer->last_day};
    t.offer->interest_a_day = ta_sim::Rate::FromRaw(fund.offer->interest_a_day.raw());
    if (fund.offer->opens) t.statuses[*fund.offer->opens] = '0';
    if (fund.offer->cap.is_positive()) t.offer->cap = ta_sim::Yuan::FromRaw(fund.offer->cap.raw());
  }
  t.term.days = fund.holding_days;
  t.term.first.insert(fund.first_redemptions.begin(), fund.first_redemptions.end());
  if (fund.breach_allowed) t.term.early = ta_sim::Rate::FromRaw(fund.breach_fee.raw());
  t.term.early_fund_share = ta_sim::Rate::FromRaw(fund.breach_share.raw());
  // A price holds until the next one is given, and the first also before its day.
  for (Date d = script.start.date().AddDays(-10); d <= last.AddDays(10); d = d.AddDays(1)) {
    Nav nav = fund.navs.front().nav;
    for (const GivenNav& n : fund.navs)
      if (n.day <= d) nav = n.nav;
    t.navs[d] = ta_sim::Price::FromRaw(nav.raw());
  }
  for (const Line& line : script.lines) {
    for (const Statement& s : line.statements) {
      const auto* d = std::get_if<PaysDividend>(&s);
      if (!d || d->ta != fund.ta || d->fund != fund.code) continue;
      t.dividends.push_back({.registration = d->record, .ex_date = d->ex, .pay_date = d->pay,
                             .amount = ta_sim::Yuan::FromRaw(d->amount.raw())});
    }
  }
  t.convert_status = ConvertStatusOf(script, fund);
  t.carries_age = fund.carries_age;
  for (const GivenConversion& c : fund.conversions)
    t.converts_to[FundCode(c.target)] = c.by_fees ? ta_sim::ConversionForm::kFees : ta_sim::ConversionForm::kRates;
  return t;
}

}  // namespace

ta_sim::TaConfig TaConfigOf(const Script& script, const GivenTa& ta) {
  ta_sim::TaConfig config;
  config.ta = TaCode(ta.code);
  config.distributor = DistributorCode(ta.distributor);
  config.version = *ofd::ParseVersion(ta.version);
  config.calendar = ta.calendar;
  config.keeps_plans = ta.plans == "all";
  config.keeps_reservations = ta.reservations == "sent";
  config.renumbers_reservations = ta.renumbers;
  config.calendars = script.calendars;
  config.converts_in_pairs = ta.converts_in_pairs;
  Date last = script.start.date();
  for (const Line& line : script.lines)
    if (line.at) last = std::max(last, line.at->date());
  for (const auto& [number, given] : script.given) {
    if (const auto* investor = std::get_if<GivenInvestor>(&given)) {
      const auto& at = investor->registered_at;
      if (std::find(at.begin(), at.end(), ta.code) == at.end()) continue;
      config.registered_elsewhere.push_back(StrCat("0:", CertificateOf(script, *investor)));
    }
    const auto* fund = std::get_if<GivenFund>(&given);
    if (fund) (fund->ta == ta.code ? config.funds : config.elsewhere).push_back(TaFundOf(script, *fund, last));
  }
  return config;
}

}  // namespace fundcore::dayrun
