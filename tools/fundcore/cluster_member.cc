// Joining and leaving. See cluster_member.h.
#include "tools/fundcore/cluster_member.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/status.h"
#include "common/cluster/directory_service.h"
#include "common/log/kafka_bulletin.h"
#include "common/rpc/operators.h"
#include "fundcore/admin/v1/admin.pb.h"

namespace fundcore {
namespace {

constexpr char kAdmin[] = "fundcore.admin.v1.AdminService/";
constexpr Duration kAskAgain = Duration::Millis(10);
constexpr int kAsks = 500;

}  // namespace

// The topic of announcements, as the announcer and the directory want it.
class ClusterMember::Board final : public cluster::Bulletin {
 public:
  explicit Board(std::unique_ptr<KafkaBulletin> kafka) : kafka_(std::move(kafka)) {}
  void Publish(std::string bytes) override { kafka_->Publish(std::move(bytes)); }
  void OnBulletin(OnMessage on_message) override { kafka_->OnBulletin(std::move(on_message)); }
  void Close() { kafka_->Close(); }

 private:
  std::unique_ptr<KafkaBulletin> kafka_;
};

ClusterMember::ClusterMember(ClusterMemberOptions options)
    : options_(std::move(options)), transport_(rpc::ChannelOptions{.tls = options_.tls}) {}

ClusterMember::~ClusterMember() {
  Leave();
  CloseLog();
}

cluster::Node ClusterMember::MakeNode() {
  cluster::Node node;
  node.layout = cluster::Layout(options_.layout);
  node.address = options_.address;
  node.plays.assign(options_.plays.begin(), options_.plays.end());
  node.serves = [this](LogPartition p) {
    System* system = system_.load(std::memory_order_acquire);
    return system != nullptr && system->Serves(p);
  };
  node.directory = &directory_;
  node.transport = &transport_;
  node.vault = options_.vault;
  return node;
}

absl::StatusOr<std::unique_ptr<ClusterMember>> ClusterMember::Open(ClusterMemberOptions options) {
  auto member = std::unique_ptr<ClusterMember>(new ClusterMember(std::move(options)));
  const ClusterMemberOptions& o = member->options_;
  KafkaLog::Options log;
  log.connection = o.connection;
  log.prefix = o.prefix;
  for (const auto& [service, partitions] : o.layout)
    if (o.plays.contains(service)) log.partitions.emplace_back(service, partitions);
  log.one_replica_for_tests = o.one_replica_for_tests;
  KafkaOpenReport report;
  FC_ASSIGN_OR_RETURN(member->log_, KafkaLog::Open(std::move(log), &report));
  for (const KafkaFinding& f : report.warnings)
    if (o.tell) o.tell(f.Text());
  FC_ASSIGN_OR_RETURN(auto bulletin, KafkaBulletin::Open(o.connection, o.prefix));
  member->board_ = std::make_unique<Board>(std::move(bulletin));
  member->ownership_ = std::make_unique<KafkaOwnership>(KafkaOwnership::Options{
      .connection = o.connection,
      .prefix = o.prefix,
      .services = {o.plays.begin(), o.plays.end()},
      .session = o.session});
  member->peers_ = std::make_unique<cluster::RoutedPeers>(member->MakeNode());
  return member;
}

void ClusterMember::Watch(System* system) {
  // Nothing is owned before Join, which makes the announcer.
  system->OnServing([this](LogPartition p, bool serving, uint64_t epoch) { announcer_->SetServing(p, serving, epoch); });
}

const rpc::Handlers* ClusterMember::Handlers(System* system) {
  system_.store(system, std::memory_order_release);
  cluster::AddDirectoryService(system->handlers(), &directory_, cluster::Layout(options_.layout));
  AddUpgrade(system);
  forwarding_ = std::make_unique<cluster::ForwardingHandlers>(system->handlers(), MakeNode());
  return forwarding_->handlers();
}

absl::Status ClusterMember::Join(System* system, rpc::RpcServer* server, Executor* executor) {
  transport_.SetLocal(server->InProcessChannel());
  board_->OnBulletin([this](std::string_view bytes) { directory_.Apply(bytes); });
  announcer_ = std::make_unique<cluster::Announcer>(
      cluster::Announcer::Options{.process_id = options_.process,
                                  .address = options_.address,
                                  .roles = options_.roles,
                                  .machine_min = machine::kFirstMachineVersion,
                                  .machine_max = options_.machine_versions},
      board_.get(), &directory_, executor);
  announcer_->Start();
  return ownership_->Start([system](LogPartition p, bool granted) { system->SetOwned(p, granted); });
}

void ClusterMember::Leave() {
  if (ownership_) ownership_->Stop();
  if (announcer_) announcer_->Stop();
}

void ClusterMember::CloseLog() {
  transport_.Close();  // its answers run on the executors, too
  if (board_) board_->Close();
  if (log_) log_->Close();
}

// Asks one process after the other, each until it is there.
void ClusterMember::WhenAllShow(TimePoint time, Executor* executor, absl::AnyInvocable<void(absl::Status)> done) {
  struct Run {
    ClusterMember* self;
    TimePoint time;
    Executor* executor;
    absl::AnyInvocable<void(absl::Status)> done;
    std::vector<std::string> addresses;
    int asks = 0;
    admin::v1::StatusRequest request;
    admin::v1::StatusResponse response;

    void Next(std::shared_ptr<Run> run) {
      if (addresses.empty()) return done(absl::OkStatus());
      if (++asks > kAsks) {
        return done(absl::UnavailableError(StrCat("the process at ", addresses.back(), " does not show ", time.Iso(), " yet")));
      }
      self->transport_.Call(addresses.back(), StrCat(kAdmin, "Status"), request, &response,
                            {.deadline = Duration::Seconds(2), .caller = "fundcore"}, [run](absl::Status s) {
                              run->executor->Post([run, s] { run->Answered(run, s); });
                            });
    }
    void Answered(std::shared_ptr<Run> run, const absl::Status& s) {
      if (s.ok() && response.now_us() >= time.raw()) {
        addresses.pop_back();
        return Next(run);
      }
      // One that is gone is not waited for.
      const auto known = self->directory_.Processes();
      const bool there = std::any_of(known.begin(), known.end(), [&](const auto& p) { return p.address == addresses.back(); });
      if (!s.ok() && !there) addresses.pop_back();
      executor->PostAfter(kAskAgain, [run] { run->Next(run); });
    }
  };
  auto run = std::make_shared<Run>();
  run->self = this;
  run->time = time;
  run->executor = executor;
  run->done = std::move(done);
  for (const auto& p : directory_.Processes())
    if (p.address != options_.address) run->addresses.push_back(p.address);
  run->Next(run);
}

// AdminService/Upgrade: only where everybody supports the version; then every process upgrades what it owns.
void ClusterMember::AddUpgrade(System* system) {
  namespace v1 = admin::v1;
  system->handlers()->Unary<v1::UpgradeRequest, v1::UpgradeResponse>(
      StrCat(kAdmin, "Upgrade"),
      [this, system](const rpc::Call& call, const v1::UpgradeRequest& q, v1::UpgradeResponse* r, rpc::Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        if (q.version() < machine::kFirstMachineVersion || q.version() > machine::kMachineVersion) {
          return reply(rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "VERSION_UNKNOWN",
                                            StrCat("version ", q.version(), ": this build knows ", machine::kFirstMachineVersion,
                                                   " to ", machine::kMachineVersion)));
        }
        const auto processes = directory_.Processes();
        for (const auto& p : processes) {
          if (p.machine_max >= q.version()) continue;
          return reply(rpc::ErrorWithReason(
              absl::StatusCode::kFailedPrecondition, "VERSION_NOT_SUPPORTED",
              StrCat("the process at ", p.address, " supports machine versions up to ", p.machine_max, ", not ", q.version(),
                     "; exchange it for a newer build first"),
              {{"address", p.address}}));
        }
        if (q.here_only()) {
          return system->Upgrade(q.version(), [r, reply = std::move(reply)](uint32_t upgraded) mutable {
            r->set_partitions(upgraded);
            reply(absl::OkStatus());
          });
        }
        struct Run {
          std::vector<v1::UpgradeResponse> responses;
          std::vector<absl::Status> status;
          v1::UpgradeRequest request;
        };
        auto run = std::make_shared<Run>();
        run->responses.resize(processes.size());
        run->status.resize(processes.size());
        run->request.set_version(q.version());
        run->request.set_here_only(true);
        uint32_t all = 0;
        for (const auto& [service, partitions] : options_.layout) all += partitions;
        machine::Gather* gather = machine::Gather::New(processes.size() + 1, [run, r, all, reply = std::move(reply)]() mutable {
          for (const absl::Status& s : run->status)
            if (!s.ok()) return reply(s);
          for (const auto& one : run->responses) r->set_partitions(r->partitions() + one.partitions());
          if (r->partitions() >= all) return reply(absl::OkStatus());
          reply(rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "PARTITIONS_WITHOUT_OWNER",
                                     StrCat(r->partitions(), " of ", all, " partitions are upgraded; the others have no owner "
                                            "just now: ask again")));
        });
        for (size_t i = 0; i < processes.size(); ++i) {
          transport_.Call(processes[i].address, StrCat(kAdmin, "Upgrade"), run->request, &run->responses[i],
                          {.deadline = Duration::Seconds(10), .caller = "fundcore"}, [run, gather, i](absl::Status s) {
                            run->status[i] = std::move(s);
                            gather->One();
                          });
        }
        gather->One();
      });
}

absl::StatusOr<std::set<ServiceId>> ParseRoles(const std::vector<std::string>& roles) {
  std::set<ServiceId> out = {ServiceId::kSystem};
  for (const std::string& role : roles) {
    bool found = false;
    for (ServiceId s : {ServiceId::kTrade, ServiceId::kAccount, ServiceId::kProduct, ServiceId::kRisk, ServiceId::kClearing,
                        ServiceId::kSimBank}) {
      if (cluster::RoleOf(s) != role) continue;
      out.insert(s);
      found = true;
    }
    if (!found) {
      return absl::InvalidArgumentError(
          StrCat("role \"", role, "\" is none of trade, account, product, risk, clearing and bank"));
    }
  }
  return out;
}

absl::StatusOr<std::string> WithFreePort(const std::string& address) {
  if (!address.ends_with(":0")) return address;
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof a;
  const bool bound = fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size) == 0;
  if (fd >= 0) ::close(fd);
  if (!bound) return absl::UnavailableError("no free port on loopback");
  return StrCat(address.substr(0, address.size() - 1), ntohs(a.sin_port));
}

}  // namespace fundcore
