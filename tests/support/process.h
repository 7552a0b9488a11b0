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
  std::vector<std::string> environment;  // further variables, NAME=value
  std::string errors;                    // file that its stderr is appended to; empty: this process's stderr
};

class ServerProcess {
 public:
  explicit ServerProcess(ServerProcessOptions options) : options_(std::move(options)) {}
  ~ServerProcess() { Kill(); }
  ServerProcess(const ServerProcess&) = delete;

  // Starts it and waits for its line "serving on …". The port stays the same over restarts.
  absl::Status Start();
  // The two halves of Start, for tests that do something to it while it starts. After AwaitServing failed it has ended.
  void Begin();
  absl::Status AwaitServing();
  void Kill();
  int Stop();
  // Waits until it has ended by itself; false where it still runs after `patience`. At once with 0.
  bool AwaitEnd(Duration patience);
  // For the next start. Fails the test where there is no such flag.
  void ReplaceFlag(const std::string& flag, const std::string& by);
  bool running() const { return pid_ >= 0; }
  // How it ended the last time, as of waitpid.
  int wait_status() const { return wait_status_; }
  const std::string& address() const { return address_; }
  pid_t pid() const { return pid_; }
  // Machine time from the start of the process to "serving on", of the last Start.
  Duration start_took() const { return start_took_; }

 private:
  ServerProcessOptions options_;
  std::string address_;
  void Reap();

  pid_t pid_ = -1;
  int output_ = -1;  // its stdout, until it serves
  int64_t began_us_ = 0;
  int wait_status_ = 0;
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
