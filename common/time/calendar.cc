// Look-ups in a sorted list of open days, and the reader of calendar texts.
#include "common/time/calendar.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_join.h"
#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore {

absl::StatusOr<TradingCalendar> TradingCalendar::Create(std::string name, Date first, Date last,
                                                        std::vector<Date> open) {
  if (!first.is_set() || last < first) {
    return absl::InvalidArgumentError(
        StrCat("calendar ", name, ": coverage ", first.Iso(), " to ", last.Iso(), " is empty"));
  }
  std::sort(open.begin(), open.end());
  if (const auto twice = std::adjacent_find(open.begin(), open.end()); twice != open.end()) {
    return absl::InvalidArgumentError(StrCat("calendar ", name, ": ", twice->Iso(), " is listed twice"));
  }
  if (!open.empty() && (open.front() < first || open.back() > last)) {
    const Date outside = open.front() < first ? open.front() : open.back();
    return absl::InvalidArgumentError(
        StrCat("calendar ", name, ": open day ", outside.Iso(), " is outside ", first.Iso(), " to ", last.Iso()));
  }
  TradingCalendar c;
  c.name_ = std::move(name);
  c.first_ = first;
  c.last_ = last;
  c.open_ = std::move(open);
  return c;
}

absl::StatusOr<TradingCalendar> TradingCalendar::Intersect(std::string name, const TradingCalendar& a,
                                                           const TradingCalendar& b) {
  const Date first = std::max(a.first_, b.first_);
  const Date last = std::min(a.last_, b.last_);
  std::vector<Date> open;
  std::set_intersection(a.open_.begin(), a.open_.end(), b.open_.begin(), b.open_.end(), std::back_inserter(open));
  return Create(std::move(name), first, last, std::move(open));
}

absl::Status TradingCalendar::CheckCovered(Date day) const {
  if (first_ <= day && day <= last_ && day.is_set()) return absl::OkStatus();
  return absl::OutOfRangeError(StrCat("calendar ", name_, " covers ", first_.Iso(), " to ", last_.Iso(), ", not ",
                                      day.Iso(), "; load a calendar file that extends it"));
}

absl::StatusOr<Date> TradingCalendar::At(std::vector<Date>::difference_type index, Date asked) const {
  if (index >= 0 && index < std::ssize(open_)) return open_[static_cast<size_t>(index)];
  return absl::OutOfRangeError(StrCat("calendar ", name_, " covers ", first_.Iso(), " to ", last_.Iso(),
                                      ": the open day asked for, counted from ", asked.Iso(),
                                      ", lies beyond; load a calendar file that extends it"));
}

absl::StatusOr<bool> TradingCalendar::IsOpen(Date day) const {
  FC_RETURN_IF_ERROR(CheckCovered(day));
  return std::binary_search(open_.begin(), open_.end(), day);
}

absl::StatusOr<Date> TradingCalendar::Next(Date day) const {
  FC_RETURN_IF_ERROR(CheckCovered(day));
  return At(std::upper_bound(open_.begin(), open_.end(), day) - open_.begin(), day);
}

absl::StatusOr<Date> TradingCalendar::NextOrSame(Date day) const { return AddOpenDays(day, 0); }

absl::StatusOr<Date> TradingCalendar::Prev(Date day) const { return AddOpenDays(day, -1); }

absl::StatusOr<Date> TradingCalendar::AddOpenDays(Date day, int n) const {
  FC_RETURN_IF_ERROR(CheckCovered(day));
  return At(std::lower_bound(open_.begin(), open_.end(), day) - open_.begin() + n, day);
}

absl::StatusOr<int> TradingCalendar::CountBetween(Date from, Date to) const {
  FC_RETURN_IF_ERROR(CheckCovered(from));
  FC_RETURN_IF_ERROR(CheckCovered(to));
  return static_cast<int>(std::lower_bound(open_.begin(), open_.end(), to) -
                          std::lower_bound(open_.begin(), open_.end(), from));
}

