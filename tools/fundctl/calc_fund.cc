// Calculations about a fund as a whole: large redemptions, service fees, the law on fees, and who gets which discount.
#include "common/fund/campaign.h"
#include "common/fund/fee_law.h"
#include "common/fund/large_redemption_days.h"
#include "common/fund/service_fee.h"
#include "tools/fundctl/calc_parts.h"

namespace fundcore::fundctl {
namespace {

absl::StatusOr<CalcResult> Large(const Options& o) {
  FundFlows f;
  FC_ASSIGN_OR_RETURN(const Units before, o.Get<Units>("before"));
  FC_ASSIGN_OR_RETURN(f.redeemed, o.Get<Units>("redeemed", Units()));
  FC_ASSIGN_OR_RETURN(f.converted_out, o.Get<Units>("converted-out", Units()));
  FC_ASSIGN_OR_RETURN(f.purchased, o.Get<Units>("purchased", Units()));
  FC_ASSIGN_OR_RETURN(f.converted_in, o.Get<Units>("converted-in", Units()));
  FC_ASSIGN_OR_RETURN(const Rate threshold, o.Get<Rate>("threshold", kLargeRedemptionShare));
  FC_RETURN_IF_ERROR(CheckShareOfAll("threshold", threshold));
  const bool large = IsLargeRedemption(f, before, threshold);
  return CalcResult{{{"net_outflow", f.NetOutflow().ToString()},
                     {"least_accepted", LeastAccepted(before, threshold).ToString()},
                     {"large", large ? "yes" : "no"}},
                    {StrCat("net outflow = ", f.redeemed.ToString(), " + ", f.converted_out.ToString(), " − ",
                            f.purchased.ToString(), " − ", f.converted_in.ToString(), " = ", f.NetOutflow().ToString()),
                     StrCat(large ? "over " : "not over ", threshold.ToPercent(), " of ", before.ToString(), " = ",
                            LeastAccepted(before, threshold).ToString())}};
}

// "DATE:BEFORE[:WISH[:BOUGHT]]": a day, the units of the day before, what the manager wants to take in all (empty: everything),
// and what was bought and converted in.
struct LargeDayGiven {
  Date day;
  Units before;
  std::optional<Units> wish;
  Units bought;
};

absl::StatusOr<LargeDayGiven> ReadLargeDay(const std::string& text) {
  const auto parts = Split(text, ':');
  const auto date = Date::Parse(parts[0]);
  if (!date.ok() || parts.size() < 2 || parts.size() > 4) {
    return Wrong(StrCat("--day \"", text, "\" is not of the form DATE:UNITS-BEFORE[:ACCEPTED[:BOUGHT]]"));
  }
  LargeDayGiven day{.day = *date};
  FC_ASSIGN_OR_RETURN(day.before, Options::Parse<Units>("day", parts[1]));
  if (parts.size() > 2 && !parts[2].empty()) {
    FC_ASSIGN_OR_RETURN(day.wish, Options::Parse<Units>("day", parts[2]));
  }
  if (parts.size() > 3) {
    FC_ASSIGN_OR_RETURN(day.bought, Options::Parse<Units>("day", parts[3]));
  }
  return day;
}

// "DATE/ID:UNITS[:cancel|defer][:convert]"
absl::StatusOr<RedemptionApplication> ReadApplication(const std::string& text) {
  const auto wrong = [&] {
    return Wrong(StrCat("--application \"", text, "\" is not of the form DATE/ID:UNITS[:cancel|defer][:convert]"));
  };
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return wrong();
  const auto parts = Split(std::string_view(text).substr(slash + 1), ':');
  const auto date = Date::Parse(text.substr(0, slash));
  int64_t id = 0;
  if (!date.ok() || parts.size() < 2 || !ReadNumber(parts[0], INT64_MAX, &id)) return wrong();
  RedemptionApplication a{.id = static_cast<uint64_t>(id), .first_applied = *date};
  FC_ASSIGN_OR_RETURN(a.units, Options::Parse<Units>("application", parts[1]));
  for (size_t i = 2; i < parts.size(); ++i) {
    if (parts[i] == "cancel") {
      a.choice = RestChoice::kCancel;
    } else if (parts[i] == "convert") {
      a.conversion = true;
    } else if (parts[i] != "defer") {
      return wrong();
    }
  }
  return a;
}

absl::StatusOr<CalcResult> LargeDays(const Options& o) {
  FC_ASSIGN_OR_RETURN(const Rate threshold, o.Get<Rate>("threshold", kLargeRedemptionShare));
  FC_RETURN_IF_ERROR(CheckShareOfAll("threshold", threshold));
  FC_ASSIGN_OR_RETURN(const RoundingRules rounding, ReadRounding(o));
  LargeDayTerms terms{.defer_conversions = !o.Has("cancel-conversions")};
  if (o.Has("rounding") || o.Has("round-units")) terms.rounding = rounding.units;
  std::vector<RedemptionApplication> applications;
  Units all;
  for (const std::string& text : o.All("application")) {
    FC_ASSIGN_OR_RETURN(const RedemptionApplication a, ReadApplication(text));
    all += a.units;
    if (!Options::InBounds(all)) return Wrong(StrCat("--application \"", text, "\": that many units are out of all proportion"));
    applications.push_back(a);
  }
  if (applications.empty()) return Wrong("option --application is missing");

  CalcResult out;
  std::vector<RedemptionApplication> rest;
  Date last;
  for (const std::string& text : o.All("day")) {
    FC_ASSIGN_OR_RETURN(const LargeDayGiven given, ReadLargeDay(text));
    if (given.day <= last) return Wrong(StrCat("--day \"", text, "\": days must ascend"));
    last = given.day;
    std::vector<RedemptionApplication> today = rest;
    for (const RedemptionApplication& a : applications) {
      if (a.first_applied == given.day) today.push_back(a);
    }
    if (today.empty()) continue;
    FundFlows flows{.purchased = given.bought};
    for (const RedemptionApplication& a : today) (a.conversion ? flows.converted_out : flows.redeemed) += a.units;
    FC_ASSIGN_OR_RETURN(const Units accepted, AcceptedOn(flows, given.before, threshold, given.wish));
    FC_ASSIGN_OR_RETURN(const LargeDay day, SettleLargeDay(today, accepted, terms));
    const std::string prefix = StrCat(given.day.Iso(), "_");
    const bool large = IsLargeRedemption(flows, given.before, threshold);
    out.figures.emplace_back(prefix + "large", large ? "yes" : "no");
    out.figures.emplace_back(prefix + "applied", day.applied.ToString());
    out.figures.emplace_back(prefix + "confirmed", day.confirmed.ToString());
    out.steps.push_back(StrCat(given.day.Iso(), ": net outflow ", flows.NetOutflow().ToString(), large ? " is over " : " is not over ",
                               threshold.ToPercent(), " of ", given.before.ToString(), "; ", accepted.ToString(), " of ",
                               day.applied.ToString(), " accepted"));
    for (size_t i = 0; i < today.size(); ++i) {
      const SettledApplication& s = day.settled[i];
      out.figures.emplace_back(StrCat(prefix, s.id),
                               StrCat("confirmed ", s.confirmed.ToString(), ", deferred ", s.deferred.ToString(), ", cancelled ",
                                      s.cancelled.ToString(), ", first applied ", today[i].first_applied.Iso()));
    }
    rest = day.rest;
  }
  Units open;
  for (const RedemptionApplication& a : rest) open += a.units;
  out.figures.emplace_back("still_deferred", open.ToString());
  return out;
}

absl::StatusOr<ServiceFeeTerms> ReadServiceFeeTerms(const Options& o) {
  ServiceFeeTerms t;
  FC_ASSIGN_OR_RETURN(t.days_a_year, o.Number("year", 365, 360, 366));
  FC_ASSIGN_OR_RETURN(t.free_after_days, o.Number("free-after", 365, 0, kNoDayLimit));
  FC_ASSIGN_OR_RETURN(const RoundingRules rounding, ReadRounding(o));
  t.rounding = rounding.fee;
  return t;
}

absl::StatusOr<CalcResult> ServiceFee(const Options& o) {
  FC_ASSIGN_OR_RETURN(const Money assets, o.Get<Money>("assets"));
  FC_ASSIGN_OR_RETURN(const Rate rate, o.Get<Rate>("rate"));
  FC_RETURN_IF_ERROR(CheckShareOfAll("rate", rate));
  FC_ASSIGN_OR_RETURN(const ServiceFeeTerms t, ReadServiceFeeTerms(o));
  const Money fee = DailyServiceFee(assets, rate, t);
  return CalcResult{{{"fee", fee.ToString()}},
                    {StrCat(assets.ToString(), " × ", rate.ToPercent(), " ÷ ", t.days_a_year, " = ", fee.ToString())}};
}

absl::StatusOr<CalcResult> ServiceFeeGivenBack(const Options& o) {
  FC_ASSIGN_OR_RETURN(const std::vector<Lot> lots, ReadLots(o));
  if (lots.empty()) return Wrong("option --lot is missing");
  FC_ASSIGN_OR_RETURN(const Date left, o.Get<Date>("left"));
  FC_ASSIGN_OR_RETURN(const Rate rate, o.Get<Rate>("rate"));
  FC_ASSIGN_OR_RETURN(const ServiceFeeTerms t, ReadServiceFeeTerms(o));
  std::vector<DatedNav> prices;
  for (const std::string& text : o.All("price")) {
    const auto parts = Split(text, '@');
    const auto day = Date::Parse(parts.back());
    if (parts.size() != 2 || !day.ok()) return Wrong(StrCat("--price \"", text, "\" is not of the form NAV@DATE"));
    FC_ASSIGN_OR_RETURN(const Nav nav, Options::Parse<Nav>("price", parts[0]));
    prices.push_back({*day, nav});
  }
  CalcResult out;
  Money all;
  for (size_t i = 0; i < lots.size(); ++i) {
    FC_ASSIGN_OR_RETURN(const ServiceFeeBack back, ServiceFeeRefund(lots[i].units, lots[i].registered, left, prices, rate, t));
    all += back.refund;
    out.figures.emplace_back(StrCat("lot_", i + 1), StrCat(back.refund.ToString(), " for ", back.days, " days"));
    out.steps.push_back(StrCat("lot ", i + 1, ": ", lots[i].units.ToString(), " units of ", lots[i].registered.Iso(), ", ", back.days,
                               " days beyond ", t.free_after_days, ": Σ units × price × ", rate.ToPercent(), " ÷ ", t.days_a_year,
                               " = ", back.refund.ToString()));
  }
  out.figures.emplace_back("refund", all.ToString());
  return out;
}

absl::StatusOr<CalcResult> FeeLaw(const Options& o) {
  FeeSchedule s;
  FeeLawFacts f;
  FC_ASSIGN_OR_RETURN(const std::string fund, o.Word("fund", {"other-mixed", "active-equity", "index", "bond", "money", "etf", "certificates"}));
  for (const LawFund kind : {LawFund::kActiveEquity, LawFund::kOtherMixed, LawFund::kIndex, LawFund::kBond, LawFund::kMoney,
                             LawFund::kEtf, LawFund::kCertificates}) {
    if (fund == LawFundName(kind)) f.fund = kind;
  }
  FC_ASSIGN_OR_RETURN(s.effective_from, o.Get<Date>("from"));
  FC_ASSIGN_OR_RETURN(f.moved, o.Get<Date>("moved", kFeeLaw2026));
  FC_ASSIGN_OR_RETURN(f.service_fee, o.Get<Rate>("service-fee", Rate()));
  f.service_fee_ends_after_a_year = o.Has("service-fee-ends");
  FC_ASSIGN_OR_RETURN(const InvestorType investor, ReadInvestor(o));
  FC_ASSIGN_OR_RETURN(const Rate share, o.Get<Rate>("fund-share", Rate()));
  FC_ASSIGN_OR_RETURN(s.redemption, ReadRedemptionTiers(o, "tiers", share));
  FC_ASSIGN_OR_RETURN(s.purchase, ReadPurchaseTiers(o, "fees"));
  FC_RETURN_IF_ERROR(s.Validate());
  const std::vector<FeeFinding> findings = CheckFeeLaw(s, f, investor);
  CalcResult out{{{"findings", StrCat(findings.size())}}, {}};
  for (size_t i = 0; i < findings.size(); ++i) {
    out.figures.emplace_back(StrCat("finding_", i + 1), StrCat(findings[i].rule, ": ", findings[i].text));
  }
  return out;
}

// "name=spring;from=2026-03-01;to=2026-03-31;discount=0.1;channel=app;funds=110022/110023;businesses=22/39;
//  investors=individual;from-amount=1000"
absl::StatusOr<Campaign> ReadCampaign(const std::string& text) {
  Campaign c;
  for (const std::string& part : Split(text, ';')) {
    const size_t equals = part.find('=');
    const std::string key = part.substr(0, equals), value = equals == std::string::npos ? "" : part.substr(equals + 1);
    const auto date = [&](Date* day) -> absl::Status {
      FC_ASSIGN_OR_RETURN(*day, Options::Parse<Date>("campaign", value));
      return absl::OkStatus();
    };
    if (key == "name") {
      c.name = value;
    } else if (key == "from") {
      FC_RETURN_IF_ERROR(date(&c.from));
    } else if (key == "to") {
      FC_RETURN_IF_ERROR(date(&c.to));
    } else if (key == "discount") {
      FC_ASSIGN_OR_RETURN(c.discount, Options::Parse<Discount>("campaign", value));
    } else if (key == "channel") {
      c.channel = value;
    } else if (key == "funds") {
      c.funds = Split(value, '/');
    } else if (key == "businesses") {
      for (const std::string& code : Split(value, '/')) {
        int64_t number = 0;
        if (!ReadNumber(code, 999, &number)) return Wrong(StrCat("--campaign: business \"", code, "\" is not a code"));
        c.businesses.push_back(static_cast<uint16_t>(number));
      }
    } else if (key == "investors") {
      FC_ASSIGN_OR_RETURN(c.investors, ParseInvestor(value));
    } else if (key == "from-amount") {
      FC_ASSIGN_OR_RETURN(c.from_amount, Options::Parse<Money>("campaign", value));
    } else {
      return Wrong(StrCat("--campaign \"", text, "\": unknown key \"", key,
                          "\"; known are name from to discount channel funds businesses investors from-amount"));
    }
  }
  FC_RETURN_IF_ERROR(c.Validate());
  return c;
}

absl::StatusOr<CalcResult> DiscountFor(const Options& o) {
  Occasion occasion;
  const std::string channel = o.Text("channel"), fund = o.Text("fund");
  occasion.channel = channel;
  occasion.fund = fund;
  FC_ASSIGN_OR_RETURN(occasion.day, o.Get<Date>("day"));
  FC_ASSIGN_OR_RETURN(occasion.amount, o.Get<Money>("amount", Money()));
  FC_ASSIGN_OR_RETURN(const int32_t business, o.Number("business", 22, 1, 999));
  occasion.business = static_cast<uint16_t>(business);
  FC_ASSIGN_OR_RETURN(occasion.investor, ReadInvestor(o));
  FC_ASSIGN_OR_RETURN(const Discount house, o.Get<Discount>("house", Discount()));
  FC_RETURN_IF_ERROR(CheckShareOfAll("house", house));
  FC_ASSIGN_OR_RETURN(PurchaseFee fee, ReadFee(o, "rate", "fixed-fee", true));
  FC_ASSIGN_OR_RETURN(fee.least_rate, o.Get<Rate>("least-rate", Rate()));
  std::vector<Campaign> campaigns;
  CalcResult out;
  for (const std::string& text : o.All("campaign")) {
    FC_ASSIGN_OR_RETURN(const Campaign c, ReadCampaign(text));
    campaigns.push_back(c);
    out.steps.push_back(StrCat(c.name, ": ", Applies(c, occasion) ? StrCat("applies, ", c.discount.ToString()) : "does not apply"));
  }
  const Deal deal = BestDeal(campaigns, occasion, house);
  out.figures = {{"discount", deal.discount.is_zero() ? "none" : deal.discount.ToString()},
                 {"by", deal.campaign ? deal.campaign->name : deal.discount.is_zero() ? "" : "house"}};
  if (fee.fixed) {
    out.figures.emplace_back("fixed_fee", fee.fixed->ToString());
    out.steps.push_back("a fixed fee is not discounted");
  } else {
    out.figures.emplace_back("rate", fee.Discounted(deal.discount).ToPercent());
    out.steps.push_back(StrCat(fee.rate.ToPercent(), " × ", out.figures[0].second, ", not below ", fee.least_rate.ToPercent(), " = ",
                               fee.Discounted(deal.discount).ToPercent()));
  }
  return out;
}

}  // namespace

std::vector<Calculation> FundCalculations() {
  return {
      {"large",
       "--before U [--redeemed U] [--converted-out U] [--purchased U] [--converted-in U] [--threshold 10%]",
       {{"before"}, {"redeemed"}, {"converted-out"}, {"purchased"}, {"converted-in"}, {"threshold"}},
       Large},
      {"large-days",
       "--application DATE/ID:UNITS[:cancel|defer][:convert] … --day DATE:UNITS-BEFORE[:ACCEPTED[:BOUGHT]] … "
       "[--threshold 10%] [--cancel-conversions] [--round-units truncate|half-up]",
       WithRounding({{"application", Options::kMany}, {"day", Options::kMany}, {"threshold"},
                     {"cancel-conversions", Options::kFlag}}),
       LargeDays},
      {"service-fee", "--assets A --rate R [--year 365] [--rounding …]", WithRounding({{"assets"}, {"rate"}, {"year"}, {"free-after"}}),
       ServiceFee},
      {"service-fee-refund",
       "--lot UNITS@DATE … --left DATE --price NAV@DATE … --rate R [--year 365] [--free-after 365] [--rounding …]",
       WithRounding({{"lot", Options::kMany}, {"left"}, {"price", Options::kMany}, {"rate"}, {"year"}, {"free-after"}}),
       ServiceFeeGivenBack},
      {"fee-law",
       "--fund active-equity|other-mixed|index|bond|money|etf|certificates --from DATE [--moved DATE] [--investor individual|"
       "institution|product] [--tiers …] [--fund-share S] [--fees …] [--service-fee R] [--service-fee-ends]",
       {{"fund"}, {"from"}, {"moved"}, {"investor"}, {"tiers"}, {"fund-share"}, {"fees"}, {"service-fee"},
        {"service-fee-ends", Options::kFlag}},
       FeeLaw},
      {"discount",
       "--day DATE --rate R [--least-rate R] [--house D] [--channel C] [--fund F] [--business 22] [--investor …] [--amount A] "
       "--campaign 'name=N;from=DATE;to=DATE;discount=D[;channel=C][;funds=F/F][;businesses=22/39][;investors=I]"
       "[;from-amount=A]' …",
       {{"day"}, {"rate"}, {"fixed-fee"}, {"least-rate"}, {"house"}, {"channel"}, {"fund"}, {"business"}, {"investor"}, {"amount"},
        {"campaign", Options::kMany}},
       DiscountFor},
  };
}

}  // namespace fundcore::fundctl
