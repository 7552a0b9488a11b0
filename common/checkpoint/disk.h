// The few things that checkpoints ask of a disk: files in pieces, whole folders, and names that appear only when what
// they name is complete. Internal to common/checkpoint and the tools that move checkpoints.
//
// Blocking. Errors name path and system's reason: kNotFound, kPermissionDenied, kResourceExhausted (full), kDataLoss
// (the disk cannot read), otherwise kInternal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/hash.h"

namespace fundcore::checkpoint {

// Takes the next bytes of something; an error ends it.
using Piece = absl::FunctionRef<absl::Status(std::string_view)>;

inline constexpr size_t kPieceBytes = 256u << 10;

// Bytes [offset, offset + size) of the file, fewer at its end.
absl::Status ReadPieces(const std::string& path, uint64_t offset, uint64_t size, Piece piece);
// The whole file, at most `limit` bytes: larger is kInvalidArgument.
absl::StatusOr<std::string> ReadWhole(const std::string& path, size_t limit);
// Appends the file's size to `*size` where it is set.
absl::StatusOr<Hash256> HashFile(const std::string& path, uint64_t* size = nullptr);

// Writes a new file, or over one of that name. What was not finished is there in part: write to names that nobody
// trusts.
class FileWriter {
 public:
  static absl::StatusOr<FileWriter> Open(const std::string& path);
  FileWriter(FileWriter&& o) noexcept : path_(std::move(o.path_)), fd_(std::exchange(o.fd_, -1)) {}
  FileWriter& operator=(FileWriter&&) = delete;
  ~FileWriter();
  absl::Status Add(std::string_view bytes);
  // Durable under its name, once its folder is synced.
  absl::Status Finish();

 private:
  FileWriter(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::string path_;
  int fd_;
};

// The name shows the old bytes or all of the new ones, also after a power cut.
absl::Status ReplaceFile(const std::string& folder, const std::string& name, std::string_view bytes);
absl::Status SyncFolder(const std::string& folder);
// With all folders above it; an existing one is fine.
absl::Status MakeFolders(const std::string& folder);
// Renames and makes that durable. `to` must not exist, or be an empty folder.
absl::Status MoveFolder(const std::string& from, const std::string& to);
absl::Status RemoveAll(const std::string& path);
bool Exists(const std::string& path);

struct FoundFile {
  std::string name;  // relative, '/' between folders
  uint64_t size = 0;
};
// All regular files below `folder`, sorted by name. Links and special files are kFailedPrecondition: nobody can lead a
// checkpoint's names out of its folder.
absl::StatusOr<std::vector<FoundFile>> ListFiles(const std::string& folder);

// 1 to 64 letters, digits, - and _: a checkpoint's name is a folder's, and nothing in it may lead elsewhere.
bool IsCheckpointName(std::string_view name);
// A relative name of parts made of letters, digits, '-', '_' and '.', none beginning with '.', at most 200 bytes.
bool IsFileName(std::string_view name);

}  // namespace fundcore::checkpoint
