// Gate: why a process takes nothing new for a while, although it runs. Trouble is never a refusal: callers are told to come
// back, and what was taken before goes on or waits.
//
//   Gate gate;                                            // one a process, open
//   gate.Close(Gate::kDisk, "the disk of data/state has 3 MiB free …");
//   if (absl::Status s = HeldBack(host_); !s.ok()) return reply(s);   // at the edges, before anything is begun (service.h)
//   if (gate.stamps()) …                                  // sequencers: nothing is numbered while the clock is in doubt
//   gate.Open(Gate::kDisk);
//
// Thread-safe. Reading costs one atomic load; closing and opening is rare.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fundcore::machine {

class Gate {
 public:
  enum Reason : uint8_t {
    kClock = 1,  // the wall clock is too far from business time: no stamp is given until a person accepts it
    kDisk = 2,   // the state cannot be written back, and would grow in memory without bound
  };

  void Close(Reason reason, std::string why) {
    (reason == kClock ? clock_ : disk_).store(std::make_shared<const std::string>(std::move(why)));
    closed_.fetch_or(reason, std::memory_order_release);
  }
  void Open(Reason reason) { closed_.fetch_and(static_cast<uint8_t>(~reason), std::memory_order_release); }

  bool open() const { return closed_.load(std::memory_order_acquire) == 0; }
  bool closed(Reason reason) const { return (closed_.load(std::memory_order_acquire) & reason) != 0; }
  bool stamps() const { return !closed(kClock); }

  // "" while open; else CLOCK_IN_DOUBT or DISK_FULL, for apps to switch on.
  std::string_view reason() const {
    const uint8_t closed = closed_.load(std::memory_order_acquire);
    return closed & kClock ? "CLOCK_IN_DOUBT" : closed & kDisk ? "DISK_FULL" : "";
  }
  // What a person has to do about it.
  std::string why() const {
    const auto text = (closed(kClock) ? clock_ : disk_).load();
    return text ? *text : std::string();
  }

 private:
  std::atomic<uint8_t> closed_{0};
  std::atomic<std::shared_ptr<const std::string>> clock_, disk_;
};

}  // namespace fundcore::machine
