// Shape checks and conversions.
#include "services/product/convert.h"

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/variant.h"
#include "common/rpc/handlers.h"

namespace fundcore::product {
namespace {

absl::Status Bad(std::string_view field, std::string_view value, std::string_view rule) {
  return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                              StrCat(field, " \"", value, "\" ", rule), {{"field", field}});
}

struct KindName {
  FundKind kind;
  std::string_view name;
};
constexpr KindName kKinds[] = {{FundKind::kEquity, "equity"}, {FundKind::kMixed, "mixed"}, {FundKind::kBond, "bond"},
                               {FundKind::kIndex, "index"},   {FundKind::kMoney, "money"}, {FundKind::kQdii, "qdii"},
                               {FundKind::kFof, "fof"}};

bool IsLetterOrDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

bool GoodStatus(char c) { return std::string_view("0145689").find(c) != std::string_view::npos; }

absl::StatusOr<Date> ToDate(std::string_view field, int32_t v) {
  auto d = Date::Parse(StrCat(v));
  if (!d.ok()) return Bad(field, StrCat(v), "is not a date (yyyymmdd)");
  return *d;
}

absl::Status CheckCode(std::string_view field, std::string_view v, size_t max) {
  if (v.empty() || v.size() > max) return Bad(field, v, StrCat("must have 1 to ", max, " characters"));
  for (char c : v)
    if (!IsLetterOrDigit(c)) return Bad(field, v, "may hold letters and digits only");
  return absl::OkStatus();
}

absl::Status NotNegative(std::string_view field, int64_t v) {
  return v < 0 ? Bad(field, StrCat(v), "must not be negative") : absl::OkStatus();
}

FeeSchedule ScheduleFrom(const v1::FeeSchedule& m, Date day) {
  FeeSchedule s;
  s.effective_from = day;
  s.method = m.inside() ? FeeMethod::kInside : FeeMethod::kOutside;
  for (const auto& t : m.purchase()) {
    PurchaseTier tier;
    tier.min = Money::FromRaw(t.min_fen());
    tier.max = t.max_fen() == 0 ? kNoAmountLimit : Money::FromRaw(t.max_fen());
    tier.fee = t.fixed_fee_fen() > 0 ? PurchaseFee::Fixed(Money::FromRaw(t.fixed_fee_fen()))
                                     : PurchaseFee::OfRate(Rate::FromRaw(t.rate_e8()),
                                         Rate::FromRaw(t.least_rate_e8()));
    s.purchase.push_back(tier);
  }
  for (const auto& t : m.redemption())
    s.redemption.push_back({t.min_days(), t.max_days(), Rate::FromRaw(t.rate_e8()), Rate::FromRaw(t.fund_share_e8())});
  return s;
}

void ScheduleTo(const FeeSchedule& s, v1::FeeSchedule* m) {
  m->set_effective_day(s.effective_from.raw());
  m->set_inside(s.method == FeeMethod::kInside);
  for (const PurchaseTier& t : s.purchase) {
    auto* o = m->add_purchase();
    o->set_min_fen(t.min.raw());
    o->set_max_fen(t.max == kNoAmountLimit ? 0 : t.max.raw());
    o->set_rate_e8(t.fee.rate.raw());
    o->set_least_rate_e8(t.fee.least_rate.raw());
    if (t.fee.fixed) o->set_fixed_fee_fen(t.fee.fixed->raw());
  }
  for (const RedemptionTier& t : s.redemption) {
    auto* o = m->add_redemption();
    o->set_min_days(t.min_days);
    o->set_max_days(t.max_days);
    o->set_rate_e8(t.rate.raw());
    o->set_fund_share_e8(t.fund_share.raw());
  }
}

}  // namespace

