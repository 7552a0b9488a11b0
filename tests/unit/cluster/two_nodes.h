// Two nodes that share out the partitions of one real system: each owns every other one and passes on, splits and joins what
// is not its own, while the handlers behind both are the same. So what a call gives by way of a node must be, byte for byte,
// what the system itself says, and a whole fund day must run as it does without nodes. In virtual time, on one thread.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/cluster/forwarding.h"
#include "common/cluster/routed_peers.h"
#include "common/rpc/wire.h"
#include "tools/dayrun/runner.h"
#include "tools/dayrun/sim_driver.h"

namespace fundcore::cluster {

// Carries messages as bytes to the handlers behind an address, at once. All who call are siblings.
class DirectTransport final : public Transport {
 public:
  void Serve(const std::string& address, const rpc::Handlers* handlers) { servers_[address] = handlers; }
  int calls_elsewhere = 0;

  void Call(const std::string& address, std::string_view method, const Message& request, Message* response,
            const rpc::Outgoing& outgoing, Done done) override {
    const auto server = servers_.find(address);
    const rpc::Handlers::Method* m = server == servers_.end() ? nullptr : server->second->Find(method);
    if (m == nullptr) return done(absl::UnavailableError("nobody is there"));
    calls_elsewhere += !address.empty();
    rpc::Call call;
    call.caller = outgoing.on_behalf_of ? outgoing.on_behalf_of->caller : CallerId(outgoing.caller);
    call.internal = !outgoing.on_behalf_of || outgoing.on_behalf_of->internal;
    call.deadline = outgoing.deadline;
    call.hops = outgoing.hops;
    if (outgoing.partitions) call.partitions = *outgoing.partitions;
    struct Delivery {
      std::unique_ptr<Message> request, response;
    };
    auto delivery = std::make_shared<Delivery>();
    delivery->request.reset(m->request_prototype->New());
    delivery->response.reset(m->response_prototype->New());
    EXPECT_TRUE(delivery->request->ParseFromString(rpc::DeterministicBytes(request)));
    m->unary(call, *delivery->request, delivery->response.get(),
             [delivery, response, done = std::move(done)](absl::Status status) mutable {
               const std::string bytes = rpc::DeterministicBytes(*delivery->response);
               EXPECT_TRUE(!status.ok() || response->ParseFromString(bytes));
               done(std::move(status));
             });
  }
  void Stream(const std::string&, std::string_view, const Message&, const Message*, const rpc::Outgoing&,
              std::shared_ptr<rpc::Stream> to) override {
    to->Finish(absl::UnimplementedError("no streams here"));
  }

 private:
  std::map<std::string, const rpc::Handlers*> servers_;
};

class TwoNodes final : public dayrun::Driver {
 public:
  explicit TwoNodes(uint16_t partitions)
      : driver_({.seed = 11,
                 .partitions = partitions,
                 .clearing_partitions = 3,
                 .wrap = [this](ServiceDeps* deps) { Wrap(deps); }}) {}

  // --- Driver: everything by way of node a.
  absl::Status Begin(TimePoint start) override {
    absl::Status begun = driver_.Begin(start);
    if (!begun.ok()) return begun;
    for (Side* side : {&a_, &b_}) side->forwarding = std::make_unique<ForwardingHandlers>(Served(), side->node);
    for (Side* side : {&a_, &b_}) {
      side->transport.Serve("", side->forwarding->handlers());
      side->transport.Serve("a:1", a_.forwarding->handlers());
      side->transport.Serve("b:1", b_.forwarding->handlers());
    }
    return absl::OkStatus();
  }
  absl::Status Call(std::string_view method, const Message& request, Message* response, std::string_view caller) override {
    return Ask(*a_.forwarding->handlers(), method, request, response, caller);
  }
  // What the system itself says.
  absl::Status Straight(std::string_view method, const Message& request, Message* response, std::string_view caller) {
    return Ask(*Served(), method, request, response, caller);
  }
  TimePoint Now() override { return driver_.Now(); }
  absl::Status AdvanceTo(TimePoint when) override { return driver_.AdvanceTo(when); }
  absl::StatusOr<bool> Wait(absl::FunctionRef<absl::StatusOr<bool>()> done, Duration patience) override {
    return driver_.Wait(done, patience);
  }
  absl::Status Restart() override { return absl::UnimplementedError("nodes do not restart here"); }
  absl::Status SetDown(std::string_view, bool) override { return absl::UnimplementedError("nodes stay up here"); }
  Files* exchange() override { return driver_.exchange(); }
  absl::StatusOr<ta_sim::TaStore*> TaStoreOf(std::string_view ta) override { return driver_.TaStoreOf(ta); }
  absl::StatusOr<std::string> StateHash() override { return driver_.StateHash(); }
  absl::Status CheckReplay() override { return driver_.CheckReplay(); }

