// Configuration, values and calendars under any bytes: refused with their place, or read and the same again when written.
#include <string>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/config/config.h"
#include "common/config/parse.h"
#include "common/log/format.h"
#include "common/money/decimal.h"
#include "common/time/calendar.h"
#include "common/time/time.h"
#include "common/types/ids.h"
#include "tests/fuzz/support/targets.h"

namespace fundcore::fuzz {
namespace {

std::string_view MessageOf(const absl::Status& status) { return {status.message().data(), status.message().size()}; }

void CheckLocated(const absl::Status& status, std::string_view label) {
  FC_CHECK(status.code() == absl::StatusCode::kInvalidArgument, status.ToString());
  FC_CHECK(MessageOf(status).substr(0, label.size()) == label, "not located: ", MessageOf(status));
}

// What a getter returns lies within what it was asked for, whatever the file says.
void ReadTable(ConfigTable table, int depth) {
  for (const std::string& key : table.Keys()) {
    FC_CHECK(table.Has(key), "a key that is listed is absent: ", key);
    // By the last letter, so that every getter meets every kind of value.
    switch (key.empty() ? 0 : static_cast<unsigned char>(key.back()) % 11) {
      case 0: (void)table.String(key, "x"); break;
      case 1: {
        const int64_t n = table.Int(key, 5, {.min = -3, .max = 1000});
        FC_CHECK(n >= -3 && n <= 1000, key, " = ", n);
        break;
      }
      case 2: (void)table.Bool(key, false); break;
      case 3: {
        const Duration d = table.Span(key, Duration::Seconds(1), {.max = Duration::Seconds(3600)});
        FC_CHECK(d >= Duration() && d <= Duration::Seconds(3600), key, " = ", d.raw());
        break;
      }
      case 4: FC_CHECK(table.Bytes(key, 7, {.max = 1u << 30}) <= (1u << 30)); break;
      case 5: {
        const TimeOfDay t = table.Time(key, TimeOfDay::Hms(15, 0));
        FC_CHECK(t.raw() >= 0 && t < TimeOfDay::Hms(24, 0), key, " = ", t.raw());
        break;
      }
      case 6: {
        const Date day = table.Day(key, Date::FromRaw(20250304));
        FC_CHECK(Date::FromDays(day.days()) == day, key, " = ", day.raw());
        break;
      }
      case 7: (void)table.Strings(key, {}); break;
      case 8:
        for (int64_t n : table.Ints(key, {}, {.min = 0, .max = 9})) FC_CHECK(n >= 0 && n <= 9, key, " has ", n);
        break;
      case 9:
        if (depth < 5) ReadTable(table.Table(key), depth + 1);
        break;
      case 10:
        if (depth < 5) {
          for (ConfigTable& t : table.Tables(key)) ReadTable(t, depth + 1);
        }
        break;
    }
    if (key.size() == 3) table.Refuse(key, "is refused");
  }
}

}  // namespace

void FuzzConfig(std::string_view bytes) {
  auto config = Config::FromText(bytes, "c.toml");
  if (!config.ok()) return CheckLocated(config.status(), "c.toml:");
  ReadTable(config->top(), 0);
  (void)config->top().String("needed");
  (void)config->top().Choice("mode", "one", {"one", "two"});
  const absl::Status finished = config->Finish();
  if (!finished.ok()) CheckLocated(finished, "c.toml:");
  FC_CHECK(finished == config->Finish(), "a second Finish says something else");
}

void FuzzCalendar(std::string_view bytes) {
  static const CalendarSet* const built_in = new CalendarSet(CalendarSet::BuiltIn());
  CalendarSet calendars = *built_in;
  if (const absl::Status applied = calendars.Apply(bytes, "c.txt"); !applied.ok()) {
    CheckLocated(applied, "c.txt:");
    FC_CHECK(calendars.names() == built_in->names(), "a refused text left a calendar");
    for (const std::string& name : calendars.names()) {
      FC_CHECK(*calendars.Find(name) == *built_in->Find(name), "a refused text changed ", name);
    }
    return;
  }
  for (const std::string& name : calendars.names()) {
    const TradingCalendar& c = *calendars.Find(name);
    FC_CHECK(c.first() <= c.last(), name, " covers nothing");
    Date before;
    for (const Date day : c.open_days()) {
      FC_CHECK(before < day && day >= c.first() && day <= c.last() && Date::FromDays(day.days()) == day, name, " has ",
               day.raw(), " after ", before.raw());
      before = day;
    }
    if (c.open_days().size() < 3) continue;
    const Date first = c.open_days().front();
    const auto third = c.AddOpenDays(first, 2);
    FC_CHECK(third.ok() && *third == c.open_days()[2] && c.CountBetween(first, *third).value() == 2, name);
    TradingCalendar back;
    FC_CHECK(Decode(Encode(c), &back) && back == c, name, " changed in the codec");
  }
}

namespace {

template <class T>
void DecimalTwice(std::string_view text) {
  const auto value = T::Parse(text);
  if (!value.ok()) return;
  const auto same = [&](const std::string& printed) {
    const auto again = T::Parse(printed);
    FC_CHECK(again.ok() && *again == *value, "\"", text, "\" prints as \"", printed, "\"");
  };
  same(value->ToString());
  same(value->ToGrouped());
  if constexpr (std::is_same_v<T, Rate>) same(value->ToPercent());
}

template <class T, class Print>
void Twice(std::string_view text, const absl::StatusOr<T>& value, absl::StatusOr<T> (*parse)(std::string_view), Print print) {
  if (!value.ok()) {
    FC_CHECK(value.status().code() == absl::StatusCode::kInvalidArgument, value.status().ToString());
    return;
  }
  const std::string printed = print(*value);
  const auto again = parse(printed);
  FC_CHECK(again.ok() && *again == *value, "\"", text, "\" prints as \"", printed, "\"");
}

void Values(std::string_view text) {
  DecimalTwice<Money>(text);
  DecimalTwice<Units>(text);
  DecimalTwice<Nav>(text);
  DecimalTwice<Rate>(text);
  if (const auto a = Money::Parse(text); a.ok() && a->raw() != INT64_MIN) {
    for (const Rounding r : {Rounding::kHalfUp, Rounding::kTruncate, Rounding::kUp}) {
      FC_CHECK(ApplyRate(*a, Rate::Whole(1), r) == *a && ApplyRate(Money() - *a, Rate::Whole(1), r) == Money() - *a);
    }
  }
  Twice(text, Date::Parse(text), &Date::Parse, [](Date d) { return d.Iso(); });
  Twice(text, Date::Parse(text), &Date::Parse, [](Date d) { return d.Compact(); });
  if (const auto d = Date::Parse(text); d.ok()) {
    FC_CHECK(Date::FromDays(d->days()) == *d && d->weekday() >= 0 && d->weekday() < 7, text);
    FC_CHECK(d->AddDays(1).AddDays(-1) == *d && d->AddDays(1) > *d, text);
  }
  Twice(text, TimeOfDay::Parse(text), &TimeOfDay::Parse, [](TimeOfDay t) { return t.Iso(); });
  Twice(text, TimePoint::Parse(text), &TimePoint::Parse, [](TimePoint t) { return t.Iso(); });
  if (const auto t = TimePoint::Parse(text); t.ok()) FC_CHECK(TimePoint::At(t->date(), t->time_of_day()) == *t, text);
  Twice(text, ParseDuration(text), &ParseDuration, [](Duration d) { return FormatDuration(d); });
  Twice(text, ParseBytes(text), &ParseBytes, [](uint64_t n) { return FormatBytes(n); });
  if (const auto r = ParseRounding(text); r.ok()) FC_CHECK(RoundingName(*r) == text);
  if (InvestorId id; ParseInvestorId(text, &id)) FC_CHECK(FormatInvestorId(id) == text, text);
  if (OrderId id; ParseOrderId(text, &id)) FC_CHECK(FormatOrderId(id) == text, text);
  if (const auto layout = log_format::Layout::Parse(text)) {
    const auto again = log_format::Layout::Parse(layout->ToString());
    FC_CHECK(again && *again == *layout, "\"", text, "\" prints as \"", layout->ToString(), "\"");
  }
}

}  // namespace

// Each line is a value of every kind.
void FuzzValues(std::string_view bytes) {
  for (size_t at = 0; at <= bytes.size();) {
    const size_t end = std::min(bytes.find('\n', at), bytes.size());
    Values(bytes.substr(at, end - at));
    at = end + 1;
  }
}

}  // namespace fundcore::fuzz
