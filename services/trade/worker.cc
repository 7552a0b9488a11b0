// See worker.h.
#include "services/trade/worker.h"

#include <algorithm>

#include "common/rpc/handlers.h"

namespace fundcore::trade {
namespace {

constexpr size_t kNewABatch = 8'000;
constexpr size_t kWaitedABatch = 2'000;
constexpr size_t kReleasesABatch = 8'000;
constexpr size_t kProbeItems = 100;
constexpr size_t kLookedBack = 32;  // orders of an investor whose releases go along with the next reservation
// Of a call to a peer. A process that is cut off from the log takes calls and cannot answer them; its successor can, and what
// was asked of both counts once.
constexpr Duration kDeadline = Duration::Seconds(3);
constexpr Duration kLongestPause = Duration::Seconds(5);
constexpr Duration kTick = Duration::Micros(1'000'000 / Allowance::kTicks);

constexpr std::string_view kReserve = "fundcore.account.v1.AccountOps/Reserve";
constexpr std::string_view kRelease = "fundcore.account.v1.AccountOps/Release";
constexpr std::string_view kDecide = "fundcore.risk.v1.RiskOps/Decide";

constexpr std::array<Peer, kPeers> kAllPeers = {Peer::kAccount, Peer::kRisk};

std::string_view NameOf(Peer p) { return p == Peer::kAccount ? "account" : "risk"; }

std::string_view NameOf(CallOutcome o) {
  switch (o) {
    case CallOutcome::kAnswered: return "answered";
    case CallOutcome::kUnavailable: return "unavailable";
    case CallOutcome::kDeadline: return "deadline";
    case CallOutcome::kBusy: return "busy";
    case CallOutcome::kMalformed: return "malformed";
    case CallOutcome::kError: return "error";
    case CallOutcome::kUnderWay: return "under way";
  }
  return "";
}

CallOutcome OutcomeOf(const absl::Status& status, bool usable) {
  switch (status.code()) {
    case absl::StatusCode::kOk: return usable ? CallOutcome::kAnswered : CallOutcome::kMalformed;
    case absl::StatusCode::kDeadlineExceeded: return CallOutcome::kDeadline;
    case absl::StatusCode::kResourceExhausted: return CallOutcome::kBusy;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kUnknown: return CallOutcome::kUnavailable;
    default: return CallOutcome::kError;
  }
}

void Assign(std::string* field, std::string_view text) { field->assign(text.data(), text.size()); }

void FillConversion(TradeMachine& machine, const Conversion& k, account::v1::ReserveItem* out) {
  Assign(out->mutable_target_fund_code(), machine.FundName(k.target));
  Assign(out->mutable_target_ta_code(), machine.TaName(k.target_ta));
  out->set_min_days(static_cast<int32_t>(k.min_days));
  out->set_investors(k.investors);
}

// The rules let it through, so that the fund offers it.
void FillAdvance(TradeMachine& machine, const Order& o, account::v1::ReserveItem* out) {
  const FastRedemptionTerms* fast = machine.products().Fast(machine.FundOf(o), o.received_at);
  out->set_bank_code(fast ? fast->bank : "");
  out->set_fast_a_day_fen(fast ? fast->person_a_day.raw() : 0);
}

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

}  // namespace

Worker::Worker(machine::Host<TradeMachine>* host, machine::Shard* shard, rpc::Peers* peers, Options options)
    : host_(host),
      shard_(shard),
      peers_(peers),
      guards_{PeerGuard(options.limit), PeerGuard(options.limit)},
      attempts_(options.remembered) {}

void Worker::Start() {
  started_ = true;
  reviewing_.assign(shard_->partitions().size(), 0);
  known_.assign(shard_->partitions().size(), 0);
  OnExecuted();
}

void Worker::OnExecuted() {
  if (!started_) return;
  SubmitReviews();
  Pump();
}

void Worker::OnServing(size_t slot, bool serving) {
  if (!started_) return;
  // Calls under way end by themselves: what they bring is of no use to a partition that is not served, and changes nothing
  // in one that has asked again.
  const auto mine = [slot](const auto& item) { return item.slot == slot; };
  for (auto& queue : waited_) std::erase_if(queue, mine);
  std::erase_if(quota_waiting_, mine);
  for (auto& [number, resting] : resting_) std::erase_if(resting.items, mine);
  std::erase_if(unreleased_, mine);
  reviewing_[slot] = known_[slot] = 0;
  if (!serving) At(slot).machine().ForgetUndecided();
}

void Worker::SubmitReviews() {
  for (size_t i = 0; i < reviewing_.size(); ++i) {
    if (reviewing_[i] || !At(i).serving() || !At(i).machine().review_due()) continue;
    reviewing_[i] = 1;
    host_->Submit(At(i).id().partition, Review{}, [this, i](const TradeMachine::Result&) { reviewing_[i] = 0; });
  }
}

// --- What may be sent. ---

void Worker::Pump() {
  TakeLeftOvers();
  for (Peer p : kAllPeers) Probe(p);
  StartRelease();
  AskQuota();
  GiveBackQuota();
  while (StartNew()) {
  }
  for (uint8_t lacking : {BitOf(Peer::kRisk), BitOf(Peer::kAccount), kBoth})
    while (StartWaited(lacking)) {
    }
  EndLimits();
}

// What was undecided when this process came up has waited: it is made up for at the limit, behind nobody and before
// nobody.
void Worker::TakeLeftOvers() {
  for (size_t i = 0; i < known_.size(); ++i) {
    if (known_[i] || !At(i).serving()) continue;
    known_[i] = 1;
    std::vector<uint64_t> orders;
    At(i).machine().TakeUndecided(SIZE_MAX, &orders);
    for (uint64_t order : orders) {
      Item item;
      item.order = order;
      item.received_at = At(i).machine().FindOrder(order)->received_at;
      item.slot = static_cast<uint16_t>(i);
      Lacking(kBoth).push_back(item);
    }
    if (orders.empty()) continue;
    for (Peer p : kAllPeers) guard(p).Limit();
    Trouble();
  }
}

bool Worker::NewcomersWait() {
  for (size_t i = 0; i < known_.size(); ++i)
    if (At(i).serving() && At(i).machine().has_undecided()) return true;
  return false;
}

bool Worker::SomeWait(Peer p) const { return !waited_[kBoth - 1].empty() || !waited_[BitOf(p) - 1].empty(); }

bool Worker::Alone(Lane lane, uint8_t asks) {
  if (lane == Lane::kWaited) return !NewcomersWait();
  for (Peer p : kAllPeers)
    if ((asks & BitOf(p)) && SomeWait(p)) return false;
  return true;
}

uint8_t Worker::OpenPeers() const {
  uint8_t open = 0;
  for (Peer p : kAllPeers)
    if (guard(p).open()) open |= BitOf(p);
  return open;
}

int64_t Worker::AllowedFor(uint8_t asks, Lane lane) {
  int64_t allowed = INT64_MAX;
  if (!guard(Peer::kAccount).limited() && !guard(Peer::kRisk).limited()) return allowed;
  const bool alone = Alone(lane, asks);
  for (Peer p : kAllPeers)
    if (asks & BitOf(p)) allowed = std::min(allowed, guard(p).Allowed(lane, alone));
  return allowed;
}

Worker::Batch* Worker::Idle(size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i)
    if (!batches_[i].busy) return &batches_[i];
  return nullptr;
}

