// A file in another version of the standard, or in the habits of another institution: field by field, by name and value.
//
//   ConvertOptions options{.file = "OFD_301_11_20250303_03.TXT", .to = ofd::Version::k22, .output = "new/OFD_….TXT"};
//   FC_ASSIGN_OR_RETURN(ConvertReport report, ConvertFile(options));
//   report.fits()      // false: nothing was written, and report.misfits says why, line by line
//
// Nothing is cut. A text that is too long, a number with too many digits or decimals, and a field that the target does
// not have and that holds something are misfits; the last kind may be given up by name (`drop`). A field that the target
// does not have and that is blank or zero in every record vanishes and is counted. A "no limit" (nines) of a limit
// stays "no limit" at the new width.
//
// The file is read twice, first to check and then to write: memory does not grow with it. Index files are converted
// too. One thread.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/ofd/field_error.h"
#include "common/ofd/fields.h"
#include "common/ofd/variant.h"

namespace fundcore::ofd_tools {

struct ConvertOptions {
  std::string file;
  ofd::Version to = ofd::Version::k22;
  std::string output;      // a file; empty with an empty output_dir: only check
  std::string output_dir;  // or a folder, where the file gets the standard's name
  ofd::Variant from_variant, to_variant;
  std::set<std::string> drop;  // upper case: fields whose loss is accepted
  bool keep_fields = false;    // the file's own fields in its order, instead of all that the target wants
  bool replace = false;
};

struct Misfit {
  ofd::FieldError error;
  std::string chinese;  // the field's name
};
// A field that the target does not have.
struct GoneField {
  std::string name, chinese;
  uint64_t records = 0;  // that held something
};

struct ConvertReport {
  static constexpr size_t kMostMisfits = 1000;  // that are kept; all are counted
  std::string output;                           // what was written; empty where nothing was
  ofd::Version from = ofd::Version::k21;
  uint64_t records = 0;
  uint64_t misfit_count = 0;
  std::vector<Misfit> misfits;
  std::vector<GoneField> dropped;   // held something and were given up by name
  std::vector<GoneField> vanished;  // held nothing in any record
  bool fits() const { return misfit_count == 0; }
};

// Errors: those of reading (kInvalidArgument where the file itself is wrong, located) and of writing (kAlreadyExists,
// kUnavailable …); kInvalidArgument where `drop` names a field that is not lost, as that is a slip of the pen.
absl::StatusOr<ConvertReport> ConvertFile(const ConvertOptions& options);

}  // namespace fundcore::ofd_tools
