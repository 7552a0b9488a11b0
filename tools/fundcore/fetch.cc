// See fetch.h.
#include "tools/fundcore/fetch.h"

#include <cstdio>
#include <optional>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/checkpoint/data_folder.h"
#include "common/checkpoint/disk.h"
#include "common/checkpoint/peer.h"

namespace fundcore {
namespace {

// What the store of a process with these roles must hold: the clock, which every process has, and a service a role.
absl::StatusOr<std::vector<ServiceId>> ServicesOf(const std::vector<std::string>& roles) {
  static constexpr std::pair<std::string_view, ServiceId> kRoles[] = {
      {"trade", ServiceId::kTrade}, {"account", ServiceId::kAccount},   {"product", ServiceId::kProduct},
      {"risk", ServiceId::kRisk},   {"clearing", ServiceId::kClearing}, {"bank", ServiceId::kSimBank},
  };
  std::vector<ServiceId> out{ServiceId::kSystem};
  for (const auto& [word, service] : kRoles)
    if (roles.empty()) out.push_back(service);
  for (const std::string& role : roles) {
    std::optional<ServiceId> found;
    for (const auto& [word, service] : kRoles)
      if (word == role) found = service;
    if (!found) {
      return absl::InvalidArgumentError(
          StrCat("--roles: \"", role, "\" is not trade, account, product, risk, clearing or bank"));
    }
    out.push_back(*found);
  }
  return out;
}

}  // namespace

absl::Status FetchCheckpoint(const FetchOptions& o) {
  FC_ASSIGN_OR_RETURN(const std::vector<ServiceId> services, ServicesOf(o.roles));
  rpc::ChannelOptions channel_options;
  const int given = !o.tls_certificate.empty() + !o.tls_key.empty() + !o.tls_ca.empty();
  if (given != 0 && given != 3) {
    return absl::InvalidArgumentError("--tls-certificate, --tls-key and --tls-ca belong together; give all or none");
  }
  if (given == 3) channel_options.tls = rpc::TlsFiles{o.tls_certificate, o.tls_key, o.tls_ca};
  FC_ASSIGN_OR_RETURN(auto channel, rpc::Connect(o.from, channel_options));
  FC_ASSIGN_OR_RETURN(auto source, checkpoint::PeerSource::Open(channel, o.name, services, "operator"));
  FC_RETURN_IF_ERROR(checkpoint::MakeFolders(o.data));
  FC_ASSIGN_OR_RETURN(const checkpoint::Transfer t, checkpoint::Join(*source, o.data, {.services = services}));
  const auto number = [](uint64_t n) { return static_cast<unsigned long long>(n); };
  if (o.json) {
    std::printf(
        "{\"checkpoint\":\"%s\",\"files\":%llu,\"files_there_already\":%llu,\"bytes\":%llu,\"partitions\":%zu}\n",
        t.manifest.name.c_str(), number(t.files_moved), number(t.files_there), number(t.bytes_moved),
        t.manifest.partitions.size());
  } else {
    std::printf(
        "fetched checkpoint %s of %s: %llu files, %llu bytes (%llu files were there already); %s/state holds %zu "
        "partitions\n",
        t.manifest.name.c_str(), o.from.c_str(), number(t.files_moved), number(t.bytes_moved), number(t.files_there),
        o.data.c_str(), t.manifest.partitions.size());
  }
  return absl::OkStatus();
}

}  // namespace fundcore
