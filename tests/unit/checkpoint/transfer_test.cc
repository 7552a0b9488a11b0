// Checkpoints on their way: push, pull, restore and join, broken off and gone on, damaged at either end.
#include "common/checkpoint/transfer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/log/embedded.h"
#include "tests/unit/checkpoint/toy_folder.h"

namespace fundcore::checkpoint {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// Lets so many file bytes through, then the line breaks; may change a byte on the way.
class BadLine final : public Source {
 public:
  explicit BadLine(Source* source) : source_(source) {}
  absl::StatusOr<std::string> ManifestText() override { return source_->ManifestText(); }
  absl::StatusOr<std::string> VerifiedText() override { return source_->VerifiedText(); }
  absl::Status ReadFile(const FileMark& file, Piece piece) override {
    ++files;
    return source_->ReadFile(file, [&](std::string_view bytes) {
      if (left < bytes.size()) return absl::UnavailableError("the line broke");
      left -= bytes.size();
      std::string sent(bytes);
      if (file.name == spoil) sent[0] = static_cast<char>(sent[0] ^ 4);
      return piece(sent);
    });
  }
  uint64_t left = UINT64_MAX;
  std::string spoil;
  int files = 0;

 private:
  Source* const source_;
};

class TransferTest : public ::testing::Test {
 protected:
  TransferTest() {
    toy_ = std::make_unique<ToyFolder>(data_);
    toy_->Orders("a", 300);
    toy_->Flush();
    toy_->Orders("b", 300);
    noon_ = *toy_->Create("noon");
    fs::create_directory(bucket_);
    store_ = *FolderStore::Open(bucket_);
  }
  std::string Message(const absl::Status& s) { return std::string(s.message()); }
  // The same offsets, hashes and entries, by opening what is there.
  void ExpectIsNoon(const std::string& folder) { EXPECT_TRUE(CheckStates(folder, noon_).ok()); }

  TemporaryFolder folder_;
  const std::string data_ = folder_.path + "/data", bucket_ = folder_.path + "/bucket",
                    other_ = folder_.path + "/other";
  std::unique_ptr<ToyFolder> toy_;
  Manifest noon_;
  std::unique_ptr<FolderStore> store_;
};

TEST_F(TransferTest, PushesOnceAndPullsTheSame) {
  FolderSource source(FolderOf(data_, "noon"));
  auto pushed = Push(source, store_.get());
  ASSERT_TRUE(pushed.ok()) << pushed.status();
  EXPECT_EQ(pushed->files_moved + pushed->files_there, noon_.files.size());
  EXPECT_FALSE(pushed->verified);
  auto again = Push(source, store_.get());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->files_moved, 0u);
  // Verified later: the mark follows, nothing else.
  ASSERT_TRUE(Verify(FolderOf(data_, "noon"), "test", kNoon).ok());
  ASSERT_TRUE(Push(source, store_.get())->verified);
  auto listed = ListStore(*store_);
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ((*listed)[0].manifest, noon_);
  EXPECT_TRUE((*listed)[0].verified);

  // The next one shares what has not changed.
  toy_->Orders("c", 30);
  const Manifest eve = *toy_->Create("eve", kNoon + Duration::Seconds(3600));
  FolderSource next(FolderOf(data_, "eve"));
  auto shared = Push(next, store_.get());
  ASSERT_TRUE(shared.ok());
  EXPECT_GT(shared->files_there, 2u);

  auto pulled = Pull(*store_, "noon", other_);
  ASSERT_TRUE(pulled.ok()) << pulled.status();
  EXPECT_EQ(pulled->bytes_moved, noon_.bytes());
  auto verified = Verify(FolderOf(other_, "noon"), "test", kNoon);
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->manifest, noon_);
  EXPECT_TRUE(absl::IsAlreadyExists(Pull(*store_, "noon", other_).status()));
  EXPECT_THAT(Message(Pull(*store_, "dawn", other_).status()), HasSubstr("the store has no checkpoint \"dawn\""));
}

