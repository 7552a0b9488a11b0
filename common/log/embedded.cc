// The embedded log: opening, writing, replay and delivery. See embedded.h and format.h.
#include "common/log/embedded.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/log/crc32c.h"
#include "common/log/format.h"
#include "common/log/reader.h"
#include "common/runtime/clock.h"

namespace fundcore {

using log_format::File;
using log_format::Format;
using log_format::Frame;
using log_format::FrameBytes;
using log_format::FrameKind;
using log_format::Layout;
using log_format::Segment;
using log_format::SegmentHeader;

namespace {

constexpr char kTemporaryName[] = "next-segment.tmp";

// After a failed write or sync nobody knows what the disk holds; only a restart, which reads it again, can tell.
[[noreturn]] void Die(const absl::Status& status) {
  std::fprintf(stderr,
               "fundcore: the log cannot be written: %s; stopping at once, since what the disk now holds is unknown; "
               "check the disk, then start again\n",
               std::string(status.message()).c_str());
  std::fflush(stderr);
  std::abort();
}

absl::Status NeedsWhatIsGone(LogPartition p, LogOffset from, absl::string_view rest) {
  return absl::DataLossError(absl::StrCat("service ", static_cast<int>(p.service), " partition ", p.partition.raw(),
                                          " asks for its records from offset ", from, " on, but ", rest));
}

}  // namespace

struct EmbeddedLog::Active {
  File file;
  std::string path;
  uint64_t base = 0;
  uint64_t capacity = 0;  // bytes of the file
  uint64_t syncs = 0;
};

// Counts bytes that Start has read and the executors have not yet worked off.
struct EmbeddedLog::Window {
  std::mutex mu;
  std::condition_variable changed;
  size_t bytes = 0;

  // Waits for room, then returns something whose end gives the room back, whether the tasks holding it ran or were dropped.
  static std::shared_ptr<void> Take(const std::shared_ptr<Window>& window, size_t want, size_t limit) {
    std::unique_lock lock(window->mu);
    window->changed.wait(lock, [&] { return window->bytes == 0 || window->bytes + want <= limit; });
    window->bytes += want;
    return std::shared_ptr<void>(nullptr, [window, want](void*) {
      std::lock_guard release(window->mu);
      window->bytes -= want;
      window->changed.notify_one();
    });
  }
};

std::string OpenReport::Summary() const {
  if (created) return "a new log was created";
  if (torn_bytes == 0) return "";
  return absl::StrCat(torn_file, ": cut ", torn_bytes, " bytes (", torn_frames,
                      " whole records) at byte ", torn_at, ", written before a crash and never acknowledged");
}

// --- opening ---

EmbeddedLog::EmbeddedLog(Options options) : options_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<EmbeddedLog>> EmbeddedLog::Open(Options options, OpenReport* report) {
  OpenReport unused;
  std::unique_ptr<EmbeddedLog> log(new EmbeddedLog(std::move(options)));
  FC_RETURN_IF_ERROR(log->OpenFolder(report ? report : &unused));
  log->writer_ = std::thread([log = log.get()] { log->WriterLoop(); });
  return log;
}

absl::Status EmbeddedLog::OpenFolder(OpenReport* report) {
  const std::string& folder = options_.folder;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return log_format::FileError(error.value(), "create", folder);

  const std::string lock_path = absl::StrCat(folder, "/LOCK");
  lock_fd_ = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_fd_ < 0) return log_format::FileError(errno, "open", lock_path);
  if (::flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return log_format::FileError(errno, "lock", lock_path);
    const auto holder = log_format::ReadWholeFile(lock_path);
    return absl::FailedPreconditionError(
        absl::StrCat(folder, " is in use by process ", holder.ok() ? *holder : "?",
                     ": stop that process, or give this one another data folder"));
  }
  const std::string pid = absl::StrCat(::getpid());
  if (::ftruncate(lock_fd_, 0) != 0) return log_format::FileError(errno, "write", lock_path);
  FC_RETURN_IF_ERROR(log_format::WriteAt(lock_fd_, 0, pid, lock_path));

