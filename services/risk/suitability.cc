// Suitability: who may buy which fund, by questionnaire, policy, age and the fund's own demands; and what is recorded of it.
#include <algorithm>

#include "services/risk/fired.h"
#include "services/risk/questionnaire.h"

namespace fundcore::risk {

using machine::Context;
using Result = RiskMachine::Result;

namespace {

constexpr size_t kAssessmentsADay = 2;
constexpr size_t kAssessmentsAYear = 8;

}  // namespace

const Policy* RiskMachine::PolicyAt(TimePoint at) { return AsOf(policies_.Get().list, at); }

const Policy* RiskMachine::FindPolicy(std::string_view version) {
  for (const Policy& p : policies_.Get().list)
    if (p.version == version) return &p;
  return nullptr;
}

void RiskMachine::ForEachAnswers(uint64_t investor, absl::FunctionRef<void(TimePoint, const Answers&)> visit) {
  answers_.ScanPrefix(investor, [&](const AnswersKey& key, const Answers& a) { return visit(key.at, a), true; });
}

void RiskMachine::JudgeSuitability(const DecideItem& item, TimePoint received, const Terms& terms, const Standing& standing,
                                   Fired& fired) {
  const FundTerms* fund = terms.fund;
  const Person* person = any_person_.Get().any ? persons_.Find(item.investor) : nullptr;
  const PersonFacts* facts = person ? AsOf(person->facts, received) : nullptr;
  const bool professional = facts && facts->professional_until >= terms.day;
  MoreEvidence more;
  more.professional = professional;
  if (terms.policy) more.policy = terms.policy->version;
  if (facts && facts->birth_day.is_set()) more.age = AgeOn(facts->birth_day, terms.day);

  if (professional) {
    fired.Note(Reason::kProfessionalInvestor);
    if (!fund) fired.Block(Reason::kFundUnknown);
  } else {
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
      const bool by_text = terms.policy && !terms.policy->mismatch_text.empty();
      const Confirmation* c = FindConfirmation(person, ConfirmationKind::kMismatch, item.fund, received);
      if (c) {
        more.mismatch_version = c->version;
        more.mismatch_at = c->at;
      }
      const bool confirmed = by_text ? c && c->version == terms.policy->version : item.mismatch_confirmed;
      confirmed      ? fired.Note(Reason::kMismatchConfirmed)
      : by_text && c ? fired.Block(Reason::kMismatchTextOutdated)
                     : fired.Block(Reason::kRiskAboveClass);
    }
  }
  JudgeConfirmed(item, received, terms, person, fired, more);
  if (!terms.policy && !facts && more.recording.empty() && more.mismatch_version.empty()) return;
  more.item = static_cast<uint32_t>(batch_.items.size() - 1);
  batch_.more.push_back(std::move(more));
}

// What is asked of everybody whom it concerns, professional or not.
void RiskMachine::JudgeConfirmed(const DecideItem& item, TimePoint received, const Terms& terms, const Person* person,
                                 Fired& fired, MoreEvidence& more) {
  const Policy* policy = terms.policy;
  const bool old = policy && policy->age_from > 0 && more.age >= static_cast<int32_t>(policy->age_from);
  if (old && terms.fund && terms.fund->risk_grade >= policy->age_grade) {
    const Confirmation* c = FindConfirmation(person, ConfirmationKind::kAge, item.fund, received);
    if (c) {
      more.age_version = c->version;
      more.age_at = c->at;
    }
    c && c->version == policy->version ? fired.Note(Reason::kAgeWarningConfirmed) : fired.Block(Reason::kAgeWarningMissing);
  }
  if (!terms.rules) return;
  if (terms.rules->pension_class) {
    const PersonFacts* facts = person ? AsOf(person->facts, received) : nullptr;
    if (!facts || !facts->pension_account) fired.Block(Reason::kPensionAccountMissing);
  }
  if (terms.rules->needs_recording) {
    const Confirmation* c = FindConfirmation(person, ConfirmationKind::kRecording, item.fund, received);
    if (c) more.recording = c->reference;
    c ? fired.Note(Reason::kSaleRecorded) : fired.Block(Reason::kRecordingMissing);
  }
}

Reason RiskMachine::CheckAssessments(uint64_t investor, Date today, const Policy* policy) {
  size_t on_the_day = 0, in_the_year = 0;
  if (const Dossier* dossier = dossiers_.Find(investor)) {
    for (const Assessment& a : dossier->assessments) {
      on_the_day += a.day == today;
      in_the_year += YearAfter(a.day) > today;
    }
  }
  if (on_the_day >= (policy ? policy->assessments_a_day : kAssessmentsADay)) return Reason::kTwoAssessmentsToday;
  if (in_the_year >= (policy ? policy->assessments_a_year : kAssessmentsAYear)) return Reason::kEightAssessmentsInYear;
  return Reason::kNone;
}

