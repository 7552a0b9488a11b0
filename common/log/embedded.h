// EmbeddedLog: the log of one process, in segment files of its own folder. All partitions share one writer thread and one
// sync: whatever waits is framed into one buffer, written and synced once, then delivered.
//
//   OpenReport report;
//   auto log = EmbeddedLog::Open({.folder = "data/log", .partitions = {{ServiceId::kTrade, 32}}}, &report);
//   (*log)->Tail({ServiceId::kTrade, PartitionId(0)}, applied, executor, play);
//   (*log)->Start();
//   (*log)->Append(std::move(items), done);
//   ...
//   (*log)->Close();      // then stop the executors, then destroy the log
//
// Life cycle: Open finds the end of the log and cuts a torn tail; Tail names the readers; Start reads what they still need,
// in one pass, and goes over to live delivery. Append may be called from Open to Close. Close, or the destructor, writes
// what is waiting and stops the writer; executors must outlive that.
//
// Threads: Append, End, Flushed and stats from any thread. `done` runs on the writer thread (or inside Append, for errors
// found at once) and must be quick. How it lies on disk: format.h.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/log/log.h"

namespace fundcore {

namespace log_format {
struct Format;
struct Segment;
}  // namespace log_format

// What Open found.
struct OpenReport {
  bool created = false;         // there was no log in the folder
  uint64_t segments = 0;
  uint64_t end_position = 0;    // bytes over all segments
  uint64_t torn_bytes = 0;      // cut off the end: written before a crash, never promised to anyone
  uint64_t torn_frames = 0;     // whole frames among them
  std::string torn_file;        // where, with torn_at; empty where nothing was cut
  uint64_t torn_at = 0;         // byte in that file
  // One line for the operator, empty where there is nothing to tell.
  std::string Summary() const;
};

class EmbeddedLog final : public Log {
 public:
  struct Options {
    std::string folder;  // created where missing
    // How many partitions each service has. Fixed when the log is created; another layout is refused afterwards. Empty
    // takes that of the existing log.
    std::vector<std::pair<ServiceId, uint16_t>> partitions;
    uint64_t segment_bytes = 64u << 20;     // allocated ahead, so that a sync writes little metadata
    size_t max_batch_bytes = 8u << 20;      // a sync covers about so much at most
    size_t replay_chunk_bytes = 4u << 20;   // read at a time by Start
    size_t replay_window_bytes = 64u << 20;  // read and not yet executed, at most, during Start
    Duration trailer_after = Duration::Millis(50);  // idle time before the trailer that seals the last batch
  };

  // kFailedPrecondition: in use by another process, another format version, another layout. kDataLoss: damage below the
  // end that was known durable. kResourceExhausted: no room for the first segment. The message names file and remedy.
  static absl::StatusOr<std::unique_ptr<EmbeddedLog>> Open(Options options, OpenReport* report = nullptr);
  ~EmbeddedLog() override;
  EmbeddedLog(const EmbeddedLog&) = delete;
  EmbeddedLog& operator=(const EmbeddedLog&) = delete;

  // Errors besides those of Log::Append:
  //   kResourceExhausted   the disk is full: a new segment cannot be allocated; nothing was appended, try again later
  //   kInvalidArgument     also for a partition that the log does not have; nothing was appended
  //   kFailedPrecondition  the log was closed; nothing was appended
  void Append(std::vector<AppendItem> items, Done done) override;
  void Tail(LogPartition partition, LogOffset from, Executor* executor, OnRecords on_records) override;
  // Blocks until everything stored has been handed to the readers' executors; back-pressure makes it wait for them, so it
  // must not be called on one of them. Also kDataLoss where a reader asks for what lies before the oldest segment or
  // beyond the end (its state is newer than this log).
  absl::Status Start() override;
  LogOffset End(LogPartition partition) const override;
  // Kept in memory only: where to begin is known from the readers' own offsets and the offsets in segment headers, so
  // there is no hint on disk that could be stale or missing. See FirstNeededSegment.
  void Flushed(std::span<const std::pair<LogPartition, LogOffset>> next_needed) override;

