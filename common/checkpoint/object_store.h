// CheckpointStore: where checkpoints outlive the machine that made them. Whole objects by name, never overwritten, the
// way object storage works, so that a bucket can stand behind it.
//
//   auto store = FolderStore::Open("/mnt/backup/fundcore");
//   (*store)->Put("objects/3f/3f0c…", size, hash, feed);
//   (*store)->Get("checkpoints/noon/MANIFEST", [&](std::string_view piece) { …; return absl::OkStatus(); });
//
// Thread-safe. Blocking. One implementation: a folder, on a local disk, a network share or a mounted bucket
// (docs/checkpoints.md says what the mount must be able to do).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/checkpoint/disk.h"
#include "common/crypto/hash.h"

namespace fundcore::checkpoint {

class CheckpointStore {
 public:
  // Hands all bytes of an object to the piece-taker, in order; gives back its error, or its own.
  using Feed = absl::FunctionRef<absl::Status(Piece)>;

  virtual ~CheckpointStore() = default;

  // Complete objects whose names begin with `prefix`, by name.
  virtual absl::StatusOr<std::vector<FoundFile>> List(std::string_view prefix) const = 0;
  // nullopt where there is no such object.
  virtual absl::StatusOr<std::optional<uint64_t>> Size(const std::string& name) const = 0;
  // The object appears whole, or not at all: what was stored is read back, and kDataLoss where it has not these bytes,
  // naming what was expected and found. kAlreadyExists where the name is taken.
  virtual absl::Status Put(const std::string& name, uint64_t size, const Hash256& hash, Feed feed) = 0;
  // kNotFound, or the error of `piece`.
  virtual absl::Status Get(const std::string& name, Piece piece) const = 0;

  // The two for small objects: at most `limit` bytes.
  absl::Status PutText(const std::string& name, std::string_view text);
  absl::StatusOr<std::string> GetText(const std::string& name, size_t limit) const;
};

// Objects are files; what is on its way lies in `.incoming`, which any number of processes may share. Leftovers older
// than a day are removed at Open.
class FolderStore final : public CheckpointStore {
 public:
  // The folder must exist: a share that is not mounted shall not fill the disk beneath its mount point.
  static absl::StatusOr<std::unique_ptr<FolderStore>> Open(const std::string& root);

  absl::StatusOr<std::vector<FoundFile>> List(std::string_view prefix) const override;
  absl::StatusOr<std::optional<uint64_t>> Size(const std::string& name) const override;
  absl::Status Put(const std::string& name, uint64_t size, const Hash256& hash, Feed feed) override;
  absl::Status Get(const std::string& name, Piece piece) const override;

 private:
  explicit FolderStore(std::string root) : root_(std::move(root)) {}
  const std::string root_;
};

}  // namespace fundcore::checkpoint
