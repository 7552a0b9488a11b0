// Where broken invariants end: one line on stderr, then abort so that a core and a restart follow.
#include "common/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace fundcore {

void CheckFailed(const char* file, int line, const char* condition, const std::string& facts) {
  std::fprintf(stderr, "fundcore: %s:%d: broken invariant: %s %s\n", file, line, condition, facts.c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace fundcore
