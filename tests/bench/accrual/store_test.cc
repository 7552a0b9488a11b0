// A day of accrual that is killed in its middle, and whose last write was torn, goes on to the totals of one that was not.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/bench/accrual/store.h"

namespace fundcore::bench {
namespace {

Units UnitsOf(uint64_t holder) { return Units::FromRaw(static_cast<int64_t>(holder * 7919 % 5'000'003)); }

class Accrual : public ::testing::TestWithParam<IncomeMode> {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("accrual-test-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  std::filesystem::path folder_;
};

constexpr uint64_t kHolders = 10 * AccrualStore::kPerSegment - 777;

TEST_P(Accrual, KilledInTheMiddleItGoesOnToTheSameTotals) {
  const MoneyFundTerms terms{.mode = GetParam()};
  const IncomeDay day{.per_ten_thousand = *Nav::Parse("1.2834"), .payout = true};
  auto whole = AccrualStore::Create(Path("whole"), kHolders, UnitsOf);
  auto cut = AccrualStore::Create(Path("cut"), kHolders, UnitsOf);
  ASSERT_TRUE(whole.ok() && cut.ok());
  cut->reset();
  AccrualTotals expected;
  for (uint32_t d = 1; d <= 3; ++d) {
    expected = *(*whole)->AccrueDay(d, day, terms, {});
    const pid_t child = ::fork();
    if (child == 0) {
      auto store = AccrualStore::Open(Path("cut"));
      (void)(*store)->AccrueDay(d, day, terms, {.threads = 2, .sync_every = 2, .after_segment = [](uint64_t n) {
        if (n == 5) ::kill(::getpid(), SIGKILL);
      }});
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it was to be killed";
    // The copy that the next write would have gone to is half new and half old: damage one that does not hold the newest day.
    if (d == 1) {
      std::fstream file(Path("cut"), std::ios::in | std::ios::out | std::ios::binary);
      constexpr std::streamoff kSegment = AccrualStore::kPerSegment * 24 + 16;
      file.seekp(4096 + (2 * 9 + 1) * kSegment + 1000);   // the last segment's second copy, not written yet
      file << std::string(100'000, '#');
    }
    auto store = AccrualStore::Open(Path("cut"));
    ASSERT_TRUE(store.ok());
    const auto totals = (*store)->AccrueDay(d, day, terms, {});
    ASSERT_TRUE(totals.ok()) << totals.status();
    EXPECT_GE(totals->skipped, 4u);
    EXPECT_LT(totals->skipped, 10u);
    EXPECT_EQ(*totals, expected) << "day " << d;
    EXPECT_EQ(*(*store)->Totals(), expected);
    EXPECT_EQ((*store)->AccrueDay(d, day, terms, {})->skipped, 10u);   // asked again, nothing earns twice
    EXPECT_FALSE((*store)->AccrueDay(d + 2, day, terms, {}).ok());
  }
  // And the totals are what the rules say, holder by holder.
  if (GetParam() == IncomeMode::kShare) return;   // ShareSelectionTest holds the line
  __int128 units = 0;
  for (uint64_t h = 0; h < kHolders; ++h) {
    IncomeAccount a{.holder = h, .units = UnitsOf(h)};
    for (int d = 0; d < 3; ++d) EarnDay(&a, day, terms);
    units += a.units.raw();
  }
  EXPECT_TRUE(units == expected.units);
}

INSTANTIATE_TEST_SUITE_P(Modes, Accrual, ::testing::Values(IncomeMode::kCarry, IncomeMode::kCut, IncomeMode::kShare));

TEST(AccrualFile, BothCopiesLostIsToldNotGuessed) {
  const std::string path = std::filesystem::temp_directory_path() / ("accrual-lost-" + std::to_string(::getpid()));
  { ASSERT_TRUE(AccrualStore::Create(path, 1000, UnitsOf).ok()); }
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096 + 500);
    file << "damage";
  }
  auto store = AccrualStore::Open(path);
  const auto totals = (*store)->AccrueDay(1, {.per_ten_thousand = *Nav::Parse("1")}, {}, {});
  EXPECT_EQ(totals.status().code(), absl::StatusCode::kDataLoss);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace fundcore::bench
