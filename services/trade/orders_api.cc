// fundcore.trade.v1.TradeService: what investor apps call.
#include <charconv>

#include "services/trade/service.h"
#include "services/trade/shape.h"
#include "services/trade/view.h"

namespace fundcore::trade {
namespace {

constexpr uint32_t kDefaultPage = 50;
constexpr uint32_t kLargestPage = 500;

absl::Status StatusOf(const v1::OrderOutcome& outcome) {
  const auto code = static_cast<absl::StatusCode>(outcome.code());
  if (code == absl::StatusCode::kOk) return absl::OkStatus();
  if (code == absl::StatusCode::kResourceExhausted) return rpc::TryAgainLater(outcome.message(), Duration::Millis(50));
  return rpc::ErrorWithReason(code, outcome.reason(), outcome.message());
}

}  // namespace

absl::Status TradeService::Ready() const {
  if (!started_.load(std::memory_order_acquire)) return NotServing();
  FC_RETURN_IF_ERROR(HeldBack(host_));
  for (const auto& desk : desks_) {
    if (desk->overloaded())
      return rpc::TryAgainLater("too many orders wait; nothing was received", Duration::Millis(50));
  }
  return absl::OkStatus();
}

void TradeService::Submit(std::unique_ptr<Submission> submission, Duration deadline, rpc::Reply reply) {
  // Grouped by shard and partition in two passes, so that each desk is told once and gets ranges.
  const uint32_t size = submission->size();
  std::vector<uint16_t> partition_of(size);
  std::vector<uint32_t> counts(deps_.partitions, 0);
  constexpr uint16_t kFaulty = UINT16_MAX;
  for (uint32_t i = 0; i < size; ++i) {
    const v1::NewOrder& order = submission->order(i);
    if (Fault fault = CheckOrder(order, deps_.partitions); fault.code != absl::StatusCode::kOk) [[unlikely]] {
      v1::OrderOutcome* out = submission->outcome(i);
      out->set_code(static_cast<int32_t>(fault.code));
      out->set_reason(std::string(fault.reason));
      out->set_message(std::move(fault.message));
      partition_of[i] = kFaulty;
      continue;
    }
    partition_of[i] = PartitionOf(InvestorId(order.investor_id())).raw();
    ++counts[partition_of[i]];
  }
  const size_t shards = desks_.size();
  std::vector<std::unique_ptr<Part>> parts(shards);
  std::vector<uint32_t> next(deps_.partitions, 0);  // where the partition's next item goes
  size_t used = 0;
  for (uint16_t p = 0; p < deps_.partitions; ++p) {
    if (counts[p] == 0) continue;
    auto& part = parts[p % shards];
    if (!part) {
      part = std::make_unique<Part>();
      part->submission = submission.get();
      part->patience = PatienceOf(deadline);
      ++used;
    }
    const auto begin = part->ranges.empty() ? 0 : part->ranges.back().end;
    part->ranges.push_back({PartitionId(p), begin, begin + counts[p], false});
    next[p] = begin;
  }
  if (used == 0) return reply(size == 1 ? StatusOf(*submission->outcome(0)) : absl::OkStatus());
  for (auto& part : parts)
    if (part) part->items.resize(part->ranges.back().end);
  for (uint32_t i = 0; i < size; ++i) {
    if (partition_of[i] == kFaulty) continue;
    parts[partition_of[i] % shards]->items[next[partition_of[i]]++] = i;
  }
  machine::Gather* gather = machine::Gather::New(
      used, [submission = std::move(submission), reply = std::move(reply)]() mutable { reply(absl::OkStatus()); });
  for (size_t s = 0; s < shards; ++s) {
    if (!parts[s]) continue;
    parts[s]->gather = gather;
    host_.shards()[s]->executor()->Post([desk = desks_[s].get(), part = parts[s].release()] { desk->Submit(part); });
  }
}

void TradeService::List(const v1::ListOrdersRequest& request, v1::ListOrdersResponse* response, rpc::Reply reply) {
  const InvestorId investor(request.investor_id());
  const uint32_t size = request.page_size() == 0 ? kDefaultPage : std::min(request.page_size(), kLargestPage);
  uint64_t from = 0;
  const std::string& token = request.page_token();
  const auto parsed = std::from_chars(token.data(), token.data() + token.size(), from);
  const bool bad_token =
      !token.empty() && (parsed.ec != std::errc() || parsed.ptr != token.data() + token.size() || from == 0);
  const auto refuse = [] {
    return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_PAGE_TOKEN",
                                "page_token must be empty or the next_page_token of this investor's last page");
  };
  if (bad_token) return reply(refuse());
  With(PartitionOf(investor), std::move(reply), [=](TradePartition& partition, rpc::Reply reply) {
    TradeMachine& machine = partition.machine();
    uint64_t seq = from != 0 ? from : machine.LastOrderOf(investor);
    for (uint32_t n = 0; seq != 0 && n < size; ++n) {
      const Order* o = machine.FindOrder(seq);
      if (!o || o->investor != investor) return reply(refuse());
      FillOrder(machine, seq, *o, response->add_orders());
      seq = o->previous;
    }
    if (seq != 0) response->set_next_page_token(std::to_string(seq));
    reply(absl::OkStatus());
  });
}

