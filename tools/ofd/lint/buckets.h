// Numbers of any quantity, grouped by a 64-bit hash, in little memory: entries go to buckets by their hash, full blocks
// of a bucket go to one unlinked temporary file, and each bucket is then read back and sorted for itself.
//
//   HashBuckets seen;
//   for each record:  seen.Add(hash, line);
//   seen.ForEachGroup([&](std::span<const HashEntry> equal) { … });   // all entries of one hash, by value
//
// Memory: up to 4 MiB while entries come in, and one bucket (1/256 of all, 16 bytes an entry) while groups are read.
// Disk: 16 bytes an entry in $TMPDIR (or /tmp), nothing for up to about 200,000 entries. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/status.h"

namespace fundcore::ofd_tools {

struct HashEntry {
  uint64_t hash = 0;
  uint64_t value = 0;
};

class HashBuckets {
 public:
  HashBuckets() = default;
  ~HashBuckets();
  HashBuckets(const HashBuckets&) = delete;
  HashBuckets& operator=(const HashBuckets&) = delete;

  // After an error (no room in the temporary folder) entries are dropped; ForEachGroup() returns the error.
  void Add(uint64_t hash, uint64_t value) {
    std::vector<HashEntry>& bucket = open_[hash >> 56];
    if (bucket.size() == kBlock) Spill(hash >> 56);
    bucket.push_back({hash, value});
    ++size_;
  }
  uint64_t size() const { return size_; }
  // Groups of at least `smallest` entries, each ordered by value. kUnavailable where the temporary file failed.
  absl::Status ForEachGroup(size_t smallest, const std::function<void(std::span<const HashEntry>)>& group);

 private:
  static constexpr size_t kBuckets = 256, kBlock = 1024;
  void Spill(size_t bucket);
  std::vector<HashEntry> open_[kBuckets];
  std::vector<uint32_t> blocks_[kBuckets];  // where the full ones stand in the file
  int fd_ = -1;
  uint32_t next_block_ = 0;
  uint64_t size_ = 0;
  absl::Status status_;
};

}  // namespace fundcore::ofd_tools
