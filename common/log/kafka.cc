// The log on Kafka: appending by an idempotent producer, delivery from memory and by one reading thread. See kafka.h.
#include "common/log/kafka.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/log/kafka_client.h"
#include "common/runtime/clock.h"

namespace fundcore {

namespace {

// Messages taken from librdkafka's queue at a time.
constexpr size_t kMostPerRound = 1000;
// How long the reading thread waits for a message before it looks up, and a broker before it answers "nothing new". The
// second is short because questions about ends wait behind it on the same connection.
constexpr int kLookUpMillis = 100;
constexpr const char* kFetchWaitMillis = "100";
// A partition is not read any more after so many records in a row from memory, and is again after this time without one.
constexpr uint64_t kOwnRun = 64;
constexpr int64_t kOwnSilenceMicros = 1'000'000;
constexpr int64_t kTendEveryMicros = 10'000;

}  // namespace

// One Append: counts its records down to one callback.
struct KafkaLog::Call {
  Call(size_t count, Done d) : left(count + 1), total(count), done(std::move(d)) {}
  std::mutex mu;
  size_t left;  // records not yet reported, and one for Append itself
  const size_t total;
  Done done;
  size_t sent = 0;
  size_t too_large = 0;  // refused for their size: surely not in the log
  absl::Status error;

  // True for the last one, who must call Finish.
  bool One(const absl::Status& status, bool refused_for_size) {
    std::lock_guard lock(mu);
    if (!status.ok() && error.ok()) error = status;
    too_large += refused_for_size;
    return --left == 0;
  }
  absl::Status Outcome() const {
    if (error.ok()) return error;
    if (too_large == total) {
      return absl::InvalidArgumentError("a record is larger than its topic takes; raise the topic's max.message.bytes (fundctl "
                                        "kafka check). Nothing was appended");
    }
    if (absl::IsFailedPrecondition(error) && sent > 0) return absl::UnavailableError(error.message());
    return error;
  }
};

struct KafkaLog::Sent final : KafkaSent {
  size_t index = 0;
  std::shared_ptr<Call> call;
};

struct KafkaLog::Reader {
  size_t index;
  LogPartition partition;
  Executor* executor;
  OnRecords on_records;
  std::atomic<bool> closed{false};  // what was posted and has not run is not delivered any more

  std::mutex mu;  // held while records are posted, so that both sources keep one order
  LogOffset next;
  bool lost = false;
  // Of this process's own records, as they are acknowledged: where the next would lie if nobody else appends, how many in a
  // row did so, and when the last was. With `next` below `own_next` something lies between that must be read.
  LogOffset own_next = 0;
  uint64_t own_run = 0;
  int64_t own_at = 0;
  bool behind() const { return next < own_next; }

  std::atomic<bool> fetching{false};  // set by the reading thread alone
};

// Bytes handed to executors and not yet executed.
struct KafkaLog::Window {
  std::mutex mu;
  std::condition_variable room;
  size_t used = 0;

