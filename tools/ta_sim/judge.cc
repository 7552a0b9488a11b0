// Decisions of the agent. Refusals come first, in the order in which they are checked; the register changes last.
#include "tools/ta_sim/judge.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore::ta_sim {

using ofd::BusinessCode;

absl::StatusOr<Date> DueDay(const TaConfig& config, const FundTerms* fund, Date day) {
  const TradingCalendar& own = config.CalendarOf(fund);
  FC_ASSIGN_OR_RETURN(const bool open, own.IsOpen(day));
  if (fund && open) return own.AddOpenDays(day, fund->confirm_days);
  return config.CalendarOf(nullptr).Next(day);
}

Judge::Judge(const TaConfig& config, const Files& exchange, Date answer_day, Date previous, std::span<const Fault> faults,
             Register* reg)
    : config_(config), exchange_(exchange), day_(answer_day), previous_(previous), faults_(faults), used_(faults.size()), reg_(*reg) {}

absl::StatusOr<std::vector<Date>> Judge::DaysDue(const FundTerms& fund) const {
  std::vector<Date> days;
  const TradingCalendar& calendar = config_.CalendarOf(&fund);
  for (Date day = day_.AddDays(-60); day < day_; day = day.AddDays(1)) {
    if (day < calendar.first()) continue;
    FC_ASSIGN_OR_RETURN(const bool open, calendar.IsOpen(day));
    if (!open) continue;
    FC_ASSIGN_OR_RETURN(const Date due, DueDay(config_, &fund, day));
    if (due == day_ || (previous_.is_set() && due > previous_ && due < day_)) days.push_back(day);
  }
  return days;
}

const Fault* Judge::FaultOf(FaultKind kind, const Line& line, size_t number) {
  for (size_t i = 0; i < faults_.size(); ++i) {
    const Fault& fault = faults_[i];
    if (fault.kind != kind) continue;
    const std::string& which = fault.arguments[0];
    const bool by_original = line.file == Line::kNoFile && which == line.original.view();
    const bool meant = which[0] == '#' ? which == StrCat("#", number) : which == line.sheet.view() || by_original;
    if (!meant) continue;
    used_[i] = true;
    return &fault;
  }
  return nullptr;
}

absl::Status Judge::CheckFaultsUsed() const {
  for (size_t i = 0; i < faults_.size(); ++i) {
    const FaultKind kind = faults_[i].kind;
    const bool names_line =
        kind == FaultKind::kRefuse || kind == FaultKind::kPartial || kind == FaultKind::kWrongRegister ||
        kind == FaultKind::kInterest;
    if (!names_line || used_[i]) continue;
    return absl::InvalidArgumentError(StrCat("a fault names line ", faults_[i].arguments[0], ", which the answer of ",
                                             day_.Iso(), " does not have or which is refused; name another"));
  }
  return absl::OkStatus();
}

Position& Judge::PositionOf(const Line& line) {
  const auto [at, fresh] = reg_.positions.try_emplace({line.account, line.trading, line.fund, line.share_class});
  if (fresh) new_positions_.insert(at->first);
  return at->second;
}

// ---- Accounts.

void Judge::Enter(const TaAccountId& account, const std::string& certificate) {
  reg_.accounts[account].certificate = certificate;
  if (!certificate.empty()) reg_.by_certificate[certificate] = account;
}

const TaAccountId* Judge::AccountOfCertificate(const std::string& certificate) {
  auto it = reg_.by_certificate.find(certificate);
  if (it != reg_.by_certificate.end()) return &it->second;
  for (const std::string& entry : config_.registered_elsewhere) {
    const RegisteredElsewhere r = SplitRegistered(entry);
    if (r.certificate != certificate) continue;
    if (r.account.empty()) {
      Line line;
      OpenAccount(line, certificate);
    } else {
      Enter(r.account, certificate);
    }
    return &reg_.by_certificate.at(certificate);
  }
  return nullptr;
}

