// Whole fund days against five service processes on a real Kafka: the scripts of tests/days and the demo's three days, unchanged.
// Each has topics and folders of its own.
#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>
#include <memory>

#include "common/base/check.h"
#include "common/base/status.h"
#include "tests/cluster/support/broker.h"
#include "tests/cluster/support/deployment.h"

namespace fundcore {
namespace {

using testing::Deployment;
using testing::KafkaCluster;
using testing::RunBeside;

KafkaCluster* g_kafka = nullptr;

class ClusterDays : public ::testing::TestWithParam<const char*> {};

std::string Start(const std::string& script) {
  // A script says when its day begins; the clock stands before that.
  return script.find("three-days") != std::string::npos ? "2025-03-03 08:00" : "2020-01-02 00:00";
}

TEST_P(ClusterDays, ComeAsWritten) {
  const std::string script = StrCat(FUNDCORE_ROOT, "/", GetParam());
  ASSERT_TRUE(std::filesystem::exists(script)) << script;
  const std::string name = std::filesystem::path(script).stem().string();
  testing::TemporaryFolder folder;
  Deployment deployment({.brokers = g_kafka->bootstrap(),
                         .prefix = StrCat("day-", name),
                         .folder = folder.path(),
                         .clock_start = Start(script)});
  ASSERT_TRUE(deployment.Start().ok());
  const std::string address = deployment.process(deployment.Having("trade").front()).address();
  std::string said;
  if (name == "three-days") {
    // Until the partition of product has its owner.
    int code = 3;
    for (int tries = 0; tries < 100 && code == 3; ++tries) {
      said.clear();
      code = RunBeside("fundctl", {"--server", address, "product", "load", StrCat(FUNDCORE_ROOT, "/deploy/demo/products.toml")}, &said);
      if (code == 3) poll(nullptr, 0, 100);
    }
    ASSERT_EQ(code, 0) << said;
  }
  const int code = RunBeside("dayrun",
                             {"--attach", address, "--exchange", deployment.exchange(), "--ta-state", folder.path() + "/ta", script}, &said);
  EXPECT_EQ(code, 0) << said;
  std::printf("%s", said.c_str());
  if (code != 0)
    for (size_t i = 0; i < deployment.size(); ++i) std::printf("%s: %s\n", deployment.roles(i).c_str(), deployment.LastWords(i).c_str());
  EXPECT_EQ(deployment.Stop(), "");
}

INSTANTIATE_TEST_SUITE_P(Scripts, ClusterDays,
                         ::testing::Values("deploy/demo/three-days.day", "tests/days/partial-confirmation.day",
                                           "tests/days/purchase-fee-outside.day", "tests/days/redemption-oldest-first.day",
                                           "tests/days/cut-off.day", "tests/days/before-national-day.day", "tests/days/qdii.day",
                                           "tests/days/cancel.day", "tests/days/request-id.day",
                                           "tests/days/wrong-figure-corrected.day", "tests/days/file-damaged.day",
                                           "tests/days/two-institutions.day"));

}  // namespace
}  // namespace fundcore

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  auto kafka = fundcore::testing::KafkaCluster::Start({.brokers = 1});
  if (absl::IsNotFound(kafka.status())) {
    std::printf("SKIPPED: %s\n", std::string(kafka.status().message()).c_str());
    return 77;
  }
  if (!kafka.ok()) {
    std::printf("%s\n", kafka.status().ToString().c_str());
    return 1;
  }
  fundcore::g_kafka = kafka->get();
  return RUN_ALL_TESTS();
}
