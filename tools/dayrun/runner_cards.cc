// Cards of investors: what is asked of account, what operators decide, and what the bank is told and holds.
#include "common/types/ids.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/bank/v1/bank.pb.h"
#include "tools/dayrun/runner.h"
#include "tools/dayrun/terms.h"

namespace fundcore::dayrun {

namespace av1 = account::v1;
namespace bv1 = bank::v1;

namespace {
constexpr std::string_view kAccount = "fundcore.account.v1.AccountService/";
constexpr std::string_view kBank = "fundcore.bank.v1.BankService/";
}  // namespace

absl::StatusOr<uint64_t> Runner::CardNumber(std::string_view who, std::string_view ending) {
  av1::GetAccountRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(who));
  q.set_investor_id(investor);
  FC_ASSIGN_OR_RETURN(auto a, Ask<av1::GetAccountResponse>(StrCat(kAccount, "GetAccount"), q, kApp));
  for (const auto& card : a.cards())
    if (card.card_no_masked().ends_with(ending)) return card.card_id();
  return 4711;  // none of theirs: what comes of that is for the script to say
}

absl::Status Runner::Do(const DoCard& s) {
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  const std::string number = CardOf(script_, *script_.Investor(s.who), s.card);
  switch (s.kind) {
    case DoCard::Kind::kAdd: {
      av1::AddCardRequest q;
      q.set_investor_id(investor);
      q.set_bank_code("103");
      q.set_card_no(number);
      return Judged(Ask<av1::AddCardResponse>(StrCat(kAccount, "AddCard"), q, kApp).status(), s.outcome, "the card");
    }
    case DoCard::Kind::kChange: {
      av1::ChangeCardRequest q;
      q.set_request_id(RequestId(0));
      q.set_investor_id(investor);
      q.set_bank_code("104");
      q.set_card_no(number);
      q.set_person(s.person);
      q.set_why(s.why);
      const auto answer = Ask<av1::CardChange>(StrCat(kAccount, "ChangeCard"), q, s.person.empty() ? kApp : kOperator);
      if (answer.ok()) progress_->Set(StrCat("card change ", s.who), StrCat(answer->change_id()));
      return Judged(answer.status(), s.outcome, "the change of the card");
    }
    case DoCard::Kind::kClose: {
      av1::CloseCardRequest q;
      q.set_investor_id(investor);
      FC_ASSIGN_OR_RETURN(uint64_t card, CardNumber(s.who, s.card));
      q.set_card_id(card);
      q.set_person(s.person);
      q.set_why(s.why);
      return Judged(Ask<av1::CloseCardResponse>(StrCat(kAccount, "CloseCard"), q, s.person.empty() ? kApp : kOperator).status(),
                    s.outcome, "closing the card");
    }
    case DoCard::Kind::kPayouts: {
      av1::SetPayoutsRequest q;
      q.set_investor_id(investor);
      q.set_on(s.on);
      return Judged(Ask<av1::SetPayoutsResponse>(StrCat(kAccount, "SetPayouts"), q, kApp).status(), s.outcome, "the wish");
    }
  }
  return absl::OkStatus();
}

absl::Status Runner::Do(const DecideCard& s) {
  av1::DecideCardChangeRequest q;
  const std::string change = progress_->Get(StrCat("card change ", s.who));
  q.set_change_id(change.empty() ? 999'999 : std::stoull(change));
  q.set_approve(s.approve);
  q.set_person(s.person);
  q.set_evidence(s.evidence);
  return Judged(Ask<av1::CardChange>(StrCat(kAccount, "DecideCardChange"), q, kOperator).status(), s.outcome, "the decision");
}

absl::Status Runner::Do(const TellBank& s) {
  const GivenInvestor& holder = *script_.Investor(s.holder);
  bv1::PutCardRequest q;
  q.set_card_no(CardOf(script_, *script_.Investor(s.who), s.card));
  q.set_name(StrCat("投资人", holder.name));
  q.set_certificate_type("0");
  q.set_certificate_no(CertificateOf(script_, holder));
  q.set_mobile("13900000000");
  q.set_silent(s.silent);
  q.set_closed(s.closed);
  return Ask<bv1::PutCardResponse>(StrCat(kBank, "PutCard"), q, kOperator).status();
}

absl::Status Runner::Do(const CheckCardMoney& s) {
  bv1::CardBalanceRequest q;
  q.set_card_no(CardOf(script_, *script_.Investor(s.who), s.card));
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto a, Ask<bv1::CardBalanceResponse>(StrCat(kBank, "CardBalance"), q, kOperator));
    if (a.balance_fen() == s.amount.raw()) return std::string();
    return StrCat("card ", s.card, " of ", s.who, " at the bank: expected ", s.amount.ToString(), ", found ",
                  Money::FromRaw(a.balance_fen()).ToString());
  });
}

absl::Status Runner::Do(const CheckCard& s) {
  av1::GetAccountRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_investor_id(investor);
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto a, Ask<av1::GetAccountResponse>(StrCat(kAccount, "GetAccount"), q, kApp));
    std::string found = "no such card";
    for (const auto& card : a.cards())
      if (card.card_no_masked().ends_with(s.card)) found = StrCat(card.state(), card.payout() ? " for money" : "");
    const std::string expected = StrCat(s.state, s.payout ? " for money" : "");
    if (found == expected) return std::string();
    return StrCat("card ", s.card, " of ", s.who, ": expected ", expected, ", found ", found);
  });
}

absl::Status Runner::Do(const CheckCardChange& s) {
  av1::ListCardChangesRequest q;
  FC_ASSIGN_OR_RETURN(uint64_t investor, InvestorNumber(s.who));
  q.set_investor_id(investor);
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(auto a, Ask<av1::ListCardChangesResponse>(StrCat(kAccount, "ListCardChanges"), q, kOperator));
    if (a.changes_size() == 0) return StrCat("no change of a card of ", s.who, " is known");
    const av1::CardChange& c = a.changes(0);
    const std::string& reason = c.bank_reason().empty() ? c.held() : c.bank_reason();
    // What waits for somebody is listed for operators, and nothing else is.
    FC_ASSIGN_OR_RETURN(auto open, Ask<av1::ListCardChangesResponse>(StrCat(kAccount, "ListOpenCardChanges"),
                                                                     av1::ListOpenCardChangesRequest(), kOperator));
    bool listed = false;
    for (const auto& o : open.changes()) listed = listed || o.change_id() == c.change_id();
    const bool should = c.state() == "ASKED" || c.state() == "WAITING";
    if (c.state() == s.state && reason == s.reason && c.decided_by() == s.person && listed == should) return std::string();
    return StrCat("the change of the card of ", s.who, ": expected ", s.state, " with \"", s.reason, "\" by \"", s.person,
                  "\", found ", c.state(), " with \"", reason, "\" by \"", c.decided_by(), "\"",
                  listed == should ? "" : ", listed wrongly");
  });
}

}  // namespace fundcore::dayrun
