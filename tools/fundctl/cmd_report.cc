// fundctl report: what became of the orders of some days, and whether everybody's books say the same. The paper that a
// fund accountant signs; exit code 1 where anything is off.
#include <algorithm>
#include <map>

#include "common/base/check.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "fundcore/bank/v1/bank.pb.h"
#include "fundcore/clearing/v1/clearing.pb.h"
#include "fundcore/product/v1/product.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "tools/fundctl/commands.h"
#include "tools/fundctl/ta_report.h"

namespace fundcore::fundctl {
namespace {

std::string BusinessName(uint32_t business) {
  return business == 20   ? "subscription"
         : business == 22 ? "purchase"
         : business == 24 ? "redemption"
                          : StrCat(business);
}

// Gathers the sections one after the other. `off_` is what an accountant would not sign.
class Report {
 public:
  Report(Remote& remote, std::vector<Date> days) : remote_(remote), days_(std::move(days)) {}

  absl::Status ReadTaReports(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      FC_ASSIGN_OR_RETURN(TaReport one, ReadTaReport(path));
      for (const auto& [fund, units] : one.units) their_units_[fund] += units;
      for (TaCashLine& line : one.cash) their_cash_.push_back(std::move(line));
    }
    have_ta_reports_ = !paths.empty();
    return absl::OkStatus();
  }

  Result Make() {
    FC_ASSIGN_OR_RETURN(auto status, remote_.Ask<admin::v1::StatusResponse>("fundcore.admin.v1.AdminService/Status",
                                                                            admin::v1::StatusRequest()));
    now_ = TimePoint::FromRaw(status.now_us());
    a_.Add("report_of", days_.size() == 1 ? days_[0].Iso() : StrCat(days_.front().Iso(), " to ", days_.back().Iso()));
    a_.Add("as_of", now_);
    FC_RETURN_IF_ERROR(LearnProducts());
    FC_RETURN_IF_ERROR(Orders());
    FC_RETURN_IF_ERROR(Days());
    FC_RETURN_IF_ERROR(Reconciliations());
    FC_RETURN_IF_ERROR(Books());
    FC_RETURN_IF_ERROR(Cash());
    FC_RETURN_IF_ERROR(HeldUnits());
    FC_RETURN_IF_ERROR(Breaks());
    a_.Add("good", off_.empty());
    Table& t = a_.AddTable("off", {"what"}, off_.empty() ? "what is off" : "WHAT IS OFF");
    for (const std::string& what : off_) t.Row({what});
    a_.Say(off_.empty() ? "Everything adds up: distributor, institutions and bank say the same."
                        : StrCat("Do not sign: ", off_.size(), " thing(s) are off, see above."));
    a_.exit_code = off_.empty() ? 0 : 1;
    return std::move(a_);
  }

 private:
  void Off(std::string what) { off_.push_back(std::move(what)); }

