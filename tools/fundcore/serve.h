// `fundcore serve`: a process with all five services or some of them, on threads, disk and sockets: alone on the embedded
// log, or one of several on Kafka.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/time/time.h"

namespace fundcore {

inline constexpr uint64_t kSmallestSegment = 1u << 20, kLargestSegment = 1u << 30;  // of the log, in bytes

struct ServeOptions {
  std::string data = "data";                 // created where missing; one process at a time
  std::vector<std::string> listen = {"127.0.0.1:7400"};
  std::string tls_certificate, tls_key, tls_ca;  // all or none; needed beyond loopback
  std::string exchange;                      // settlement files; empty: DATA/exchange
  std::string vault_key;                     // the file that personal data is sealed with; empty: DATA/vault.key
  // On Kafka; docs/cluster.md.
  bool kafka = false;
  std::string brokers;
  std::string topic_prefix = "fundcore";
  Duration session_timeout = Duration::Seconds(6);   // a process silent for so long loses its partitions
  bool one_replica_for_tests = false;                // takes topics that keep one copy
  std::vector<std::pair<std::string, std::string>> kafka_properties;  // of librdkafka: security, networks
  std::vector<std::string> roles;            // empty: all
  std::string advertise;                     // where other processes reach this one; empty: the first listen address
  std::vector<std::string> fetch_from;       // whom a folder without a state asks for a checkpoint; host:port, in this order
  std::vector<std::string> siblings;         // names in the certificates of the others
  uint32_t machine_versions = 0;             // the newest to play; 0: all that this build knows
  bool steered = false;
  TimePoint clock_start;                     // of a steered clock whose data is new
  Duration clock_max_off = Duration::Seconds(2);  // a wall clock further from business time stops all stamps
  uint16_t partitions = 32;
  uint16_t clearing_partitions = 4;
  int executors = 0;                         // 0: one a core
  bool simulated_bank = true;
  bool bank_generous = false;
  uint64_t flush_every_bytes = 128u << 20;   // of log executed
  uint64_t log_segment_bytes = 64u << 20;    // of the embedded log: allocated ahead, archived whole
  Duration product_lead = Duration::Seconds(30);
  int64_t recovery_rate = 50'000;            // items a second to account and to risk while orders that waited are made up for
  int metrics_port = -1;                     // -1: none
  std::string metrics_address = "127.0.0.1";  // beyond loopback: for monitors on a network of their own
  std::string log_file;                      // empty: stderr
  std::string log_level = "info";
};

// Reads a TOML file over the defaults. Errors name file, line and key; unknown keys are refused.
absl::Status ReadServeConfig(const std::string& path, ServeOptions* options);

// Serves until SIGTERM or SIGINT, then stops gracefully. Errors before serving: a port or folder in use, a folder of
// another version, damage, a bad option; nothing was changed then.
absl::Status Serve(const ServeOptions& options);

// Replays the whole log of a stopped data folder from the empty state and compares each partition's hash with the stored
// one, or with a checkpoint's where `checkpoint` names one. Prints one line; kDataLoss where any differs.
absl::Status CheckReplay(const std::string& data, const std::string& checkpoint, bool json);

}  // namespace fundcore
