// The products against a core of their own: each command twice, because that is what a crash makes of them.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "examples/portfolio/shares.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/product/v1/product.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "tests/support/client.h"
#include "tests/support/market.h"
#include "tests/support/process.h"

namespace portfolio {
namespace {

namespace ft = fundcore::testing;
namespace tv1 = fundcore::trade::v1;
namespace av1 = fundcore::account::v1;

TEST(Shares, SumToTheFen) {
  EXPECT_EQ(ByWeights(10'000, {1, 1, 1}), (std::vector<int64_t>{3'334, 3'333, 3'333}));
  // 0.01 by 60:40 is 0.6 and 0.4 fen: the larger remainder gets it
  EXPECT_EQ(ByWeights(1, {40, 60}), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(ByWeights(1'000'000'000'000'000, {999'999, 1}), (std::vector<int64_t>{999'999'000'000'000, 1'000'000'000}));
}

TEST(Shares, GlideToTheTarget) {
  EXPECT_EQ(GrowthPercent(2055, 2025), 80);
  EXPECT_EQ(GrowthPercent(2055, 2020), 80);
  EXPECT_EQ(GrowthPercent(2055, 2040), 50);
  EXPECT_EQ(GrowthPercent(2055, 2055), 20);
  EXPECT_EQ(GrowthPercent(2055, 2060), 20);
}

TEST(Shares, RebalanceSellsAndBuys) {
  // 1,500.00 units at 1.2000 are 1,800.00, 500.00 at 0.4000 are 200.00; of 2,000.00, 60% are 1,200.00 and 40% 800.00
  const std::vector<Held> held = {{"a", 60, 150'000, 120'000'000}, {"b", 40, 50'000, 40'000'000}};
  EXPECT_EQ(Rebalance(held, 1'000'000, 100), (std::vector<Move>{{"a", 0, 50'000}, {"b", 60'000, 0}}));
  EXPECT_EQ(Rebalance(held, 10'000, 100), (std::vector<Move>{{"a", 0, 50'000}, {"b", 10'000, 0}}));
  EXPECT_TRUE(Rebalance(held, 1'000'000, 100'000).empty());
}

class PortfolioTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.Start().ok());
    op_ = std::make_unique<ft::AsyncClient>(server_.address(), "operator");
    ASSERT_TRUE(ft::MakeMarket(op_.get(), {.investors = 2, .funds = 2, .deposit_fen = 1'000'000'000}, true, &market_).ok());
  }
  int Run(const std::string& arguments) {
    const std::string command = ft::ProgramBeside("portfolio") + " --server " + server_.address() + " " + arguments;
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::vector<tv1::Order> Orders(uint64_t investor) {
    tv1::ListOrdersRequest q;
    q.set_investor_id(investor);
    tv1::ListOrdersResponse r;
    EXPECT_TRUE(op_->Wait("fundcore.trade.v1.TradeService/ListOrders", q, &r).ok());
    return {r.orders().begin(), r.orders().end()};
  }
  std::vector<tv1::Plan> Plans(uint64_t investor) {
    tv1::ListPlansRequest q;
    q.set_investor_id(investor);
    tv1::ListPlansResponse r;
    EXPECT_TRUE(op_->Wait("fundcore.trade.v1.TradeService/ListPlans", q, &r).ok());
    return {r.plans().begin(), r.plans().end()};
  }
  av1::GetAccountResponse Account(uint64_t investor) {
    av1::GetAccountRequest q;
    q.set_investor_id(investor);
    av1::GetAccountResponse r;
    EXPECT_TRUE(op_->Wait("fundcore.account.v1.AccountService/GetAccount", q, &r).ok());
    return r;
  }

  ft::TemporaryFolder folder_;
  ft::ServerProcess server_{{.program = ft::ProgramBeside("fundcore"),
                             .data = folder_.path() + "/data",
                             .flags = {"--clock=steered", "--clock-start=2025-03-03 10:00", "--partitions=2", "--bank-generous"}}};
  std::unique_ptr<ft::AsyncClient> op_;
  ft::Market market_;
};

TEST_F(PortfolioTest, BuysOnceThroughACrashOfTheCore) {
  const std::string buy = "buy --investor " + std::to_string(market_.investors[0]) + " --id basket --amount 1,000.01 --fund " +
                          market_.funds[0] + ":1 --fund " + market_.funds[1] + ":1";
  EXPECT_EQ(Run(buy), 0);
  server_.Kill();
  EXPECT_EQ(Run(buy), 3) << "the core is away";
  ASSERT_TRUE(server_.Start().ok());
  EXPECT_EQ(Run(buy), 0);
  const auto orders = Orders(market_.investors[0]);
  ASSERT_EQ(orders.size(), 2u);
  EXPECT_EQ(orders[1].amount_fen(), 50'001);
  EXPECT_EQ(orders[0].amount_fen(), 50'000);
  // Another amount under the same id is another purchase: refused, and nothing is bought.
  EXPECT_EQ(Run("buy --investor " + std::to_string(market_.investors[0]) + " --id basket --amount 2,000.00 --fund " +
                market_.funds[0] + ":1 --fund " + market_.funds[1] + ":1"),
            1);
  EXPECT_EQ(Orders(market_.investors[0]).size(), 2u);
  EXPECT_EQ(Run("buy --investor 1 --id x --amount 0.00 --fund a:1"), 2);
}

TEST_F(PortfolioTest, KeepsASmartPlanOverTheYears) {
  const std::string smart = "smart --investor " + std::to_string(market_.investors[0]) +
                            " --id pension --amount 1,000.00 --target-year 2054 --growth " + market_.funds[0] + " --steady " +
                            market_.funds[1];
  // 29 years before: 20 + 2 x 29 = 78%
  EXPECT_EQ(Run(smart + " --date 20250303"), 0);
  EXPECT_EQ(Run(smart + " --date 20250304"), 0);
  auto plans = Plans(market_.investors[0]);
  ASSERT_EQ(plans.size(), 2u);
  EXPECT_EQ(plans[1].terms().amount_fen(), 78'000);
  EXPECT_EQ(plans[0].terms().amount_fen(), 22'000);
  EXPECT_EQ(Run(smart + " --date 20260105"), 0);
  plans = Plans(market_.investors[0]);
  ASSERT_EQ(plans.size(), 2u);
  EXPECT_EQ(plans[1].terms().amount_fen(), 76'000);
  EXPECT_EQ(plans[0].terms().amount_fen(), 24'000);
}

TEST_F(PortfolioTest, GivesOnce) {
  const int64_t giver = Account(market_.investors[0]).available_fen(), receiver = Account(market_.investors[1]).available_fen();
  const std::string gift = "gift --from " + std::to_string(market_.investors[0]) + " --from-card " +
                           std::to_string(market_.cards[0]) + " --to " + std::to_string(market_.investors[1]) + " --to-card " +
                           std::to_string(market_.cards[1]) + " --id birthday --amount 500.00 --fund " + market_.funds[0];
  int code = 3;
  for (int n = 0; n < 20 && code == 3; ++n) code = Run(gift);  // a payment may be under way
  EXPECT_EQ(code, 0);
  EXPECT_EQ(Run(gift), 0);
  EXPECT_EQ(Account(market_.investors[0]).available_fen(), giver - 50'000);
  EXPECT_EQ(Account(market_.investors[1]).available_fen(), receiver);
  ASSERT_EQ(Orders(market_.investors[1]).size(), 1u);
  EXPECT_EQ(Orders(market_.investors[1])[0].amount_fen(), 50'000);
}

TEST_F(PortfolioTest, ARebalanceIsDecidedOnce) {
  const std::string state = folder_.path() + "/state";
  const std::string rebalance = "rebalance --investor " + std::to_string(market_.investors[0]) + " --id q2 --state " + state +
                                " --fund " + market_.funds[0] + ":1 --fund " + market_.funds[1] + ":1";
  // The program has died after it had decided and before it sent anything.
  std::ofstream(state) << "rebalance q2\n" << market_.funds[1] << " 123456 0\nwhole 1\n";
  EXPECT_EQ(Run(rebalance), 0);
  EXPECT_EQ(Run(rebalance), 0);
  ASSERT_EQ(Orders(market_.investors[0]).size(), 1u);
  EXPECT_EQ(Orders(market_.investors[0])[0].amount_fen(), 123'456);
  std::ofstream(state) << "rebalance q2\n" << market_.funds[1] << " 12";
  EXPECT_EQ(Run(rebalance), 3) << "a state that ends too early";
  std::ofstream(state) << "rebalance q1\nwhole 0\n";
  EXPECT_EQ(Run(rebalance), 3) << "the state of another decision";
}

}  // namespace
}  // namespace portfolio
