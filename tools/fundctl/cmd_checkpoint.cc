// fundctl checkpoint …: made, listed and verified at the server; or, with --data and --in, on a disk that is at hand.
#include <chrono>

#include "common/base/check.h"
#include "common/checkpoint/data_folder.h"
#include "common/checkpoint/disk.h"
#include "common/checkpoint/peer.h"
#include "common/config/parse.h"
#include "common/rpc/handlers.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {
namespace {

namespace v1 = admin::v1;
namespace cp = checkpoint;
constexpr char kAdmin[] = "fundcore.admin.v1.AdminService/";
constexpr char kBuild[] = "fundctl";  // verified by this tool, not by a server

TimePoint WallTime() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return TimePoint::FromRaw(std::chrono::duration_cast<std::chrono::milliseconds>(now).count() * 1000);
}

// The answer to a list, wherever the checkpoints lie.
class Listing {
 public:
  explicit Listing(bool offsets)
      : checkpoints_(answer_.AddTable("checkpoints",
                                      {"name", "made", "verified", "bytes", "files", "services", "records", "log"})),
        offsets_(offsets ? &answer_.AddTable("offsets", {"checkpoint", "service", "partition", "next_offset", "hash"},
                                             "offsets")
                         : nullptr) {}

  void Add(const cp::Manifest& m, bool verified) {
    std::string services;
    for (const auto& [service, count] : m.services())
      services += StrCat(services.empty() ? "" : " ", cp::WordOf(service), ":", count);
    uint64_t records = 0;
    for (const cp::PartitionMark& p : m.partitions) {
      records += p.next;
      if (offsets_) offsets_->Row({m.name, cp::WordOf(p.id.service), uint64_t{p.id.partition.raw()}, p.next, p.hash});
    }
    checkpoints_.Row({m.name, m.made, verified, m.bytes(), uint64_t{m.files.size()}, services, records, m.log_id});
  }
  void AddTrouble(const std::string& name, const std::string& trouble) {
    answer_.Say(StrCat(name, ": ", trouble));
    answer_.exit_code = 1;
  }
  Answer Take() { return std::move(answer_); }

 private:
  Answer answer_;
  Table& checkpoints_;
  Table* offsets_;
};

// What the server tells is as much of a manifest as a list shows.
absl::StatusOr<cp::Manifest> Outline(const v1::CheckpointInfo& info) {
  cp::Manifest m;
  m.name = info.name();
  m.made = TimePoint::FromRaw(info.made_at_us());
  m.log_id = info.log_id();
  m.files.resize(info.files());
  if (!m.files.empty()) m.files[0].size = info.bytes();
  for (const auto& p : info.partitions()) {
    const auto service = cp::ServiceOf(p.service());
    if (!service)
      return absl::InternalError(
          StrCat("the server has a service \"", p.service(), "\", which this tool does not know"));
    m.partitions.push_back(
        {{*service, PartitionId(static_cast<uint16_t>(p.partition()))}, p.next_offset(), p.epoch(), p.hash(), {}});
  }
  return m;
}

Answer TransferAnswer(const cp::Transfer& t) {
  Answer a;
  a.Add("checkpoint", t.manifest.name);
  a.Add("files", t.files_moved);
  a.Add("bytes", t.bytes_moved);
  a.Add("files_there_already", t.files_there);
  a.Add("verified", t.verified);
  return a;
}

}  // namespace

Result CreateCheckpoint(Remote& remote, const CheckpointOptions& o) {
  v1::CheckpointRequest request;
  request.set_name(o.name);
  v1::CheckpointResponse response;
  // All files are hashed before it is there, which outlasts the patience of an ordinary call.
  FC_RETURN_IF_ERROR(remote.Call(StrCat(kAdmin, "Checkpoint"), request, &response, Duration::Seconds(3600)));
  if (!o.to.empty()) return PushCheckpoint(remote, o);
  Answer a;
  a.Add("checkpoint", o.name);
  return a;
}

