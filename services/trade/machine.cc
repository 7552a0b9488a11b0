// Receipt: request ids, order numbers, trading days, product rules.
#include "services/trade/machine.h"

#include <algorithm>

#include "services/trade/rules.h"

namespace fundcore::trade {
namespace {

// Pages of 32 in memory, over all partitions some millions of orders: those of the last days. Older ones come from the
// store.
constexpr size_t kOrderPages = 4 * 1024;
constexpr size_t kAftermathPages = 2 * 1024;
constexpr size_t kOriginPages = 1024;
constexpr size_t kInvestorPages = 16 * 1024;

constexpr size_t kReviewsACommand = 2'000;
constexpr uint64_t kStepsACommand = 4'096;
constexpr int kLongestReservation = 30;  // days ahead: sealing looks through the orders received in between

// The version of the content hash: which fields it covers, in which order. Never changed, only followed by another. The
// second one is that of orders with an origin; those without keep the first, so that old request ids go on to be known.
constexpr uint8_t kContentVersion = 1;
constexpr uint8_t kContentVersionWithOrigin = 2;
constexpr uint8_t kContentVersionOfConversion = 3;
constexpr uint8_t kContentVersionOfMove = 4;
constexpr uint8_t kContentVersionOfChange = 5;

std::string_view BytesOf(const Hash256& hash) {
  return {reinterpret_cast<const char*>(hash.raw().data()), hash.raw().size()};
}

}  // namespace

TradeMachine::TradeMachine(machine::State& state, PartitionId partition)
    : partition_(partition),
      waters_(state, kWaters),
      orders_(state, kOrders, kOrderPages),
      aftermaths_(state, kAftermaths, kAftermathPages),
      origins_(state, kOrigins, kOriginPages),
      conversions_(state, kConversions, machine::Residence::kLazy),
      moves_(state, kMoves, machine::Residence::kLazy),
      investors_(state, kInvestors, kInvestorPages),
      ids_(state, kRequestIds),
      serials_(state, kSerials),
      days_(state, kDays),
      transfers_(state, kTransfers),
      transfer_pages_(state, kTransferPages, machine::Residence::kLazy),
      challenges_(state, kChallenges),
      releases_(state, kReleases),
      files_(state, kFiles, machine::Residence::kLazy),
      settlements_(state, kSettlements, machine::Residence::kLazy),
      settlement_chunks_(state, kSettlementChunks, machine::Residence::kLazy),
      deals_(state, kDeals, machine::Residence::kLazy),
      rests_(state, kRests),
      withdrawals_(state, kWithdrawals),
      reserved_(state, kSentReservations, machine::Residence::kLazy),
      refunds_(state, kRefunds, machine::Residence::kLazy),
      adjustments_(state, kAdjustments, machine::Residence::kLazy),
      adjusted_(state, kAdjusted, machine::Residence::kLazy),
      funds_(state, kFundNames),
      tas_(state, kTaNames),
      callers_(state, kCallerNames),
      files_named_(state, kFileNames),
      distributors_(state, kDistributorNames),
      foreign_(state, kForeignReasons),
      plan_waters_(state, kPlanWaters),
      plans_(state, kPlans, machine::Residence::kLazy),
      plan_links_(state, kPlanLinks, machine::Residence::kLazy),
      plan_days_(state, kPlanDays),
      plan_chunks_(state, kPlanChunks, machine::Residence::kLazy),
      debits_(state, kPlanDebits),
      own_plans_(state, kOwnPlans, machine::Residence::kLazy),
      uses_(state, kUses, machine::Residence::kLazy),
      quota_releases_(state, kQuotaReleases),
      asked_(state, kAsked, machine::Residence::kLazy),
      products_(state, kProducts) {}

void TradeMachine::Begin() {
  day_handles_.clear();
  views_.clear();
}

TradeMachine::Result TradeMachine::Execute(const AbsorbFacts& c, const machine::Context&) {
  products_.Absorb(c);
  return {};
}

TradeMachine::Result TradeMachine::Execute(const Receive& c, const machine::Context& ctx) {
  Begin();
  received_.clear();
  received_.reserve(c.orders.size());
  Waters& waters = waters_.Mutable();
  auto origin = c.origins.begin();
  auto target = c.targets.begin();
  auto plan = c.plans.begin();
  auto move = c.moves.begin();
  auto change = c.changes.begin();
  for (uint32_t i = 0; i < c.orders.size(); ++i) {
    const bool has = origin != c.origins.end() && origin->item == i;
    while (target != c.targets.end() && target->item < i) ++target;
    const bool converts = target != c.targets.end() && target->item == i;
    const bool planned = plan != c.plans.end() && plan->item == i;
    while (move != c.moves.end() && move->item < i) ++move;
    const bool moves = move != c.moves.end() && move->item == i;
    while (change != c.changes.end() && change->item < i) ++change;
    const bool changes = change != c.changes.end() && change->item == i;
    received_.push_back(ReceiveOne(c.orders[i], has ? &*origin : nullptr, converts ? &*target : nullptr,
                                   planned ? &*plan : nullptr, moves ? &*move : nullptr, changes ? &*change : nullptr, c,
                                   ctx, waters));
    if (has) ++origin;
    if (planned) ++plan;
  }
  TellEnds(ctx);
  AdvanceUndecided();
  return {.received = received_};
}

// Whoever imports a file gives its lines the same request ids, so these must not depend on the importer.
machine::IdIndex::Key TradeMachine::RequestKey(InvestorId id, std::string_view request_id, std::string_view caller,
                                               bool from_file) {
  char investor[8];
  for (int i = 0; i < 8; ++i) investor[i] = static_cast<char>(id.raw() >> (56 - 8 * i));
  const std::string_view owner(investor, 8);
  return from_file ? machine::IdIndex::HashOf({"file", "", owner, request_id})
                   : machine::IdIndex::HashOf({caller, owner, request_id});
}

uint64_t TradeMachine::FindByRequest(InvestorId investor, std::string_view request_id, const CallerId& caller,
                                     bool from_file) {
  const auto seen = ids_.FindNow(RequestKey(investor, request_id, caller.view(), from_file));
  return seen ? seen->number : 0;
}

TradeMachine::Received TradeMachine::ReceiveOne(const ReceiveItem& item, const ReceiveOrigin* origin,
                                                const ReceiveTarget* target, const ReceivePlan* plan,
                                                const ReceiveMove* move, const ReceiveChange* change,
                                                const Receive& c, const machine::Context& ctx, Waters& waters) {
  const auto key =
      RequestKey(item.investor, item.request_id, c.caller.view(), origin && !origin->distributor.empty());
  const uint64_t content = ContentHash(item, origin, target, move, change);
  if (auto seen = ids_.Find(key)) return Repeat(*seen, content);
  if (plan && plan->day.is_set()) {
    // Paused, changed or ended since the worker looked.
    Plan* p = plans_.FindMutable(plan->plan);
    if (!p || !p->firing || p->order != 0 || p->next != plan->day) return {.error = Reason::kPlanNotDue};
    p->order = waters.next;
    debits_.Remove(plan->plan);
  }

  const uint64_t seq = waters.next++;
  FC_CHECK(seq < kOrderSequenceLimit, "partition ", partition_.raw(), " has no order numbers left");
  ids_.Insert(key, seq, content);
  Investor& owner = investors_.Mutable(SequenceOf(item.investor));
  Order& o = orders_.Mutable(seq);
  o.investor = item.investor;
  o.previous = std::exchange(owner.last_order, seq);
  o.received_at = ctx.received;
  o.business = item.business;
  static_assert(kDividendInCash == kCancelLargeRedemption, "one bit, by business");
  o.flags = item.flags & (kDeferLargeRedemption | kMismatchConfirmed | kDividendInCash);
  o.amount = item.amount;
  o.units = item.units;
  o.fund = funds_.Number(item.fund.view());
  o.caller = callers_.Number(c.caller.view());
  o.request_id = RequestId::FromRaw(item.request_id);
  if (origin) {
    o.flags |= kHasOrigin;
    Origin& kept = origins_.Mutable(seq);
    kept.trade_day_wanted = origin->trade_day_wanted;
    kept.distributor = distributors_.Number(origin->distributor);
    kept.serial = std::string(origin->serial);
    kept.digest = origin->digest;
  }

  if (plan) {
    o.flags |= kOfPlan;
    plan_links_.Put(seq, {plan->plan});
  }
  if (move) moves_.Put(seq, {std::string(move->distributor), std::string(move->account), std::string(move->reason)});
  if (target) conversions_.Mutable(seq).target = funds_.Number(target->fund.view());
  if (change) adjustments_.Mutable(seq).original = PartitionOf(change->original) == partition_ ? SequenceOf(change->original) : 0;

  if (waters.next_review == seq && products_.watermark() >= ctx.received) {
    waters.next_review = seq + 1;
    ApplyRules(seq, o, item.fund, ctx.now);
  } else {
    // The trading day is decided now wherever the institution is known; why it might not be is looked at in the review.
    Place(seq, o, products_.Fund(item.fund, ctx.received));
  }
  Enter(seq, o);
  if (o.business == kConvertOut) {
    const uint64_t leg = conversions_.Find(seq)->other;
    if (leg != 0 && waters.next_review == leg) waters.next_review = leg + 1;  // nothing of it is judged by itself
  }
  if (plan && plan->day.is_set() && o.state != OrderState::kReceived) FollowPlan(seq, o, ctx.now);
  return {.order = seq, .state = o.state, .source = o.source, .reason = o.reason, .trade_day = ToldDay(seq, o)};
}

TradeMachine::Received TradeMachine::Repeat(const machine::IdIndex::Value& seen, uint64_t content) {
  if (seen.content_hash != content) return {.error = Reason::kRequestIdReused, .repeated = true, .order = seen.number};
  const Order* o = orders_.Find(seen.number);
  FC_CHECK(o, "request id names order ", seen.number, ", which is not there");
  return {.repeated = true,
          .order = seen.number,
          .state = o->state,
          .source = o->source,
          .reason = o->reason,
          .trade_day = ToldDay(seen.number, *o)};
}

uint64_t TradeMachine::ContentHash(const ReceiveItem& item, const ReceiveOrigin* origin, const ReceiveTarget* target,
                                   const ReceiveMove* move, const ReceiveChange* change) {
  scratch_.clear();
  ByteWriter w(&scratch_);
  w.U8(change   ? kContentVersionOfChange
       : move ? kContentVersionOfMove : target ? kContentVersionOfConversion : origin ? kContentVersionWithOrigin : kContentVersion);
  w(item.business, item.fund, item.amount, item.units, item.flags);
  if (change) w(change->original, origin != nullptr);
  if (move) w(move->distributor, move->account, move->reason, origin != nullptr);
  if (target) w(target->fund, origin != nullptr);
  if (origin) w(origin->trade_day_wanted, origin->distributor, origin->serial, origin->digest);
  return machine::IdIndex::HashOf({scratch_}).low;
}

TradeMachine::Result TradeMachine::Execute(const ClaimSerials& c, const machine::Context&) {
  claimed_.clear();
  claimed_.reserve(c.claims.size());
  for (const SerialClaim& claim : c.claims) {
    const auto key = machine::IdIndex::HashOf({claim.request_id});
    const uint64_t content = machine::IdIndex::HashOf({BytesOf(claim.digest)}).low;
    const auto seen = serials_.Find(key);
    if (!seen) serials_.Insert(key, 1, content);
    claimed_.push_back({.conflict = seen && seen->content_hash != content, .repeated = seen.has_value()});
  }
  return {.claimed = claimed_};
}

TradeMachine::Result TradeMachine::Execute(const Review&, const machine::Context& ctx) {
  Waters& waters = waters_.Mutable();
  for (size_t n = 0; n < kReviewsACommand && waters.next_review < waters.next; ++n) {
    const uint64_t seq = waters.next_review;
    Order& o = orders_.Mutable(seq);
    if (o.received_at > products_.watermark()) break;
    ++waters.next_review;
    if (o.state != OrderState::kReceived || o.business == kConvertIn) continue;  // cancelled meanwhile; a leg
    Begin();
    Count(o, -1);
    ApplyRules(seq, o, FundOf(o), ctx.now);
    Begin();
    Enter(seq, o);
    if (o.state != OrderState::kReceived) {
      Noted(seq);
      TellPlan(seq, o, ctx.now);
    }
  }
  Begin();
  TellEnds(ctx);
  AdvanceUndecided();
  return {};
}

const TradeMachine::InstitutionView& TradeMachine::ViewOf(const TaCode& ta, TimePoint received, uint64_t seq) {
  for (const InstitutionView& v : views_)
    if (v.ta == ta) return v;
  InstitutionView& v = views_.emplace_back();
  v.ta = ta;
  v.number = tas_.Number(ta.view());
  v.terms = products_.Institution(ta);
  if (!v.terms) return v.problem = Reason::kInstitutionUnknown, v;
  const TradingCalendar* calendar = products_.Calendar(v.terms->calendar);
  if (!calendar) return v.problem = Reason::kNoTradingDay, v;
  // A day closed after this receipt still belongs to it.
  const auto day = TradingDay(*calendar, v.terms->cutoff, received, [&](Date d) {
    const Day* known = days_.Find({d, ta});
    return known && known->closed_from != 0 && seq >= known->closed_from;
  });
  if (!day.ok()) return v.problem = Reason::kNoTradingDay, v;
  v.trade_day = *day;
  return v;
}

Reason TradeMachine::Place(uint64_t seq, Order& o, const FundTerms* fund) {
  if (!fund) return Reason::kFundUnknown;
  const InstitutionView& view = ViewOf(fund->ta, o.received_at, seq);
  o.ta = view.number;
  if (o.trade_day.is_set()) return Reason::kNone;
  o.trade_day = view.trade_day;
  return view.problem;
}

void TradeMachine::ApplyRules(uint64_t seq, Order& o, const FundCode& code, TimePoint now) {
  const FundTerms* fund = products_.Fund(code, o.received_at);
  const auto check = [&]() -> Reason {
    if (Reason r = Place(seq, o, fund); r != Reason::kNone) return r;
    if (Reason r = CheckWantedDay(seq, o, *fund); r != Reason::kNone) return r;
    o.product_version = fund->version;
    const bool withdraws = IsWithdrawal(o.business);  // at any time, and of any size
    const uint8_t business = JudgedAs(o.business);
    if (Reason r = CheckStatus(fund->status, business); r != Reason::kNone && !withdraws) return r;
    const InstitutionView& view = ViewOf(fund->ta, o.received_at, seq);
    // Reservations come and go on days on which the fund is closed, too.
    const bool of_day = !IsReservation(o.business) && o.business != kWithdrawReservation;
    if (of_day && view.terms && fund->calendar != view.terms->calendar) {
      if (Reason r = CheckOpenOn(*fund, o.trade_day); r != Reason::kNone) return r;
    }
    if (withdraws) return Reason::kNone;
    if (IsFast(o.business)) {
      if (Reason r = CheckFast(seq, o, code); r != Reason::kNone) return r;
    } else if (IsMove(o.business)) {
      if (Reason r = CheckMove(seq, o); r != Reason::kNone) return r;
    }
    if (o.business == kConversion) return CheckConversion(seq, o, *fund);
    if (o.business == kAdjustSubscription) return CheckAdjustment(seq, o, *fund);
    if (MovesCash(o.business)) TakeDeal(seq, o, *fund);
    if (business == kSubscription && o.units.is_positive()) {
      if (!PriceOffer(seq, *fund, o)) return Reason::kUnitsNotPriced;
    }
    if (Reason r = CheckSize(*fund, business, o.amount, o.units, [&] { return BoughtBefore(o); }); r != Reason::kNone) return r;
    return CheckLimits(seq, o, code);
  };
  const Reason reason = check();
  if (reason == Reason::kNone) {
    if (o.business == kConvertOut) AddLeg(seq, o);
    if (tracking_) fresh_.push_back(seq);
    return;
  }
  SetRejected(o, ReasonSource::kTrade, static_cast<uint32_t>(reason));
  o.judged_at = now;
}

Reason TradeMachine::CheckWantedDay(uint64_t seq, Order& o, const FundTerms& fund) {
  const Origin* origin = OriginOf(seq, o);
  if (!origin || !origin->trade_day_wanted.is_set() || origin->trade_day_wanted == o.trade_day) return Reason::kNone;
  const Date wanted = origin->trade_day_wanted;
  if (o.trade_day > wanted) return Reason::kTradeDayPassed;
  const Habits& habits = HabitsOf(fund.ta);
  const bool takes = habits.keeps_reservations || habits.sends_reservations;
  if (!takes || wanted > o.trade_day.AddDays(kLongestReservation)) return Reason::kTradeDayNotReached;
  // A reservation: kept, with its cash or units, until the day that it is for.
  bool known = false;
  if (!OpenFor(fund.code, wanted, o.received_at, &known)) return known ? Reason::kFundClosedOnTradeDay : Reason::kNoTradingDay;
  if (habits.sends_reservations) return SendReservation(seq, o, wanted);
  o.trade_day = wanted;
  return Reason::kNone;
}

bool TradeMachine::BoughtBefore(const Order& o) {
  const Investor* investor = investors_.Find(SequenceOf(o.investor));
  return investor && std::find(investor->bought.begin(), investor->bought.end(), o.fund) != investor->bought.end();
}

void TradeMachine::SetRejected(Order& o, ReasonSource source, uint32_t reason) {
  o.state = OrderState::kRejected;
  o.source = source;
  o.reason = reason;
}

// An order without a trading day (its fund is unknown) is counted on the day of its receipt, at no institution.
Day& TradeMachine::DayOf(const Order& o) {
  const Date day = o.trade_day.is_set() ? o.trade_day : o.received_at.date();
  const NameNo ta = o.trade_day.is_set() ? o.ta : 0;
  for (const DayHandle& h : day_handles_)
    if (h.day == day && h.ta == ta) return *h.entry;
  Day* entry = &days_.Mutable({day, TaCode(tas_.Text(ta))});
  day_handles_.push_back({day, ta, entry});
  return *entry;
}

void TradeMachine::Count(const Order& o, int64_t sign) {
  Day& day = DayOf(o);
  const bool sealed = o.transfer.is_set();
  const bool reasoned =
      o.state == OrderState::kRejected || o.state == OrderState::kRefused || o.state == OrderState::kChallenged;
  const ReasonSource source = reasoned ? o.source : ReasonSource::kTrade;
  const uint32_t reason = reasoned ? o.reason : 0;
  auto row = std::find_if(day.rows.begin(), day.rows.end(), [&](const DayRow& r) {
    return r.state == o.state && r.business == o.business && r.sealed == sealed && r.source == source &&
           r.reason == reason;
  });
  if (row == day.rows.end()) {
    day.rows.push_back(
        {.state = o.state, .business = o.business, .sealed = sealed, .source = source, .reason = reason});
    row = day.rows.end() - 1;
  }
  const auto times = static_cast<uint64_t>(sign);
  row->count += times;
  row->amount += times * static_cast<uint64_t>(o.amount.raw());
  row->units += times * static_cast<uint64_t>(o.units.raw());
}

void TradeMachine::Enter(uint64_t seq, const Order& o) {
  Day& day = DayOf(o);
  day.first = day.first == 0 ? seq : std::min(day.first, seq);
  day.last = std::max(day.last, seq);
  Count(o, +1);
}

// Bounded, because one order that waited long may have a million decided ones behind it; the next command goes on.
void TradeMachine::AdvanceUndecided() {
  const Waters& now = waters_.Get();
  uint64_t at = now.undecided;
  for (uint64_t steps = 0; at < now.next && steps < kStepsACommand; ++steps, ++at) {
    const Order* o = orders_.Find(at);
    if (o && o->state == OrderState::kReceived) break;
  }
  if (at != now.undecided) waters_.Mutable().undecided = at;
}

uint64_t TradeMachine::LastOrderOf(InvestorId investor) {
  const Investor* i = investors_.Find(SequenceOf(investor));
  return i ? i->last_order : 0;
}

void TradeMachine::ForEachDay(Date day, absl::FunctionRef<void(const TaCode&, const Day&)> visit) {
  days_.ScanPrefix(day, [&](const DayKey& key, const Day& entry) { return visit(key.ta, entry), true; });
}

void TradeMachine::ForEachDayFrom(Date from, absl::FunctionRef<void(Date, const TaCode&, const Day&)> visit) {
  days_.Scan(machine::EncodeKey(from), "", [&](const DayKey& key, const Day& entry) {
    return visit(key.day, key.ta, entry), true;
  });
}

void TradeMachine::ForEachChallenge(absl::FunctionRef<bool(uint64_t)> visit) {
  challenges_.ScanAll([&](const ChallengeKey& key, const Present&) { return visit(key.order); });
}

std::string TradeMachine::ReasonNameOf(ReasonSource source, uint32_t reason) {
  switch (source) {
    case ReasonSource::kTrade: return std::string(ReasonName(static_cast<Reason>(reason)));
    case ReasonSource::kAccount:
    case ReasonSource::kRisk: {
      const NameText* name = foreign_.Find({source, static_cast<uint16_t>(reason)});
      return name ? name->text : std::string();
    }
    case ReasonSource::kTransferAgent: {
      std::string code;
      for (int shift = 24; shift >= 0; shift -= 8)
        if (const char c = static_cast<char>(reason >> shift)) code.push_back(c);
      return code;
    }
  }
  return "";
}

void TradeMachine::TakeUndecided(size_t limit, std::vector<uint64_t>* orders) {
  if (!tracking_) {
    tracking_ = true;
    fresh_.clear();
    const Waters& waters = waters_.Get();
    for (uint64_t seq = waters.undecided; seq < waters.next_review; ++seq) {
      const Order* o = orders_.Find(seq);
      if (o && o->state == OrderState::kReceived && o->business != kConvertIn) fresh_.push_back(seq);
    }
  }
  for (; limit > 0 && fresh_head_ < fresh_.size(); ++fresh_head_) {
    const Order* o = orders_.Find(fresh_[fresh_head_]);
    if (!o || o->state != OrderState::kReceived) continue;  // cancelled meanwhile
    orders->push_back(fresh_[fresh_head_]);
    --limit;
  }
  if (fresh_head_ < fresh_.size()) return;
  fresh_.clear();
  fresh_head_ = 0;
}

bool TradeMachine::review_due() {
  const Waters& waters = waters_.Get();
  if (waters.next_review >= waters.next) return false;
  const Order* o = orders_.Find(waters.next_review);
  return o && o->received_at <= products_.watermark();
}

}  // namespace fundcore::trade
