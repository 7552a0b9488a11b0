// The index file that accompanies a set of data files: which ones to expect.
//
//   auto index = IndexFile::Parse("OFI_11_301_20250304.TXT", bytes);
//   for (const std::string& name : index->names) …    // "OFD_11_301_20250304_04.TXT"
//   auto bytes = index->Format();
//
// Order of lines: "OFDCFIDX", version, creator, receiver, date, number of files, the names one a line, "OFDCFEND".
// Reading accepts CR LF and LF, a missing last line end and lines without padding; writing gives CR LF
// (or LF, where asked) and full padding.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/ofd/fields.h"
#include "common/ofd/header.h"
#include "common/time/time.h"

namespace fundcore::ofd {

struct IndexFile {
  Version version = Version::k21;
  PartyCode creator;
  PartyCode receiver;
  Date date;
  std::vector<std::string> names;  // as listed; each has the form of a data file's name

  // kInvalidArgument, located by file:line, for anything out of order, a wrong count, a name of another form or listed
  // twice. Where `file_name` has the standard's form, its parties and date must be those inside.
  static absl::StatusOr<IndexFile> Parse(std::string_view file_name, std::string_view bytes);
  // kInvalidArgument where an item does not fit its width or a name is not of a data file.
  absl::StatusOr<std::string> Format(std::string_view line_end = kCrLf) const;

  friend bool operator==(const IndexFile&, const IndexFile&) = default;
};

}  // namespace fundcore::ofd
