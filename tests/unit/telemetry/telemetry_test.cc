// What may be seen of a person in a log, where lines go, and what a monitor reads.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "common/telemetry/log.h"
#include "common/telemetry/mask.h"
#include "common/telemetry/metrics.h"

namespace fundcore {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Mask, NamesShowTheirFirstCharacterAndNumbersTheirLastFour) {
  EXPECT_EQ(MaskName("李小明"), "李**");
  EXPECT_EQ(MaskName("Li"), "L*");
  EXPECT_EQ(MaskName(""), "");
  EXPECT_EQ(MaskName("\xff\xfe"), "**");
  EXPECT_EQ(MaskName("\xe6\x9d"), "**");
  EXPECT_EQ(MaskNumber("13800138000"), "*******8000");
  EXPECT_EQ(MaskNumber("1234"), "****");
  EXPECT_EQ(MaskNumber(""), "");
}

TEST(Mask, CertificatesAndCardsInALineAreHidden) {
  EXPECT_EQ(MaskSensitive("id 11010119900307123X, retry"), "id **************123X, retry");
  EXPECT_EQ(MaskSensitive("id=110101199003071234."), "id=**************1234.");
  EXPECT_EQ(MaskSensitive("card4111111111111111"), "card************1111");
  EXPECT_EQ(MaskSensitive("6222020200112233446 6222020200112233446"), "***************3446 ***************3446");
}

TEST(Mask, OurOwnNumbersAndOtherDigitsStay) {
  for (const char* line : {"order 00100000000000007", "order 41111111111111116 of 17 digits", "at 1741071599000000 us",
                           "investor 001000000042", "amount 12345678901234567890", "4111111111111112 fails Luhn",
                           "110101199013071234 has no month 13", "11010119900307123Y", ""}) {
    EXPECT_EQ(MaskSensitive(line), line);
  }
}

class LogTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(folder_), fs::create_directories(folder_); }
  void TearDown() override { StopLogging(), fs::remove_all(folder_); }
  std::string Text() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }
  fs::path folder_ = fs::current_path() / (std::string("telemetry-test-data-") +
                                           ::testing::UnitTest::GetInstance()->current_test_info()->name());
  std::string path_ = (folder_ / "fundcore.log").string();
};

TEST_F(LogTest, LinesHaveLevelsAndThoseBelowTheThresholdCostNothing) {
  ASSERT_TRUE(StartLogging({.level = LogLevel::kWarn, .file = path_}).ok());
  int evaluated = 0;
  FC_LOG(Info, "quiet {}", ++evaluated);
  FC_LOG(Warn, "loud {} {}", ++evaluated, "words");
  FC_LOG(Error, "without arguments");
  EXPECT_EQ(evaluated, 1);
  EXPECT_THAT(Text(), Not(HasSubstr("quiet")));
  EXPECT_THAT(Text(), HasSubstr("loud 1 words\n"));
  EXPECT_THAT(Text(), HasSubstr("without arguments\n"));
}

TEST_F(LogTest, SecretsAreMaskedAndNoInputForgesALine) {
  ASSERT_TRUE(StartLogging({.file = path_}).ok());
  FC_LOG(Info, "card {}", "4111111111111111");
  FC_LOG(Info, "name {}", std::string("x\n2025-01-01 forged\x1b[2J"));
  EXPECT_THAT(Text(), HasSubstr("card ************1111\n"));
  EXPECT_THAT(Text(), HasSubstr("name x\\n2025-01-01 forged\\x1b[2J\n"));
}

TEST_F(LogTest, FilesRotateAndOldOnesGo) {
  ASSERT_TRUE(StartLogging({.file = path_, .rotate_bytes = 4096, .keep_files = 2}).ok());
  for (int i = 0; i < 400; ++i) FC_LOG(Info, "line {} of many, long enough to fill a file before long", i);
  StopLogging();
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 3);
  EXPECT_THAT(Text(), HasSubstr("line 399 "));
}

