// The head of a data file, and the widths of its lines by version.
//
// Order of lines: "OFDCFDAT", version, creator, receiver, date, transfer number, type, sender, recipient, field count,
// the field names one a line, record count. Then the records, one a line, and "OFDCFEND".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/ofd/fields.h"
#include "common/time/time.h"

namespace fundcore::ofd {

struct Header {
  Version version = Version::k21;
  PartyCode creator;
  PartyCode receiver;
  Date date;
  TransferNo transfer_no;  // 1 to 999 in versions 20 and 21; up to 65,535 here in version 22, which has eight digits
  FileType type;
  PartyCode sender;                 // may be empty: real files leave sender and recipient blank
  PartyCode recipient;              // may be empty
  std::vector<std::string> fields;  // as spelled in the file, in its order. For a writer, empty = all of the type
};

// Widths of the header's lines in bytes.
struct HeaderWidths {
  uint8_t version, party, date, transfer_no, type, sender, field_count, record_count, index_count;
};
const HeaderWidths& WidthsOf(Version version);

inline constexpr std::string_view kDataMagic = "OFDCFDAT";
inline constexpr std::string_view kIndexMagic = "OFDCFIDX";
inline constexpr std::string_view kTrailer = "OFDCFEND";

// A party's code: 1 to 20 printable ASCII characters without space, slash and "_", so that it may stand in a file name.
bool IsPartyText(std::string_view text);
// A file type: 1 to 8 ASCII letters and digits.
bool IsTypeText(std::string_view text);
// Cuts trailing spaces.
std::string_view CutSpaces(std::string_view text);
// Digits only, at least one, at most 18. False otherwise.
bool ParseCount(std::string_view text, uint64_t* value);
// How a line ends: as the standard says, or as some receivers want it.
inline constexpr std::string_view kCrLf = "\r\n";
inline constexpr std::string_view kLf = "\n";
// Appends `text` padded with spaces to `width`, and `line_end`. `text` fits.
void AppendPadded(std::string_view text, size_t width, std::string* out, std::string_view line_end = kCrLf);
// Appends `value` in `width` digits, and `line_end`. False, and nothing appended, where it does not fit.
bool AppendCount(uint64_t value, size_t width, std::string* out, std::string_view line_end = kCrLf);

}  // namespace fundcore::ofd
