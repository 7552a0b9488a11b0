// The gRPC face: shapes, batches over partitions and executors, who may call, what is answered before serving.
#include "services/risk/service.h"

#include <gtest/gtest.h>

#include <optional>

#include "common/log/memory.h"
#include "common/runtime/simulated.h"
#include "common/store/memory.h"

namespace fundcore::risk {
namespace {

// Answers as product would that knows one fund of grade R3, and promises it for the next minute.
class OneFund : public rpc::Peers {
 public:
  explicit OneFund(SimWorld* world) : world_(world) {}
  void Call(std::string_view method, const google::protobuf::Message& request, google::protobuf::Message* response,
            Duration, Executor* executor, Done done) override {
    EXPECT_EQ(method, "fundcore.product.v1.ProductOps/Facts");
    auto* facts = static_cast<product::v1::FactsResponse*>(response);
    if (static_cast<const product::v1::FactsRequest&>(request).after_seq() == 0) {
      ProductFact fact;
      fact.kind = FactKind::kFund;
      fact.fund.emplace();
      fact.fund->code = FundCode("110022");
      fact.fund->version = 1;
      facts->add_facts()->set_seq(1);
      facts->mutable_facts(0)->set_body(Encode(fact));
    }
    facts->set_watermark_us((world_->Now() + Duration::Seconds(60)).raw());
    executor->Post([done = std::move(done)]() mutable { done(absl::OkStatus()); });
  }

 private:
  SimWorld* world_;
};

class RiskServiceTest : public testing::Test {
 protected:
  static constexpr uint16_t kPartitions = 5;

  RiskServiceTest() {
    ServiceDeps deps;
    deps.executors = {world_.MakeExecutor("risk-0"), world_.MakeExecutor("risk-1")};
    deps.log = &log_;
    deps.store = &store_;
    deps.peers = &peers_;
    deps.partitions = kPartitions;
    deps.owner = 77;
    service_ = std::make_unique<RiskService>(deps);
    service_->Register(&handlers_);
    EXPECT_TRUE(service_->host()->Recover().ok());
  }
  void Serve() {
    EXPECT_TRUE(log_.Start().ok());
    service_->host()->WhenServing([this] { service_->Start(); });
    world_.RunUntilIdle(Duration::Seconds(2));
  }
  template <class Resp, class Req>
  absl::Status Call(std::string method, const Req& request, Resp* response, rpc::Call call = {CallerId("local")}) {
    std::optional<absl::Status> status;
    handlers_.Find("fundcore.risk.v1." + method)->unary(call, request, response, [&](absl::Status s) { status = std::move(s); });
    world_.RunUntil([&] { return status.has_value(); });
    EXPECT_TRUE(status.has_value());
    return status.value_or(absl::InternalError("no reply"));
  }
  absl::Status Assess(InvestorId investor, uint32_t points) {
    v1::AssessRequest q;
    q.set_request_id("q1");
    q.set_investor_id(investor.raw());
    q.add_answers(points);
    v1::AssessResponse r;
    return Call("RiskService/Assess", q, &r);
  }
  v1::DecideItem* AddItem(v1::DecideRequest* q, uint16_t partition, uint64_t order, uint64_t investor) {
    v1::DecideItem* item = q->add_items();
    item->set_order_id(MakeOrderId(PartitionId(partition), order).raw());
    item->set_investor_id(MakeInvestorId(PartitionId(partition), investor).raw());
    item->set_business(22);
    item->set_fund_code("110022");
    item->set_amount_fen(10'000'00);
    item->set_received_at_us(world_.Now().raw());
    return item;
  }