  ::unlink(absl::StrCat(folder, "/", kTemporaryName).c_str());  // of a segment that was never put to use
  const std::string format_path = absl::StrCat(folder, "/FORMAT");
  auto text = log_format::ReadWholeFile(format_path);
  if (absl::IsNotFound(text.status())) {
    FC_RETURN_IF_ERROR(Create());
    report->created = true;
    text = log_format::ReadWholeFile(format_path);
  }
  if (!text.ok()) return text.status();
  FC_ASSIGN_OR_RETURN(Format format, log_format::DecodeFormat(*text, format_path));
  if (!options_.partitions.empty() && !(Layout(options_.partitions) == format.layout)) {
    return absl::FailedPreconditionError(
        absl::StrCat(format_path, ": this log was made with the partitions ", format.layout.ToString(),
                     " (service:count); now ", Layout(options_.partitions).ToString(),
                     " are configured. Their number is fixed when data is created: set it back, or begin a new folder"));
  }
  format_ = std::make_unique<Format>(std::move(format));
  readers_.resize(format_->layout.size());
  flushed_.resize(format_->layout.size());
  return OpenTail(report);
}

// FORMAT is written last: without it, and without any record, a crash interrupted an earlier creation.
absl::Status EmbeddedLog::Create() {
  const std::string& folder = options_.folder;
  if (options_.partitions.empty()) {
    return absl::NotFoundError(absl::StrCat(folder, " holds no log, and none can be created without its partitions"));
  }
  Format format;
  format.layout = Layout(options_.partitions);
  if (!Layout::Parse(format.layout.ToString())) {
    return absl::InvalidArgumentError(absl::StrCat("the partitions ", format.layout.ToString(),
                                                   " (service:count) cannot be; name each service once, with 1 to ",
                                                   kMaxPartitions));
  }
  std::random_device random;
  for (int i = 0; i < 4; ++i) {
    const uint32_t word = random();
    format.data_id.append(reinterpret_cast<const char*>(&word), 4);
  }
  FC_ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers, log_format::ListSegments(folder));
  for (uint64_t number : numbers) {
    const std::string path = absl::StrCat(folder, "/", log_format::SegmentName(number));
    FC_ASSIGN_OR_RETURN(const std::string bytes, log_format::ReadWholeFile(path));
    const size_t header = std::min(bytes.size(), log_format::SegmentHeaderBytes(format.layout));
    if (number != 1 || bytes.find_first_not_of('\0', header) != std::string::npos) {
      return absl::DataLossError(absl::StrCat(folder, "/FORMAT is missing, but ", path,
                                              " holds records; restore FORMAT from the archive or a standby"));
    }
    ::unlink(path.c_str());
  }
  format_ = std::make_unique<Format>(format);
  next_.assign(format.layout.size(), 0);
  FC_RETURN_IF_ERROR(Roll(0));
  active_.reset();
  segments_.clear();
  return log_format::ReplaceFile(folder, "FORMAT", log_format::EncodeFormat(format));
}

