// What orders by file need beside SubmitOrders: binding serials to their content, and finding what became of requests.
#include <memory>

#include "services/trade/service.h"
#include "services/trade/shape.h"
#include "services/trade/view.h"

namespace fundcore::trade {
namespace {

absl::Status TooMany(std::string_view field, int count) {
  if (count <= kMostOrders) return absl::OkStatus();
  return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "TOO_MANY_ORDERS",
                              StrCat(field, " has ", count, " items; send at most ", kMostOrders, " a call"));
}

}  // namespace

void TradeService::ByPartition(
    std::vector<std::vector<int>> items,
    std::function<void(TradePartition&, const std::vector<int>&, std::function<void(absl::Status)>)> f,
    rpc::Reply reply) {
  struct All {
    std::vector<std::vector<int>> items;
    std::function<void(TradePartition&, const std::vector<int>&, std::function<void(absl::Status)>)> f;
    std::vector<absl::Status> status;
    rpc::Reply reply;
  };
  auto all = std::make_shared<All>();
  all->items = std::move(items);
  all->f = std::move(f);
  all->status.resize(all->items.size());
  all->reply = std::move(reply);
  size_t used = 0;
  for (const auto& list : all->items) used += !list.empty();
  if (used == 0) return all->reply(absl::OkStatus());
  machine::Gather* gather = machine::Gather::New(used, [all] {
    for (absl::Status& s : all->status)
      if (!s.ok()) return all->reply(std::move(s));
    all->reply(absl::OkStatus());
  });
  for (uint16_t p = 0; p < all->items.size(); ++p) {
    if (all->items[p].empty()) continue;
    host_.On(PartitionId(p), [all, gather, p](TradePartition& partition) {
      const auto done = [all, gather, p](absl::Status status) {
        all->status[p] = std::move(status);
        gather->One();
      };
      if (!partition.serving()) return done(NotServing());
      all->f(partition, all->items[p], done);
    });
  }
}

void TradeService::FindOrders(const CallerId& caller, const v1::FindOrdersRequest& request,
                              v1::FindOrdersResponse* response, rpc::Reply reply) {
  if (auto s = TooMany("keys", request.keys_size()); !s.ok()) return reply(s);
  std::vector<std::vector<int>> items(deps_.partitions);
  response->mutable_orders()->Reserve(request.keys_size());
  for (int i = 0; i < request.keys_size(); ++i) {
    response->add_orders();
    const InvestorId investor(request.keys(i).investor_id());
    // A number of nobody's has no orders; there is nothing to refuse about that.
    if (CheckInvestorId(investor.raw(), deps_.partitions).ok()) items[PartitionOf(investor).raw()].push_back(i);
  }
  ByPartition(
      std::move(items),
      [caller, &request, response](TradePartition& partition, const std::vector<int>& list, auto done) {
        TradeMachine& machine = partition.machine();
        for (int i : list) {
          const v1::OrderKey& key = request.keys(i);
          const uint64_t seq =
              machine.FindByRequest(InvestorId(key.investor_id()), key.request_id(), caller, key.from_file());
          if (seq != 0) FillOrder(machine, seq, *machine.FindOrder(seq), response->mutable_orders(i));
        }
        done(absl::OkStatus());
      },
      std::move(reply));
}

void TradeService::Claim(const v1::ClaimSerialsRequest& request, v1::ClaimSerialsResponse* response, rpc::Reply reply) {
  if (auto s = TooMany("claims", request.claims_size()); !s.ok()) return reply(s);
  std::vector<std::vector<int>> items(deps_.partitions);
  for (int i = 0; i < request.claims_size(); ++i) {
    const v1::SerialClaim& claim = request.claims(i);
    if (auto s = CheckCode("request_id", claim.request_id(), RequestId::kMax); !s.ok()) return reply(s);
    Hash256 digest;
    if (!ToDigest(claim.digest(), &digest)) {
      return reply(rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_ORIGIN",
                                        StrCat("claims[", i, "].digest has ", claim.digest().size(),
                                               " bytes; send the 32 bytes of a SHA-256 over the line")));
    }
    response->add_outcomes();
    items[HashPartition(claim.request_id(), deps_.partitions).raw()].push_back(i);
  }
  ByPartition(
      std::move(items),
      [this, &request, response](TradePartition& partition, const std::vector<int>& list, auto done) {
        ClaimSerials command;
        command.claims.reserve(list.size());
        for (int i : list) {
          SerialClaim& claim = command.claims.emplace_back();
          claim.request_id = request.claims(i).request_id();
          (void)ToDigest(request.claims(i).digest(), &claim.digest);  // checked above
        }
        const auto claimed = [response, list, done](const TradeMachine::Result& result) {
          for (size_t k = 0; k < list.size(); ++k) {
            v1::SerialClaimOutcome* out = response->mutable_outcomes(list[k]);
            out->set_conflict(result.claimed[k].conflict);
            out->set_repeated(result.claimed[k].repeated);
          }
          done(absl::OkStatus());
        };
        host_.Submit(partition.id().partition, command, machine::OrLost(claimed, [done] { done(LostOutcome()); }));
      },
      std::move(reply));
}

void TradeService::RegisterFiles(rpc::Handlers* handlers) {
  handlers->Unary<v1::FindOrdersRequest, v1::FindOrdersResponse>(
      "fundcore.trade.v1.TradeService/FindOrders",
      [this](const rpc::Call& call, const v1::FindOrdersRequest& request, v1::FindOrdersResponse* response,
             rpc::Reply reply) { FindOrders(call.caller, request, response, std::move(reply)); });
  handlers->Unary<v1::ClaimSerialsRequest, v1::ClaimSerialsResponse>(
      "fundcore.trade.v1.TradeService/ClaimSerials",
      [this](const rpc::Call&, const v1::ClaimSerialsRequest& request, v1::ClaimSerialsResponse* response,
             rpc::Reply reply) {
        if (auto ready = Ready(); !ready.ok()) return reply(ready);
        Claim(request, response, std::move(reply));
      });
}

}  // namespace fundcore::trade
