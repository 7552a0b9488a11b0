// AccountServiceImpl: the gRPC face of account, for apps (AccountService) and for trade and clearing (AccountOps).
//
// Handlers check shapes on whatever thread they are called, then work on the executor of the partition that the number's
// digits name. Personal data is sealed here, before it enters a command, and opened here, after it left the state.
//
//   AccountServiceImpl account(deps);
//   account.Register(&handlers);
//   account.host()->Recover();  log->Start();  account.host()->WhenServing([&] { account.Start(); });
//
// service.cc assembles it and sums over partitions, service_accounts.cc serves apps, service_standing.cc what becomes
// of fund accounts, service_links.cc orders by file, service_ops.cc trade and clearing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "common/machine/host.h"
#include "common/machine/service.h"
#include "common/product/feed.h"
#include "common/rpc/partitions.h"
#include "fundcore/account/v1/account.pb.h"
#include "services/account/card_worker.h"
#include "services/account/machine.h"
#include "services/account/worker.h"

namespace fundcore::account {

class AccountServiceImpl : public Service {
 public:
  // `deps.vault`, `deps.peers`, `deps.log` and `deps.store` outlive the service.
  explicit AccountServiceImpl(const ServiceDeps& deps);

  machine::HostBase* host() override { return &host_; }
  machine::Host<AccountMachine>& machines() { return host_; }
  void Register(rpc::Handlers* handlers) override;
  void Start() override;

 private:
  using Partition = machine::Partition<AccountMachine>;

  // For apps.
  void OpenInvestor(const v1::OpenInvestorRequest& request, v1::OpenInvestorResponse* response, rpc::Reply reply);
  void AddCard(const v1::AddCardRequest& request, v1::AddCardResponse* response, rpc::Reply reply);
  void MakePayment(const rpc::Call& call, PaymentDirection direction, const v1::PaymentRequest& request,
                   v1::PaymentResponse* response, rpc::Reply reply);
  void GetPayment(const v1::GetPaymentRequest& request, v1::PaymentResponse* response, rpc::Reply reply);
  void GetAccount(const v1::GetAccountRequest& request, v1::GetAccountResponse* response, rpc::Reply reply);
  void ListLedger(const v1::ListLedgerRequest& request, v1::ListLedgerResponse* response, rpc::Reply reply);
  // service_standing.cc
  void RequestAccount(const rpc::Call& call, const v1::RequestAccountRequest& request, v1::RequestAccountResponse* response,
                      rpc::Reply reply);
  void GetApplication(const v1::GetApplicationRequest& request, v1::ApplicationStatus* response, rpc::Reply reply);
  static void FillFundAccount(AccountMachine& machine, InvestorId investor, const FundAccount& account, v1::FundAccount* out);
  // service_people.cc
  void ChangeInvestor(const rpc::Call& call, const v1::ChangeInvestorRequest& request, v1::ChangeInvestorResponse* response,
                      rpc::Reply reply);
  void ClaimCertificate(const v1::ClaimCertificateRequest& request, v1::ClaimCertificateResponse* response, rpc::Reply reply);
  // Joins what is asked to what is known, on the partition's executor.
  absl::StatusOr<account::ChangeInvestor> Changed(Partition& part, InvestorId investor, const v1::InvestorData& asked);
  // The investor's data as an application says them.
  absl::Status FillData(AccountMachine& machine, uint64_t seq, const Application& a, v1::AccountApplication* out);
  static void FillDataState(AccountMachine& machine, PartitionId partition, InvestorId investor, const FundAccount& account,
                            v1::FundAccount* out);
  // service_cards.cc
  void ChangeCard(const rpc::Call& call, const v1::ChangeCardRequest& request, v1::CardChange* response, rpc::Reply reply);
  void DecideCardChange(const rpc::Call& call, const v1::DecideCardChangeRequest& request, v1::CardChange* response,
                        rpc::Reply reply);
  void ListCardChanges(const v1::ListCardChangesRequest& request, v1::ListCardChangesResponse* response, rpc::Reply reply);
  void ListOpenCardChanges(const rpc::Call& call, const v1::ListOpenCardChangesRequest& request,
                           v1::ListCardChangesResponse* response, rpc::Reply reply);
  void CloseCard(const rpc::Call& call, const v1::CloseCardRequest& request, v1::CloseCardResponse* response,
                 rpc::Reply reply);
  void SetPayouts(const v1::SetPayoutsRequest& request, v1::SetPayoutsResponse* response, rpc::Reply reply);
  // service_tax.cc
  void DeclareTax(const rpc::Call& call, const v1::DeclareTaxRequest& request, v1::TaxResidency* response, rpc::Reply reply);
  void GetTaxResidency(const v1::GetTaxResidencyRequest& request, v1::TaxResidency* response, rpc::Reply reply);
  absl::Status FillTax(AccountMachine& machine, InvestorId investor, v1::TaxResidency* out);
  absl::Status FillTaxLine(AccountMachine& machine, const Application& application, v1::TaxLine* out);
  absl::Status FillCardChange(AccountMachine& machine, uint64_t change, v1::CardChange* out);
  absl::Status FillCards(AccountMachine& machine, InvestorId investor, v1::GetAccountResponse* response);
  // service_links.cc
  void OpenFundAccount(const v1::OpenFundAccountRequest& request, v1::OpenFundAccountResponse* response,
                       rpc::Reply reply);
  void ExplainOrder(const v1::ExplainOrderRequest& request, v1::ExplainOrderResponse* response, rpc::Reply reply);
  void LinkTradingAccount(const rpc::Call& call, const v1::LinkTradingAccountRequest& request,
                          v1::LinkTradingAccountResponse* response, rpc::Reply reply);
  void ResolveTradingAccounts(const rpc::Call& call, const v1::ResolveTradingAccountsRequest& request,
                              v1::ResolveTradingAccountsResponse* response, rpc::Reply reply);
  void TrialBalance(const rpc::Call& call, const v1::TrialBalanceRequest& request, v1::TrialBalanceResponse* response,
                    rpc::Reply reply);

