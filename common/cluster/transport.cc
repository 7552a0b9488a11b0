// See transport.h.
#include "common/cluster/transport.h"

#include <utility>

#include "common/base/check.h"

namespace fundcore::cluster {
namespace {

constexpr size_t kMostChannels = 256;

}  // namespace

void GrpcTransport::SetLocal(std::shared_ptr<rpc::Channel> channel) {
  std::lock_guard lock(mutex_);
  channels_[""] = std::move(channel);
}

absl::StatusOr<std::shared_ptr<rpc::Channel>> GrpcTransport::ChannelTo(const std::string& address) {
  std::lock_guard lock(mutex_);
  if (const auto it = channels_.find(address); it != channels_.end()) return it->second;
  if (address.empty()) return absl::UnavailableError("this process is not listening yet; ask again in a moment");
  auto made = rpc::Connect(address, options_);
  if (!made.ok()) return absl::UnavailableError(made.status().message());
  if (channels_.size() > kMostChannels) {
    std::erase_if(channels_, [](const auto& c) { return !c.first.empty(); });  // calls under way hold theirs
  }
  return channels_[address] = *std::move(made);
}

void GrpcTransport::Call(const std::string& address, std::string_view method, const google::protobuf::Message& request,
                         google::protobuf::Message* response, const rpc::Outgoing& outgoing, Done done) {
  auto channel = ChannelTo(address);
  if (!channel.ok()) return done(channel.status());
  calls_.Call(*std::move(channel), method, request, response, outgoing, std::move(done));
}

void GrpcTransport::Stream(const std::string& address, std::string_view method, const google::protobuf::Message& request,
                           const google::protobuf::Message* prototype, const rpc::Outgoing& outgoing,
                           std::shared_ptr<rpc::Stream> to) {
  auto channel = ChannelTo(address);
  if (!channel.ok()) return to->Finish(channel.status());
  calls_.Stream(*std::move(channel), method, request, prototype, outgoing, std::move(to));
}

}  // namespace fundcore::cluster
