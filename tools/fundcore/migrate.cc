// See migrate.h.
#include "tools/fundcore/migrate.h"

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>

#include "absl/functional/function_ref.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/checkpoint/manifest.h"
#include "common/log/embedded.h"
#include "common/log/kafka.h"
#include "common/runtime/clock.h"
#include "common/runtime/threads.h"

namespace fundcore {
namespace {

using checkpoint::NameOf;

// h(n + 1) = SHA-256(h(n), record n).
class Chain {
 public:
  void Add(std::string_view record) {
    const auto& raw = hash_.raw();
    stream_.Add({reinterpret_cast<const char*>(raw.data()), raw.size()});
    stream_.Add(record);
    hash_ = stream_.Finish();
    ++records_;
    bytes_ += record.size();
  }
  const Hash256& hash() const { return hash_; }
  uint64_t records() const { return records_; }
  uint64_t bytes() const { return bytes_; }

 private:
  Sha256Stream stream_;
  Hash256 hash_;
  uint64_t records_ = 0, bytes_ = 0;
};

// What the target's tail has shown. Held by its callbacks, which may come after the migration has given up.
struct Seen {
  std::mutex mu;
  std::condition_variable changed;
  std::map<LogPartition, Chain> chains;
  uint64_t bytes = 0;
  uint64_t events = 0;  // anything that happened, to tell waiting from being stuck
  absl::Status trouble;
  bool append_done = false;
  absl::Status append_status;
};

class Migration {
 public:
  Migration(Log* target, Executor* executor, const MigrateOptions& options)
      : target_(target), executor_(executor), options_(options), seen_(std::make_shared<Seen>()) {}

  absl::StatusOr<MigrateReport> Run(const std::string& folder) {
    folder_ = folder;
    // Opened for its lock and its end; what is read is read by a scan.
    FC_ASSIGN_OR_RETURN(source_, EmbeddedLog::Open({.folder = folder}));
    FC_ASSIGN_OR_RETURN(const LogFacts facts, DescribeLog(folder));
    if (!facts.begins_at.empty()) {
      const auto& [p, first] = facts.begins_at.front();
      return absl::FailedPreconditionError(
          StrCat(folder, ": the records of ", NameOf(p), " before offset ", first,
                 " are in the archive; copy the archived segments back, since offsets must come "
                 "out equal"));
    }
    for (const auto& [service, count] : facts.partitions)
      for (uint16_t p = 0; p < count; ++p) partitions_.push_back({service, PartitionId(p)});
    FC_RETURN_IF_ERROR(FollowTarget());
    FC_RETURN_IF_ERROR(CompareBeginning());
    FC_RETURN_IF_ERROR(AppendRest());
    return CompareAll();
  }

 private:
  absl::Status FollowTarget() {
    for (const LogPartition& p : partitions_) {
      seen_->chains[p];
      target_->Tail(p, 0, executor_, [seen = seen_](std::span<const LogRecord> records) {
        std::lock_guard lock(seen->mu);
        for (const LogRecord& r : records) {
          Chain& chain = seen->chains[r.partition];
          if (r.offset != chain.records()) {
            seen->trouble =
                absl::DataLossError(StrCat("the target gives offset ", r.offset, " of ", NameOf(r.partition), " where ",
                                           chain.records(), " is due; empty the target and migrate anew"));
          }
          chain.Add(r.bytes);
          seen->bytes += r.bytes.size();
        }
        ++seen->events;
        seen->changed.notify_all();
      });
    }
    FC_RETURN_IF_ERROR(target_->Start());
    return Await("what the target holds already", [this] {
      for (const LogPartition& p : partitions_)
        if (seen_->chains[p].records() < target_->End(p)) return false;
      return true;
    });
  }

  // Before a byte is appended: the target is empty, or what it holds are the first records of the source.
  absl::Status CompareBeginning() {
    uint64_t any = 0;
    {
      std::lock_guard lock(seen_->mu);
      bytes_before_ = seen_->bytes;
      for (const LogPartition& p : partitions_) {
        before_[p] = seen_->chains[p].records();
        hash_before_[p] = seen_->chains[p].hash();
        any += before_[p];
        if (before_[p] > source_->End(p)) {
          return absl::FailedPreconditionError(StrCat("the target holds ", before_[p], " records of ", NameOf(p),
                                                      ", the source has ", source_->End(p),
                                                      "; it is of another system, or served already"));
        }
      }
    }
    if (any == 0) return absl::OkStatus();
    std::map<LogPartition, Chain> chains;
    FC_RETURN_IF_ERROR(ScanLog(folder_, [&](const LogRecord& r) {
      if (r.offset < before_[r.partition]) chains[r.partition].Add(r.bytes);
      return true;
    }));
    for (const LogPartition& p : partitions_) {
      if (chains[p].hash() == hash_before_[p]) continue;
      return absl::FailedPreconditionError(StrCat("the first ", before_[p], " records of ", NameOf(p),
                                                  " in the target have the hash ", hash_before_[p].Hex(),
                                                  ", those of the source ", chains[p].hash().Hex(),
                                                  "; the target holds other records: empty it, or choose another one"));
    }
    return absl::OkStatus();
  }

