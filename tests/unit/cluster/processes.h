// Processes of a small system in one test program: each with a server of its own on loopback, a directory, and handlers that
// say who was asked, by whom and for what. They share out eight partitions of trade.
#pragma once

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/cluster/announcer.h"
#include "common/cluster/client.h"
#include "common/cluster/directory_service.h"
#include "common/cluster/forwarding.h"
#include "common/cluster/routed_peers.h"
#include "common/rpc/partitions.h"
#include "common/rpc/server.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/trade/v1/trade.pb.h"

namespace fundcore::cluster {

namespace tv1 = trade::v1;

inline constexpr uint16_t kPartitions = 8;
inline constexpr Duration kLong = Duration::Seconds(20);
inline constexpr LogPartition Trade(uint16_t p) { return {ServiceId::kTrade, PartitionId(p)}; }
inline uint64_t Investor(uint16_t p, uint64_t seq = 1) { return MakeInvestorId(PartitionId(p), seq).raw(); }
inline uint64_t Order(uint16_t p, uint64_t seq = 1) { return MakeOrderId(PartitionId(p), seq).raw(); }

// A port of loopback that was free a moment ago.
inline std::string FreeAddress() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof a;
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&a), size), 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size);
  close(fd);
  return "127.0.0.1:" + std::to_string(ntohs(a.sin_port));
}

struct Process {
  // `trades`: it plays trade; without, it only passes on.
  Process(std::string name, bool trades, uint64_t id) : name(std::move(name)), trades(trades), id(id), address(FreeAddress()) {
    if (trades) AddHandlers();
    AddDirectoryService(&handlers, &directory, layout);
    Node node;
    node.layout = layout;
    node.address = address;
    if (trades) node.plays = {ServiceId::kTrade};
    node.serves = [this](LogPartition p) { return Owns(p); };
    node.directory = &directory;
    node.transport = &transport;
    forwarding = std::make_unique<ForwardingHandlers>(&handlers, node);
    peers = std::make_unique<RoutedPeers>(node);
    auto started = rpc::RpcServer::Start(forwarding->handlers(), {.listen = {address}});
    EXPECT_TRUE(started.ok()) << started.status();
    server = *std::move(started);
    transport.SetLocal(server->InProcessChannel());
  }
  ~Process() {
    LetGo();
    if (server) server->Stop(Duration::Seconds(1));
  }

  bool Owns(LogPartition p) {
    std::lock_guard lock(mutex);
    return owned.contains(p);
  }
  void Own(std::set<uint16_t> partitions) {
    std::lock_guard lock(mutex);
    owned.clear();
    for (uint16_t p : partitions) owned.insert(Trade(p));
  }
  // What it says of itself, in everybody's ears that are given.
  void Announce(const std::vector<Directory*>& ears, uint64_t epoch) {
    v1::Announcement word;
    word.set_process_id(id);
    word.set_seq(++seq);
    word.set_address(address);
    if (trades) word.add_roles("trade");
    std::lock_guard lock(mutex);
    for (LogPartition p : owned) {
      v1::Owned* o = word.add_owned();
      o->set_service("trade");
      o->set_partition(p.partition.raw());
      o->set_epoch(epoch);
    }
    for (Directory* ear : ears) EXPECT_TRUE(ear->Apply(word.SerializeAsString()));
  }
  void LetGo() {
    std::lock_guard lock(mutex);
    streams.clear();
    parked.clear();
  }

