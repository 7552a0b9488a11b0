// Plans: making and changing them, the debits that fall due, and what becomes of their orders. See plans.h.
#include <algorithm>

#include "common/ofd/variant.h"
#include "services/trade/machine.h"
#include "services/trade/rules.h"

namespace fundcore::trade {
namespace {

constexpr uint64_t kDuesACommand = 1'000;
constexpr int kDaysAhead = 60;  // further than any holiday is long
constexpr std::string_view kPlanCaller = "plans";

// Reasons of account that say that the investor has not enough, by their names.
bool NotEnough(std::string_view name) { return name == "NOT_ENOUGH_CASH" || name == "NOT_ENOUGH_UNITS"; }

bool Suspended(Reason r) {
  switch (r) {
    case Reason::kFundStopped:
    case Reason::kFundClosed:
    case Reason::kFundInOffer:
    case Reason::kPurchaseStopped:
    case Reason::kRedemptionStopped:
    case Reason::kInClosedPeriod:
    case Reason::kFundClosedOnTradeDay: return true;
    default: return false;
  }
}

void Note(Plan& p, Date day, PlanEvent event, uint64_t order, ReasonSource source = ReasonSource::kTrade,
          uint32_t reason = 0) {
  if (p.notes.size() == kPlanNotes) p.notes.erase(p.notes.begin());
  p.notes.push_back({p.due, day, event, static_cast<uint8_t>(source), reason, order});
}

uint8_t OrderBusiness(const PlanTerms& terms) { return terms.redemption ? kRedemption : kPurchase; }

}  // namespace

bool TradeMachine::OpenFor(const FundCode& code, Date day, TimePoint now, bool* known) {
  *known = false;
  const FundTerms* fund = products_.Fund(code, now);
  const InstitutionTerms* institution = fund ? products_.Institution(fund->ta) : nullptr;
  if (!institution) return false;
  for (const std::string& name : {fund->calendar, institution->calendar}) {
    const TradingCalendar* calendar = products_.Calendar(name);
    const auto open = calendar ? calendar->IsOpen(day) : absl::StatusOr<bool>(absl::NotFoundError("no calendar"));
    if (!open.ok()) return false;
    *known = true;
    if (!*open) return false;
  }
  return true;
}

// Where the calendar does not reach, the day stays what it is; it is looked at again when it comes.
Date TradeMachine::RollForward(const FundCode& fund, Date day, TimePoint now) {
  bool known = true;
  for (int n = 0; n < kDaysAhead; ++n) {
    const Date at = day.AddDays(n);
    if (OpenFor(fund, at, now, &known)) return at;
    if (!known) return at;
  }
  return day;
}

const TradeMachine::Habits& TradeMachine::HabitsOf(const TaCode& ta) {
  static const Habits kUsual;
  const std::string_view text = products_.FileVariant(ta);
  if (text.empty()) return kUsual;
  if (text != habits_text_) {
    habits_text_ = std::string(text);
    habits_ = {};
    if (const auto variant = ofd::Variant::Parse("file_variant", text); variant.ok()) {
      using Plans = ofd::Variant::Plans;
      habits_.plans = variant->plans == Plans::kAll      ? PlansAt::kAll
                      : variant->plans == Plans::kDebits ? PlansAt::kDebits
                                                         : PlansAt::kNothing;
      using Reservations = ofd::Variant::Reservations;
      habits_.keeps_reservations = variant->reservations == Reservations::kKept;
      habits_.sends_reservations = variant->reservations == Reservations::kSent;
    }
  }
  return habits_;
}

PlansAt TradeMachine::PlansOf(const FundCode& code, TimePoint now) {
  const FundTerms* fund = products_.Fund(code, now);
  return fund ? HabitsOf(fund->ta).plans : PlansAt::kNothing;
}

Reason TradeMachine::CheckPlanTerms(const FundCode& code, const PlanTerms& t, TimePoint now) {
  const FundTerms* fund = products_.Fund(code, now);
  if (!fund) return Reason::kFundUnknown;
  if (!products_.Institution(fund->ta)) return Reason::kInstitutionUnknown;
  if (fund->status == FundStatus::kTerminated) return Reason::kFundTerminated;
  if (t.first <= now.date()) return Reason::kPlanBeginsTooEarly;
  if (!NextDebitDay(t, Date()).is_set()) return Reason::kPlanWithoutDebits;
  // Each debit is at least a further purchase; what a first one must be is seen when it comes.
  return CheckSize(*fund, OrderBusiness(t), t.amount, t.units, [] { return true; });
}

void TradeMachine::PutDue(Plan& p, uint64_t seq, Date day) {
  p.next = day;
  if (!day.is_set()) return;
  PlanDay& d = plan_days_.Mutable(day);
  plan_chunks_.Mutable({day, d.count / kPlanChunk}).plans.push_back(seq);
  ++d.count;
}

void TradeMachine::NextDebit(Plan& p, uint64_t seq, TimePoint now) {
  p.tries = 0;
  p.firing = false;
  p.order = 0;
  p.next = Date();
  if (p.terms.times != 0 && p.debits >= p.terms.times) return EndPlan(p, seq, ReasonSource::kTrade, Reason::kPlanDone, now);
  const Date today = now.date();
  Date nominal = NextDebitDay(p.terms, p.nominal);
  // Of debit days that went by while nothing could be done only the latest counts.
  for (Date later = nominal; later.is_set() && later <= today; later = NextDebitDay(p.terms, nominal)) nominal = later;
  if (!nominal.is_set()) return EndPlan(p, seq, ReasonSource::kTrade, Reason::kPlanDone, now);
  p.nominal = nominal;
  p.due = RollForward(p.fund, std::max(nominal, today.AddDays(1)), now);
  if (p.state == PlanState::kActive || p.state == PlanState::kOpening) PutDue(p, seq, p.due);
}

void TradeMachine::EndPlan(Plan& p, uint64_t seq, ReasonSource source, Reason reason, TimePoint now) {
  EndPlan(p, seq, source, static_cast<uint32_t>(reason), now);
}

void TradeMachine::EndPlan(Plan& p, uint64_t seq, ReasonSource source, uint32_t reason, TimePoint now) {
  p.state = PlanState::kEnded;
  p.source = static_cast<uint8_t>(source);
  p.reason = reason;
  p.ended_at = now;
  p.next = Date();
  p.wanted.reset();
  if (p.order == 0) p.firing = false;
  debits_.Remove(seq);
  ending_.push_back(seq);
}

// The institution that keeps plans is told with an order of its own: it moves neither cash nor units.
void TradeMachine::TellInstitution(uint64_t seq, uint8_t business, const machine::Context& ctx) {
  Plan& p = plans_.Mutable(seq);
  const std::string id = StrCat("plan/", FormatOrderId(IdOf(seq)), "/0", int{business}, ".", ++p.contracts);
  const PlanTerms& terms = p.wanted ? *p.wanted : p.terms;
  ReceiveItem item;
  item.investor = p.investor;
  item.request_id = id;
  item.business = business;
  item.flags = static_cast<uint8_t>(terms.flags & (kDeferLargeRedemption | kMismatchConfirmed));
  item.fund = p.fund;
  item.amount = terms.amount;
  item.units = terms.units;
  Receive c;
  c.caller = CallerId(kPlanCaller);
  const ReceivePlan link{0, seq, Date()};
  const Received r = ReceiveOne(item, nullptr, nullptr, &link, nullptr, nullptr, c, ctx, waters_.Mutable());
  plans_.Mutable(seq).contract = r.order;
  if (r.state != OrderState::kReceived) FollowPlan(r.order, *orders_.Find(r.order), ctx.now);
}

// After a command that may have ended plans: the institutions that keep them are told.
void TradeMachine::TellEnds(const machine::Context& ctx) {
  std::vector<uint64_t> ended;
  ended.swap(ending_);
  for (uint64_t seq : ended) {
    const Plan& p = *plans_.Find(seq);
    // What it refused itself it does not know.
    const Order* first = p.contract != 0 ? orders_.Find(p.contract) : nullptr;
    if (!first || (first->business == kOpenPlan && IsFinal(first->state) && first->state != OrderState::kSettled)) continue;
    if (first->business == kEndPlan) continue;
    Begin();
    TellInstitution(seq, kEndPlan, ctx);
  }
}

TradeMachine::Result TradeMachine::Execute(const MakePlan& c, const machine::Context& ctx) {
  Begin();
  char owner[8];
  for (int i = 0; i < 8; ++i) owner[i] = static_cast<char>(c.investor.raw() >> (56 - 8 * i));
  const auto key = machine::IdIndex::HashOf({"plan", c.caller.view(), std::string_view(owner, 8), c.request_id, ""});
  scratch_.clear();
  ByteWriter w(&scratch_);
  w(c.fund, c.terms);
  const uint64_t content = machine::IdIndex::HashOf({scratch_}).low;
  if (const auto seen = ids_.Find(key)) {
    if (seen->content_hash != content) return {.reason = Reason::kRequestIdReused};
    return {.number = seen->number, .repeated = true};
  }
  if (Reason r = CheckPlanTerms(c.fund, c.terms, ctx.now); r != Reason::kNone) {
    // What is not known yet is no reason to refuse.
    const bool unknown = r == Reason::kFundUnknown || r == Reason::kInstitutionUnknown;
    return {.reason = unknown && ctx.received > products_.watermark() ? Reason::kPlanFactsAwaited : r};
  }
  const uint64_t owner_seq = SequenceOf(c.investor);
  const OwnPlans* own = own_plans_.Find(owner_seq);
  if (own && own->plans.size() >= kMostPlans) return {.reason = Reason::kTooManyPlans};

  const uint64_t seq = plan_waters_.Get() + 1;
  FC_CHECK(seq < kOrderSequenceLimit, "partition ", partition_.raw(), " has no plan numbers left");
  plan_waters_.Mutable() = seq;
  ids_.Insert(key, seq, content);
  own_plans_.Mutable(owner_seq).plans.push_back(seq);
  Plan& p = plans_.Mutable(seq);
  p.investor = c.investor;
  p.request_id = std::string(c.request_id);
  p.fund = c.fund;
  p.terms = c.terms;
  p.made_at = ctx.now;
  const bool told = PlansOf(c.fund, ctx.now) == PlansAt::kAll;
  p.state = told ? PlanState::kOpening : PlanState::kActive;
  NextDebit(p, seq, ctx.now);
  if (told) TellInstitution(seq, kOpenPlan, ctx);
  TellEnds(ctx);
  AdvanceUndecided();
  return {.number = seq};
}

TradeMachine::Result TradeMachine::Execute(const ChangePlan& c, const machine::Context& ctx) {
  Begin();
  const uint64_t seq = SequenceOf(c.plan);
  Plan* p = PartitionOf(c.plan) == partition_ ? plans_.FindMutable(seq) : nullptr;
  if (!p || p->investor != c.investor) return {.reason = Reason::kPlanNotFound};
  const Result done{.number = seq};
  if (p->state == PlanState::kEnded) {
    return c.action == PlanAction::kEnd ? done : Result{.reason = Reason::kPlanEnded, .number = seq};
  }
  const auto drop = [&] {
    p->next = Date();
    if (p->order == 0) p->firing = false;
    debits_.Remove(seq);
  };
  switch (c.action) {
    case PlanAction::kChange: {
      if (c.terms == p->terms && !p->wanted) return done;
      if (p->wanted) {
        return *p->wanted == c.terms ? done : Result{.reason = Reason::kPlanAwaitsInstitution, .number = seq};
      }
      if (p->state == PlanState::kOpening) return {.reason = Reason::kPlanAwaitsInstitution, .number = seq};
      if (c.terms.redemption != p->terms.redemption) return {.reason = Reason::kPlanOtherWay, .number = seq};
      if (Reason r = CheckPlanTerms(p->fund, c.terms, ctx.now); r != Reason::kNone) return {.reason = r, .number = seq};
      if (PlansOf(p->fund, ctx.now) == PlansAt::kAll && p->contract != 0) {
        p->wanted = c.terms;
        TellInstitution(seq, kChangePlan, ctx);
      } else {
        TakeTerms(*p, seq, c.terms, ctx.now);
      }
      break;
    }
    case PlanAction::kPause:
      if (p->state == PlanState::kPaused) return done;
      if (p->state == PlanState::kOpening) return {.reason = Reason::kPlanAwaitsInstitution, .number = seq};
      p->state = PlanState::kPaused;
      drop();
      break;
    case PlanAction::kResume:
      if (p->state != PlanState::kPaused) return done;
      p->state = PlanState::kActive;
      p->nominal = std::max(p->nominal, ctx.now.date());
      if (p->order == 0) NextDebit(*p, seq, ctx.now);
      break;
    case PlanAction::kEnd:
      EndPlan(*p, seq, ReasonSource::kTrade, Reason::kPlanEndedByInvestor, ctx.now);
      break;
  }
  TellEnds(ctx);
  AdvanceUndecided();
  return done;
}

// A debit that is under way is made by the terms that held when it began.
void TradeMachine::TakeTerms(Plan& p, uint64_t seq, const PlanTerms& terms, TimePoint now) {
  p.terms = terms;
  p.wanted.reset();
  p.nominal = Date();
  if (p.order != 0) return;
  debits_.Remove(seq);
  NextDebit(p, seq, now);
}

TimePoint TradeMachine::PlansDueAt() {
  TimePoint at;
  plan_days_.ScanAll([&](Date day, const PlanDay& d) {
    if (d.cursor < d.count) at = TimePoint::At(day, kDebitTime);
    return at.raw() == 0;
  });
  return at;
}

TradeMachine::Result TradeMachine::Execute(const PlanTick&, const machine::Context& ctx) {
  Begin();
  std::vector<Date> days;
  plan_days_.ScanAll([&](Date day, const PlanDay&) {
    if (ctx.now < TimePoint::At(day, kDebitTime)) return false;
    days.push_back(day);
    return true;
  });
  uint64_t looked = 0;
  for (Date day : days) {
    PlanDay& d = plan_days_.Mutable(day);
    while (d.cursor < d.count && looked < kDuesACommand) {
      const PlanChunkKey key{day, d.cursor / kPlanChunk};
      const PlanChunk chunk = *plan_chunks_.Find(key);
      for (; d.cursor < d.count && d.cursor / kPlanChunk == key.chunk && looked < kDuesACommand; ++d.cursor, ++looked)
        FirePlan(chunk.plans[d.cursor % kPlanChunk], day, ctx.now);
      if (d.cursor / kPlanChunk != key.chunk) plan_chunks_.Erase(key);
    }
    if (d.cursor == d.count && day < ctx.now.date()) {
      plan_chunks_.Erase({day, d.cursor / kPlanChunk});
      plan_days_.Erase(day);
    }
  }
  TellEnds(ctx);
  AdvanceUndecided();
  return {.more = PlansDue(ctx.now)};
}

void TradeMachine::FirePlan(uint64_t seq, Date day, TimePoint now) {
  const Plan* known = plans_.Find(seq);
  if (!known || known->next != day || known->firing) return;  // changed since
  if (known->state != PlanState::kActive && known->state != PlanState::kOpening) return;
  Plan& p = plans_.Mutable(seq);
  const FundTerms* fund = products_.Fund(p.fund, now);
  if (!fund) return PutDue(p, seq, now.date().AddDays(1));
  if (fund->status == FundStatus::kTerminated) return EndPlan(p, seq, ReasonSource::kTrade, Reason::kFundTerminated, now);
  const Date today = now.date();
  bool known_day = false;
  const InstitutionTerms* institution = products_.Institution(fund->ta);
  const bool takes = OpenFor(p.fund, today, now, &known_day) && institution && now.time_of_day() < institution->cutoff;
  // Of the debit days that have gone by meanwhile only the latest is made up for.
  for (Date d = NextDebitDay(p.terms, p.nominal); day < today && d.is_set() && d <= today; d = NextDebitDay(p.terms, d))
    p.nominal = d;
  if (!takes) {
    // The calendar changed, or nobody was there on the day.
    const Date later = RollForward(p.fund, today.AddDays(1), now);
    Note(p, today, PlanEvent::kLate, 0);
    return PutDue(p, seq, later);
  }
  if (p.state == PlanState::kOpening) return PutDue(p, seq, RollForward(p.fund, today.AddDays(1), now));
  if (Reason r = CheckStatus(fund->status, OrderBusiness(p.terms)); r != Reason::kNone) {
    Note(p, today, PlanEvent::kFundSuspended, 0, ReasonSource::kTrade, static_cast<uint32_t>(r));
    return NextDebit(p, seq, now);
  }
  p.next = today;
  p.firing = true;
  p.order = 0;
  debits_.Add(seq);
}

TradeMachine::Result TradeMachine::Execute(const SkipDebit& c, const machine::Context& ctx) {
  Begin();
  Plan* p = plans_.FindMutable(c.plan);
  if (!p || !p->firing || p->order != 0 || p->next != c.day) return {};
  debits_.Remove(c.plan);
  Note(*p, c.day, PlanEvent::kNothingToBuy, 0, ReasonSource::kTrade, c.reason);
  NextDebit(*p, c.plan, ctx.now);
  TellEnds(ctx);
  AdvanceUndecided();
  return {};
}

uint8_t TradeMachine::DebitBusiness(const Plan& p, TimePoint now) {
  const bool told = PlansOf(p.fund, now) != PlansAt::kNothing;
  if (p.terms.redemption) return told ? kPlanRedemption : kRedemption;
  return told ? kPlanPurchase : kPurchase;
}

std::string TradeMachine::DebitRequest(uint64_t seq, Date day) const {
  return StrCat("plan/", FormatOrderId(IdOf(seq)), "/", day.Compact());
}

Money TradeMachine::OnItsWay(InvestorId investor, const FundCode& fund) {
  constexpr int kLookedBack = 64;
  Money sum;
  uint64_t seq = LastOrderOf(investor);
  for (int n = 0; seq != 0 && n < kLookedBack; ++n) {
    const Order* o = orders_.Find(seq);
    if (!o) break;
    const bool under_way =
        o->state == OrderState::kReceived || o->state == OrderState::kAccepted || o->state == OrderState::kDispatched;
    if (under_way && MovesCash(o->business) && FundCodeOf(*o) == fund.view()) sum += o->amount;
    seq = o->previous;
  }
  return sum;
}

void TradeMachine::FollowPlan(uint64_t order, const Order& o, TimePoint now) {
  const PlanLink* link = plan_links_.Find(order);
  if (!link) return;
  const uint64_t seq = link->plan;
  if (IsPlanContract(o.business)) return FollowContract(seq, order, o, now);
  Plan& p = plans_.Mutable(seq);
  if (p.order != order) {
    // It was accepted before, and is over now without having bought anything.
    const bool undone = o.state == OrderState::kCancelled || o.state == OrderState::kRefused;
    if (!undone || !link->counted) return;
    plan_links_.Mutable(order).counted = false;
    --p.debits;
    p.debited -= o.amount;
    p.redeemed -= o.units;
    return Note(p, now.date(), PlanEvent::kUndone, order, o.source, o.reason);
  }
  const Date today = now.date();
  switch (o.state) {
    case OrderState::kAccepted:
      ++p.debits;
      p.misses_in_a_row = 0;
      p.debited += o.amount;
      p.redeemed += o.units;
      plan_links_.Mutable(order).counted = true;
      Note(p, today, PlanEvent::kDebited, order);
      break;
    case OrderState::kRejected:
      if (o.source == ReasonSource::kAccount && NotEnough(ReasonNameOf(o.source, o.reason))) {
        if (++p.tries < kDebitTries) {
          Note(p, today, PlanEvent::kTryFailed, order, o.source, o.reason);
          p.firing = false;
          p.order = 0;
          if (p.state == PlanState::kActive) PutDue(p, seq, RollForward(p.fund, today.AddDays(1), now));
          return;
        }
        ++p.misses;
        ++p.misses_in_a_row;
        Note(p, today, PlanEvent::kMissed, order, o.source, o.reason);
        const MissRule rule = p.terms.miss_rule;
        const bool over = rule == MissRule::kThreeInAll    ? p.misses >= 3
                          : rule == MissRule::kThreeInARow ? p.misses_in_a_row >= 3
                                                           : p.misses_in_a_row >= 12;
        if (over && p.state != PlanState::kEnded) {
          p.order = 0;
          return EndPlan(p, seq, ReasonSource::kTrade, Reason::kPlanMissedTooOften, now);
        }
        break;
      }
      Note(p, today, o.source == ReasonSource::kTrade && Suspended(static_cast<Reason>(o.reason)) ? PlanEvent::kFundSuspended
                                                                                                 : PlanEvent::kBlocked,
           order, o.source, o.reason);
      break;
    case OrderState::kCancelled: Note(p, today, PlanEvent::kUndone, order); break;
    case OrderState::kRefused: Note(p, today, PlanEvent::kUndone, order, o.source, o.reason); break;
    case OrderState::kNone:
    case OrderState::kReceived:
    case OrderState::kDispatched:
    case OrderState::kConfirmed:
    case OrderState::kSettled:
    case OrderState::kChallenged: return;  // waits on
  }
  p.firing = false;
  p.order = 0;
  if (p.state == PlanState::kActive) NextDebit(p, seq, now);
}

// What the institution said of a plan itself.
void TradeMachine::FollowContract(uint64_t seq, uint64_t order, const Order& o, TimePoint now) {
  Plan& p = plans_.Mutable(seq);
  const bool refused = o.state == OrderState::kRejected || o.state == OrderState::kRefused || o.state == OrderState::kCancelled;
  if (!refused && o.state != OrderState::kSettled) return;
  if (o.business == kOpenPlan && p.state == PlanState::kOpening) {
    if (!refused) {
      p.state = PlanState::kActive;
      return;
    }
    if (o.state == OrderState::kCancelled) return EndPlan(p, seq, ReasonSource::kTrade, Reason::kPlanEndedByInvestor, now);
    return EndPlan(p, seq, o.source, o.reason, now);
  }
  if (o.business == kChangePlan && p.contract == order && p.wanted) {
    if (!refused) return TakeTerms(p, seq, PlanTerms(*p.wanted), now);
    p.wanted.reset();
    Note(p, now.date(), PlanEvent::kBlocked, order, o.source, o.reason);
  }
}

std::vector<uint64_t> TradeMachine::PlansOfInvestor(InvestorId investor) {
  const OwnPlans* own = own_plans_.Find(SequenceOf(investor));
  return own ? own->plans : std::vector<uint64_t>();
}

}  // namespace fundcore::trade
