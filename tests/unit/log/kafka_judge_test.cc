// What a Kafka cluster is judged by: each setting that could lose data is an error that names it, with a remedy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/check.h"
#include "common/log/kafka_admin.h"

namespace fundcore {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Three brokers and the topics of a plan, as they should be.
KafkaPlan GoodPlan() {
  KafkaPlan plan;
  plan.partitions = {{ServiceId::kTrade, 3}, {ServiceId::kProduct, 1}};
  return plan;
}
KafkaFacts GoodFacts() {
  KafkaFacts facts;
  for (int id = 1; id <= 3; ++id) facts.brokers.push_back({id, "h:9092", {{"group.min.session.timeout.ms", "1500"}}, ""});
  const std::map<std::string, std::string> settings = {
      {"min.insync.replicas", "2"}, {"unclean.leader.election.enable", "false"}, {"cleanup.policy", "delete"},
      {"retention.ms", "-1"},       {"retention.bytes", "-1"},                   {"max.message.bytes", "17825792"}};
  for (const auto& [name, count] : {std::pair{"fundcore.trade", 3}, {"fundcore.product", 1}, {"fundcore.directory", 1}}) {
    KafkaFacts::Topic topic;
    topic.name = name;
    topic.partitions.assign(static_cast<size_t>(count), {1, 3, 3});
    topic.settings = settings;
    facts.topics.push_back(topic);
  }
  return facts;
}

// "E topic fundcore.trade retention.ms" for each finding.
std::vector<std::string> Short(const std::vector<KafkaFinding>& findings) {
  std::vector<std::string> out;
  for (const KafkaFinding& f : findings) {
    EXPECT_FALSE(f.why.empty() || f.remedy.empty()) << f.Text();
    out.push_back(StrCat(f.severity == KafkaFinding::Severity::kError ? "E " : "W ", f.where, " ", f.setting, " ", f.value));
  }
  return out;
}

TEST(KafkaJudge, AGoodClusterHasNoFindings) { EXPECT_THAT(Short(JudgeCluster(GoodFacts(), GoodPlan())), IsEmpty()); }

TEST(KafkaJudge, EverySettingThatCouldLoseDataIsAnError) {
  const auto with = [](const char* setting, const char* value) {
    KafkaFacts facts = GoodFacts();
    facts.topics[0].settings[setting] = value;
    return Short(JudgeCluster(facts, GoodPlan()));
  };
  EXPECT_THAT(with("min.insync.replicas", "1"), ElementsAre("E topic fundcore.trade min.insync.replicas 1"));
  EXPECT_THAT(with("unclean.leader.election.enable", "true"),
              ElementsAre("E topic fundcore.trade unclean.leader.election.enable true"));
  EXPECT_THAT(with("cleanup.policy", "compact,delete"), ElementsAre("E topic fundcore.trade cleanup.policy compact,delete"));
  EXPECT_THAT(with("retention.ms", "604800000"), ElementsAre("E topic fundcore.trade retention.ms 604800000"));
  EXPECT_THAT(with("retention.bytes", "1000000"), ElementsAre("E topic fundcore.trade retention.bytes 1000000"));
  EXPECT_THAT(with("max.message.bytes", "1048588"), ElementsAre("E topic fundcore.trade max.message.bytes 1048588"));
  KafkaFacts facts = GoodFacts();
  facts.topics[1].partitions = {{1, 1, 1}};
  EXPECT_THAT(Short(JudgeCluster(facts, GoodPlan())),
              ElementsAre("E topic fundcore.product replication.factor 1",
                          "W topic fundcore.product in-sync replicas too few for 1 of 1 partitions"));
}

TEST(KafkaJudge, OneReplicaNeedsTheLoudSwitch) {
  KafkaFacts facts = GoodFacts();
  for (auto& topic : facts.topics) {
    topic.settings["min.insync.replicas"] = "1";
    for (auto& p : topic.partitions) p = {1, 1, 1};
  }
  KafkaPlan plan = GoodPlan();
  EXPECT_EQ(JudgeCluster(facts, plan).size(), 4u);
  plan.one_replica_for_tests = true;
  EXPECT_THAT(Short(JudgeCluster(facts, plan)), IsEmpty());
}

TEST(KafkaJudge, TheLayoutIsFixed) {
  KafkaFacts facts = GoodFacts();
  facts.topics[0].partitions.push_back({1, 3, 3});
  facts.topics[1].partitions.clear();
  EXPECT_THAT(Short(JudgeCluster(facts, GoodPlan())),
              ElementsAre("E topic fundcore.trade partitions 4", "E topic fundcore.product topic missing"));
}

TEST(KafkaJudge, WhatCannotBeSeenCannotBeTrusted) {
  KafkaFacts facts = GoodFacts();
  facts.topics[0].settings.clear();
  facts.topics[0].unseen = "Broker: Topic authorization failed";
  facts.brokers[1].settings.clear();
  facts.brokers[1].unseen = "Broker: Cluster authorization failed";
  EXPECT_THAT(Short(JudgeCluster(facts, GoodPlan())),
              ElementsAre("E topic fundcore.trade settings unseen", "W broker 2 group.min.session.timeout.ms unseen"));
}

TEST(KafkaJudge, WhatMakesItFrailOrSlowIsAWarning) {
  KafkaFacts facts = GoodFacts();
  facts.brokers[2].settings["group.min.session.timeout.ms"] = "6000";
  facts.topics[0].partitions[1] = {-1, 3, 0};
  facts.topics[0].partitions[2] = {2, 3, 1};
  facts.topics[1].partitions[0] = {2, 2, 2};
  const auto findings = JudgeCluster(facts, GoodPlan());
  EXPECT_THAT(Short(findings), ElementsAre("W topic fundcore.trade leader none for 1 of 3 partitions",
                                           "W topic fundcore.trade in-sync replicas too few for 1 of 3 partitions",
                                           "W topic fundcore.product replication.factor 2",
                                           "W broker 3 group.min.session.timeout.ms 6000"));
  EXPECT_THAT(findings.back().why, HasSubstr("about 7.5 s, not 3.0 s"));
  EXPECT_THAT(findings.back().remedy, HasSubstr("group.min.session.timeout.ms=2000"));
}

}  // namespace
}  // namespace fundcore
