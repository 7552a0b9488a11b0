// One librdkafka client: made with settings that are checked, remembering what it last complained of, so that an error can
// say why. Only for the .cc files of this folder, which alone include librdkafka.
//
//   FC_ASSIGN_OR_RETURN(auto client, KafkaClient::Make(KafkaClient::Role::kConsumer, connection, {{"check.crcs", "true"}}));
//   client->Trouble(err, "reading the topics");    // "no broker of 127.0.0.1:9092 answers …: Connection refused"
//
// Thread-safe. The destructor waits for librdkafka's threads; topics, queues and messages must be gone by then.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/log/kafka_connection.h"
#include "common/time/time.h"

struct rd_kafka_s;
struct rd_kafka_conf_s;

namespace fundcore {

class KafkaClient {
 public:
  enum class Role { kProducer, kConsumer };
  using Settings = std::vector<std::pair<std::string, std::string>>;

  // `settings` win over everything. `configure` may set callbacks, which find `owner` by Owner().
  static absl::StatusOr<std::unique_ptr<KafkaClient>> Make(Role role, const KafkaConnection& connection,
                                                           const Settings& settings, void* owner = nullptr,
                                                           const std::function<void(rd_kafka_conf_s*)>& configure = {});
  ~KafkaClient();
  KafkaClient(const KafkaClient&) = delete;

  rd_kafka_s* get() const { return handle_; }
  const KafkaConnection& connection() const { return connection_; }
  // The owner given to Make, from the opaque pointer that librdkafka hands to callbacks.
  static void* Owner(void* opaque) { return static_cast<KafkaClient*>(opaque)->owner_; }
  // What it last complained of; empty where it did not.
  std::string LastTrouble() const;
  // An error code of librdkafka as a status: kUnavailable where no broker answers, kPermissionDenied, kNotFound for a topic,
  // else kInternal. `doing` says what failed.
  absl::Status Trouble(int error, std::string_view doing) const;
  // Tells the operator, at most once a second.
  void Tell(const std::string& text);

 private:
  KafkaClient(const KafkaConnection& connection, void* owner) : connection_(connection), owner_(owner) {}
  static void OnLog(const rd_kafka_s* handle, int level, const char* fac, const char* text);

  const KafkaConnection connection_;
  void* const owner_;
  rd_kafka_s* handle_ = nullptr;
  mutable std::mutex mu_;
  std::string last_trouble_;
  int64_t told_at_ = -1'000'000;
};

}  // namespace fundcore
