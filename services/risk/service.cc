// Handlers: shape checks, submit, reply.
#include "services/risk/service.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "common/base/status.h"
#include "fundcore/risk/v1/risk.pb.h"
#include "services/risk/questionnaire.h"
#include "services/risk/render.h"

namespace fundcore::risk {
namespace {

constexpr int kMostItems = 100'000;
constexpr int64_t kLatestReceipt = 253'402'300'800'000'000;  // the year 10000: differences of receipts cannot overflow
// Items of decisions that one executor holds before it asks callers to come back: keeps a joined record far below what the
// log takes.
constexpr size_t kMostItemsWaiting = 200'000;

}  // namespace

absl::Status RiskService::Bad(std::string_view field, std::string_view value, std::string_view rule) {
  return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                              StrCat(field, " \"", value, "\" ", rule), {{"field", field}});
}

absl::Status RiskService::NotServing() {
  return rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "NOT_SERVING", "risk is still recovering; ask again shortly");
}

absl::Status RiskService::Refusal(Reason reason) { return rpc::ErrorWithReason(ReasonCode(reason), ReasonName(reason), ReasonText(reason)); }

absl::Status RiskService::CheckOperator(const rpc::Call& call) {
  if (call.internal || call.caller.view() == "local" || call.caller.view() == "operator") return absl::OkStatus();
  return rpc::ErrorWithReason(absl::StatusCode::kPermissionDenied, "OPERATORS_ONLY",
                              StrCat("caller \"", call.caller.view(), "\" may not call this; use an operator's identity"));
}

// One Decide call on its way. Deleted when the last of its parts has been answered.
struct RiskService::Batch {
  const v1::DecideRequest* request = nullptr;
  v1::DecideResponse* response = nullptr;
  rpc::Reply reply;
  std::vector<uint32_t> begin;   // by partition: where its items start in `items`; one more at the end
  std::vector<uint32_t> items;   // indexes into the request, by partition, in order
  machine::Gather* parts = nullptr;
  enum Trouble : int { kNoTrouble, kNotServing, kOverloaded };
  std::atomic<int> trouble{kNoTrouble};

  static size_t Parts(uint32_t count) { return (count + kItemsPerDecide - 1) / kItemsPerDecide; }
  void End() {
    switch (trouble.load()) {
      case kNotServing: return reply(NotServing());
      case kOverloaded:
        return reply(rpc::TryAgainLater("risk has more orders waiting than it takes at a time", Duration::Millis(50)));
      default: return reply(absl::OkStatus());
    }
  }
};

RiskService::RiskService(const ServiceDeps& deps, const RiskLimits& limits)
    : host_({.service = ServiceId::kRisk, .partitions = deps.partitions, .executors = deps.executors, .log = deps.log,
             .store = deps.store, .owner = deps.owner, .supports = deps.machine_versions, .leased = deps.leased}),
      feed_(&host_, deps.peers),
      limits_(limits) {
  for (size_t i = 0; i < host_.shards().size(); ++i) lanes_.push_back(std::make_unique<Lane>());
  host_.OnServing([this](PartitionId p, bool serving) {
    if (serving && started_.load(std::memory_order_acquire)) Adopt(p);
  });
}

void RiskService::Start() {
  started_.store(true, std::memory_order_release);
  for (uint16_t i = 0; i < host_.partitions(); ++i) host_.On(PartitionId(i), [this, i](Partition&) { Adopt(PartitionId(i)); });
  feed_.Start();
}

// The owner's limits are logged where they differ from those in force.
void RiskService::Adopt(PartitionId id) {
  if (!host_.At(id).serving()) return;
  const InForce& in_force = host_.At(id).machine().limits();
  if (!in_force.adopted || in_force.limits != limits_) host_.Submit(id, AdoptLimits{limits_});
}

