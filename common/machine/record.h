// The form of a log record: a header that says who wrote it, then a batch of commands.
//
//   format 1 | kind | epoch | owner | n | stamp | items…        kind 1: Own marker (no items)   kind 2: commands
//   item: microseconds after the stamp | tag | bytes              kind 3: the machine's version from here on, as an item
//
// (epoch, owner, n) let a player tell duplicates and writers that have lost their partition (docs/concepts.md, "Owners").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/codec.h"
#include "common/time/time.h"

namespace fundcore::machine {

enum class RecordKind : uint8_t { kOwn = 1, kCommands = 2, kUpgrade = 3 };

// Versions of what machines do. A behaviour that changed starts at a logged upgrade of the partition, and the one before
// stays in the code as long as there are logs that need it:
//   1  the first
//   2  time passes with records that hold no command, too
inline constexpr uint32_t kFirstMachineVersion = 1;
inline constexpr uint32_t kMachineVersion = 2;  // the newest that this build knows

inline constexpr uint8_t kRecordFormat = 1;

struct RecordHeader {
  RecordKind kind = RecordKind::kCommands;
  uint64_t epoch = 0;  // for kOwn: the epoch that begins, one more than the one it takes over from
  uint64_t owner = 0;  // drawn at random by each process
  uint64_t n = 0;      // dense within the epoch, from 1
  TimePoint stamp;
  FC_FIELDS(kind, epoch, owner, n, stamp)
};

// Collects commands into one record.
class RecordBuilder {
 public:
  bool empty() const { return count_ == 0; }
  uint32_t count() const { return count_; }
  size_t bytes() const { return items_.size(); }

  template <class C>
  void Add(const C& command, TimePoint stamp) {
    if (count_ == 0) stamp_ = stamp;
    ByteWriter w(&items_);
    w.Zigzag((stamp - stamp_).raw());
    w.U8(C::kTag);
    scratch_.clear();
    ByteWriter(&scratch_).Put(command);
    w.Bytes(scratch_);
    ++count_;
  }

  // The stamp of a record without commands, which says only that its writer owns the partition still.
  void Stamp(TimePoint stamp) {
    if (count_ == 0) stamp_ = stamp;
  }

  // The finished record; the builder is empty again.
  std::string Finish(RecordHeader header) {
    header.stamp = stamp_;
    std::string out;
    out.reserve(items_.size() + 48);
    ByteWriter w(&out);
    w.U8(kRecordFormat);
    w.Put(header);
    out += items_;
    items_.clear();
    count_ = 0;
    return out;
  }

  static std::string Own(RecordHeader header) {
    std::string out;
    ByteWriter w(&out);
    w.U8(kRecordFormat);
    w.Put(header);
    return out;
  }

  static std::string Upgrade(RecordHeader header, uint32_t version) {
    std::string out = Own(header);
    ByteWriter(&out).Put(version);
    return out;
  }

 private:
  std::string items_;
  std::string scratch_;
  uint32_t count_ = 0;
  TimePoint stamp_;
};

}  // namespace fundcore::machine
