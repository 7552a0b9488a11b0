// Reads the options of `fundctl calc` and hands them to common/fund.
#include "tools/fundctl/calc.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>

#include "absl/strings/str_join.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/fund/conversion.h"
#include "common/fund/dividend.h"
#include "common/fund/large_redemption.h"
#include "common/fund/money_fund.h"
#include "common/fund/offer.h"
#include "common/fund/purchase.h"
#include "common/fund/redemption.h"

namespace fundcore::fundctl {
namespace {

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

// The options of one calculation: which there are, and what was given.
class Options {
 public:
  struct Known {
    std::string_view name;      // without the dashes
    bool flag = false;          // takes no value
  };

  static absl::StatusOr<Options> Read(std::span<const std::string> args, const std::vector<Known>& known) {
    Options o;
    for (size_t i = 0; i < args.size(); ++i) {
      std::string_view arg = args[i];
      if (!arg.starts_with("--")) return Wrong(StrCat("\"", arg, "\" is not an option; options begin with --"));
      const size_t equals = arg.find('=');
      const std::string_view name = arg.substr(2, equals == std::string_view::npos ? equals : equals - 2);
      const auto option = std::find_if(known.begin(), known.end(), [&](const Known& k) { return k.name == name; });
      if (option == known.end()) return Wrong(StrCat("unknown option --", name, "; known are ", List(known)));
      auto& values = o.given_[std::string(name)];
      if (!values.empty() && name != "lot") return Wrong(StrCat("option --", name, " is given twice"));
      if (option->flag) {
        if (equals != std::string_view::npos) return Wrong(StrCat("option --", name, " takes no value"));
        values.emplace_back();
      } else if (equals != std::string_view::npos) {
        values.emplace_back(arg.substr(equals + 1));
      } else if (i + 1 < args.size()) {
        values.push_back(args[++i]);
      } else {
        return Wrong(StrCat("option --", name, " needs a value"));
      }
    }
    return o;
  }

  // What is typed here is checked against bounds far above any real figure, so that no product of two can overflow.
  static constexpr int64_t kMostYuanOrUnits = 10'000'000'000'000;
  static bool InBounds(Money v) { return !v.is_negative() && v <= Money::Whole(kMostYuanOrUnits); }
  static bool InBounds(Units v) { return !v.is_negative() && v <= Units::Whole(kMostYuanOrUnits); }
  static bool InBounds(Nav v) { return v <= Nav::Whole(1'000'000) && v >= -Nav::Whole(1'000'000); }
  static bool InBounds(Rate v) { return v <= Rate::Whole(100) && v >= -Rate::Whole(100); }
  static bool InBounds(IncomeRest v) { return v <= IncomeRest::Whole(1) && v >= -IncomeRest::Whole(1); }
  static bool InBounds(Date) { return true; }

  bool Has(const std::string& name) const { return given_.contains(name); }

  // Every value of a repeatable option.
  std::vector<std::string> All(const std::string& name) const {
    const auto it = given_.find(name);
    return it == given_.end() ? std::vector<std::string>() : it->second;
  }

  // The value, parsed by T::Parse; the error names the option. Missing is an error.
  template <class T>
  absl::StatusOr<T> Get(const std::string& name) const {
    const auto it = given_.find(name);
    if (it == given_.end()) return Wrong(StrCat("option --", name, " is missing"));
    auto value = T::Parse(it->second.front());
    if (!value.ok()) return Wrong(StrCat("--", name, ": ", value.status().message()));
    if (!InBounds(*value))
      return Wrong(StrCat("--", name, " ", it->second.front(), " is out of all proportion; check it"));
    return value;
  }
  // The same, with a default where it is missing.
  template <class T>
  absl::StatusOr<T> Get(const std::string& name, T missing) const {
    return Has(name) ? Get<T>(name) : absl::StatusOr<T>(missing);
  }
  // One word out of several; the first is the default.
  absl::StatusOr<std::string> Word(const std::string& name, std::vector<std::string> words) const {
    if (!Has(name)) return words.front();
    const std::string& value = given_.at(name).front();
    if (std::find(words.begin(), words.end(), value) != words.end()) return value;
    return Wrong(StrCat("--", name, " \"", value, "\" is unknown; use ", absl::StrJoin(words, " or ")));
  }

