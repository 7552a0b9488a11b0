// Builds the text of data files by hand, line by line, so that the reader is tested against bytes that our writer did
// not make.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/ofd/fields.h"

namespace fundcore::ofd {

inline std::string Pad(std::string_view text, size_t width) {
  return StrCat(text, std::string(width > text.size() ? width - text.size() : 0, ' '));
}

// The parts of a file. Change one to make a damaged one.
struct FileParts {
  std::string magic = "OFDCFDAT", version = "21  ", creator = "11       ", receiver = "301      ", date = "20250304",
              transfer = "001", type = "04", sender = "11      ", recipient = "301     ";
  std::vector<std::string> names = {"AppSheetSerialNo", "ConfirmedVol", "TransactionCfmDate", "Specification",
                                    "ReturnCode"};
  std::string field_count;   // empty = the number of names
  std::string record_count;  // empty = the number of records
  std::vector<std::string> records;
  std::string trailer = "OFDCFEND";
  std::string eol = "\r\n";
  bool last_eol = true;

  std::string Bytes() const {
    std::string out;
    const auto line = [&](std::string_view text) { out += StrCat(text, eol); };
    for (const auto& item : {magic, version, creator, receiver, date, transfer, type, sender, recipient}) line(item);
    line(field_count.empty() ? absl::StrFormat("%03d", names.size()) : field_count);
    for (const auto& name : names) line(name);
    line(record_count.empty() ? absl::StrFormat("%08d", records.size()) : record_count);
    for (const auto& record : records) line(record);
    out += trailer;
    if (last_eol) out += eol;
    return out;
  }
};

// A record of the default names above: 24 + 16 + 8 + 60 + 4 bytes.
inline std::string Record(std::string_view serial, std::string_view vol, std::string_view date, std::string_view spec,
                          std::string_view code) {
  return StrCat(Pad(serial, 24), Pad(vol, 16), Pad(date, 8), Pad(spec, 60), Pad(code, 4));
}

inline constexpr std::string_view kConfirmName = "OFD_11_301_20250304_04.TXT";

}  // namespace fundcore::ofd