// The quotients are compared as 64-bit numbers: PartitionOf would wrap a number that no investor has around to one that
// exists.
absl::Status RiskService::CheckInvestor(uint64_t investor) const {
  if (investor != 0 && investor / kInvestorSequenceLimit < host_.partitions()) return absl::OkStatus();
  return rpc::ErrorWithReason(absl::StatusCode::kNotFound, "INVESTOR_NOT_FOUND",
                              StrCat("investor_id ", investor, " is no number that was given out here; check it"));
}

absl::Status RiskService::CheckOrder(uint64_t order) const {
  if (order != 0 && order / kOrderSequenceLimit < host_.partitions()) return absl::OkStatus();
  return rpc::ErrorWithReason(absl::StatusCode::kNotFound, "ORDER_NOT_FOUND",
                              StrCat("order_id ", order, " is no number that was given out here; check it"));
}

absl::Status RiskService::Admit(Partition& partition) {
  if (!partition.serving()) return NotServing();
  FC_RETURN_IF_ERROR(HeldBack(host_));
  if (host_.ShardOf(partition.id().partition).overloaded())
    return rpc::TryAgainLater("risk has more commands waiting than it takes at a time", Duration::Millis(50));
  return absl::OkStatus();
}

// --- Decide -------------------------------------------------------------------------------------------------------------

absl::Status RiskService::Sort(const v1::DecideRequest& request, Batch* batch) const {
  const auto n = static_cast<uint32_t>(request.items_size());
  batch->begin.assign(host_.partitions() + 1u, 0);
  for (uint32_t i = 0; i < n; ++i) {
    const v1::DecideItem& item = request.items(static_cast<int>(i));
    FC_RETURN_IF_ERROR(CheckOrder(item.order_id()));
    FC_RETURN_IF_ERROR(CheckInvestor(item.investor_id()));
    const uint64_t partition = item.order_id() / kOrderSequenceLimit;
    if (item.investor_id() / kInvestorSequenceLimit != partition)
      return Bad(StrCat("items[", i, "].investor_id"), StrCat(item.investor_id()),
                 StrCat("is not in the partition of order ", item.order_id()));
    if (item.business() == 0 || item.business() > 255)
      return Bad(StrCat("items[", i, "].business"), StrCat(item.business()), "must be a business code from 1 to 255");
    if (!FundCode::Fits(item.fund_code()))
      return Bad(StrCat("items[", i, "].fund_code"), item.fund_code(), StrCat("is longer than ", FundCode::kMax, " bytes"));
    if (item.received_at_us() <= 0 || item.received_at_us() >= kLatestReceipt)
      return Bad(StrCat("items[", i, "].received_at_us"), StrCat(item.received_at_us()), "is not a time in microseconds since 1970");
    ++batch->begin[partition + 1];
  }
  for (uint32_t p = 0; p < host_.partitions(); ++p) batch->begin[p + 1] += batch->begin[p];
  std::vector<uint32_t> next(batch->begin.begin(), batch->begin.end() - 1);
  batch->items.resize(n);
  for (uint32_t i = 0; i < n; ++i)
    batch->items[next[request.items(static_cast<int>(i)).order_id() / kOrderSequenceLimit]++] = i;
  return absl::OkStatus();
}

void RiskService::OnDecide(const v1::DecideRequest& request, v1::DecideResponse* response, rpc::Reply reply) {
  const int n = request.items_size();
  if (n == 0) return reply(absl::OkStatus());
  if (n > kMostItems) return reply(Bad("items", StrCat(n), StrCat("are more than ", kMostItems, " of one call; split them")));
  auto owned = std::make_unique<Batch>();
  if (absl::Status s = Sort(request, owned.get()); !s.ok()) return reply(std::move(s));

  // All outcomes exist before the first executor fills its own, so that none moves another's.
  response->mutable_outcomes()->Reserve(n);
  for (int i = 0; i < n; ++i) response->add_outcomes();
  Batch* batch = owned.get();
  batch->request = &request;
  batch->response = response;
  batch->reply = std::move(reply);
  size_t parts = 0;
  std::vector<bool> used(lanes_.size());
  for (uint32_t p = 0; p < host_.partitions(); ++p) {
    const size_t here = Batch::Parts(batch->begin[p + 1] - batch->begin[p]);
    if (here == 0) continue;
    parts += here;
    if (used[p % lanes_.size()]) continue;
    used[p % lanes_.size()] = true;
    ++parts;  // the lane's own, so that the batch stays until the lane has handed everything in
  }
  batch->parts = machine::Gather::New(parts, [owned = std::move(owned)] { owned->End(); });
  for (size_t lane = 0; lane < lanes_.size(); ++lane)
    if (used[lane]) host_.shards()[lane]->executor()->Post([this, batch, lane] { SubmitShare(batch, lane); });
}

