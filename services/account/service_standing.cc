// What apps call about fund accounts that are there: closing, freezing and losing them, and where an application stands.
#include <algorithm>

#include "services/account/service.h"

namespace fundcore::account {
namespace {

constexpr uint32_t kFreeze = 4, kReportLost = 6;

bool Printable(std::string_view s) {
  return std::all_of(s.begin(), s.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

absl::Status CheckRequest(const v1::RequestAccountRequest& q) {
  if (q.request_id().empty() || q.request_id().size() > RequestId::kMax || !Printable(q.request_id()))
    return BadField("request_id", "", "must have 1 to 64 printable characters without spaces");
  if (q.ta_code().empty() || q.ta_code().size() > TaCode::kMax || !Printable(q.ta_code()))
    return BadField("ta_code", "", StrCat("must have 1 to ", TaCode::kMax, " printable characters"));
  constexpr uint32_t kKnown[] = {2, 4, 5, 6, 7, 9};
  if (std::find(std::begin(kKnown), std::end(kKnown), q.business()) == std::end(kKnown))
    return BadField("business", StrCat(q.business()), "must be 2, 4, 5, 6, 7 or 9");
  if (!q.cause().empty() && (q.business() != kFreeze || (q.cause() != "0" && q.cause() != "1" && q.cause() != "2"))) {
    return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "FREEZE_CAUSE_INVALID",
                                "cause must be 0 (judicial), 1 (at the counter) or 2 (pledge), and of a freeze only",
                                {{"text_zh", "冻结原因非法"}, {"return_code", "0220"}});
  }
  const bool lasts = q.business() == kFreeze || q.business() == kReportLost;
  if (q.until() != 0 && (!lasts || !Date::FromRaw(q.until()).is_set() || !Date::Parse(Date::FromRaw(q.until()).Iso()).ok())) {
    return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "UNTIL_INVALID",
                                "until must be a date as yyyymmdd, and of a freeze or a loss only",
                                {{"text_zh", "冻结或挂失截止日期无效"}, {"return_code", "0118"}});
  }
  return absl::OkStatus();
}

std::string_view StateOf(const Application& a) {
  switch (a.state) {
    case ApplicationState::kWaiting: return "WAITING";
    case ApplicationState::kSealed: return "SENT";
    case ApplicationState::kAnswered: return IsConfirmed(a.return_code) ? "CONFIRMED" : "REFUSED";
  }
  return "";
}

}  // namespace

void AccountServiceImpl::FillFundAccount(AccountMachine& machine, InvestorId investor, const FundAccount& account,
                                         v1::FundAccount* out) {
  out->set_ta_code(account.ta.str());
  out->set_ta_account(account.ta_account.str());
  out->set_state(std::string(StateName(account.state)));
  out->set_return_code(account.return_code.str());
  if (account.state == FundAccountState::kNew || account.state == FundAccountState::kApplied) {
    if (const Application* a = machine.FindApplication(account.application)) out->set_pending_business(a->business);
  }
  FillDataState(machine, PartitionOf(investor), investor, account, out);
  const Standing* s = machine.FindStanding(SequenceOf(investor), account.ta);
  if (!s) return;
  if (s->pending_business != 0) out->set_pending_business(s->pending_business);
  out->set_frozen_cause(s->cause);
  out->set_frozen_until(s->frozen_until.raw());
  out->set_frozen_by_institution(s->frozen_by_ta);
}

void AccountServiceImpl::RequestAccount(const rpc::Call& call, const v1::RequestAccountRequest& request,
                                        v1::RequestAccountResponse* response, rpc::Reply reply) {
  if (absl::Status s = CheckInvestorPartition(request.investor_id()); !s.ok()) return reply(std::move(s));
  if (absl::Status s = CheckRequest(request); !s.ok()) return reply(std::move(s));
  account::RequestAccount c;
  c.caller = call.caller;
  c.request = RequestId(request.request_id());
  c.investor = InvestorId(request.investor_id());
  c.ta = TaCode(request.ta_code());
  c.business = static_cast<uint16_t>(request.business());
  c.cause = request.cause();
  if (request.business() == kFreeze && c.cause.empty()) c.cause = "1";
  c.until = Date::FromRaw(request.until());
  host_.On(PartitionOf(c.investor), [this, c, response, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, true); !s.ok()) return reply(std::move(s));
    host_.Submit(part.id().partition, c, [&part, c, response, reply = std::move(reply)](const Result& r) mutable {
      if (r.reason != Reason::kNone)
        return reply(RefusalStatus(r.reason, StrCat("investor ", c.investor.raw(), " at institution ", c.ta.view())));
      response->set_application_id(MakeApplicationId(part.id().partition, r.number).raw());
      response->set_existed(r.repeated);
      FillFundAccount(part.machine(), c.investor, *FindFundAccount(*part.machine().FindInvestor(c.investor), c.ta),
                      response->mutable_fund_account());
      reply(absl::OkStatus());
    });
  });
}

void AccountServiceImpl::GetApplication(const v1::GetApplicationRequest& request, v1::ApplicationStatus* response,
                                        rpc::Reply reply) {
  const OrderId id(request.application_id());
  const auto missing = [id] {
    return rpc::ErrorWithReason(absl::StatusCode::kNotFound, "APPLICATION_NOT_FOUND",
                                StrCat("no application has the number ", id.raw(), "; check it"),
                                {{"text_zh", "账户类申请不存在"}, {"return_code", "0302"}});
  };
  const uint64_t seq = ApplicationSequence(id);
  if (PartitionOf(id).raw() >= deps_.partitions || seq == 0) return reply(missing());
  host_.On(PartitionOf(id), [this, id, seq, missing, response, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, false); !s.ok()) return reply(std::move(s));
    const Application* a = part.machine().FindApplication(seq);
    if (!a) return reply(missing());
    response->set_application_id(id.raw());
    response->set_investor_id(MakeInvestorId(part.id().partition, a->investor).raw());
    response->set_ta_code(a->ta.str());
    response->set_business(a->business);
    response->set_state(std::string(StateOf(*a)));
    response->set_applied_at_us(a->applied_at.raw());
    response->set_day(a->day.raw());
    response->set_return_code(a->return_code.str());
    response->set_detail(a->detail);
    reply(absl::OkStatus());
  });
}

}  // namespace fundcore::account
