// `fundcore fetch-checkpoint`: the state of a process that joins, from one that serves.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace fundcore {

struct FetchOptions {
  std::string from;             // host:port of the peer
  std::string name = "latest";  // or a checkpoint's name
  std::string data = "data";
  std::vector<std::string> roles;                // as given to serve; empty: all
  std::string tls_certificate, tls_key, tls_ca;  // all or none
  bool json = false;
};

// Fills DATA/state from a checkpoint of the peer: into DATA/state.fetching first, each file compared with the manifest,
// the entries with the state hashes where nobody has verified the checkpoint yet, then renamed. Broken off, the same
// call goes on. kFailedPrecondition where there is a state already, where the checkpoint is of another log than
// DATA/log, or naming the service that it lacks; kDataLoss where what arrived is damaged. Nothing is there to start
// from then.
absl::Status FetchCheckpoint(const FetchOptions& options);

}  // namespace fundcore