  void AddHandlers() {
    handlers.Unary<tv1::GetOrderRequest, tv1::GetOrderResponse>(
        "fundcore.trade.v1.TradeService/GetOrder",
        [this](const rpc::Call& call, const tv1::GetOrderRequest& q, tv1::GetOrderResponse* r, rpc::Reply reply) {
          ++calls;
          if (q.order_id() / kOrderSequenceLimit >= kPartitions) {
            return reply(rpc::ErrorWithReason(absl::StatusCode::kNotFound, "ORDER_NOT_FOUND", "no such order"));
          }
          r->mutable_order()->set_order_id(q.order_id());
          r->mutable_order()->set_ta_account(name);
          r->mutable_order()->set_request_id(call.caller.str());
          r->mutable_order()->set_message(call.internal ? "internal" : "outside");
          reply(absl::OkStatus());
        });
    handlers.Unary<tv1::SubmitOrdersRequest, tv1::SubmitOrdersResponse>(
        "fundcore.trade.v1.TradeService/SubmitOrders",
        [this](const rpc::Call& call, const tv1::SubmitOrdersRequest& q, tv1::SubmitOrdersResponse* r, rpc::Reply reply) {
          ++calls;
          last_request = &q;
          last_order = q.orders_size() ? &q.orders(0) : nullptr;
          for (const auto& order : q.orders()) {
            auto* out = r->add_outcomes();
            out->set_order_id(order.investor_id());
            out->set_reason(name);
            out->set_message(call.caller.str());
          }
          if (drop_replies) return;
          reply(absl::OkStatus());
        });
    handlers.Unary<tv1::DayCountsRequest, tv1::DayCountsResponse>(
        "fundcore.trade.v1.TradeOps/DayCounts",
        [this](const rpc::Call& call, const tv1::DayCountsRequest&, tv1::DayCountsResponse* r, rpc::Reply reply) {
          ++calls;
          if (!call.internal && call.caller.view() != "operator") return reply(absl::PermissionDeniedError("operators only"));
          const auto where = rpc::AskedPartitions(call, kPartitions);
          if (!where.ok()) return reply(where.status());
          for (const PartitionId p : *where) {
            if (!Owns(Trade(p.raw()))) return reply(rpc::NotOwner("trade", p.raw()));
            r->set_total(r->total() + 1);
            r->set_sealed(r->sealed() + p.raw());
          }
          reply(absl::OkStatus());
        });
    handlers.ServerStream<tv1::WatchOrderRequest, tv1::Order>(
        "fundcore.trade.v1.TradeService/WatchOrder",
        [this](const rpc::Call& call, const tv1::WatchOrderRequest& q, std::shared_ptr<rpc::Stream> stream) {
          ++calls;
          tv1::Order order;
          order.set_order_id(q.order_id());
          order.set_ta_account(name);
          order.set_request_id(call.caller.str());
          for (int i = 0; i < 3; ++i) stream->Send(order);
          std::lock_guard lock(mutex);
          streams.push_back(std::move(stream));
          changed.notify_all();
        });
  }
  std::shared_ptr<rpc::Stream> TakeStream() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return !streams.empty(); });
    auto stream = std::move(streams.back());
    streams.pop_back();
    return stream;
  }

  const Layout layout{{{ServiceId::kTrade, kPartitions}}};
  const std::string name;
  const bool trades;
  const uint64_t id;
  const std::string address;
  uint64_t seq = 0;
  std::mutex mutex;
  std::condition_variable changed;
  std::set<LogPartition> owned;
  std::vector<std::shared_ptr<rpc::Stream>> streams;
  std::vector<rpc::Reply> parked;
  std::atomic<int> calls{0};
  std::atomic<bool> drop_replies{false};
  std::atomic<const tv1::SubmitOrdersRequest*> last_request{nullptr};
  std::atomic<const tv1::NewOrder*> last_order{nullptr};
  rpc::Handlers handlers;
  Directory directory;
  GrpcTransport transport;
  std::unique_ptr<ForwardingHandlers> forwarding;
  std::unique_ptr<RoutedPeers> peers;
  std::unique_ptr<rpc::RpcServer> server;
};

// alpha has partitions 0 to 3, beta 4 to 7; gamma plays no trade.
class ProcessesTest : public testing::Test {
 protected:
  ProcessesTest() {
    alpha_.Own({0, 1, 2, 3});
    beta_.Own({4, 5, 6, 7});
    Announce(1);
  }
  void Announce(uint64_t epoch) {
    for (Process* p : {&alpha_, &beta_, &gamma_})
      p->Announce({&alpha_.directory, &beta_.directory, &gamma_.directory}, epoch);
  }
  static absl::Status Ask(Process& at, const std::string& method, const Message& request, Message* response,
                          const std::string& caller = "app") {
    auto channel = rpc::Connect(at.address);
    if (!channel.ok()) return channel.status();
    return rpc::BlockingCall(**channel, method, request, response, kLong, caller);
  }
  static tv1::GetOrderRequest Get(uint16_t p) {
    tv1::GetOrderRequest q;
    q.set_order_id(Order(p));
    return q;
  }
  static tv1::SubmitOrdersRequest Batch(int count) {
    tv1::SubmitOrdersRequest q;
    for (int i = 0; i < count; ++i)
      q.add_orders()->set_investor_id(Investor(static_cast<uint16_t>(i * 5 % kPartitions), 1 + static_cast<uint64_t>(i)));
    return q;
  }

  static constexpr char kGet[] = "fundcore.trade.v1.TradeService/GetOrder";
  static constexpr char kSubmit[] = "fundcore.trade.v1.TradeService/SubmitOrders";
  static constexpr char kCounts[] = "fundcore.trade.v1.TradeOps/DayCounts";
  static constexpr char kWatch[] = "fundcore.trade.v1.TradeService/WatchOrder";

  Process alpha_{"alpha", true, 1}, beta_{"beta", true, 2}, gamma_{"gamma", false, 3};
};

}  // namespace fundcore::cluster