absl::StatusOr<TradingCalendar> FromProto(const v1::Calendar& m) {
  FC_RETURN_IF_ERROR(CheckCode("calendar.name", m.name(), 32));
  if (m.open_days_size() > 40'000) return Bad("calendar.open_days", StrCat(m.open_days_size()), "has more than 40,000 days");
  FC_ASSIGN_OR_RETURN(Date first, ToDate("calendar.first_day", m.first_day()));
  FC_ASSIGN_OR_RETURN(Date last, ToDate("calendar.last_day", m.last_day()));
  std::vector<Date> open;
  for (int32_t d : m.open_days()) {
    FC_ASSIGN_OR_RETURN(Date day, ToDate("calendar.open_days", d));
    open.push_back(day);
  }
  auto calendar = TradingCalendar::Create(m.name(), first, last, std::move(open));
  if (!calendar.ok()) return Bad("calendar", m.name(), std::string(calendar.status().message()));
  return calendar;
}

absl::StatusOr<InstitutionTerms> FromProto(const v1::Institution& m) {
  InstitutionTerms t;
  FC_RETURN_IF_ERROR(CheckCode("institution.ta_code", m.ta_code(), 9));
  FC_RETURN_IF_ERROR(CheckCode("institution.distributor_code", m.distributor_code(), 9));
  if (m.name().size() > 120) return Bad("institution.name", m.name(), "is longer than 120 bytes");
  if (m.file_version() != "20" && m.file_version() != "21" && m.file_version() != "22")
    return Bad("institution.file_version", m.file_version(), "must be 20, 21 or 22");
  constexpr int64_t kDayUs = 24ll * 3600 * 1'000'000;
  if (m.cutoff_us() <= 0 || m.cutoff_us() >= kDayUs)
    return Bad("institution.cutoff_us", StrCat(m.cutoff_us()), "is not a time of day in microseconds");
  if (m.export_deadline_us() < m.cutoff_us() || m.export_deadline_us() >= kDayUs)
    return Bad("institution.export_deadline_us", StrCat(m.export_deadline_us()), "must lie between the cut-off and midnight");
  // Refused here or never: clearing takes a text that is in force as it is.
  if (auto variant = ofd::Variant::Parse("file_variant", m.file_variant()); !variant.ok()) {
    return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                                StrCat("institution.file_variant is wrong: ", std::string(variant.status().message())),
                                {{"field", "institution.file_variant"}});
  }
  t.ta = TaCode(m.ta_code());
  t.name = m.name();
  t.distributor = DistributorCode(m.distributor_code());
  t.file_version = static_cast<uint8_t>((m.file_version()[0] - '0') * 10 + (m.file_version()[1] - '0'));
  t.same_day_orders = m.same_day_orders();
  t.calendar = m.calendar().empty() ? "XSHG" : m.calendar();
  t.cutoff = TimeOfDay::FromRaw(m.cutoff_us());
  t.export_deadline = TimeOfDay::FromRaw(m.export_deadline_us());
  t.send_index = m.send_index();
  t.use_008_when_registered = m.use_008_when_registered();
  return t;
}

