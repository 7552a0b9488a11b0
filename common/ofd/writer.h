// Writes a data file of the standard, record by record, into a string.
//
//   std::string bytes;
//   ofd::Writer writer("OFD_301_11_20250303_03.TXT", &bytes);
//   FC_RETURN_IF_ERROR(writer.Begin(header, orders.size()));
//   const ofd::Column amount = writer.Find("ApplicationAmount"), note = writer.Find("Specification");
//   for (const auto& order : orders) {
//     writer.SetNumber(amount, order.amount_in_fen);   // scaled by amount.decimals()
//     writer.SetText(note, order.note);                // UTF-8
//     FC_RETURN_IF_ERROR(writer.EndRecord());          // the first value that did not fit, if any
//   }
//   FC_RETURN_IF_ERROR(writer.Finish());               // refuses unless as many records came as Begin() announced
//
// Nothing is ever cut to fit: a number with too many digits, a text with too many GB18030 bytes, a character that
// GB18030 or the field cannot hold, and a value for a field that the file does not list are errors, and the record is
// not written; the next one may follow. What is not set is zeros in numbers and spaces elsewhere.
//
// Life cycle: Begin, records, Finish. One thread at a time. The writer only appends to the string; its owner may take
// and clear it between calls, so a file of any size needs no more memory than he gives it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/ofd/field_error.h"
#include "common/ofd/header.h"
#include "common/ofd/layout.h"
#include "common/time/time.h"

namespace fundcore::ofd {

struct WriterOptions {
  // What this receiver expects otherwise: added fields, other widths.
  std::vector<FieldOverride> overrides;
  // LF at the end of every line instead of CR LF.
  bool lf_line_ends = false;
};

class Writer {
 public:
  // `file_name` labels the errors. `out` must outlive the writer.
  Writer(std::string_view file_name, std::string* out, WriterOptions options = {});

  // Writes the head. kInvalidArgument where an item does not fit its width, a field is not of the type, or
  // `record_count` has too many digits; then nothing was appended and the writer is of no further use.
  absl::Status Begin(const Header& header, uint64_t record_count);

  // Not present() where the file does not list the field; setting such a column to anything but blank is an error.
  Column Find(std::string_view name) const { return layout_->Find(name); }
  const Layout& layout() const { return *layout_; }

  // Values of the present record, in any order. An error is kept and told by EndRecord().
  void SetText(Column c, std::string_view utf8);
  void SetNumber(Column c, int64_t scaled);           // N fields only; negative numbers take one place for the sign
  void SetDate(Column c, Date date);                  // unset = blank
  void SetBytes(Column c, std::string_view gb18030);  // as RecordView::Text gave them; trailing spaces are added
  void SetBlank(Column c);                            // spaces, in numbers too

  // Appends the record, or refuses it with its first error; either way the next record begins.
  absl::Status EndRecord();
  // Appends the trailer. kFailedPrecondition where the number of records is not the one announced.
  absl::Status Finish();

  uint64_t records_written() const { return written_; }

 private:
  std::string_view line_end() const { return options_.lf_line_ends ? kLf : kCrLf; }
  char* Place(Column c, std::string_view shown_value);
  void Refuse(Column c, std::string_view value, std::string rule);

  WriterOptions options_;
  std::unique_ptr<Layout> layout_;
  std::string* out_;
  std::string empty_record_;  // zeros in numbers, spaces elsewhere, the line end
  std::string record_;
  uint64_t announced_ = 0;
  uint64_t written_ = 0;
  uint64_t first_line_ = 0;  // of the first record
  bool begun_ = false;
  bool finished_ = false;
  std::optional<FieldError> error_;
};

}  // namespace fundcore::ofd
