// Reading what people type; see commands.h.
#include <algorithm>
#include <chrono>
#include <random>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {
namespace {

absl::Status Wrong(const std::string& message) { return absl::InvalidArgumentError(message); }

template <class T>
absl::StatusOr<T> AboveZero(const std::string& text) {
  FC_ASSIGN_OR_RETURN(T value, T::Parse(text));
  if (!value.is_positive()) return Wrong(StrCat("\"", text, "\" is not above zero"));
  return value;
}

}  // namespace

absl::StatusOr<InvestorId> ReadInvestor(const std::string& text) {
  InvestorId id;
  if (!ParseInvestorId(text, &id))
    return Wrong(StrCat("investor \"", text, "\" is not a number of 12 digits, such as 001000000042"));
  return id;
}

absl::StatusOr<OrderId> ReadOrder(const std::string& text) {
  OrderId id;
  if (!ParseOrderId(text, &id))
    return Wrong(StrCat("order \"", text, "\" is not a number of 17 digits, such as 00100000000000007"));
  return id;
}

absl::StatusOr<Money> ReadAmount(const std::string& text) { return AboveZero<Money>(text); }
absl::StatusOr<Units> ReadUnits(const std::string& text) { return AboveZero<Units>(text); }

absl::StatusOr<Date> ReadDay(const std::string& text) {
  if (text.empty()) return Date();
  return Date::Parse(text);
}

absl::StatusOr<std::vector<Date>> ReadDays(const std::vector<std::string>& texts) {
  std::vector<Date> days;
  for (const std::string& text : texts) {
    const size_t dots = text.find("..");
    FC_ASSIGN_OR_RETURN(const Date first, Date::Parse(std::string_view(text).substr(0, dots)));
    Date last = first;
    if (dots != std::string::npos) {
      FC_ASSIGN_OR_RETURN(last, Date::Parse(std::string_view(text).substr(dots + 2)));
    }
    if (last < first) return Wrong(StrCat("\"", text, "\" ends before it begins"));
    if (last.days() - first.days() + days.size() >= 366)
      return Wrong(StrCat("\"", text, "\": at most 366 days at a time"));
    for (Date d = first; d <= last; d = d.AddDays(1)) days.push_back(d);
  }
  std::sort(days.begin(), days.end());
  days.erase(std::unique(days.begin(), days.end()), days.end());
  return days;
}

std::string RequestIdOr(const std::string& given) {
  if (!given.empty()) return given;
  const auto ms = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
  std::random_device device;
  const uint32_t a = device(), b = device(), c = device();
  return absl::StrFormat("%08x-%04x-7%03x-%04x-%04x%08x", ms >> 16, ms & 0xffff, a & 0xfff, 0x8000 | (a >> 12 & 0x3fff),
                         b & 0xffff, c);
}

}  // namespace fundcore::fundctl
