// See dispatch.h.
//
// A call over several owners is a Fan of pieces. Items are never copied here: the pieces' requests borrow them from the
// caller's request, and the answers move from the pieces' responses into the caller's.
#include "common/cluster/dispatch.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "common/base/check.h"
#include "common/cluster/merge.h"
#include "common/rpc/partitions.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "google/protobuf/arena.h"
#include "google/protobuf/descriptor.h"

namespace fundcore::cluster {
namespace {

namespace av1 = account::v1;

// An item that is not asked about in this round.
constexpr PartitionId kNobody{0xfffd};

struct Piece {
  Target target;
  ServiceId service = ServiceId::kSystem;
  std::vector<uint16_t> owned;
  bool only_these = false;
  std::vector<int> items;            // indexes into the request
  const Message* request = nullptr;  // the caller's, or on the fan's arena
  Message* response = nullptr;
  std::unique_ptr<Message> own_response;  // where the caller's response is on no arena
  absl::Status status;
};

// Pieces under way, and what is done when all have ended. Shared by their callbacks.
struct Fan {
  const Route* route = nullptr;
  Message* response = nullptr;
  rpc::Call trip;
  std::shared_ptr<Courier> courier;
  Courier::Done done;
  std::vector<Piece> pieces;
  absl::AnyInvocable<void(Fan&)> end;  // joins the pieces and calls done
  std::atomic<size_t> left{0};
  google::protobuf::Arena arena;

  // The first piece's trouble, in the order of partitions.
  absl::Status Trouble() const {
    for (const Piece& p : pieces)
      if (!p.status.ok()) return p.status;
    return absl::OkStatus();
  }
  std::vector<Message*> Responses() const {
    std::vector<Message*> out;
    for (const Piece& p : pieces) out.push_back(p.response);
    return out;
  }
};

// The callback of one piece. Dropped without a call, as when an executor stops, it says that nobody knows.
class Ticket {
 public:
  Ticket(std::shared_ptr<Fan> fan, size_t piece) : fan_(std::move(fan)), piece_(piece) {}
  Ticket(Ticket&& other) noexcept : fan_(std::move(other.fan_)), piece_(other.piece_) {}
  ~Ticket() {
    if (fan_ == nullptr) return;
    (*this)(absl::UnavailableError(StrCat(fan_->route->method,
                                          " ended without an answer; the effect is unknown: ask again with the same request id")));
  }
  void operator()(absl::Status status) {
    const std::shared_ptr<Fan> fan = std::exchange(fan_, nullptr);
    fan->pieces[piece_].status = std::move(status);
    if (fan->left.fetch_sub(1, std::memory_order_acq_rel) == 1) fan->end(*fan);
  }

