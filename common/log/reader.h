// Reading stored segments: finding where a log ends, and going through its records in order. Internal to common/log, but
// for ScanLog, which tools use through embedded.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/log/format.h"
#include "common/log/log.h"

namespace fundcore::log_format {

struct Segment {
  std::string path;
  SegmentHeader header;
  uint64_t first_frame() const { return header.base + header.header_bytes; }
};

// Headers of all segments, checked to follow one another. kDataLoss names the file that is missing or damaged.
absl::StatusOr<std::vector<Segment>> OpenSegments(const std::string& folder, const Format& format);

// What the last segment turned out to hold.
struct Tail {
  uint64_t end = 0;                // position after the last good frame
  uint64_t file_bytes = 0;
  std::vector<uint64_t> next;      // offsets after the last good records, by layout index
  bool sealed = true;              // the last frame is a trailer, or there is none: nothing waits for one
  uint64_t records = 0;
  uint64_t torn_bytes = 0;         // from `end` to the last byte that is not zero
  uint64_t torn_frames = 0;        // whole frames behind the first damage: written, but never promised
};
// Reads the whole segment. kDataLoss where a frame is damaged below an end that was known durable.
absl::StatusOr<Tail> ReadTail(int fd, const Segment& segment, const Format& format);

struct Chunk {
  std::vector<LogRecord> records;  // share one buffer
  uint64_t next_position = 0;
  size_t bytes = 0;
};
// Reads whole frames from position `from` on, about `want` bytes and at least one frame, up to `limit`, where a frame is
// known to end. `next` holds the offset expected of each partition and is brought up to date. Anything but good frames in
// dense order is kDataLoss.
absl::Status ReadChunk(int fd, const Segment& segment, uint64_t from, uint64_t limit, size_t want, const Format& format,
                       std::vector<uint64_t>* next, Chunk* chunk);

}  // namespace fundcore::log_format
