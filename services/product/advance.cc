// What banks have out for fast redemptions: room is taken when an order is to be accepted and given back once the bank has the
// units, or the order came to nothing. First come is the order of this log.
#include "services/product/machine.h"

namespace fundcore::product {

using machine::Context;
using Result = ProductMachine::Result;

namespace {

QuotaItem QuotaOf(const RoomItem& i) { return {i.order, i.fund, i.day, i.amount, i.received}; }

}  // namespace

Result ProductMachine::Execute(const PutAdvancingBank& c, const Context& ctx) {
  const AdvancingBank* known = banks_.Find(c.bank);
  if (!known || known->limit != c.limit) banks_.Mutable(c.bank).limit = c.limit;
  return {Reason::kOk, last_seq(), ctx.now};
}

Result ProductMachine::Execute(const TakeRoom& c, const Context&) {
  taken_.clear();
  for (const RoomItem& item : c.items) taken_.push_back(item.bank.empty() ? Take(QuotaOf(item)) : TakeAdvance(item));
  return {.taken = taken_};
}

// A bank of which nothing was said has nothing to advance.
bool ProductMachine::TakeAdvance(const RoomItem& item) {
  if (const AdvanceOrder* seen = advances_.Find(item.order)) return seen->state == QuotaState::kTaken;
  const AdvancingBank* bank = banks_.Find(item.bank);
  // Every try leaves its answer, refusals too: a repeated call must get the same one.
  AdvanceOrder& order = advances_.Mutable(item.order);
  order.bank = item.bank;
  order.amount = item.amount;
  order.state = QuotaState::kRefused;
  if (!bank || item.amount > bank->limit || bank->out > bank->limit - item.amount) return false;
  order.state = QuotaState::kTaken;
  AdvancingBank& now = banks_.Mutable(item.bank);
  now.out += item.amount;
  ++now.orders;
  return true;
}

Result ProductMachine::Execute(const ReleaseRoom& c, const Context&) {
  for (const RoomItem& item : c.items) {
    if (item.bank.empty()) {
      GiveBack(QuotaOf(item));
      continue;
    }
    AdvanceOrder& order = advances_.Mutable(item.order);
    const bool held = order.state == QuotaState::kTaken;
    order.state = QuotaState::kReleased;
    if (!held) continue;
    AdvancingBank& bank = banks_.Mutable(order.bank);
    bank.out -= order.amount;
    --bank.orders;
  }
  return {};
}

}  // namespace fundcore::product
