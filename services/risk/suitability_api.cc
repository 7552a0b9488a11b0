// Policies, what is known of a person, confirmations, and the evidence of all of it.
#include <algorithm>
#include <memory>
#include <string>

#include "common/base/check.h"
#include "common/base/status.h"
#include "services/risk/questionnaire.h"
#include "services/risk/service.h"

namespace fundcore::risk {
namespace {

constexpr Duration kPolicyLead = Duration::Seconds(30);
constexpr size_t kLongestText = 4'000;

std::string_view NameOf(ConfirmationKind kind) {
  switch (kind) {
    case ConfirmationKind::kMismatch: return "mismatch";
    case ConfirmationKind::kAge: return "age";
    case ConfirmationKind::kRecording: return "recording";
  }
  return "";
}

bool GoodDay(int32_t day) { return day == 0 || Date::Parse(StrCat(day)).ok(); }

bool GoodVersion(std::string_view v) {
  return !v.empty() && v.size() <= 32 && std::all_of(v.begin(), v.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.';
  });
}

// What is wrong with the message, or "".
std::string FaultOf(const v1::Policy& m) {
  if (!GoodVersion(m.version())) return "version must have 1 to 32 letters, digits, \"-\" and \".\"";
  if (m.questions_size() == 0 || m.questions_size() > static_cast<int>(kMostAnswers)) return "questions must be 1 to 100";
  uint32_t most = 0;
  for (const v1::Question& q : m.questions()) {
    if (q.options_size() < 2 || q.options_size() > 20) return "a question has 2 to 20 options";
    if (q.text().size() > kLongestText) return "the text of a question is longer than 4,000 bytes";
    uint32_t best = 0;
    for (const v1::QuestionOption& o : q.options()) {
      if (o.points() > 255 || o.text().size() > kLongestText) return "an option has 0 to 255 points and at most 4,000 bytes of text";
      best = std::max(best, o.points());
    }
    most += best;
  }
  if (m.class_from_size() != 4) return "class_from must be the least scores of C2, C3, C4 and C5";
  for (int i = 0; i < 4; ++i) {
    if (m.class_from(i) > most) return StrCat("class_from ", m.class_from(i), " is above ", most, ", the most that can be scored");
    if (i > 0 && m.class_from(i) <= m.class_from(i - 1)) return "class_from must ascend";
  }
  if (m.valid_months() > 24) return "valid_months must be 1 to 24";
  if (m.mismatch_text().size() > kLongestText || m.age_text().size() > kLongestText) return "a text is longer than 4,000 bytes";
  if (m.age_from() > 0 && (m.age_grade() < 1 || m.age_grade() > 5 || m.age_text().empty()))
    return "age_from needs beside it an age_grade of 1 to 5 and an age_text";
  return "";
}

Policy FromProto(const v1::Policy& m) {
  Policy p;
  p.version = m.version();
  p.at = TimePoint::FromRaw(m.effective_at_us());
  for (const v1::Question& q : m.questions()) {
    Question& to = p.questions.emplace_back();
    to.text = q.text();
    for (const v1::QuestionOption& o : q.options()) to.options.push_back({o.text(), static_cast<uint8_t>(o.points()), o.lowest()});
  }
  for (int i = 0; i < 4; ++i) p.class_from[static_cast<size_t>(i)] = m.class_from(i);
  if (m.valid_months() > 0) p.valid_months = m.valid_months();
  if (m.assessments_a_day() > 0) p.assessments_a_day = m.assessments_a_day();
  if (m.assessments_in_12_months() > 0) p.assessments_a_year = m.assessments_in_12_months();
  p.mismatch_text = m.mismatch_text();
  p.age_from = m.age_from();
  p.age_grade = static_cast<uint8_t>(m.age_grade());
  p.age_text = m.age_text();
  return p;
}

void ToProto(const Policy& p, v1::Policy* m) {
  m->set_version(p.version);
  m->set_effective_at_us(p.at.raw());
  for (const Question& q : p.questions) {
    v1::Question* to = m->add_questions();
    to->set_text(q.text);
    for (const QuestionOption& o : q.options) {
      v1::QuestionOption* option = to->add_options();
      option->set_text(o.text);
      option->set_points(o.points);
      option->set_lowest(o.lowest);
    }
  }
  for (uint32_t from : p.class_from) m->add_class_from(from);
  m->set_valid_months(p.valid_months);
  m->set_assessments_a_day(p.assessments_a_day);
  m->set_assessments_in_12_months(p.assessments_a_year);
  m->set_mismatch_text(p.mismatch_text);
  m->set_age_from(p.age_from);
  m->set_age_grade(p.age_grade);
  m->set_age_text(p.age_text);
}

// Everything that is kept of one investor.
void FillEvidence(RiskMachine& machine, uint64_t investor, v1::GetEvidenceResponse* out) {
  const Dossier* dossier = machine.FindDossier(investor);
  for (const Assessment& a : dossier ? dossier->assessments : std::vector<Assessment>()) {
    v1::AssessmentEvidence* to = out->add_assessments();
    to->set_at_us(a.at.raw());
    to->set_day(a.day.raw());
    to->set_valid_until(a.valid_until.raw());
    to->set_risk_class(a.risk_class);
    to->set_lowest_class(a.lowest_class);
  }
  // Answers are kept longer than the dossier keeps assessments: those that it has forgotten stand alone.
  machine.ForEachAnswers(investor, [&](TimePoint at, const Answers& answers) {
    v1::AssessmentEvidence* to = nullptr;
    for (v1::AssessmentEvidence& known : *out->mutable_assessments())
      if (known.at_us() == at.raw()) to = &known;
    if (!to) {
      to = out->add_assessments();
      to->set_at_us(at.raw());
      to->set_day(at.date().raw());
    }
    to->set_questionnaire(answers.version);
    to->set_score(answers.score);
    for (char o : answers.options) to->add_options(static_cast<uint8_t>(o));
  });
  std::sort(out->mutable_assessments()->begin(), out->mutable_assessments()->end(),
            [](const v1::AssessmentEvidence& a, const v1::AssessmentEvidence& b) { return a.at_us() < b.at_us(); });
  for (const WatchChange& w : dossier ? dossier->watches : std::vector<WatchChange>()) {
    v1::WatchEvidence* to = out->add_watches();
    to->set_at_us(w.at.raw());
    to->set_level(static_cast<uint32_t>(w.level));
    to->set_why(w.why);
  }
  const Person* person = machine.FindPerson(investor);
  if (!person) return;
  for (const PersonFacts& f : person->facts) {
    v1::InvestorFacts* to = out->add_facts();
    to->set_at_us(f.at.raw());
    to->set_birth_day(f.birth_day.raw());
    to->set_professional_until(f.professional_until.raw());
    to->set_pension_account(f.pension_account);
  }
  for (const Confirmation& c : person->confirmations) {
    v1::ConfirmationEvidence* to = out->add_confirmations();
    to->set_at_us(c.at.raw());
    to->set_kind(std::string(NameOf(c.kind)));
    to->set_fund_code(c.fund.str());
    to->set_text_version(c.version);
    to->set_reference(c.reference);
    const Policy* policy = machine.FindPolicy(c.version);
    if (policy && c.kind != ConfirmationKind::kRecording)
      to->set_text(c.kind == ConfirmationKind::kAge ? policy->age_text : policy->mismatch_text);
  }
}

}  // namespace

