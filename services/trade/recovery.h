// What orders wait for: of one order, and of all of them by age. For operators; nothing here changes anything.
//
//   v1::WaitsFor w = WaitsForOf(machine, seq, order, v1::WAITS_FOR_ACCOUNT);
//   out->set_what_to_do(WhatToDo(machine, seq, order, w));
//
//   WaitTally tally;
//   LookAtOrders(machine, now, &cursor, &tally);     // what waits for neither account nor risk
//   worker.Tell(now, &tally, &account, &risk);       // what does
//
// On the partition's executor.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "fundcore/trade/v1/trade.pb.h"
#include "services/trade/machine.h"

namespace fundcore::trade {

// What the order waits for. An order in the worker's hands waits for `undecided`: for account or for risk.
v1::WaitsFor WaitsForOf(TradeMachine& machine, uint64_t seq, const Order& o, v1::WaitsFor undecided);
// By whom and how it goes on, in a sentence or two with the command to type; "" for WAITS_FOR_NOTHING.
std::string WhatToDo(TradeMachine& machine, uint64_t seq, const Order& o, v1::WaitsFor waits_for);
// Both, into the order's message.
void FillWaiting(TradeMachine& machine, uint64_t seq, const Order& o, v1::WaitsFor undecided, v1::Order* out);

// Under 1 s, 10 s, 1 min, 10 min, 1 h, 1 day, older.
inline constexpr size_t kAges = 7;
size_t AgeOf(TimePoint received, TimePoint now);

struct WaitTally {
  struct Waiting {
    uint64_t orders = 0;
    std::array<uint64_t, kAges> by_age{};
    bool estimated = false;
    OrderId oldest;
    TimePoint oldest_at;
  };
  std::array<Waiting, v1::WaitsFor_ARRAYSIZE> of;

  void Add(v1::WaitsFor w, OrderId order, TimePoint received, TimePoint now);
  // Orders of which only the number is known, spread as `ages` are.
  void Spread(v1::WaitsFor w, uint64_t orders, const std::array<uint64_t, kAges>& ages);
  void Merge(const WaitTally& other);
  void Fill(v1::RecoveryStatusResponse* out) const;
};

// Adds one executor's view of a peer to the process's.
void AddHealth(const v1::PeerHealth& lane, v1::PeerHealth* sum);

// Where the next look may begin: everything before is final. Volatile; a new one begins at the beginning.
struct LookCursor {
  Date open_from;
  uint64_t order = 1;
};

// Orders that one look may read; the ages of those behind are estimated.
inline constexpr uint64_t kOrdersALook = 4'096;

// Adds the partition's orders that wait for product, cut-off, export, confirmation, settlement, a release or a second
// proof. Numbers are exact. Reads at most kOrdersALook orders for each of three of these groups.
void LookAtOrders(TradeMachine& machine, TimePoint now, LookCursor* cursor, WaitTally* tally);
// How the orders from `begin` up to `end` (excluded) spread over ages: receipts come in order, so this reads a few.
std::array<uint64_t, kAges> AgesBetween(TradeMachine& machine, uint64_t begin, uint64_t end, TimePoint now);

}  // namespace fundcore::trade
