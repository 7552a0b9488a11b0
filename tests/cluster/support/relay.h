// Relay: a door on loopback before another one, that can be shut: how a test cuts a process off from its brokers while both
// go on.
//
//   Relay relay(broker_port);        // listens on a free port
//   relay.address();                   // "127.0.0.1:40123"
//   relay.Cut(true);                   // all connections end, new ones end at once; Cut(false) opens it again
//
// One thread of its own, until destroyed. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace fundcore::testing {

class Relay {
 public:
  explicit Relay(uint16_t to);
  ~Relay();
  Relay(const Relay&) = delete;
  std::string address() const;
  void Cut(bool cut);

 private:
  void Work();

  const uint16_t to_;
  uint16_t port_ = 0;
  int listener_ = -1;
  int wake_[2] = {-1, -1};
  std::atomic<bool> cut_{false}, ended_{false};
  std::thread thread_;
};

}  // namespace fundcore::testing
