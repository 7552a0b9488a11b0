// A log whose frames are chosen by the fuzzer and then damaged by it: what a scan gives is what was written, in order, and
// nothing that was known durable is left out in silence.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/log/crc32c.h"
#include "common/log/embedded.h"
#include "common/log/format.h"
#include "tests/fuzz/support/choices.h"
#include "tests/fuzz/support/targets.h"

namespace fundcore::fuzz {
namespace {

using log_format::Format;
using log_format::Frame;
using log_format::FrameKind;

// A folder of this process, in memory where the system has such a place; gone when the process ends.
class Folder {
 public:
  Folder() {
    std::string base = std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
    base += "/fundcore-fuzz-log-XXXXXX";
    FC_CHECK(::mkdtemp(base.data()) != nullptr, "cannot make ", base);
    path_ = base;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }
  void Put(const std::string& name, std::string_view bytes) const {
    const std::string path = StrCat(path_, "/", name);
    const log_format::File file(::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
    FC_CHECK(file.is_open() && log_format::WriteAt(file.fd(), 0, bytes, path).ok(), "cannot write ", path);
  }

 private:
  std::string path_;
};

const Folder& WorkFolder() {
  static const Folder folder;
  return folder;
}

const Format& TheFormat() {
  static const Format format{.data_id = "0123456789abcdef",
                             .layout = log_format::Layout({{ServiceId::kSystem, 1}, {ServiceId::kTrade, 3}})};
  return format;
}

struct Written {
  LogPartition partition;
  uint64_t offset = 0;
  std::string payload;
  size_t segment = 0;
  uint64_t begin = 0, end = 0;  // positions
  uint64_t known_end = 0;
};

struct Chosen {
  std::vector<std::string> segments;
  std::vector<uint64_t> bases;
  std::vector<Written> frames;  // trailers too, without partition
  std::vector<bool> record;
};

// Frames as the writer makes them: dense offsets, positions that follow one another, an end that was durable before.
Chosen ChooseLog(Choices* in) {
  Chosen log;
  const Format& format = TheFormat();
  const uint32_t seed = Crc32c(format.data_id);
  std::vector<uint64_t> next(format.layout.size(), 0);
  uint64_t position = 0, known = 0;
  const size_t segments = 1 + in->Below(2);
  for (size_t s = 0; s < segments; ++s) {
    log.bases.push_back(position);
    std::string bytes = log_format::EncodeSegmentHeader({.number = s + 1, .base = position, .known_end = position, .next = next},
                                                        format);
    for (size_t n = in->Below(6); n > 0; --n) {
      const size_t index = in->Below(format.layout.size());
      const bool trailer = in->Below(5) == 4;
      if (in->Below(2) == 1) known = position + bytes.size();  // everything before is synced by now
      Written w{.partition = format.layout.at(index), .segment = s, .begin = log.bases[s] + bytes.size(), .known_end = known};
      if (!trailer) {
        w.offset = next[index]++;
        w.payload = std::string(in->Text(40));
      }
      log_format::AppendFrame({.partition = w.partition,
                               .kind = trailer ? FrameKind::kTrailer : FrameKind::kRecord,
                               .position = w.begin,
                               .known_end = known,
                               .offset = w.offset,
                               .payload = w.payload},
                              seed, &bytes);
      w.end = log.bases[s] + bytes.size();
      log.frames.push_back(std::move(w));
      log.record.push_back(!trailer);
    }
    position = log.bases[s] + bytes.size();
    known = s + 1 < segments ? position : known;  // a new segment begins when all before it is durable
    log.segments.push_back(std::move(bytes));
  }
  log.segments.back().append(in->Below(3) * 512, '\0');
  return log;
}

// Bytes that the fuzzer writes over, or cuts off, of the last segment's frames. Returns the positions touched.
std::map<uint64_t, uint64_t> Damage(Choices* in, Chosen* log) {
  std::map<uint64_t, uint64_t> touched;  // from, to
  std::string& last = log->segments.back();
  const size_t head = log_format::SegmentHeaderBytes(TheFormat().layout);
  const uint64_t base = log->bases.back();
  for (size_t n = in->Below(4); n > 0 && last.size() > head; --n) {
    const size_t at = head + in->Below(last.size() - head);
    if (in->Below(4) == 0) {
      touched[base + at] = UINT64_MAX;
      last.resize(at);
      break;
    }
    const std::string_view with = in->Text(24);
    const size_t length = std::min(with.size(), last.size() - at);
    last.replace(at, length, with.substr(0, length));
    touched[base + at] = std::max(touched[base + at], base + at + length);
  }
  return touched;
}

bool Whole(const Written& w, const std::map<uint64_t, uint64_t>& touched) {
  for (const auto& [from, to] : touched) {
    if (from < w.end && to > w.begin) return false;
  }
  return true;
}

// Recomputes the checksum of everything that looks like a frame, so that the checks behind it are reached.
void Resign(std::string* bytes) {
  const uint32_t seed = Crc32c(TheFormat().data_id);
  const size_t head = log_format::SegmentHeaderBytes(TheFormat().layout);
  for (size_t at = head; at + log_format::kFrameHeaderBytes <= bytes->size(); at += 8) {
    uint32_t magic = 0, length = 0;
    std::memcpy(&magic, bytes->data() + at, 4);
    std::memcpy(&length, bytes->data() + at + 8, 4);
    if (magic != log_format::kFrameMagic || length > bytes->size() - at - log_format::kFrameHeaderBytes) continue;
    const uint32_t crc =
        ExtendCrc32c(seed, std::string_view(*bytes).substr(at + 8, log_format::kFrameHeaderBytes - 8 + length));
    std::memcpy(bytes->data() + at + 4, &crc, 4);
  }
}

struct Seen {
  LogPartition partition;
  uint64_t offset = 0;
  std::string payload;
};

absl::Status Scan(std::vector<Seen>* seen) {
  return ScanLog(WorkFolder().path(), [&](const LogRecord& r) {
    seen->push_back({r.partition, r.offset, std::string(r.bytes)});
    return true;
  });
}

void CheckDense(const std::vector<Seen>& seen) {
  std::vector<uint64_t> next(TheFormat().layout.size(), 0);
  for (const Seen& s : seen) {
    const auto index = TheFormat().layout.Index(s.partition);
    FC_CHECK(index && s.offset == next[*index]++, "offset ", s.offset, " is out of order");
  }
}

void FuzzFormat(std::string_view bytes) {
  const auto format = log_format::DecodeFormat(bytes, "FORMAT");
  if (!format.ok()) {
    FC_CHECK(format.status().message().find("FORMAT") != absl::string_view::npos, format.status().ToString());
    return;
  }
  const auto again = log_format::DecodeFormat(log_format::EncodeFormat(*format), "FORMAT");
  FC_CHECK(again.ok() && again->data_id == format->data_id && again->layout == format->layout);
}

}  // namespace

void FuzzLog(std::string_view bytes) {
  Choices in(bytes);
  const uint8_t kind = in.Byte();
  if (kind % 8 == 7) return FuzzFormat(in.rest());

  Chosen log = ChooseLog(&in);
  const std::map<uint64_t, uint64_t> touched = Damage(&in, &log);
  const bool resigned = kind % 8 == 6 && !log.segments.empty();
  if (resigned) {
    // Any bytes as frames, each with a checksum that is right.
    log.segments.back() += in.rest();
    Resign(&log.segments.back());
  }
  static const bool made = [] {
    WorkFolder().Put("FORMAT", log_format::EncodeFormat(TheFormat()));
    return true;
  }();
  FC_CHECK(made);
  for (size_t s = 0; s < 2; ++s) {
    const std::string name = log_format::SegmentName(s + 1);
    if (s < log.segments.size()) {
      WorkFolder().Put(name, log.segments[s]);
    } else {
      std::filesystem::remove(StrCat(WorkFolder().path(), "/", name));
    }
  }

  std::vector<Seen> seen;
  const absl::Status scanned = Scan(&seen);
  FC_CHECK(scanned.ok() || absl::IsDataLoss(scanned), scanned.ToString());
  CheckDense(seen);
  if (!resigned) {
    // In the order they were written, each as it was written, and none of those known durable is missing.
    uint64_t known = 0;
    for (const Written& w : log.frames) {
      if (Whole(w, touched)) known = std::max(known, w.known_end);
    }
    size_t at = 0;
    for (size_t i = 0; i < log.frames.size(); ++i) {
      if (!log.record[i]) continue;
      const Written& w = log.frames[i];
      if (at == seen.size()) {
        FC_CHECK(!scanned.ok() || w.end > known, "a record at ", w.begin, " was durable up to ", known, " and is left out");
        break;
      }
      FC_CHECK(seen[at].partition == w.partition && seen[at].offset == w.offset && seen[at].payload == w.payload,
               "record ", at, " is another one than was written");
      ++at;
    }
    FC_CHECK(at == seen.size(), "more records than were written");
    if (touched.empty()) FC_CHECK(scanned.ok(), "an undamaged log is refused: ", scanned.ToString());
  }
  if (kind < 240) return;

  // A start on the same folder: refused where the scan was, else the same records, and the torn tail is gone for good.
  for (int i = 0; i < 2; ++i) {
    OpenReport report;
    auto opened = EmbeddedLog::Open({.folder = WorkFolder().path(), .segment_bytes = 64u << 10}, &report);
    FC_CHECK(opened.ok() == scanned.ok(), "open: ", opened.status().ToString(), "; scan: ", scanned.ToString());
    if (!opened.ok()) return;
    if (i == 1) FC_CHECK(report.torn_bytes == 0, "the tail is torn again after it was cut");
    (*opened)->Close();
  }
  std::vector<Seen> again;
  const absl::Status rescanned = Scan(&again);
  FC_CHECK(rescanned.ok() && again.size() == seen.size(), "after a start: ", rescanned.ToString());
  for (size_t i = 0; i < seen.size(); ++i) FC_CHECK(again[i].payload == seen[i].payload);
  for (const char* name : {"LOCK"}) std::filesystem::remove(StrCat(WorkFolder().path(), "/", name));
  const auto rest = log_format::ListSegments(WorkFolder().path());
  for (uint64_t number : *rest) {
    if (number > 2) std::filesystem::remove(StrCat(WorkFolder().path(), "/", log_format::SegmentName(number)));
  }
}

}  // namespace fundcore::fuzz
