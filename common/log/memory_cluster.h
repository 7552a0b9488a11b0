// MemoryCluster: the brokers of a simulated world, and the log of each process that talks to them. Behaves as Kafka does
// with acks=all and enough replicas: what was acknowledged stays; everything else may go wrong, as the world's seed decides.
//
//   MemoryCluster cluster(&world, {.unknown_per_million = 10'000});
//   std::unique_ptr<MemoryConnection> log = cluster.Connect("node-1");    // a Log; one for each process
//   log->Tail(...); log->Start();
//   cluster.LeaderAway(partition, Duration::Seconds(2));                  // appends wait, readers see nothing new
//   log->Cut(true);                                                       // that process alone has no brokers
//   log.reset();                                                          // it dies; what was on the wire may get in later
//
// What holds: records of one partition are numbered densely, and every reader gets them in order without a gap, each after a
// delay of its own. Appends of one connection to one partition get in in their order, except that one whose outcome is
// "unknown" may be lost, or stored, or stored late, behind what came after it.
//
// Life cycle: the cluster outlives its connections and not the world. A connection is a process's; destroying it is that
// process's death. It has an executor of its own, client(), on which `done` runs, as librdkafka has threads: whoever pauses
// the process pauses it as well. Single-threaded, like the world.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/log/log.h"
#include "common/runtime/random.h"
#include "common/runtime/simulated.h"

namespace fundcore {

// All durations are machine time, drawn evenly.
struct ClusterFaults {
  Duration shortest_append = Duration::Micros(200);  // from Append to being stored
  Duration longest_append = Duration::Micros(200);
  Duration shortest_ack = Duration::Micros(100);     // from there to `done`
  Duration longest_ack = Duration::Micros(100);
  Duration shortest_fetch = Duration::Micros(200);   // from being stored to each reader
  Duration longest_fetch = Duration::Micros(200);
  Duration append_timeout = Duration::Seconds(3);    // after so long an append ends as unknown
  Duration longest_late = Duration::Seconds(5);      // and gets in so much later, where it does
  // Of a million records, so many end in "unknown": a third each is lost, stored, and stored late.
  uint32_t unknown_per_million = 0;
};

class MemoryCluster;

// What others may know of a connection, also after it has gone.
struct MemoryLink {
  std::string name;
  SimExecutor* client = nullptr;
  bool open = true;
  bool cut = false;
  Duration slow;
};

class MemoryConnection final : public Log {
 public:
  ~MemoryConnection() override;
  MemoryConnection(const MemoryConnection&) = delete;
  MemoryConnection& operator=(const MemoryConnection&) = delete;

  void Append(std::vector<AppendItem> items, Done done) override;
  void Tail(LogPartition partition, LogOffset from, Executor* executor, OnRecords on_records) override;
  // kDataLoss where a reader asks for what was trimmed or for what is beyond the end; kUnavailable where the brokers cannot
  // be reached, with nothing begun: the process is to end and be started again.
  absl::Status Start() override;
  // As far as this process has heard; never ahead of the truth.
  LogOffset End(LogPartition partition) const override;
  void Flushed(std::span<const std::pair<LogPartition, LogOffset>>) override {}

  // No brokers for this process: appends wait and end as unknown, acknowledgements are lost, readers see nothing new.
  void Cut(bool cut);
  // Delivery to this process takes so much longer. Zero: as usual.
  void Slow(Duration extra) { link_->slow = extra; }
  SimExecutor* client() const { return link_->client; }
  std::shared_ptr<const MemoryLink> link() const { return link_; }
  // Why a reader of this process gets nothing any more: what it needs was trimmed while it was behind.
  const absl::Status& health() const { return health_; }

 private:
  friend class MemoryCluster;
  struct Call {
    Done done;
    size_t left = 0;
  };
  struct Request {
    LogPartition partition;
    std::string bytes;
    std::shared_ptr<Call> call;
    bool arrived = false;  // reached the brokers, or would have
    bool waits = true;     // neither stored nor given up
  };
  struct Reader {
    Executor* executor;
    OnRecords on_records;
    LogOffset next;
    bool fetching = false;
  };

  MemoryConnection(MemoryCluster* cluster, std::string name);
  void Pump(LogPartition partition);
  void Accept(const std::shared_ptr<Request>& request);
  void Answer(const std::shared_ptr<Call>& call, absl::Status status);
  void TimeOut(const std::shared_ptr<Call>& call);
  void FetchSoon(LogPartition partition);
  void Fetch(LogPartition partition);

  MemoryCluster* const cluster_;
  std::shared_ptr<MemoryLink> link_;
  std::map<LogPartition, std::deque<std::shared_ptr<Request>>> sent_;  // not yet stored, in order
  std::map<LogPartition, Duration> last_arrival_;
  std::map<LogPartition, std::shared_ptr<Reader>> readers_;
  std::map<LogPartition, LogOffset> known_ends_;
  bool started_ = false;
  absl::Status health_;
};

class MemoryCluster {
 public:
  explicit MemoryCluster(SimWorld* world, ClusterFaults faults = {});
  MemoryCluster(const MemoryCluster&) = delete;
  MemoryCluster& operator=(const MemoryCluster&) = delete;

  std::unique_ptr<MemoryConnection> Connect(std::string name);

  // Nobody leads the partition for so long from now on; the second: any partition.
  void LeaderAway(LogPartition partition, Duration how_long);
  void LeadersAway(Duration how_long);
  // What stands before `start` is gone for readers. Must not be beyond the end.
  void Trim(LogPartition partition, LogOffset start);
  void set_faults(const ClusterFaults& faults) { faults_ = faults; }

  // Everything ever stored, trimmed or not, for checks.
  const std::vector<LogRecord>& Stored(LogPartition partition) const;
  std::vector<LogPartition> Partitions() const;

  struct Counts {
    uint64_t records = 0;   // stored
    uint64_t unknown = 0;   // appends that ended so
    uint64_t late = 0;      // records that were stored after their append had ended, or its process
    uint64_t waits = 0;     // times that a leader was away
  };
  const Counts& counts() const { return counts_; }

 private:
  friend class MemoryConnection;
  Duration Between(Duration shortest, Duration longest);
  bool Away(LogPartition partition) const;
  void Back();
  LogOffset StartOf(LogPartition partition) const;
  void Store(LogPartition partition, std::string bytes);
  // Some time later, not before the leader is there; in order among the late ones of the partition.
  void StoreLate(LogPartition partition, std::string bytes);

  SimWorld* const world_;
  SimExecutor* const brokers_;
  ClusterFaults faults_;
  SeededRandom random_;
  std::vector<MemoryConnection*> connections_;
  std::map<LogPartition, std::vector<LogRecord>> stored_;
  std::map<LogPartition, LogOffset> starts_;
  std::map<LogPartition, Duration> away_until_;
  Duration all_away_until_;
  std::map<LogPartition, Duration> last_late_;
  std::map<LogPartition, std::deque<std::string>> late_;  // due while nobody led
  Counts counts_;
};

}  // namespace fundcore
