// Assembling the service, and what is summed over all partitions: the trial balance.
#include "services/account/service.h"

#include <map>

namespace fundcore::account {

AccountServiceImpl::AccountServiceImpl(const ServiceDeps& deps)
    : deps_(deps),
      host_(machine::HostOptions{.service = ServiceId::kAccount,
                                 .partitions = deps.partitions,
                                 .executors = deps.executors,
                                 .log = deps.log,
                                 .store = deps.store,
                                 .owner = deps.owner,
                                 .supports = deps.machine_versions, .leased = deps.leased}),
      feed_(&host_, deps.peers),
      worker_(&host_, deps.peers),
      card_worker_(&host_, deps.peers, deps.vault) {
  FC_CHECK(deps.vault, "account needs a vault for personal data");
}

void AccountServiceImpl::Start() {
  feed_.Start();
  worker_.Start();
  card_worker_.Start();
}

absl::Status BadField(std::string_view field, std::string_view value, std::string_view limit) {
  return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_FIELD", StrCat(field, " \"", value, "\" ", limit),
                              {{"field", field}});
}

absl::Status AccountServiceImpl::Ready(Partition& partition, bool writes) {
  if (!partition.serving()) {
    return rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "NOT_SERVING",
                                StrCat("account partition ", partition.id().partition.raw(),
                                       " is still replaying its log; ask again in a moment"));
  }
  if (writes) FC_RETURN_IF_ERROR(HeldBack(host_));
  if (writes && host_.ShardOf(partition.id().partition).overloaded()) {
    return rpc::TryAgainLater("account has too many commands waiting; nothing was done, send it again later",
                              Duration::Millis(100));
  }
  return absl::OkStatus();
}

absl::Status AccountServiceImpl::CheckInvestorPartition(uint64_t investor) const {
  if (investor / kInvestorSequenceLimit < deps_.partitions && investor % kInvestorSequenceLimit != 0)
    return absl::OkStatus();
  return rpc::ErrorWithReason(absl::StatusCode::kNotFound, ReasonName(Reason::kInvestorNotFound),
                              StrCat("investor ", investor, ": ", ReasonMessage(Reason::kInvestorNotFound)));
}

namespace {

absl::Status InternalOnly(const rpc::Call& call) {
  if (call.internal || call.caller.view() == "local" || call.caller.view() == "operator") return absl::OkStatus();
  return rpc::ErrorWithReason(absl::StatusCode::kPermissionDenied, "INTERNAL_ONLY",
                              "AccountOps is for services of this system and local operators only");
}

}  // namespace

absl::Status AccountServiceImpl::ReadyFor(const rpc::Call& call, Partition& partition, bool writes) {
  if (call.partitions && !partition.serving()) return rpc::NotOwner("account", partition.id().partition.raw());
  return Ready(partition, writes);
}

template <class Req, class Resp>
void AccountServiceImpl::Internal(rpc::Handlers* handlers, std::string_view name,
                                  void (AccountServiceImpl::*method)(const rpc::Call&, const Req&, Resp*, rpc::Reply)) {
  handlers->Unary<Req, Resp>(
      StrCat("fundcore.account.v1.AccountOps/", name),
      [this, method](const rpc::Call& call, const Req& request, Resp* response, rpc::Reply reply) {
        if (absl::Status s = InternalOnly(call); !s.ok()) return reply(std::move(s));
        (this->*method)(call, request, response, std::move(reply));
      });
}

template <class Req, class Resp>
void AccountServiceImpl::Internal(rpc::Handlers* handlers, std::string_view name,
                                  void (AccountServiceImpl::*method)(const Req&, Resp*, rpc::Reply)) {
  handlers->Unary<Req, Resp>(
      StrCat("fundcore.account.v1.AccountOps/", name),
      [this, method](const rpc::Call& call, const Req& request, Resp* response, rpc::Reply reply) {
        if (absl::Status s = InternalOnly(call); !s.ok()) return reply(std::move(s));
        (this->*method)(request, response, std::move(reply));
      });
}

