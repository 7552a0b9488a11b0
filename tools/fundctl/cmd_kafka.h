// fundctl kafka: makes and checks the topics of an installation on a Kafka cluster. It needs no fundcore server, so it has a
// command line of its own (main.cc hands it the words after "kafka").
//
//   fundctl kafka init --brokers 10.0.0.1:9092,10.0.0.2:9092
//   fundctl kafka check --brokers 10.0.0.1:9092 --json
//   fundctl kafka trim --brokers 10.0.0.1:9092 --store /mnt/backup
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/log/kafka_admin.h"
#include "tools/fundctl/answer.h"

namespace fundcore::fundctl {

struct KafkaOptions {
  KafkaConnection connection;
  KafkaPlan plan;
  Duration patience = Duration::Seconds(15);
};

// The topics of every service, with so many partitions: as `fundcore serve` lays out its data.
std::vector<std::pair<ServiceId, uint16_t>> KafkaLayout(uint16_t partitions, uint16_t clearing_partitions);

// Makes what is missing, then checks all of it. 1 where a finding is an error.
absl::StatusOr<Answer> InitKafka(const KafkaOptions& options);
absl::StatusOr<Answer> CheckKafka(const KafkaOptions& options);
struct TrimOptions {
  std::string store;     // the folder where checkpoints are pushed to
  int keep = 2;          // each partition must be in so many verified ones
  bool show = false;     // only say what would go
};
// Lets Kafka forget the records that verified checkpoints have made needless (docs/checkpoints.md). kFailedPrecondition, and
// nothing trimmed, where a partition is in too few of them. Again does no harm.
absl::StatusOr<Answer> TrimKafka(const KafkaOptions& options, const TrimOptions& trim);
// "NAME=VALUE", as often as wanted, into the connection's properties. kInvalidArgument.
absl::Status ReadProperties(const std::vector<std::string>& texts, KafkaConnection* connection);

}  // namespace fundcore::fundctl
