// See desk.h.
#include "services/trade/desk.h"

#include <algorithm>

#include "services/trade/shape.h"
#include "services/trade/view.h"

namespace fundcore::trade {
namespace {

// One sweep over all waiting calls a tick instead of a timer for each.
constexpr Duration kTick = Duration::Millis(20);
constexpr size_t kMostWatchers = 100'000;

}  // namespace

Duration PatienceOf(Duration deadline) {
  const int64_t margin = std::clamp<int64_t>(deadline.raw() / 10, 20'000, 500'000);
  return Duration::Micros(std::max<int64_t>(0, deadline.raw() - margin));
}

void Desk::Start() {
  started_ = true;
  for (auto& base : shard_->partitions())
    static_cast<machine::Partition<TradeMachine>&>(*base).machine().CollectChanges();
}

void Desk::Submit(Part* part) {
  part->desk = this;
  part->unanswered = static_cast<uint32_t>(part->items.size());
  part->expires = tick_ + 1 + static_cast<uint64_t>(part->patience.raw() / kTick.raw());
  part->slot = active_.size();
  active_.push_back(part);
  // Counted up first, so that a refusal cannot close the part under way.
  part->receives_left = static_cast<uint32_t>(part->ranges.size());
  const bool overloaded = shard_->overloaded();
  overloaded_.store(overloaded, std::memory_order_relaxed);
  uint32_t refused = 0;
  for (uint32_t r = 0; r < part->ranges.size(); ++r) {
    Part::Range& range = part->ranges[r];
    if (overloaded || !host_->At(range.partition).serving()) {
      range.executed = true;
      --part->receives_left;
      refused += range.end - range.begin;
      if (overloaded) {
        Refuse(part, range, absl::StatusCode::kResourceExhausted, "TRY_AGAIN_LATER",
               "too many orders wait; nothing was received, send it again in a moment");
      } else {
        Refuse(part, range, absl::StatusCode::kUnavailable, "NOT_SERVING",
               "this partition is not served here now; nothing was received, send it again");
      }
      continue;
    }
    receive_.caller = part->submission->caller;
    receive_.orders.clear();
    receive_.origins.clear();
    receive_.targets.clear();
    receive_.moves.clear();
    receive_.changes.clear();
    for (uint32_t i = range.begin; i < range.end; ++i) {
      const v1::NewOrder& order = part->submission->order(part->items[i]);
      receive_.orders.push_back(ToItem(order));
      if (HasOrigin(order)) [[unlikely]]
        receive_.origins.push_back(ToOrigin(order, i - range.begin));
      if (order.business() == kConversion) [[unlikely]]
        receive_.targets.push_back({i - range.begin, FundCode(order.target_fund_code())});
      if (order.business() == kAdjustSubscription) [[unlikely]]
        receive_.changes.push_back({i - range.begin, OrderId(order.original_order_id())});
      if (IsMove(static_cast<uint8_t>(order.business())) && !IsFast(static_cast<uint8_t>(order.business()))) [[unlikely]]
        receive_.moves.push_back(
            {i - range.begin, order.target_distributor(), order.target_trading_account(), order.transfer_reason()});
    }
    host_->Submit(range.partition, receive_,
                  machine::OrLost(
                      [part, r](const TradeMachine::Result& result) { part->desk->OnReceived(part, r, result); },
                      [part, r] { part->desk->OnLost(part, r); }));
  }
  if (refused > 0) Answered(part, refused);
  if (sweeping_ || active_.empty()) return;
  sweeping_ = true;
  shard_->executor()->PostAfter(kTick, [this] { Sweep(); });
}

void Desk::Refuse(Part* part, const Part::Range& range, absl::StatusCode code, std::string_view reason,
                  std::string_view message) {
  for (uint32_t i = range.begin; i < range.end; ++i) {
    v1::OrderOutcome* out = part->submission->outcome(part->items[i]);
    out->set_code(static_cast<int32_t>(code));
    out->set_reason(std::string(reason));
    out->set_message(std::string(message));
  }
}

void Desk::OnReceived(Part* part, uint32_t range_index, const TradeMachine::Result& result) {
  --part->receives_left;
  Part::Range& range = part->ranges[range_index];
  range.executed = true;
  if (part->closed) {  // the caller was told that the outcome is unknown
    if (part->receives_left == 0) delete part;
    return;
  }
  TradeMachine& machine = host_->At(range.partition).machine();
  uint32_t answered = 0;
  for (uint32_t i = range.begin; i < range.end; ++i) {
    const TradeMachine::Received& received = result.received[i - range.begin];
    const uint32_t item = part->items[i];
    v1::OrderOutcome* out = part->submission->outcome(item);
    if (received.error != Reason::kNone) {
      out->set_code(static_cast<int32_t>(ReasonCode(received.error)));
      out->set_reason(std::string(ReasonName(received.error)));
      out->set_message(std::string(ReasonText(received.error)));
      ++answered;
      continue;
    }
    out->set_repeated(received.repeated);
    FillOutcome(machine, received.order, received.state, received.source, received.reason, received.trade_day, out);
    if (received.state != OrderState::kReceived) {
      ++answered;
      continue;
    }
    const uint64_t order = machine.IdOf(received.order).raw();
    const Waiter waiter{part, item};
    if (!waiters_.try_emplace(order, waiter).second) more_waiters_[order].push_back(waiter);
  }
  if (answered > 0) Answered(part, answered);
}

// Another process has taken the partition over: it knows whether the orders were received.
void Desk::OnLost(Part* part, uint32_t range_index) {
  --part->receives_left;
  Part::Range& range = part->ranges[range_index];
  range.executed = true;
  if (part->closed) {
    if (part->receives_left == 0) delete part;
    return;
  }
  Refuse(part, range, absl::StatusCode::kUnavailable, "OUTCOME_UNKNOWN",
         "another process has taken this partition over; whether the order was received is not known here: send it "
         "again with the same request id");
  Answered(part, range.end - range.begin);
}

void Desk::Answered(Part* part, uint32_t items) {
  part->unanswered -= items;
  if (part->unanswered == 0) Close(part);
}

void Desk::Close(Part* part) {
  active_.back()->slot = part->slot;
  active_[part->slot] = active_.back();
  active_.pop_back();
  part->closed = true;
  machine::Gather* gather = part->gather;
  if (part->receives_left == 0) delete part;
  gather->One();
}

void Desk::Answer(const Waiter& waiter, TradeMachine& machine, uint64_t seq, const Order& o) {
  FillOutcome(machine, seq, o, waiter.part->submission->outcome(waiter.item));
  Answered(waiter.part, 1);
}

void Desk::OnExecuted() {
  if (!started_) return;
  overloaded_.store(shard_->overloaded(), std::memory_order_relaxed);
  for (auto& base : shard_->partitions()) {
    TradeMachine& machine = static_cast<machine::Partition<TradeMachine>&>(*base).machine();
    if (machine.changes().empty()) continue;
    changed_.swap(machine.changes());
    for (uint64_t seq : changed_) Tell(machine, seq, *machine.FindOrder(seq));
    changed_.clear();
  }
}

void Desk::Tell(TradeMachine& machine, uint64_t seq, const Order& o) {
  const uint64_t order = machine.IdOf(seq).raw();
  if (o.state != OrderState::kReceived) {
    if (auto it = waiters_.find(order); it != waiters_.end()) {
      const Waiter waiter = it->second;
      waiters_.erase(it);
      Answer(waiter, machine, seq, o);
    }
    if (!more_waiters_.empty()) {
      if (auto it = more_waiters_.find(order); it != more_waiters_.end()) {
        const std::vector<Waiter> waiting = std::move(it->second);
        more_waiters_.erase(it);
        for (const Waiter& w : waiting) Answer(w, machine, seq, o);
      }
    }
  }
  if (watchers_.empty()) return;
  auto it = watchers_.find(order);
  if (it == watchers_.end()) return;
  v1::Order message;
  FillOrder(machine, seq, o, &message);
  auto& streams = it->second;
  std::erase_if(streams, [&](const std::shared_ptr<rpc::Stream>& s) {
    if (!s->Send(message)) return true;
    if (!IsFinal(o.state)) return false;
    s->Finish(absl::OkStatus());
    return true;
  });
  if (streams.empty()) watchers_.erase(it);
}

void Desk::Watch(OrderId id, std::shared_ptr<rpc::Stream> stream) {
  auto& partition = host_->At(PartitionOf(id));
  if (!partition.serving()) {
    return stream->Finish(rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "NOT_SERVING",
                                               "this partition is not served here now; watch again in a moment"));
  }
  TradeMachine& machine = partition.machine();
  const Order* o = machine.FindOrder(SequenceOf(id));
  if (!o) {
    return stream->Finish(rpc::ErrorWithReason(absl::StatusCode::kNotFound, ReasonName(Reason::kOrderNotFound),
                                               StrCat("there is no order ", FormatOrderId(id), "; check the number")));
  }
  if (watchers_.size() >= prune_at_) PruneWatchers();
  if (watchers_.size() >= kMostWatchers) {
    return stream->Finish(rpc::TryAgainLater("too many orders are being watched", Duration::Seconds(5)));
  }
  v1::Order message;
  FillOrder(machine, SequenceOf(id), *o, &message);
  if (!stream->Send(message)) return;
  if (IsFinal(o->state)) return stream->Finish(absl::OkStatus());
  watchers_[id.raw()].push_back(std::move(stream));
}

