// Driver: the system that a script is run against, in memory or in a process of its own. A script and its runner do not
// know which.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/files/files.h"
#include "common/time/time.h"

namespace google::protobuf {
class Message;
}

namespace fundcore::ta_sim {
class TaStore;
}

namespace fundcore::dayrun {

//   driver->Begin(script.start);                                // up and serving
//   driver->AdvanceTo(ten_o_clock);
//   driver->Call("fundcore.trade.v1.TradeService/SubmitOrder", request, &response, "investor-app");
//
// Blocking; one thread. Errors of Begin, Restart, AdvanceTo and Wait mean that the system cannot be driven
// (kUnavailable); those of Call are the system's answers.
class Driver {
 public:
  virtual ~Driver() = default;

  // Starts the system at this business time, or joins the one that is there, which may be further on.
  virtual absl::Status Begin(TimePoint start) = 0;
  virtual TimePoint Now() = 0;
  // Moves business time ahead and lets what is due happen. A time that has passed changes nothing.
  virtual absl::Status AdvanceTo(TimePoint when) = 0;

  // One unary call, waiting up to ten seconds of machine time for its answer.
  virtual absl::Status Call(std::string_view method, const google::protobuf::Message& request,
                            google::protobuf::Message* response, std::string_view caller) = 0;

  // Lets the system run until `done` returns true or an error, for at most `patience` of machine time. False: it never
  // did.
  virtual absl::StatusOr<bool> Wait(absl::FunctionRef<absl::StatusOr<bool>()> done, Duration patience) = 0;

  // Lets what was begun come to its end everywhere: where several processes share the work, one hears later than another
  // of what was done. OK at once where one process does it all; kUnavailable where it never comes to rest.
  virtual absl::Status Settle() { return absl::OkStatus(); }

  // The system dies as if the power had failed, and comes up again on what is left.
  virtual absl::Status Restart() = 0;
  // Takes a service from its siblings, or gives it back. kUnimplemented outside the simulated world.
  virtual absl::Status SetDown(std::string_view service, bool down) = 0;

  // Settlement files, as the institutions see them.
  virtual Files* exchange() = 0;
  // Where the stand-in institution `ta` keeps its register; the same object at every call.
  virtual absl::StatusOr<ta_sim::TaStore*> TaStoreOf(std::string_view ta) = 0;

  // A digest over the state of every partition, as it stands now.
  virtual absl::StatusOr<std::string> StateHash() = 0;
  // Plays the whole log from nothing and compares: kDataLoss names what differs. OK where the driver cannot do it.
  virtual absl::Status CheckReplay() = 0;
};

}  // namespace fundcore::dayrun
