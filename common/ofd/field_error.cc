// The one-line form of a file error.
#include "common/ofd/field_error.h"

#include "common/base/check.h"

namespace fundcore::ofd {

std::string FieldError::ToString() const {
  std::string out = file;
  if (line > 0) out += StrCat(":", line);
  out += ":";
  if (!field.empty()) out += StrCat(" ", field);
  if (!value.empty()) out += StrCat(" \"", value, "\"");
  if (column > 0) out += StrCat(" at column ", column);
  out += StrCat(" ", rule);
  return out;
}

absl::Status FieldError::ToStatus() const { return absl::InvalidArgumentError(ToString()); }

}  // namespace fundcore::ofd
