// A file of any size on disk, read in pieces, for Reader::Feed.
//
//   FC_ASSIGN_OR_RETURN(FileSource source, FileSource::Open(path));
//   for (;;) {
//     FC_ASSIGN_OR_RETURN(std::string_view piece, source.Next());
//     if (piece.empty()) break;
//     reader.Feed(piece);  …
//   }
//
// Memory: one piece (1 MiB). One thread at a time. A piece is valid until the next call of Next().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fundcore::ofd_tools {

class FileSource {
 public:
  // kNotFound, kPermissionDenied or kUnavailable, naming the path. "-" is standard input.
  static absl::StatusOr<FileSource> Open(const std::string& path);
  FileSource(FileSource&& other) noexcept;
  FileSource& operator=(FileSource&&) = delete;
  ~FileSource();

  // The next bytes; empty at the end. kUnavailable where the file cannot be read further.
  absl::StatusOr<std::string_view> Next();
  uint64_t bytes_read() const { return bytes_read_; }
  const std::string& path() const { return path_; }

 private:
  FileSource(std::string path, int fd);
  std::string path_;
  int fd_;
  uint64_t bytes_read_ = 0;
  std::unique_ptr<char[]> buffer_;
};

// The name without the folders before it, as Reader and messages want it.
std::string_view BaseName(std::string_view path);

}  // namespace fundcore::ofd_tools
