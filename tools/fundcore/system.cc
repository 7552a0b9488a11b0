// Assembly, and the admin face.
#include "tools/fundcore/system.h"

#include <algorithm>

#include "common/base/status.h"
#include "common/rpc/operators.h"
#include "common/rpc/partitions.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "services/account/service.h"
#include "services/clearing/service.h"
#include "services/product/service.h"
#include "services/risk/service.h"
#include "services/trade/service.h"
#include "tools/simbank/simbank.h"

namespace fundcore {
namespace {

constexpr PartitionId kClockPartition{0};
constexpr char kVersion[] = "0.1.0";

// A name is a folder's: nothing that could lead elsewhere.
bool IsCheckpointName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
}

}  // namespace

std::string_view System::Version() { return kVersion; }

std::vector<std::pair<ServiceId, uint16_t>> System::Layout(const ServiceDeps& deps) {
  return {{ServiceId::kSystem, 1},
          {ServiceId::kTrade, deps.partitions},
          {ServiceId::kAccount, deps.partitions},
          {ServiceId::kProduct, 1},
          {ServiceId::kRisk, deps.partitions},
          {ServiceId::kClearing, deps.clearing_partitions},
          {ServiceId::kSimBank, 1}};
}

System::System(const SystemParts& parts) : parts_(parts) {
  const ServiceDeps& deps = parts_.deps;
  clock_host_ = std::make_unique<machine::Host<ClockMachine>>(
      machine::HostOptions{.service = ServiceId::kSystem, .partitions = 1, .executors = deps.executors, .log = deps.log,
                           .store = deps.store, .owner = deps.owner, .supports = deps.machine_versions, .leased = deps.leased});
  const auto has = [this](ServiceId s) { return parts_.roles.empty() || parts_.roles.contains(s); };
  if (has(ServiceId::kProduct)) services_.push_back(std::make_unique<product::ProductService>(deps));
  if (has(ServiceId::kAccount)) services_.push_back(std::make_unique<account::AccountServiceImpl>(deps));
  if (has(ServiceId::kRisk)) services_.push_back(std::make_unique<risk::RiskService>(deps));
  if (has(ServiceId::kTrade)) services_.push_back(std::make_unique<trade::TradeService>(deps));
  if (has(ServiceId::kClearing)) services_.push_back(std::make_unique<clearing::ClearingServiceImpl>(deps));
  if (parts_.simulated_bank && has(ServiceId::kSimBank))
    services_.push_back(std::make_unique<simbank::SimBank>(deps, parts_.bank_generous));
  for (auto& s : services_) s->Register(&handlers_);
  RegisterAdmin();
  // The clock's own host is never held back: AcceptClock is what opens the gate.
  for (auto& s : services_) s->host()->UseGate(&gate_);
  flusher_ = std::make_unique<machine::Flusher>(hosts(), deps.log, deps.store, parts_.blocking, parts_.flush_every_bytes,
                                                &gate_);
  if (parts_.tell) flusher_->OnTrouble(parts_.tell);
  if (!deps.leased) return;
  // A steered clock is moved by what its partition says, in every process that plays it.
  if (parts_.steered) {
    clock_host_->ShardOf(kClockPartition).OnExecuted([this] {
      const TimePoint to = clock_host_->At(kClockPartition).machine().steered_to();
      if (to.raw() > 0) parts_.set_clock(to);
    });
  }
  // A partition may come from a process whose clock was ahead: business time is not earlier here than its last stamp, and a
  // wall clock that is too far behind it stops all stamps.
  for (machine::HostBase* h : hosts()) {
    h->OnServing([this, h](PartitionId p, bool serving) {
      if (!serving || !parts_.not_before) return;
      parts_.not_before(h->LastStamp(p));
      CheckClock();
    });
  }
  clock_host_->OnServing([this](PartitionId, bool serving) {
    if (!serving) return;
    clock_host_->Submit(kClockPartition, ClaimClock{parts_.steered}, [](const ClockMachine::Result& r) {
      FC_CHECK(r.ok, "the clock's partition belongs to the other kind of clock, as was not so when this process started");
    });
  });
}

System::~System() = default;

std::vector<machine::HostBase*> System::hosts() {
  std::vector<machine::HostBase*> out{clock_host_.get()};
  for (auto& s : services_) out.push_back(s->host());
  return out;
}