TEST_F(TransferTest, GoesOnWhereTheLineBroke) {
  FolderSource source(FolderOf(data_, "noon"));
  BadLine line(&source);
  line.left = noon_.bytes() / 2;
  auto pushed = Push(line, store_.get());
  EXPECT_TRUE(absl::IsUnavailable(pushed.status()));
  EXPECT_THAT(Message(pushed.status()), HasSubstr("checkpoint noon, "));
  EXPECT_TRUE(ListStore(*store_)->empty());  // a manifest comes last
  EXPECT_TRUE(fs::is_empty(bucket_ + "/.incoming"));
  line.left = UINT64_MAX;
  pushed = Push(line, store_.get());
  ASSERT_TRUE(pushed.ok());
  EXPECT_GT(pushed->files_there, 0u);
  EXPECT_GT(pushed->files_moved, 0u);

  StoreSource stored(store_.get(), "noon");
  BadLine back(&stored);
  back.left = noon_.bytes() / 2;
  EXPECT_TRUE(absl::IsUnavailable(Receive(back, other_, {}).status()));
  EXPECT_FALSE(Exists(other_ + "/MANIFEST"));
  // What a crash may leave: half a file, and what belongs to another checkpoint.
  WriteAll(other_ + "/" + noon_.files[0].name, "half");
  WriteAll(other_ + "/db/999999.sst", "foreign");
  const int before = back.files;
  back.left = UINT64_MAX;
  auto received = Receive(back, other_, {});
  ASSERT_TRUE(received.ok()) << received.status();
  EXPECT_GT(received->files_there, 0u);
  EXPECT_EQ(static_cast<uint64_t>(back.files - before), received->files_moved);
  EXPECT_TRUE(CheckFiles(other_, noon_).ok());
  ExpectIsNoon(other_);
}

TEST_F(TransferTest, NamesWhatWasSpoiledOnTheWayAndStoresNoneOfIt) {
  FolderSource source(FolderOf(data_, "noon"));
  BadLine line(&source);
  const FileMark& table = noon_.files.back();
  line.spoil = table.name;
  const absl::Status pushed = Push(line, store_.get()).status();
  EXPECT_TRUE(absl::IsDataLoss(pushed));
  EXPECT_THAT(Message(pushed), HasSubstr(StrCat("checkpoint noon, ", table.name)));
  EXPECT_THAT(Message(pushed), HasSubstr(table.hash.Hex()));
  EXPECT_TRUE(ListStore(*store_)->empty());
  const std::string object = StrCat("objects/", table.hash.Hex().substr(0, 2), "/", table.hash.Hex());
  EXPECT_FALSE(store_->Size(object)->has_value());

  line.spoil = "";
  ASSERT_TRUE(Push(line, store_.get()).ok());
  // The bucket rots: the pull says which file, and nothing gets the checkpoint's name.
  std::string bytes = ReadAll(bucket_ + "/" + object);
  bytes[bytes.size() / 3] = static_cast<char>(bytes[bytes.size() / 3] ^ 32);
  WriteAll(bucket_ + "/" + object, bytes);
  const absl::Status pulled = Pull(*store_, "noon", other_).status();
  EXPECT_TRUE(absl::IsDataLoss(pulled));
  EXPECT_THAT(Message(pulled), HasSubstr(StrCat("checkpoint noon, ", table.name, ": ")));
  EXPECT_THAT(Message(pulled), HasSubstr("take another copy or another checkpoint"));
  EXPECT_FALSE(Exists(FolderOf(other_, "noon")));
  fs::remove(bucket_ + "/" + object);
  EXPECT_THAT(Message(Pull(*store_, "noon", other_).status()), HasSubstr("the store has lost the object " + object));
}

TEST_F(TransferTest, TwoCheckpointsOfOneNameAreToldApart) {
  FolderSource source(FolderOf(data_, "noon"));
  ASSERT_TRUE(Push(source, store_.get()).ok());
  ToyFolder elsewhere(folder_.path + "/elsewhere");
  elsewhere.Orders("z", 10);
  ASSERT_TRUE(elsewhere.Create("noon").ok());
  FolderSource theirs(FolderOf(elsewhere.data(), "noon"));
  const absl::Status taken = Push(theirs, store_.get()).status();
  EXPECT_TRUE(absl::IsAlreadyExists(taken));
  EXPECT_THAT(Message(taken), HasSubstr("the store has another checkpoint called noon"));
}

