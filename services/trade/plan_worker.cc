// See plan_worker.h.
#include "services/trade/plan_worker.h"

#include "fundcore/account/v1/account.pb.h"
#include "services/trade/rules.h"

namespace fundcore::trade {
namespace {

constexpr size_t kDebitsACommand = 500;
constexpr int kDaysOfAPrice = 30;  // an older one is none
constexpr Duration kDeadline = Duration::Seconds(3);
constexpr Duration kEvery = Duration::Millis(500);
constexpr Duration kWithoutPlans = Duration::Seconds(10);  // a plan's first debit is a day away at least
constexpr std::string_view kPlanCaller = "plans";

}  // namespace

PlanWorker::PlanWorker(machine::Host<TradeMachine>* host, machine::Shard* shard, rpc::Peers* peers)
    : host_(host), shard_(shard), peers_(peers), busy_(shard->partitions().size(), 0) {}

void PlanWorker::Start() { Look(); }

void PlanWorker::Heed() { Look(); }

void PlanWorker::Look() {
  const uint64_t look = ++looks_;
  bool watchful = false;
  for (size_t i = 0; i < busy_.size(); ++i) {
    Go(i);
    if (!At(i).serving()) {
      watchful = true;
      continue;
    }
    // The business clock may stand still, or jump; it is heeded for its own sake.
    const TimePoint due = At(i).machine().PlansDueAt();
    watchful = watchful || due.raw() != 0 || At(i).machine().debits().has_fresh();
    if (due <= shard_->executor()->Now() || !posted_.insert(due.raw()).second) continue;
    shard_->executor()->PostAt(due, [this, due] {
      posted_.erase(due.raw());
      for (size_t p = 0; p < busy_.size(); ++p) Go(p);
    });
  }
  shard_->executor()->PostAfter(watchful ? kEvery : kWithoutPlans, [this, look] {
    if (look == looks_) Look();
  });
}

void PlanWorker::Go(size_t i) {
  if (busy_[i] || !At(i).serving()) return;
  TradeMachine& machine = At(i).machine();
  if (machine.debits().has_fresh()) {
    std::vector<uint64_t> plans = machine.debits().TakeFresh(kDebitsACommand);
    if (!plans.empty()) return MakeOrders(i, std::move(plans));
  }
  if (!machine.PlansDue(shard_->executor()->Now())) return;
  busy_[i] = 1;
  const auto done = [this, i] { busy_[i] = 0; };
  host_->Submit(At(i).id().partition, PlanTick{},
                machine::OrLost(
                    [this, i, done](const TradeMachine::Result&) {
                      done();
                      shard_->executor()->Post([this, i] { Go(i); });
                    },
                    done));
}

void PlanWorker::MakeOrders(size_t i, std::vector<uint64_t> plans) {
  TradeMachine& machine = At(i).machine();
  Receive c;
  c.caller = CallerId(kPlanCaller);
  std::vector<std::string> ids;
  ids.reserve(plans.size());
  for (uint64_t seq : plans) {
    const Plan& p = *machine.FindPlan(seq);
    if (p.terms.to_target) {
      AskHoldings(i, seq);
      continue;
    }
    ReceiveItem item;
    item.investor = p.investor;
    item.request_id = ids.emplace_back(machine.DebitRequest(seq, p.next));
    item.business = machine.DebitBusiness(p, shard_->executor()->Now());
    item.flags = p.terms.flags;
    item.fund = p.fund;
    item.amount = p.terms.amount;
    item.units = p.terms.units;
    c.plans.push_back({static_cast<uint32_t>(c.orders.size()), seq, p.next});
    c.orders.push_back(item);
  }
  if (!c.orders.empty()) Submit(i, c);
}

void PlanWorker::Submit(size_t i, const Receive& c) {
  busy_[i] = 1;
  const auto done = [this, i] { busy_[i] = 0; };
  host_->Submit(At(i).id().partition, c,
                machine::OrLost(
                    [this, i, done](const TradeMachine::Result&) {
                      done();
                      shard_->executor()->Post([this, i] { Go(i); });
                    },
                    done));
}

void PlanWorker::AskHoldings(size_t i, uint64_t plan) {
  const Plan& p = *At(i).machine().FindPlan(plan);
  account::v1::GetAccountRequest request;
  request.set_investor_id(p.investor.raw());
  rpc::CallPeer<account::v1::GetAccountResponse>(
      peers_, "fundcore.account.v1.AccountService/GetAccount", request, kDeadline, shard_->executor(),
      [this, i, plan, day = p.next, fund = p.fund](absl::Status status,
                                                   std::unique_ptr<account::v1::GetAccountResponse> response) {
        if (!At(i).serving()) return;
        // An investor that account does not know holds nothing; the order's own reservation will say so.
        if (!status.ok() && status.code() != absl::StatusCode::kNotFound) {
          return shard_->executor()->PostAfter(Duration::Seconds(1),
                                               [this, i, plan] {
                                                 if (!At(i).serving()) return;
                                                 At(i).machine().debits().Again(plan);
                                                 Go(i);
                                               });
        }
        Units units;
        for (const auto& position : response->positions())
          if (position.fund_code() == fund.view()) units = Units::FromRaw(position.units_e2());
        BuyMissing(i, plan, day, units);
      });
}

void PlanWorker::BuyMissing(size_t i, uint64_t plan, Date day, Units units) {
  TradeMachine& machine = At(i).machine();
  const Plan* p = machine.FindPlan(plan);
  if (!p || !machine.debits().Contains(plan) || p->next != day) return;  // changed meanwhile
  const TimePoint now = shard_->executor()->Now();
  const auto skip = [&](Reason reason) {
    host_->Submit(At(i).id().partition, SkipDebit{plan, day, static_cast<uint16_t>(reason)});
  };
  Money held = machine.OnItsWay(p->investor, p->fund);
  if (units.is_positive()) {
    const NavFact* nav = nullptr;
    for (int n = 0; n <= kDaysOfAPrice && !nav; ++n) nav = machine.products().FindNav(p->fund, now.date().AddDays(-n));
    if (!nav) return skip(Reason::kPlanPriceUnknown);
    // 0.01 unit times 10^-8 yuan is 10^-10 yuan, a fen 10^-2.
    held += Money::FromRaw(MulDiv(units.raw(), nav->nav.raw(), 100'000'000, Rounding::kHalfUp));
  }
  const Money missing = p->terms.amount - held;
  const FundTerms* fund = machine.products().Fund(p->fund, now);
  // What is below the fund's smallest purchase is no debit.
  if (!missing.is_positive() || (fund && missing < fund->min_purchase && missing < fund->min_additional))
    return skip(Reason::kPlanTargetReached);
  Receive c;
  c.caller = CallerId(kPlanCaller);
  const std::string id = machine.DebitRequest(plan, day);
  ReceiveItem item;
  item.investor = p->investor;
  item.request_id = id;
  item.business = machine.DebitBusiness(*p, now);
  item.flags = p->terms.flags;
  item.fund = p->fund;
  item.amount = missing;
  c.plans.push_back({0, plan, day});
  c.orders.push_back(item);
  host_->Submit(At(i).id().partition, c);
}

}  // namespace fundcore::trade
