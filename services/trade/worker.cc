// See worker.h.
#include "services/trade/worker.h"

#include <algorithm>

#include "common/rpc/handlers.h"

namespace fundcore::trade {
namespace {

constexpr size_t kOrdersARound = 8'000;
constexpr Duration kDeadline = Duration::Seconds(10);
constexpr Duration kShortestPause = Duration::Millis(10);
constexpr Duration kLongestPause = Duration::Seconds(5);

constexpr std::string_view kReserve = "fundcore.account.v1.AccountOps/Reserve";
constexpr std::string_view kRelease = "fundcore.account.v1.AccountOps/Release";
constexpr std::string_view kDecide = "fundcore.risk.v1.RiskOps/Decide";

void Assign(std::string* field, std::string_view text) { field->assign(text.data(), text.size()); }

// An answer that is no answer counts as trouble: it is asked for again, and never executed.
bool Usable(const account::v1::ReserveResponse& response, size_t items) {
  if (static_cast<size_t>(response.outcomes_size()) != items) return false;
  return std::all_of(response.outcomes().begin(), response.outcomes().end(), [](const account::v1::ReserveOutcome& o) {
    return o.reason() <= UINT16_MAX && TaAccountId::Fits(o.ta_account());
  });
}
bool Usable(const risk::v1::DecideResponse& response, size_t items) {
  if (static_cast<size_t>(response.outcomes_size()) != items) return false;
  return std::all_of(response.outcomes().begin(), response.outcomes().end(), [](const risk::v1::DecideOutcome& o) {
    return o.outcome() >= 1 && o.outcome() <= 3 && o.reason() <= UINT16_MAX;
  });
}

void AddName(ReasonSource source, uint32_t number, const std::string& name, std::vector<ForeignReason>* names) {
  if (number == 0) return;
  for (const ForeignReason& n : *names)
    if (n.source == source && n.number == number) return;
  names->push_back({source, static_cast<uint16_t>(number), name});
}

}  // namespace

Worker::Worker(machine::Host<TradeMachine>* host, machine::Shard* shard, rpc::Peers* peers)
    : host_(host), shard_(shard), peers_(peers) {}

void Worker::Start() {
  started_ = true;
  reviewing_.assign(shard_->partitions().size(), 0);
  OnExecuted();
}

void Worker::OnExecuted() {
  if (!started_) return;
  SubmitReviews();
  StartRounds();
  StartRelease();
}

void Worker::SubmitReviews() {
  for (size_t i = 0; i < reviewing_.size(); ++i) {
    if (reviewing_[i] || !At(i).serving() || !At(i).machine().review_due()) continue;
    reviewing_[i] = 1;
    host_->Submit(At(i).id().partition, Review{}, [this, i](const TradeMachine::Result&) { reviewing_[i] = 0; });
  }
}

void Worker::StartRounds() {
  for (Round& round : rounds_) {
    if (round.busy) continue;
    if (!Fill(&round)) return;
    round.busy = true;
    round.waiting = 2;
    round.reserve_pause = round.decide_pause = Duration();
    CallReserve(&round);
    CallDecide(&round);
  }
}

bool Worker::Fill(Round* round) {
  round->items.Clear();
  round->reserve.Clear();
  round->decide.Clear();
  auto& orders = round->items.orders;
  const size_t partitions = shard_->partitions().size();
  for (size_t n = 0; n < partitions && orders.size() < kOrdersARound; ++n) {
    const size_t i = (next_partition_ + n) % partitions;
    if (!At(i).serving() || !At(i).machine().has_undecided()) continue;
    TradeMachine& machine = At(i).machine();
    const size_t begin = orders.size();
    machine.TakeUndecided(kOrdersARound - begin, &orders);
    if (orders.size() > begin) round->items.ranges.push_back({At(i).id().partition, begin, orders.size()});
    for (size_t k = begin; k < orders.size(); ++k) {
      const Order& o = *machine.FindOrder(orders[k]);
      const uint64_t id = machine.IdOf(orders[k]).raw();
      const std::string_view fund = machine.FundCodeOf(o);
      account::v1::ReserveItem* r = round->reserve.add_items();
      r->set_order_id(id);
      r->set_investor_id(o.investor.raw());
      r->set_business(o.business);
      Assign(r->mutable_fund_code(), fund);
      Assign(r->mutable_ta_code(), machine.TaCodeOf(o));
      r->set_amount_fen(o.amount.raw());
      r->set_units_e2(o.units.raw());
      r->set_trade_day(o.trade_day.raw());
      r->set_received_at_us(o.received_at.raw());
      risk::v1::DecideItem* d = round->decide.add_items();
      d->set_order_id(id);
      d->set_investor_id(o.investor.raw());
      d->set_business(o.business);
      Assign(d->mutable_fund_code(), fund);
      d->set_amount_fen(o.amount.raw());
      d->set_units_e2(o.units.raw());
      d->set_received_at_us(o.received_at.raw());
      d->set_mismatch_confirmed((o.flags & kMismatchConfirmed) != 0);
    }
  }
  next_partition_ = (next_partition_ + 1) % partitions;
  return !orders.empty();
}

void Worker::CallReserve(Round* round) {
  peers_->Call(
      kReserve, round->reserve, &round->reserved, kDeadline, shard_->executor(), [this, round](absl::Status status) {
        if (status.ok() && Usable(round->reserved, round->items.orders.size())) return OneAnswered(round);
        shard_->executor()->PostAfter(Pause(&round->reserve_pause, status), [this, round] { CallReserve(round); });
      });
}

void Worker::CallDecide(Round* round) {
  peers_->Call(
      kDecide, round->decide, &round->decided, kDeadline, shard_->executor(), [this, round](absl::Status status) {
        if (status.ok() && Usable(round->decided, round->items.orders.size())) return OneAnswered(round);
        shard_->executor()->PostAfter(Pause(&round->decide_pause, status), [this, round] { CallDecide(round); });
      });
}

void Worker::OneAnswered(Round* round) {
  if (--round->waiting > 0) return;
  SubmitJudgements(round);
  round->busy = false;
  StartRounds();
}

void Worker::SubmitJudgements(Round* round) {
  for (const Range& range : round->items.ranges) {
    if (!host_->At(range.partition).serving()) continue;  // its new owner asks again
    judge_.orders.clear();
    judge_.names.clear();
    for (size_t i = range.begin; i < range.end; ++i) {
      const account::v1::ReserveOutcome& reserved = round->reserved.outcomes(static_cast<int>(i));
      const risk::v1::DecideOutcome& decided = round->decided.outcomes(static_cast<int>(i));
      JudgeItem& item = judge_.orders.emplace_back();
      item.order = round->items.orders[i];
      item.account_reason = static_cast<uint16_t>(reserved.reason());
      item.ta_account = TaAccountId(reserved.ta_account());
      item.risk = static_cast<RiskOutcome>(decided.outcome());
      item.risk_reason = static_cast<uint16_t>(decided.reason());
      AddName(ReasonSource::kAccount, reserved.reason(), reserved.reason_name(), &judge_.names);
      AddName(ReasonSource::kRisk, decided.reason(), decided.reason_name(), &judge_.names);
    }
    host_->Submit(range.partition, judge_);
  }
}

void Worker::StartRelease() {
  if (releasing_) return;
  release_items_.Clear();
  release_.Clear();
  auto& orders = release_items_.orders;
  for (size_t i = 0; i < shard_->partitions().size() && orders.size() < kOrdersARound; ++i) {
    if (!At(i).serving()) continue;
    TradeMachine& machine = At(i).machine();
    if (!machine.releases().has_fresh()) continue;
    const size_t begin = orders.size();
    for (uint64_t order : machine.releases().TakeFresh(kOrdersARound - begin)) {
      account::v1::ReleaseItem* item = release_.add_items();
      item->set_order_id(machine.IdOf(order).raw());
      item->set_investor_id(machine.FindOrder(order)->investor.raw());
      orders.push_back(order);
    }
    if (orders.size() > begin) release_items_.ranges.push_back({At(i).id().partition, begin, orders.size()});
  }
  if (orders.empty()) return;
  releasing_ = true;
  release_pause_ = Duration();
  CallRelease();
}

void Worker::CallRelease() {
  peers_->Call(kRelease, release_, &released_, kDeadline, shard_->executor(), [this](absl::Status status) {
    if (!status.ok()) {
      return shard_->executor()->PostAfter(Pause(&release_pause_, status), [this] { CallRelease(); });
    }
    for (const Range& range : release_items_.ranges) {
      if (!host_->At(range.partition).serving()) continue;
      Released done;
      done.orders.assign(release_items_.orders.begin() + static_cast<std::ptrdiff_t>(range.begin),
                         release_items_.orders.begin() + static_cast<std::ptrdiff_t>(range.end));
      host_->Submit(range.partition, done);
    }
    releasing_ = false;
    StartRelease();
  });
}

Duration Worker::Pause(Duration* pause, const absl::Status& status) {
  *pause = pause->raw() == 0 ? kShortestPause : std::min(kLongestPause, *pause + *pause);
  const int64_t half = pause->raw() / 2;
  const auto drawn = half + static_cast<int64_t>(shard_->executor()->Random() % static_cast<uint64_t>(half + 1));
  return std::max(Duration::Micros(drawn), std::min(rpc::RetryDelayOf(status), kLongestPause));
}

}  // namespace fundcore::trade
