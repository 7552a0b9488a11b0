// The contract of StateStore, kept by both stores; and what only the one on disk can break: crashes, locks, formats,
// rot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "common/base/check.h"
#include "common/store/memory.h"
#include "common/store/rocks.h"

namespace fundcore {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using Entries = std::vector<std::pair<std::string, std::string>>;

// A folder below the working directory with a fixed name: the re-executed half of a death test must find the same one.
fs::path TestFolder() {
  std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  for (char& c : name) c = c == '/' ? '-' : c;
  return fs::current_path() / ("store-test-data-" + name);
}

std::unique_ptr<RocksStore> OpenRocks(const fs::path& folder) {
  auto store = RocksStore::Open({.folder = folder.string(), .cache_bytes = 8 << 20, .write_buffer_bytes = 1 << 20});
  FC_CHECK(store.ok(), store.status().ToString());
  return *std::move(store);
}

std::string Value(const StateStore& store, Family family, std::string_view key) {
  auto got = store.Get(family, key);
  if (!got.ok()) return got.status().ToString();
  return got->value_or("(none)");
}

Entries All(const StateStore& store, Family family, std::string_view begin, std::string_view end) {
  Entries found;
  EXPECT_TRUE(store
                  .Scan(family, begin, end,
                        [&](std::string_view key, std::string_view value) {
                          found.emplace_back(key, value);
                          return true;
                        })
                  .ok());
  return found;
}

class StoreContract : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    folder_ = TestFolder();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    if (GetParam() == std::string("memory")) {
      store_ = std::make_unique<MemoryStore>();
    } else {
      store_ = OpenRocks(folder_ / "state");
    }
  }
  void TearDown() override {
    store_.reset();
    fs::remove_all(folder_);
  }
  // The checkpoint of that folder, opened.
  std::unique_ptr<StateStore> OpenCheckpoint(const std::string& folder) {
    if (auto* memory = dynamic_cast<MemoryStore*>(store_.get())) return *memory->OpenCheckpoint(folder);
    return OpenRocks(folder);
  }
  fs::path folder_;
  std::unique_ptr<StateStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, ::testing::Values("memory", "rocks"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(StoreContract, FamiliesAreApartAndTheLastWriteWins) {
  ASSERT_TRUE(store_->Write({{Family::kState, "a", "1"}, {Family::kHistory, "a", "2"}, {Family::kIds, "a", "3"}}).ok());
  ASSERT_TRUE(
      store_->Write({{Family::kState, "a", "4"}, {Family::kState, "a", "5"}, {Family::kIds, "a", std::nullopt}}).ok());
  EXPECT_EQ(Value(*store_, Family::kState, "a"), "5");
  EXPECT_EQ(Value(*store_, Family::kHistory, "a"), "2");
  EXPECT_EQ(Value(*store_, Family::kIds, "a"), "(none)");
  EXPECT_EQ(Value(*store_, Family::kState, "absent"), "(none)");
}

TEST_P(StoreContract, KeysAndValuesAreAnyBytes) {
  const std::string key("k\0\xff", 3), value("\0\n", 2);
  ASSERT_TRUE(store_->Write({{Family::kState, key, value}, {Family::kState, "empty", ""}}).ok());
  EXPECT_EQ(Value(*store_, Family::kState, key), value);
  EXPECT_EQ(Value(*store_, Family::kState, "empty"), "");
}

TEST_P(StoreContract, MultiGetAnswersInTheOrderAsked) {
  ASSERT_TRUE(store_->Write({{Family::kState, "a", "1"}, {Family::kState, "b", "2"}}).ok());
  const std::vector<std::string> keys = {"b", "x", "a", "b"};
  auto values = store_->MultiGet(Family::kState, keys);
  ASSERT_TRUE(values.ok());
  EXPECT_THAT(*values, ElementsAre("2", std::nullopt, "1", "2"));
  EXPECT_TRUE(store_->MultiGet(Family::kState, {})->empty());
}

TEST_P(StoreContract, ScanIsHalfOpenSortedAndStops) {
  ASSERT_TRUE(store_->Write({{Family::kState, "c", "3"}, {Family::kState, "a", "1"}, {Family::kState, "d", "4"}}).ok());
  ASSERT_TRUE(store_->Flush().ok());
  ASSERT_TRUE(store_->Write({{Family::kState, "b", "2"}, {Family::kState, "c", std::nullopt}}).ok());
  EXPECT_THAT(All(*store_, Family::kState, "a", "d"), ElementsAre(Pair("a", "1"), Pair("b", "2")));
  EXPECT_TRUE(All(*store_, Family::kState, "b", "b").empty());
  EXPECT_TRUE(All(*store_, Family::kState, "d", "a").empty());
  int seen = 0;
  ASSERT_TRUE(store_->Scan(Family::kState, "a", "z", [&](auto, auto) { return ++seen < 2; }).ok());
  EXPECT_EQ(seen, 2);
}

TEST_P(StoreContract, ScanCrossesManyEntriesAndMayReadMeanwhile) {
  std::vector<StoreWrite> writes;
  for (int i = 1000; i < 1500; ++i) writes.push_back({Family::kHistory, std::to_string(i), "v"});
  ASSERT_TRUE(store_->Write(std::move(writes)).ok());
  int seen = 0;
  ASSERT_TRUE(store_
                  ->Scan(Family::kHistory, "1", "2",
                         [&](std::string_view key, auto) {
                           EXPECT_EQ(key, std::to_string(1000 + seen++));
                           EXPECT_EQ(Value(*store_, Family::kHistory, key), "v");
                           return true;
                         })
                  .ok());
  EXPECT_EQ(seen, 500);
}

TEST_P(StoreContract, AnIngestedRunIsNewerThanWhatStoodThereAndOlderThanWhatFollows) {
  ASSERT_TRUE(store_->Write({{Family::kState, "b", "written"}}).ok());
  ASSERT_TRUE(store_->Ingest(Family::kState, Entries{{"a", "run"}, {"b", "run"}, {"c", "run"}}).ok());
  ASSERT_TRUE(store_->Write({{Family::kState, "c", "later"}}).ok());
  EXPECT_THAT(All(*store_, Family::kState, "a", "z"),
              ElementsAre(Pair("a", "run"), Pair("b", "run"), Pair("c", "later")));
  EXPECT_TRUE(store_->Ingest(Family::kState, Entries()).ok());
}

TEST_P(StoreContract, AnUnsortedRunIsRefusedWhole) {
  for (const Entries& bad : {Entries{{"b", "1"}, {"a", "2"}}, Entries{{"a", "1"}, {"a", "2"}}}) {
    const absl::Status refused = store_->Ingest(Family::kIds, bad);
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << refused;
  }
  EXPECT_EQ(Value(*store_, Family::kIds, "a"), "(none)");
  EXPECT_EQ(Value(*store_, Family::kIds, "b"), "(none)");
}

TEST_P(StoreContract, ACheckpointStandsStillWhileTheStoreGoesOn) {
  const std::string copy = (folder_ / "copy").string();
  ASSERT_TRUE(store_->Ingest(Family::kIds, Entries{{"id", "1"}}).ok());
  ASSERT_TRUE(store_->Write({{Family::kState, "k", "then"}, {Family::kHistory, "h", "then"}}).ok());
  ASSERT_TRUE(store_->Checkpoint(copy).ok());
  ASSERT_TRUE(store_->Write({{Family::kState, "k", "now"}}).ok());
  ASSERT_TRUE(store_->Flush().ok());
  EXPECT_EQ(store_->Checkpoint(copy).code(), absl::StatusCode::kAlreadyExists);
  auto standby = OpenCheckpoint(copy);
  EXPECT_EQ(Value(*standby, Family::kState, "k"), "then");
  EXPECT_EQ(Value(*standby, Family::kHistory, "h"), "then");
  EXPECT_EQ(Value(*standby, Family::kIds, "id"), "1");
}

// What a process does before it is killed, and what must be there afterwards: the same for both stores.
void LiveUntilTheCrash(StateStore& store) {
  FC_CHECK(store.Write({{Family::kState, "applied", "1"}, {Family::kHistory, "line", "1"}}).ok());
  FC_CHECK(store.Flush().ok());
  FC_CHECK(
      store
          .Write({{Family::kState, "applied", "2"}, {Family::kHistory, "line", "2"}, {Family::kHistory, "line 2", "2"}})
          .ok());
  FC_CHECK(store.Ingest(Family::kIds, Entries{{"id", "2"}}).ok());
}
void ExpectAfterTheCrash(const StateStore& store) {
  EXPECT_EQ(Value(store, Family::kState, "applied"), "1");
  EXPECT_EQ(Value(store, Family::kHistory, "line"), "1");
  EXPECT_EQ(Value(store, Family::kHistory, "line 2"), "(none)");
  EXPECT_EQ(Value(store, Family::kIds, "id"), "2");
}

TEST(MemoryStore, ACrashForgetsWhatWasNotFlushedAndKeepsRuns) {
  MemoryStore store;
  LiveUntilTheCrash(store);
  store.Crash();
  ExpectAfterTheCrash(store);
  EXPECT_EQ(store.Count(Family::kHistory), 1u);
}

class RocksOnDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    // A child that is re-executed, not merely forked: RocksDB's threads do not survive a fork.
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_ = TestFolder();
};

