// Draws of business beside ordering in open funds: each from a stream of its own, each left out where `--without` says so.
#include <algorithm>

#include "tests/simulation/plan_parts.h"

namespace fundcore::simulation {
namespace {

using dayrun::GivenFund;
using dayrun::GivenTa;

bool Wanted(const Options& options, Fault business) {
  return options.plant.empty() && !options.without[static_cast<size_t>(business)];
}

// One fund more, in its offer. It may be asked for more than there is (cut on its last day, or the days before have taken it all),
// and it may fail. In half of the worlds that are long enough it is open before the run ends, and its units are redeemed.
void DrawOffer(const Options& options, Plan* plan) {
  SeededRandom r = RandomFor(options.seed, Stream::kOffers);
  if (r.Below(4) != 0 || !Wanted(options, Fault::kOffers)) return;
  const auto tas = plan->script.tas();
  const GivenTa& ta = *plan->script.Ta(tas[r.Below(tas.size())]);
  std::vector<Date> navs;
  for (const auto& nav : plan->funds().front()->navs) navs.push_back(nav.day);
  GivenFund f = DrawFund(r, 90, ta, navs);
  f.status = '1';
  f.whole_units = f.large_pro_rata = false;
  f.quota = f.day_limit = Money();
  const TradingCalendar& calendar = plan->CalendarOf(f);
  const TradingCalendar& agent = plan->CalendarOf(ta);
  GivenFund::Offer o;
  o.last_day = plan->days[r.Below(2) == 0 ? 0 : r.Below(plan->days.size())];
  o.result = *calendar.AddOpenDays(o.last_day, f.confirm_days + static_cast<int>(r.Below(3)));
  while (!*agent.IsOpen(o.result)) o.result = *calendar.Next(o.result);
  const int between = o.result.days() - o.last_day.days();
  o.effective = o.last_day.AddDays(1 + static_cast<int>(r.Below(static_cast<uint64_t>(between))));
  o.failed = r.Below(4) == 0;
  const uint64_t cap = r.Below(3);
  const int64_t orders = plan->orders_a_day / 6 + 4;
  // Of the order of what a day brings, or of what a few orders bring, or none.
  if (cap < 2) o.cap = Money::FromRaw(static_cast<int64_t>(1 + r.Below(3'000'000)) * (cap == 0 ? orders : 2) / 2);
  o.interest_a_day = Rate::Ppm(static_cast<int64_t>(r.Below(4) == 0 ? 0 : 1 + r.Below(200)));
  const Date opens = *calendar.Next(o.result);
  if (!o.failed && r.Below(4) != 0) o.opens = opens;
  // The face until then; prices afterwards.
  const Nav face = r.Below(3) == 0 ? Nav::FromRaw(250'000'000) : Nav::FromRaw(100'000'000);
  // Contracts differ in whether money and interest become units together or each by itself, which shows where a unit is no yuan.
  if (face != Nav::FromRaw(100'000'000)) o.interest_a_day = Rate();
  int64_t nav = face.raw();
  std::vector<dayrun::GivenNav> prices = {{plan->days.front(), face}};
  for (Date d = opens; d <= plan->Deadline().AddDays(20); d = *calendar.Next(d)) {
    nav += 10'000 * (static_cast<int64_t>(r.Below(400)) - 195);
    prices.push_back({d, Nav::FromRaw(nav)});
  }
  f.navs = std::move(prices);
  f.offer = o;
  plan->faults.set(static_cast<size_t>(Fault::kOffers));
  plan->script.given.emplace_back(0, std::move(f));
}

// In one world of three, some institutions have orders for a later day: kept here until then, or sent to them at once.
void DrawReservations(const Options& options, Plan* plan) {
  SeededRandom r = RandomFor(options.seed, Stream::kReservations);
  if (r.Below(3) != 0 || !Wanted(options, Fault::kReservations)) return;
  plan->faults.set(static_cast<size_t>(Fault::kReservations));
  for (auto& [line, given] : plan->script.given) {
    auto* ta = std::get_if<GivenTa>(&given);
    if (!ta) continue;
    const uint64_t way = r.Below(5);
    ta->reservations = way < 2 ? "kept" : way < 4 ? "sent" : "";
    ta->renumbers = r.Below(3) == 0;
  }
}

// For each day of the run with a period behind it, or a few of them together.
void DrawInterest(const Options& options, Plan* plan) {
  SeededRandom r = RandomFor(options.seed, Stream::kInterest);
  if (r.Below(3) != 0 || !Wanted(options, Fault::kInterest)) return;
  plan->faults.set(static_cast<size_t>(Fault::kInterest));
  Date from = plan->days.front();
  std::vector<Date> days(plan->days.begin() + 1, plan->days.end());
  days.push_back(plan->days.back().AddDays(1));
  for (Date day : days) {
    const bool now = r.Below(3) != 0 || day == days.back();
    const int64_t fen = static_cast<int64_t>(1 + r.Below(r.Below(3) == 0 ? 20 : 1'000'000));
    const TimePoint at = TimePoint::At(day, TimeOfDay::Hms(8, 0)) + Duration::Seconds(static_cast<int64_t>(r.Below(14 * 3600)));
    if (!now) continue;
    plan->interest.push_back({StrCat("Q-", plan->seed, "-", day.Compact()), from, day.AddDays(-1), fen, at});
    from = day;
  }
}

// Two or three that overlap, of all channels or of one.
void DrawCampaigns(const Options& options, Plan* plan) {
  SeededRandom r = RandomFor(options.seed, Stream::kCampaigns);
  if (r.Below(3) != 0 || !Wanted(options, Fault::kCampaigns)) return;
  plan->faults.set(static_cast<size_t>(Fault::kCampaigns));
  std::vector<const GivenFund*> funds = plan->funds();
  for (const GivenFund* offer : plan->offers()) funds.push_back(offer);
  for (uint64_t n = 1 + r.Below(3); n > 0; --n) {
    Campaign c;
    c.name = StrCat("campaign-", n);
    if (r.Below(2) == 0) c.channel = "fund-shop";
    c.first = plan->days[r.Below(plan->days.size())].AddDays(-static_cast<int>(r.Below(3)));
    c.last = c.first.AddDays(static_cast<int>(r.Below(8)));
    for (const GivenFund* fund : funds)
      if (r.Below(2) == 0) c.funds.push_back(fund->code);
    if (r.Below(3) == 0) c.funds.clear();
    if (r.Below(3) == 0) c.businesses.push_back(r.Below(2) == 0 ? 22 : 20);
    if (r.Below(2) == 0) c.from_fen = static_cast<int64_t>(r.Below(1'500'000));
    c.discount = Rate::Ppm(static_cast<int64_t>(1 + r.Below(10)) * 100'000);
    if (r.Below(3) == 0) c.ended_at = TimePoint::At(plan->days[r.Below(plan->days.size())], TimeOfDay::Hms(9, 0)) + Duration::Seconds(static_cast<int64_t>(r.Below(9 * 3600)));
    plan->campaigns.push_back(std::move(c));
  }
}

// What one world in three has, where nothing more than that has to be drawn.
void DrawOne(const Options& options, Fault business, Stream stream, Plan* plan) {
  SeededRandom r = RandomFor(options.seed, stream);
  if (r.Below(3) == 0 && Wanted(options, business)) plan->faults.set(static_cast<size_t>(business));
}

}  // namespace

void DrawBusiness(const Options& options, Plan* plan) {
  DrawOffer(options, plan);
  DrawReservations(options, plan);
  DrawOne(options, Fault::kRefunds, Stream::kRefunds, plan);
  DrawInterest(options, plan);
  DrawCampaigns(options, plan);
  DrawOne(options, Fault::kCards, Stream::kCards, plan);
  DrawOne(options, Fault::kTax, Stream::kTax, plan);
  // What is frozen for an investor and what an institution then takes of it are for people: only where it takes nothing.
  if (!plan->Has(Fault::kTaForced) && !plan->Has(Fault::kTaStarts)) DrawOne(options, Fault::kMoves, Stream::kMoves, plan);
}

}  // namespace fundcore::simulation
