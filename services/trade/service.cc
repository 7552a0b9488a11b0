// Assembling the trade service. See service.h.
#include "services/trade/service.h"

#include <algorithm>

#include "common/rpc/partitions.h"

namespace fundcore::trade {

TradeService::TradeService(const ServiceDeps& deps)
    : deps_(deps),
      host_({.service = ServiceId::kTrade,
             .partitions = deps.partitions,
             .executors = deps.executors,
             .log = deps.log,
             .store = deps.store,
             .owner = deps.owner,
             .supports = deps.machine_versions, .leased = deps.leased}),
      feed_(&host_, deps.peers) {
  const auto shards = static_cast<int64_t>(host_.shards().size());
  looks_.resize(deps.partitions);
  for (auto& shard : host_.shards()) {
    desks_.push_back(std::make_unique<Desk>(&host_, shard.get()));
    workers_.push_back(std::make_unique<Worker>(
        &host_, shard.get(), deps.peers,
        Worker::Options{.limit = std::max<int64_t>(1, deps.recovery_items_a_second / shards),
                        .remembered = std::max<size_t>(1'000, 100'000 / static_cast<size_t>(shards))}));
    plan_workers_.push_back(std::make_unique<PlanWorker>(&host_, shard.get(), deps.peers));
    shard->OnExecuted([desk = desks_.back().get(), worker = workers_.back().get()] {
      desk->OnExecuted();
      worker->OnExecuted();
    });
  }
  host_.OnServing([this](PartitionId p, bool serving) {
    WorkerOf(p).OnServing(p.raw() / host_.shards().size(), serving);
  });
}

void TradeService::Register(rpc::Handlers* handlers) {
  RegisterOrders(handlers);
  RegisterPlans(handlers);
  RegisterFiles(handlers);
  RegisterOps(handlers);
}

void TradeService::Start() {
  for (size_t i = 0; i < desks_.size(); ++i) {
    host_.shards()[i]->executor()->Post([desk = desks_[i].get(), worker = workers_[i].get(), plans = plan_workers_[i].get()] {
      desk->Start();
      worker->Start();
      plans->Start();
    });
  }
  feed_.Start();
  started_.store(true, std::memory_order_release);
}

absl::Status TradeService::NotServing() {
  return rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "NOT_SERVING",
                              "trade is starting or has handed this partition over; call again in a moment");
}

absl::Status TradeService::NotServing(const rpc::Call& call, PartitionId p) {
  return call.partitions ? rpc::NotOwner("trade", p.raw()) : NotServing();
}

absl::Status TradeService::ErrorOf(Reason reason, std::string_view what) {
  if (reason == Reason::kNone) return absl::OkStatus();
  return rpc::ErrorWithReason(ReasonCode(reason), ReasonName(reason), StrCat(what, ": ", ReasonText(reason)));
}

}  // namespace fundcore::trade
