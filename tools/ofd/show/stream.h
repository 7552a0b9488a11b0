// Bytes in, in pieces that end with a line, and bytes out, to a stream or to a file that appears only when it is whole.
//
//   FC_ASSIGN_OR_RETURN(LinePieces pieces, LinePieces::Open(path));
//   for (;;) {
//     FC_ASSIGN_OR_RETURN(std::string_view piece, pieces.Next());   // "…\n…\n"
//     if (piece.empty()) break;
//     FC_ASSIGN_OR_RETURN(…)
//   }
//   FC_ASSIGN_OR_RETURN(std::unique_ptr<Sink> sink, Sink::ToFile("OFD_301_11_20250304_03.TXT", /*overwrite=*/false));
//   FC_RETURN_IF_ERROR(sink->Write(bytes));
//   FC_RETURN_IF_ERROR(sink->Commit());      // without it, nothing of that name is left behind
//
// One thread at a time. Memory: a piece (about 1 MiB, more only for longer lines).
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tools/ofd/source.h"

namespace fundcore::ofd_tools {

class LinePieces {
 public:
  // Errors as FileSource::Open and FileSource::Next. "-" is standard input.
  static absl::StatusOr<LinePieces> Open(const std::string& path);

  // Whole lines, valid until the next call; empty at the end. The last piece may lack its line end, and so does one
  // that holds kMaxLine bytes without any. At least kSlack bytes behind a piece can be read (and mean nothing).
  absl::StatusOr<std::string_view> Next();

  static constexpr size_t kMaxLine = 8 << 20;
  static constexpr size_t kSlack = 64;

 private:
  explicit LinePieces(FileSource source) : source_(std::move(source)) {}
  FileSource source_;
  std::string buffer_;
  size_t given_ = 0;  // bytes of buffer_ that the last piece was
  bool ended_ = false;
};

class Sink {
 public:
  virtual ~Sink() = default;
  // kUnavailable where the bytes cannot be written.
  virtual absl::Status Write(std::string_view bytes) = 0;
  // Everything is written: a file gets its name now. kAlreadyExists where that name came into being meanwhile.
  virtual absl::Status Commit() = 0;

  static std::unique_ptr<Sink> ToStream(std::ostream& out);
  // Writes to a temporary name beside `path`, taken away again unless Commit() succeeds. kAlreadyExists where `path` is
  // there and not to be overwritten; kUnavailable where the folder cannot be written.
  static absl::StatusOr<std::unique_ptr<Sink>> ToFile(const std::string& path, bool overwrite);
};

// A name beside `path` for what is not whole yet.
std::string TemporaryName(const std::string& path);
// kAlreadyExists, saying the remedy, where `path` is there and not to be overwritten.
absl::Status CheckFree(const std::string& path, bool overwrite);
// Gives a whole file its name, in one step.
absl::Status Publish(const std::string& temporary, const std::string& path, bool overwrite);

}  // namespace fundcore::ofd_tools
