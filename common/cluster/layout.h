// Layout: how many partitions each service has, and what services are called. The same in every process of a system and
// for the life of its data.
//
//   Layout layout(System::Layout(deps));
//   layout.Count(ServiceId::kTrade)      // 32
//   ServiceName(ServiceId::kSimBank)          // "simbank"
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "common/log/log.h"

namespace fundcore::cluster {

class Layout {
 public:
  Layout() = default;
  explicit Layout(std::vector<std::pair<ServiceId, uint16_t>> services) : services_(std::move(services)) {
    for (const auto& [service, count] : services_) counts_[static_cast<size_t>(service)] = count;
  }
  // 0 for a service that this system does not have.
  uint16_t Count(ServiceId service) const {
    const auto index = static_cast<size_t>(service);
    return index < counts_.size() ? counts_[index] : 0;
  }
  bool Has(LogPartition p) const { return p.partition.raw() < Count(p.service); }
  const std::vector<std::pair<ServiceId, uint16_t>>& services() const { return services_; }

 private:
  std::vector<std::pair<ServiceId, uint16_t>> services_;
  std::array<uint16_t, 8> counts_{};
};

constexpr std::optional<ServiceId> ServiceOf(std::string_view name) {
  for (uint8_t i = 1; i <= 7; ++i)
    if (ServiceName(static_cast<ServiceId>(i)) == name) return static_cast<ServiceId>(i);
  return std::nullopt;
}

// The role of a process that plays this service; "" for the clock, which every process plays.
constexpr std::string_view RoleOf(ServiceId id) {
  if (id == ServiceId::kSystem) return "";
  return id == ServiceId::kSimBank ? "bank" : ServiceName(id);
}

}  // namespace fundcore::cluster