TEST_F(TransferTest, ObjectsAreNeverOverwritten) {
  ASSERT_TRUE(store_->PutText("a/b", "one").ok());
  EXPECT_TRUE(absl::IsAlreadyExists(store_->PutText("a/b", "two")));
  EXPECT_EQ(*store_->GetText("a/b", 10), "one");
  EXPECT_FALSE(store_->GetText("a/b", 2).ok());
  EXPECT_TRUE(absl::IsNotFound(store_->GetText("a/c", 10).status()));
  for (const char* bad : {"../x", "/x", "a/../../x", ""})
    EXPECT_TRUE(absl::IsInvalidArgument(store_->PutText(bad, "x"))) << bad;
  EXPECT_TRUE(absl::IsNotFound(FolderStore::Open(bucket_ + "/unmounted").status()));
}

TEST_F(TransferTest, RestoresOnlyWhatWasChecked) {
  toy_.reset();  // stopped
  const auto restore = [&] { return Restore(data_, "noon", "test", kNoon); };
  // A wrong byte: nothing of the present state has moved.
  const std::string table = FolderOf(data_, "noon") + "/" + noon_.files.back().name, bytes = ReadAll(table);
  std::string bad = bytes;
  bad[7] = static_cast<char>(bad[7] ^ 1);
  fs::remove(table);
  WriteAll(table, bad);
  const absl::Status damaged = restore();
  EXPECT_TRUE(absl::IsDataLoss(damaged));
  EXPECT_THAT(Message(damaged), HasSubstr(noon_.files.back().name));
  EXPECT_FALSE(Exists(data_ + "/state.before-noon"));
  ExpectIsNoon(data_ + "/state");
  fs::remove(table);
  WriteAll(table, bytes);

  fs::remove_all(data_ + "/state");
  ASSERT_TRUE(restore().ok()) << restore();
  ExpectIsNoon(data_ + "/state");
  EXPECT_TRUE(MarkOf(FolderOf(data_, "noon"))->has_value());  // its entries were compared on the way
  EXPECT_FALSE(Exists(data_ + "/state/MANIFEST"));
  ASSERT_TRUE(restore().ok());
  EXPECT_TRUE(Exists(data_ + "/state.before-noon"));
  EXPECT_TRUE(absl::IsFailedPrecondition(restore()));
  EXPECT_TRUE(absl::IsNotFound(Restore(data_, "dawn", "test", kNoon)));
  EXPECT_TRUE(absl::IsNotFound(Restore(data_, "../noon", "test", kNoon)));
}

TEST_F(TransferTest, AStateThatWasWrongBeforeIsNotStarted) {
  const LogPartition id{ServiceId::kTrade, PartitionId(1)};
  const std::string prefix = machine::TablePrefix(id, 1);
  std::vector<StoreWrite> writes;
  ASSERT_TRUE(toy_->store()
                  .Scan(Family::kState, prefix, machine::PrefixEnd(prefix),
                        [&](std::string_view k, std::string_view) {
                          writes.push_back({Family::kState, std::string(k), std::nullopt});
                          return false;
                        })
                  .ok());
  ASSERT_TRUE(toy_->store().Write(std::move(writes)).ok());
  ASSERT_TRUE(toy_->Create("rotten").ok());
  toy_.reset();
  const absl::Status refused = Restore(data_, "rotten", "test", kNoon);
  EXPECT_TRUE(absl::IsDataLoss(refused));
  EXPECT_THAT(Message(refused), HasSubstr("trade partition 1 has entries whose state hash is"));
  EXPECT_FALSE(Exists(data_ + "/state.before-rotten"));
  FolderSource source(FolderOf(data_, "rotten"));
  EXPECT_TRUE(absl::IsDataLoss(Join(source, other_, {}).status()));
  EXPECT_FALSE(Exists(other_ + "/state"));
}

TEST_F(TransferTest, JoinsOnlyWhereThereIsNoState) {
  FolderSource source(FolderOf(data_, "noon"));
  const absl::Status lacks = Join(source, other_, {.services = {ServiceId::kTrade, ServiceId::kRisk}}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(lacks));
  EXPECT_THAT(Message(lacks), HasSubstr("holds no state of risk (it has trade)"));
  const absl::Status foreign = Join(source, other_, {.log_id = "embedded:77"}).status();
  EXPECT_THAT(Message(foreign), HasSubstr("checkpoint noon is of log embedded:00ff, the log here is embedded:77"));
  EXPECT_FALSE(Exists(other_ + "/state"));

  BadLine line(&source);
  line.left = noon_.bytes() / 2;
  EXPECT_TRUE(absl::IsUnavailable(Join(line, other_, {.services = {ServiceId::kTrade}}).status()));
  EXPECT_FALSE(Exists(other_ + "/state"));
  fs::create_directories(other_ + "/state");  // emptied, not removed
  auto joined = Join(source, other_, {.services = {ServiceId::kTrade}});
  ASSERT_TRUE(joined.ok()) << joined.status();
  EXPECT_GT(joined->files_there, 0u);
  EXPECT_FALSE(Exists(other_ + "/state.fetching"));
  ExpectIsNoon(other_ + "/state");
  EXPECT_TRUE(absl::IsFailedPrecondition(Join(source, other_, {}).status()));
}