absl::Status TradingCalendar::SetOpen(Date day, bool open) {
  FC_RETURN_IF_ERROR(CheckCovered(day));
  const auto at = std::lower_bound(open_.begin(), open_.end(), day);
  const bool is_open = at != open_.end() && *at == day;
  if (open && !is_open) open_.insert(at, day);
  if (!open && is_open) open_.erase(at);
  return absl::OkStatus();
}

absl::Status TradingCalendar::Extend(Date first, Date last) {
  if (last < first) {
    return absl::InvalidArgumentError(StrCat("coverage ", first.Iso(), " to ", last.Iso(), " ends before it begins"));
  }
  const bool adjoins = !first_.is_set() || (first <= last_.AddDays(1) && first_ <= last.AddDays(1));
  if (!adjoins) {
    return absl::InvalidArgumentError(StrCat("coverage ", first.Iso(), " to ", last.Iso(), " leaves a gap to ",
                                             first_.Iso(), " to ", last_.Iso(), " of calendar ", name_));
  }
  std::vector<Date> added;
  for (Date day = first; day <= last; day = day.AddDays(1)) {
    const bool known = first_.is_set() && first_ <= day && day <= last_;
    if (!known && day.weekday() < 5) added.push_back(day);
  }
  std::vector<Date> merged;
  std::merge(open_.begin(), open_.end(), added.begin(), added.end(), std::back_inserter(merged));
  open_ = std::move(merged);
  first_ = first_.is_set() ? std::min(first_, first) : first;
  last_ = std::max(last_, last);
  return absl::OkStatus();
}