  // For trade and clearing.
  void Reserve(const v1::ReserveRequest& request, v1::ReserveResponse* response, rpc::Reply reply);
  void Release(const v1::ReleaseRequest& request, v1::ReleaseResponse* response, rpc::Reply reply);
  void SealApplications(const rpc::Call& call, const v1::SealApplicationsRequest& request,
                        v1::SealApplicationsResponse* response, rpc::Reply reply);
  void PullApplications(const v1::PullApplicationsRequest& request, v1::PullApplicationsResponse* response,
                        rpc::Reply reply);
  void ApplyAccountConfirmations(const v1::ApplyAccountConfirmationsRequest& request,
                                 v1::ApplyAccountConfirmationsResponse* response, rpc::Reply reply);
  void CheckConfirmations(const v1::CheckConfirmationsRequest& request, v1::CheckConfirmationsResponse* response,
                          rpc::Reply reply);
  void ApplyConfirmations(const trade::v1::ApplyConfirmationsRequest& request, v1::ApplyResult* response,
                          rpc::Reply reply);
  void CheckDividends(const v1::CheckDividendsRequest& request, v1::CheckDividendsResponse* response,
                      rpc::Reply reply);
  void ApplyDividends(const v1::ApplyDividendsRequest& request, v1::ApplyResult* response, rpc::Reply reply);
  void CheckBalances(const v1::CheckBalancesRequest& request, v1::CheckBalancesResponse* response, rpc::Reply reply);
  void AppendIncome(const v1::AppendIncomeRequest& request, v1::ApplyResult* response, rpc::Reply reply);
  void AdoptIncome(const v1::AdoptIncomeRequest& request, v1::AdoptIncomeResponse* response, rpc::Reply reply);
  static bool CompareIncome(AccountMachine& m, const v1::BalanceLine& line, Date answer_day,
                            v1::CheckBalancesResponse* response);
  void UnitTotals(const rpc::Call& call, const v1::UnitTotalsRequest& request, v1::UnitTotalsResponse* response,
                  rpc::Reply reply);
  void SettlementTotals(const rpc::Call& call, const v1::SettlementTotalsRequest& request,
                        v1::SettlementTotalsResponse* response, rpc::Reply reply);
  void Settle(const rpc::Call& call, const v1::SettleRequest& request, v1::SettleResponse* response, rpc::Reply reply);

  // service_interest.cc
  void ReceiveInterest(const v1::ReceiveInterestRequest& request, v1::ReceiveInterestResponse* response,
      rpc::Reply reply);
  void WeighInterest(const rpc::Call& call, const v1::WeighInterestRequest& request,
      v1::WeighInterestResponse* response,
                     rpc::Reply reply);
  void RankInterest(const rpc::Call& call, const v1::RankInterestRequest& request, v1::RankInterestResponse* response,
                    rpc::Reply reply);
  void SpreadInterest(const rpc::Call& call, const v1::SpreadInterestRequest& request,
      v1::SpreadInterestResponse* response,
                      rpc::Reply reply);
  // Gives each partition that is asked its command until all is done, then `row` its state, in the order of partitions.
  template <class C>
  void OnEachPartition(const rpc::Call& call, std::function<C(PartitionId)> command,
                       std::function<void(PartitionId, const InterestRun&)> row, rpc::Reply reply);

