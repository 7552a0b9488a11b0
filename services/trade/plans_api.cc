// fundcore.trade.v1.TradeService, plans.
#include <algorithm>

#include "services/trade/service.h"
#include "services/trade/shape.h"
#include "services/trade/view.h"

namespace fundcore::trade {
namespace {

constexpr int kTriesForFacts = 20;
constexpr Duration kPauseForFacts = Duration::Millis(100);

absl::Status Bad(std::string_view field, std::string_view what) {
  return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_PLAN", StrCat(field, " ", what));
}

absl::Status CheckTerms(const v1::PlanTerms& t) {
  if (t.unit() < v1::PlanTerms::WEEKLY || t.unit() > v1::PlanTerms::MONTHLY)
    return Bad("terms.unit", StrCat(int{t.unit()}, " must be WEEKLY, FORTNIGHTLY or MONTHLY"));
  const uint32_t most = t.unit() == v1::PlanTerms::MONTHLY ? 31 : 7;
  if (t.day() < 1 || t.day() > most) return Bad("terms.day", StrCat(t.day(), " must be 1 to ", most));
  if (t.miss_rule() < v1::PlanTerms::THREE_IN_A_ROW || t.miss_rule() > v1::PlanTerms::TWELVE_IN_A_ROW)
    return Bad("terms.miss_rule", StrCat(int{t.miss_rule()}, " must be THREE_IN_A_ROW, THREE_IN_ALL or TWELVE_IN_A_ROW"));
  FC_RETURN_IF_ERROR(CheckDate("terms.first_day", t.first_day()));
  if (t.last_day() != 0) FC_RETURN_IF_ERROR(CheckDate("terms.last_day", t.last_day()));
  if (t.last_day() != 0 && t.last_day() < t.first_day())
    return Bad("terms.last_day", StrCat(t.last_day(), " is before terms.first_day ", t.first_day()));
  const int64_t applied = t.redemption() ? t.units_e2() : t.amount_fen();
  if (applied <= 0 || applied > kMostSteps)
    return Bad(t.redemption() ? "terms.units_e2" : "terms.amount_fen", StrCat(applied, " must be 1 to ", kMostSteps));
  if ((t.redemption() ? t.amount_fen() : t.units_e2()) != 0)
    return Bad(t.redemption() ? "terms.amount_fen" : "terms.units_e2", "must be 0: a plan buys for an amount or redeems units");
  if (t.to_target() && t.redemption()) return Bad("terms.to_target", "is for plans that buy");
  return absl::OkStatus();
}

PlanTerms ToTerms(const v1::PlanTerms& t) {
  PlanTerms out;
  out.unit = static_cast<PlanUnit>(t.unit());
  out.day = static_cast<uint8_t>(t.day());
  out.miss_rule = static_cast<MissRule>(t.miss_rule());
  out.flags = static_cast<uint8_t>((t.defer_large_redemption() ? kDeferLargeRedemption : t.redemption() ? kCancelLargeRedemption : 0) |
                                   (t.mismatch_confirmed() ? kMismatchConfirmed : 0));
  out.redemption = t.redemption();
  out.to_target = t.to_target();
  out.amount = Money::FromRaw(t.amount_fen());
  out.units = Units::FromRaw(t.units_e2());
  out.first = Date::FromRaw(t.first_day());
  out.last = Date::FromRaw(t.last_day());
  out.times = t.times();
  return out;
}

}  // namespace

void TradeService::MakeAPlan(const rpc::Call& call, const v1::MakePlanRequest& q, v1::PlanResponse* response,
                             rpc::Reply reply) {
  if (auto s = CheckInvestorId(q.investor_id(), deps_.partitions); !s.ok()) return reply(s);
  if (auto s = CheckCode("request_id", q.request_id(), RequestId::kMax); !s.ok()) return reply(s);
  if (auto s = CheckCode("fund_code", q.fund_code(), FundCode::kMax); !s.ok()) return reply(s);
  if (auto s = CheckTerms(q.terms()); !s.ok()) return reply(s);
  if (auto ready = Ready(); !ready.ok()) return reply(ready);
  const InvestorId investor(q.investor_id());
  MakePlan c;
  c.caller = call.caller;
  c.request_id = q.request_id();
  c.investor = investor;
  c.fund = FundCode(q.fund_code());
  c.terms = ToTerms(q.terms());
  SubmitPlan(c, 0, response, std::move(reply));
}

void TradeService::SubmitPlan(const MakePlan& c, int tries, v1::PlanResponse* response, rpc::Reply reply) {
  const PartitionId p = PartitionOf(c.investor);
  With(p, std::move(reply), [this, c, p, tries, response](TradePartition& partition, rpc::Reply reply) {
    PlanWorker* worker = plan_workers_[p.raw() % plan_workers_.size()].get();
    host_.Submit(p, c, [this, &machine = partition.machine(), c, p, tries, response, worker,
                        reply = std::move(reply)](const TradeMachine::Result& result) mutable {
      if (result.reason == Reason::kPlanFactsAwaited && tries < kTriesForFacts) {
        return host_.ExecutorOf(p)->PostAfter(kPauseForFacts, [this, c, tries, response, reply = std::move(reply)]() mutable {
          SubmitPlan(c, tries + 1, response, std::move(reply));
        });
      }
      if (result.reason != Reason::kNone) return reply(ErrorOf(result.reason, StrCat("a plan for fund ", c.fund.view())));
      worker->Heed();
      response->set_repeated(result.repeated);
      FillPlan(machine, result.number, *machine.FindPlan(result.number), response->mutable_plan());
      reply(absl::OkStatus());
    });
  });
}

void TradeService::ChangeAPlan(uint64_t investor_id, uint64_t plan_id, PlanAction action, const PlanTerms& terms,
                               v1::PlanResponse* response, rpc::Reply reply) {
  if (auto s = CheckInvestorId(investor_id, deps_.partitions); !s.ok()) return reply(s);
  if (auto held = HeldBack(host_); !held.ok()) return reply(held);
  const ChangePlan c{InvestorId(investor_id), OrderId(plan_id), action, terms};
  With(PartitionOf(c.investor), std::move(reply), [this, c, response](TradePartition& partition, rpc::Reply reply) {
    host_.Submit(PartitionOf(c.investor), c,
                 [&machine = partition.machine(), c, response,
                  reply = std::move(reply)](const TradeMachine::Result& result) mutable {
                   if (result.reason != Reason::kNone)
                     return reply(ErrorOf(result.reason, StrCat("plan ", FormatOrderId(c.plan))));
                   FillPlan(machine, SequenceOf(c.plan), *machine.FindPlan(SequenceOf(c.plan)), response->mutable_plan());
                   reply(absl::OkStatus());
                 });
  });
}

void TradeService::RegisterPlans(rpc::Handlers* handlers) {
  const auto name = [](std::string_view method) { return StrCat("fundcore.trade.v1.TradeService/", method); };
  handlers->Unary<v1::MakePlanRequest, v1::PlanResponse>(
      name("MakePlan"), [this](const rpc::Call& call, const v1::MakePlanRequest& request, v1::PlanResponse* response,
                               rpc::Reply reply) { MakeAPlan(call, request, response, std::move(reply)); });
  handlers->Unary<v1::ChangePlanRequest, v1::PlanResponse>(
      name("ChangePlan"), [this](const rpc::Call&, const v1::ChangePlanRequest& q, v1::PlanResponse* response, rpc::Reply reply) {
        if (auto s = CheckTerms(q.terms()); !s.ok()) return reply(s);
        ChangeAPlan(q.investor_id(), q.plan_id(), PlanAction::kChange, ToTerms(q.terms()), response, std::move(reply));
      });
  constexpr std::pair<const char*, PlanAction> kActions[] = {
      {"PausePlan", PlanAction::kPause}, {"ResumePlan", PlanAction::kResume}, {"EndPlan", PlanAction::kEnd}};
  for (const auto& [method, action] : kActions) {
    handlers->Unary<v1::PlanRequest, v1::PlanResponse>(
        name(method), [this, action = action](const rpc::Call&, const v1::PlanRequest& q, v1::PlanResponse* response,
                                              rpc::Reply reply) {
          ChangeAPlan(q.investor_id(), q.plan_id(), action, PlanTerms(), response, std::move(reply));
        });
  }
  handlers->Unary<v1::PlanRequest, v1::PlanResponse>(
      name("GetPlan"), [this](const rpc::Call&, const v1::PlanRequest& q, v1::PlanResponse* response, rpc::Reply reply) {
        if (auto s = CheckInvestorId(q.investor_id(), deps_.partitions); !s.ok()) return reply(s);
        const InvestorId investor(q.investor_id());
        const OrderId id(q.plan_id());
        With(PartitionOf(investor), std::move(reply), [=](TradePartition& partition, rpc::Reply reply) {
          TradeMachine& machine = partition.machine();
          const Plan* p = PartitionOf(id) == machine.partition() ? machine.FindPlan(SequenceOf(id)) : nullptr;
          if (!p || p->investor != investor) return reply(ErrorOf(Reason::kPlanNotFound, StrCat("plan ", FormatOrderId(id))));
          FillPlan(machine, SequenceOf(id), *p, response->mutable_plan());
          reply(absl::OkStatus());
        });
      });
  handlers->Unary<v1::ListPlansRequest, v1::ListPlansResponse>(
      name("ListPlans"), [this](const rpc::Call&, const v1::ListPlansRequest& q, v1::ListPlansResponse* response, rpc::Reply reply) {
        if (auto s = CheckInvestorId(q.investor_id(), deps_.partitions); !s.ok()) return reply(s);
        const InvestorId investor(q.investor_id());
        With(PartitionOf(investor), std::move(reply), [=](TradePartition& partition, rpc::Reply reply) {
          TradeMachine& machine = partition.machine();
          std::vector<uint64_t> plans = machine.PlansOfInvestor(investor);
          std::reverse(plans.begin(), plans.end());
          for (uint64_t seq : plans) {
            const Plan* p = machine.FindPlan(seq);
            if (p->investor == investor) FillPlan(machine, seq, *p, response->add_plans());
          }
          reply(absl::OkStatus());
        });
      });
}

}  // namespace fundcore::trade
