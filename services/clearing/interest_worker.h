// Works runs of interest on settlement money off, oldest first. See interest.h.
//
//   InterestWorker worker(&host, &deps);   worker.Look();      // after every round of commands, and now and then
//
// Everything on the executor of kInterestPartition. It keeps nothing that the state does not hold: a crash repeats
// the step at hand.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "common/machine/service.h"
#include "services/clearing/machine.h"

namespace fundcore::account::v1 {
class RankInterestResponse;
}

namespace fundcore::clearing {

class InterestWorker {
 public:
  InterestWorker(machine::Host<ClearingMachine>* host, const ServiceDeps* deps) : host_(host), deps_(deps) {}
  InterestWorker(const InterestWorker&) = delete;

  // Takes the oldest open run on, where none is under way.
  void Look();
  // The partition is not ours any more.
  void Abandon();

 private:
  struct Run;
  using Ranked = std::function<void(const account::v1::RankInterestResponse&)>;

  template <class Resp, class F>
  void Call(std::string_view method, const google::protobuf::Message& request, F ok);
  void Retry();
  void Weigh(std::shared_ptr<Run> run);
  // Looks for the largest remainder that enough investors reach, a few dozen guesses a call.
  void Narrow(std::shared_ptr<Run> run);
  void Ask(const Run& run, const std::vector<__int128>& at_least, Ranked then);
  void Spread(std::shared_ptr<Run> run, const account::v1::RankInterestResponse& at_threshold);
  void End(uint64_t run, Money paid, uint64_t investors);

  machine::Host<ClearingMachine>* const host_;
  const ServiceDeps* const deps_;
  bool busy_ = false;
  bool held_ = false;
  uint64_t chain_ = 0;  // callbacks of earlier ones do nothing
  int failures_ = 0;
};

}  // namespace fundcore::clearing
