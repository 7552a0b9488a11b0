// Reading what was typed after `fundctl calc`.
#include "tools/fundctl/calc_options.h"

#include <charconv>

namespace fundcore::fundctl {
namespace {

std::string List(const std::vector<Options::Known>& known) {
  std::vector<std::string> names;
  for (const Options::Known& k : known) names.push_back(StrCat("--", k.name));
  return absl::StrJoin(names, " ");
}

absl::StatusOr<RedemptionTier> ReadTier(const std::string& option, const std::string& text, Rate share) {
  const auto wrong = [&](const std::string& why) {
    return Wrong(StrCat("--", option, " \"", text, "\" ", why,
                        "; write FIRST-LAST:RATE or FIRST-LAST:RATE:FUND-SHARE, like 7-29:0.75%"));
  };
  const auto parts = Split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return wrong("is not a tier");
  const size_t dash = parts[0].find('-');
  if (dash == std::string::npos) return wrong("has no day range");
  RedemptionTier tier{.fund_share = share};
  const std::string last = parts[0].substr(dash + 1);
  int64_t days = 0;
  if (!ReadNumber(parts[0].substr(0, dash), kNoDayLimit, &days)) return wrong("has a bad first day");
  tier.min_days = static_cast<int32_t>(days);
  if (!last.empty()) {
    if (!ReadNumber(last, kNoDayLimit, &days)) return wrong("has a bad last day");
    tier.max_days = static_cast<int32_t>(days);
  }
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

absl::StatusOr<PurchaseTier> ReadPurchaseTier(const std::string& option, const std::string& text) {
  const auto wrong = [&](const std::string& why) {
    return Wrong(StrCat("--", option, " \"", text, "\" ", why,
                        "; write FIRST-LAST:RATE or FIRST-LAST:=FEE, like 0-999999.99:1.2% or 1000000-:=1000.00"));
  };
  const size_t colon = text.find(':'), dash = text.find('-');
  if (colon == std::string::npos || dash == std::string::npos || dash > colon) return wrong("is not a tier");
  PurchaseTier tier;
  const auto first = Money::Parse(text.substr(0, dash));
  if (!first.ok() || !Options::InBounds(*first)) return wrong("has a bad first amount");
  tier.min = *first;
  const std::string last = text.substr(dash + 1, colon - dash - 1), fee = text.substr(colon + 1);
  if (!last.empty()) {
    const auto end = Money::Parse(last);
    if (!end.ok() || !Options::InBounds(*end)) return wrong("has a bad last amount");
    tier.max = *end;
  }
  if (fee.starts_with("=")) {
    const auto fixed = Money::Parse(fee.substr(1));
    if (!fixed.ok() || !Options::InBounds(*fixed)) return wrong("has a bad fixed fee");
    tier.fee = PurchaseFee::Fixed(*fixed);
    return tier;
  }
  const auto rate = Rate::Parse(fee);
  if (!rate.ok()) return wrong(StrCat("has a bad rate: ", rate.status().message()));
  tier.fee = PurchaseFee::OfRate(*rate);
  return tier;
}

absl::StatusOr<Lot> ReadLot(const std::string& text) {
  const auto parts = Split(text, '@');
  if (parts.size() < 2 || parts.size() > 3) {
    return Wrong(StrCat("--lot \"", text, "\" is not of the form UNITS@DATE, like 2000@2025-01-01, or UNITS@DATE@PRICE"));
  }
  const auto units = Units::Parse(parts[0]);
  if (!units.ok()) return Wrong(StrCat("--lot: ", units.status().message()));
  if (!Options::InBounds(*units))
    return Wrong(StrCat("--lot \"", text, "\": that many units are out of all proportion; check it"));
  if (!units->is_positive()) return Wrong(StrCat("--lot \"", text, "\" must hold more than 0 units"));
  const auto date = Date::Parse(parts[1]);
  if (!date.ok()) return Wrong(StrCat("--lot: ", date.status().message()));
  Lot lot{.registered = *date, .units = *units};
  if (parts.size() == 3) {
    FC_ASSIGN_OR_RETURN(lot.bought_at, Options::Parse<Nav>("lot", parts[2]));
    if (!lot.bought_at.is_positive()) return Wrong(StrCat("--lot \"", text, "\": the price paid must be positive"));
  }
  return lot;
}

}  // namespace

absl::StatusOr<Options> Options::Read(std::span<const std::string> args, const std::vector<Known>& known) {
  Options o;
  for (size_t i = 0; i < args.size(); ++i) {
    std::string_view arg = args[i];
    if (!arg.starts_with("--")) return Wrong(StrCat("\"", arg, "\" is not an option; options begin with --"));
    const size_t equals = arg.find('=');
    const std::string_view name = arg.substr(2, equals == std::string_view::npos ? equals : equals - 2);
    const auto option = std::find_if(known.begin(), known.end(), [&](const Known& k) { return k.name == name; });
    if (option == known.end()) return Wrong(StrCat("unknown option --", name, "; known are ", List(known)));
    auto& values = o.given_[std::string(name)];
    if (!values.empty() && option->kind != kMany) return Wrong(StrCat("option --", name, " is given twice"));
    if (option->kind == kFlag) {
      if (equals != std::string_view::npos) return Wrong(StrCat("option --", name, " takes no value"));
      values.emplace_back();
    } else if (equals != std::string_view::npos) {
      values.emplace_back(arg.substr(equals + 1));
    } else if (i + 1 < args.size()) {
      values.push_back(args[++i]);
    } else {
      return Wrong(StrCat("option --", name, " needs a value"));
    }
    if (values.size() > 10'000) return Wrong(StrCat("option --", name, " is given more than 10,000 times"));
  }
  return o;
}

absl::StatusOr<int32_t> Options::Number(const std::string& name, int32_t missing, int32_t least, int32_t most) const {
  if (!Has(name)) return missing;
  int64_t number = 0;
  if (ReadNumber(given_.at(name).front(), most, &number) && number >= least) return static_cast<int32_t>(number);
  return Wrong(StrCat("--", name, " \"", given_.at(name).front(), "\" must be a whole number from ", least, " to ", most));
}

absl::StatusOr<std::string> Options::Word(const std::string& name, std::vector<std::string> words) const {
  if (!Has(name)) return words.front();
  const std::string& value = given_.at(name).front();
  if (std::find(words.begin(), words.end(), value) != words.end()) return value;
  return Wrong(StrCat("--", name, " \"", value, "\" is unknown; use ", absl::StrJoin(words, " or ")));
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

bool ReadNumber(std::string_view text, int64_t most, int64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && *number >= 0 && *number <= most;
}

std::vector<Options::Known> WithRounding(std::vector<Options::Known> options) {
  for (const char* name : {"rounding", "round-fee", "round-net", "round-units", "round-value"}) options.push_back({name});
  return options;
}

absl::StatusOr<RoundingRules> ReadRounding(const Options& o) {
  RoundingRules rules;
  FC_ASSIGN_OR_RETURN(const std::string all, o.Word("rounding", {"half-up", "truncate", "up"}));
  for (auto [name, rounding] : {std::pair{"round-fee", &rules.fee}, {"round-net", &rules.net},
                                {"round-units", &rules.units}, {"round-value", &rules.value}}) {
    FC_ASSIGN_OR_RETURN(const std::string own, o.Word(name, {"half-up", "truncate", "up"}));
    FC_ASSIGN_OR_RETURN(*rounding, ParseRounding(o.Has(name) ? own : all));
  }
  rules.whole_units = o.Has("whole-units");
  return rules;
}

absl::StatusOr<FeeBounds> ReadBounds(const Options& o) {
  FeeBounds bounds;
  FC_ASSIGN_OR_RETURN(bounds.least, o.Get<Money>("least-fee", Money()));
  FC_ASSIGN_OR_RETURN(bounds.most, o.Get<Money>("most-fee", kNoAmountLimit));
  FC_RETURN_IF_ERROR(bounds.Check());
  return bounds;
}

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

absl::StatusOr<std::vector<PurchaseTier>> ReadPurchaseTiers(const Options& o, const std::string& name) {
  std::vector<PurchaseTier> tiers;
  if (!o.Has(name)) return tiers;
  for (const std::string& text : Split(o.All(name).front(), ',')) {
    FC_ASSIGN_OR_RETURN(const PurchaseTier tier, ReadPurchaseTier(name, text));
    tiers.push_back(tier);
  }
  FC_RETURN_IF_ERROR(ValidatePurchaseTiers(tiers, StrCat("--", name)));
  return tiers;
}

absl::StatusOr<std::vector<RedemptionTier>> ReadRedemptionTiers(const Options& o, const std::string& name, Rate share) {
  std::vector<RedemptionTier> tiers;
  if (!o.Has(name)) return tiers;
  for (const std::string& text : Split(o.All(name).front(), ',')) {
    FC_ASSIGN_OR_RETURN(const RedemptionTier tier, ReadTier(name, text, share));
    FC_RETURN_IF_ERROR(CheckShareOfAll(name, tier.rate));
    FC_RETURN_IF_ERROR(CheckShareOfAll(name, tier.fund_share));
    if (!tiers.empty() && tiers.back().max_days >= tier.min_days) {
      return Wrong(StrCat("--", name, " \"", text,
                          "\" overlaps the tier before it; list them by days, each after the other"));
    }
    tiers.push_back(tier);
  }
  return tiers;
}

absl::StatusOr<std::vector<Lot>> ReadLots(const Options& o) {
  std::vector<Lot> lots;
  Units all;
  for (const std::string& text : o.All("lot")) {
    FC_ASSIGN_OR_RETURN(const Lot lot, ReadLot(text));
    lots.push_back(lot);
    all += lot.units;
    if (!Options::InBounds(all))
      return Wrong(StrCat("--lot \"", text, "\": that many units are out of all proportion; check it"));
  }
  return lots;
}

absl::Status CheckShareOfAll(const std::string& option, Rate value) {
  if (!value.is_negative() && value <= Rate::Whole(1)) return absl::OkStatus();
  return Wrong(StrCat("--", option, " ", value.ToPercent(), " must be from 0% to 100%"));
}

absl::StatusOr<InvestorType> ParseInvestor(std::string_view word) {
  if (word == "individual") return InvestorType::kIndividual;
  if (word == "institution") return InvestorType::kInstitution;
  if (word == "product") return InvestorType::kProduct;
  return Wrong(StrCat("investor \"", word, "\" is unknown; use individual, institution or product"));
}

absl::StatusOr<InvestorType> ReadInvestor(const Options& o) {
  FC_ASSIGN_OR_RETURN(const std::string word, o.Word("investor", {"individual", "institution", "product"}));
  return ParseInvestor(word);
}

absl::StatusOr<Redemption> ReadRedemption(const Options& o, const std::string& rate_option) {
  Redemption r;
  FC_ASSIGN_OR_RETURN(const Rate share, o.Get<Rate>("fund-share", Rate()));
  FC_RETURN_IF_ERROR(CheckShareOfAll("fund-share", share));
  FC_ASSIGN_OR_RETURN(r.lots, ReadLots(o));
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
  for (const Lot& lot : r.lots) r.units += lot.units;
  if (o.Has(rate_option)) return Wrong(StrCat("with --lot the fee comes from --tiers, not --", rate_option));
  FC_ASSIGN_OR_RETURN(r.units, o.Get<Units>("units", r.units));
  FC_ASSIGN_OR_RETURN(r.confirm, o.Get<Date>("confirm"));
  if (!o.Has("tiers")) return Wrong("option --tiers is missing");
  FC_ASSIGN_OR_RETURN(r.tiers, ReadRedemptionTiers(o, "tiers", share));
  return r;
}

}  // namespace fundcore::fundctl
