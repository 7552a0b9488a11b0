// Runs every input of the corpus, which the fuzzers found worth keeping, through its target; any compiler will do.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/fuzz/ofd/targets.h"

namespace fundcore::ofd {
namespace {

struct Target {
  const char* folder;
  void (*run)(std::string_view);
};

class Replay : public ::testing::TestWithParam<Target> {};

TEST_P(Replay, EveryInputOfTheCorpusPasses) {
  std::vector<std::filesystem::path> inputs;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(FUZZ_CORPUS) / GetParam().folder)) {
    inputs.push_back(entry.path());
  }
  std::sort(inputs.begin(), inputs.end());
  ASSERT_FALSE(inputs.empty()) << "no corpus in " << FUZZ_CORPUS << "/" << GetParam().folder;
  for (const auto& path : inputs) {
    SCOPED_TRACE(path.string());
    std::ifstream in(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    GetParam().run(bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Replay,
                         ::testing::Values(Target{"reader", FuzzReader}, Target{"writer", FuzzWriter},
                                           Target{"index", FuzzIndex}),
                         [](const auto& info) { return std::string(info.param.folder); });

}  // namespace
}  // namespace fundcore::ofd
