// CSV by RFC 4180, as `fundctl ofd show --csv` writes it, and back to a file.
//
//   #{"fundcore_ofd":1,…}                       the head, in one cell
//   FundCode,ApplicationAmount,BusinessCode,BusinessCode:meaning,…
//   000198,10.01,022,申购 purchase,…
//   #{"#line_end":"LF"}                         a note, in one cell, where one is needed
//
// Rows end in CR LF. A cell is the value's plain form, nothing where it is blank. "text:…" and "hex:…" give what has no
// plain form (see Cell), and also any text that would be taken for something else: by a spreadsheet (one that begins
// with = + - @) or by us (one that begins with #, text: or hex:). Columns ":meaning" are for people and not read.
//
// Restoring accepts CR LF and LF, columns in any order, and a byte order mark. Errors: as Restorer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "tools/ofd/show/cell.h"
#include "tools/ofd/show/restore.h"
#include "tools/ofd/show/stream.h"

namespace fundcore::ofd_tools {

inline constexpr std::string_view kMeaningSuffix = ":meaning";
inline constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Appends a cell, in quotes where it needs them.
void AppendCsv(std::string_view text, std::string* out);
void AppendCsv(const Cell& cell, Form form, std::string* out);

// Rows of text that comes in pieces; quoted cells may hold line ends. One thread at a time.
class CsvRows {
 public:
  explicit CsvRows(LinePieces* pieces) : pieces_(*pieces) {}
  // The next row. False at the end. kInvalidArgument, without a place, for quotes that do not close or stand inside an
  // unquoted cell, and for a row longer than LinePieces::kMaxLine.
  absl::StatusOr<bool> Next(std::vector<std::string>* cells);
  uint64_t line() const { return row_line_; }  // at which the row last taken begins, from 1

 private:
  enum class State { kStart, kPlain, kQuoted, kQuoteInQuoted };
  LinePieces& pieces_;
  std::string_view rest_;
  uint64_t line_ = 1, row_line_ = 1;
  bool first_ = true;
};

absl::Status RestoreCsv(LinePieces* pieces, Restorer* restorer);

}  // namespace fundcore::ofd_tools
