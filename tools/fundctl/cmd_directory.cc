// fundctl directory: which processes there are, and who owns which partition.
#include <map>
#include <set>

#include "common/base/check.h"
#include "common/config/parse.h"
#include "fundcore/cluster/v1/cluster.pb.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {
namespace {

namespace v1 = cluster::v1;

// "0-15 17 20-31".
std::string Ranges(const std::set<uint32_t>& numbers) {
  std::string text;
  for (auto it = numbers.begin(); it != numbers.end();) {
    const uint32_t first = *it;
    uint32_t last = first;
    while (++it != numbers.end() && *it == last + 1) last = *it;
    text += StrCat(text.empty() ? "" : " ", first);
    if (last > first) text += StrCat("-", last);
  }
  return text;
}

struct Owned {
  std::set<uint32_t> partitions;
  uint64_t epoch = 0;  // the highest
};

}  // namespace

Result ShowDirectory(Remote& remote) {
  FC_ASSIGN_OR_RETURN(auto directory, remote.Ask<v1::DirectoryResponse>("fundcore.admin.v1.AdminService/Directory",
                                                                        v1::DirectoryRequest()));
  std::map<std::string, std::map<std::string, Owned>> by_service;  // then by address
  std::map<std::string, std::set<uint32_t>> owned;
  std::map<std::string, uint64_t> owned_by;
  for (const auto& o : directory.owners()) {
    Owned& here = by_service[o.service()][o.address()];
    here.partitions.insert(o.partition());
    here.epoch = std::max<uint64_t>(here.epoch, o.epoch());
    owned[o.service()].insert(o.partition());
    ++owned_by[o.address()];
  }

  Answer a;
  Table& processes = a.AddTable("processes", {"address", "roles", "owns", "machine_versions", "now", "heard_ago"});
  for (const auto& p : directory.processes()) {
    std::string roles;
    for (const std::string& r : p.roles()) roles += StrCat(roles.empty() ? "" : " ", r);
    processes.Row({p.address(), roles, owned_by[p.address()], StrCat(p.machine_min(), "-", p.machine_max()),
                   TimePoint::FromRaw(p.now_us()), FormatDuration(Duration::Millis(p.heard_ago_us() / 1'000))});
  }
  Table& owners = a.AddTable("owners", {"service", "partitions", "address", "highest_epoch"});
  Table& missing = a.AddTable("without_owner", {"service", "partitions"}, "nobody is known to own");
  for (const auto& service : directory.layout()) {
    for (const auto& [address, o] : by_service[service.service()])
      owners.Row({service.service(), Ranges(o.partitions), address, o.epoch});
    std::set<uint32_t> rest;
    for (uint32_t p = 0; p < service.partitions(); ++p)
      if (!owned[service.service()].contains(p)) rest.insert(p);
    if (rest.empty()) continue;
    missing.Row({service.service(), Ranges(rest)});
    a.exit_code = 1;
  }
  return a;
}

}  // namespace fundcore::fundctl
