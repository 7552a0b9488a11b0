// Runs a fuzz target with any compiler: every input of its corpus and of its seeds, and a fixed number of damaged ones. The
// build names the target (FUZZ_TARGET), the folders (FUZZ_FOLDERS, divided by ":") and the number (FUZZ_ROUNDS).
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "common/base/check.h"
#include "tests/fuzz/support/last_words.h"
#include "tests/fuzz/support/mutate.h"
#include "tests/fuzz/support/targets.h"

namespace fundcore::fuzz {
namespace {

struct Input {
  std::string path, bytes;
};

std::vector<Input> Inputs() {
  std::vector<Input> inputs;
  std::istringstream folders(FUZZ_FOLDERS);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (!std::filesystem::is_directory(folder)) continue;  // no finding and no seed of its own yet
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      inputs.push_back({entry.path().string(), {std::istreambuf_iterator<char>(in), {}}});
    }
  }
  std::sort(inputs.begin(), inputs.end(), [](const Input& a, const Input& b) { return a.path < b.path; });
  return inputs;
}

TEST(Fuzz, EveryInputOfTheCorpusPasses) {
  const std::vector<Input> inputs = Inputs();
  ASSERT_FALSE(inputs.empty()) << "no corpus in " << FUZZ_FOLDERS;
  LastWords words;
  FUZZ_TARGET("");
  for (const Input& input : inputs) {
    words.Set(input.path);
    FUZZ_TARGET(input.bytes);
  }
}

TEST(Fuzz, DamagedInputsPass) {
  constexpr uint64_t kSeed = 2025;
  LastWords words;
  std::mt19937_64 random(kSeed);
  const std::vector<Input> inputs = Inputs();
  ASSERT_FALSE(inputs.empty());
  for (int round = 0; round < FUZZ_ROUNDS; ++round) {
    const Input& input = inputs[random() % inputs.size()];
    const Input& other = inputs[random() % inputs.size()];
    const std::string bytes = Mutate(input.bytes, other.bytes, &random);
    words.Set(StrCat("seed ", kSeed, " round ", round, " from ", input.path));
    FUZZ_TARGET(bytes);
  }
}

}  // namespace
}  // namespace fundcore::fuzz
