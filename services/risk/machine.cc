// Decisions, questionnaires, watch list.
#include "services/risk/machine.h"

#include <algorithm>
#include <limits>

#include "services/risk/fired.h"
#include "services/risk/questionnaire.h"

namespace fundcore::risk {

using machine::Context;
using Result = RiskMachine::Result;

namespace {

// Applicants for absurd amounts must not bring the machine to a halt: sums stop at the largest number.
Money SaturatingAdd(Money a, Money b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a.raw(), b.raw(), &sum)) sum = std::numeric_limits<int64_t>::max();
  return Money::FromRaw(sum);
}

// The calendar day of one moment after the other, most of which fall on the same day.
class DayOf {
 public:
  Date operator()(TimePoint at) {
    if (at < begin_ || at >= end_) {
      day_ = at.date();
      begin_ = TimePoint::At(day_, TimeOfDay());
      end_ = begin_ + Duration::Seconds(24 * 3600);
    }
    return day_;
  }

 private:
  TimePoint begin_, end_;
  Date day_;
};

}  // namespace

Result RiskMachine::Execute(const AbsorbFacts& c, const Context&) {
  products_.Absorb(c);
  return {};
}

Result RiskMachine::Execute(const AdoptLimits& c, const Context&) {
  if (limits_.Get().adopted && limits_.Get().limits == c.limits) return {};
  limits_.Mutable() = {true, c.limits};
  return {};
}

RiskMachine::Standing RiskMachine::StandingAt(const Profile* profile, uint64_t investor, TimePoint at) {
  if (!profile) return {};
  if (profile->changed_at <= at) return {profile->risk_class, profile->lowest_class, profile->watch, profile->valid_until};

  Standing standing;
  const Dossier* dossier = dossiers_.Find(investor);
  if (!dossier) return standing;
  if (const Assessment* a = AsOf(dossier->assessments, at)) {
    standing.risk_class = a->risk_class;
    standing.lowest_class = a->lowest_class;
    standing.valid_until = a->valid_until;
  }
  if (const WatchChange* w = AsOf(dossier->watches, at)) standing.watch = w->level;
  return standing;
}

Verdict RiskMachine::Judge(const DecideItem& item, TimePoint received, const Terms& terms, Evidence& evidence) {
  const Profile* profile = profiles_.Find(item.investor);
  const Standing standing = StandingAt(profile, item.investor, received);
  const RiskLimits& limits = *terms.limits;
  const FundTerms* fund = terms.fund;
  const bool purchase = IsPurchase(item.business);
  const Money amount = purchase ? std::max(item.amount, Money()) : Money();

  // An order of an earlier day than the investor's latest counts towards the later day: it was held up, and a day that is
  // gone is not opened again.
  const bool same_day = profile && terms.day <= profile->day;
  const uint32_t day_orders = (same_day ? profile->day_orders : 0) + 1;
  const Money day_amount = SaturatingAdd(same_day ? profile->day_amount : Money(), amount);

  Fired fired;
  if (standing.watch == WatchLevel::kBlock) fired.Block(Reason::kWatchBlocked);
  if (purchase || IsConversion(item.business)) {
    JudgeSuitability(item, received, terms, standing, fired);
    if (amount > limits.order_amount) fired.Challenge(Reason::kOrderAmountLimit);
    if (purchase && day_amount > limits.day_amount) fired.Challenge(Reason::kDayAmountLimit);
  }
  if (day_orders > limits.day_orders) fired.Challenge(Reason::kDayOrdersLimit);
  if (standing.watch == WatchLevel::kChallenge) fired.Challenge(Reason::kWatchChallenged);
  if (!purchase && !MovesNothing(item.business) && profile && profile->large_purchase_at > TimePoint() && received >= profile->large_purchase_at &&
      received - profile->large_purchase_at <= limits.churn_within) {
    fired.Note(Reason::kRedeemedSoonAfterPurchase);
  }

  evidence.order = item.order;
  evidence.investor = item.investor;
  evidence.business = item.business;
  evidence.flags = static_cast<uint8_t>((item.mismatch_confirmed ? kConfirmedFlag : 0) |
                                        (standing.lowest_class ? kLowestClassFlag : 0));
  evidence.risk_class = standing.risk_class;
  evidence.risk_grade = fund ? fund->risk_grade : 0;
  evidence.watch = standing.watch;
  evidence.rules = fired.mask();
  evidence.day_orders = day_orders;
  evidence.valid_until = standing.valid_until;
  evidence.amount = item.amount;
  evidence.day_amount = day_amount;
  evidence.units = item.units;
  evidence.after = item.after;
  evidence.product_version = fund ? fund->version : 0;

  // Only of investors with a profile, so that a made-up number leaves nothing behind.
  if (profile && fired.verdict().outcome != Outcome::kBlock) {
    Profile& p = profiles_.Mutable(item.investor);
    p.day = std::max(p.day, terms.day);
    p.day_orders = day_orders;
    p.day_amount = day_amount;
    if (purchase && amount >= limits.churn_amount) p.large_purchase_at = std::max(p.large_purchase_at, received);
  }
  return fired.verdict();
}

