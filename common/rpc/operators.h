// Who may operate: the calls that change terms, resolve breaks, move clocks or put money on cards are for siblings and
// operators, never for investor apps.
#pragma once

#include "common/rpc/handlers.h"

namespace fundcore::rpc {

// Siblings of this system, the operators' tool, and whoever is on this machine without a name of their own.
inline bool IsOperator(const Call& call) {
  const std::string_view c = call.caller.view();
  return call.internal || c == "local" || c == "operator" || c == "fundctl";
}

inline absl::Status OperatorsOnly(const Call& call) {
  return ErrorWithReason(absl::StatusCode::kPermissionDenied, "OPERATORS_ONLY",
                         StrCat("caller \"", call.caller.view(), "\" may not do this; it is for operators"));
}

}  // namespace fundcore::rpc