// To every partition that is served here; a partition that has the version already says so and nothing changes.
void RiskService::OnPutPolicy(const v1::PutPolicyRequest& q, v1::PutPolicyResponse* r, rpc::Reply reply) {
  if (const std::string fault = FaultOf(q.policy()); !fault.empty()) return reply(Bad("policy", q.policy().version(), fault));
  struct Sum {
    std::atomic<uint64_t> served{0};
    std::atomic<int> refused{0};
    rpc::Reply reply;
  };
  auto sum = std::make_shared<Sum>();
  sum->reply = std::move(reply);
  machine::Gather* gather = machine::Gather::New(host_.partitions(), [sum, r] {
    if (sum->refused > 0) return sum->reply(Refusal(static_cast<Reason>(sum->refused.load())));
    if (sum->served == 0) return sum->reply(NotServing());
    r->set_partitions(sum->served);
    sum->reply(absl::OkStatus());
  });
  for (uint16_t i = 0; i < host_.partitions(); ++i) {
    host_.On(PartitionId(i), [this, i, sum, gather, policy = FromProto(q.policy())](Partition& p) {
      if (!p.serving()) return gather->One();
      const bool known = p.machine().FindPolicy(policy.version) != nullptr;
      if (!known && policy.at < p.executor()->Now() + kPolicyLead) {
        sum->refused = static_cast<int>(Reason::kPolicyTooSoon);
        return gather->One();
      }
      const auto done = [sum, gather](const RiskMachine::Result& result) {
        if (result.reason != Reason::kNone) sum->refused = static_cast<int>(result.reason);
        ++sum->served;
        gather->One();
      };
      host_.Submit(PartitionId(i), PutPolicy{policy}, machine::OrLost(done, [gather] { gather->One(); }));
    });
  }
}

template <class C, class F>
void RiskService::ForInvestor(InvestorId investor, C command, rpc::Reply reply, F fill) {
  host_.On(PartitionOf(investor), [this, investor, command = std::move(command), fill, reply = std::move(reply)](Partition& p) mutable {
    if (absl::Status s = Admit(p); !s.ok()) return reply(std::move(s));
    host_.Submit(PartitionOf(investor), command, [fill, reply = std::move(reply)](const RiskMachine::Result& result) mutable {
      if (result.reason != Reason::kNone) return reply(Refusal(result.reason));
      fill(result);
      reply(absl::OkStatus());
    });
  });
}

