// The same commands give the same state, whenever it was written back and whatever process executed them.
#include <gtest/gtest.h>

#include "tests/unit/risk/bench_of_one.h"

namespace fundcore::risk {
namespace {

// A made-up week of 40 investors; restarts after every `restart_every` steps.
std::string Week(int restart_every) {
  MemoryStore store;
  Bench b(&store);
  uint64_t draw = 11, order = 0;
  const auto next = [&](uint64_t below) { return (draw = draw * 6364136223846793005u + 1442695040888963407u) % 1'000'003 % below; };
  for (int step = 1; step <= 600; ++step) {
    b.at = b.at + Duration::Seconds(1000);
    const uint64_t investor = next(40);
    switch (next(8)) {
      case 0:
        b.Assess(investor, 1 + static_cast<int>(next(5)), next(9) == 0, StrCat("step-", step - next(3)));
        break;
      case 1:
        b.Watch(investor, static_cast<WatchLevel>(next(3)));
        break;
      default: {
        Decide command;
        command.received = b.at - Duration::Seconds(static_cast<int64_t>(next(5000)));
        for (uint64_t i = 0, n = 1 + next(20); i < n; ++i) {
          DecideItem item = b.Item(order > 3 && next(10) == 0 ? order - 2 : ++order, next(40), StrCat("00000", 1 + next(6)),
                                   static_cast<int64_t>(next(60'000'000)), next(2) == 0);
          if (next(4) == 0) item.business = 24;
          item.after = Duration::Micros(static_cast<int64_t>(next(1'000'000)) - 500'000);
          command.items.push_back(item);
        }
        b.Run(command);
      }
    }
    if (step % restart_every == 0) b.Restart();
  }
  for (uint64_t o = 1; o <= order; ++o) EXPECT_EQ(b.Evidence(o).order, o);
  return b.Hash();
}

TEST(Replay, RestartsDoNotShow) {
  const std::string hash = Week(1'000'000);
  EXPECT_EQ(Week(1'000'000), hash);
  EXPECT_EQ(Week(1), hash);
  EXPECT_EQ(Week(37), hash);
}

}  // namespace
}  // namespace fundcore::risk
