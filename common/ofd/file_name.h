// File names of the standard: data files OFD_<creator>_<receiver>_<yyyymmdd>_<type>.TXT and index files
// OF?_<creator>_<receiver>_<yyyymmdd>.TXT, whose third letter says what they list.
//
//   auto name = FileName::Parse("out/20250303/ofd_301_11_20250303_03.txt");   // a folder before it is skipped
//   name->type.view()   // "03"
//   name->Format()      // "OFD_301_11_20250303_03.TXT"
//
// A name holds no transfer number. The identity of a file is (creator, receiver, date, type, transfer number), and the
// last stands inside the file.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/ofd/fields.h"
#include "common/time/time.h"

namespace fundcore::ofd {

struct FileName {
  char family = 'D';  // 'D' data; an index of: 'I' day's files, 'J' 07/08/21, 'C' C1–C6, 'K' 10/25, 'S' 11, 'X' X1–X4 …
  PartyCode creator;
  PartyCode receiver;
  Date date;
  FileType type;  // data files only; empty for an index

  bool is_index() const { return family != 'D'; }
  // Upper-case prefix and ending; the parties as they are.
  std::string Format() const;
  // Accepts upper and lower case in prefix, type and ending. kInvalidArgument where the name is not of this form, a
  // party is empty or too long, or the date does not exist.
  static absl::StatusOr<FileName> Parse(std::string_view name);

  friend bool operator==(const FileName&, const FileName&) = default;
};

// "20250304" as a date that exists; unset otherwise. Used for every date in names, headers and records.
Date ParseFileDate(std::string_view text);

}  // namespace fundcore::ofd
