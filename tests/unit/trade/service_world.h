// The whole trade service in virtual time: handlers, log, machines, worker; account, risk and product are played by fakes
// that keep the peers' promises and can be taken down.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/log/memory.h"
#include "common/rpc/direct.h"
#include "common/runtime/simulated.h"
#include "common/store/memory.h"
#include "fundcore/product/v1/product.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/trade/service.h"
#include "tests/unit/trade/bench.h"

namespace fundcore::trade {

inline constexpr uint16_t kPartitions = 4;

// Account, risk and product, as far as trade sees them.
struct Fakes {
  // Account: what it answered for each order, and which were released. A reservation after its release fails.
  std::map<uint64_t, uint32_t> reserved;
  std::set<uint64_t> released;
  std::set<uint64_t> poor;            // investors without money
  std::map<uint64_t, uint32_t> risk;  // outcome by investor
  int reserve_calls = 0, decide_calls = 0, release_calls = 0;
  std::set<uint64_t> absurd;  // orders for which account refuses the whole call
  // When each peer got how many items, in machine time; kept where `world` is set.
  SimWorld* world = nullptr;
  std::vector<std::pair<Duration, int>> account_load, risk_load;
  std::vector<std::pair<uint64_t, std::string>> facts;
  TimePoint watermark = At("2025-12-31 00:00:00");
  rpc::Handlers handlers;

  Fakes() {
    facts = Facts::Usual().Take().facts;
    handlers.Unary<account::v1::ReserveRequest, account::v1::ReserveResponse>(
        "fundcore.account.v1.AccountOps/Reserve", [this](const rpc::Call&, const account::v1::ReserveRequest& request,
                                                         account::v1::ReserveResponse* response, rpc::Reply reply) {
          ++reserve_calls;
          if (world) account_load.emplace_back(world->MachineNow(), request.items_size());
          for (const auto& item : request.items())
            if (absurd.contains(item.order_id())) return reply(absl::InvalidArgumentError("absurd"));
          for (const auto& item : request.items()) {
            released.insert(item.release_first().begin(), item.release_first().end());
            const uint32_t fresh = released.contains(item.order_id()) ? 30 : poor.contains(item.investor_id()) ? 12 : 0;
            const uint32_t reason = reserved.emplace(item.order_id(), fresh).first->second;
            auto* out = response->add_outcomes();
            out->set_reason(reason);
            out->set_reason_name(reason == 0 ? "" : reason == 12 ? "NOT_ENOUGH_CASH" : "ALREADY_RELEASED");
            out->set_ta_account(reason == 0 ? "110000000001" : "");
          }
          reply(absl::OkStatus());
        });
    handlers.Unary<account::v1::ReleaseRequest, account::v1::ReleaseResponse>(
        "fundcore.account.v1.AccountOps/Release", [this](const rpc::Call&, const account::v1::ReleaseRequest& request,
                                                         account::v1::ReleaseResponse*, rpc::Reply reply) {
          ++release_calls;
          for (const auto& item : request.items())
            if (absurd.contains(item.order_id())) return reply(absl::InvalidArgumentError("absurd"));
          for (const auto& item : request.items()) released.insert(item.order_id());
          reply(absl::OkStatus());
        });
    handlers.Unary<risk::v1::DecideRequest, risk::v1::DecideResponse>(
        "fundcore.risk.v1.RiskOps/Decide", [this](const rpc::Call&, const risk::v1::DecideRequest& request,
                                                  risk::v1::DecideResponse* response, rpc::Reply reply) {
          ++decide_calls;
          if (world) risk_load.emplace_back(world->MachineNow(), request.items_size());
          for (const auto& item : request.items()) {
            auto* out = response->add_outcomes();
            auto it = risk.find(item.investor_id());
            out->set_outcome(it == risk.end() ? 1 : it->second);
            if (out->outcome() != 1) out->set_reason(4), out->set_reason_name("WATCHED");
          }
          reply(absl::OkStatus());
        });
    handlers.Unary<product::v1::FactsRequest, product::v1::FactsResponse>(
        "fundcore.product.v1.ProductOps/Facts", [this](const rpc::Call&, const product::v1::FactsRequest& request,
                                                       product::v1::FactsResponse* response, rpc::Reply reply) {
          for (const auto& [seq, body] : facts) {
            if (seq <= request.after_seq()) continue;
            auto* f = response->add_facts();
            f->set_seq(seq);
            f->set_body(body);
          }
          response->set_watermark_us(watermark.raw());
          reply(absl::OkStatus());
        });
  }
  // Money that is set aside for an order at this moment.
  bool Holds(uint64_t order) const {
    auto it = reserved.find(order);
    return it != reserved.end() && it->second == 0 && !released.contains(order);
  }
};

class TradeServiceTest : public ::testing::Test {
 protected:
  TradeServiceTest() : world_({.seed = 7, .start = At("2025-03-03 10:00:00"), .shuffle = true}), log_(&world_) {
    network_ = world_.MakeExecutor("network");
    Begin();
  }
  ~TradeServiceTest() override {
    for (SimExecutor* e : executors_) world_.Kill(e);
  }