void Worker::Probe(Peer p) {
  PeerGuard& g = guard(p);
  if (g.open() || g.resting || g.probing) return;
  Batch* batch = &batches_[kWaitedEnd + static_cast<size_t>(p)];
  if (batch->busy) return;
  batch->items.clear();
  // In turn: an order that spoils its call must not be all that is ever tried.
  const bool newcomers_first = g.newcomers_probe;
  g.newcomers_probe = !newcomers_first;
  if (newcomers_first) TakeNew(kProbeItems, &batch->items);
  if (batch->items.empty()) TakeWaited(&Lacking(BitOf(p)), kProbeItems, &batch->items);
  if (batch->items.empty()) TakeWaited(&Lacking(kBoth), kProbeItems, &batch->items);
  if (batch->items.empty()) TakeNew(kProbeItems, &batch->items);
  if (batch->items.empty()) return;
  g.probing = true;
  batch->probe = true;
  Send(batch, BitOf(p), Lane::kWaited);
}

bool Worker::StartNew() {
  Batch* batch = Idle(0, kNewEnd);
  const uint8_t asks = OpenPeers();
  if (!batch || asks == 0) return false;
  const int64_t allowed = AllowedFor(asks, Lane::kNew);
  if (allowed <= 0) return false;
  batch->items.clear();
  if (TakeNew(std::min<uint64_t>(kNewABatch, static_cast<uint64_t>(allowed)), &batch->items) == 0) return false;
  Send(batch, asks, Lane::kNew);
  return true;
}

