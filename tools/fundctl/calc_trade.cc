// Calculations of single orders: purchases, offers, redemptions, conversions, transfers, dividends.
#include "common/fund/back_load.h"
#include "common/fund/conversion.h"
#include "common/fund/dividend.h"
#include "common/fund/lot_age.h"
#include "common/fund/offer.h"
#include "tools/fundctl/calc_parts.h"

namespace fundcore::fundctl {
namespace {

// What is left of the rate after the discount, or the fixed sum; and the words for it.
std::string FeeStep(const PurchaseFee& fee, Discount discount) {
  if (fee.fixed) return StrCat("fixed fee ", fee.fixed->ToString());
  const Rate rate = fee.Discounted(discount);
  if (rate == fee.rate) return StrCat("rate ", rate.ToPercent());
  return StrCat("rate ", fee.rate.ToPercent(), " × discount ", discount.ToString(),
                fee.least_rate.is_positive() ? StrCat(", not below ", fee.least_rate.ToPercent()) : "", " = ",
                rate.ToPercent());
}

void BoundStep(CalcResult* out, Money computed, Money fee) {
  if (computed == fee) return;
  out->steps.push_back(StrCat("fee ", computed.ToString(), " is ", computed < fee ? "below the least: " : "above the most: ",
                              fee.ToString()));
}

std::string UnitsStep(Money money, Nav nav, Units units, Money refund, const RoundingRules& r) {
  if (r.whole_units) {
    return StrCat("units = ", money.ToString(), " ÷ ", nav.ToString(), " = ", units.ToString(), " (whole units), ",
                  refund.ToString(), " paid back");
  }
  return StrCat("units = ", money.ToString(), " ÷ ", nav.ToString(), " = ", units.ToString(), " (", RoundingName(r.units), ")");
}

absl::StatusOr<PurchaseFee> FeeFor(const Options& o, Money amount, CalcResult* out) {
  if (!o.Has("fees")) return ReadFee(o, "rate", "fixed-fee", true);
  if (o.Has("rate") || o.Has("fixed-fee")) return Wrong("with --fees the rate comes from the table, not --rate or --fixed-fee");
  FC_ASSIGN_OR_RETURN(const std::vector<PurchaseTier> tiers, ReadPurchaseTiers(o, "fees"));
  const auto tier = std::find_if(tiers.begin(), tiers.end(),
                                 [&](const PurchaseTier& t) { return t.min <= amount && amount <= t.max; });
  if (tier == tiers.end()) return Wrong(StrCat("no tier of --fees covers ", amount.ToString()));
  out->steps.push_back(StrCat(amount.ToString(), " falls in the tier from ", tier->min.ToString(), " to ",
                              tier->max == kNoAmountLimit ? "any" : tier->max.ToString()));
  return tier->fee;
}

absl::StatusOr<CalcResult> Subscribe(const Options& o) {
  CalcResult out;
  FC_ASSIGN_OR_RETURN(const Money amount, o.Get<Money>("amount"));
  FC_ASSIGN_OR_RETURN(const Nav nav, o.Get<Nav>("nav"));
  FC_ASSIGN_OR_RETURN(PurchaseFee fee, FeeFor(o, amount, &out));
  FC_ASSIGN_OR_RETURN(fee.least_rate, o.Get<Rate>("least-rate", Rate()));
  FC_ASSIGN_OR_RETURN(const Discount discount, o.Get<Discount>("discount", Discount()));
  FC_ASSIGN_OR_RETURN(const Money interest, o.Get<Money>("interest", Money()));
  FC_ASSIGN_OR_RETURN(const RoundingRules rounding, ReadRounding(o));
  FC_ASSIGN_OR_RETURN(const FeeBounds bounds, ReadBounds(o));
  const FeeMethod method = o.Has("inside") ? FeeMethod::kInside : FeeMethod::kOutside;
  // A purchase is an offer without interest, so that one call serves both.
  FC_ASSIGN_OR_RETURN(const OfferResult r, ComputeOffer({amount, nav, fee, method, discount, rounding, bounds}, interest));
  out.figures = {{"net", r.net.ToString()}, {"fee", r.fee.ToString()}, {"units", r.units.ToString()},
                 {"refund", r.refund.ToString()}};
  if (o.Has("interest")) out.figures.emplace_back("units_from_interest", r.from_interest.ToString());

  out.steps.push_back(FeeStep(fee, discount));
  FC_ASSIGN_OR_RETURN(const Money computed, ComputePurchaseFee(amount, fee, method, discount, rounding));
  const std::string rate = fee.Discounted(discount).ToPercent();
  if (!fee.fixed && method == FeeMethod::kOutside) {
    out.steps.push_back(StrCat("net = ", amount.ToString(), " ÷ (1 + ", rate, ") = ", (amount - computed).ToString(), " (",
                               RoundingName(rounding.net), "), fee = ", amount.ToString(), " − ",
                               (amount - computed).ToString(), " = ", computed.ToString()));
  } else if (!fee.fixed) {
    out.steps.push_back(StrCat("fee = ", amount.ToString(), " × ", rate, " = ", computed.ToString(), " (",
                               RoundingName(rounding.fee), ")"));
  }
  BoundStep(&out, computed, r.fee);
  out.steps.push_back(StrCat("net = ", amount.ToString(), " − ", r.fee.ToString(), " = ", r.net.ToString()));
  if (interest.is_positive()) out.steps.push_back(StrCat("with interest ", (r.net + interest).ToString()));
  out.steps.push_back(UnitsStep(r.net + interest, nav, r.units, r.refund, rounding));
  return out;
}

absl::StatusOr<CalcResult> OfferByUnits(const Options& o) {
  UnitOfferTerms t;
  FC_ASSIGN_OR_RETURN(t.units, o.Get<Units>("units"));
  FC_ASSIGN_OR_RETURN(t.face, o.Get<Nav>("face", t.face));
  FC_ASSIGN_OR_RETURN(t.fee, ReadFee(o, "rate", "fixed-fee", true));
  FC_ASSIGN_OR_RETURN(t.fee.least_rate, o.Get<Rate>("least-rate", Rate()));
  FC_ASSIGN_OR_RETURN(t.discount, o.Get<Discount>("discount", Discount()));
  FC_ASSIGN_OR_RETURN(t.interest, o.Get<Money>("interest", Money()));
  FC_ASSIGN_OR_RETURN(t.rounding, ReadRounding(o));
  FC_ASSIGN_OR_RETURN(t.bounds, ReadBounds(o));
  FC_ASSIGN_OR_RETURN(const UnitOfferResult r, ComputeOfferByUnits(t));
  CalcResult out{{{"price", r.price.ToString()}, {"fee", r.fee.ToString()}, {"pay", r.pay.ToString()},
                  {"units", r.units.ToString()}, {"units_from_interest", r.from_interest.ToString()},
                  {"refund", r.refund.ToString()}}, {}};
  out.steps = {StrCat("price = ", t.units.ToString(), " × ", t.face.ToString(), " = ", r.price.ToString()),
               StrCat(FeeStep(t.fee, t.discount), ": fee = ", r.fee.ToString()),
               StrCat("pay = ", r.price.ToString(), " + ", r.fee.ToString(), " = ", r.pay.ToString())};
  if (t.interest.is_positive()) {
    out.steps.push_back(StrCat("interest ", t.interest.ToString(), " ÷ ", t.face.ToString(), " = ", r.from_interest.ToString()));
  }
  return out;
}

void RedemptionSteps(const std::vector<Lot>& lots, const RedemptionSplit& r, Units units, Nav nav,
                     const RoundingRules& rounding, bool with_lots, CalcResult* out) {
  out->steps.push_back(StrCat("gross = ", units.ToString(), " × ", nav.ToString(), " = ", r.gross.ToString(), " (",
                              RoundingName(rounding.value), ")"));
  for (const RedemptionPart& p : r.parts) {
    out->steps.push_back(StrCat(
        with_lots ? StrCat("lot ", p.lot + 1, " of ", lots[p.lot].registered.Iso(), ", held ", p.days_held, " days: ") : "",
        p.units.ToString(), " units worth ", p.gross.ToString(), " at ", p.rate.ToPercent(), ": fee ", p.fee.ToString(),
        p.fund_part.is_zero() ? "" : StrCat(", of which the fund's ", p.fund_part.ToString())));
  }
  out->steps.push_back(StrCat("net = ", r.gross.ToString(), " − ", r.fee.ToString(), " = ", r.net.ToString()));
}

void LotFigures(const RedemptionSplit& r, CalcResult* out) {
  for (const RedemptionPart& p : r.parts) {
    out->figures.emplace_back(StrCat("lot_", p.lot + 1),
                              StrCat(p.units.ToString(), " units held ", p.days_held, " days, ", p.rate.ToPercent(),
                                     ", fee ", p.fee.ToString()));
  }
}

absl::StatusOr<BackLoadTerms> ReadBackLoad(const Options& o, const RoundingRules& rounding) {
  BackLoadTerms terms{.rounding = rounding};
  FC_ASSIGN_OR_RETURN(const std::string form, o.Word("back-load-form", {"on-top", "part"}));
  FC_ASSIGN_OR_RETURN(const std::string base, o.Word("back-load-base", {"cost", "value"}));
  terms.form = form == "part" ? BackEndLoad::Form::kPart : BackEndLoad::Form::kOnTop;
  terms.base = base == "value" ? BackEndLoad::Base::kValue : BackEndLoad::Base::kCost;
  if (o.Has("back-tiers")) {
    if (o.Has("back-load") || o.Has("cost")) return Wrong("with --back-tiers the rate comes from the table and the cost from --lot");
    FC_ASSIGN_OR_RETURN(terms.tiers, ReadRedemptionTiers(o, "back-tiers", Rate()));
    return terms;
  }
  // One rate for all lots; on what was paid where that is told.
  FC_ASSIGN_OR_RETURN(const Rate rate, o.Get<Rate>("back-load"));
  FC_RETURN_IF_ERROR(CheckShareOfAll("back-load", rate));
  terms.tiers = {{.rate = rate}};
  if (!o.Has("back-load-base") && !o.Has("cost")) terms.base = BackEndLoad::Base::kValue;
  return terms;
}

absl::StatusOr<CalcResult> Redeem(const Options& o) {
  FC_ASSIGN_OR_RETURN(Redemption in, ReadRedemption(o, "rate"));
  FC_ASSIGN_OR_RETURN(const Nav nav, o.Get<Nav>("nav"));
  FC_ASSIGN_OR_RETURN(const RoundingRules rounding, ReadRounding(o));
  FC_ASSIGN_OR_RETURN(const FeeBounds bounds, ReadBounds(o));
  const RedemptionOptions options{.order = o.Has("newest-first") ? LotOrder::kNewestFirst : LotOrder::kOldestFirst,
                                  .rounding = rounding, .bounds = bounds};
  FC_ASSIGN_OR_RETURN(const RedemptionSplit r, SplitRedemption(in.lots, in.units, nav, in.tiers, in.confirm, options));
  CalcResult out;
  RedemptionSteps(in.lots, r, in.units, nav, rounding, o.Has("lot"), &out);
  Money net = r.net;
  std::optional<BackLoadSplit> load;
  if (o.Has("back-load") || o.Has("back-tiers")) {
    FC_ASSIGN_OR_RETURN(const BackLoadTerms terms, ReadBackLoad(o, rounding));
    if (o.Has("cost")) {
      FC_ASSIGN_OR_RETURN(const Nav cost, o.Get<Nav>("cost"));
      if (!cost.is_positive() || !MulDivFits(in.units.raw(), cost.raw(), Nav::kOne)) {
        return Wrong(StrCat("--cost ", cost.ToString(), " for ", in.units.ToString(), " units cannot be; check both"));
      }
      for (Lot& lot : in.lots) lot.bought_at = cost;
    }
    FC_ASSIGN_OR_RETURN(load, ComputeBackLoad(in.lots, r, terms));
    net = load->net;
    for (const BackLoadPart& p : load->parts) {
      out.steps.push_back(StrCat("back-end load on ", p.base.ToString(), terms.base == BackEndLoad::Base::kCost ? " paid" : " fetched",
                                 " × ", p.rate.ToPercent(),
                                 terms.form == BackEndLoad::Form::kOnTop ? StrCat(" ÷ (1 + ", p.rate.ToPercent(), ")") : "",
                                 " = ", p.load.ToString()));
    }
    out.steps.push_back(StrCat("net = ", r.net.ToString(), " − ", load->load.ToString(), " = ", net.ToString()));
  }
  out.figures = {{"gross", r.gross.ToString()}, {"fee", r.fee.ToString()}, {"net", net.ToString()},
                 {"fund_part", r.fund_part.ToString()}};
  if (load) out.figures.emplace_back("back_load", load->load.ToString());
  if (o.Has("lot")) LotFigures(r, &out);
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
  CalcResult out{{{"cash", r.cash.ToString()}, {"units", r.units.ToString()}}, {}};
  out.steps.push_back(StrCat("cash = ", units.ToString(), " × ", amount.ToString(), " ÷ ", basis.ToString(), " = ",
                             r.cash.ToString(), " (", RoundingName(rounding.value), ")"));
  if (way == DividendWay::kReinvest) {
    out.steps.push_back(StrCat("units = ", r.cash.ToString(), " ÷ ", nav.ToString(), " = ", r.units.ToString(), " (",
                               RoundingName(rounding.units), ")"));
  }
  if (!o.Has("frozen")) return out;
  out.figures.emplace_back("held_cash", r.held_cash.ToString());
  out.figures.emplace_back("held_units", r.held_units.ToString());
  out.steps.push_back(StrCat("held for ", frozen.ToString(), " frozen units: cash ", r.held_cash.ToString(), ", units ",
                             r.held_units.ToString()));
  return out;
}

absl::StatusOr<AgeRule> ReadAge(const Options& o, const std::string& missing) {
  FC_ASSIGN_OR_RETURN(const std::string word, o.Word("age", {missing, missing == "own" ? "carried" : "own"}));
  return word == "carried" ? AgeRule::kCarried : AgeRule::kOwn;
}

void ArrivalFigures(const std::vector<Lot>& lots, CalcResult* out) {
  for (size_t i = 0; i < lots.size(); ++i) {
    out->figures.emplace_back(StrCat("in_lot_", i + 1),
                              StrCat(lots[i].units.ToString(), " units of ", lots[i].registered.Iso(),
                                     lots[i].bought_at.is_zero() ? "" : StrCat(" at ", lots[i].bought_at.ToString())));
  }
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
  FC_ASSIGN_OR_RETURN(const FeeBounds bounds, ReadBounds(o));
  FC_ASSIGN_OR_RETURN(const std::string form, o.Word("form", {"rates", "fees"}));
  FC_ASSIGN_OR_RETURN(const AgeRule age, ReadAge(o, "own"));
  t.form = form == "fees" ? DifferenceForm::kFees : DifferenceForm::kRates;
  t.method = o.Has("inside") ? FeeMethod::kInside : FeeMethod::kOutside;
  FC_ASSIGN_OR_RETURN(const RedemptionSplit split,
                      SplitRedemption(in.lots, in.units, nav_out, in.tiers, in.confirm,
                                      {.order = o.Has("newest-first") ? LotOrder::kNewestFirst : LotOrder::kOldestFirst,
                                       .rounding = t.rounding, .bounds = bounds}));
  FC_ASSIGN_OR_RETURN(const ConversionResult r, ComputeConversion(split, t));
  CalcResult out{{{"gross", r.gross.ToString()}, {"redemption_fee", r.redemption_fee.ToString()},
                  {"difference_fee", r.difference_fee.ToString()}, {"in", r.in.ToString()},
                  {"fund_part", r.fund_part.ToString()}}, {}};
  RedemptionSteps(in.lots, split, in.units, nav_out, t.rounding, o.Has("lot"), &out);
  if (t.form == DifferenceForm::kRates) {
    const Rate d = PurchaseFee::OfRate(std::max(Rate(), t.fee_in.rate - t.fee_out.rate)).Discounted(t.discount);
    out.steps.push_back(StrCat("difference fee = ", split.net.ToString(), " × ", d.ToPercent(), " ÷ (1 + ", d.ToPercent(),
                               ") = ", r.difference_fee.ToString(), " (", RoundingName(t.rounding.fee), ")"));
  } else {
    out.steps.push_back(StrCat("difference fee = fee of the target − fee of the source on ", split.net.ToString(), " = ",
                               r.difference_fee.ToString()));
  }
  out.steps.push_back(StrCat("in = ", split.net.ToString(), " − ", r.difference_fee.ToString(), " = ", r.in.ToString()));
  if (o.Has("nav-in")) {
    out.figures.emplace_back("units", r.units.ToString());
    out.steps.push_back(UnitsStep(r.in, t.nav_in, r.units, r.refund, t.rounding));
  }
  if (o.Has("whole-units")) out.figures.emplace_back("refund", r.refund.ToString());
  if (!o.Has("lot")) return out;
  LotFigures(split, &out);
  if (!o.Has("nav-in") || !r.units.is_positive()) return out;
  FC_ASSIGN_OR_RETURN(const std::vector<Lot> arrived,
                      LotsFrom(in.lots, split, r.units, {.age = age, .confirmed = in.confirm, .bought_at = t.nav_in}));
  ArrivalFigures(arrived, &out);
  return out;
}

// Units that move without a price: which lots leave, and what arrives.
absl::StatusOr<CalcResult> Transfer(const Options& o) {
  FC_ASSIGN_OR_RETURN(const std::vector<Lot> lots, ReadLots(o));
  if (lots.empty()) return Wrong("option --lot is missing");
  Units all;
  for (const Lot& lot : lots) all += lot.units;
  FC_ASSIGN_OR_RETURN(const Units units, o.Get<Units>("units", all));
  FC_ASSIGN_OR_RETURN(const Date confirm, o.Get<Date>("confirm"));
  FC_ASSIGN_OR_RETURN(const AgeRule age, ReadAge(o, "carried"));
  FC_ASSIGN_OR_RETURN(const RedemptionSplit split,
                      SplitRedemption(lots, units, Nav::Whole(1), {}, confirm,
                                      {.order = o.Has("newest-first") ? LotOrder::kNewestFirst : LotOrder::kOldestFirst}));
  FC_ASSIGN_OR_RETURN(const std::vector<Lot> arrived, LotsFrom(lots, split, units, {.age = age, .confirmed = confirm}));
  CalcResult out{{{"units", units.ToString()}}, {}};
  ArrivalFigures(arrived, &out);
  for (const RedemptionPart& p : split.parts) {
    out.steps.push_back(StrCat(p.units.ToString(), " units leave lot ", p.lot + 1, " of ", lots[p.lot].registered.Iso()));
  }
  return out;
}

absl::StatusOr<CalcResult> LastDay(const Options& o) {
  FC_ASSIGN_OR_RETURN(const Money amount, o.Get<Money>("amount"));
  FC_ASSIGN_OR_RETURN(const RoundingRules rounding, ReadRounding(o));
  if (o.Has("ratio")) {
    FC_ASSIGN_OR_RETURN(const Rate ratio, o.Get<Rate>("ratio"));
    FC_RETURN_IF_ERROR(CheckShareOfAll("ratio", ratio));
    const Money confirmed = ApplyRate(amount, ratio, rounding.value);
    return CalcResult{{{"confirmed", confirmed.ToString()}, {"refund", (amount - confirmed).ToString()}},
                      {StrCat(amount.ToString(), " × ", ratio.ToPercent(), " = ", confirmed.ToString())}};
  }
  FC_ASSIGN_OR_RETURN(const Money cap, o.Get<Money>("cap"));
  FC_ASSIGN_OR_RETURN(const Money earlier, o.Get<Money>("earlier", Money()));
  FC_ASSIGN_OR_RETURN(const Money applied, o.Get<Money>("applied"));
  FC_ASSIGN_OR_RETURN(const LastDayRatio ratio, MakeLastDayRatio(cap, earlier, applied));
  const Money confirmed = ratio.Confirmed(amount, rounding.value);
  return CalcResult{{{"confirmed", confirmed.ToString()}, {"refund", (amount - confirmed).ToString()},
                     {"sale_percent", ratio.SalePercent(rounding.value).ToString()}},
                    {StrCat(amount.ToString(), " × ", ratio.room.ToString(), " ÷ ", applied.ToString(), " = ",
                            confirmed.ToString(), ratio.IsFull() ? " (no cut)" : "")}};
}

absl::StatusOr<CalcResult> Days(const Options& o) {
  FC_ASSIGN_OR_RETURN(const Date from, o.Get<Date>("from"));
  FC_ASSIGN_OR_RETURN(const Date to, o.Get<Date>("to"));
  if (to < from) return Wrong(StrCat("--to ", to.Iso(), " is before --from ", from.Iso()));
  CalcResult out{{{"days_held", StrCat(HoldingDays(from, to))}}, {}};
  if (!o.Has("tiers")) return out;
  FC_ASSIGN_OR_RETURN(const std::vector<RedemptionTier> tiers, ReadRedemptionTiers(o, "tiers", Rate()));
  const RedemptionTier* tier = FindRedemptionTier(tiers, HoldingDays(from, to));
  if (!tier) return Wrong(StrCat("no tier of --tiers covers ", HoldingDays(from, to), " days"));
  out.figures.emplace_back("rate", tier->rate.ToPercent());
  return out;
}

}  // namespace

std::vector<Calculation> TradeCalculations() {
  const std::string rounding(kRoundingUsage);
  return {
      {"subscribe",
       "--amount A --nav N (--rate R | --fixed-fee F | --fees 0-999999.99:1.2%,1000000-:=1000) [--inside] [--discount D] "
       "[--least-rate R] [--least-fee F] [--most-fee F] [--interest I] [--whole-units] " + rounding,
       WithRounding({{"amount"}, {"nav"}, {"rate"}, {"fixed-fee"}, {"fees"}, {"inside", Options::kFlag}, {"discount"},
                     {"least-rate"}, {"least-fee"}, {"most-fee"}, {"interest"}, {"whole-units", Options::kFlag}}),
       Subscribe},
      {"offer-units",
       "--units U [--face N] (--rate R | --fixed-fee F) [--discount D] [--least-rate R] [--least-fee F] [--most-fee F] "
       "[--interest I] [--whole-units] [--rounding …]",
       WithRounding({{"units"}, {"face"}, {"rate"}, {"fixed-fee"}, {"discount"}, {"least-rate"}, {"least-fee"}, {"most-fee"},
                     {"interest"}, {"whole-units", Options::kFlag}}),
       OfferByUnits},
      {"last-day",
       "--amount A (--cap C [--earlier E] --applied L | --ratio R) [--rounding …]",
       WithRounding({{"amount"}, {"cap"}, {"earlier"}, {"applied"}, {"ratio"}}),
       LastDay},
      {"redeem",
       "--nav N (--units U --rate R | --lot UNITS@DATE[@COST] … --confirm DATE --tiers 0-6:1.5%,7-:0.5% [--units U] "
       "[--newest-first]) [--fund-share S] [--least-fee F] [--most-fee F] [--back-load R [--cost NAV] | --back-tiers "
       "0-364:1.8%,365-:0] [--back-load-base cost|value] [--back-load-form on-top|part] [--rounding …]",
       WithRounding({{"units"}, {"nav"}, {"rate"}, {"fund-share"}, {"lot", Options::kMany}, {"confirm"}, {"tiers"},
                     {"newest-first", Options::kFlag}, {"least-fee"}, {"most-fee"}, {"back-load"}, {"cost"}, {"back-tiers"},
                     {"back-load-base"}, {"back-load-form"}}),
       Redeem},
      {"convert",
       "--nav-out N (--units U --redemption-rate R | --lot … --confirm … --tiers … [--newest-first]) [--nav-in N] "
       "[--rate-in R | --fixed-in F] [--rate-out R | --fixed-out F] [--form rates|fees] [--inside] [--discount D] "
       "[--fund-share S] [--least-fee F] [--most-fee F] [--age own|carried] [--whole-units] [--rounding …]",
       WithRounding({{"units"}, {"nav-out"}, {"nav-in"}, {"redemption-rate"}, {"fund-share"}, {"lot", Options::kMany},
                     {"confirm"}, {"tiers"}, {"newest-first", Options::kFlag}, {"rate-in"}, {"fixed-in"}, {"rate-out"},
                     {"fixed-out"}, {"form"}, {"inside", Options::kFlag}, {"discount"}, {"least-fee"}, {"most-fee"}, {"age"},
                     {"whole-units", Options::kFlag}}),
       Convert},
      {"transfer",
       "--lot UNITS@DATE[@COST] … --confirm DATE [--units U] [--age carried|own] [--newest-first]",
       {{"lot", Options::kMany}, {"confirm"}, {"units"}, {"age"}, {"newest-first", Options::kFlag}},
       Transfer},
      {"dividend",
       "--units U --amount YUAN [--per UNITS] [--frozen U] [--reinvest NAV] [--rounding …]",
       WithRounding({{"units"}, {"amount"}, {"per"}, {"frozen"}, {"reinvest"}}),
       DividendPaid},
      {"days", "--from DATE --to DATE [--tiers …]", {{"from"}, {"to"}, {"tiers"}}, Days},
  };
}

}  // namespace fundcore::fundctl
