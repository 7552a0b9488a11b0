// Plants between a machine and its log: commands that are changed on their way in, or are played too early or too late.
#include <deque>
#include <map>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/machine/record.h"
#include "common/types/ids.h"
#include "fundcore/account/v1/account.pb.h"
#include "services/account/commands.h"
#include "services/clearing/commands.h"
#include "tests/simulation/plants_parts.h"

namespace fundcore::simulation {

void LogPlant::Append(std::vector<AppendItem> items, Done done) {
  for (AppendItem& item : items) item.bytes = Rewritten(item);
  real_->Append(std::move(items), std::move(done));
}

std::string LogPlant::Rewritten(const AppendItem& item) {
  ByteReader in(item.bytes);
  machine::RecordHeader header;
  in.U8();
  in.Get(header);
  if (header.kind != machine::RecordKind::kCommands) return item.bytes;
  const std::string name = StrCat(static_cast<int>(item.partition.service), "/", item.partition.partition.raw(), "/", header.epoch, "/",
                                  header.owner, "/", header.n);
  const auto [known, fresh] = written_.try_emplace(name);
  if (!fresh) return known->second.empty() ? item.bytes : known->second;
  std::string out;
  ByteWriter w(&out);
  w.U8(machine::kRecordFormat);
  w.Put(header);
  bool changed = false;
  while (!in.AtEnd()) {
    w.Zigzag(in.Zigzag());
    uint8_t tag = in.U8();
    std::string bytes(in.Bytes());
    FC_CHECK(in.ok(), "a record of another form");
    changed |= Change(item.partition, &tag, &bytes);
    w.U8(tag);
    w.Bytes(bytes);
  }
  if (!changed) return item.bytes;
  return known->second = out;
}

namespace {

bool Is(LogPartition p, ServiceId service, uint8_t tag, uint8_t of) { return p.service == service && tag == of; }

// The books do not know the order any more; what is set aside now belongs to nobody. The network, too, does its worst: a
// second copy of each reservation arrives behind the release of its order, which the services stand without the plant.
class TryAfterRelease final : public LogPlant, public rpc::Peers {
 public:
  void Wrap(ServiceDeps* deps) override {
    LogPlant::Wrap(deps);
    peers_ = deps->peers;
    deps->peers = this;
  }
  void Call(std::string_view method, const google::protobuf::Message& request, google::protobuf::Message* response,
            Duration deadline, Executor* executor, rpc::Peers::Done done) override {
    constexpr std::string_view kReserve = "fundcore.account.v1.AccountOps/Reserve";
    if (method == kReserve) {
      for (const auto& item : static_cast<const account::v1::ReserveRequest&>(request).items()) tries_[item.order_id()] = item;
    }
    auto late = std::make_shared<account::v1::ReserveRequest>();
    if (method == "fundcore.account.v1.AccountOps/Release") {
      for (const auto& item : static_cast<const account::v1::ReleaseRequest&>(request).items())
        if (auto it = tries_.find(item.order_id()); it != tries_.end()) *late->add_items() = it->second;
    }
    peers_->Call(method, request, response, deadline, executor,
                 [this, late, deadline, executor, kReserve, done = std::move(done)](absl::Status s) mutable {
                   if (s.ok() && late->items_size() > 0) {
                     auto answer = std::make_shared<account::v1::ReserveResponse>();
                     peers_->Call(kReserve, *late, answer.get(), deadline, executor, [answer](absl::Status) {});
                   }
                   done(std::move(s));
                 });
  }

 private:
  bool Change(LogPartition p, uint8_t* tag, std::string* bytes) override {
    if (Is(p, ServiceId::kAccount, *tag, account::Release::kTag)) {
      account::Release c;
      FC_CHECK(Decode(*bytes, &c), "a release of another form");
      released_.insert(c.order.raw());
    }
    if (!Is(p, ServiceId::kAccount, *tag, account::Reserve::kTag)) return false;
    account::Reserve c;
    FC_CHECK(Decode(*bytes, &c), "a reservation of another form");
    if (!released_.contains(c.order.raw())) return false;
    constexpr uint64_t kOutOfTheWay = 1'000'000;
    c.order = MakeOrderId(p.partition, SequenceOf(c.order) + kOutOfTheWay);
    *bytes = Encode(c);
    return true;
  }

