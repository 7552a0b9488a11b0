// KafkaBulletin: short notices that every process of an installation hears, over the topic <prefix>.directory. Hints: one may
// get lost, come twice or late; there is no record of them.
//
//   FC_ASSIGN_OR_RETURN(auto bulletin, KafkaBulletin::Open(connection, "fundcore"));
//   bulletin->OnBulletin([](std::string_view bytes) { … });   // all new ones, own ones too
//   bulletin->Publish(bytes);
//   bulletin->Close();
//
// Threads: Publish from any; it never blocks. The callback runs on the bulletin's own thread and must be quick; not after
// Close.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/log/kafka_connection.h"

struct rd_kafka_topic_s;

namespace fundcore {

class KafkaClient;

class KafkaBulletin {
 public:
  // Does not wait for the brokers.
  static absl::StatusOr<std::unique_ptr<KafkaBulletin>> Open(const KafkaConnection& connection, std::string_view prefix);
  ~KafkaBulletin();
  KafkaBulletin(const KafkaBulletin&) = delete;

  // Once, before Publish; begins to listen.
  void OnBulletin(std::function<void(std::string_view)> on_bulletin);
  // Dropped after some seconds without brokers. At most 1 MB.
  void Publish(std::string bytes);
  void Close();

 private:
  explicit KafkaBulletin(std::string topic);
  void Loop();

  const std::string topic_;
  std::mutex close_mu_;
  std::unique_ptr<KafkaClient> writer_, reader_;
  rd_kafka_topic_s* write_topic_ = nullptr;
  rd_kafka_topic_s* read_topic_ = nullptr;
  std::function<void(std::string_view)> on_bulletin_;
  std::atomic<bool> closing_{false};
  std::thread thread_;
};

}  // namespace fundcore