 private:
  static std::string List(const std::vector<Known>& known) {
    std::vector<std::string> names;
    for (const Known& k : known) names.push_back(StrCat("--", k.name));
    return absl::StrJoin(names, " ");
  }
  std::map<std::string, std::vector<std::string>> given_;
};

absl::StatusOr<RoundingRules> ReadRounding(const Options& o) {
  FC_ASSIGN_OR_RETURN(const std::string word, o.Word("rounding", {"half-up", "truncate", "up"}));
  FC_ASSIGN_OR_RETURN(const Rounding r, ParseRounding(word));
  return RoundingRules{.fee = r, .net = r, .units = r, .value = r, .whole_units = o.Has("whole-units")};
}

// A fee given as --RATE or --FIXED. `required`: one of them must be there; else none is no fee.
absl::StatusOr<PurchaseFee> ReadFee(const Options& o, const std::string& rate, const std::string& fixed,
                                    bool required) {
  if (o.Has(rate) && o.Has(fixed)) return Wrong(StrCat("give --", rate, " or --", fixed, ", not both"));
  if (o.Has(fixed)) {
    FC_ASSIGN_OR_RETURN(const Money fee, o.Get<Money>(fixed));
    return PurchaseFee::Fixed(fee);
  }
  if (required && !o.Has(rate)) return Wrong(StrCat("option --", rate, " (or --", fixed, ") is missing"));
  FC_ASSIGN_OR_RETURN(const Rate r, o.Get<Rate>(rate, Rate()));
  return PurchaseFee::OfRate(r);
}

absl::StatusOr<CalcResult> Subscribe(const Options& o) {
  FC_ASSIGN_OR_RETURN(const Money amount, o.Get<Money>("amount"));
  FC_ASSIGN_OR_RETURN(const Nav nav, o.Get<Nav>("nav"));
  FC_ASSIGN_OR_RETURN(PurchaseFee fee, ReadFee(o, "rate", "fixed-fee", true));
  FC_ASSIGN_OR_RETURN(fee.least_rate, o.Get<Rate>("least-rate", Rate()));
  FC_ASSIGN_OR_RETURN(const Discount discount, o.Get<Discount>("discount", Discount()));
  FC_ASSIGN_OR_RETURN(const Money interest, o.Get<Money>("interest", Money()));
  FC_ASSIGN_OR_RETURN(const RoundingRules rounding, ReadRounding(o));
  const FeeMethod method = o.Has("inside") ? FeeMethod::kInside : FeeMethod::kOutside;
  // A purchase is an offer without interest, so that one call serves both.
  FC_ASSIGN_OR_RETURN(const OfferResult r, ComputeOffer({amount, nav, fee, method, discount, rounding}, interest));
  CalcResult out{{{"net", r.net.ToString()}, {"fee", r.fee.ToString()}, {"units", r.units.ToString()},
                  {"refund", r.refund.ToString()}}};
  if (o.Has("interest")) out.figures.emplace_back("units_from_interest", r.from_interest.ToString());
  return out;
}

std::vector<std::string> Split(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool ReadDays(std::string_view text, int32_t* days) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *days);
  return error == std::errc() && end == text.data() + text.size() && *days >= 0 && *days <= kNoDayLimit;
}

// "0-6:1.5%:100%", "7-29:0.75%", "730-:0": first day, last day (none = no limit), rate, the fund's share (none =
// `share`).
absl::StatusOr<RedemptionTier> ReadTier(const std::string& text, Rate share) {
  const auto wrong = [&](const std::string& why) {
    return Wrong(StrCat("--tiers \"", text, "\" ", why,
                        "; write FIRST-LAST:RATE or FIRST-LAST:RATE:FUND-SHARE, like 7-29:0.75%"));
  };
  const auto parts = Split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return wrong("is not a tier");
  const size_t dash = parts[0].find('-');
  if (dash == std::string::npos) return wrong("has no day range");
  RedemptionTier tier{.fund_share = share};
  const std::string last = parts[0].substr(dash + 1);
  if (!ReadDays(parts[0].substr(0, dash), &tier.min_days)) return wrong("has a bad first day");
  if (!last.empty() && !ReadDays(last, &tier.max_days)) return wrong("has a bad last day");
  if (tier.max_days < tier.min_days) return wrong("ends before it begins");
  const auto rate = Rate::Parse(parts[1]);
  if (!rate.ok()) return wrong(StrCat("has a bad rate: ", rate.status().message()));
  tier.rate = *rate;
  if (parts.size() == 3) {
    const auto own_share = Rate::Parse(parts[2]);
    if (!own_share.ok()) return wrong(StrCat("has a bad share: ", own_share.status().message()));
    tier.fund_share = *own_share;
  }
  return tier;
}

// "2000@2025-01-01"
absl::StatusOr<Lot> ReadLot(const std::string& text) {
  const size_t at = text.find('@');
  if (at == std::string::npos)
    return Wrong(StrCat("--lot \"", text, "\" is not of the form UNITS@DATE, like 2000@2025-01-01"));
  const auto units = Units::Parse(text.substr(0, at));
  if (!units.ok()) return Wrong(StrCat("--lot: ", units.status().message()));
  if (!Options::InBounds(*units))
    return Wrong(StrCat("--lot \"", text, "\": that many units are out of all proportion; check it"));
  if (!units->is_positive()) return Wrong(StrCat("--lot \"", text, "\" must hold more than 0 units"));
  const auto date = Date::Parse(text.substr(at + 1));
  if (!date.ok()) return Wrong(StrCat("--lot: ", date.status().message()));
  return Lot{.registered = *date, .units = *units};
}

absl::Status CheckShareOfAll(const std::string& option, Rate value) {
  if (!value.is_negative() && value <= Rate::Whole(1)) return absl::OkStatus();
  return Wrong(StrCat("--", option, " ", value.ToPercent(), " must be from 0% to 100%"));
}

// What is redeemed: the lots, the tiers, and the day.
struct Redemption {
  std::vector<Lot> lots;
  std::vector<RedemptionTier> tiers;
  Date confirm;
  Units units;
};

absl::StatusOr<Redemption> ReadRedemption(const Options& o, const std::string& rate_option) {
  Redemption r;
  FC_ASSIGN_OR_RETURN(const Rate share, o.Get<Rate>("fund-share", Rate()));
  FC_RETURN_IF_ERROR(CheckShareOfAll("fund-share", share));
  for (const std::string& text : o.All("lot")) {
    FC_ASSIGN_OR_RETURN(const Lot lot, ReadLot(text));
    r.lots.push_back(lot);
    r.units += lot.units;
    if (!Options::InBounds(r.units))
      return Wrong(StrCat("--lot \"", text, "\": that many units are out of all proportion; check it"));
  }
  if (r.lots.empty()) {
    // One rate for all: a single lot of whatever age.
    for (const char* option : {"tiers", "confirm"}) {
      if (o.Has(option)) return Wrong(StrCat("--", option, " needs --lot UNITS@DATE"));
    }
    FC_ASSIGN_OR_RETURN(r.units, o.Get<Units>("units"));
    FC_ASSIGN_OR_RETURN(const Rate rate, o.Get<Rate>(rate_option));
    FC_RETURN_IF_ERROR(CheckShareOfAll(rate_option, rate));
    r.confirm = Date::FromDays(0);
    r.lots = {{.registered = r.confirm, .units = r.units}};
    r.tiers = {{.rate = rate, .fund_share = share}};
    return r;
  }
  if (o.Has(rate_option)) return Wrong(StrCat("with --lot the fee comes from --tiers, not --", rate_option));
  FC_ASSIGN_OR_RETURN(r.units, o.Get<Units>("units", r.units));
  FC_ASSIGN_OR_RETURN(r.confirm, o.Get<Date>("confirm"));
  if (!o.Has("tiers")) return Wrong("option --tiers is missing");
  for (const std::string& text : Split(o.All("tiers").front(), ',')) {
    FC_ASSIGN_OR_RETURN(const RedemptionTier tier, ReadTier(text, share));
    FC_RETURN_IF_ERROR(CheckShareOfAll("tiers", tier.rate));
    FC_RETURN_IF_ERROR(CheckShareOfAll("tiers", tier.fund_share));
    if (!r.tiers.empty() && r.tiers.back().max_days >= tier.min_days) {
      return Wrong(
          StrCat("--tiers \"", text, "\" overlaps the tier before it; list them by days, each after the other"));
    }
    r.tiers.push_back(tier);
  }
  return r;
}

absl::StatusOr<CalcResult> Redeem(const Options& o) {
  FC_ASSIGN_OR_RETURN(const Redemption in, ReadRedemption(o, "rate"));
  FC_ASSIGN_OR_RETURN(const Nav nav, o.Get<Nav>("nav"));
  FC_ASSIGN_OR_RETURN(const RoundingRules rounding, ReadRounding(o));
  const RedemptionOptions options{.order = o.Has("newest-first") ? LotOrder::kNewestFirst : LotOrder::kOldestFirst,
                                  .rounding = rounding};
  FC_ASSIGN_OR_RETURN(const RedemptionSplit r, SplitRedemption(in.lots, in.units, nav, in.tiers, in.confirm, options));
  Money net = r.net;
  std::optional<Money> load;
  if (o.Has("back-load")) {
    FC_ASSIGN_OR_RETURN(const Rate rate, o.Get<Rate>("back-load"));
    FC_RETURN_IF_ERROR(CheckShareOfAll("back-load", rate));
    FC_ASSIGN_OR_RETURN(const std::string form, o.Word("back-load-form", {"on-top", "part"}));
    BackEndLoad terms{.rate = rate, .form = form == "part" ? BackEndLoad::Form::kPart : BackEndLoad::Form::kOnTop};
    if (!o.Has("cost")) terms.base = BackEndLoad::Base::kValue;
    FC_ASSIGN_OR_RETURN(const Nav cost, o.Get<Nav>("cost", nav));
    if (cost.is_negative() || !MulDivFits(in.units.raw(), cost.raw(), Nav::kOne)) {
      return Wrong(StrCat("--cost ", cost.ToString(), " for ", in.units.ToString(), " units cannot be; check both"));
    }
    load = ComputeBackEndLoad(terms, in.units, cost, nav, rounding);
    net -= *load;
  }
  CalcResult out{{{"gross", r.gross.ToString()}, {"fee", r.fee.ToString()}, {"net", net.ToString()},
                  {"fund_part", r.fund_part.ToString()}}};
  if (load) out.figures.emplace_back("back_load", load->ToString());
  if (!o.Has("lot")) return out;
  for (const RedemptionPart& p : r.parts) {
    out.figures.emplace_back(StrCat("lot_", p.lot + 1),
                             StrCat(p.units.ToString(), " units held ", p.days_held, " days, ", p.rate.ToPercent(),
                                    ", fee ", p.fee.ToString()));
  }
  return out;
}

absl::StatusOr<CalcResult> DividendPaid(const Options& o) {
  FC_ASSIGN_OR_RETURN(const Units units, o.Get<Units>("units"));
  FC_ASSIGN_OR_RETURN(const Units frozen, o.Get<Units>("frozen", Units()));
  FC_ASSIGN_OR_RETURN(const Nav amount, o.Get<Nav>("amount"));
  FC_ASSIGN_OR_RETURN(const Units basis, o.Get<Units>("per", Units::Whole(1)));
  FC_ASSIGN_OR_RETURN(const Nav nav, o.Get<Nav>("reinvest", Nav()));
  FC_ASSIGN_OR_RETURN(const RoundingRules rounding, ReadRounding(o));
  const DividendWay way = o.Has("reinvest") ? DividendWay::kReinvest : DividendWay::kCash;
  FC_ASSIGN_OR_RETURN(const DividendResult r, ComputeDividend({amount, basis}, units, frozen, way, nav, rounding));
  CalcResult out{{{"cash", r.cash.ToString()}, {"units", r.units.ToString()}}};
  if (!o.Has("frozen")) return out;
  out.figures.emplace_back("held_cash", r.held_cash.ToString());
  out.figures.emplace_back("held_units", r.held_units.ToString());
  return out;
}

absl::StatusOr<CalcResult> Convert(const Options& o) {
  FC_ASSIGN_OR_RETURN(const Redemption in, ReadRedemption(o, "redemption-rate"));
  FC_ASSIGN_OR_RETURN(const Nav nav_out, o.Get<Nav>("nav-out"));
  ConversionTerms t;
  // Without --nav-in only the money is of interest: any price will do, and no units are shown.
  FC_ASSIGN_OR_RETURN(t.nav_in, o.Get<Nav>("nav-in", Nav::Whole(1)));
  FC_ASSIGN_OR_RETURN(t.fee_in, ReadFee(o, "rate-in", "fixed-in", false));
  FC_ASSIGN_OR_RETURN(t.fee_out, ReadFee(o, "rate-out", "fixed-out", false));
  FC_ASSIGN_OR_RETURN(t.discount, o.Get<Discount>("discount", Discount()));
  FC_ASSIGN_OR_RETURN(t.rounding, ReadRounding(o));
  FC_ASSIGN_OR_RETURN(const std::string form, o.Word("form", {"rates", "fees"}));
  t.form = form == "fees" ? DifferenceForm::kFees : DifferenceForm::kRates;
  t.method = o.Has("inside") ? FeeMethod::kInside : FeeMethod::kOutside;
  FC_ASSIGN_OR_RETURN(const RedemptionSplit split, SplitRedemption(in.lots, in.units, nav_out, in.tiers, in.confirm,
                                                                   {.rounding = t.rounding}));
  FC_ASSIGN_OR_RETURN(const ConversionResult r, ComputeConversion(split, t));
  CalcResult out{{{"gross", r.gross.ToString()}, {"redemption_fee", r.redemption_fee.ToString()},
                  {"difference_fee", r.difference_fee.ToString()}, {"in", r.in.ToString()},
                  {"fund_part", r.fund_part.ToString()}}};
  if (o.Has("nav-in")) out.figures.emplace_back("units", r.units.ToString());
  if (o.Has("whole-units")) out.figures.emplace_back("refund", r.refund.ToString());
  return out;
}

absl::StatusOr<CalcResult> DailyIncome(const Options& o) {
  FC_ASSIGN_OR_RETURN(const Units units, o.Get<Units>("units"));
  FC_ASSIGN_OR_RETURN(const Nav income, o.Get<Nav>("per-10000"));
  FC_ASSIGN_OR_RETURN(const IncomeRest carried, o.Get<IncomeRest>("carried", IncomeRest()));
  FC_ASSIGN_OR_RETURN(const std::string mode, o.Word("mode", {"carry", "cut"}));
  const Income r = ComputeIncome(units, income, carried, mode == "cut" ? IncomeMode::kCut : IncomeMode::kCarry);
  return CalcResult{{{"exact", ExactIncome(units, income)}, {"paid", r.paid.ToString()}, {"rest", r.rest.ToString()}}};
}

absl::StatusOr<CalcResult> Large(const Options& o) {
  FundFlows f;
  FC_ASSIGN_OR_RETURN(const Units before, o.Get<Units>("before"));
  FC_ASSIGN_OR_RETURN(f.redeemed, o.Get<Units>("redeemed", Units()));
  FC_ASSIGN_OR_RETURN(f.converted_out, o.Get<Units>("converted-out", Units()));
  FC_ASSIGN_OR_RETURN(f.purchased, o.Get<Units>("purchased", Units()));
  FC_ASSIGN_OR_RETURN(f.converted_in, o.Get<Units>("converted-in", Units()));
  FC_ASSIGN_OR_RETURN(const Rate threshold, o.Get<Rate>("threshold", kLargeRedemptionShare));
  FC_RETURN_IF_ERROR(CheckShareOfAll("threshold", threshold));
  return CalcResult{{{"net_outflow", f.NetOutflow().ToString()},
                     {"least_accepted", LeastAccepted(before, threshold).ToString()},
                     {"large", IsLargeRedemption(f, before, threshold) ? "yes" : "no"}}};
}

absl::StatusOr<CalcResult> LastDay(const Options& o) {
  FC_ASSIGN_OR_RETURN(const Money amount, o.Get<Money>("amount"));
  FC_ASSIGN_OR_RETURN(const RoundingRules rounding, ReadRounding(o));
  if (o.Has("ratio")) {
    FC_ASSIGN_OR_RETURN(const Rate ratio, o.Get<Rate>("ratio"));
    FC_RETURN_IF_ERROR(CheckShareOfAll("ratio", ratio));
    const Money confirmed = ApplyRate(amount, ratio, rounding.value);
    return CalcResult{{{"confirmed", confirmed.ToString()}, {"refund", (amount - confirmed).ToString()}}};
  }
  FC_ASSIGN_OR_RETURN(const Money cap, o.Get<Money>("cap"));
  FC_ASSIGN_OR_RETURN(const Money earlier, o.Get<Money>("earlier", Money()));
  FC_ASSIGN_OR_RETURN(const Money applied, o.Get<Money>("applied"));
  FC_ASSIGN_OR_RETURN(const LastDayRatio ratio, MakeLastDayRatio(cap, earlier, applied));
  const Money confirmed = ratio.Confirmed(amount, rounding.value);
  return CalcResult{{{"confirmed", confirmed.ToString()}, {"refund", (amount - confirmed).ToString()},
                     {"sale_percent", ratio.SalePercent(rounding.value).ToString()}}};
}

absl::StatusOr<CalcResult> Days(const Options& o) {
  FC_ASSIGN_OR_RETURN(const Date from, o.Get<Date>("from"));
  FC_ASSIGN_OR_RETURN(const Date to, o.Get<Date>("to"));
  if (to < from) return Wrong(StrCat("--to ", to.Iso(), " is before --from ", from.Iso()));
  return CalcResult{{{"days_held", StrCat(HoldingDays(from, to))}}};
}

struct Calculation {
  std::string_view name;
  std::string_view usage;
  std::vector<Options::Known> options;
  absl::StatusOr<CalcResult> (*run)(const Options&);
};

const std::vector<Calculation>& Calculations() {
  static const std::vector<Calculation> all = {
      {"subscribe",
       "--amount A --nav N (--rate R | --fixed-fee F) [--inside] [--discount D] [--least-rate R] [--interest I] "
       "[--whole-units] [--rounding half-up|truncate|up]",
       {{"amount"},
        {"nav"},
        {"rate"},
        {"fixed-fee"},
        {"inside", true},
        {"discount"},
        {"least-rate"},
        {"interest"},
        {"whole-units", true},
        {"rounding"}},
       Subscribe},
      {"redeem",
       "--nav N (--units U --rate R | --lot UNITS@DATE … --confirm DATE --tiers 0-6:1.5%,7-:0.5% [--units U] "
       "[--newest-first]) [--fund-share S] [--back-load R [--cost NAV] [--back-load-form on-top|part]] [--rounding …]",
       {{"units"},
        {"nav"},
        {"rate"},
        {"fund-share"},
        {"lot"},
        {"confirm"},
        {"tiers"},
        {"newest-first", true},
        {"back-load"},
        {"cost"},
        {"back-load-form"},
        {"rounding"}},
       Redeem},
      {"dividend",
       "--units U --amount YUAN [--per UNITS] [--frozen U] [--reinvest NAV] [--rounding …]",
       {{"units"}, {"amount"}, {"per"}, {"frozen"}, {"reinvest"}, {"rounding"}},
       DividendPaid},
      {"convert",
       "--nav-out N (--units U --redemption-rate R | --lot … --confirm … --tiers …) [--nav-in N] [--rate-in R | "
       "--fixed-in F] "
       "[--rate-out R | --fixed-out F] [--form rates|fees] [--inside] [--discount D] [--fund-share S] [--whole-units] "
       "[--rounding …]",
       {{"units"},
        {"nav-out"},
        {"nav-in"},
        {"redemption-rate"},
        {"fund-share"},
        {"lot"},
        {"confirm"},
        {"tiers"},
        {"rate-in"},
        {"fixed-in"},
        {"rate-out"},
        {"fixed-out"},
        {"form"},
        {"inside", true},
        {"discount"},
        {"whole-units", true},
        {"rounding"}},
       Convert},
      {"income",
       "--units U --per-10000 YUAN [--carried YUAN] [--mode carry|cut]",
       {{"units"}, {"per-10000"}, {"carried"}, {"mode"}},
       DailyIncome},
      {"large",
       "--before U [--redeemed U] [--converted-out U] [--purchased U] [--converted-in U] [--threshold 10%]",
       {{"before"}, {"redeemed"}, {"converted-out"}, {"purchased"}, {"converted-in"}, {"threshold"}},
       Large},
      {"last-day",
       "--amount A (--cap C [--earlier E] --applied L | --ratio R) [--rounding …]",
       {{"amount"}, {"cap"}, {"earlier"}, {"applied"}, {"ratio"}, {"rounding"}},
       LastDay},
      {"days", "--from DATE --to DATE", {{"from"}, {"to"}}, Days},
  };
  return all;
}

}  // namespace

absl::StatusOr<CalcResult> RunCalc(std::span<const std::string> args) {
  if (args.empty()) return Wrong(StrCat("which calculation?\n", CalcUsage()));
  for (const Calculation& c : Calculations()) {
    if (c.name != args[0]) continue;
    FC_ASSIGN_OR_RETURN(const Options options, Options::Read(args.subspan(1), c.options));
    return c.run(options);
  }
  return Wrong(StrCat("unknown calculation \"", args[0], "\"\n", CalcUsage()));
}

std::string CalcUsage() {
  std::string text;
  for (const Calculation& c : Calculations()) text += StrCat("  fundctl calc ", c.name, " ", c.usage, "\n");
  return text;
}

}  // namespace fundcore::fundctl
