// Making topics and judging them, on a real cluster; and the notices that processes send each other.
#include "common/log/kafka_admin.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "common/log/kafka_bulletin.h"
#include "tests/cluster/kafka_fixture.h"

namespace fundcore::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

std::vector<std::string> Errors(const std::vector<KafkaFinding>& findings) {
  std::vector<std::string> texts;
  for (const KafkaFinding& f : findings)
    if (f.severity == KafkaFinding::Severity::kError) texts.push_back(StrCat(f.where, " ", f.setting, " ", f.value));
  return texts;
}

TEST(KafkaAdmin, InitMakesWhatIsMissingAndCheckIsContent) {
  const std::string prefix = FreshPrefix();
  auto admin = KafkaAdmin::Open(Connection());
  ASSERT_TRUE(admin.ok()) << admin.status();
  KafkaPlan plan = Plan(prefix);
  auto findings = (*admin)->Check(plan);
  ASSERT_TRUE(findings.ok()) << findings.status();
  EXPECT_THAT(Errors(*findings),
              UnorderedElementsAre(StrCat("topic ", prefix, ".trade topic missing"), StrCat("topic ", prefix, ".account topic missing"),
                                   StrCat("topic ", prefix, ".directory topic missing")));
  auto made = (*admin)->Init(plan);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->size(), 3u);
  findings = (*admin)->Check(plan);
  ASSERT_TRUE(findings.ok()) << findings.status();
  EXPECT_TRUE(findings->empty()) << findings->front().Text();
  // Again: nothing to do. A further service: only its topic.
  made = (*admin)->Init(plan);
  ASSERT_TRUE(made.ok());
  EXPECT_TRUE(made->empty());
  plan.partitions.push_back({ServiceId::kProduct, 1});
  made = (*admin)->Init(plan);
  ASSERT_TRUE(made.ok());
  EXPECT_THAT(*made, UnorderedElementsAre(prefix + ".product"));
  // Real data on one broker: not without the loud switch, and not with three replicas either.
  plan.one_replica_for_tests = false;
  findings = (*admin)->Check(plan);
  ASSERT_TRUE(findings.ok());
  EXPECT_THAT(Errors(*findings), ::testing::Contains(StrCat("topic ", prefix, ".trade replication.factor 1")));
  plan.prefix = FreshPrefix();
  EXPECT_EQ((*admin)->Init(plan).status().code(), absl::StatusCode::kFailedPrecondition);
  plan.replicas = 1;
  EXPECT_EQ((*admin)->Init(plan).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(KafkaAdmin, WhoMayNotLookIsTold) {
  const std::string prefix = FreshPrefix();
  MakeTopics(Plan(prefix));
  KafkaConnection guest;
  guest.brokers = Kafka().guest_bootstrap();
  guest.properties = {{"security.protocol", "sasl_plaintext"},
                      {"sasl.mechanism", "PLAIN"},
                      {"sasl.username", "guest"},
                      {"sasl.password", "guest"}};
  auto admin = KafkaAdmin::Open(guest, Duration::Seconds(5));
  ASSERT_TRUE(admin.ok()) << admin.status();
  EXPECT_EQ((*admin)->Init(Plan(FreshPrefix())).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ((*admin)->TrimBefore(prefix, Trade(0), 0).code(), absl::StatusCode::kPermissionDenied);
}

TEST(KafkaBulletin, EverybodyHears) {
  const std::string prefix = FreshPrefix();
  MakeTopics(Plan(prefix));
  auto a = KafkaBulletin::Open(Connection(), prefix);
  auto b = KafkaBulletin::Open(Connection(), prefix);
  ASSERT_TRUE(a.ok() && b.ok());
  std::mutex mu;
  std::condition_variable changed;
  std::vector<std::string> heard[2];
  const auto listen = [&](KafkaBulletin& bulletin, int who) {
    bulletin.OnBulletin([&, who](std::string_view bytes) {
      std::lock_guard lock(mu);
      heard[who].emplace_back(bytes);
      changed.notify_all();
    });
  };
  listen(**a, 0);
  listen(**b, 1);
  // Hints may get lost before a listener stands: said again and again, as processes do.
  std::unique_lock lock(mu);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  const auto has = [&](int who, const char* what) { return std::count(heard[who].begin(), heard[who].end(), what) > 0; };
  while (std::chrono::steady_clock::now() < until &&
         !(has(0, "from a") && has(0, "from b") && has(1, "from a") && has(1, "from b"))) {
    lock.unlock();
    (*a)->Publish("from a");
    (*b)->Publish("from b");
    lock.lock();
    changed.wait_for(lock, std::chrono::milliseconds(100));
  }
  EXPECT_TRUE(has(0, "from a") && has(0, "from b") && has(1, "from a") && has(1, "from b"));
  lock.unlock();
  (*a)->Close();
  (*b)->Close();
  (*b)->Publish("into the void");
}

}  // namespace
}  // namespace fundcore::testing