bool Worker::StartWaited(uint8_t lacking) {
  std::deque<Item>& queue = Lacking(lacking);
  Batch* batch = Idle(kNewEnd, kWaitedEnd);
  const auto asks = static_cast<uint8_t>(lacking & OpenPeers());
  if (queue.empty() || !batch || asks == 0) return false;
  const int64_t allowed = AllowedFor(asks, Lane::kWaited);
  // A few more ticks make a batch of a decent size.
  int64_t decent = static_cast<int64_t>(std::min(queue.size(), kWaitedABatch));
  for (Peer p : kAllPeers) decent = std::min(decent, std::max<int64_t>(1, guard(p).rate() / 40));
  if (allowed < decent) return false;
  batch->items.clear();
  if (TakeWaited(&queue, std::min<uint64_t>(kWaitedABatch, static_cast<uint64_t>(allowed)), &batch->items) == 0) {
    return false;
  }
  Send(batch, asks, Lane::kWaited);
  return true;
}

void Worker::EndLimits() {
  // The one order that spoils its call goes on in its own time, and slows nobody down.
  const bool some_rest = std::any_of(resting_.begin(), resting_.end(), [](const auto& r) {
    return !r.second.spoilt || r.second.items.size() > 1;
  });
  for (Peer p : kAllPeers) {
    if (!guard(p).limited() || !guard(p).open() || SomeWait(p) || some_rest) continue;
    const bool under_way = std::any_of(batches_.begin() + kNewEnd, batches_.end(),
                                       [p](const Batch& b) { return b.busy && (b.asks & BitOf(p)); });
    if (!under_way) guard(p).Rest();
  }
}

size_t Worker::TakeNew(size_t limit, std::vector<Item>* items) {
  const size_t partitions = known_.size();
  if (partitions == 0) return 0;
  std::vector<uint64_t> orders;
  for (size_t n = 0; n < partitions && items->size() < limit; ++n) {
    const size_t i = (next_partition_ + n) % partitions;
    if (!At(i).serving() || !At(i).machine().has_undecided()) continue;
    orders.clear();
    At(i).machine().TakeUndecided(limit - items->size(), &orders);
    for (uint64_t order : orders) {
      Item& item = items->emplace_back();
      item.order = order;
      item.received_at = At(i).machine().FindOrder(order)->received_at;
      item.slot = static_cast<uint16_t>(i);
    }
  }
  next_partition_ = (next_partition_ + 1) % partitions;
  return items->size();
}

size_t Worker::TakeWaited(std::deque<Item>* queue, size_t limit, std::vector<Item>* items) {
  while (!queue->empty() && items->size() < limit) {
    const Item& item = queue->front();
    const Order* o = At(item.slot).serving() ? At(item.slot).machine().FindOrder(item.order) : nullptr;
    if (o && o->state == OrderState::kReceived) {
      // 2,000, 500, 125, 31, 7, 1: what spoils its call soon travels alone.
      limit = std::min(limit, std::max<size_t>(1, kWaitedABatch >> std::min(2 * int{item.splits}, 12)));
      if (items->size() >= limit) break;
      items->push_back(item);
    }  // else cancelled or refused meanwhile, or of another owner now
    queue->pop_front();
  }
  std::stable_sort(items->begin(), items->end(), [](const Item& a, const Item& b) { return a.slot < b.slot; });
  return items->size();
}

// --- Calls. ---

