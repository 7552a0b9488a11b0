// From one machine to a cluster, with real processes and a real broker: the log moves onto Kafka, the state goes on as it is,
// checkpoints let the brokers forget the beginning, and a process that joins later does not need it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "fundcore/admin/v1/admin.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "tests/cluster/kafka_fixture.h"
#include "tests/support/client.h"
#include "tests/support/market.h"
#include "tests/support/process.h"

namespace fundcore::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class MoveTest : public ::testing::Test {
 protected:
  // As every caller asks: a process that listens may not have been granted its partitions yet.
  static absl::Status Patiently(const std::function<absl::Status()>& call) {
    const int64_t until = MonotonicMicros() + 30'000'000;
    for (;;) {
      absl::Status status = call();
      if (!absl::IsUnavailable(status) || MonotonicMicros() > until) return status;
      ::usleep(50'000);
    }
  }
  void Orders(AsyncClient& app, const std::string& prefix) {
    trade::v1::SubmitOrdersRequest request;
    for (int i = 0; i < 100; ++i) {
      auto* o = request.add_orders();
      o->set_request_id(StrCat(prefix, "-", i));
      o->set_investor_id(market_.investors[static_cast<size_t>(i) % market_.investors.size()]);
      o->set_business(22);
      o->set_fund_code(market_.funds[0]);
      o->set_amount_fen(100'000 + i);
    }
    trade::v1::SubmitOrdersResponse response;
    const absl::Status status = Patiently([&] {
      return app.Wait("fundcore.trade.v1.TradeService/SubmitOrders", request, &response);
    });
    ASSERT_TRUE(status.ok()) << status;
    for (const auto& o : response.outcomes()) ASSERT_EQ(o.code(), 0) << o.message();
  }
  // Of the services whose state only orders move.
  std::map<std::string, std::string> Hashes(AsyncClient& op) {
    admin::v1::StateHashesResponse response;
    const absl::Status status = Patiently([&] {
      return op.Wait("fundcore.admin.v1.AdminService/StateHashes", admin::v1::StateHashesRequest(), &response);
    });
    EXPECT_TRUE(status.ok()) << status;
    std::map<std::string, std::string> out;
    for (const auto& p : response.partitions())
      if (p.service() == "trade" || p.service() == "account" || p.service() == "risk")
        out[StrCat(p.service(), "/", p.partition())] = p.hash();
    EXPECT_EQ(out.size(), 9u);
    return out;
  }
  // The exit code of one of our programs, and what it said.
  int Run(const std::string& program, const std::string& words) {
    const std::string output = folder_.path() + "/said";
    const int status = std::system(StrCat(ProgramBeside(program), " ", words, " > ", output, " 2>&1").c_str());
    std::ifstream in(output);
    said_.assign(std::istreambuf_iterator<char>(in), {});
    return WEXITSTATUS(status);
  }

  TemporaryFolder folder_;
  Market market_;
  std::string said_;
};

TEST_F(MoveTest, FromOneMachineToKafkaAndOnWithoutTheBeginning) {
  const std::string data = folder_.path() + "/data", bucket = folder_.path() + "/bucket", joined = folder_.path() + "/joined";
  const std::string prefix = FreshPrefix(), brokers = Kafka().bootstrap();
  const std::vector<std::string> common{"--clock=steered", "--clock-start=2025-03-03 10:00", "--partitions=3", "--bank-generous"};
  std::vector<std::string> onto_kafka = common;
  for (const std::string& flag : {std::string("--log=kafka"), "--brokers=" + brokers, "--topic-prefix=" + prefix,
                                  "--vault-key=" + data + "/vault.key", std::string("--one-replica-for-tests")})
    onto_kafka.push_back(flag);
  const std::string program = ProgramBeside("fundcore");
  fs::create_directory(bucket);

  std::map<std::string, std::string> left;
  {
    ServerProcess server({.program = program, .data = data, .flags = common});
    ASSERT_TRUE(server.Start().ok());
    AsyncClient op(server.address(), "operator"), app(server.address(), "investor-app");
    ASSERT_TRUE(MakeMarket(&op, {.investors = 20}, true, &market_).ok());
    Orders(app, "alone");
    left = Hashes(op);
    ASSERT_EQ(server.Stop(), 0);
  }

  const std::string topics = StrCat(" --brokers ", brokers, " --prefix ", prefix, " --partitions 3 --one-replica-for-tests");
  const std::string migrate =
      StrCat("migrate --data ", data, " --brokers ", brokers, " --topic-prefix ", prefix, " --one-replica-for-tests");
  EXPECT_NE(Run("fundcore", migrate), 0) << "there are no topics yet";
  ASSERT_EQ(Run("fundctl", "kafka init" + topics), 0) << said_;
  ASSERT_EQ(Run("fundcore", migrate), 0) << said_;
  EXPECT_THAT(said_, HasSubstr("each is in the target at its own offset"));
  ASSERT_EQ(Run("fundcore", migrate + " --json"), 0) << said_;  // again: all of it is there
  EXPECT_THAT(said_, HasSubstr("\"there_before\":"));
  EXPECT_EQ(said_.find("\"there_before\":0,\"bytes\":0"), std::string::npos);
  fs::rename(data + "/log", folder_.path() + "/old-log");

  {
    ServerProcess server({.program = program, .data = data, .flags = onto_kafka});
    const absl::Status started = server.Start();
    ASSERT_TRUE(started.ok()) << started;
    AsyncClient op(server.address(), "operator"), app(server.address(), "investor-app");
    EXPECT_EQ(Hashes(op), left);
    Orders(app, "alone");  // known, all of them
    EXPECT_EQ(Hashes(op), left);
    Orders(app, "cluster");

    const std::string at = " --server " + server.address(), trim = StrCat("kafka trim --store ", bucket, topics);
    for (const std::string name : {"one", "two"}) {
      ASSERT_EQ(Run("fundctl", StrCat("checkpoint create ", name, " --to ", bucket, at)), 0) << said_;
      EXPECT_EQ(Run("fundctl", trim), 1) << name << " is not verified yet: " << said_;
      EXPECT_THAT(said_, HasSubstr("must hold it before its log may be trimmed"));
      ASSERT_EQ(Run("fundctl", StrCat("checkpoint verify ", name, at)), 0) << said_;
      ASSERT_EQ(Run("fundctl", StrCat("checkpoint push ", name, " --to ", bucket, at)), 0) << said_;
      Orders(app, name);
    }
    EXPECT_EQ(Run("fundctl", StrCat("kafka trim --store ", bucket, " --brokers ", brokers, " --prefix ", prefix, " --partitions 2")), 1);
    EXPECT_THAT(said_, HasSubstr("has 3 partitions, not 2"));
    ASSERT_EQ(Run("fundctl", trim + " --show --json"), 0) << said_;
    EXPECT_THAT(said_, HasSubstr("\"trimmed\":false"));
    ASSERT_EQ(Run("fundctl", trim), 0) << said_;
    ASSERT_EQ(Run("fundctl", trim), 0) << said_;
    ASSERT_EQ(Run("fundcore", StrCat("fetch-checkpoint --from ", server.address(), " --data ", joined)), 0) << said_;
    EXPECT_THAT(said_, HasSubstr("fetched checkpoint two"));
    {
      // An empty folder that is told whom to ask starts where the log alone would not do.
      std::vector<std::string> asking = onto_kafka;
      asking.push_back("--fetch-from=127.0.0.1:1," + server.address());
      ServerProcess second({.program = program, .data = folder_.path() + "/asking", .flags = asking});
      const absl::Status started = second.Start();
      ASSERT_TRUE(started.ok()) << started;
      ASSERT_EQ(second.Stop(), 0);
    }
    left = Hashes(op);
    ASSERT_EQ(server.Stop(), 0);
  }
  {
    // A folder is of one log for ever.
    const std::string errors = folder_.path() + "/other-errors";
    fs::rename(joined + "/log-id", joined + "/log-id.true");
    std::ofstream(joined + "/log-id") << "kafka:" << prefix << "@another\n";
    ServerProcess other({.program = program, .data = joined, .flags = onto_kafka, .errors = errors});
    EXPECT_FALSE(other.Start().ok());
    std::ifstream in(errors);
    EXPECT_THAT(std::string((std::istreambuf_iterator<char>(in)), {}), HasSubstr("belongs to log kafka:"));
    fs::rename(joined + "/log-id.true", joined + "/log-id");
  }
  // Without a checkpoint the beginning is missing, and nothing is started.
  const std::string errors = folder_.path() + "/errors";
  ServerProcess empty({.program = program, .data = folder_.path() + "/empty", .flags = onto_kafka, .errors = errors});
  EXPECT_FALSE(empty.Start().ok());
  std::ifstream in(errors);
  EXPECT_THAT(std::string((std::istreambuf_iterator<char>(in)), {}), HasSubstr("checkpoint"));

  ServerProcess server({.program = program, .data = joined, .flags = onto_kafka});
  ASSERT_TRUE(server.Start().ok());
  AsyncClient op(server.address(), "operator"), app(server.address(), "investor-app");
  EXPECT_EQ(Hashes(op), left);
  for (const char* known : {"alone", "cluster", "one", "two"}) Orders(app, known);
  EXPECT_EQ(Hashes(op), left);
  Orders(app, "new");
  EXPECT_EQ(server.Stop(), 0);
}

}  // namespace
}  // namespace fundcore::testing

int main(int argc, char** argv) {
  using namespace fundcore::testing;
  ::testing::InitGoogleTest(&argc, argv);
  if (const int code = StartKafkaOrSkip({})) return code;
  const int result = RUN_ALL_TESTS();
  g_kafka.reset();
  return result;
}
