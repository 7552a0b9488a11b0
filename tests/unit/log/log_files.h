// What the log's tests share: a temporary folder, appending and waiting, and collecting what a reader is given.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/log/embedded.h"
#include "common/runtime/clock.h"
#include "common/runtime/threads.h"

namespace fundcore::log_testing {

// A fresh folder, removed with its contents at the end.
class TempFolder {
 public:
  explicit TempFolder(const std::string& parent = std::filesystem::temp_directory_path().string()) {
    std::string pattern = parent + "/fundcore-log-XXXXXX";
    if (!::mkdtemp(pattern.data())) std::abort();
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  // In memory where the machine offers it: for tests that open a log thousands of times and kill nothing.
  static std::string Fast() {
    return std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path().string();
  }
  const std::string& path() const { return path_; }
  std::string Sub(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline LogPartition Trade(uint16_t p) { return {ServiceId::kTrade, PartitionId(p)}; }
inline LogPartition Account(uint16_t p) { return {ServiceId::kAccount, PartitionId(p)}; }

inline EmbeddedLog::Options SmallLog(const std::string& folder) {
  EmbeddedLog::Options options;
  options.folder = folder;
  options.partitions = {{ServiceId::kTrade, 4}, {ServiceId::kAccount, 4}};
  options.segment_bytes = 256 << 10;
  options.max_batch_bytes = 32 << 10;
  return options;
}

inline absl::Status AppendAndWait(Log& log, std::vector<AppendItem> items) {
  auto answer = std::make_shared<std::promise<absl::Status>>();
  auto future = answer->get_future();
  log.Append(std::move(items), [answer](absl::Status s) { answer->set_value(std::move(s)); });
  return future.get();
}
inline absl::Status AppendAndWait(Log& log, LogPartition partition, std::string bytes) {
  std::vector<AppendItem> items;
  items.push_back({partition, std::move(bytes)});
  return AppendAndWait(log, std::move(items));
}

using Contents = std::map<LogPartition, std::vector<std::string>>;

// Everything in the folder's log, by ScanLog; offsets are checked to be dense.
inline absl::StatusOr<Contents> Scan(const std::string& folder) {
  Contents all;
  const absl::Status status = ScanLog(folder, [&](const LogRecord& r) {
    auto& list = all[r.partition];
    EXPECT_EQ(r.offset, list.size());
    list.emplace_back(r.bytes);
    return true;
  });
  if (!status.ok()) return status;
  return all;
}

// Readers of all partitions of a log on one executor thread.
class Collector {
 public:
  Collector() : clock_(TimePoint::FromRaw(0)), executor_("collector", &clock_) {}
  void Follow(Log& log, LogPartition partition, LogOffset from = 0) {
    log.Tail(partition, from, &executor_, [this, partition, next = from](std::span<const LogRecord> records) mutable {
      std::lock_guard lock(mu_);
      for (const LogRecord& r : records) {
        EXPECT_TRUE(executor_.IsCurrent());
        EXPECT_EQ(r.partition, partition);
        EXPECT_EQ(r.offset, next++);
        all_[partition].emplace_back(r.bytes);
        ++count_;
      }
      changed_.notify_all();
    });
  }
  // Blocks until so many records have come in all.
  void Await(size_t count) {
    std::unique_lock lock(mu_);
    changed_.wait(lock, [&] { return count_ >= count; });
  }
  Contents contents() {
    std::lock_guard lock(mu_);
    return all_;
  }
  ThreadExecutor& executor() { return executor_; }

 private:
  std::mutex mu_;
  std::condition_variable changed_;
  Contents all_;
  size_t count_ = 0;
  SteeredClock clock_;
  ThreadExecutor executor_;
};

// A payload that tells where it came from, of about `size` bytes.
inline std::string Payload(const std::string& name, size_t size) {
  std::string s = name + ":";
  while (s.size() < size) s += static_cast<char>('a' + s.size() % 23);
  return s;
}

}  // namespace fundcore::log_testing
