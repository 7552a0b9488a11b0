// PeerSource: a checkpoint in the data folder of a serving process, fetched piece by piece over AdminService.
//
//   FC_ASSIGN_OR_RETURN(auto channel, rpc::Connect("10.0.0.7:7443", {.tls = …}));
//   FC_ASSIGN_OR_RETURN(auto source, PeerSource::Open(channel, "latest", {ServiceId::kTrade}, "operator"));
//   Join(*source, "data", {.services = …});
//
// A piece that breaks off is asked for again from where it ended, up to ten times in a row with pauses that double from
// a tenth of a second to five; so a peer that restarts in between costs seconds. Blocking; one thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/checkpoint/transfer.h"
#include "common/rpc/channels.h"

namespace fundcore::checkpoint {

class PeerSource final : public Source {
 public:
  // `name` "latest" takes the newest complete one that holds all of `services`. kNotFound where there is none of that
  // name; kFailedPrecondition naming the service that is missing. `caller` is who we are on loopback.
  static absl::StatusOr<std::unique_ptr<PeerSource>> Open(std::shared_ptr<rpc::Channel> channel,
                                                          const std::string& name,
                                                          const std::vector<ServiceId>& services,
                                                          std::string_view caller);

  const std::string& name() const { return name_; }
  absl::StatusOr<std::string> ManifestText() override;
  absl::StatusOr<std::string> VerifiedText() override;
  absl::Status ReadFile(const FileMark& file, Piece piece) override;

 private:
  PeerSource(std::shared_ptr<rpc::Channel> channel, std::string name, std::string_view caller)
      : channel_(std::move(channel)), name_(std::move(name)), caller_(caller) {}
  absl::Status Read(const std::string& file, uint64_t size, Piece piece);
  absl::StatusOr<std::string> ReadText(const std::string& file, size_t limit);

  const std::shared_ptr<rpc::Channel> channel_;
  const std::string name_, caller_;
};

}  // namespace fundcore::checkpoint
