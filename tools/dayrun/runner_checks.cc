// Books against books and files against figures; and what happens to the system itself.
#include <map>

#include "common/ofd/reader.h"
#include "common/types/ids.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/bank/v1/bank.pb.h"
#include "tools/dayrun/runner.h"

namespace fundcore::dayrun {
namespace {

namespace av1 = account::v1;

// A number of a file in the units of its last decimal: "25,000.00" with two decimals is 2500000. nullopt where it is
// none.
std::optional<int64_t> StepsOf(std::string_view text, int decimals) {
  int64_t v = 0;
  int after = -1;
  bool negative = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '-' && i == 0) {
      negative = true;
    } else if (c == '.') {
      if (after >= 0) return std::nullopt;
      after = 0;
    } else if (c >= '0' && c <= '9') {
      v = v * 10 + (c - '0');
      if (after >= 0) ++after;
    } else if (c != ',') {
      return std::nullopt;
    }
  }
  for (after = std::max(after, 0); after < decimals; ++after) v *= 10;
  if (after > decimals) return std::nullopt;
  return negative ? -v : v;
}

std::string Plain(int64_t steps, int decimals) {
  std::string s = StrCat(steps < 0 ? -steps : steps);
  if (s.size() <= static_cast<size_t>(decimals)) s.insert(0, static_cast<size_t>(decimals) + 1 - s.size(), '0');
  if (decimals > 0) s.insert(s.size() - static_cast<size_t>(decimals), ".");
  return StrCat(steps < 0 ? "-" : "", s);
}

}  // namespace

// Our ledgers in themselves, and our bank's view of the cash.
absl::StatusOr<std::string> Runner::BooksDiffer() {
  av1::TrialBalanceRequest q;
  q.set_verify(true);
  FC_ASSIGN_OR_RETURN(auto books,
                      Ask<av1::TrialBalanceResponse>("fundcore.account.v1.AccountService/TrialBalance", q, kOperator));
  if (!books.balanced()) return StrCat("the books: expected balance, found ", books.difference());
  int64_t cash = 0, bank = 0;
  std::map<std::string, int64_t> units;
  for (const av1::Leg& leg : books.cash()) {
    cash += leg.amount_fen();
    if (leg.name() == "BANK") bank += leg.amount_fen();
  }
  for (const av1::Leg& leg : books.units()) units[leg.fund_code()] += leg.units_e2();
  if (cash != 0) return StrCat("the sum of all cash: expected 0.00, found ", Money::FromRaw(cash).ToGrouped());
  for (const auto& [fund, sum] : units)
    if (sum != 0)
      return StrCat("the sum of all units of ", fund, ": expected 0.00, found ", Units::FromRaw(sum).ToGrouped());
  FC_ASSIGN_OR_RETURN(auto theirs, Ask<bank::v1::BalancesResponse>("fundcore.bank.v1.BankService/Balances",
                                                                   bank::v1::BalancesRequest(), kOperator));
  if (theirs.settlement_fen() != bank) {
    return StrCat("the settlement account: our books say ", Money::FromRaw(bank).ToGrouped(), ", the bank says ",
                  Money::FromRaw(theirs.settlement_fen()).ToGrouped());
  }
  return std::string();
}

// Units: each institution's register against ours. While an answer lies with us unapplied the two rightly differ.
absl::StatusOr<std::string> Runner::UnitsDiffer() {
  for (const std::string& ta : script_.tas()) {
    FC_ASSIGN_OR_RETURN(auto days, Days(ta));
    bool under_way = false;
    for (const auto& d : days) under_way |= d.step() >= clearing::v1::VALIDATE && d.step() <= clearing::v1::APPLY;
    for (const auto& d : days) {
      // Answered, and set aside: a correction is awaited.
      under_way |= d.step() == clearing::v1::AWAIT &&
                   progress_->Get(StrCat("answered ", ta)) == Date::FromRaw(d.answer_day()).Iso();
    }
    if (under_way) continue;
    av1::UnitTotalsRequest q;
    q.set_ta_code(ta);
    FC_ASSIGN_OR_RETURN(auto ours,
                        Ask<av1::UnitTotalsResponse>("fundcore.account.v1.AccountOps/UnitTotals", q, kOperator));
    FC_ASSIGN_OR_RETURN(ta_sim::TaSim * sim, Ta(ta));
    FC_ASSIGN_OR_RETURN(ta_sim::TaReport theirs, sim->Report());
    std::map<std::string, std::pair<int64_t, int64_t>> units;
    for (const av1::FundTotal& t : ours.totals()) units[t.fund_code()].first = t.units_e2();
    for (const auto& [fund, shares] : theirs.funds) units[fund.str()].second = shares.raw();
    for (const auto& [fund, both] : units) {
      if (both.first == both.second) continue;
      return StrCat("the units of ", fund, ": our books say ", Units::FromRaw(both.first).ToGrouped(), ", ta ", ta,
                    " says ", Units::FromRaw(both.second).ToGrouped());
    }
  }
  return std::string();
}

