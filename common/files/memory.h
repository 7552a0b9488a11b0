// MemoryFiles: Files in a map, with faults, for simulation and unit tests.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "common/files/files.h"

namespace fundcore {

enum class FileOperation { kList, kRead, kPublish };

// What the fault hook decides for one call.
struct FileFault {
  absl::Status status;           // OK: no fault
  bool effect_happened = false;  // Publish only: the file is there although the caller gets the error
};

// Keeps the rules of names and the promise never to overwrite, as DiskFiles does.
//
//   MemoryFiles files;
//   files.SetFault([&](FileOperation op, std::string_view name) {
//     return FileFault{op == FileOperation::kPublish && dice() ? absl::ResourceExhaustedError("disk full") :
//     absl::OkStatus()};
//   });
//
// Life cycle: the object stands for the disk and outlives simulated processes; what was published is durable.
// Thread-safe; the hook is called outside the lock and must be thread-safe where the callers are several threads.
class MemoryFiles : public Files {
 public:
  using Fault = std::function<FileFault(FileOperation operation, std::string_view name)>;

  absl::StatusOr<std::vector<FileInfo>> List(std::string_view prefix) const override;
  absl::StatusOr<std::string> Read(std::string_view name) const override;
  absl::Status ReadPieces(std::string_view name, size_t piece_bytes,
                          absl::FunctionRef<bool(std::string_view)> piece) const override;
  absl::Status Publish(std::string_view name, std::string_view bytes) override;

  // Asked before each call from now on; an empty function means no faults.
  void SetFault(Fault fault);
  // What an operator or a careless partner may do to a disk: replace bytes, or remove a file. Not part of Files.
  void Overwrite(std::string_view name, std::string_view bytes);
  void Remove(std::string_view name);

 private:
  FileFault Ask(FileOperation operation, std::string_view name) const;

  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> files_;
  Fault fault_;
};

}  // namespace fundcore
