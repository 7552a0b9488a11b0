// ServerProcess: a real `fundcore serve` as a child, for tests and benchmarks that kill it for real.
//
//   ServerProcess server({.program = path, .data = folder});
//   FC_CHECK(server.Start().ok(), "…");        // returns when it serves
//   server.address();
//   server.Kill();                              // SIGKILL, as a power cut would; Start again goes on with the data
//   server.Stop();                              // SIGTERM, graceful; returns its exit code
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/time/time.h"

namespace fundcore::testing {

struct ServerProcessOptions {
  std::string program;                  // the fundcore binary
  std::string data;                     // its data folder
  std::vector<std::string> flags;       // further ones
  Duration patience = Duration::Seconds(60);  // until it serves
};

class ServerProcess {
 public:
  explicit ServerProcess(ServerProcessOptions options) : options_(std::move(options)) {}
  ~ServerProcess() { Kill(); }
  ServerProcess(const ServerProcess&) = delete;

  // Starts it and waits for its line "serving on …". The port stays the same over restarts.
  absl::Status Start();
  void Kill();
  int Stop();
  const std::string& address() const { return address_; }
  pid_t pid() const { return pid_; }
  // Machine time from the start of the process to "serving on", of the last Start.
  Duration start_took() const { return start_took_; }

 private:
  ServerProcessOptions options_;
  std::string address_;
  pid_t pid_ = -1;
  Duration start_took_;
};

// The program of that name beside the running one: build/<preset>/NAME.
std::string ProgramBeside(const std::string& name);
// A new empty folder below $TMPDIR, removed by the destructor.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace fundcore::testing
