// The checkpoints of a data folder, DATA/checkpoints/NAME, and how one becomes the state, DATA/state.
//
//   for (const Listed& c : *List(data)) …
//   Restore(data, "noon", "0.1.0", now);        // stopped: what was the state is kept as state.before-noon
//
// Whatever becomes the state has been compared with its manifest, file by file, and its entries with the state hashes,
// now or when it was marked as verified. Until the last rename nothing of the present state has changed; a crash on the
// way costs a repetition.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/checkpoint/transfer.h"
#include "common/checkpoint/verify.h"
#include "common/log/archive.h"

namespace fundcore::checkpoint {

std::string CheckpointsOf(const std::string& data);  // DATA/checkpoints
std::string FolderOf(const std::string& data, const std::string& name);
// Where the files of a new checkpoint gather until it is complete. Names that begin with a dot are nobody's checkpoint.
std::string MakingFolderOf(const std::string& data, const std::string& name);

struct Listed {
  std::string name;
  std::optional<Manifest> manifest;
  std::optional<VerifiedMark> verified;
  std::string trouble;  // why there is no manifest
};
// By age, newest first; those without a readable manifest at the end. None where there is no such folder.
absl::StatusOr<std::vector<Listed>> List(const std::string& data);

// The newest one that covers the services. kNotFound, or why the newest does not fit.
absl::StatusOr<Listed> Newest(const std::string& data, const std::vector<ServiceId>& services);

// Removes the making folders of processes that died; the data folder must be the caller's.
void RemoveUnfinished(const std::string& data);

// Names a checkpoint that was linked into its making folder and sealed there. kAlreadyExists.
absl::Status Publish(const std::string& data, const std::string& name);

// The id of the log in the folder ("embedded:…"), or of the one elsewhere that its state follows ("kafka:…"), "" where
// neither is known.
absl::StatusOr<std::string> LogIdOf(const std::string& data);

// Binds the folder to a log elsewhere, once (DATA/log-id): a state whose offsets are of one log must never be played on by
// another. kFailedPrecondition where it is bound to a different one.
absl::Status BindToLog(const std::string& data, const std::string& log_id);

// kNotFound; kFailedPrecondition where the folder is served, of another log, or keeps an earlier state under the same
// name.
absl::Status Restore(const std::string& data, const std::string& name, const std::string& build, TimePoint now,
                     const Progress& progress = {});

// From a store to DATA/checkpoints/NAME. Call again to go on. kAlreadyExists where the name is taken here.
absl::StatusOr<Transfer> Pull(const CheckpointStore& store, const std::string& name, const std::string& data,
                              const Progress& progress = {});

// From a peer or anywhere into the state of a folder that has none; call again to go on. kFailedPrecondition where
// there is one.
absl::StatusOr<Transfer> Join(Source& from, const std::string& data, ReceiveOptions options);

// Moves the segments of DATA/log that no start from the state, nor from any of the newest `keep` verified checkpoints
// here, would read to the archive (common/log/archive.h). Stopped. kFailedPrecondition where fewer verified checkpoints
// cover every partition.
absl::StatusOr<ArchiveReport> Archive(const std::string& data, const std::string& archive, int keep = 2);

}  // namespace fundcore::checkpoint