TEST_F(RocksOnDisk, AKillForgetsWhatWasNotFlushedAndKeepsRuns) {
  EXPECT_EXIT(
      {
        auto store = OpenRocks(folder_);
        LiveUntilTheCrash(*store);
        ::kill(::getpid(), SIGKILL);
      },
      ::testing::KilledBySignal(SIGKILL), "");
  ExpectAfterTheCrash(*OpenRocks(folder_));
}

// Far more than the write buffers hold, so that RocksDB flushes by itself at moments of its own choosing: whatever
// moment the kill hits, all families stand at the same number.
TEST_F(RocksOnDisk, AKillAmidBackgroundFlushesLeavesAllFamiliesAtOneWrite) {
  EXPECT_EXIT(
      {
        auto store = OpenRocks(folder_);
        const std::string ballast(2000, 'x');
        for (int i = 1; i <= 5000; ++i) {
          const std::string n = std::to_string(i);
          FC_CHECK(store
                       ->Write({{Family::kState, "n", n},
                                {Family::kHistory, "n", n},
                                {Family::kIds, "n", n},
                                {i % 3 ? Family::kState : Family::kIds, "ballast" + n, ballast}})
                       .ok());
        }
        ::kill(::getpid(), SIGKILL);
      },
      ::testing::KilledBySignal(SIGKILL), "");
  auto store = OpenRocks(folder_);
  const std::string n = Value(*store, Family::kState, "n");
  EXPECT_NE(n, "(none)");
  EXPECT_EQ(Value(*store, Family::kHistory, "n"), n);
  EXPECT_EQ(Value(*store, Family::kIds, "n"), n);
  const int last = std::stoi(n);
  for (int i = 1; i <= 5000; ++i) {
    const std::string value = Value(*store, i % 3 ? Family::kState : Family::kIds, "ballast" + std::to_string(i));
    ASSERT_EQ(value == "(none)", i > last) << i << " of " << last;
  }
}

