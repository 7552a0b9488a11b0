// KafkaCluster: a real Apache Kafka of one or three brokers, each a child process on loopback in KRaft mode, for tests and
// benchmarks that kill, stop and freeze them.
//
//   auto kafka = KafkaCluster::Start({.brokers = 3});   // kNotFound where Kafka cannot be had here: say SKIPPED
//   (*kafka)->bootstrap();                               // "127.0.0.1:21804,127.0.0.1:30112,127.0.0.1:28471"
//   (*kafka)->Kill(0);                                   // SIGKILL; Restart(0) goes on with its data, on its port
//   (*kafka)->Pause(1);                                  // SIGSTOP; Continue(1)
//
// Every broker is controller as well. Their data lie in a temporary folder that ends with the object. Children die with the
// thread that made them, so make and restart them from the test's main thread. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/time/time.h"
#include "tests/cluster/support/relay.h"

namespace fundcore::testing {

// Which Kafka tests run on: FUNDCORE_TEST_KAFKA of the environment, or 3.9.1.
std::string KafkaVersion();

struct KafkaOptions {
  int brokers = 1;  // 1 or 3
  std::string version = KafkaVersion();
  // How long a broker may be silent before the others take over its partitions; Kafka's own default is nine seconds.
  Duration broker_session = Duration::Millis(1000);
  int heap_mb = 384;
  bool relays = false;     // each broker has a second door, behind a relay that Cut closes
  int small_disk_mb = 0;   // the brokers' data on a small file system of their own in memory; needs root
  // Another listener, where the user "guest" with the password "guest" may log in (SASL/PLAIN) but has no rights at all.
  bool guests = false;
  bool optimise = false;  // full Java compilation: for measuring; without it a broker starts sooner
  std::vector<std::pair<std::string, std::string>> properties;  // further lines of server.properties, which win
  Duration patience = Duration::Seconds(90);                     // until they answer
};

// One broker process. Owned by its cluster.
class KafkaBroker {
 public:
  KafkaBroker(int id, std::string folder, uint16_t port) : id_(id), folder_(std::move(folder)), port_(port) {}
  ~KafkaBroker() { Kill(); }
  KafkaBroker(const KafkaBroker&) = delete;

  // Starts the process; does not wait for it.
  void Begin(std::vector<std::string> java);
  // Waits until it answers a metadata request that names at least `brokers` live ones.
  absl::Status AwaitReady(int brokers, Duration patience);
  bool AwaitEnd(Duration patience);
  void Kill();      // SIGKILL, as a power cut would
  void Stop();      // SIGTERM: hands its partitions over first
  void Pause();     // SIGSTOP: silent, but its connections stay
  void Continue();  // SIGCONT
  bool running() const { return pid_ >= 0; }
  pid_t pid() const { return pid_; }
  int id() const { return id_; }  // Kafka's node.id, from 1
  std::string address() const;
  const std::string& folder() const { return folder_; }
  // The end of what it printed, for messages.
  std::string LastWords() const;

 private:
  void Reap();
  const int id_;
  const std::string folder_;
  const uint16_t port_;
  pid_t pid_ = -1;
};

class KafkaCluster {
 public:
  // Fetches Kafka where it is not there yet, formats, starts, and waits until all brokers know of each other. kNotFound where
  // Kafka's jars or Java cannot be had on this machine.
  static absl::StatusOr<std::unique_ptr<KafkaCluster>> Start(KafkaOptions options = {});
  ~KafkaCluster();
  KafkaCluster(const KafkaCluster&) = delete;

  // Addresses of all brokers, also of those that are down now.
  std::string bootstrap() const;
  // Of the listener for guests.
  std::string guest_bootstrap() const { return guest_address_; }
  int size() const { return static_cast<int>(brokers_.size()); }
  KafkaBroker& broker(int i) { return *brokers_[static_cast<size_t>(i)]; }
  void Kill(int i) { broker(i).Kill(); }
  void Stop(int i) { broker(i).Stop(); }
  void Pause(int i) { broker(i).Pause(); }
  void Continue(int i) { broker(i).Continue(); }
  // Starts broker i again with its data and waits until it serves.
  absl::Status Restart(int i);
  void Begin(int i);
  absl::Status AwaitReady(int i);
  // The brokers as seen through their relays; with `relays` only.
  std::string relayed_bootstrap() const;
  // Whoever came through the relays is cut off, and cannot connect, until Cut(false).
  void Cut(bool cut);
  // Fills the small file system of a broker; false where there is none. FreeDisk makes room again.
  bool FillDisk(int i);
  void FreeDisk(int i);
  // Whether the broker has ended by itself within the patience.
  bool AwaitEnd(int i, Duration patience);
  // Which broker (its index) leads the partition now; kNotFound without a leader or such a topic.
  absl::StatusOr<int> LeaderOf(const std::string& topic, int partition);

 private:
  explicit KafkaCluster(KafkaOptions options) : options_(std::move(options)) {}
  absl::Status Prepare();
  void MountSmallDisk(const std::string& at);
  int Running() const;

  const KafkaOptions options_;
  std::string folder_;
  std::string jars_;
  std::string guest_address_;
  std::vector<std::unique_ptr<KafkaBroker>> brokers_;
  std::vector<std::unique_ptr<Relay>> relays_;
  std::vector<std::string> disks_;  // mounted
};

// The folder of Kafka's jars, fetched where needed. kNotFound, with the reason, where they cannot be had.
absl::StatusOr<std::string> FetchKafka(const std::string& version);

}  // namespace fundcore::testing
