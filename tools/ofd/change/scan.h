// A data file on disk read record by record, each with its place in the file, so that it can be read again later.
//
//   FC_ASSIGN_OR_RETURN(auto scan, RecordScan::Open(path));            // the head is read
//   const ofd::Column fund = scan->reader().Find("FundCode");
//   for (Record r; scan->Next(&r);) { … r.view.Text(fund) … r.offset … }
//   FC_RETURN_IF_ERROR(scan->status());                                // OK: the file was whole
//   scan->ReadAt(offset, size, &bytes);                                // any time, also afterwards
//
// Memory: two pieces of 1 MiB. One thread. A record is valid until the next Next(). The file must not change meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/ofd/reader.h"

namespace fundcore::ofd_tools {

struct Record {
  ofd::RecordView view;
  uint64_t offset = 0;  // of its first byte in the file
};

class RecordScan {
 public:
  // Opens the file and reads its head. kNotFound, kPermissionDenied, kUnavailable naming the path; kInvalidArgument
  // where the head is wrong or the path is standard input, which cannot be read twice.
  static absl::StatusOr<std::unique_ptr<RecordScan>> Open(const std::string& path, ofd::ReaderOptions options = {});
  ~RecordScan();
  RecordScan(const RecordScan&) = delete;
  RecordScan& operator=(const RecordScan&) = delete;

  bool Next(Record* record);
  // What stopped Next(): OK at the end of a whole file, else the located error.
  absl::Status status() const { return status_; }
  const ofd::Reader& reader() const { return reader_; }
  const ofd::Header& header() const { return reader_.header(); }
  const ofd::Layout& layout() const { return reader_.layout(); }
  const std::string& path() const { return path_; }

  // kDataLoss where the file has become shorter, kUnavailable where it cannot be read.
  absl::Status ReadAt(uint64_t offset, size_t size, std::string* bytes) const;
  // Size of the file when it was opened.
  uint64_t size() const { return size_; }

 private:
  RecordScan(std::string path, int fd, ofd::ReaderOptions options);
  // Feeds the next piece, or the end. False where nothing more can come.
  bool FeedMore();
  uint64_t OffsetOf(std::string_view bytes) const;

  const std::string path_;
  const int fd_;
  uint64_t size_ = 0;
  ofd::Reader reader_;
  std::unique_ptr<char[]> buffer_;
  std::string_view piece_;    // what was fed last
  uint64_t piece_start_ = 0;  // its place in the file
  char before_piece_ = 0;     // the byte before it
  bool ended_ = false;
  absl::Status status_;
};

}  // namespace fundcore::ofd_tools