  void Begin() {
    executors_ = {world_.MakeExecutor("trade-0"), world_.MakeExecutor("trade-1")};
    peers_ = std::make_unique<rpc::DirectPeers>(rpc::Faults{.seed = 3, .max_delay = Duration::Millis(2)},
                                                CallerId("fundcore/trade"), network_);
    for (const char* p : {"fundcore.account.v1.", "fundcore.risk.v1.", "fundcore.product.v1."})
      peers_->Route(p, &fakes_.handlers);
    ServiceDeps deps;
    deps.executors = {executors_[0], executors_[1]};
    deps.log = &log_;
    deps.store = &store_;
    deps.peers = peers_.get();
    deps.partitions = kPartitions;
    deps.owner = ++owner_;
    deps.recovery_items_a_second = limit_;
    service_ = std::make_unique<TradeService>(deps);
    handlers_ = std::make_unique<rpc::Handlers>();
    service_->Register(handlers_.get());
    ASSERT_TRUE(service_->host()->Recover().ok());
    ASSERT_TRUE(log_.Start().ok());
    bool serving = false;
    service_->host()->WhenServing([&] { serving = true; });
    ASSERT_TRUE(world_.RunUntil([&] { return serving; }));
    service_->Start();
    ASSERT_TRUE(world_.RunUntil([&] {
      for (uint16_t p = 0; p < kPartitions; ++p)
        if (service_->machines().At(PartitionId(p)).machine().products().absorbed() != fakes_.facts.size())
          return false;
      return true;
    }));
  }
  void Crash() {
    for (SimExecutor* e : executors_) world_.Kill(e);
    log_.Crash();
    store_.Crash();
    service_.reset();
    peers_.reset();
    Begin();
  }

  template <class Resp, class Req>
  absl::StatusOr<Resp> Call(std::string_view method, const Req& request, Duration deadline = Duration::Seconds(5),
                            CallerId caller = CallerId("app")) {
    auto done = std::make_shared<std::optional<absl::Status>>();
    auto kept = std::make_shared<std::pair<Req, Resp>>(request, Resp());
    rpc::Call call;
    call.caller = caller;
    call.internal = caller.view() == "fundcore/clearing";
    call.deadline = deadline;
    handlers_->Find(method)->unary(call, kept->first, &kept->second,
                                   [done, kept](absl::Status s) { *done = std::move(s); });
    EXPECT_TRUE(world_.RunUntil([&] { return done->has_value(); }, Duration::Seconds(60)))
        << method << " never answered";
    if (!done->has_value()) return absl::InternalError("no answer");
    if (!(*done)->ok()) return **done;
    return kept->second;
  }
  static v1::NewOrder New(std::string_view id, uint16_t partition = 1, uint64_t investor = 7) {
    v1::NewOrder o;
    o.set_request_id(std::string(id));
    o.set_investor_id(MakeInvestorId(PartitionId(partition), investor).raw());
    o.set_business(22);
    o.set_fund_code("110022");
    o.set_amount_fen(100'000);
    return o;
  }
  absl::StatusOr<v1::OrderOutcome> Submit(const v1::NewOrder& order, Duration deadline = Duration::Seconds(5)) {
    v1::SubmitOrderRequest request;
    *request.mutable_order() = order;
    auto r = Call<v1::SubmitOrderResponse>("fundcore.trade.v1.TradeService/SubmitOrder", request, deadline);
    if (!r.ok()) return r.status();
    return r->outcome();
  }
  v1::Order Get(uint64_t order) {
    v1::GetOrderRequest request;
    request.set_order_id(order);
    return Call<v1::GetOrderResponse>("fundcore.trade.v1.TradeService/GetOrder", request)->order();
  }
  template <class Resp, class Req>
  absl::StatusOr<Resp> Ops(std::string_view method, const Req& request) {
    return Call<Resp>(StrCat("fundcore.trade.v1.TradeOps/", method), request, Duration::Seconds(5),
                      CallerId("fundcore/clearing"));
  }

  Fakes fakes_;
  SimWorld world_;
  MemoryLog log_;
  MemoryStore store_;
  SimExecutor* network_ = nullptr;
  std::vector<SimExecutor*> executors_;
  std::unique_ptr<rpc::DirectPeers> peers_;
  std::unique_ptr<TradeService> service_;
  std::unique_ptr<rpc::Handlers> handlers_;
  uint64_t owner_ = 0;
  int64_t limit_ = 50'000;  // from the next Begin on
};

}  // namespace fundcore::trade
