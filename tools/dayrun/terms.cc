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
  m.set_whole_units(fund.whole_units);
  m.set_lifo(fund.lifo);
  if (fund.status == '1') m.set_face_e8(fund.navs.front().nav.raw());
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
  return StrCat("622202", Digits(NumberOf(script.name, investor.name), 9), investor.card_ending);
}

ta_sim::TaConfig TaConfigOf(const Script& script, const GivenTa& ta) {
  ta_sim::TaConfig config;
  config.ta = TaCode(ta.code);
  config.distributor = DistributorCode(ta.distributor);
  config.version = *ofd::ParseVersion(ta.version);
  config.calendar = ta.calendar;
  config.calendars = script.calendars;
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
    if (!fund || fund->ta != ta.code) continue;
    ta_sim::FundTerms t;
    t.code = FundCode(fund->code);
    t.name = StrCat("Fund ", fund->code);
    t.calendar = fund->calendar;
    t.confirm_days = fund->confirm_days;
    t.purchase_pay_days = fund->purchase_pay_days;
    t.redemption_pay_days = fund->redemption_pay_days;
    for (const GivenPurchaseTier& p : fund->purchase) {
      ta_sim::PurchaseTier tier;
      tier.from = ta_sim::Yuan::FromRaw(p.from.raw());
      // Our own discount is part of the order's terms, so the institution is told the rate that is left of it.
      tier.rate = ta_sim::Rate::FromRaw(
          fund->discount.is_zero() ? p.rate.raw()
                                   : MulDiv(p.rate.raw(), fund->discount.raw(), Rate::kOne, Rounding::kHalfUp));
      if (p.fixed.is_positive()) tier.fixed = ta_sim::Yuan::FromRaw(p.fixed.raw());
      t.purchase_tiers.push_back(tier);
    }
    for (const GivenRedemptionTier& r : fund->redemption) {
      t.redemption_tiers.push_back(
          {r.from_days, ta_sim::Rate::FromRaw(r.rate.raw()), ta_sim::Rate::FromRaw(r.fund_share.raw())});
    }
    t.inside_fee = fund->inside;
    t.rounding.units = fund->cut_units ? ta_sim::Rounding::kCut : ta_sim::Rounding::kHalfUp;
    // As in the terms that we sell by: what is charged outside is what the net amount leaves, so both are rounded alike.
    t.rounding.fee = fund->cut_fee ? ta_sim::Rounding::kCut : ta_sim::Rounding::kHalfUp;
    t.rounding.net = t.rounding.fee;
    t.rounding.whole_units = fund->whole_units;
    t.newest_first = fund->lifo;
    if (!fund->incomes.empty()) {
      using Remainder = ta_sim::MoneyTerms::Remainder;
      ta_sim::MoneyTerms& money = t.money.emplace();
      money.remainder = fund->remainder == "carry" ? Remainder::kCarry
                        : fund->remainder == "cut" ? Remainder::kCut
                                                   : Remainder::kShare;
      for (const GivenNav& n : fund->incomes) money.incomes[n.day] = ta_sim::Price::FromRaw(n.nav.raw());
      money.payout_day = fund->payout_day;
      money.loss_waits = fund->loss_waits;
      money.keeps_income = fund->keeps_income;
    }
    t.status = fund->status;
    // A price holds until the next one is given, and the first also before its day.
    for (Date d = script.start.date().AddDays(-10); d <= last.AddDays(10); d = d.AddDays(1)) {
      Nav nav = fund->navs.front().nav;
      for (const GivenNav& n : fund->navs)
        if (n.day <= d) nav = n.nav;
      t.navs[d] = ta_sim::Price::FromRaw(nav.raw());
    }
    for (const Line& line : script.lines) {
      for (const Statement& s : line.statements) {
        const auto* d = std::get_if<PaysDividend>(&s);
        if (!d || d->ta != ta.code || d->fund != fund->code) continue;
        t.dividends.push_back({.registration = d->record, .ex_date = d->ex, .pay_date = d->pay,
                               .amount = ta_sim::Yuan::FromRaw(d->amount.raw())});
      }
    }
    config.funds.push_back(std::move(t));
  }
  return config;
}

}  // namespace fundcore::dayrun