void Worker::Send(Batch* batch, uint8_t asks, Lane lane) {
  batch->busy = true;
  batch->asks = asks;
  batch->failed = 0;
  batch->spoilt = false;
  batch->lane = lane;
  batch->waiting = (asks & BitOf(Peer::kAccount) ? 1 : 0) + (asks & BitOf(Peer::kRisk) ? 1 : 0);
  batch->wanted_pause = {};
  batch->reserve.Clear();
  batch->decide.Clear();
  for (const Item& item : batch->items) {
    TradeMachine& machine = At(item.slot).machine();
    const Order& o = *machine.FindOrder(item.order);
    const uint64_t id = machine.IdOf(item.order).raw();
    const std::string_view fund = machine.FundCodeOf(o);
    if (asks & BitOf(Peer::kAccount)) {
      account::v1::ReserveItem* r = batch->reserve.add_items();
      r->set_order_id(id);
      r->set_investor_id(o.investor.raw());
      r->set_business(o.business);
      Assign(r->mutable_fund_code(), fund);
      Assign(r->mutable_ta_code(), machine.TaCodeOf(o));
      // A plan's opening, change or end sets nothing aside; that the fund account is there matters. An offer by units reserves
      // their price; no units are there yet.
      const bool moves = !IsPlanContract(o.business), offer = JudgedAs(o.business) == kSubscription;
      const bool changes = o.business == kAdjustSubscription;
      const bool brings = BringsUnits(o.business);
      r->set_amount_fen(moves ? o.amount.raw() : 0);
      r->set_units_e2(moves && !offer && !brings ? o.units.raw() : 0);
      if (offer || brings) r->set_applied_units_e2(o.units.raw());
      r->set_trade_day((changes ? o.trade_day : machine.PricedOn(item.order, o)).raw());
      r->set_received_at_us(o.received_at.raw());
      if (IsWithdrawal(o.business) || changes) r->set_original_order_id(machine.IdOf(machine.OriginalOf(item.order, o)).raw());
      r->set_cancel_rest(IsRedemption(o.business) && (o.flags & kCancelLargeRedemption) != 0);
      if (const OrderDeal* deal = MovesCash(o.business) || changes ? machine.FindDeal(item.order) : nullptr)
        r->set_discount_e8(deal->discount.raw());
      if (o.business == kDividendWay) r->set_detail(o.flags & kDividendInCash ? "1" : "0");
      if (o.business == kFreezeUnits) r->set_detail("1");  // FrozenCause: at the counter
      if (o.business == kPledgeUnits) r->set_detail("2");
      if (IsConversion(o.business)) FillConversion(machine, *machine.FindConversion(item.order), r);
      if (machine.products().has_rules()) AddRules(machine, o, r);
      if (IsFast(o.business)) FillAdvance(machine, o, r);
      // Whoever was told that an order is over must have its money for the next one, also where the release is lost or late.
      for (uint64_t over : machine.ReleasesBefore(o, kLookedBack)) r->add_release_first(machine.IdOf(over).raw());
    }
    if (asks & BitOf(Peer::kRisk)) {
      risk::v1::DecideItem* d = batch->decide.add_items();
      d->set_order_id(id);
      d->set_investor_id(o.investor.raw());
      d->set_business(WithoutReservation(o.business));
      // Whoever converts takes on the risk of the fund that they enter.
      Assign(d->mutable_fund_code(),
             IsConversion(o.business) ? machine.FundName(machine.FindConversion(item.order)->target) : fund);
      d->set_amount_fen(IsPlanContract(o.business) ? 0 : o.amount.raw());
      if (const Adjustment* a = o.business == kAdjustSubscription ? machine.FindAdjustment(item.order) : nullptr) {
        // What is added is bought; less may always be asked for.
        if (a->more.is_positive()) d->set_business(kSubscription);
        d->set_amount_fen(a->more.raw());
      }
      d->set_units_e2(IsPlanContract(o.business) ? 0 : o.units.raw());
      d->set_received_at_us(o.received_at.raw());
      d->set_mismatch_confirmed((o.flags & kMismatchConfirmed) != 0);
    }
  }
  for (Peer p : kAllPeers)
    if (asks & BitOf(p)) Ask(batch, p);
}

void Worker::Ask(Batch* batch, Peer p) {
  PeerGuard& g = guard(p);
  const auto items = static_cast<int64_t>(batch->items.size());
  g.Take(batch->lane, items);
  g.counts.items += static_cast<uint64_t>(items);
  if (batch->lane == Lane::kWaited) {
    uint64_t again = 0;
    for (const Item& item : batch->items) again += item.tries[static_cast<size_t>(p)] > 0;
    g.CountRetried(again);
  }
  batch->at[static_cast<size_t>(p)] = shard_->executor()->Now();
  auto done = [this, batch, p](absl::Status status) { OnAnswered(batch, p, std::move(status)); };
  if (p == Peer::kAccount) {
    peers_->Call(kReserve, batch->reserve, &batch->reserved, kDeadline, shard_->executor(), std::move(done));
  } else {
    peers_->Call(kDecide, batch->decide, &batch->decided, kDeadline, shard_->executor(), std::move(done));
  }
}

