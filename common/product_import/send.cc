// See send.h.
#include "common/product_import/send.h"

#include "common/base/check.h"
#include "common/base/status.h"
#include "google/protobuf/util/message_differencer.h"

namespace fundcore::product_import {
namespace {

namespace v1 = product::v1;
using google::protobuf::util::MessageDifferencer;

constexpr std::string_view kFace = "fundcore.product.v1.ProductService/";

// A message as product gives it back: empty rules are none.
v1::Fund Plain(v1::Fund fund) {
  if (fund.has_rules() && fund.rules().ByteSizeLong() == 0) fund.clear_rules();
  return fund;
}

uint64_t Waiting(const v1::ListChangesResponse& changes, const FundImport& f) {
  for (const v1::Change& c : changes.changes()) {
    const bool same_ways =
        f.conversions ? MessageDifferencer::Equals(*f.conversions, c.conversions()) : !c.has_conversions();
    if (c.fund_code() == f.code && same_ways && c.effective_at_us() == f.effective_at_us &&
        MessageDifferencer::Equals(Plain(c.fund()), Plain(f.fund)))
      return c.change();
  }
  return 0;
}

absl::Status PutAtOnce(const FundImport& f, ProductCall call) {
  v1::PutFundRequest put;
  *put.mutable_fund() = f.fund;
  put.set_effective_at_us(f.effective_at_us);
  v1::PutResponse response;
  FC_RETURN_IF_ERROR(call(StrCat(kFace, "PutFund"), put, &response));
  if (!f.conversions) return absl::OkStatus();
  v1::PutConversionsRequest ways;
  *ways.mutable_conversions() = *f.conversions;
  ways.set_effective_at_us(f.conversions_effective_at_us);
  return call(StrCat(kFace, "PutConversions"), ways, &response);
}

}  // namespace

absl::StatusOr<ImportResult> RunImport(const std::vector<SourceFile>& files, const SendOptions& options,
                                       ProductCall call) {
  ImportResult out;
  const CFiles read = ReadCFiles(files, options.read);
  std::map<std::string, v1::GetFundResponse> known;
  for (const std::string& code : read.funds) {
    v1::GetFundRequest q;
    q.set_fund_code(code);
    v1::GetFundResponse r;
    const absl::Status s = call(StrCat(kFace, "GetFund"), q, &r);
    if (absl::IsNotFound(s)) continue;
    FC_RETURN_IF_ERROR(s);
    known.emplace(code, std::move(r));
  }
  out.plan = PlanImport(read, known);
  if (options.dry || !out.plan.faults.empty()) return out;

  v1::ListChangesResponse changes;
  if (!options.at_once) FC_RETURN_IF_ERROR(call(StrCat(kFace, "ListChanges"), v1::ListChangesRequest(), &changes));
  for (const FundImport& f : out.plan.funds) {
    if (options.at_once) {
      FC_RETURN_IF_ERROR(PutAtOnce(f, call));
      out.sent.push_back({f.code, 0, false});
      continue;
    }
    if (const uint64_t waiting = Waiting(changes, f); waiting != 0) {
      out.sent.push_back({f.code, waiting, true});
      continue;
    }
    v1::ProposeFundRequest q;
    *q.mutable_fund() = f.fund;
    q.set_effective_at_us(f.effective_at_us);
    q.set_person(options.person);
    q.set_note(options.note);
    if (f.conversions) {
      *q.mutable_conversions() = *f.conversions;
      q.set_conversions_effective_at_us(f.conversions_effective_at_us);
    }
    v1::ProposeResponse r;
    FC_RETURN_IF_ERROR(call(StrCat(kFace, "ProposeFund"), q, &r));
    out.sent.push_back({f.code, r.change(), false});
  }
  return out;
}

}  // namespace fundcore::product_import
