// A checkpoint of a real store: what verifying finds, and what it leaves alone.
#include "common/checkpoint/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/machine/rehash.h"
#include "common/store/memory.h"
#include "tests/unit/checkpoint/toy_folder.h"

namespace fundcore::checkpoint {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::map<std::string, std::string> Contents(const std::string& folder) {
  std::map<std::string, std::string> out;
  const auto files = ListFiles(folder);
  for (const FoundFile& f : *files) out[f.name] = ReadAll(folder + "/" + f.name);
  return out;
}

class VerifyTest : public ::testing::Test {
 protected:
  std::string Message(const absl::Status& s) { return std::string(s.message()); }
  absl::Status VerifyNow(const std::string& name = "noon") {
    return Verify(FolderOf(data_, name), "test", kNoon).status();
  }
  bool Marked(const std::string& name = "noon") {
    auto mark = MarkOf(FolderOf(data_, name));
    return mark.ok() && mark->has_value();
  }
  // The manifest with a part of its text replaced, and a seal that fits.
  void Forge(const std::string& old, const std::string& replacement) {
    const std::string path = FolderOf(data_, "noon") + "/MANIFEST";
    std::string text = ReadAll(path);
    const size_t at = text.find(old);
    ASSERT_NE(at, std::string::npos) << old << " in " << text;
    text.replace(at, old.size(), replacement);
    text.resize(text.rfind("seal "));
    WriteAll(path, text + "seal " + Sha256(text).Hex() + "\n");
  }

  TemporaryFolder folder_;
  const std::string data_ = folder_.path + "/data";
  ToyFolder toy_{data_};
};

// The heart of it: a sum kept up to date over thousands of changes, write-backs and runs of ids, and one made from what
// the disk holds, are the same.
TEST_F(VerifyTest, EntriesOnDiskGiveTheHashThatWasKept) {
  for (int round = 0; round < 5; ++round) {
    toy_.Orders(StrCat("r", round, "-"), 400);
    toy_.Flush();
    for (uint16_t p = 0; p < 3; ++p) {
      const LogPartition id{ServiceId::kTrade, PartitionId(p)};
      auto meta = machine::ReadMeta(toy_.store(), id);
      ASSERT_TRUE(meta.ok());
      uint64_t entries = 0;
      auto hash = machine::HashStored(toy_.store(), id, toy_.State(p).forms(), meta->next, &entries);
      ASSERT_TRUE(hash.ok()) << hash.status();
      EXPECT_EQ(hash->Hex(), meta->hash.Hex()) << round << "/" << p;
      EXPECT_GT(entries, 300u);
    }
  }
  // Ids that came ahead of the rest of the state do not count yet.
  toy_.Orders("ahead-", 90);
  std::vector<std::pair<std::string, std::string>> run;
  toy_.State(1).TakeIdRun(&run);
  ASSERT_EQ(run.size(), 30u);
  ASSERT_TRUE(toy_.store().Ingest(Family::kIds, run).ok());
  const LogPartition id{ServiceId::kTrade, PartitionId(1)};
  const auto meta = *machine::ReadMeta(toy_.store(), id);
  EXPECT_EQ(machine::HashStored(toy_.store(), id, toy_.State(1).forms(), meta.next)->Hex(), meta.hash.Hex());
  EXPECT_NE(machine::HashStored(toy_.store(), id, toy_.State(1).forms(), meta.next + 100)->Hex(), meta.hash.Hex());
}

struct Old {
  int64_t balance = 0;
  FC_FIELDS(balance)
};
struct New {
  int64_t balance = 0;
  int64_t frozen = 0;  // a field that a later build has added
  FC_FIELDS(balance, frozen)
};

// A page that is written again by a build whose entries are longer: its untouched neighbours change their bytes, too.
TEST(Rehash, HoldsOverABuildThatAddedAField) {
  MemoryStore store;
  const LogPartition id{ServiceId::kAccount, PartitionId(0)};
  {
    machine::State state(&store, id);
    machine::PagedTable<Old> table(state, 1);
    ASSERT_TRUE(state.Load().ok());
    for (uint64_t i = 0; i < 100; ++i) table.Mutable(i).balance = static_cast<int64_t>(i);
    ASSERT_TRUE(state.WriteBack().ok());
  }
  for (int restart = 0; restart < 3; ++restart) {
    machine::State state(&store, id);
    machine::PagedTable<New> table(state, 1);
    ASSERT_TRUE(state.Load().ok());
    for (int again = 0; again < 2; ++again) {
      table.Mutable(static_cast<uint64_t>(restart + again)).frozen += 5;
      ASSERT_TRUE(state.WriteBack().ok());
      EXPECT_EQ(*machine::HashStored(store, id, state.forms(), 0), state.meta.hash) << restart << "/" << again;
    }
    EXPECT_EQ(table.Find(17)->balance, 17);
  }
}

TEST_F(VerifyTest, VerifiesAndChangesNothingButTheMark) {
  toy_.Orders("a", 500);
  auto made = toy_.Create("noon");
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->partitions.size(), 3u);
  EXPECT_EQ(made->partitions[1].next, toy_.State(1).meta.next);
  const auto before = Contents(FolderOf(data_, "noon"));
  toy_.Orders("b", 500);  // the state goes on; hard links must not mind
  toy_.Flush();
  EXPECT_FALSE(Marked());
  auto verified = Verify(FolderOf(data_, "noon"), "test", kNoon);
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->manifest, *made);
  EXPECT_GT(verified->entries, 1000u);
  EXPECT_TRUE(Marked());
  auto after = Contents(FolderOf(data_, "noon"));
  EXPECT_EQ(after.erase("VERIFIED"), 1u);
  EXPECT_EQ(after, before);
}

