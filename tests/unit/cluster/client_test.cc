// Workers and clients: who is asked directly, and what they do when owners move.
#include <future>

#include "common/runtime/clock.h"
#include "common/runtime/threads.h"
#include "tests/unit/cluster/processes.h"

namespace fundcore::cluster {
namespace {

class CallersTest : public ProcessesTest {
 protected:
  absl::Status Peer(Process& from, const std::string& method, const Message& request, Message* response) {
    std::promise<absl::Status> promise;
    from.peers->Call(method, request, response, kLong, &executor_, [&](absl::Status s) {
      EXPECT_TRUE(executor_.IsCurrent());
      promise.set_value(std::move(s));
    });
    return promise.get_future().get();
  }
  std::unique_ptr<Client> Connect(std::vector<Process*> at) {
    std::vector<std::string> addresses;
    for (Process* p : at) addresses.push_back(p->address);
    auto client = Client::Connect(addresses, {.caller = "app"});
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }
  // Calls of this method that a server ended, well or not.
  static uint64_t Served(Process& p, const std::string& method) {
    for (const rpc::MethodStats& m : p.server->Stats().methods) {
      if (m.method != method) continue;
      uint64_t sum = 0;
      for (uint64_t n : m.by_code) sum += n;
      return sum;
    }
    return 0;
  }

