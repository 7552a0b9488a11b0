// When debits fall due. See plans.h.
#include <algorithm>

#include "services/trade/plans.h"

namespace fundcore::trade {
namespace {

Date OfMonth(int year, int month, int day) {
  const Date first = Date::FromRaw(year * 10'000 + month * 100 + 1);
  const int next = month == 12 ? (year + 1) * 10'000 + 101 : year * 10'000 + (month + 1) * 100 + 1;
  const int days = Date::FromRaw(next).days() - first.days();
  return first.AddDays(std::min(day, days) - 1);
}

}  // namespace

Date NextDebitDay(const PlanTerms& terms, Date after) {
  const Date from = std::max(terms.first, after.is_set() ? after.AddDays(1) : terms.first);
  Date day;
  if (terms.unit == PlanUnit::kMonthly) {
    int year = from.raw() / 10'000, month = from.raw() / 100 % 100;
    day = OfMonth(year, month, terms.day);
    if (day < from) {
      if (++month > 12) month = 1, ++year;
      day = OfMonth(year, month, terms.day);
    }
  } else {
    // Fortnights are counted from the first such day of the week.
    const int step = terms.unit == PlanUnit::kWeekly ? 7 : 14;
    const Date anchor = terms.first.AddDays((int{terms.day} - 1 - terms.first.weekday() + 7) % 7);
    const int past = std::max(0, from.days() - anchor.days());
    day = anchor.AddDays((past + step - 1) / step * step);
  }
  return terms.last.is_set() && day > terms.last ? Date() : day;
}

}  // namespace fundcore::trade