absl::Status EmbeddedLog::OpenTail(OpenReport* report) {
  FC_ASSIGN_OR_RETURN(segments_, log_format::OpenSegments(options_.folder, *format_));
  const Segment& last = segments_.back();
  active_ = std::make_unique<Active>();
  active_->path = last.path;
  active_->base = last.header.base;
  active_->file = File(::open(last.path.c_str(), O_RDWR | O_CLOEXEC));
  const int fd = active_->file.fd();
  if (fd < 0) return log_format::FileError(errno, "open", last.path);
  FC_ASSIGN_OR_RETURN(const log_format::Tail tail, log_format::ReadTail(fd, last, *format_));
  // A file that was cut inside the padding of its last frame gets that padding back.
  active_->capacity = std::max(tail.file_bytes, tail.end - last.header.base);
  if (active_->capacity > tail.file_bytes && ::ftruncate(fd, static_cast<off_t>(active_->capacity)) != 0) {
    return log_format::FileError(errno, "lengthen", last.path);
  }
  if (tail.torn_bytes > 0) {
    const uint64_t at = tail.end - last.header.base;
    FC_RETURN_IF_ERROR(log_format::WriteAt(fd, at, std::string(tail.torn_bytes, '\0'), last.path));
    report->torn_bytes = tail.torn_bytes;
    report->torn_frames = tail.torn_frames;
    report->torn_file = last.path;
    report->torn_at = at;
  }
  // What was read may sit in the page cache alone, written by a process that died before its sync. It is about to be acted
  // on, so it has to be durable first.
  if (::fsync(fd) != 0) return log_format::FileError(errno, "sync", last.path);
  FC_RETURN_IF_ERROR(log_format::SyncFolder(options_.folder));

  next_ = tail.next;
  end_ = durable_end_ = tail.end;
  sealed_ = tail.sealed ? tail.end : 0;
  ends_ = std::make_unique<std::atomic<uint64_t>[]>(next_.size());
  for (size_t i = 0; i < next_.size(); ++i) ends_[i].store(next_[i]);
  report->segments = segments_.size();
  report->end_position = end_;
  return absl::OkStatus();
}

