// What the tests on one real broker share: the broker, started once, and names that keep them apart.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/log/kafka.h"
#include "common/log/kafka_admin.h"
#include "tests/cluster/support/broker.h"
#include "tests/unit/log/log_files.h"

namespace fundcore::testing {

// ctest's SKIP_RETURN_CODE of these programs.
inline constexpr int kSkipped = 77;

// The broker of this program. Set by main before any test.
inline std::unique_ptr<KafkaCluster> g_kafka;
inline KafkaCluster& Kafka() { return *g_kafka; }

// Starts the cluster, or says aloud that there is none; returns what main is to return then, else 0.
inline int StartKafkaOrSkip(KafkaOptions options) {
  auto kafka = KafkaCluster::Start(std::move(options));
  if (kafka.ok()) {
    g_kafka = *std::move(kafka);
    return 0;
  }
  const bool absent = absl::IsNotFound(kafka.status());
  std::printf("%s: %s\n", absent ? "SKIPPED, nothing was tested" : "FAILED", std::string(kafka.status().message()).c_str());
  return absent ? kSkipped : 1;
}

using log_testing::Account;
using log_testing::AppendAndWait;
using log_testing::Collector;
using log_testing::Contents;
using log_testing::Payload;
using log_testing::Trade;

inline const std::vector<std::pair<ServiceId, uint16_t>> kFourAndFour = {{ServiceId::kTrade, 4}, {ServiceId::kAccount, 4}};

inline KafkaConnection Connection() {
  KafkaConnection connection;
  connection.brokers = Kafka().bootstrap();
  return connection;
}

// A prefix of its own for each test.
inline std::string FreshPrefix() {
  static int count = 0;
  return StrCat("test", ++count);
}

inline KafkaPlan Plan(const std::string& prefix, std::vector<std::pair<ServiceId, uint16_t>> partitions = kFourAndFour) {
  KafkaPlan plan;
  plan.prefix = prefix;
  plan.partitions = std::move(partitions);
  plan.one_replica_for_tests = Kafka().size() == 1;
  return plan;
}

inline void MakeTopics(const KafkaPlan& plan) {
  auto admin = KafkaAdmin::Open(Connection(), Duration::Seconds(20));
  FC_CHECK(admin.ok(), admin.status().message());
  const auto made = (*admin)->Init(plan);
  FC_CHECK(made.ok(), made.status().message());
}

inline KafkaLog::Options LogOptions(const std::string& prefix,
                                    std::vector<std::pair<ServiceId, uint16_t>> partitions = kFourAndFour) {
  KafkaLog::Options options;
  options.connection = Connection();
  options.prefix = prefix;
  options.partitions = std::move(partitions);
  options.one_replica_for_tests = Kafka().size() == 1;
  options.patience = Duration::Seconds(20);
  return options;
}

inline std::string Message(const absl::Status& status) { return std::string(status.message()); }

}  // namespace fundcore::testing