  absl::Status AppendRest() {
    std::vector<AppendItem> batch;
    size_t bytes = 0;
    absl::Status status;
    FC_RETURN_IF_ERROR(ScanLog(folder_, [&](const LogRecord& r) {
      chains_[r.partition].Add(r.bytes);
      if (r.offset < before_[r.partition]) return true;
      batch.push_back({r.partition, std::string(r.bytes)});
      bytes += r.bytes.size();
      if (bytes < options_.batch_bytes) return true;
      status = Append(std::exchange(batch, {}), std::exchange(bytes, 0));
      return status.ok();
    }));
    FC_RETURN_IF_ERROR(status);
    return batch.empty() ? absl::OkStatus() : Append(std::move(batch), bytes);
  }

  absl::Status Append(std::vector<AppendItem> items, size_t bytes) {
    const size_t count = items.size();
    {
      std::lock_guard lock(seen_->mu);
      seen_->append_done = false;
    }
    target_->Append(std::move(items), [seen = seen_](absl::Status status) {
      std::lock_guard lock(seen->mu);
      seen->append_done = true;
      seen->append_status = std::move(status);
      ++seen->events;
      seen->changed.notify_all();
    });
    FC_RETURN_IF_ERROR(Await("an append", [this] { return seen_->append_done; }));
    if (absl::IsUnavailable(seen_->append_status)) {
      return absl::UnavailableError(StrCat("the effect of an append is unknown (", seen_->append_status.message(),
                                           "); run the same command again: it compares what is there and goes on"));
    }
    FC_RETURN_IF_ERROR(seen_->append_status);
    appended_bytes_ += bytes;
    appended_ += count;
    if (options_.progress) options_.progress(appended_);
    return Await("the target's tail",
                 [this] { return bytes_before_ + appended_bytes_ <= seen_->bytes + options_.window_bytes; });
  }

  absl::StatusOr<MigrateReport> CompareAll() {
    FC_RETURN_IF_ERROR(Await("the last records in the target's tail", [this] {
      for (const LogPartition& p : partitions_)
        if (seen_->chains[p].records() < chains_[p].records()) return false;
      return true;
    }));
    MigrateReport report;
    std::lock_guard lock(seen_->mu);
    for (const LogPartition& p : partitions_) {
      const Chain &ours = chains_[p], &theirs = seen_->chains[p];
      if (theirs.records() != ours.records() || theirs.hash() != ours.hash() || target_->End(p) != ours.records()) {
        return absl::DataLossError(StrCat(NameOf(p), ": the target ends at ", target_->End(p), " and gave ",
                                          theirs.records(), " records with the hash ", theirs.hash().Hex(),
                                          ", the source has ", ours.records(), " with ", ours.hash().Hex(),
                                          "; somebody else wrote to the target: empty it and migrate anew"));
      }
      report.partitions.push_back({p, ours.records(), before_[p], ours.bytes(), ours.hash()});
    }
    return report;
  }

  // Until `done`, which is asked under the lock; as long as anything happens at all.
  absl::Status Await(std::string_view what, absl::FunctionRef<bool()> done) {
    std::unique_lock lock(seen_->mu);
    uint64_t events = seen_->events;
    while (seen_->trouble.ok() && !done()) {
      bool stuck;
      if (options_.pump) {
        lock.unlock();
        stuck = !options_.pump();
        lock.lock();
        stuck = stuck && !done() && seen_->events == events;
      } else {
        stuck = seen_->changed.wait_for(lock, std::chrono::microseconds(options_.patience.raw())) ==
                    std::cv_status::timeout &&
                !done() && seen_->events == events;
      }
      events = seen_->events;
      if (stuck) {
        return absl::UnavailableError(StrCat("waited ", options_.patience.raw() / 1'000'000, " s for ", what,
                                             " and nothing came; look at the target, then run the same command again"));
      }
    }
    return seen_->trouble;
  }