TEST_F(VerifyTest, NamesTheFileWhoseBytesAreOthers) {
  toy_.Orders("a", 300);
  ASSERT_TRUE(toy_.Create("noon").ok());
  ASSERT_TRUE(VerifyNow().ok());
  std::set<std::string> kinds;
  const auto files = Contents(FolderOf(data_, "noon"));
  for (const auto& [name, bytes] : files) {
    if (name == "VERIFIED") continue;
    const std::string path = FolderOf(data_, "noon") + "/" + name;
    std::string bad = bytes;
    bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
    // A new file: the bytes of a hard link are the state's, too.
    fs::remove(path);
    WriteAll(path, bad);
    const absl::Status found = VerifyNow();
    EXPECT_TRUE(absl::IsDataLoss(found)) << name << ": " << found;
    EXPECT_THAT(Message(found), HasSubstr(path));
    if (name != "MANIFEST") {
      EXPECT_THAT(Message(found),
                  HasSubstr(StrCat("has SHA-256 ", Sha256(bad).Hex(), ", its manifest says ", Sha256(bytes).Hex())));
      EXPECT_FALSE(Marked());
    }
    EXPECT_THAT(Message(found), HasSubstr("do not use this checkpoint"));
    fs::remove(path);
    WriteAll(path, bytes);
    kinds.insert(name.substr(0, name.find_first_of("-0123456789")) + fs::path(name).extension().string());
  }
  // FORMAT, MANIFEST, and of RocksDB: CURRENT, MANIFEST-…, OPTIONS-…, tables.
  EXPECT_GE(kinds.size(), 6u);
  EXPECT_TRUE(VerifyNow().ok());
}

TEST_F(VerifyTest, NamesAMissingAnExtraAndACutFile) {
  toy_.Orders("a", 100);
  auto made = toy_.Create("noon");
  ASSERT_TRUE(made.ok());
  const std::string table = made->files.back().name.ends_with(".sst") ? made->files.back().name : made->files[1].name;
  const std::string path = FolderOf(data_, "noon") + "/" + table, bytes = ReadAll(path);
  fs::remove(path);
  EXPECT_THAT(Message(VerifyNow()), HasSubstr(path + " is missing"));
  WriteAll(path, bytes.substr(1));
  EXPECT_THAT(Message(VerifyNow()),
              HasSubstr(StrCat(path, " has ", bytes.size() - 1, " bytes, its manifest says ", bytes.size())));
  fs::remove(path);
  WriteAll(path, bytes);
  for (const char* extra : {"db/zzz.sst", "db/000000.sst", "AAA", "ZZZ"}) {
    const std::string where = FolderOf(data_, "noon") + "/" + extra;
    WriteAll(where, "x");
    const absl::Status found = VerifyNow();
    EXPECT_TRUE(absl::IsDataLoss(found));
    EXPECT_THAT(Message(found), HasSubstr(where + " is not in its manifest"));
    fs::remove(where);
  }
  fs::create_symlink("/etc/hostname", FolderOf(data_, "noon") + "/db/link");
  EXPECT_THAT(Message(VerifyNow()), HasSubstr("is a link"));
  fs::remove(FolderOf(data_, "noon") + "/db/link");
  EXPECT_TRUE(VerifyNow().ok());
  fs::remove(FolderOf(data_, "noon") + "/MANIFEST");
  EXPECT_THAT(Message(VerifyNow()), HasSubstr("has no MANIFEST: it is unfinished"));
  EXPECT_TRUE(absl::IsNotFound(VerifyNow("midnight")));
}

