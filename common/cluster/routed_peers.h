// RoutedPeers: how a worker of this process calls other services wherever their partitions are served.
//
//   RoutedPeers peers(node);
//   deps.peers = &peers;
//
// A call goes to the owner of its partition; a batch is taken apart by owners and its answers put back in order; a question
// about a whole service goes to every owner. What this process serves itself it asks over the in-process channel, and a
// service that it serves alone gets the request as it is. Where an owner is unknown, has moved or cannot be reached the call
// ends with kUnavailable and the hint is corrected: callers repeat, as they do on every trouble.
//
// Thread-safe. The node's transport and directory outlive it; executors live until the transport is closed.
#pragma once

#include <memory>
#include <string_view>

#include "common/cluster/node_courier.h"
#include "common/rpc/peers.h"

namespace fundcore::cluster {

class RoutedPeers final : public rpc::Peers {
 public:
  explicit RoutedPeers(Node node) : courier_(std::make_shared<PeerCourier>(std::move(node))) {}

  void Call(std::string_view method, const google::protobuf::Message& request, google::protobuf::Message* response,
            Duration deadline, Executor* executor, Done done) override;

 private:
  class PeerCourier final : public NodeCourier {
   public:
    using NodeCourier::NodeCourier;
    void Send(const rpc::Call& trip, const Target& target, Part part, Done done) override;
  };
  const std::shared_ptr<PeerCourier> courier_;
};

}  // namespace fundcore::cluster
