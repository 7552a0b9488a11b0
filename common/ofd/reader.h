// Reads a data file of the standard, in pieces as they arrive or all at once, without copying records.
//
//   FC_ASSIGN_OR_RETURN(ofd::Reader reader, ofd::Reader::Open("OFD_11_301_20250304_04.TXT", bytes));
//   FC_ASSIGN_OR_RETURN(const ofd::Column vol, reader.Require("ConfirmedVol"));   // error where the file leaves it out
//   const ofd::Column reason = reader.Find("TransferReason");                     // not present(): reads as blank
//   for (ofd::RecordView record; reader.Next(&record);) { … record.Number(vol) … }
//   FC_RETURN_IF_ERROR(reader.status());                                          // OK: count and trailer are right
//
// In pieces:
//   Reader reader(name);
//   for each piece:  reader.Feed(piece);  while (reader.Next(&record)) …
//   reader.Finish(); while (reader.Next(&record)) …     then reader.status()
// Columns can be found once header_complete(), which a piece may make it; find them before the first Next().
//
// What is verified: the order and form of the head, the name (where it has the standard's form) against the head, every
// field name, the length of every record, the count, the trailer, and that nothing follows it. What a field holds is
// checked when it is read, or by RecordView::Check().
// What is accepted beyond the letter: CR LF or LF, a missing end of
// the last line, empty lines after the trailer, header lines without their padding, names in any case, blank sender and
// recipient, fields left out or in another order.
//
// Life cycle: one Reader a file; after an error it yields nothing more. One thread at a time. Memory: one line (limits
// in fields.h) and the field list; no allocation for a record that lies within one piece.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/ofd/field_error.h"
#include "common/ofd/header.h"
#include "common/ofd/layout.h"
#include "common/ofd/record.h"

namespace fundcore::ofd {

struct ReaderOptions {
  // What this sender does otherwise: added fields, other widths.
  std::vector<FieldOverride> overrides;
  // Whether a file name of the standard's form must agree with the head in creator, receiver, date and type.
  bool check_name = true;
};

class Reader {
 public:
  // `file_name` labels the errors; a folder before it is left out of them.
  explicit Reader(std::string_view file_name, ReaderOptions options = {});

  // A reader over the whole file with its header read. `bytes` must outlive reader and records.
  static absl::StatusOr<Reader> Open(std::string_view file_name, std::string_view bytes, ReaderOptions options = {});

  // Takes the next piece, of any size, and reads as much of the head as it holds. The bytes must stay until Next() has
  // returned false. Call it only then: what an earlier piece still holds is a broken invariant.
  void Feed(std::string_view piece);
  // No piece follows.
  void Finish();
  // The next record. False: another piece is needed, or the file has ended, or is wrong; status() and done() tell.
  bool Next(RecordView* record);

  bool header_complete() const { return header_complete_; }  // and stays so, whatever is wrong later
  const Header& header() const { return header_; }           // complete where header_complete()
  uint64_t record_count() const { return record_count_; }    // as the head announces
  const Layout& layout() const { return *layout_; }
  Column Find(std::string_view name) const { return layout_->Find(name); }
  absl::StatusOr<Column> Require(std::string_view name) const;

  // True once the trailer was read, Finish() called and nothing else followed: the file was whole.
  bool done() const { return step_ == Step::kDone; }
  // OK while nothing is wrong.
  absl::Status status() const { return error_ ? error_->ToStatus() : absl::OkStatus(); }
  // What is wrong, in its structured form; null while nothing is.
  const FieldError* error() const { return error_ ? &*error_ : nullptr; }

 private:
  enum class Step {
    kMagic,
    kVersion,
    kCreator,
    kReceiver,
    kDate,
    kTransferNo,
    kType,
    kSender,
    kRecipient,
    kFieldCount,
    kFieldNames,
    kRecordCount,
    kRecords,
    kTrailer,
    kNothing,
    kDone,
    kFailed
  };
  bool TakeLine(std::string_view* line);
  bool TakeWholeRecord(RecordView* record);
  void ReadHeaderLines();
  void ReadHeaderLine(std::string_view line);
  void ReadParty(std::string_view item, std::string_view text, size_t width, bool may_be_blank, PartyCode* party);
  void ReadType(std::string_view text);
  void CheckName();
  void ReadEnd();
  size_t LineLimit() const;
  void Fail(std::string_view item, std::string_view value, std::string rule, uint32_t column = 0);

  ReaderOptions options_;
  std::unique_ptr<Layout> layout_;  // apart, so that records stay valid when the reader is moved
  Header header_;
  Step step_ = Step::kMagic;
  uint64_t line_ = 0;  // of the line last taken
  uint64_t field_count_ = 0;
  uint64_t record_count_ = 0;
  uint64_t records_read_ = 0;
  std::string_view input_;   // the rest of the present piece
  std::string carry_;        // the beginning of a line that lies across pieces
  bool carry_used_ = false;  // carry_ holds the line last taken
  bool finished_ = false;
  bool header_complete_ = false;
  std::optional<FieldError> error_;
};

}  // namespace fundcore::ofd
