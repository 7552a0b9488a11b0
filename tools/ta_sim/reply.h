// Answers for a partner who has nothing but files: a flat folder of 01 and 03 files in, a flat folder of answers out.
//
//   ReplyOptions options{.in = "to-ta", .out = "from-ta"};
//   FC_ASSIGN_OR_RETURN(ReplyReport report, Reply(options));
//   for (const std::string& note : report.notes) …      // what was taken for granted, to be said aloud
//
// Files are known by their heads, not by their names or an index: every data file of type 01 or 03 counts, of any
// version, sender and receiver; the receiver of a file is the transfer agent that answers it, in the file's version.
// Several pairs of sender and agent may lie in one folder. What is no such file is passed over and noted.
//
// Without a configuration every fund that an order names exists, at a NAV of 1.0000 on every day and without fees; a
// fund that is only subscribed (020) is in its offer, which succeeds on the day of the answer. Investors and holdings
// that nobody registered here are taken for granted, unless the configuration says unknown = "refuse".
//
// A call handles files of any number of days and answers each day on which something is due, in order, or `date` alone.
// The register of a pair is kept under `state`, or forgotten. Calling again writes nothing new: same files, same bytes.
// One thread; calls block. The input folder is never written to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/ta_sim/ta_sim.h"

namespace fundcore::ta_sim {

struct ReplyOptions {
  std::string in;     // a folder, or one file
  std::string out;    // made where it is missing
  std::string state;  // empty: the register is forgotten when the call ends
  std::optional<TaConfig> config;
  Date date;  // not set: every day on which something is due
  std::vector<Fault> faults;
};

struct ReplyReport {
  struct Answer {
    TaCode ta;
    DistributorCode distributor;
    AnswerReport report;  // files without folders
  };
  std::vector<Answer> answers;
  std::vector<std::string> notes;
};

// kNotFound where there is no 01 or 03 file; kInvalidArgument where a file is wrong (located), two files claim one
// identity, or a pair's files are of several versions; errors of TaSim and of the disk.
absl::StatusOr<ReplyReport> Reply(const ReplyOptions& options);

// One JSON object.
std::string ToJson(const ReplyReport& report);

}  // namespace fundcore::ta_sim