TEST_F(RocksOnDisk, OneStoreAFolder) {
  auto first = OpenRocks(folder_);
  auto second = RocksStore::Open({.folder = folder_.string()});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(second.status().message(), HasSubstr("in use"));
}

TEST_F(RocksOnDisk, AnotherProcessIsToldThatTheFolderIsInUse) {
  auto first = OpenRocks(folder_);
  const pid_t child = ::fork();
  if (child == 0) {  // opens a file and asks for its lock: needs none of the parent's threads
    auto second = RocksStore::Open({.folder = folder_.string()});
    ::_exit(second.status().code() == absl::StatusCode::kFailedPrecondition ? 0 : 1);
  }
  int exit_status = -1;
  ASSERT_EQ(::waitpid(child, &exit_status, 0), child);
  EXPECT_EQ(exit_status, 0);
}

TEST_F(RocksOnDisk, RefusesAnotherFormatAForeignFolderAndAMissingOne) {
  EXPECT_EQ(RocksStore::Open({.folder = folder_.string(), .create_if_missing = false}).status().code(),
            absl::StatusCode::kNotFound);
  fs::create_directories(folder_);
  std::ofstream(folder_ / "letters.txt") << "mine";
  auto foreign = RocksStore::Open({.folder = folder_.string()});
  EXPECT_THAT(foreign.status().message(), HasSubstr("choose another folder"));
  std::ofstream(folder_ / "FORMAT") << "fundcore state 99\n";
  auto newer = RocksStore::Open({.folder = folder_.string()});
  EXPECT_EQ(newer.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(newer.status().message(), HasSubstr("\"fundcore state 99\""));
}

TEST_F(RocksOnDisk, AFolderWhoseCreationWasCutShortIsFinished) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "FORMAT.new") << "fund";
  EXPECT_EQ(Value(*OpenRocks(folder_), Family::kState, "k"), "(none)");
}

