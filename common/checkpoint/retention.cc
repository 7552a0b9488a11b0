// See retention.h.
#include "common/checkpoint/retention.h"

#include <algorithm>
#include <set>

#include "common/base/check.h"

namespace fundcore::checkpoint {

absl::StatusOr<std::vector<TrimPoint>> TrimPoints(std::span<const Manifest> verified,
                                                  std::span<const LogPartition> partitions, int keep) {
  if (keep < 1) return absl::InvalidArgumentError(StrCat("at least 1 verified checkpoint must be kept, not ", keep));
  std::vector<const Manifest*> newest_first;
  std::set<std::string> seen;  // the same checkpoint from two places counts once
  for (const Manifest& m : verified) {
    if (m.log_id != verified[0].log_id) {
      return absl::FailedPreconditionError(StrCat("checkpoint ", verified[0].name, " is of log ", verified[0].log_id,
                                                  ", checkpoint ", m.name, " of log ", m.log_id,
                                                  "; give those of one log"));
    }
    if (seen.insert(Print(m)).second) newest_first.push_back(&m);
  }
  std::stable_sort(newest_first.begin(), newest_first.end(),
                   [](const Manifest* a, const Manifest* b) { return a->made > b->made; });
  std::vector<TrimPoint> out;
  for (const LogPartition& p : partitions) {
    int found = 0;
    LogOffset least = 0;
    for (const Manifest* m : newest_first) {
      const PartitionMark* mark = m->Find(p);
      if (!mark) continue;
      least = found == 0 ? mark->next : std::min(least, mark->next);
      if (++found == keep) break;
    }
    if (found < keep) {
      return absl::FailedPreconditionError(
          StrCat(NameOf(p), " is in ", found, " verified checkpoint", found == 1 ? "" : "s", ", ", keep,
                 " must hold it before its log may be trimmed; make and verify more (fundctl "
                 "checkpoint create, verify). Nothing was trimmed"));
    }
    out.emplace_back(p, least);
  }
  return out;
}

}  // namespace fundcore::checkpoint