 private:
  std::shared_ptr<Fan> fan_;
  size_t piece_;
};

void Launch(const std::shared_ptr<Fan>& fan) {
  fan->left = fan->pieces.size();
  for (Piece& p : fan->pieces) {
    google::protobuf::Arena* arena = fan->response->GetArena();
    p.response = fan->response->New(arena);
    if (arena == nullptr) p.own_response.reset(p.response);
  }
  for (size_t i = 0; i < fan->pieces.size(); ++i) {
    Piece& p = fan->pieces[i];
    fan->courier->Send(fan->trip, p.target, {fan->route, p.service, p.request, p.response, p.owned, p.only_these},
                       Ticket(fan, i));
  }
}

std::shared_ptr<Fan> MakeFan(const Route& route, Message* response, const rpc::Call& trip,
                             const std::shared_ptr<Courier>& courier, Courier::Done done) {
  auto fan = std::make_shared<Fan>();
  fan->route = &route;
  fan->response = response;
  fan->trip = trip;
  fan->courier = courier;
  fan->done = std::move(done);
  return fan;
}

Piece* PieceFor(const Target& target, ServiceId service, std::vector<Piece>* pieces) {
  for (Piece& p : *pieces)
    if (p.target == target && p.service == service) return &p;
  pieces->emplace_back().target = target;
  pieces->back().service = service;
  return &pieces->back();
}

// All partitions of a service by their owners.
absl::Status GroupAll(ServiceId service, const std::shared_ptr<Courier>& courier, std::vector<Piece>* pieces) {
  for (uint16_t p = 0; p < courier->layout().Count(service); ++p) {
    const auto target = courier->OwnerOf({service, PartitionId(p)});
    if (!target) return NoOwner(service, PartitionId(p));
    PieceFor(*target, service, pieces)->owned.push_back(p);
  }
  return pieces->empty() ? NoOwner(service, PartitionId(0)) : absl::OkStatus();
}

// Items by the owners of their partitions; those of no partition go with others.
absl::Status GroupItems(ServiceId service, const std::vector<PartitionId>& of, const std::shared_ptr<Courier>& courier,
                        std::vector<Piece>* pieces) {
  const uint16_t count = courier->layout().Count(service);
  std::vector<int> piece_of(count, -1);
  std::vector<int> strays;
  for (size_t i = 0; i < of.size(); ++i) {
    if (of[i] == kNobody) continue;
    const uint16_t p = of[i].raw();
    if (p >= count) {
      strays.push_back(static_cast<int>(i));
      continue;
    }
    if (piece_of[p] < 0) {
      const auto target = courier->OwnerOf({service, of[i]});
      if (!target) return NoOwner(service, of[i]);
      Piece* piece = PieceFor(*target, service, pieces);
      piece->owned.push_back(p);
      piece_of[p] = static_cast<int>(piece - pieces->data());
    }
    (*pieces)[static_cast<size_t>(piece_of[p])].items.push_back(static_cast<int>(i));
  }
  if (!strays.empty() && pieces->empty()) {
    const auto target = courier->Anybody(service);
    if (!target) return NoOwner(service, PartitionId(0));
    PieceFor(*target, service, pieces);
  }
  if (!strays.empty()) {
    std::vector<int>& first = pieces->front().items;
    first.insert(first.end(), strays.begin(), strays.end());
  }
  for (Piece& p : *pieces) std::sort(p.owned.begin(), p.owned.end());
  return absl::OkStatus();
}

void SendWhole(const Route& route, const Message& request, Message* response, const rpc::Call& trip,
               const std::shared_ptr<Courier>& courier, std::optional<Target> target, std::vector<uint16_t> owned,
               Courier::Done done) {
  if (!target) return done(NoOwner(route.service, PartitionId(owned.empty() ? uint16_t{0} : owned.front())));
  courier->Send(trip, *target, {&route, route.service, &request, response, std::move(owned), false}, std::move(done));
}

// --- Everywhere
// --------------------------------------------------------------------------------------------------------------------

void EndMerged(Fan& fan) {
  absl::Status status = fan.Trouble();
  if (status.ok()) status = fan.route->merge(fan.Responses(), fan.response, fan.courier->layout());
  fan.done(std::move(status));
}

void Everywhere(const Route& route, const Message& request, Message* response, const rpc::Call& trip,
                const std::shared_ptr<Courier>& courier, Courier::Done done) {
  auto fan = MakeFan(route, response, trip, courier, std::move(done));
  if (absl::Status s = GroupAll(route.service, courier, &fan->pieces); !s.ok()) return fan->done(std::move(s));
  for (Piece& p : fan->pieces) {
    p.request = &request;
    p.only_these = true;
  }
  fan->end = EndMerged;
  Launch(fan);
}

void EveryProcess(const Route& route, const Message& request, Message* response, const rpc::Call& trip,
                  const std::shared_ptr<Courier>& courier, Courier::Done done) {
  auto fan = MakeFan(route, response, trip, courier, std::move(done));
  for (const Target& target : courier->Everybody()) PieceFor(target, route.service, &fan->pieces)->request = &request;
  if (fan->pieces.empty()) return fan->done(absl::UnavailableError("no process is known; ask again in a moment"));
  fan->end = EndMerged;
  Launch(fan);
}

// The hashes of each service's partitions, in the order of the layout.
void States(const Route& route, const Message& request, Message* response, const rpc::Call& trip,
            const std::shared_ptr<Courier>& courier, Courier::Done done) {
  const std::string& only = static_cast<const admin::v1::StateHashesRequest&>(request).service();
  auto fan = MakeFan(route, response, trip, courier, std::move(done));
  size_t expected = 0;
  for (const auto& [service, count] : courier->layout().services()) {
    if (!only.empty() && only != ServiceName(service)) continue;
    expected += count;
    const size_t first = fan->pieces.size();
    if (absl::Status s = GroupAll(service, courier, &fan->pieces); !s.ok()) return fan->done(std::move(s));
    auto* asks = google::protobuf::Arena::CreateMessage<admin::v1::StateHashesRequest>(&fan->arena);
    asks->set_service(std::string(ServiceName(service)));
    for (size_t i = first; i < fan->pieces.size(); ++i) {
      fan->pieces[i].request = asks;
      fan->pieces[i].only_these = true;
    }
  }
  if (fan->pieces.empty()) {
    return fan->done(rpc::ErrorWithReason(absl::StatusCode::kNotFound, "SERVICE_UNKNOWN",
                                          StrCat("no service \"", only, "\" in this system"), {{"service", only}}));
  }
  fan->end = [expected](Fan& f) {
    if (absl::Status s = f.Trouble(); !s.ok()) return f.done(std::move(s));
    // Pieces are in the order of services; of one service, partitions follow each other.
    auto* out = static_cast<admin::v1::StateHashesResponse*>(f.response);
    for (size_t begin = 0, end = 0; begin < f.pieces.size(); begin = end) {
      std::vector<const admin::v1::PartitionHash*> rows;
      for (; end < f.pieces.size() && f.pieces[end].service == f.pieces[begin].service; ++end) {
        for (const auto& row : static_cast<admin::v1::StateHashesResponse*>(f.pieces[end].response)->partitions())
          rows.push_back(&row);
      }
      std::sort(rows.begin(), rows.end(), [](const auto* a, const auto* b) { return a->partition() < b->partition(); });
      for (const auto* row : rows) *out->add_partitions() = *row;
    }
    if (static_cast<size_t>(out->partitions_size()) == expected) return f.done(absl::OkStatus());
    f.done(absl::InternalError(StrCat("the owners gave ", out->partitions_size(), " state hashes and not ", expected,
                                      "; compare the versions of the processes")));
  };
  Launch(fan);
}

// --- Items
// --------------------------------------------------------------------------------------------------------------------

// Answers go where their items were. They belong to the caller's arena, or to nobody, as its own do.
void EndItems(Fan& fan, size_t count) {
  const Route& route = *fan.route;
  const google::protobuf::Reflection* reflection = fan.response->GetReflection();
  for (Piece& p : fan.pieces) {
    if (!p.status.ok() || route.answers == nullptr) continue;
    const auto got = static_cast<size_t>(reflection->FieldSize(*p.response, route.answers));
    if (got == p.items.size()) continue;
    p.status = absl::InternalError(StrCat(route.method, ": an owner gave ", got, " answers to ", p.items.size(),
                                          " items; compare the versions of the processes"));
  }
  const bool all_failed =
      std::all_of(fan.pieces.begin(), fan.pieces.end(), [](const Piece& p) { return !p.status.ok(); });
  absl::Status trouble = fan.Trouble();
  if (!trouble.ok() && (all_failed || !route.item_failed)) return fan.done(std::move(trouble));
  if (route.answers == nullptr) return fan.done(absl::OkStatus());
  std::vector<Message*> answers(count);
  for (Piece& p : fan.pieces) {
    if (!p.status.ok()) {
      reflection->ClearField(p.response, route.answers);
      for (size_t i = 0; i < p.items.size(); ++i) {
        route.item_failed(p.status, reflection->AddMessage(p.response, route.answers));
      }
    }
    for (size_t i = p.items.size(); i-- > 0;)
      answers[static_cast<size_t>(p.items[i])] = reflection->UnsafeArenaReleaseLast(p.response, route.answers);
  }
  for (Message* answer : answers) reflection->UnsafeArenaAddAllocatedMessage(fan.response, route.answers, answer);
  fan.done(absl::OkStatus());
}

void Items(const Route& route, const Message& request, Message* response, const rpc::Call& trip,
           const std::shared_ptr<Courier>& courier, Courier::Done done) {
  const google::protobuf::Reflection* reflection = request.GetReflection();
  const int count = reflection->FieldSize(request, route.items);
  if (count == 0 || count > route.most_items) {
    return SendWhole(route, request, response, trip, courier, courier->Anybody(route.service), {}, std::move(done));
  }
  std::vector<PartitionId> of;
  of.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    of.push_back(route.item(reflection->GetRepeatedMessage(request, route.items, i), courier->layout()));
  }
  std::vector<Piece> pieces;
  if (absl::Status s = GroupItems(route.service, of, courier, &pieces); !s.ok()) return done(std::move(s));
  if (pieces.size() == 1) {
    return SendWhole(route, request, response, trip, courier, pieces.front().target, std::move(pieces.front().owned),
                     std::move(done));
  }
  auto fan = MakeFan(route, response, trip, courier, std::move(done));
  fan->pieces = std::move(pieces);
  for (Piece& p : fan->pieces) {
    // On an arena a message does not destroy its items, so these may belong to the caller's request.
    Message* part = request.New(&fan->arena);
    for (const int i : p.items) {
      const Message& item = reflection->GetRepeatedMessage(request, route.items, i);
      reflection->UnsafeArenaAddAllocatedMessage(part, route.items, const_cast<Message*>(&item));
    }
    p.request = part;
  }
  fan->end = [count](Fan& f) { EndItems(f, static_cast<size_t>(count)); };
  Launch(fan);
}

// --- Trading accounts: whose they are is kept by their own hash, and what they hold by their investor
// --------------------------------------------------------------------------------------------------------------------

void Link(const Route& route, const Message& request, Message* response, const rpc::Call& trip,
          const std::shared_ptr<Courier>& courier, Courier::Done done) {
  const auto [investor, link] = PartitionsOfLink(request, courier->layout());
  if (investor == kWhoever || link == kWhoever) {
    return SendWhole(route, request, response, trip, courier, courier->Anybody(route.service), {}, std::move(done));
  }
  const auto first = courier->OwnerOf({route.service, investor}), second = courier->OwnerOf({route.service, link});
  if (!first || !second) return done(NoOwner(route.service, first ? link : investor));
  if (*first == *second) {
    return SendWhole(route, request, response, trip, courier, first, {investor.raw(), link.raw()}, std::move(done));
  }
  auto copy = std::shared_ptr<Message>(request.New());
  copy->CopyFrom(request);
  auto asked = std::shared_ptr<Message>(response->New());
  courier->Send(trip, *first, {&route, route.service, copy.get(), asked.get(), {investor.raw()}, true},
                [&route, copy, asked, response, trip, courier, second = *second, link = link,
                 done = std::move(done)](absl::Status status) mutable {
                  if (!status.ok()) return done(std::move(status));
                  courier->Send(trip, second, {&route, route.service, copy.get(), response, {link.raw()}, true},
                                [copy, done = std::move(done)](absl::Status s) mutable { done(std::move(s)); });
                });
}

using Keys = av1::ResolveTradingAccountsRequest;
using Accounts = av1::ResolveTradingAccountsResponse;

// One round of ResolveTradingAccounts: of each key that is somebody's, what its owner says; `then` has all answers.
void ResolveRound(const std::shared_ptr<Fan>& fan, const std::vector<PartitionId>& of,
                  absl::FunctionRef<void(int, av1::TradingAccountKey*)> fill, absl::AnyInvocable<void(Fan&)> then) {
  if (absl::Status s = GroupItems(fan->route->service, of, fan->courier, &fan->pieces); !s.ok())
    return fan->done(std::move(s));
  for (Piece& p : fan->pieces) {
    auto* part = google::protobuf::Arena::CreateMessage<Keys>(&fan->arena);
    for (const int i : p.items) fill(i, part->add_keys());
    p.request = part;
    p.only_these = !p.owned.empty();
  }
  fan->end = [then = std::move(then)](Fan& f) mutable {
    for (Piece& p : f.pieces) {
      if (p.status.ok() && static_cast<size_t>(static_cast<Accounts*>(p.response)->accounts_size()) != p.items.size())
        p.status = absl::InternalError(StrCat(f.route->method, ": an owner left keys unanswered; compare versions"));
    }
    if (absl::Status s = f.Trouble(); !s.ok()) return f.done(std::move(s));
    then(f);
  };
  Launch(fan);
}

void Resolve(const Route& route, const Message& request, Message* response, const rpc::Call& trip,
             const std::shared_ptr<Courier>& courier, Courier::Done done) {
  const auto& keys = static_cast<const Keys&>(request);
  std::vector<Piece> owners;
  absl::Status known = GroupAll(route.service, courier, &owners);
  const bool whole = keys.keys().empty() || keys.keys_size() > route.most_items || owners.size() == 1;
  if (whole) {
    const auto target = owners.size() == 1 ? owners.front().target : courier->Anybody(route.service);
    return SendWhole(route, request, response, trip, courier, target, {}, std::move(done));
  }
  if (!known.ok()) return done(std::move(known));
  auto copy = std::make_shared<Keys>(keys);
  std::vector<PartitionId> links;
  for (const auto& key : copy->keys()) links.push_back(PartitionOfKey(key, courier->layout()));
  auto fan = MakeFan(route, response, trip, courier, std::move(done));
  ResolveRound(
      fan, links,
      [&](int i, av1::TradingAccountKey* out) {
        *out = copy->keys(i);
        out->clear_ta_code();  // the fund account is the next round's
      },
      [copy, trip](Fan& f) {
        auto* out = static_cast<Accounts*>(f.response);
        for (int i = 0; i < copy->keys_size(); ++i) out->add_accounts();
        for (const Piece& p : f.pieces) {
          const auto& got = static_cast<const Accounts&>(*p.response);
          for (size_t k = 0; k < p.items.size(); ++k) *out->mutable_accounts(p.items[k]) = got.accounts(static_cast<int>(k));
        }
        std::vector<PartitionId> investors(static_cast<size_t>(copy->keys_size()), kNobody);
        bool any = false;
        for (int i = 0; i < copy->keys_size(); ++i) {
          const uint64_t investor = out->accounts(i).investor_id();
          if (investor == 0 || copy->keys(i).ta_code().empty()) continue;
          copy->mutable_keys(i)->set_investor_id(investor);
          investors[static_cast<size_t>(i)] = PartitionOfKey(copy->keys(i), f.courier->layout());
          any = true;
        }
        if (!any) return f.done(absl::OkStatus());
        auto next = MakeFan(*f.route, f.response, trip, f.courier, std::move(f.done));
        ResolveRound(
            next, investors, [&](int i, av1::TradingAccountKey* key) { *key = copy->keys(i); },
            [copy](Fan& g) {
              for (const Piece& p : g.pieces) {
                const auto& got = static_cast<const Accounts&>(*p.response);
                for (size_t k = 0; k < p.items.size(); ++k) {
                  static_cast<Accounts*>(g.response)
                      ->mutable_accounts(p.items[k])
                      ->set_ta_account(got.accounts(static_cast<int>(k)).ta_account());
                }
              }
              g.done(absl::OkStatus());
            });
      });
}

}  // namespace