  Log* const target_;
  Executor* const executor_;
  const MigrateOptions& options_;
  const std::shared_ptr<Seen> seen_;
  std::string folder_;
  std::unique_ptr<EmbeddedLog> source_;
  std::vector<LogPartition> partitions_;
  std::map<LogPartition, uint64_t> before_;
  std::map<LogPartition, Hash256> hash_before_;
  std::map<LogPartition, Chain> chains_;  // of the source
  uint64_t bytes_before_ = 0, appended_ = 0, appended_bytes_ = 0;
};

}  // namespace

uint64_t MigrateReport::records() const {
  uint64_t n = 0;
  for (const auto& p : partitions) n += p.records;
  return n;
}
uint64_t MigrateReport::there_before() const {
  uint64_t n = 0;
  for (const auto& p : partitions) n += p.there_before;
  return n;
}
uint64_t MigrateReport::bytes() const {
  uint64_t n = 0;
  for (const auto& p : partitions) n += p.bytes;
  return n;
}

absl::StatusOr<MigrateReport> Migrate(const std::string& source_folder, Log* target, Executor* executor,
                                      const MigrateOptions& options) {
  return Migration(target, executor, options).Run(source_folder);
}

absl::Status MigrateToFolder(const std::string& data, const std::string& target_folder, bool json) {
  FC_ASSIGN_OR_RETURN(const LogFacts facts, DescribeLog(data + "/log"));
  FC_ASSIGN_OR_RETURN(auto target, EmbeddedLog::Open({.folder = target_folder, .partitions = facts.partitions}));
  RealClock clock({});
  ThreadExecutor executor("fundcore-migrate", &clock);
  auto report = Migrate(data + "/log", target.get(), &executor, {});
  target->Close();
  executor.Stop();
  FC_RETURN_IF_ERROR(report.status());
  PrintMigration(*report, json);
  return absl::OkStatus();
}

absl::Status MigrateToKafka(const std::string& data, const MigrateToKafkaOptions& o, bool json) {
  FC_ASSIGN_OR_RETURN(const LogFacts facts, DescribeLog(data + "/log"));
  KafkaLog::Options options;
  options.connection.brokers = o.brokers;
  for (const std::string& property : o.properties) {
    const size_t at = property.find('=');
    if (at == 0 || at == std::string::npos) {
      return absl::InvalidArgumentError(StrCat("property \"", property, "\" is not of the form NAME=VALUE"));
    }
    options.connection.properties.emplace_back(property.substr(0, at), property.substr(at + 1));
  }
  options.prefix = o.topic_prefix;
  options.partitions = facts.partitions;
  options.one_replica_for_tests = o.one_replica_for_tests;
  // Otherwise what was appended would be compared with itself instead of with what the brokers have.
  options.deliver_own_from_memory = false;
  FC_ASSIGN_OR_RETURN(auto target, KafkaLog::Open(std::move(options)));
  RealClock clock({});
  ThreadExecutor executor("fundcore-migrate", &clock);
  auto report = Migrate(data + "/log", target.get(), &executor, {});
  target->Close();
  executor.Stop();
  FC_RETURN_IF_ERROR(report.status());
  PrintMigration(*report, json);
  return absl::OkStatus();
}

void PrintMigration(const MigrateReport& report, bool json) {
  const auto number = [](uint64_t n) { return static_cast<unsigned long long>(n); };
  if (json) {
    std::printf("{\"records\":%llu,\"there_before\":%llu,\"bytes\":%llu,\"partitions\":[", number(report.records()),
                number(report.there_before()), number(report.bytes()));
  } else {
    std::printf("%-10s %9s %12s %12s %14s  %s\n", "service", "partition", "records", "there before", "bytes", "hash");
  }
  bool first = true;
  for (const MigratedPartition& p : report.partitions) {
    const std::string service(checkpoint::WordOf(p.id.service));
    std::printf(json ? "%s{\"service\":\"%s\",\"partition\":%d,\"records\":%llu,\"there_before\":%llu,\"bytes\":%llu,"
                       "\"hash\":\"%s\"}"
                     : "%s%-10s %9d %12llu %12llu %14llu  %s\n",
                json && !first ? "," : "", service.c_str(), p.id.partition.raw(), number(p.records),
                number(p.there_before), number(p.bytes),
                json ? p.hash.Hex().c_str() : p.hash.Hex().substr(0, 16).c_str());
    first = false;
  }
  if (json) {
    std::printf("]}\n");
  } else {
    std::printf("%llu records, %llu bytes: each is in the target at its own offset, and the running hashes agree\n",
                number(report.records()), number(report.bytes()));
  }
}

}  // namespace fundcore
