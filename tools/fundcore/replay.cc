// The replay check: the log of a stopped folder, played from the empty state, must give the hashes that are stored.
#include <cstdio>
#include <filesystem>
#include <map>

#include "common/base/status.h"
#include "common/checkpoint/data_folder.h"
#include "common/crypto/vault.h"
#include "common/files/memory.h"
#include "common/log/embedded.h"
#include "common/rpc/direct.h"
#include "common/runtime/simulated.h"
#include "common/store/memory.h"
#include "common/store/rocks.h"
#include "tools/fundcore/serve.h"
#include "tools/fundcore/system.h"

namespace fundcore {
namespace {

// Takes the readers that a System registers and hands them records itself.
class ReplayLog final : public Log {
 public:
  void Append(std::vector<AppendItem>, Done done) override { done(absl::UnavailableError("a replay appends nothing")); }
  void Tail(LogPartition p, LogOffset from, Executor* executor, OnRecords on_records) override {
    FC_CHECK(from == 0, "a replay from the empty state begins at 0");
    executor_ = executor;
    readers_.emplace(p, std::move(on_records));
  }
  absl::Status Start() override { return absl::OkStatus(); }
  LogOffset End(LogPartition) const override { return 0; }
  void Flushed(std::span<const std::pair<LogPartition, LogOffset>>) override {}
  // Hands the record over on the executor; the caller lets the world run now and then.
  void Feed(const LogRecord& r) {
    auto it = readers_.find(r.partition);
    if (it != readers_.end()) executor_->Post([reader = &it->second, r] { (*reader)(std::span(&r, 1)); });
  }

 private:
  Executor* executor_ = nullptr;
  std::map<LogPartition, OnRecords> readers_;
};

struct Stored {
  LogOffset next = 0;
  std::string hash;
};

}  // namespace

absl::Status CheckReplay(const std::string& data, const std::string& name, bool json) {
  if (!std::filesystem::exists(data + "/log")) return absl::NotFoundError(StrCat(data, ": no log here"));
  FC_ASSIGN_OR_RETURN(const LogFacts facts, DescribeLog(data + "/log"));
  if (!facts.begins_at.empty()) {
    const auto& [partition, first] = facts.begins_at.front();
    return absl::FailedPreconditionError(StrCat(data, "/log: the records of ", checkpoint::NameOf(partition), " before offset ", first,
                                                " are in the archive; copy the archived segments back to replay from nothing"));
  }
  const std::string state = name.empty() ? data + "/state" : checkpoint::FolderOf(data, name);
  // The layout is the log's own; opening it also makes sure that nobody serves this folder.
  ServiceDeps deps;
  std::map<LogPartition, Stored> stored;
  {
    FC_ASSIGN_OR_RETURN(auto store, RocksStore::Open({.folder = state, .create_if_missing = false, .read_only = !name.empty()}));
    FC_RETURN_IF_ERROR(store->Scan(Family::kState, std::string(1, '\0'), std::string(1, '\xff'), [&](std::string_view k, std::string_view v) {
      if (k.size() != 4 || k[3] != 0) return true;  // service, partition (2 bytes), meta table
      const LogPartition p{static_cast<ServiceId>(k[0]), PartitionId(static_cast<uint16_t>((static_cast<uint8_t>(k[1]) << 8) | static_cast<uint8_t>(k[2])))};
      machine::State::Meta meta;
      FC_CHECK(Decode(v, &meta), "malformed meta entry");
      stored[p] = {meta.next, meta.hash.Hex()};
      return true;
    }));
  }
  uint16_t trade = 0, clearing = 0;
  for (const auto& [p, s] : stored) {
    if (p.service == ServiceId::kTrade) trade = std::max<uint16_t>(trade, p.partition.raw() + 1);
    if (p.service == ServiceId::kClearing) clearing = std::max<uint16_t>(clearing, p.partition.raw() + 1);
  }
  if (trade == 0) return absl::FailedPreconditionError(StrCat(data, ": nothing was flushed yet; stop the server gracefully first"));

  SimWorld world({});
  ReplayLog log;
  MemoryStore memory;
  MemoryFiles files;
  rpc::DirectPeers peers({}, CallerId("replay"));
  std::array<uint8_t, Vault::kKeyBytes> key{};
  Vault vault = Vault::FromKey(key);
  deps.partitions = trade;
  deps.clearing_partitions = clearing;
  deps.executors = {world.MakeExecutor("replay")};
  deps.log = &log;
  deps.store = &memory;
  deps.peers = &peers;
  deps.exchange = &files;
  deps.vault = &vault;
  SystemParts parts;
  parts.deps = deps;
  parts.blocking = deps.executors[0];
  System system(parts);
  FC_RETURN_IF_ERROR(system.Recover());

  uint64_t records = 0;
  FC_RETURN_IF_ERROR(ScanLog(data + "/log", [&](const LogRecord& r) {
    auto it = stored.find(r.partition);
    if (it != stored.end() && r.offset < it->second.next) {
      log.Feed(r);
      if (++records % 1000 == 0) world.RunUntilIdle();
    }
    return true;
  }));
  world.RunUntilIdle();
  int different = 0, compared = 0;
  for (machine::HostBase* host : system.hosts()) {
    for (auto& shard : host->shards()) {
      for (auto& p : shard->partitions()) {
        auto it = stored.find(p->id());
        if (it == stored.end()) continue;
        FC_ASSIGN_OR_RETURN(machine::StateHash hash, p->state().Hash());
        ++compared;
        if (hash.Hex() == it->second.hash && p->state().meta.next == it->second.next) continue;
        ++different;
        std::fprintf(stderr, "%s partition %d: stored %s at %llu, replayed %s at %llu\n",
                     std::string(ServiceName(p->id().service)).c_str(), p->id().partition.raw(), it->second.hash.c_str(),
                     static_cast<unsigned long long>(it->second.next), hash.Hex().c_str(),
                     static_cast<unsigned long long>(p->state().meta.next));
      }
    }
  }
  if (json) {
    std::printf("{\"partitions\":%d,\"records\":%llu,\"different\":%d}\n", compared, static_cast<unsigned long long>(records), different);
  } else {
    std::printf("replayed %llu records of %d partitions from the empty state: %d differ\n",
                static_cast<unsigned long long>(records), compared, different);
  }
  return different == 0 ? absl::OkStatus() : absl::DataLossError(StrCat(different, " partitions differ from their replay"));
}

}  // namespace fundcore
