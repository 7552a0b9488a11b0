// See peer.h.
#include "common/checkpoint/peer.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "common/base/check.h"
#include "common/base/status.h"
#include "fundcore/admin/v1/admin.pb.h"

namespace fundcore::checkpoint {
namespace {

namespace v1 = admin::v1;
constexpr char kList[] = "fundcore.admin.v1.AdminService/ListCheckpoints";
constexpr char kFetch[] = "fundcore.admin.v1.AdminService/FetchCheckpoint";
constexpr uint64_t kPieceOfFile = 16u << 20;  // the most that a peer gives out at once
constexpr Duration kPatience = Duration::Seconds(120);
constexpr int kTries = 10;

// As much of a manifest as a list tells: enough to see what it covers.
absl::StatusOr<Manifest> Outline(const v1::CheckpointInfo& info) {
  Manifest m;
  m.name = info.name();
  for (const auto& p : info.partitions()) {
    const auto service = ServiceOf(p.service());
    if (!service)
      return absl::InternalError(
          StrCat("the peer has a service \"", p.service(), "\", which this build does not know"));
    m.partitions.push_back(
        {{*service, PartitionId(static_cast<uint16_t>(p.partition()))}, p.next_offset(), p.epoch(), p.hash(), {}});
  }
  return m;
}

bool MayPass(const absl::Status& s) {
  return absl::IsUnavailable(s) || absl::IsResourceExhausted(s) || absl::IsDeadlineExceeded(s);
}

}  // namespace

absl::StatusOr<std::unique_ptr<PeerSource>> PeerSource::Open(std::shared_ptr<rpc::Channel> channel,
                                                             const std::string& name,
                                                             const std::vector<ServiceId>& services,
                                                             std::string_view caller) {
  v1::ListCheckpointsResponse all;
  FC_RETURN_IF_ERROR(rpc::BlockingCall(*channel, kList, v1::ListCheckpointsRequest(), &all, kPatience, caller));
  absl::Status why =
      absl::NotFoundError(name == "latest" ? "the peer has no complete checkpoint; make one there with fundctl "
                                             "checkpoint create NAME"
                                           : StrCat("the peer has no checkpoint \"", name, "\""));
  bool first = true;
  for (const v1::CheckpointInfo& info : all.checkpoints()) {
    if (name != "latest" && info.name() != name) continue;
    absl::Status fits = info.trouble().empty() ? absl::OkStatus() : absl::DataLossError(info.trouble());
    if (!fits.ok() && name == "latest") continue;
    if (fits.ok()) {
      FC_ASSIGN_OR_RETURN(const Manifest outline, Outline(info));
      fits = CheckCovers(outline, services);
    }
    if (fits.ok()) return std::unique_ptr<PeerSource>(new PeerSource(std::move(channel), info.name(), caller));
    if (std::exchange(first, false)) why = std::move(fits);
  }
  return why;
}

absl::Status PeerSource::Read(const std::string& file, uint64_t size, Piece piece) {
  uint64_t at = 0;
  int failed = 0;
  while (at < size) {
    v1::FetchCheckpointRequest request;
    request.set_name(name_);
    request.set_file(file);
    request.set_offset(at);
    request.set_size(std::min(kPieceOfFile, size - at));
    v1::FetchCheckpointChunk chunk;
    absl::Status taken;
    const uint64_t before = at;
    const absl::Status status = rpc::ReadStream(
        *channel_, kFetch, request, &chunk,
        [&] {
          if (chunk.offset() != at)
            taken = absl::DataLossError(StrCat("byte ", chunk.offset(), " came where byte ", at, " was due"));
          if (taken.ok()) taken = piece(chunk.data());
          at += chunk.data().size();
          return taken.ok();
        },
        kPatience, caller_);
    FC_RETURN_IF_ERROR(taken);
    if (at > before) failed = 0;
    if (status.ok()) {
      if (at - before < request.size()) return absl::OkStatus();  // the file ends here
      continue;
    }
    if (!MayPass(status) || ++failed == kTries) return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(5'000, 100 << failed)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> PeerSource::ReadText(const std::string& file, size_t limit) {
  std::string out;
  FC_RETURN_IF_ERROR(Read(file, limit, [&](std::string_view piece) {
    out += piece;
    return absl::OkStatus();
  }));
  return out;
}

absl::StatusOr<std::string> PeerSource::ManifestText() { return ReadText(kManifestName, kMaxManifestBytes); }
absl::StatusOr<std::string> PeerSource::VerifiedText() { return ReadText(kVerifiedName, 4096); }
absl::Status PeerSource::ReadFile(const FileMark& file, Piece piece) { return Read(file.name, file.size, piece); }

}  // namespace fundcore::checkpoint