namespace {

std::vector<std::string_view> Words(std::string_view line) {
  line = line.substr(0, line.find('#'));
  std::vector<std::string_view> words;
  constexpr std::string_view kBlank = " \t\r";
  for (size_t at = line.find_first_not_of(kBlank); at != std::string_view::npos;) {
    const size_t end = std::min(line.find_first_of(kBlank, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(kBlank, end);
  }
  return words;
}

// Reads one calendar text into a copy of what is known, statement by statement.
class CalendarReader {
 public:
  explicit CalendarReader(const CalendarSet& known) : known_(known) {}

  absl::Status Statement(const std::vector<std::string_view>& words) {
    if (words[0] == "calendar") return Name(words);
    if (!named_) return Wrong("the first statement must be: calendar NAME");
    if (words[0] == "covers") return Covers(words);
    if (words[0] == "effective") return Effective(words);
    if (words.size() >= 2 && (words[1] == "closed" || words[1] == "open")) return Days(words);
    return Wrong(StrCat("unknown statement \"", words[0],
                        "\"; known are calendar, covers, effective, YEAR closed …, YEAR open …"));
  }

  absl::StatusOr<TradingCalendar> Finish() {
    if (!named_) return Wrong("holds no statement; it must begin with: calendar NAME");
    if (!calendar_.first().is_set()) {
      return Wrong(StrCat("calendar ", calendar_.name(), " is new here and needs: covers FIRST LAST"));
    }
    return std::move(calendar_);
  }

 private:
  static absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

  absl::Status Name(const std::vector<std::string_view>& words) {
    if (named_) return Wrong("a second calendar statement; write one file for each calendar");
    if (words.size() != 2) return Wrong("calendar needs exactly one name");
    named_ = true;
    const TradingCalendar* known = known_.Find(words[1]);
    is_change_ = known != nullptr;
    if (is_change_) {
      calendar_ = *known;
      return absl::OkStatus();
    }
    name_ = std::string(words[1]);
    return absl::OkStatus();
  }

  absl::Status Covers(const std::vector<std::string_view>& words) {
    if (words.size() != 3) return Wrong("covers needs a first and a last date");
    FC_ASSIGN_OR_RETURN(const Date first, Date::Parse(words[1]));
    FC_ASSIGN_OR_RETURN(const Date last, Date::Parse(words[2]));
    if (last.days() - first.days() > 100 * 366) return Wrong("covers spans more than a hundred years; check the dates");
    if (calendar_.first().is_set()) return calendar_.Extend(first, last);
    FC_ASSIGN_OR_RETURN(calendar_, TradingCalendar::Create(name_, first, first, {}));
    if (first.weekday() < 5) FC_RETURN_IF_ERROR(calendar_.SetOpen(first, true));
    return calendar_.Extend(first, last);
  }

  absl::Status Effective(const std::vector<std::string_view>& words) {
    if (words.size() != 2) return Wrong("effective needs one date");
    FC_ASSIGN_OR_RETURN(const Date from, Date::Parse(words[1]));
    effective_ = from;
    return absl::OkStatus();
  }

  absl::Status Days(const std::vector<std::string_view>& words) {
    if (words.size() < 3) return Wrong(StrCat("\"", words[0], " ", words[1], "\" names no day"));
    if (!calendar_.first().is_set())
      return Wrong(StrCat("calendar ", name_, " needs: covers FIRST LAST, before its days"));
    for (size_t i = 2; i < words.size(); ++i) {
      const size_t dots = words[i].find("..");
      const std::string_view from = words[i].substr(0, dots);
      const std::string_view to = dots == std::string_view::npos ? from : words[i].substr(dots + 2);
      FC_ASSIGN_OR_RETURN(const Date first, Date::Parse(StrCat(words[0], "-", from)));
      FC_ASSIGN_OR_RETURN(const Date last, Date::Parse(StrCat(words[0], "-", to)));
      if (last < first) return Wrong(StrCat("range \"", words[i], "\" ends before it begins"));
      for (Date day = first; day <= last; day = day.AddDays(1)) FC_RETURN_IF_ERROR(Set(day, words[1] == "open"));
    }
    return absl::OkStatus();
  }

  absl::Status Set(Date day, bool open) {
    if (is_change_ && !effective_) {
      return Wrong(StrCat("calendar ", calendar_.name(), " is known already; a change to it needs: effective DATE"));
    }
    if (effective_ && day < *effective_) {
      return Wrong(
          StrCat(day.Iso(), " is before the effective date ", effective_->Iso(), "; past days are not rewritten"));
    }
    return calendar_.SetOpen(day, open);
  }

  const CalendarSet& known_;
  bool named_ = false;
  bool is_change_ = false;
  std::string name_;
  std::optional<Date> effective_;
  TradingCalendar calendar_;
};

}  // namespace

CalendarSet CalendarSet::BuiltIn() {
  CalendarSet set;
  for (const auto& builtin : calendar_internal::BuiltInTexts()) {
    const absl::Status status = set.Apply(builtin.text, builtin.source);
    FC_CHECK(status.ok(), "a calendar that was compiled in is damaged: ", status.ToString());
  }
  return set;
}

absl::Status CalendarSet::Apply(std::string_view text, std::string_view source) {
  CalendarReader reader(*this);
  int number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const auto words = Words(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++number;
    if (words.empty()) continue;
    if (const absl::Status s = reader.Statement(words); !s.ok()) {
      return absl::InvalidArgumentError(StrCat(source, ":", number, ": ", s.message()));
    }
  }
  auto calendar = reader.Finish();
  if (!calendar.ok()) return absl::InvalidArgumentError(StrCat(source, ": ", calendar.status().message()));
  Put(*std::move(calendar));
  return absl::OkStatus();
}

absl::Status CalendarSet::ApplyFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return absl::NotFoundError(StrCat("calendar file ", path, " cannot be read; check the path and its permissions"));
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  return Apply(text, path);
}

void CalendarSet::Put(TradingCalendar calendar) { calendars_.insert_or_assign(calendar.name(), std::move(calendar)); }

const TradingCalendar* CalendarSet::Find(std::string_view name) const {
  const auto it = calendars_.find(name);
  return it == calendars_.end() ? nullptr : &it->second;
}

absl::StatusOr<const TradingCalendar*> CalendarSet::Get(std::string_view name) const {
  if (const TradingCalendar* found = Find(name)) return found;
  return absl::NotFoundError(StrCat("calendar \"", name, "\" is unknown; known are ", absl::StrJoin(names(), ", "),
                                    "; load a calendar file for it"));
}

std::vector<std::string> CalendarSet::names() const {
  std::vector<std::string> names;
  for (const auto& [name, calendar] : calendars_) names.push_back(name);
  return names;
}

}  // namespace fundcore