TEST_F(VerifyTest, NamesThePartitionWhoseManifestIsWrong) {
  toy_.Orders("a", 100);
  auto made = toy_.Create("noon");
  ASSERT_TRUE(made.ok());
  std::string other = made->partitions[1].hash;
  other[5] = other[5] == '0' ? '1' : '0';
  Forge(made->partitions[1].hash, other);
  const absl::Status found = VerifyNow();
  EXPECT_TRUE(absl::IsDataLoss(found));
  EXPECT_THAT(Message(found), HasSubstr(StrCat("trade partition 1 stands at offset ", made->partitions[1].next,
                                               " with state hash ", made->partitions[1].hash)));
  EXPECT_FALSE(Marked());
}

// A state that went wrong before the checkpoint was made: all files are as they were written, and yet it must not be
// used.
TEST_F(VerifyTest, NamesThePartitionWhoseEntriesAreNotWhatItsHashSays) {
  toy_.Orders("a", 300);
  toy_.Flush();
  for (const auto& [family, table] : std::vector<std::pair<Family, uint8_t>>{
           {Family::kState, 1}, {Family::kState, 2}, {Family::kHistory, 4}, {Family::kIds, 5}}) {
    const LogPartition id{ServiceId::kTrade, PartitionId(2)};
    const std::string prefix = machine::TablePrefix(id, table);
    std::string key, value;
    ASSERT_TRUE(toy_.store()
                    .Scan(family, prefix, machine::PrefixEnd(prefix),
                          [&](std::string_view k, std::string_view v) {
                            key = k;
                            value = v;
                            return false;
                          })
                    .ok());
    ASSERT_FALSE(key.empty());
    ASSERT_TRUE(toy_.store().Write({{family, key, std::nullopt}}).ok());
    const std::string name = StrCat("lost-", int{table});
    ASSERT_TRUE(toy_.Create(name).ok());
    EXPECT_TRUE(CheckFiles(FolderOf(data_, name), *ReadManifest(FolderOf(data_, name))).ok());
    const absl::Status found = VerifyNow(name);
    EXPECT_TRUE(absl::IsDataLoss(found)) << int{table};
    EXPECT_THAT(Message(found), HasSubstr("trade partition 2 has entries whose state hash is "));
    EXPECT_THAT(Message(found), HasSubstr("use an older checkpoint"));
    ASSERT_TRUE(toy_.store().Write({{family, key, value}}).ok());
  }
  // An entry of no table.
  ASSERT_TRUE(toy_.store()
                  .Write({{Family::kState, machine::TablePrefix({ServiceId::kTrade, PartitionId(0)}, 99) + "x", "y"}})
                  .ok());
  ASSERT_TRUE(toy_.Create("foreign").ok());
  EXPECT_THAT(Message(VerifyNow("foreign")), HasSubstr("table 99 holds entries, but the machine has no such table"));
}

TEST_F(VerifyTest, EndsWhenItIsToldTo) {
  toy_.Orders("a", 100);
  ASSERT_TRUE(toy_.Create("noon").ok());
  int heard = 0;
  auto ended = Verify(FolderOf(data_, "noon"), "test", kNoon, [&](std::string_view, uint64_t) {
    return ++heard == 4 ? absl::CancelledError("enough") : absl::OkStatus();
  });
  EXPECT_TRUE(absl::IsCancelled(ended.status()));
  EXPECT_EQ(heard, 4);
  EXPECT_FALSE(Marked());
}

}  // namespace
}  // namespace fundcore::checkpoint
