// The suitability policy: questionnaire, classes, and texts that investors confirm, by version. Data, not code: an operator loads
// it, and each version holds from its moment on.
//
//   const Policy* p = AsOf(policies, received);      // nullptr: none yet; then only the older rules hold
//   auto scored = Score(*p, options);                // class and score of the answers
//
// Values and pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/codec.h"
#include "common/time/time.h"
#include "common/types/ids.h"

namespace fundcore::risk {

struct QuestionOption {
  std::string text;
  uint8_t points = 0;
  bool lowest = false;
  FC_FIELDS(text, points, lowest)
};
struct Question {
  std::string text;
  std::vector<QuestionOption> options;
  FC_FIELDS(text, options)
};
struct Policy {
  std::string version;
  TimePoint at;                              // takes effect
  std::vector<Question> questions;
  std::array<uint32_t, 4> class_from{};      // least scores of C2 to C5
  uint32_t valid_months = 12;
  uint32_t assessments_a_day = 2;
  uint32_t assessments_a_year = 8;
  std::string mismatch_text;
  uint32_t age_from = 0;                     // 0: no warning for age
  uint8_t age_grade = 0;
  std::string age_text;
  FC_FIELDS(version, at, questions, class_from, valid_months, assessments_a_day, assessments_a_year, mismatch_text, age_from,
            age_grade, age_text)
};
struct Policies {
  std::vector<Policy> list;                  // by moment of effect
  FC_FIELDS(list)
};

struct Scored {
  uint32_t score = 0;
  uint8_t risk_class = 0;
  bool lowest = false;
};
// Nothing where the options are not one of each question.
std::optional<Scored> Score(const Policy& policy, std::string_view options);

// The same day so many months later, the last day of the month where there is none.
Date MonthsAfter(Date day, uint32_t months);
// Full years from birth to `day`.
int32_t AgeOn(Date birth, Date day);

// What is known of a person from `at` on.
struct PersonFacts {
  TimePoint at;
  Date birth_day;                            // not set: unknown
  Date professional_until;                   // not set: none
  bool pension_account = false;
  FC_FIELDS(at, birth_day, professional_until, pension_account)
};
enum class ConfirmationKind : uint8_t { kMismatch = 1, kAge = 2, kRecording = 3 };
struct Confirmation {
  TimePoint at;
  ConfirmationKind kind = ConfirmationKind::kMismatch;
  FundCode fund;
  std::string version;                       // of the policy whose text it was
  std::string reference;                     // of a recording
  FC_FIELDS(at, kind, fund, version, reference)
};
inline constexpr size_t kMostConfirmations = 1'000;  // of one investor
struct Person {
  std::vector<PersonFacts> facts;            // oldest first
  std::vector<Confirmation> confirmations;
  FC_FIELDS(facts, confirmations)
};
// Whether anything is known of anybody: spares most partitions a look for each purchase.
struct AnyPerson {
  bool any = false;
  FC_FIELDS(any)
};
// The newest of this kind and fund that was there at `at`; nullptr where none was.
const Confirmation* FindConfirmation(const Person* person, ConfirmationKind kind, const FundCode& fund, TimePoint at);

// The answers of one assessment by options.
struct AnswersKey {
  uint64_t investor = 0;
  TimePoint at;
  FC_FIELDS(investor, at)
};
struct Answers {
  std::string version;
  std::string options;                       // a byte a question
  uint32_t score = 0;
  FC_FIELDS(version, options, score)
};

// What a decision was made of beside its Evidence; only where there is any of it.
struct MoreEvidence {
  uint32_t item = 0;                         // index into EvidenceBatch::items
  std::string policy;
  int32_t age = -1;                          // -1: unknown
  bool professional = false;
  std::string mismatch_version;
  TimePoint mismatch_at;
  std::string age_version;
  TimePoint age_at;
  std::string recording;
  FC_FIELDS(item, policy, age, professional, mismatch_version, mismatch_at, age_version, age_at, recording)
};

}  // namespace fundcore::risk
