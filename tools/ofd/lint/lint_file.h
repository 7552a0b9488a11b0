// One file: head, every record, trailer, duplicates.
//
//   FC_ASSIGN_OR_RETURN(const uint64_t records, LintFile("in/OFD_11_301_20250304_04.TXT", variant, &report, &folder));
//
// Memory: a line, a piece of the file, and HashBuckets. A second pass over the file is made only where two records have
// one hash, to compare them by their bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/ofd/variant.h"
#include "tools/ofd/lint/folder.h"
#include "tools/ofd/lint/report.h"
#include "tools/ofd/lint/scan.h"

namespace fundcore::ofd_tools {

// Reports what is wrong in the file and returns its number of records. Facts for comparisons with other files go to
// `folder` (null: there are none). An error means that the file could not be read.
absl::StatusOr<uint64_t> LintFile(const std::string& path, const ofd::Variant& variant, Report* report,
                                  FolderCheck* folder);

// Reads a file again and hands over the lines with these numbers (ascending), with their place in the list.
absl::Status FetchLines(const std::string& path, const std::vector<uint64_t>& lines,
                        const std::function<void(size_t, const Line&)>& take);

}  // namespace fundcore::ofd_tools
