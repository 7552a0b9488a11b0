// Executor: the one way in which core code gets to run, later, and knows what time it is.
//
// A partition belongs to one executor; all its code runs there, one task after the other, so it owns its data without
// locks. Production executors are threads (common/runtime/threads.h); in a simulation all executors are one queue in
// virtual time (common/runtime/simulated.h), where the same seed gives the same order of everything.
//
// A *round* is one turn of the loop: all tasks that were waiting when it began. What is worth doing once for many tasks
// (append to the log, send to a peer, write back) registers itself with AtRoundEnd.
#pragma once

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "common/time/time.h"

namespace fundcore {

using Task = absl::AnyInvocable<void()>;

class Executor {
 public:
  virtual ~Executor() = default;

  // The business clock: real or steered. Never goes back. Any thread.
  virtual TimePoint Now() const = 0;

  // Machine time since a moment that stays the same while the process lives: for leases and measurements, never for
  // business. It goes on while the process is stopped. Any thread.
  virtual Duration MachineNow() const = 0;

  // Runs the task on this executor, in the order of posting from one thread. Any thread.
  virtual void Post(Task task) = 0;

  // Runs the task once the business clock has reached `when`. Any thread. Lost with the process: what must not be
  // forgotten is in a machine's state.
  virtual void PostAt(TimePoint when, Task task) = 0;

  // Runs the task after `delay` of machine time, whatever the business clock does (retries, back-off, polling).
  virtual void PostAfter(Duration delay, Task task) = 0;

  // Runs the task at the end of the present round. Only from this executor's own tasks.
  virtual void AtRoundEnd(Task task) = 0;

  // Jitter and sampling; seeded in a simulation. Only from this executor's own tasks. Never used by a machine.
  virtual uint64_t Random() = 0;
};

}  // namespace fundcore
