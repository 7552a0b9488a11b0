// See partitions.h.
#include "common/rpc/partitions.h"

#include <algorithm>
#include <charconv>

#include "google/rpc/error_details.pb.h"

namespace fundcore::rpc {
namespace {

constexpr std::string_view kReason = "NOT_OWNER";
constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";

// The number at the beginning of `text`, which loses it.
std::optional<uint16_t> TakeNumber(std::string_view* text) {
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || number > kMaxPartitions) return std::nullopt;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return number;
}

template <class T>
T NumberOf(const std::string& text) {
  T number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

absl::StatusOr<std::vector<PartitionId>> AskedPartitions(const Call& call, uint16_t count) {
  std::vector<PartitionId> out;
  if (!call.partitions) {
    for (uint16_t p = 0; p < count; ++p) out.push_back(PartitionId(p));
    return out;
  }
  if (call.partitions->empty()) {
    return ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_PARTITIONS", "a sibling asks for no partition at all");
  }
  for (uint16_t p : *call.partitions) {
    if (p >= count) {
      return ErrorWithReason(absl::StatusCode::kInvalidArgument, "UNKNOWN_PARTITION",
                             StrCat("a sibling asks for partition ", p, " and there are ", count,
                                    " here; start all processes with the same number of partitions"));
    }
    out.push_back(PartitionId(p));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

absl::Status NotOwner(std::string_view service, uint16_t partition, std::string_view owner, uint64_t epoch) {
  const std::string text =
      StrCat(service, " partition ", partition, " is not served by this process", owner.empty() ? "" : "; ask ", owner,
             "; nothing was done, ask again");
  const std::string number = StrCat(partition), epoch_text = StrCat(epoch);
  if (owner.empty()) {
    return ErrorWithReason(absl::StatusCode::kUnavailable, kReason, text,
                           {{"service", service}, {"partition", number}});
  }
  return ErrorWithReason(absl::StatusCode::kUnavailable, kReason, text,
                         {{"service", service}, {"partition", number}, {"owner", owner}, {"epoch", epoch_text}});
}

std::optional<OwnerHint> ReadNotOwner(const absl::Status& status) {
  if (!absl::IsUnavailable(status)) return std::nullopt;
  const auto payload = status.GetPayload(kErrorInfoUrl);
  google::rpc::ErrorInfo info;
  if (!payload || !info.ParseFromString(std::string(*payload)) || info.reason() != kReason) return std::nullopt;
  const auto& metadata = info.metadata();
  const auto value = [&](const char* key) {
    const auto it = metadata.find(key);
    return it == metadata.end() ? std::string() : it->second;
  };
  return OwnerHint{value("service"), NumberOf<uint16_t>(value("partition")), value("owner"),
                   NumberOf<uint64_t>(value("epoch"))};
}

std::string FormatPartitions(const std::vector<uint16_t>& partitions) {
  std::string text;
  for (size_t begin = 0; begin < partitions.size();) {
    size_t end = begin + 1;
    while (end < partitions.size() && partitions[end] == partitions[end - 1] + 1) ++end;
    if (!text.empty()) text += ',';
    text += std::to_string(partitions[begin]);
    if (end - begin > 1) text += StrCat("-", partitions[end - 1]);
    begin = end;
  }
  return text;
}

std::optional<std::vector<uint16_t>> ParsePartitions(std::string_view text) {
  std::vector<uint16_t> out;
  while (!text.empty()) {
    const auto first = TakeNumber(&text);
    auto last = first;
    if (first && !text.empty() && text.front() == '-') {
      text.remove_prefix(1);
      last = TakeNumber(&text);
    }
    if (!first || !last || *last < *first || (!out.empty() && *first <= out.back())) return std::nullopt;
    for (uint32_t p = *first; p <= *last; ++p) out.push_back(static_cast<uint16_t>(p));
    if (text.empty()) return out;
    if (text.front() != ',' || text.size() == 1) return std::nullopt;
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace fundcore::rpc
