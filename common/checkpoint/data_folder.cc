// See data_folder.h.
#include "common/checkpoint/data_folder.h"

#include <algorithm>
#include <filesystem>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/checkpoint/disk.h"
#include "common/checkpoint/retention.h"
#include "common/log/embedded.h"
#include "common/machine/rehash.h"
#include "common/store/rocks.h"

namespace fundcore::checkpoint {
namespace {

namespace fs = std::filesystem;

// Names the log elsewhere that DATA/state follows.
constexpr std::string_view kLogIdName = "log-id";

std::string StateOf(const std::string& data) { return data + "/state"; }

absl::Status CheckName(const std::string& name) {
  if (IsCheckpointName(name)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      StrCat("checkpoint name \"", name, "\" must have 1 to 64 letters, digits, - and _"));
}

// The log that is here must begin early enough to go on from the checkpoint.
absl::Status CheckLogReaches(const std::string& data, const Manifest& m) {
  if (!Exists(data + "/log/FORMAT")) return absl::OkStatus();
  FC_ASSIGN_OR_RETURN(const LogFacts facts, DescribeLog(data + "/log"));
  for (const auto& [partition, first] : facts.begins_at) {
    const PartitionMark* mark = m.Find(partition);
    if (!mark || mark->next >= first) continue;
    return absl::FailedPreconditionError(
        StrCat("checkpoint ", m.name, " goes on at offset ", mark->next, " of ", NameOf(partition), ", but ", data,
               "/log begins at ", first, "; copy the archived segments back into it, or take a newer checkpoint"));
  }
  return absl::OkStatus();
}

// The received folder as a state: without what makes it a checkpoint.
absl::Status TurnIntoState(const std::string& folder, const Transfer& t, const Progress& progress) {
  if (!t.verified) FC_RETURN_IF_ERROR(CheckStates(folder, t.manifest, nullptr, progress));
  FC_RETURN_IF_ERROR(RemoveAll(StrCat(folder, "/", kVerifiedName)));
  FC_RETURN_IF_ERROR(RemoveAll(StrCat(folder, "/", kManifestName)));
  // What a start would do first, where it still can be said without having replaced anything.
  return RocksStore::Open({.folder = folder, .create_if_missing = false}).status();
}

}  // namespace

std::string CheckpointsOf(const std::string& data) { return data + "/checkpoints"; }
std::string FolderOf(const std::string& data, const std::string& name) {
  return StrCat(CheckpointsOf(data), "/", name);
}
std::string MakingFolderOf(const std::string& data, const std::string& name) {
  return StrCat(CheckpointsOf(data), "/.making-", name);
}

absl::StatusOr<std::vector<Listed>> List(const std::string& data) {
  std::vector<Listed> out;
  std::error_code error;
  if (!fs::exists(CheckpointsOf(data), error)) return out;
  fs::directory_iterator it(CheckpointsOf(data), error), end;
  if (error) return absl::InternalError(StrCat("cannot list ", CheckpointsOf(data), ": ", error.message()));
  for (; it != end; ++it) {
    Listed l;
    l.name = it->path().filename().string();
    if (!IsCheckpointName(l.name)) continue;
    const std::string folder = it->path().string();
    auto manifest = ReadManifest(folder);
    if (manifest.ok() && manifest->name != l.name) {
      manifest =
          absl::DataLossError(StrCat(folder, " holds the checkpoint ", manifest->name, "; give it its name back"));
    }
    if (manifest.ok()) {
      l.manifest = *std::move(manifest);
      if (auto mark = MarkOf(folder); mark.ok()) l.verified = *std::move(mark);
    } else {
      l.trouble = std::string(manifest.status().message());
    }
    out.push_back(std::move(l));
  }
  std::sort(out.begin(), out.end(), [](const Listed& a, const Listed& b) {
    if (a.manifest.has_value() != b.manifest.has_value()) return a.manifest.has_value();
    if (a.manifest && a.manifest->made != b.manifest->made) return a.manifest->made > b.manifest->made;
    return a.name < b.name;
  });
  return out;
}

absl::StatusOr<Listed> Newest(const std::string& data, const std::vector<ServiceId>& services) {
  FC_ASSIGN_OR_RETURN(const std::vector<Listed> all, List(data));
  absl::Status why =
      absl::NotFoundError("there is no complete checkpoint; make one with fundctl checkpoint create NAME");
  bool first = true;
  for (const Listed& l : all) {
    if (!l.manifest) continue;
    absl::Status covers = CheckCovers(*l.manifest, services);
    if (covers.ok()) return l;
    if (std::exchange(first, false)) why = std::move(covers);
  }
  return why;
}

void RemoveUnfinished(const std::string& data) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(CheckpointsOf(data), error)) {
    if (entry.path().filename().string().starts_with(".making-")) {
      IgnoreStatus(RemoveAll(entry.path().string()), "it only takes room, until the next start");
    }
  }
}

absl::Status Publish(const std::string& data, const std::string& name) {
  if (Exists(FolderOf(data, name)))
    return absl::AlreadyExistsError(StrCat("checkpoint ", name, " exists already; choose another name"));
  return MoveFolder(MakingFolderOf(data, name), FolderOf(data, name));
}