void AccountServiceImpl::Register(rpc::Handlers* handlers) {
  using rpc::Call;
  using rpc::Reply;
  const auto name = [](std::string_view method) { return StrCat("fundcore.account.v1.AccountService/", method); };
  handlers->Unary<v1::OpenInvestorRequest, v1::OpenInvestorResponse>(
      name("OpenInvestor"), [this](const Call&, const auto& q, auto* a, Reply r) { OpenInvestor(q, a, std::move(r)); });
  handlers->Unary<v1::AddCardRequest, v1::AddCardResponse>(
      name("AddCard"), [this](const Call&, const auto& q, auto* a, Reply r) { AddCard(q, a, std::move(r)); });
  handlers->Unary<v1::PaymentRequest, v1::PaymentResponse>(
      name("Deposit"), [this](const Call& c, const auto& q, auto* a, Reply r) {
        MakePayment(c, PaymentDirection::kDeposit, q, a, std::move(r));
      });
  handlers->Unary<v1::PaymentRequest, v1::PaymentResponse>(
      name("Withdraw"), [this](const Call& c, const auto& q, auto* a, Reply r) {
        MakePayment(c, PaymentDirection::kWithdrawal, q, a, std::move(r));
      });
  handlers->Unary<v1::GetPaymentRequest, v1::PaymentResponse>(
      name("GetPayment"), [this](const Call&, const auto& q, auto* a, Reply r) { GetPayment(q, a, std::move(r)); });
  handlers->Unary<v1::GetAccountRequest, v1::GetAccountResponse>(
      name("GetAccount"), [this](const Call&, const auto& q, auto* a, Reply r) { GetAccount(q, a, std::move(r)); });
  handlers->Unary<v1::ListLedgerRequest, v1::ListLedgerResponse>(
      name("ListLedger"), [this](const Call&, const auto& q, auto* a, Reply r) { ListLedger(q, a, std::move(r)); });
  handlers->Unary<v1::OpenFundAccountRequest, v1::OpenFundAccountResponse>(
      name("OpenFundAccount"),
      [this](const Call&, const auto& q, auto* a, Reply r) { OpenFundAccount(q, a, std::move(r)); });
  handlers->Unary<v1::RequestAccountRequest, v1::RequestAccountResponse>(
      name("RequestAccount"),
      [this](const Call& c, const auto& q, auto* a, Reply r) { RequestAccount(c, q, a, std::move(r)); });
  handlers->Unary<v1::GetApplicationRequest, v1::ApplicationStatus>(
      name("GetApplication"), [this](const Call&, const auto& q, auto* a, Reply r) { GetApplication(q, a, std::move(r)); });
  handlers->Unary<v1::ChangeInvestorRequest, v1::ChangeInvestorResponse>(
      name("ChangeInvestor"),
      [this](const Call& c, const auto& q, auto* a, Reply r) { ChangeInvestor(c, q, a, std::move(r)); });
  handlers->Unary<v1::ChangeCardRequest, v1::CardChange>(
      name("ChangeCard"), [this](const Call& c, const auto& q, auto* a, Reply r) { ChangeCard(c, q, a, std::move(r)); });
  handlers->Unary<v1::DecideCardChangeRequest, v1::CardChange>(
      name("DecideCardChange"),
      [this](const Call& c, const auto& q, auto* a, Reply r) { DecideCardChange(c, q, a, std::move(r)); });
  handlers->Unary<v1::ListCardChangesRequest, v1::ListCardChangesResponse>(
      name("ListCardChanges"), [this](const Call&, const auto& q, auto* a, Reply r) { ListCardChanges(q, a, std::move(r)); });
  handlers->Unary<v1::ListOpenCardChangesRequest, v1::ListCardChangesResponse>(
      name("ListOpenCardChanges"),
      [this](const Call& c, const auto& q, auto* a, Reply r) { ListOpenCardChanges(c, q, a, std::move(r)); });
  handlers->Unary<v1::DeclareTaxRequest, v1::TaxResidency>(
      name("DeclareTax"), [this](const Call& c, const auto& q, auto* a, Reply r) { DeclareTax(c, q, a, std::move(r)); });
  handlers->Unary<v1::GetTaxResidencyRequest, v1::TaxResidency>(
      name("GetTaxResidency"), [this](const Call&, const auto& q, auto* a, Reply r) { GetTaxResidency(q, a, std::move(r)); });
  handlers->Unary<v1::CloseCardRequest, v1::CloseCardResponse>(
      name("CloseCard"), [this](const Call& c, const auto& q, auto* a, Reply r) { CloseCard(c, q, a, std::move(r)); });
  handlers->Unary<v1::SetPayoutsRequest, v1::SetPayoutsResponse>(
      name("SetPayouts"), [this](const Call&, const auto& q, auto* a, Reply r) { SetPayouts(q, a, std::move(r)); });
  handlers->Unary<v1::ExplainOrderRequest, v1::ExplainOrderResponse>(
      name("ExplainOrder"), [this](const Call&, const auto& q, auto* a, Reply r) { ExplainOrder(q, a, std::move(r)); });
  handlers->Unary<v1::LinkTradingAccountRequest, v1::LinkTradingAccountResponse>(
      name("LinkTradingAccount"),
      [this](const Call& c, const auto& q, auto* a, Reply r) { LinkTradingAccount(c, q, a, std::move(r)); });
  handlers->Unary<v1::ResolveTradingAccountsRequest, v1::ResolveTradingAccountsResponse>(
      name("ResolveTradingAccounts"),
      [this](const Call& c, const auto& q, auto* a, Reply r) { ResolveTradingAccounts(c, q, a, std::move(r)); });
  handlers->Unary<v1::TrialBalanceRequest, v1::TrialBalanceResponse>(
      name("TrialBalance"),
      [this](const Call& c, const auto& q, auto* a, Reply r) { TrialBalance(c, q, a, std::move(r)); });

  Internal(handlers, "Reserve", &AccountServiceImpl::Reserve);
  Internal(handlers, "Release", &AccountServiceImpl::Release);
  Internal(handlers, "ClaimCertificate", &AccountServiceImpl::ClaimCertificate);
  Internal(handlers, "SealApplications", &AccountServiceImpl::SealApplications);
  Internal(handlers, "PullApplications", &AccountServiceImpl::PullApplications);
  Internal(handlers, "ApplyAccountConfirmations", &AccountServiceImpl::ApplyAccountConfirmations);
  Internal(handlers, "CheckConfirmations", &AccountServiceImpl::CheckConfirmations);
  Internal(handlers, "ApplyConfirmations", &AccountServiceImpl::ApplyConfirmations);
  Internal(handlers, "CheckDividends", &AccountServiceImpl::CheckDividends);
  Internal(handlers, "ApplyDividends", &AccountServiceImpl::ApplyDividends);
  Internal(handlers, "CheckBalances", &AccountServiceImpl::CheckBalances);
  Internal(handlers, "AppendIncome", &AccountServiceImpl::AppendIncome);
  Internal(handlers, "AdoptIncome", &AccountServiceImpl::AdoptIncome);
  Internal(handlers, "UnitTotals", &AccountServiceImpl::UnitTotals);
  Internal(handlers, "SettlementTotals", &AccountServiceImpl::SettlementTotals);
  Internal(handlers, "Settle", &AccountServiceImpl::Settle);
  Internal(handlers, "ReceiveInterest", &AccountServiceImpl::ReceiveInterest);
  Internal(handlers, "WeighInterest", &AccountServiceImpl::WeighInterest);
  Internal(handlers, "RankInterest", &AccountServiceImpl::RankInterest);
  Internal(handlers, "SpreadInterest", &AccountServiceImpl::SpreadInterest);
}

