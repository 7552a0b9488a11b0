// See directory_service.h.
#include "common/cluster/directory_service.h"

#include <utility>

namespace fundcore::cluster {

void AddDirectoryService(rpc::Handlers* handlers, const Directory* directory, Layout layout) {
  handlers->Unary<v1::DirectoryRequest, v1::DirectoryResponse>(
      kDirectoryMethod, [directory, layout = std::move(layout)](const rpc::Call&, const v1::DirectoryRequest&,
                                                                v1::DirectoryResponse* response, rpc::Reply reply) {
        directory->Fill(response);
        for (const auto& [service, count] : layout.services()) {
          v1::ServiceSize* size = response->add_layout();
          size->set_service(std::string(ServiceName(service)));
          size->set_partitions(count);
        }
        reply(absl::OkStatus());
      });
}

Layout LayoutOf(const v1::DirectoryResponse& response) {
  std::vector<std::pair<ServiceId, uint16_t>> services;
  for (const v1::ServiceSize& size : response.layout()) {
    const auto service = ServiceOf(size.service());
    if (service && size.partitions() >= 1 && size.partitions() <= kMaxPartitions) {
      services.emplace_back(*service, static_cast<uint16_t>(size.partitions()));
    }
  }
  return Layout(std::move(services));
}

}  // namespace fundcore::cluster