// Counts the outcome, and closes or opens the peer by it.
CallOutcome Worker::Heed(Peer p, bool of_probe, bool usable, const absl::Status& status) {
  PeerGuard& g = guard(p);
  const CallOutcome outcome = OutcomeOf(status, usable);
  ++g.counts.calls[static_cast<size_t>(outcome)];
  if (of_probe) g.probing = false;
  if (outcome == CallOutcome::kAnswered) {
    g.Answered();
    return outcome;
  }
  g.counts.last_failure_at = shard_->executor()->Now();
  g.counts.last_failure =
      status.ok() ? "an answer that does not fit the question" : StrCat(NameOf(outcome), ": ", status.message());
  const bool closes = g.Failed(outcome, of_probe);
  Trouble();
  if (!closes) return outcome;
  g.resting = true;
  const Duration pause = std::max(g.NextPause(shard_->executor()->Random()),
                                  std::min(rpc::RetryDelayOf(status), kLongestPause));
  shard_->executor()->PostAfter(pause, [this, p] {
    guard(p).resting = false;
    Pump();
  });
  return outcome;
}

void Worker::OnAnswered(Batch* batch, Peer p, absl::Status status) {
  const size_t n = batch->items.size();
  const bool usable =
      status.ok() && (p == Peer::kAccount ? Usable(batch->reserved, n) : Usable(batch->decided, n));
  const CallOutcome outcome = Heed(p, batch->probe, usable, status);
  const bool failed = outcome != CallOutcome::kAnswered;
  if (failed) {
    batch->failed |= BitOf(p);
    batch->spoilt |= outcome == CallOutcome::kMalformed || outcome == CallOutcome::kError;
    batch->wanted_pause[static_cast<size_t>(p)] = std::min(rpc::RetryDelayOf(status), kLongestPause);
  }
  if (failed || batch->lane == Lane::kWaited) {
    const Attempt attempt{batch->at[static_cast<size_t>(p)], shard_->executor()->Now(), static_cast<uint32_t>(n), p,
                          outcome};
    for (const Item& item : batch->items)
      if (failed || item.tries[0] + item.tries[1] > 0) attempts_.Add(IdOf(item), attempt, failed);
  }
  if (--batch->waiting == 0) Finish(batch);
}

void Worker::Finish(Batch* batch) {
  TakeAnswers(batch);
  if (batch->asks == kBoth && batch->failed == 0) {
    JudgeOrAskQuota(batch->items);
    batch->busy = batch->probe = false;
    return Pump();
  }
  std::vector<Item> decided, failed;
  for (Item& item : batch->items) {
    // A reservation that is refused refuses the order, whatever risk would say.
    const bool done = item.known == kBoth || ((item.known & BitOf(Peer::kAccount)) && item.account_reason != 0);
    if (done) {
      decided.push_back(std::move(item));
    } else if (batch->failed != 0) {
      failed.push_back(std::move(item));
    } else {
      Lacking(static_cast<uint8_t>(kBoth & ~item.known)).push_back(std::move(item));
    }
  }
  JudgeOrAskQuota(decided);
  if (!failed.empty()) Rest(std::move(failed), *batch);
  batch->busy = batch->probe = false;
  Pump();
}

void Worker::TakeAnswers(Batch* batch) {
  const auto named = [this](ReasonSource source, uint32_t number, const std::string& name) {
    if (number == 0) return;
    std::string& known = names_[{source, static_cast<uint16_t>(number)}];
    if (known != name) known = name;
  };
  const bool reserved = (batch->asks & ~batch->failed & BitOf(Peer::kAccount)) != 0;
  const bool decided = (batch->asks & ~batch->failed & BitOf(Peer::kRisk)) != 0;
  for (size_t i = 0; i < batch->items.size(); ++i) {
    Item& item = batch->items[i];
    if (reserved) {
      const account::v1::ReserveOutcome& r = batch->reserved.outcomes(static_cast<int>(i));
      item.known |= BitOf(Peer::kAccount);
      item.account_reason = static_cast<uint16_t>(r.reason());
      item.ta_account = TaAccountId(r.ta_account());
      item.units = Units::FromRaw(r.units_e2());
      named(ReasonSource::kAccount, r.reason(), r.reason_name());
    }
    if (decided) {
      const risk::v1::DecideOutcome& d = batch->decided.outcomes(static_cast<int>(i));
      item.known |= BitOf(Peer::kRisk);
      item.risk = static_cast<RiskOutcome>(d.outcome());
      item.risk_reason = static_cast<uint16_t>(d.reason());
      named(ReasonSource::kRisk, d.reason(), d.reason_name());
    }
  }
}