absl::Status System::Recover() {
  for (machine::HostBase* h : hosts()) FC_RETURN_IF_ERROR(h->Recover());
  return absl::OkStatus();
}

TimePoint System::LastStamp() {
  TimePoint last;
  for (machine::HostBase* h : hosts())
    for (auto& shard : h->shards())
      for (auto& p : shard->partitions()) last = std::max(last, p->state().meta.now);
  return last;
}

// The latest stamp that was executed, asked of every partition on its own executor.
void System::CollectLastStamp(absl::AnyInvocable<void(TimePoint)> done) {
  auto last = std::make_shared<std::atomic<int64_t>>(0);
  std::vector<machine::PartitionBase*> all;
  for (machine::HostBase* h : hosts())
    for (auto& shard : h->shards())
      for (auto& p : shard->partitions()) all.push_back(p.get());
  machine::Gather* gather = machine::Gather::New(all.size(), [last, done = std::move(done)]() mutable { done(TimePoint::FromRaw(last->load())); });
  for (machine::PartitionBase* p : all) {
    p->executor()->Post([p, last, gather] {
      const int64_t stamp = p->state().meta.now.raw();
      for (int64_t seen = last->load(); seen < stamp && !last->compare_exchange_weak(seen, stamp);) {
      }
      gather->One();
    });
  }
}

void System::CheckClock() {
  if (!parts_.clock_health) return;
  const absl::Status health = parts_.clock_health();
  if (health.ok() || gate_.closed(machine::Gate::kClock)) return;
  gate_.Close(machine::Gate::kClock, std::string(health.message()));
  if (parts_.tell) parts_.tell(StrCat("nothing new is taken: ", std::string(health.message())));
}

// Once a second of machine time. A wall clock that has strayed stops every stamp: a trading day would be decided by a clock
// that is known to be wrong. It goes on with a logged AcceptClock, a person's or, where the clock came back, our own.
void System::WatchClock() {
  CheckClock();
  const absl::Status health = parts_.clock_health();
  if (health.ok() && gate_.closed(machine::Gate::kClock)) {
    LogAccepted(AcceptClock{parts_.blocking->Now(), "", "the wall clock came back by itself"}, [this](absl::Status) {
      if (parts_.tell) parts_.tell("the wall clock agrees with business time again; orders are taken");
    });
  }
  parts_.blocking->PostAfter(Duration::Seconds(1), [this] { WatchClock(); });
}

// Logs it, follows the wall clock, opens the gate.
void System::LogAccepted(AcceptClock command, absl::AnyInvocable<void(absl::Status)> done) {
  auto accepted = [this](absl::AnyInvocable<void(absl::Status)> done) {
    parts_.blocking->Post([this, done = std::move(done)]() mutable {
      parts_.accept_clock();
      gate_.Open(machine::Gate::kClock);
      for (auto& s : services_) s->host()->Resume();
      done(absl::OkStatus());
    });
  };
  if (parts_.deps.leased && !clock_host_->Serves(kClockPartition)) {
    // The clock's partition is another process's: it writes it down.
    admin::v1::NoteClockRequest request;
    request.set_person(command.person);
    request.set_note(command.note);
    request.set_wall_us(command.wall.raw());
    return rpc::CallPeer<admin::v1::NoteClockResponse>(
        parts_.deps.peers, "fundcore.admin.v1.AdminService/NoteClock", request, Duration::Seconds(5), parts_.blocking,
        [accepted, done = std::move(done)](absl::Status s, std::unique_ptr<admin::v1::NoteClockResponse>) mutable {
          if (!s.ok()) return done(std::move(s));
          accepted(std::move(done));
        });
  }
  clock_host_->On(kClockPartition, [this, command = std::move(command),
                                    accepted, done = std::move(done)](machine::Partition<ClockMachine>&) mutable {
    clock_host_->Submit(kClockPartition, command, [accepted, done = std::move(done)](const ClockMachine::Result&) mutable {
      accepted(std::move(done));
    });
  });
}

