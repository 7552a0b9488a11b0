// Deployment: fundcore as several processes over one Kafka, each a real `fundcore serve` with some of the roles, on loopback.
//
//   Deployment deployment({.brokers = kafka->bootstrap(), .folder = folder.path()});
//   FC_RETURN_IF_ERROR(deployment.Start());              // topics made, every process ready
//   testing::AsyncClient client(deployment.addresses());  // any of them answers for all
//   deployment.process(2).Kill();                          // and Start() again goes on with its data
//
// Processes end with the object, and with the test. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/time/time.h"
#include "tests/support/process.h"

namespace fundcore::testing {

struct DeploymentOptions {
  std::string brokers;
  std::string prefix = "fundcore";
  std::string folder;                // each process has a folder of its own in it; the exchange is shared
  std::vector<std::string> roles = {"product", "account,bank", "risk", "trade", "clearing"};
  int copies = 1;                    // processes with the same roles: one more than 1 is a standby
  int replicas = 1;                  // of the topics; 1 is made with the switch for tests
  int partitions = 4;
  int clearing_partitions = 2;
  std::string clock_start = "2025-03-03 10:00";  // of the steered clock; empty: the real one
  Duration session = Duration::Millis(1500);     // of the groups that share partitions out
  std::vector<std::string> flags;    // further ones of every process
  // Where a process finds the brokers, if not at `brokers`: for proxies in between. By index of the process.
  std::vector<std::string> brokers_of;
};

class Deployment {
 public:
  explicit Deployment(DeploymentOptions options);

  // Makes the topics where they are missing and starts what does not run.
  absl::Status Start();
  absl::Status MakeTopics();
  // Every process has ended with 0 after SIGTERM; else the text says which did not.
  std::string Stop();
  // SIGKILL of all.
  void Kill();

  size_t size() const { return processes_.size(); }
  ServerProcess& process(size_t i) { return *processes_[i]; }
  const std::string& roles(size_t i) const { return roles_[i]; }
  // The processes with this role.
  std::vector<size_t> Having(const std::string& role) const;
  // Of all processes, with commas.
  std::string addresses() const;
  std::string exchange() const { return options_.folder + "/exchange"; }
  // The end of what the process wrote to stderr.
  std::string LastWords(size_t i) const;
  const DeploymentOptions& options() const { return options_; }

 private:
  std::string FolderOf(size_t i) const;

  const DeploymentOptions options_;
  std::vector<std::string> roles_;
  std::vector<std::unique_ptr<ServerProcess>> processes_;
};

// Runs a program beside this one and waits for it; its output is added to `output`. Its exit code.
int RunBeside(const std::string& program, const std::vector<std::string>& arguments, std::string* output = nullptr);

}  // namespace fundcore::testing
