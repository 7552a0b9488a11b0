// PeerGuard: how a worker treats a peer that does not answer, and one that comes back.
//
// A peer that fails is asked again by a small probe at growing, jittered pauses; nothing else goes to it. From its first
// answer on it gets at most so many items a second, until what waited has been made up for: newcomers and orders that
// waited have half of that each, and what one of them does not use is the other's. A peer that never failed is not
// limited: what is under way at a time is bounded anyway.
//
//   PeerGuard guard(25'000);                        // items a second
//   guard.Failed(CallOutcome::kUnavailable, …);     // closed: probe after guard.NextPause(random)
//   guard.Answered();                               // open, limited
//   n = guard.Allowed(Lane::kWaited, newcomers);    // 0 until guard.Tick() has been called a few times
//   guard.Take(Lane::kWaited, n);
//   guard.Rest();                                   // nothing waits any more: no limit
//
// Plain values of one executor: no clock, no timers; kTicks calls of Tick make a second.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "common/time/time.h"

namespace fundcore::trade {

enum class Peer : uint8_t { kAccount = 0, kRisk = 1 };
inline constexpr size_t kPeers = 2;

// What became of a call. The first four after kAnswered say something of the peer, the last two of this one call.
enum class CallOutcome : uint8_t { kAnswered, kUnavailable, kDeadline, kBusy, kMalformed, kError, kUnderWay };
inline constexpr size_t kCallOutcomes = 6;  // without kUnderWay

enum class Lane : uint8_t { kNew = 0, kWaited = 1 };

// Items that may be sent, in two lanes. A tenth of a second's worth may be saved up.
class Allowance {
 public:
  static constexpr int64_t kTicks = 100;  // a second

  explicit Allowance(int64_t items_a_second) : rate_(items_a_second), most_(std::max<int64_t>(rate_ / 20, 1)) {}

  // Begins with nothing saved.
  void Empty() { saved_ = {}; }
  void Tick() {
    credit_ += rate_;
    const int64_t items = credit_ / kTicks;
    credit_ %= kTicks;
    odd_ = !odd_;  // so that the odd item goes to each lane in turn
    Add(0, (items + (odd_ ? 1 : 0)) / 2);
    Add(1, items - (items + (odd_ ? 1 : 0)) / 2);
  }
  // `alone`: nothing waits in the other lane.
  int64_t Allowed(Lane lane, bool alone) const {
    const auto own = static_cast<size_t>(lane);
    return saved_[own] + (alone ? saved_[1 - own] : 0);
  }
  void Take(Lane lane, int64_t items) {
    const auto own = static_cast<size_t>(lane);
    const int64_t first = std::min(items, saved_[own]);
    saved_[own] -= first;
    saved_[1 - own] = std::max<int64_t>(0, saved_[1 - own] - (items - first));
  }
  int64_t rate() const { return rate_; }

 private:
  void Add(size_t lane, int64_t items) {
    saved_[lane] += items;
    if (saved_[lane] <= most_) return;
    saved_[1 - lane] = std::min(most_, saved_[1 - lane] + (saved_[lane] - most_));
    saved_[lane] = most_;
  }

  const int64_t rate_, most_;
  std::array<int64_t, 2> saved_{};
  int64_t credit_ = 0;
  bool odd_ = false;
};

class PeerGuard {
 public:
  explicit PeerGuard(int64_t items_a_second) : allowance_(items_a_second) {}

  bool open() const { return open_; }
  bool limited() const { return limited_; }
  bool resting = false;          // a pause is under way
  bool probing = false;          // a probe is under way
  bool newcomers_probe = false;  // the next probe prefers newcomers to orders that waited

  // True where this closes the peer: pause, then probe.
  bool Failed(CallOutcome outcome, bool of_probe) {
    limited_ = true;
    if (outcome == CallOutcome::kMalformed || outcome == CallOutcome::kError) {
      Answered();  // it is there; what was wrong is this call
      return false;
    }
    if (!open_ && !of_probe) return false;  // one of those that were under way when it closed
    open_ = false;
    return true;
  }
  void Answered() {
    if (open_) return;
    open_ = true;
    pause_ = Duration();
    allowance_.Empty();
  }
  // Orders wait from before: make up for them at the limit though the peer never failed here.
  void Limit() { limited_ = true; }
  void Rest() { limited_ = false; }

  // 10 ms doubling to 0.4 s, because newcomers wait for the end of it, and so does everybody when another process has taken
  // the peer's partitions over; a random part of its upper half.
  static constexpr Duration kLongestPause = Duration::Millis(400);
  Duration NextPause(uint64_t random) {
    pause_ = pause_.raw() == 0 ? Duration::Millis(10) : std::min(kLongestPause, pause_ + pause_);
    return Jittered(pause_, random);
  }
  static Duration Jittered(Duration pause, uint64_t random) {
    const int64_t half = pause.raw() / 2;
    return Duration::Micros(half + static_cast<int64_t>(random % static_cast<uint64_t>(half + 1)));
  }

  void Tick() {
    if (limited_ && open_) allowance_.Tick();
  }
  int64_t Allowed(Lane lane, bool alone) const { return limited_ ? allowance_.Allowed(lane, alone) : INT64_MAX; }
  void Take(Lane lane, int64_t items) {
    if (limited_) allowance_.Take(lane, items);
  }
  int64_t rate() const { return allowance_.rate(); }

  // Since the process started.
  struct Counts {
    std::array<uint64_t, kCallOutcomes> calls{};  // by CallOutcome
    uint64_t items = 0;
    uint64_t retried = 0;
    uint64_t release_items = 0;
    TimePoint last_failure_at;
    std::string last_failure;
  };
  Counts counts;

  // Items sent again, a slot a second; the sum is that of the last minute.
  void CountRetried(uint64_t items) {
    counts.retried += items;
    seconds_[second_] += items;
    minute_ += items;
  }
  void NextSecond() {
    second_ = (second_ + 1) % seconds_.size();
    minute_ -= seconds_[second_];
    seconds_[second_] = 0;
  }
  uint64_t retried_last_minute() const { return minute_; }

 private:
  Allowance allowance_;
  bool open_ = true;
  bool limited_ = false;
  Duration pause_;
  std::array<uint64_t, 60> seconds_{};
  size_t second_ = 0;
  uint64_t minute_ = 0;
};

}  // namespace fundcore::trade
