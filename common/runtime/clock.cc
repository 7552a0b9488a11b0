// Real and steered clocks. See clock.h for what they promise.
#include "common/runtime/clock.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace fundcore {

int64_t MonotonicMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int64_t WallMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

uint64_t Clock::Subscribe(std::function<void()> on_jump) {
  std::lock_guard lock(listeners_mu_);
  listeners_.emplace(next_id_, std::move(on_jump));
  return next_id_++;
}

void Clock::Unsubscribe(uint64_t id) {
  std::lock_guard lock(listeners_mu_);
  listeners_.erase(id);
}

void Clock::Jumped() {
  // Held while calling, so that Unsubscribe waits for a call that is under way.
  std::lock_guard lock(listeners_mu_);
  for (auto& [id, on_jump] : listeners_) on_jump();
}

RealClock::RealClock(Options options) : options_(std::move(options)) {
  base_mono_ = options_.monotonic();
  base_time_ = options_.wall();
  last_ = base_time_;
  next_check_mono_ = base_mono_ + options_.check_every.raw();
}

int64_t RealClock::NowLocked() const {
  const int64_t mono = options_.monotonic();
  const int64_t passed = mono - base_mono_;
  int64_t now = base_time_ + passed + passed / 1'000'000 * slew_ + passed % 1'000'000 * slew_ / 1'000'000;
  now = std::max(now, last_);
  if (mono >= next_check_mono_) CheckLocked(mono, now);
  last_ = now;
  return now;
}

// Starts a new line at (mono, now) whose slope leads towards the wall clock.
void RealClock::CheckLocked(int64_t mono, int64_t now) const {
  base_mono_ = mono;
  base_time_ = now;
  next_check_mono_ = mono + options_.check_every.raw();
  off_ = options_.wall() - now;
  const bool far = std::llabs(off_) > options_.max_off.raw();
  if (!far) accepted_ = false;
  if (far && !accepted_) {
    slew_ = 0;
    return;
  }
  // As fast as would meet the wall clock by the next check, within the bound.
  const double wanted = 1e6 * static_cast<double>(off_) / static_cast<double>(options_.check_every.raw());
  slew_ = static_cast<int64_t>(
      std::clamp(wanted, -static_cast<double>(kMaxSlewPerMillion), static_cast<double>(kMaxSlewPerMillion)));
}

TimePoint RealClock::Now() const {
  std::lock_guard lock(mu_);
  return TimePoint::FromRaw(NowLocked());
}

std::optional<Duration> RealClock::Until(TimePoint when) const {
  std::lock_guard lock(mu_);
  const int64_t left = when.raw() - NowLocked();
  // A slowed clock takes a little longer; rounded up so that the waiter does not wake just before the time.
  return Duration::Micros(left <= 0 ? 0 : left + left / 2000 + 1);
}

void RealClock::NotBefore(TimePoint last_stamp) {
  std::lock_guard lock(mu_);
  const int64_t now = NowLocked();
  last_ = std::max(now, last_stamp.raw());
  CheckLocked(options_.monotonic(), last_);
}

absl::Status RealClock::Health() const {
  std::lock_guard lock(mu_);
  const int64_t now = NowLocked();
  if (accepted_ || std::llabs(off_) <= options_.max_off.raw()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the wall clock is ", std::llabs(off_) / 1000, " ms ", off_ > 0 ? "ahead of" : "behind", " business time (",
      now / 1000, " ms since 1970), more than the allowed ", options_.max_off.raw() / 1000,
      " ms; set the machine's clock right, or accept it as it is (fundctl clock accept)"));
}

void RealClock::AcceptWall() {
  bool jumped = false;
  {
    std::lock_guard lock(mu_);
    const int64_t now = NowLocked();
    const int64_t wall = options_.wall();
    accepted_ = true;
    jumped = wall > now;
    last_ = std::max(wall, now);
    CheckLocked(options_.monotonic(), last_);
  }
  if (jumped) Jumped();
}

TimePoint SteeredClock::Now() const {
  std::lock_guard lock(mu_);
  return now_;
}

std::optional<Duration> SteeredClock::Until(TimePoint when) const {
  std::lock_guard lock(mu_);
  if (when <= now_) return Duration();
  return std::nullopt;
}

absl::Status SteeredClock::Set(TimePoint now) {
  {
    std::lock_guard lock(mu_);
    if (now < now_) {
      return absl::InvalidArgumentError(absl::StrCat("the clock cannot go back from ", now_.raw() / 1000, " to ",
                                                     now.raw() / 1000,
                                                     " ms since 1970; give a later time, or begin with new data"));
    }
    now_ = now;
  }
  Jumped();
  return absl::OkStatus();
}

}  // namespace fundcore