  // Gives its bytes back when the task that holds it has run, or was dropped.
  struct Credit {
    std::shared_ptr<Window> window;
    size_t bytes;
    Credit(std::shared_ptr<Window> w, size_t b) : window(std::move(w)), bytes(b) {
      std::lock_guard lock(window->mu);
      window->used += bytes;
    }
    Credit(Credit&& other) noexcept : window(std::move(other.window)), bytes(other.bytes) {}
    ~Credit() {
      if (window == nullptr) return;
      std::lock_guard lock(window->mu);
      window->used -= bytes;
      window->room.notify_all();
    }
  };
};

KafkaLog::KafkaLog(Options options) : options_(std::move(options)), window_(std::make_shared<Window>()) {}

absl::StatusOr<std::unique_ptr<KafkaLog>> KafkaLog::Open(Options options, KafkaOpenReport* report) {
  FC_RETURN_IF_ERROR(ValidatePrefix(options.prefix));
  if (options.partitions.empty()) return absl::InvalidArgumentError("a Kafka log needs at least one service");
  auto log = std::unique_ptr<KafkaLog>(new KafkaLog(std::move(options)));
  const Options& o = log->options_;

  size_t count = 0;
  for (const auto& [service, partitions] : o.partitions) {
    if (partitions < 1 || partitions > kMaxPartitions) {
      return absl::InvalidArgumentError(StrCat("service ", ServiceName(service), " with ", partitions,
                                               " partitions; from 1 to ", kMaxPartitions, " are possible"));
    }
    log->topics_.push_back(KafkaTopic(o.prefix, service));
    log->base_.push_back(count);
    count += partitions;
  }
  log->readers_.resize(count);
  log->ends_ = std::make_unique<std::atomic<uint64_t>[]>(count);

  FC_ASSIGN_OR_RETURN(auto admin, KafkaAdmin::Open(o.connection, o.patience));
  FC_ASSIGN_OR_RETURN(const auto findings, admin->Check({.prefix = o.prefix,
                                                         .partitions = o.partitions,
                                                         .one_replica_for_tests = o.one_replica_for_tests,
                                                         .directory = false}));
  std::string wrong;
  for (const KafkaFinding& finding : findings) {
    if (finding.severity == KafkaFinding::Severity::kWarning) {
      if (report != nullptr) report->warnings.push_back(finding);
      continue;
    }
    wrong += StrCat("\n  ", finding.Text());
  }
  if (!wrong.empty()) {
    return absl::FailedPreconditionError(
        StrCat("the Kafka cluster at ", o.connection.brokers, " cannot keep what is promised on it:", wrong));
  }
  FC_ASSIGN_OR_RETURN(log->id_, admin->LogId(o.prefix));

  FC_ASSIGN_OR_RETURN(log->consumer_,
                      KafkaClient::Make(KafkaClient::Role::kConsumer, o.connection,
                                        {{"enable.auto.commit", "false"},
                                         {"enable.auto.offset.store", "false"},
                                         {"auto.offset.reset", "error"},
                                         {"isolation.level", "read_uncommitted"},
                                         {"check.crcs", "true"},
                                         {"fetch.min.bytes", "1"},
                                         {"fetch.wait.max.ms", kFetchWaitMillis},
                                         {"fetch.error.backoff.ms", "50"},
                                         {"queued.max.messages.kbytes", "65536"}}));
  FC_ASSIGN_OR_RETURN(log->producer_, KafkaProducer::Open({.connection = o.connection,
                                                           .topics = log->topics_,
                                                           .message_timeout = o.message_timeout,
                                                           .linger = o.linger,
                                                           .close_grace = o.close_grace,
                                                           .on_reports = [l = log.get()](auto reports) { l->OnReports(reports); }}));
  return log;
}

KafkaLog::~KafkaLog() { Close(); }

size_t KafkaLog::IndexOf(LogPartition partition) const {
  for (size_t place = 0; place < options_.partitions.size(); ++place) {
    if (options_.partitions[place].first != partition.service) continue;
    return partition.partition.raw() < options_.partitions[place].second ? base_[place] + partition.partition.raw() : kNone;
  }
  return kNone;
}

LogPartition KafkaLog::PartitionAt(size_t index) const {
  size_t place = base_.size() - 1;
  while (base_[place] > index) --place;
  return {options_.partitions[place].first, PartitionId(static_cast<uint16_t>(index - base_[place]))};
}

std::string KafkaLog::NameOf(size_t index) const {
  const LogPartition p = PartitionAt(index);
  return StrCat("topic ", KafkaTopic(options_.prefix, p.service), " partition ", p.partition.raw());
}

// --- Appending

void KafkaLog::Append(std::vector<AppendItem> items, Done done) {
  absl::Status refused;
  size_t bytes = 0;
  if (closing_) refused = absl::FailedPreconditionError("the log is closed; nothing was appended");
  for (const AppendItem& item : items) {
    bytes += item.bytes.size();
    if (item.bytes.size() > kMaxRecordBytes) {
      refused = absl::InvalidArgumentError(StrCat("a record of ", item.bytes.size(), " bytes is larger than the limit of ",
                                                  kMaxRecordBytes, "; split the batch. Nothing was appended"));
    } else if (IndexOf(item.partition) == kNone) {
      refused = absl::InvalidArgumentError(StrCat("this log has no ", ServiceName(item.partition.service), " partition ",
                                                  item.partition.partition.raw(), "; nothing was appended"));
    }
  }
  if (!refused.ok() || items.empty()) {
    if (done) done(refused);
    return;
  }
  appends_.fetch_add(1, std::memory_order_relaxed);
  records_.fetch_add(items.size(), std::memory_order_relaxed);
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  auto call = std::make_shared<Call>(items.size(), std::move(done));
  absl::Status status;
  for (AppendItem& item : items) {
    if (status.ok()) {
      auto sent = std::make_unique<Sent>();
      sent->index = IndexOf(item.partition);
      size_t place = base_.size() - 1;
      while (base_[place] > sent->index) --place;
      sent->topic = place;
      sent->partition = item.partition.partition.raw();
      sent->buffer = std::make_shared<const std::string>(std::move(item.bytes));
      sent->call = call;
      std::unique_ptr<KafkaSent> message = std::move(sent);
      status = producer_->Send(&message);
      if (status.ok()) {
        std::lock_guard lock(call->mu);
        ++call->sent;
        continue;
      }
    }
    // The first that was not taken keeps back the rest: a later one must not overtake it.
    call->One(status, false);
  }
  if (call->One(absl::OkStatus(), false)) {
    const absl::Status outcome = call->Outcome();
    unknown_.fetch_add(absl::IsUnavailable(outcome), std::memory_order_relaxed);
    if (call->done) call->done(outcome);
  }
}

void KafkaLog::OnReports(std::span<const std::unique_ptr<KafkaSent>> reports) {
  // First the records, then the news that they are in: a caller who acts on it finds them on its executor already.
  std::map<size_t, std::vector<LogRecord>> fresh;
  const bool deliver = options_.deliver_own_from_memory && started_;
  for (const auto& report : reports) {
    const auto& sent = static_cast<const Sent&>(*report);
    if (!sent.status.ok() || sent.offset < 0) continue;
    NoteEnd(sent.index, static_cast<LogOffset>(sent.offset) + 1);
    if (!deliver || readers_[sent.index] == nullptr) continue;
    fresh[sent.index].push_back({PartitionAt(sent.index), static_cast<LogOffset>(sent.offset), sent.buffer, *sent.buffer});
  }
  for (auto& [index, records] : fresh) Deliver(*readers_[index], std::move(records), true);
  if (fell_behind_.exchange(false)) rd_kafka_queue_yield(queue_);  // the reading thread looks at once
  for (const auto& report : reports) {
    const auto& sent = static_cast<const Sent&>(*report);
    absl::Status status = sent.status;
    if (status.ok() && sent.offset < 0) {
      // Kafka says it is in, by inference, and cannot say where. Asking the caller to repeat it costs a duplicate; believing
      // a wrong inference would cost the record.
      status = absl::UnavailableError("an append was acknowledged without a place; append the same again");
    }
    if (!sent.call->One(status, sent.too_large && sent.surely_absent)) continue;
    const absl::Status outcome = sent.call->Outcome();
    unknown_.fetch_add(absl::IsUnavailable(outcome), std::memory_order_relaxed);
    if (sent.call->done) sent.call->done(outcome);
  }
}

// --- Reading

void KafkaLog::Tail(LogPartition partition, LogOffset from, Executor* executor, OnRecords on_records) {
  FC_CHECK(!started_, "Tail was called after Start");
  const size_t index = IndexOf(partition);
  FC_CHECK(index != kNone, "this log has no ", ServiceName(partition.service), " partition ", partition.partition.raw());
  FC_CHECK(readers_[index] == nullptr, NameOf(index), " has a reader already");
  auto reader = std::make_shared<Reader>();
  reader->index = index;
  reader->partition = partition;
  reader->executor = executor;
  reader->on_records = std::move(on_records);
  reader->next = from;
  readers_[index] = std::move(reader);
}

absl::Status KafkaLog::Start() {
  FC_CHECK(!started_ && !closing_, "Start was called twice, or after Close");
  std::vector<size_t> all;
  for (size_t i = 0; i < readers_.size(); ++i) all.push_back(i);
  FC_ASSIGN_OR_RETURN(const auto begins, AskOffsets(all, false, options_.patience));
  FC_ASSIGN_OR_RETURN(const auto ends, AskOffsets(all, true, options_.patience));
  for (const size_t i : all) {
    NoteEnd(i, ends[i]);
    if (readers_[i] == nullptr) continue;
    if (readers_[i]->next < begins[i]) {
      return absl::DataLossError(StrCat(NameOf(i), " begins at offset ", begins[i], ", but the state here goes on from ",
                                        readers_[i]->next, ": what lies between was trimmed; restore a checkpoint that reaches ",
                                        "offset ", begins[i], " (fundctl checkpoint restore)"));
    }
    if (readers_[i]->next > ends[i]) {
      return absl::DataLossError(StrCat(NameOf(i), " ends at offset ", ends[i], ", but the state here has executed up to ",
                                        readers_[i]->next, ": it is not of this cluster, or the cluster lost records; correct ",
                                        "--brokers and --topic-prefix, or restore the cluster"));
    }
  }
  queue_ = rd_kafka_queue_new(consumer_->get());
  consumed_.resize(topics_.size(), nullptr);
  for (size_t place = 0; place < topics_.size(); ++place) {
    for (uint16_t p = 0; p < options_.partitions[place].second; ++p) {
      const auto& reader = readers_[base_[place] + p];
      if (reader == nullptr) continue;
      if (consumed_[place] == nullptr) {
        rd_kafka_topic_conf_t* conf = rd_kafka_default_topic_conf_dup(consumer_->get());
        rd_kafka_topic_conf_set_opaque(conf, reinterpret_cast<void*>(place + 1));
        consumed_[place] = rd_kafka_topic_new(consumer_->get(), topics_[place].c_str(), conf);
        FC_CHECK(consumed_[place] != nullptr, topics_[place]);
      }
      StartFetching(*reader);
    }
  }
  started_ = true;
  reading_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "kafka-read");
    ReadLoop();
  });
  asking_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "kafka-ends");
    EndLoop();
  });
  return absl::OkStatus();
}