void System::WhenServing(absl::AnyInvocable<void(absl::Status)> done) {
  CheckClock();
  // The clock first: a steered one must stand where it stood before anybody takes a stamp.
  auto shared = std::make_shared<absl::AnyInvocable<void(absl::Status)>>(std::move(done));
  clock_host_->WhenServing([this, shared] {
    clock_host_->On(kClockPartition, [this, shared](machine::Partition<ClockMachine>&) {
      clock_host_->Submit(kClockPartition, ClaimClock{parts_.steered}, [this, shared](const ClockMachine::Result& r) {
        const std::string_view theirs = parts_.steered ? "real" : "steered";
        if (!r.ok) {
          return (*shared)(absl::FailedPreconditionError(
              StrCat("this data folder belongs to a ", theirs, " clock; serve it with --clock=", theirs)));
        }
        if (parts_.steered && r.now.raw() > 0) parts_.set_clock(r.now);
        machine::Gather* gather = machine::Gather::New(services_.size(), [this, shared] {
          CollectLastStamp([this, shared](TimePoint last) {
            if (parts_.not_before) parts_.not_before(last);
            CheckClock();
            StartServices();
            (*shared)(absl::OkStatus());
          });
        });
        for (auto& s : services_) s->host()->WhenServing([gather] { gather->One(); });
      });
    });
  });
}

void System::WhenReady(absl::AnyInvocable<void(absl::Status)> done) {
  CheckClock();
  auto shared = std::make_shared<absl::AnyInvocable<void(absl::Status)>>(std::move(done));
  const auto all = hosts();
  machine::Gather* gather = machine::Gather::New(all.size(), [this, shared] {
    clock_host_->On(kClockPartition, [this, shared](machine::Partition<ClockMachine>& p) {
      ClockMachine& m = p.machine();
      if (m.claimed() && m.steered() != parts_.steered) {
        const std::string_view theirs = parts_.steered ? "real" : "steered";
        return (*shared)(absl::FailedPreconditionError(
            StrCat("this log belongs to a ", theirs, " clock; serve it with --clock=", theirs)));
      }
      CollectLastStamp([this, shared](TimePoint last) {
        if (parts_.not_before) parts_.not_before(last);
        CheckClock();
        StartServices();
        (*shared)(absl::OkStatus());
      });
    });
  });
  for (machine::HostBase* h : all) h->WhenPlayed([gather] { gather->One(); });
}

machine::HostBase* System::HostOf(ServiceId service) {
  for (machine::HostBase* h : hosts())
    if (h->service() == service) return h;
  return nullptr;
}

void System::SetOwned(LogPartition partition, bool granted) {
  machine::HostBase* host = HostOf(partition.service);
  if (host == nullptr || !host->Has(partition.partition)) return;
  granted ? host->Grant(partition.partition) : host->Revoke(partition.partition);
}

bool System::Serves(LogPartition partition) {
  machine::HostBase* host = HostOf(partition.service);
  return host != nullptr && host->Serves(partition.partition);
}

void System::OnServing(std::function<void(LogPartition, bool, uint64_t)> hook) {
  for (machine::HostBase* h : hosts()) {
    h->OnServing([h, hook](PartitionId p, bool serving) {
      hook({h->service(), p}, serving, h->EpochOf(p));
    });
  }
}

void System::Upgrade(uint32_t version, absl::AnyInvocable<void(uint32_t)> done) {
  std::vector<std::pair<machine::HostBase*, PartitionId>> all;
  for (machine::HostBase* h : hosts())
    for (uint16_t p = 0; p < h->partitions(); ++p) all.emplace_back(h, PartitionId(p));
  auto upgraded = std::make_shared<std::atomic<uint32_t>>(0);
  machine::Gather* gather =
      machine::Gather::New(all.size(), [upgraded, done = std::move(done)]() mutable { done(upgraded->load()); });
  for (auto [host, p] : all) {
    host->ExecutorOf(p)->Post([host = host, p = p, version, upgraded, gather] {
      host->Upgrade(p, version, [upgraded, gather](bool is_now) {
        upgraded->fetch_add(is_now);
        gather->One();
      });
    });
  }
}

void System::StartServices() {
  for (auto& s : services_) s->Start();
  flusher_->Start();
  serving_ = true;
  if (parts_.clock_health) parts_.blocking->Post([this] { WatchClock(); });
}

