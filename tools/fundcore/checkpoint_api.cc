// See checkpoint_api.h.
#include "tools/fundcore/checkpoint_api.h"

#include <chrono>
#include <utility>

#include "common/base/status.h"
#include "common/checkpoint/data_folder.h"
#include "common/checkpoint/disk.h"
#include "common/rpc/operators.h"
#include "fundcore/admin/v1/admin.pb.h"

namespace fundcore {
namespace {

namespace v1 = admin::v1;

// Whole milliseconds, as a manifest prints them.
TimePoint WallTime() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return TimePoint::FromRaw(std::chrono::duration_cast<std::chrono::milliseconds>(now).count() * 1000);
}

absl::Status BadName(const std::string& name) {
  return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_FIELD",
                              StrCat("name \"", name, "\" must have 1 to 64 letters, digits, - and _"),
                              {{"field", "name"}});
}

absl::Status NoSuch(const std::string& name) {
  return rpc::ErrorWithReason(absl::StatusCode::kNotFound, "NO_SUCH_CHECKPOINT",
                              StrCat("there is no checkpoint \"", name, "\" here; fundctl checkpoint list lists them"));
}

absl::Status Busy(std::string_view what) { return rpc::TryAgainLater(what, Duration::Seconds(1)); }

void Fill(const checkpoint::Listed& l, v1::CheckpointInfo* out) {
  out->set_name(l.name);
  out->set_trouble(l.trouble);
  if (!l.manifest) return;
  const checkpoint::Manifest& m = *l.manifest;
  out->set_made_at_us(m.made.raw());
  out->set_build(m.build);
  out->set_log_id(m.log_id);
  out->set_files(static_cast<uint32_t>(m.files.size()));
  out->set_bytes(m.bytes());
  out->set_verified(l.verified.has_value());
  if (l.verified) out->set_verified_at_us(l.verified->at.raw());
  for (const checkpoint::PartitionMark& p : m.partitions) {
    auto* o = out->add_partitions();
    o->set_service(std::string(checkpoint::WordOf(p.id.service)));
    o->set_partition(p.id.partition.raw());
    o->set_next_offset(p.next);
    o->set_epoch(p.epoch);
    o->set_hash(p.hash);
    o->set_stamp_us(p.stamp.raw());
  }
}

}  // namespace

CheckpointApi::CheckpointApi(Options options)
    : options_(std::move(options)),
      reader_("fundcore-cp-read", options_.clock),
      worker_("fundcore-cp-work", options_.clock) {}

CheckpointApi::~CheckpointApi() { Stop(); }

void CheckpointApi::Stop() {
  stopping_ = true;
  reader_.Stop();
  worker_.Stop();
}

absl::Status CheckpointApi::GoOn() const {
  return stopping_ ? absl::UnavailableError("this process is stopping; ask again when it serves") : absl::OkStatus();
}

absl::Status CheckpointApi::Link(const std::string& name) {
  FC_RETURN_IF_ERROR(GoOn());
  {
    std::lock_guard lock(mu_);
    if (making_.contains(name) || checkpoint::Exists(checkpoint::FolderOf(options_.data, name))) {
      return absl::AlreadyExistsError(StrCat("checkpoint ", name, " exists already; choose another name"));
    }
  }
  FC_RETURN_IF_ERROR(checkpoint::MakeFolders(checkpoint::CheckpointsOf(options_.data)));
  const std::string making = checkpoint::MakingFolderOf(options_.data, name);
  FC_RETURN_IF_ERROR(checkpoint::RemoveAll(making));  // of a try that failed
  FC_RETURN_IF_ERROR(options_.store->Checkpoint(making));
  std::lock_guard lock(mu_);
  making_.insert(name);
  return absl::OkStatus();
}

void CheckpointApi::Complete(const std::string& name, absl::AnyInvocable<void(absl::Status)> done) {
  worker_.Post([this, name, done = std::move(done)]() mutable {
    absl::Status status = CompleteNow(name);
    {
      std::lock_guard lock(mu_);
      making_.erase(name);
    }
    done(std::move(status));
  });
}

absl::Status CheckpointApi::CompleteNow(const std::string& name) {
  checkpoint::Origin origin;
  origin.name = name;
  origin.build = std::string(System::Version());
  origin.log_id = options_.log_id;
  origin.made = WallTime();
  origin.services = services_;
  FC_RETURN_IF_ERROR(
      checkpoint::Seal(checkpoint::MakingFolderOf(options_.data, name), origin, [this](std::string_view, uint64_t) {
        return GoOn();
      }).status());
  return checkpoint::Publish(options_.data, name);
}