// Watchers that have gone are noticed when their order changes; of those whose order does not, here.
void Desk::PruneWatchers() {
  for (auto it = watchers_.begin(); it != watchers_.end();) {
    std::erase_if(it->second, [](const std::shared_ptr<rpc::Stream>& s) { return s->cancelled(); });
    if (it->second.empty()) {
      watchers_.erase(it++);
    } else {
      ++it;
    }
  }
  prune_at_ = std::max<size_t>(1'000, 2 * watchers_.size());
}

void Desk::Sweep() {
  ++tick_;
  for (size_t i = 0; i < active_.size();) {
    if (active_[i]->expires > tick_) {
      ++i;
      continue;
    }
    Expire(active_[i]);  // takes it out of the list: another one stands here now
  }
  sweeping_ = !active_.empty();
  if (sweeping_) shard_->executor()->PostAfter(kTick, [this] { Sweep(); });
}

void Desk::Expire(Part* part) {
  for (const Part::Range& range : part->ranges) {
    if (!range.executed) {
      Refuse(part, range, absl::StatusCode::kDeadlineExceeded, "OUTCOME_UNKNOWN",
             "it is not known yet whether the order was received; send it again with the same request id");
      continue;
    }
    for (uint32_t i = range.begin; i < range.end; ++i) {
      const v1::OrderOutcome* out = part->submission->outcome(part->items[i]);
      if (out->state() == v1::RECEIVED) Forget(part, out->order_id());
    }
  }
  Close(part);
}

void Desk::Forget(Part* part, uint64_t order) {
  const auto mine = [part](const Waiter& w) { return w.part == part; };
  if (auto it = waiters_.find(order); it != waiters_.end() && mine(it->second)) waiters_.erase(it);
  if (auto it = more_waiters_.find(order); it != more_waiters_.end()) {
    std::erase_if(it->second, mine);
    if (it->second.empty()) more_waiters_.erase(it);
  }
}

}  // namespace fundcore::trade
