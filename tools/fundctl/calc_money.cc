// Calculations of money funds, fast redemption and interest on waiting money.
#include "common/fund/fast_redemption.h"
#include "common/fund/income_series.h"
#include "common/fund/interest.h"
#include "tools/fundctl/calc_parts.h"

namespace fundcore::fundctl {
namespace {

// A hundred yuan for 10,000 units is a percent a day: no money fund is near it, and a thousand such days still count.
constexpr int64_t kMostIncome = 100;
constexpr size_t kMostDays = 1000;
constexpr int64_t kMostMoneyUnits = 1'000'000'000'000;

absl::StatusOr<Nav> ParseIncome(const std::string& option, const std::string& text) {
  FC_ASSIGN_OR_RETURN(const Nav income, Options::Parse<Nav>(option, text));
  if (income <= Nav::Whole(kMostIncome) && income >= -Nav::Whole(kMostIncome)) return income;
  return Wrong(StrCat("--", option, " ", text, " for 10,000 units is out of all proportion; check it"));
}

absl::StatusOr<CalcResult> DailyIncome(const Options& o) {
  FC_ASSIGN_OR_RETURN(const Units units, o.Get<Units>("units"));
  FC_ASSIGN_OR_RETURN(const Nav income, o.Get<Nav>("per-10000"));
  FC_ASSIGN_OR_RETURN(const IncomeRest carried, o.Get<IncomeRest>("carried", IncomeRest()));
  FC_ASSIGN_OR_RETURN(const std::string mode, o.Word("mode", {"carry", "cut"}));
  const Income r = ComputeIncome(units, income, carried, mode == "cut" ? IncomeMode::kCut : IncomeMode::kCarry);
  return CalcResult{{{"exact", ExactIncome(units, income)}, {"paid", r.paid.ToString()}, {"rest", r.rest.ToString()}},
                    {StrCat("income = ", units.ToString(), " ÷ 10,000 × ", income.ToString(), " = ", ExactIncome(units, income)),
                     StrCat("paid ", r.paid.ToString(), ", ", mode == "cut" ? "the rest is cut" : "carried on ",
                            mode == "cut" ? "" : r.rest.ToString())}};
}

// "1.28", or "1.28*" for a day after which what is unpaid becomes units.
absl::StatusOr<IncomeDay> ReadIncomeDay(const std::string& text) {
  IncomeDay day;
  std::string figure = text;
  if (figure.ends_with('*')) {
    day.payout = true;
    figure.pop_back();
  }
  FC_ASSIGN_OR_RETURN(day.per_ten_thousand, ParseIncome("day", figure));
  return day;
}

absl::StatusOr<CalcResult> MoneyDays(const Options& o) {
  MoneyFundTerms terms;
  IncomeAccount account;
  FC_ASSIGN_OR_RETURN(account.units, o.Get<Units>("units"));
  if (account.units > Units::Whole(kMostMoneyUnits)) return Wrong("--units is out of all proportion; check it");
  FC_ASSIGN_OR_RETURN(account.rest, o.Get<IncomeRest>("carried", IncomeRest()));
  constexpr int64_t kFen = IncomeRest::kOne / 100;
  if (account.rest.raw() >= kFen || account.rest.raw() <= -kFen) return Wrong("--carried must be below a fen");
  if (o.Has("unpaid")) {
    const auto unpaid = Money::Parse(o.Text("unpaid"));
    if (!unpaid.ok()) return Wrong(StrCat("--unpaid: ", unpaid.status().message()));
    if (*unpaid > Money::Whole(kMostMoneyUnits) || *unpaid < -Money::Whole(kMostMoneyUnits)) {
      return Wrong("--unpaid is out of all proportion; check it");
    }
    account.unpaid = *unpaid;
  }
  FC_ASSIGN_OR_RETURN(const std::string mode, o.Word("mode", {"carry", "cut"}));
  FC_ASSIGN_OR_RETURN(const std::string loss, o.Word("loss", {"cut-units", "wait"}));
  terms.mode = mode == "cut" ? IncomeMode::kCut : IncomeMode::kCarry;
  terms.loss = loss == "wait" ? LossRule::kWait : LossRule::kCutUnits;
  terms.pays_on_full_redemption = !o.Has("keep-on-full");
  IncomeSeries series(terms);
  for (const std::string& text : Split(o.Text("days"), ',')) {
    FC_ASSIGN_OR_RETURN(IncomeDay day, ReadIncomeDay(text));
    day.payout = day.payout || o.Has("pay-daily");
    series.Append(day);
    if (series.size() > kMostDays) return Wrong(StrCat("--days: at most ", kMostDays, " days"));
  }
  // Day by day for the steps; all at once for the figures; both must be one.
  CalcResult out;
  IncomeAccount daily = account;
  for (size_t i = 0; i < series.size(); ++i) {
    const Units before = daily.units;
    EarnDay(&daily, series.day(i), terms);
    out.steps.push_back(StrCat("day ", i + 1, ": ", ExactIncome(before, series.day(i).per_ten_thousand), " on ",
                               before.ToString(), " units; unpaid ", daily.unpaid.ToString(), ", carried ",
                               daily.rest.ToString(), series.day(i).payout ? StrCat(", units ", daily.units.ToString()) : ""));
  }
  series.Advance(&account, series.size());
  FC_CHECK(account == daily, "income settled at once and day by day differ");
  if (o.Has("redeem")) {
    FC_ASSIGN_OR_RETURN(const Units redeemed, o.Get<Units>("redeem"));
    if (!redeemed.is_positive() || redeemed > account.units) {
      return absl::FailedPreconditionError(StrCat("--redeem ", redeemed.ToString(), " of ", account.units.ToString(), " units"));
    }
    const Money with = IncomeOnRedemption(&account, redeemed, terms);
    account.units -= redeemed;
    out.figures.emplace_back("income_with_redemption", with.ToString());
    out.steps.push_back(StrCat("the redemption of ", redeemed.ToString(), " takes income of ", with.ToString(), " with it"));
  }
  out.figures.insert(out.figures.begin(), {{"units", account.units.ToString()}, {"unpaid", account.unpaid.ToString()},
                                           {"rest", account.rest.ToString()}});
  return out;
}

absl::StatusOr<CalcResult> Share(const Options& o) {
  std::vector<Units> holders;
  for (const std::string& text : o.All("holder")) {
    FC_ASSIGN_OR_RETURN(const Units units, Options::Parse<Units>("holder", text));
    holders.push_back(units);
  }
  if (holders.empty()) return Wrong("option --holder is missing");
  FC_ASSIGN_OR_RETURN(const Nav income, ParseIncome("per-10000", o.Text("per-10000")));
  const std::vector<Money> shares = ShareIncome(holders, income);
  CalcResult out;
  Money all;
  for (size_t i = 0; i < shares.size(); ++i) {
    all += shares[i];
    out.figures.emplace_back(StrCat("holder_", i + 1), shares[i].ToString());
    out.steps.push_back(StrCat("holder ", i + 1, ": ", ExactIncome(holders[i], income), " → ", shares[i].ToString()));
  }
  out.figures.emplace_back("all", all.ToString());
  return out;
}

absl::StatusOr<CalcResult> Fast(const Options& o) {
  FastRequest r;
  FastTerms t{.offered = !o.Has("not-offered")};
  FC_ASSIGN_OR_RETURN(r.amount, o.Get<Money>("amount"));
  FC_ASSIGN_OR_RETURN(r.free_units, o.Get<Units>("free-units"));
  FC_ASSIGN_OR_RETURN(r.person_today, o.Get<Money>("person-today", Money()));
  FC_ASSIGN_OR_RETURN(r.advanced, o.Get<Money>("advanced", Money()));
  FC_ASSIGN_OR_RETURN(t.least, o.Get<Money>("least", t.least));
  FC_ASSIGN_OR_RETURN(t.person_a_day, o.Get<Money>("person-a-day", t.person_a_day));
  FC_ASSIGN_OR_RETURN(t.bank_limit, o.Get<Money>("bank-limit"));
  const FastRedemption d = DecideFast(r, t);
  const Money person = t.person_a_day - r.person_today, bank = t.bank_limit - r.advanced;
  return CalcResult{{{"pays", d.refusal == FastRefusal::kNone ? "yes" : "no"}, {"refusal", std::string(FastRefusalName(d.refusal))},
                     {"most", d.most.ToString()}},
                    {StrCat("units allow ", r.free_units.ToString(), ", the person's day ", person.ToString(), ", the bank ",
                            bank.ToString())}};
}

// "10000@30": a balance and the days it stood.
absl::StatusOr<BalanceDays> ReadBalances(const std::string& option, const std::vector<std::string>& texts, Money* last) {
  BalanceDays sum;
  for (const std::string& text : texts) {
    const auto parts = Split(text, '@');
    int64_t days = 0;
    if (parts.size() != 2 || !ReadNumber(parts[1], kNoDayLimit, &days)) {
      return Wrong(StrCat("--", option, " \"", text, "\" is not of the form AMOUNT@DAYS, like 10000@30"));
    }
    FC_ASSIGN_OR_RETURN(*last, Options::Parse<Money>(option, parts[0]));
    sum.Add(*last, static_cast<int32_t>(days));
  }
  return sum;
}

absl::StatusOr<CalcResult> InterestEarned(const Options& o) {
  if (!o.Has("balance")) return Wrong("option --balance is missing");
  Money last;
  FC_ASSIGN_OR_RETURN(const BalanceDays sum, ReadBalances("balance", o.All("balance"), &last));
  FC_ASSIGN_OR_RETURN(const Rate rate, o.Get<Rate>("rate"));
  FC_ASSIGN_OR_RETURN(const int32_t year, o.Number("year", 360, 360, 366));
  FC_ASSIGN_OR_RETURN(const RoundingRules rounding, ReadRounding(o));
  FC_ASSIGN_OR_RETURN(const Money interest, InterestOf(sum, rate, year, rounding.value));
  CalcResult out{{{"interest", interest.ToString()}}, {}};
  if (o.All("balance").size() == 1) out.figures.emplace_back("with_principal", (last + interest).ToString());
  out.steps.push_back(StrCat("Σ balance × days × ", rate.ToPercent(), " ÷ ", year, " = ", interest.ToString(), " (",
                             RoundingName(rounding.value), ")"));
  return out;
}

absl::StatusOr<CalcResult> InterestShared(const Options& o) {
  std::vector<BalanceDays> investors;
  for (const std::string& text : o.All("investor")) {
    Money last;
    FC_ASSIGN_OR_RETURN(const BalanceDays one, ReadBalances("investor", Split(text, '+'), &last));
    investors.push_back(one);
  }
  if (investors.empty()) return Wrong("option --investor is missing");
  FC_ASSIGN_OR_RETURN(const Money total, o.Get<Money>("total"));
  FC_ASSIGN_OR_RETURN(const std::vector<Money> shares, ShareInterest(investors, total));
  CalcResult out;
  for (size_t i = 0; i < shares.size(); ++i) out.figures.emplace_back(StrCat("investor_", i + 1), shares[i].ToString());
  return out;
}

}  // namespace

std::vector<Calculation> MoneyCalculations() {
  return {
      {"income", "--units U --per-10000 YUAN [--carried YUAN] [--mode carry|cut]",
       {{"units"}, {"per-10000"}, {"carried"}, {"mode"}}, DailyIncome},
      {"money",
       "--units U --days 1.28,1.30,3.84* (* = unpaid income becomes units) [--pay-daily] [--mode carry|cut] "
       "[--loss cut-units|wait] [--carried YUAN] [--unpaid YUAN] [--redeem U [--keep-on-full]]",
       {{"units"}, {"days"}, {"pay-daily", Options::kFlag}, {"mode"}, {"loss"}, {"carried"}, {"unpaid"}, {"redeem"},
        {"keep-on-full", Options::kFlag}},
       MoneyDays},
      {"share-income", "--holder UNITS … --per-10000 YUAN", {{"holder", Options::kMany}, {"per-10000"}}, Share},
      {"fast",
       "--amount A --free-units U --bank-limit B [--person-today P] [--advanced S] [--person-a-day 10000] [--least L] "
       "[--not-offered]",
       {{"amount"}, {"free-units"}, {"bank-limit"}, {"person-today"}, {"advanced"}, {"person-a-day"}, {"least"},
        {"not-offered", Options::kFlag}},
       Fast},
      {"interest", "--balance AMOUNT@DAYS … --rate R [--year 360|365|366] [--rounding …]",
       WithRounding({{"balance", Options::kMany}, {"rate"}, {"year"}}), InterestEarned},
      {"share-interest", "--investor AMOUNT@DAYS[+AMOUNT@DAYS…] … --total M", {{"investor", Options::kMany}, {"total"}},
       InterestShared},
  };
}

}  // namespace fundcore::fundctl
