// Small helpers around absl::Status: early return, assignment, and the one greppable way to ignore a status on purpose.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define FC_STATUS_CONCAT_INNER(a, b) a##b
#define FC_STATUS_CONCAT(a, b) FC_STATUS_CONCAT_INNER(a, b)

// Returns the status from the enclosing function unless it is OK.
#define FC_RETURN_IF_ERROR(expr)                         \
  do {                                                   \
    if (auto fc_status = (expr); !fc_status.ok()) return fc_status; \
  } while (false)

// FC_ASSIGN_OR_RETURN(auto x, Compute()): x holds the value, or the enclosing function returns the status.
#define FC_ASSIGN_OR_RETURN(lhs, expr) FC_ASSIGN_OR_RETURN_INNER(FC_STATUS_CONCAT(fc_or_, __LINE__), lhs, expr)
#define FC_ASSIGN_OR_RETURN_INNER(tmp, lhs, expr) \
  auto tmp = (expr);                              \
  if (!tmp.ok()) return std::move(tmp).status();  \
  lhs = *std::move(tmp)

namespace fundcore {

// Ignores a status on purpose; the reason is for the reader.
inline void IgnoreStatus(const absl::Status&, const char* /*why*/) {}

}  // namespace fundcore