TEST_F(RocksOnDisk, RottenBytesAreDataLossNeverAnAnswer) {
  {
    auto store = OpenRocks(folder_);
    std::vector<StoreWrite> writes;
    for (int i = 1000; i < 4000; ++i) writes.push_back({Family::kState, std::to_string(i), std::string(100, 'v')});
    ASSERT_TRUE(store->Write(std::move(writes)).ok());
    ASSERT_TRUE(store->Flush().ok());
  }
  for (const auto& entry : fs::directory_iterator(folder_ / "db")) {
    if (entry.path().extension() != ".sst") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);  // inside the first data block
    file << "ROTTEN";
  }
  auto store = OpenRocks(folder_);
  auto got = store->Get(Family::kState, "1000");
  EXPECT_EQ(got.status().code(), absl::StatusCode::kDataLoss) << got.status();
  EXPECT_THAT(got.status().message(), HasSubstr("restore it from a checkpoint"));
  EXPECT_EQ(store->Scan(Family::kState, "1", "2", [](auto, auto) { return true; }).code(), absl::StatusCode::kDataLoss);
  const std::vector<std::string> keys = {"3999", "1000"};
  EXPECT_EQ(store->MultiGet(Family::kState, keys).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(RocksOnDisk, IdRunsStayBoundedAndLeftoversOfAnIngestAreCleared) {
  {
    auto store = OpenRocks(folder_);
    for (int run = 0; run < 40; ++run) {
      Entries entries;
      for (int i = 0; i < 50; ++i) entries.emplace_back(std::to_string(100000 + i * 100 + run), "position");
      ASSERT_TRUE(store->Ingest(Family::kIds, std::move(entries)).ok());
    }
    EXPECT_GT(store->Stats().disk_bytes, 0u);
    EXPECT_LE(store->Stats().id_runs, 40u);
    EXPECT_TRUE(fs::is_empty(folder_ / "ingest"));
  }
  std::ofstream(folder_ / "ingest" / "run-7.sst") << "half";
  auto store = OpenRocks(folder_);
  EXPECT_TRUE(fs::is_empty(folder_ / "ingest"));
  EXPECT_EQ(All(*store, Family::kIds, "1", "2").size(), 2000u);
}

}  // namespace
}  // namespace fundcore