const Account* Judge::AccountOfNumber(const TaAccountId& number) {
  auto it = reg_.accounts.find(number);
  if (it != reg_.accounts.end()) return &it->second;
  for (const std::string& entry : config_.registered_elsewhere) {
    const RegisteredElsewhere r = SplitRegistered(entry);
    if (r.account != number) continue;
    Enter(r.account, std::string(r.certificate));
    return &reg_.accounts.at(number);
  }
  return nullptr;
}

bool Judge::TakeInvestor(const Line& line) {
  if (!config_.take_unknown.value_or(false) || line.account.empty()) return false;
  const Account* known = AccountOfNumber(line.account);
  if (known && known->closed) return false;
  if (!known) Enter(line.account, "");
  reg_.by_trading[line.trading] = line.account;
  ++taken_accounts_;
  return true;
}

std::vector<std::string> Judge::Taken() const {
  std::vector<std::string> said;
  if (taken_accounts_ > 0) {
    said.push_back(StrCat("trading accounts not known here, taken as registered under the fund account that their "
                          "applications name: ", taken_accounts_));
  }
  if (!taken_holdings_.empty()) {
    said.push_back(StrCat("holdings not known here, taken as held so that they can be redeemed: ",
                          taken_holdings_.size(), ", of ", taken_units_.ToString(), " units together"));
  }
  return said;
}

void Judge::OpenAccount(Line& line, const std::string& certificate) {
  const std::string_view ta = config_.ta.view().substr(0, 2);
  do {  // a number that the configuration has given away is passed over
    const std::string number = absl::StrFormat("%0*d", static_cast<int>(12 - ta.size()), ++reg_.accounts_opened);
    line.account = TaAccountId(StrCat(ta, number));
  } while (AccountOfNumber(line.account));
  Enter(line.account, certificate);
}

bool Judge::HoldsUnits(const TaAccountId& account, const TradingAccount* trading) const {
  for (auto it = reg_.positions.lower_bound({.account = account, .share_class = '\0'}); it != reg_.positions.end();
       ++it) {
    if (it->first.account != account) return false;
    if (trading && it->first.trading != *trading) continue;
    if (it->second.Total().is_positive()) return true;
  }
  return false;
}

Judge::Outcome Judge::DecideAccount(Line& line) {
  if (const Fault* fault = FaultOf(FaultKind::kRefuse, line, 0)) return fault->arguments[1];
  auto bound = reg_.by_trading.find(line.trading);
  if (line.business == BusinessCode::kOpenAccount) {
    if (bound != reg_.by_trading.end()) return "0392";
    if (line.certificate.size() < 2 || line.certificate.back() == ':') return "0100";
    if (const TaAccountId* there = AccountOfCertificate(line.certificate)) {
      if (config_.when_registered.view() != "0000") return config_.when_registered.view();
      line.account = *there;
    } else {
      OpenAccount(line, line.certificate);
    }
    reg_.by_trading[line.trading] = line.account;
    return {};
  }
  if (line.business == BusinessCode::kAddTradingAccount) {
    if (bound != reg_.by_trading.end()) return "0392";
    if (line.account.empty()) {
      const TaAccountId* there = AccountOfCertificate(line.certificate);
      if (!there) return "0316";
      line.account = *there;
    }
    const Account* account = AccountOfNumber(line.account);
    if (!account && TakeInvestor(line)) return {};
    if (!account) return "0316";
    if (account->closed) return "0308";
    reg_.by_trading[line.trading] = line.account;
    return {};
  }
  if (line.business == BusinessCode::kChangeTradingAccount) return Move(line);
  return DecideStanding(line);
}

