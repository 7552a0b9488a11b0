// Requests of every service with chosen contents, to a whole system in memory: first each method by itself, many times, then
// stories of several. FUZZ_STORIES in the environment sets how many stories, FUZZ_FIRST the first seed; the words before a
// crash name the seed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "common/base/check.h"
#include "tests/fuzz/rpc/story.h"
#include "tests/fuzz/support/last_words.h"
#include "tests/fuzz/support/targets.h"

namespace fundcore::fuzz {
namespace {

std::string Random(uint64_t seed, size_t size) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

int64_t FromEnvironment(const char* name, int64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::atoll(text);
}

TEST(Rpc, EveryMethodAnswersWhateverItIsAsked) {
  LastWords words;
  constexpr int kRounds = 25;
  const std::vector<std::string> methods = Story(Scene::kMorning).Methods();
  EXPECT_GE(methods.size(), 70u);
  int answered = 0, refused = 0;
  for (const Scene scene : {Scene::kMorning, Scene::kNextDays, Scene::kBreak}) {
    for (size_t first = 0; first < methods.size(); first += 10) {
      // Ten methods share a world, so that they also find what the others left.
      Story story(scene);
      for (size_t i = first; i < std::min(first + 10, methods.size()); ++i) {
        for (int round = 0; round < kRounds; ++round) {
          words.Set(StrCat(methods[i], " round ", round, " scene ", static_cast<int>(scene)));
          const std::string bytes = Random(i * 1'000 + static_cast<uint64_t>(round), 600);
          Choices in(bytes);
          if (round % 8 == 7) {
            story.RawRequest(methods[i], std::string_view(bytes).substr(0, 40), round % 16 == 7);
          } else {
            story.Request(methods[i], &in);
          }
        }
      }
      story.End();
      answered += story.answered();
      refused += story.refused();
    }
  }
  RecordProperty("answered", answered);
  RecordProperty("refused", refused);
  EXPECT_GT(answered, 300);
  EXPECT_GT(refused, 300);
}

TEST(Rpc, StoriesEndWithBooksThatBalance) {
  LastWords words;
  const int64_t first = FromEnvironment("FUZZ_FIRST", 1);
  const int64_t stories = FromEnvironment("FUZZ_STORIES", 40);
  for (int64_t seed = first; seed < first + stories; ++seed) {
    words.Set(StrCat("story ", seed, "; repeat: FUZZ_FIRST=", seed, " FUZZ_STORIES=1 fuzz_rpc_test --gtest_filter='*Stories*'"));
    FuzzRpc(Random(static_cast<uint64_t>(seed), 4'000));
  }
}

}  // namespace
}  // namespace fundcore::fuzz
