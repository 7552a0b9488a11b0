// What plants are made of: one base for each interface that lies between the services and their world. A base passes
// everything on; a plant overrides what somebody got wrong. The plants themselves are in plants_peers.cc, plants_log.cc and
// plants_store.cc (state and files).
//
// Like the world, one thread. A plant outlives every start of the system; what it learnt stays across crashes, as the mistake
// it stands for would be made again by the next process.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/files/memory.h"
#include "common/log/log.h"
#include "common/store/store.h"
#include "tests/simulation/plants.h"

namespace fundcore::simulation {

// The plants of each file; nullptr where the name is none of theirs.
std::unique_ptr<Plant> MakePeersPlant(std::string_view name);
std::unique_ptr<Plant> MakeLogPlant(std::string_view name);
std::unique_ptr<Plant> MakeStorePlant(std::string_view name);

class PeersPlant : public Plant, public rpc::Peers {
 public:
  void Wrap(ServiceDeps* deps) override {
    real_ = deps->peers;
    deps->peers = this;
  }
  void Call(std::string_view method, const google::protobuf::Message& request, google::protobuf::Message* response,
            Duration deadline, Executor* executor, Done done) override {
    real_->Call(method, request, response, deadline, executor, std::move(done));
  }

 protected:
  // True where the very same call was made before: a retry, whatever became of the first one.
  bool Repeated(std::string_view method, const google::protobuf::Message& request);

  rpc::Peers* real_ = nullptr;

 private:
  std::set<std::string> calls_;
};

class LogPlant : public Plant, public Log {
 public:
  void Wrap(ServiceDeps* deps) override {
    real_ = deps->log;
    deps->log = this;
  }
  // Offers every command of every record to Change, once: a record that is appended again has the bytes it had.
  void Append(std::vector<AppendItem> items, Done done) override;
  void Tail(LogPartition partition, LogOffset from, Executor* executor, OnRecords on_records) override {
    real_->Tail(partition, from, executor, std::move(on_records));
  }
  absl::Status Start() override { return real_->Start(); }
  LogOffset End(LogPartition partition) const override { return real_->End(partition); }
  void Flushed(std::span<const std::pair<LogPartition, LogOffset>> next_needed) override { real_->Flushed(next_needed); }

 protected:
  // True where it has changed the command, whose tag and encoded fields these are.
  virtual bool Change(LogPartition, uint8_t* /*tag*/, std::string* /*bytes*/) { return false; }

  Log* real_ = nullptr;

 private:
  std::string Rewritten(const AppendItem& item);

  // Records by what names them (partition, epoch, owner, number): "" where they went on as they were.
  std::map<std::string, std::string> written_;
};

class StorePlant : public Plant, public StateStore {
 public:
  void Wrap(ServiceDeps* deps) override;

  absl::StatusOr<std::optional<std::string>> Get(Family family, std::string_view key) const override {
    return real_->Get(family, key);
  }
  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(Family family,
                                                                   std::span<const std::string> keys) const override {
    return real_->MultiGet(family, keys);
  }
  absl::Status Scan(Family family, std::string_view begin, std::string_view end,
                    absl::FunctionRef<bool(std::string_view key, std::string_view value)> visit) const override {
    return real_->Scan(family, begin, end, visit);
  }
  absl::Status Ready() override { return real_->Ready(); }
  absl::Status Write(std::vector<StoreWrite> writes) override { return real_->Write(std::move(writes)); }
  absl::Status Ingest(Family family, std::span<const std::pair<std::string, std::string>> sorted) override {
    return real_->Ingest(family, sorted);
  }
  absl::Status Flush() override { return real_->Flush(); }
  absl::Status Checkpoint(const std::string& folder) override { return real_->Checkpoint(folder); }

 protected:
  // The process has just started, on what was durable.
  virtual void NewLife() {}
  // Service and table of a key of Family::kState or kIds, see machine::State::Prefix.
  static bool IsOf(std::string_view key, ServiceId service, uint8_t table) {
    return key.size() > 3 && static_cast<uint8_t>(key[0]) == static_cast<uint8_t>(service) && static_cast<uint8_t>(key[3]) == table;
  }

  StateStore* real_ = nullptr;
  Executor* clock_ = nullptr;  // of the present life

 private:
  uint64_t owner_ = 0;
};

class FilesPlant : public Plant, public Files {
 public:
  void Wrap(ServiceDeps* deps) override;
  absl::StatusOr<std::vector<FileInfo>> List(std::string_view prefix) const override { return real_->List(prefix); }
  absl::StatusOr<std::string> Read(std::string_view name) const override { return real_->Read(name); }
  absl::Status ReadPieces(std::string_view name, size_t piece_bytes,
                          absl::FunctionRef<bool(std::string_view)> piece) const override {
    return real_->ReadPieces(name, piece_bytes, piece);
  }
  absl::Status Publish(std::string_view name, std::string_view bytes) override { return real_->Publish(name, bytes); }

 protected:
  // The disk itself, which can do what the interface does not offer.
  MemoryFiles* real_ = nullptr;
  Executor* clock_ = nullptr;  // of the present life
};

}  // namespace fundcore::simulation