Result ListCheckpoints(Remote& remote, const CheckpointOptions& o) {
  Listing listing(o.offsets);
  if (!o.in.empty()) {
    FC_ASSIGN_OR_RETURN(auto store, cp::FolderStore::Open(o.in));
    FC_ASSIGN_OR_RETURN(const auto all, cp::ListStore(*store));
    for (const cp::Stored& s : all) listing.Add(s.manifest, s.verified);
    return listing.Take();
  }
  if (!o.data.empty()) {
    FC_ASSIGN_OR_RETURN(const auto all, cp::List(o.data));
    for (const cp::Listed& l : all) {
      if (l.manifest)
        listing.Add(*l.manifest, l.verified.has_value());
      else
        listing.AddTrouble(l.name, l.trouble);
    }
    return listing.Take();
  }
  FC_ASSIGN_OR_RETURN(auto all, remote.Ask<v1::ListCheckpointsResponse>(StrCat(kAdmin, "ListCheckpoints"),
                                                                        v1::ListCheckpointsRequest()));
  for (const v1::CheckpointInfo& info : all.checkpoints()) {
    if (!info.trouble().empty()) {
      listing.AddTrouble(info.name(), info.trouble());
      continue;
    }
    FC_ASSIGN_OR_RETURN(const cp::Manifest m, Outline(info));
    listing.Add(m, info.verified());
  }
  return listing.Take();
}

Result VerifyCheckpoint(Remote& remote, const CheckpointOptions& o) {
  Answer a;
  a.Add("checkpoint", o.name);
  if (!o.data.empty()) {
    if (!cp::IsCheckpointName(o.name))
      return absl::InvalidArgumentError(StrCat("\"", o.name, "\" is no checkpoint's name"));
    FC_ASSIGN_OR_RETURN(const cp::Verified v, cp::Verify(cp::FolderOf(o.data, o.name), kBuild, WallTime()));
    a.Add("verified", true);
    a.Add("files", uint64_t{v.manifest.files.size()});
    a.Add("bytes", v.manifest.bytes());
    a.Add("partitions", uint64_t{v.manifest.partitions.size()});
    a.Add("entries", v.entries);
    return a;
  }
  v1::VerifyCheckpointRequest request;
  request.set_name(o.name);
  v1::VerifyCheckpointProgress progress;
  FC_RETURN_IF_ERROR(remote.Read(StrCat(kAdmin, "VerifyCheckpoint"), request, &progress, [] { return true; }));
  if (!progress.verified()) return absl::UnavailableError("the server broke the verification off; ask again");
  a.Add("verified", true);
  a.Add("files", uint64_t{progress.files()});
  a.Add("bytes", uint64_t{progress.bytes()});
  a.Add("partitions", uint64_t{progress.partitions()});
  a.Add("entries", uint64_t{progress.entries()});
  return a;
}

Result RestoreCheckpoint(const CheckpointOptions& o) {
  FC_RETURN_IF_ERROR(cp::Restore(o.data, o.name, kBuild, WallTime()));
  Answer a;
  a.Add("restored", o.name);
  a.Say(StrCat("the next start goes on from it; what was the state is kept as ", o.data, "/state.before-", o.name));
  return a;
}

Result PushCheckpoint(Remote& remote, const CheckpointOptions& o) {
  FC_ASSIGN_OR_RETURN(auto store, cp::FolderStore::Open(o.to));
  std::unique_ptr<cp::Source> source;
  if (!o.data.empty()) {
    if (!cp::IsCheckpointName(o.name))
      return absl::InvalidArgumentError(StrCat("\"", o.name, "\" is no checkpoint's name"));
    source = std::make_unique<cp::FolderSource>(cp::FolderOf(o.data, o.name));
  } else {
    FC_ASSIGN_OR_RETURN(source, cp::PeerSource::Open(remote.channel(), o.name, {}, "operator"));
  }
  FC_ASSIGN_OR_RETURN(const cp::Transfer t, cp::Push(*source, store.get()));
  return TransferAnswer(t);
}

Result PullCheckpoint(const CheckpointOptions& o) {
  FC_ASSIGN_OR_RETURN(auto store, cp::FolderStore::Open(o.from));
  FC_ASSIGN_OR_RETURN(const cp::Transfer t, cp::Pull(*store, o.name, o.data));
  return TransferAnswer(t);
}

Result ArchiveLog(const std::string& data, const std::string& archive, int keep) {
  FC_ASSIGN_OR_RETURN(const ArchiveReport r, cp::Archive(data, archive, keep));
  Answer a;
  a.Add("segments_moved", r.segments);
  a.Add("bytes", r.bytes);
  a.Add("log_begins_with_segment", r.first);
  return a;
}

}  // namespace fundcore::fundctl
