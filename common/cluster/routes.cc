// The table of routes. See routes.h.
#include "common/cluster/routes.h"

#include "absl/container/flat_hash_map.h"
#include "common/base/check.h"
#include "common/cluster/merge.h"
#include "common/crypto/person.h"
#include "common/rpc/handlers.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "fundcore/bank/v1/bank.pb.h"
#include "fundcore/clearing/v1/clearing.pb.h"
#include "fundcore/product/v1/product.pb.h"
#include "fundcore/risk/v1/risk.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "google/protobuf/descriptor.h"

namespace fundcore::cluster {
namespace {

namespace av1 = account::v1;
namespace bv1 = bank::v1;
namespace cv1 = clearing::v1;
namespace pv1 = product::v1;
namespace rv1 = risk::v1;
namespace tv1 = trade::v1;
namespace adv1 = admin::v1;

// A number that names no partition of this layout is nobody's: its owner would be asked in vain.
PartitionId Within(PartitionId p, ServiceId service, const Layout& layout) {
  return p.raw() < layout.Count(service) ? p : kWhoever;
}

// A layout without the service (a client that has not heard of any) names no partition.
PartitionId Hash(std::string_view text, ServiceId service, const Layout& layout) {
  const uint16_t count = layout.Count(service);
  return count == 0 ? kWhoever : HashPartition(text, count);
}

// The messages of one service, added one method after the other.
class Face {
 public:
  Face(std::vector<Route>* routes, std::string name, ServiceId service)
      : routes_(routes), name_(std::move(name)), service_(service) {}

  template <class Req, class Resp>
  Route& Add(std::string_view method, Kind kind) {
    Route& r = routes_->emplace_back();
    r.method = StrCat(name_, "/", method);
    r.kind = kind;
    r.service = service_;
    r.request = &Req::default_instance();
    r.response = &Resp::default_instance();
    return r;
  }

  // One partition: `of(request)` gives a number of ours, or a partition.
  template <class Req, class Resp, class F>
  Route& One(std::string_view method, F of) {
    Route& r = Add<Req, Resp>(method, Kind::kPartition);
    r.where = [of, service = service_](const Message& m, const Layout& layout) {
      return Within(ToPartition(of(static_cast<const Req&>(m))), service, layout);
    };
    return r;
  }
  // The service has but one.
  template <class Req, class Resp>
  Route& Only(std::string_view method) {
    return One<Req, Resp>(method, [](const Req&) { return PartitionId(0); });
  }
  template <class Req, class Resp>
  Route& ByInvestor(std::string_view method) {
    return One<Req, Resp>(method, [](const Req& q) { return InvestorId(q.investor_id()); });
  }
  template <class Req, class Resp>
  Route& ByOrder(std::string_view method) {
    return One<Req, Resp>(method, [](const Req& q) { return OrderId(q.order_id()); });
  }
  // A field `partition`. One that does not exist is refused by whoever gets it.
  template <class Req, class Resp>
  Route& ByField(std::string_view method) {
    return One<Req, Resp>(method, [](const Req& q) {
      return q.partition() < kMaxPartitions ? PartitionId(static_cast<uint16_t>(q.partition())) : kNoPartition;
    });
  }

  template <class Req, class Resp>
  Route& Everywhere(std::string_view method, Merge merge = MergeSums) {
    Route& r = Add<Req, Resp>(method, Kind::kEverywhere);
    r.where = [](const Message&, const Layout&) { return kAll; };
    r.merge = std::move(merge);
    return r;
  }
  // An institution's partition of clearing, all of them where none is named.
  template <class Req, class Resp>
  Route& ByInstitution(std::string_view method, std::string rows) {
    Route& r = Add<Req, Resp>(method, Kind::kPartition);
    r.where = [](const Message& m, const Layout& layout) {
      const std::string& ta = static_cast<const Req&>(m).ta_code();
      return ta.empty() ? kAll : Hash(ta, ServiceId::kClearing, layout);
    };
    r.merge = MergeInstitutions(std::move(rows));
    return r;
  }

