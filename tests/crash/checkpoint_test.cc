// A checkpoint of a real server, made under way: it verifies against the log, and a folder restored from it comes, with the
// log, to the very state that was left.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "tests/support/client.h"
#include "tests/support/market.h"
#include "tests/support/process.h"

namespace fundcore {
namespace {

using testing::AsyncClient;
constexpr char kAdmin[] = "fundcore.admin.v1.AdminService/";

class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest() : data_(folder_.path() + "/data"), program_(testing::ProgramBeside("fundcore")) {}

  void Orders(AsyncClient& app, const testing::Market& market, const std::string& prefix, int count) {
    trade::v1::SubmitOrdersRequest request;
    for (int i = 0; i < count; ++i) {
      auto* o = request.add_orders();
      o->set_request_id(StrCat(prefix, "-", i));
      o->set_investor_id(market.investors[static_cast<size_t>(i) % market.investors.size()]);
      o->set_business(22);
      o->set_fund_code(market.funds[0]);
      o->set_amount_fen(100'000 + i);
    }
    trade::v1::SubmitOrdersResponse response;
    ASSERT_TRUE(app.Wait("fundcore.trade.v1.TradeService/SubmitOrders", request, &response).ok());
    for (const auto& o : response.outcomes()) ASSERT_EQ(o.code(), 0) << o.message();
  }
  // Hash by partition, for the services whose state only orders move.
  std::map<std::string, std::string> Hashes(AsyncClient& op) {
    admin::v1::StateHashesResponse response;
    EXPECT_TRUE(op.Wait(StrCat(kAdmin, "StateHashes"), admin::v1::StateHashesRequest(), &response).ok());
    std::map<std::string, std::string> out;
    for (const auto& p : response.partitions())
      if (p.service() == "trade" || p.service() == "account" || p.service() == "risk")
        out[absl::StrFormat("%s/%d", p.service(), p.partition())] = p.hash();
    return out;
  }
  absl::Status Checkpoint(AsyncClient& op, const std::string& name) {
    admin::v1::CheckpointRequest request;
    request.set_name(name);
    admin::v1::CheckpointResponse response;
    return op.Wait(StrCat(kAdmin, "Checkpoint"), request, &response);
  }
  int Run(const std::string& words) { return system((program_ + " " + words).c_str()); }

  testing::TemporaryFolder folder_;
  const std::string data_, program_;
};

TEST_F(CheckpointTest, VerifiesAndLeadsWithTheLogToTheSameState) {
  testing::ServerProcess server({.program = program_,
                                 .data = data_,
                                 .flags = {"--clock=steered", "--clock-start=2025-03-03 10:00", "--partitions=4",
                                           "--bank-generous", "--flush-every=100KiB"}});
  ASSERT_TRUE(server.Start().ok());
  AsyncClient op(server.address(), "operator"), app(server.address(), "investor-app");
  testing::Market market;
  ASSERT_TRUE(testing::MakeMarket(&op, {.investors = 50}, true, &market).ok());
  Orders(app, market, "before", 500);
  ASSERT_TRUE(Checkpoint(op, "noon").ok());
  EXPECT_EQ(Checkpoint(op, "noon").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Checkpoint(op, "../noon").code(), absl::StatusCode::kInvalidArgument);
  Orders(app, market, "after", 500);
  const auto left = Hashes(op);
  ASSERT_EQ(server.Stop(), 0);

  EXPECT_EQ(Run("check-replay --data=" + data_ + " --checkpoint=noon"), 0);
  EXPECT_NE(Run("check-replay --data=" + data_ + " --checkpoint=midnight"), 0);
  EXPECT_NE(Run("restore --data=" + data_ + " midnight"), 0);
  ASSERT_EQ(Run("restore --data=" + data_ + " noon"), 0);
  EXPECT_NE(Run("restore --data=" + data_ + " noon"), 0);  // the earlier state is kept, and not overwritten
  EXPECT_TRUE(std::filesystem::exists(data_ + "/state.before-noon"));

  ASSERT_TRUE(server.Start().ok());
  Orders(app, market, "after", 500);  // all of them known: nothing new
  EXPECT_EQ(Hashes(op), left);
  ASSERT_EQ(server.Stop(), 0);
  EXPECT_EQ(Run("check-replay --data=" + data_), 0);
}

// Found by the crash loop: restore opened the present state first and turned its damage into a refusal.
TEST_F(CheckpointTest, IsRestoredOverADamagedState) {
  testing::ServerProcess server({.program = program_,
                                 .data = data_,
                                 .flags = {"--clock=steered", "--clock-start=2025-03-03 10:00", "--partitions=2", "--bank-generous"}});
  ASSERT_TRUE(server.Start().ok());
  AsyncClient op(server.address(), "operator"), app(server.address(), "investor-app");
  testing::Market market;
  ASSERT_TRUE(testing::MakeMarket(&op, {.investors = 5}, true, &market).ok());
  Orders(app, market, "before", 50);
  ASSERT_TRUE(Checkpoint(op, "noon").ok());
  Orders(app, market, "after", 50);
  const auto left = Hashes(op);
  EXPECT_EQ(Run("restore --data=" + data_ + " noon"), 3 << 8) << "a folder in use";
  ASSERT_EQ(server.Stop(), 0);
  for (const auto& entry : std::filesystem::directory_iterator(data_ + "/state/db")) {
    if (!entry.path().filename().string().starts_with("MANIFEST")) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(40);
    file.put('\x7f');
  }
  EXPECT_FALSE(server.Start().ok());
  ASSERT_EQ(Run("restore --data=" + data_ + " noon"), 0);
  ASSERT_TRUE(server.Start().ok());
  Orders(app, market, "after", 50);
  EXPECT_EQ(Hashes(op), left);
  ASSERT_EQ(server.Stop(), 0);
}

}  // namespace
}  // namespace fundcore
