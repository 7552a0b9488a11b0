// See verify.h.
#include "common/checkpoint/verify.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/checkpoint/disk.h"
#include "common/machine/rehash.h"
#include "common/store/rocks.h"

namespace fundcore::checkpoint {
namespace {

constexpr char kRemedy[] = "; do not use this checkpoint: pull or fetch another copy of it, or take another checkpoint";

absl::StatusOr<std::unique_ptr<RocksStore>> OpenStore(const std::string& folder) {
  return RocksStore::Open({.folder = folder, .create_if_missing = false, .read_only = true, .cache_bytes = 32u << 20});
}

// What belongs to the checkpoint, not to the store in it.
bool IsOurs(std::string_view name) {
  return name == kManifestName || name == kVerifiedName || name == StrCat(kManifestName, ".new") ||
         name == StrCat(kVerifiedName, ".new");
}

}  // namespace

absl::StatusOr<Manifest> Seal(const std::string& folder, const Origin& origin, const Progress& progress) {
  Manifest m;
  m.name = origin.name;
  m.made = origin.made;
  m.build = origin.build;
  m.log_id = origin.log_id;
  {
    FC_ASSIGN_OR_RETURN(auto store, OpenStore(folder));
    for (const Origin::Service& s : origin.services) {
      m.tables[s.id] = s.tables;
      for (uint16_t p = 0; p < s.partitions; ++p) {
        const LogPartition id{s.id, PartitionId(p)};
        FC_ASSIGN_OR_RETURN(const machine::State::Meta meta, machine::ReadMeta(*store, id));
        m.partitions.push_back(
            {id, meta.next, meta.epoch, meta.hash.Hex(), TimePoint::FromRaw(meta.now.raw() / 1000 * 1000)});
      }
    }
  }
  std::sort(m.partitions.begin(), m.partitions.end(),
            [](const PartitionMark& a, const PartitionMark& b) { return a.id < b.id; });
  FC_ASSIGN_OR_RETURN(const std::vector<FoundFile> files, ListFiles(folder));
  for (const FoundFile& f : files) {
    if (IsOurs(f.name)) continue;
    if (progress) FC_RETURN_IF_ERROR(progress(f.name, m.bytes()));
    FileMark mark{f.name, 0, {}};
    FC_ASSIGN_OR_RETURN(mark.hash, HashFile(StrCat(folder, "/", f.name), &mark.size));
    m.files.push_back(std::move(mark));
  }
  // Read as others will read it, before it says that the checkpoint is complete.
  const std::string text = Print(m);
  FC_RETURN_IF_ERROR(Parse(text, StrCat(folder, "/", kManifestName)).status());
  FC_RETURN_IF_ERROR(ReplaceFile(folder, kManifestName, text));
  return m;
}

absl::Status CheckFiles(const std::string& folder, const Manifest& m, const Progress& progress) {
  const auto wrong = [&](const std::string& name, std::string_view what) {
    return absl::DataLossError(StrCat("checkpoint ", m.name, ": ", folder, "/", name, " ", what, kRemedy));
  };
  FC_ASSIGN_OR_RETURN(const std::vector<FoundFile> files, ListFiles(folder));
  // Both lists are sorted: the cheap differences first, before gigabytes are read.
  size_t at = 0;
  for (const FileMark& mark : m.files) {
    while (at < files.size() && files[at].name < mark.name) {
      if (!IsOurs(files[at].name)) return wrong(files[at].name, "is not in its manifest: somebody put it there");
      ++at;
    }
    if (at == files.size() || files[at].name != mark.name) return wrong(mark.name, "is missing");
    if (files[at].size != mark.size) {
      return wrong(mark.name, StrCat("has ", files[at].size, " bytes, its manifest says ", mark.size));
    }
    ++at;
  }
  for (; at < files.size(); ++at)
    if (!IsOurs(files[at].name)) return wrong(files[at].name, "is not in its manifest: somebody put it there");
  uint64_t bytes = 0;
  for (const FileMark& mark : m.files) {
    if (progress) FC_RETURN_IF_ERROR(progress(mark.name, bytes));
    FC_ASSIGN_OR_RETURN(const Hash256 found, HashFile(StrCat(folder, "/", mark.name), &bytes));
    if (found != mark.hash)
      return wrong(mark.name, StrCat("has SHA-256 ", found.Hex(), ", its manifest says ", mark.hash.Hex()));
  }
  return absl::OkStatus();
}

absl::Status CheckStates(const std::string& folder, const Manifest& m, uint64_t* entries, const Progress& progress) {
  uint64_t unused = 0, &count = entries ? *entries : unused;
  FC_ASSIGN_OR_RETURN(auto store, OpenStore(folder));
  for (const PartitionMark& mark : m.partitions) {
    const auto wrong = [&](std::string_view what) {
      return absl::DataLossError(
          StrCat("checkpoint ", m.name, ": ", NameOf(mark.id), " ", what,
                 "; the state was wrong when the checkpoint was made: use an older checkpoint, and stop "
                 "and check the process that made this one (fundcore check-replay)"));
    };
    if (progress) FC_RETURN_IF_ERROR(progress(NameOf(mark.id), count));
    FC_ASSIGN_OR_RETURN(const machine::State::Meta meta, machine::ReadMeta(*store, mark.id));
    if (meta.next != mark.next || meta.hash.Hex() != mark.hash) {
      return wrong(StrCat("stands at offset ", meta.next, " with state hash ", meta.hash.Hex(),
                          ", its manifest says offset ", mark.next, " with ", mark.hash));
    }
    FC_ASSIGN_OR_RETURN(const machine::StateHash found,
                        machine::HashStored(*store, mark.id, m.tables.at(mark.id.service), mark.next, &count));
    if (found.Hex() != mark.hash) {
      return wrong(StrCat("has entries whose state hash is ", found.Hex(), ", its manifest says ", mark.hash,
                          " at offset ", mark.next));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Verified> Verify(const std::string& folder, const std::string& build, TimePoint now,
                                const Progress& progress) {
  Verified v;
  FC_ASSIGN_OR_RETURN(v.manifest, ReadManifest(folder));
  absl::Status status = CheckFiles(folder, v.manifest, progress);
  if (status.ok()) status = CheckStates(folder, v.manifest, &v.entries, progress);
  if (!status.ok()) {
    if (absl::IsDataLoss(status))
      IgnoreStatus(RemoveAll(StrCat(folder, "/", kVerifiedName)), "the error itself is told");
    return status;
  }
  FC_RETURN_IF_ERROR(Mark(folder, build, now));
  return v;
}

absl::StatusOr<std::optional<VerifiedMark>> MarkOf(const std::string& folder) {
  FC_ASSIGN_OR_RETURN(const std::string manifest, ReadWhole(StrCat(folder, "/", kManifestName), kMaxManifestBytes));
  auto text = ReadWhole(StrCat(folder, "/", kVerifiedName), 4096);
  if (!text.ok()) return std::optional<VerifiedMark>();
  return ParseVerified(*text, manifest);
}

absl::Status Mark(const std::string& folder, const std::string& build, TimePoint now) {
  FC_ASSIGN_OR_RETURN(const std::string manifest, ReadWhole(StrCat(folder, "/", kManifestName), kMaxManifestBytes));
  return ReplaceFile(folder, kVerifiedName, Print(VerifiedMark{Sha256(manifest), now, build}));
}

}  // namespace fundcore::checkpoint
