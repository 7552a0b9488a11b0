// See client.h.
#include "common/cluster/client.h"

#include <algorithm>
#include <future>
#include <mutex>
#include <utility>

#include "common/base/status.h"
#include "common/cluster/directory_service.h"
#include "common/cluster/dispatch.h"
#include "common/cluster/transport.h"

namespace fundcore::cluster {
namespace {

constexpr Duration kDirectoryDeadline = Duration::Seconds(2);

}  // namespace

class Client::Impl final : public Courier {
 public:
  Impl(std::vector<std::string> addresses, Options options)
      : options_(std::move(options)), bootstrap_(std::move(addresses)), home_(bootstrap_.front()),
        transport_(std::make_unique<GrpcTransport>(options_.channel)) {}
  ~Impl() override {
    {
      std::lock_guard lock(mutex_);
      closing_ = true;
    }
    transport_.reset();  // waits for what is under way, which uses the rest
  }

  absl::Status Start() {
    FC_RETURN_IF_ERROR(Fetch(options_.patience));
    layout_ = LayoutOf(last_);
    return absl::OkStatus();
  }

  void Call(std::string_view method, const Message& request, Message* response, Duration deadline, Done done,
            std::string_view caller) {
    rpc::Call trip;
    const std::string_view name = caller.empty() ? std::string_view(options_.caller) : caller;
    if (!CallerId::Fits(name)) {
      return done(absl::InvalidArgumentError(StrCat("caller \"", name, "\" is longer than ", CallerId::kMax, " bytes")));
    }
    trip.caller = CallerId(name);
    trip.deadline = deadline;
    const Route* route = FindRoute(method);
    const bool by_owner = route != nullptr && (route->kind == Kind::kPartition || route->kind == Kind::kItems) &&
                          !(route->where && route->where(request, layout_) == kAll);
    if (by_owner && !layout_.services().empty()) {
      return Dispatch(*route, request, response, trip, self_, std::move(done));
    }
    const bool to_account = route != nullptr && route->kind == Kind::kInvestor;
    const std::string account = to_account ? directory_.AnyWith(RoleOf(ServiceId::kAccount), "") : "";
    const std::string address = account.empty() ? home() : account;
    transport_->Call(address, method, request, response, {.deadline = deadline, .caller = trip.caller.view()},
                     [this, address, done = std::move(done)](absl::Status status) mutable {
                       if (absl::IsUnavailable(status) && rpc::ReasonOf(status).empty()) Lost(address);
                       done(std::move(status));
                     });
  }

  absl::Status Read(std::string_view method, const Message& request, Message* message,
                    const std::function<bool()>& on_message, Duration deadline, std::string_view caller) {
    std::string address = home();
    const Route* route = FindRoute(method);
    if (route != nullptr && route->where) {
      const PartitionId p = route->where(request, layout_);
      if (const auto owner = directory_.OwnerOf({route->service, p})) address = owner->address;
    }
    FC_ASSIGN_OR_RETURN(auto channel, rpc::Connect(address, options_.channel));
    const absl::Status status = rpc::ReadStream(*channel, method, request, message, on_message, deadline,
                                                caller.empty() ? std::string_view(options_.caller) : caller);
    if (absl::IsUnavailable(status)) Lost(address);
    return status;
  }

  absl::Status Fetch(Duration patience) {
    std::promise<absl::Status> promise;
    Ask(Candidates(), 0, patience, [&promise](absl::Status s) { promise.set_value(std::move(s)); });
    return promise.get_future().get();
  }

  const Directory& directory() const { return directory_; }

  // --- Courier
  const Layout& layout() const override { return layout_; }
  // Who is not known is found by the servers.
  std::optional<Target> OwnerOf(LogPartition partition) override {
    auto owner = directory_.OwnerOf(partition);
    return Target{false, owner ? std::move(owner->address) : std::string()};
  }
  std::optional<Target> Anybody(ServiceId) override { return Target{false, ""}; }
  std::vector<Target> Everybody() override { return {Target{false, ""}}; }
  std::optional<PartitionId> PartitionOfInvestor(const Message&) override { return std::nullopt; }

  void Send(const rpc::Call& trip, const Target& target, Part part, Done done) override {
    const bool at_owner = !target.address.empty() && !part.owned.empty();
    std::string address = target.address.empty() ? home() : target.address;
    rpc::Outgoing outgoing{.deadline = trip.deadline, .caller = trip.caller.view()};
    // An owner says so where it is none any more, rather than passing the call on: that is how we learn of it.
    outgoing.hops = at_owner ? 1 : 0;
    const Message& request = *part.request;
    Message* const response = part.response;
    const std::string& method = part.route->method;
    transport_->Call(address, method, request, response, outgoing,
                     [this, address, trip, part = std::move(part), done = std::move(done)](absl::Status status) mutable {
                       Ended(address, trip, std::move(part), std::move(done), std::move(status));
                     });
  }

 private:
  void Ended(const std::string& address, const rpc::Call& trip, Part part, Done done, absl::Status status) {
    const bool moved = rpc::ReasonOf(status) == "NOT_OWNER";
    status = Heed(status, part, address, &directory_);
    if (rpc::ReasonOf(status) == "OWNER_UNREACHABLE") Lost(address);
    if (!moved) return done(std::move(status));
    // Nothing was done. Once more, with the directory as it is now; to a server that passes it on where even that is late.
    Refresh([this, trip, part = std::move(part), done = std::move(done), status = std::move(status)]() mutable {
      std::string now = home();
      if (const auto owner = directory_.OwnerOf({part.service, PartitionId(part.owned.front())})) now = owner->address;
      if (closing()) return done(std::move(status));
      const Message& request = *part.request;
      Message* const response = part.response;
      const std::string& method = part.route->method;
      response->Clear();
      transport_->Call(now, method, request, response, {.deadline = trip.deadline, .caller = trip.caller.view()},
                       [this, now, part = std::move(part), done = std::move(done)](absl::Status again) mutable {
                         done(Heed(again, part, now, &directory_));
                       });
    });
  }