void Worker::SubmitJudgements(const std::vector<Item>& items) {
  const auto name = [this](ReasonSource source, uint16_t number) {
    if (number == 0) return;
    for (const ForeignReason& n : judge_.names)
      if (n.source == source && n.number == number) return;
    judge_.names.push_back({source, number, names_[{source, number}]});
  };
  for (size_t begin = 0; begin < items.size();) {
    size_t end = begin;
    judge_.orders.clear();
    judge_.names.clear();
    judge_.extras.clear();
    for (; end < items.size() && items[end].slot == items[begin].slot; ++end) {
      const Item& item = items[end];
      judge_.orders.push_back({item.order, item.account_reason, item.risk, item.risk_reason, item.ta_account});
      if (item.units.is_positive() || item.quota_refused) {
        const Order* o = At(item.slot).machine().FindOrder(item.order);
        const Reason refused = !item.quota_refused                    ? Reason::kNone
                               : o && IsFast(o->business)      ? Reason::kFastBankLimit
                                                                      : Reason::kQuotaUsedUp;
        judge_.extras.push_back({static_cast<uint32_t>(judge_.orders.size() - 1), item.units, static_cast<uint16_t>(refused)});
      }
      name(ReasonSource::kAccount, item.account_reason);
      name(ReasonSource::kRisk, item.risk_reason);
    }
    // A partition that is not served here any more: its new owner asks again.
    if (At(items[begin].slot).serving()) host_->Submit(At(items[begin].slot).id().partition, judge_);
    begin = end;
  }
}

// Items that failed together come back together, after a pause of their own: a growing one where they may be what fails, a
// short one where the peer is away, because then the guard paces all of them and they are to go on as soon as it is back.
void Worker::Rest(std::vector<Item> items, const Batch& batch) {
  uint16_t tries = 0;
  for (Item& item : items) {
    for (Peer p : kAllPeers) {
      uint16_t& t = item.tries[static_cast<size_t>(p)];
      if ((batch.failed & BitOf(p)) && t < UINT16_MAX) ++t;
      tries = std::max(tries, t);
    }
    if (batch.spoilt && item.splits < UINT8_MAX) ++item.splits;
  }
  const Duration pause = std::min(batch.spoilt ? kLongestPause : PeerGuard::kLongestPause,
                                  Duration::Millis(10ll << std::min<int>(tries - 1, 12)));
  const Duration wanted = std::max(batch.wanted_pause[0], batch.wanted_pause[1]);
  const uint64_t number = ++next_rest_;
  resting_.emplace(number, Resting{std::move(items), batch.spoilt});
  shard_->executor()->PostAfter(std::max(PeerGuard::Jittered(pause, shard_->executor()->Random()), wanted),
                                [this, number] {
                                  auto rested = resting_.extract(number);
                                  for (Item& item : rested.mapped().items)
                                    Lacking(static_cast<uint8_t>(kBoth & ~item.known)).push_back(std::move(item));
                                  Pump();
                                });
}

// --- Releases. ---

void Worker::StartRelease() {
  PeerGuard& g = guard(Peer::kAccount);
  if (releasing_ || g.resting || g.probing) return;
  // At most half of what there is: orders that wait go on beside it.
  int64_t allowed = g.Allowed(Lane::kWaited, false);
  if (g.limited()) allowed = std::min<int64_t>((allowed + 1) / 2, kReleasesABatch);
  if (!g.open()) allowed = kProbeItems;
  const size_t items = TakeReleases(static_cast<size_t>(std::min<int64_t>(allowed, kReleasesABatch)));
  if (items == 0) return;
  release_.Clear();
  for (const ReleasePart& part : release_parts_) {
    TradeMachine& machine = At(part.slot).machine();
    for (uint64_t order : part.orders) {
      account::v1::ReleaseItem* item = release_.add_items();
      item->set_order_id(machine.IdOf(order).raw());
      const Order& o = *machine.FindOrder(order);
      item->set_investor_id(o.investor.raw());
      item->set_advance(TradeMachine::IsAdvance(o));
    }
  }
  releasing_ = true;
  const bool probe = !g.open();
  if (probe) g.probing = true;
  g.Take(Lane::kWaited, static_cast<int64_t>(items));
  g.counts.release_items += items;
  peers_->Call(kRelease, release_, &released_, kDeadline, shard_->executor(),
               [this, probe](absl::Status status) { OnReleased(probe, std::move(status)); });
}