  rpc::Handlers* Served() { return driver_.system()->system()->handlers(); }
  const rpc::Handlers& a() const { return *a_.forwarding->handlers(); }
  int calls_elsewhere() const { return a_.transport.calls_elsewhere + b_.transport.calls_elsewhere; }
  // From now on nobody knows who owns what b owns.
  void ForgetB() {
    for (const auto& [service, count] : a_.node.layout.services())
      for (uint16_t p = 0; p < count; ++p) a_.directory.Doubt({service, PartitionId(p)}, "b:1");
  }

 private:
  struct Side {
    Directory directory;
    DirectTransport transport;
    Node node;
    std::unique_ptr<RoutedPeers> peers;
    std::unique_ptr<ForwardingHandlers> forwarding;
  };

  // a has the even partitions of all services, so the one of product and of the bank; b the odd ones, and the clock.
  static bool OwnedByA(LogPartition p) { return p.service != ServiceId::kSystem && p.partition.raw() % 2 == 0; }

  void Wrap(ServiceDeps* deps) {
    uint64_t id = 0;
    for (auto [side, address] : {std::pair(&a_, "a:1"), std::pair(&b_, "b:1")}) {
      const bool is_a = side == &a_;
      side->node.layout = Layout(System::Layout(*deps));
      side->node.address = address;
      side->node.plays = {ServiceId::kTrade, ServiceId::kAccount, ServiceId::kProduct,  ServiceId::kRisk,
                          ServiceId::kClearing, ServiceId::kSimBank, ServiceId::kSystem};
      side->node.serves = [is_a](LogPartition p) { return OwnedByA(p) == is_a; };
      side->node.directory = &side->directory;
      side->node.transport = &side->transport;
      side->node.vault = deps->vault;
      v1::Announcement word;
      word.set_process_id(++id);
      word.set_seq(1);
      word.set_address(address);
      for (const auto& [service, count] : side->node.layout.services()) {
        word.add_roles(std::string(RoleOf(service)));
        for (uint16_t p = 0; p < count; ++p) {
          if (!side->node.serves({service, PartitionId(p)})) continue;
          v1::Owned* owned = word.add_owned();
          owned->set_service(std::string(ServiceName(service)));
          owned->set_partition(p);
          owned->set_epoch(1);
        }
      }
      for (Side* reader : {&a_, &b_}) reader->directory.Apply(word.SerializeAsString());
      side->peers = std::make_unique<RoutedPeers>(side->node);
    }
    deps->peers = a_.peers.get();
  }

  absl::Status Ask(const rpc::Handlers& handlers, std::string_view method, const Message& request, Message* response,
                   std::string_view caller) {
    const rpc::Handlers::Method* m = handlers.Find(method);
    EXPECT_NE(m, nullptr) << method;
    struct Pending {
      std::unique_ptr<Message> request, response;
      bool ended = false;
      absl::Status status;
    };
    auto pending = std::make_shared<Pending>();
    pending->request.reset(m->request_prototype->New());
    pending->response.reset(m->response_prototype->New());
    EXPECT_TRUE(pending->request->ParseFromString(rpc::DeterministicBytes(request)));
    rpc::Call call;
    call.caller = CallerId(caller);
    call.deadline = Duration::Seconds(10);
    m->unary(call, *pending->request, pending->response.get(), [pending](absl::Status status) {
      pending->status = std::move(status);
      pending->ended = true;
    });
    if (!driver_.system()->world().RunUntil([&] { return pending->ended; }, Duration::Seconds(10))) {
      return absl::DeadlineExceededError(std::string(method) + " did not answer");
    }
    response->Clear();
    EXPECT_TRUE(!pending->status.ok() || response->ParseFromString(rpc::DeterministicBytes(*pending->response)));
    return pending->status;
  }

  Side a_, b_;
  dayrun::SimDriver driver_;
};

}  // namespace fundcore::cluster