void RiskService::SubmitShare(Batch* batch, size_t lane) {
  for (size_t p = lane; p < host_.partitions(); p += lanes_.size()) {
    const uint32_t last = batch->begin[p + 1];
    for (uint32_t begin = batch->begin[p]; begin < last; begin += kItemsPerDecide) {
      const uint32_t end = std::min(last, begin + kItemsPerDecide);
      SubmitPart(batch, lanes_[lane].get(), PartitionId(static_cast<uint16_t>(p)), begin, end);
    }
  }
  batch->parts->One();
}

void RiskService::SubmitPart(Batch* batch, Lane* lane, PartitionId id, uint32_t begin, uint32_t end) {
  Partition& partition = host_.At(id);
  const bool overloaded = lane->items_waiting > kMostItemsWaiting || host_.ShardOf(id).overloaded() || !HeldBack(host_).ok();
  if (!partition.serving() || overloaded) {
    batch->trouble = partition.serving() ? Batch::kOverloaded : Batch::kNotServing;
    return batch->parts->One();
  }
  Decide& command = lane->command;
  command.items.resize(end - begin);
  for (uint32_t k = begin; k < end; ++k) {
    const v1::DecideItem& from = batch->request->items(static_cast<int>(batch->items[k]));
    DecideItem& to = command.items[k - begin];
    const TimePoint received = TimePoint::FromRaw(from.received_at_us());
    if (k == begin) command.received = received;
    to.order = SequenceOf(OrderId(from.order_id()));
    to.investor = SequenceOf(InvestorId(from.investor_id()));
    to.business = static_cast<uint8_t>(from.business());
    to.mismatch_confirmed = from.mismatch_confirmed();
    to.fund = FundCode(from.fund_code());
    to.amount = Money::FromRaw(from.amount_fen());
    to.units = Units::FromRaw(from.units_e2());
    to.after = received - command.received;
  }
  lane->items_waiting += end - begin;
  const auto decided = [batch, lane, begin](const RiskMachine::Result& result) {
    lane->items_waiting -= result.verdicts.size();
    for (size_t k = 0; k < result.verdicts.size(); ++k) {
      const Verdict& v = result.verdicts[k];
      v1::DecideOutcome* to = batch->response->mutable_outcomes(static_cast<int>(batch->items[begin + k]));
      to->set_outcome(static_cast<uint32_t>(v.outcome));
      if (v.reason == Reason::kNone) continue;
      to->set_reason(static_cast<uint32_t>(v.reason));
      to->set_reason_name(std::string(ReasonName(v.reason)));
    }
    batch->parts->One();
  };
  host_.Submit(id, command, machine::OrLost(decided, [batch, lane, items = end - begin] {
                 lane->items_waiting -= items;
                 batch->trouble = Batch::kNotServing;
                 batch->parts->One();
               }));
}

// --- The others ---------------------------------------------------------------------------------------------------------