void KafkaLog::StartFetching(Reader& reader) {
  LogOffset next;
  {
    std::lock_guard lock(reader.mu);
    next = reader.next;
    reader.own_run = 0;
  }
  size_t place = base_.size() - 1;
  while (base_[place] > reader.index) --place;
  FC_CHECK(rd_kafka_consume_start_queue(consumed_[place], reader.partition.partition.raw(), static_cast<int64_t>(next), queue_) ==
               0,
           NameOf(reader.index), ": ", rd_kafka_err2str(rd_kafka_last_error()));
  reader.fetching = true;
}

// Decides which partitions are read.
void KafkaLog::Tend() {
  const int64_t now = MonotonicMicros();
  for (const auto& held : readers_) {
    if (held == nullptr) continue;
    Reader& reader = *held;
    bool own, behind;
    {
      std::lock_guard lock(reader.mu);
      if (reader.lost) continue;
      behind = reader.behind();
      own = !behind && reader.own_run >= kOwnRun && now - reader.own_at < kOwnSilenceMicros / 2;
      behind = behind || now - reader.own_at > kOwnSilenceMicros;
    }
    if (reader.fetching && own) {
      size_t place = base_.size() - 1;
      while (base_[place] > reader.index) --place;
      rd_kafka_consume_stop(consumed_[place], reader.partition.partition.raw());
      reader.fetching = false;
    } else if (!reader.fetching && behind) {
      StartFetching(reader);
    }
  }
}

