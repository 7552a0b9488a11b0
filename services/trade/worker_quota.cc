// The worker's part that deals with quotas which all buyers of a fund share, and with what banks advance (098).
//
// Room is taken once account and risk have said yes, so that no order which ends elsewhere keeps others out, and before the
// order is judged. Product's log says who came first. While product is away these orders wait; nobody else does.
#include <algorithm>
#include <iterator>

#include "services/trade/worker.h"

namespace fundcore::trade {
namespace {

constexpr size_t kQuotaABatch = 2'000;
constexpr Duration kDeadline = Duration::Seconds(3);
constexpr Duration kFirstPause = Duration::Millis(10);
constexpr Duration kLongestPause = Duration::Seconds(1);

constexpr std::string_view kTake = "fundcore.product.v1.ProductOps/TakeQuota";
constexpr std::string_view kGiveBack = "fundcore.product.v1.ProductOps/ReleaseQuota";

Duration Longer(Duration pause) {
  return pause == Duration() ? kFirstPause : std::min(kLongestPause, Duration::Micros(pause.raw() * 2));
}

}  // namespace

void Worker::JudgeOrAskQuota(std::vector<Item>& items) {
  const auto needs = [&](const Item& item) {
    if (item.quota_known || item.account_reason != 0 || item.risk == RiskOutcome::kBlock) return false;
    if (!At(item.slot).serving()) return false;
    TradeMachine& machine = At(item.slot).machine();
    if (!machine.products().has_rules() && !machine.products().has_fast()) return false;
    const Order* o = machine.FindOrder(item.order);
    return o && o->state == OrderState::kReceived && machine.NeedsQuota(*o);
  };
  const auto first = std::stable_partition(items.begin(), items.end(), [&](const Item& item) { return !needs(item); });
  std::move(first, items.end(), std::back_inserter(quota_waiting_));
  items.erase(first, items.end());
  SubmitJudgements(items);
  AskQuota();
}

void Worker::AddRules(TradeMachine& machine, const Order& o, account::v1::ReserveItem* out) {
  constexpr int kDaysBack = 30;  // a price older than that says nothing
  const FundCode fund = machine.FundOf(o);
  const FundRules* rules = machine.products().Rules(fund, o.received_at);
  const FundTerms* terms = machine.products().Fund(fund, o.received_at);
  if (!rules || !terms) return;
  if (IsPlanContract(o.business)) return;
  if (IsRedemption(o.business)) {
    if (rules->below_minimum_takes_all) out->set_least_left_e2(terms->min_holding.raw());
    out->set_held_for_a_term(rules->holding_days > 0 || !rules->first_redemptions.empty());
    return;
  }
  if (!o.amount.is_positive() || !rules->max_holding.is_positive()) return;
  out->set_most_held_e2(rules->max_holding.raw());
  for (int back = 0; back <= kDaysBack; ++back) {
    const NavFact* nav = machine.products().FindNav(fund, o.trade_day.AddDays(-back));
    if (!nav) continue;
    return out->set_price_e8(nav->nav.raw());
  }
}

void Worker::FillQuota(size_t slot, uint64_t order, product::v1::QuotaItem* out) {
  TradeMachine& machine = At(slot).machine();
  const Order& o = *machine.FindOrder(order);
  const std::string_view fund = machine.FundCodeOf(o);
  out->set_order_id(machine.IdOf(order).raw());
  out->mutable_fund_code()->assign(fund.data(), fund.size());
  out->set_trade_day(machine.PricedOn(order, o).raw());
  out->set_amount_fen(o.amount.raw());
  if (IsFast(o.business)) {
    // Units of a money fund are worth a yuan. An order that the rules refused has no bank, and took nothing.
    const Move* to = machine.FindMove(order);
    const FastRedemptionTerms* fast = to ? machine.products().Fast(machine.FundOf(o), o.received_at) : nullptr;
    out->set_amount_fen(o.units.raw());
    out->set_bank_code(fast ? fast->bank : "?");
  }
  out->set_received_at_us(o.received_at.raw());
}

void Worker::AskQuota() {
  if (asking_quota_ || quota_waiting_.empty()) return;
  quota_batch_.clear();
  take_quota_.Clear();
  while (!quota_waiting_.empty() && quota_batch_.size() < kQuotaABatch) {
    Item item = std::move(quota_waiting_.front());
    quota_waiting_.pop_front();
    const Order* o = At(item.slot).serving() ? At(item.slot).machine().FindOrder(item.order) : nullptr;
    if (!o || o->state != OrderState::kReceived) continue;  // cancelled meanwhile, or of another owner now
    FillQuota(item.slot, item.order, take_quota_.add_items());
    quota_batch_.push_back(std::move(item));
  }
  if (quota_batch_.empty()) return;
  asking_quota_ = true;
  peers_->Call(kTake, take_quota_, &quota_taken_, kDeadline, shard_->executor(),
               [this](absl::Status status) { OnQuota(status); });
}

void Worker::OnQuota(const absl::Status& status) {
  std::vector<Item> items = std::move(quota_batch_);
  quota_batch_.clear();
  if (!status.ok() || static_cast<size_t>(quota_taken_.taken_size()) != items.size()) {
    // In their places again: who waits longest asks first.
    for (auto it = items.rbegin(); it != items.rend(); ++it) quota_waiting_.push_front(std::move(*it));
    quota_pause_ = Longer(quota_pause_);
    return shard_->executor()->PostAfter(quota_pause_, [this] {
      asking_quota_ = false;
      AskQuota();
    });
  }
  quota_pause_ = Duration();
  asking_quota_ = false;
  for (size_t i = 0; i < items.size(); ++i) {
    items[i].quota_known = true;
    items[i].quota_refused = !quota_taken_.taken(static_cast<int>(i));
  }
  // A judgement is submitted a partition at a time.
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.slot < b.slot; });
  SubmitJudgements(items);
  AskQuota();
}

