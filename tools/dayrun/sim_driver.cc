// The driver's verbs in terms of a simulated world.
#include "tools/dayrun/sim_driver.h"

#include "common/base/status.h"

namespace fundcore::dayrun {
namespace {

// How long the world runs on after each act, so that what follows by itself has happened: a few polls of the feeds.
constexpr Duration kSettle = Duration::Seconds(1);
constexpr Duration kSlice = Duration::Millis(250);

}  // namespace

absl::Status SimDriver::Begin(TimePoint start) {
  options_.start = start;
  system_ = std::make_unique<SimSystem>(options_);
  FC_RETURN_IF_ERROR(system_->Start());
  system_->world().RunUntilIdle(kSettle);
  return absl::OkStatus();
}

absl::Status SimDriver::AdvanceTo(TimePoint when) {
  system_->world().AdvanceTo(when, kSettle);
  return absl::OkStatus();
}

absl::Status SimDriver::Call(std::string_view method, const google::protobuf::Message& request,
                             google::protobuf::Message* response, std::string_view caller) {
  return system_->Call(method, request, response, caller);
}

absl::StatusOr<bool> SimDriver::Wait(absl::FunctionRef<absl::StatusOr<bool>()> done, Duration patience) {
  // Asking moves machine time on, too; only what is waited between the questions is counted.
  for (int64_t waited = 0;; waited += kSlice.raw()) {
    FC_ASSIGN_OR_RETURN(bool yes, done());
    if (yes) return true;
    if (waited >= patience.raw()) return false;
    system_->world().RunUntilIdle(kSlice);
  }
}

absl::Status SimDriver::Restart() {
  FC_RETURN_IF_ERROR(system_->Restart());
  system_->world().RunUntilIdle(kSettle);
  return absl::OkStatus();
}

}  // namespace fundcore::dayrun