void Judge::Accounts(std::vector<Line>* lines) {
  for (Line& line : *lines) {
    const auto confirmations = ofd::ConfirmationsOf(line.business);
    line.confirmation =
        confirmations.empty() ? static_cast<BusinessCode>(static_cast<int>(line.business) + 100) : confirmations[0];
    if (const Outcome refused = DecideAccount(line)) line.code = ReturnCode(*refused);
    line.serial = ++serial_;
    const bool opens = line.business == BusinessCode::kOpenAccount || line.business == BusinessCode::kAddTradingAccount;
    if (!opens) continue;
    if (!line.refused()) {
      const auto before = reg_.refused.find(line.trading);
      if (before == reg_.refused.end()) continue;
      reg_.opened_late[line.trading] = {line.day, before->second};
      reg_.refused.erase(before);
    } else if (!reg_.by_trading.count(line.trading)) {
      reg_.refused[line.trading] = line.code;
    }
  }
  for (const Fault& fault : faults_) {
    if (fault.kind == FaultKind::kOwnAccount) DoOwn(fault, lines);
    if (fault.kind == FaultKind::kOwnData || fault.kind == FaultKind::kOwnMove) ChangeOwn(fault, lines);
  }
}

// ---- Dividends.

absl::Status Judge::Dividends(std::vector<DividendLine>* lines) {
  for (const FundTerms& fund : config_.funds) {
    if (fund.dividends.empty()) continue;
    FC_ASSIGN_OR_RETURN(const std::vector<Date> due, DaysDue(fund));
    for (const DividendTerms& terms : fund.dividends) {
      if (std::find(due.begin(), due.end(), terms.registration) == due.end()) continue;
      for (auto& [key, position] : reg_.positions) {
        const Shares basis = position.Total();
        if (key.fund != fund.code || !basis.is_positive()) continue;
        DividendLine line{.key = key, .fund = &fund, .terms = &terms, .basis = basis};
        line.amount = PerUnits(basis, terms.amount, terms.per_units, fund.rounding.value);
        line.method = position.dividend_method ? position.dividend_method : fund.default_dividend;
        const std::optional<Price> nav = NavOf(config_, fund, terms.ex_date);
        line.price = nav.value_or(Price());
        Attached* attached = nullptr;
        if (const auto at = reg_.attached.find(key); at != reg_.attached.end()) attached = &at->second;
        if (attached) line.frozen = attached->frozen;
        const Yuan held = attached ? PerUnits(attached->with_fruits, terms.amount, terms.per_units, fund.rounding.value) : Yuan();
        if (line.method == '0') {
          if (!nav) {
            return absl::FailedPreconditionError(StrCat("fund ", fund.code.view(), " has no NAV for its ex-date ",
                                                        terms.ex_date.Iso(),
                                                        ", at which dividends are reinvested; add it"));
          }
          line.reinvested = Divide(line.amount, *nav, fund.rounding.units);
          if (line.reinvested.is_positive()) position.Add(day_, day_, line.reinvested);
          line.held_units = Divide(held, *nav, fund.rounding.units);
        } else {
          line.held = held;
          const Yuan paid = line.amount - held;
          if (paid.is_positive()) cash_[{fund.code, terms.registration, 143, true, terms.pay_date}] += paid;
        }
        if (attached) {
          attached->held += line.held;
          attached->held_units += line.held_units;
          attached->frozen += line.held_units;
          attached->with_fruits += line.held_units;
        }
        line.serial = ++serial_;
        lines->push_back(std::move(line));
      }
    }
  }
  return absl::OkStatus();
}

// ---- Trades.

absl::Status Judge::AddCash(const Line& line, const FundTerms& fund, uint16_t business, bool to_distributor,
                            Yuan amount) {
  if (amount.is_zero()) return absl::OkStatus();
  const TradingCalendar& calendar = config_.CalendarOf(&fund);
  const int days = to_distributor ? fund.redemption_pay_days : fund.purchase_pay_days;
  const Date from = business == 130 ? day_ : line.day;
  FC_ASSIGN_OR_RETURN(const Date pay, calendar.AddOpenDays(from, days));
  cash_[{line.fund, line.day, business, to_distributor, pay}] += amount;
  return absl::OkStatus();
}

std::vector<CashLine> Judge::Cash() const {
  std::vector<CashLine> lines;
  for (const auto& [key, amount] : cash_) {
    const auto& [fund, trade_day, business, to_distributor, pay] = key;
    lines.push_back({trade_day, day_, pay, fund, business, to_distributor, amount});
  }
  return lines;
}