  // Registers a method that only siblings and local operators may call.
  template <class Req, class Resp>
  void Internal(rpc::Handlers* handlers, std::string_view name,
                void (AccountServiceImpl::*method)(const rpc::Call&, const Req&, Resp*, rpc::Reply));
  template <class Req, class Resp>
  void Internal(rpc::Handlers* handlers, std::string_view name,
                void (AccountServiceImpl::*method)(const Req&, Resp*, rpc::Reply));

  // Fails where this partition cannot take commands now: not served yet, or too many waiting.
  absl::Status Ready(Partition& partition, bool writes);
  // The same for a partition of many: a sibling that named it learns that this process does not own it.
  absl::Status ReadyFor(const rpc::Call& call, Partition& partition, bool writes);
  // The same for all items of a batch that are on one executor.
  template <class BatchPart>
  absl::Status ReadyFor(const BatchPart& part);
  // NOT_FOUND where no partition has this number.
  absl::Status CheckInvestorPartition(uint64_t investor) const;

  // Runs `work` for every partition that the call asks for, on their executors, with one `Part` for each executor; then
  // `done`, once, anywhere.
  template <class Part>
  void Collect(const rpc::Call& call, std::function<void(Partition&, Part&)> work,
               absl::AnyInvocable<void(absl::Status, std::vector<Part>& parts)> done);
  // Gives the command again until the result says that there is no more; from the partition's executor. The status is not
  // OK, and the result an empty one, where another process took the partition over.
  template <class C>
  void SubmitUntilDone(PartitionId partition, C command, absl::AnyInvocable<void(absl::Status, const Result&)> done);
  // Gives commands one after the other to one partition, and answers with all of their results joined.
  template <class C>
  void SubmitLines(PartitionId partition, std::vector<C> commands, absl::AnyInvocable<void(absl::Status, Applied&)> done);

  void FillPayment(Partition& partition, uint64_t seq, v1::PaymentResponse* response);
  SealNonce Nonce(Executor* executor) { return {executor->Random(), executor->Random()}; }

