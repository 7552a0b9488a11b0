// DiskFiles: Files in a folder of a local disk.
#pragma once

#include <memory>
#include <string>

#include "common/files/files.h"

namespace fundcore {

// Publishing writes a temporary file in `<root>/.publishing`, syncs it, links it to its name (link never overwrites)
// and syncs the folder: a reader sees the whole file or none, also after a power failure. Folders are created as
// needed. Names that begin with '.' do not exist for readers. Links and special files are never followed or read,
// neither as files nor as folders on the way to one, so nobody can lead a name out of the root.
//
//   auto files = DiskFiles::Open("exchange");
//   (*files)->Publish("out/20250303/001/OFD_301_11_20250303_03.TXT", bytes);
//
// Life cycle: any number of DiskFiles, of any number of processes, may share one root; leftovers of crashed ones are
// removed by the next Open. Thread-safe. Every call waits for the disk.
//
// Besides the statuses of Files: kInvalidArgument for a bad name (common/files/names.h), kFailedPrecondition where
// something that is no regular file or folder stands in the way, kUnavailable where a file was linked but its folder
// could not be synced: read it back before relying on it.
class DiskFiles : public Files {
 public:
  // Creates the root where it is missing; its parent must exist.
  static absl::StatusOr<std::unique_ptr<DiskFiles>> Open(const std::string& root);
  ~DiskFiles() override;
  DiskFiles(const DiskFiles&) = delete;
  DiskFiles& operator=(const DiskFiles&) = delete;

  absl::StatusOr<std::vector<FileInfo>> List(std::string_view prefix) const override;
  absl::StatusOr<std::string> Read(std::string_view name) const override;
  absl::Status ReadPieces(std::string_view name, size_t piece_bytes,
                          absl::FunctionRef<bool(std::string_view)> piece) const override;
  absl::Status Publish(std::string_view name, std::string_view bytes) override;

 private:
  DiskFiles(std::string root, int root_fd, int temporary_fd);

  const std::string root_;
  const int root_fd_;
  const int temporary_fd_;
};

}  // namespace fundcore