Judge::Outcome Judge::Identify(Line& line, const LineRef& ref) {
  if (line.file != Line::kNoFile) {  // else it was kept for a later day, and has been identified before
    const auto [entry, fresh] = reg_.answered.try_emplace(line.sheet, ref);
    if (!fresh) {
      reg_.repeated[ref] = true;
      return "0354";
    }
  }
  auto bound = reg_.by_trading.find(line.trading);
  if (bound == reg_.by_trading.end() && !reg_.refused.count(line.trading) && TakeInvestor(line)) {
    bound = reg_.by_trading.find(line.trading);
  }
  if (bound == reg_.by_trading.end()) {
    const auto refused = reg_.refused.find(line.trading);
    if (refused != reg_.refused.end()) return refused->second.view();
    return "0316";
  }
  const auto late = reg_.opened_late.find(line.trading);
  if (late != reg_.opened_late.end() && ref.day < late->second.from) return late->second.refused.view();
  if (!line.account.empty() && line.account != bound->second) return "0518";
  line.account = bound->second;
  return Barred(line.account);
}

Judge::Outcome Judge::CheckFund(const FundTerms* fund, const Line& line, Date file_day) const {
  if (!fund) return "0200";
  if (line.day != file_day) return "0201";
  switch (line.business) {
    case BusinessCode::kReserveSubscribe:
    case BusinessCode::kReservePurchase:
    case BusinessCode::kReserveRedeem:
    case BusinessCode::kCancelReservation: return {};  // looked at when their day has come
    default: break;
  }
  const auto open = config_.CalendarOf(fund).IsOpen(line.day);
  if (!open.ok() || !*open) return "0006";
  const char status = StatusOf(*fund, line.day);
  switch (line.business) {
    case BusinessCode::kAdjustSubscription:
    case BusinessCode::kSubscribe:
      if (status != '1' || !fund->offer) return "0317";
      if (fund->offer->last_day.is_set() && line.day > fund->offer->last_day) return "0420";
      return CheckSubscription(line, *fund);
    case BusinessCode::kPurchase:
    case BusinessCode::kPlanPurchase:
      if (status == '1') return "0318";
      if (status == '4') return "0380";
      if (status == '5') return "0381";
      break;
    case BusinessCode::kRedeem:
    case BusinessCode::kPlanRedeem:
      if (status == '1') return "0319";
      if (status == '4') return "0380";
      if (status == '6') return "0382";
      if (line.units < fund->min_redemption) return "0341";
      break;
    case BusinessCode::kOpenPlan:
    case BusinessCode::kChangePlan:
    case BusinessCode::kClosePlan:
      if (!config_.keeps_plans) return "0103";
      if (status == '8' && line.business != BusinessCode::kClosePlan) return "0376";
      return {};
    case BusinessCode::kConvert:
    case BusinessCode::kConvertIn:
    case BusinessCode::kConvertOut:
      if (const Outcome refused = CheckConversion(line, *fund)) return refused;
      break;
    case BusinessCode::kCancel: return {};
    case BusinessCode::kSetDividendMethod:
      if (line.dividend_method != '0' && line.dividend_method != '1') return "0350";
      return {};
    case BusinessCode::kTransferAgency:
    case BusinessCode::kTransferAgencyIn:
    case BusinessCode::kTransferAgencyOut:
    case BusinessCode::kFastTransferOut:
    case BusinessCode::kFastTransferIn:
      if (line.to_distributor.empty()) return "0211";
      if (line.to_distributor == config_.distributor.view()) return "0326";
      if (!line.units.is_positive()) return "0206";
      return {};
    case BusinessCode::kFastRedeem:  // to the bank that has paid for them
      if (line.to_distributor.empty()) return "0211";
      if (!line.units.is_positive()) return "0206";
      return {};
    case BusinessCode::kTransferOwner:
    case BusinessCode::kTransferOwnerIn:
    case BusinessCode::kTransferOwnerOut:
      if (line.moved_to.empty() || line.moved_to == line.trading) return "0386";
      if (!line.units.is_positive()) return "0206";
      return {};
    case BusinessCode::kFreezeUnits:
    case BusinessCode::kUnfreezeUnits:
    case BusinessCode::kPledge:
    case BusinessCode::kConfirmTitle:
      if (!line.units.is_positive()) return "0206";
      return {};
    default: return "0103";
  }
  if (status == '8') return "0376";
  if (status == '9') return "0005";
  return {};
}

