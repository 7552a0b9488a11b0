// Which names a file may have. The same for every implementation of Files, so that what passes a simulation passes a
// disk.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace fundcore {

// A name is one or more parts joined by '/', at most 1,000 bytes. A part is 1 to 200 bytes, does not begin with '.',
// and holds no backslash and no control character. kInvalidArgument, with the name and what is wrong with it.
absl::Status CheckFileName(std::string_view name);

// A prefix for List: empty, or the beginning of a valid name ("out/2025", "out/").
absl::Status CheckFilePrefix(std::string_view prefix);

// "out/20250303/a.txt" -> {"out", "20250303", "a.txt"}. The views point into `name`.
std::vector<std::string_view> NameParts(std::string_view name);

}  // namespace fundcore
