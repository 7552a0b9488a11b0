// FactFeed: brings product facts to every partition of a service.
//
// Asks the product service every quarter second of machine time (and at once when poked) for what each partition does not
// have yet, and submits AbsorbFacts. Partitions that stand at the same place share one request. Holds nothing that the
// states do not hold.
//
//   FactFeed<TradeMachine> feed(&host, peers);   // M::products() gives the partition's ProductBook
//   feed.Start();                                  // once the host is serving
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/machine/host.h"
#include "common/product/facts.h"
#include "common/rpc/peers.h"
#include "fundcore/product/v1/product.pb.h"

namespace fundcore {

template <class M>
class FactFeed {
 public:
  FactFeed(machine::Host<M>* host, rpc::Peers* peers) : host_(host), peers_(peers) {}

  // Runs until the process ends, one chain an executor.
  void Start() {
    for (auto& shard : host_->shards()) {
      machine::Shard* s = shard.get();
      s->executor()->Post([this, s] { Round(s); });
    }
  }

 private:
  static constexpr uint32_t kFactsAtOnce = 500;

  void Round(machine::Shard* shard) {
    // Watermarks are logged in every partition, so they are moved only when a third of the lead is used up or facts came.
    std::map<uint64_t, std::vector<PartitionId>> by_position;
    for (auto& base : shard->partitions()) {
      if (!base->serving()) continue;  // its owner feeds it
      auto& partition = static_cast<machine::Partition<M>&>(*base);
      by_position[partition.machine().products().absorbed()].push_back(base->id().partition);
    }
    if (by_position.empty()) return shard->executor()->PostAfter(kEvery, [this, shard] { Round(shard); });
    auto left = std::make_shared<size_t>(by_position.size());
    for (auto& [after, partitions] : by_position) {
      product::v1::FactsRequest request;
      request.set_after_seq(after);
      request.set_limit(kFactsAtOnce);
      rpc::CallPeer<product::v1::FactsResponse>(
          peers_, "fundcore.product.v1.ProductOps/Facts", request, Duration::Seconds(5), shard->executor(),
          [this, shard, left, after = after, partitions = partitions](absl::Status status,
                                                                      std::unique_ptr<product::v1::FactsResponse> response) {
            bool more = false;
            if (status.ok()) {
              Deliver(after, partitions, *response);
              more = response->more();
            }
            if (--*left > 0) return;
            shard->executor()->PostAfter(more ? Duration::Millis(1) : kEvery, [this, shard] { Round(shard); });
          });
    }
  }

  void Deliver(uint64_t after, const std::vector<PartitionId>& partitions, const product::v1::FactsResponse& response) {
    AbsorbFacts command;
    command.after = after;
    for (const auto& f : response.facts()) command.facts.emplace_back(f.seq(), f.body());
    const TimePoint watermark = response.more() ? TimePoint() : TimePoint::FromRaw(response.watermark_us());
    for (PartitionId p : partitions) {
      auto& partition = host_->At(p);
      if (!partition.serving()) continue;
      const TimePoint have = partition.machine().products().watermark();
      command.watermark = watermark;
      if (command.facts.empty() && watermark <= have + kWatermarkStep) continue;
      host_->Submit(p, command);
    }
  }

  static constexpr Duration kEvery = Duration::Millis(250);
  static constexpr Duration kWatermarkStep = Duration::Seconds(5);

  machine::Host<M>* host_;
  rpc::Peers* peers_;
};

}  // namespace fundcore