absl::StatusOr<FundTerms> FromProto(const v1::Fund& m) {
  FundTerms t;
  FC_RETURN_IF_ERROR(CheckCode("fund.fund_code", m.fund_code(), 20));
  FC_RETURN_IF_ERROR(CheckCode("fund.ta_code", m.ta_code(), 9));
  if (m.name().size() > 120) return Bad("fund.name", m.name(), "is longer than 120 bytes");
  bool known = false;
  for (const KindName& k : kKinds) {
    if (k.name != m.kind()) continue;
    t.kind = k.kind;
    known = true;
  }
  if (!known) return Bad("fund.kind", m.kind(), "must be equity, mixed, bond, index, money, qdii or fof");
  if (m.risk_grade() < 1 || m.risk_grade() > 5) return Bad("fund.risk_grade", StrCat(m.risk_grade()), "must be 1 to 5");
  if (m.confirm_days() < 1 || m.confirm_days() > 10) return Bad("fund.confirm_days", StrCat(m.confirm_days()), "must be 1 to 10");
  if (m.purchase_pay_days() < 1 || m.purchase_pay_days() > 30)
    return Bad("fund.purchase_pay_days", StrCat(m.purchase_pay_days()), "must be 1 to 30");
  if (m.redemption_pay_days() < 1 || m.redemption_pay_days() > 30)
    return Bad("fund.redemption_pay_days", StrCat(m.redemption_pay_days()), "must be 1 to 30");
  if (m.status().size() != 1 || !GoodStatus(m.status()[0])) return Bad("fund.status", m.status(), "must be one of 0 1 4 5 6 8 9");
  FC_RETURN_IF_ERROR(NotNegative("fund.min_purchase_fen", m.min_purchase_fen()));
  FC_RETURN_IF_ERROR(NotNegative("fund.min_additional_fen", m.min_additional_fen()));
  FC_RETURN_IF_ERROR(NotNegative("fund.max_purchase_fen", m.max_purchase_fen()));
  FC_RETURN_IF_ERROR(NotNegative("fund.min_redemption_e2", m.min_redemption_e2()));
  FC_RETURN_IF_ERROR(NotNegative("fund.min_holding_e2", m.min_holding_e2()));
  if (m.rounding_units() > 2) return Bad("fund.rounding_units", StrCat(m.rounding_units()), "must be 0, 1 or 2");
  if (m.rounding_net() > 2) return Bad("fund.rounding_net", StrCat(m.rounding_net()), "must be 0, 1 or 2");
  if (m.rounding_value() > 2) return Bad("fund.rounding_value", StrCat(m.rounding_value()), "must be 0, 1 or 2");
  if (m.rounding_fee() > 2) return Bad("fund.rounding_fee", StrCat(m.rounding_fee()), "must be 0, 1 or 2");
  t.code = FundCode(m.fund_code());
  t.name = m.name();
  t.ta = TaCode(m.ta_code());
  t.risk_grade = static_cast<uint8_t>(m.risk_grade());
  t.calendar = m.calendar().empty() ? "XSHG" : m.calendar();
  t.confirm_days = static_cast<uint8_t>(m.confirm_days());
  t.purchase_pay_days = static_cast<uint8_t>(m.purchase_pay_days());
  t.redemption_pay_days = static_cast<uint8_t>(m.redemption_pay_days());
  t.status = static_cast<FundStatus>(m.status()[0]);
  t.min_purchase = Money::FromRaw(m.min_purchase_fen());
  t.min_additional = Money::FromRaw(m.min_additional_fen());
  t.max_purchase = Money::FromRaw(m.max_purchase_fen());
  t.min_redemption = Units::FromRaw(m.min_redemption_e2());
  t.min_holding = Units::FromRaw(m.min_holding_e2());
  for (const auto& s : m.fees()) {
    FC_ASSIGN_OR_RETURN(Date day, ToDate("fund.fees.effective_day", s.effective_day()));
    t.fees.list.push_back(ScheduleFrom(s, day));
    if (m.institution_fees_size() > 0) t.fees.list.back().investors = InvestorType::kIndividual;
    if (s.discount_e8() < 0 || s.discount_e8() > Rate::kOne)
      return Bad("fund.fees.discount_e8", StrCat(s.discount_e8()), "must be 0 to 100000000");
    t.discount = Rate::FromRaw(s.discount_e8());
  }
  for (const auto& s : m.institution_fees()) {
    FC_ASSIGN_OR_RETURN(Date day, ToDate("fund.institution_fees.effective_day", s.effective_day()));
    t.fees.list.push_back(ScheduleFrom(s, day));
    t.fees.list.back().investors = InvestorType::kInstitution;
  }
  if (absl::Status s = t.fees.Validate(); !s.ok()) return Bad("fund.fees", m.fund_code(), std::string(s.message()));
  t.rounding.units = static_cast<Rounding>(m.rounding_units());
  t.rounding.fee = static_cast<Rounding>(m.rounding_fee());
  t.rounding.net = static_cast<Rounding>(m.has_rounding_net() ? m.rounding_net() : m.rounding_fee());
  t.rounding.value = static_cast<Rounding>(m.rounding_value());
  t.rounding.whole_units = m.whole_units();
  t.lifo = m.lifo();
  t.face = Nav::FromRaw(m.face_e8());
  return t;
}