TEST_F(LogTest, BadOptionsAreRefused) {
  EXPECT_EQ(StartLogging({.file = path_, .rotate_bytes = 1}).code(), absl::StatusCode::kInvalidArgument);
  std::ofstream(path_) << "a file";
  EXPECT_EQ(StartLogging({.file = path_ + "/below"}).code(), absl::StatusCode::kUnavailable);
  LogLevel level;
  EXPECT_TRUE(ParseLogLevel("debug", &level) && level == LogLevel::kDebug);
  EXPECT_FALSE(ParseLogLevel("loud", &level));
}

std::string HttpGet(int port, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return "(no connection)";
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(::write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;) answer.append(buffer, static_cast<size_t>(n));
  ::close(fd);
  return answer;
}

TEST(Metrics, TextShowsEveryKind) {
  Metrics metrics;
  Counter* counter = metrics.AddCounter("orders_total", "Orders", {{"service", "trade"}, {"kind", "buy"}});
  EXPECT_EQ(metrics.AddCounter("orders_total", "Orders", {{"kind", "buy"}, {"service", "trade"}}), counter);
  EXPECT_NE(metrics.AddCounter("orders_total", "Orders", {{"kind", "sell"}}), counter);
  counter->Add();
  counter->Add(41);
  Gauge* gauge = metrics.AddGauge("queue_items", "Waiting");
  gauge->Set(7);
  gauge->Add(-10);
  metrics.AddComputed("disk_bytes", "On disk", {}, [] { return 1.5; });
  Histogram* histogram = metrics.AddHistogram("batch_items", "Items a batch", DoublingBounds(1, 3));  // 1 2 4
  for (uint64_t v : {1, 2, 2, 4, 5}) histogram->Observe(v);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("# HELP orders_total Orders\n# TYPE orders_total counter\n"));
  EXPECT_THAT(text, HasSubstr("orders_total{kind=\"buy\",service=\"trade\"} 42\n"));
  EXPECT_THAT(text, HasSubstr("queue_items -3\n"));
  EXPECT_THAT(text, HasSubstr("disk_bytes 1.5\n"));
  EXPECT_THAT(text, HasSubstr("batch_items_bucket{le=\"2\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("batch_items_bucket{le=\"+Inf\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("batch_items_sum 14\n"));
}

TEST(Metrics, CountsFromManyThreadsAddUp) {
  Metrics metrics;
  Counter* counter = metrics.AddCounter("n", "n");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) counter->Add();
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter->value(), 40'000u);
}

TEST(Metrics, AreServedOnLoopback) {
  Metrics metrics;
  metrics.AddCounter("orders_total", "Orders")->Add(5);
  auto port = metrics.Serve(0);
  ASSERT_TRUE(port.ok()) << port.status();
  EXPECT_THAT(HttpGet(*port, "/metrics"), HasSubstr("orders_total 5\n"));
  EXPECT_EQ(metrics.Serve(0).status().code(), absl::StatusCode::kFailedPrecondition);
  Metrics other;
  EXPECT_EQ(other.Serve(static_cast<uint16_t>(*port)).status().code(), absl::StatusCode::kUnavailable);
}

TEST(Metrics, AreServedWhereTheyAreToldTo) {
  Metrics everywhere;
  everywhere.AddCounter("orders_total", "Orders")->Add(5);
  auto port = everywhere.Serve(0, "0.0.0.0");
  ASSERT_TRUE(port.ok()) << port.status();
  EXPECT_THAT(HttpGet(*port, "/metrics"), HasSubstr("orders_total 5\n"));
  Metrics nowhere;
  auto refused = nowhere.Serve(0, "192.0.2.1");  // of no machine: kept for documents
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("192.0.2.1:0"));
}

TEST(MetricsDeathTest, OneNameHasOneType) {
  Metrics metrics;
  metrics.AddCounter("n", "n");
  EXPECT_DEATH(metrics.AddGauge("n", "n"), "another type");
  EXPECT_DEATH(metrics.AddGauge("no blanks", "n"), "must be letters");
}

}  // namespace
}  // namespace fundcore
