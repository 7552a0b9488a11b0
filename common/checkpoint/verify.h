// Making the manifest of a new checkpoint, and finding out whether an old one still is what its manifest says.
//
//   FC_ASSIGN_OR_RETURN(Manifest m, Seal(folder, {.name = "noon", .build = "0.1.0"}));   // MANIFEST is there, last
//   FC_ASSIGN_OR_RETURN(Verified v, Verify(folder, "0.1.0", now));                       // VERIFIED is there
//
// Verifying has two halves. The files must have the sizes and hashes of the manifest, none missing and none more: that
// finds what disks, networks and people have done to the checkpoint since. Then each partition's state hash is
// recomputed from all its entries: that finds what was wrong in the state already when the checkpoint was made. A store
// is opened read-only; not a byte of the checkpoint changes but for the mark.
//
// Blocking: reads everything, minutes for a large state. Several may run at once.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/checkpoint/manifest.h"

namespace fundcore::checkpoint {

// What a folder cannot tell about itself.
struct Origin {
  std::string name;
  std::string build;
  std::string log_id;
  TimePoint made;
  // The services of the process that made it, with how many partitions each and how their tables lie in the store. The
  // folder may hold more, left from other roles: that is not part of the checkpoint's promise.
  struct Service {
    ServiceId id;
    uint16_t partitions;
    std::vector<machine::TableForm> tables;
  };
  std::vector<Service> services;
};

// Hears how far it is: "db/000123.sst" and bytes, or "trade partition 3" and entries so far; an error ends the work
// with it. May be empty.
using Progress = std::function<absl::Status(std::string_view what, uint64_t done)>;

// Reads offsets and hashes out of the store in `folder`, hashes all files and writes MANIFEST.
absl::StatusOr<Manifest> Seal(const std::string& folder, const Origin& origin, const Progress& progress = {});

// The first half. kDataLoss names the file, what was expected and what was found.
absl::Status CheckFiles(const std::string& folder, const Manifest& manifest, const Progress& progress = {});
// The second. kDataLoss names the partition, what was expected and what was found. Adds the number of entries.
absl::Status CheckStates(const std::string& folder, const Manifest& manifest, uint64_t* entries = nullptr,
                         const Progress& progress = {});

struct Verified {
  Manifest manifest;
  uint64_t entries = 0;
};
// Both halves, then VERIFIED. A checkpoint found wrong loses the mark.
absl::StatusOr<Verified> Verify(const std::string& folder, const std::string& build, TimePoint now,
                                const Progress& progress = {});

// The mark of this very manifest, nullopt where there is none. kNotFound, kDataLoss as ReadManifest.
absl::StatusOr<std::optional<VerifiedMark>> MarkOf(const std::string& folder);
absl::Status Mark(const std::string& folder, const std::string& build, TimePoint now);

}  // namespace fundcore::checkpoint
