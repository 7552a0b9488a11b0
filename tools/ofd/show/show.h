// Reads a file and hands what it holds to a shower: the table, JSON, CSV or a workbook.
//
//   FC_ASSIGN_OR_RETURN(LinePieces pieces, LinePieces::Open(path));
//   std::unique_ptr<Shower> json = MakeJsonShower(sink.get(), {.meanings = true});
//   absl::Status status = ShowFile(&pieces, BaseName(path), options, json.get());
//   // OK, or where the file is damaged; what stood before the damage has been shown
//
// One thread at a time. Nothing holds the file: memory is one piece, and what a shower says of itself.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/ofd/variant.h"
#include "tools/ofd/show/cell.h"
#include "tools/ofd/show/head.h"
#include "tools/ofd/show/stream.h"

namespace fundcore::ofd_tools {

struct ShowOptions {
  ofd::Variant variant;
  std::vector<std::string> fields;  // empty = all
  uint64_t first = 1;               // records, from 1
  uint64_t last = UINT64_MAX;
  bool meanings = false;

  bool part() const { return !fields.empty() || first != 1 || last != UINT64_MAX; }
  // "fields A, B; records 3-5", "" where all is shown.
  std::string PartText() const;
};

// The head as it will be shown.
struct ShownFile {
  FileHead head;
  std::string name;  // without folders
  std::string part;  // ShowOptions::PartText()
  Columns columns;   // those to be shown
  size_t record_bytes = 0;
};

// Takes a file in order: Begin, then records, line ends and the end as they come, then Damage if there is any, then
// Finish. A status stops the walk; it is an error of writing.
class Shower {
 public:
  virtual ~Shower() = default;
  virtual absl::Status Begin(const ShownFile& file) = 0;
  // `cells` are those of file.columns, good until it returns; `number` counts the file's records from 1.
  virtual absl::Status Record(uint64_t number, const std::vector<Cell>& cells) = 0;
  // Lines end otherwise from here on.
  virtual absl::Status LineEndChanges(bool crlf) { return absl::OkStatus(); }
  // The file does not end in the usual trailer line but in this; called several times where it is long.
  virtual absl::Status End(std::string_view bytes) { return absl::OkStatus(); }
  // What could be read ends here. Where the head cannot be read, Begin was not called, and `lines` are its lines.
  virtual absl::Status Damage(std::string_view message, const std::vector<std::string>& lines) {
    return absl::OkStatus();
  }
  virtual absl::Status Finish() = 0;
};

// kInvalidArgument: the file is damaged, with the place; the rest was shown and Finish() called. Other errors are of
// reading and writing, and kNotFound names a field of `options` that the file does not have.
absl::Status ShowFile(LinePieces* pieces, std::string_view name, const ShowOptions& options, Shower* shower);

// JSON Lines, see from_json.h. `sink` must outlive it.
std::unique_ptr<Shower> MakeJsonShower(Sink* sink, const ShowOptions& options);
// CSV, see csv.h.
std::unique_ptr<Shower> MakeCsvShower(Sink* sink, const ShowOptions& options);

}  // namespace fundcore::ofd_tools