void Dispatch(const Route& route, const Message& request, Message* response, const rpc::Call& trip,
              const std::shared_ptr<Courier>& courier, Courier::Done done) {
  switch (route.kind) {
    case Kind::kLocal:
      return SendWhole(route, request, response, trip, courier, Target{.here = true}, {}, std::move(done));
    case Kind::kPartition: {
      const PartitionId p = route.where(request, courier->layout());
      if (p == kAll) return Everywhere(route, request, response, trip, courier, std::move(done));
      if (p == kWhoever) {
        return SendWhole(route, request, response, trip, courier, courier->Anybody(route.service), {}, std::move(done));
      }
      return SendWhole(route, request, response, trip, courier, courier->OwnerOf({route.service, p}), {p.raw()},
                       std::move(done));
    }
    case Kind::kItems: return Items(route, request, response, trip, courier, std::move(done));
    case Kind::kEverywhere: return Everywhere(route, request, response, trip, courier, std::move(done));
    case Kind::kEveryProcess: return EveryProcess(route, request, response, trip, courier, std::move(done));
    case Kind::kInvestor: {
      const auto p = courier->PartitionOfInvestor(request);
      if (!p) return SendWhole(route, request, response, trip, courier, courier->Anybody(route.service), {}, std::move(done));
      return SendWhole(route, request, response, trip, courier, courier->OwnerOf({route.service, *p}), {p->raw()},
                       std::move(done));
    }
    case Kind::kLink: return Link(route, request, response, trip, courier, std::move(done));
    case Kind::kResolve: return Resolve(route, request, response, trip, courier, std::move(done));
    case Kind::kStates: return States(route, request, response, trip, courier, std::move(done));
  }
}