  // This process does not answer: others are asked from now on, and about who took over.
  void Lost(const std::string& address) {
    {
      std::lock_guard lock(mutex_);
      if (home_ == address) {
        const std::vector<std::string> others = CandidatesLocked();
        const auto here = std::find(others.begin(), others.end(), address);
        const size_t next = here == others.end() ? 0 : static_cast<size_t>(here - others.begin()) + 1;
        home_ = others[next % others.size()];
      }
    }
    Refresh([] {});
  }

  // Fetches the directory; joins a fetch that is under way. `then` runs whatever became of it.
  void Refresh(absl::AnyInvocable<void()> then) {
    {
      std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(then));
      if (std::exchange(refreshing_, true)) return;
    }
    Ask(Candidates(), 0, kDirectoryDeadline, [this](absl::Status) {
      std::vector<absl::AnyInvocable<void()>> waiting;
      {
        std::lock_guard lock(mutex_);
        refreshing_ = false;
        waiting.swap(waiting_);
      }
      for (auto& w : waiting) w();
    });
  }

  // Asks one after the other until somebody answers. A server without a directory is a system of one process.
  void Ask(std::vector<std::string> candidates, size_t next, Duration deadline, Done done) {
    if (closing()) return done(absl::CancelledError("the client is closing"));
    auto response = std::make_shared<v1::DirectoryResponse>();
    const std::string address = candidates[next];
    transport_->Call(
        address, kDirectoryMethod, v1::DirectoryRequest(), response.get(),
        {.deadline = deadline, .caller = options_.caller},
        [this, candidates = std::move(candidates), next, deadline, response, done = std::move(done)](absl::Status s) mutable {
          if (absl::IsUnimplemented(s)) s = absl::OkStatus();
          if (!s.ok() && next + 1 < candidates.size()) {
            return Ask(std::move(candidates), next + 1, deadline, std::move(done));
          }
          if (s.ok()) {
            std::lock_guard lock(mutex_);
            directory_.Apply(*response);
            last_ = *response;
            home_ = candidates[next];
          }
          done(std::move(s));
        });
  }

  // The present home first, then those that we were told of, then all that we know.
  std::vector<std::string> Candidates() {
    std::lock_guard lock(mutex_);
    return CandidatesLocked();
  }
  std::vector<std::string> CandidatesLocked() {
    std::vector<std::string> out{home_};
    const auto add = [&out](const std::string& address) {
      if (std::find(out.begin(), out.end(), address) == out.end()) out.push_back(address);
    };
    for (const std::string& address : bootstrap_) add(address);
    for (const Directory::Process& p : directory_.Processes()) add(p.address);
    return out;
  }
  std::string home() {
    std::lock_guard lock(mutex_);
    return home_;
  }
  bool closing() {
    std::lock_guard lock(mutex_);
    return closing_;
  }

  // The calls of a client never outlive it: they need not keep it alive.
  const std::shared_ptr<Courier> self_{std::shared_ptr<void>(), this};
  const Options options_;
  const std::vector<std::string> bootstrap_;
  // Hints of a client do not age: they are asked for anew when they fail.
  Directory directory_{{.forget_after = Duration::Seconds(int64_t{365} * 24 * 3'600)}};
  Layout layout_;  // fixed after Start
  std::mutex mutex_;
  std::string home_;
  v1::DirectoryResponse last_;
  bool closing_ = false;
  bool refreshing_ = false;
  std::vector<absl::AnyInvocable<void()>> waiting_;
  std::unique_ptr<GrpcTransport> transport_;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(std::vector<std::string> addresses, Options options) {
  if (addresses.empty()) return absl::InvalidArgumentError("give at least one address of the system, such as 127.0.0.1:7400");
  for (const std::string& address : addresses) FC_RETURN_IF_ERROR(rpc::Connect(address, options.channel).status());
  auto impl = std::make_unique<Impl>(std::move(addresses), std::move(options));
  FC_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

void Client::Call(std::string_view method, const Message& request, Message* response, Duration deadline, Done done,
                  std::string_view caller) {
  impl_->Call(method, request, response, deadline, std::move(done), caller);
}

absl::Status Client::Wait(std::string_view method, const Message& request, Message* response, Duration deadline,
                          std::string_view caller) {
  std::promise<absl::Status> promise;
  Call(method, request, response, deadline, [&promise](absl::Status s) { promise.set_value(std::move(s)); }, caller);
  return promise.get_future().get();
}

absl::Status Client::Read(std::string_view method, const Message& request, Message* message,
                          const std::function<bool()>& on_message, Duration deadline, std::string_view caller) {
  return impl_->Read(method, request, message, on_message, deadline, caller);
}

absl::Status Client::Refresh() { return impl_->Fetch(Duration::Seconds(2)); }
const Directory& Client::directory() const { return impl_->directory(); }
const Layout& Client::layout() const { return impl_->layout(); }

}  // namespace fundcore::cluster
