// Investors who subscribe an offer, by amount or by units; some too late, some as if the fund were open; and who buy and redeem once
// it is.
#include "tests/simulation/people.h"

namespace fundcore::simulation {

void Investors::ScheduleOffers() {
  SeededRandom r = RandomFor(plan_.seed + 1, Stream::kOffers);
  SimExecutor* e = client_->executor();
  for (const dayrun::GivenFund* fund : plan_.offers()) {
    const std::string code = fund->code;
    const TimeOfDay closes = plan_.TaOf(*fund).cutoff;
    const auto offer = *fund->offer;
    for (Date day : plan_.days) {
      const bool offering = day <= offer.last_day;
      const bool open = offer.opens && day > *offer.opens;
      for (int n = 0; n < plan_.orders_a_day / (offering ? 6 : 15) + 4; ++n) {
        const size_t i = r.Below(who_.size());
        const uint64_t size = r.Below(1'000'000), more = r.Below(1'000'000), act = r.Below(100);
        const int64_t fen = static_cast<int64_t>(size % 20 == 0 ? 50 + size % 500 : 10'000 + size * 4);
        TimePoint when = TimePoint::At(day, TimeOfDay::Hms(9, 0)) + Duration::Seconds(static_cast<int64_t>(r.Below(6 * 3600)));
        if (r.Below(5) == 0)
          when = TimePoint::At(day, closes) - Duration::Seconds(60) + Duration::Micros(static_cast<int64_t>(r.Below(90'000'000)));
        if (more % 3 != 0 || !plan_.careless) e->PostAt(when - Duration::Seconds(600), [this, i, fen] { Deposit(i, fen + fen / 50 + 200'00); });
        if (act < (open ? 3 : 75)) {
          // What is asked for in units costs about as much.
          const bool mismatch = more % 3 == 0;
          const Content by_amount{20, code, fen, 0, mismatch};
          const Content by_units{20, code, 0, fen * 100'000'000 / fund->navs.front().nav.raw(), mismatch};
          const Content content = act % 3 == 0 ? by_units : by_amount;
          e->PostAt(when, [this, i, content] {
            ++Count(counts_, Fault::kOffers);
            Submit(i, content);
          });
        } else if (act < 85) {
          e->PostAt(when, [this, i, code, fen] { Buy(i, code, fen); });
        } else {
          e->PostAt(when, [this, i, code, more] { Redeem(i, code, 1 + more % 130, more % 5 == 0); });
        }
        if (more % 9 == 0)
          e->PostAt(when + Duration::Seconds(static_cast<int64_t>(more % 1200)), [this, i] { CancelLast(i); });
      }
    }
    if (!offer.opens) continue;
    // Some leave when the run's own days are over.
    for (size_t i = 0; i < who_.size(); ++i) {
      const Date day = *plan_.CalendarOf(*fund).Next(std::max(*offer.opens, plan_.days.back()));
      const TimePoint when = TimePoint::At(day, TimeOfDay::Hms(9, 30)) + Duration::Seconds(static_cast<int64_t>(r.Below(5 * 3600)));
      const uint64_t share = 20 + r.Below(81);
      if (r.Below(2) == 0) e->PostAt(when, [this, i, code, share] { Redeem(i, code, share, false); });
    }
  }
}

// Mostly for one of the next days, also for a day on which the fund is closed, one that is over, or today; some are given up later.
void Investors::ScheduleReservations() {
  SeededRandom r = RandomFor(plan_.seed + 1, Stream::kReservations);
  SimExecutor* e = client_->executor();
  std::vector<const dayrun::GivenFund*> funds = plan_.funds();
  for (const dayrun::GivenFund* offer : plan_.offers()) funds.push_back(offer);
  for (Date day : plan_.days) {
    for (int n = 0; n < plan_.orders_a_day / 5 + 4; ++n) {
      const size_t i = r.Below(who_.size());
      const dayrun::GivenFund& fund = *funds[r.Below(funds.size())];
      const std::string code = fund.code;
      const uint64_t size = r.Below(1'000'000), more = r.Below(1'000'000), act = r.Below(100), which = r.Below(20);
      const int64_t fen = static_cast<int64_t>(10'000 + size * 3);
      const TimePoint when = TimePoint::At(day, TimeOfDay::Hms(9, 0)) + Duration::Seconds(static_cast<int64_t>(r.Below(12 * 3600)));
      // No later than the first open day after those of the run, for which late orders are, too.
      const Date last = *plan_.CalendarOf(fund).Next(plan_.days.back());
      Date wanted = *plan_.CalendarOf(fund).AddOpenDays(day, static_cast<int>(1 + r.Below(3)));
      if (which == 0) wanted = day.AddDays(-1);
      if (which == 1) wanted = day;
      if (which == 2) wanted = day.AddDays(2);
      wanted = std::min(wanted, last);
      if (act < 60) {
        const Content content{fund.offer && act % 4 != 0 ? 20u : 22u, code, fen, 0, more % 3 == 0, "", false, wanted};
        if (more % 3 != 0 || !plan_.careless) e->PostAt(when - Duration::Seconds(600), [this, i, fen] { Deposit(i, fen + fen % 7); });
        e->PostAt(when, [this, i, content] {
          ++Count(counts_, Fault::kReservations);
          Submit(i, content);
        });
      } else {
        e->PostAt(when, [this, i, code, more, wanted] {
          ++Count(counts_, Fault::kReservations);
          Redeem(i, code, 1 + more % 110, more % 11 == 0, false, wanted);
        });
      }
      // The same day, a day or two later, or about the cut-off of the day that it is for.
      const uint64_t off = r.Below(9), later = r.Below(30 * 3600);
      const TimePoint about = TimePoint::At(wanted, plan_.TaOf(fund).cutoff) - Duration::Seconds(120) +
                              Duration::Micros(static_cast<int64_t>(later) * 1'500);
      if (off < 2) e->PostAt(when + Duration::Seconds(static_cast<int64_t>(off == 0 ? later : later % 600)), [this, i] { CancelReserved(i); });
      if (off == 2) e->PostAt(std::max(about, when), [this, i] { CancelReserved(i); });
    }
  }
}

void Investors::CancelReserved(size_t i) {
  const std::string request = judge_->LastReserved(i);
  if (request.empty() || !orders_.contains(request)) return;
  ++waiting_;
  Cancel(i, request, 0);
}

}  // namespace fundcore::simulation
