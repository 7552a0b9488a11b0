// Checkpoints on disk: where they are, and how one becomes the state again.
#include <filesystem>
#include <system_error>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/store/rocks.h"
#include "tools/fundcore/serve.h"

namespace fundcore {
namespace fs = std::filesystem;

std::string CheckpointFolder(const std::string& data) { return data + "/checkpoints"; }

absl::Status RestoreCheckpoint(const std::string& data, const std::string& checkpoint) {
  const fs::path from = fs::path(CheckpointFolder(data)) / checkpoint;
  const fs::path state = fs::path(data) / "state";
  const fs::path kept = fs::path(data) / ("state.before-" + checkpoint);
  const fs::path part = fs::path(data) / "state.part";
  if (checkpoint.empty() || checkpoint.find('/') != std::string::npos || !fs::exists(from)) {
    return absl::NotFoundError(StrCat("there is no checkpoint \"", checkpoint, "\" in ", CheckpointFolder(data)));
  }
  if (fs::exists(kept)) {
    return absl::FailedPreconditionError(
        StrCat(kept.string(), " is still there from an earlier restore; remove it where it is not needed any more"));
  }
  // Opening shows that nobody serves the folder and, below, that the checkpoint is whole. The state itself may be damaged: that
  // is what checkpoints are restored for.
  if (fs::exists(state)) {
    const absl::Status present = RocksStore::Open({.folder = state.string(), .create_if_missing = false}).status();
    if (absl::IsFailedPrecondition(present)) return present;
  }
  std::error_code error;
  fs::remove_all(part, error);
  // A copy: a served state writes to files that a link would share with the checkpoint.
  fs::copy(from, part, fs::copy_options::recursive, error);
  if (error) return absl::UnavailableError(StrCat(part.string(), ": cannot be written: ", error.message()));
  FC_RETURN_IF_ERROR(RocksStore::Open({.folder = part.string(), .create_if_missing = false}).status());
  if (fs::exists(state)) fs::rename(state, kept, error);
  if (!error) fs::rename(part, state, error);
  if (error) return absl::UnavailableError(StrCat(state.string(), ": cannot be replaced: ", error.message()));
  return absl::OkStatus();
}

}  // namespace fundcore
