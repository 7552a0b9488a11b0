// Investors who have the system order by itself: plans made, made again until there is an answer, and some ended.
#include "common/types/ids.h"
#include "tests/simulation/people.h"

namespace fundcore::simulation {
namespace {

namespace tv1 = trade::v1;

constexpr Duration kDeadline = Duration::Seconds(5);
constexpr std::string_view kFace = "fundcore.trade.v1.TradeService/";

}  // namespace

Savers::Savers(const Plan& plan, Client* client, Judge* judge, Trace* trace)
    : plan_(plan), client_(client), judge_(judge), trace_(trace), random_(RandomFor(plan.seed + 1, Stream::kSavings)) {}

void Savers::Schedule() {
  for (size_t n = 0; n < plan_.savings.size(); ++n) {
    const Savings& s = plan_.savings[n];
    client_->executor()->PostAt(s.made_at, [this, n] {
      ++waiting_;
      Make(n, 0);
    });
    if (s.ended_at.raw() == 0) continue;
    client_->executor()->PostAt(s.ended_at, [this, n] {
      if (!numbers_.contains(n)) return;
      ++waiting_;
      End(n, 0);
    });
  }
}

void Savers::Later(int tries, std::function<void()> what) {
  SimExecutor* e = client_->executor();
  const auto pause = static_cast<int64_t>(random_.Below(1'000));
  if (tries <= 2) return e->PostAfter(Duration::Millis(20 + pause), std::move(what));
  e->PostAt(e->Now() + Duration::Seconds(20 + pause), std::move(what));
}

void Savers::Make(size_t which, int tries) {
  const Savings& s = plan_.savings[which];
  tv1::MakePlanRequest q;
  q.set_request_id(s.request);
  q.set_investor_id(judge_->InvestorIdOf(s.investor));
  q.set_fund_code(s.fund);
  tv1::PlanTerms* t = q.mutable_terms();
  t->set_unit(s.monthly ? tv1::PlanTerms::MONTHLY : tv1::PlanTerms::WEEKLY);
  t->set_day(static_cast<uint32_t>(s.day));
  t->set_first_day(s.first.raw());
  t->set_last_day(s.last.raw());
  t->set_miss_rule(tv1::PlanTerms::THREE_IN_A_ROW);
  t->set_redemption(s.redemption);
  t->set_amount_fen(s.amount_fen);
  t->set_units_e2(s.units_e2);
  t->set_to_target(s.to_target);
  t->set_mismatch_confirmed(s.mismatch_confirmed);
  judge_->SavingsSent(which);
  client_->Ask<tv1::PlanResponse>(
      StrCat(kFace, "MakePlan"), q, kApp, kDeadline, [this, which, tries](const absl::Status& s, const tv1::PlanResponse& r) {
        trace_->Add(plan_.savings[which].request, StrCat("plan: ", s.ok() ? FormatOrderId(OrderId(r.plan().plan_id())) : Said(s)));
        judge_->SavingsAnswered(which, s, r);
        if (s.ok()) numbers_[which] = r.plan().plan_id();
        if (!s.ok() && IsTrouble(s)) return Later(tries, [this, which, tries] { Make(which, tries + 1); });
        --waiting_;
      });
}

void Savers::End(size_t which, int tries) {
  tv1::PlanRequest q;
  q.set_investor_id(judge_->InvestorIdOf(plan_.savings[which].investor));
  q.set_plan_id(numbers_.at(which));
  judge_->SavingsEndSent(which);
  client_->Ask<tv1::PlanResponse>(
      StrCat(kFace, "EndPlan"), q, kApp, kDeadline, [this, which, tries](const absl::Status& s, const tv1::PlanResponse& r) {
        trace_->Add(plan_.savings[which].request, StrCat("end: ", s.ok() ? tv1::PlanState_Name(r.plan().state()) : Said(s)));
        judge_->SavingsEndAnswered(which, s, r);
        if (!s.ok() && IsTrouble(s)) return Later(tries, [this, which, tries] { End(which, tries + 1); });
        --waiting_;
      });
}

}  // namespace fundcore::simulation
