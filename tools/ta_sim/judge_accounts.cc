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
  if (line.business == BusinessCode::kChangeAccount) return ChangeData(line);
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

// The certificate is what the register knows people by: one that another account has is refused.
Judge::Outcome Judge::ChangeData(Line& line) {
  if (line.certificate.size() < 2 || line.certificate.back() == ':') return "0100";
  const auto owner = reg_.by_certificate.find(line.certificate);
  if (owner != reg_.by_certificate.end()) {
    if (owner->second != line.account) return "0101";
    return {};
  }
  Account& account = reg_.accounts[line.account];
  reg_.by_certificate.erase(account.certificate);
  Enter(line.account, line.certificate);
  return {};
}

// A trading account under another number: by the one so far, else by the certificate of somebody registered through it.
Judge::Outcome Judge::Move(Line& line) {
  if (line.moved_to.empty() || line.moved_to == line.trading) return "0518";
  if (reg_.by_trading.count(line.moved_to)) return "0392";
  const auto bound = reg_.by_trading.find(line.trading);
  const TaAccountId* there = bound != reg_.by_trading.end() ? &bound->second : AccountOfCertificate(line.certificate);
  if (!there) return "0316";
  line.account = *there;
  if (const Outcome barred = Barred(line.account)) return barred;
  Rename(line.trading, line.moved_to, line.account);
  return {};
}

void Judge::Rename(const TradingAccount& from, const TradingAccount& to, const TaAccountId& account) {
  reg_.by_trading.erase(from);
  reg_.by_trading[to] = account;
  std::vector<std::pair<PositionKey, Position>> moved;
  for (const auto& [key, position] : reg_.positions)
    if (key.trading == from && key.account == account) moved.emplace_back(key, position);
  for (auto& [key, position] : moved) {
    reg_.positions.erase(key);
    key.trading = to;
    reg_.positions[key] = std::move(position);
  }
}

void Judge::ChangeOwn(const Fault& fault, std::vector<Line>* lines) {
  Line line{.trading = TradingAccount(fault.arguments[0]), .day = day_};
  const bool data = fault.kind == FaultKind::kOwnData;
  line.confirmation = data ? BusinessCode::kChangeAccountConfirmed : BusinessCode::kChangeTradingAccountConfirmed;
  const auto bound = reg_.by_trading.find(line.trading);
  if (bound != reg_.by_trading.end()) line.account = bound->second;
  if (data) {
    line.certificate = reg_.accounts[line.account].certificate;
    if (fault.arguments[1] != "same") line.certificate = StrCat("0:", fault.arguments[1]);
    reg_.by_certificate.erase(reg_.accounts[line.account].certificate);
    Enter(line.account, line.certificate);
  } else {
    // In the file only: the register goes on under the number that the distributor has, or nobody would find anything.
    line.moved_to = TradingAccount(fault.arguments[1]);
  }
  line.serial = ++serial_;
  lines->push_back(std::move(line));
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
