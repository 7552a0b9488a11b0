// Measures the embedded log: appends of PARTITIONS records of BYTES each, IN_FLIGHT at a time, then reading it all back.
//
//   log_bench [folder] [partitions=32] [bytes=6000] [in_flight=6] [appends=20000]
//
// Prints JSON lines: name, value, unit.
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "common/log/embedded.h"
#include "common/runtime/clock.h"
#include "common/runtime/threads.h"

namespace fundcore {
namespace {

void Print(const char* name, double value, const char* unit) {
  std::printf("{\"name\": \"log/%s\", \"value\": %.4g, \"unit\": \"%s\"}\n", name, value, unit);
}

int Run(const std::string& folder, uint16_t partitions, size_t bytes, int in_flight, int appends) {
  EmbeddedLog::Options options;
  options.folder = folder;
  options.partitions = {{ServiceId::kTrade, partitions}};
  std::filesystem::remove_all(folder);
  SteeredClock clock(TimePoint::FromRaw(0));
  std::mutex mu;
  std::condition_variable changed;
  int flying = 0;
  uint64_t delivered = 0;
  const auto follow = [&](EmbeddedLog& log, ThreadExecutor& executor) {
    for (uint16_t p = 0; p < partitions; ++p) {
      log.Tail({ServiceId::kTrade, PartitionId(p)}, 0, &executor, [&](std::span<const LogRecord> records) {
        std::lock_guard lock(mu);
        delivered += records.size();
        changed.notify_all();
      });
    }
  };
  const double total = static_cast<double>(appends) * partitions;
  {
    auto log = EmbeddedLog::Open(options);
    if (!log.ok()) return std::fprintf(stderr, "%s\n", std::string(log.status().message()).c_str()), 1;
    ThreadExecutor executor("player", &clock);
    follow(**log, executor);
    if (!(*log)->Start().ok()) return 1;
    const int64_t began = MonotonicMicros();
    for (int i = 0; i < appends; ++i) {
      std::vector<AppendItem> items;
      items.reserve(partitions);
      for (uint16_t p = 0; p < partitions; ++p) {
        items.push_back({{ServiceId::kTrade, PartitionId(p)}, std::string(bytes, static_cast<char>('a' + i % 26))});
      }
      std::unique_lock lock(mu);
      changed.wait(lock, [&] { return flying < in_flight; });
      ++flying;
      lock.unlock();
      (*log)->Append(std::move(items), [&](absl::Status s) {
        if (!s.ok()) std::abort();
        std::lock_guard done(mu);
        --flying;
        changed.notify_all();
      });
    }
    {
      std::unique_lock lock(mu);
      changed.wait(lock, [&] { return delivered == static_cast<uint64_t>(total); });
    }
    const double seconds = static_cast<double>(MonotonicMicros() - began) / 1e6;
    (*log)->Close();
    const auto stats = (*log)->stats();
    Print("appends", appends / seconds, "1/s");
    Print("records", total / seconds, "1/s");
    Print("payload", static_cast<double>(stats.bytes) / seconds / 1e6, "MB/s");
    Print("syncs", static_cast<double>(stats.syncs) / seconds, "1/s");
    Print("sync_mean", static_cast<double>(stats.sync_micros) / static_cast<double>(stats.syncs), "us");
  }
  delivered = 0;
  const int64_t opening = MonotonicMicros();
  auto log = EmbeddedLog::Open(options);
  if (!log.ok()) return 1;
  Print("open", static_cast<double>(MonotonicMicros() - opening) / 1e3, "ms");
  ThreadExecutor executor("player", &clock);
  follow(**log, executor);
  const int64_t began = MonotonicMicros();
  if (!(*log)->Start().ok()) return 1;
  {
    std::unique_lock lock(mu);
    changed.wait(lock, [&] { return delivered == static_cast<uint64_t>(total); });
  }
  const double seconds = static_cast<double>(MonotonicMicros() - began) / 1e6;
  Print("replay", total * static_cast<double>(bytes) / seconds / 1e6, "MB/s");
  (*log)->Close();
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace fundcore

int main(int argc, char** argv) {
  const auto number = [&](int i, int otherwise) { return argc > i ? std::atoi(argv[i]) : otherwise; };
  const std::string folder = argc > 1 ? argv[1] : (std::filesystem::temp_directory_path() / "fundcore-log-bench").string();
  return fundcore::Run(folder, static_cast<uint16_t>(number(2, 32)), static_cast<size_t>(number(3, 6000)), number(4, 6),
                       number(5, 20000));
}
