// Writes a data or index file again from its head and its records' values, to the same bytes that it had.
//
//   Restorer r("orders.jsonl", "OFD_301_11_20250303_03.TXT", sink.get());
//   FC_RETURN_IF_ERROR(r.Begin(head, /*line=*/1));
//   for each record at `line`:
//     for each value:  if (std::string rule = r.Set(i, cell); !rule.empty()) return …
//     FC_RETURN_IF_ERROR(r.EndRecord(line));
//   FC_RETURN_IF_ERROR(r.Finish(line));      // refuses unless as many records came as the head announces
//
// What it writes is read again on the way by the same reader that every service uses, so that nothing leaves it that
// could not be read. Errors are kInvalidArgument, located in the text that is being restored (its lines, its fields);
// kUnavailable and others come from the sink. After an error it is of no further use.
// One thread at a time. Memory: about 1 MiB; an index file as a whole, at most kMaxIndexBytes.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/ofd/reader.h"
#include "tools/ofd/show/cell.h"
#include "tools/ofd/show/head.h"
#include "tools/ofd/show/stream.h"

namespace fundcore::ofd_tools {

inline constexpr size_t kMaxIndexBytes = 64 << 20;

class Restorer {
 public:
  // `source` labels errors, `output` is the name that the file is to have ("" = unknown): if it has the standard's form
  // it must agree with the head. `sink` must outlive this.
  Restorer(std::string source, std::string output, Sink* sink);

  absl::Status Begin(FileHead head, uint64_t line);
  bool begun() const { return begun_; }
  // Of an index file: one, kNameOfIndexColumn.
  const Columns& columns() const { return columns_; }
  // The column of that name, in any case; -1 where the file has none.
  int Find(std::string_view name) const;

  // Sets a value of the present record. Returns "" or what is wrong with it. Setting one twice is wrong.
  std::string Set(size_t column, const Cell& value);
  absl::Status EndRecord(uint64_t line);
  // From here on lines end thus.
  void SetLineEnd(bool crlf) { crlf_ = crlf; }
  // Bytes that stand at the file's end instead of the usual trailer line; the pieces follow one another.
  absl::Status AddEnd(std::string_view text, uint64_t line);
  // What is missing is written and all is checked. The sink is not committed.
  absl::Status Finish(uint64_t line);

  // A located error about the text that is being restored.
  absl::Status Error(uint64_t line, std::string_view field, std::string_view value, std::string rule) const;

 private:
  absl::Status Flush(bool last);
  absl::Status FinishIndex(uint64_t line);
  std::string MadeName() const;

  std::string source_, output_;
  Sink* sink_;
  FileHead head_;
  Columns columns_;
  std::unique_ptr<ofd::Layout> layout_;
  std::unique_ptr<ofd::Reader> reader_;  // of what we write
  std::string record_;
  std::vector<uint64_t> set_in_;  // by column: the record in which it was last set, from 1
  uint64_t written_ = 0;
  std::string buffer_;
  std::string end_;
  std::vector<std::string> names_;  // of an index file
  bool begun_ = false, has_end_ = false, crlf_ = true;
};

}  // namespace fundcore::ofd_tools
