// Decisions of the agent about accounts that are there: changed, closed, frozen, lost; and what it does of its own accord.
#include "common/base/check.h"
#include "common/base/status.h"
#include "tools/ta_sim/judge.h"

namespace fundcore::ta_sim {

using ofd::BusinessCode;

Judge::Outcome Judge::Barred(const TaAccountId& account) const {
  const auto mark = reg_.marks.find(account);
  if (mark == reg_.marks.end()) return {};
  if (mark->second.frozen) return "0002";
  if (mark->second.lost) return "0003";
  return {};
}

void Judge::CloseFor(const Line& line) {
  Account& account = reg_.accounts[line.account];
  account.closed = true;
  reg_.by_certificate.erase(account.certificate);
  reg_.marks.erase(line.account);
  std::erase_if(reg_.by_trading, [&](const auto& entry) { return entry.second == line.account; });
}

Judge::Outcome Judge::DecideStanding(Line& line) {
  switch (line.business) {
    case BusinessCode::kCloseAccount:
    case BusinessCode::kChangeAccount:
    case BusinessCode::kFreezeAccount:
    case BusinessCode::kUnfreezeAccount:
    case BusinessCode::kReportCardLost:
    case BusinessCode::kReportCardFound:
    case BusinessCode::kCloseTradingAccount: break;
    default: return "0103";
  }
  auto bound = reg_.by_trading.find(line.trading);
  if (bound == reg_.by_trading.end() && TakeInvestor(line)) bound = reg_.by_trading.find(line.trading);
  if (bound == reg_.by_trading.end()) return "0316";
  if (!line.account.empty() && line.account != bound->second) return "0518";
  line.account = bound->second;
  const AccountMark mark = reg_.marks.count(line.account) ? reg_.marks.at(line.account) : AccountMark();
  switch (line.business) {
    case BusinessCode::kFreezeAccount:
      if (mark.frozen) return "0393";
      if (line.cause != '0' && line.cause != '1' && line.cause != '2') return "0220";
      if (line.until.is_set() && line.until < day_) return "0118";
      reg_.marks[line.account].frozen = true;
      reg_.marks[line.account].cause = line.cause;
      reg_.marks[line.account].until = line.until;
      return {};
    case BusinessCode::kUnfreezeAccount:
      if (!mark.frozen) return "0229";
      reg_.marks[line.account].frozen = false;
      return {};
    case BusinessCode::kReportCardLost:
      if (mark.lost) return "0003";
      reg_.marks[line.account].lost = true;
      return {};
    case BusinessCode::kReportCardFound:
      if (!mark.lost) return "0228";
      reg_.marks[line.account].lost = false;
      return {};
    default: break;
  }
  if (const Outcome barred = Barred(line.account)) return barred;
  if (line.business == BusinessCode::kCloseAccount) {
    if (HoldsUnits(line.account, nullptr)) return "0362";
    for (const Subscription& s : reg_.subscriptions)
      if (s.account == line.account) return "0678";
    CloseFor(line);
  }
  if (line.business == BusinessCode::kCloseTradingAccount) {
    if (HoldsUnits(line.account, &line.trading)) return "0362";
    reg_.by_trading.erase(bound);
  }
  return {};
}

// Done, whatever the register would say to an application: a court asks nobody.
void Judge::DoOwn(const Fault& fault, std::vector<Line>* lines) {
  Line line{.trading = TradingAccount(fault.arguments[1]), .day = day_};
  const BusinessCode business = *ofd::ParseBusinessCode(fault.arguments[0]);
  line.confirmation = ofd::ConfirmationsOf(business).empty()
                          ? static_cast<BusinessCode>(static_cast<int>(business) + 100)
                          : ofd::ConfirmationsOf(business)[0];
  const auto bound = reg_.by_trading.find(line.trading);
  if (bound != reg_.by_trading.end()) line.account = bound->second;
  line.serial = ++serial_;
  if (business == BusinessCode::kFreezeAccount) line.cause = '0';
  if (!line.account.empty()) {
    AccountMark& mark = reg_.marks[line.account];
    if (business == BusinessCode::kFreezeAccount) mark.frozen = true;
    if (business == BusinessCode::kUnfreezeAccount) mark.frozen = false;
    if (business == BusinessCode::kReportCardLost) mark.lost = true;
    if (business == BusinessCode::kReportCardFound) mark.lost = false;
    if (business == BusinessCode::kCloseAccount) CloseFor(line);
    if (business == BusinessCode::kCloseTradingAccount) reg_.by_trading.erase(line.trading);
  }
  lines->push_back(std::move(line));
}

}  // namespace fundcore::ta_sim