template <class C>
void TradeService::Change(const C& command, v1::Order* order, rpc::Reply reply) {
  With(PartitionOf(command.order), std::move(reply),
       [this, command, order](TradePartition& partition, rpc::Reply reply) {
         auto done = [&machine = partition.machine(), command, order,
                      reply = std::move(reply)](const TradeMachine::Result& result) mutable {
           if (result.reason != Reason::kNone) {
             return reply(ErrorOf(result.reason, StrCat("order ", FormatOrderId(command.order))));
           }
           FillOrder(machine, SequenceOf(command.order), *machine.FindOrder(SequenceOf(command.order)), order);
           reply(absl::OkStatus());
         };
         host_.Submit(PartitionOf(command.order), command, std::move(done));
       });
}

void TradeService::RegisterOrders(rpc::Handlers* handlers) {
  handlers->Unary<v1::SubmitOrderRequest, v1::SubmitOrderResponse>(
      "fundcore.trade.v1.TradeService/SubmitOrder", [this](const rpc::Call& call, const v1::SubmitOrderRequest& request,
                                                           v1::SubmitOrderResponse* response, rpc::Reply reply) {
        if (auto ready = Ready(); !ready.ok()) return reply(ready);
        v1::OrderOutcome* outcome = response->mutable_outcome();
        // The first status is the call's; what is wrong with its only item becomes the call's error.
        Submit(std::make_unique<Submission>(call.caller, &request.order(), outcome), call.deadline,
               [outcome, reply = std::move(reply)](absl::Status) mutable { reply(StatusOf(*outcome)); });
      });
  handlers->Unary<v1::SubmitOrdersRequest, v1::SubmitOrdersResponse>(
      "fundcore.trade.v1.TradeService/SubmitOrders",
      [this](const rpc::Call& call, const v1::SubmitOrdersRequest& request, v1::SubmitOrdersResponse* response,
             rpc::Reply reply) {
        if (auto ready = Ready(); !ready.ok()) return reply(ready);
        if (request.orders_size() > kMostOrders) {
          return reply(rpc::ErrorWithReason(
              absl::StatusCode::kInvalidArgument, "TOO_MANY_ORDERS",
              StrCat("orders has ", request.orders_size(), " items; send at most ", kMostOrders, " a call")));
        }
        response->mutable_outcomes()->Reserve(request.orders_size());
        for (int i = 0; i < request.orders_size(); ++i) response->add_outcomes();
        Submit(std::make_unique<Submission>(call.caller, &request, response), call.deadline,
               [reply = std::move(reply)](absl::Status) mutable { reply(absl::OkStatus()); });
      });
  handlers->Unary<v1::CancelOrderRequest, v1::CancelOrderResponse>(
      "fundcore.trade.v1.TradeService/CancelOrder", [this](const rpc::Call&, const v1::CancelOrderRequest& request,
                                                           v1::CancelOrderResponse* response, rpc::Reply reply) {
        if (auto s = CheckInvestorId(request.investor_id(), deps_.partitions); !s.ok()) return reply(s);
        if (auto s = CheckOrderId(request.order_id(), deps_.partitions); !s.ok()) return reply(s);
        if (auto held = HeldBack(host_); !held.ok()) return reply(held);
        Change(Cancel{InvestorId(request.investor_id()), OrderId(request.order_id())}, response->mutable_order(),
               std::move(reply));
      });
  handlers->Unary<v1::AnswerChallengeRequest, v1::AnswerChallengeResponse>(
      "fundcore.trade.v1.TradeService/AnswerChallenge",
      [this](const rpc::Call&, const v1::AnswerChallengeRequest& request, v1::AnswerChallengeResponse* response,
             rpc::Reply reply) {
        if (auto s = CheckInvestorId(request.investor_id(), deps_.partitions); !s.ok()) return reply(s);
        if (auto s = CheckOrderId(request.order_id(), deps_.partitions); !s.ok()) return reply(s);
        if (auto held = HeldBack(host_); !held.ok()) return reply(held);
        Change(AnswerChallenge{InvestorId(request.investor_id()), OrderId(request.order_id()), request.passed()},
               response->mutable_order(), std::move(reply));
      });
  handlers->Unary<v1::GetOrderRequest, v1::GetOrderResponse>(
      "fundcore.trade.v1.TradeService/GetOrder",
      [this](const rpc::Call&, const v1::GetOrderRequest& request, v1::GetOrderResponse* response, rpc::Reply reply) {
        if (auto s = CheckOrderId(request.order_id(), deps_.partitions); !s.ok()) return reply(s);
        const OrderId id(request.order_id());
        With(PartitionOf(id), std::move(reply), [this, id, response](TradePartition& partition, rpc::Reply reply) {
          TradeMachine& machine = partition.machine();
          const Order* o = machine.FindOrder(SequenceOf(id));
          if (!o) return reply(ErrorOf(Reason::kOrderNotFound, StrCat("order ", FormatOrderId(id))));
          FillOrder(machine, SequenceOf(id), *o, response->mutable_order());
          FillWaiting(machine, SequenceOf(id), *o, WorkerOf(PartitionOf(id)).Undecided(), response->mutable_order());
          reply(absl::OkStatus());
        });
      });
  handlers->Unary<v1::ListOrdersRequest, v1::ListOrdersResponse>(
      "fundcore.trade.v1.TradeService/ListOrders", [this](const rpc::Call&, const v1::ListOrdersRequest& request,
                                                          v1::ListOrdersResponse* response, rpc::Reply reply) {
        if (auto s = CheckInvestorId(request.investor_id(), deps_.partitions); !s.ok()) return reply(s);
        List(request, response, std::move(reply));
      });
  handlers->ServerStream<v1::WatchOrderRequest, v1::Order>(
      "fundcore.trade.v1.TradeService/WatchOrder",
      [this](const rpc::Call&, const v1::WatchOrderRequest& request, std::shared_ptr<rpc::Stream> stream) {
        if (auto s = CheckOrderId(request.order_id(), deps_.partitions); !s.ok()) return stream->Finish(s);
        const OrderId id(request.order_id());
        Desk* desk = desks_[PartitionOf(id).raw() % desks_.size()].get();
        host_.On(PartitionOf(id), [desk, id, stream = std::move(stream)](TradePartition&) mutable {
          desk->Watch(id, std::move(stream));
        });
      });
}

}  // namespace fundcore::trade
