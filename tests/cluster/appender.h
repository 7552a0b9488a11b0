// A writer of numbered records that behaves as the machines do, and a player that judges what became of them.
#pragma once

#include <gtest/gtest.h>

#include <climits>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "common/runtime/clock.h"
#include "tests/cluster/kafka_fixture.h"

namespace fundcore::testing {

// What came back as unknown goes out again, in order, until it is in. Keeps some under way.
class Appender {
 public:
  Appender(Log* log, LogPartition partition, size_t in_flight = 32, Duration pace = Duration())
      : log_(log), partition_(partition), in_flight_(in_flight), pace_(pace) {}

  // Blocks until all are in; without a count, until Stop and all that began are in. Returns how many.
  int Run(int count = INT_MAX) {
    std::unique_lock lock(mu_);
    int next = 0;
    last_ = MonotonicMicros();
    while ((next < count && !stopped_) || !flights_.empty()) {
      if (broken_ && returned_ == flights_.size()) {
        // Nothing is under way any more: all of it once more, in order.
        std::deque<int> again;
        again.swap(flights_);
        broken_ = false;
        returned_ = 0;
        ++repeats_;
        for (const int n : again) Send(n, lock);
      } else if (!broken_ && next < count && !stopped_ && flights_.size() < in_flight_) {
        Send(next++, lock);
        if (pace_ > Duration()) changed_.wait_for(lock, std::chrono::microseconds(pace_.raw()));
      } else {
        changed_.wait_for(lock, std::chrono::seconds(1));
      }
    }
    return next;
  }
  void Stop() {
    std::lock_guard lock(mu_);
    stopped_ = true;
    changed_.notify_all();
  }
  int repeats() const { return repeats_; }
  int acknowledged() {
    std::lock_guard lock(mu_);
    return acknowledged_;
  }
  // Blocks until so many are known to be in.
  void Await(int acknowledged) {
    std::unique_lock lock(mu_);
    changed_.wait(lock, [&] { return acknowledged_ >= acknowledged; });
  }
  // The longest time without an acknowledgement since this was last asked, in milliseconds.
  int64_t LongestGap() {
    std::lock_guard lock(mu_);
    const int64_t gap = longest_gap_ / 1000;
    longest_gap_ = 0;
    return gap;
  }

 private:
  void Send(int n, std::unique_lock<std::mutex>& lock) {
    flights_.push_back(n);
    lock.unlock();
    std::vector<AppendItem> items;
    items.push_back({partition_, StrCat(n)});
    log_->Append(std::move(items), [this, n](absl::Status s) {
      std::lock_guard done(mu_);
      EXPECT_TRUE(s.ok() || absl::IsUnavailable(s)) << s;
      if (s.ok() && !broken_ && flights_.front() == n) {
        flights_.pop_front();
        ++acknowledged_;
        const int64_t now = MonotonicMicros();
        longest_gap_ = std::max(longest_gap_, now - last_);
        last_ = now;
      } else {
        // After the first that failed, what follows is only counted in and goes out again.
        broken_ = true;
        ++returned_;
      }
      changed_.notify_all();
    });
    lock.lock();
  }

  Log* const log_;
  const LogPartition partition_;
  const size_t in_flight_;
  const Duration pace_;
  std::mutex mu_;
  std::condition_variable changed_;
  std::deque<int> flights_;
  size_t returned_ = 0;
  bool broken_ = false, stopped_ = false;
  int repeats_ = 0;
  int acknowledged_ = 0;
  int64_t last_ = 0, longest_gap_ = 0;
};

// Plays numbered records as a machine does: only the next one counts, what came before is a repeat, what comes too early is
// skipped (it will be appended again).
struct Played {
  int next = 0;
  int repeats = 0, early = 0;
};
inline Played Play(const std::vector<std::string>& records) {
  Played played;
  for (const std::string& text : records) {
    int n = -1;
    EXPECT_TRUE(absl::SimpleAtoi(text, &n)) << text;
    if (n == played.next) {
      ++played.next;
    } else {
      ++(n < played.next ? played.repeats : played.early);
    }
  }
  return played;
}

// All of a partition as another process sees it: from the brokers alone.
inline std::vector<std::string> ReadAll(const std::string& prefix, LogPartition partition) {
  auto options = LogOptions(prefix);
  options.deliver_own_from_memory = false;
  auto log = KafkaLog::Open(options);
  EXPECT_TRUE(log.ok()) << log.status();
  Collector collector;
  collector.Follow(**log, partition);
  EXPECT_EQ((*log)->Start(), absl::OkStatus());
  collector.Await((*log)->End(partition));
  (*log)->Close();
  collector.executor().Stop();
  return collector.contents()[partition];
}

}  // namespace fundcore::testing