// What spoilt its call goes alone, in turn with all others.
size_t Worker::TakeReleases(size_t limit) {
  release_parts_.clear();
  size_t items = 0;
  const auto take_failed = [&](bool spoilt) {
    for (size_t n = unreleased_.size(); n > 0 && items < limit; --n) {
      ReleasePart part = std::move(unreleased_.front());
      unreleased_.pop_front();
      if (part.spoilt != spoilt || (spoilt && items > 0)) {
        unreleased_.push_back(std::move(part));
        continue;
      }
      if (part.orders.size() > limit - items) {
        const auto rest = part.orders.begin() + static_cast<std::ptrdiff_t>(limit - items);
        unreleased_.push_back({part.slot, {rest, part.orders.end()}, spoilt});
        part.orders.erase(rest, part.orders.end());
      }
      items += part.orders.size();
      release_parts_.push_back(std::move(part));
    }
  };
  spoilt_turn_ = !spoilt_turn_;
  if (spoilt_turn_) take_failed(true);
  if (items > 0) return items;
  take_failed(false);
  for (size_t i = 0; i < known_.size() && items < limit; ++i) {
    if (!At(i).serving() || !At(i).machine().releases().has_fresh()) continue;
    std::vector<uint64_t> orders = At(i).machine().releases().TakeFresh(limit - items);
    if (orders.empty()) continue;
    items += orders.size();
    release_parts_.push_back({i, std::move(orders)});
  }
  if (items == 0) take_failed(true);
  return items;
}

void Worker::OnReleased(bool probe, absl::Status status) {
  const CallOutcome outcome = Heed(Peer::kAccount, probe, true, status);
  if (outcome != CallOutcome::kAnswered) {
    for (ReleasePart& part : release_parts_) {
      part.spoilt |= outcome == CallOutcome::kError;
      if (part.spoilt && part.orders.size() > 1) {
        const auto middle = part.orders.begin() + static_cast<std::ptrdiff_t>(part.orders.size() / 2);
        unreleased_.push_back({part.slot, {middle, part.orders.end()}, true});
        part.orders.erase(middle, part.orders.end());
      }
      unreleased_.push_back(std::move(part));
    }
    return shard_->executor()->PostAfter(Duration::Millis(200), [this] {
      releasing_ = false;
      Pump();
    });
  }
  for (ReleasePart& part : release_parts_) {
    if (!At(part.slot).serving()) continue;
    Released done;
    done.orders = std::move(part.orders);
    host_->Submit(At(part.slot).id().partition, done);
  }
  releasing_ = false;
  Pump();
}

// --- Time. ---

void Worker::Trouble() {
  if (!counting_) {
    counting_ = true;
    shard_->executor()->PostAfter(Duration::Seconds(1), [this] { Second(); });
  }
  if (!ticking_) PostTicks();
}

// A second's ticks are posted together: on a busy executor they come late and all at once, and none is missing.
void Worker::PostTicks() {
  ticking_ = guard(Peer::kAccount).limited() || guard(Peer::kRisk).limited();
  for (int i = 1; ticking_ && i <= Allowance::kTicks; ++i) {
    shard_->executor()->PostAfter(Duration::Micros(kTick.raw() * i), [this, i] {
      for (PeerGuard& g : guards_) g.Tick();
      Pump();
      if (i == Allowance::kTicks) PostTicks();
    });
  }
}

void Worker::Second() {
  for (PeerGuard& g : guards_) g.NextSecond();
  counting_ = guard(Peer::kAccount).retried_last_minute() + guard(Peer::kRisk).retried_last_minute() > 0;
  for (Peer p : kAllPeers) counting_ |= guard(p).limited();
  if (counting_) shard_->executor()->PostAfter(Duration::Seconds(1), [this] { Second(); });
}

// --- For operators. ---

v1::WaitsFor Worker::Undecided() const {
  return guard(Peer::kAccount).open() && !guard(Peer::kRisk).open() ? v1::WAITS_FOR_RISK : v1::WAITS_FOR_ACCOUNT;
}

