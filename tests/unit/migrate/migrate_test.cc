// Moving a log onto another one: offset for offset, gone on after trouble, and refused where the target is not what it
// must be.
#include "tools/fundcore/migrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/check.h"
#include "common/log/memory.h"
#include "tests/unit/log/log_files.h"

namespace fundcore {
namespace {

using namespace log_testing;
using ::testing::HasSubstr;

// Stands before a log and breaks what passes.
class Faulty final : public Log {
 public:
  explicit Faulty(Log* log) : log_(log) {}
  void Append(std::vector<AppendItem> items, Done done) override {
    if (appends_left-- > 0) {
      if (change_bytes) items.back().bytes += "!";
      return log_->Append(std::move(items), std::move(done));
    }
    // Half of it lands, and nobody is told how much.
    items.resize(items.size() / 2);
    log_->Append(std::move(items),
                 [done = std::move(done)](absl::Status) mutable { done(absl::UnavailableError("broker lost")); });
  }
  void Tail(LogPartition p, LogOffset from, Executor* executor, OnRecords on_records) override {
    if (!silent) log_->Tail(p, from, executor, std::move(on_records));
  }
  absl::Status Start() override { return log_->Start(); }
  LogOffset End(LogPartition p) const override { return log_->End(p); }
  void Flushed(std::span<const std::pair<LogPartition, LogOffset>>) override {}
  int appends_left = 1'000'000;
  bool change_bytes = false, silent = false;

