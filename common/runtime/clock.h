// Clock: where business time comes from. Real (the wall clock, smoothed) or steered (moved by hand, for demos, trials and
// imports of old days). Executors take a Clock; nothing else in the system asks the operating system for the time.
//
//   RealClock clock({});
//   ThreadExecutor executor("trade-0", &clock);
//   if (!clock.Health().ok()) ...   // the wall clock is too far off: stop stamping, tell people
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "absl/status/status.h"
#include "common/time/time.h"

namespace fundcore {

// Microseconds of CLOCK_MONOTONIC: machine time, for delays and measurements; unrelated to any date.
int64_t MonotonicMicros();
// Microseconds since 1970 by the operating system's wall clock. Only clocks call this.
int64_t WallMicros();

// Thread-safe. Must outlive the executors that use it.
class Clock {
 public:
  virtual ~Clock() = default;

  // Business time. Never goes back.
  virtual TimePoint Now() const = 0;

  // How much machine time to wait before asking again whether `when` has come; zero or less where it has, nullopt where
  // only a jump can bring it about. Waiting that long never oversleeps by more than 0.1%.
  virtual std::optional<Duration> Until(TimePoint when) const = 0;

  // `on_jump` is called, on the thread that moves the clock, after time has jumped ahead rather than flowed. It must not
  // move the clock, subscribe or unsubscribe. After Unsubscribe has returned it is not running and never called again.
  uint64_t Subscribe(std::function<void()> on_jump);
  void Unsubscribe(uint64_t id);

 protected:
  void Jumped();

 private:
  std::mutex listeners_mu_;
  uint64_t next_id_ = 1;
  std::map<uint64_t, std::function<void()>> listeners_;
};

// The wall clock as of construction, carried on by the monotonic clock. The wall clock is looked at again every
// `check_every`; a difference is worked off by running up to 500 millionths faster or slower, never by a step. A
// difference beyond `max_off` is not followed at all: time then flows on evenly and Health() says what is wrong until the
// wall clock comes back or an operator accepts it.
class RealClock final : public Clock {
 public:
  struct Options {
    Duration max_off = Duration::Seconds(2);
    Duration check_every = Duration::Seconds(1);
    // Tests put their own clocks here; microseconds.
    std::function<int64_t()> wall = WallMicros;
    std::function<int64_t()> monotonic = MonotonicMicros;
  };
  explicit RealClock(Options options);

  TimePoint Now() const override;
  std::optional<Duration> Until(TimePoint when) const override;

  // Time is not below `last_stamp`, the last time in the log. Where the wall clock is behind it, time flows on from there
  // and Health() is not OK if the difference exceeds `max_off`. Call at start, before stamping.
  void NotBefore(TimePoint last_stamp);

  // kFailedPrecondition where the wall clock and this clock are further apart than `max_off`; names both and the remedy.
  absl::Status Health() const;

  // An operator has looked and says that the wall clock is right: time jumps ahead to it, or, where it is behind, runs
  // slower until they meet. Health() is OK from here on.
  void AcceptWall();

  static constexpr int64_t kMaxSlewPerMillion = 500;

 private:
  int64_t NowLocked() const;
  void CheckLocked(int64_t mono, int64_t now) const;

  const Options options_;
  mutable std::mutex mu_;
  mutable int64_t base_mono_;      // the line that time runs along: base_time_ at base_mono_, slope 1 + slew
  mutable int64_t base_time_;
  mutable int64_t slew_ = 0;       // millionths
  mutable int64_t last_;           // the latest answer, so that rounding never goes back
  mutable int64_t next_check_mono_;
  mutable int64_t off_ = 0;        // wall minus time at the last check
  mutable bool accepted_ = false;  // a difference beyond the bound is being worked off because a person said so
};

// Time that moves only when told to. Set() may come from any thread; timers of executors fire as a consequence.
class SteeredClock final : public Clock {
 public:
  explicit SteeredClock(TimePoint start) : now_(start) {}

  TimePoint Now() const override;
  std::optional<Duration> Until(TimePoint when) const override;

  // Moves time ahead and wakes the executors. kInvalidArgument where `now` is earlier than the clock; nothing happens.
  absl::Status Set(TimePoint now);

 private:
  mutable std::mutex mu_;
  TimePoint now_;
};

}  // namespace fundcore