void KafkaLog::ReadLoop() {
  int64_t tended = 0;
  std::vector<rd_kafka_message_t*> messages(kMostPerRound);
  while (!closing_) {
    {
      std::unique_lock lock(window_->mu);
      window_->room.wait(lock, [&] { return closing_ || window_->used < options_.replay_window_bytes; });
    }
    if (const int64_t now = MonotonicMicros(); now - tended > kTendEveryMicros) {
      Tend();
      tended = now;
    }
    // The first message is waited for, the rest is what else is there: the batch call alone would wait for a full batch.
    rd_kafka_message_t* first = rd_kafka_consume_queue(queue_, kLookUpMillis);
    rd_kafka_poll(consumer_->get(), 0);
    if (first == nullptr) continue;
    messages[0] = first;
    const ssize_t more = rd_kafka_consume_batch_queue(queue_, 0, messages.data() + 1, kMostPerRound - 1);
    const size_t count = 1 + static_cast<size_t>(std::max<ssize_t>(more, 0));
    Take(messages.data(), count);
    for (size_t i = 0; i < count; ++i) rd_kafka_message_destroy(messages[i]);
  }
}

void KafkaLog::Take(rd_kafka_message_s* const* messages, size_t count) {
  std::map<size_t, std::vector<LogRecord>> fresh;
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_message_t& m = *messages[i];
    if (m.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      OnReadError(m);
      continue;
    }
    const size_t place = reinterpret_cast<size_t>(rd_kafka_topic_opaque(m.rkt)) - 1;
    const size_t index = base_[place] + static_cast<size_t>(m.partition);
    auto buffer = std::make_shared<const std::string>(static_cast<const char*>(m.payload), m.len);
    const std::string_view bytes = *buffer;
    fresh[index].push_back({readers_[index]->partition, static_cast<LogOffset>(m.offset), std::move(buffer), bytes});
  }
  for (auto& [index, records] : fresh) {
    if (!readers_[index]->fetching) continue;  // left in the queue from before it was stopped
    fetched_.fetch_add(records.size(), std::memory_order_relaxed);
    NoteEnd(index, records.back().offset + 1);
    int64_t low = 0, high = 0;
    const LogPartition p = readers_[index]->partition;
    if (rd_kafka_get_watermark_offsets(consumer_->get(), KafkaTopic(options_.prefix, p.service).c_str(), p.partition.raw(), &low,
                                       &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        high > 0) {
      NoteEnd(index, static_cast<LogOffset>(high));
    }
    Deliver(*readers_[index], std::move(records), false);
  }
}