absl::StatusOr<std::optional<IncomeTerms>> IncomeFromProto(const v1::Fund& m) {
  if (!m.has_income()) return std::optional<IncomeTerms>();
  const v1::IncomeTerms& in = m.income();
  if (m.kind() != "money") return Bad("fund.income", m.kind(), "is of money funds only; leave it out, or say kind money");
  // Units earn from the day of their confirmation, which is the open day after the order where one day lies between.
  if (m.confirm_days() != 1)
    return Bad("fund.confirm_days", StrCat(m.confirm_days()), "must be 1 for a fund with daily income");
  IncomeTerms t;
  t.accrues = true;
  if (in.remainder() == "carry" || in.remainder().empty()) {
    t.mode = IncomeMode::kCarry;
  } else if (in.remainder() == "cut") {
    t.mode = IncomeMode::kCut;
  } else if (in.remainder() == "share") {
    t.mode = IncomeMode::kShare;
  } else {
    return Bad("fund.income.remainder", in.remainder(), "must be carry, cut or share");
  }
  if (in.payout_day() > 28 && in.payout_day() != 31)
    return Bad("fund.income.payout_day", StrCat(in.payout_day()), "must be 0 (daily), 1 to 28, or 31 (the month's last day)");
  t.payout_day = static_cast<uint8_t>(in.payout_day());
  t.loss = in.loss_waits() ? LossRule::kWait : LossRule::kCutUnits;
  t.pays_on_full_redemption = !in.kept_on_full_redemption();
  return std::optional<IncomeTerms>(t);
}

void ToProto(const IncomeTerms& t, v1::IncomeTerms* m) {
  m->set_remainder(t.mode == IncomeMode::kCarry ? "carry" : t.mode == IncomeMode::kCut ? "cut" : "share");
  m->set_payout_day(t.payout_day);
  m->set_loss_waits(t.loss == LossRule::kWait);
  m->set_kept_on_full_redemption(!t.pays_on_full_redemption);
}

