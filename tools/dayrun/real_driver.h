// RealDriver: scripts against a served fundcore, over gRPC, with settlement files on disk.
//
//   RealDriver driver({.program = "build/release/fundcore", .folder = "/tmp/day"});      // a server of its own
//   RealDriver driver({.address = "127.0.0.1:7400", .exchange = "x", .ta_state = "t"});   // one that runs already
//
// The server follows a steered clock: time moves by AdminService/AdvanceClock alone. Waiting is asking again until a
// deadline. Life cycle: a server that was started here ends with the object. One thread.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>

#include "common/files/disk.h"
#include "common/rpc/channels.h"
#include "tools/dayrun/driver.h"
#include "tools/ta_sim/register.h"

namespace fundcore::dayrun {

struct RealOptions {
  std::string program;   // fundcore, to be started; empty: attach to `address`
  std::string folder;    // of its data; created where missing
  std::string address;   // host:port of a running server
  std::string exchange;  // folder of the settlement files; empty: `folder`/exchange
  std::string ta_state;  // folder of the institutions' registers; empty: `folder`/ta
};

class RealDriver final : public Driver {
 public:
  explicit RealDriver(RealOptions options);
  ~RealDriver() override;

  // kUnavailable: the server cannot be started or reached. kFailedPrecondition: its clock is not steered.
  absl::Status Begin(TimePoint start) override;
  TimePoint Now() override { return now_; }
  absl::Status AdvanceTo(TimePoint when) override;
  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message* response, std::string_view caller) override;
  absl::StatusOr<bool> Wait(absl::FunctionRef<absl::StatusOr<bool>()> done, Duration patience) override;
  // At rest is a deployment of several processes when for a while no partition of any service took a record.
  absl::Status Settle() override;
  // SIGKILL and a new start. kUnimplemented where the server is not ours.
  absl::Status Restart() override;
  absl::Status SetDown(std::string_view service, bool down) override;
  Files* exchange() override { return files_.get(); }
  absl::StatusOr<ta_sim::TaStore*> TaStoreOf(std::string_view ta) override;
  absl::StatusOr<std::string> StateHash() override;
  // The program's own `check-replay`, on the stopped server's data; the server is down afterwards. OK where it is not
  // ours.
  absl::Status CheckReplay() override;

 private:
  absl::Status Spawn(TimePoint start);
  // Waits until the server says that it serves, and learns what time it is there.
  absl::Status Join();
  // Returns the wait status, 0 where nothing ran.
  int Kill(int signal);

  RealOptions options_;
  std::string address_;
  std::shared_ptr<rpc::Channel> channel_;
  std::unique_ptr<DiskFiles> files_;
  std::map<std::string, std::unique_ptr<ta_sim::DiskTaStore>> stores_;
  TimePoint start_, now_;
  pid_t child_ = -1;
  bool several_processes_ = false;
};

}  // namespace fundcore::dayrun
