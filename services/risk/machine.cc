// Decisions, questionnaires, watch list.
#include "services/risk/machine.h"

#include <algorithm>
#include <limits>

#include "services/risk/questionnaire.h"

namespace fundcore::risk {

using machine::Context;
using Result = RiskMachine::Result;

namespace {

constexpr size_t kAssessmentsADay = 2;
constexpr size_t kAssessmentsAYear = 8;
// Changes superseded longer ago than this are forgotten: longer than the year that the limits look back, and than any order
// waits for its decision.
constexpr Duration kDossierKept = Duration::Seconds(400ll * 24 * 3600);

// Applicants for absurd amounts must not bring the machine to a halt: sums stop at the largest number.
Money SaturatingAdd(Money a, Money b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a.raw(), b.raw(), &sum)) sum = std::numeric_limits<int64_t>::max();
  return Money::FromRaw(sum);
}

// The rules that fired. The first one that has an outcome is the decision's reason, so rules are checked in the order of
// reason.h: blocks before challenges.
class Fired {
 public:
  void Block(Reason r) { Set(r, Outcome::kBlock); }
  void Challenge(Reason r) { Set(r, Outcome::kChallenge); }
  void Note(Reason r) { mask_ |= Bit(r); }
  Verdict verdict() const { return verdict_; }
  uint32_t mask() const { return mask_; }

 private:
  static uint32_t Bit(Reason r) { return 1u << static_cast<uint16_t>(r); }
  void Set(Reason r, Outcome outcome) {
    Note(r);
    if (verdict_.outcome == Outcome::kAllow) verdict_ = {outcome, r};
  }
  Verdict verdict_{Outcome::kAllow, Reason::kNone};
  uint32_t mask_ = 0;
};

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

// The last entry of a list, oldest first, that was there at `at`; nullptr where none was.
template <class T>
const T* AsOf(const std::vector<T>& list, TimePoint at) {
  for (auto it = list.rbegin(); it != list.rend(); ++it)
    if (it->at <= at) return &*it;
  return nullptr;
}

// Forgets what was superseded long ago.
template <class T>
void Forget(std::vector<T>& list, TimePoint now) {
  auto keep = list.begin();
  while (keep != list.end() && keep + 1 != list.end() && (keep + 1)->at + kDossierKept < now) ++keep;
  list.erase(list.begin(), keep);
}

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
  if (purchase) {
    if (standing.risk_class == 0) {
      fired.Block(Reason::kQuestionnaireMissing);
    } else if (terms.day > standing.valid_until) {
      fired.Block(Reason::kQuestionnaireExpired);
    }
    if (!fund) {
      fired.Block(Reason::kFundUnknown);
    } else if (standing.lowest_class && fund->risk_grade > 1) {
      fired.Block(Reason::kLowestClassAboveR1);
    } else if (standing.risk_class > 0 && fund->risk_grade > standing.risk_class) {
      item.mismatch_confirmed ? fired.Note(Reason::kMismatchConfirmed) : fired.Block(Reason::kRiskAboveClass);
    }
    if (amount > limits.order_amount) fired.Challenge(Reason::kOrderAmountLimit);
    if (day_amount > limits.day_amount) fired.Challenge(Reason::kDayAmountLimit);
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
  size_t on_the_day = 0, in_the_year = 0;
  if (const Dossier* dossier = dossiers_.Find(c.investor)) {
    for (const Assessment& a : dossier->assessments) {
      on_the_day += a.day == today;
      in_the_year += YearAfter(a.day) > today;
    }
  }
  if (on_the_day >= kAssessmentsADay) return {.reason = Reason::kTwoAssessmentsToday};
  if (in_the_year >= kAssessmentsAYear) return {.reason = Reason::kEightAssessmentsInYear};

  Assessment a;
  a.at = ctx.now;
  a.day = today;
  a.valid_until = YearAfter(today);
  a.risk_class = c.lowest_class ? uint8_t{1} : RiskClassOf(c.points);
  a.lowest_class = c.lowest_class;
  Dossier& dossier = dossiers_.Mutable(c.investor);
  Forget(dossier.assessments, ctx.now);
  dossier.assessments.push_back(a);
  Profile& profile = profiles_.Mutable(c.investor);
  profile.risk_class = a.risk_class;
  profile.lowest_class = a.lowest_class;
  profile.valid_until = a.valid_until;
  profile.changed_at = a.at;
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
    if (e.order == order) return Explained{batch->at, batch->received + e.after, e};
  }
  return absl::DataLossError(StrCat("the evidence of order ", FormatOrderId(MakeOrderId(partition_, order)),
                                    " is not where its decision says; restore this data folder from a checkpoint"));
}

}  // namespace fundcore::risk
