// The worker of clearing: for every institution a chain of work, as its days' states ask for it.
//
//   ClearingWorker worker(&host, deps);
//   worker.Start();                     // once the host is serving
//
// Looks at its institutions after every round in which commands were executed, four times a second of machine time, and
// at the business times that matter (cut-off, export deadline, pay dates). It holds files in memory and words for
// people, and nothing else that the state does not hold: a crash at any point repeats the step at hand, which changes
// nothing that was done.
//
// Start: any thread. Everything else: the executor of the partition concerned.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/machine/service.h"
#include "services/clearing/interest_worker.h"
#include "services/clearing/machine.h"

namespace fundcore::clearing {

class InstitutionWorker;

class ClearingWorker {
 public:
  ClearingWorker(machine::Host<ClearingMachine>* host, const ServiceDeps& deps);
  ~ClearingWorker();
  ClearingWorker(const ClearingWorker&) = delete;

  void Start();
  // Looks now at all institutions of the shard.
  void Look(machine::Shard* shard);
  // What a day waits for, in plain words; "" where it runs.
  std::string WaitingFor(PartitionId partition, const DayKey& day);

 private:
  void Poll(machine::Shard* shard);
  InstitutionWorker& Of(PartitionId partition, const TaCode& ta);

  machine::Host<ClearingMachine>* host_;
  const ServiceDeps deps_;
  InterestWorker interest_;
  // One map a partition, used only on its executor.
  std::vector<std::map<TaCode, std::unique_ptr<InstitutionWorker>>> institutions_;
};

}  // namespace fundcore::clearing