void Worker::GiveBackQuota() {
  if (giving_back_quota_) return;
  give_back_.clear();
  release_quota_.Clear();
  for (size_t slot = 0; slot < known_.size() && give_back_.size() < kQuotaABatch; ++slot) {
    if (!At(slot).serving()) continue;
    machine::Todo<uint64_t>& owed = At(slot).machine().quota_releases();
    if (!owed.has_fresh()) continue;
    for (uint64_t order : owed.TakeFresh(kQuotaABatch - give_back_.size())) {
      FillQuota(slot, order, release_quota_.add_items());
      give_back_.emplace_back(slot, order);
    }
  }
  if (give_back_.empty()) return;
  giving_back_quota_ = true;
  peers_->Call(kGiveBack, release_quota_, &quota_released_, kDeadline, shard_->executor(),
               [this](absl::Status status) { OnQuotaGivenBack(status); });
}

void Worker::OnQuotaGivenBack(const absl::Status& status) {
  if (!status.ok()) {
    for (const auto& [slot, order] : give_back_)
      if (At(slot).serving()) At(slot).machine().quota_releases().Again(order);
    give_back_pause_ = Longer(give_back_pause_);
    return shard_->executor()->PostAfter(give_back_pause_, [this] {
      giving_back_quota_ = false;
      GiveBackQuota();
    });
  }
  give_back_pause_ = Duration();
  giving_back_quota_ = false;
  for (size_t begin = 0; begin < give_back_.size();) {
    QuotaReleased done;
    size_t end = begin;
    for (; end < give_back_.size() && give_back_[end].first == give_back_[begin].first; ++end)
      done.orders.push_back(give_back_[end].second);
    if (At(give_back_[begin].first).serving()) host_->Submit(At(give_back_[begin].first).id().partition, done);
    begin = end;
  }
  GiveBackQuota();
}

}  // namespace fundcore::trade
