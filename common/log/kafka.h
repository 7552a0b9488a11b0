// KafkaLog: the log on an Apache Kafka cluster. A service is a topic, a record a message, an offset Kafka's own; topics have
// neither compaction nor transactions, so offsets are dense.
//
//   KafkaLog::Options options{.connection = {.brokers = "127.0.0.1:9092"}, .partitions = {{ServiceId::kTrade, 32}}};
//   FC_ASSIGN_OR_RETURN(auto log, KafkaLog::Open(std::move(options), &report));
//   log->Tail({ServiceId::kTrade, PartitionId(0)}, applied, executor, play);
//   FC_RETURN_IF_ERROR(log->Start());
//   log->Append(std::move(items), done);
//   ...
//   log->Close();      // then stop the executors, then destroy the log
//
// Life cycle: Open checks the cluster and refuses one that could lose data; Tail names the readers; Start finds where they
// stand and returns, delivery goes on by itself. Append may be called from Open to Close. Close waits a little for what is
// under way and reports the rest as unknown; every `done` was called, and no reader's callback begins any more, when it
// returns. Executors must outlive Close.
//
// Threads: Append, End, FetchEnd, Flushed and stats from any. Three threads of its own: one for acknowledgements, one that
// reads, one that asks for ends; librdkafka has more. `done` runs on the first (or inside Append) and must be quick.
//
// What was appended here is delivered from memory as soon as it is acknowledged, where it is the next record of its
// partition; everything else, and what was missed so, is read from the brokers. While a partition gets nothing but records of
// this process, it is not read at all: that would fetch every byte a second time. An offset that is not the next one shows
// that somebody else has appended, and a second without acknowledgements that somebody else may: then it is read again.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/log/kafka_admin.h"
#include "common/log/kafka_connection.h"
#include "common/log/kafka_producer.h"
#include "common/log/log.h"
#include "common/time/time.h"

struct rd_kafka_topic_s;
struct rd_kafka_queue_s;
struct rd_kafka_message_s;

namespace fundcore {

// What Open saw that is not wrong but should be known.
struct KafkaOpenReport {
  std::vector<KafkaFinding> warnings;
};

class KafkaLog final : public Log {
 public:
  struct Options {
    KafkaConnection connection;
    std::string prefix = "fundcore";
    // The services that are read or written, and how many partitions each has; the topics must have exactly so many.
    std::vector<std::pair<ServiceId, uint16_t>> partitions;
    bool one_replica_for_tests = false;  // takes a cluster that keeps one copy; never with real data
    // How long an append may be under way before its outcome is given up as unknown. Days close later than this after their
    // cut-off (grace), so that no receipt of the old day gets in behind them.
    Duration message_timeout = Duration::Seconds(10);
    Duration linger = Duration::Millis(0);  // waiting for more records of a partition before a request goes out
    Duration patience = Duration::Seconds(10);      // of Open and Start with the brokers
    Duration close_grace = Duration::Seconds(2);    // for what is under way at Close
    size_t replay_window_bytes = 64u << 20;         // read and not yet executed, at most (a single record may exceed it)
    bool deliver_own_from_memory = true;
    // Called, on the reading thread, where records that a reader needs are gone or out of order: nothing more is delivered
    // to that reader. Without it the process ends with the message: going on would be wrong.
    std::function<void(const absl::Status&)> on_data_loss;
  };

  // kUnavailable and kPermissionDenied: the brokers. kFailedPrecondition: a topic is missing, has another number of
  // partitions, or a setting could lose data; the message names all of it, with remedies. kInvalidArgument: the options.
  static absl::StatusOr<std::unique_ptr<KafkaLog>> Open(Options options, KafkaOpenReport* report = nullptr);
  ~KafkaLog() override;
  KafkaLog(const KafkaLog&) = delete;
  KafkaLog& operator=(const KafkaLog&) = delete;

