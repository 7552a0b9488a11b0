// What the benchmarks share: options and the JSON line.
#pragma once

#include <cstdint>
#include <string>

namespace fundcore::bench {

struct Options {
  std::string mode = "batch";       // orders: batch or single
  uint64_t orders = 0;              // 0: the benchmark's own default
  int investors = 100'000;
  int batch = 1000;
  int in_flight = 8;                // batches, or single calls
  int partitions = 32;
  double seconds = 10;              // single
  std::string data;                 // empty: a temporary folder, removed afterwards
};

// {"name":…,"value":…,"unit":…,"reference":…,"reference_value":…,"ratio":…, extra}
void Print(const std::string& name, double value, const std::string& unit, const std::string& reference,
           double reference_value, const std::string& extra = "");

int BenchOrders(const Options& options);
int BenchConfirmations(const Options& options);
int BenchRecovery(const Options& options);
// Five processes and one broker; needs Kafka (tests/cluster).
int BenchKafka(const Options& options);

}  // namespace fundcore::bench
