// Parsing and printing of file names.
#include "common/ofd/file_name.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/ofd/ascii.h"
#include "common/ofd/header.h"
#include "common/ofd/text.h"

namespace fundcore::ofd {

Date ParseFileDate(std::string_view text) {
  if (text.size() != 8) return Date();
  int32_t value = 0;
  for (char c : text) {
    const unsigned digit = static_cast<unsigned char>(c) - static_cast<unsigned>('0');
    if (digit > 9) return Date();
    value = value * 10 + static_cast<int32_t>(digit);
  }
  const int year = value / 10000, month = value / 100 % 100, day = value % 100;
  static constexpr uint8_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1 || month < 1 || month > 12 || day < 1) return Date();
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (day > kDays[month - 1] + (month == 2 && leap ? 1 : 0)) return Date();
  return Date::FromRaw(value);
}

std::string FileName::Format() const {
  const std::string day = absl::StrFormat("%08d", date.raw());
  if (is_index())
    return StrCat("OF", std::string(1, family), "_", creator.view(), "_", receiver.view(), "_", day, ".TXT");
  return StrCat("OFD_", creator.view(), "_", receiver.view(), "_", day, "_", type.view(), ".TXT");
}

absl::StatusOr<FileName> FileName::Parse(std::string_view name) {
  const std::string_view base = name.substr(name.find_last_of('/') + 1);  // npos + 1 = 0: no folder
  const auto refuse = [&](std::string_view why) {
    return absl::InvalidArgumentError(
        StrCat("file name \"", Printable(base, 128), "\" ", why,
               "; expected OFD_<creator>_<receiver>_<yyyymmdd>_<type>.TXT or OF?_<creator>_<receiver>_<yyyymmdd>.TXT"));
  };
  if (base.size() < 4 || !EqualsIgnoreCase(base.substr(base.size() - 4), ".TXT")) return refuse("does not end in .TXT");
  const std::vector<std::string_view> parts = Split(base.substr(0, base.size() - 4), '_');
  if (parts[0].size() != 3 || !EqualsIgnoreCase(parts[0].substr(0, 2), "OF") || !IsLetter(parts[0][2])) {
    return refuse("does not begin with OF and a letter");
  }
  FileName out;
  out.family = UpperOf(parts[0][2]);
  if (parts.size() != (out.is_index() ? 4u : 5u)) return refuse("has the wrong number of parts");
  if (!IsPartyText(parts[1]) || !IsPartyText(parts[2])) return refuse("has no valid creator and receiver");
  out.creator = PartyCode(parts[1]);
  out.receiver = PartyCode(parts[2]);
  out.date = ParseFileDate(parts[3]);
  if (!out.date.is_set()) return refuse("holds no date that exists");
  if (!out.is_index()) {
    if (!IsTypeText(parts[4])) return refuse("holds no file type");
    out.type = FileType(Upper(parts[4]));
  }
  return out;
}

}  // namespace fundcore::ofd
