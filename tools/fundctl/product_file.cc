// See product_file.h.
#include "tools/fundctl/product_file.h"

#include <array>
#include <optional>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/config/config.h"
#include "common/money/decimal.h"
#include "common/ofd/variant.h"
#include "common/time/calendar.h"

namespace fundcore::fundctl {
namespace {

namespace v1 = product::v1;

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kStatuses = {{{"0", "open"},
                                                                                     {"1", "offering"},
                                                                                     {"4", "stopped"},
                                                                                     {"5", "purchases stopped"},
                                                                                     {"6", "redemptions stopped"},
                                                                                     {"8", "terminated"},
                                                                                     {"9", "closed"}}};

// Reads text under `key` with `parse`; what is wrong is noted with its line, and the fallback stands in until Finish.
template <class T>
T Figure(ConfigTable& table, std::string_view key, T fallback = {}) {
  if (!table.Has(key)) return fallback;
  auto value = T::Parse(table.String(key, ""));
  if (!value.ok()) {
    table.Refuse(key, StrCat("is wrong: ", value.status().message()));
    return fallback;
  }
  if (value->is_negative()) table.Refuse(key, "is negative; give zero or more");
  return *value;
}

// "T+2"
int OpenDays(ConfigTable& table, std::string_view key, int fallback) {
  const std::string text = table.String(key, StrCat("T+", fallback));
  int days = 0;
  for (char c : std::string_view(text).substr(std::min<size_t>(2, text.size())))
    days = c >= '0' && c <= '9' && days < 1000 ? days * 10 + c - '0' : 10'000;
  if (text.size() >= 3 && text.substr(0, 2) == "T+" && days <= 60) return days;
  table.Refuse(key, "is not of the form T+0 to T+60");
  return fallback;
}

// A path that the file names: from the folder of the file, unless it begins at the root.
std::string Beside(const std::string& folder, const std::string& path) {
  return path.empty() || path[0] == '/' ? path : StrCat(folder, path);
}

std::string Code(ConfigTable& table, std::string_view key, size_t most) {
  std::string text = table.String(key);
  if (text.empty() || text.size() > most) table.Refuse(key, StrCat("must have 1 to ", most, " characters"));
  return text;
}

void ReadTiers(ConfigTable& schedule, v1::FeeSchedule* out) {
  // Tiers name where they begin; each ends a fen, or a day, before the next.
  for (ConfigTable& t : schedule.Tables("purchase")) {
    auto* tier = out->add_purchase();
    tier->set_min_fen(Figure<Money>(t, "from").raw());
    tier->set_rate_e8(Figure<Rate>(t, "rate").raw());
    tier->set_fixed_fee_fen(Figure<Money>(t, "fixed").raw());
    tier->set_least_rate_e8(Figure<Rate>(t, "least_rate").raw());
    if (t.Has("rate") == t.Has("fixed"))
      t.Refuse(t.Has("rate") ? "rate" : "from", "needs either a rate or a fixed fee beside it");
    const int n = out->purchase_size();
    if (n == 1 && tier->min_fen() != 0) t.Refuse("from", "must be 0 in the first tier");
    if (n > 1) {
      auto* before = out->mutable_purchase(n - 2);
      if (tier->min_fen() <= before->min_fen()) t.Refuse("from", "must be above that of the tier before");
      before->set_max_fen(tier->min_fen() - 1);
    }
  }
  for (ConfigTable& t : schedule.Tables("redemption")) {
    auto* tier = out->add_redemption();
    tier->set_min_days(static_cast<int32_t>(t.Int("from_days", 0, {0, 99'998})));
    tier->set_max_days(99'999);
    tier->set_rate_e8(Figure<Rate>(t, "rate").raw());
    tier->set_fund_share_e8(Figure<Rate>(t, "fund_share").raw());
    const int n = out->redemption_size();
    if (n == 1 && tier->min_days() != 0) t.Refuse("from_days", "must be 0 in the first tier");
    if (n > 1) {
      auto* before = out->mutable_redemption(n - 2);
      if (tier->min_days() <= before->min_days()) t.Refuse("from_days", "must be above that of the tier before");
      before->set_max_days(tier->min_days() - 1);
    }
  }
}

void ReadSchedule(ConfigTable& t, v1::FeeSchedule* out) {
  out->set_effective_day(t.Day("from").raw());
  out->set_inside(t.Choice("method", "outside", {"outside", "inside"}) == "inside");
  out->set_discount_e8(Figure<Rate>(t, "discount").raw());
  ReadTiers(t, out);
}

// [fund.rules]: what the fund asks of orders beyond sizes and state.
void ReadRules(ConfigTable t, v1::FundRules* r) {
  r->set_max_purchase_a_day_fen(Figure<Money>(t, "purchases_a_day").raw());
  r->set_max_purchase_total_fen(Figure<Money>(t, "purchases_of_a_person").raw());
  r->set_max_redemption_e2(Figure<Units>(t, "max_redemption").raw());
  r->set_max_redemption_a_day_e2(Figure<Units>(t, "redemptions_a_day").raw());
  r->set_max_holding_e2(Figure<Units>(t, "max_holding").raw());
  r->set_below_minimum_takes_all(t.Bool("below_minimum_takes_all", false));
  r->set_holding_days(static_cast<int32_t>(t.Int("holding_days", 0, {0, 36'500})));
  r->set_breach_allowed(t.Has("breach_fee"));
  r->set_breach_fee_e8(Figure<Rate>(t, "breach_fee").raw());
  r->set_breach_fund_share_e8(Figure<Rate>(t, "breach_fund_share").raw());
  r->set_daily_quota_fen(Figure<Money>(t, "daily_quota").raw());
  r->set_pension_class(t.Bool("pension_class", false));
  r->set_needs_recording(t.Bool("needs_recording", false));
  for (ConfigTable& c : t.Tables("closed")) {
    auto* period = r->add_closed();
    period->set_from(c.Day("from").raw());
    period->set_to(c.Day("to").raw());
    const std::string ways = c.Choice("for", "all", {"all", "purchases", "redemptions"});
    period->set_purchases(ways != "redemptions");
    period->set_redemptions(ways != "purchases");
  }
  for (ConfigTable& f : t.Tables("first_redemption")) {
    auto* first = r->add_first_redemptions();
    first->set_lot_day(f.Day("lots_of").raw());
    first->set_first_day(f.Day("from").raw());
  }
}

void ReadFund(ConfigTable& t, v1::PutFundRequest* out) {
  v1::Fund* f = out->mutable_fund();
  f->set_fund_code(Code(t, "code", 20));
  f->set_name(t.String("name"));
  f->set_ta_code(Code(t, "institution", 9));
  f->set_kind(t.Choice("kind", {"equity", "mixed", "bond", "index", "money", "qdii", "fof"}));
  const std::string risk = t.Choice("risk", {"R1", "R2", "R3", "R4", "R5"});
  f->set_risk_grade(risk.size() == 2 ? risk[1] - '0' : 1);
  f->set_calendar(t.String("calendar", "XSHG"));
  f->set_confirm_days(OpenDays(t, "confirmed", 1));
  f->set_purchase_pay_days(OpenDays(t, "purchases_paid", 2));
  f->set_redemption_pay_days(OpenDays(t, "redemptions_received", 3));
  const std::string status =
      t.Choice("status", "open",
               {"open", "offering", "stopped", "purchases stopped", "redemptions stopped", "terminated", "closed"});
  for (const auto& [code, word] : kStatuses)
    if (word == status) f->set_status(std::string(code));
  f->set_min_purchase_fen(Figure<Money>(t, "min_purchase").raw());
  f->set_min_additional_fen(Figure<Money>(t, "min_additional").raw());
  f->set_max_purchase_fen(Figure<Money>(t, "max_purchase").raw());
  f->set_min_redemption_e2(Figure<Units>(t, "min_redemption").raw());
  f->set_min_holding_e2(Figure<Units>(t, "min_holding").raw());
  const auto rounding = [&t](const char* key) -> uint32_t {
    const std::string way = t.Choice(key, "half-up", {"half-up", "truncate", "up"});
    return way == "truncate" ? 1 : way == "up" ? 2 : 0;
  };
  f->set_rounding_units(rounding("round_units"));
  f->set_rounding_fee(rounding("round_fee"));
  if (t.Has("round_net")) f->set_rounding_net(rounding("round_net"));
  if (t.Has("round_value")) f->set_rounding_value(rounding("round_value"));
  f->set_whole_units(t.Bool("whole_units", false));
  f->set_lifo(t.Choice("lots", "oldest first", {"oldest first", "newest first"}) == "newest first");
  f->set_face_e8(Figure<Nav>(t, "face").raw());
  // A money fund's daily income; without the first key it has none.
  if (t.Has("income_remainder")) {
    f->mutable_income()->set_remainder(t.Choice("income_remainder", {"carry", "cut", "share"}));
    const std::string payout = t.Choice("income_payout", "daily", {"daily", "monthly", "month-end"});
    const auto day = t.Int("income_payout_day", 1, {1, 28});
    f->mutable_income()->set_payout_day(payout == "daily" ? 0 : payout == "month-end" ? 31 : static_cast<uint32_t>(day));
    f->mutable_income()->set_loss_waits(t.Choice("income_loss", "cancels units", {"cancels units", "waits"}) == "waits");
    f->mutable_income()->set_kept_on_full_redemption(
        t.Choice("income_on_full_redemption", "paid", {"paid", "kept"}) == "kept");
  }
  if (t.Has("effective")) {
    auto at = TimePoint::Parse(t.String("effective", ""));
    if (at.ok()) {
      out->set_effective_at_us(at->raw());
    } else {
      t.Refuse("effective", StrCat("is wrong: ", at.status().message()));
    }
  }
  if (t.Has("fast")) {  // [fund.fast]: redeems at once, with money that a bank advances
    ConfigTable fast = t.Table("fast");
    v1::FastRedemption* m = f->mutable_fast();
    m->set_bank_code(Code(fast, "bank", 9));
    m->set_bank_account(fast.String("bank_account", ""));
    m->set_distributor(fast.String("distributor", ""));
    m->set_least_e2(Figure<Units>(fast, "least").raw());
    m->set_person_a_day_fen(Figure<Money>(fast, "person_a_day").raw());
  }
  if (t.Has("rules")) ReadRules(t.Table("rules"), f->mutable_rules());
  for (ConfigTable& s : t.Tables("fees")) ReadSchedule(s, f->add_fees());
  for (ConfigTable& s : t.Tables("institution_fees")) ReadSchedule(s, f->add_institution_fees());
}

// How the fund may be converted; nothing where the file does not say.
void ReadConversions(ConfigTable& t, ProductFile* file) {
  std::vector<ConfigTable> ways = t.Tables("convert");
  if (ways.empty() && !t.Has("convert_status") && !t.Has("converted_age")) return;
  v1::PutConversionsRequest& out = file->conversions.emplace_back();
  v1::FundConversions* c = out.mutable_conversions();
  out.set_effective_at_us(file->funds.back().effective_at_us());
  c->set_fund_code(file->funds.back().fund().fund_code());
  const std::string status = t.Choice("convert_status", "in and out", {"in and out", "in", "out", "neither"});
  c->set_status(status == "in" ? "1" : status == "out" ? "2" : status == "neither" ? "3" : "0");
  c->set_carries_age(t.Choice("converted_age", "own", {"own", "carried"}) == "carried");
  for (ConfigTable& way : ways) {
    v1::ConversionRelation* r = c->add_relations();
    r->set_target_fund(Code(way, "target", 20));
    r->set_min_units_e2(Figure<Units>(way, "min_units").raw());
    r->set_max_units_e2(Figure<Units>(way, "max_units").raw());
    r->set_min_days(static_cast<int32_t>(way.Int("min_days", 0, {0, 99'999})));
    const std::string who = way.Choice("investors", "all", {"all", "institutions", "individuals"});
    r->set_investors(who == "institutions" ? "0" : who == "individuals" ? "1" : "2");
    r->set_by_fee_amounts(way.Choice("difference", "rates", {"rates", "fees"}) == "fees");
  }
}

void ReadInstitution(ConfigTable& t, const std::string& folder, v1::Institution* out) {
  out->set_ta_code(Code(t, "code", 9));
  out->set_name(t.String("name"));
  out->set_distributor_code(Code(t, "our_code", 9));
  out->set_file_version(t.Choice("file_version", "21", {"20", "21", "22"}));
  out->set_same_day_orders(t.Bool("same_day_orders", true));
  out->set_calendar(t.String("calendar", "XSHG"));
  out->set_cutoff_us(t.Time("cut_off", TimeOfDay::Hms(15, 0)).raw());
  out->set_export_deadline_us(t.Time("export_by", TimeOfDay::Hms(18, 0)).raw());
  out->set_send_index(t.Bool("index_files", true));
  out->set_use_008_when_registered(t.Bool("try_008", true));
  if (!t.Has("file_variant")) return;
  const std::string path = Beside(folder, t.String("file_variant", ""));
  auto text = ofd::Variant::ReadText(path);
  auto variant = text.ok() ? ofd::Variant::Parse(path, *text) : text.status();
  if (!variant.ok()) return t.Refuse("file_variant", StrCat("cannot be taken: ", variant.status().message()));
  out->set_file_variant(*std::move(text));
}

// A calendar is made from known ones ("both", "like") or from a text, and then corrected day by day.
void ReadCalendar(ConfigTable& t, const std::string& folder, CalendarSet* known, v1::Calendar* out) {
  const std::string name = Code(t, "name", 32);
  TradingCalendar calendar;
  const std::vector<std::string> both = t.Strings("both", {});
  const std::string like = t.String("like", "");
  if (t.Has("file")) {
    const std::string path = t.String("file", "");
    absl::Status applied = known->ApplyFile(Beside(folder, path));
    if (!applied.ok()) return t.Refuse("file", StrCat("cannot be taken: ", applied.message()));
    const TradingCalendar* read = known->Find(name);
    if (!read) return t.Refuse("file", StrCat("holds no calendar ", name));
    calendar = *read;
  } else if (both.size() == 2 && known->Find(both[0]) && known->Find(both[1])) {
    auto joined = TradingCalendar::Intersect(name, *known->Find(both[0]), *known->Find(both[1]));
    if (!joined.ok()) return t.Refuse("both", StrCat("cannot be joined: ", joined.status().message()));
    calendar = *std::move(joined);
  } else if (const TradingCalendar* base = known->Find(like)) {
    calendar = *TradingCalendar::Create(name, base->first(), base->last(), base->open_days());
  } else {
    return t.Refuse(t.Has("both")   ? "both"
                    : t.Has("like") ? "like"
                                    : "name",
                    "needs beside it: both = two known calendars, like = one, or file = a calendar text");
  }
  for (const auto& [key, open] : {std::pair<std::string_view, bool>{"closed", false}, {"open", true}}) {
    for (const std::string& text : t.Strings(key, {})) {
      auto day = Date::Parse(text);
      absl::Status set = day.ok() ? calendar.SetOpen(*day, open) : day.status();
      if (!set.ok()) t.Refuse(key, StrCat("is wrong: ", set.message()));
    }
  }
  known->Put(calendar);
  out->set_name(name);
  out->set_first_day(calendar.first().raw());
  out->set_last_day(calendar.last().raw());
  for (Date d : calendar.open_days()) out->add_open_days(d.raw());
}

absl::StatusOr<ProductFile> FromConfig(Config config, const std::string& folder) {
  ProductFile file;
  CalendarSet known = CalendarSet::BuiltIn();
  for (ConfigTable& t : config.Tables("calendar"))
    ReadCalendar(t, folder, &known, file.calendars.emplace_back().mutable_calendar());
  for (ConfigTable& t : config.Tables("institution"))
    ReadInstitution(t, folder, file.institutions.emplace_back().mutable_institution());
  for (ConfigTable& t : config.Tables("fund")) {
    ReadFund(t, &file.funds.emplace_back());
    ReadConversions(t, &file);
  }
  FC_RETURN_IF_ERROR(config.Finish());
  return file;
}

}  // namespace

absl::StatusOr<ProductFile> ReadProductFile(const std::string& path) {
  FC_ASSIGN_OR_RETURN(Config config, Config::FromFile(path));
  return FromConfig(std::move(config), path.substr(0, path.rfind('/') + 1));
}

absl::StatusOr<ProductFile> ReadProductText(std::string_view text, const std::string& name) {
  FC_ASSIGN_OR_RETURN(Config config, Config::FromText(text, name));
  return FromConfig(std::move(config), "");
}

std::string_view FundStatusWord(std::string_view status) {
  for (const auto& [code, word] : kStatuses)
    if (code == status) return word;
  return status;
}

}  // namespace fundcore::fundctl
