// The configuration: checks, the price rule, and reading TOML.
#include "tools/ta_sim/config.h"

#include <set>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/config/config.h"
#include "common/ofd/header.h"

namespace fundcore::ta_sim {
namespace {

// Reads "name" with `parse` (text to StatusOr), noting a bad value with its line.
template <class T, class Parse>
T Value(ConfigTable& table, std::string_view key, T fallback, Parse parse) {
  if (!table.Has(key)) return fallback;
  const std::string text = table.String(key, "");
  auto value = parse(text);
  if (value.ok()) return *value;
  table.Refuse(key, StrCat("is wrong: ", value.status().message()));
  return fallback;
}

Rounding ReadRounding(ConfigTable& table, std::string_view key) {
  return table.Choice(key, "half-up", {"half-up", "truncate"}) == "truncate" ? Rounding::kCut : Rounding::kHalfUp;
}

template <class C>
C ReadCode(ConfigTable& table, std::string_view key) {
  const std::string text = table.String(key);
  if (C::Fits(text)) return C(text);
  table.Refuse(key, StrCat("is longer than ", C::kMax, " characters"));
  return C();
}

char ReadStatus(ConfigTable& table, std::string_view key, std::string_view fallback) {
  return table.Choice(key, fallback, {"0", "1", "4", "5", "6", "8", "9"}).front();
}

FundTerms ReadFund(ConfigTable& t) {
  FundTerms fund;
  fund.code = ReadCode<FundCode>(t, "code");
  fund.name = t.String("name", fund.code.view());
  fund.calendar = t.String("calendar", "");
  fund.confirm_days = static_cast<int>(t.Int("confirm_days", 1, {1, 30}));
  fund.purchase_pay_days = static_cast<int>(t.Int("purchase_pay_days", 2, {0, 60}));
  fund.redemption_pay_days = static_cast<int>(t.Int("redemption_pay_days", 3, {0, 60}));
  fund.floor_rate = Value(t, "floor_rate", Rate(), ParseRate);
  fund.inside_fee = t.Choice("fee_method", "outside", {"outside", "inside"}) == "inside";
  fund.rounding.fee = ReadRounding(t, "round_fee");
  fund.rounding.net = ReadRounding(t, "round_net");
  fund.rounding.units = ReadRounding(t, "round_units");
  fund.rounding.value = ReadRounding(t, "round_value");
  fund.rounding.whole_units = t.Bool("whole_units", false);
  fund.newest_first = t.Choice("lots", "fifo", {"fifo", "lifo"}) == "lifo";
  fund.status = ReadStatus(t, "status", "0");
  fund.default_dividend = t.Choice("dividend", "cash", {"cash", "reinvest"}) == "cash" ? '1' : '0';
  fund.accumulated = Value(t, "accumulated", Price(), Price::Parse);
  fund.held_elsewhere = Value(t, "held_elsewhere", Shares(), Shares::Parse);
  fund.min_redemption = Value(t, "min_redemption", Shares(), Shares::Parse);
  if (ConfigTable large = t.Table("large_redemption"); large.exists()) {
    fund.large = {.limit = Value(large, "over", LargeTerms().limit, ParseRate),
                  .pro_rata = large.Choice("take", "all", {"all", "pro-rata"}) == "pro-rata"};
  }
  for (ConfigTable& s : t.Tables("status_from")) fund.statuses[s.Day("day")] = ReadStatus(s, "status", "0");
  for (ConfigTable& tier : t.Tables("purchase")) {
    PurchaseTier p{.from = Value(tier, "from", Yuan(), Yuan::Parse), .rate = Value(tier, "rate", Rate(), ParseRate)};
    if (tier.Has("fixed")) p.fixed = Value(tier, "fixed", Yuan(), Yuan::Parse);
    fund.purchase_tiers.push_back(p);
  }
  for (ConfigTable& tier : t.Tables("redemption")) {
    fund.redemption_tiers.push_back({.from_days = static_cast<int32_t>(tier.Int("from_days", 0, {0, 99'999})),
                                     .rate = Value(tier, "rate", Rate(), ParseRate),
                                     .fund_share = Value(tier, "fund_share", Rate(), ParseRate)});
  }
  fund.convert_status = t.Choice("convert_status", "3", {"0", "1", "2", "3"}).front();
  fund.carries_age = t.Bool("carries_age", false);
  for (ConfigTable& c : t.Tables("convert")) {
    fund.converts_to[ReadCode<FundCode>(c, "target")] =
        c.Choice("difference", "rates", {"rates", "fees"}) == "fees" ? ConversionForm::kFees : ConversionForm::kRates;
  }
  for (ConfigTable& nav : t.Tables("nav")) {
    const Date day = nav.Day("day");
    fund.navs[day] = Value(nav, "value", Price(), Price::Parse);
  }
  if (ConfigTable rule = t.Table("nav_rule"); rule.exists()) {
    fund.nav_rule = NavRule{.start = rule.Day("start"),
                            .first = Value(rule, "first", Price(), Price::Parse),
                            .step = Value(rule, "step", Price(), Price::Parse)};
  }
  for (ConfigTable& d : t.Tables("dividends")) {
    fund.dividends.push_back({.registration = d.Day("registration"),
                              .ex_date = d.Day("ex_date"),
                              .pay_date = d.Day("pay_date"),
                              .amount = Value(d, "amount", Yuan(), Yuan::Parse),
                              .per_units = static_cast<int32_t>(d.Int("per_units", 1, {1, 1'000'000'000}))});
  }
  if (ConfigTable o = t.Table("offer"); o.exists()) {
    fund.offer = OfferTerms{.result_day = o.Day("result_day"),
                            .effective = o.Day("effective"),
                            .face = Value(o, "face", Price::FromRaw(100'000'000), Price::Parse),
                            .failed = o.Bool("failed", false)};
    if (o.Has("cap")) fund.offer->cap = Value(o, "cap", Yuan(), Yuan::Parse);
    if (o.Has("last_day")) fund.offer->last_day = o.Day("last_day");
  }
  if (ConfigTable m = t.Table("money"); m.exists()) {
    using Remainder = MoneyTerms::Remainder;
    MoneyTerms& money = fund.money.emplace();
    const std::string remainder = m.Choice("remainder", "carry", {"carry", "cut", "share"});
    money.remainder = remainder == "carry" ? Remainder::kCarry : remainder == "cut" ? Remainder::kCut : Remainder::kShare;
    money.payout_day = static_cast<int>(m.Int("payout_day", 0, {0, 31}));
    money.loss_waits = m.Bool("loss_waits", false);
    money.keeps_income = m.Bool("keeps_income", false);
    for (ConfigTable& income : m.Tables("income"))
      money.incomes[income.Day("from")] = Value(income, "value", Price(), Price::Parse);
  }
  return fund;
}

absl::Status CheckFund(const TaConfig& config, const FundTerms& fund) {
  const auto refuse = [&](std::string_view what) {
    return absl::InvalidArgumentError(StrCat("fund ", fund.code.view(), " of ", config.ta.view(), ": ", what));
  };
  if (fund.code.empty()) return refuse("has no code; give one of 6 characters");
  const std::string calendar = fund.calendar.empty() ? config.calendar : fund.calendar;
  if (auto found = config.calendars.Get(calendar); !found.ok()) return refuse(std::string(found.status().message()));
  for (size_t i = 0; i < fund.purchase_tiers.size(); ++i) {
    const PurchaseTier& tier = fund.purchase_tiers[i];
    if (i == 0 ? !tier.from.is_zero() : tier.from <= fund.purchase_tiers[i - 1].from) {
      return refuse("purchase tiers must ascend from 0; sort them by \"from\"");
    }
    if (tier.rate < Rate() || tier.rate.raw() >= 100'000'000) return refuse("a purchase rate is outside 0 to 100%");
  }
  for (size_t i = 0; i < fund.redemption_tiers.size(); ++i) {
    const RedemptionTier& tier = fund.redemption_tiers[i];
    if (i == 0 ? tier.from_days != 0 : tier.from_days <= fund.redemption_tiers[i - 1].from_days) {
      return refuse("redemption tiers must ascend from 0 days; sort them by \"from_days\"");
    }
    if (tier.rate < Rate() || tier.rate.raw() > 100'000'000 || tier.fund_share < Rate() ||
        tier.fund_share.raw() > 100'000'000) {
      return refuse("a redemption rate or fund share is outside 0 to 100%");
    }
  }
  if (fund.money && fund.confirm_days != 1)
    return refuse("a money fund confirms on the next open day, from which units earn; set confirm_days to 1");
  if (fund.money && fund.money->payout_day > 28 && fund.money->payout_day != 31)
    return refuse("payout_day must be 0 (daily), 1 to 28, or 31 (the month's last day)");
  for (const auto& [day, nav] : fund.navs) {
    if (!nav.is_positive()) return refuse(StrCat("the NAV of ", day.Iso(), " is not above zero"));
  }
  if (!fund.large.limit.is_positive() || fund.large.limit.raw() > 100'000'000) {
    return refuse("the limit of a large redemption is outside 0 to 100%");
  }
  return absl::OkStatus();
}

}  // namespace

const FundTerms* TaConfig::Find(const FundCode& code) const {
  for (const FundTerms& fund : funds) {
    if (fund.code == code) return &fund;
  }
  return nullptr;
}

const FundTerms* TaConfig::FindAnywhere(const FundCode& code) const {
  if (const FundTerms* own = Find(code)) return own;
  for (const FundTerms& fund : elsewhere) {
    if (fund.code == code) return &fund;
  }
  return nullptr;
}

const TradingCalendar& TaConfig::CalendarOf(const FundTerms* fund) const {
  const std::string& name = fund && !fund->calendar.empty() ? fund->calendar : calendar;
  const TradingCalendar* found = calendars.Find(name);
  FC_CHECK(found, "calendar ", name, " is missing from a checked configuration");
  return *found;
}

RegisteredElsewhere SplitRegistered(std::string_view entry) {
  const size_t equals = entry.rfind('=');
  if (equals == std::string_view::npos) return {.certificate = entry};
  return {.certificate = entry.substr(0, equals), .account = TaAccountId::FromRaw(entry.substr(equals + 1))};
}

std::optional<Price> NavOf(const TaConfig& config, const FundTerms& fund, Date day) {
  if (auto it = fund.navs.find(day); it != fund.navs.end()) return it->second;
  if (!fund.nav_rule || day < fund.nav_rule->start) return std::nullopt;
  const auto steps = config.CalendarOf(&fund).CountBetween(fund.nav_rule->start, day);
  if (!steps.ok()) return std::nullopt;
  const Price nav = Price::FromRaw(fund.nav_rule->first.raw() + fund.nav_rule->step.raw() * *steps);
  if (!nav.is_positive()) return std::nullopt;
  return nav;
}

char StatusOf(const FundTerms& fund, Date day) {
  auto it = fund.statuses.upper_bound(day);
  return it == fund.statuses.begin() ? fund.status : std::prev(it)->second;
}

namespace {

// Every entry "type:number" or "type:number=account", no certificate and no account twice.
absl::Status CheckRegistered(const TaConfig& config) {
  constexpr size_t kAccountWidth = 12;  // TAAccountID in records, in every version
  std::map<std::string_view, TaAccountId> certificates;
  std::set<TaAccountId> accounts;
  for (const std::string& entry : config.registered_elsewhere) {
    const RegisteredElsewhere r = SplitRegistered(entry);
    const auto refuse = [&](std::string_view what) {
      return absl::InvalidArgumentError(StrCat("registered_elsewhere \"", entry, "\" ", what));
    };
    const size_t colon = r.certificate.find(':');
    if (colon == 0 || colon == std::string_view::npos || colon + 1 == r.certificate.size()) {
      return refuse("is not \"type:number\" or \"type:number=account\", such as \"0:440101199001011234\"");
    }
    const auto [known, fresh] = certificates.emplace(r.certificate, r.account);
    if (!fresh && known->second != r.account) return refuse("gives a certificate another account; remove one");
    if (!fresh) continue;
    if (r.certificate.size() == entry.size()) continue;
    if (!ofd::IsPartyText(r.account.view()) || r.account.view().size() > kAccountWidth) {
      return refuse(StrCat("gives no account number of 1 to ", kAccountWidth, " letters and digits after \"=\""));
    }
    if (!accounts.insert(r.account).second) return refuse("gives an account number a second time; choose another");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckConfig(const TaConfig& config) {
  const size_t width = ofd::WidthsOf(config.version).party;
  for (std::string_view code : {config.ta.view(), config.distributor.view()}) {
    if (!ofd::IsPartyText(code) || code.size() > width) {
      return absl::InvalidArgumentError(StrCat("institution code \"", code, "\" is not 1 to ", width,
                                               " letters and digits, as version ", ofd::VersionText(config.version),
                                               " needs"));
    }
  }
  constexpr size_t kRecordWidth = 9;  // DistributorCode in records, in every version
  if (config.distributor.view().size() > kRecordWidth) {
    return absl::InvalidArgumentError(StrCat("distributor code \"", config.distributor.view(), "\" is longer than the ",
                                             kRecordWidth, " characters that records hold; shorten it"));
  }
  FC_RETURN_IF_ERROR(config.calendars.Get(config.calendar).status());
  FC_RETURN_IF_ERROR(CheckRegistered(config));
  std::set<FundCode> seen;
  for (const FundTerms& fund : config.funds) {
    FC_RETURN_IF_ERROR(CheckFund(config, fund));
    if (!seen.insert(fund.code).second) {
      return absl::InvalidArgumentError(StrCat("fund ", fund.code.view(), " is configured twice; remove one"));
    }
  }
  return absl::OkStatus();
}

namespace {

absl::StatusOr<TaConfig> FromConfig(Config file) {
  TaConfig config;
  ConfigTable& top = file.top();
  config.ta = ReadCode<TaCode>(top, "ta");
  config.distributor = ReadCode<DistributorCode>(top, "distributor");
  config.version = *ofd::ParseVersion(top.Choice("version", "21", {"20", "21", "22"}));
  config.calendar = top.String("calendar", "XSHG");
  for (const std::string& path : top.Strings("calendar_files", {}))
    FC_RETURN_IF_ERROR(config.calendars.ApplyFile(path));
  for (ConfigTable& both : file.Tables("intersection")) {
    const std::string name = both.String("name");
    const TradingCalendar* a = config.calendars.Find(both.String("a"));
    const TradingCalendar* b = config.calendars.Find(both.String("b"));
    if (!a || !b) {
      both.Refuse("name", "joins a calendar that is not known; name two known ones in a and b");
      continue;
    }
    FC_ASSIGN_OR_RETURN(TradingCalendar joined, TradingCalendar::Intersect(name, *a, *b));
    config.calendars.Put(std::move(joined));
  }
  config.net_of_fee = top.Bool("net_of_fee", false);
  config.converts_in_pairs = top.Bool("converts_in_pairs", false);
  config.registered_elsewhere = top.Strings("registered_elsewhere", {});
  config.keeps_plans = top.Choice("plans", "taken", {"taken", "kept"}) == "kept";
  const std::string reservations = top.Choice("reservations", "refused", {"refused", "kept", "renumbered"});
  config.keeps_reservations = reservations != "refused";
  config.renumbers_reservations = reservations == "renumbered";
  if (top.Has("unknown")) config.take_unknown = top.Choice("unknown", {"refuse", "take"}) == "take";
  config.when_registered = ReturnCode(top.Choice("when_registered", "0303", {"0303", "0390", "0000"}));
  for (ConfigTable& fund : file.Tables("fund")) config.funds.push_back(ReadFund(fund));
  FC_RETURN_IF_ERROR(file.Finish());
  FC_RETURN_IF_ERROR(CheckConfig(config));
  return config;
}

}  // namespace

absl::StatusOr<TaConfig> ReadConfig(const std::string& path) {
  FC_ASSIGN_OR_RETURN(Config file, Config::FromFile(path));
  return FromConfig(std::move(file));
}

absl::StatusOr<TaConfig> ReadConfigText(std::string_view text, std::string_view name) {
  FC_ASSIGN_OR_RETURN(Config file, Config::FromText(text, name));
  return FromConfig(std::move(file));
}

}  // namespace fundcore::ta_sim