void CheckpointApi::Register(System* system) {
  for (machine::HostBase* host : system->hosts()) {
    services_.push_back({host->service(), host->partitions(), host->shards()[0]->partitions()[0]->state().forms()});
  }
  checkpoint::RemoveUnfinished(options_.data);

  rpc::Handlers* handlers = system->handlers();
  const std::string face = "fundcore.admin.v1.AdminService/";
  handlers->Unary<v1::ListCheckpointsRequest, v1::ListCheckpointsResponse>(
      face + "ListCheckpoints", [this](const rpc::Call& call, const v1::ListCheckpointsRequest&,
                                       v1::ListCheckpointsResponse* r, rpc::Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        reader_.Post([this, r, reply = std::move(reply)]() mutable {
          auto all = checkpoint::List(options_.data);
          if (!all.ok()) return reply(all.status());
          for (const checkpoint::Listed& l : *all) Fill(l, r->add_checkpoints());
          reply(absl::OkStatus());
        });
      });
  handlers->ServerStream<v1::VerifyCheckpointRequest, v1::VerifyCheckpointProgress>(
      face + "VerifyCheckpoint",
      [this](const rpc::Call& call, const v1::VerifyCheckpointRequest& q, std::shared_ptr<rpc::Stream> stream) {
        if (!rpc::IsOperator(call)) return stream->Finish(rpc::OperatorsOnly(call));
        if (!checkpoint::IsCheckpointName(q.name())) return stream->Finish(BadName(q.name()));
        if (verifying_.exchange(true)) return stream->Finish(Busy("another checkpoint is being verified"));
        worker_.Post([this, name = q.name(), stream = std::move(stream)] {
          Verify(name, stream);
          verifying_ = false;
        });
      });
  handlers->ServerStream<v1::FetchCheckpointRequest, v1::FetchCheckpointChunk>(
      face + "FetchCheckpoint",
      [this](const rpc::Call& call, const v1::FetchCheckpointRequest& q, std::shared_ptr<rpc::Stream> stream) {
        if (!rpc::IsOperator(call)) return stream->Finish(rpc::OperatorsOnly(call));
        if (!checkpoint::IsCheckpointName(q.name())) return stream->Finish(BadName(q.name()));
        if (q.size() < 1 || q.size() > kMaxFetchBytes) {
          return stream->Finish(rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_FIELD",
                                                     StrCat("size ", q.size(), " must be 1 to ", kMaxFetchBytes),
                                                     {{"field", "size"}}));
        }
        if (fetches_.fetch_add(1) >= kMaxFetches) {
          fetches_.fetch_sub(1);
          return stream->Finish(Busy(StrCat("more than ", kMaxFetches, " pieces are being fetched")));
        }
        reader_.Post([this, q, stream = std::move(stream)] {
          Fetch(q.name(), q.file(), q.offset(), q.size(), stream);
          fetches_.fetch_sub(1);
        });
      });
}

void CheckpointApi::Verify(const std::string& name, std::shared_ptr<rpc::Stream> stream) {
  const std::string folder = checkpoint::FolderOf(options_.data, name);
  if (!checkpoint::Exists(folder)) return stream->Finish(NoSuch(name));
  using SteadyClock = std::chrono::steady_clock;
  SteadyClock::time_point told{};
  auto verified =
      checkpoint::Verify(folder, std::string(System::Version()), WallTime(), [&](std::string_view at, uint64_t done) {
        FC_RETURN_IF_ERROR(GoOn());
        if (stream->cancelled()) return absl::CancelledError("nobody waits for this verification any more");
        // Few messages: whoever reads slowly must not be cut off for it.
        if (SteadyClock::now() - told < std::chrono::milliseconds(500)) return absl::OkStatus();
        told = SteadyClock::now();
        v1::VerifyCheckpointProgress progress;
        progress.set_at(std::string(at));
        progress.set_done(done);
        stream->Send(progress);
        return absl::OkStatus();
      });
  if (!verified.ok()) return stream->Finish(verified.status());
  v1::VerifyCheckpointProgress last;
  last.set_verified(true);
  last.set_files(static_cast<uint32_t>(verified->manifest.files.size()));
  last.set_bytes(verified->manifest.bytes());
  last.set_entries(verified->entries);
  last.set_partitions(static_cast<uint32_t>(verified->manifest.partitions.size()));
  stream->Send(last);
  stream->Finish(absl::OkStatus());
}

// The path, if the manifest or this file knows of it: nothing else of the disk is given out.
absl::StatusOr<std::string> CheckpointApi::FileToFetch(const std::string& name, const std::string& file) {
  const std::string folder = checkpoint::FolderOf(options_.data, name);
  if (!checkpoint::Exists(folder)) return NoSuch(name);
  if (file == checkpoint::kManifestName || file == checkpoint::kVerifiedName) return StrCat(folder, "/", file);
  const std::string manifest = StrCat(folder, "/", checkpoint::kManifestName);
  FC_ASSIGN_OR_RETURN(std::string text, checkpoint::ReadWhole(manifest, checkpoint::kMaxManifestBytes));
  if (text != fetched_text_) {
    FC_ASSIGN_OR_RETURN(fetched_, checkpoint::Parse(text, manifest));
    fetched_text_ = std::move(text);
  }
  for (const checkpoint::FileMark& f : fetched_.files)
    if (f.name == file) return StrCat(folder, "/", file);
  return rpc::ErrorWithReason(absl::StatusCode::kNotFound, "NO_SUCH_FILE",
                              StrCat("checkpoint ", name,
                                     " has no file "
                                     ", file.substr(0, 200), "
                                     "; its MANIFEST lists them"));
}

void CheckpointApi::Fetch(const std::string& name, const std::string& file, uint64_t offset, uint64_t size,
                          std::shared_ptr<rpc::Stream> stream) {
  auto path = FileToFetch(name, file);
  if (!path.ok()) return stream->Finish(path.status());
  absl::Status status = checkpoint::ReadPieces(*path, offset, size, [&](std::string_view piece) {
    FC_RETURN_IF_ERROR(GoOn());
    v1::FetchCheckpointChunk chunk;
    chunk.set_offset(offset);
    chunk.set_data(piece.data(), piece.size());
    offset += piece.size();
    return stream->Send(chunk) ? absl::OkStatus() : absl::CancelledError("the one who fetched has gone");
  });
  // Nobody has verified it: a fact, no trouble.
  if (absl::IsNotFound(status) && file == checkpoint::kVerifiedName) status = absl::OkStatus();
  stream->Finish(std::move(status));
}

}  // namespace fundcore
