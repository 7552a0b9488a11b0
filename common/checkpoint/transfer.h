// Moving checkpoints: from a folder, a store or a peer into a folder or a store. Whatever was sent is compared with the
// manifest on arrival, and a transfer that broke off goes on where it was, file by file.
//
//   FolderSource noon("data/checkpoints/noon");
//   Push(noon, *store);                              // objects by their hash: what another checkpoint brought is not
//   sent again StoreSource back(store, "noon"); Receive(back, "data2/.receiving", {});           // a whole
//   checkpoint's folder, or an error; call again to go on
//
// In a store a checkpoint NAME is the objects checkpoints/NAME/MANIFEST (put last), checkpoints/NAME/VERIFIED where it
// was verified, and for each file objects/HH/HASH, by its SHA-256. So neighbouring checkpoints share their unchanged
// files.
//
// Blocking; one thread each.
#pragma once

#include <string>
#include <vector>

#include "common/checkpoint/manifest.h"
#include "common/checkpoint/object_store.h"
#include "common/checkpoint/verify.h"

namespace fundcore::checkpoint {

class Source {
 public:
  virtual ~Source() = default;
  virtual absl::StatusOr<std::string> ManifestText() = 0;
  // "" where it has no mark.
  virtual absl::StatusOr<std::string> VerifiedText() = 0;
  virtual absl::Status ReadFile(const FileMark& file, Piece piece) = 0;
};

// The folder of a checkpoint.
class FolderSource final : public Source {
 public:
  explicit FolderSource(std::string folder) : folder_(std::move(folder)) {}
  absl::StatusOr<std::string> ManifestText() override;
  absl::StatusOr<std::string> VerifiedText() override;
  absl::Status ReadFile(const FileMark& file, Piece piece) override;

 private:
  const std::string folder_;
};

// A checkpoint in a store, which must outlive this.
class StoreSource final : public Source {
 public:
  StoreSource(const CheckpointStore* store, std::string name) : store_(store), name_(std::move(name)) {}
  absl::StatusOr<std::string> ManifestText() override;
  absl::StatusOr<std::string> VerifiedText() override;
  absl::Status ReadFile(const FileMark& file, Piece piece) override;

 private:
  const CheckpointStore* const store_;
  const std::string name_;
};

struct Transfer {
  Manifest manifest;
  bool verified = false;  // the source's mark came along
  uint64_t files_moved = 0, bytes_moved = 0;
  uint64_t files_there = 0;  // and not moved again
};

// kAlreadyExists where the store has another checkpoint of that name.
absl::StatusOr<Transfer> Push(Source& from, CheckpointStore* to, const Progress& progress = {});

struct ReceiveOptions {
  // The checkpoint must hold all partitions of these; looked at before anything is moved.
  std::vector<ServiceId> services;
  // Of the log that goes on from the checkpoint; "" where that is not known. Another one is kFailedPrecondition.
  std::string log_id;
  Progress progress;
};
// Fills `folder`, which belongs to this transfer alone, until it is the checkpoint: files of an earlier try that are as
// they should be stay, everything else in it is removed. Its MANIFEST comes last.
absl::StatusOr<Transfer> Receive(Source& from, const std::string& folder, const ReceiveOptions& options);

// What a store holds, by name; `verified` are those with a mark.
struct Stored {
  Manifest manifest;
  bool verified = false;
};
absl::StatusOr<std::vector<Stored>> ListStore(const CheckpointStore& store);

}  // namespace fundcore::checkpoint