  // Errors besides those of Log::Append:
  //   kUnavailable         whatever keeps Kafka from taking it (no leader, too few replicas, a full disk) for longer than
  //                        message_timeout: the effect is unknown
  //   kInvalidArgument     also for a partition that is not in the options; nothing was appended
  //   kFailedPrecondition  the log was closed; nothing was appended
  void Append(std::vector<AppendItem> items, Done done) override;
  void Tail(LogPartition partition, LogOffset from, Executor* executor, OnRecords on_records) override;
  // kDataLoss where a reader asks for what was trimmed, or for what lies beyond the end (its state is newer than this log).
  absl::Status Start() override;
  // The last known end: as of Start, of FetchEnd, and of what was delivered since.
  LogOffset End(LogPartition partition) const override;
  void FetchEnd(LogPartition partition, OnEnd on_end) override;
  // Nothing: trimming is an operator's act, once a checkpoint is verified (KafkaAdmin::TrimBefore).
  void Flushed(std::span<const std::pair<LogPartition, LogOffset>> next_needed) override;

  void Close();

  // Which log this is, for states and checkpoints; see KafkaLogId.
  const std::string& id() const { return id_; }

  struct Stats {
    uint64_t appends = 0, records = 0, bytes = 0;   // taken by Append
    uint64_t unknown = 0;                           // appends that ended in kUnavailable
    uint64_t from_memory = 0, from_brokers = 0;     // records delivered
    uint64_t fetched = 0;                           // records that came from brokers, those known already included
    uint64_t producers = 0;                         // made so far: more than one after fatal errors
  };
  Stats stats() const;
  // Makes the present producer fail for good, as a broker that lost track of it would.
  void BreakProducerForTest() { producer_->BreakForTest(); }

 private:
  struct Call;
  struct Sent;
  struct Reader;
  struct Window;

  explicit KafkaLog(Options options);
  // The place of a partition in readers_ and ends_; kNone where the options do not name it.
  static constexpr size_t kNone = static_cast<size_t>(-1);
  size_t IndexOf(LogPartition partition) const;
  LogPartition PartitionAt(size_t index) const;
  std::string NameOf(size_t index) const;
  void OnReports(std::span<const std::unique_ptr<KafkaSent>> reports);
  void Deliver(Reader& reader, std::vector<LogRecord> records, bool from_memory);
  void Lost(Reader& reader, const absl::Status& status);
  void ReadLoop();
  void StartFetching(Reader& reader);
  void Tend();
  void Take(rd_kafka_message_s* const* messages, size_t count);
  void OnReadError(const rd_kafka_message_s& message);
  void EndLoop();
  // Asks the brokers for beginnings or ends of these partitions.
  absl::StatusOr<std::vector<LogOffset>> AskOffsets(const std::vector<size_t>& indexes, bool ends, Duration patience);
  absl::StatusOr<std::vector<LogOffset>> AskOffsetsOnce(const std::vector<size_t>& indexes, bool ends, Duration patience);
  void NoteEnd(size_t index, LogOffset end);

  const Options options_;
  std::string id_;
  std::vector<std::string> topics_;   // by place in options_.partitions
  std::vector<size_t> base_;          // index of the first partition of each topic
  std::vector<std::shared_ptr<Reader>> readers_;  // by index; null where nobody reads
  std::unique_ptr<std::atomic<uint64_t>[]> ends_;
  std::unique_ptr<KafkaProducer> producer_;
  std::unique_ptr<KafkaClient> consumer_;
  std::vector<rd_kafka_topic_s*> consumed_;  // by place, null where nothing of it is read
  rd_kafka_queue_s* queue_ = nullptr;
  std::shared_ptr<Window> window_;
  std::atomic<bool> started_{false};
  std::atomic<bool> closing_{false};
  std::atomic<bool> fell_behind_{false};  // some reader is behind an acknowledgement
  std::mutex close_mu_;
  std::thread reading_;

  std::mutex asks_mu_;
  std::condition_variable asks_wake_;
  std::vector<std::pair<size_t, OnEnd>> asks_;
  std::thread asking_;

  std::atomic<uint64_t> appends_{0}, records_{0}, bytes_{0}, unknown_{0}, from_memory_{0}, from_brokers_{0}, fetched_{0};
};

}  // namespace fundcore
