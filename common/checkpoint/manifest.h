// The manifest of a checkpoint: what it is of, as of where, and the size and SHA-256 of every file in it.
//
// A checkpoint is a folder: FORMAT and db/ (a store as of a flush), MANIFEST, and VERIFIED once somebody has recomputed
// what the manifest says. MANIFEST is written last, so a folder without it is unfinished. Its form is text, a fact a
// line:
//
//   fundcore checkpoint 1
//   name noon
//   made 2025-03-03 12:00:00.412                       wall clock, Beijing; orders checkpoints by age
//   build 0.1.0
//   log embedded:8d0f…                                 which log the offsets are of
//   table trade 3 pages 32                             how the tables lie in the store: entries, pages N, history, ids
//   partition trade 0 next 1042 epoch 3 hash 5e1b… stamp 2025-03-03 11:59:59.871
//   file 67108864 3f0c… db/000123.sst
//   seal 9b74…                                         SHA-256 of all lines above
//
// Plain values; parsing checks everything and trusts nothing, because manifests also come from peers and buckets.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/crypto/hash.h"
#include "common/log/log.h"
#include "common/machine/state.h"
#include "common/time/time.h"

namespace fundcore::checkpoint {

inline constexpr char kManifestName[] = "MANIFEST";
inline constexpr char kVerifiedName[] = "VERIFIED";
inline constexpr size_t kMaxManifestBytes = 15u << 20;  // some 100,000 files
inline constexpr size_t kMaxFiles = 100'000;

struct PartitionMark {
  LogPartition id;
  LogOffset next = 0;  // of the first record that is not in the state
  uint64_t epoch = 0;
  std::string hash;  // the state hash as of there, 32 hex digits
  TimePoint stamp;   // the latest business time in it
  friend bool operator==(const PartitionMark&, const PartitionMark&) = default;
};

struct FileMark {
  std::string name;  // relative to the checkpoint's folder
  uint64_t size = 0;
  Hash256 hash;
  friend bool operator==(const FileMark&, const FileMark&) = default;
};

struct Manifest {
  std::string name;
  TimePoint made;
  std::string build;
  std::string log_id;
  std::map<ServiceId, std::vector<machine::TableForm>> tables;
  std::vector<PartitionMark> partitions;  // sorted
  std::vector<FileMark> files;            // sorted by name
  friend bool operator==(const Manifest&, const Manifest&) = default;

  uint64_t bytes() const;
  const PartitionMark* Find(LogPartition id) const;
  // In the order of ServiceId.
  std::vector<std::pair<ServiceId, uint16_t>> services() const;
};

std::string Print(const Manifest& manifest);
// kDataLoss names line and fault; `where` begins the message. kFailedPrecondition for another version of the form.
absl::StatusOr<Manifest> Parse(std::string_view text, const std::string& where);

// Of a checkpoint's folder. kNotFound where there is no such folder; kDataLoss where it has no manifest or a damaged
// one.
absl::StatusOr<Manifest> ReadManifest(const std::string& folder);

// OK where each of `services` is there with all its partitions (trade, account and risk have the same number); else
// kFailedPrecondition naming the first that is missing.
absl::Status CheckCovers(const Manifest& manifest, const std::vector<ServiceId>& services);

// --- VERIFIED ---
struct VerifiedMark {
  Hash256 manifest;  // SHA-256 of the manifest's text: a mark is of one manifest and no other
  TimePoint at;
  std::string build;
};
std::string Print(const VerifiedMark& mark);
// nullopt where the text is no mark, or a mark of another manifest.
std::optional<VerifiedMark> ParseVerified(std::string_view text, std::string_view manifest_text);

// "trade" and back; nullopt for an unknown word.
std::string_view WordOf(ServiceId service);
std::optional<ServiceId> ServiceOf(std::string_view word);
// "trade partition 3".
std::string NameOf(LogPartition id);

}  // namespace fundcore::checkpoint
