// KafkaAdmin: makes the topics of an installation and judges whether the cluster can keep what is promised on it.
//
//   FC_ASSIGN_OR_RETURN(auto admin, KafkaAdmin::Open(connection));
//   const KafkaPlan plan{.prefix = "fundcore", .partitions = {{ServiceId::kTrade, 32}, …}};
//   FC_ASSIGN_OR_RETURN(auto created, admin->Init(plan));       // makes what is missing, changes nothing that is there
//   FC_ASSIGN_OR_RETURN(auto findings, admin->Check(plan));     // empty: all is well
//
// Blocking, at most about the patience given to Open for each call. Thread-safe. JudgeCluster is the judgement alone, on
// plain facts.
//
// Errors: kUnavailable where no broker answers, kPermissionDenied where it does not let us in or look, kInvalidArgument.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/log/kafka_connection.h"
#include "common/log/log.h"
#include "common/time/time.h"

namespace fundcore {

class KafkaClient;

// What a topic must let in: the largest record, and what Kafka wraps around it.
inline constexpr uint64_t kKafkaMaxMessageBytes = 17u << 20;

// What an installation wants of its cluster.
struct KafkaPlan {
  std::string prefix = "fundcore";
  std::vector<std::pair<ServiceId, uint16_t>> partitions;
  int replicas = 3;                     // of topics that Init makes
  bool one_replica_for_tests = false;   // one copy of everything: a lost disk loses money. Never with real data
  bool directory = true;                // also <prefix>.directory
  Duration takeover_goal = Duration::Seconds(3);
};

struct KafkaFinding {
  enum class Severity { kError, kWarning };
  Severity severity = Severity::kError;
  std::string where;    // "topic fundcore.trade", "broker 2", "cluster"
  std::string setting;  // as Kafka calls it
  std::string value;    // what it is now
  std::string why;
  std::string remedy;
  // One line.
  std::string Text() const;
};

// What is there.
struct KafkaFacts {
  struct Partition {
    int leader = -1;
    int replicas = 0;
    int in_sync = 0;
  };
  struct Topic {
    std::string name;
    std::vector<Partition> partitions;           // empty: there is no such topic
    std::map<std::string, std::string> settings;  // effective ones
    std::string unseen;                           // why the settings could not be read, else empty
  };
  struct Broker {
    int id = 0;
    std::string address;
    std::map<std::string, std::string> settings;
    std::string unseen;
  };
  std::vector<Broker> brokers;
  std::vector<Topic> topics;
};

// Errors first. An error may lose data or keep the system from running at all; a warning makes it slower or frailer.
std::vector<KafkaFinding> JudgeCluster(const KafkaFacts& facts, const KafkaPlan& plan);

class KafkaAdmin {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaAdmin>> Open(const KafkaConnection& connection,
                                                          Duration patience = Duration::Seconds(10));
  ~KafkaAdmin();
  KafkaAdmin(const KafkaAdmin&) = delete;

  // Makes the topics of the plan that are missing and returns their names. Topics that are there stay as they are: Check
  // says what is wrong with them. kFailedPrecondition where the cluster has fewer brokers than replicas are wanted.
  absl::StatusOr<std::vector<std::string>> Init(const KafkaPlan& plan);
  absl::StatusOr<std::vector<KafkaFinding>> Check(const KafkaPlan& plan);
  absl::StatusOr<KafkaFacts> Look(const KafkaPlan& plan);
  // The id of the log under this prefix; see KafkaLogId. kUnavailable where no broker tells the cluster's.
  absl::StatusOr<std::string> LogId(std::string_view prefix);

  // The shortest group session that all brokers accept, but not below `wanted`.
  absl::StatusOr<Duration> ShortestSession(Duration wanted = Duration::Seconds(2));

  // Forgets the records of a partition before the offset, for good: only what a verified checkpoint covers. Offsets stay.
  absl::Status TrimBefore(std::string_view prefix, LogPartition partition, LogOffset offset);

 private:
  explicit KafkaAdmin(Duration patience);
  const Duration patience_;
  std::unique_ptr<KafkaClient> client_;
};

}  // namespace fundcore