void System::RegisterAdmin() {
  using rpc::Call;
  using rpc::Reply;
  namespace v1 = admin::v1;
  const std::string face = "fundcore.admin.v1.AdminService/";
  handlers_.Unary<v1::StatusRequest, v1::StatusResponse>(
      face + "Status", [this](const Call&, const v1::StatusRequest&, v1::StatusResponse* r, Reply reply) {
        r->set_now_us(parts_.deps.executors[0]->Now().raw());
        r->set_steered(parts_.steered);
        r->set_serving(serving());
        r->set_version(kVersion);
        r->set_partitions(parts_.deps.partitions);
        for (machine::HostBase* h : hosts()) r->add_roles(std::string(ServiceName(h->service())));
        r->set_held_back(std::string(gate_.reason()));
        if (!gate_.open()) r->set_held_back_why(gate_.why());
        r->set_machine_versions(parts_.deps.machine_versions);
        for (machine::HostBase* h : hosts())
          for (uint16_t p = 0; p < h->partitions(); ++p) r->set_partitions_served(r->partitions_served() + h->Serves(PartitionId(p)));
        clock_host_->On(kClockPartition, [r, reply = std::move(reply)](machine::Partition<ClockMachine>& p) mutable {
          ClockMachine& m = p.machine();
          r->set_clock_accepted(m.accepted());
          r->set_clock_accepted_at_us(m.last_accepted_at().raw());
          r->set_clock_accepted_by(m.last_accepted().person);
          reply(absl::OkStatus());
        });
      });
  handlers_.Unary<v1::AcceptClockRequest, v1::AcceptClockResponse>(
      face + "AcceptClock", [this](const Call& call, const v1::AcceptClockRequest& q, v1::AcceptClockResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        if (q.person().empty() || q.person().size() > 60 || q.note().size() > 500) {
          return reply(rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_FIELD",
                                            "person must name who looked at the clock (1 to 60 bytes), note has at most 500",
                                            {{"field", "person"}}));
        }
        if (!parts_.accept_clock) {
          return reply(rpc::ErrorWithReason(absl::StatusCode::kFailedPrecondition, "CLOCK_STEERED",
                                            "this process has a steered clock; there is nothing to accept"));
        }
        if (!serving()) {
          return reply(rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "NOT_SERVING", "still recovering; ask again shortly"));
        }
        LogAccepted(AcceptClock{TimePoint::FromRaw(q.wall_us()), q.person(), q.note()},
                    [this, r, reply = std::move(reply)](absl::Status s) mutable {
                      r->set_now_us(parts_.blocking->Now().raw());
                      reply(std::move(s));
                    });
      });
  handlers_.Unary<v1::NoteClockRequest, v1::NoteClockResponse>(
      face + "NoteClock", [this](const Call& call, const v1::NoteClockRequest& q, v1::NoteClockResponse*, Reply reply) {
        if (!call.internal) return reply(rpc::OperatorsOnly(call));
        AcceptClock command{TimePoint::FromRaw(q.wall_us()), q.person(), q.note()};
        clock_host_->On(kClockPartition, [this, command, reply = std::move(reply)](machine::Partition<ClockMachine>&) mutable {
          clock_host_->Submit(kClockPartition, command,
                              [reply = std::move(reply)](const ClockMachine::Result&) mutable { reply(absl::OkStatus()); });
        });
      });
  handlers_.Unary<v1::CheckpointRequest, v1::CheckpointResponse>(
      face + "Checkpoint", [this](const Call& call, const v1::CheckpointRequest& q, v1::CheckpointResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        if (!IsCheckpointName(q.name())) {
          return reply(rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_FIELD",
                                            StrCat("name \"", q.name(), "\" must have 1 to 64 letters, digits, - and _"),
                                            {{"field", "name"}}));
        }
        if (!parts_.checkpoint) {
          return reply(rpc::ErrorWithReason(absl::StatusCode::kUnimplemented, "NO_CHECKPOINTS",
                                            "this process keeps its state in memory alone"));
        }
        parts_.blocking->Post([this, name = q.name(), r, reply = std::move(reply)]() mutable {
          flusher_->FlushNow([this, name = std::move(name), r, reply = std::move(reply)](absl::Status s) mutable {
            if (s.ok()) s = parts_.checkpoint(name);
            r->set_name(name);
            if (!s.ok() || !parts_.complete_checkpoint) return reply(std::move(s));
            parts_.complete_checkpoint(name, std::move(reply));
          });
        });
      });
  handlers_.Unary<v1::AdvanceClockRequest, v1::AdvanceClockResponse>(
      face + "AdvanceClock", [this](const Call& call, const v1::AdvanceClockRequest& q, v1::AdvanceClockResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        if (!parts_.steered) {
          return reply(rpc::ErrorWithReason(absl::StatusCode::kFailedPrecondition, "CLOCK_NOT_STEERED",
                                            "this process follows the real clock; serve with --clock=steered to move it"));
        }
        const TimePoint to = TimePoint::FromRaw(q.to_us());
        clock_host_->On(kClockPartition, [this, to, r, reply = std::move(reply)](machine::Partition<ClockMachine>& p) mutable {
          if (!p.serving() || !serving()) {
            return reply(rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "NOT_SERVING", "still recovering; ask again shortly"));
          }
          clock_host_->Submit(kClockPartition, AdvanceClock{to}, [this, r, reply = std::move(reply)](const ClockMachine::Result& result) mutable {
            r->set_now_us(result.now.raw());
            if (!result.ok) {
              return reply(rpc::ErrorWithReason(absl::StatusCode::kFailedPrecondition, "CLOCK_GOES_FORWARD_ONLY",
                                                StrCat("it is already ", result.now.Iso(), "; choose a later time")));
            }
            // Moved from a task of its own: timers that come due then run after this command is done with.
            clock_host_->ExecutorOf(kClockPartition)->Post([this, now = result.now, reply = std::move(reply)]() mutable {
              parts_.set_clock(now);
              if (!parts_.when_all_show) return reply(absl::OkStatus());
              parts_.when_all_show(now, std::move(reply));
            });
          });
        });
      });
  handlers_.Unary<v1::StateHashesRequest, v1::StateHashesResponse>(
      face + "StateHashes", [this](const Call& call, const v1::StateHashesRequest& q, v1::StateHashesResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        std::vector<std::pair<machine::PartitionBase*, v1::PartitionHash*>> all;
        for (machine::HostBase* h : hosts()) {
          if (!q.service().empty() && q.service() != ServiceName(h->service())) continue;
          // A sibling asks one service for the partitions that are owned here.
          const auto asked = rpc::AskedPartitions(call, h->partitions());
          if (!asked.ok()) return reply(asked.status());
          for (auto& shard : h->shards())
            for (auto& p : shard->partitions())
              if (std::binary_search(asked->begin(), asked->end(), p->id().partition)) all.emplace_back(p.get(), r->add_partitions());
        }
        if (all.empty()) {
          return reply(rpc::ErrorWithReason(absl::StatusCode::kNotFound, "SERVICE_UNKNOWN",
                                            StrCat("no service \"", q.service(), "\" in this process"), {{"service", q.service()}}));
        }
        auto elsewhere = std::make_shared<std::atomic<int>>(-1);  // a partition that was asked for and is not served here
        machine::Gather* gather = machine::Gather::New(all.size(), [elsewhere, service = q.service(), reply = std::move(reply)]() mutable {
          const int p = elsewhere->load();
          reply(p < 0 ? absl::OkStatus() : rpc::NotOwner(service, static_cast<uint16_t>(p)));
        });
        const bool named = call.partitions.has_value();
        for (auto [p, out] : all) {
          p->executor()->Post([p = p, out = out, gather, named, elsewhere] {
            if (named && !p->serving()) elsewhere->store(p->id().partition.raw());
            out->set_service(std::string(ServiceName(p->id().service)));
            out->set_partition(p->id().partition.raw());
            auto hash = p->state().Hash();
            FC_CHECK(hash.ok(), "state cannot be written: ", hash.status().ToString());
            out->set_next_offset(p->state().meta.next);
            out->set_hash(hash->Hex());
            gather->One();
          });
        }
      });
  handlers_.Unary<v1::FlushRequest, v1::FlushResponse>(
      face + "Flush", [this](const Call& call, const v1::FlushRequest&, v1::FlushResponse*, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        parts_.blocking->Post([this, reply = std::move(reply)]() mutable { flusher_->FlushNow(std::move(reply)); });
      });
}

}  // namespace fundcore
