// Commands against a server whose answers the test decides.
#include "tools/fundctl/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "common/base/check.h"
#include "common/rpc/server.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "fundcore/bank/v1/bank.pb.h"
#include "fundcore/clearing/v1/clearing.pb.h"
#include "fundcore/cluster/v1/cluster.pb.h"
#include "fundcore/product/v1/product.pb.h"
#include "fundcore/risk/v1/risk.pb.h"
#include "fundcore/trade/v1/trade.pb.h"

namespace fundcore::fundctl {
namespace {

using ::testing::HasSubstr;

// One institution, one fund, one order; everything adds up until a test says otherwise.
struct World {
  int64_t bank_fen = 1'000'000, register_e2 = 790'514;
  std::string break_state = "CLOSED", break_field = "ConfirmedVol";
  uint64_t different = 0;
  trade::v1::OrderState state = trade::v1::CONFIRMED;
  int64_t now_us = TimePoint::At(Date::FromRaw(20250304), TimeOfDay::Hms(21, 0)).raw();
  std::vector<std::string> callers;
  // Of recovery status and of the one order that can be shown.
  trade::v1::WaitsFor waits_for = trade::v1::WAITS_FOR_CONFIRMATION;
  uint32_t risk_lanes_closed = 0;
  uint64_t break_order = 0;
  int lost_partition = -1;  // of trade: nobody is known to own it
};

class Commands : public ::testing::Test {
 protected:
  void SetUp() override {
    Serve<admin::v1::StatusRequest, admin::v1::StatusResponse>("admin.v1.AdminService/Status",
                                                               [this](const auto&, auto* r) {
                                                                 r->set_now_us(w_.now_us);
                                                                 r->set_serving(true);
                                                               });
    Serve<product::v1::ListInstitutionsRequest, product::v1::ListInstitutionsResponse>(
        "product.v1.ProductService/ListInstitutions",
        [](const auto&, auto* r) { r->add_institutions()->set_ta_code("11"); });
    Serve<product::v1::ListFundsRequest, product::v1::ListFundsResponse>("product.v1.ProductService/ListFunds",
                                                                         [](const auto&, auto* r) {
                                                                           auto* f = r->add_funds();
                                                                           f->set_fund_code("110022");
                                                                           f->set_ta_code("11");
                                                                         });
    Serve<trade::v1::OutcomesRequest, trade::v1::OutcomesResponse>("trade.v1.TradeOps/Outcomes",
                                                                   [this](const auto&, auto* r) {
                                                                     auto* c = r->add_counts();
                                                                     c->set_state(w_.state);
                                                                     c->set_business(22);
                                                                     c->set_ta_code("11");
                                                                     c->set_count(1);
                                                                     c->set_amount_fen(1'000'000);
                                                                   });
    Serve<cluster::v1::DirectoryRequest, cluster::v1::DirectoryResponse>("admin.v1.AdminService/Directory", [this](const auto&, auto* r) {
      for (const char* address : {"10.0.0.1:7400", "10.0.0.2:7400"}) {
        auto* p = r->add_processes();
        p->set_address(address);
        p->add_roles("trade");
      }
      for (int p = 0; p < 4; ++p) {
        if (p == w_.lost_partition) continue;
        auto* o = r->add_owners();
        o->set_service("trade");
        o->set_partition(static_cast<uint32_t>(p));
        o->set_address(p == 2 ? "10.0.0.2:7400" : "10.0.0.1:7400");
        o->set_epoch(static_cast<uint64_t>(p) + 3);
      }
      auto* layout = r->add_layout();
      layout->set_service("trade");
      layout->set_partitions(4);
    });
    Serve<clearing::v1::DayStatusRequest, clearing::v1::DayStatusResponse>("clearing.v1.ClearingService/DayStatus",
                                                                           [](const auto& q, auto* r) {
                                                                             auto* d = r->add_days();
                                                                             d->set_ta_code("11");
                                                                             d->set_day(q.day());
                                                                             d->set_step(clearing::v1::CLOSED);
                                                                             d->set_answer_day(20250304);
                                                                           });
    Serve<clearing::v1::ReconciliationRequest, clearing::v1::ReconciliationResponse>(
        "clearing.v1.ClearingService/Reconciliation", [this](const auto&, auto* r) {
          auto* l = r->add_lines();
          l->set_name("confirmations");
          l->set_compared(1);
          l->set_equal(1 - w_.different);
          l->set_different(w_.different);
        });
    Serve<account::v1::TrialBalanceRequest, account::v1::TrialBalanceResponse>(
        "account.v1.AccountService/TrialBalance", [](const auto& q, auto* r) {
          r->set_balanced(q.verify());
          const auto leg = [r](const char* name, const char* ta, int64_t fen) {
            auto* l = r->add_cash();
            l->set_name(name);
            l->set_ta_code(ta);
            l->set_amount_fen(fen);
          };
          leg("BANK", "", 1'000'000);
          leg("TA_PAYABLE", "11", -1'000'000);
          for (int64_t sign : {1, -1}) {
            auto* l = r->add_units();
            l->set_name(sign > 0 ? "TA_REGISTER" : "UNITS_FREE");
            l->set_fund_code("110022");
            l->set_units_e2(sign * 790'514);
          }
        });
    Serve<bank::v1::BalancesRequest, bank::v1::BalancesResponse>(
        "bank.v1.BankService/Balances", [this](const auto&, auto* r) { r->set_settlement_fen(w_.bank_fen); });
    Serve<account::v1::UnitTotalsRequest, account::v1::UnitTotalsResponse>("account.v1.AccountOps/UnitTotals",
                                                                           [](const auto&, auto* r) {
                                                                             auto* t = r->add_totals();
                                                                             t->set_fund_code("110022");
                                                                             t->set_units_e2(790'514);
                                                                             t->set_holders(1);
                                                                           });
    Serve<clearing::v1::ListBreaksRequest, clearing::v1::ListBreaksResponse>("clearing.v1.ClearingService/ListBreaks",
                                                                             [this](const auto&, auto* r) {
                                                                               auto* b = r->add_breaks();
                                                                               b->set_break_id(1);
                                                                               b->set_ta_code("11");
                                                                               b->set_day(20250303);
                                                                               b->set_state(w_.break_state);
                                                                               b->set_order_id(w_.break_order);
                                                                               b->set_kind("CONFIRMATION_DIFFERS");
                                                                               b->set_opened_at_us(w_.now_us - 90'000'000);
                                                                             });
    ServePlans();
    handlers_.Unary<trade::v1::SubmitOrderRequest, trade::v1::SubmitOrderResponse>(
        "fundcore.trade.v1.TradeService/SubmitOrder",
        [this](const rpc::Call& call, const trade::v1::SubmitOrderRequest& q, trade::v1::SubmitOrderResponse* r,
               rpc::Reply reply) {
          w_.callers.push_back(call.caller.str());
          if (q.order().request_id() == "taken") {
            return reply(rpc::ErrorWithReason(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                                              "has other content; use another"));
          }
          if (q.order().request_id() == "busy")
            return reply(rpc::TryAgainLater("too much at once", Duration::Millis(50)));
          r->mutable_outcome()->set_order_id(100'000'000'000'007);
          r->mutable_outcome()->set_state(q.order().amount_fen() < 1'000 ? trade::v1::REJECTED : trade::v1::ACCEPTED);
          r->mutable_outcome()->set_trade_day(20250303);
          reply(absl::OkStatus());
        });
    ServeOrder();
    rpc::ServerOptions options;
    options.listen = {"127.0.0.1:0"};
    auto server = rpc::RpcServer::Start(&handlers_, options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    auto remote = Remote::Open({.address = server_->addresses()[0], .patience = Duration::Seconds(20)});
    ASSERT_TRUE(remote.ok());
    remote_ = std::make_unique<Remote>(*std::move(remote));
    ta_report_ = ::testing::TempDir() + "fundctl-ta-report.json";
    WriteTaReport("7905.14");
  }
  static constexpr uint64_t kOrder = 100'000'000'000'007;
  void FillOrder(trade::v1::Order* o) {
    o->set_order_id(kOrder);
    o->set_investor_id(1'000'000'042);
    o->set_state(trade::v1::DISPATCHED);
    o->set_ta_code("11");
    o->set_trade_day(20250303);
    o->set_waits_for(w_.waits_for);
    o->set_what_to_do("the transfer agent answers");
  }
  void ServeOrder() {
    Serve<trade::v1::GetOrderRequest, trade::v1::GetOrderResponse>(
        "trade.v1.TradeService/GetOrder", [this](const auto&, auto* r) { FillOrder(r->mutable_order()); });
    Serve<trade::v1::TraceOrderRequest, trade::v1::TraceOrderResponse>(
        "trade.v1.TradeOps/TraceOrder", [this](const auto&, auto* r) {
          FillOrder(r->mutable_order());
          for (const char* outcome : {"unavailable", "answered"}) {
            auto* t = r->add_attempts();
            t->set_peer("risk");
            t->set_at_us(w_.now_us);
            t->set_outcome(outcome);
            t->set_items(3);
          }
          r->set_attempts_left_out(12);
        });
    Serve<risk::v1::GetDecisionRequest, risk::v1::GetDecisionResponse>(
        "risk.v1.RiskService/GetDecision", [](const auto&, auto* r) { r->set_outcome("ALLOW"); });
    Serve<trade::v1::RecoveryStatusRequest, trade::v1::RecoveryStatusResponse>(
        "trade.v1.TradeOps/RecoveryStatus", [this](const auto&, auto* r) {
          r->set_now_us(w_.now_us);
          auto* w = r->add_waiting();
          w->set_waits_for(w_.waits_for);
          w->set_orders(5);
          for (uint64_t n : {0, 0, 0, 2, 3, 0, 0}) w->add_by_age(n);
          w->set_oldest_order(kOrder);
          w->set_estimated(true);
          auto* p = r->add_peers();
          p->set_peer("risk");
          p->set_lanes(2);
          p->set_lanes_closed(w_.risk_lanes_closed);
          p->set_retried_last_minute(77);
        });
  }
  void ServePlans() {
    Serve<trade::v1::MakePlanRequest, trade::v1::PlanResponse>("trade.v1.TradeService/MakePlan", [](const auto& q, auto* r) {
      auto* p = r->mutable_plan();
      p->set_plan_id(100000000000003);
      p->set_investor_id(q.investor_id());
      p->set_fund_code(q.fund_code());
      *p->mutable_terms() = q.terms();
      p->set_state(trade::v1::PLAN_ACTIVE);
      p->set_next_day(20250307);
    });
  }
  void TearDown() override {
    std::remove(ta_report_.c_str());
    server_->Stop(Duration::Seconds(1));
  }

  template <class Req, class Resp, class F>
  void Serve(std::string_view method, F fill) {
    handlers_.Unary<Req, Resp>(StrCat("fundcore.", method),
                               [this, fill](const rpc::Call& call, const Req& q, Resp* r, rpc::Reply reply) {
                                 w_.callers.push_back(call.caller.str());
                                 fill(q, r);
                                 reply(absl::OkStatus());
                               });
  }
  void WriteTaReport(const std::string& units) {
    std::ofstream(ta_report_)
        << "{\"funds\":[{\"fund\":\"110022\",\"units\":\"" << units
        << "\"}],\"cash_lines\":[{\"pay_day\":\"2025-03-05\",\"fund\":\"110022\",\"distributor\":\"pays\","
           "\"amount\":\"10000.00\"}]}";
  }
  Answer Reported() {
    auto r = MakeReport(*remote_, {.days = {"2025-03-03"}, .ta_reports = {ta_report_}});
    EXPECT_TRUE(r.ok()) << r.status();
    return r.ok() ? *r : Answer();
  }

  World w_;
  rpc::Handlers handlers_;
  std::unique_ptr<rpc::RpcServer> server_;
  std::unique_ptr<Remote> remote_;
  std::string ta_report_;
};

TEST_F(Commands, AReportOfBooksThatAgreeIsGood) {
  const Answer a = Reported();
  EXPECT_EQ(a.exit_code, 0) << a.ForPeople();
  EXPECT_THAT(a.ForPeople(), HasSubstr("Everything adds up"));
  EXPECT_THAT(a.Json(), HasSubstr(R"("good":true)"));
}

TEST_F(Commands, AReportNamesEverythingThatIsOff) {
  w_.bank_fen = 999'999;
  EXPECT_THAT(Reported().ForPeople(), HasSubstr("settlement account: 10,000.00 in our books, bank says 9,999.99"));
  w_ = World();
  WriteTaReport("7906.14");
  Answer a = Reported();
  EXPECT_EQ(a.exit_code, 1);
  EXPECT_THAT(a.ForPeople(), HasSubstr("fund 110022: positions 7,905.14, register of ta 11 7,906.14"));
  WriteTaReport("7905.14");
  w_.break_state = "PROPOSED";
  EXPECT_THAT(Reported().Json(), HasSubstr("break 1 of ta 11 (CONFIRMATION_DIFFERS) is PROPOSED"));
  w_ = World();
  w_.state = trade::v1::RECEIVED;
  EXPECT_THAT(Reported().ForPeople(), HasSubstr("1 orders of 2025-03-03 at 11 are still RECEIVED"));
  w_ = World();
  w_.different = 2;  // one break was closed: a second difference is nobody's
  EXPECT_THAT(Reported().ForPeople(), HasSubstr("2 differences, of which 1 have a closed break"));
}

TEST_F(Commands, AnInstitutionsBrokenReportIsWrongData) {
  std::ofstream(ta_report_) << "{";
  EXPECT_EQ(ExitCodeOf(MakeReport(*remote_, {.days = {"2025-03-03"}, .ta_reports = {ta_report_}}).status()), 1);
  EXPECT_EQ(ExitCodeOf(MakeReport(*remote_, {.days = {}}).status()), 2);
}

TEST_F(Commands, AnOrderIsPlacedUnderTheToolsOwnName) {
  SubmitOptions o{.investor = "001000000042", .fund = "110022", .purchase = "10,000.00", .request_id = "mine"};
  auto a = SubmitOrder(*remote_, o);
  ASSERT_TRUE(a.ok()) << a.status();
  EXPECT_EQ(a->exit_code, 0);
  EXPECT_THAT(a->Json(), HasSubstr(R"("order":"00100000000000007","state":"ACCEPTED")"));
  EXPECT_EQ(w_.callers.back(), "fundctl");
  o.purchase = "1.00";
  EXPECT_EQ(SubmitOrder(*remote_, o)->exit_code, 1);  // rejected, and the order stands
  o.redeem = "5.00";
  EXPECT_EQ(ExitCodeOf(SubmitOrder(*remote_, o).status()), 2);  // both a purchase and a redemption
}

TEST_F(Commands, APlanIsMadeOfWhatWasGiven) {
  const PlanOptions good{.investor = "001000000042", .fund = "110022", .target = "500.00", .fortnightly = "Friday", .first = "2025-03-04",
                         .misses = "three-in-all", .times = 12};
  auto a = MakePlan(*remote_, good);
  ASSERT_TRUE(a.ok()) << a.status();
  for (const char* said : {R"("what":"buys up to 500.00")", R"("when":"fortnightly on friday")", R"("ends_after":"three-in-all")",
                           R"("state":"ACTIVE")", R"("times":12)", R"("next_day":"2025-03-07")"})
    EXPECT_THAT(a->Json(), HasSubstr(said));
  const auto code = [&](auto change) {
    PlanOptions o = good;
    change(o);
    return ExitCodeOf(MakePlan(*remote_, o).status());
  };
  EXPECT_EQ(code([](PlanOptions& o) { o.purchase = "1.00"; }), 2) << "an amount and a target";
  EXPECT_EQ(code([](PlanOptions& o) { o.fortnightly = "someday"; }), 2);
  EXPECT_EQ(code([](PlanOptions& o) { o.monthly = 5; }), 2) << "by week and by month";
  EXPECT_EQ(code([](PlanOptions& o) { o.first = ""; }), 2);
  EXPECT_EQ(code([](PlanOptions& o) { o.misses = "never"; }), 2);
}

TEST_F(Commands, RefusalsAndTroubleAreExplained) {
  SubmitOptions o{.investor = "001000000042", .fund = "110022", .purchase = "10,000.00", .request_id = "taken"};
  EXPECT_EQ(Explained(SubmitOrder(*remote_, o).status()),
            "fundctl: has other content; use another [REQUEST_ID_REUSED]");
  o.request_id = "busy";
  EXPECT_THAT(Explained(SubmitOrder(*remote_, o).status()), HasSubstr("ask again after 50ms"));
  server_->Stop(Duration::Seconds(1));
  auto gone = SubmitOrder(*remote_, o);
  EXPECT_EQ(ExitCodeOf(gone.status()), 3);
  EXPECT_THAT(std::string(gone.status().message()), HasSubstr("--request-id busy"));
}

TEST_F(Commands, AProbeTellsWhoServesFromWhoOnlyLives) {
  EXPECT_EQ(ShowHealth(*remote_, "", /*alive=*/false)->exit_code, 0);
  EXPECT_EQ(ShowHealth(*remote_, "fundcore.trade.v1.TradeService", /*alive=*/false)->exit_code, 0);
  server_->SetServing("", false);
  EXPECT_EQ(ShowHealth(*remote_, "", /*alive=*/false)->exit_code, 1);
  EXPECT_EQ(ShowHealth(*remote_, "", /*alive=*/true)->exit_code, 0);
  EXPECT_EQ(ExitCodeOf(ShowHealth(*remote_, "nobody", /*alive=*/true).status()), 3);  // no such service
  server_->Stop(Duration::Seconds(1));
  EXPECT_EQ(ExitCodeOf(ShowHealth(*remote_, "", /*alive=*/true).status()), 3);
}

TEST_F(Commands, TheDirectoryShowsOwnersAndPartitionsWithoutOne) {
  const auto all = ShowDirectory(*remote_);
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->exit_code, 0);
  EXPECT_THAT(all->Json(), HasSubstr(R"({"service":"trade","partitions":"0-1 3","address":"10.0.0.1:7400","highest_epoch":6})"));
  w_.lost_partition = 1;
  const auto some = ShowDirectory(*remote_);
  EXPECT_EQ(some->exit_code, 1);
  EXPECT_THAT(some->Json(), HasSubstr(R"("without_owner":[{"service":"trade","partitions":"1"}])"));
}

TEST_F(Commands, OperatorsFacesAreAskedAsAnOperator) {
  Reported();
  EXPECT_THAT(w_.callers, ::testing::Contains("operator"));
}

TEST_F(Commands, WhatWaitsIsShownByAge) {
  auto a = ShowRecovery(*remote_);
  ASSERT_TRUE(a.ok()) << a.status();
  EXPECT_EQ(a->exit_code, 0);
  EXPECT_THAT(a->Json(), HasSubstr(R"("orders_not_final":5)"));
  EXPECT_THAT(a->Json(), HasSubstr(R"({"for":"confirmation","orders":5,"under_1s":0,"under_10s":0,"under_1min":0,)"
                                   R"("under_10min":2,"under_1h":3,"under_1d":0,"older":0,"estimated":true,)"
                                   R"("oldest":"00100000000000007")"));
  EXPECT_THAT(a->ForPeople(), HasSubstr("retried last minute"));
  w_.risk_lanes_closed = 1;
  a = ShowRecovery(*remote_);
  EXPECT_EQ(a->exit_code, 1);
  EXPECT_THAT(a->Json(), HasSubstr(R"("answers":"partly")"));
  w_.risk_lanes_closed = 0;
  w_.break_state = "OPEN";
  w_.break_order = kOrder;
  a = ShowRecovery(*remote_);
  EXPECT_EQ(a->exit_code, 1);
  EXPECT_THAT(a->Json(), HasSubstr(R"({"for":"break","orders":1,"under_1s":0,"under_10s":0,"under_1min":0,"under_10min":1)"));
}

TEST_F(Commands, AnOrderSaysWhatItWaitsForAndWhoCanHelp) {
  auto a = ShowOrder(*remote_, "00100000000000007");
  ASSERT_TRUE(a.ok()) << a.status();
  EXPECT_THAT(a->Json(), HasSubstr(R"("waits_for":"confirmation","what_to_do":"the transfer agent answers")"));
  w_.break_state = "OPEN";  // of its day
  a = ShowOrder(*remote_, "00100000000000007");
  EXPECT_THAT(a->Json(), HasSubstr(R"("waits_for":"break")"));
  EXPECT_THAT(a->ForPeople(), HasSubstr("two persons: break 1 (CONFIRMATION_DIFFERS) of its day is open"));
  w_.break_state = "PROPOSED";
  w_.break_order = kOrder;
  a = TraceOrder(*remote_, "00100000000000007");
  ASSERT_TRUE(a.ok()) << a.status();
  EXPECT_THAT(a->ForPeople(), HasSubstr("a person: break 1 (CONFIRMATION_DIFFERS) of this order is open"));
  EXPECT_THAT(a->Json(), HasSubstr(R"("attempts_left_out":12)"));
  EXPECT_THAT(a->Json(), HasSubstr(R"("outcome":"unavailable","orders":3)"));
  w_.waits_for = trade::v1::WAITS_FOR_RISK;
  EXPECT_THAT(ShowOrder(*remote_, "00100000000000007")->Json(), HasSubstr(R"("waits_for":"risk")"));
  w_.waits_for = trade::v1::WAITS_FOR_NOTHING;
  EXPECT_THAT(ShowOrder(*remote_, "00100000000000007")->Json(), HasSubstr(R"("waits_for":"")"));
}

}  // namespace
}  // namespace fundcore::fundctl