void RiskMachine::Keep(uint64_t investor, const Assessment& a, TimePoint now) {
  Dossier& dossier = dossiers_.Mutable(investor);
  Forget(dossier.assessments, now);
  dossier.assessments.push_back(a);
  Profile& profile = profiles_.Mutable(investor);
  profile.risk_class = a.risk_class;
  profile.lowest_class = a.lowest_class;
  profile.valid_until = a.valid_until;
  profile.changed_at = a.at;
}

Result RiskMachine::AssessByOptions(const Assess& c, const Context& ctx) {
  const InvestorId investor = MakeInvestorId(partition_, c.investor);
  const auto id = machine::IdIndex::HashOf({c.caller.view(), FormatInvestorId(investor), c.request_id});
  const uint64_t content = machine::IdIndex::HashOf({"options/1", c.version, c.options}).low;
  if (const auto seen = request_ids_.Find(id)) {  // a retry
    if (seen->content_hash != content) return {.reason = Reason::kRequestIdReused};
    return {.risk_class = static_cast<uint8_t>(seen->number % 10),
            .valid_until = Date::FromRaw(static_cast<int32_t>(seen->number / 10)),
            .repeated = true};
  }
  const Policy* policy = PolicyAt(ctx.received);
  if (!policy) return {.reason = Reason::kPolicyMissing};
  if (policy->version != c.version) return {.reason = Reason::kQuestionnaireOutdated};
  const auto scored = Score(*policy, c.options);
  if (!scored) return {.reason = Reason::kAnswersDoNotFit};
  const Date today = ctx.received.date();
  if (Reason r = CheckAssessments(c.investor, today, policy); r != Reason::kNone) return {.reason = r};

  Assessment a;
  a.at = ctx.now;
  a.day = today;
  a.valid_until = MonthsAfter(today, policy->valid_months);
  a.risk_class = scored->risk_class;
  a.lowest_class = scored->lowest;
  answers_.Put({c.investor, ctx.now}, {std::string(c.version), std::string(c.options), scored->score});
  Keep(c.investor, a, ctx.now);
  request_ids_.Insert(id, static_cast<uint64_t>(a.valid_until.raw()) * 10 + a.risk_class, content);
  return {.risk_class = a.risk_class, .valid_until = a.valid_until};
}

Result RiskMachine::Execute(const PutPolicy& c, const Context&) {
  if (const Policy* known = FindPolicy(c.policy.version))
    return {.reason = Encode(*known) == Encode(c.policy) ? Reason::kNone : Reason::kPolicyVersionReused};
  auto& list = policies_.Mutable().list;
  const auto at = std::upper_bound(list.begin(), list.end(), c.policy.at, [](TimePoint t, const Policy& p) { return t < p.at; });
  list.insert(at, c.policy);
  return {};
}

Result RiskMachine::Execute(const SetPerson& c, const Context& ctx) {
  PersonFacts facts = c.facts;
  facts.at = ctx.now;
  const Person* known = persons_.Find(c.investor);
  if (known && !known->facts.empty()) {
    PersonFacts same = known->facts.back();
    same.at = facts.at;
    if (Encode(same) == Encode(facts)) return {};  // a retry
  }
  Person& person = persons_.Mutable(c.investor);
  Forget(person.facts, ctx.now);
  person.facts.push_back(facts);
  if (!any_person_.Get().any) any_person_.Mutable().any = true;
  return {};
}

Result RiskMachine::Execute(const Confirm& c, const Context& ctx) {
  if (c.confirmation.kind != ConfirmationKind::kRecording) {
    const Policy* policy = PolicyAt(ctx.received);
    if (!policy) return {.reason = Reason::kPolicyMissing};
    if (policy->version != c.confirmation.version) return {.reason = Reason::kTextOutdated};
  }
  const Person* known = persons_.Find(c.investor);
  const Confirmation* last = FindConfirmation(known, c.confirmation.kind, c.confirmation.fund, ctx.now);
  if (last && last->version == c.confirmation.version && last->reference == c.confirmation.reference)
    return {.repeated = true, .at = last->at};
  if (known && known->confirmations.size() >= kMostConfirmations) return {.reason = Reason::kTooManyConfirmations};

  Confirmation& kept = persons_.Mutable(c.investor).confirmations.emplace_back(c.confirmation);
  kept.at = ctx.now;
  if (!any_person_.Get().any) any_person_.Mutable().any = true;
  return {.at = kept.at};
}

}  // namespace fundcore::risk
