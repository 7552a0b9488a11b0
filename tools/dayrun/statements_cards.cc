// Statements about cards: added, changed, closed; what operators decide; and what the bank knows of them.
#include "common/base/status.h"
#include "tools/dayrun/statements.h"

namespace fundcore::dayrun {
namespace {

// "card 4321 of NAME".
absl::Status ReadCardOf(const Script& script, Words& w, std::string* card, std::string* who) {
  FC_ASSIGN_OR_RETURN(*card, ReadCard(w));
  FC_RETURN_IF_ERROR(w.Expect("of"));
  if (w.AtEnd() || !script.Investor(w.Peek())) return w.Unknown({"the name of an investor"});
  FC_ASSIGN_OR_RETURN(*who, w.Next("an investor"));
  return absl::OkStatus();
}

absl::StatusOr<std::string> InvestorIn(const Script& script, Words& w) {
  if (w.AtEnd() || !script.Investor(w.Peek())) return w.Unknown({"the name of an investor"});
  return w.Next("an investor");
}

}  // namespace

absl::StatusOr<std::string> ReadCard(Words& w) {
  FC_RETURN_IF_ERROR(w.Expect("card"));
  FC_ASSIGN_OR_RETURN(std::string card, w.Next("its last four digits"));
  if (card.size() != 4 || card.find_first_not_of("0123456789") != std::string::npos)
    return absl::InvalidArgumentError(StrCat("a card ends in four digits, not \"", card, "\""));
  return card;
}

bool IsCardVerb(const Words& w) {
  const std::string_view verb = w.Peek();
  if (verb == "wants") return true;
  return w.Peek(1) == "card" && (verb == "adds" || verb == "changes" || verb == "closes" || verb == "has");
}

absl::StatusOr<Statement> ReadCardVerb(std::string who, Words& w, std::optional<Outcome> outcome) {
  if (w.Take("has")) {
    CheckCard s{.who = std::move(who)};
    FC_ASSIGN_OR_RETURN(s.card, ReadCard(w));
    FC_ASSIGN_OR_RETURN(size_t state, w.OneOf({"open", "closed", "replaced"}));
    s.state = state == 0 ? "OPEN" : state == 1 ? "CLOSED" : "REPLACED";
    s.payout = w.TakeAll({"for", "money"});
    return s;
  }
  DoCard s{.who = std::move(who)};
  s.outcome = std::move(outcome);
  if (w.Take("wants")) {
    s.kind = DoCard::Kind::kPayouts;
    s.on = !w.Take("no");
    FC_RETURN_IF_ERROR(w.Expect("payouts"));
    return s;
  }
  FC_ASSIGN_OR_RETURN(size_t verb, w.OneOf({"adds", "changes", "closes"}));
  s.kind = verb == 0 ? DoCard::Kind::kAdd : verb == 1 ? DoCard::Kind::kChange : DoCard::Kind::kClose;
  if (verb == 1) {
    FC_RETURN_IF_ERROR(w.Expect("card"));
    FC_RETURN_IF_ERROR(w.Expect("to"));
    FC_ASSIGN_OR_RETURN(s.card, w.Next("the last four digits of the new card"));
  } else {
    FC_ASSIGN_OR_RETURN(s.card, ReadCard(w));
  }
  while (!w.AtEnd()) {
    if (w.TakeAll({"taken", "by"})) {
      FC_ASSIGN_OR_RETURN(s.person, w.Next("a person"));
    } else if (w.Take("because")) {
      FC_ASSIGN_OR_RETURN(s.why, w.Next("why"));
    } else {
      return w.Unknown({"taken by", "because"});
    }
  }
  return s;
}

bool IsCardLine(const Words& w) {
  const std::string_view first = w.Peek(), second = w.Peek(1);
  if (first == "bank") return second == "gives" || second == "is" || second == "closes" || second == "has";
  if (first == "card") return second == "change";
  return (second == "approves" || second == "rejects") && w.Peek(2) == "card";
}

absl::StatusOr<Statement> ReadCardLine(const Script& script, Words& w, std::optional<Outcome> outcome) {
  if (w.Take("bank")) {
    FC_ASSIGN_OR_RETURN(size_t verb, w.OneOf({"gives", "is", "closes", "has"}));
    if (verb == 3) {
      CheckCardMoney s;
      FC_ASSIGN_OR_RETURN(s.amount, w.Amount());
      FC_RETURN_IF_ERROR(w.Expect("on"));
      FC_RETURN_IF_ERROR(ReadCardOf(script, w, &s.card, &s.who));
      return s;
    }
    if (verb == 1 && !w.TakeAll({"silent", "about"})) return w.Unknown({"silent about"});
    TellBank s;
    FC_RETURN_IF_ERROR(ReadCardOf(script, w, &s.card, &s.who));
    s.holder = s.who;
    s.silent = verb == 1;
    s.closed = verb == 2;
    if (verb == 0) {
      FC_RETURN_IF_ERROR(w.Expect("to"));
      FC_ASSIGN_OR_RETURN(s.holder, InvestorIn(script, w));
    }
    return s;
  }
  if (w.Take("card")) {
    CheckCardChange s;
    FC_RETURN_IF_ERROR(w.Expect("change"));
    FC_RETURN_IF_ERROR(w.Expect("of"));
    FC_ASSIGN_OR_RETURN(s.who, InvestorIn(script, w));
    FC_RETURN_IF_ERROR(w.Expect("is"));
    FC_ASSIGN_OR_RETURN(size_t state, w.OneOf({"asked", "waiting", "done", "refused", "rejected"}));
    const std::vector<std::string> states = {"ASKED", "WAITING", "DONE", "REFUSED", "REJECTED"};
    s.state = states[state];
    while (!w.AtEnd()) {
      FC_ASSIGN_OR_RETURN(size_t a, w.OneOf({"with", "by"}));
      FC_ASSIGN_OR_RETURN((a == 0 ? s.reason : s.person), w.Next("a reason or person"));
    }
    return s;
  }
  DecideCard s;
  s.outcome = std::move(outcome);
  FC_ASSIGN_OR_RETURN(s.person, w.Next("a person"));
  FC_ASSIGN_OR_RETURN(size_t verb, w.OneOf({"approves", "rejects"}));
  s.approve = verb == 0;
  for (std::string_view word : {"card", "change", "of"}) FC_RETURN_IF_ERROR(w.Expect(word));
  FC_ASSIGN_OR_RETURN(s.who, InvestorIn(script, w));
  if (w.Take("with")) {
    FC_ASSIGN_OR_RETURN(s.evidence, w.Next("where the evidence is filed"));
  }
  return s;
}

}  // namespace fundcore::dayrun