  // Writes and syncs what waits, adds the trailer, stops the writer. Not from `done` or a reader's executor that Start is
  // waiting for. May be repeated.
  void Close();

  // The number of the oldest segment that a restart could still read, by what was told to Flushed since Open; older ones
  // may be archived. Partitions never mentioned need everything.
  uint64_t FirstNeededSegment() const;

  struct Stats {
    uint64_t appends = 0, records = 0, bytes = 0;  // payload
    uint64_t syncs = 0, sync_micros = 0;
  };
  Stats stats() const;
  // As in LogFacts: which log this is.
  std::string id() const;

 private:
  struct Pending {
    std::vector<AppendItem> items;
    Done done;
    size_t file_bytes;
  };
  struct Reader {
    Executor* executor;
    OnRecords on_records;
    LogOffset next;
    std::vector<LogRecord> pending;  // only while a delivery is put together
  };
  using Bundle = std::vector<std::pair<std::shared_ptr<Reader>, std::vector<LogRecord>>>;
  struct Active;   // the segment being written
  struct Window;   // bytes read by Start and not yet executed

  explicit EmbeddedLog(Options options);
  absl::Status OpenFolder(OpenReport* report);
  absl::Status Create();
  absl::Status OpenTail(OpenReport* report);
  void WriterLoop();
  void WriteBatch(std::vector<Pending> batch);
  void WriteTrailer();
  void WriteAndSync(std::string_view bytes);
  void PrepareNext();
  absl::Status Roll(size_t frame_bytes);
  void Deliver(std::vector<LogRecord> records, std::shared_ptr<void> credit);

  const Options options_;
  std::unique_ptr<log_format::Format> format_;
  int lock_fd_ = -1;

  std::mutex mu_;  // the queue
  std::condition_variable wake_;
  std::deque<Pending> queue_;
  bool waiting_ = false;
  bool closing_ = false;

  // Writer thread only, once it runs.
  std::unique_ptr<Active> active_;
  std::vector<uint64_t> next_;         // the next offset to give, by layout index
  uint64_t end_ = 0;                   // position where the next frame goes; all before it is durable
  uint64_t sealed_ = 0;                // end_ where the last frame is a trailer: nothing is left to seal
  std::future<absl::StatusOr<std::unique_ptr<Active>>> prepared_;

  mutable std::mutex delivery_mu_;     // what follows; held by the writer between a sync and the end of its delivery
  std::vector<log_format::Segment> segments_;
  uint64_t durable_end_ = 0;
  bool started_ = false;
  bool live_ = false;
  std::vector<std::shared_ptr<Reader>> readers_;  // by layout index
  std::vector<uint64_t> flushed_;

  std::unique_ptr<std::atomic<uint64_t>[]> ends_;
  std::atomic<uint64_t> appends_{0}, records_{0}, bytes_{0}, syncs_{0}, sync_micros_{0};
  std::mutex close_mu_;
  std::thread writer_;
};

// What a log's folder says of itself, read without opening it.
struct LogFacts {
  std::string id;                                             // "embedded:" and the 32 hex digits made with the log
  std::vector<std::pair<ServiceId, uint16_t>> partitions;     // how many of each service, in the order of ServiceId
  // The offset of the first record that is still here, for partitions whose beginning was archived. Others are not listed.
  std::vector<std::pair<LogPartition, LogOffset>> begins_at;
};
// kNotFound where the folder holds no log; kDataLoss where FORMAT or a segment header is damaged.
absl::StatusOr<LogFacts> DescribeLog(const std::string& folder);

// Reads a log from its first record to its end, for tools: verify, trace, rebuild. `visit` returns false to stop. Damage is
// kDataLoss after everything before it was visited; a torn tail is the end. Takes no lock: it also reads a log in use, up
// to about the end it had when the last segment was reached.
absl::Status ScanLog(const std::string& folder, absl::FunctionRef<bool(const LogRecord&)> visit);

}  // namespace fundcore