absl::StatusOr<FundConversions> FromProto(const v1::FundConversions& m) {
  constexpr int kMostRelations = 500;
  FundConversions t;
  FC_RETURN_IF_ERROR(CheckCode("conversions.fund_code", m.fund_code(), 20));
  if (!m.status().empty() && (m.status().size() != 1 || m.status()[0] < '0' || m.status()[0] > '3'))
    return Bad("conversions.status", m.status(), "must be 0 (in and out), 1 (in), 2 (out) or 3 (neither)");
  if (m.relations_size() > kMostRelations)
    return Bad("conversions.relations", StrCat(m.relations_size()), StrCat("has more than ", kMostRelations, " entries"));
  t.fund = FundCode(m.fund_code());
  t.status = m.status().empty() ? '3' : static_cast<uint8_t>(m.status()[0]);
  t.carries_age = m.carries_age();
  for (const auto& r : m.relations()) {
    FC_RETURN_IF_ERROR(CheckCode("conversions.relations.target_fund", r.target_fund(), 20));
    FC_RETURN_IF_ERROR(NotNegative("conversions.relations.min_units_e2", r.min_units_e2()));
    FC_RETURN_IF_ERROR(NotNegative("conversions.relations.max_units_e2", r.max_units_e2()));
    if (r.max_units_e2() != 0 && r.max_units_e2() < r.min_units_e2())
      return Bad("conversions.relations.max_units_e2", StrCat(r.max_units_e2()), "must not be below min_units_e2");
    if (r.min_days() < 0 || r.min_days() > 99'999)
      return Bad("conversions.relations.min_days", StrCat(r.min_days()), "must be 0 to 99999");
    if (!r.investors().empty() && (r.investors().size() != 1 || r.investors()[0] < '0' || r.investors()[0] > '2'))
      return Bad("conversions.relations.investors", r.investors(), "must be 0 (institutions), 1 (individuals) or 2 (all)");
    if (r.target_fund() == m.fund_code())
      return Bad("conversions.relations.target_fund", r.target_fund(), "is the fund itself; name another one");
    if (t.To(FundCode(r.target_fund())))
      return Bad("conversions.relations.target_fund", r.target_fund(), "is there twice; keep one");
    ConversionRelation& to = t.relations.emplace_back();
    to.target = FundCode(r.target_fund());
    to.min_units = Units::FromRaw(r.min_units_e2());
    to.max_units = Units::FromRaw(r.max_units_e2());
    to.min_days = r.min_days();
    if (!r.investors().empty()) to.investors = static_cast<uint8_t>(r.investors()[0] - '0');
    to.by_fee_amounts = r.by_fee_amounts();
  }
  return t;
}

void ToProto(const FundConversions& t, v1::FundConversions* m) {
  m->set_fund_code(t.fund.str());
  m->set_status(std::string(1, static_cast<char>(t.status)));
  m->set_carries_age(t.carries_age);
  for (const ConversionRelation& r : t.relations) {
    auto* o = m->add_relations();
    o->set_target_fund(r.target.str());
    o->set_min_units_e2(r.min_units.raw());
    o->set_max_units_e2(r.max_units.raw());
    o->set_min_days(r.min_days);
    o->set_investors(StrCat(int{r.investors}));
    o->set_by_fee_amounts(r.by_fee_amounts);
  }
}

absl::StatusOr<FundRules> RulesFromProto(const v1::Fund& m) {
  constexpr int kMostPeriods = 400, kMostLots = 2'000;
  const v1::FundRules& in = m.rules();
  FundRules t;
  t.fund = FundCode(m.fund_code());
  const auto figure = [&](std::string_view field, int64_t v) { return NotNegative(StrCat("fund.rules.", field), v); };
  FC_RETURN_IF_ERROR(figure("max_purchase_a_day_fen", in.max_purchase_a_day_fen()));
  FC_RETURN_IF_ERROR(figure("max_purchase_total_fen", in.max_purchase_total_fen()));
  FC_RETURN_IF_ERROR(figure("max_redemption_e2", in.max_redemption_e2()));
  FC_RETURN_IF_ERROR(figure("max_redemption_a_day_e2", in.max_redemption_a_day_e2()));
  FC_RETURN_IF_ERROR(figure("max_holding_e2", in.max_holding_e2()));
  FC_RETURN_IF_ERROR(figure("daily_quota_fen", in.daily_quota_fen()));
  FC_RETURN_IF_ERROR(figure("breach_fee_e8", in.breach_fee_e8()));
  FC_RETURN_IF_ERROR(figure("breach_fund_share_e8", in.breach_fund_share_e8()));
  if (in.breach_fee_e8() > Rate::kOne || in.breach_fund_share_e8() > Rate::kOne)
    return Bad("fund.rules.breach_fee_e8", StrCat(in.breach_fee_e8()), "and its share must be 0 to 100000000");
  if (in.holding_days() < 0 || in.holding_days() > 36'500)
    return Bad("fund.rules.holding_days", StrCat(in.holding_days()), "must be 0 to 36500");
  if (in.closed_size() > kMostPeriods)
    return Bad("fund.rules.closed", StrCat(in.closed_size()), StrCat("has more than ", kMostPeriods, " periods"));
  if (in.first_redemptions_size() > kMostLots)
    return Bad("fund.rules.first_redemptions", StrCat(in.first_redemptions_size()), StrCat("has more than ", kMostLots, " lots"));
  if (in.below_minimum_takes_all() && m.min_holding_e2() == 0)
    return Bad("fund.rules.below_minimum_takes_all", "true", "needs fund.min_holding_e2 beside it");
  t.max_purchase_a_day = Money::FromRaw(in.max_purchase_a_day_fen());
  t.max_purchase_total = Money::FromRaw(in.max_purchase_total_fen());
  t.max_redemption = Units::FromRaw(in.max_redemption_e2());
  t.max_redemption_a_day = Units::FromRaw(in.max_redemption_a_day_e2());
  t.max_holding = Units::FromRaw(in.max_holding_e2());
  t.below_minimum_takes_all = in.below_minimum_takes_all();
  for (const auto& p : in.closed()) {
    FundRules::ClosedPeriod period;
    FC_ASSIGN_OR_RETURN(period.from, ToDate("fund.rules.closed.from", p.from()));
    FC_ASSIGN_OR_RETURN(period.to, ToDate("fund.rules.closed.to", p.to()));
    if (period.to < period.from) return Bad("fund.rules.closed.to", StrCat(p.to()), "must not be before the first day");
    period.ways = static_cast<uint8_t>((p.purchases() ? FundRules::kPurchases : 0) | (p.redemptions() ? FundRules::kRedemptions : 0));
    if (period.ways == 0) return Bad("fund.rules.closed", StrCat(p.from()), "must close purchases, redemptions or both");
    t.closed.push_back(period);
  }
  t.holding_days = in.holding_days();
  for (const auto& f : in.first_redemptions()) {
    FundRules::FirstRedemption first;
    FC_ASSIGN_OR_RETURN(first.lot_day, ToDate("fund.rules.first_redemptions.lot_day", f.lot_day()));
    FC_ASSIGN_OR_RETURN(first.first_day, ToDate("fund.rules.first_redemptions.first_day", f.first_day()));
    if (!t.first_redemptions.empty() && first.lot_day <= t.first_redemptions.back().lot_day)
      return Bad("fund.rules.first_redemptions.lot_day", StrCat(f.lot_day()), "must come after the one before");
    t.first_redemptions.push_back(first);
  }
  t.breach_allowed = in.breach_allowed();
  t.breach_fee = Rate::FromRaw(in.breach_fee_e8());
  t.breach_fund_share = Rate::FromRaw(in.breach_fund_share_e8());
  t.daily_quota = Money::FromRaw(in.daily_quota_fen());
  t.pension_class = in.pension_class();
  t.needs_recording = in.needs_recording();
  return t;
}

absl::StatusOr<std::optional<FastRedemptionTerms>> FastFromProto(const v1::Fund& m) {
  if (!m.has_fast()) return std::nullopt;
  const v1::FastRedemption& in = m.fast();
  constexpr size_t kMostBankBytes = 9, kMostAccountBytes = 17;  // as wide as files have them
  FC_RETURN_IF_ERROR(CheckCode("fund.fast.bank_code", in.bank_code(), kMostBankBytes));
  if (m.kind() != "money")
    return Bad("fund.fast.bank_code", in.bank_code(), "is for money funds only, whose units are worth a yuan");
  if (in.bank_account().size() > kMostAccountBytes)
    return Bad("fund.fast.bank_account", in.bank_account(), StrCat("must have at most ", kMostAccountBytes, " bytes"));
  if (in.bank_account().find('/') != std::string::npos)
    return Bad("fund.fast.bank_account", in.bank_account(), "must have no /");
  if (in.distributor().size() > kMostBankBytes || in.distributor().find('/') != std::string::npos)
    return Bad("fund.fast.distributor", in.distributor(), StrCat("must have at most ", kMostBankBytes, " bytes, and no /"));
  FC_RETURN_IF_ERROR(NotNegative("fund.fast.least_e2", in.least_e2()));
  FC_RETURN_IF_ERROR(NotNegative("fund.fast.person_a_day_fen", in.person_a_day_fen()));
  FastRedemptionTerms t;
  t.fund = FundCode(m.fund_code());
  t.bank = in.bank_code();
  t.bank_account = in.distributor().empty() ? in.bank_account() : StrCat(in.distributor(), "/", in.bank_account());
  t.least = Units::FromRaw(in.least_e2());
  if (in.person_a_day_fen() != 0) t.person_a_day = Money::FromRaw(in.person_a_day_fen());
  return t;
}

void ToProto(const FastRedemptionTerms& t, v1::FastRedemption* m) {
  m->set_bank_code(t.bank);
  m->set_bank_account(t.account());
  m->set_distributor(t.distributor());
  m->set_least_e2(t.least.raw());
  m->set_person_a_day_fen(t.person_a_day.raw());
}

absl::StatusOr<PutFund> PutFundFrom(const v1::Fund& m, int64_t effective_at_us, Duration lead) {
  PutFund put;
  FC_ASSIGN_OR_RETURN(put.terms, FromProto(m));
  FC_ASSIGN_OR_RETURN(put.income, IncomeFromProto(m));
  FC_ASSIGN_OR_RETURN(put.rules, RulesFromProto(m));
  put.says_rules = true;
  FC_ASSIGN_OR_RETURN(put.fast, FastFromProto(m));
  put.says_fast = true;
  put.terms.effective_at = TimePoint::FromRaw(effective_at_us);
  put.lead = lead;
  return put;
}

void ToProto(const FundRules& t, v1::FundRules* m) {
  m->set_max_purchase_a_day_fen(t.max_purchase_a_day.raw());
  m->set_max_purchase_total_fen(t.max_purchase_total.raw());
  m->set_max_redemption_e2(t.max_redemption.raw());
  m->set_max_redemption_a_day_e2(t.max_redemption_a_day.raw());
  m->set_max_holding_e2(t.max_holding.raw());
  m->set_below_minimum_takes_all(t.below_minimum_takes_all);
  for (const FundRules::ClosedPeriod& p : t.closed) {
    auto* to = m->add_closed();
    to->set_from(p.from.raw());
    to->set_to(p.to.raw());
    to->set_purchases((p.ways & FundRules::kPurchases) != 0);
    to->set_redemptions((p.ways & FundRules::kRedemptions) != 0);
  }
  m->set_holding_days(t.holding_days);
  for (const FundRules::FirstRedemption& f : t.first_redemptions) {
    auto* to = m->add_first_redemptions();
    to->set_lot_day(f.lot_day.raw());
    to->set_first_day(f.first_day.raw());
  }
  m->set_breach_allowed(t.breach_allowed);
  m->set_breach_fee_e8(t.breach_fee.raw());
  m->set_breach_fund_share_e8(t.breach_fund_share.raw());
  m->set_daily_quota_fen(t.daily_quota.raw());
  m->set_pension_class(t.pension_class);
  m->set_needs_recording(t.needs_recording);
}

absl::StatusOr<NavEntry> FromProto(const v1::NavRecord& m) {
  NavEntry e;
  FC_RETURN_IF_ERROR(CheckCode("nav.fund_code", m.fund_code(), 20));
  FC_ASSIGN_OR_RETURN(e.nav.day, ToDate("nav.nav_day", m.nav_day()));
  if (m.nav_e8() <= 0) return Bad("nav.nav_e8", StrCat(m.nav_e8()), "must be positive");
  if (m.nav_type() > 2) return Bad("nav.nav_type", StrCat(m.nav_type()), "must be 0, 1 or 2");
  if (!m.status().empty() && (m.status().size() != 1 || !GoodStatus(m.status()[0])))
    return Bad("nav.status", m.status(), "must be one of 0 1 4 5 6 8 9, or empty");
  e.nav.fund = FundCode(m.fund_code());
  e.nav.nav = Nav::FromRaw(m.nav_e8());
  e.nav.type = static_cast<uint8_t>(m.nav_type());
  e.nav.total_units = Units::FromRaw(m.total_units_e2());
  e.status = m.status().empty() ? 0 : static_cast<uint8_t>(m.status()[0]);
  return e;
}

void ToProto(const InstitutionTerms& t, v1::Institution* m) {
  m->set_ta_code(t.ta.str());
  m->set_name(t.name);
  m->set_distributor_code(t.distributor.str());
  m->set_file_version(StrCat(int{t.file_version}));
  m->set_same_day_orders(t.same_day_orders);
  m->set_calendar(t.calendar);
  m->set_cutoff_us(t.cutoff.raw());
  m->set_export_deadline_us(t.export_deadline.raw());
  m->set_send_index(t.send_index);
  m->set_use_008_when_registered(t.use_008_when_registered);
}

void ToProto(const FundTerms& t, v1::Fund* m) {
  m->set_fund_code(t.code.str());
  m->set_name(t.name);
  m->set_ta_code(t.ta.str());
  for (const KindName& k : kKinds)
    if (k.kind == t.kind) m->set_kind(std::string(k.name));
  m->set_risk_grade(t.risk_grade);
  m->set_calendar(t.calendar);
  m->set_confirm_days(t.confirm_days);
  m->set_purchase_pay_days(t.purchase_pay_days);
  m->set_redemption_pay_days(t.redemption_pay_days);
  m->set_status(std::string(1, static_cast<char>(t.status)));
  m->set_min_purchase_fen(t.min_purchase.raw());
  m->set_min_additional_fen(t.min_additional.raw());
  m->set_max_purchase_fen(t.max_purchase.raw());
  m->set_min_redemption_e2(t.min_redemption.raw());
  m->set_min_holding_e2(t.min_holding.raw());
  for (const FeeSchedule& s : t.fees.list) {
    auto* o = s.investors == InvestorType::kInstitution ? m->add_institution_fees() : m->add_fees();
    ScheduleTo(s, o);
    o->set_discount_e8(t.discount.raw());
  }
  m->set_rounding_units(static_cast<uint32_t>(t.rounding.units));
  m->set_rounding_fee(static_cast<uint32_t>(t.rounding.fee));
  if (t.rounding.net != t.rounding.fee) m->set_rounding_net(static_cast<uint32_t>(t.rounding.net));
  if (t.rounding.value != Rounding::kHalfUp) m->set_rounding_value(static_cast<uint32_t>(t.rounding.value));
  m->set_whole_units(t.rounding.whole_units);
  m->set_lifo(t.lifo);
  m->set_face_e8(t.face.raw());
}

void ToProto(const NavFact& t, v1::NavRecord* m) {
  m->set_fund_code(t.fund.str());
  m->set_nav_day(t.day.raw());
  m->set_nav_e8(t.nav.raw());
  m->set_nav_type(t.type);
  m->set_total_units_e2(t.total_units.raw());
}

std::vector<std::string> LegalWarnings(const FundTerms& terms) {
  std::vector<std::string> out;
  const Date rules_of_2026 = Date::FromRaw(20260101);
  for (const FeeSchedule& s : terms.fees.list) {
    if (s.effective_from < rules_of_2026 || terms.kind == FundKind::kMoney) continue;
    struct Minimum {
      int32_t day;
      Rate rate;
    };
    for (const Minimum& min : {Minimum{0, Rate::Ppm(15'000)}, Minimum{7, Rate::Ppm(10'000)}, Minimum{30, Rate::Ppm(5'000)}}) {
      const RedemptionTier* tier = s.RedemptionTierFor(min.day);
      if (tier && tier->rate < min.rate) {
        out.push_back(StrCat("redemption after ", min.day, " days costs ", tier->rate.ToPercent(),
                                   "; since 2026 the rules ask for ", min.rate.ToPercent(),
                                   " unless the contract may differ for this kind of fund and investor"));
      }
    }
  }
  return out;
}

}  // namespace fundcore::product
