// Attempts: the calls to account and risk that carried an order, of orders whose call failed at least once.
//
//   Attempts attempts(50'000);
//   attempts.Add(order, {.peer = Peer::kRisk, .at = t, .ended_at = u, .outcome = CallOutcome::kUnavailable}, true);
//   if (const Attempts::Entry* e = attempts.Find(order)) e->kept, e->left_out
//
// In memory only, since the process started: a failed call changes nothing that has to be remembered, so it gets no
// place in the log. Of each order the first five and the last five are kept; of orders the latest so many that had
// trouble. Belongs to one executor.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/time/time.h"
#include "services/trade/peer_guard.h"

namespace fundcore::trade {

struct Attempt {
  TimePoint at, ended_at;
  uint32_t items = 0;
  Peer peer = Peer::kAccount;
  CallOutcome outcome = CallOutcome::kAnswered;
};

class Attempts {
 public:
  static constexpr size_t kFirst = 5, kLast = 5;

  struct Entry {
    std::vector<Attempt> kept;  // in order of time
    uint64_t left_out = 0;      // between kept[kFirst - 1] and kept[kFirst]
  };

  explicit Attempts(size_t most_orders) : most_orders_(most_orders) {}

  // `troubled`: the order had a call that failed, this one or one before. Others are not remembered.
  void Add(uint64_t order, const Attempt& attempt, bool troubled) {
    auto it = entries_.find(order);
    if (it == entries_.end()) {
      if (!troubled) return;
      if (by_age_.size() >= most_orders_) {
        entries_.erase(by_age_.front());
        by_age_.pop_front();
      }
      by_age_.push_back(order);
      it = entries_.try_emplace(order).first;
    }
    Entry& e = it->second;
    if (e.kept.size() == kFirst + kLast) {
      e.kept.erase(e.kept.begin() + kFirst);
      ++e.left_out;
    }
    e.kept.push_back(attempt);
  }
  const Entry* Find(uint64_t order) const {
    auto it = entries_.find(order);
    return it == entries_.end() ? nullptr : &it->second;
  }
  size_t orders() const { return entries_.size(); }

 private:
  const size_t most_orders_;
  absl::flat_hash_map<uint64_t, Entry> entries_;  // lookups only
  std::deque<uint64_t> by_age_;
};

}  // namespace fundcore::trade
