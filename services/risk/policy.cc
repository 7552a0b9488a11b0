// See policy.h.
#include "services/risk/policy.h"

#include <algorithm>

namespace fundcore::risk {

std::optional<Scored> Score(const Policy& policy, std::string_view options) {
  if (options.size() != policy.questions.size()) return std::nullopt;
  Scored out;
  for (size_t i = 0; i < options.size(); ++i) {
    const auto option = static_cast<uint8_t>(options[i]);
    if (option >= policy.questions[i].options.size()) return std::nullopt;
    out.score += policy.questions[i].options[option].points;
    out.lowest |= policy.questions[i].options[option].lowest;
  }
  out.risk_class = 1;
  for (uint32_t from : policy.class_from)
    if (out.score >= from) ++out.risk_class;
  if (out.lowest) out.risk_class = 1;
  return out;
}

Date MonthsAfter(Date day, uint32_t months) {
  const int32_t month = day.raw() / 100 % 100 - 1 + static_cast<int32_t>(months);
  const int32_t first = (day.raw() / 10'000 + month / 12) * 10'000 + (month % 12 + 1) * 100;
  for (int32_t d = day.raw() % 100; d > 28; --d) {
    const Date there = Date::FromRaw(first + 28).AddDays(d - 28);
    if (there.raw() / 100 == first / 100) return there;
  }
  return Date::FromRaw(first + std::min(day.raw() % 100, 28));
}

int32_t AgeOn(Date birth, Date day) {
  const int32_t years = day.raw() / 10'000 - birth.raw() / 10'000;
  return day.raw() % 10'000 < birth.raw() % 10'000 ? years - 1 : years;
}

const Confirmation* FindConfirmation(const Person* person, ConfirmationKind kind, const FundCode& fund, TimePoint at) {
  if (!person) return nullptr;
  for (auto it = person->confirmations.rbegin(); it != person->confirmations.rend(); ++it)
    if (it->kind == kind && it->fund == fund && it->at <= at) return &*it;
  return nullptr;
}

}  // namespace fundcore::risk
