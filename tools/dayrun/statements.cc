// The statements of a day, one function a family. README.md lists them in the same order.
#include "tools/dayrun/statements.h"

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore::dayrun {
namespace {

absl::Status Wrong(const std::string& message) { return absl::InvalidArgumentError(message); }

constexpr std::string_view kServices[] = {"trade", "account", "product", "risk", "clearing", "bank"};

// Words that people's names may not be, since lines begin with them.
bool IsKeyword(std::string_view w) {
  for (std::string_view k : {"that", "order", "ta", "close", "day", "expect", "breaks", "books", "restart", "file",
                             "plan", "debit", "contract", "time", "fund", "policy", "evidence", "interest", "given",
                                 "and", "name", "tells",
                             "group"})
    if (w == k) return true;
  for (std::string_view s : kServices)
    if (w == s) return true;
  return false;
}

absl::StatusOr<std::string> FundOf(const Script& script, Words& w) {
  const std::string_view next = w.Peek();
  std::vector<std::string_view> known;
  for (const auto& [line, given] : script.given)
    if (const auto* f = std::get_if<GivenFund>(&given)) known.push_back(f->code);
  for (std::string_view k : known)
    if (k == next) return w.Next("a fund");
  // An unknown fund is a case worth a script; it is written so that a typing mistake is not taken for one.
  if (w.TakeAll({"unknown"})) return w.Next("a fund");
  return w.Unknown(known);
}

absl::StatusOr<std::string> TaOf(const Script& script, Words& w) {
  FC_RETURN_IF_ERROR(w.Expect("ta"));
  if (!w.AtEnd() && script.Ta(w.Peek())) return w.Next("an institution");
  std::vector<std::string> names = script.tas();
  return w.Unknown({names.begin(), names.end()});
}

absl::StatusOr<std::string> InvestorOf(const Script& script, Words& w) {
  if (!w.AtEnd() && script.Investor(w.Peek())) return w.Next("an investor");
  std::vector<std::string_view> known;
  for (const auto& [line, given] : script.given)
    if (const auto* i = std::get_if<GivenInvestor>(&given)) known.push_back(i->name);
  return w.Unknown(known);
}

absl::StatusOr<OrderRef> OrderOf(Words& w) {
  if (w.Take("that")) {
    FC_RETURN_IF_ERROR(w.Expect("order"));
    return OrderRef{};
  }
  FC_RETURN_IF_ERROR(w.Expect("order"));
  FC_ASSIGN_OR_RETURN(std::string name, w.Next("the name of an order"));
  return OrderRef{name};
}

absl::StatusOr<std::optional<Outcome>> OutcomeOf(Words& w, bool present) {
  if (!present) return std::optional<Outcome>();
  using Kind = Outcome::Kind;
  Outcome o;
  FC_ASSIGN_OR_RETURN(size_t n,
                      w.OneOf({"accepted", "received", "rejected", "challenged", "cancelled", "dispatched", "confirmed",
                               "refused", "settled", "same", "error", "done", "failed", "pending", "OK", "withdrawing"}));
  constexpr Kind kKinds[] = {Kind::kAccepted,   Kind::kReceived,  Kind::kRejected, Kind::kChallenged, Kind::kCancelled,
                             Kind::kDispatched, Kind::kConfirmed, Kind::kRefused,  Kind::kSettled,    Kind::kSameOrder,
                             Kind::kError,      Kind::kDone,      Kind::kFailed,   Kind::kPending,    Kind::kOk,
                             Kind::kWithdrawing};
  o.kind = kKinds[n];
  if (o.kind == Kind::kConfirmed && w.TakeAll({"in", "part"})) o.kind = Kind::kConfirmedInPart;
  if (o.kind == Kind::kSameOrder) FC_RETURN_IF_ERROR(w.Expect("order"));
  if (o.kind == Kind::kRejected || o.kind == Kind::kError || o.kind == Kind::kFailed || o.kind == Kind::kRefused) {
    FC_ASSIGN_OR_RETURN(o.reason, w.Next("a reason"));
  }
  while (!w.AtEnd()) {
    FC_ASSIGN_OR_RETURN(size_t a, w.OneOf({"day", "on", "amount", "net", "gross", "fee", "units", "nav", "transfer", "target-units",
                                         "difference-fee", "target-code", "deferred"}));
    switch (a) {
      case 0: {
        FC_ASSIGN_OR_RETURN(o.day, w.Day());
        break;
      }
      case 1: {
        FC_ASSIGN_OR_RETURN(o.confirmed_on, w.Day());
        break;
      }
      case 2: {
        FC_ASSIGN_OR_RETURN(o.amount, w.Amount());
        break;
      }
      case 3: {
        FC_ASSIGN_OR_RETURN(o.net, w.Amount());
        break;
      }
      case 4: {
        FC_ASSIGN_OR_RETURN(o.gross, w.Amount());
        break;
      }
      case 5: {
        FC_ASSIGN_OR_RETURN(o.fee, w.Amount());
        break;
      }
      case 6: {
        FC_ASSIGN_OR_RETURN(o.units, w.UnitsOf());
        break;
      }
      case 7: {
        FC_ASSIGN_OR_RETURN(o.nav, w.Price());
        break;
      }
      case 8: {
        FC_ASSIGN_OR_RETURN(int t, w.Number("a transfer number", 1, 999));
        o.transfer = static_cast<uint32_t>(t);
        break;
      }
      case 9: {
        FC_ASSIGN_OR_RETURN(o.target_units, w.UnitsOf());
        break;
      }
      case 10: {
        FC_ASSIGN_OR_RETURN(o.difference_fee, w.Amount());
        break;
      }
      case 12: {
        FC_ASSIGN_OR_RETURN(o.deferred, w.UnitsOf());
        break;
      }
      default: {
        FC_ASSIGN_OR_RETURN(o.target_code, w.Next("a return code"));
        break;
      }
    }
  }
  return std::optional<Outcome>(o);
}

// "moves 400.00 units of FUND to DISTRIBUTOR [account ACCOUNT] [at once]", "gives … to NAME|ACCOUNT [reason R] [outside]".
absl::StatusOr<PlaceOrder> ReadMove(const Script& script, std::string who, bool gives, Words& w) {
  PlaceOrder s;
  s.who = std::move(who);
  s.business = gives ? 33 : 28;
  FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
  if (!w.TakeAll({"units", "of"})) return w.Unknown({"units of"});
  FC_ASSIGN_OR_RETURN(s.fund, FundOf(script, w));
  FC_RETURN_IF_ERROR(w.Expect("to"));
  if (!w.Take("nobody")) {
    FC_ASSIGN_OR_RETURN(s.to, w.Next("where the units go"));
  }
  while (!w.AtEnd()) {
    if (w.Take("account")) {
      FC_ASSIGN_OR_RETURN(s.account, w.Next("an account there"));
    } else if (w.Take("reason")) {
      FC_ASSIGN_OR_RETURN(s.reason, w.Next("a reason of the standard"));
    } else if (!gives && w.TakeAll({"at", "once"})) {
      s.business = 26;
    } else if (gives && w.Take("outside")) {
      s.business = 35;
    } else if (w.Take("named")) {
      FC_ASSIGN_OR_RETURN(s.name, w.Next("a name for the order"));
    } else {
      return w.Unknown({"account", "reason", "at once", "outside", "named"});
    }
  }
  return s;
}

// "brings 400.00 units of FUND from DISTRIBUTOR [account ACCOUNT]", "receives … from NAME|ACCOUNT [reason R]", "proves …".
absl::StatusOr<PlaceOrder> ReadBring(const Script& script, std::string who, int business, Words& w) {
  PlaceOrder s;
  s.who = std::move(who);
  s.business = business;
  FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
  if (!w.TakeAll({"units", "of"})) return w.Unknown({"units of"});
  FC_ASSIGN_OR_RETURN(s.fund, FundOf(script, w));
  if (business != 80) {
    FC_RETURN_IF_ERROR(w.Expect("from"));
    if (!w.Take("nobody")) {
      FC_ASSIGN_OR_RETURN(s.to, w.Next("where the units come from"));
    }
  }
  while (!w.AtEnd()) {
    if (w.Take("account")) {
      FC_ASSIGN_OR_RETURN(s.account, w.Next("an account there"));
    } else if (w.Take("reason")) {
      FC_ASSIGN_OR_RETURN(s.reason, w.Next("a reason of the standard"));
    } else if (business == 27 && w.TakeAll({"at", "once"})) {
      s.business = 97;
    } else if (w.Take("named")) {
      FC_ASSIGN_OR_RETURN(s.name, w.Next("a name for the order"));
    } else {
      return w.Unknown({"account", "reason", "at once", "named"});
    }
  }
  return s;
}

// What an investor does and has.
absl::StatusOr<Statement> InvestorLine(const Script& script, Words& w, Words& after, bool has_outcome) {
  FC_ASSIGN_OR_RETURN(std::string who, InvestorOf(script, w));
  if (IsPlanVerb(w.Peek(), w.Peek(1))) {
    FC_ASSIGN_OR_RETURN(std::optional<Outcome> outcome, OutcomeOf(after, has_outcome));
    return ReadPlanVerb(script, std::move(who), w, std::move(outcome));
  }
  if (IsTaxVerb(w)) {
    FC_ASSIGN_OR_RETURN(std::optional<Outcome> outcome, OutcomeOf(after, has_outcome));
    return ReadTaxVerb(script, std::move(who), w, std::move(outcome));
  }
  if (IsCardVerb(w)) {
    FC_ASSIGN_OR_RETURN(std::optional<Outcome> outcome, OutcomeOf(after, has_outcome));
    return ReadCardVerb(std::move(who), w, std::move(outcome));
  }
  if (IsPersonVerb(w)) {
    std::optional<Outcome> outcome;
    if (has_outcome) {
      FC_ASSIGN_OR_RETURN(outcome, OutcomeOf(after, has_outcome));
    }
    return ReadPerson(script, std::move(who), w, std::move(outcome));
  }
  if (IsSuitabilityVerb(w.Peek())) {
    FC_ASSIGN_OR_RETURN(Statement s, ReadSuitability(script, std::move(who), w));
    FC_ASSIGN_OR_RETURN(std::optional<Outcome> outcome, OutcomeOf(after, has_outcome));
    if (auto* answers = std::get_if<AnswerQuestions>(&s)) answers->outcome = outcome;
    if (auto* confirms = std::get_if<ConfirmText>(&s)) confirms->outcome = outcome;
    if (auto* proof = std::get_if<GiveProof>(&s)) proof->outcome = outcome;
    return s;
  }
  if (w.Peek() == "got" && w.Peek(1) == "interest") {
    FC_ASSIGN_OR_RETURN(CheckCredited s, ReadCheckCredited(std::move(who), w));
    return s;
  }
  if (w.Take("earned")) {
    FC_ASSIGN_OR_RETURN(CheckIncome s, ReadCheckIncome(script, std::move(who), w));
    return s;
  }
  if (w.Take("adjusts")) {
    FC_ASSIGN_OR_RETURN(PlaceOrder s, ReadAdjustment(std::move(who), w));
    FC_ASSIGN_OR_RETURN(s.outcome, OutcomeOf(after, has_outcome));
    return s;
  }
  const bool of_units = (w.Peek() == "freezes" || w.Peek() == "thaws") && w.Peek(1) != "account";
  if (IsAccountVerb(w.Peek()) && !of_units) {
    FC_ASSIGN_OR_RETURN(AskForAccount s, ReadAskForAccount(script, std::move(who), w));
    FC_ASSIGN_OR_RETURN(s.outcome, OutcomeOf(after, has_outcome));
    return s;
  }
  FC_ASSIGN_OR_RETURN(size_t verb,
                      w.OneOf({"subscribes", "redeems", "cancels", "asks", "deposits", "withdraws", "balance", "holds", "has",
                               "chooses", "freezes", "thaws", "pledges", "converts", "moves", "gives", "brings", "receives",
                               "proves"}));
  constexpr size_t kConverts = 13;
  switch (verb) {
    case 0:
    case 1:
    case kConverts: {
      PlaceOrder s;
      s.who = who;
      if (verb == 0) {
        s.business = 22;
        if (w.Peek(1) == "units") {
          FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
          w.Take("units");
        } else {
          FC_ASSIGN_OR_RETURN(s.amount, w.Amount());
        }
      } else {
        s.business = verb == kConverts ? 36 : 24;
        FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
        FC_RETURN_IF_ERROR(w.Expect("units"));
      }
      FC_RETURN_IF_ERROR(w.Expect("of"));
      FC_ASSIGN_OR_RETURN(s.fund, FundOf(script, w));
      if (verb == kConverts) {
        FC_RETURN_IF_ERROR(w.Expect("into"));
        FC_ASSIGN_OR_RETURN(s.target, FundOf(script, w));
      }
      while (!w.AtEnd()) {
        if (w.TakeAll({"in", "the", "offer"})) {
          s.business = 20;
        } else if (w.TakeAll({"confirming", "the", "mismatch"})) {
          s.mismatch_confirmed = true;
        } else if (w.TakeAll({"rest", "cancelled"})) {
          s.rest_cancelled = true;
        } else if (w.TakeAll({"rest", "unset"})) {
          s.rest_unset = true;
        } else if (w.TakeAll({"rest", "deferred"})) {
          s.rest_cancelled = false;
        } else if (verb == 1 && w.TakeAll({"at", "once"})) {
          s.business = 98;
        } else if (w.Take("through")) {
          FC_ASSIGN_OR_RETURN(s.channel, w.Next("the name of a caller"));
        } else if (w.Take("for")) {
          FC_ASSIGN_OR_RETURN(s.wanted, w.Day());
        } else if (w.Take("named")) {
          FC_ASSIGN_OR_RETURN(s.name, w.Next("a name for the order"));
        } else if (w.Peek(1) == "times") {
          FC_ASSIGN_OR_RETURN(s.times, w.Number("a number of orders", 1, 8000));
          w.Take("times");
        } else {
          return w.Unknown({"named", "for", "through", "in the offer", "confirming the mismatch", "rest cancelled", "rest deferred",
                            "rest unset", "at once", "N times"});
        }
      }
      FC_ASSIGN_OR_RETURN(s.outcome, OutcomeOf(after, has_outcome));
      return s;
    }
    case 2: {
      CancelOrder s;
      s.who = who;
      FC_ASSIGN_OR_RETURN(s.order, OrderOf(w));
      if (w.Take("named")) {
        FC_ASSIGN_OR_RETURN(s.name, w.Next("a name for the withdrawal"));
      }
      FC_ASSIGN_OR_RETURN(s.outcome, OutcomeOf(after, has_outcome));
      return s;
    }
    case 3: {
      if (w.TakeAll({"for", "business"})) {
        PlaceOrder s;
        s.who = who;
        FC_ASSIGN_OR_RETURN(s.business, w.Number("a business", 1, 255));
        FC_RETURN_IF_ERROR(w.Expect("with"));
        FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
        if (!w.TakeAll({"units", "of"})) return w.Unknown({"units of"});
        FC_ASSIGN_OR_RETURN(s.fund, FundOf(script, w));
        FC_ASSIGN_OR_RETURN(s.outcome, OutcomeOf(after, has_outcome));
        return s;
      }
      AskAgain s;
      s.who = who;
      FC_RETURN_IF_ERROR(w.Expect("again"));
      if (w.Take("with")) {
        FC_ASSIGN_OR_RETURN(s.amount, w.Amount());
      }
      FC_ASSIGN_OR_RETURN(s.outcome, OutcomeOf(after, has_outcome));
      return s;
    }
    case 4:
    case 5: {
      Pay s;
      s.who = who;
      s.deposit = verb == 4;
      FC_ASSIGN_OR_RETURN(s.amount, w.Amount());
      if (w.Take(s.deposit ? "from" : "to")) {
        FC_ASSIGN_OR_RETURN(s.card, ReadCard(w));
      }
      FC_ASSIGN_OR_RETURN(s.outcome, OutcomeOf(after, has_outcome));
      return s;
    }
    case 6: {
      CheckBalance s;
      s.who = who;
      do {
        FC_ASSIGN_OR_RETURN(size_t a, w.OneOf({"available", "reserved", "awaiting", "withdrawing"}));
        FC_ASSIGN_OR_RETURN((a == 0   ? s.available
                             : a == 1 ? s.reserved
                             : a == 2 ? s.awaiting
                                      : s.withdrawing),
                            w.Amount());
      } while (!w.AtEnd());
      return s;
    }
    case 7: {
      CheckHolding s;
      s.who = who;
      if (!w.Take("nothing")) {
        FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
        FC_RETURN_IF_ERROR(w.Expect("units"));
      }
      FC_RETURN_IF_ERROR(w.Expect("of"));
      FC_ASSIGN_OR_RETURN(s.fund, FundOf(script, w));
      while (!w.AtEnd()) {
        FC_ASSIGN_OR_RETURN(size_t a, w.OneOf({"usable", "frozen", "in"}));
        if (a < 2) {
          FC_ASSIGN_OR_RETURN((a == 0 ? s.usable : s.frozen), w.UnitsOf());
          continue;
        }
        FC_ASSIGN_OR_RETURN(s.lots, w.Number("a number of lots", 0, 100'000));
        if (!w.Take("lot")) FC_RETURN_IF_ERROR(w.Expect("lots"));
      }
      return s;
    }
    case 16:
    case 17:
    case 18: {
      FC_ASSIGN_OR_RETURN(PlaceOrder s, ReadBring(script, who, verb == 16 ? 27 : verb == 17 ? 34 : 80, w));
      FC_ASSIGN_OR_RETURN(s.outcome, OutcomeOf(after, has_outcome));
      return s;
    }
    case 14:
    case 15: {
      FC_ASSIGN_OR_RETURN(PlaceOrder s, ReadMove(script, who, verb == 15, w));
      FC_ASSIGN_OR_RETURN(s.outcome, OutcomeOf(after, has_outcome));
      return s;
    }
    case 10:
    case 11:
    case 12: {
      PlaceOrder s;
      s.who = who;
      s.business = verb == 10 ? 31 : verb == 11 ? 32 : 88;
      FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
      if (!w.TakeAll({"units", "of"})) return w.Unknown({"units of"});
      FC_ASSIGN_OR_RETURN(s.fund, FundOf(script, w));
      if (w.Take("named")) {
        FC_ASSIGN_OR_RETURN(s.name, w.Next("a name for the order"));
      }
      FC_ASSIGN_OR_RETURN(s.outcome, OutcomeOf(after, has_outcome));
      return s;
    }
    case 9: {
      PlaceOrder s;
      s.who = who;
      s.business = 29;
      FC_ASSIGN_OR_RETURN(size_t way, w.OneOf({"units", "cash"}));
      s.way = way == 0 ? "0" : "1";
      if (!w.TakeAll({"for", "dividends", "of"})) return w.Unknown({"for dividends of"});
      FC_ASSIGN_OR_RETURN(s.fund, FundOf(script, w));
      if (w.Take("named")) {
        FC_ASSIGN_OR_RETURN(s.name, w.Next("a name for the order"));
      }
      FC_ASSIGN_OR_RETURN(s.outcome, OutcomeOf(after, has_outcome));
      return s;
    }
    default: {
      if (w.TakeAll({"dividends", "of"})) {
        CheckNote s;
        s.who = who;
        FC_ASSIGN_OR_RETURN(s.fund, FundOf(script, w));
        FC_ASSIGN_OR_RETURN(size_t a, w.OneOf({"in", "unchosen"}));
        if (a == 0) {
          FC_ASSIGN_OR_RETURN(size_t way, w.OneOf({"units", "cash"}));
          s.way = way == 0 ? "0" : "1";
        }
        return s;
      }
      CheckFundAccount s;
      s.who = who;
      FC_RETURN_IF_ERROR(w.Expect("account"));
      FC_RETURN_IF_ERROR(w.Expect("at"));
      FC_ASSIGN_OR_RETURN(s.ta, TaOf(script, w));
      FC_ASSIGN_OR_RETURN(s.state, ReadAccountState(w));
      if (w.Take("with")) {
        FC_ASSIGN_OR_RETURN(s.return_code, w.Next("a return code"));
      }
      return s;
    }
  }
}

// What the institution does, and how its answer deviates from a clean one.
absl::StatusOr<Statement> TaLine(const Script& script, Words& w) {
  FC_ASSIGN_OR_RETURN(std::string ta, TaOf(script, w));
  if (w.TakeAll({"by", "itself"})) {
    FC_ASSIGN_OR_RETURN(std::optional<TaDoes> change, ReadOwnChange(script, ta, w));
    if (change) return *change;
    FC_ASSIGN_OR_RETURN(TaDoes own, ReadOwnAccount(script, ta, w));
    return own;
  }
  if (IsOfferVerb(w.Peek())) {
    FC_ASSIGN_OR_RETURN(TaDoes deed, ReadOfferDeed(script, ta, w));
    return deed;
  }
  TaDoes s;
  s.ta = ta;
  using Kind = TaDoes::Kind;
  if (w.TakeAll({"pays", "no", "income"})) {
    s.kind = Kind::kPaysNoIncome;
    return s;
  }
  FC_ASSIGN_OR_RETURN(size_t verb, w.OneOf({"answers", "confirms", "refuses", "reports", "books", "leaves", "says",
                                            "redeems", "is", "damages", "cuts", "dates", "writes", "sends", "pays", "starts",
                                            "misstates"}));
  switch (verb) {
    case 0: {
      TaAnswers a{ta, {}};
      if (w.Take("for")) {
        FC_ASSIGN_OR_RETURN(a.day, w.Day());
      }
      return a;
    }
    case 1: {
      s.kind = Kind::kConfirmsPart;
      s.by_units = w.Peek(1) == "units";
      if (s.by_units) {
        FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
        w.Take("units");
      } else {
        FC_ASSIGN_OR_RETURN(s.amount, w.Amount());
      }
      FC_RETURN_IF_ERROR(w.Expect("of"));
      FC_ASSIGN_OR_RETURN(s.order, OrderOf(w));
      return s;
    }
    case 2: {
      if (w.Take("accounts")) {
        s.kind = Kind::kRefusesAccounts;
      } else {
        s.kind = Kind::kRefusesOrder;
        FC_ASSIGN_OR_RETURN(s.order, OrderOf(w));
      }
      FC_RETURN_IF_ERROR(w.Expect("with"));
      FC_ASSIGN_OR_RETURN(s.code, w.Next("a return code"));
      return s;
    }
    case 3:
    case 4: {
      if (w.Take("income")) {
        FC_ASSIGN_OR_RETURN(TaDoes income, ReadOtherIncome(script, ta, verb == 4, w));
        return income;
      }
      s.kind = verb == 3 ? Kind::kMisreports : Kind::kMisbooks;
      FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
      FC_RETURN_IF_ERROR(w.Expect("units"));
      FC_ASSIGN_OR_RETURN(size_t more, w.OneOf({"more", "less"}));
      if (more == 1) s.units = -s.units;
      FC_RETURN_IF_ERROR(w.Expect("for"));
      FC_ASSIGN_OR_RETURN(s.order, OrderOf(w));
      return s;
    }
    case 5: {
      s.kind = Kind::kLeavesOut;
      FC_RETURN_IF_ERROR(w.Expect("out"));
      FC_ASSIGN_OR_RETURN(s.order, OrderOf(w));
      return s;
    }
    case 6: {
      s.kind = Kind::kSaysTwice;
      FC_ASSIGN_OR_RETURN(s.order, OrderOf(w));
      FC_RETURN_IF_ERROR(w.Expect("twice"));
      return s;
    }
    case 7: {
      s.kind = Kind::kForcesRedemption;
      FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
      FC_RETURN_IF_ERROR(w.Expect("units"));
      FC_RETURN_IF_ERROR(w.Expect("of"));
      FC_ASSIGN_OR_RETURN(s.fund, FundOf(script, w));
      FC_RETURN_IF_ERROR(w.Expect("of"));
      FC_ASSIGN_OR_RETURN(s.who, InvestorOf(script, w));
      if (!w.TakeAll({"by", "force"})) return w.Unknown({"by force"});
      return s;
    }
    case 8: {
      s.kind = Kind::kLate;
      FC_RETURN_IF_ERROR(w.Expect("late"));
      return s;
    }
    case 9:
    case 10:
    case 11: {
      s.kind = verb == 9 ? Kind::kDamagedFile : verb == 10 ? Kind::kTruncatedFile : Kind::kWrongDate;
      FC_RETURN_IF_ERROR(w.Expect("file"));
      FC_ASSIGN_OR_RETURN(s.text, w.Next("a file type"));
      if (verb == 10) FC_RETURN_IF_ERROR(w.Expect("short"));
      if (verb == 11) FC_RETURN_IF_ERROR(w.Expect("wrongly"));
      return s;
    }
    case 12: {
      if (w.Peek() != "version") {
        FC_ASSIGN_OR_RETURN(TaDoes deed, ReadWritesField(script, ta, w));
        return deed;
      }
      s.kind = Kind::kOtherVersion;
      FC_RETURN_IF_ERROR(w.Expect("version"));
      FC_ASSIGN_OR_RETURN(s.text, w.Next("a version"));
      return s;
    }
    case 14: {
      PaysDividend d{.ta = ta};
      FC_RETURN_IF_ERROR(w.Expect("dividend"));
      FC_ASSIGN_OR_RETURN(d.amount, w.Amount());
      FC_RETURN_IF_ERROR(w.Expect("of"));
      FC_ASSIGN_OR_RETURN(d.fund, FundOf(script, w));
      FC_RETURN_IF_ERROR(w.Expect("record"));
      FC_ASSIGN_OR_RETURN(d.record, w.Day());
      d.ex = d.record;
      if (w.Take("ex")) {
        FC_ASSIGN_OR_RETURN(d.ex, w.Day());
      }
      FC_RETURN_IF_ERROR(w.Expect("paid"));
      FC_ASSIGN_OR_RETURN(d.pay, w.Day());
      return d;
    }
    case 15: {
      s.kind = Kind::kInitiates;
      FC_ASSIGN_OR_RETURN(s.code, w.Next("a business code"));
      FC_RETURN_IF_ERROR(w.Expect("of"));
      FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
      if (!w.TakeAll({"units", "of"})) return w.Unknown({"units of"});
      FC_ASSIGN_OR_RETURN(s.fund, FundOf(script, w));
      FC_RETURN_IF_ERROR(w.Expect("of"));
      FC_ASSIGN_OR_RETURN(s.who, InvestorOf(script, w));
      s.text = "------";
      while (!w.AtEnd()) {
        FC_ASSIGN_OR_RETURN(size_t a, w.OneOf({"cause", "with", "adjustment", "way", "direction", "reason"}));
        if (a == 1) {
          FC_RETURN_IF_ERROR(w.Expect("fruits"));
          s.text[1] = '1';
          continue;
        }
        FC_ASSIGN_OR_RETURN(std::string letter, w.Next("a character"));
        s.text[a] = letter[0];
      }
      return s;
    }
    case 16: {
      s.kind = Kind::kWrongDividend;
      FC_RETURN_IF_ERROR(w.Expect("dividend"));
      FC_RETURN_IF_ERROR(w.Expect("of"));
      FC_ASSIGN_OR_RETURN(s.fund, FundOf(script, w));
      FC_RETURN_IF_ERROR(w.Expect("of"));
      FC_ASSIGN_OR_RETURN(s.who, InvestorOf(script, w));
      FC_RETURN_IF_ERROR(w.Expect("by"));
      FC_ASSIGN_OR_RETURN(s.amount, w.Amount());
      return s;
    }
    default: {
      if (w.TakeAll({"a", "correction"})) return TaCorrects{ta};
      if (w.Take("again")) return TaRepeats{ta};
      if (w.TakeAll({"other", "bytes"})) {
        s.kind = Kind::kOtherBytes;
        return s;
      }
      return w.Unknown({"a correction", "again", "other bytes"});
    }
  }
}

absl::StatusOr<Statement> PersonLine(const Script& script, Words& w, Words& after, bool has_outcome) {
  FC_ASSIGN_OR_RETURN(std::string person, w.Next("a person"));
  if (w.Take("proposes")) {
    Propose s;
    s.person = person;
    FC_ASSIGN_OR_RETURN(s.resolution, w.Next("a resolution"));
    FC_ASSIGN_OR_RETURN(s.outcome, OutcomeOf(after, has_outcome));
    return s;
  }
  if (w.Take("approves")) {
    Approve s;
    s.person = person;
    FC_ASSIGN_OR_RETURN(s.outcome, OutcomeOf(after, has_outcome));
    return s;
  }
  std::vector<std::string_view> known;
  for (const auto& [line, given] : script.given)
    if (const auto* i = std::get_if<GivenInvestor>(&given)) known.push_back(i->name);
  if (Nearest(person, known).empty()) return w.Unknown({"proposes", "approves"});
  return Wrong(StrCat("\"", person, "\" is not given in this script (did you mean \"", Nearest(person, known), "\"?)"));
}

absl::StatusOr<Statement> OfOrders(const Script& script, Words& w, Words& after, bool has_outcome) {
  FC_ASSIGN_OR_RETURN(OrderRef order, OrderOf(w));
  if (IsLotVerb(w.Peek())) {
    FC_ASSIGN_OR_RETURN(CheckLot lot, ReadCheckLot(std::move(order), w));
    return lot;
  }
  if (!has_outcome) return Wrong("what the order became is missing: \"that order -> confirmed …\"");
  FC_ASSIGN_OR_RETURN(std::optional<Outcome> outcome, OutcomeOf(after, true));
  return CheckOrder{order, *outcome};
}

absl::StatusOr<Statement> OfDays(const Script& script, Words& w) {
  CheckDay s;
  FC_ASSIGN_OR_RETURN(s.day, w.Day());
  FC_RETURN_IF_ERROR(w.Expect("of"));
  FC_ASSIGN_OR_RETURN(s.ta, TaOf(script, w));
  FC_ASSIGN_OR_RETURN(size_t a, w.OneOf({"is", "waits"}));
  if (a == 0) {
    const std::vector<std::string_view> steps = {"OPEN",    "CUT_OFF",   "EXPORT",      "APPROVE_OUT",
                                                 "RELEASE", "AWAIT",     "VALIDATE",    "APPROVE_IN",
                                                 "APPLY",   "RECONCILE", "SETTLE_CASH", "CLOSED"};
    FC_ASSIGN_OR_RETURN(size_t n, w.OneOf(steps));
    s.step = std::string(steps[n]);
    return s;
  }
  FC_RETURN_IF_ERROR(w.Expect("for"));
  FC_ASSIGN_OR_RETURN(s.waiting_for, w.Next("what it waits for, in quotes"));
  return s;
}

absl::StatusOr<Statement> OfBreaks(const Script& script, Words& w) {
  CheckBreak s;
  FC_RETURN_IF_ERROR(w.Expect("break"));
  FC_ASSIGN_OR_RETURN(s.kind, w.Next("the kind of the break"));
  FC_RETURN_IF_ERROR(w.Expect("of"));
  if (!w.Take("nobody")) {
    FC_ASSIGN_OR_RETURN(s.ta, TaOf(script, w));
  }
  while (!w.AtEnd()) {
    FC_ASSIGN_OR_RETURN(size_t a, w.OneOf({"for", "field", "expected", "found", "rule"}));
    if (a == 0) {
      s.of_order = true;
      FC_ASSIGN_OR_RETURN(s.order, OrderOf(w));
    } else {
      FC_ASSIGN_OR_RETURN((a == 1 ? s.field : a == 2 ? s.expected : a == 3 ? s.found : s.rule), w.Next("a value"));
    }
  }
  return s;
}

absl::StatusOr<Statement> OfFiles(const Script& script, Words& w) {
  FC_ASSIGN_OR_RETURN(std::string type, w.Next("a file type"));
  FC_RETURN_IF_ERROR(w.Expect("of"));
  if (w.Peek() == "ta") {
    CheckFileCount s;
    s.type = type;
    FC_ASSIGN_OR_RETURN(s.ta, TaOf(script, w));
    FC_RETURN_IF_ERROR(w.Expect("on"));
    FC_ASSIGN_OR_RETURN(s.day, w.Day());
    if (w.Take("transfer")) {
      FC_ASSIGN_OR_RETURN(s.transfer, w.Number("a transfer number", 1, 999));
    }
    FC_RETURN_IF_ERROR(w.Expect("has"));
    FC_ASSIGN_OR_RETURN(int n, w.Number("a number of records", 0, 1'000'000'000));
    s.records = static_cast<uint64_t>(n);
    if (!w.Take("record")) FC_RETURN_IF_ERROR(w.Expect("records"));
    return s;
  }
  CheckFile s;
  s.type = type;
  FC_ASSIGN_OR_RETURN(s.order, OrderOf(w));
  FC_RETURN_IF_ERROR(w.Expect("says"));
  FC_ASSIGN_OR_RETURN(s.field, w.Next("a field"));
  FC_ASSIGN_OR_RETURN(s.value, w.Next("its value"));
  return s;
}

absl::StatusOr<Statement> Read(const Script& script, Words& w, Words& after, bool has_outcome) {
  const std::string_view first = w.Peek();
  if ((first == "that" || first == "order") && w.Peek(2) == "takes") {
    FC_ASSIGN_OR_RETURN(OrderRef order, OrderOf(w));
    return ReadTakesAll(std::move(order), w);
  }
  if (w.Peek() == "bank" && (w.Peek(2) == "may" || w.Peek(2) == "has")) {
    w.Take("bank");
    return ReadBankLine(w);
  }
  if (w.Take("fund")) {
    FC_ASSIGN_OR_RETURN(Statement s, ReadFundLine(script, w));
    if (auto* change = std::get_if<ChangeFund>(&s)) {
      FC_ASSIGN_OR_RETURN(change->outcome, OutcomeOf(after, has_outcome));
    }
    return s;
  }
  if (w.Peek(2) == "campaign" || (w.Peek(1) == "proposes" && w.Peek(3) == "campaign")) {
    FC_ASSIGN_OR_RETURN(Statement s, ReadCampaign(script, w));
    FC_ASSIGN_OR_RETURN(std::get<PutsCampaign>(s).outcome, OutcomeOf(after, has_outcome));
    return s;
  }
  if (IsCardLine(w)) {
    FC_ASSIGN_OR_RETURN(std::optional<Outcome> outcome, OutcomeOf(after, has_outcome));
    return ReadCardLine(script, w, std::move(outcome));
  }
  if ((w.Peek(1) == "proposes" && w.Peek(2) == "fund") || w.Peek(2) == "change" || w.Peek(2) == "two") {
    FC_ASSIGN_OR_RETURN(Statement s, ReadFourEyes(script, w));
    FC_ASSIGN_OR_RETURN(std::optional<Outcome> outcome, OutcomeOf(after, has_outcome));
    if (auto* proposes = std::get_if<ProposeFund>(&s)) proposes->outcome = outcome;
    if (auto* decides = std::get_if<DecideChange>(&s)) decides->outcome = outcome;
    return s;
  }
  if ((w.Peek(1) == "imports" || w.Peek(1) == "applies") && w.Peek(2) == "ta") {
    FC_ASSIGN_OR_RETURN(Statement s, ReadImport(script, w));
    FC_ASSIGN_OR_RETURN(std::get<ImportFiles>(s).outcome, OutcomeOf(after, has_outcome));
    return s;
  }
  if (first == "interest" || (w.Peek(1) == "records" && w.Peek(2) == "interest") ||
      (first == "bank" && w.Peek(1) == "credits")) {
    FC_ASSIGN_OR_RETURN(Statement s, ReadInterest(w));
    if (auto* records = std::get_if<RecordsInterest>(&s)) {
      FC_ASSIGN_OR_RETURN(records->outcome, OutcomeOf(after, has_outcome));
    }
    return s;
  }
  if (w.Take("policy")) return ReadPolicy(w);
  if (w.Take("evidence")) {
    FC_RETURN_IF_ERROR(w.Expect("of"));
    FC_ASSIGN_OR_RETURN(OrderRef order, OrderOf(w));
    return ReadEvidence(std::move(order), w);
  }
  if (first == "that" || first == "order") return OfOrders(script, w, after, has_outcome);
  if (first == "ta" && w.Peek(2) == "delivers") return ReadDelivery(script, w);
  if (first == "ta" && w.Peek(2) == "tax") {
    w.Take("ta");
    return ReadTaxDeed(script, w);
  }
  if (first == "ta") return TaLine(script, w);
  if (first == "plan" || first == "debit" || first == "contract") {
    FC_ASSIGN_OR_RETURN(std::optional<Outcome> outcome, OutcomeOf(after, has_outcome));
    return ReadPlanLine(w, std::move(outcome));
  }
  if (w.Take("close")) {
    CloseDays s;
    if (!w.AtEnd()) {
      FC_ASSIGN_OR_RETURN(s.ta, TaOf(script, w));
    }
    return s;
  }
  if (w.Take("day")) return OfDays(script, w);
  if (w.Take("expect")) return OfBreaks(script, w);
  if (w.Take("breaks")) {
    if (w.Take("none")) return CountBreaks{0};
    FC_ASSIGN_OR_RETURN(int n, w.Number("a number of breaks", 0, 1'000'000));
    return CountBreaks{n};
  }
  if (w.Take("books")) {
    FC_RETURN_IF_ERROR(w.Expect("balance"));
    return CheckBooks{};
  }
  if (w.Take("records")) return ReadCheckInKind(script, w);
  if (w.Take("restart")) return Restart{};
  if (w.Take("file")) return OfFiles(script, w);
  if (w.Take("time")) {
    FC_RETURN_IF_ERROR(w.Expect("passes"));
    return Passes{};
  }
  for (std::string_view s : kServices) {
    if (!w.Take(s)) continue;
    FC_ASSIGN_OR_RETURN(size_t up, w.OneOf({"down", "up"}));
    return SetDown{std::string(s), up == 0};
  }
  if (script.Investor(first)) return InvestorLine(script, w, after, has_outcome);
  if (w.Peek(1) == "proposes" || w.Peek(1) == "approves") return PersonLine(script, w, after, has_outcome);
  std::vector<std::string_view> known = {"that",   "order", "ta",      "close", "day", "expect",
                                         "breaks", "books", "restart", "file",  "time", "fund", "policy", "evidence",
                                             "interest", "records"};
  for (std::string_view s : kServices) known.push_back(s);
  for (const auto& [line, given] : script.given)
    if (const auto* i = std::get_if<GivenInvestor>(&given)) known.push_back(i->name);
  return w.Unknown(known);
}

}  // namespace

absl::StatusOr<Statement> ParseStatement(const Script& script, std::string_view before, std::string_view after,
                                         bool has_outcome) {
  Words w(before), outcome(after);
  FC_ASSIGN_OR_RETURN(Statement s, Read(script, w, outcome, has_outcome));
  FC_RETURN_IF_ERROR(w.Finish());
  if (has_outcome && !outcome.AtEnd())
    return Wrong(StrCat("nothing can follow \"->\" here: \"", std::string(outcome.Peek()), "\""));
  return s;
}

bool MayBeName(std::string_view w) {
  if (w.empty() || w.size() > 20 || IsKeyword(w)) return false;
  for (char c : w)
    if (c < 'a' || c > 'z') return false;
  return true;
}

}  // namespace fundcore::dayrun