Judge::Outcome Judge::DecidePlan(const Line& line) {
  const auto known = reg_.plans.find(line.protocol);
  if (line.business == BusinessCode::kOpenPlan) {
    if (line.protocol.empty()) return "0503";
    if (known != reg_.plans.end()) return "0499";
    if (!line.amount.is_positive() && !line.units.is_positive()) return "0443";
    reg_.plans[line.protocol] = {line.account, line.fund, line.amount, line.units, line.ration_type, false};
    return {};
  }
  if (known == reg_.plans.end() || known->second.account != line.account || known->second.fund != line.fund) return "0503";
  if (known->second.ended) return "0445";
  if (line.business == BusinessCode::kClosePlan) {
    known->second.ended = true;
    return {};
  }
  known->second.amount = line.amount;
  known->second.units = line.units;
  known->second.ration_type = line.ration_type;
  return {};
}

Judge::Outcome Judge::CheckDebit(const Line& line) const {
  if (!config_.keeps_plans) return {};
  const auto known = reg_.plans.find(line.protocol);
  if (known == reg_.plans.end() || known->second.account != line.account || known->second.fund != line.fund) return "0503";
  const PlanKept& plan = known->second;
  if (plan.ended) return "0445";
  if (plan.ration_type != '1' && (plan.amount != line.amount || plan.units != line.units)) return "0446";
  return {};
}

absl::Status Judge::SetPrice(Line& line, const FundTerms& fund) const {
  const std::optional<Price> nav = NavOf(config_, fund, line.day);
  if (!nav) {
    return absl::FailedPreconditionError(StrCat("fund ", fund.code.view(), " has no NAV for ", line.day.Iso(),
                                                ", which order ", line.sheet.view(),
                                                " needs; add it to the agent's configuration"));
  }
  line.price = *nav;
  return absl::OkStatus();
}

absl::StatusOr<Judge::Outcome> Judge::Buy(Line& line, const FundTerms& fund, size_t number) {
  if (!line.amount.is_positive()) return "0207";
  Yuan amount = line.amount;
  if (const Fault* fault = FaultOf(FaultKind::kPartial, line, number)) {
    FC_ASSIGN_OR_RETURN(amount, Yuan::Parse(fault->arguments[1]));
    if (amount > line.amount) {
      return absl::InvalidArgumentError(StrCat("fault partial gives order ", line.sheet.view(), " more than its ",
                                               line.amount.ToString(), "; give less"));
    }
  }
  FC_RETURN_IF_ERROR(SetPrice(line, fund));
  const Bought bought = PricePurchase(fund, amount, line.price, line.discount);
  if (!bought.units.is_positive()) return "0402";
  line.confirmed_amount = amount - bought.refund;
  line.refund = line.amount - line.confirmed_amount;
  line.confirmed_units = bought.units;
  line.fee = bought.fee;
  line.rate = bought.rate;
  if (const Fault* fault = FaultOf(FaultKind::kWrongRegister, line, number)) {
    FC_ASSIGN_OR_RETURN(const Shares delta, Shares::Parse(fault->arguments[1]));
    line.confirmed_units += delta;
  }
  AddLot(&PositionOf(line).lots, {day_, day_, line.confirmed_units});
  const Yuan paid = config_.net_of_fee ? line.confirmed_amount - line.fee : line.confirmed_amount;
  FC_RETURN_IF_ERROR(AddCash(line, fund, static_cast<uint16_t>(line.confirmation), false, paid));
  return Outcome();
}

