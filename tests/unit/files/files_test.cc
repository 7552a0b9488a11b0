// The contract of Files, kept on disk and in memory; and what only a disk can hold: leftovers, links, missing rights.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "common/files/disk.h"
#include "common/files/memory.h"

namespace fundcore {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

fs::path TestFolder() {
  std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
  for (char& c : name) c = c == '/' ? '-' : c;
  return fs::current_path() / ("files-test-data-" + name);
}

std::vector<std::string> Names(const Files& files, std::string_view prefix) {
  auto list = files.List(prefix);
  EXPECT_TRUE(list.ok()) << list.status();
  std::vector<std::string> names;
  for (const FileInfo& file : *list) names.push_back(file.name);
  return names;
}

class FilesContract : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    folder_ = TestFolder();
    fs::remove_all(folder_);
    if (GetParam() == std::string("disk")) {
      files_ = *DiskFiles::Open(folder_.string());
    } else {
      files_ = std::make_unique<MemoryFiles>();
    }
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
  std::unique_ptr<Files> files_;
};
INSTANTIATE_TEST_SUITE_P(Kinds, FilesContract, ::testing::Values("disk", "memory"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(FilesContract, APublishedFileIsReadBackWhole) {
  const std::string bytes("line\r\n\0end", 10);
  ASSERT_TRUE(files_->Publish("out/20250303/a.TXT", bytes).ok());
  ASSERT_TRUE(files_->Publish("empty", "").ok());
  EXPECT_EQ(*files_->Read("out/20250303/a.TXT"), bytes);
  EXPECT_EQ(*files_->Read("empty"), "");
}

TEST_P(FilesContract, NothingIsEverOverwritten) {
  ASSERT_TRUE(files_->Publish("a/b", "first").ok());
  EXPECT_EQ(files_->Publish("a/b", "second").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(files_->Publish("a/b", "first").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(files_->Publish("a", "a folder stands there").code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(files_->Publish("a/b/c", "a file stands there").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(*files_->Read("a/b"), "first");
}

TEST_P(FilesContract, ListsByPrefixSortedByTheWholeName) {
  for (const char* name : {"in/b", "in/a/z", "in-other", "in/a-1", "out/x"})
    ASSERT_TRUE(files_->Publish(name, "12").ok());
  EXPECT_THAT(Names(*files_, ""), ElementsAre("in-other", "in/a-1", "in/a/z", "in/b", "out/x"));
  EXPECT_THAT(Names(*files_, "in"), ElementsAre("in-other", "in/a-1", "in/a/z", "in/b"));
  EXPECT_THAT(Names(*files_, "in/a"), ElementsAre("in/a-1", "in/a/z"));
  EXPECT_THAT(Names(*files_, "in/a/"), ElementsAre("in/a/z"));
  EXPECT_THAT(Names(*files_, "absent/"), IsEmpty());
  EXPECT_EQ((*files_->List("out/"))[0].size, 2u);
}

TEST_P(FilesContract, BadNamesAreRefused) {
  for (std::string_view bad :
       {std::string_view(""), std::string_view("/etc/passwd"), std::string_view("a/../b"), std::string_view(".."),
        std::string_view("a//b"), std::string_view("a/"), std::string_view(".publishing/x"), std::string_view("a\\b"),
        std::string_view("a\0b", 3), std::string_view("a\nb")}) {
    EXPECT_EQ(files_->Publish(bad, "x").code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_EQ(files_->Read(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
  EXPECT_EQ(files_->Publish(std::string(201, 'x'), "x").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(files_->List("../").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(files_->List("/").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Names(*files_, ""), IsEmpty());
}

TEST_P(FilesContract, WhatIsNotThereIsNotFoundAndAFolderIsNoFile) {
  ASSERT_TRUE(files_->Publish("a/b", "x").ok());
  EXPECT_EQ(files_->Read("a/c").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(files_->Read("x/y/z").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(files_->Read("a").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_P(FilesContract, ReadsInPiecesAndStopsWhenTold) {
  ASSERT_TRUE(files_->Publish("f", "abcdefg").ok());
  std::vector<std::string> pieces;
  const auto keep = [&](std::string_view piece) {
    pieces.emplace_back(piece);
    return pieces.size() < 3;
  };
  ASSERT_TRUE(files_->ReadPieces("f", 3, keep).ok());
  EXPECT_THAT(pieces, ElementsAre("abc", "def", "g"));
  pieces = {"", ""};
  ASSERT_TRUE(files_->ReadPieces("f", 2, keep).ok());
  EXPECT_THAT(pieces, ElementsAre("", "", "ab"));
  EXPECT_EQ(files_->ReadPieces("f", 0, keep).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(files_->ReadPieces("g", 2, keep).code(), absl::StatusCode::kNotFound);
}

TEST_P(FilesContract, OfManyPublishersOfOneNameExactlyOneWins) {
  std::atomic<int> won{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) won += files_->Publish("d/" + std::to_string(n), "bytes").ok();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(won, 20);
  EXPECT_EQ(Names(*files_, "d/").size(), 20u);
}

TEST(MemoryFiles, AFaultMayComeBeforeOrAfterTheEffect) {
  MemoryFiles files;
  bool after = false;
  files.SetFault([&](FileOperation operation, std::string_view) {
    if (operation == FileOperation::kList) return FileFault{};
    return FileFault{absl::ResourceExhaustedError("disk full"), after};
  });
  EXPECT_EQ(files.Publish("a", "x").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(Names(files, ""), IsEmpty());
  after = true;
  EXPECT_EQ(files.Publish("a", "x").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(Names(files, ""), ElementsAre("a"));
  EXPECT_EQ(files.Read("a").status().code(), absl::StatusCode::kResourceExhausted);
  files.SetFault(nullptr);
  files.Overwrite("a", "changed by hand");
  EXPECT_EQ(*files.Read("a"), "changed by hand");
  files.Remove("a");
  EXPECT_EQ(files.Read("a").status().code(), absl::StatusCode::kNotFound);
}

class DiskFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    files_ = *DiskFiles::Open(folder_.string());
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_ = TestFolder();
  std::unique_ptr<DiskFiles> files_;
};

TEST_F(DiskFilesTest, LeftoversOfACrashGoButNotTheFilesOfALivingProcess) {
  const fs::path leftover = folder_ / ".publishing" / "1-1", alive = folder_ / ".publishing" / "2-2";
  std::ofstream(leftover) << "half a fi";
  const int writer = ::open(alive.c_str(), O_CREAT | O_WRONLY, 0600);
  ASSERT_EQ(::flock(writer, LOCK_EX), 0);
  EXPECT_THAT(Names(*files_, ""), IsEmpty());
  ASSERT_TRUE(DiskFiles::Open(folder_.string()).ok());
  EXPECT_FALSE(fs::exists(leftover));
  EXPECT_TRUE(fs::exists(alive));
  ::close(writer);
}

TEST_F(DiskFilesTest, PublishingLeavesNoTemporaryFile) {
  ASSERT_TRUE(files_->Publish("a", "x").ok());
  ASSERT_FALSE(files_->Publish("a", "x").ok());
  EXPECT_TRUE(fs::is_empty(folder_ / ".publishing"));
}

TEST_F(DiskFilesTest, LinksPipesAndHiddenFilesAreNeitherListedNorFollowed) {
  const fs::path outside = folder_.string() + "-outside";
  fs::create_directories(outside);
  std::ofstream(outside / "secret") << "secret";
  fs::create_symlink(outside / "secret", folder_ / "link");
  fs::create_directory_symlink(outside, folder_ / "dirlink");
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  std::ofstream(folder_ / ".hidden") << "x";
  std::ofstream(folder_ / "plain") << "x";
  EXPECT_THAT(Names(*files_, ""), ElementsAre("plain"));
  EXPECT_EQ(files_->Read("link").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(files_->Read("dirlink/secret").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(files_->Read("pipe").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(files_->Publish("dirlink/new", "x").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(files_->Publish("link", "x").code(), absl::StatusCode::kAlreadyExists);
  fs::remove_all(outside);
}

TEST_F(DiskFilesTest, MissingRightsAreNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "the superuser may read everything";
  std::ofstream(folder_ / "locked") << "x";
  fs::permissions(folder_ / "locked", fs::perms::none);
  EXPECT_EQ(files_->Read("locked").status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(DiskFilesTest, TheParentOfTheRootMustExist) {
  EXPECT_EQ(DiskFiles::Open((folder_ / "x" / "y").string()).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace fundcore