  absl::Status LearnProducts() {
    FC_ASSIGN_OR_RETURN(auto institutions, remote_.Ask<product::v1::ListInstitutionsResponse>(
                                               "fundcore.product.v1.ProductService/ListInstitutions",
                                               product::v1::ListInstitutionsRequest()));
    for (const auto& i : institutions.institutions()) tas_.push_back(i.ta_code());
    product::v1::ListFundsRequest request;
    request.set_page_size(500);
    do {
      FC_ASSIGN_OR_RETURN(auto page, remote_.Ask<product::v1::ListFundsResponse>(
                                         "fundcore.product.v1.ProductService/ListFunds", request));
      for (const auto& f : page.funds()) ta_of_[f.fund_code()] = f.ta_code();
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return absl::OkStatus();
  }

  absl::Status Orders() {
    Table& t = a_.AddTable("orders", {"day", "ta", "business", "outcome", "reason", "orders", "amount", "units"},
                           "orders by outcome");
    uint64_t all = 0;
    for (Date day : days_) {
      trade::v1::OutcomesRequest request;
      request.set_day(day.raw());
      FC_ASSIGN_OR_RETURN(auto r,
                          remote_.Ask<trade::v1::OutcomesResponse>("fundcore.trade.v1.TradeOps/Outcomes", request));
      for (const auto& c : r.counts()) {
        const std::string state = trade::v1::OrderState_Name(c.state());
        t.Row({day, c.ta_code(), BusinessName(c.business()), state, c.reason(), uint64_t{c.count()},
               Money::FromRaw(c.amount_fen()), Units::FromRaw(c.units_e2())});
        all += c.count();
        const bool undecided = c.state() == trade::v1::RECEIVED || c.state() == trade::v1::CHALLENGED;
        if (undecided && day < now_.date())
          Off(StrCat(c.count(), " orders of ", day.Iso(), " at ", c.ta_code(), " are still ", state));
      }
    }
    a_.Add("orders_in_all", all);
    return absl::OkStatus();
  }

  absl::Status Days() {
    Table& t = a_.AddTable("days", {"day", "ta", "step", "open_breaks", "waiting_for"}, "business days");
    for (Date day : days_) {
      for (const std::string& ta : tas_) {
        clearing::v1::DayStatusRequest request;
        request.set_ta_code(ta);
        request.set_day(day.raw());
        auto r =
            remote_.Ask<clearing::v1::DayStatusResponse>("fundcore.clearing.v1.ClearingService/DayStatus", request);
        if (absl::IsNotFound(r.status())) continue;  // no business day of this institution
        FC_RETURN_IF_ERROR(r.status());
        for (const auto& d : r->days()) {
          t.Row({day, ta, clearing::v1::Step_Name(d.step()), d.open_breaks(), d.waiting_for()});
          // What the institution will say tomorrow is expected, and nothing is off with it.
          if (d.step() != clearing::v1::CLOSED && d.answer_day() != 0 && d.answer_day() < now_.date().raw()) {
            Off(StrCat("day ", day.Iso(), " of ta ", ta, " is not closed although its answer was due on ",
                       Date::FromRaw(d.answer_day()).Iso()));
          }
        }
      }
    }
    return absl::OkStatus();
  }

  absl::Status Reconciliations() {
    Table& t = a_.AddTable("reconciliations", {"day", "ta", "name", "compared", "equal", "different", "ours", "theirs"},
                           "reconciliations");
    for (Date day : days_) {
      for (const std::string& ta : tas_) {
        clearing::v1::ReconciliationRequest request;
        request.set_ta_code(ta);
        request.set_day(day.raw());
        auto r = remote_.Ask<clearing::v1::ReconciliationResponse>(
            "fundcore.clearing.v1.ClearingService/Reconciliation", request);
        if (absl::IsNotFound(r.status())) continue;
        FC_RETURN_IF_ERROR(r.status());
        for (const auto& l : r->lines()) {
          t.Row({day, ta, l.name(), uint64_t{l.compared()}, uint64_t{l.equal()}, uint64_t{l.different()}, l.ours(),
                 l.theirs()});
          different_[{ta, day.raw()}] += l.different();
        }
      }
    }
    return absl::OkStatus();
  }

  absl::Status Books() {
    account::v1::TrialBalanceRequest request;
    request.set_verify(true);
    FC_ASSIGN_OR_RETURN(auto r, remote_.Ask<account::v1::TrialBalanceResponse>(
                                    "fundcore.account.v1.AccountService/TrialBalance", request));
    Table& cash =
        a_.AddTable("cash_legs", {"leg", "ta", "amount"}, "cash ledger: what we have, and what we owe with a minus");
    Money sum;
    for (const auto& l : r.cash()) {
      const Money amount = Money::FromRaw(l.amount_fen());
      cash.Row({l.name(), l.ta_code(), amount});
      legs_[{l.name(), l.ta_code()}] += amount;
      sum += amount;
      if (l.name() == "SUSPENSE" && !amount.is_zero())
        Off(StrCat("suspense of ta ", l.ta_code(), " holds ", amount.ToGrouped()));
      if (l.name() == "SETTLEMENT_INTEREST" && !amount.is_zero())
        Off(StrCat("interest of ", (-amount).ToGrouped(), " on settlement money is not spread over the investors"));
    }
    cash.Row({"sum", "", sum});
    std::map<std::string, Units> unit_sums;
    for (const auto& l : r.units()) {
      const Units units = Units::FromRaw(l.units_e2());
      unit_sums[l.fund_code()] += units;
      if (l.name() == "TA_REGISTER") registered_[l.fund_code()] += units;
      if (l.name() == "UNITS_SUSPENSE" && !units.is_zero())
        Off(StrCat("suspense of fund ", l.fund_code(), " holds ", units.ToGrouped(), " units"));
    }
    a_.Add("books_balance", r.balanced());
    if (!r.balanced()) Off(StrCat("the books do not balance: ", r.difference()));
    if (!sum.is_zero()) Off(StrCat("cash legs sum to ", sum.ToGrouped()));
    for (const auto& [fund, units] : unit_sums)
      if (!units.is_zero()) Off(StrCat("unit legs of fund ", fund, " sum to ", units.ToGrouped()));
    return absl::OkStatus();
  }

  void Compare(Table& t, const std::string& what, const std::string& ta, Money ours, const std::string& whose,
               Money theirs) {
    t.Row({what, ta, ours, whose, theirs, ours - theirs});
    if (ours != theirs)
      Off(StrCat(what, ta.empty() ? "" : " of ta " + ta, ": ", ours.ToGrouped(), " in our books, ", whose, " says ",
                 theirs.ToGrouped()));
  }

  absl::Status Cash() {
    FC_ASSIGN_OR_RETURN(auto bank, remote_.Ask<bank::v1::BalancesResponse>("fundcore.bank.v1.BankService/Balances",
                                                                           bank::v1::BalancesRequest()));
    Table& t = a_.AddTable("cash", {"what", "ta", "ours", "other_side", "theirs", "difference"},
                           "cash: distributor, bank, institutions");
    Compare(t, "settlement account", "", legs_[{"BANK", ""}], "bank", Money::FromRaw(bank.settlement_fen()));
    if (!have_ta_reports_) return absl::OkStatus();
    struct Theirs {
      Money moved, payable, receivable;
    };
    std::map<std::string, Theirs> by_ta;
    for (const TaCashLine& line : their_cash_) {
      Theirs& theirs = by_ta[ta_of_[line.fund]];
      if (line.pay_day <= now_.date()) {
        theirs.moved += line.we_receive ? -line.amount : line.amount;
      } else {
        (line.we_receive ? theirs.receivable : theirs.payable) += line.amount;
      }
    }
    std::map<std::string, Money> banked;
    for (const auto& b : bank.ta()) banked[b.account()] += Money::FromRaw(b.amount_fen());
    for (const std::string& ta : tas_) {
      const auto it = by_ta.find(ta);
      if (it == by_ta.end()) continue;
      Compare(t, "payable, not yet due", ta, -legs_[{"TA_PAYABLE", ta}], "institution", it->second.payable);
      Compare(t, "receivable, not yet due", ta, legs_[{"TA_RECEIVABLE", ta}], "institution", it->second.receivable);
      // Neither side is ours: the bank has moved exactly what the institution says was due.
      t.Row(
          {"paid less received: bank", ta, banked[ta], "institution", it->second.moved, banked[ta] - it->second.moved});
      if (banked[ta] != it->second.moved) {
        Off(StrCat("the bank has moved ", banked[ta].ToGrouped(), " to ta ", ta, ", which says ",
                   it->second.moved.ToGrouped(), " was due"));
      }
    }
    return absl::OkStatus();
  }

  absl::Status HeldUnits() {
    Table& t = a_.AddTable("units", {"ta", "fund", "holders", "positions", "ledger", "institution", "difference"},
                           "units: distributor's positions and ledger, institution's register");
    std::map<std::string, bool> seen;
    for (const std::string& ta : tas_) {
      account::v1::UnitTotalsRequest request;
      request.set_ta_code(ta);
      FC_ASSIGN_OR_RETURN(
          auto r, remote_.Ask<account::v1::UnitTotalsResponse>("fundcore.account.v1.AccountOps/UnitTotals", request));
      for (const auto& f : r.totals()) {
        seen[f.fund_code()] = true;
        AddUnits(t, ta, f.fund_code(), Units::FromRaw(f.units_e2()), f.holders());
      }
    }
    for (const auto& [fund, units] : their_units_)
      if (!seen[fund]) AddUnits(t, ta_of_[fund], fund, Units(), 0);
    return absl::OkStatus();
  }

  void AddUnits(Table& t, const std::string& ta, const std::string& fund, Units positions, uint64_t holders) {
    const Units ledger = registered_[fund];
    const Units theirs = their_units_[fund];
    t.Row({ta, fund, holders, positions, ledger, have_ta_reports_ ? Value(theirs) : Value(""),
           have_ta_reports_ ? positions - theirs : positions - ledger});
    if (positions != ledger)
      Off(StrCat("fund ", fund, ": positions ", positions.ToGrouped(), ", ledger ", ledger.ToGrouped()));
    if (have_ta_reports_ && positions != theirs) {
      Off(StrCat("fund ", fund, ": positions ", positions.ToGrouped(), ", register of ta ", ta, " ",
                 theirs.ToGrouped()));
    }
  }

  absl::Status Breaks() {
    clearing::v1::ListBreaksRequest request;
    request.set_all(true);
    FC_ASSIGN_OR_RETURN(auto r, remote_.Ask<clearing::v1::ListBreaksResponse>(
                                    "fundcore.clearing.v1.ClearingService/ListBreaks", request));
    Table& t = a_.AddTable("breaks",
                           {"break", "day", "ta", "kind", "order", "field", "expected", "found", "state", "resolution",
                            "proposed_by", "approved_by"},
                           "breaks");
    std::map<std::pair<std::string, int32_t>, uint64_t> closed;
    for (const auto& b : r.breaks()) {
      const Date day = Date::FromRaw(b.day());
      const bool ours = std::find(days_.begin(), days_.end(), day) != days_.end();
      if (b.state() != "CLOSED")
        Off(StrCat("break ", b.break_id(), " of ta ", b.ta_code(), " (", b.kind(), ") is ", b.state()));
      if (b.state() == "CLOSED") ++closed[{b.ta_code(), b.day()}];
      if (!ours && b.state() == "CLOSED") continue;
      t.Row({uint64_t{b.break_id()}, day, b.ta_code(), b.kind(), OrderId(b.order_id()), b.field(), b.expected(),
             b.found(), b.state(), b.resolution(), b.proposed_by(), b.approved_by()});
    }
    // A difference that two people have accepted is explained; one that nobody has looked at is not.
    for (const auto& [key, different] : different_)
      if (different > closed[key])
        Off(StrCat("reconciliation of ", Date::FromRaw(key.second).Iso(), " with ta ", key.first, ": ", different,
                   " differences, of which ", closed[key], " have a closed break"));
    return absl::OkStatus();
  }

  Remote& remote_;
  const std::vector<Date> days_;
  Answer a_;
  TimePoint now_;
  std::vector<std::string> off_;
  std::vector<std::string> tas_;
  std::map<std::string, std::string> ta_of_;                       // by fund
  std::map<std::pair<std::string, std::string>, Money> legs_;      // by leg and institution
  std::map<std::string, Units> registered_;                        // TA_REGISTER by fund
  std::map<std::pair<std::string, int32_t>, uint64_t> different_;  // by institution and day
  bool have_ta_reports_ = false;
  std::map<std::string, Units> their_units_;
  std::vector<TaCashLine> their_cash_;
};

}  // namespace

Result MakeReport(Remote& remote, const ReportOptions& options) {
  FC_ASSIGN_OR_RETURN(std::vector<Date> days, ReadDays(options.days));
  if (days.empty()) return absl::InvalidArgumentError("no days to report on; give --days 2025-03-03..2025-03-05");
  Report report(remote, std::move(days));
  FC_RETURN_IF_ERROR(report.ReadTaReports(options.ta_reports));
  return report.Make();
}

}  // namespace fundcore::fundctl
