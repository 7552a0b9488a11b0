// The gRPC face of product.
//
//   product::ProductService service(deps);
//   service.Register(&handlers);
//
// Handlers run on any thread and post to the one partition's executor. The built-in calendars are loaded at first start.
#pragma once

#include <atomic>

#include "common/machine/service.h"
#include "fundcore/product/v1/product.pb.h"
#include "services/product/machine.h"

namespace fundcore::product {

class ProductService final : public Service {
 public:
  explicit ProductService(const ServiceDeps& deps);
  machine::HostBase* host() override { return &host_; }
  void Register(rpc::Handlers* handlers) override;
  void Start() override;

 private:
  // Submits on the partition's executor and answers with the fact's number, or the refusal.
  template <class C, class Response>
  void Put(C command, Response* response, rpc::Reply reply);
  // Submits and answers what `fill` makes of the result.
  template <class C, class F>
  void Answer(C command, rpc::Reply reply, F fill);
  void RegisterQuota(rpc::Handlers* handlers);
  // four_eyes_api.cc
  void RegisterFourEyes(rpc::Handlers* handlers);
  void Propose(ProposeChange command, v1::ProposeResponse* response, rpc::Reply reply);
  void RegisterCampaigns(rpc::Handlers* handlers);  // campaigns_api.cc
  void PutTheCampaign(PutCampaign command, v1::PutResponse* response, rpc::Reply reply);
  void PutBuiltIn();
  void GiveFacts(uint64_t after, uint32_t limit, void* response, rpc::Reply reply);

  machine::Host<ProductMachine> host_;
  const Duration lead_;
  std::atomic<bool> started_{false};
};

void ToProto(const CampaignTerms& t, v1::Campaign* m);

}  // namespace fundcore::product