  rpc::Peers* peers_ = nullptr;
  std::map<uint64_t, account::v1::ReserveItem> tries_;  // by order
  std::set<uint64_t> released_;
};

class OnePersonApproves final : public LogPlant {
  bool Change(LogPartition p, uint8_t* tag, std::string* bytes) override {
    if (Is(p, ServiceId::kClearing, *tag, clearing::ProposeResolution::kTag)) {
      clearing::ProposeResolution c;
      FC_CHECK(Decode(*bytes, &c), "a proposal of another form");
      proposed_[{p.partition.raw(), c.seq}] = c.person;
    }
    if (!Is(p, ServiceId::kClearing, *tag, clearing::ApproveResolution::kTag)) return false;
    clearing::ApproveResolution c;
    FC_CHECK(Decode(*bytes, &c), "an approval of another form");
    if (proposed_[{p.partition.raw(), c.seq}] != c.person) return false;
    c.person += "/2";
    *bytes = Encode(c);
    return true;
  }
  std::map<std::pair<uint16_t, uint64_t>, std::string> proposed_;  // partition, break: by whom
};

class RecoveryMovesDay final : public LogPlant {
 public:
  void Tail(LogPartition partition, LogOffset from, Executor* executor, OnRecords on_records) override {
    if (partition.service != ServiceId::kTrade) return LogPlant::Tail(partition, from, executor, std::move(on_records));
    real_->Tail(partition, from, executor,
                [executor, end = End(partition), play = std::move(on_records)](std::span<const LogRecord> records) mutable {
                  std::vector<LogRecord> stamped(records.begin(), records.end());
                  for (LogRecord& r : stamped) {
                    if (r.offset >= end) continue;
                    ByteReader in(r.bytes);
                    machine::RecordHeader header;
                    in.U8();
                    in.Get(header);
                    header.stamp = executor->Now();
                    std::string bytes;
                    ByteWriter w(&bytes);
                    w.U8(machine::kRecordFormat);
                    w.Put(header);
                    bytes += r.bytes.substr(r.bytes.size() - in.remaining());
                    r.buffer = std::make_shared<const std::string>(std::move(bytes));
                    r.bytes = *r.buffer;
                  }
                  play(stamped);
                });
  }
};

// One life of a log that says "done" at once and writes when it finds the time.
class HastyLog final : public Log {
 public:
  HastyLog(Log* real, Executor* executor) : real_(real), executor_(executor) {}

  void Append(std::vector<AppendItem> items, Done done) override {
    for (const AppendItem& item : items) {
      const auto it = readers_.find(item.partition);
      FC_CHECK(it != readers_.end(), "an append without a reader");
      Reader* reader = it->second.get();
      auto buffer = std::make_shared<const std::string>(item.bytes);
      const LogRecord record{item.partition, reader->next++, buffer, *buffer};
      reader->executor->Post([reader, record] { reader->on_records(std::span(&record, 1)); });
    }
    waiting_.push_back(std::move(items));
    if (waiting_.size() == 1) WriteFirst();
    if (done) done(absl::OkStatus());
  }
  void Tail(LogPartition partition, LogOffset from, Executor* executor, OnRecords on_records) override {
    const LogOffset end = real_->End(partition);
    auto& reader = readers_[partition];
    reader = std::make_unique<Reader>(Reader{executor, std::move(on_records), end});
    real_->Tail(partition, from, executor, [end, r = reader.get()](std::span<const LogRecord> records) {
      std::vector<LogRecord> old;
      for (const LogRecord& record : records)
        if (record.offset < end) old.push_back(record);
      if (!old.empty()) r->on_records(old);
    });
  }
  absl::Status Start() override { return real_->Start(); }
  LogOffset End(LogPartition partition) const override { return real_->End(partition); }
  void Flushed(std::span<const std::pair<LogPartition, LogOffset>> next_needed) override { real_->Flushed(next_needed); }
  bool behind() const { return !waiting_.empty(); }

 private:
  struct Reader {
    Executor* executor;
    OnRecords on_records;
    LogOffset next;  // the offset that the next append gets
  };

  void WriteFirst() {
    const LogPartition first = waiting_.front().front().partition;
    const LogOffset before = real_->End(first);
    real_->Append(waiting_.front(), [this, first, before](absl::Status s) {
      // Whether an append of unknown effect is there can be seen, because nothing else is under way.
      if (!s.ok() && real_->End(first) == before) {
        executor_->PostAfter(Duration::Millis(20), [this] { WriteFirst(); });
        return;
      }
      waiting_.pop_front();
      if (!waiting_.empty()) WriteFirst();
    });
  }

  Log* const real_;
  Executor* const executor_;
  std::map<LogPartition, std::unique_ptr<Reader>> readers_;
  std::deque<std::vector<AppendItem>> waiting_;
};

// State never gets ahead of the log on the disk: this much they got right.
class ReplyBeforeDurable final : public StorePlant {
 public:
  void Wrap(ServiceDeps* deps) override {
    real_log_ = deps->log;
    StorePlant::Wrap(deps);
    deps->log = lives_.back().get();
  }
  absl::Status Flush() override { return lives_.back()->behind() ? absl::OkStatus() : real_->Flush(); }

 private:
  // Logs of past lives stay: their readers may still be named by tasks that never run.
  void NewLife() override { lives_.push_back(std::make_unique<HastyLog>(real_log_, clock_)); }

  Log* real_log_ = nullptr;
  std::vector<std::unique_ptr<HastyLog>> lives_;
};

}  // namespace

std::unique_ptr<Plant> MakeLogPlant(std::string_view name) {
  if (name == "try-after-release") return std::make_unique<TryAfterRelease>();
  if (name == "one-person-approves") return std::make_unique<OnePersonApproves>();
  if (name == "recovery-moves-day") return std::make_unique<RecoveryMovesDay>();
  if (name == "reply-before-durable") return std::make_unique<ReplyBeforeDurable>();
  return nullptr;
}

}  // namespace fundcore::simulation