  const ServiceDeps deps_;
  machine::Host<AccountMachine> host_;
  FactFeed<AccountMachine> feed_;
  PaymentWorker worker_;
  CardWorker card_worker_;
};

// Income of money funds in the trial balance and in an account's positions (service_income.cc).
void AddIncome(AccountMachine& m, absl::FunctionRef<void(Leg, const TaCode&, Money)> add);
void VerifyIncome(AccountMachine& m, absl::FunctionRef<void(std::string, Money, Money)> compare);
void AddInterest(AccountMachine& m, absl::FunctionRef<void(Leg, const TaCode&, Money)> add);
void VerifyInterest(AccountMachine& m, absl::FunctionRef<void(std::string, Money, Money)> compare);
void FillIncome(AccountMachine& m, InvestorId id, const Investor& investor, v1::GetAccountResponse* response);

// What Vault fields of an investor are sealed as; the same words open them.
inline constexpr std::string_view kNameContext = "investor name";
inline constexpr std::string_view kCertificateContext = "investor certificate";
inline constexpr std::string_view kMobileContext = "investor mobile";
inline constexpr std::string_view kCardContext = "card number";
inline constexpr std::string_view kMoreContext = "investor data";
inline constexpr std::string_view kTaxContext = "tax residency";

// service_tax.cc: INVALID_ARGUMENT with a reason of its own for each rule; and the lines that R1 says of a declaration.
absl::Status CheckTax(const v1::TaxDeclaration& declaration, bool institution, Date today);
std::vector<v1::TaxLine> TaxLinesOf(const v1::TaxDeclaration& declaration);

// "**** 6789".
std::string MaskCard(std::string_view number);

// service_people.cc: INVALID_ARGUMENT names the field; a certificate's type comes with the list.
absl::Status CheckData(const v1::InvestorData& data, bool institution);

// The business refusals of apps' commands as gRPC errors.
absl::Status RefusalStatus(Reason reason, std::string_view what);
std::string_view StateName(FundAccountState state);

// INVALID_ARGUMENT that names field, value and limit.
absl::Status BadField(std::string_view field, std::string_view value, std::string_view limit);

template <class Part>
void AccountServiceImpl::Collect(const rpc::Call& call, std::function<void(Partition&, Part&)> work,
                                 absl::AnyInvocable<void(absl::Status, std::vector<Part>& parts)> done) {
  struct All {
    rpc::Call call;
    std::vector<char> asked;  // by partition
    std::function<void(Partition&, Part&)> work;
    std::vector<Part> parts;
    std::vector<absl::Status> status;
    absl::AnyInvocable<void(absl::Status, std::vector<Part>&)> done;
  };
  auto all = std::make_shared<All>();
  const size_t shards = host_.shards().size();
  const auto where = rpc::AskedPartitions(call, deps_.partitions);
  if (!where.ok()) return done(where.status(), all->parts);
  all->call = call;
  all->asked.resize(deps_.partitions);
  for (const PartitionId p : *where) all->asked[p.raw()] = 1;
  all->work = std::move(work);
  all->parts.resize(shards);
  all->status.resize(shards);
  all->done = std::move(done);
  machine::Gather* gather = machine::Gather::New(shards, [all] {
    for (absl::Status& s : all->status)
      if (!s.ok()) return all->done(std::move(s), all->parts);
    all->done(absl::OkStatus(), all->parts);
  });
  for (size_t i = 0; i < shards; ++i) {
    machine::Shard* shard = host_.shards()[i].get();
    shard->executor()->Post([this, shard, all, gather, i] {
      // Counted up first, so that the last partition, and nobody before it, hands the part in.
      auto left = std::make_shared<size_t>(1);
      for (auto& base : shard->partitions()) {
        auto* partition = static_cast<Partition*>(base.get());
        if (!all->asked[partition->id().partition.raw()]) continue;
        ++*left;
        // Sums that others act upon, with money: not before it is known that nobody else owns the partition by now.
        partition->WhenFresh([this, partition, all, gather, i, left] {
          if (all->status[i].ok()) all->status[i] = ReadyFor(all->call, *partition, false);
          if (all->status[i].ok()) all->work(*partition, all->parts[i]);
          if (--*left == 0) gather->One();
        });
        if (partition->wants_tick()) shard->Wake();
      }
      if (--*left == 0) gather->One();
    });
  }
}

template <class C>
void AccountServiceImpl::SubmitUntilDone(PartitionId partition, C command,
                                         absl::AnyInvocable<void(absl::Status, const Result&)> done) {
  auto shared = std::make_shared<std::pair<C, absl::AnyInvocable<void(absl::Status, const Result&)>>>(
      std::move(command), std::move(done));
  const auto executed = [this, partition, shared](const Result& r) {
    if (!r.more) return shared->second(absl::OkStatus(), r);
    SubmitUntilDone(partition, std::move(shared->first), std::move(shared->second));
  };
  host_.Submit(partition, shared->first,
               machine::OrLost(executed, [shared] { shared->second(LostOutcome(), Result{}); }));
}

template <class C>
void AccountServiceImpl::SubmitLines(PartitionId partition, std::vector<C> commands,
                                     absl::AnyInvocable<void(absl::Status, Applied&)> done) {
  struct All {
    Applied joined;
    absl::Status status;
    size_t left = 0;
    absl::AnyInvocable<void(absl::Status, Applied&)> done;
  };
  auto all = std::make_shared<All>();
  all->done = std::move(done);
  host_.On(partition, [this, all, partition, commands = std::move(commands)](Partition& p) {
    all->status = Ready(p, true);
    if (!all->status.ok()) return all->done(all->status, all->joined);
    all->left = commands.size();
    for (const C& command : commands) {
      host_.Submit(partition, command, [all, file = command.file_name, first = command.first_index](const Result& r) {
        const Applied& part = *r.applied;
        all->joined.next_index = part.next_index;
        for (const FindingEntry& f : part.findings) all->joined.findings.push_back(f);
        for (const HungOrder& h : part.hung) all->joined.hung.push_back(h);
        if (r.reason != Reason::kNone && all->status.ok()) {
          all->status = rpc::ErrorWithReason(absl::StatusCode::kFailedPrecondition, ReasonName(r.reason),
                                             StrCat("lines from index ", first, " of ", file,
                                                    " do not follow; this partition expects index ", part.next_index),
                                             {{"expected", StrCat(part.next_index)}});
        }
        if (--all->left == 0) all->done(all->status, all->joined);
      });
    }
  });
}

}  // namespace fundcore::account