absl::Status Runner::Do(const CheckBooks&) {
  return Eventually([&]() -> absl::StatusOr<std::string> {
    FC_ASSIGN_OR_RETURN(std::string differ, BooksDiffer());
    if (!differ.empty()) return differ;
    return UnitsDiffer();
  });
}

absl::Status Runner::Do(const CheckFile& s) {
  FC_ASSIGN_OR_RETURN(uint64_t order, OrderNumber(s.order));
  const std::string serial = FormatOrderId(OrderId(order));
  const bool ours = s.type == "03" || s.type == "01" || s.type == "R1";
  std::string last = StrCat("no file ", s.type, " holds it");
  for (const std::string& ta : script_.tas()) {
    FC_ASSIGN_OR_RETURN(auto files, driver_->exchange()->List(StrCat(ours ? "out/" : "in/", ta, "/")));
    // The newest file counts: a correction replaces what came before it.
    for (auto f = files.rbegin(); f != files.rend(); ++f) {
      if (!f->name.ends_with(StrCat("_", s.type, ".TXT"))) continue;
      FC_ASSIGN_OR_RETURN(std::string bytes, driver_->exchange()->Read(f->name));
      FC_ASSIGN_OR_RETURN(ofd::Reader reader, ofd::Reader::Open(f->name, bytes));
      FC_ASSIGN_OR_RETURN(ofd::Column key, reader.Require("AppSheetSerialNo"));
      for (ofd::RecordView record; reader.Next(&record);) {
        if (record.Text(key) != serial) continue;
        FC_ASSIGN_OR_RETURN(ofd::Column column, reader.Require(s.field));
        const std::string what = StrCat(f->name, ", ", s.field, " of order ", serial);
        int64_t found = 0;
        const std::optional<int64_t> expected = StepsOf(s.value, column.decimals());
        if (column.kind() == ofd::FieldKind::kNumber && expected) {
          if (record.ReadNumber(column, &found) != ofd::FieldState::kPresent)
            return Differs(what, s.value, "no number");
          return found == *expected ? absl::OkStatus() : Differs(what, s.value, Plain(found, column.decimals()));
        }
        FC_ASSIGN_OR_RETURN(const std::string said, record.Utf8(column));
        return said == s.value ? absl::OkStatus() : Differs(what, s.value, said);
      }
    }
  }
  return Differs("the order's line", StrCat("in a file ", s.type), last);
}

absl::Status Runner::Do(const CheckFileCount& s) {
  const GivenTa& ta = *script_.Ta(s.ta);
  const bool ours = s.type == "03" || s.type == "01" || s.type == "R1";
  const std::string folder =
      StrCat(ours ? "out/" : "in/", s.ta, "/", s.day.Compact(), "/", StrCat(1000 + s.transfer).substr(1), "/");
  const std::string name = StrCat(folder, "OFD_", ours ? ta.distributor : s.ta, "_", ours ? s.ta : ta.distributor, "_",
                                  s.day.Compact(), "_", s.type, ".TXT");
  return Eventually([&]() -> absl::StatusOr<std::string> {
    auto bytes = driver_->exchange()->Read(name);
    if (!bytes.ok()) return StrCat(name, ": expected ", s.records, " records, found no such file");
    FC_ASSIGN_OR_RETURN(ofd::Reader reader, ofd::Reader::Open(name, *bytes));
    if (reader.record_count() == s.records) return std::string();
    return StrCat(name, ": expected ", s.records, " records, found ", reader.record_count());
  });
}

absl::Status Runner::Do(const Restart&) { return driver_->Restart(); }
absl::Status Runner::Do(const SetDown& s) { return driver_->SetDown(s.service, s.down); }
absl::Status Runner::Do(const Passes&) { return absl::OkStatus(); }

}  // namespace fundcore::dayrun