  SimWorld world_{{.seed = 3, .start = *TimePoint::Parse("2026-03-04 10:00"), .shuffle = true}};
  MemoryLog log_{&world_};
  MemoryStore store_;
  OneFund peers_{&world_};
  rpc::Handlers handlers_;
  std::unique_ptr<RiskService> service_;
};

TEST_F(RiskServiceTest, DecidesABatchOverAllPartitionsInItsOrder) {
  Serve();
  // Even investors are C5, odd ones C1.
  for (uint16_t p = 0; p < kPartitions; ++p)
    for (uint64_t i = 1; i <= 4; ++i) ASSERT_TRUE(Assess(MakeInvestorId(PartitionId(p), i), i % 2 == 0 ? 20 : 0).ok());
  v1::DecideRequest q;
  for (int i = 0; i < 200; ++i) AddItem(&q, static_cast<uint16_t>(i * 7 % kPartitions), 1 + i, 1 + i % 4);
  for (int time = 0; time < 2; ++time) {
    v1::DecideResponse r;
    ASSERT_TRUE(Call("RiskOps/Decide", q, &r).ok());
    ASSERT_EQ(r.outcomes_size(), 200);
    for (int i = 0; i < 200; ++i) {
      const bool allowed = (1 + i % 4) % 2 == 0;
      EXPECT_EQ(r.outcomes(i).outcome(), allowed ? 1u : 3u);
      EXPECT_EQ(r.outcomes(i).reason_name(), allowed ? "" : "RISK_ABOVE_CLASS");
    }
  }
}

TEST_F(RiskServiceTest, ManyOrdersOfOnePartitionBecomeSeveralCommands) {
  Serve();
  ASSERT_TRUE(Assess(MakeInvestorId(PartitionId(2), 1), 20).ok());
  v1::DecideRequest q;
  const int n = 2 * static_cast<int>(kItemsPerDecide) + 1;
  for (int i = 0; i < n; ++i) AddItem(&q, 2, 1 + i, 1 + i % 2);
  v1::DecideResponse r;
  ASSERT_TRUE(Call("RiskOps/Decide", q, &r).ok());
  for (int i = 0; i < n; ++i) {
    const char* expected = i % 2 == 1 ? "QUESTIONNAIRE_MISSING" : i < 2000 ? "" : "DAY_ORDERS_LIMIT";
    ASSERT_EQ(r.outcomes(i).reason_name(), expected) << i;
  }
}

TEST_F(RiskServiceTest, AnswersNotYetBeyondTheWatermark) {
  Serve();
  v1::DecideRequest q;
  AddItem(&q, 1, 1, 1)->set_received_at_us((world_.Now() + Duration::Seconds(120)).raw());
  AddItem(&q, 1, 2, 1);
  v1::DecideResponse r;
  ASSERT_TRUE(Call("RiskOps/Decide", q, &r).ok());
  EXPECT_EQ(r.outcomes(0).outcome(), 0u);
  EXPECT_EQ(r.outcomes(1).outcome(), 3u);
}

TEST_F(RiskServiceTest, SaysWhyInWords) {
  Serve();
  const InvestorId investor = MakeInvestorId(PartitionId(1), 9);
  ASSERT_TRUE(Assess(investor, 8).ok());
  v1::DecideRequest q;
  AddItem(&q, 1, 5, 9)->set_mismatch_confirmed(true);
  v1::DecideResponse decided;
  ASSERT_TRUE(Call("RiskOps/Decide", q, &decided).ok());
  v1::GetDecisionRequest g;
  g.set_order_id(q.items(0).order_id());
  v1::GetDecisionResponse r;
  ASSERT_TRUE(Call("RiskService/GetDecision", g, &r).ok());
  EXPECT_EQ(r.outcome(), "ALLOW");
  ASSERT_EQ(r.rules_size(), 1);
  EXPECT_EQ(r.rules(0), "MISMATCH_CONFIRMED");
  EXPECT_EQ(r.inputs().at("fund_code"), "110022");
  EXPECT_EQ(r.inputs().at("risk_class"), "C2");
  EXPECT_EQ(r.inputs().at("risk_grade"), "R3");
  EXPECT_EQ(r.inputs().at("amount"), "10000.00");
  EXPECT_EQ(r.inputs().at("valid_until"), "2027-03-04");
  EXPECT_EQ(r.at_us(), world_.Now().raw());
  g.set_investor_id(investor.raw() + 1);
  EXPECT_EQ(Call("RiskService/GetDecision", g, &r).code(), absl::StatusCode::kNotFound);
  g.set_order_id(g.order_id() + 1);
  EXPECT_EQ(rpc::ReasonOf(Call("RiskService/GetDecision", g, &r)), "DECISION_NOT_FOUND");
}

TEST_F(RiskServiceTest, ProfileAndWatch) {
  Serve();
  const InvestorId investor = MakeInvestorId(PartitionId(4), 2);
  v1::GetProfileRequest g;
  g.set_investor_id(investor.raw());
  v1::GetProfileResponse r;
  EXPECT_EQ(rpc::ReasonOf(Call("RiskService/GetProfile", g, &r)), "PROFILE_NOT_FOUND");
  ASSERT_TRUE(Assess(investor, 13).ok());
  v1::SetWatchRequest w;
  w.set_investor_id(investor.raw());
  w.set_level(1);
  v1::SetWatchResponse nothing;
  EXPECT_EQ(Call("RiskService/SetWatch", w, &nothing).code(), absl::StatusCode::kInvalidArgument) << "why?";
  w.set_why("reported by the bank");
  EXPECT_EQ(Call("RiskService/SetWatch", w, &nothing, {CallerId("app")}).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(Call("RiskService/SetWatch", w, &nothing, {CallerId("operator")}).ok());
  ASSERT_TRUE(Call("RiskService/GetProfile", g, &r).ok());
  EXPECT_EQ(r.risk_class(), 4u);
  EXPECT_EQ(r.assessed_on(), 20260304);
  EXPECT_EQ(r.valid_until(), 20270304);
  EXPECT_EQ(r.watch(), 1u);
  EXPECT_EQ(r.watch_why(), "reported by the bank");
}

TEST_F(RiskServiceTest, RefusesShapesThatNoOrderHas) {
  Serve();
  const auto field = [&](auto change) {
    v1::DecideRequest q;
    change(AddItem(&q, 1, 1, 1));
    v1::DecideResponse r;
    const absl::Status s = Call("RiskOps/Decide", q, &r);
    return StrCat(static_cast<int>(s.code()), " ", rpc::ReasonOf(s));
  };
  EXPECT_EQ(field([](auto* i) { i->set_investor_id(MakeInvestorId(PartitionId(2), 1).raw()); }), "3 INVALID_FIELD");
  EXPECT_EQ(field([](auto* i) { i->set_business(0); }), "3 INVALID_FIELD");
  EXPECT_EQ(field([](auto* i) { i->set_fund_code(std::string(21, '1')); }), "3 INVALID_FIELD");
  EXPECT_EQ(field([](auto* i) { i->set_received_at_us(INT64_MIN); }), "3 INVALID_FIELD");
  EXPECT_EQ(field([](auto* i) { i->set_order_id(0); }), "5 ORDER_NOT_FOUND");
  EXPECT_EQ(field([](auto* i) { i->set_investor_id(65'537 * kInvestorSequenceLimit + 1); }), "5 INVESTOR_NOT_FOUND")
      << "must not wrap around to partition 1";
  v1::AssessRequest a;
  a.set_investor_id(MakeInvestorId(PartitionId(1), 1).raw());
  a.set_request_id("r");
  v1::AssessResponse r;
  EXPECT_EQ(Call("RiskService/Assess", a, &r).code(), absl::StatusCode::kInvalidArgument);
  a.add_answers(21);
  EXPECT_EQ(Call("RiskService/Assess", a, &r).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(RiskServiceTest, OnlySiblingsAndOperatorsDecide) {
  Serve();
  v1::DecideRequest q;
  v1::DecideResponse r;
  EXPECT_EQ(Call("RiskOps/Decide", q, &r, {CallerId("app")}).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(Call("RiskOps/Decide", q, &r, {CallerId("trade"), true}).ok());
}

TEST_F(RiskServiceTest, UnavailableUntilServing) {
  v1::DecideRequest q;
  for (uint16_t p = 0; p < kPartitions; ++p) AddItem(&q, p, 1, 1);
  v1::DecideResponse r;
  EXPECT_EQ(rpc::ReasonOf(Call("RiskOps/Decide", q, &r)), "NOT_SERVING");
  EXPECT_EQ(rpc::ReasonOf(Assess(MakeInvestorId(PartitionId(1), 1), 4)), "NOT_SERVING");
}

}  // namespace
}  // namespace fundcore::risk
