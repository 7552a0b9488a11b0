// A checkpoint of a real server, made under way: it verifies by itself and against the log, and a folder restored from
// it, or filled from it over the wire, comes with the log to the very state that was left.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

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
  // The exit code of a fundctl, and what it said.
  int Control(const std::string& words, std::string* said = nullptr) {
    const std::string output = folder_.path() + "/said";
    const int status = system(StrCat(testing::ProgramBeside("fundctl"), " ", words, " > ", output, " 2>&1").c_str());
    if (said) {
      std::ifstream in(output);
      said->assign(std::istreambuf_iterator<char>(in), {});
    }
    return WEXITSTATUS(status);
  }
  // A bit of a file that is a link of others: theirs stays.
  static void Spoil(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), {});
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    std::filesystem::remove(path);
    std::ofstream(path, std::ios::binary) << bytes;
  }
  std::string TableOf(const std::string& folder) {
    for (const auto& entry : std::filesystem::directory_iterator(folder + "/db"))
      if (entry.path().extension() == ".sst") return entry.path().string();
    ADD_FAILURE() << "no table in " << folder;
    return "";
  }

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

// The life of a checkpoint as operators see it, and a process that joins from one.
TEST_F(CheckpointTest, IsListedVerifiedKeptElsewhereAndJoinedFrom) {
  namespace fs = std::filesystem;
  const std::vector<std::string> flags{"--clock=steered", "--clock-start=2025-03-03 10:00", "--partitions=3",
                                       "--bank-generous"};
  testing::ServerProcess server({.program = program_, .data = data_, .flags = flags});
  ASSERT_TRUE(server.Start().ok());
  AsyncClient op(server.address(), "operator"), app(server.address(), "investor-app");
  testing::Market market;
  ASSERT_TRUE(testing::MakeMarket(&op, {.investors = 20}, true, &market).ok());
  Orders(app, market, "before", 200);
  const std::string at = StrCat(" --server ", server.address()), bucket = folder_.path() + "/bucket",
                    joined = folder_.path() + "/joined";
  fs::create_directory(bucket);
  std::string said;
  ASSERT_EQ(Control(StrCat("checkpoint create morning --to ", bucket, at), &said), 0) << said;
  EXPECT_EQ(Control(StrCat("checkpoint create morning", at), &said), 2) << said;
  ASSERT_EQ(Control(StrCat("checkpoint list --offsets --json", at), &said), 0) << said;
  EXPECT_NE(said.find("\"verified\":false"), std::string::npos) << said;
  EXPECT_NE(said.find("\"services\":\"system:1 trade:3 account:3 product:1 risk:3 clearing:4 simbank:1\""),
            std::string::npos)
      << said;
  ASSERT_EQ(Control(StrCat("checkpoint verify morning", at), &said), 0) << said;
  EXPECT_EQ(Control(StrCat("checkpoint verify dawn", at), &said), 2) << said;
  EXPECT_NE(said.find("NO_SUCH_CHECKPOINT"), std::string::npos) << said;
  ASSERT_EQ(Control(StrCat("checkpoint push morning --to ", bucket, at), &said), 0) << said;  // the mark follows
  ASSERT_EQ(Control(StrCat("checkpoint list --json --in ", bucket), &said), 0) << said;
  EXPECT_NE(said.find("\"verified\":true"), std::string::npos) << said;
  EXPECT_EQ(Control(StrCat("--json status", at)), 0);
  // Investors' apps have no business here.
  admin::v1::ListCheckpointsResponse listed;
  EXPECT_EQ(app.Wait(StrCat(kAdmin, "ListCheckpoints"), admin::v1::ListCheckpointsRequest(), &listed).code(),
            absl::StatusCode::kPermissionDenied);
  ASSERT_TRUE(op.Wait(StrCat(kAdmin, "ListCheckpoints"), admin::v1::ListCheckpointsRequest(), &listed).ok());
  ASSERT_EQ(listed.checkpoints_size(), 1);

  // A process that joins: the state from the peer, the log from wherever it is kept.
  const std::string fetch = StrCat("fetch-checkpoint --from ", server.address(), " --data ", joined);
  EXPECT_EQ(Run(fetch + " --name dawn"), 3 << 8);
  EXPECT_EQ(Run(fetch + " --roles trade,baker"), 2 << 8);
  EXPECT_FALSE(fs::exists(joined + "/state"));
  ASSERT_EQ(Run(fetch), 0);
  EXPECT_EQ(Run(fetch), 3 << 8) << "there is a state already";
  // A second one, spoiled where the peer keeps it: named, and nothing to start from.
  ASSERT_EQ(Control(StrCat("checkpoint create spoiled", at), &said), 0) << said;
  Spoil(TableOf(data_ + "/checkpoints/spoiled"));
  EXPECT_EQ(Control(StrCat("checkpoint verify spoiled", at), &said), 1) << said;
  EXPECT_NE(said.find("has SHA-256"), std::string::npos) << said;
  EXPECT_EQ(
      Run(StrCat("fetch-checkpoint --from ", server.address(), " --data ", folder_.path(), "/third --name spoiled")),
      1 << 8);
  EXPECT_FALSE(fs::exists(folder_.path() + "/third/state"));

  Orders(app, market, "after", 200);
  const auto left = Hashes(op);
  ASSERT_EQ(server.Stop(), 0);
  EXPECT_EQ(Control(StrCat("checkpoint restore spoiled --data ", data_), &said), 1) << said;
  EXPECT_FALSE(fs::exists(data_ + "/state.before-spoiled"));
  // Without the key the sealed data of the state could not be read: no new one is made for it.
  testing::ServerProcess keyless({.program = program_, .data = joined, .flags = flags});
  EXPECT_FALSE(keyless.Start().ok());
  EXPECT_FALSE(fs::exists(joined + "/vault.key"));
  EXPECT_FALSE(fs::exists(joined + "/log"));
  fs::copy(data_ + "/log", joined + "/log", fs::copy_options::recursive);
  fs::copy(data_ + "/vault.key", joined + "/vault.key");
  testing::ServerProcess second({.program = program_, .data = joined, .flags = flags});
  ASSERT_TRUE(second.Start().ok());
  {
    AsyncClient there(second.address(), "operator"), app_there(second.address(), "investor-app");
    EXPECT_EQ(Hashes(there), left);
    Orders(app_there, market, "after", 200);  // known, all of them
    EXPECT_EQ(Hashes(there), left);
  }
  ASSERT_EQ(second.Stop(), 0);
  EXPECT_EQ(Run("check-replay --data=" + joined), 0);

  // From the bucket, over a state that is gone.
  fs::remove_all(data_ + "/checkpoints");
  fs::remove_all(data_ + "/state");
  ASSERT_EQ(Control(StrCat("checkpoint pull morning --from ", bucket, " --data ", data_), &said), 0) << said;
  ASSERT_EQ(Control(StrCat("checkpoint restore morning --data ", data_), &said), 0) << said;
  ASSERT_TRUE(server.Start().ok());
  EXPECT_EQ(Hashes(op), left);
  ASSERT_EQ(server.Stop(), 0);
}

// Found by the crash loop: restore opened the present state first and turned its damage into a refusal.
TEST_F(CheckpointTest, IsRestoredOverADamagedState) {
  testing::ServerProcess server(
      {.program = program_,
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
