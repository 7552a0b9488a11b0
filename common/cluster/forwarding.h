// ForwardingHandlers: a process's handlers as its callers see them: whoever they are for, the call finds its owner.
//
//   rpc::Handlers* served = system.handlers();
//   ForwardingHandlers forwarding(served, node);
//   RpcServer::Start(forwarding.handlers(), …);
//
// A call whose partitions are all served here goes to the handler as it is. Any other is passed on to the owners, once, in the
// caller's name; a batch is taken apart, its own part handled here. A call that was passed on already and finds no owner here
// is answered UNAVAILABLE with reason NOT_OWNER and the owner's address, so that no call goes around in circles. The table
// also has the methods of services that this process does not play.
//
// Thread-safe. It outlives the server; the handlers and all of the node outlive it, and the transport is closed before the
// handlers go.
#pragma once

#include <memory>

#include "common/cluster/node_courier.h"
#include "common/rpc/handlers.h"

namespace fundcore::cluster {

class ForwardingHandlers {
 public:
  // `served` is complete: methods added later are not seen.
  ForwardingHandlers(const rpc::Handlers* served, Node node);
  ForwardingHandlers(const ForwardingHandlers&) = delete;
  ForwardingHandlers& operator=(const ForwardingHandlers&) = delete;

  const rpc::Handlers* handlers() const { return &table_; }

 private:
  class ServerCourier final : public NodeCourier {
   public:
    ServerCourier(const rpc::Handlers* served, Node node) : NodeCourier(std::move(node)), served_(served) {}
    void Send(const rpc::Call& trip, const Target& target, Part part, Done done) override;

   private:
    const rpc::Handlers* const served_;
  };

  void Unary(const Route& route, const rpc::Handlers::Method* served, const rpc::Call& call, const Message& request,
             Message* response, rpc::Reply reply);
  void Stream(const Route& route, const rpc::Handlers::Method* served, const rpc::Call& call, const Message& request,
              std::shared_ptr<rpc::Stream> stream);
  bool AllHere(const Route& route, const Message& request) const;
  // The first partition that the call needs and that is not served here.
  std::optional<LogPartition> Missing(const Route& route, const rpc::Call& call, const Message& request) const;
  absl::Status NotOwner(LogPartition partition) const;
  const Node& node() const { return courier_->node(); }

  const std::shared_ptr<ServerCourier> courier_;
  rpc::Handlers table_;
};

}  // namespace fundcore::cluster