Result RiskMachine::Execute(const Decide& c, const Context& ctx) {
  verdicts_.clear();
  batch_.at = ctx.now;
  batch_.received = c.received;
  batch_.items.clear();
  batch_.more.clear();
  const InForce& in_force = limits_.Get();
  const TimePoint known_until = products_.watermark();
  Terms terms;
  terms.limits = &in_force.limits;
  DayOf day_of;
  FundCode fund;        // the last one looked up, and as of when
  TimePoint fund_at;

  // Investors are spread over all of memory. Fetching their profiles for the whole batch first lets those waits overlap
  // (0.69 us an order instead of 1.06).
  for (const DecideItem& item : c.items) __builtin_prefetch(profiles_.Find(item.investor));

  for (const DecideItem& item : c.items) {
    if (const Decision* seen = decisions_.Find(item.order)) {  // a retry
      verdicts_.push_back({seen->outcome, seen->reason});
      continue;
    }
    const TimePoint received = c.received + item.after;
    if (!in_force.adopted || received > known_until) {  // facts that bear on it may still come
      verdicts_.push_back({Outcome::kNotYet, Reason::kNone});
      continue;
    }
    if (received != fund_at || item.fund != fund || !terms.fund) {
      terms.fund = products_.Fund(item.fund, received);
      terms.rules = products_.Rules(item.fund, received);
      terms.policy = PolicyAt(received);
      fund = item.fund;
      fund_at = received;
    }
    terms.day = day_of(received);
    const Verdict verdict = Judge(item, received, terms, batch_.items.emplace_back());
    Decision& decision = decisions_.Mutable(item.order);
    decision.outcome = verdict.outcome;
    decision.reason = verdict.reason;
    verdicts_.push_back(verdict);
  }

  if (!batch_.items.empty()) {
    const machine::History::Position position = evidence_.Append(batch_);
    for (const Evidence& e : batch_.items) decisions_.Mutable(e.order).evidence = position;
  }
  Result result;
  result.verdicts = verdicts_;
  return result;
}

Result RiskMachine::Execute(const Assess& c, const Context& ctx) {
  if (!c.version.empty()) return AssessByOptions(c, ctx);
  const InvestorId investor = MakeInvestorId(partition_, c.investor);
  const auto id = machine::IdIndex::HashOf({c.caller.view(), FormatInvestorId(investor), c.request_id});
  const uint64_t content = machine::IdIndex::HashOf({"answers/1", c.points, c.lowest_class ? "lowest" : ""}).low;
  if (const auto seen = request_ids_.Find(id)) {  // a retry
    if (seen->content_hash != content) return {.reason = Reason::kRequestIdReused};
    return {.risk_class = static_cast<uint8_t>(seen->number % 10),
            .valid_until = Date::FromRaw(static_cast<int32_t>(seen->number / 10)),
            .repeated = true};
  }
  const Date today = ctx.received.date();
  if (Reason r = CheckAssessments(c.investor, today, PolicyAt(ctx.received)); r != Reason::kNone) return {.reason = r};

  Assessment a;
  a.at = ctx.now;
  a.day = today;
  a.valid_until = YearAfter(today);
  a.risk_class = c.lowest_class ? uint8_t{1} : RiskClassOf(c.points);
  a.lowest_class = c.lowest_class;
  Keep(c.investor, a, ctx.now);
  request_ids_.Insert(id, static_cast<uint64_t>(a.valid_until.raw()) * 10 + a.risk_class, content);
  return {.risk_class = a.risk_class, .valid_until = a.valid_until};
}

Result RiskMachine::Execute(const SetWatch& c, const Context& ctx) {
  const Dossier* known = dossiers_.Find(c.investor);
  const WatchChange* last = known && !known->watches.empty() ? &known->watches.back() : nullptr;
  if (last ? last->level == c.level && last->why == c.why : c.level == WatchLevel::kNone) return {};  // a retry

  Dossier& dossier = dossiers_.Mutable(c.investor);
  Forget(dossier.watches, ctx.now);
  dossier.watches.push_back({ctx.now, c.level, std::string(c.why)});
  Profile& profile = profiles_.Mutable(c.investor);
  profile.watch = c.level;
  profile.changed_at = ctx.now;
  return {};
}

absl::StatusOr<RiskMachine::Explained> RiskMachine::Explain(uint64_t order, const Decision& decision) {
  auto batch = evidence_.ReadAs<EvidenceBatch>(decision.evidence);
  if (!batch.ok()) return batch.status();
  for (const Evidence& e : batch->items) {
    if (e.order != order) continue;
    Explained explained{batch->at, batch->received + e.after, e, {}};
    for (MoreEvidence& more : batch->more)
      if (more.item == static_cast<size_t>(&e - batch->items.data())) explained.more = std::move(more);
    return explained;
  }
  return absl::DataLossError(StrCat("the evidence of order ", FormatOrderId(MakeOrderId(partition_, order)),
                                    " is not where its decision says; restore this data folder from a checkpoint"));
}

}  // namespace fundcore::risk
