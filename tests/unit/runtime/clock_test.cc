// Clocks: business time never goes back and never steps, whatever the wall clock does.
#include "common/runtime/clock.h"

#include <gtest/gtest.h>

#include <memory>

namespace fundcore {
namespace {

// A real clock on two clocks that the test moves.
struct Fixture {
  std::shared_ptr<int64_t> wall = std::make_shared<int64_t>(1'000'000'000'000);
  std::shared_ptr<int64_t> mono = std::make_shared<int64_t>(5'000'000);
  RealClock clock{{.max_off = Duration::Seconds(2),
                   .check_every = Duration::Seconds(1),
                   .wall = [w = wall] { return *w; },
                   .monotonic = [m = mono] { return *m; }}};

  void Pass(Duration d) {
    *wall += d.raw();
    *mono += d.raw();
  }
};

TEST(RealClock, FlowsWithTheMonotonicClock) {
  Fixture f;
  const TimePoint start = f.clock.Now();
  EXPECT_EQ(start.raw(), 1'000'000'000'000);
  f.Pass(Duration::Seconds(10));
  EXPECT_EQ(f.clock.Now() - start, Duration::Seconds(10));
  EXPECT_TRUE(f.clock.Health().ok());
}

TEST(RealClock, WorksOffASmallDifferenceWithoutAStep) {
  for (const int64_t off : {800'000, -800'000}) {
    Fixture f;
    *f.wall += off;
    TimePoint last = f.clock.Now();
    for (int i = 0; i < 4000; ++i) {
      f.Pass(Duration::Seconds(1));
      const TimePoint now = f.clock.Now();
      ASSERT_GE((now - last).raw(), 999'500);
      ASSERT_LE((now - last).raw(), 1'000'500);
      last = now;
    }
    EXPECT_NEAR(static_cast<double>(f.clock.Now().raw()), static_cast<double>(*f.wall), 1000);
    EXPECT_TRUE(f.clock.Health().ok());
  }
}

TEST(RealClock, DoesNotFollowALargeDifferenceUntilAccepted) {
  Fixture f;
  f.Pass(Duration::Seconds(2));
  const TimePoint before = f.clock.Now();
  *f.wall += 3'600'000'000;
  f.Pass(Duration::Seconds(2));
  EXPECT_EQ((f.clock.Now() - before).raw(), 2'000'000);
  const absl::Status health = f.clock.Health();
  EXPECT_EQ(health.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(health.message().find("3600000 ms ahead"), absl::string_view::npos) << health;

  int jumps = 0;
  f.clock.Subscribe([&] { ++jumps; });
  f.clock.AcceptWall();
  EXPECT_EQ(f.clock.Now().raw(), *f.wall);
  EXPECT_TRUE(f.clock.Health().ok());
  EXPECT_EQ(jumps, 1);
}

TEST(RealClock, IsHealthyAgainOnceTheWallClockComesBack) {
  Fixture f;
  *f.wall -= 60'000'000;
  f.Pass(Duration::Seconds(2));
  EXPECT_FALSE(f.clock.Health().ok());
  *f.wall += 60'000'000;
  f.Pass(Duration::Seconds(2));
  EXPECT_TRUE(f.clock.Health().ok());
}

TEST(RealClock, IsNeverBelowTheLastStamp) {
  Fixture f;
  const TimePoint stamp = TimePoint::FromRaw(*f.wall + 30'000'000);
  f.clock.NotBefore(stamp);
  EXPECT_GE(f.clock.Now(), stamp);
  EXPECT_FALSE(f.clock.Health().ok());  // the wall clock is 30 s behind the log
  f.clock.AcceptWall();                 // accepted: runs slower until they meet, but not back
  EXPECT_GE(f.clock.Now(), stamp);
  EXPECT_TRUE(f.clock.Health().ok());
  f.Pass(Duration::Seconds(1));
  EXPECT_GT(f.clock.Now(), stamp);
}

TEST(SteeredClock, MovesByHandAndNeverBack) {
  SteeredClock clock(TimePoint::FromRaw(100));
  int jumps = 0;
  const uint64_t id = clock.Subscribe([&] { ++jumps; });
  EXPECT_TRUE(clock.Set(TimePoint::FromRaw(200)).ok());
  EXPECT_EQ(clock.Set(TimePoint::FromRaw(199)).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(clock.Now().raw(), 200);
  EXPECT_EQ(jumps, 1);
  EXPECT_EQ(clock.Until(TimePoint::FromRaw(200)), Duration());
  EXPECT_EQ(clock.Until(TimePoint::FromRaw(201)), std::nullopt);
  clock.Unsubscribe(id);
  EXPECT_TRUE(clock.Set(TimePoint::FromRaw(300)).ok());
  EXPECT_EQ(jumps, 1);
}

}  // namespace
}  // namespace fundcore