// --- Trial balance
// --------------------------------------------------------------------------------------------------------

namespace {

// Both ledgers as one executor's partitions have them, in the signs of the sums: what we have positive, what we owe
// negative.
struct Balance {
  std::map<std::pair<Leg, std::string>, Money> cash;                        // leg, institution
  std::map<std::tuple<Leg, std::string, std::string>, Units> units;         // leg, institution, fund
  std::vector<std::string> differences;

  void AddCash(Leg leg, const TaCode& ta, Money m) { cash[{leg, ta.str()}] += m; }
  void AddUnits(Leg leg, const UnitKey& key, Units u) { units[{leg, key.ta.str(), key.fund.str()}] += u; }
};

void AddTotals(AccountMachine& m, Balance& b) {
  const CashTotals& totals = m.ledger().cash();
  b.AddCash(Leg::kAvailable, {}, -totals.investors.available);
  b.AddCash(Leg::kReserved, {}, -totals.investors.reserved);
  b.AddCash(Leg::kAwaiting, {}, -totals.investors.awaiting);
  b.AddCash(Leg::kWithdrawing, {}, -totals.investors.withdrawing);
  b.AddCash(Leg::kBank, {}, totals.bank);
  if (!totals.converting.is_zero()) b.AddCash(Leg::kConverting, {}, -totals.converting);
  if (!totals.advanced.is_zero()) b.AddCash(Leg::kAdvanced, {}, -totals.advanced);
  if (!totals.advance_claim.is_zero()) b.AddCash(Leg::kAdvanceClaim, {}, totals.advance_claim);
  m.ledger().ForEachTa([&](const TaCode& ta, const TaTotals& t) {
    b.AddCash(Leg::kTaPayable, ta, -t.payable);
    b.AddCash(Leg::kTaReceivable, ta, t.receivable);
    b.AddCash(Leg::kSuspense, ta, t.suspense);
  });
  m.ledger().ForEachFund([&](const UnitKey& key, const account::UnitTotals& t) {
    b.AddUnits(Leg::kUnitsFree, key, -t.free);
    b.AddUnits(Leg::kUnitsFrozen, key, -t.frozen);
    b.AddUnits(Leg::kTaRegister, key, t.registered);
    b.AddUnits(Leg::kUnitsSuspense, key, t.suspense);
  });
  AddIncome(m, [&](Leg leg, const TaCode& ta, Money amount) { b.AddCash(leg, ta, amount); });
  AddInterest(m, [&](Leg leg, const TaCode& ta, Money amount) { b.AddCash(leg, ta, amount); });
}

// Recomputes what investors own from every account, and what institutions owe from every settlement, and compares.
void Verify(AccountMachine& m, Balance& b) {
  InvestorCash sum;
  struct Held {
    Units free, frozen;
    uint64_t holders = 0;
  };
  std::map<std::pair<std::string, std::string>, Held> held;
  for (uint64_t seq = 1; seq <= m.investors(); ++seq) {
    const Investor* investor = m.FindInvestor(MakeInvestorId(m.partition(), seq));
    if (!investor) continue;
    sum.available += investor->cash.available;
    sum.reserved += investor->cash.reserved;
    sum.awaiting += investor->cash.awaiting;
    sum.withdrawing += investor->cash.withdrawing;
    for (const Holding& h : investor->holdings) {
      Units lots;
      for (const Lot& lot : h.lots) lots += lot.units;
      if (lots != h.units) {
        b.differences.push_back(StrCat("investor ", FormatInvestorId(MakeInvestorId(m.partition(), seq)), " fund ",
                                       h.fund.view(), ": lots ", lots.ToString(), ", position ", h.units.ToString()));
      }
      const HoldingNote* note = m.FindNote(MakeInvestorId(m.partition(), seq), h.fund);
      if (note && (note->blocked > h.frozen || note->blocked > FrozenUnits(*note) || note->blocked.is_negative())) {
        b.differences.push_back(StrCat("investor ", FormatInvestorId(MakeInvestorId(m.partition(), seq)), " fund ",
                                       h.fund.view(), ": blocked ", note->blocked.ToString(), ", frozen ",
                                       h.frozen.ToString(), ", by its freezes ", FrozenUnits(*note).ToString()));
      }
      Held& total = held[{h.ta.str(), h.fund.str()}];
      total.free += h.free();
      total.frozen += h.frozen;
      ++total.holders;
    }
  }
  const auto compare = [&](std::string_view what, const auto& running, const auto& recomputed) {
    if (running == recomputed) return;
    b.differences.push_back(StrCat("partition ", m.partition().raw(), " ", what, ": running ", running.ToString(),
                                   ", recomputed ", recomputed.ToString()));
  };
  VerifyIncome(m, compare);
  VerifyInterest(m, compare);
  const InvestorCash& running = m.ledger().cash().investors;
  compare(LegName(Leg::kAvailable), running.available, sum.available);
  compare(LegName(Leg::kReserved), running.reserved, sum.reserved);
  compare(LegName(Leg::kAwaiting), running.awaiting, sum.awaiting);
  compare(LegName(Leg::kWithdrawing), running.withdrawing, sum.withdrawing);
  Money converting;
  m.ForEachConversion([&](const Conversion& k) { converting += k.converting(); });
  compare(LegName(Leg::kConverting), m.ledger().cash().converting, converting);
  Money advanced, claim;
  m.ForEachAdvance([&](const Advance& a) {
    if (a.paid) advanced += a.answered ? a.amount - a.covered : a.amount;
    if (a.paid && !a.answered) claim += a.amount;
  });
  compare(LegName(Leg::kAdvanced), m.ledger().cash().advanced, advanced);
  compare(LegName(Leg::kAdvanceClaim), m.ledger().cash().advance_claim, claim);
  m.ledger().ForEachFund([&](const UnitKey& key, const account::UnitTotals& t) {
    const Held& h = held[{key.ta.str(), key.fund.str()}];
    compare(StrCat(LegName(Leg::kUnitsFree), " ", key.fund.view()), t.free, h.free);
    compare(StrCat(LegName(Leg::kUnitsFrozen), " ", key.fund.view()), t.frozen, h.frozen);
    compare(StrCat("holders of ", key.fund.view()), Units::Whole(static_cast<int64_t>(t.holders)),
            Units::Whole(static_cast<int64_t>(h.holders)));
  });
  std::map<std::string, std::pair<Money, Money>> open;  // payable, receivable by institution
  m.ForEachSettlement([&](const SettlementKey& key, const Settlement& s) {
    auto& [payable, receivable] = open[key.ta.str()];
    payable += s.pay - s.pay_settled;
    receivable += s.receive - s.receive_settled;
  });
  m.ledger().ForEachTa([&](const TaCode& ta, const TaTotals& t) {
    const auto& [payable, receivable] = open[ta.str()];
    compare(StrCat(LegName(Leg::kTaPayable), " ", ta.view()), t.payable, payable);
    compare(StrCat(LegName(Leg::kTaReceivable), " ", ta.view()), t.receivable, receivable);
  });
}

}  // namespace