absl::StatusOr<Judge::Outcome> Judge::Redeem(Line& line, const FundTerms& fund, size_t number) {
  if (!line.units.is_positive()) return "0206";
  Shares units = line.units;
  if (const Fault* fault = FaultOf(FaultKind::kPartial, line, number)) {
    FC_ASSIGN_OR_RETURN(units, Shares::Parse(fault->arguments[1]));
    if (units > line.units) {
      return absl::InvalidArgumentError(StrCat("fault partial gives order ", line.sheet.view(), " more than its ",
                                               line.units.ToString(), " units; give less"));
    }
  }
  const PositionKey key{line.account, line.trading, line.fund, line.share_class};
  if (config_.take_unknown.value_or(false) && (!reg_.positions.count(key) || new_positions_.count(key))) {
    // Held for a year, so that no fee for short holding falls on what was made up.
    constexpr int kHeldDays = 365;
    const Date since = line.day.AddDays(-kHeldDays);
    PositionOf(line).Add(since, since, units);
    taken_holdings_.insert(key);
    taken_units_ += units;
  }
  const auto found = reg_.positions.find(key);
  if (found == reg_.positions.end()) return "0001";
  if (const auto at = reg_.attached.find(key); at != reg_.attached.end() && found->second.Total() - at->second.frozen < units) {
    return "0001";
  }
  FC_RETURN_IF_ERROR(SetPrice(line, fund));
  const Shares held = found->second.Total();
  const Redeemed redeemed = TakeAndPrice(fund, &found->second.lots, units, line.price, line.day, day_);
  if (!redeemed.enough) return "0001";
  line.confirmed_units = units;
  line.confirmed_amount = redeemed.net + IncomeOut(key, fund, held, units);
  line.fee = redeemed.fee;
  line.fund_part = redeemed.fund_part;
  line.rate = redeemed.rate;
  if (const Fault* fault = FaultOf(FaultKind::kWrongRegister, line, number)) {
    FC_ASSIGN_OR_RETURN(const Shares delta, Shares::Parse(fault->arguments[1]));
    if (!TakeAndPrice(fund, &found->second.lots, delta, line.price, line.day, day_).enough) {
      return absl::InvalidArgumentError(
          StrCat("fault wrong-register takes more than order ", line.sheet.view(), " leaves; give less"));
    }
    line.confirmed_units += delta;
  }
  FC_RETURN_IF_ERROR(AddCash(line, fund, 124, true, line.confirmed_amount));
  return Outcome();
}

