// What is wrong in a file, and where: in a structured form for screens and breaks, in one line for people and logs.
//
//   OFD_11_301_20250304_04.TXT:1204: ConfirmedVol "00000000013x2000" at column 117 is not a number (type N, 16 digits,
//   2 decimals)
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace fundcore::ofd {

struct FieldError {
  std::string file;     // as given to the reader or writer
  uint64_t line = 0;    // from 1; 0 where no line is concerned
  uint32_t column = 0;  // byte in the line, from 1; 0 where the whole line is concerned
  std::string field;    // field name or header item; may be empty
  std::string value;    // readable form; may be empty
  std::string rule;     // what was broken and what to do: "is not a number (…)"

  std::string ToString() const;
  // kInvalidArgument with ToString() as its message.
  absl::Status ToStatus() const;
};

}  // namespace fundcore::ofd
