// The gRPC face of changes by two persons.
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/rpc/operators.h"
#include "services/product/convert.h"
#include "services/product/service.h"

namespace fundcore::product {
namespace {

constexpr PartitionId kPartition{0};
constexpr size_t kLongestPerson = 64, kLongestNote = 500;

absl::Status Refusal(Reason r) {
  return rpc::ErrorWithReason(absl::StatusCode::kFailedPrecondition, ReasonName(r), ReasonText(r));
}

absl::Status CheckPerson(std::string_view person) {
  if (!person.empty() && person.size() <= kLongestPerson) return absl::OkStatus();
  return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                              StrCat("person \"", person, "\" must have 1 to ", kLongestPerson, " bytes"));
}

absl::Status NotServing() {
  return rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "NOT_SERVING", "product is still recovering; ask again shortly");
}

std::string_view StateWord(ChangeState state) {
  switch (state) {
    case ChangeState::kProposed: return "proposed";
    case ChangeState::kApproved: return "approved";
    case ChangeState::kRejected: return "rejected";
  }
  return "";
}

}  // namespace

void ProductService::Propose(ProposeChange command, v1::ProposeResponse* response, rpc::Reply reply) {
  host_.On(kPartition, [this, command = std::move(command), response, reply = std::move(reply)](machine::Partition<ProductMachine>& p) mutable {
    if (!p.serving()) return reply(NotServing());
    host_.Submit(kPartition, command, [response, reply = std::move(reply)](const ProductMachine::Result& r) mutable {
      if (r.reason != Reason::kOk) return reply(Refusal(r.reason));
      response->set_change(r.seq);
      reply(absl::OkStatus());
    });
  });
}

void ProductService::RegisterFourEyes(rpc::Handlers* h) {
  using rpc::Call;
  using rpc::Reply;
  const std::string face = "fundcore.product.v1.ProductService/";
  h->Unary<v1::RequireTwoPersonsRequest, v1::ProposeResponse>(
      face + "RequireTwoPersons", [this](const Call& call, const v1::RequireTwoPersonsRequest& q, v1::ProposeResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        if (absl::Status s = CheckPerson(q.person()); !s.ok()) return reply(std::move(s));
        if (!q.on()) return Propose({"", q.person(), "two persons are no longer required", "", ""}, r,
            std::move(reply));
        host_.On(kPartition, [this, reply = std::move(reply)](machine::Partition<ProductMachine>& p) mutable {
          if (!p.serving()) return reply(NotServing());
          host_.Submit(kPartition, RequireTwoPersons{},
                       [reply = std::move(reply)](const ProductMachine::Result&) mutable { reply(absl::OkStatus()); });
        });
      });
  h->Unary<v1::ProposeFundRequest, v1::ProposeResponse>(
      face + "ProposeFund", [this](const Call& call, const v1::ProposeFundRequest& q, v1::ProposeResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        if (absl::Status s = CheckPerson(q.person()); !s.ok()) return reply(std::move(s));
        if (q.note().size() > kLongestNote)
          return reply(rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", StrCat("note is longer than ", kLongestNote, " bytes")));
        auto put = PutFundFrom(q.fund(), q.effective_at_us(), lead_);
        if (!put.ok()) return reply(put.status());
        ProposeChange command{Encode(*put), q.person(), q.note(), "", ""};
        if (q.has_conversions()) {
          if (q.conversions().fund_code() != q.fund().fund_code())
            return reply(rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                                              StrCat("conversions.fund_code \"", q.conversions().fund_code(), "\" must be that of the fund")));
          auto ways = FromProto(q.conversions());
          if (!ways.ok()) return reply(ways.status());
          ways->effective_at = TimePoint::FromRaw(q.conversions_effective_at_us());
          command.conversions = Encode(PutConversions{*std::move(ways), lead_, true});
        }
        Propose(std::move(command), r, std::move(reply));
      });
  h->Unary<v1::DecideChangeRequest, v1::PutResponse>(
      face + "DecideChange", [this](const Call& call, const v1::DecideChangeRequest& q, v1::PutResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        if (absl::Status s = CheckPerson(q.person()); !s.ok()) return reply(std::move(s));
        host_.On(kPartition, [this, command = DecideChange{q.change(), q.person(), q.approve(), lead_}, r,
                              reply = std::move(reply)](machine::Partition<ProductMachine>& p) mutable {
          if (!p.serving()) return reply(NotServing());
          host_.Submit(kPartition, command, [r, reply = std::move(reply)](const ProductMachine::Result& result) mutable {
            if (result.reason != Reason::kOk) return reply(Refusal(result.reason));
            r->set_seq(result.seq);
            r->set_effective_at_us(result.effective_at.raw());
            reply(absl::OkStatus());
          });
        });
      });
  h->Unary<v1::ListChangesRequest, v1::ListChangesResponse>(
      face + "ListChanges", [this](const Call& call, const v1::ListChangesRequest& q, v1::ListChangesResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        host_.On(kPartition, [all = q.all(), r, reply = std::move(reply)](machine::Partition<ProductMachine>& p) mutable {
          if (!p.serving()) return reply(NotServing());
          r->set_two_persons(p.machine().two_persons());
          p.machine().ForEachChange([&](uint64_t number, const Change& c) {
            if (!all && c.state != ChangeState::kProposed) return;
            v1::Change* m = r->add_changes();
            m->set_change(number);
            m->set_state(std::string(StateWord(c.state)));
            m->set_based_on(c.based_on);
            m->set_proposed_by(c.proposed_by);
            m->set_proposed_at_us(c.proposed_at.raw());
            m->set_decided_by(c.decided_by);
            m->set_decided_at_us(c.decided_at.raw());
            m->set_note(c.note);
            PutCampaign campaign;
            if (!c.campaign.empty() && Decode(c.campaign, &campaign)) {
              ToProto({campaign.campaign, campaign.end, 0, {}}, m->mutable_campaign());
              m->set_ends_campaign(campaign.end);
            }
            PutFund put;
            if (c.put.empty() || !Decode(c.put, &put)) return;
            m->set_fund_code(put.terms.code.str());
            m->set_effective_at_us(put.terms.effective_at.raw());
            ToProto(put.terms, m->mutable_fund());
            if (put.income) ToProto(*put.income, m->mutable_fund()->mutable_income());
            if (!put.rules.Empty()) ToProto(put.rules, m->mutable_fund()->mutable_rules());
            if (put.fast) ToProto(*put.fast, m->mutable_fund()->mutable_fast());
            PutConversions ways;
            if (!c.conversions.empty() && Decode(c.conversions, &ways)) ToProto(ways.terms, m->mutable_conversions());
          });
          reply(absl::OkStatus());
        });
      });
}

}  // namespace fundcore::product
