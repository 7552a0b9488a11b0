// Orders fully accepted by five service processes over one Kafka broker, everything on this machine; beside librdkafka alone
// with the same bytes to the same broker.
#include <chrono>
#include <cstdio>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "tests/bench/fundcore/bench.h"
#include "tests/bench/fundcore/load.h"
#include "tests/cluster/support/broker.h"
#include "tests/cluster/support/deployment.h"
#include "tests/cluster/support/raw_producer.h"

namespace fundcore::bench {

int BenchKafka(const Options& given) {
  using Clock = std::chrono::steady_clock;
  Options o = given;
  if (o.partitions == 32) o.partitions = 8;  // two cores, five processes: more only take turns
  auto kafka = testing::KafkaCluster::Start({.brokers = 1, .heap_mb = 1024, .optimise = true});
  if (!kafka.ok()) {
    std::fprintf(stderr, "SKIPPED: %s\n", std::string(kafka.status().message()).c_str());
    return 3;
  }
  testing::TemporaryFolder folder;
  testing::Deployment deployment({.brokers = (*kafka)->bootstrap(),
                                  .folder = folder.path(),
                                  .partitions = o.partitions,
                                  .session = Duration::Seconds(10),
                                  .flags = {"--executors=1"}});
  absl::Status s = deployment.Start();
  FC_CHECK(s.ok(), s.ToString());
  Load load(o);
  // Batches go to the process that owns trade; any other would pass them on.
  const std::string trade = deployment.process(deployment.Having("trade").front()).address();
  load.StartAt(trade);
  load.SendBatches(50, o.batch, o.in_flight, nullptr);  // warm

  const auto before = testing::TopicFigures((*kafka)->bootstrap(), (*kafka)->broker(0).folder() + "/data", "fundcore.");
  const uint64_t total = o.orders > 0 ? o.orders : 1'000'000;
  std::fprintf(stderr, "sending %llu orders in batches of %d, %d under way\n", static_cast<unsigned long long>(total), o.batch,
               o.in_flight);
  const auto began = Clock::now();
  const auto seconds = [](Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); };
  const BatchFigures f = load.SendBatches(total / static_cast<uint64_t>(o.batch), o.batch, o.in_flight, [&](uint64_t done) {
    std::fprintf(stderr, "  %llu orders, %.0f/s\n", static_cast<unsigned long long>(done), static_cast<double>(done) / seconds(began));
  });
  const double took = seconds(began);
  const auto after = testing::TopicFigures((*kafka)->bootstrap(), (*kafka)->broker(0).folder() + "/data", "fundcore.");
  const uint64_t records = after.records - before.records, bytes = after.bytes - before.bytes;
  const SingleFigures single = load.SendSingles(64, o.seconds, 500);
  const std::string words = deployment.Stop();
  FC_CHECK(words.empty(), words);

  const double raw = testing::MeasureRawProduce((*kafka)->bootstrap(), records, bytes / std::max<uint64_t>(records, 1));
  Print("kafka_orders_batch", static_cast<double>(f.accepted) / took, "orders/s",
        "librdkafka alone, as many messages of the same size, acks=all, counted in orders", static_cast<double>(total) / raw,
        absl::StrFormat("\"orders\":%d,\"accepted\":%d,\"other\":%d,\"p50_us\":%d,\"p99_us\":%d,\"records\":%d,\"bytes\":%d,"
                        "\"raw_seconds\":%.2f,\"processes\":5,\"brokers\":1,\"kafka\":\"%s\"",
                        total, f.accepted, f.other, f.p50_us, f.p99_us, records, bytes, raw,
                        testing::KafkaVersion()));
  Print("kafka_orders_single_500_p99", static_cast<double>(single.p99_us) / 1000, "ms", "limit", 50,
        absl::StrFormat("\"rate\":%.0f,\"p50_us\":%d,\"other\":%d", single.rate, single.p50_us, single.other));
  return f.other + single.other == 0 ? 0 : 1;
}

}  // namespace fundcore::bench