  // The only fields of request and response are the items and their answers.
  template <class Req, class Resp, class Item, class F>
  Route& Items(std::string_view method, int most, F of) {
    Route& r = Add<Req, Resp>(method, Kind::kItems);
    FC_CHECK(Req::descriptor()->field_count() == 1 && Resp::descriptor()->field_count() <= 1, r.method,
             " has fields beside its items; they would be lost where the call is split");
    r.items = Req::descriptor()->field(0);
    if (Resp::descriptor()->field_count() == 1) r.answers = Resp::descriptor()->field(0);
    FC_CHECK(r.items->message_type() == Item::descriptor(), r.method, " has other items");
    r.most_items = most;
    r.item = [of, service = service_](const Message& m, const Layout& layout) {
      return Within(ToPartition(of(static_cast<const Item&>(m), layout)), service, layout);
    };
    return r;
  }

 private:
  static PartitionId ToPartition(PartitionId p) { return p; }
  template <class Id>
  static PartitionId ToPartition(Id id) {
    return PartitionOf(id);
  }
  std::vector<Route>* routes_;
  const std::string name_;
  const ServiceId service_;
};

// An outcome that the owner's desk would have given: nothing was received, or nobody knows.
void OrderFailed(const absl::Status& status, Message* answer) {
  auto* outcome = static_cast<tv1::OrderOutcome*>(answer);
  const std::string reason = rpc::ReasonOf(status);
  const bool unknown = reason == "OWNER_UNREACHABLE" || (reason.empty() && !absl::IsResourceExhausted(status));
  outcome->set_code(static_cast<int32_t>(unknown ? absl::StatusCode::kDeadlineExceeded : status.code()));
  outcome->set_reason(unknown ? "OUTCOME_UNKNOWN" : reason.empty() ? "TRY_AGAIN_LATER" : reason);
  outcome->set_message(std::string(status.message()));
}

void AddTrade(std::vector<Route>* routes) {
  Face s(routes, "fundcore.trade.v1.TradeService", ServiceId::kTrade);
  const auto investor = [](const auto& item, const Layout&) { return InvestorId(item.investor_id()); };
  s.One<tv1::SubmitOrderRequest, tv1::SubmitOrderResponse>(
      "SubmitOrder", [](const tv1::SubmitOrderRequest& q) { return InvestorId(q.order().investor_id()); });
  s.Items<tv1::SubmitOrdersRequest, tv1::SubmitOrdersResponse, tv1::NewOrder>("SubmitOrders", 8'000, investor).item_failed =
      OrderFailed;
  s.ByOrder<tv1::CancelOrderRequest, tv1::CancelOrderResponse>("CancelOrder");
  s.ByOrder<tv1::GetOrderRequest, tv1::GetOrderResponse>("GetOrder");
  s.Items<tv1::FindOrdersRequest, tv1::FindOrdersResponse, tv1::OrderKey>("FindOrders", 8'000, investor);
  s.Items<tv1::ClaimSerialsRequest, tv1::ClaimSerialsResponse, tv1::SerialClaim>(
      "ClaimSerials", 8'000, [](const tv1::SerialClaim& claim, const Layout& layout) {
        return Hash(claim.request_id(), ServiceId::kTrade, layout);
      });
  s.ByInvestor<tv1::ListOrdersRequest, tv1::ListOrdersResponse>("ListOrders");
  s.ByOrder<tv1::WatchOrderRequest, tv1::Order>("WatchOrder").stream = true;
  s.ByOrder<tv1::AnswerChallengeRequest, tv1::AnswerChallengeResponse>("AnswerChallenge");
  s.ByInvestor<tv1::MakePlanRequest, tv1::PlanResponse>("MakePlan");
  s.ByInvestor<tv1::ChangePlanRequest, tv1::PlanResponse>("ChangePlan");
  for (const char* method : {"PausePlan", "ResumePlan", "EndPlan", "GetPlan"})
    s.ByInvestor<tv1::PlanRequest, tv1::PlanResponse>(method);
  s.ByInvestor<tv1::ListPlansRequest, tv1::ListPlansResponse>("ListPlans");

  Face o(routes, "fundcore.trade.v1.TradeOps", ServiceId::kTrade);
  o.Everywhere<tv1::CloseDayRequest, tv1::CloseDayResponse>("CloseDay");
  o.Everywhere<tv1::DayCountsRequest, tv1::DayCountsResponse>("DayCounts");
  o.Everywhere<tv1::SealRequest, tv1::SealResponse>("Seal", MergePartitions("partitions", ServiceId::kTrade));
  o.ByField<tv1::PullSealedRequest, tv1::PullSealedResponse>("PullSealed");
  o.Everywhere<tv1::MarkDispatchedRequest, tv1::MarkDispatchedResponse>("MarkDispatched");
  o.ByField<tv1::ApplyConfirmationsRequest, tv1::ApplyConfirmationsResponse>("ApplyConfirmations");
  o.Everywhere<tv1::SettleRequest, tv1::SettleResponse>("Settle");
  o.ByOrder<tv1::TraceOrderRequest, tv1::TraceOrderResponse>("TraceOrder");
  o.Everywhere<tv1::OutcomesRequest, tv1::OutcomesResponse>(
      "Outcomes", MergeRows({.rows = "counts", .keys = {"ta_code", "state", "business", "reason"}}));
  o.Everywhere<tv1::RecoveryStatusRequest, tv1::RecoveryStatusResponse>("RecoveryStatus", MergeRecovery);
}

void AddAccount(std::vector<Route>* routes) {
  Face s(routes, "fundcore.account.v1.AccountService", ServiceId::kAccount);
  s.Add<av1::OpenInvestorRequest, av1::OpenInvestorResponse>("OpenInvestor", Kind::kInvestor);
  s.ByInvestor<av1::AddCardRequest, av1::AddCardResponse>("AddCard");
  s.ByInvestor<av1::PaymentRequest, av1::PaymentResponse>("Deposit");
  s.ByInvestor<av1::PaymentRequest, av1::PaymentResponse>("Withdraw");
  s.One<av1::GetPaymentRequest, av1::PaymentResponse>(
      "GetPayment", [](const av1::GetPaymentRequest& q) { return PaymentId(q.payment_id()); });
  s.ByInvestor<av1::GetAccountRequest, av1::GetAccountResponse>("GetAccount");
  s.ByInvestor<av1::ListLedgerRequest, av1::ListLedgerResponse>("ListLedger");
  s.ByInvestor<av1::OpenFundAccountRequest, av1::OpenFundAccountResponse>("OpenFundAccount");
  s.ByInvestor<av1::RequestAccountRequest, av1::RequestAccountResponse>("RequestAccount");
  s.ByInvestor<av1::ChangeInvestorRequest, av1::ChangeInvestorResponse>("ChangeInvestor");
  s.One<av1::GetApplicationRequest, av1::ApplicationStatus>(
      "GetApplication", [](const av1::GetApplicationRequest& q) { return OrderId(q.application_id()); });
  s.ByInvestor<av1::ChangeCardRequest, av1::CardChange>("ChangeCard");
  s.One<av1::DecideCardChangeRequest, av1::CardChange>(
      "DecideCardChange", [](const av1::DecideCardChangeRequest& q) { return OrderId(q.change_id()); });
  s.ByInvestor<av1::ListCardChangesRequest, av1::ListCardChangesResponse>("ListCardChanges");
  s.Everywhere<av1::ListOpenCardChangesRequest, av1::ListCardChangesResponse>("ListOpenCardChanges");
  s.ByInvestor<av1::DeclareTaxRequest, av1::TaxResidency>("DeclareTax");
  s.ByInvestor<av1::GetTaxResidencyRequest, av1::TaxResidency>("GetTaxResidency");
  s.ByInvestor<av1::CloseCardRequest, av1::CloseCardResponse>("CloseCard");
  s.ByInvestor<av1::SetPayoutsRequest, av1::SetPayoutsResponse>("SetPayouts");
  s.One<av1::ExplainOrderRequest, av1::ExplainOrderResponse>(
      "ExplainOrder", [](const av1::ExplainOrderRequest& q) { return OrderId(q.order_id()); });
  s.Add<av1::LinkTradingAccountRequest, av1::LinkTradingAccountResponse>("LinkTradingAccount", Kind::kLink);
  s.Add<av1::ResolveTradingAccountsRequest, av1::ResolveTradingAccountsResponse>("ResolveTradingAccounts", Kind::kResolve)
      .most_items = 8'000;
  s.Everywhere<av1::TrialBalanceRequest, av1::TrialBalanceResponse>("TrialBalance", MergeTrialBalance);

  Face o(routes, "fundcore.account.v1.AccountOps", ServiceId::kAccount);
  const auto order = [](const auto& item, const Layout&) { return OrderId(item.order_id()); };
  o.Items<av1::ReserveRequest, av1::ReserveResponse, av1::ReserveItem>("Reserve", 20'000, order);
  o.Items<av1::ReleaseRequest, av1::ReleaseResponse, av1::ReleaseItem>("Release", 20'000, order);
  o.ByField<av1::ClaimCertificateRequest, av1::ClaimCertificateResponse>("ClaimCertificate");
  o.Everywhere<av1::SealApplicationsRequest, av1::SealApplicationsResponse>(
      "SealApplications", MergePartitions("partitions", ServiceId::kAccount));
  o.ByField<av1::PullApplicationsRequest, av1::PullApplicationsResponse>("PullApplications");
  o.ByField<av1::ApplyAccountConfirmationsRequest, av1::ApplyAccountConfirmationsResponse>("ApplyAccountConfirmations");
  o.ByField<av1::CheckConfirmationsRequest, av1::CheckConfirmationsResponse>("CheckConfirmations");
  o.ByField<tv1::ApplyConfirmationsRequest, av1::ApplyResult>("ApplyConfirmations");
  o.ByField<av1::CheckDividendsRequest, av1::CheckDividendsResponse>("CheckDividends");
  o.ByField<av1::ApplyDividendsRequest, av1::ApplyResult>("ApplyDividends");
  o.ByField<av1::CheckBalancesRequest, av1::CheckBalancesResponse>("CheckBalances");
  o.ByField<av1::AppendIncomeRequest, av1::ApplyResult>("AppendIncome");
  o.ByField<av1::AdoptIncomeRequest, av1::AdoptIncomeResponse>("AdoptIncome");
  o.Everywhere<av1::UnitTotalsRequest, av1::UnitTotalsResponse>("UnitTotals",
                                                                MergeRows({.rows = "totals", .keys = {"fund_code"}}));
  o.Everywhere<av1::SettlementTotalsRequest, av1::SettlementTotalsResponse>(
      "SettlementTotals", MergeRows({.rows = "totals", .keys = {"fund_code", "business"}}));
  o.Everywhere<av1::SettleRequest, av1::SettleResponse>("Settle");
  o.Only<av1::ReceiveInterestRequest, av1::ReceiveInterestResponse>("ReceiveInterest");
  const auto by_partition = [] { return MergePartitions("partitions", ServiceId::kAccount); };
  o.Everywhere<av1::WeighInterestRequest, av1::WeighInterestResponse>("WeighInterest", by_partition());
  o.Everywhere<av1::RankInterestRequest, av1::RankInterestResponse>("RankInterest", by_partition());
  o.Everywhere<av1::SpreadInterestRequest, av1::SpreadInterestResponse>("SpreadInterest", by_partition());
}

void AddProduct(std::vector<Route>* routes) {
  Face s(routes, "fundcore.product.v1.ProductService", ServiceId::kProduct);
  s.Only<pv1::PutCalendarRequest, pv1::PutResponse>("PutCalendar");
  s.Only<pv1::PutInstitutionRequest, pv1::PutResponse>("PutInstitution");
  s.Only<pv1::PutFundRequest, pv1::PutResponse>("PutFund");
  s.Only<pv1::PutNavsRequest, pv1::PutResponse>("PutNavs");
  s.Only<pv1::PutConversionsRequest, pv1::PutResponse>("PutConversions");
  s.Only<pv1::GetFundRequest, pv1::GetFundResponse>("GetFund");
  s.Only<pv1::ListFundsRequest, pv1::ListFundsResponse>("ListFunds");
  s.Only<pv1::ListInstitutionsRequest, pv1::ListInstitutionsResponse>("ListInstitutions");
  s.Only<pv1::GetNavRequest, pv1::GetNavResponse>("GetNav");
  s.Only<pv1::RequireTwoPersonsRequest, pv1::ProposeResponse>("RequireTwoPersons");
  s.Only<pv1::ProposeFundRequest, pv1::ProposeResponse>("ProposeFund");
  s.Only<pv1::DecideChangeRequest, pv1::PutResponse>("DecideChange");
  s.Only<pv1::ListChangesRequest, pv1::ListChangesResponse>("ListChanges");
  s.Only<pv1::PutCampaignRequest, pv1::PutResponse>("PutCampaign");
  s.Only<pv1::ProposeCampaignRequest, pv1::ProposeResponse>("ProposeCampaign");
  s.Only<pv1::ListCampaignsRequest, pv1::ListCampaignsResponse>("ListCampaigns");
  s.Only<pv1::GetQuotaRequest, pv1::GetQuotaResponse>("GetQuota");
  s.Only<pv1::PutAdvancingBankRequest, pv1::PutResponse>("PutAdvancingBank");
  s.Only<pv1::GetAdvancingBankRequest, pv1::GetAdvancingBankResponse>("GetAdvancingBank");
  Face o(routes, "fundcore.product.v1.ProductOps", ServiceId::kProduct);
  o.Only<pv1::FactsRequest, pv1::FactsResponse>("Facts");
  o.Only<pv1::TakeQuotaRequest, pv1::TakeQuotaResponse>("TakeQuota");
  o.Only<pv1::ReleaseQuotaRequest, pv1::ReleaseQuotaResponse>("ReleaseQuota");
}

void AddRisk(std::vector<Route>* routes) {
  Face s(routes, "fundcore.risk.v1.RiskService", ServiceId::kRisk);
  s.ByInvestor<rv1::AssessRequest, rv1::AssessResponse>("Assess");
  s.ByInvestor<rv1::GetProfileRequest, rv1::GetProfileResponse>("GetProfile");
  s.ByOrder<rv1::GetDecisionRequest, rv1::GetDecisionResponse>("GetDecision");
  s.ByInvestor<rv1::SetWatchRequest, rv1::SetWatchResponse>("SetWatch");
  s.Everywhere<rv1::PutPolicyRequest, rv1::PutPolicyResponse>("PutPolicy");
  s.Only<rv1::GetPolicyRequest, rv1::GetPolicyResponse>("GetPolicy");
  s.ByInvestor<rv1::SetInvestorRequest, rv1::SetInvestorResponse>("SetInvestor");
  s.ByInvestor<rv1::ConfirmRequest, rv1::ConfirmResponse>("Confirm");
  s.ByInvestor<rv1::GetEvidenceRequest, rv1::GetEvidenceResponse>("GetEvidence");
  Face o(routes, "fundcore.risk.v1.RiskOps", ServiceId::kRisk);
  o.Items<rv1::DecideRequest, rv1::DecideResponse, rv1::DecideItem>(
      "Decide", 100'000, [](const rv1::DecideItem& item, const Layout&) { return OrderId(item.order_id()); });
}

void AddClearing(std::vector<Route>* routes) {
  Face s(routes, "fundcore.clearing.v1.ClearingService", ServiceId::kClearing);
  const auto by_break = [](const auto& q) { return BreakId(q.break_id()); };
  s.ByInstitution<cv1::DayStatusRequest, cv1::DayStatusResponse>("DayStatus", "days");
  s.ByInstitution<cv1::ListBreaksRequest, cv1::ListBreaksResponse>("ListBreaks", "breaks");
  s.One<cv1::GetBreakRequest, cv1::Break>("GetBreak", by_break);
  s.One<cv1::ProposeResolutionRequest, cv1::Break>("ProposeResolution", by_break);
  s.One<cv1::ApproveResolutionRequest, cv1::Break>("ApproveResolution", by_break);
  s.ByInstitution<cv1::ListFilesRequest, cv1::ListFilesResponse>("ListFiles", "files");
  // Without an institution it is refused, by whoever gets it.
  s.Add<cv1::ReconciliationRequest, cv1::ReconciliationResponse>("Reconciliation", Kind::kPartition).where =
      [](const Message& m, const Layout& layout) {
        return Hash(static_cast<const cv1::ReconciliationRequest&>(m).ta_code(), ServiceId::kClearing, layout);
      };
  s.Add<cv1::ListInKindRequest, cv1::ListInKindResponse>("ListInKind", Kind::kPartition).where =
      [](const Message& m, const Layout& layout) {
        return Hash(static_cast<const cv1::ListInKindRequest&>(m).ta_code(), ServiceId::kClearing, layout);
      };
  s.Only<cv1::RecordInterestRequest, cv1::InterestRun>("RecordInterest");
  s.Only<cv1::ListInterestRequest, cv1::ListInterestResponse>("ListInterest");
  s.Everywhere<cv1::NudgeRequest, cv1::NudgeResponse>("Nudge", MergeInstitutions("waiting"));
}

void AddBank(std::vector<Route>* routes) {
  Face s(routes, "fundcore.bank.v1.BankService", ServiceId::kSimBank);
  s.Only<bv1::ExecuteRequest, bv1::ExecuteResponse>("Execute");
  s.Only<bv1::BalancesRequest, bv1::BalancesResponse>("Balances");
  s.Only<bv1::FundCardRequest, bv1::FundCardResponse>("FundCard");
  s.Only<bv1::VerifyCardsRequest, bv1::VerifyCardsResponse>("VerifyCards");
  s.Only<bv1::PutCardRequest, bv1::PutCardResponse>("PutCard");
  s.Only<bv1::CardBalanceRequest, bv1::CardBalanceResponse>("CardBalance");
}

void AddAdmin(std::vector<Route>* routes) {
  Face s(routes, "fundcore.admin.v1.AdminService", ServiceId::kSystem);
  s.Add<adv1::StatusRequest, adv1::StatusResponse>("Status", Kind::kLocal);
  // A wall clock is a machine's own, and so is the word of whoever has looked at it.
  s.Add<adv1::AcceptClockRequest, adv1::AcceptClockResponse>("AcceptClock", Kind::kLocal);
  s.Only<adv1::AdvanceClockRequest, adv1::AdvanceClockResponse>("AdvanceClock");
  s.Add<adv1::StateHashesRequest, adv1::StateHashesResponse>("StateHashes", Kind::kStates);
  s.Add<adv1::FlushRequest, adv1::FlushResponse>("Flush", Kind::kEveryProcess).merge = MergeSums;
  s.Add<adv1::CheckpointRequest, adv1::CheckpointResponse>("Checkpoint", Kind::kLocal);
  s.Add<v1::DirectoryRequest, v1::DirectoryResponse>("Directory", Kind::kLocal);
  // Asks all others by itself.
  s.Add<adv1::UpgradeRequest, adv1::UpgradeResponse>("Upgrade", Kind::kLocal);
  s.Only<adv1::NoteClockRequest, adv1::NoteClockResponse>("NoteClock");
  // Checkpoints are of one process's state.
  s.Add<adv1::ListCheckpointsRequest, adv1::ListCheckpointsResponse>("ListCheckpoints", Kind::kLocal);
  s.Add<adv1::VerifyCheckpointRequest, adv1::VerifyCheckpointProgress>("VerifyCheckpoint", Kind::kLocal).stream = true;
  s.Add<adv1::FetchCheckpointRequest, adv1::FetchCheckpointChunk>("FetchCheckpoint", Kind::kLocal).stream = true;
}

std::vector<Route> MakeRoutes() {
  std::vector<Route> routes;
  AddTrade(&routes);
  AddAccount(&routes);
  AddProduct(&routes);
  AddRisk(&routes);
  AddClearing(&routes);
  AddBank(&routes);
  AddAdmin(&routes);
  return routes;
}

}  // namespace

const std::vector<Route>& Routes() {
  static const auto* const routes = new std::vector<Route>(MakeRoutes());
  return *routes;
}

const Route* FindRoute(std::string_view method) {
  static const auto* const by_name = [] {
    auto* map = new absl::flat_hash_map<absl::string_view, const Route*>();
    for (const Route& r : Routes()) FC_CHECK(map->emplace(r.method, &r).second, "two routes for ", r.method);
    return map;
  }();
  const auto it = by_name->find(absl::string_view(method.data(), method.size()));
  return it == by_name->end() ? nullptr : it->second;
}

namespace {

PartitionId PartitionOfAccount(const std::string& distributor, const std::string& account, const Layout& layout) {
  const uint16_t count = layout.Count(ServiceId::kAccount);
  return count == 0 ? kWhoever : PartitionOfTradingAccount(distributor, account, count);
}

}  // namespace

PartitionId PartitionOfInvestor(const Vault& vault, const Message& request, const Layout& layout) {
  const auto& q = static_cast<const av1::OpenInvestorRequest&>(request);
  return PartitionOfPerson(FingerprintOfPerson(vault, q.certificate_type(), q.certificate_no()),
                           layout.Count(ServiceId::kAccount));
}

LinkPartitions PartitionsOfLink(const Message& request, const Layout& layout) {
  const auto& q = static_cast<const av1::LinkTradingAccountRequest&>(request);
  return {Within(PartitionOf(InvestorId(q.investor_id())), ServiceId::kAccount, layout),
          PartitionOfAccount(q.distributor(), q.trading_account(), layout)};
}

PartitionId PartitionOfKey(const Message& key, const Layout& layout) {
  const auto& k = static_cast<const av1::TradingAccountKey&>(key);
  if (k.investor_id() != 0) return Within(PartitionOf(InvestorId(k.investor_id())), ServiceId::kAccount, layout);
  return PartitionOfAccount(k.distributor(), k.trading_account(), layout);
}

}  // namespace fundcore::cluster