 private:
  Log* const log_;
};

class MigrateTest : public ::testing::Test {
 protected:
  MigrateTest() {
    auto log = EmbeddedLog::Open(SmallLog(source()));
    FC_CHECK(log.ok());
    for (int i = 0; i < 600; ++i) {
      std::vector<AppendItem> items;
      items.push_back({Trade(static_cast<uint16_t>(i % 3)), Payload(std::to_string(i), (i * 37) % 5000)});
      if (i % 7 == 0) items.push_back({Account(1), ""});
      FC_CHECK(AppendAndWait(**log, std::move(items)).ok());
    }
  }
  std::string source() { return folder_.Sub("source"); }
  static std::string Payload(const std::string& head, int size) {
    return head + std::string(static_cast<size_t>(size), 'p');
  }
  std::unique_ptr<EmbeddedLog> OpenTarget() {
    auto log = EmbeddedLog::Open(SmallLog(folder_.Sub("target")));
    FC_CHECK(log.ok(), log.status().ToString());
    return *std::move(log);
  }
  // Onto the embedded log in `target`, through a Faulty that `prepare` sets.
  absl::StatusOr<MigrateReport> Onto(std::function<void(Faulty&)> prepare = {},
                                     MigrateOptions options = {.batch_bytes = 20'000}) {
    auto target = OpenTarget();
    Faulty faulty(target.get());
    if (prepare) prepare(faulty);
    ThreadExecutor executor("migrate", &clock_);
    auto report = Migrate(source(), &faulty, &executor, options);
    target->Close();
    executor.Stop();
    return report;
  }
  Contents Of(const std::string& name) {
    auto all = Scan(folder_.Sub(name));
    FC_CHECK(all.ok(), all.status().ToString());
    return *all;
  }

  TempFolder folder_{TempFolder::Fast()};
  RealClock clock_{{}};
};

TEST_F(MigrateTest, EveryRecordComesOutAtItsOffset) {
  auto report = Onto();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(Of("target"), Of("source"));
  EXPECT_EQ(report->records(), 600u + 86);
  EXPECT_EQ(report->there_before(), 0u);
  EXPECT_EQ(report->partitions.size(), 8u);
  EXPECT_EQ(report->partitions[0].records, 200u);
  EXPECT_EQ(report->partitions[3].records, 0u);
  // Done again, it finds everything there.
  report = Onto([](Faulty& f) { f.appends_left = 0; });
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->there_before(), report->records());
}

TEST_F(MigrateTest, GoesOnAfterAppendsOfUnknownEffect) {
  int tries = 0;
  for (uint64_t before = 0;; ++tries) {
    auto report = Onto([](Faulty& f) { f.appends_left = 7; });
    if (report.ok()) {
      EXPECT_GT(report->there_before(), before);
      break;
    }
    ASSERT_TRUE(absl::IsUnavailable(report.status())) << report.status();
    EXPECT_THAT(report.status().message(), HasSubstr("run the same command again"));
    ASSERT_LT(tries, 50);
  }
  EXPECT_GT(tries, 3);
  EXPECT_EQ(Of("target"), Of("source"));
}

TEST_F(MigrateTest, WorksOntoASimulatedLog) {
  SimWorld world({.seed = 11, .shuffle = true});
  MemoryLog target(&world, {.unknown_per_million = 100'000});
  MigrateOptions options{.batch_bytes = 50'000};
  options.pump = [&world] {
    const uint64_t before = world.steps();
    world.RunUntilIdle();
    return world.steps() > before;
  };
  absl::StatusOr<MigrateReport> report;
  int unknown = 0;
  for (int life = 0; life < 100; ++life) {
    SimExecutor* executor = world.MakeExecutor("life");
    report = Migrate(source(), &target, executor, options);
    if (report.ok()) break;
    ASSERT_TRUE(absl::IsUnavailable(report.status())) << report.status();
    ++unknown;
    world.Kill(executor);
    target.Crash();
  }
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GT(unknown, 0);
  const Contents expected = Of("source");
  for (const auto& [p, records] : expected) {
    ASSERT_EQ(target.End(p), records.size());
    for (size_t i = 0; i < records.size(); ++i) ASSERT_EQ(target.Stored(p)[i].bytes, records[i]);
  }
}

TEST_F(MigrateTest, RefusesATargetWithOtherRecordsAndTouchesNothing) {
  {
    auto target = OpenTarget();
    ASSERT_TRUE(AppendAndWait(*target, Trade(1), "somebody else's").ok());
  }
  const Contents before = Of("target");
  auto report = Onto();
  EXPECT_TRUE(absl::IsFailedPrecondition(report.status()));
  EXPECT_THAT(report.status().message(),
              HasSubstr("the first 1 records of trade partition 1 in the target have the hash"));
  EXPECT_EQ(Of("target"), before);
}

TEST_F(MigrateTest, RefusesATargetThatIsLonger) {
  ASSERT_TRUE(Onto().ok());
  {
    auto target = OpenTarget();
    ASSERT_TRUE(AppendAndWait(*target, Account(0), "after the move").ok());
  }
  auto report = Onto();
  EXPECT_TRUE(absl::IsFailedPrecondition(report.status()));
  EXPECT_THAT(report.status().message(),
              HasSubstr("the target holds 1 records of account partition 0, the source has 0"));
}

TEST_F(MigrateTest, FindsARecordThatChangedOnTheWay) {
  auto report = Onto([](Faulty& f) { f.change_bytes = true; });
  EXPECT_TRUE(absl::IsDataLoss(report.status())) << report.status();
  EXPECT_THAT(report.status().message(), HasSubstr("the source has"));
}

TEST_F(MigrateTest, SaysWhenTheTargetIsSilent) {
  auto report = Onto([](Faulty& f) { f.silent = true; }, {.batch_bytes = 20'000, .patience = Duration::Millis(200)});
  EXPECT_TRUE(absl::IsUnavailable(report.status())) << report.status();
  EXPECT_THAT(report.status().message(), HasSubstr("nothing came"));
}

TEST_F(MigrateTest, RefusesASourceThatIsServed) {
  auto open = EmbeddedLog::Open(SmallLog(source()));
  ASSERT_TRUE(open.ok());
  auto report = Onto();
  EXPECT_TRUE(absl::IsFailedPrecondition(report.status()));
  EXPECT_THAT(report.status().message(), HasSubstr("is in use by process"));
}

TEST_F(MigrateTest, RefusesASourceWhoseBeginningWasArchived) {
  std::filesystem::remove(source() + "/segment-000001.log");
  auto report = Onto();
  EXPECT_TRUE(absl::IsFailedPrecondition(report.status()));
  EXPECT_THAT(report.status().message(), HasSubstr("copy the archived segments back"));
}

}  // namespace
}  // namespace fundcore
