// Header widths and the small text helpers that reader, writer and index file share.
#include "common/ofd/header.h"

#include "common/base/check.h"
#include "common/ofd/ascii.h"

namespace fundcore::ofd {

const HeaderWidths& WidthsOf(Version version) {
  static constexpr HeaderWidths kOld{.version = 4,
                                     .party = 9,
                                     .date = 8,
                                     .transfer_no = 3,
                                     .type = 2,
                                     .sender = 8,
                                     .field_count = 3,
                                     .record_count = 8,
                                     .index_count = 3};
  static constexpr HeaderWidths k22{.version = 8,
                                    .party = 20,
                                    .date = 8,
                                    .transfer_no = 8,
                                    .type = 8,
                                    .sender = 8,
                                    .field_count = 8,
                                    .record_count = 16,
                                    .index_count = 8};
  return version == Version::k22 ? k22 : kOld;
}

bool IsPartyText(std::string_view text) {
  if (text.empty() || !PartyCode::Fits(text) || text == "." || text == "..") return false;
  for (char c : text) {
    if (c <= ' ' || c > '~' || c == '_' || c == '/' || c == '\\') return false;
  }
  return true;
}

bool IsTypeText(std::string_view text) {
  if (text.empty() || !FileType::Fits(text)) return false;
  for (char c : text) {
    if (!IsDigit(c) && !IsLetter(c)) return false;
  }
  return true;
}

std::string_view CutSpaces(std::string_view text) {
  const size_t last = text.find_last_not_of(' ');
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

bool ParseCount(std::string_view text, uint64_t* value) {
  if (text.empty() || text.size() > 18) return false;
  uint64_t v = 0;
  for (char c : text) {
    if (!IsDigit(c)) return false;
    v = v * 10 + static_cast<uint64_t>(c - '0');
  }
  *value = v;
  return true;
}

void AppendPadded(std::string_view text, size_t width, std::string* out, std::string_view line_end) {
  out->append(text);
  if (text.size() < width) out->append(width - text.size(), ' ');
  out->append(line_end);
}

bool AppendCount(uint64_t value, size_t width, std::string* out, std::string_view line_end) {
  const std::string digits = StrCat(value);
  if (digits.size() > width) return false;
  out->append(width - digits.size(), '0');
  out->append(digits);
  out->append(line_end);
  return true;
}

}  // namespace fundcore::ofd
