// `fundcore migrate` with real processes: killed in its middle again and again it still brings every record over, and a
// server goes on from the moved log with the state as it is.
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "common/base/check.h"
#include "common/log/embedded.h"
#include "common/runtime/random.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "tests/crash/control.h"
#include "tests/support/client.h"
#include "tests/support/market.h"
#include "tests/support/process.h"

namespace fundcore {
namespace {

namespace fs = std::filesystem;
using testing::AsyncClient;

std::map<LogPartition, std::vector<std::string>> Contents(const std::string& folder) {
  std::map<LogPartition, std::vector<std::string>> out;
  const absl::Status read = ScanLog(folder, [&](const LogRecord& r) {
    auto& list = out[r.partition];
    EXPECT_EQ(r.offset, list.size());
    list.emplace_back(r.bytes);
    return true;
  });
  EXPECT_TRUE(read.ok()) << read;
  return out;
}

class MigrateProcessTest : public ::testing::Test {
 protected:
  MigrateProcessTest() : control_(crash::MapControl((folder_.path() + "/control").c_str(), true)) {}

  // The program, with the library that kills it at a call on the disk.
  pid_t Begin(const std::vector<std::string>& words) {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::setenv("LD_PRELOAD", testing::ProgramBeside("libcrash_points.so").c_str(), 1);
    ::setenv(crash::kControlVariable, (folder_.path() + "/control").c_str(), 1);
    std::vector<char*> args{const_cast<char*>(program_.c_str())};
    for (const std::string& w : words) args.push_back(const_cast<char*>(w.c_str()));
    args.push_back(nullptr);
    ::execv(program_.c_str(), args.data());
    ::_exit(127);
  }
  static int Wait(pid_t pid) {
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return status;
  }
  int Run(const std::string& words) { return WEXITSTATUS(system((program_ + " " + words).c_str())); }

  testing::TemporaryFolder folder_;
  crash::Control* const control_;
  const std::string program_ = testing::ProgramBeside("fundcore");
};

TEST_F(MigrateProcessTest, SurvivesBeingKilled) {
  const std::string data = folder_.path() + "/data", target = folder_.path() + "/target";
  fs::create_directory(data);
  uint64_t records = 0;
  {
    auto log =
        EmbeddedLog::Open({.folder = data + "/log", .partitions = {{ServiceId::kTrade, 4}, {ServiceId::kRisk, 2}}});
    ASSERT_TRUE(log.ok()) << log.status();
    SeededRandom random(17);
    for (int i = 0; i < 400; ++i) {
      std::vector<AppendItem> items;
      for (int k = 0; k < 8; ++k, ++records) {
        const bool risk = random.Below(3) == 0;
        items.push_back({{risk ? ServiceId::kRisk : ServiceId::kTrade,
                          PartitionId(static_cast<uint16_t>(random.Below(risk ? 2 : 4)))},
                         StrCat(i, "/", k, std::string(random.Below(40'000), static_cast<char>('a' + k)))});
      }
      (*log)->Append(std::move(items), [](absl::Status s) { ASSERT_TRUE(s.ok()) << s; });
    }
    (*log)->Close();
  }
  // Dies at moments of the target's disk: while it is made, half-way through a write, after one that nobody heard of.
  // Each run finds what the ones before it have left, and gets further.
  uint64_t best = 0;
  int further = 0;
  for (const crash::Point& point :
       std::vector<crash::Point>{{crash::kCreate, crash::When::kAfter, "/target/FORMAT", 1},
                                 {crash::kRename, crash::When::kAfter, "/target/segment-", 1},
                                 {crash::kWrite, crash::When::kHalf, "/target/segment-", 3},
                                 {crash::kSync, crash::When::kAfter, "/target/segment-", 3},
                                 {crash::kWrite, crash::When::kAfter, "/target/segment-", 3},
                                 {crash::kWrite, crash::When::kHalf, "/target/segment-", 5},
                                 {crash::kSync, crash::When::kBefore, "/target/segment-", 4}}) {
    crash::Arm(control_, point);
    const int status = Wait(Begin({"migrate", "--data", data, "--to-folder", target}));
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << "not killed at the call " << point.nth << " of " << point.path;
    uint64_t there = 0;
    if (fs::exists(target + "/FORMAT"))
      for (const auto& [p, list] : Contents(target)) there += list.size();
    EXPECT_GE(there, best) << "what was there is gone";
    EXPECT_LT(there, records);
    further += there > best;
    best = there;
  }
  EXPECT_GE(further, 4);
  crash::Disarm(control_);
  ASSERT_EQ(Run(StrCat("migrate --data ", data, " --to-folder ", target)), 0);
  EXPECT_EQ(Contents(target), Contents(data + "/log"));
}

TEST_F(MigrateProcessTest, TheStateGoesOnWithTheMovedLog) {
  const std::string data = folder_.path() + "/data", moved = folder_.path() + "/moved";
  const std::vector<std::string> flags{"--clock=steered", "--clock-start=2025-03-03 10:00", "--partitions=3",
                                       "--bank-generous"};
  const auto hashes = [](AsyncClient& op) {
    admin::v1::StateHashesResponse response;
    EXPECT_TRUE(op.Wait("fundcore.admin.v1.AdminService/StateHashes", admin::v1::StateHashesRequest(), &response).ok());
    std::map<std::string, std::string> out;
    for (const auto& p : response.partitions())
      if (p.service() == "trade" || p.service() == "account" || p.service() == "risk")
        out[StrCat(p.service(), "/", p.partition())] = p.hash();
    return out;
  };
  const auto orders = [](AsyncClient& app, const testing::Market& market, const std::string& prefix) {
    trade::v1::SubmitOrdersRequest request;
    for (int i = 0; i < 100; ++i) {
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
  };
  testing::Market market;
  std::map<std::string, std::string> left;
  {
    testing::ServerProcess server({.program = program_, .data = data, .flags = flags});
    ASSERT_TRUE(server.Start().ok());
    AsyncClient op(server.address(), "operator"), app(server.address(), "investor-app");
    ASSERT_TRUE(testing::MakeMarket(&op, {.investors = 10}, true, &market).ok());
    orders(app, market, "before");
    EXPECT_EQ(Run(StrCat("migrate --data ", data, " --to-folder ", moved, "/log")), 3) << "the source is served";
    left = hashes(op);
    server.Kill();
  }
  ASSERT_EQ(Run(StrCat("migrate --data ", data, " --to-folder ", moved, "/log --json")), 0);
  fs::copy(data + "/state", moved + "/state", fs::copy_options::recursive);
  fs::copy(data + "/vault.key", moved + "/vault.key");
  testing::ServerProcess server({.program = program_, .data = moved, .flags = flags});
  ASSERT_TRUE(server.Start().ok());
  AsyncClient op(server.address(), "operator"), app(server.address(), "investor-app");
  EXPECT_EQ(hashes(op), left);
  orders(app, market, "before");  // known, all of them
  EXPECT_EQ(hashes(op), left);
  orders(app, market, "after");
  ASSERT_EQ(server.Stop(), 0);
  EXPECT_EQ(Run("check-replay --data=" + moved), 0);
}

}  // namespace
}  // namespace fundcore
