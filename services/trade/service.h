// TradeService: the gRPC face of orders, and what assembles the trade service in a process.
//
//   TradeService trade(deps);
//   trade.Register(&handlers);
//   trade.host()->Recover();  log->Start();
//   trade.host()->WhenServing([&] { trade.Start(); });
//
// Handlers run on any thread: they check shapes and post to the partitions' executors, from where they are answered.
// Must outlive the executors' last task.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "common/machine/service.h"
#include "common/product/feed.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "services/trade/desk.h"
#include "services/trade/machine.h"
#include "services/trade/plan_worker.h"
#include "services/trade/recovery.h"
#include "services/trade/worker.h"

namespace fundcore::trade {

class TradeService final : public Service {
 public:
  explicit TradeService(const ServiceDeps& deps);

  machine::HostBase* host() override { return &host_; }
  void Register(rpc::Handlers* handlers) override;
  void Start() override;

  // The partitions themselves: for checks in tests and simulation, on their executors.
  machine::Host<TradeMachine>& machines() { return host_; }

 private:
  using TradePartition = machine::Partition<TradeMachine>;

  void RegisterOrders(rpc::Handlers* handlers);
  void RegisterOps(rpc::Handlers* handlers);

  // orders_api.cc
  absl::Status Ready() const;
  // Hands the submission's good items to the desks; `reply` once every item has its outcome.
  void Submit(std::unique_ptr<Submission> submission, Duration deadline, rpc::Reply reply);
  void List(const v1::ListOrdersRequest& request, v1::ListOrdersResponse* response, rpc::Reply reply);
  // Submits a Cancel or AnswerChallenge and answers with the order.
  template <class C>
  void Change(const C& command, v1::Order* order, rpc::Reply reply);

  // plans_api.cc
  void RegisterPlans(rpc::Handlers* handlers);
  // Submits it; where facts are on their way, again a little later, some times.
  void SubmitPlan(const MakePlan& c, int tries, v1::PlanResponse* response, rpc::Reply reply);
  void MakeAPlan(const rpc::Call& call, const v1::MakePlanRequest& request, v1::PlanResponse* response, rpc::Reply reply);
  void ChangeAPlan(uint64_t investor_id, uint64_t plan_id, PlanAction action, const PlanTerms& terms,
                   v1::PlanResponse* response, rpc::Reply reply);

  // files_api.cc
  void RegisterFiles(rpc::Handlers* handlers);
  void FindOrders(const CallerId& caller, const v1::FindOrdersRequest& request, v1::FindOrdersResponse* response,
                  rpc::Reply reply);
  void Claim(const v1::ClaimSerialsRequest& request, v1::ClaimSerialsResponse* response, rpc::Reply reply);
  // Runs `f(partition, items, done)` for each list of items that is not empty, on its partition's executor; each calls
  // `done(status)` once. Then `reply`, with the first trouble there was.
  void ByPartition(std::vector<std::vector<int>> items,
                   std::function<void(TradePartition&, const std::vector<int>&, std::function<void(absl::Status)>)> f,
                   rpc::Reply reply);

  // Runs `f(partition, reply)` on the partition's executor, where it is served; else replies NOT_SERVING.
  template <class F>
  void With(PartitionId p, rpc::Reply reply, F f) {
    host_.On(p, [reply = std::move(reply), f = std::move(f)](TradePartition& partition) mutable {
      if (!partition.serving()) return reply(NotServing());
      f(partition, std::move(reply));
    });
  }

  // ops_api.cc
  // Submits the command to every partition that the call asks for until none says `more`. `each` runs on every partition's
  // executor once it is done; then `reply`, with the first trouble if there was any.
  template <class C>
  void Everywhere(const rpc::Call& call, C command, std::function<void(TradePartition&, const TradeMachine::Result&)> each, rpc::Reply reply);
  // Runs `look` on every partition that the call asks for, then `finish` once.
  void LookEverywhere(const rpc::Call& call, std::function<void(TradePartition&)> look, std::function<void()> finish,
                      rpc::Reply reply);
  void ApplyLines(const v1::ApplyConfirmationsRequest& request, v1::ApplyConfirmationsResponse* response,
                  rpc::Reply reply);

  void TellRecovery(const rpc::Call& call, v1::RecoveryStatusResponse* response, rpc::Reply reply);
  Worker& WorkerOf(PartitionId p) { return *workers_[p.raw() % workers_.size()]; }

  static absl::Status NotServing();
  // For one partition of many: a sibling that named it learns that this process does not own it.
  static absl::Status NotServing(const rpc::Call& call, PartitionId p);
  static absl::Status ErrorOf(Reason reason, std::string_view what);

  const ServiceDeps deps_;
  machine::Host<TradeMachine> host_;
  std::vector<std::unique_ptr<Desk>> desks_;      // by shard
  std::vector<std::unique_ptr<Worker>> workers_;  // by shard
  std::vector<std::unique_ptr<PlanWorker>> plan_workers_;  // by shard
  std::vector<LookCursor> looks_;                 // by partition, used on its executor
  FactFeed<TradeMachine> feed_;
  std::atomic<bool> started_{false};
};

}  // namespace fundcore::trade
