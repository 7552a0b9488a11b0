// libFuzzer's entry to one of the targets, chosen by the build: FUZZ_TARGET is the name of a function of targets.h.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/support/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fundcore::fuzz::FUZZ_TARGET(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