void RiskService::OnAssess(const rpc::Call& call, const v1::AssessRequest& q, v1::AssessResponse* r, rpc::Reply reply) {
  if (q.request_id().empty() || q.request_id().size() > RequestId::kMax)
    return reply(Bad("request_id", q.request_id(), StrCat("must have 1 to ", RequestId::kMax, " bytes")));
  if (absl::Status s = CheckInvestor(q.investor_id()); !s.ok()) return reply(std::move(s));
  const bool by_options = !q.questionnaire().empty();
  if (by_options && (q.answers_size() > 0 || q.lowest_class() || q.questionnaire().size() > 32))
    return reply(Bad("questionnaire", q.questionnaire(), "has at most 32 bytes, and options beside it but neither answers nor lowest_class"));
  if (q.options_size() > static_cast<int>(kMostAnswers) || (!by_options && q.options_size() > 0))
    return reply(Bad("options", StrCat(q.options_size()), StrCat("must be at most ", kMostAnswers, ", with a questionnaire")));
  std::string options;
  for (uint32_t o : q.options()) {
    if (o > 255) return reply(Bad("options", StrCat(o), "must be 0 to 255 each"));
    options.push_back(static_cast<char>(o));
  }
  if (!by_options && (q.answers_size() == 0 || q.answers_size() > static_cast<int>(kMostAnswers)))
    return reply(Bad("answers", StrCat(q.answers_size()), StrCat("must be the points of 1 to ", kMostAnswers, " questions")));
  std::string points;
  for (uint32_t p : q.answers()) {
    if (p > kMostPoints) return reply(Bad("answers", StrCat(p), StrCat("must be 0 to ", int{kMostPoints}, " points each")));
    points.push_back(static_cast<char>(p));
  }
  const InvestorId investor(q.investor_id());
  host_.On(PartitionOf(investor), [this, caller = call.caller, investor, points = std::move(points),
                                   options = std::move(options), &q, r,
                                   reply = std::move(reply)](Partition& p) mutable {
    if (absl::Status s = Admit(p); !s.ok()) return reply(std::move(s));
    const Assess command{caller, q.request_id(), SequenceOf(investor), points, q.lowest_class(), q.questionnaire(), options};
    host_.Submit(PartitionOf(investor), command, [r, reply = std::move(reply)](const RiskMachine::Result& result) mutable {
      if (result.reason != Reason::kNone) return reply(Refusal(result.reason));
      r->set_risk_class(result.risk_class);
      r->set_valid_until(result.valid_until.raw());
      r->set_repeated(result.repeated);
      reply(absl::OkStatus());
    });
  });
}

void RiskService::OnSetWatch(const rpc::Call& call, const v1::SetWatchRequest& q, rpc::Reply reply) {
  constexpr size_t kLongestWhy = 200;
  if (absl::Status s = CheckOperator(call); !s.ok()) return reply(std::move(s));
  if (absl::Status s = CheckInvestor(q.investor_id()); !s.ok()) return reply(std::move(s));
  if (q.level() > static_cast<uint32_t>(WatchLevel::kBlock))
    return reply(Bad("level", StrCat(q.level()), "must be 0 (none), 1 (challenge) or 2 (block)"));
  if (q.why().size() > kLongestWhy) return reply(Bad("why", q.why(), StrCat("is longer than ", kLongestWhy, " bytes")));
  if (q.level() > 0 && q.why().empty()) return reply(Bad("why", "", "must say why the investor is watched"));
  const InvestorId investor(q.investor_id());
  host_.On(PartitionOf(investor), [this, investor, &q, reply = std::move(reply)](Partition& p) mutable {
    if (absl::Status s = Admit(p); !s.ok()) return reply(std::move(s));
    const SetWatch command{SequenceOf(investor), static_cast<WatchLevel>(q.level()), q.why()};
    host_.Submit(PartitionOf(investor), command,
                 [reply = std::move(reply)](const RiskMachine::Result&) mutable { reply(absl::OkStatus()); });
  });
}

