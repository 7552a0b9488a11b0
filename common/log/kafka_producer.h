// The writing half of KafkaLog: one idempotent producer at a time, and its reports. Internal to this folder.
//
// A producer that meets a fatal error (the broker lost track of its sequence, …) can do nothing more; it is emptied, its
// messages are reported as unknown, and another takes its place. Every message that Send took is reported exactly once,
// before Close returns.
//
// Threads: Send from any; reports come on the producer's own thread, as many at once as came in together.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/log/kafka_client.h"
#include "common/time/time.h"

struct rd_kafka_topic_s;
struct rd_kafka_message_s;

namespace fundcore {

// One record on its way. Made by the caller of Send, given back in the report.
struct KafkaSent {
  virtual ~KafkaSent() = default;
  size_t topic = 0;  // of the producer's topics
  int32_t partition = 0;
  std::shared_ptr<const std::string> buffer;
  // Filled in for the report. The offset is -1 where Kafka said "done" without saying where.
  int64_t offset = -1;
  absl::Status status;
  bool surely_absent = false;  // with a status that is not OK: nothing of it is in the log
  bool too_large = false;      // the broker takes no message of this size
};

class KafkaProducer {
 public:
  struct Options {
    KafkaConnection connection;
    std::vector<std::string> topics;
    Duration message_timeout;
    Duration linger;
    Duration close_grace;
    std::function<void(std::span<const std::unique_ptr<KafkaSent>>)> on_reports;
  };
  static absl::StatusOr<std::unique_ptr<KafkaProducer>> Open(Options options);
  ~KafkaProducer();

  // Takes the message, or leaves it and says why: kUnavailable while there is no producer or its queue is full,
  // kFailedPrecondition after Close. Messages to one partition go out in the order of the calls.
  absl::Status Send(std::unique_ptr<KafkaSent>* message);
  // Waits for what is under way, at most for the grace; reports the rest as unknown.
  void Close();

  // Breaks the present producer as a fatal error would. For tests.
  void BreakForTest();
  uint64_t generations() const { return generations_.load(std::memory_order_relaxed); }

 private:
  // A client with its topics.
  struct Generation;

  explicit KafkaProducer(Options options);
  absl::Status Make(std::unique_ptr<Generation>* generation);
  void Loop();
  void Replace();
  void Drain(Duration patience);
  void Report();
  static void OnDelivery(rd_kafka_s*, const rd_kafka_message_s* message, void* opaque);

  const Options options_;
  std::shared_mutex mu_;  // unique: to change the generation or close; shared: to use it
  std::unique_ptr<Generation> generation_;
  bool closed_ = false;
  std::atomic<bool> closing_{false};
  std::atomic<uint64_t> generations_{0};
  std::vector<std::unique_ptr<KafkaSent>> reports_;  // own thread only
  std::thread thread_;
};

}  // namespace fundcore