  RealClock clock_{{}};
  ThreadExecutor executor_{"peers", &clock_};
};

TEST_F(CallersTest, AWorkersCallsGoToTheOwnersAsInternalOnes) {
  tv1::GetOrderResponse order;
  for (uint16_t p : {1, 6}) {
    ASSERT_EQ(Peer(alpha_, kGet, Get(p), &order), absl::OkStatus());
    EXPECT_EQ(order.order().ta_account(), p < 4 ? "alpha" : "beta");
    EXPECT_EQ(order.order().message(), "internal");
    EXPECT_EQ(order.order().request_id(), "fundcore");
  }
  tv1::SubmitOrdersResponse batch;
  ASSERT_EQ(Peer(gamma_, kSubmit, Batch(64), &batch), absl::OkStatus());
  ASSERT_EQ(batch.outcomes_size(), 64);
  for (int i = 0; i < 64; ++i) EXPECT_EQ(batch.outcomes(i).order_id(), Batch(64).orders(i).investor_id());
  tv1::DayCountsResponse counts;
  ASSERT_EQ(Peer(beta_, kCounts, tv1::DayCountsRequest(), &counts), absl::OkStatus());
  EXPECT_EQ(counts.sealed(), 28u);
  EXPECT_EQ(Peer(alpha_, "fundcore.trade.v1.TradeService/Nonsense", Get(1), &order).code(), absl::StatusCode::kUnavailable);
}

TEST_F(CallersTest, AWorkerHearsOfTroubleAndGoesByTheCorrectionNextTime) {
  alpha_.Own({0, 1, 2, 3, 5});
  beta_.Own({4, 6, 7});
  alpha_.Announce({&alpha_.directory, &beta_.directory}, 2);
  tv1::GetOrderResponse order;
  EXPECT_EQ(rpc::ReasonOf(Peer(gamma_, kGet, Get(5), &order)), "NOT_OWNER");
  ASSERT_EQ(Peer(gamma_, kGet, Get(5), &order), absl::OkStatus());
  EXPECT_EQ(order.order().ta_account(), "alpha");
  beta_.server->Stop(Duration());
  EXPECT_EQ(Peer(gamma_, kGet, Get(6), &order).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(rpc::ReasonOf(Peer(gamma_, kGet, Get(6), &order)), "NO_OWNER");
}

TEST_F(CallersTest, AClientAsksOwnersDirectly) {
  auto client = Connect({&gamma_});
  tv1::GetOrderResponse order;
  for (uint16_t p = 0; p < kPartitions; ++p) ASSERT_EQ(client->Wait(kGet, Get(p), &order, kLong), absl::OkStatus());
  EXPECT_EQ(order.order().request_id(), "app");
  EXPECT_EQ(order.order().message(), "outside");
  tv1::SubmitOrdersResponse batch;
  ASSERT_EQ(client->Wait(kSubmit, Batch(100), &batch, kLong, "branch-7"), absl::OkStatus());
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(batch.outcomes(i).order_id(), Batch(100).orders(i).investor_id());
    EXPECT_EQ(batch.outcomes(i).message(), "branch-7");
  }
  EXPECT_EQ(Served(gamma_, kGet) + Served(gamma_, kSubmit), 0u);
  EXPECT_EQ(Served(alpha_, kGet), 4u);
  EXPECT_EQ(Served(beta_, kSubmit), 1u);
  // Of a whole service it asks one, which asks the others.
  tv1::DayCountsResponse counts;
  ASSERT_EQ(client->Wait(kCounts, tv1::DayCountsRequest(), &counts, kLong, "operator"), absl::OkStatus());
  EXPECT_EQ(counts.total(), 8u);
}

TEST_F(CallersTest, AClientFollowsAnOwnerThatHasMoved) {
  auto client = Connect({&gamma_});
  alpha_.Own({0, 1, 2, 3, 5, 7});
  beta_.Own({4, 6});
  Announce(2);
  tv1::GetOrderResponse order;
  ASSERT_EQ(client->Wait(kGet, Get(5), &order, kLong), absl::OkStatus()) << "its hint was old; nobody noticed";
  EXPECT_EQ(order.order().ta_account(), "alpha");
  EXPECT_EQ(client->directory().OwnerOf(Trade(7))->address, alpha_.address) << "one refusal refreshes the whole directory";
  tv1::SubmitOrdersResponse batch;
  ASSERT_EQ(client->Wait(kSubmit, Batch(100), &batch, kLong), absl::OkStatus());
  for (const auto& outcome : batch.outcomes()) EXPECT_EQ(outcome.code(), 0);
}

TEST_F(CallersTest, AClientOutlivesTheProcessItCameBy) {
  auto client = Connect({&beta_, &gamma_});
  beta_.server->Stop(Duration());
  tv1::GetOrderResponse order;
  const absl::Status lost = client->Wait(kGet, Get(5), &order, kLong);
  EXPECT_EQ(lost.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(rpc::ReasonOf(lost), "OWNER_UNREACHABLE");
  // alpha takes over, and the client finds it by way of the others.
  alpha_.Own({0, 1, 2, 3, 4, 5, 6, 7});
  beta_.Own({});
  Announce(2);
  absl::Status status = lost;
  for (int tries = 0; tries < 100 && !status.ok(); ++tries) {
    ASSERT_TRUE(client->Refresh().ok());
    status = client->Wait(kGet, Get(5), &order, kLong);
  }
  ASSERT_EQ(status, absl::OkStatus());
  EXPECT_EQ(order.order().ta_account(), "alpha");
  tv1::DayCountsResponse counts;
  EXPECT_EQ(client->Wait(kCounts, tv1::DayCountsRequest(), &counts, kLong, "operator"), absl::OkStatus());
}

TEST_F(CallersTest, AClientReadsStreamsAtTheOwner) {
  auto client = Connect({&gamma_});
  tv1::WatchOrderRequest request;
  request.set_order_id(Order(6));
  tv1::Order order;
  int messages = 0;
  ASSERT_EQ(client->Read(kWatch, request, &order, [&] { return ++messages < 3; }, kLong), absl::OkStatus());
  EXPECT_EQ(order.ta_account(), "beta");
  EXPECT_EQ(Served(gamma_, kWatch), 0u);
}

TEST_F(CallersTest, ASystemOfOneProcessNeedsNoDirectory) {
  Process single("single", true, 9);
  single.Own({0, 1, 2, 3, 4, 5, 6, 7});
  rpc::Handlers plain;
  for (const auto& [name, method] : single.handlers.all())
    if (name != kDirectoryMethod) plain.Add(name, method);
  auto server = rpc::RpcServer::Start(&plain);
  ASSERT_TRUE(server.ok());
  auto client = Client::Connect((*server)->addresses(), {.caller = "app"});
  ASSERT_TRUE(client.ok()) << client.status();
  tv1::GetOrderResponse order;
  EXPECT_EQ((*client)->Wait(kGet, Get(5), &order, kLong), absl::OkStatus());
  tv1::DayCountsResponse counts;
  EXPECT_EQ((*client)->Wait(kCounts, tv1::DayCountsRequest(), &counts, kLong, "operator"), absl::OkStatus());
  EXPECT_EQ(counts.total(), 8u);
  (*server)->Stop(Duration());
  const absl::Status nobody = Client::Connect((*server)->addresses(), {.patience = Duration::Millis(200)}).status();
  EXPECT_EQ(nobody.code(), absl::StatusCode::kUnavailable) << nobody;
  EXPECT_EQ(Client::Connect({"nowhere"}, {}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace fundcore::cluster
