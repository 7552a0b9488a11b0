// Rules of a fund beyond its terms, and statements about a fund in the course of a day.
#include <algorithm>

#include "common/base/check.h"
#include "common/base/status.h"
#include "tools/dayrun/statements.h"

namespace fundcore::dayrun {

absl::StatusOr<bool> ReadRule(std::string_view word, GivenFund& g, Words& w) {
  if (std::find(std::begin(kRuleWords), std::end(kRuleWords), word) == std::end(kRuleWords)) return false;
  if (word == "minimum-holding") {
    FC_ASSIGN_OR_RETURN(g.min_holding, w.UnitsOf());
  } else if (word == "day-limit") {
    FC_ASSIGN_OR_RETURN(g.day_limit, w.Amount());
  } else if (word == "person-limit") {
    FC_ASSIGN_OR_RETURN(g.person_limit, w.Amount());
  } else if (word == "quota") {
    FC_ASSIGN_OR_RETURN(g.quota, w.Amount());
  } else if (word == "maximum-redemption") {
    FC_ASSIGN_OR_RETURN(g.max_redemption, w.UnitsOf());
  } else if (word == "redemption-day-limit") {
    FC_ASSIGN_OR_RETURN(g.redemption_day_limit, w.UnitsOf());
  } else if (word == "holding-limit") {
    FC_ASSIGN_OR_RETURN(g.holding_limit, w.UnitsOf());
  } else if (word == "closed-from") {
    GivenFund::Closed c;
    FC_ASSIGN_OR_RETURN(c.from, w.Day());
    FC_RETURN_IF_ERROR(w.Expect("to"));
    FC_ASSIGN_OR_RETURN(c.to, w.Day());
    if (w.Take("for")) {
      FC_ASSIGN_OR_RETURN(size_t n, w.OneOf({"purchases", "redemptions"}));
      c.purchases = n == 0;
      c.redemptions = n == 1;
    }
    g.closed.push_back(c);
  } else if (word == "held") {
    FC_ASSIGN_OR_RETURN(g.holding_days, w.Number("a number of days", 1, 36'500));
    FC_RETURN_IF_ERROR(w.Expect("days"));
  } else if (word == "first-redemption") {
    FC_RETURN_IF_ERROR(w.Expect("of"));
    FC_RETURN_IF_ERROR(w.Expect("lots"));
    FC_ASSIGN_OR_RETURN(Date lot, w.Day());
    FC_RETURN_IF_ERROR(w.Expect("on"));
    FC_ASSIGN_OR_RETURN(Date first, w.Day());
    g.first_redemptions.emplace_back(lot, first);
  } else if (word == "pension-class") {
    g.pension_class = true;
  } else if (word == "recorded-sales") {
    g.needs_recording = true;
  } else if (word == "at-once-by") {
    FC_ASSIGN_OR_RETURN(g.fast_bank, w.Next("a bank"));
    if (w.Take("account")) {
      FC_ASSIGN_OR_RETURN(g.fast_account, w.Next("its trading account"));
    }
    if (w.Take("at")) {
      FC_ASSIGN_OR_RETURN(g.fast_distributor, w.Next("the distributor of that account"));
    }
    if (w.Take("up-to")) {
      FC_ASSIGN_OR_RETURN(g.fast_a_day, w.Amount());
    }
    if (w.Take("least")) {
      FC_ASSIGN_OR_RETURN(g.fast_least, w.UnitsOf());
    }
  } else {
    g.breach_allowed = true;
    FC_ASSIGN_OR_RETURN(g.breach_fee, w.Percent());
    if (w.Take("fund-share")) {
      FC_ASSIGN_OR_RETURN(g.breach_share, w.Percent());
    }
  }
  return true;
}

absl::StatusOr<Statement> ReadFundLine(const Script& script, Words& w) {
  FC_ASSIGN_OR_RETURN(std::string code, w.Next("a fund"));
  const GivenFund* given = script.Fund(code);
  if (!given) return absl::InvalidArgumentError(StrCat("no fund ", code, " is given"));
  FC_ASSIGN_OR_RETURN(size_t what, w.OneOf({"becomes", "has"}));
  if (what == 0) {
    ChangeFund s{*given};
    FC_RETURN_IF_ERROR(ReadFundWords(script.calendars, s.fund, w));
    return s;
  }
  CheckQuota s;
  s.fund = code;
  FC_ASSIGN_OR_RETURN(s.taken, w.Amount());
  for (std::string_view word : {"of", "its", "quota", "taken", "on"}) FC_RETURN_IF_ERROR(w.Expect(word));
  FC_ASSIGN_OR_RETURN(s.day, w.Day());
  return s;
}

absl::StatusOr<Statement> ReadBankLine(Words& w) {
  AdvancingBank s;
  FC_ASSIGN_OR_RETURN(s.bank, w.Next("a bank"));
  FC_ASSIGN_OR_RETURN(size_t what, w.OneOf({"may", "has"}));
  s.check = what == 1;
  if (!s.check) FC_RETURN_IF_ERROR(w.Expect("advance"));
  FC_ASSIGN_OR_RETURN(s.amount, w.Amount());
  if (s.check) FC_RETURN_IF_ERROR(w.Expect("out"));
  return s;
}

absl::StatusOr<Statement> ReadFourEyes(const Script& script, Words& w) {
  FC_ASSIGN_OR_RETURN(std::string person, w.Next("a person"));
  FC_ASSIGN_OR_RETURN(size_t verb, w.OneOf({"proposes", "approves", "rejects", "requires", "releases"}));
  if (verb == 0) {
    FC_RETURN_IF_ERROR(w.Expect("fund"));
    FC_ASSIGN_OR_RETURN(std::string code, w.Next("a fund"));
    const GivenFund* given = script.Fund(code);
    if (!given) return absl::InvalidArgumentError(StrCat("no fund ", code, " is given"));
    FC_RETURN_IF_ERROR(w.Expect("becomes"));
    ProposeFund s{std::move(person), *given, {}};
    FC_RETURN_IF_ERROR(ReadFundWords(script.calendars, s.fund, w));
    return s;
  }
  if (verb <= 2) {
    FC_RETURN_IF_ERROR(w.Expect("change"));
    return DecideChange{std::move(person), verb == 1, {}};
  }
  FC_RETURN_IF_ERROR(w.Expect("two"));
  FC_RETURN_IF_ERROR(w.Expect("people"));
  return NeedTwoPersons{std::move(person), verb == 3};
}

absl::StatusOr<Statement> ReadCampaign(const Script& script, Words& w) {
  PutsCampaign s;
  FC_ASSIGN_OR_RETURN(s.person, w.Next("a person"));
  FC_ASSIGN_OR_RETURN(size_t verb, w.OneOf({"starts", "proposes", "ends"}));
  s.proposes = verb == 1;
  s.ends = verb == 2 || (s.proposes && w.Take("ending"));
  FC_RETURN_IF_ERROR(w.Expect("campaign"));
  FC_ASSIGN_OR_RETURN(s.name, w.Next("the name of a campaign"));
  if (s.ends) return s;
  FC_RETURN_IF_ERROR(w.Expect("at"));
  FC_ASSIGN_OR_RETURN(s.discount, w.Percent());
  FC_RETURN_IF_ERROR(w.Expect("from"));
  FC_ASSIGN_OR_RETURN(s.from, w.Day());
  FC_RETURN_IF_ERROR(w.Expect("to"));
  FC_ASSIGN_OR_RETURN(s.to, w.Day());
  while (!w.AtEnd()) {
    FC_ASSIGN_OR_RETURN(size_t what, w.OneOf({"channel", "of", "business", "above"}));
    if (what == 0) {
      FC_ASSIGN_OR_RETURN(s.channel, w.Next("the name of a caller"));
    } else if (what == 1) {
      FC_ASSIGN_OR_RETURN(std::string fund, w.Next("a fund"));
      if (!script.Fund(fund)) return absl::InvalidArgumentError(StrCat("no fund ", fund, " is given"));
      s.funds.push_back(std::move(fund));
    } else if (what == 2) {
      FC_ASSIGN_OR_RETURN(int business, w.Number("a business", 1, 999));
      s.businesses.push_back(business);
    } else {
      FC_ASSIGN_OR_RETURN(s.from_amount, w.Amount());
    }
  }
  return s;
}

absl::StatusOr<Statement> ReadTakesAll(OrderRef order, Words& w) {
  CheckTakesAll s{std::move(order)};
  FC_RETURN_IF_ERROR(w.Expect("takes"));
  FC_ASSIGN_OR_RETURN(s.units, w.UnitsOf());
  for (std::string_view word : {"units", "instead", "of"}) FC_RETURN_IF_ERROR(w.Expect(word));
  FC_ASSIGN_OR_RETURN(s.asked, w.UnitsOf());
  return s;
}

}  // namespace fundcore::dayrun
