// The gRPC face of risk.
//
//   risk::RiskService service(deps);              // or RiskService(deps, limits)
//   service.Register(&handlers);
//   ...                                           // recover the host, start the log
//   service.Start();                              // once the host serves: limits and product facts begin to arrive
//
// Handlers run on any thread. A batch of decisions is sorted by partition once, posted once to each executor that has some
// of it, and becomes one command a partition.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "common/machine/service.h"
#include "common/product/feed.h"
#include "fundcore/risk/v1/risk.pb.h"
#include "services/risk/machine.h"

namespace fundcore::risk {

class RiskService final : public Service {
 public:
  // `limits` take effect by a logged command when they differ from those in force.
  explicit RiskService(const ServiceDeps& deps, const RiskLimits& limits = {});
  machine::HostBase* host() override { return &host_; }
  void Register(rpc::Handlers* handlers) override;
  void Start() override;

 private:
  using Partition = machine::Partition<RiskMachine>;
  struct Batch;
  // What an executor keeps for the batches that pass over it. Touched on that executor only.
  struct Lane {
    Decide command;          // room, so that no batch allocates its items
    size_t items_waiting = 0;
  };

  void OnDecide(const v1::DecideRequest& request, v1::DecideResponse* response, rpc::Reply reply);
  // Sorts the items by partition. Errors: a shape that no order can have.
  absl::Status Sort(const v1::DecideRequest& request, Batch* batch) const;
  // On the executor of `lane`: submits its partitions' share of the batch.
  void SubmitShare(Batch* batch, size_t lane);
  void Adopt(PartitionId partition);
  void SubmitPart(Batch* batch, Lane* lane, PartitionId partition, uint32_t begin, uint32_t end);

  void OnAssess(const rpc::Call& call, const v1::AssessRequest& request, v1::AssessResponse* response, rpc::Reply reply);
  void OnSetWatch(const rpc::Call& call, const v1::SetWatchRequest& request, rpc::Reply reply);
  void OnGetProfile(const v1::GetProfileRequest& request, v1::GetProfileResponse* response, rpc::Reply reply);
  // suitability_api.cc
  void RegisterSuitability(rpc::Handlers* handlers);
  void OnPutPolicy(const v1::PutPolicyRequest& q, v1::PutPolicyResponse* r, rpc::Reply reply);
  void OnGetEvidence(const v1::GetEvidenceRequest& q, v1::GetEvidenceResponse* r, rpc::Reply reply);
  template <class C, class F>
  void ForInvestor(InvestorId investor, C command, rpc::Reply reply, F fill);
  void OnGetDecision(const v1::GetDecisionRequest& request, v1::GetDecisionResponse* response, rpc::Reply reply);

  static absl::Status Bad(std::string_view field, std::string_view value, std::string_view rule);
  static absl::Status NotServing();
  static absl::Status Refusal(Reason reason);
  static absl::Status CheckOperator(const rpc::Call& call);
  absl::Status CheckInvestor(uint64_t investor) const;
  absl::Status CheckOrder(uint64_t order) const;
  // UNAVAILABLE or TryAgainLater where the partition takes no commands now. On its executor.
  absl::Status Admit(Partition& partition);

  machine::Host<RiskMachine> host_;
  FactFeed<RiskMachine> feed_;
  const RiskLimits limits_;
  std::atomic<bool> started_{false};
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace fundcore::risk
