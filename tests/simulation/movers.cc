// Investors who move units: to another distributor or holder, or in from there; who freeze, thaw and pledge what they have.
#include <iterator>

#include "common/types/ids.h"
#include "tests/simulation/people.h"

namespace fundcore::simulation {
namespace {

namespace av1 = account::v1;

constexpr Duration kDeadline = Duration::Seconds(5);

bool FromHere(uint32_t business) { return business == 26 || business == 28 || business == 33 || business == 35; }
bool Freezes(uint32_t business) { return business == 31 || business == 88; }

}  // namespace

void Investors::ScheduleMoves() {
  SeededRandom r = RandomFor(plan_.seed + 1, Stream::kMoves);
  SimExecutor* e = client_->executor();
  // Most of what can be done needs units, and these are there from the third day on.
  constexpr uint32_t kFirst[] = {27, 34, 80, 27, 33, 31}, kLater[] = {26, 28, 33, 33, 35, 34, 80, 31, 31, 88, 32, 32, 32};
  for (Date day : plan_.days) {
    // There are no units of an offer before its result.
    std::vector<const dayrun::GivenFund*> funds = plan_.funds();
    for (const dayrun::GivenFund* f : plan_.offers())
      if (f->offer->opens && day > *f->offer->opens) funds.push_back(f);
    const bool later = day > *plan_.CalendarOf(*funds.front()).AddOpenDays(plan_.days.front(), 1);
    for (int n = 0; n < plan_.orders_a_day / (later ? 5 : 15) + 4; ++n) {
      const size_t i = r.Below(who_.size()), other = r.Below(who_.size());
      const std::string code = funds[r.Below(funds.size())]->code;
      const uint32_t business = later ? kLater[r.Below(std::size(kLater))] : kFirst[r.Below(std::size(kFirst))];
      const uint64_t share = 1 + r.Below(110), which = r.Below(20);
      const TimePoint when = TimePoint::At(day, TimeOfDay::Hms(9, 0)) + Duration::Seconds(static_cast<int64_t>(r.Below(11 * 3600)));
      e->PostAt(when, [this, i, other, code, business, share, which] {
        ++Count(counts_, Fault::kMoves);
        std::string to;
        if (business >= 26 && business <= 28) to = which == 0 ? "" : "222";
        if (business == 33) to = FormatInvestorId(InvestorId(judge_->InvestorIdOf(other)));
        if (business == 34 || business == 35) to = which == 0 ? FormatInvestorId(InvestorId(judge_->InvestorIdOf(i))) : "990000000007";
        Move(i, business, code, share, to);
      });
      if (r.Below(8) == 0) e->PostAt(when + Duration::Seconds(static_cast<int64_t>(r.Below(1'200))), [this, i] { CancelLast(i); });
    }
  }
}

// Looks first. What goes or is frozen is a part of what may leave, sometimes more; what is thawed, of what is frozen.
void Investors::Move(size_t i, uint32_t business, const std::string& fund, uint64_t share, const std::string& to) {
  const Content content{business, fund, 0, 0, false, "", false, Date(), to};
  const bool whole = plan_.FundOf(fund).whole_units;
  const auto submit = [this, i, content, whole](int64_t units) {
    Content c = content;
    c.units_e2 = whole ? units - units % 100 : units;
    if (c.units_e2 > 0) Submit(i, c);
  };
  if (!FromHere(business) && !Freezes(business) && business != 32) return submit(static_cast<int64_t>(share) * 1'237);
  av1::GetAccountRequest q;
  q.set_investor_id(who_[i].id);
  client_->Ask<av1::GetAccountResponse>(
      "fundcore.account.v1.AccountService/GetAccount", q, kApp, kDeadline,
      [this, i, business, fund, share, submit, asked = judge_->heard()](const absl::Status& s, const av1::GetAccountResponse& r) {
        if (!s.ok()) return;
        judge_->Saw(i, r, asked);
        for (const auto& p : r.positions()) {
          if (p.fund_code() != fund) continue;
          const int64_t of = business == 32 ? p.blocked_units_e2() : p.usable_units_e2();
          submit(of * static_cast<int64_t>(share) / (business == 32 ? 100 : 150));
        }
      });
}

}  // namespace fundcore::simulation
