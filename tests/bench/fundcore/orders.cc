// Orders fully accepted: client, server and disk on the same machine.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/runtime/random.h"
#include "common/store/rocks.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "tests/bench/fundcore/bench.h"
#include "tests/bench/fundcore/load.h"

namespace fundcore::bench {

void Print(const std::string& name, double value, const std::string& unit, const std::string& reference,
           double reference_value, const std::string& extra) {
  std::printf("{\"name\":\"%s\",\"value\":%.4g,\"unit\":\"%s\",\"reference\":\"%s\",\"reference_value\":%.4g,\"ratio\":%.3f%s%s}\n",
              name.c_str(), value, unit.c_str(), reference.c_str(), reference_value,
              reference_value > 0 ? value / reference_value : 0.0, extra.empty() ? "" : ",", extra.c_str());
  std::fflush(stdout);
}

namespace {

using Clock = std::chrono::steady_clock;

double Seconds(Clock::time_point since) { return std::chrono::duration<double>(Clock::now() - since).count(); }

// What an order costs RocksDB alone: three puts each, groups of 1,000 orders, synced by a flush-free WAL-less store plus an
// fdatasync of as many bytes; measured as the store is used here, so that it compares with what the server does.
double RocksReference(const std::string& folder) {
  auto store = RocksStore::Open({.folder = folder});
  FC_CHECK(store.ok(), store.status().ToString());
  SeededRandom random(7);
  const auto began = Clock::now();
  uint64_t orders = 0;
  while (Seconds(began) < 3) {
    std::vector<StoreWrite> writes;
    for (int i = 0; i < 1000; ++i) {
      for (int k = 0; k < 3; ++k) {
        std::string key(16, '\0');
        const uint64_t r = random.Next();
        std::memcpy(key.data(), &r, 8);
        writes.push_back({Family::kState, std::move(key), std::string(100, 'v')});
      }
    }
    FC_CHECK((*store)->Write(std::move(writes)).ok(), "write");
    orders += 1000;
  }
  FC_CHECK((*store)->Flush().ok(), "flush");
  return static_cast<double>(orders) / Seconds(began);
}

int Batch(const Options& o, Load& load) {
  const uint64_t total = o.orders > 0 ? o.orders : 3'000'000;
  const size_t calls = total / static_cast<uint64_t>(o.batch);
  std::fprintf(stderr, "sending %zu batches of %d orders, %d under way\n", calls, o.batch, o.in_flight);
  const auto began = Clock::now();
  BatchFigures f = load.SendBatches(calls, o.batch, o.in_flight, [&](uint64_t done) {
    std::fprintf(stderr, "  %llu orders, %.0f/s\n", static_cast<unsigned long long>(done), static_cast<double>(done) / Seconds(began));
  });
  const double took = Seconds(began);
  const double rocks = RocksReference(load.folder() + "/reference");
  Print(StrCat("orders_batch_p", o.partitions), static_cast<double>(f.accepted) / took, "orders/s", "RocksDB, 3 puts an order in batches of 1,000, no WAL", rocks,
        absl::StrFormat("\"orders\":%d,\"accepted\":%d,\"other\":%d,\"investors\":%d,\"p50_us\":%d,\"p99_us\":%d", total, f.accepted,
                        f.other, o.investors, f.p50_us, f.p99_us));
  return f.other == 0 ? 0 : 1;
}

int Single(const Options& o, Load& load) {
  const int callers = o.in_flight > 8 ? o.in_flight : 256;
  const testing::EchoFigures echo = testing::MeasureRawEcho(callers, std::min(o.seconds, 5.0));
  SingleFigures full = load.SendSingles(callers, o.seconds, 0);
  const testing::EchoFigures again = testing::MeasureRawEcho(callers, std::min(o.seconds, 5.0));
  const double reference = std::max(echo.rate, again.rate);
  Print("orders_single", full.rate, "orders/s", StrCat("raw gRPC callback echo, ", callers, " callers, same payload"), reference,
        absl::StrFormat("\"p50_us\":%d,\"p99_us\":%d,\"other\":%d", full.p50_us, full.p99_us, full.other));
  SingleFigures half = load.SendSingles(callers, o.seconds, full.rate / 2);
  Print("orders_single_half_load_p99", static_cast<double>(half.p99_us) / 1000, "ms", "limit at half load", 25,
        absl::StrFormat("\"rate\":%.0f,\"p50_us\":%d", half.rate, half.p50_us));
  return full.other + half.other == 0 ? 0 : 1;
}

}  // namespace

int BenchOrders(const Options& o) {
  Load load(o);
  load.Start();
  return o.mode == "batch" ? Batch(o, load) : Single(o, load);
}

int BenchRecovery(const Options& given) {
  Options o = given;
  const uint64_t total = o.orders > 0 ? o.orders : 3'000'000;
  Load load(o);
  load.Start();
  std::fprintf(stderr, "storing %llu orders\n", static_cast<unsigned long long>(total));
  BatchFigures f = load.SendBatches(total / static_cast<uint64_t>(o.batch), o.batch, o.in_flight, nullptr);
  double worst = 0, sum = 0;
  constexpr int kTimes = 3;
  for (int i = 0; i < kTimes; ++i) {
    load.server().Kill();
    FC_CHECK(load.server().Start().ok(), "the server did not come back");
    const double took = static_cast<double>(load.server().start_took().raw()) / 1e6;
    std::fprintf(stderr, "  serving again after %.2f s\n", took);
    worst = std::max(worst, took);
    sum += took;
    load.SendBatches(100, o.batch, o.in_flight, nullptr);  // so that every kill finds something under way to replay
  }
  const double scan = load.LogScanBytesPerSecond();
  Print("recovery", worst, "s", "plain scan of the whole log", static_cast<double>(load.LogBytes()) / scan,
        absl::StrFormat("\"orders\":%d,\"mean_s\":%.2f,\"accepted\":%d,\"log_bytes\":%d", total, sum / kTimes, f.accepted, load.LogBytes()));
  return f.other == 0 ? 0 : 1;
}

}  // namespace fundcore::bench
