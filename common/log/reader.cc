// The reading side of the log's files; see format.h for how they lie on disk.
#include "common/log/reader.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/log/crc32c.h"
#include "common/log/embedded.h"

namespace fundcore::log_format {

namespace {

constexpr char kRemedy[] = "; restore this file from the archive or a standby, then start again";

absl::Status Damaged(const Segment& segment, uint64_t position, absl::string_view why) {
  return absl::DataLossError(absl::StrCat(segment.path, ": byte ", position - segment.header.base, " (log position ",
                                          position, ") ", why, kRemedy));
}

// Checks that the frame continues its partition; counts it.
absl::Status Follow(const Segment& segment, const Frame& frame, const Format& format, std::vector<uint64_t>* next) {
  const auto index = format.layout.Index(frame.partition);
  if (!index) {
    return Damaged(segment, frame.position,
                   absl::StrCat("holds a record of service ", static_cast<int>(frame.partition.service), " partition ",
                                frame.partition.partition.raw(), ", which this log does not have"));
  }
  if (frame.offset != (*next)[*index]) {
    return Damaged(segment, frame.position,
                   absl::StrCat("holds offset ", frame.offset, " of service ",
                                static_cast<int>(frame.partition.service), " partition ",
                                frame.partition.partition.raw(), " where ", (*next)[*index], " should stand"));
  }
  ++(*next)[*index];
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Segment>> OpenSegments(const std::string& folder, const Format& format) {
  FC_ASSIGN_OR_RETURN(const std::vector<uint64_t> numbers, ListSegments(folder));
  if (numbers.empty()) {
    return absl::DataLossError(
        absl::StrCat(folder, ": the log has no segment files; restore them from the archive or a standby"));
  }
  std::vector<Segment> segments;
  segments.reserve(numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) {
    Segment segment;
    segment.path = absl::StrCat(folder, "/", SegmentName(numbers[i]));
    if (i > 0 && numbers[i] != numbers[i - 1] + 1) {
      return absl::DataLossError(absl::StrCat(folder, "/", SegmentName(numbers[i - 1] + 1), " is missing", kRemedy));
    }
    const File file(::open(segment.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) return FileError(errno, "open", segment.path);
    FC_ASSIGN_OR_RETURN(segment.header, ReadSegmentHeader(file.fd(), segment.path, format));
    if (segment.header.number != numbers[i]) {
      return absl::DataLossError(
          absl::StrCat(segment.path, ": the file says that it is segment ", segment.header.number, kRemedy));
    }
    if (i > 0 && segment.header.base < segments.back().first_frame()) {
      return absl::DataLossError(absl::StrCat(segment.path, ": begins at position ", segment.header.base,
                                              ", before the segment it follows", kRemedy));
    }
    segments.push_back(std::move(segment));
  }
  return segments;
}

absl::StatusOr<Tail> ReadTail(int fd, const Segment& segment, const Format& format) {
  struct stat info;
  if (::fstat(fd, &info) != 0) return FileError(errno, "look at", segment.path);
  std::string bytes;
  FC_RETURN_IF_ERROR(ReadAt(fd, 0, static_cast<size_t>(info.st_size), segment.path, &bytes));
  const uint32_t seed = Crc32c(format.data_id);
  const std::string_view all = bytes;

  Tail tail;
  tail.file_bytes = all.size();
  tail.next = segment.header.next;
  size_t at = segment.header.header_bytes;
  Frame frame;
  while (at < all.size() &&
         ParseFrame(all.substr(at), segment.header.base + at, seed, &frame) == ParseResult::kFrame) {
    if (frame.kind == FrameKind::kRecord) {
      FC_RETURN_IF_ERROR(Follow(segment, frame, format, &tail.next));
      ++tail.records;
    }
    tail.sealed = frame.kind == FrameKind::kTrailer;
    at += frame.bytes;
  }
  tail.end = segment.header.base + at;

  // Behind the first frame that is not good: does any good one say that this place had been durable?
  for (size_t q = at; q + kFrameHeaderBytes <= all.size(); q += 8) {
    uint32_t magic;
    std::memcpy(&magic, all.data() + q, 4);
    if (magic != kFrameMagic) continue;
    if (ParseFrame(all.substr(q), segment.header.base + q, seed, &frame) != ParseResult::kFrame) continue;
    if (frame.known_end > tail.end) {
      return Damaged(segment, tail.end,
                     absl::StrCat("is damaged, although everything up to log position ", frame.known_end,
                                  " was durable (the frame at byte ", q, " says so)"));
    }
    ++tail.torn_frames;
  }
  size_t last = all.size();
  while (last > at && all[last - 1] == '\0') --last;
  tail.torn_bytes = last > at ? last - at : 0;
  return tail;
}

absl::Status ReadChunk(int fd, const Segment& segment, uint64_t from, uint64_t limit, size_t want, const Format& format,
                       std::vector<uint64_t>* next, Chunk* chunk) {
  const uint32_t seed = Crc32c(format.data_id);
  chunk->records.clear();
  auto buffer = std::make_shared<std::string>();
  for (;;) {
    const size_t size = static_cast<size_t>(std::min<uint64_t>(want, limit - from));
    FC_RETURN_IF_ERROR(ReadAt(fd, from - segment.header.base, size, segment.path, buffer.get()));
    // The disk reads on while this piece is worked on.
    ::posix_fadvise(fd, static_cast<off_t>(from - segment.header.base + size), static_cast<off_t>(2 * want),
                    POSIX_FADV_WILLNEED);
    const std::string_view all = *buffer;
    size_t at = 0;
    Frame frame;
    while (at < all.size()) {
      const ParseResult result = ParseFrame(all.substr(at), from + at, seed, &frame);
      if (result == ParseResult::kIncomplete && size < limit - from) break;
      if (result != ParseResult::kFrame) {
        return Damaged(segment, from + at, "is damaged, although it was durable");
      }
      if (frame.kind == FrameKind::kRecord) {
        FC_RETURN_IF_ERROR(Follow(segment, frame, format, next));
        chunk->records.push_back({frame.partition, frame.offset, buffer, frame.payload});
      }
      at += frame.bytes;
    }
    if (at == 0 && all.size() == size) {
      want = frame.bytes;  // one frame larger than a chunk
      continue;
    }
    if (all.size() < size && at < size) return Damaged(segment, from + all.size(), "is missing: the file ends there");
    chunk->next_position = from + at;  // the padding of the last frame may reach beyond what was read
    chunk->bytes = at;
    return absl::OkStatus();
  }
}

}  // namespace fundcore::log_format

namespace fundcore {

absl::StatusOr<LogFacts> DescribeLog(const std::string& folder) {
  using namespace log_format;
  const std::string format_path = absl::StrCat(folder, "/FORMAT");
  FC_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(format_path));
  FC_ASSIGN_OR_RETURN(const Format format, DecodeFormat(text, format_path));
  FC_ASSIGN_OR_RETURN(const std::vector<Segment> segments, OpenSegments(folder, format));
  LogFacts facts;
  facts.id = LogId(format);
  for (size_t i = 0; i < format.layout.size(); ++i) {
    const LogPartition& p = format.layout.at(i);
    if (facts.partitions.empty() || facts.partitions.back().first != p.service) facts.partitions.emplace_back(p.service, 0);
    ++facts.partitions.back().second;
    if (const LogOffset first = segments.front().header.next[i]; first > 0) facts.begins_at.emplace_back(p, first);
  }
  return facts;
}

absl::Status ScanLog(const std::string& folder, absl::FunctionRef<bool(const LogRecord&)> visit) {
  using namespace log_format;
  const std::string format_path = absl::StrCat(folder, "/FORMAT");
  FC_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(format_path));
  FC_ASSIGN_OR_RETURN(const Format format, DecodeFormat(text, format_path));
  FC_ASSIGN_OR_RETURN(const std::vector<Segment> segments, OpenSegments(folder, format));
  std::vector<uint64_t> next = segments.front().header.next;
  for (size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = segments[i];
    const File file(::open(segment.path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) return FileError(errno, "open", segment.path);
    if (segment.header.next != next) {
      return absl::DataLossError(
          absl::StrCat(segment.path, ": does not continue where the segment before it ends", kRemedy));
    }
    uint64_t limit;
    if (i + 1 < segments.size()) {
      limit = segments[i + 1].header.base;
    } else {
      // A process may be writing to it: what looks damaged may be half written, and whole when looked at again.
      auto tail = ReadTail(file.fd(), segment, format);
      for (int again = 0; again < 3 && !tail.ok(); ++again) tail = ReadTail(file.fd(), segment, format);
      if (!tail.ok()) return tail.status();
      limit = tail->end;
    }
    Chunk chunk;
    for (uint64_t at = segment.first_frame(); at < limit; at = chunk.next_position) {
      FC_RETURN_IF_ERROR(ReadChunk(file.fd(), segment, at, limit, 4u << 20, format, &next, &chunk));
      for (const LogRecord& record : chunk.records) {
        if (!visit(record)) return absl::OkStatus();
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace fundcore
