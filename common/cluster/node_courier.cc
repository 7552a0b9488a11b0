// See node_courier.h.
#include "common/cluster/node_courier.h"

#include <utility>

namespace fundcore::cluster {

std::optional<Target> NodeCourier::OwnerOf(LogPartition partition) {
  if (node_.serves(partition)) return Target{.here = true};
  auto owner = node_.directory->OwnerOf(partition);
  // An old word of our own is no hint.
  if (!owner || owner->address == node_.address) return std::nullopt;
  return Target{false, std::move(owner->address)};
}

std::optional<Target> NodeCourier::Anybody(ServiceId service) {
  if (node_.Plays(service)) return Target{.here = true};
  std::string address = node_.directory->AnyWith(RoleOf(service), node_.address);
  if (address.empty()) return std::nullopt;
  return Target{false, std::move(address)};
}

std::vector<Target> NodeCourier::Everybody() {
  std::vector<Target> out{Target{.here = true}};
  for (const Directory::Process& p : node_.directory->Processes())
    if (p.address != node_.address) out.push_back({false, p.address});
  return out;
}

std::optional<PartitionId> NodeCourier::PartitionOfInvestor(const Message& request) {
  if (node_.vault == nullptr || !node_.Plays(ServiceId::kAccount)) return std::nullopt;
  return cluster::PartitionOfInvestor(*node_.vault, request, node_.layout);
}

void NodeCourier::SendByTransport(const Target& target, Part part, rpc::Outgoing outgoing, Done done) {
  const std::vector<uint16_t> list = part.owned;
  if (part.only_these) outgoing.partitions = &list;
  const Message& request = *part.request;
  Message* const response = part.response;
  const std::string& method = part.route->method;
  const std::string address = target.here ? std::string() : target.address;
  node_.transport->Call(address, method, request, response, outgoing,
                        [directory = node_.directory, address = target.here ? node_.address : address,
                         part = std::move(part), done = std::move(done)](absl::Status status) mutable {
                          done(status.ok() ? std::move(status) : Heed(status, part, address, directory));
                        });
}

}  // namespace fundcore::cluster
