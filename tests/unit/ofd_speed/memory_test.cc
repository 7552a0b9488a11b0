// Memory stays flat: the most that reader and writer hold is the same for a file of 10 records and one of 300,000.
// Every operator new of this program is counted, so the figures are exact and the same in every run. No file is ever
// whole: its pieces are made, read and forgotten.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "common/ofd/reader.h"
#include "common/ofd/writer.h"

namespace {

int64_t g_held = 0, g_most = 0;

// Before each block stands its size, as it was asked for: what the allocator adds differs from run to run.
constexpr size_t kBefore = alignof(std::max_align_t);

void* CountedNew(size_t bytes) {
  auto* const p = static_cast<char*>(std::malloc(kBefore + bytes));
  if (!p) throw std::bad_alloc();
  std::memcpy(p, &bytes, sizeof bytes);
  g_held += static_cast<int64_t>(bytes);
  g_most = std::max(g_most, g_held);
  return p + kBefore;
}

void CountedDelete(void* p) {
  if (!p) return;
  char* const begin = static_cast<char*>(p) - kBefore;
  size_t bytes;
  std::memcpy(&bytes, begin, sizeof bytes);
  g_held -= static_cast<int64_t>(bytes);
  std::free(begin);
}

}  // namespace

void* operator new(size_t bytes) { return CountedNew(bytes); }
void* operator new[](size_t bytes) { return CountedNew(bytes); }
void operator delete(void* p) noexcept { CountedDelete(p); }
void operator delete[](void* p) noexcept { CountedDelete(p); }
void operator delete(void* p, size_t) noexcept { CountedDelete(p); }
void operator delete[](void* p, size_t) noexcept { CountedDelete(p); }

namespace fundcore::ofd {
namespace {

constexpr size_t kMegabyte = 1 << 20;

// Bytes held beyond those held at the beginning, at the worst moment since then.
class Peak {
 public:
  Peak() : before_(g_held) { g_most = g_held; }
  int64_t bytes() const { return g_most - before_; }

 private:
  int64_t before_;
};

Header FileHeader() {
  return {.version = Version::k21,
          .creator = PartyCode("11"),
          .receiver = PartyCode("301"),
          .date = Date::FromRaw(20250304),
          .transfer_no = TransferNo(1),
          .type = FileType("04")};
}

// A file of all fields, made in pieces of exactly `piece_bytes` but the last, in one buffer of that size and a little
// more.
class Generated {
 public:
  Generated(uint64_t records, size_t piece_bytes) : left_(records), piece_bytes_(piece_bytes), writer_("file", &out_) {
    out_.reserve(piece_bytes + 20'000);
    piece_.reserve(piece_bytes + 20'000);
    EXPECT_TRUE(writer_.Begin(FileHeader(), records).ok());
    vol_ = writer_.Find("ConfirmedVol");
    note_ = writer_.Find("ErrorDetail");
  }
  // Empty at the end.
  const std::string& Next() {
    while (out_.size() < piece_bytes_ && left_ > 0) {
      writer_.SetNumber(vol_, static_cast<int64_t>(left_));
      if (left_ % 16 == 0) writer_.SetText(note_, "确认成功");
      EXPECT_TRUE(writer_.EndRecord().ok());
      --left_;
      if (left_ == 0) {
        EXPECT_TRUE(writer_.Finish().ok());
      }
    }
    piece_.assign(out_, 0, piece_bytes_);
    out_.erase(0, piece_bytes_);
    return piece_;
  }

 private:
  uint64_t left_;
  size_t piece_bytes_;
  std::string out_, piece_;
  Writer writer_;
  Column vol_, note_;
};

// What the reader holds at the most for a file of so many records.
int64_t ReaderPeak(uint64_t records, size_t piece_bytes) {
  Generated file(records, piece_bytes);
  uint64_t read = 0;
  const Peak peak;  // the generator has its buffers by now, and takes no more
  Reader reader("file");
  RecordView record;
  for (;;) {
    const std::string& piece = file.Next();
    if (piece.empty()) break;
    reader.Feed(piece);
    while (reader.Next(&record)) {
      EXPECT_TRUE(record.Check().ok());
      ++read;
    }
  }
  reader.Finish();
  EXPECT_FALSE(reader.Next(&record));
  EXPECT_TRUE(reader.done()) << reader.status();
  EXPECT_EQ(read, records);
  return peak.bytes();
}

int64_t WriterPeak(uint64_t records) {
  std::string out;
  out.reserve(kMegabyte + 20'000);
  const Peak peak;
  Writer writer("file", &out);
  EXPECT_TRUE(writer.Begin(FileHeader(), records).ok());
  const Column vol = writer.Find("ConfirmedVol"), note = writer.Find("ErrorDetail");
  for (uint64_t i = 0; i < records; ++i) {
    writer.SetNumber(vol, static_cast<int64_t>(i));
    writer.SetText(note, "确认成功");
    EXPECT_TRUE(writer.EndRecord().ok());
    if (out.size() >= kMegabyte) out.clear();
  }
  EXPECT_TRUE(writer.Finish().ok());
  return peak.bytes();
}

TEST(OfdMemory, ReadingIsFlat) {
  ReaderPeak(10, kMegabyte);  // the tables are parsed at first use, and stay
  for (const size_t piece : {size_t{999}, size_t{65'536}, kMegabyte}) {
    // From a file of a few kilobytes to one of 370 MB. A piece of 999 bytes holds no whole record; a file of one piece
    // has no line across pieces, and saves the buffer for it.
    const int64_t flat = ReaderPeak(3'000, piece);
    EXPECT_LT(flat, 64 * 1024) << "pieces of " << piece;
    EXPECT_LE(ReaderPeak(1, piece), flat) << "pieces of " << piece;
    EXPECT_EQ(ReaderPeak(30'000, piece), flat) << "pieces of " << piece;
    if (piece > 1'000) {
      EXPECT_EQ(ReaderPeak(300'000, piece), flat) << "pieces of " << piece;
    }
  }
}

TEST(OfdMemory, WritingIsFlat) {
  WriterPeak(10);
  const int64_t small = WriterPeak(100);
  EXPECT_LT(small, 64 * 1024);
  EXPECT_EQ(WriterPeak(10'000), small);
  EXPECT_EQ(WriterPeak(300'000), small);
}

TEST(OfdMemory, AHostileHeadTakesNoMemory) {
  // Announces as many records as there can be, then says nothing.
  std::string bytes;
  Writer writer("file", &bytes);
  ASSERT_TRUE(writer.Begin(FileHeader(), 99'999'999).ok());
  const Peak peak;
  Reader reader("file");
  reader.Feed(bytes);
  reader.Finish();
  RecordView record;
  EXPECT_FALSE(reader.Next(&record));
  EXPECT_FALSE(reader.status().ok());
  EXPECT_LT(peak.bytes(), 128 * 1024);
}

TEST(OfdMemory, ALineWithoutEndIsRefusedEarly) {
  std::string bytes;
  Writer writer("file", &bytes);
  ASSERT_TRUE(writer.Begin(FileHeader(), 1).ok());
  const std::string noise(4096, '0');
  Reader reader("file");
  reader.Feed(bytes);
  RecordView record;
  EXPECT_FALSE(reader.Next(&record));
  const Peak peak;
  for (int i = 0; i < 100'000 && reader.status().ok(); ++i) {
    reader.Feed(noise);
    EXPECT_FALSE(reader.Next(&record));
  }
  EXPECT_FALSE(reader.status().ok());
  EXPECT_LT(peak.bytes(), 128 * 1024);
}

}  // namespace
}  // namespace fundcore::ofd