EmbeddedLog::~EmbeddedLog() {
  Close();
  active_.reset();
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

void EmbeddedLog::Close() {
  std::lock_guard close_lock(close_mu_);
  if (!writer_.joinable()) return;
  FC_CHECK(writer_.get_id() != std::this_thread::get_id(), "the log was closed from a done callback");
  {
    std::lock_guard lock(mu_);
    closing_ = true;
  }
  wake_.notify_one();
  writer_.join();
  if (prepared_.valid()) {
    prepared_.wait();
    ::unlink(absl::StrCat(options_.folder, "/", kTemporaryName).c_str());
  }
}

// --- writing ---

void EmbeddedLog::Append(std::vector<AppendItem> items, Done done) {
  absl::Status refusal;
  size_t file_bytes = 0;
  for (const AppendItem& item : items) {
    if (item.bytes.size() > kMaxRecordBytes) {
      refusal = absl::InvalidArgumentError(absl::StrCat("a record of ", item.bytes.size(),
                                                        " bytes is larger than the limit of ", kMaxRecordBytes,
                                                        "; split the batch. Nothing was appended"));
      break;
    }
    if (!format_->layout.Index(item.partition)) {
      refusal = absl::InvalidArgumentError(
          absl::StrCat("the log has no partition ", item.partition.partition.raw(), " of service ",
                       static_cast<int>(item.partition.service), " (it has ", format_->layout.ToString(),
                       "). Nothing was appended"));
      break;
    }
    file_bytes += FrameBytes(item.bytes.size());
  }
  if (refusal.ok()) {
    std::lock_guard lock(mu_);
    if (!closing_) {
      queue_.push_back({std::move(items), std::move(done), file_bytes});
      if (waiting_) wake_.notify_one();
      return;
    }
    refusal = absl::FailedPreconditionError("the log is closed; nothing was appended");
  }
  if (done) done(refusal);
}

void EmbeddedLog::WriterLoop() {
  const auto idle = std::chrono::microseconds(options_.trailer_after.raw());
  const auto has_work = [this] { return !queue_.empty() || closing_; };
  for (;;) {
    std::vector<Pending> batch;
    {
      std::unique_lock lock(mu_);
      waiting_ = true;
      if (sealed_ == end_) {
        wake_.wait(lock, has_work);
      } else {
        wake_.wait_for(lock, idle, has_work);
      }
      waiting_ = false;
      if (queue_.empty() && closing_) break;
      size_t bytes = 0;
      while (!queue_.empty() && (batch.empty() || bytes + queue_.front().file_bytes <= options_.max_batch_bytes)) {
        bytes += queue_.front().file_bytes;
        batch.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
    }
    if (batch.empty()) {
      WriteTrailer();
    } else {
      WriteBatch(std::move(batch));
    }
  }
  if (sealed_ != end_) WriteTrailer();
}

void EmbeddedLog::WriteAndSync(std::string_view bytes) {
  const absl::Status written = log_format::WriteAt(active_->file.fd(), end_ - active_->base, bytes, active_->path);
  if (!written.ok()) Die(written);
  const int64_t began = MonotonicMicros();
  if (::fdatasync(active_->file.fd()) != 0) Die(log_format::FileError(errno, "sync", active_->path));
  sync_micros_.fetch_add(static_cast<uint64_t>(MonotonicMicros() - began), std::memory_order_relaxed);
  syncs_.fetch_add(1, std::memory_order_relaxed);
  ++active_->syncs;
  end_ += bytes.size();
}

void EmbeddedLog::WriteBatch(std::vector<Pending> batch) {
  size_t total = 0;
  size_t count = 0;
  for (const Pending& p : batch) {
    total += p.file_bytes;
    count += p.items.size();
  }
  if (count > 0) {
    if (end_ - active_->base + total > active_->capacity) {
      // Before any offset is given out, so that a refusal leaves no trace.
      if (const absl::Status rolled = Roll(total); !rolled.ok()) {
        const auto full = absl::ResourceExhaustedError(absl::StrCat(
            rolled.message(), "; nothing was appended: make room on the disk, the log goes on by itself"));
        for (Pending& p : batch) {
          if (p.done) p.done(full);
        }
        return;
      }
    }
    const uint32_t seed = Crc32c(format_->data_id);
    auto buffer = std::make_shared<std::string>();
    buffer->reserve(total);
    std::vector<LogRecord> records;
    records.reserve(count);
    size_t payload = 0;
    for (const Pending& p : batch) {
      for (const AppendItem& item : p.items) {
        Frame frame;
        frame.partition = item.partition;
        frame.position = end_ + buffer->size();
        frame.known_end = end_;
        frame.offset = next_[*format_->layout.Index(item.partition)]++;
        frame.payload = item.bytes;
        // The buffer has its final size reserved, so a view into it stays good while it grows.
        const char* at = buffer->data() + buffer->size() + log_format::kFrameHeaderBytes;
        log_format::AppendFrame(frame, seed, buffer.get());
        records.push_back({item.partition, frame.offset, buffer, {at, item.bytes.size()}});
        payload += item.bytes.size();
      }
    }
    FC_CHECK(buffer->size() == total, "framed ", buffer->size(), " bytes where ", total, " were reckoned");
    sealed_ = end_;
    WriteAndSync(*buffer);
    appends_.fetch_add(batch.size(), std::memory_order_relaxed);
    records_.fetch_add(count, std::memory_order_relaxed);
    bytes_.fetch_add(payload, std::memory_order_relaxed);

    std::lock_guard lock(delivery_mu_);
    durable_end_ = end_;
    for (const LogRecord& r : records) {
      ends_[*format_->layout.Index(r.partition)].store(r.offset + 1, std::memory_order_release);
    }
    if (live_) Deliver(std::move(records), nullptr);
  }
  for (Pending& p : batch) {
    if (p.done) p.done(absl::OkStatus());
  }
  if (end_ - active_->base > active_->capacity / 2) PrepareNext();
}

// Without it, damage to the last batch before a quiet time could not be told from a tail that was never promised.
void EmbeddedLog::WriteTrailer() {
  if (end_ - active_->base + FrameBytes(0) > active_->capacity) {
    sealed_ = end_;  // no room: the header of the next segment will carry the end
    return;
  }
  Frame frame;
  frame.partition.service = ServiceId::kSystem;
  frame.kind = FrameKind::kTrailer;
  frame.position = frame.known_end = end_;
  std::string bytes;
  log_format::AppendFrame(frame, Crc32c(format_->data_id), &bytes);
  WriteAndSync(bytes);
  sealed_ = end_;
  std::lock_guard lock(delivery_mu_);
  durable_end_ = end_;
}

namespace {

// Syncs of fewer bytes than this, on average, get segments that were zeroed ahead.
constexpr uint64_t kSmallSync = 64 << 10;

// A file of `size` bytes that read as zeros. With `zeroed` they are written, not only allocated: a sync into them then
// changes no metadata, which on ext4 makes small syncs about 1.4 times as fast. With large syncs the disk's bandwidth
// counts, and writing everything twice would halve it.
absl::StatusOr<File> Allocate(const std::string& path, uint64_t size, bool zeroed) {
  File file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.is_open()) return log_format::FileError(errno, "create", path);
  const int error = ::posix_fallocate(file.fd(), 0, static_cast<off_t>(size));  // contiguous, and fails early when full
  if (error != 0 && error != EOPNOTSUPP && error != EINVAL) {
    return log_format::FileError(error, absl::StrCat("allocate ", size, " bytes for"), path);
  }
  if (!zeroed && error == 0) return file;
  const std::string zeros(1u << 20, '\0');
  for (uint64_t at = 0; at < size; at += zeros.size()) {
    const size_t n = static_cast<size_t>(std::min<uint64_t>(zeros.size(), size - at));
    FC_RETURN_IF_ERROR(log_format::WriteAt(file.fd(), at, std::string_view(zeros).substr(0, n), path));
  }
  if (::fsync(file.fd()) != 0) return log_format::FileError(errno, "sync", path);
  return file;
}

}  // namespace

// Has a helper thread make the next segment while this one is still being filled.
void EmbeddedLog::PrepareNext() {
  if (prepared_.valid()) return;
  const std::string path = absl::StrCat(options_.folder, "/", kTemporaryName);
  const bool zeroed = end_ - active_->base < active_->syncs * kSmallSync;
  const uint64_t size = options_.segment_bytes;
  prepared_ = std::async(std::launch::async, [path, zeroed, size]() -> absl::StatusOr<std::unique_ptr<Active>> {
    auto file = Allocate(path, size, zeroed);
    if (!file.ok()) {
      ::unlink(path.c_str());  // gives back what was allocated
      return file.status();
    }
    auto active = std::make_unique<Active>();
    active->file = *std::move(file);
    active->capacity = size;
    return active;
  });
}

// Goes over to a new segment with room for a batch of `frame_bytes`. On an error the present one stays as it is.
absl::Status EmbeddedLog::Roll(size_t frame_bytes) {
  const std::string temporary = absl::StrCat(options_.folder, "/", kTemporaryName);
  const size_t header_bytes = log_format::SegmentHeaderBytes(format_->layout);
  const uint64_t needed = log_format::RoundUp(header_bytes + frame_bytes, log_format::kSegmentHeaderUnit);

  std::unique_ptr<Active> fresh;
  if (prepared_.valid()) {
    auto prepared = prepared_.get();
    if (prepared.ok() && (*prepared)->capacity >= needed) fresh = *std::move(prepared);
  }
  if (!fresh) {
    const uint64_t size = std::max<uint64_t>(options_.segment_bytes, needed);
    auto file = Allocate(temporary, size, /*zeroed=*/active_ == nullptr);  // callers wait, but for the very first
    if (!file.ok()) {
      ::unlink(temporary.c_str());
      return file.status();
    }
    fresh = std::make_unique<Active>();
    fresh->file = *std::move(file);
    fresh->capacity = size;
  }

  Segment segment;
  segment.header.number = segments_.empty() ? 1 : segments_.back().header.number + 1;
  segment.header.base = segment.header.known_end = end_;
  segment.header.next = next_;
  segment.header.header_bytes = header_bytes;
  segment.path = fresh->path = absl::StrCat(options_.folder, "/", log_format::SegmentName(segment.header.number));
  fresh->base = end_;
  // The file gets its name only when its header is durable, so a segment with a bad header is damaged, never unfinished.
  FC_RETURN_IF_ERROR(
      log_format::WriteAt(fresh->file.fd(), 0, log_format::EncodeSegmentHeader(segment.header, *format_), temporary));
  if (::fdatasync(fresh->file.fd()) != 0) return log_format::FileError(errno, "sync", temporary);
  if (::rename(temporary.c_str(), fresh->path.c_str()) != 0) return log_format::FileError(errno, "name", fresh->path);
  if (const absl::Status synced = log_format::SyncFolder(options_.folder); !synced.ok()) Die(synced);

  // The rest of the old segment is given back. No sync: where this is lost, what is behind the next base is ignored.
  if (active_ && ::ftruncate(active_->file.fd(), static_cast<off_t>(end_ - active_->base)) != 0) {
    std::fprintf(stderr, "fundcore: cannot shorten %s: %s (harmless, it only takes more room)\n", active_->path.c_str(),
                 std::strerror(errno));
  }
  // A full segment is read again at the next start at the earliest: its memory is better used for the next one.
  if (active_) ::posix_fadvise(active_->file.fd(), 0, 0, POSIX_FADV_DONTNEED);
  active_ = std::move(fresh);
  sealed_ = end_ += header_bytes;
  std::lock_guard lock(delivery_mu_);
  segments_.push_back(std::move(segment));
  return absl::OkStatus();
}

// --- reading ---

void EmbeddedLog::Tail(LogPartition partition, LogOffset from, Executor* executor, OnRecords on_records) {
  const auto index = format_->layout.Index(partition);
  FC_CHECK(index.has_value(), "no partition ", partition.partition.raw(), " of service ",
           static_cast<int>(partition.service));
  std::lock_guard lock(delivery_mu_);
  FC_CHECK(!started_, "Tail was called after Start");
  FC_CHECK(readers_[*index] == nullptr, "partition ", partition.partition.raw(), " of service ",
           static_cast<int>(partition.service), " has a reader already");
  readers_[*index] = std::make_shared<Reader>(Reader{executor, std::move(on_records), from, {}});
}

absl::Status EmbeddedLog::Start() {
  std::vector<Segment> segments;
  std::vector<uint64_t> next;  // the offset that the pass expects next of each partition
  uint64_t at;
  size_t current;
  {
    std::lock_guard lock(delivery_mu_);
    FC_CHECK(!started_, "Start was called twice");
    started_ = true;
    segments = segments_;
    at = durable_end_;
    current = segments.size() - 1;
    for (size_t i = 0; i < readers_.size(); ++i) next.push_back(ends_[i].load());
    for (size_t i = 0; i < readers_.size(); ++i) {
      if (!readers_[i]) continue;
      const LogPartition& p = format_->layout.at(i);
      const LogOffset from = readers_[i]->next;
      if (from > next[i]) {
        return NeedsWhatIsGone(p, from, absl::StrCat("the log ends at ", next[i],
                                                     ": its state is newer than this log; restore the last segments, or "
                                                     "rebuild the state from the log"));
      }
      if (from < segments.front().header.next[i]) {
        return NeedsWhatIsGone(p, from, absl::StrCat("the oldest segment here, ", segments.front().path, ", begins at ",
                                                     segments.front().header.next[i],
                                                     "; restore the older segments from the archive"));
      }
      if (from == next[i]) continue;
      while (segments[current].header.next[i] > from) --current;
      at = 0;  // somebody needs something
    }
    if (at == 0) {
      at = segments[current].first_frame();
      next = segments[current].header.next;
    }
  }

  const auto window = std::make_shared<Window>();
  File file;
  log_format::Chunk chunk;
  for (;;) {
    uint64_t end;
    {
      std::lock_guard lock(delivery_mu_);
      if (at == durable_end_) {  // nothing can become durable while the lock is held: no gap, nothing twice
        live_ = true;
        return absl::OkStatus();
      }
      end = durable_end_;
      for (size_t i = segments.size(); i < segments_.size(); ++i) segments.push_back(segments_[i]);
    }
    const uint64_t limit = current + 1 < segments.size() ? segments[current + 1].header.base : end;
    if (at == limit) {
      ++current;
      at = segments[current].first_frame();
      if (segments[current].header.next != next) {
        return absl::DataLossError(absl::StrCat(segments[current].path, ": does not continue where the segment before it "
                                                "ends; restore both from the archive or a standby"));
      }
      file = File();
      continue;
    }
    const Segment& segment = segments[current];
    if (!file.is_open()) {
      file = File(::open(segment.path.c_str(), O_RDONLY | O_CLOEXEC));
      if (!file.is_open()) return log_format::FileError(errno, "open", segment.path);
    }
    FC_RETURN_IF_ERROR(log_format::ReadChunk(file.fd(), segment, at, limit, options_.replay_chunk_bytes, *format_,
                                             &next, &chunk));
    at = chunk.next_position;
    auto credit = Window::Take(window, chunk.bytes, options_.replay_window_bytes);
    Deliver(std::move(chunk.records), std::move(credit));
  }
}

// Groups by reader and posts once to each executor. Called by Start until live, then by the writer; never by both.
void EmbeddedLog::Deliver(std::vector<LogRecord> records, std::shared_ptr<void> credit) {
  std::vector<size_t> touched;
  for (LogRecord& record : records) {
    const size_t index = *format_->layout.Index(record.partition);
    Reader* reader = readers_[index].get();
    if (!reader || record.offset < reader->next) continue;
    FC_CHECK(record.offset == reader->next, "delivery of offset ", record.offset, " where ", reader->next, " is due");
    ++reader->next;
    if (reader->pending.empty()) touched.push_back(index);
    reader->pending.push_back(std::move(record));
  }
  std::vector<std::pair<Executor*, Bundle>> bundles;  // few executors: a linear search is fastest
  for (size_t index : touched) {
    const std::shared_ptr<Reader>& reader = readers_[index];
    auto it = std::find_if(bundles.begin(), bundles.end(), [&](const auto& b) { return b.first == reader->executor; });
    if (it == bundles.end()) it = bundles.insert(bundles.end(), {reader->executor, {}});
    it->second.emplace_back(reader, std::move(reader->pending));
    reader->pending.clear();
  }
  for (auto& [executor, bundle] : bundles) {
    executor->Post([bundle = std::move(bundle), credit] {
      for (const auto& [reader, run] : bundle) reader->on_records(run);
    });
  }
}

LogOffset EmbeddedLog::End(LogPartition partition) const {
  const auto index = format_->layout.Index(partition);
  FC_CHECK(index.has_value(), "no partition ", partition.partition.raw(), " of service ",
           static_cast<int>(partition.service));
  return ends_[*index].load(std::memory_order_acquire);
}

void EmbeddedLog::Flushed(std::span<const std::pair<LogPartition, LogOffset>> next_needed) {
  std::lock_guard lock(delivery_mu_);
  for (const auto& [partition, next] : next_needed) {
    const auto index = format_->layout.Index(partition);
    FC_CHECK(index.has_value(), "no partition ", partition.partition.raw(), " of service ",
           static_cast<int>(partition.service));
    flushed_[*index] = std::max(flushed_[*index], next);
  }
}

uint64_t EmbeddedLog::FirstNeededSegment() const {
  std::lock_guard lock(delivery_mu_);
  size_t current = segments_.size() - 1;
  for (size_t i = 0; i < flushed_.size(); ++i) {
    if (flushed_[i] >= ends_[i].load(std::memory_order_acquire)) continue;  // nothing of it is needed, wherever it lies
    while (current > 0 && segments_[current].header.next[i] > flushed_[i]) --current;
  }
  return segments_[current].header.number;
}

std::string EmbeddedLog::id() const { return log_format::LogId(*format_); }

EmbeddedLog::Stats EmbeddedLog::stats() const {
  const auto get = [](const std::atomic<uint64_t>& v) { return v.load(std::memory_order_relaxed); };
  return {get(appends_), get(records_), get(bytes_), get(syncs_), get(sync_micros_)};
}

}  // namespace fundcore
