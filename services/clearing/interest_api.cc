// RecordInterest and ListInterest.
#include <algorithm>

#include "common/rpc/operators.h"
#include "services/clearing/service.h"

namespace fundcore::clearing {

namespace {

constexpr size_t kMostText = 64;
constexpr int64_t kMostFen = 10'000'000'000'000;

std::string_view ChineseOf(Reason r) {
  if (r == Reason::kPersonMissing) return "须填写操作人";
  if (r == Reason::kInterestPeriodWrong) return "计息期起止日期有误，须起始日在前且不超过400天";
  if (r == Reason::kInterestNotPositive) return "利息金额须大于零";
  if (r == Reason::kInterestPeriodNotOver) return "计息期尚未结束，请于次日再登记";
  if (r == Reason::kInterestPeriodOverlaps) return "计息期与此前登记的批次重叠";
  if (r == Reason::kInterestReferenceReused) return "该银行流水号已登记其他内容";
  return "";
}

absl::Status BadField(std::string_view field, std::string_view value, std::string_view limit) {
  return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", StrCat(field, " \"", value, "\" ",
      limit),
                              {{"field", field}, {"value", value}, {"limit", limit}});
}

absl::Status NotServing() {
  return rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "NOT_SERVING",
      "clearing is still recovering; ask again shortly");
}

void Fill(uint64_t number, const InterestRun& run, v1::InterestRun* out) {
  out->set_run(number);
  out->set_reference(run.reference);
  out->set_first_day(run.from.raw());
  out->set_last_day(run.to.raw());
  out->set_amount_fen(run.amount.raw());
  out->set_person(run.person);
  out->set_state(std::string(StateName(run.state)));
  out->set_paid_fen(run.paid.raw());
  out->set_investors(run.investors);
  out->set_recorded_at_us(run.recorded_at.raw());
  out->set_done_at_us(run.done_at.raw());
}

}  // namespace

void ClearingServiceImpl::RecordInterest(const rpc::Call& call, const v1::RecordInterestRequest& q, v1::InterestRun* r,
                                         rpc::Reply reply) {
  if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
  if (q.reference().empty() || q.reference().size() > kMostText || q.reference().find('\0') != std::string::npos)
    return reply(BadField("reference", q.reference(), "must be 1 to 64 bytes, as the bank's statement says it"));
  if (q.person().size() > kMostText) return reply(BadField("person", q.person(), "must have at most 64 bytes"));
  for (const auto& [field, day] : {std::pair("first_day", q.first_day()), std::pair("last_day", q.last_day())})
    if (!Date::Parse(StrCat(day)).ok()) return reply(BadField(field, StrCat(day),
        "must be a date that exists, as yyyymmdd"));
  if (q.amount_fen() > kMostFen) return reply(BadField("amount_fen", StrCat(q.amount_fen()),
      StrCat("must be at most ", kMostFen)));
  clearing::RecordInterest c{q.reference(), Date::FromRaw(q.first_day()), Date::FromRaw(q.last_day()),
                             Money::FromRaw(q.amount_fen()), q.person()};
  host_.On(kInterestPartition, [this, c = std::move(c), r, reply = std::move(reply)](Partition& p) mutable {
    if (!p.serving()) return reply(NotServing());
    if (absl::Status held = HeldBack(host_); !held.ok()) return reply(std::move(held));
    auto shared = std::make_shared<rpc::Reply>(std::move(reply));
    const auto executed = [this, r, shared](const Result& result) {
      if (result.reason != Reason::kOk) {
        const bool bad = result.reason == Reason::kPersonMissing || result.reason == Reason::kInterestPeriodWrong ||
                         result.reason == Reason::kInterestNotPositive;
        return (*shared)(rpc::ErrorWithReason(
            bad ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kFailedPrecondition,
                                          ReasonName(result.reason), ReasonText(result.reason),
                                          {{"text_zh", ChineseOf(result.reason)}}));
      }
      Fill(result.seq, *host_.At(kInterestPartition).machine().FindInterestRun(result.seq), r);
      (*shared)(absl::OkStatus());
    };
    host_.Submit(kInterestPartition, c, machine::OrLost(executed, [shared] { (*shared)(LostOutcome()); }));
  });
}

void ClearingServiceImpl::ListInterest(const v1::ListInterestRequest&, v1::ListInterestResponse* r, rpc::Reply reply) {
  host_.On(kInterestPartition, [r, reply = std::move(reply)](Partition& p) mutable {
    if (!p.serving()) return reply(NotServing());
    std::vector<std::pair<uint64_t, const InterestRun*>> runs;
    p.machine().ForEachInterestRun([&](uint64_t number, const InterestRun& run) { runs.emplace_back(number, &run); });
    std::reverse(runs.begin(), runs.end());
    for (const auto& [number, run] : runs) Fill(number, *run, r->add_runs());
    reply(absl::OkStatus());
  });
}

}  // namespace fundcore::clearing
