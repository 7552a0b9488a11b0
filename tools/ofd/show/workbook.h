// A file as an Excel workbook. The only place that includes libxlsxwriter.
//
//   FC_ASSIGN_OR_RETURN(auto book, MakeWorkbookShower("orders.xlsx", options, {.overwrite = false}));
//   ShowFile(&pieces, name, options, book.get());      // "orders.xlsx" appears when Finish() has succeeded
//
// Sheet "Records" has a row a record (further sheets "Records 2" … where one is full), "Head" the head, the fields with
// their forms, and the values that they may have. Ids and codes are text, so that no leading zero is lost; numbers of
// up to 15 digits are numbers, longer ones text, as a spreadsheet would round them; dates are dates, times text.
//
// Memory does not grow with the file: rows go to temporary files in the workbook's folder, which needs room for about
// ten times the size of the records. One thread at a time.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tools/ofd/show/show.h"

namespace fundcore::ofd_tools {

struct WorkbookOptions {
  bool overwrite = false;
  bool large = false;                  // parts beyond 4 GiB may come: write them as ZIP64
  uint32_t rows_in_sheet = 1'048'576;  // with the headings; what Excel can open
};

// Errors: as Sink::ToFile.
absl::StatusOr<std::unique_ptr<Shower>> MakeWorkbookShower(const std::string& path, const ShowOptions& options,
                                                           const WorkbookOptions& book);

}  // namespace fundcore::ofd_tools