v1::WaitsFor Worker::ClassOf(const Item& item) const {
  if (item.known == kBoth) return v1::WAITS_FOR_PRODUCT;  // for its quota
  if (item.known == BitOf(Peer::kAccount)) return v1::WAITS_FOR_RISK;
  if (item.known == BitOf(Peer::kRisk)) return v1::WAITS_FOR_ACCOUNT;
  return Undecided();
}

template <class F>
void Worker::ForEachHere(F visit) {
  for (const auto& queue : waited_)
    for (const Item& item : queue) visit(item, nullptr);
  for (const auto& [number, resting] : resting_)
    for (const Item& item : resting.items) visit(item, nullptr);
  for (const Item& item : quota_waiting_) visit(item, nullptr);
  for (const Item& item : quota_batch_) visit(item, nullptr);
  for (const Batch& batch : batches_)
    if (batch.busy)
      for (const Item& item : batch.items) visit(item, &batch);
}

v1::WaitsFor Worker::Trace(OrderId order, v1::TraceOrderResponse* out) {
  v1::WaitsFor waits_for = Undecided();
  const auto add = [out](const Attempt& a) {
    v1::Attempt* to = out->add_attempts();
    to->set_peer(std::string(NameOf(a.peer)));
    to->set_at_us(a.at.raw());
    to->set_ended_at_us(a.ended_at.raw());
    to->set_outcome(std::string(NameOf(a.outcome)));
    to->set_items(a.items);
  };
  if (const Attempts::Entry* e = attempts_.Find(order.raw())) {
    for (const Attempt& a : e->kept) add(a);
    out->set_attempts_left_out(e->left_out);
  }
  ForEachHere([&](const Item& item, const Batch* batch) {
    if (item.order != SequenceOf(order) || IdOf(item) != order.raw()) return;
    waits_for = ClassOf(item);
    if (!batch) return;
    for (Peer p : kAllPeers) {
      if (!(batch->asks & BitOf(p))) continue;
      add({batch->at[static_cast<size_t>(p)], TimePoint(), static_cast<uint32_t>(batch->items.size()), p,
           CallOutcome::kUnderWay});
    }
  });
  return waits_for;
}

void Worker::Tell(TimePoint now, WaitTally* tally, v1::PeerHealth* account, v1::PeerHealth* risk) {
  ForEachHere([&](const Item& item, const Batch*) {
    tally->Add(ClassOf(item), OrderId(IdOf(item)), item.received_at, now);
  });
  for (size_t i = 0; i < known_.size(); ++i) {
    TradeMachine& machine = At(i).machine();
    const std::span<const uint64_t> newcomers = known_[i] ? machine.undecided() : std::span<const uint64_t>();
    if (newcomers.empty()) continue;
    const Order* first = machine.FindOrder(newcomers.front());
    if (first) tally->Add(Undecided(), machine.IdOf(newcomers.front()), first->received_at, now);
    tally->Spread(Undecided(), newcomers.size() - (first ? 1 : 0),
                  AgesBetween(machine, newcomers.front(), newcomers.back() + 1, now));
  }
  for (Peer p : kAllPeers) {
    const PeerGuard& g = guard(p);
    v1::PeerHealth* to = p == Peer::kAccount ? account : risk;
    uint64_t calls = 0;
    for (uint64_t n : g.counts.calls) calls += n;
    const auto by = [&](CallOutcome o) { return g.counts.calls[static_cast<size_t>(o)]; };
    to->set_peer(std::string(NameOf(p)));
    to->set_lanes(1);
    to->set_lanes_closed(!g.open());
    to->set_lanes_limited(g.limited());
    to->set_limit(static_cast<uint64_t>(g.rate()));
    to->set_calls(calls);
    to->set_items(g.counts.items + g.counts.release_items);
    to->set_unavailable(by(CallOutcome::kUnavailable));
    to->set_deadline(by(CallOutcome::kDeadline));
    to->set_busy(by(CallOutcome::kBusy));
    to->set_malformed(by(CallOutcome::kMalformed));
    to->set_error(by(CallOutcome::kError));
    to->set_retried_items(g.counts.retried);
    to->set_retried_last_minute(g.retried_last_minute());
    to->set_last_failure_at_us(g.counts.last_failure_at.raw());
    to->set_last_failure(g.counts.last_failure);
  }
}

}  // namespace fundcore::trade