void AccountServiceImpl::TrialBalance(const rpc::Call& call, const v1::TrialBalanceRequest& request,
                                      v1::TrialBalanceResponse* response, rpc::Reply reply) {
  // Some partitions need not balance without the others: whoever asked for a part sums up the whole.
  const bool whole = !call.partitions;
  Collect<Balance>(
      call,
      [verify = request.verify()](Partition& p, Balance& b) {
        AddTotals(p.machine(), b);
        if (verify) Verify(p.machine(), b);
      },
      [whole, response, reply = std::move(reply)](absl::Status status, std::vector<Balance>& parts) mutable {
        if (!status.ok()) return reply(std::move(status));
        Balance all;
        for (const Balance& part : parts) {
          for (const auto& [key, money] : part.cash) all.cash[key] += money;
          for (const auto& [key, units] : part.units) all.units[key] += units;
          all.differences.insert(all.differences.end(), part.differences.begin(), part.differences.end());
        }
        Money cash_sum;
        for (const auto& [key, money] : all.cash) {
          v1::Leg* leg = response->add_cash();
          leg->set_name(std::string(LegName(key.first)));
          leg->set_ta_code(key.second);
          leg->set_amount_fen(money.raw());
          cash_sum += money;
        }
        std::map<std::string, Units> unit_sums;
        for (const auto& [key, units] : all.units) {
          v1::Leg* leg = response->add_units();
          leg->set_name(std::string(LegName(std::get<0>(key))));
          leg->set_ta_code(std::get<1>(key));
          leg->set_fund_code(std::get<2>(key));
          leg->set_units_e2(units.raw());
          unit_sums[std::get<2>(key)] += units;
        }
        if (whole && !cash_sum.is_zero())
          all.differences.push_back(StrCat("cash legs sum to ", cash_sum.ToString(), ", not to 0.00"));
        for (const auto& [fund, units] : unit_sums) {
          if (whole && !units.is_zero()) {
            all.differences.push_back(StrCat("unit legs of fund ", fund, " sum to ", units.ToString(), ", not to 0.00"));
          }
        }
        response->set_balanced(all.differences.empty());
        std::string text;
        for (const std::string& d : all.differences) text += (text.empty() ? "" : "; ") + d;
        response->set_difference(text);
        reply(absl::OkStatus());
      });
}

}  // namespace fundcore::account
