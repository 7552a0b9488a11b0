// See routed_peers.h.
#include "common/cluster/routed_peers.h"

#include <utility>

#include "common/base/check.h"

namespace fundcore::cluster {

void RoutedPeers::PeerCourier::Send(const rpc::Call& trip, const Target& target, Part part, Done done) {
  // The worker knows owners as well as any server does: who is asked answers, or says who owns it, and passes nothing on.
  SendByTransport(target, std::move(part), {.deadline = trip.deadline, .caller = node_.self.view(), .hops = 1},
                  std::move(done));
}

void RoutedPeers::Call(std::string_view method, const google::protobuf::Message& request,
                       google::protobuf::Message* response, Duration deadline, Executor* executor, Done done) {
  Done post = [executor, done = std::move(done)](absl::Status status) mutable {
    executor->Post([done = std::move(done), status = std::move(status)]() mutable { done(std::move(status)); });
  };
  const Route* route = FindRoute(method);
  if (route == nullptr || route->stream) {
    return post(absl::UnavailableError(StrCat("no route is known for ", method)));
  }
  rpc::Call trip;
  trip.caller = courier_->node().self;
  trip.internal = true;
  trip.deadline = deadline;
  const bool spans_services = route->kind == Kind::kEveryProcess || route->kind == Kind::kStates;
  if (!spans_services && courier_->node().ServesAll(route->service)) {
    return courier_->Send(trip, Target{.here = true}, {route, route->service, &request, response, {}, false},
                         std::move(post));
  }
  Dispatch(*route, request, response, trip, courier_, std::move(post));
}

}  // namespace fundcore::cluster
