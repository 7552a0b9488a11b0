// How to reach a Kafka cluster, and what our topics are called there. Plain values, shared by everything that talks to it.
//
//   KafkaConnection c{.brokers = "10.0.0.1:9092,10.0.0.2:9092", .client_id = "fundcore-trade-1"};
//   c.properties = {{"security.protocol", "ssl"}, {"ssl.ca.location", "/etc/fundcore/ca.pem"}};
//   KafkaTopic("fundcore", ServiceId::kTrade);      // "fundcore.trade": topic and consumer group of the service
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/log/log.h"

namespace fundcore {

struct KafkaConnection {
  std::string brokers;  // host:port, separated by commas; any of them is enough to find the others
  std::string client_id = "fundcore";
  // Properties of librdkafka, for security and networks. What order and durability rest on is refused here.
  std::vector<std::pair<std::string, std::string>> properties;
  // Hears of trouble with brokers, at most one line a second from each client. Any thread; must be quick.
  std::function<void(const std::string&)> tell;
};

// kInvalidArgument where a broker has no port or a property may not be set.
absl::Status ValidateConnection(const KafkaConnection& connection);

std::string KafkaTopic(std::string_view prefix, ServiceId id);
// Which log a state's or a checkpoint's offsets are of: the same prefix on another cluster is another log. `cluster` is the
// cluster's own id, drawn when its storage was formatted.
inline std::string KafkaLogId(std::string_view prefix, std::string_view cluster) {
  return "kafka:" + std::string(prefix) + "@" + std::string(cluster);
}
// One partition of announcements, kept for minutes: hints only.
std::string KafkaDirectoryTopic(std::string_view prefix);
// Letters, digits, '.', '_' and '-', at most 200: what Kafka takes, with room for our own endings.
absl::Status ValidatePrefix(std::string_view prefix);

}  // namespace fundcore
