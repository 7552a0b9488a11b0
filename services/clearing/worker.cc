// Polling, and one InstitutionWorker an institution.
#include "services/clearing/worker.h"

#include "services/clearing/institution.h"

namespace fundcore::clearing {

ClearingWorker::ClearingWorker(machine::Host<ClearingMachine>* host, const ServiceDeps& deps)
    : host_(host), deps_(deps), interest_(host, &deps_), institutions_(deps.clearing_partitions) {
  host->OnServing([this](PartitionId p, bool serving) {
    if (serving) return;
    if (p == kInterestPartition) interest_.Abandon();
    for (auto& [ta, worker] : institutions_[p.raw()]) worker->Abandon();
  });
}

ClearingWorker::~ClearingWorker() = default;

void ClearingWorker::Start() {
  for (auto& shard : host_->shards()) {
    machine::Shard* s = shard.get();
    s->executor()->Post([this, s] {
      s->OnExecuted([this, s] { Look(s); });
      Poll(s);
    });
  }
}

void ClearingWorker::Poll(machine::Shard* shard) {
  Look(shard);
  shard->executor()->PostAfter(Duration::Millis(250), [this, shard] { Poll(shard); });
}

InstitutionWorker& ClearingWorker::Of(PartitionId partition, const TaCode& ta) {
  auto& one = institutions_[partition.raw()][ta];
  if (!one) one = std::make_unique<InstitutionWorker>(host_, &deps_, partition, ta);
  return *one;
}

void ClearingWorker::Look(machine::Shard* shard) {
  for (auto& base : shard->partitions()) {
    if (!base->serving()) continue;
    const PartitionId p = base->id().partition;
    if (p == kInterestPartition) interest_.Look();
    std::vector<TaCode> mine;
    host_->At(p).machine().products().ForEachInstitution([&](const InstitutionTerms& t) {
      if (HashPartition(t.ta.view(), deps_.clearing_partitions) == p) mine.push_back(t.ta);
    });
    for (const TaCode& ta : mine) Of(p, ta).Look();
  }
}

std::string ClearingWorker::WaitingFor(PartitionId partition, const DayKey& day) {
  const uint32_t breaks = host_->At(partition).machine().Blocking(day);
  if (breaks > 0) return Breaks(breaks);
  auto& mine = institutions_[partition.raw()];
  auto it = mine.find(day.ta);
  return it == mine.end() ? std::string() : it->second->WaitingFor(day.day);
}

}  // namespace fundcore::clearing