absl::Status Judge::DecideTrade(Line& line, const LineRef& ref, size_t number) {
  const auto confirmations = ofd::ConfirmationsOf(line.business);
  line.confirmation =
      confirmations.empty() ? static_cast<BusinessCode>(static_cast<int>(line.business) + 100) : confirmations[0];
  const FundTerms* fund = config_.Find(line.fund);
  const Fault* refuse = FaultOf(FaultKind::kRefuse, line, number);
  Outcome refused = Identify(line, ref);
  if (!refused) refused = CheckFund(fund, line, ref.day);
  if (!refused && (line.business == BusinessCode::kPlanPurchase || line.business == BusinessCode::kPlanRedeem))
    refused = CheckDebit(line);
  if (!refused && refuse) refused = refuse->arguments[1];
  const bool waits = !refused && MayBeCut(fund, line, number);
  if (waits) refused = CheckRedeemed(line, *fund);
  if (waits && !refused) return absl::OkStatus();  // decided with the others of its day
  if (!refused) {
    switch (line.business) {
      case BusinessCode::kOpenPlan:
      case BusinessCode::kChangePlan:
      case BusinessCode::kClosePlan: refused = DecidePlan(line); break;
      case BusinessCode::kSubscribe:
        line.confirmed_amount = line.amount;
        line.price = fund->offer->face;
        reg_.subscriptions.push_back({line.sheet, line.fund, line.account, line.trading, line.amount, line.discount,
                                      line.day, line.share_class, line.holder, line.units});
        break;
      case BusinessCode::kAdjustSubscription: {
        FC_ASSIGN_OR_RETURN(refused, Adjust(line, *fund, number));
        break;
      }
      case BusinessCode::kCancel: refused = Withdraw(line); break;
      case BusinessCode::kCancelReservation: refused = GiveUp(line); break;
      case BusinessCode::kReserveSubscribe:
      case BusinessCode::kReservePurchase:
      case BusinessCode::kReserveRedeem: refused = Keep(line, *fund); break;
      case BusinessCode::kSetDividendMethod: refused = ChooseWay(line, *fund); break;
      case BusinessCode::kFreezeUnits:
      case BusinessCode::kPledge: refused = FreezeAsked(line); break;
      case BusinessCode::kUnfreezeUnits: refused = ThawAsked(line); break;
      case BusinessCode::kTransferAgency:
      case BusinessCode::kTransferAgencyOut:
      case BusinessCode::kTransferOwner:
      case BusinessCode::kTransferOwnerOut:
      case BusinessCode::kFastTransferOut:
      case BusinessCode::kFastRedeem: {
        FC_ASSIGN_OR_RETURN(refused, MoveAsked(line, *fund, number));
        break;
      }
      case BusinessCode::kTransferAgencyIn:
      case BusinessCode::kFastTransferIn:
      case BusinessCode::kTransferOwnerIn:
      case BusinessCode::kConfirmTitle: {
        FC_ASSIGN_OR_RETURN(refused, BringAsked(line, *fund, number));
        break;
      }
      case BusinessCode::kConvert:
      case BusinessCode::kConvertOut: {
        FC_ASSIGN_OR_RETURN(refused, Convert(line, *fund, number));
        break;
      }
      case BusinessCode::kConvertIn: {
        FC_ASSIGN_OR_RETURN(refused, EnterFromElsewhere(line, *fund));
        break;
      }
      case BusinessCode::kPurchase:
      case BusinessCode::kPlanPurchase: {
        FC_ASSIGN_OR_RETURN(refused, Buy(line, *fund, number));
        break;
      }
      default: {
        FC_ASSIGN_OR_RETURN(refused, Redeem(line, *fund, number));
      }
    }
  }
  if (refused) line.code = ReturnCode(*refused);
  if (fund && line.price.is_zero()) line.price = NavOf(config_, *fund, line.day).value_or(Price());
  const auto position = reg_.positions.find({line.account, line.trading, line.fund, line.share_class});
  if (position != reg_.positions.end()) line.balance = position->second.Total();
  if (const auto at = reg_.attached.find({line.account, line.trading, line.fund, line.share_class}); at != reg_.attached.end()) line.frozen = at->second.frozen;
  line.serial = ++serial_;
  return absl::OkStatus();
}

