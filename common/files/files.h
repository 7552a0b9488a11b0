// Files: whole files by name, as settlement exchange needs them: list, read, publish. Never overwrite.
//
// Names are relative, with '/' between folders ("out/20250303/001/OFD_301_11_20250303_03.TXT"); "..", absolute names and
// empty parts are refused. Implementations: DiskFiles (a folder; publish = temp file, fsync, link, fsync of the folder)
// and MemoryFiles (simulation, with faults). Thread-safe. Calls block: workers use them from short tasks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fundcore {

struct FileInfo {
  std::string name;
  uint64_t size = 0;
};

class Files {
 public:
  virtual ~Files() = default;

  // Complete files whose name begins with `prefix`, sorted by name. Files still being written are not listed.
  virtual absl::StatusOr<std::vector<FileInfo>> List(std::string_view prefix) const = 0;
  // kNotFound, kPermissionDenied, kDataLoss (read error).
  virtual absl::StatusOr<std::string> Read(std::string_view name) const = 0;
  // The file piece by piece, for what does not fit in memory; stops early where `piece` returns false.
  virtual absl::Status ReadPieces(std::string_view name, size_t piece_bytes,
                                  absl::FunctionRef<bool(std::string_view piece)> piece) const = 0;
  // The whole file appears under its name, or nothing does. kAlreadyExists where the name is taken (whatever its bytes);
  // kResourceExhausted on a full disk. Durable when it returns OK.
  virtual absl::Status Publish(std::string_view name, std::string_view bytes) = 0;
};

}  // namespace fundcore