absl::Status NoOwner(ServiceId service, PartitionId partition) {
  const std::string number = StrCat(partition.raw());
  return rpc::ErrorWithReason(
      absl::StatusCode::kUnavailable, "NO_OWNER",
      StrCat("no process is known that serves ", ServiceName(service), " partition ", number, "; nothing was done, ask again in a moment"),
      {{"service", ServiceName(service)}, {"partition", number}});
}

absl::Status Heed(const absl::Status& status, const Courier::Part& part, const std::string& address, Directory* directory) {
  if (!absl::IsUnavailable(status)) return status;
  if (const auto hint = rpc::ReadNotOwner(status)) {
    const auto service = ServiceOf(hint->service);
    if (!service) return status;
    const LogPartition partition{*service, PartitionId(hint->partition)};
    directory->Doubt(partition, address);
    if (!hint->owner.empty() && hint->owner != address) directory->Correct(partition, hint->owner, hint->epoch);
    return status;
  }
  if (!rpc::ReasonOf(status).empty()) return status;
  for (const uint16_t p : part.owned) directory->Doubt({part.service, PartitionId(p)}, address);
  return rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "OWNER_UNREACHABLE",
                              StrCat(address, " cannot be reached for ", part.route->method, " (", status.message(),
                                     "); the effect is unknown: ask again with the same request id"),
                              {{"owner", address}});
}

}  // namespace fundcore::cluster
