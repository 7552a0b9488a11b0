// How the embedded log lies on disk. Internal to common/log.
//
//   FORMAT                 text: version, data id, partitions of each service. Written last when a log is created.
//   LOCK                   held with flock by the process that has the log open; holds its pid
//   segment-000001.log …   a header, then frames; the file is allocated in full and zero beyond the last frame
//
// A *position* counts bytes over all segments: the position of a byte is its segment's base plus its place in the file. The
// base of a segment is the position where the frames of the one before end, so a segment's end is the base of the next.
//
// Segment header (little-endian, padded with zeros to a multiple of 4096 bytes):
//   "FCLOGSEG" | version u32 | header bytes u32 | crc u32 | partitions u32 | data id 16 | number u64 | base u64 |
//   known end u64 | the next offset of every partition, in layout order, u64 each
// Frame (starts at a multiple of 8, padded with zeros to one):
//   "FCLF" | crc u32 | length u32 | service u8 | kind u8 | partition u16 | position u64 | known end u64 | offset u64 |
//   payload
// The crc of a frame covers everything after itself and begins with the crc of the data id. Together with the position this
// tells a frame from what an old file left on the same disk blocks. `known end` is the position up to which everything was
// durable when the frame was made: damage below the largest known end is rot, above it a tail that was never promised.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/log/log.h"

namespace fundcore::log_format {

inline constexpr uint32_t kVersion = 1;
inline constexpr uint32_t kFrameMagic = 0x464c4346;  // "FCLF"
inline constexpr size_t kFrameHeaderBytes = 40;
inline constexpr size_t kSegmentHeaderUnit = 4096;

constexpr size_t RoundUp(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }
// What a payload of this many bytes takes in the file.
constexpr size_t FrameBytes(size_t payload) { return kFrameHeaderBytes + RoundUp(payload, 8); }

enum class FrameKind : uint8_t {
  kRecord = 1,
  kTrailer = 2,  // no record: says that everything before it is durable
};

// The partitions that a log holds, and their dense numbering.
class Layout {
 public:
  Layout() = default;
  // `counts`: partitions of each service, 0 … count−1. Sorted by service on the way in.
  explicit Layout(std::vector<std::pair<ServiceId, uint16_t>> counts);
  size_t size() const { return partitions_.size(); }
  const LogPartition& at(size_t index) const { return partitions_[index]; }
  // nullopt where the log has no such partition.
  std::optional<size_t> Index(LogPartition partition) const;
  std::string ToString() const;  // "2:32 3:32", service numbers and their partitions
  static std::optional<Layout> Parse(std::string_view text);
  bool operator==(const Layout& o) const { return partitions_ == o.partitions_; }

 private:
  std::vector<std::pair<ServiceId, uint16_t>> counts_;
  std::vector<LogPartition> partitions_;
  uint32_t first_[256] = {};
  uint16_t count_[256] = {};
};

using DataId = std::string;  // 16 random bytes, made with the log

struct Format {
  DataId data_id;
  Layout layout;
};
// "embedded:" and the data id in hex: what others call this log by.
std::string LogId(const Format& format);
std::string EncodeFormat(const Format& format);
// kFailedPrecondition for another version, kDataLoss where it cannot be read. `path` is for messages.
absl::StatusOr<Format> DecodeFormat(std::string_view text, const std::string& path);

struct SegmentHeader {
  uint64_t number = 0;
  uint64_t base = 0;
  uint64_t known_end = 0;
  std::vector<uint64_t> next;  // by layout index: the offset of the partition's first record in this segment or later
  size_t header_bytes = 0;     // set when read
};
size_t SegmentHeaderBytes(const Layout& layout);
std::string EncodeSegmentHeader(const SegmentHeader& header, const Format& format);
absl::StatusOr<SegmentHeader> ReadSegmentHeader(int fd, const std::string& path, const Format& format);

struct Frame {
  LogPartition partition;
  FrameKind kind = FrameKind::kRecord;
  uint64_t position = 0;
  uint64_t known_end = 0;
  LogOffset offset = 0;
  std::string_view payload;
  size_t bytes = 0;  // in the file, padding included
};
void AppendFrame(const Frame& frame, uint32_t crc_seed, std::string* out);

enum class ParseResult {
  kFrame,       // whole and undamaged
  kIncomplete,  // `bytes` may end too early: frame->bytes says how many are needed
  kDamaged,     // not a frame of this log at this position
};
// Looks at the beginning of `bytes`, which lies at `position`.
ParseResult ParseFrame(std::string_view bytes, uint64_t position, uint32_t crc_seed, Frame* frame);

std::string SegmentName(uint64_t number);
// Numbers of the segment files in the folder, ascending. kNotFound where there is no such folder.
absl::StatusOr<std::vector<uint64_t>> ListSegments(const std::string& folder);

// --- files ---
// Closes on destruction.
class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  File(File&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  File& operator=(File&& o) noexcept {
    std::swap(fd_, o.fd_);
    return *this;
  }
  ~File();
  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// "cannot <what> <path>: <system's reason>" with a fitting code: kNotFound, kPermissionDenied, kResourceExhausted (full),
// otherwise kInternal.
absl::Status FileError(int error, absl::string_view what, const std::string& path);
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);
// Up to `size` bytes from `at`; fewer at the end of the file.
absl::Status ReadAt(int fd, uint64_t at, size_t size, const std::string& path, std::string* out);
absl::Status WriteAt(int fd, uint64_t at, std::string_view bytes, const std::string& path);
absl::Status SyncFolder(const std::string& folder);
// Whole or not at all: temporary file, sync, rename, sync of the folder.
absl::Status ReplaceFile(const std::string& folder, const std::string& name, std::string_view bytes);

}  // namespace fundcore::log_format
