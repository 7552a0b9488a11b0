// Rounds, answers, back-off, and who waits.
#include "services/account/worker.h"

#include <algorithm>

namespace fundcore::account {
namespace {

constexpr Duration kCallDeadline = Duration::Seconds(10);

bank::v1::Direction DirectionOf(PaymentDirection d) {
  switch (d) {
    case PaymentDirection::kDeposit: return bank::v1::CARD_TO_SETTLEMENT;
    case PaymentDirection::kWithdrawal: return bank::v1::SETTLEMENT_TO_CARD;
    case PaymentDirection::kAdvance: return bank::v1::ADVANCE_TO_SETTLEMENT;
  }
  return bank::v1::DIRECTION_UNSPECIFIED;
}

}  // namespace

PaymentWorker::PaymentWorker(machine::Host<AccountMachine>* host, rpc::Peers* peers) : host_(host), peers_(peers) {
  for (auto& shard : host->shards()) {
    lanes_.push_back(std::make_unique<Lane>());
    lanes_.back()->shard = shard.get();
  }
}

void PaymentWorker::Start() {
  for (auto& lane : lanes_) {
    Lane* l = lane.get();
    l->shard->executor()->Post([this, l] {
      l->shard->OnExecuted([this, l] { Round(*l); });
      Round(*l);
    });
  }
}

void PaymentWorker::Round(Lane& lane) {
  while (lane.under_way < kCallsAtOnce) {
    std::vector<Item> items;
    bank::v1::ExecuteRequest request;
    for (auto& base : lane.shard->partitions()) {
      if (!base->serving()) continue;
      AccountMachine& m = static_cast<machine::Partition<AccountMachine>&>(*base).machine();
      if (!m.payment_todo().has_fresh() || items.size() >= kItemsACall) continue;
      for (const uint64_t seq : m.payment_todo().TakeFresh(kItemsACall - items.size())) {
        const Payment& payment = *m.FindPayment(seq);
        items.push_back({m.partition(), seq});
        bank::v1::Instruction* instruction = request.add_instructions();
        instruction->set_instruction_id(FormatOrderId(OrderId(MakePaymentId(m.partition(), seq).raw())));
        instruction->set_direction(DirectionOf(payment.direction));
        instruction->set_counterparty(payment.bank.empty() ? payment.counterparty.Hex() : payment.bank);
        instruction->set_amount_fen(payment.amount.raw());
      }
    }
    if (items.empty()) return;
    ++lane.under_way;
    rpc::CallPeer<bank::v1::ExecuteResponse>(
        peers_, "fundcore.bank.v1.BankService/Execute", request, kCallDeadline, lane.shard->executor(),
        [this, &lane, items = std::move(items)](absl::Status status,
                                                std::unique_ptr<bank::v1::ExecuteResponse> response) {
          Answered(lane, items, std::move(status), *response);
        });
  }
}

void PaymentWorker::Answered(Lane& lane, const std::vector<Item>& items, absl::Status status,
                             const bank::v1::ExecuteResponse& response) {
  --lane.under_way;
  if (!status.ok() || static_cast<size_t>(response.results_size()) != items.size()) {
    // Unknown is not refused: the same instructions again, a little later. 10 ms doubling to 5 s, a random half of it
    // off.
    const int64_t pause = std::min<int64_t>(5'000'000, 10'000ll << std::min(lane.failures, 20));
    ++lane.failures;
    const auto jitter = static_cast<int64_t>(lane.shard->executor()->Random() % static_cast<uint64_t>(pause / 2 + 1));
    lane.shard->executor()->PostAfter(Duration::Micros(pause - jitter), [this, &lane, items] {
      for (const Item& item : items) host_->At(item.partition).machine().payment_todo().Again(item.payment);
      Round(lane);
    });
    return;
  }
  lane.failures = 0;
  for (size_t i = 0; i < items.size(); ++i) {
    const bank::v1::InstructionResult& result = response.results(static_cast<int>(i));
    const Item item = items[i];
    if (!host_->At(item.partition).serving()) continue;
    host_->Submit(item.partition, PaymentAnswered{item.payment, result.done(), result.reason(), result.message()},
                  [this, &lane, item](const Result&) { Wake(lane, item); });
  }
  Round(lane);
}

void PaymentWorker::Await(PartitionId partition, uint64_t payment, Duration at_most, absl::AnyInvocable<void()> done) {
  Lane& lane = LaneOf(partition);
  const uint64_t id = lane.next_waiter++;
  const std::pair<uint16_t, uint64_t> key{partition.raw(), payment};
  lane.waiters[key].push_back({id, std::move(done)});
  lane.shard->executor()->PostAfter(at_most, [&lane, key, id] {
    auto it = lane.waiters.find(key);
    if (it == lane.waiters.end()) return;
    auto& list = it->second;
    auto waiter = std::find_if(list.begin(), list.end(), [&](const Waiter& w) { return w.id == id; });
    if (waiter == list.end()) return;
    auto done = std::move(waiter->done);
    list.erase(waiter);
    if (list.empty()) lane.waiters.erase(it);
    done();
  });
}

void PaymentWorker::Wake(Lane& lane, const Item& item) {
  auto it = lane.waiters.find({item.partition.raw(), item.payment});
  if (it == lane.waiters.end()) return;
  auto waiters = std::move(it->second);
  lane.waiters.erase(it);
  for (Waiter& w : waiters) w.done();
}

}  // namespace fundcore::account
