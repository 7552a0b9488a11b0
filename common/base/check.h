// FC_CHECK: a broken invariant stops the process and says what was broken, with its facts.
//
// Debian's Abseil has no absl/log, so this is ours. It is for invariants only: what a caller, a file or a peer can cause
// is an absl::Status, never a check.
//
//   FC_CHECK(credit == debit, "ledger is out of balance: credit ", credit, " debit ", debit);
#pragma once

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace fundcore {

// absl::StrCat that also takes std::string_view. Debian builds Abseil as C++14, where absl::string_view is a class of its
// own that std::string_view does not convert to.
namespace check_internal {
template <class T>
const T& Piece(const T& v) { return v; }
inline absl::string_view Piece(const std::string_view& v) { return {v.data(), v.size()}; }
}  // namespace check_internal
template <class... Args>
std::string StrCat(const Args&... args) {
  return absl::StrCat(check_internal::Piece(args)...);
}

// Prints the message to stderr and aborts. Never returns.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition, const std::string& facts);

}  // namespace fundcore

#define FC_CHECK(condition, ...)                                                                       \
  do {                                                                                                 \
    if (!(condition)) [[unlikely]]                                                                     \
      ::fundcore::CheckFailed(__FILE__, __LINE__, #condition, ::fundcore::StrCat("" __VA_OPT__(, ) __VA_ARGS__)); \
  } while (false)