absl::StatusOr<std::string> LogIdOf(const std::string& data) {
  if (Exists(data + "/log/FORMAT")) {
    FC_ASSIGN_OR_RETURN(const LogFacts facts, DescribeLog(data + "/log"));
    return facts.id;
  }
  if (!Exists(StrCat(data, "/", kLogIdName))) return std::string();
  FC_ASSIGN_OR_RETURN(std::string id, ReadWhole(StrCat(data, "/", kLogIdName), 1024));
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

absl::Status BindToLog(const std::string& data, const std::string& log_id) {
  FC_ASSIGN_OR_RETURN(const std::string bound, LogIdOf(data));
  if (bound == log_id) return absl::OkStatus();
  if (bound.empty()) return ReplaceFile(data, std::string(kLogIdName), log_id + "\n");
  return absl::FailedPreconditionError(
      StrCat("the data folder ", data, " belongs to log ", bound, ", not to ", log_id,
             "; use the brokers and the topic prefix that it was made with, or a new folder"));
}

absl::Status Restore(const std::string& data, const std::string& name, const std::string& build, TimePoint now,
                     const Progress& progress) {
  const std::string from = FolderOf(data, name), state = StateOf(data), part = state + ".part";
  const std::string kept = StrCat(state, ".before-", name);
  if (!IsCheckpointName(name) || !Exists(from)) {
    return absl::NotFoundError(StrCat("there is no checkpoint \"", name, "\" in ", CheckpointsOf(data),
                                      "; fundctl checkpoint list --data ", data, " lists them"));
  }
  if (Exists(kept)) {
    return absl::FailedPreconditionError(
        StrCat(kept, " is still there from an earlier restore; remove it where it is not needed any more"));
  }
  // Opening shows whether somebody serves the folder. The state itself may be damaged: that is what checkpoints are
  // for.
  if (Exists(state)) {
    const absl::Status present = RocksStore::Open({.folder = state, .create_if_missing = false}).status();
    if (absl::IsFailedPrecondition(present)) return present;
  }
  ReceiveOptions options;
  options.progress = progress;
  FC_ASSIGN_OR_RETURN(options.log_id, LogIdOf(data));
  FC_ASSIGN_OR_RETURN(const Manifest manifest, ReadManifest(from));
  FC_RETURN_IF_ERROR(CheckLogReaches(data, manifest));
  // Copied, not linked: a served state writes to files that a link would share with the checkpoint.
  FolderSource source(from);
  FC_ASSIGN_OR_RETURN(const Transfer t, Receive(source, part, options));
  FC_RETURN_IF_ERROR(TurnIntoState(part, t, progress));
  // The copy is what was checked; the checkpoint it came from has the same bytes.
  if (!t.verified) FC_RETURN_IF_ERROR(Mark(from, build, now));
  if (Exists(state)) FC_RETURN_IF_ERROR(MoveFolder(state, kept));
  return MoveFolder(part, state);
}

absl::StatusOr<Transfer> Pull(const CheckpointStore& store, const std::string& name, const std::string& data,
                              const Progress& progress) {
  FC_RETURN_IF_ERROR(CheckName(name));
  if (Exists(FolderOf(data, name))) {
    return absl::AlreadyExistsError(StrCat(FolderOf(data, name), " exists already; move it away to pull it again"));
  }
  const std::string receiving = StrCat(CheckpointsOf(data), "/.receiving-", name);
  ReceiveOptions options;
  options.progress = progress;
  FC_ASSIGN_OR_RETURN(options.log_id, LogIdOf(data));
  StoreSource source(&store, name);
  FC_ASSIGN_OR_RETURN(Transfer t, Receive(source, receiving, options));
  FC_RETURN_IF_ERROR(MoveFolder(receiving, FolderOf(data, name)));
  return t;
}

absl::StatusOr<Transfer> Join(Source& from, const std::string& data, ReceiveOptions options) {
  const std::string state = StateOf(data), part = state + ".fetching";
  std::error_code error;
  if (Exists(state) && !(fs::is_directory(state, error) && fs::is_empty(state, error))) {
    return absl::FailedPreconditionError(
        StrCat(state,
               " holds a state already; stop the process that uses it and move it away, or "
               "start with it as it is"));
  }
  if (options.log_id.empty()) {
    FC_ASSIGN_OR_RETURN(options.log_id, LogIdOf(data));
  }
  FC_ASSIGN_OR_RETURN(Transfer t, Receive(from, part, options));
  FC_RETURN_IF_ERROR(CheckLogReaches(data, t.manifest));
  FC_RETURN_IF_ERROR(TurnIntoState(part, t, options.progress));
  // A log in the folder says itself which one it is; the id of one elsewhere is kept beside the state.
  if (t.manifest.log_id.starts_with("kafka:")) FC_RETURN_IF_ERROR(BindToLog(data, t.manifest.log_id));
  FC_RETURN_IF_ERROR(MoveFolder(part, state));
  return t;
}

absl::StatusOr<ArchiveReport> Archive(const std::string& data, const std::string& archive, int keep) {
  FC_ASSIGN_OR_RETURN(const LogFacts facts, DescribeLog(data + "/log"));
  FC_ASSIGN_OR_RETURN(const std::vector<Listed> all, List(data));
  std::vector<Manifest> verified;
  for (const Listed& l : all)
    if (l.verified && l.manifest->log_id == facts.id) verified.push_back(*l.manifest);
  std::vector<LogPartition> partitions;
  for (const auto& [service, count] : facts.partitions)
    for (uint16_t p = 0; p < count; ++p) partitions.push_back({service, PartitionId(p)});
  FC_ASSIGN_OR_RETURN(std::vector<TrimPoint> points, TrimPoints(verified, partitions, keep));
  // The state may be older than they are: somebody restored an old one, or none is there at all.
  FC_ASSIGN_OR_RETURN(auto state, RocksStore::Open({.folder = StateOf(data), .create_if_missing = false}));
  for (auto& [partition, offset] : points) {
    FC_ASSIGN_OR_RETURN(const machine::State::Meta meta, machine::ReadMeta(*state, partition));
    offset = std::min(offset, meta.next);
  }
  return ArchiveLog(data + "/log", points, archive);
}

}  // namespace fundcore::checkpoint
