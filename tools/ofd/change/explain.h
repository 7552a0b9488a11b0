// What a file type, a field, a business code or a return code means, from the tables of common/ofd.
//
//   FC_ASSIGN_OR_RETURN(std::string text, ExplainField("03", "LargeRedemptionFlag", {}, /*json=*/false));
//
// Pure functions, thread-safe. kNotFound, with what there is instead, for a name that the standard does not have.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/ofd/fields.h"

namespace fundcore::ofd_tools {

// A type: names, record key, fields with their forms. Only fields of `version` where one is given.
absl::StatusOr<std::string> ExplainType(std::string_view type, std::optional<ofd::Version> version, bool json);
// A field of a type: form in every version, values, whether it is of the key, the businesses that fill it.
absl::StatusOr<std::string> ExplainField(std::string_view type, std::string_view field,
                                         std::optional<ofd::Version> version, bool json);
// A field named without its type: the types that have it.
absl::StatusOr<std::string> ExplainAnywhere(std::string_view field, bool json);
// A return code, "0354".
absl::StatusOr<std::string> ExplainReturnCode(std::string_view code, bool json);
// A business code, "022" or "122": its name, what asks and what confirms.
absl::StatusOr<std::string> ExplainBusiness(std::string_view code, bool json);

}  // namespace fundcore::ofd_tools