void KafkaLog::Deliver(Reader& reader, std::vector<LogRecord> records, bool from_memory) {
  absl::Status gap;
  {
    std::lock_guard lock(reader.mu);
    if (reader.lost || reader.closed) return;
    if (from_memory) {
      for (const LogRecord& record : records) {
        reader.own_run = record.offset == reader.own_next ? reader.own_run + 1 : 0;
        reader.own_next = std::max(reader.own_next, record.offset + 1);
      }
      reader.own_at = MonotonicMicros();
    }
    // What the other source has delivered already is left out; what comes too early from memory will be read.
    size_t begin = 0;
    while (begin < records.size() && records[begin].offset < reader.next) ++begin;
    size_t end = begin, bytes = 0;
    LogOffset next = reader.next;
    while (end < records.size() && records[end].offset == next) {
      bytes += records[end].bytes.size() + sizeof(LogRecord);
      ++next;
      ++end;
    }
    if (end < records.size() && !from_memory) {
      gap = absl::DataLossError(StrCat(NameOf(reader.index), " gave offset ", records[end].offset, " where ", next,
                                       " is next: records are missing. Was the topic compacted, trimmed or written by a ",
                                       "transaction? Restore a checkpoint beyond it"));
    }
    if (begin < end) {
      records.resize(end);
      records.erase(records.begin(), records.begin() + static_cast<ptrdiff_t>(begin));
      reader.next = next;
      (from_memory ? from_memory_ : from_brokers_).fetch_add(records.size(), std::memory_order_relaxed);
      reader.executor->Post([reader = readers_[reader.index], records = std::move(records),
                             credit = Window::Credit(window_, bytes)] {
        if (!reader->closed) reader->on_records(records);
      });
    }
    if (from_memory && reader.behind() && !reader.fetching) fell_behind_ = true;
  }
  if (!gap.ok()) Lost(reader, gap);
}

void KafkaLog::Lost(Reader& reader, const absl::Status& status) {
  {
    std::lock_guard lock(reader.mu);
    if (reader.lost) return;
    reader.lost = true;
  }
  FC_CHECK(options_.on_data_loss != nullptr, status.message());
  options_.on_data_loss(status);
}

