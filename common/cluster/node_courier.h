// What the couriers of servers and of workers share: both are at home in a process that owns some partitions itself.
#pragma once

#include <optional>
#include <vector>

#include "common/cluster/dispatch.h"
#include "common/cluster/node.h"

namespace fundcore::cluster {

class NodeCourier : public Courier {
 public:
  explicit NodeCourier(Node node) : node_(std::move(node)) {}

  const Layout& layout() const override { return node_.layout; }
  std::optional<Target> OwnerOf(LogPartition partition) override;
  std::optional<Target> Anybody(ServiceId service) override;
  std::vector<Target> Everybody() override;
  std::optional<PartitionId> PartitionOfInvestor(const Message& request) override;

  const Node& node() const { return node_; }

 protected:
  // Over the network, or with the empty address to this process, as `outgoing` says; answers are heeded.
  void SendByTransport(const Target& target, Part part, rpc::Outgoing outgoing, Done done);

  const Node node_;
};

}  // namespace fundcore::cluster
