// The gRPC face of clearing: where each business day stands, what does not add up, and the two people who decide about
// it.
//
//   clearing::ClearingServiceImpl service(deps);     // deps.exchange, deps.peers and deps.clearing_partitions are
//   needed service.Register(&handlers);
//   ... host()->Recover(), the log starts, host()->WhenServing(...) ...
//   service.Start();                                  // product facts and the worker
//
// Handlers run on any thread and post to the partition's executor.
#pragma once

#include "common/machine/service.h"
#include "common/product/feed.h"
#include "fundcore/clearing/v1/clearing.pb.h"
#include "services/clearing/machine.h"
#include "services/clearing/worker.h"

namespace fundcore::clearing {

class ClearingServiceImpl final : public Service {
 public:
  explicit ClearingServiceImpl(const ServiceDeps& deps);
  machine::HostBase* host() override { return &host_; }
  void Register(rpc::Handlers* handlers) override;
  void Start() override;

 private:
  using Partition = machine::Partition<ClearingMachine>;
  // Runs `read(partition)` for the institution's partition, or for each one that the call asks for where `ta` is empty, and
  // replies when all have run; the first error counts. Each run has its own `Part`, which `merge` then joins, partition by partition.
  template <class Part, class Read, class Merge>
  void Gather(const rpc::Call& call, const std::string& ta, rpc::Reply reply, Read read, Merge merge);
  // Runs a command on the break's partition and answers with the break.
  template <class C>
  void OnBreak(uint64_t break_id, C command, v1::Break* response, rpc::Reply reply);

  void DayStatus(const rpc::Call& call, const v1::DayStatusRequest& q, v1::DayStatusResponse* r, rpc::Reply reply);
  void ListBreaks(const rpc::Call& call, const v1::ListBreaksRequest& q, v1::ListBreaksResponse* r, rpc::Reply reply);
  void ListFiles(const rpc::Call& call, const v1::ListFilesRequest& q, v1::ListFilesResponse* r, rpc::Reply reply);
  void Reconciliation(const rpc::Call& call, const v1::ReconciliationRequest& q, v1::ReconciliationResponse* r,
                      rpc::Reply reply);
  // interest_api.cc
  void RecordInterest(const rpc::Call& call, const v1::RecordInterestRequest& q, v1::InterestRun* r, rpc::Reply reply);
  void ListInterest(const v1::ListInterestRequest& q, v1::ListInterestResponse* r, rpc::Reply reply);
  // in_kind.cc
  void ListInKind(const v1::ListInKindRequest& q, v1::ListInKindResponse* r, rpc::Reply reply);
  void Nudge(const rpc::Call& call, v1::NudgeResponse* r, rpc::Reply reply);
  v1::BusinessDay View(Partition& p, const DayKey& key);
  // The days of an institution that are not closed, and the last closed one.
  std::vector<DayKey> Days(Partition& p, const TaCode& ta);
  std::vector<TaCode> Institutions(Partition& p, const std::string& ta);

  const ServiceDeps deps_;
  machine::Host<ClearingMachine> host_;
  FactFeed<ClearingMachine> feed_;
  ClearingWorker worker_;
};

}  // namespace fundcore::clearing
