// The crash loop's short form: twenty deaths of every kind under load, and stops, a full disk and damage between them. What
// is proven is in docs/proof-kills.md, the long form is the program crash_loop.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "common/base/status.h"
#include "common/runtime/clock.h"
#include "tests/crash/loop.h"
#include "tests/crash/promises.h"
#include "tests/support/process.h"

namespace fundcore::crash {
namespace {

TEST(KillTest, EveryPromiseIsKeptOverTwentyKills) {
  LoopOptions options;
  options.seed = static_cast<uint64_t>(MonotonicMicros());
  Report report;
  RunLoop(options, &report);
  std::printf("%s", report.Figures().c_str());
  for (const std::string& fault : report.faults) ADD_FAILURE() << fault;
  EXPECT_GE(report.deaths, options.kills);
  EXPECT_GT(report.orders, static_cast<uint64_t>(options.kills) * 50);
  std::printf("repeat: crash_loop --kills=%d --seed=%llu --investors=%d --first-starts=%d\n", options.kills,
              static_cast<unsigned long long>(options.seed), options.investors, options.first_starts);
}

// A judge who finds nothing must be one who would have found something.
TEST(KillTest, TheJudgeIsAwake) {
  testing::TemporaryFolder folder;
  testing::ServerProcess server({.program = testing::ProgramBeside("fundcore"),
                                 .data = folder.path() + "/data",
                                 .flags = {"--clock=steered", "--clock-start=2025-03-03 10:00", "--partitions=2", "--bank-generous"}});
  ASSERT_TRUE(server.Start().ok());
  testing::AsyncClient op(server.address(), "operator");
  testing::Market market;
  ASSERT_TRUE(testing::MakeMarket(&op, {.investors = 5}, true, &market).ok());

  Promises promises(market, 1);
  trade::v1::OrderOutcome outcome;
  const auto sent = *promises.Make(), never_sent = *promises.Make();
  trade::v1::SubmitOrderRequest request;
  *request.mutable_order() = sent;
  trade::v1::SubmitOrderResponse response;
  testing::AsyncClient app(server.address(), "investor-app");
  ASSERT_TRUE(app.Wait("fundcore.trade.v1.TradeService/SubmitOrder", request, &response).ok());
  EXPECT_TRUE(promises.Heard(sent, response.outcome()));
  EXPECT_TRUE(promises.violations().empty());
  EXPECT_TRUE(Judge(server.address(), promises, false).good());
  EXPECT_FALSE(Judge(server.address(), promises, true).good()) << "an order without an answer";

  // Acknowledged and not there; money paid in and not there.
  outcome = response.outcome();
  outcome.set_order_id(outcome.order_id() + 1);
  EXPECT_TRUE(promises.Heard(never_sent, outcome));
  promises.Deposited(market.investors[0], 1);
  const Verdict v = Judge(server.address(), promises, true);
  const auto found = [&v](const char* what) {
    return std::any_of(v.faults.begin(), v.faults.end(), [&](const std::string& f) { return f.find(what) != std::string::npos; });
  };
  EXPECT_TRUE(found("is lost"));
  EXPECT_TRUE(found("paid in"));

  // Contradictions: another number for the same id, another day, a refusal without a business reason.
  promises.Heard(sent, outcome);
  outcome.set_trade_day(20250304);
  outcome.set_repeated(true);
  promises.Heard(sent, outcome);
  outcome.set_state(trade::v1::REJECTED);
  outcome.set_reason("TIMEOUT");
  promises.Heard(sent, outcome);
  EXPECT_GE(promises.violations().size(), 4u);
}

}  // namespace
}  // namespace fundcore::crash