void RiskService::OnGetProfile(const v1::GetProfileRequest& q, v1::GetProfileResponse* r, rpc::Reply reply) {
  if (absl::Status s = CheckInvestor(q.investor_id()); !s.ok()) return reply(std::move(s));
  const InvestorId investor(q.investor_id());
  host_.On(PartitionOf(investor), [investor, r, reply = std::move(reply)](Partition& p) mutable {
    if (!p.serving()) return reply(NotServing());
    const Profile* profile = p.machine().FindProfile(SequenceOf(investor));
    if (!profile) {
      return reply(rpc::ErrorWithReason(absl::StatusCode::kNotFound, "PROFILE_NOT_FOUND",
                                        StrCat("investor ", FormatInvestorId(investor),
                                               " has not answered the risk questionnaire; record it with Assess")));
    }
    r->set_risk_class(profile->risk_class);
    r->set_valid_until(profile->valid_until.raw());
    r->set_lowest_class(profile->lowest_class);
    r->set_watch(static_cast<uint32_t>(profile->watch));
    if (const Dossier* dossier = p.machine().FindDossier(SequenceOf(investor))) {
      if (!dossier->assessments.empty()) r->set_assessed_on(dossier->assessments.back().day.raw());
      if (!dossier->watches.empty()) r->set_watch_why(dossier->watches.back().why);
    }
    reply(absl::OkStatus());
  });
}

void RiskService::OnGetDecision(const v1::GetDecisionRequest& q, v1::GetDecisionResponse* r, rpc::Reply reply) {
  if (absl::Status s = CheckOrder(q.order_id()); !s.ok()) return reply(std::move(s));
  const OrderId order(q.order_id());
  host_.On(PartitionOf(order), [order, investor = InvestorId(q.investor_id()), r, reply = std::move(reply)](Partition& p) mutable {
    if (!p.serving()) return reply(NotServing());
    const auto not_found = [&] {
      return rpc::ErrorWithReason(absl::StatusCode::kNotFound, "DECISION_NOT_FOUND",
                                  StrCat("risk has not decided on order ", FormatOrderId(order),
                                         investor.is_set() ? " of this investor" : "", "; check the number, or ask again later"));
    };
    const Decision* stored = p.machine().FindDecision(SequenceOf(order));
    if (!stored) return reply(not_found());
    const Decision decision = *stored;
    auto explained = p.machine().Explain(SequenceOf(order), decision);
    if (!explained.ok()) return reply(explained.status());
    const Evidence& e = explained->evidence;
    if (investor.is_set() && investor != MakeInvestorId(PartitionOf(order), e.investor)) return reply(not_found());
    FundCode fund;  // a version belongs to one fund
    p.machine().products().ForEachFund(explained->received, [&](const FundTerms& f) {
      if (f.version == e.product_version) fund = f.code;
    });
    r->set_order_id(order.raw());
    RenderDecision(decision, *explained, fund, r);
    reply(absl::OkStatus());
  });
}

void RiskService::Register(rpc::Handlers* h) {
  using rpc::Call;
  using rpc::Reply;
  const std::string face = "fundcore.risk.v1.RiskService/";
  RegisterSuitability(h);
  h->Unary<v1::AssessRequest, v1::AssessResponse>(
      face + "Assess", [this](const Call& call, const v1::AssessRequest& q, v1::AssessResponse* r, Reply reply) {
        OnAssess(call, q, r, std::move(reply));
      });
  h->Unary<v1::GetProfileRequest, v1::GetProfileResponse>(
      face + "GetProfile", [this](const Call&, const v1::GetProfileRequest& q, v1::GetProfileResponse* r, Reply reply) {
        OnGetProfile(q, r, std::move(reply));
      });
  h->Unary<v1::GetDecisionRequest, v1::GetDecisionResponse>(
      face + "GetDecision", [this](const Call&, const v1::GetDecisionRequest& q, v1::GetDecisionResponse* r, Reply reply) {
        OnGetDecision(q, r, std::move(reply));
      });
  h->Unary<v1::SetWatchRequest, v1::SetWatchResponse>(
      face + "SetWatch", [this](const Call& call, const v1::SetWatchRequest& q, v1::SetWatchResponse*, Reply reply) {
        OnSetWatch(call, q, std::move(reply));
      });
  h->Unary<v1::DecideRequest, v1::DecideResponse>(
      "fundcore.risk.v1.RiskOps/Decide", [this](const Call& call, const v1::DecideRequest& q, v1::DecideResponse* r, Reply reply) {
        if (absl::Status s = CheckOperator(call); !s.ok()) return reply(std::move(s));
        OnDecide(q, r, std::move(reply));
      });
}

}  // namespace fundcore::risk
