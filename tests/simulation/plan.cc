// Draws.
#include "tests/simulation/plan.h"

#include <algorithm>
#include <iterator>

#include "common/base/check.h"
#include "common/base/status.h"
#include "tests/simulation/plan_parts.h"
#include "tools/fundcore/system.h"

namespace fundcore::simulation {
namespace {

using dayrun::GivenFund;
using dayrun::GivenInvestor;
using dayrun::GivenTa;

// Ordinary weeks, eves of holidays, make-up weekends, days when only Hong Kong is closed, the turn of the year.
constexpr int32_t kStarts[] = {20250123, 20250303, 20250402, 20250416, 20250424, 20250428,
                               20250529, 20250626, 20250925, 20250929, 20251229, 20240207};

constexpr int kDaysOfARest = 14;  // a tenth a day, and a tenth of what is left: after so many nothing is

const TradingCalendar& Find(const CalendarSet& set, std::string_view name) {
  const TradingCalendar* found = set.Find(name.empty() ? "XSHG" : name);
  FC_CHECK(found, "no calendar ", name);
  return *found;
}

template <class T>
const T& Pick(SeededRandom& r, const std::vector<T>& from) {
  return from[r.Below(from.size())];
}

GivenTa DrawTa(SeededRandom& r, int i) {
  GivenTa ta;
  ta.code = Pick<std::string>(r, {StrCat(i + 1, i + 1), StrCat("0", i + 3), StrCat("A", i)});
  ta.distributor = "301";
  ta.version = Pick<std::string>(r, {"20", "21", "21", "22", "22"});
  ta.cutoff = Pick<TimeOfDay>(r, {TimeOfDay::Hms(15, 0), TimeOfDay::Hms(15, 0), TimeOfDay::Hms(14, 30)});
  ta.export_by = Pick<TimeOfDay>(r, {TimeOfDay::Hms(18, 0), TimeOfDay::Hms(20, 30)});
  ta.same_day_orders = r.Below(10) != 0;
  ta.index = true;  // the stand-in takes nothing that no index lists
  return ta;
}

}  // namespace

GivenFund DrawFund(SeededRandom& r, int i, const GivenTa& ta, const std::vector<Date>& navs) {
  GivenFund f;
  f.code = StrCat(110001 + 7 * i);
  f.ta = ta.code;
  f.risk_grade = static_cast<int>(1 + r.Below(4));
  f.calendar = ta.calendar;
  f.large_pro_rata = i % 3 == 1;  // and the rest is cancelled, see Investors::Ask
  const bool abroad = r.Below(4) == 0;
  if (abroad) {
    f.kind = "qdii";
    f.calendar = "SHHK";
    f.confirm_days = 2;
    f.purchase_pay_days = 3;
    f.redemption_pay_days = static_cast<int>(4 + r.Below(3));
  } else {
    f.kind = Pick<std::string>(r, {"equity", "mixed", "bond", "index"});
    f.purchase_pay_days = static_cast<int>(1 + r.Below(2));
    f.redemption_pay_days = static_cast<int>(2 + r.Below(2));
  }
  f.minimum = Money::Whole(Pick<int64_t>(r, {1, 10, 100, 1000}));
  f.additional = r.Below(3) == 0 ? Money::Whole(1) : f.minimum;
  if (r.Below(3) == 0) f.maximum = Money::Whole(20'000);
  f.min_redemption = Units::Whole(Pick<int64_t>(r, {0, 1, 10}));
  switch (r.Below(4)) {
    case 0: break;  // no fee
    case 1: f.purchase.push_back({Money(), Money(), Rate::Ppm(12'000), Money()}); break;
    case 2:
      f.purchase.push_back({Money(), Money::FromRaw(999'999), Rate::Ppm(15'000), Money()});
      f.purchase.push_back({Money::Whole(10'000), Money(), Rate::Ppm(8'000), Money()});
      break;
    case 3:
      f.purchase.push_back({Money(), Money::FromRaw(1'999'999), Rate::Ppm(10'000), Money()});
      f.purchase.push_back({Money::Whole(20'000), Money(), Rate(), Money::Whole(150)});
      break;
  }
  if (r.Below(3) != 0) {
    f.redemption.push_back({0, 6, Rate::Ppm(15'000), Rate::Ppm(1'000'000)});
    f.redemption.push_back({7, 29, Rate::Ppm(7'500), Rate::Ppm(1'000'000)});
    f.redemption.push_back({30, 99999, Rate::Ppm(5'000), Rate::Ppm(250'000)});
  }
  f.inside = r.Below(4) == 0;
  if (r.Below(2) == 0) f.discount = Pick<Rate>(r, {Rate::Ppm(100'000), Rate::Ppm(400'000)});
  f.cut_units = r.Below(3) == 0;
  f.cut_fee = r.Below(4) == 0;
  f.whole_units = f.kind == "index" && r.Below(2) == 0;
  if (f.whole_units) f.minimum = f.additional = Money::Whole(100);  // buys one unit at any price drawn here
  f.lifo = r.Below(5) == 0;
  int64_t nav = 50'000'000 + 10'000 * static_cast<int64_t>(r.Below(20'000));
  for (Date d : navs) {
    // What whole units cost is a whole number of fen, so that there is nothing to round differently.
    if (f.whole_units) nav -= nav % 1'000'000;
    f.navs.push_back({d, Nav::FromRaw(nav)});
    nav += 10'000 * (static_cast<int64_t>(r.Below(400)) - 195);
    nav = std::max<int64_t>(nav, 10'000'000);
  }
  // Without a further draw, so that other plans stay what they were: one fund in five has a quota, one in five a limit of the day.
  const int64_t first = f.navs.empty() ? 0 : f.navs.front().nav.raw() / 10'000;
  if (first % 5 == 1) f.quota = Money::Whole(60'000);
  if (first % 5 == 2) f.day_limit = Money::Whole(20'000);
  return f;
}

namespace {

// One fund in three is a money fund: its days earn, and what they earned becomes units. From a stream of its own, so that all
// else that a seed means stays.
void DrawIncome(SeededRandom& r, const Date first, GivenFund* f) {
  const bool drawn = r.Below(3) == 0;
  if (!drawn || f->kind == "qdii" || f->whole_units) return;
  f->kind = "money";
  f->remainder = Pick<std::string>(r, {"carry", "carry", "cut", "share"});
  f->payout_day = r.Below(2) == 0 ? 0 : r.Below(6) == 0 ? 31 : static_cast<int>(1 + r.Below(28));
  f->loss_waits = r.Below(2) == 0;
  f->keeps_income = r.Below(3) == 0;
  for (int i = -2; i < 30; ++i) {
    // Losses only where they cancel no units: the judge takes what an investor saw for what there is.
    const bool loss = f->loss_waits && r.Below(5) == 0;
    const int64_t income = 10'000 * static_cast<int64_t>(r.Below(40'000));
    f->incomes.push_back({first.AddDays(i), Nav::FromRaw(loss ? -income : income)});
  }
}

// In two worlds of three, ways between funds of one institution that trade on the same days. Whole units are left out: what a
// part of them spends, no rule foresees.
void DrawConversions(const Options& options, dayrun::Script* script) {
  SeededRandom r = RandomFor(options.seed, Stream::kConversions);
  if (r.Below(3) == 0) return;
  std::vector<GivenFund*> funds;
  for (auto& [line, given] : script->given)
    if (auto* f = std::get_if<GivenFund>(&given)) funds.push_back(f);
  for (GivenFund* from : funds) {
    for (GivenFund* to : funds) {
      const bool drawn = r.Below(2) == 0, by_fees = r.Below(3) == 0;
      if (from == to || from->ta != to->ta || from->calendar != to->calendar) continue;
      // Money funds have their own days.
      if (from->whole_units || to->whole_units || !from->incomes.empty() || !to->incomes.empty()) continue;
      if (drawn) from->conversions.push_back({.target = to->code, .by_fees = by_fees});
    }
  }
}

// Each kind is on in about half of the runs; one run in twelve has none, one in twelve has all.
std::bitset<kFaults> DrawFaults(SeededRandom& r) {
  std::bitset<kFaults> on;
  const uint64_t mood = r.Below(12);
  for (size_t i = 0; i < static_cast<size_t>(kFirstClusterFault); ++i) {
    const bool drawn = r.Below(100) < 45;
    on[i] = mood == 0 ? false : mood == 1 ? true : drawn;
  }
  return on;
}

// One process in four of five runs; else a few, of which each plays everything, or what is drawn for it.
void DrawNodes(const Options& options, Plan* plan) {
  constexpr ServiceId kRoles[] = {ServiceId::kTrade, ServiceId::kAccount,  ServiceId::kProduct,
                                  ServiceId::kRisk,  ServiceId::kClearing, ServiceId::kSimBank};
  SeededRandom r = RandomFor(options.seed, Stream::kCluster);
  const bool several = r.Below(5) == 0;
  const int drawn = static_cast<int>(2 + r.Below(3));
  const int nodes = options.nodes > 0 ? options.nodes : several && options.plant.empty() ? drawn : 1;
  std::bitset<kFaults> on;
  for (size_t i = static_cast<size_t>(kFirstClusterFault); i <= static_cast<size_t>(kLastClusterFault); ++i)
    on[i] = r.Below(100) < 60;
  if (nodes == 1) return;
  if (plan->faults.any()) plan->faults |= on & ~options.without;
  const bool everybody_plays_all = r.Below(2) == 0;
  plan->nodes.resize(static_cast<size_t>(nodes));
  if (everybody_plays_all) return;
  for (ServiceId service : kRoles) {
    const uint64_t sure = r.Below(plan->nodes.size());
    for (size_t n = 0; n < plan->nodes.size(); ++n)
      if (n == sure || r.Below(2) == 0) plan->nodes[n].insert(service);
  }
  // No role at all would mean every role: that one plays the clock's partition alone.
  for (auto& roles : plan->nodes) roles.insert(ServiceId::kSystem);
}

// What institutions start by themselves, in two of five runs; their dividends, known from the first day on.
void DrawStarts(const Options& options, Plan* plan) {
  constexpr size_t kIndex = static_cast<size_t>(Fault::kTaStarts);
  SeededRandom r = RandomFor(options.seed, Stream::kStarts);
  if (r.Below(5) >= 2 || plan->faults.none() || options.without[kIndex] || !options.plant.empty()) return;
  plan->faults.set(kIndex);
  std::vector<dayrun::PaysDividend> dividends;
  for (const GivenFund* fund : plan->funds()) {
    const bool pays = r.Below(2) == 0;
    const Date record = plan->days[r.Below(plan->days.size())];
    const Money amount = Money::FromRaw(static_cast<int64_t>(1 + r.Below(20)));
    const TradingCalendar& calendar = plan->CalendarOf(*fund);
    if (!pays || !*calendar.IsOpen(record)) continue;
    dividends.push_back({fund->ta, fund->code, amount, record, record, *calendar.AddOpenDays(record, fund->confirm_days + 2)});
  }
  for (dayrun::PaysDividend& d : dividends) {
    dayrun::Line line;
    line.at = plan->script.start;
    line.statements.emplace_back(std::move(d));
    plan->script.lines.push_back(std::move(line));
  }
}

// In one world of three, savings whose debits fall on the days of the run, or on the first days after it.
void DrawSavings(const Options& options, Plan* plan) {
  SeededRandom r = RandomFor(options.seed, Stream::kSavings);
  if (r.Below(3) != 0 || !options.plant.empty()) return;
  const auto funds = plan->funds();
  const Date first = plan->days.front(), last = plan->days.back();
  for (uint64_t n = 2 + r.Below(2 + plan->investors().size() / 2); n > 0; --n) {
    Savings s;
    s.request = StrCat("savings-", plan->seed, "-", n);
    s.investor = r.Below(plan->investors().size());
    const GivenFund& fund = *funds[r.Below(funds.size())];
    s.fund = fund.code;
    // Any day counts, so that debits move over weekends and holidays.
    const Date on = first.AddDays(static_cast<int>(1 + r.Below(4)));
    s.monthly = r.Below(3) == 0;
    s.day = s.monthly ? (r.Below(4) == 0 ? 31 : on.raw() % 100) : on.weekday() + 1;
    s.first = first.AddDays(static_cast<int>(1 + r.Below(2)));
    s.last = std::max(s.first, std::max(on, last));
    s.redemption = r.Below(4) == 0;
    s.to_target = !s.redemption && r.Below(4) == 0;
    const int64_t size = static_cast<int64_t>(100 + r.Below(4'000));
    (s.redemption ? s.units_e2 : s.amount_fen) = size * 100;
    s.mismatch_confirmed = r.Below(2) == 0;
    s.made_at = TimePoint::At(first, TimeOfDay::Hms(8, 30)) + Duration::Seconds(static_cast<int64_t>(r.Below(14 * 3600)));
    if (r.Below(6) == 0)
      s.ended_at = s.made_at + Duration::Seconds(static_cast<int64_t>(3'600 + r.Below(2) * 3'600 * 24 + r.Below(14 * 3600)));
    plan->savings.push_back(std::move(s));
  }
}

// Only where asked for (--rests), because there is no bound on the days that it takes: where nearly all leave a fund at once, a tenth
// of what is left a day comes to no end within a run. In one world of two where institutions take nothing on their own and accounts stay as they are: what is taken from under a
// deferred rest leaves the stand-in nothing to answer with. A rest takes a tenth of the fund a day, so prices reach further.
void DrawDeferrals(const Options& options, Plan* plan) {
  SeededRandom r = RandomFor(options.seed, Stream::kDeferrals);
  if (r.Below(2) != 0 || !options.plant.empty() || !options.rests) return;
  for (Fault f : {Fault::kTaForced, Fault::kTaStarts, Fault::kTaWrongRegister, Fault::kAccounts})
    if (plan->Has(f)) return;
  plan->defers = true;
  for (auto& [line, given] : plan->script.given) {
    auto* f = std::get_if<GivenFund>(&given);
    if (!f) continue;
    for (int n = 0; n < kDaysOfARest; ++n)
      f->navs.push_back({*Find(plan->script.calendars, "XSHG").Next(f->navs.back().day), f->navs.back().nav});
  }
}

// In two worlds of three that have money funds, these redeem at once. What comes between the payment and the institution's
// answer is for people, so nothing of what is accepted here is refused there.
void DrawFast(const Options& options, Plan* plan) {
  SeededRandom r = RandomFor(options.seed, Stream::kFast);
  const bool drawn = r.Below(3) != 0;
  const int64_t limit = Money::Whole(static_cast<int64_t>(2'000 + r.Below(60'000))).raw();
  if (!drawn || !options.plant.empty()) return;
  for (auto& [line, given] : plan->script.given) {
    auto* f = std::get_if<GivenFund>(&given);
    if (!f || f->incomes.empty()) continue;
    f->fast_bank = "555";
    plan->advances_fen = limit;
  }
  if (plan->advances_fen == 0) return;
  for (Fault f : {Fault::kTaRefuses, Fault::kTaPartial, Fault::kTaWrongRegister, Fault::kTaForced, Fault::kTaStarts, Fault::kAccounts})
    plan->faults.reset(static_cast<size_t>(f));
}

// In one world of three, ways between funds of two institutions. The second one goes by what the first one's file says, so
// nothing is wrong on purpose in files there, nor in registers; late, slow and refused they may be.
void DrawCrossings(const Options& options, Plan* plan) {
  SeededRandom r = RandomFor(options.seed, Stream::kCrossings);
  if (r.Below(3) != 0 || !options.plant.empty()) return;
  std::vector<GivenFund*> funds;
  for (auto& [line, given] : plan->script.given)
    if (auto* f = std::get_if<GivenFund>(&given)) funds.push_back(f);
  for (GivenFund* from : funds) {
    for (GivenFund* to : funds) {
      const bool drawn = r.Below(2) == 0, by_fees = r.Below(3) == 0;
      if (from->ta == to->ta || from->calendar != to->calendar || !drawn) continue;
      if (from->whole_units || to->whole_units || !from->incomes.empty() || !to->incomes.empty()) continue;
      from->conversions.push_back({.target = to->code, .by_fees = by_fees});
      plan->crosses = true;
    }
  }
  if (!plan->crosses) return;
  for (Fault f : {Fault::kTaWrongFigure, Fault::kTaWrongRegister, Fault::kTaMissingLine, Fault::kTaDoubledLine, Fault::kTaDamaged,
                  Fault::kTaConflict, Fault::kTaForced, Fault::kTaStarts, Fault::kAccounts})
    plan->faults.reset(static_cast<size_t>(f));
}

}  // namespace

SeededRandom RandomFor(uint64_t seed, Stream stream) {
  SeededRandom mix(seed * 0x9e3779b97f4a7c15ull + static_cast<uint64_t>(stream) * 0xd1b54a32d192ed03ull);
  return SeededRandom(mix.Next());
}

std::vector<const GivenFund*> Plan::funds() const {
  std::vector<const GivenFund*> out;
  for (const auto& [line, given] : script.given)
    if (const auto* f = std::get_if<GivenFund>(&given); f && !f->offer) out.push_back(f);
  return out;
}

std::vector<const GivenFund*> Plan::offers() const {
  std::vector<const GivenFund*> out;
  for (const auto& [line, given] : script.given)
    if (const auto* f = std::get_if<GivenFund>(&given); f && f->offer) out.push_back(f);
  return out;
}

bool Plan::Calm() const {
  for (size_t i = 0; i < static_cast<size_t>(kFirstBusiness); ++i)
    if (faults[i]) return false;
  return true;
}

std::vector<const GivenInvestor*> Plan::investors() const {
  std::vector<const GivenInvestor*> out;
  for (const auto& [line, given] : script.given)
    if (const auto* i = std::get_if<GivenInvestor>(&given)) out.push_back(i);
  return out;
}

const TradingCalendar& Plan::CalendarOf(const GivenFund& fund) const { return Find(script.calendars, fund.calendar); }
const TradingCalendar& Plan::CalendarOf(const GivenTa& ta) const { return Find(script.calendars, ta.calendar); }

Date Plan::Deadline() const {
  Date latest = days.back();
  for (const GivenFund* f : funds()) {
    // An order after the last cut-off has the next open day; then the fund's own waits; then two days in reserve.
    const int wait = 1 + std::max({f->confirm_days, f->purchase_pay_days, f->redemption_pay_days}) + 3;
    // A debit may be tried on two more open days, and wait for the first of them.
    const int more = (savings.empty() ? 0 : 4) + (crosses ? 3 : 0) + (defers ? kDaysOfARest : 0);
    latest = std::max(latest, *CalendarOf(*f).AddOpenDays(days.back(), wait + more));
  }
  for (const GivenFund* f : offers()) {
    const int wait = std::max(f->purchase_pay_days, f->redemption_pay_days) + 3;
    latest = std::max(latest, *CalendarOf(*f).AddOpenDays(std::max(days.back(), f->offer->result), wait));
  }
  return latest;
}

std::string Plan::Describe() const {
  std::string s = StrCat("seed ", seed, ": ", days.size(), days.size() == 1 ? " day from " : " days from ",
                         days.front().Iso(), ", ", orders_a_day, " orders a day, ", investors().size(), " investors, ",
                         funds().size(), " funds at ", script.tas().size(), " institutions");
  if (crosses) s += ", conversions between institutions";
  if (defers) s += ", rests deferred";
  if (advances_fen != 0) s += StrCat(", redemptions at once up to ", Money::FromRaw(advances_fen).ToString());
  if (!savings.empty()) s += StrCat(", ", savings.size(), " plans");
  if (!nodes.empty()) s += StrCat(", ", nodes.size(), " processes");
  s += "; faults:";
  for (size_t i = 0; i < kFaults; ++i)
    if (faults[i]) s += StrCat(" ", kFaultNames[i]);
  if (faults.none()) s += " none";
  for (size_t n = 0; n < nodes.size(); ++n) {
    s += StrCat("\n  process ", n, ":");
    for (ServiceId service : nodes[n]) s += StrCat(" ", ServiceName(service));
    if (nodes[n].empty()) s += " all services";
  }
  for (const GivenFund* f : offers()) {
    s += StrCat("\n  offer of ", f->code, " at ", f->ta, " calendar ", f->calendar, " T+", f->confirm_days, " up to ", f->offer->last_day.Iso(),
                ", ", f->offer->failed ? "fails " : "result ", f->offer->result.Iso(), " from ", f->offer->effective.Iso(), " at ",
                f->navs.front().nav.ToString(), f->offer->cap.is_positive() ? StrCat(" cap ", f->offer->cap.ToString()) : "", " tiers ",
                f->purchase.size(), f->inside ? " inside" : "", f->cut_units ? " cut units" : "", f->cut_fee ? " cut fee" : "",
                f->offer->opens ? StrCat(" opens ", f->offer->opens->Iso()) : "");
  }
  for (const GivenFund* f : funds()) {
    s += StrCat("\n  fund ", f->code, " at ", f->ta, " version ", TaOf(*f).version, " calendar ", f->calendar, " T+",
                f->confirm_days, "/", f->purchase_pay_days, "/", f->redemption_pay_days, f->inside ? " inside" : "",
                f->cut_units ? " cut units" : "", f->cut_fee ? " cut fee" : "", f->whole_units ? " whole units" : "",
                f->lifo ? " newest first" : "", " discount ", f->discount.ToString(), " tiers ", f->purchase.size(),
                "/", f->redemption.size());
    for (const auto& c : f->conversions) s += StrCat(c.by_fees ? " by fees" : "", " into ", c.target);
  }
  return s;
}

Plan DrawPlan(const Options& options) {
  Plan plan;
  plan.seed = options.seed;
  SeededRandom r = RandomFor(options.seed, Stream::kWorld);
  dayrun::Script& script = plan.script;
  script.path = script.name = StrCat("seed-", options.seed);
  script.calendars = CalendarSet::BuiltIn();
  const TradingCalendar& shanghai = Find(script.calendars, "XSHG");
  auto both = TradingCalendar::Intersect("SHHK", shanghai, Find(script.calendars, "XHKG"));
  FC_CHECK(both.ok(), both.status().ToString());
  script.calendars.Put(*both);
  script.given.emplace_back(0, dayrun::GivenCalendar{"SHHK", *both});

  // Days and sizes are drawn whether or not they are given, so that what comes after is the same.
  const int drawn_days = static_cast<int>(1 + r.Below(5));
  const int drawn_orders = r.Below(40) == 0 ? 2'000 : static_cast<int>(20 + r.Below(r.Below(3) == 0 ? 600 : 180));
  const int days = options.days > 0 ? options.days : drawn_days;
  plan.orders_a_day = options.orders > 0 ? options.orders : drawn_orders;
  const auto from = shanghai.NextOrSame(Date::FromRaw(kStarts[r.Below(std::size(kStarts))]));
  FC_CHECK(from.ok(), from.status().ToString());
  plan.days.push_back(*from);
  while (static_cast<int>(plan.days.size()) < days) {
    const auto next = shanghai.Next(plan.days.back());
    FC_CHECK(next.ok(), "the calendar ends; ask for fewer days");
    plan.days.push_back(*next);
  }
  script.start = TimePoint::At(plan.days.front(), TimeOfDay::Hms(8, 0));

  std::vector<Date> navs;
  for (Date d = plan.days.front(); navs.size() < plan.days.size() + 12; d = *shanghai.Next(d)) navs.push_back(d);
  const int tas = static_cast<int>(1 + r.Below(3));
  std::vector<GivenTa> given;
  for (int i = 0; i < tas; ++i) {
    GivenTa ta = DrawTa(r, i);
    script.given.emplace_back(0, ta);
    given.push_back(std::move(ta));
  }
  const int funds = tas + static_cast<int>(r.Below(4));
  SeededRandom income = RandomFor(options.seed, Stream::kIncome);
  for (int i = 0; i < funds; ++i) {
    GivenFund fund = DrawFund(r, i, given[static_cast<size_t>(i % tas)], navs);
    DrawIncome(income, plan.days.front(), &fund);
    script.given.emplace_back(0, std::move(fund));
  }
  DrawConversions(options, &script);
  plan.careless = r.Below(3) == 0;
  const int investors = std::clamp(drawn_orders / static_cast<int>(3 + r.Below(10)), 4, 300);
  for (int i = 0; i < investors; ++i) {
    GivenInvestor investor;
    investor.name = StrCat("i", i + 1);
    investor.risk_class = r.Below(8) == 0 ? static_cast<int>(r.Below(5)) : 5;
    investor.institution = r.Below(6) == 0;
    for (const GivenTa& ta : given)
      if (r.Below(6) == 0) investor.registered_at.push_back(ta.code);
    script.given.emplace_back(0, std::move(investor));
  }
  plan.executors = static_cast<int>(1 + r.Below(3));
  plan.partitions = static_cast<uint16_t>(1 + r.Below(5));
  plan.clearing_partitions = static_cast<uint16_t>(1 + r.Below(3));
  plan.shuffle = r.Below(2) == 0;
  plan.flush_every_bytes = Pick<uint64_t>(r, {5'000, 30'000, 200'000});

  SeededRandom f = RandomFor(options.seed, Stream::kFaults);
  plan.faults = DrawFaults(f) & ~options.without;
  const auto rate = [&](Fault fault, uint64_t most) {
    const uint64_t drawn = 1 + f.Below(most);
    return plan.Has(fault) ? static_cast<int>(drawn) : 0;
  };
  const int lost = rate(Fault::kLostCall, 400);
  plan.calls.drop_request = lost;
  plan.calls.drop_reply = lost;
  plan.calls.duplicate = rate(Fault::kDoubledCall, 800);
  plan.calls.max_delay = Duration::Millis(rate(Fault::kLateCall, 400));
  plan.log.unknown_per_million = static_cast<uint32_t>(rate(Fault::kUnknownAppend, 60'000));
  plan.log.longest_sync = Duration::Micros(std::max(200, 1'000 * rate(Fault::kSlowSync, 800)));
  plan.crashes = rate(Fault::kCrash, 8);

  DrawNodes(options, &plan);
  SeededRandom accounts = RandomFor(options.seed, Stream::kAccounts);
  if (accounts.Below(100) < 30) plan.faults |= std::bitset<kFaults>().set(static_cast<size_t>(Fault::kAccounts)) & ~options.without;
  SeededRandom rot = RandomFor(options.seed, Stream::kRot);
  if (plan.nodes.empty() && plan.Has(Fault::kCrash) && rot.Below(100) < 45)
    plan.faults |= std::bitset<kFaults>().set(static_cast<size_t>(Fault::kRot)) & ~options.without;

  DrawStarts(options, &plan);
  DrawCrossings(options, &plan);
  DrawFast(options, &plan);
  DrawSavings(options, &plan);
  DrawDeferrals(options, &plan);
  DrawBusiness(options, &plan);

  // For the prices of the stand-in institutions: they know them up to the last of these lines.
  dayrun::Line last;
  last.at = TimePoint::At(plan.Deadline().AddDays(10), TimeOfDay::Hms(12, 0));
  script.lines.push_back(last);
  return plan;
}

}  // namespace fundcore::simulation