void KafkaLog::OnReadError(const rd_kafka_message_s& m) {
  const std::string text = m.rkt == nullptr ? "" : rd_kafka_message_errstr(&m);
  if (m.err != RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || m.rkt == nullptr) {
    // librdkafka goes on trying by itself: a topic may come back, rights may be given.
    consumer_->Tell(StrCat("Kafka: reading", m.rkt == nullptr ? "" : StrCat(" ", rd_kafka_topic_name(m.rkt), " partition ",
                                                                           m.partition),
                           ": ", rd_kafka_err2str(m.err), " ", text));
    return;
  }
  // The place that was to be read is not there. What this side has from memory may be beyond it, though.
  const size_t place = reinterpret_cast<size_t>(rd_kafka_topic_opaque(m.rkt)) - 1;
  Reader& reader = *readers_[base_[place] + static_cast<size_t>(m.partition)];
  if (!reader.fetching) return;
  auto begin = AskOffsets({reader.index}, false, options_.patience);
  auto end = AskOffsets({reader.index}, true, options_.patience);
  LogOffset next;
  {
    std::lock_guard lock(reader.mu);
    next = reader.next;
  }
  if (begin.ok() && next < begin->front()) {
    return Lost(reader, absl::DataLossError(StrCat(NameOf(reader.index), " begins at offset ", begin->front(), " now, but ", next,
                                                   " is next here: it was trimmed beyond what this process has read; restore ",
                                                   "a checkpoint that reaches offset ", begin->front())));
  }
  if (begin.ok() && end.ok() && next > end->front()) {
    return Lost(reader, absl::DataLossError(StrCat(NameOf(reader.index), " ends at offset ", end->front(), " now, but ", next,
                                                   " is next here: the cluster has lost records that were acknowledged")));
  }
  rd_kafka_consume_stop(consumed_[place], m.partition);
  StartFetching(reader);
}

// --- Ends

LogOffset KafkaLog::End(LogPartition partition) const {
  const size_t index = IndexOf(partition);
  FC_CHECK(index != kNone, "this log has no ", ServiceName(partition.service), " partition ", partition.partition.raw());
  return ends_[index].load(std::memory_order_acquire);
}

void KafkaLog::NoteEnd(size_t index, LogOffset end) {
  uint64_t known = ends_[index].load(std::memory_order_relaxed);
  while (known < end && !ends_[index].compare_exchange_weak(known, end, std::memory_order_acq_rel)) {
  }
}

void KafkaLog::FetchEnd(LogPartition partition, OnEnd on_end) {
  const size_t index = IndexOf(partition);
  FC_CHECK(index != kNone, "this log has no ", ServiceName(partition.service), " partition ", partition.partition.raw());
  {
    std::lock_guard lock(asks_mu_);
    if (started_ && !closing_) {
      asks_.emplace_back(index, std::move(on_end));
      asks_wake_.notify_all();
      return;
    }
  }
  on_end(absl::UnavailableError("the log is not started, or closed"));
}

void KafkaLog::EndLoop() {
  for (;;) {
    std::vector<std::pair<size_t, OnEnd>> asks;
    {
      std::unique_lock lock(asks_mu_);
      asks_wake_.wait(lock, [&] { return closing_ || !asks_.empty(); });
      asks.swap(asks_);
      if (asks.empty()) return;
    }
    // Everything asked meanwhile goes into one question.
    std::vector<size_t> indexes;
    for (const auto& [index, on_end] : asks) indexes.push_back(index);
    std::sort(indexes.begin(), indexes.end());
    indexes.erase(std::unique(indexes.begin(), indexes.end()), indexes.end());
    absl::StatusOr<std::vector<LogOffset>> ends = absl::UnavailableError("the log is closed");
    if (!closing_) ends = AskOffsets(indexes, true, Duration::Seconds(2));
    for (size_t i = 0; ends.ok() && i < indexes.size(); ++i) NoteEnd(indexes[i], (*ends)[i]);
    for (auto& [index, on_end] : asks) {
      if (!ends.ok()) {
        on_end(absl::UnavailableError(ends.status().message()));
        continue;
      }
      const auto at = std::lower_bound(indexes.begin(), indexes.end(), index) - indexes.begin();
      on_end((*ends)[static_cast<size_t>(at)]);
    }
  }
}