absl::Status Judge::Force(const Fault& fault, std::vector<Line>* lines) {
  const std::string& who = fault.arguments[0];
  FC_ASSIGN_OR_RETURN(const Shares units, Shares::Parse(fault.arguments[2]));
  const FundTerms* fund = config_.Find(FundCode::FromRaw(fault.arguments[1]));
  for (auto& [key, position] : reg_.positions) {
    if (!fund || key.fund != fund->code || (key.account.view() != who && key.trading.view() != who)) continue;
    Line line{.trading = key.trading, .account = key.account, .fund = key.fund, .share_class = key.share_class};
    FC_ASSIGN_OR_RETURN(line.day, config_.CalendarOf(fund).AddOpenDays(day_, -fund->confirm_days));
    FC_RETURN_IF_ERROR(SetPrice(line, *fund));
    const Shares held = position.Total();
    const Redeemed redeemed = TakeAndPrice(*fund, &position.lots, units, line.price, Date(), day_);
    if (!redeemed.enough) continue;
    if (const auto at = reg_.attached.find(key); at != reg_.attached.end()) {
      at->second.Fit(position.Total());
      line.frozen = at->second.frozen;
    }
    line.confirmation = BusinessCode::kForcedRedemption;
    line.units = line.confirmed_units = units;
    line.confirmed_amount = redeemed.net + IncomeOut(key, *fund, held, units);
    line.fee = redeemed.fee;
    line.fund_part = redeemed.fund_part;
    line.rate = redeemed.rate;
    line.balance = position.Total();
    line.serial = ++serial_;
    FC_RETURN_IF_ERROR(AddCash(line, *fund, 124, true, line.confirmed_amount));
    lines->push_back(std::move(line));
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(StrCat("forced redemption: account ", who, " does not hold ", units.ToString(),
                                           " units of ", fault.arguments[1], "; ask ta_sim report what it holds"));
}

absl::Status Judge::Trades(std::span<const InFile> files, std::vector<Line>* lines) {
  RememberUnits();
  for (size_t i = 0; i < lines->size(); ++i) {
    Line& line = (*lines)[i];
    const InFile& file = files[line.file];
    FC_RETURN_IF_ERROR(DecideTrade(line, {file.day, file.transfer, true, line.at}, i + 1));
    if (!arrivals_.empty()) {
      i = Arrive(lines, i);
      continue;
    }
    if (line.business != BusinessCode::kConvert || !config_.converts_in_pairs) continue;
    // The same said in two lines: what left, and what entered.
    Line in = line;
    line.confirmation = BusinessCode::kConvertOutConfirmed;
    in.confirmation = BusinessCode::kConvertInConfirmed;
    std::swap(in.fund, in.target);
    in.serial = ++serial_;
    if (!line.refused()) {
      in.confirmed_units = line.target_units;
      in.fee = line.difference_fee;
      in.fund_part = Yuan();
      in.price = line.target_price;
      in.target_units = Shares();
      in.target_price = Price();
      line.confirmed_amount += line.difference_fee;
      line.fee -= line.difference_fee;
      in.confirmed_amount = line.confirmed_amount;
      line.difference_fee = Yuan();
      line.target_units = Shares();
      line.target_price = Price();
      const auto there = reg_.positions.find({in.account, in.trading, in.fund, in.share_class});
      if (there != reg_.positions.end()) in.balance = there->second.Total();
    }
    lines->insert(lines->begin() + static_cast<std::ptrdiff_t>(i + 1), std::move(in));
    ++i;
  }
  FC_RETURN_IF_ERROR(ReservationsDue(lines));
  FC_RETURN_IF_ERROR(AllLarge(lines, lines->size()));
  // An answer tells in the order in which units moved: what may be cut is decided after all else of its day.
  std::stable_sort(lines->begin(), lines->end(), [](const Line& a, const Line& b) { return a.serial < b.serial; });
  for (const PositionKey& key : std::exchange(thawed_, {})) FC_RETURN_IF_ERROR(PayHeld(key, *config_.Find(key.fund), lines));
  for (const Fault& fault : faults_)
    if (fault.kind == FaultKind::kAdjusts) FC_RETURN_IF_ERROR(AdjustOwn(fault, lines));
  for (const FundTerms& fund : config_.funds) {
    if (fund.offer && fund.offer->result_day <= day_) FC_RETURN_IF_ERROR(OfferResults(fund, lines));
  }
  for (const Fault& fault : faults_) {
    if (fault.kind == FaultKind::kForced) FC_RETURN_IF_ERROR(Force(fault, lines));
    if (fault.kind == FaultKind::kVoidPayment) FC_RETURN_IF_ERROR(VoidPayment(fault, lines));
    if (fault.kind == FaultKind::kAllot) FC_RETURN_IF_ERROR(Allot(fault, lines));
    if (fault.kind == FaultKind::kInitiated) FC_RETURN_IF_ERROR(Initiate(fault, lines));
    if (fault.kind == FaultKind::kRefundsOrder || fault.kind == FaultKind::kAsksMore)
      FC_RETURN_IF_ERROR(OrderMoney(fault, lines));
  }
  return absl::OkStatus();
}

}  // namespace fundcore::ta_sim