// Segments of the log leave only where two verified checkpoints, and the state itself, go on behind them.
TEST_F(TransferTest, ArchivesTheLogBehindVerifiedCheckpoints) {
  const EmbeddedLog::Options small{.folder = data_ + "/log",
                                   .partitions = {{ServiceId::kTrade, 3}},
                                   .segment_bytes = 128 << 10,
                                   .max_batch_bytes = 32 << 10};
  toy_->log_id = (*EmbeddedLog::Open(small))->id();
  ASSERT_TRUE(toy_->Create("early").ok());
  for (int i = 0; i < 80; ++i) toy_->Orders(StrCat("r", i, "-"), 3);
  toy_->Flush();
  const LogOffset next = toy_->State(0).meta.next;
  ASSERT_GT(next, 60u);
  {
    auto log = EmbeddedLog::Open(small);
    ASSERT_TRUE(log.ok());
    std::vector<AppendItem> items;
    for (LogOffset i = 0; i < next + 5; ++i) {
      for (uint16_t p = 0; p < 3; ++p) items.push_back({{ServiceId::kTrade, PartitionId(p)}, std::string(6000, 'x')});
      (*log)->Append(std::exchange(items, {}), [](absl::Status s) { EXPECT_TRUE(s.ok()) << s; });
    }
    (*log)->Close();
  }
  const std::string archive = folder_.path + "/archive";
  for (const char* name : {"one", "two"}) {
    ASSERT_TRUE(toy_->Create(name, kNoon + Duration::Seconds(60)).ok());
    EXPECT_TRUE(absl::IsFailedPrecondition(Archive(data_, archive).status())) << name << " is not verified yet";
    toy_->Orders(name, 3);
    ASSERT_TRUE(Verify(FolderOf(data_, name), "test", kNoon).ok());
  }
  EXPECT_TRUE(absl::IsFailedPrecondition(Archive(data_, archive).status())) << "somebody serves the state";
  toy_.reset();
  EXPECT_TRUE(absl::IsFailedPrecondition(Archive(data_, archive, 3).status()));
  auto moved = Archive(data_, archive);
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_GT(moved->segments, 3u);
  const auto facts = DescribeLog(data_ + "/log");
  ASSERT_EQ(facts->begins_at.size(), 3u);
  for (const auto& [p, first] : facts->begins_at) EXPECT_LE(first, next);
  const absl::Status gone = Restore(data_, "early", "test", kNoon);
  EXPECT_TRUE(absl::IsFailedPrecondition(gone));
  EXPECT_THAT(Message(gone), HasSubstr("copy the archived segments back into it, or take a newer checkpoint"));
  EXPECT_TRUE(Restore(data_, "one", "test", kNoon).ok());
}

TEST_F(TransferTest, ListsByAgeAndTellsWhatIsNotComplete) {
  ASSERT_TRUE(toy_->Create("eve", kNoon + Duration::Seconds(3600)).ok());
  fs::create_directories(FolderOf(data_, "half"));
  fs::create_directories(MakingFolderOf(data_, "dead"));
  auto all = List(data_);
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ((*all)[0].name, "eve");
  EXPECT_EQ((*all)[1].name, "noon");
  EXPECT_EQ((*all)[2].name, "half");
  EXPECT_THAT((*all)[2].trouble, HasSubstr("has no MANIFEST"));
  EXPECT_EQ(Newest(data_, {ServiceId::kTrade})->name, "eve");
  EXPECT_THAT(Message(Newest(data_, {ServiceId::kRisk}).status()), HasSubstr("checkpoint eve holds no state of risk"));
  RemoveUnfinished(data_);
  EXPECT_FALSE(Exists(MakingFolderOf(data_, "dead")));
  EXPECT_TRUE(List(folder_.path + "/nowhere")->empty());
}

}  // namespace
}  // namespace fundcore::checkpoint
