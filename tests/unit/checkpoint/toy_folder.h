// A data folder with a toy machine's state on a real disk, for tests of checkpoints.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "common/base/check.h"
#include "common/checkpoint/data_folder.h"
#include "common/checkpoint/disk.h"
#include "common/log/memory.h"
#include "common/machine/flusher.h"
#include "common/machine/host.h"
#include "common/runtime/simulated.h"
#include "common/store/rocks.h"
#include "tests/unit/machine/toy.h"

namespace fundcore::checkpoint {

inline const TimePoint kNoon = *TimePoint::Parse("2025-03-03 12:00:00");

inline std::string ReadAll(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}
inline void WriteAll(const std::string& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << bytes;
}

// Removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    // In memory where the machine offers it: nothing here is about surviving a power cut.
    const bool fast = std::filesystem::is_directory("/dev/shm");
    std::string pattern = (fast ? "/dev/shm" : std::filesystem::temp_directory_path().string()) + "/fundcore-cp-XXXXXX";
    FC_CHECK(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string path;
};

// A process of one service (trade, 3 partitions) whose log and time are simulated and whose state is on disk.
class ToyFolder {
 public:
  explicit ToyFolder(std::string data) : data_(std::move(data)) {
    std::filesystem::create_directories(data_);
    auto opened = RocksStore::Open({.folder = data_ + "/state"});
    FC_CHECK(opened.ok(), opened.status().ToString());
    store_ = *std::move(opened);
    executor_ = world_.MakeExecutor("toy");
    host_ = std::make_unique<machine::Host<machine::ToyMachine>>(machine::HostOptions{.service = ServiceId::kTrade,
                                                                                      .partitions = 3,
                                                                                      .executors = {executor_},
                                                                                      .log = &log_,
                                                                                      .store = store_.get(),
                                                                                      .owner = 7});
    flusher_ = std::make_unique<machine::Flusher>(std::vector<machine::HostBase*>{host_.get()}, &log_, store_.get(),
                                                  executor_, 1'000'000'000);
    FC_CHECK(host_->Recover().ok() && log_.Start().ok());
    bool serving = false;
    host_->WhenServing([&serving] { serving = true; });
    FC_CHECK(world_.RunUntil([&] { return serving; }));
  }

  // `count` commands over all partitions, executed.
  void Orders(const std::string& prefix, int count) {
    int answered = 0;
    for (int i = 0; i < count; ++i) {
      const PartitionId p(static_cast<uint16_t>(i % 3));
      host_->On(p, [&, p, i](machine::Partition<machine::ToyMachine>&) {
        host_->Submit(p, machine::Add{static_cast<uint64_t>(i % 70), i + 1, StrCat(prefix, i)},
                      [&](const machine::ToyMachine::Result&) { ++answered; });
      });
    }
    FC_CHECK(world_.RunUntil([&] { return answered == count; }));
  }
  void Flush() {
    bool done = false;
    executor_->Post([&] {
      flusher_->FlushNow([&](absl::Status s) {
        FC_CHECK(s.ok(), s.ToString());
        done = true;
      });
    });
    FC_CHECK(world_.RunUntil([&] { return done; }));
  }
  // As a server does it.
  absl::StatusOr<Manifest> Create(const std::string& name, TimePoint made = kNoon) {
    Flush();
    FC_RETURN_IF_ERROR(MakeFolders(CheckpointsOf(data_)));
    FC_RETURN_IF_ERROR(store_->Checkpoint(MakingFolderOf(data_, name)));
    FC_ASSIGN_OR_RETURN(Manifest m, Seal(MakingFolderOf(data_, name), OriginOf(name, made)));
    FC_RETURN_IF_ERROR(Publish(data_, name));
    return m;
  }
  Origin OriginOf(const std::string& name, TimePoint made) {
    Origin origin{.name = name, .build = "0.1.0", .log_id = log_id, .made = made, .services = {}};
    origin.services.push_back({ServiceId::kTrade, 3, State(0).forms()});
    return origin;
  }
  std::string log_id = "embedded:00ff";
  machine::State& State(uint16_t p) { return host_->At(PartitionId(p)).state(); }
  RocksStore& store() { return *store_; }
  const std::string& data() const { return data_; }

 private:
  const std::string data_;
  SimWorld world_{{.seed = 3, .start = *TimePoint::Parse("2025-03-03 09:00:00")}};
  MemoryLog log_{&world_};
  std::unique_ptr<RocksStore> store_;
  SimExecutor* executor_ = nullptr;
  std::unique_ptr<machine::Host<machine::ToyMachine>> host_;
  std::unique_ptr<machine::Flusher> flusher_;
};

}  // namespace fundcore::checkpoint
