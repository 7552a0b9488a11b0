// Making topics and judging them, on a real cluster; and the notices that processes send each other.
#include "common/log/kafka_admin.h"

#include <gmock/gmock.h>

#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
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
  EXPECT_EQ(*(*admin)->ShortestSession(Duration::Millis(100)), Duration::Millis(500));  // the test brokers' floor
  EXPECT_EQ(*(*admin)->ShortestSession(), Duration::Seconds(2));
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
  admin = KafkaAdmin::Open(Connection(), Duration::Seconds(1));
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
  const absl::Status trimmed = (*admin)->TrimBefore(prefix, Trade(0), 0);
  EXPECT_EQ(trimmed.code(), absl::StatusCode::kNotFound) << trimmed;
  EXPECT_THAT(Message(trimmed), HasSubstr("may not see it"));
}

// What `fundctl kafka …` prints and ends with.
struct Ran {
  int code = -1;
  std::string output;
};
Ran Fundctl(const std::string& arguments) {
  const std::string program = (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "fundctl").string();
  FILE* pipe = popen(StrCat(program, " kafka ", arguments, " 2>&1").c_str(), "r");
  Ran ran;
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) ran.output.append(buffer, n);
  const int status = pclose(pipe);
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

TEST(FundctlKafka, MakesChecksAndSaysWhatIsWrong) {
  const std::string prefix = FreshPrefix();
  const std::string here = StrCat("--brokers ", Kafka().bootstrap(), " --prefix ", prefix);
  const std::string small = here + " --partitions 2 --clearing-partitions 1 --one-replica-for-tests";
  Ran ran = Fundctl("check " + small + " --json");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.output, HasSubstr("\"errors\":8"));
  ran = Fundctl("init " + small);
  EXPECT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr(prefix + ".simbank"));
  EXPECT_THAT(ran.output, HasSubstr("ONE REPLICA"));
  ran = Fundctl("check " + small);
  EXPECT_EQ(ran.code, 0) << ran.output;
  ran = Fundctl("check " + here);  // thirty-two partitions, three replicas
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.output, HasSubstr("laid out for 32"));
  EXPECT_THAT(ran.output, HasSubstr("min.insync.replicas"));
  ran = Fundctl("init " + here + "x --timeout 1s");
  EXPECT_EQ(ran.code, 1) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("too few for 3 replicas"));
  EXPECT_EQ(Fundctl("check").code, 2);
  EXPECT_EQ(Fundctl("check --brokers nowhere").code, 2);
  EXPECT_EQ(Fundctl("check --brokers 127.0.0.1:9 --property acks=1").code, 2);
  ran = Fundctl("check --brokers 127.0.0.1:9 --timeout 1s");
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.output, HasSubstr("Connection refused"));
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