void RiskService::OnGetEvidence(const v1::GetEvidenceRequest& q, v1::GetEvidenceResponse* r, rpc::Reply reply) {
  if (absl::Status s = CheckInvestor(q.investor_id()); !s.ok()) return reply(std::move(s));
  const InvestorId investor(q.investor_id());
  host_.On(PartitionOf(investor), [investor, r, reply = std::move(reply)](Partition& p) mutable {
    if (!p.serving()) return reply(NotServing());
    FillEvidence(p.machine(), SequenceOf(investor), r);
    reply(absl::OkStatus());
  });
}

void RiskService::RegisterSuitability(rpc::Handlers* h) {
  using rpc::Call;
  using rpc::Reply;
  const std::string face = "fundcore.risk.v1.RiskService/";
  h->Unary<v1::PutPolicyRequest, v1::PutPolicyResponse>(
      face + "PutPolicy", [this](const Call& call, const v1::PutPolicyRequest& q, v1::PutPolicyResponse* r, Reply reply) {
        if (absl::Status s = CheckOperator(call); !s.ok()) return reply(std::move(s));
        OnPutPolicy(q, r, std::move(reply));
      });
  h->Unary<v1::GetPolicyRequest, v1::GetPolicyResponse>(
      face + "GetPolicy", [this](const Call&, const v1::GetPolicyRequest& q, v1::GetPolicyResponse* r, Reply reply) {
        host_.On(PartitionId(0), [at = q.at_us(), r, reply = std::move(reply)](Partition& p) mutable {
          if (!p.serving()) return reply(NotServing());
          const Policy* policy = p.machine().PolicyAt(at == 0 ? p.executor()->Now() : TimePoint::FromRaw(at));
          if (!policy) return reply(Refusal(Reason::kPolicyMissing));
          ToProto(*policy, r->mutable_policy());
          reply(absl::OkStatus());
        });
      });
  h->Unary<v1::SetInvestorRequest, v1::SetInvestorResponse>(
      face + "SetInvestor", [this](const Call& call, const v1::SetInvestorRequest& q, v1::SetInvestorResponse*, Reply reply) {
        if (absl::Status s = CheckOperator(call); !s.ok()) return reply(std::move(s));
        if (absl::Status s = CheckInvestor(q.investor_id()); !s.ok()) return reply(std::move(s));
        if (!GoodDay(q.birth_day())) return reply(Bad("birth_day", StrCat(q.birth_day()), "is not a date (yyyymmdd)"));
        if (!GoodDay(q.professional_until()))
          return reply(Bad("professional_until", StrCat(q.professional_until()), "is not a date (yyyymmdd)"));
        const InvestorId investor(q.investor_id());
        const PersonFacts facts{TimePoint(), Date::FromRaw(q.birth_day()), Date::FromRaw(q.professional_until()), q.pension_account()};
        ForInvestor(investor, SetPerson{SequenceOf(investor), facts}, std::move(reply), [](const RiskMachine::Result&) {});
      });
  h->Unary<v1::ConfirmRequest, v1::ConfirmResponse>(
      face + "Confirm", [this](const Call&, const v1::ConfirmRequest& q, v1::ConfirmResponse* r, Reply reply) {
        if (absl::Status s = CheckInvestor(q.investor_id()); !s.ok()) return reply(std::move(s));
        if (q.fund_code().empty() || !FundCode::Fits(q.fund_code()))
          return reply(Bad("fund_code", q.fund_code(), "is not the code of a fund"));
        Confirmation c;
        c.fund = FundCode(q.fund_code());
        c.version = q.text_version();
        c.reference = q.reference();
        bool known = false;
        for (ConfirmationKind kind : {ConfirmationKind::kMismatch, ConfirmationKind::kAge, ConfirmationKind::kRecording}) {
          if (NameOf(kind) != q.kind()) continue;
          c.kind = kind;
          known = true;
        }
        if (!known) return reply(Bad("kind", q.kind(), "must be mismatch, age or recording"));
        const bool recording = c.kind == ConfirmationKind::kRecording;
        if (recording ? c.reference.empty() || c.reference.size() > 128 || !c.version.empty() : !GoodVersion(c.version) || !c.reference.empty())
          return reply(Bad(recording ? "reference" : "text_version", recording ? c.reference : c.version,
                           "must be there, at most 128 and 32 bytes; a recording has a reference, the others a text_version"));
        const InvestorId investor(q.investor_id());
        ForInvestor(investor, Confirm{SequenceOf(investor), std::move(c)}, std::move(reply),
                    [r](const RiskMachine::Result& result) { r->set_at_us(result.at.raw()); });
      });
  h->Unary<v1::GetEvidenceRequest, v1::GetEvidenceResponse>(
      face + "GetEvidence", [this](const Call& call, const v1::GetEvidenceRequest& q, v1::GetEvidenceResponse* r, Reply reply) {
        if (absl::Status s = CheckOperator(call); !s.ok()) return reply(std::move(s));
        OnGetEvidence(q, r, std::move(reply));
      });
}

}  // namespace fundcore::risk