absl::StatusOr<std::vector<LogOffset>> KafkaLog::AskOffsets(const std::vector<size_t>& indexes, bool ends, Duration patience) {
  // Leaders change, and a new topic has none for a moment: asked again until the patience ends.
  const int64_t until = MonotonicMicros() + patience.raw();
  for (;;) {
    auto offsets = AskOffsetsOnce(indexes, ends, Duration::Micros(std::max<int64_t>(until - MonotonicMicros(), 1000)));
    if (offsets.ok() || closing_ || absl::IsPermissionDenied(offsets.status()) || MonotonicMicros() > until) return offsets;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

absl::StatusOr<std::vector<LogOffset>> KafkaLog::AskOffsetsOnce(const std::vector<size_t>& indexes, bool ends,
                                                                Duration patience) {
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(static_cast<int>(indexes.size()));
  for (const size_t index : indexes) {
    const LogPartition p = PartitionAt(index);
    rd_kafka_topic_partition_list_add(list, KafkaTopic(options_.prefix, p.service).c_str(), p.partition.raw())->offset =
        ends ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING;
  }
  const rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(consumer_->get(), list, static_cast<int>(patience.raw() / 1000));
  absl::StatusOr<std::vector<LogOffset>> offsets = std::vector<LogOffset>();
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    offsets = consumer_->Trouble(code, "asking Kafka where its partitions begin and end");
  }
  for (size_t i = 0; offsets.ok() && i < indexes.size(); ++i) {
    const LogPartition p = PartitionAt(indexes[i]);
    const rd_kafka_topic_partition_t* one =
        rd_kafka_topic_partition_list_find(list, KafkaTopic(options_.prefix, p.service).c_str(), p.partition.raw());
    if (one->err != RD_KAFKA_RESP_ERR_NO_ERROR || one->offset < 0) {
      offsets = consumer_->Trouble(one->err, StrCat("asking where ", NameOf(indexes[i]), " begins and ends"));
    } else {
      offsets->push_back(static_cast<LogOffset>(one->offset));
    }
  }
  rd_kafka_topic_partition_list_destroy(list);
  return offsets;
}

void KafkaLog::Flushed(std::span<const std::pair<LogPartition, LogOffset>>) {}

// --- The end

void KafkaLog::Close() {
  std::lock_guard closing(close_mu_);
  closing_ = true;
  if (producer_ != nullptr) producer_->Close();  // every `done` was called
  {
    std::lock_guard lock(asks_mu_);
    asks_wake_.notify_all();
  }
  {
    std::lock_guard lock(window_->mu);
    window_->room.notify_all();
  }
  if (queue_ != nullptr) rd_kafka_queue_yield(queue_);
  if (reading_.joinable()) reading_.join();
  if (asking_.joinable()) asking_.join();
  for (const auto& reader : readers_) {
    if (reader == nullptr) continue;
    std::lock_guard lock(reader->mu);
    reader->closed = true;
  }
  for (size_t place = 0; place < consumed_.size(); ++place) {
    if (consumed_[place] == nullptr) continue;
    for (uint16_t p = 0; p < options_.partitions[place].second; ++p) {
      const auto& reader = readers_[base_[place] + p];
      if (reader != nullptr && reader->fetching) rd_kafka_consume_stop(consumed_[place], p);
    }
    rd_kafka_topic_destroy(consumed_[place]);
  }
  consumed_.clear();
  if (queue_ != nullptr) rd_kafka_queue_destroy(queue_);
  queue_ = nullptr;
  consumer_.reset();
}

KafkaLog::Stats KafkaLog::stats() const {
  return {.appends = appends_.load(std::memory_order_relaxed),
          .records = records_.load(std::memory_order_relaxed),
          .bytes = bytes_.load(std::memory_order_relaxed),
          .unknown = unknown_.load(std::memory_order_relaxed),
          .from_memory = from_memory_.load(std::memory_order_relaxed),
          .from_brokers = from_brokers_.load(std::memory_order_relaxed),
          .fetched = fetched_.load(std::memory_order_relaxed),
          .producers = producer_ == nullptr ? 0 : producer_->generations()};
}

}  // namespace fundcore
