// See forwarding.h.
#include "common/cluster/forwarding.h"

#include <utility>

#include "common/base/check.h"
#include "common/rpc/partitions.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "google/protobuf/descriptor.h"

namespace fundcore::cluster {

void ForwardingHandlers::ServerCourier::Send(const rpc::Call& trip, const Target& target, Part part, Done done) {
  if (!target.here) {
    rpc::Outgoing outgoing{.deadline = trip.deadline, .caller = node_.self.view()};
    outgoing.on_behalf_of = rpc::Outgoing::Origin{trip.caller, trip.internal};
    // Who opens an investor without the key sends it to one who has it, and that one may send it on: the one call that may
    // take two steps.
    outgoing.hops = part.route->kind == Kind::kInvestor && !part.owned.empty() ? 2 : 1;
    return SendByTransport(target, std::move(part), outgoing, std::move(done));
  }
  const rpc::Handlers::Method* method = served_->Find(part.route->method);
  if (method == nullptr) return done(rpc::NotOwner(ServiceName(part.service), part.owned.empty() ? 0 : part.owned.front()));
  rpc::Call call{.caller = trip.caller, .internal = trip.internal, .deadline = trip.deadline, .hops = trip.hops};
  if (part.only_these) call.partitions.emplace(std::move(part.owned));
  method->unary(call, *part.request, part.response, std::move(done));
}

ForwardingHandlers::ForwardingHandlers(const rpc::Handlers* served, Node node)
    : courier_(std::make_shared<ServerCourier>(served, std::move(node))) {
  for (const auto& [name, method] : served->all()) {
    // A method without a route is this process's own affair.
    if (FindRoute(name) == nullptr) table_.Add(name, method);
  }
  for (const Route& route : Routes()) {
    const rpc::Handlers::Method* method = served->Find(route.method);
    if (method == nullptr && route.kind == Kind::kLocal) continue;
    rpc::Handlers::Method wrapped;
    wrapped.request_prototype = route.request;
    wrapped.response_prototype = route.response;
    if (method != nullptr && route.kind == Kind::kLocal) {
      wrapped = *method;
    } else if (route.stream) {
      wrapped.stream = [this, &route, method](const rpc::Call& call, const Message& request,
                                              std::shared_ptr<rpc::Stream> stream) {
        Stream(route, method, call, request, std::move(stream));
      };
    } else {
      wrapped.unary = [this, &route, method](const rpc::Call& call, const Message& request, Message* response,
                                             rpc::Reply reply) {
        Unary(route, method, call, request, response, std::move(reply));
      };
    }
    table_.Add(route.method, std::move(wrapped));
  }
}

absl::Status ForwardingHandlers::NotOwner(LogPartition partition) const {
  const auto owner = node().directory->OwnerOf(partition);
  const bool known = owner && owner->address != node().address;
  return rpc::NotOwner(ServiceName(partition.service), partition.partition.raw(), known ? owner->address : "",
                       known ? owner->epoch : 0);
}

// The short way, for what needs no thought: one partition that is served here, or all of a service at one place. False may
// also mean that a closer look is needed.
bool ForwardingHandlers::AllHere(const Route& route, const Message& request) const {
  switch (route.kind) {
    case Kind::kEveryProcess:
    case Kind::kStates: return false;
    case Kind::kPartition: {
      const PartitionId p = route.where(request, node().layout);
      if (p != kAll) return p == kWhoever || node().serves({route.service, p});
      [[fallthrough]];
    }
    default: return node().ServesAll(route.service);
  }
}

void ForwardingHandlers::Unary(const Route& route, const rpc::Handlers::Method* served, const rpc::Call& call,
                               const Message& request, Message* response, rpc::Reply reply) {
  if (served != nullptr && AllHere(route, request)) return served->unary(call, request, response, std::move(reply));
  const bool looks_for_key = route.kind == Kind::kInvestor && call.hops == 1 && courier_->PartitionOfInvestor(request);
  if (call.hops == 0 || looks_for_key) {
    return Dispatch(route, request, response, call, courier_, std::move(reply));
  }
  if (served == nullptr) return reply(NotOwner({route.service, PartitionId(0)}));
  if (const auto missing = Missing(route, call, request)) return reply(NotOwner(*missing));
  served->unary(call, request, response, std::move(reply));
}

std::optional<LogPartition> ForwardingHandlers::Missing(const Route& route, const rpc::Call& call,
                                                        const Message& request) const {
  const Layout& layout = node().layout;
  const auto check = [&](ServiceId service, PartitionId p) -> std::optional<LogPartition> {
    const LogPartition partition{service, p};
    // What does not exist is the handler's to refuse.
    if (!layout.Has(partition) || node().serves(partition)) return std::nullopt;
    return partition;
  };
  const auto check_all = [&](ServiceId service) -> std::optional<LogPartition> {
    const uint16_t count = layout.Count(service);
    for (uint16_t i = 0; i < (call.partitions ? call.partitions->size() : count); ++i) {
      if (auto missing = check(service, PartitionId(call.partitions ? (*call.partitions)[i] : i))) return missing;
    }
    return std::nullopt;
  };
  const auto check_items = [&](const google::protobuf::FieldDescriptor* field, const auto& partition_of) {
    std::optional<LogPartition> missing;
    PartitionId last = kWhoever;
    for (int i = 0, n = request.GetReflection()->FieldSize(request, field); i < n; ++i) {
      const PartitionId p = partition_of(request.GetReflection()->GetRepeatedMessage(request, field, i));
      if (p == last) continue;
      last = p;
      if ((missing = check(route.service, p))) break;
    }
    return missing;
  };
  switch (route.kind) {
    case Kind::kLocal:
    case Kind::kEveryProcess: return std::nullopt;
    case Kind::kPartition: {
      const PartitionId p = route.where(request, layout);
      return p == kAll ? check_all(route.service) : check(route.service, p);
    }
    case Kind::kEverywhere: return check_all(route.service);
    case Kind::kItems: return check_items(route.items, [&](const Message& item) { return route.item(item, layout); });
    case Kind::kInvestor: {
      const auto p = courier_->PartitionOfInvestor(request);
      return p ? check(route.service, *p) : LogPartition{route.service, PartitionId(0)};
    }
    case Kind::kLink: {
      if (call.partitions) return check_all(route.service);
      const auto [investor, link] = PartitionsOfLink(request, layout);
      auto missing = check(route.service, investor);
      return missing ? missing : check(route.service, link);
    }
    case Kind::kResolve: {
      // Without a list all may be needed: whose the accounts are is only seen on the way.
      if (!call.partitions) return check_all(route.service);
      const auto* keys = account::v1::ResolveTradingAccountsRequest::descriptor()->FindFieldByName("keys");
      return check_items(keys, [&](const Message& key) { return PartitionOfKey(key, layout); });
    }
    case Kind::kStates: {
      const auto service = ServiceOf(static_cast<const admin::v1::StateHashesRequest&>(request).service());
      return service ? check_all(*service) : std::nullopt;
    }
  }
  return std::nullopt;
}

void ForwardingHandlers::Stream(const Route& route, const rpc::Handlers::Method* served, const rpc::Call& call,
                                const Message& request, std::shared_ptr<rpc::Stream> stream) {
  const PartitionId p = route.where(request, node().layout);
  const bool nobodys = p == kWhoever;
  const auto target = nobodys ? courier_->Anybody(route.service) : courier_->OwnerOf({route.service, p});
  if (target && target->here && served != nullptr) return served->stream(call, request, std::move(stream));
  const LogPartition partition{route.service, nobodys ? PartitionId(0) : p};
  if (call.hops > 0) return stream->Finish(NotOwner(partition));
  if (!target || target->here) return stream->Finish(NoOwner(partition.service, partition.partition));
  rpc::Outgoing outgoing{.deadline = call.deadline, .caller = node().self.view(), .hops = 1};
  outgoing.on_behalf_of = rpc::Outgoing::Origin{call.caller, call.internal};
  node().transport->Stream(target->address, route.method, request, route.response, outgoing, std::move(stream));
}

}  // namespace fundcore::cluster
