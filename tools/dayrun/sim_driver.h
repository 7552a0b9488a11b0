// SimDriver: scripts against a system in memory, in virtual time.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "tools/dayrun/driver.h"
#include "tools/dayrun/sim_system.h"
#include "tools/ta_sim/register.h"

namespace fundcore::dayrun {

//   SimDriver driver({.seed = 1});
//   Runner(script, &driver, {}).Run();
//
// The system lives from Begin until the driver goes. One thread.
class SimDriver final : public Driver {
 public:
  // `options.start` is replaced by Begin.
  explicit SimDriver(SimOptions options) : options_(options) {}

  absl::Status Begin(TimePoint start) override;
  TimePoint Now() override { return system_->world().Now(); }
  absl::Status AdvanceTo(TimePoint when) override;
  absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                    google::protobuf::Message* response, std::string_view caller) override;
  absl::StatusOr<bool> Wait(absl::FunctionRef<absl::StatusOr<bool>()> done, Duration patience) override;
  absl::Status Restart() override;
  absl::Status SetDown(std::string_view service, bool down) override { return system_->SetDown(service, down); }
  Files* exchange() override { return &system_->files(); }
  absl::StatusOr<ta_sim::TaStore*> TaStoreOf(std::string_view ta) override { return &stores_[std::string(ta)]; }
  absl::StatusOr<std::string> StateHash() override { return system_->StateHash(); }
  absl::Status CheckReplay() override { return system_->CheckReplay(); }

  SimSystem* system() { return system_.get(); }

 private:
  SimOptions options_;
  std::unique_ptr<SimSystem> system_;
  std::map<std::string, ta_sim::MemoryTaStore> stores_;
};

}  // namespace fundcore::dayrun
