// What the agent starts by itself, and the way of dividends that holders choose: the register moves, and a line says so.
#include <algorithm>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "tools/ta_sim/judge.h"

namespace fundcore::ta_sim {

using ofd::BusinessCode;

// 0339 from the registration day to the payment of a dividend, 0505 for a second choice on one day.
Judge::Outcome Judge::ChooseWay(Line& line, const FundTerms& fund) {
  for (const DividendTerms& d : fund.dividends) {
    if (d.registration <= line.day && line.day <= d.pay_date) return "0339";
  }
  Attached& attached = reg_.attached[{line.account, line.trading, line.fund, line.share_class}];
  if (attached.way_changed == line.day) return "0505";
  attached.way_changed = line.day;
  PositionOf(line).dividend_method = line.dividend_method;
  return {};
}

// 031 at the counter, 088 by a pledge; what pledged units earn is held with them.
Judge::Outcome Judge::FreezeAsked(Line& line) {
  const PositionKey key{line.account, line.trading, line.fund, line.share_class};
  const auto at = reg_.positions.find(key);
  if (at == reg_.positions.end() || !at->second.Total().is_positive()) return "0398";
  const auto attached = reg_.attached.find(key);
  const Shares frozen = attached == reg_.attached.end() ? Shares() : attached->second.frozen;
  if (at->second.Total() - frozen < line.units) return "0001";
  line.frozen_method = line.business == BusinessCode::kPledge ? '1' : '0';
  Attached& to = reg_.attached[key];
  to.frozen += line.units;
  if (line.frozen_method == '1') to.with_fruits += line.units;
  line.confirmed_units = line.units;
  return {};
}

Judge::Outcome Judge::ThawAsked(Line& line) {
  const PositionKey key{line.account, line.trading, line.fund, line.share_class};
  const auto attached = reg_.attached.find(key);
  if (attached == reg_.attached.end() || attached->second.frozen.is_zero()) return "0398";
  if (attached->second.frozen < line.units) return "0504";
  attached->second.frozen -= line.units;
  attached->second.with_fruits -= std::min(attached->second.with_fruits, line.units);
  line.confirmed_units = line.units;
  thawed_.push_back(key);
  return {};
}

absl::Status Judge::Initiate(const Fault& fault, std::vector<Line>* lines) {
  const auto code = ofd::ParseBusinessCode(fault.arguments[0]);
  const std::string& who = fault.arguments[1];
  const FundTerms* fund = config_.Find(FundCode::FromRaw(fault.arguments[2]));
  FC_ASSIGN_OR_RETURN(const Shares units, Shares::Parse(fault.arguments[3]));
  const std::string words = fault.arguments[4] + "------";
  const auto bound = reg_.by_trading.find(TradingAccount::FromRaw(who));
  if (!code || !fund || bound == reg_.by_trading.end()) {
    return absl::InvalidArgumentError(StrCat("initiated: ", fault.arguments[0], " for ", who, " and fund ", fault.arguments[2],
                                             ": such a business, account or fund is not known; ask ta_sim report"));
  }
  const PositionKey key{bound->second, bound->first, fund->code, '0'};
  Line line{.trading = key.trading, .account = key.account, .fund = key.fund, .share_class = key.share_class};
  const auto word = [&](size_t i) { return words[i] == '-' ? ' ' : words[i]; };
  line.frozen_cause = word(0);
  line.frozen_method = word(1);
  line.adjustment = word(2);
  line.dividend_method = word(3);
  line.direction = word(4);
  line.reason = word(5);
  line.confirmation = *code;
  FC_ASSIGN_OR_RETURN(line.day, config_.CalendarOf(fund).AddOpenDays(day_, -fund->confirm_days));
  FC_RETURN_IF_ERROR(SetPrice(line, *fund));
  line.units = line.confirmed_units = units;
  Position& position = reg_.positions[key];
  Attached& attached = reg_.attached[key];
  bool thawed = false;
  const bool every_lot = line.adjustment == '3' || line.adjustment == '5' || line.adjustment == '9';
  const bool aged = line.adjustment == '6' || line.adjustment == '7' || line.adjustment == '8';
  const auto come = [&](bool with_age) {
    if (with_age) line.registered = day_.AddDays(-400);
    position.Add(with_age ? line.registered : day_, day_, units);
  };
  const auto take = [&]() -> absl::Status {
    if (TakeAndPrice(*fund, &position.lots, units, line.price, Date(), day_).enough) {
      attached.Fit(position.Total());
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(StrCat("initiated: ", who, " does not hold ", units.ToString(), " units"));
  };
  // More than there is moves what there is, though the line says all of it.
  const auto freeze = [&] {
    const Shares more = std::min(units, position.Total() - attached.frozen);
    attached.frozen += more;
    if (line.frozen_method == '1') attached.with_fruits += more;
  };
  switch (*code) {
    case BusinessCode::kFreezeUnitsConfirmed: freeze(); break;
    case BusinessCode::kUnfreezeUnitsConfirmed: {
      const Shares less = std::min(units, attached.frozen);
      attached.frozen -= less;
      attached.with_fruits -= std::min(attached.with_fruits, less);
      thawed = true;
      break;
    }
    case BusinessCode::kConfirmTitleConfirmed:
    case BusinessCode::kTransferOwnerInConfirmed:
    case BusinessCode::kTransferAgencyInConfirmed:
    case BusinessCode::kFastTransferInConfirmed: come(true); break;
    case BusinessCode::kTransferOwnerOutConfirmed:
    case BusinessCode::kTransferAgencyOutConfirmed:
    case BusinessCode::kFastTransferOutConfirmed: FC_RETURN_IF_ERROR(take()); break;
    case BusinessCode::kTransferOwnerConfirmed:
    case BusinessCode::kTransferAgencyConfirmed:
      if (line.direction == '1') come(true);
      if (line.direction == '0') FC_RETURN_IF_ERROR(take());
      break;
    case BusinessCode::kForcedIncrease:
      if (every_lot && position.Total().is_positive()) {
        position.Scale(position.Total() + units);
      } else {
        come(aged);
      }
      break;
    case BusinessCode::kForcedDecrease:
      if (every_lot) {
        position.Scale(position.Total() - units);
      } else {
        FC_RETURN_IF_ERROR(take());
      }
      break;
    case BusinessCode::kForcedRedemption:
    case BusinessCode::kLiquidation:
    case BusinessCode::kTermination: {
      const Redeemed redeemed = TakeAndPrice(*fund, &position.lots, units, line.price, Date(), day_);
      if (!redeemed.enough) {
        return absl::InvalidArgumentError(StrCat("initiated: ", who, " does not hold ", units.ToString(), " units"));
      }
      // A court takes frozen units, too; at the end of a fund nothing is kept back, and no fee for leaving early.
      attached.Fit(position.Total());
      const bool forced = *code == BusinessCode::kForcedRedemption;
      line.confirmed_amount = forced ? redeemed.net : redeemed.gross;
      line.fee = forced ? redeemed.fee : Yuan();
      line.fund_part = forced ? redeemed.fund_part : Yuan();
      FC_RETURN_IF_ERROR(AddCash(line, *fund, 124, true, line.confirmed_amount));
      break;
    }
    case BusinessCode::kSetDividendMethodConfirmed:
      if (line.dividend_method == '0' || line.dividend_method == '1') position.dividend_method = line.dividend_method;
      break;
    default:
      if (static_cast<int>(*code) == 188) freeze();  // the confirmation of a pledge has no enumerator of its own
      break;
  }
  // Units for a money fund's income are paid out of what was earned.
  if (line.adjustment == '4') {
    const Yuan worth = Yuan::FromRaw(*code == BusinessCode::kForcedIncrease ? units.raw() : -units.raw());
    reg_.earned[key].unpaid -= worth;
  }
  line.balance = position.Total();
  line.frozen = attached.frozen;
  line.serial = ++serial_;
  lines->push_back(line);
  return thawed ? PayHeld(key, *fund, lines) : absl::OkStatus();
}

// 140 and 141: money of an order after its result. The units stand.
absl::Status Judge::OrderMoney(const Fault& fault, std::vector<Line>* lines) {
  const bool back = fault.kind == FaultKind::kRefundsOrder;
  const FundTerms* fund = config_.Find(FundCode::FromRaw(fault.arguments[2]));
  const auto bound = reg_.by_trading.find(TradingAccount::FromRaw(fault.arguments[1]));
  if (!fund || bound == reg_.by_trading.end()) {
    return absl::InvalidArgumentError(StrCat("refund, asks-more: account ", fault.arguments[1], " or fund ", fault.arguments[2],
                                             " is not known; ask ta_sim report"));
  }
  Line line{.sheet = SheetNo::FromRaw(fault.arguments[0]), .trading = bound->first, .account = bound->second, .fund = fund->code};
  line.confirmation = back ? BusinessCode::kRefundConfirmed : static_cast<BusinessCode>(141);
  FC_ASSIGN_OR_RETURN(line.confirmed_amount, Yuan::Parse(fault.arguments[3]));
  FC_ASSIGN_OR_RETURN(line.day, config_.CalendarOf(fund).AddOpenDays(day_, -fund->confirm_days));
  FC_RETURN_IF_ERROR(SetPrice(line, *fund));
  if (back) line.refund = line.confirmed_amount;
  const auto position = reg_.positions.find({line.account, line.trading, line.fund, line.share_class});
  if (position != reg_.positions.end()) line.balance = position->second.Total();
  line.serial = ++serial_;
  FC_RETURN_IF_ERROR(AddCash(line, *fund, back ? 140 : 141, back, line.confirmed_amount));
  lines->push_back(std::move(line));
  return absl::OkStatus();
}

// 154: money that fits nothing here. Nothing in the register is about it; it goes back with the days of a redemption.
absl::Status Judge::VoidPayment(const Fault& fault, std::vector<Line>* lines) {
  const FundTerms* fund = config_.Find(FundCode::FromRaw(fault.arguments[2]));
  if (!fund) return absl::InvalidArgumentError(StrCat("void: fund ", fault.arguments[2], " is not known; name another"));
  Line line{.fund = fund->code};
  if (fault.arguments[0] != "-") line.sheet = SheetNo::FromRaw(fault.arguments[0]);
  if (fault.arguments[1] != "-") {
    line.trading = TradingAccount::FromRaw(fault.arguments[1]);
    if (const auto bound = reg_.by_trading.find(line.trading); bound != reg_.by_trading.end()) line.account = bound->second;
  }
  line.confirmation = static_cast<BusinessCode>(154);
  FC_ASSIGN_OR_RETURN(line.confirmed_amount, Yuan::Parse(fault.arguments[3]));
  FC_ASSIGN_OR_RETURN(line.day, config_.CalendarOf(fund).AddOpenDays(day_, -fund->confirm_days));
  line.price = NavOf(config_, *fund, line.day).value_or(Price());
  line.refund = line.confirmed_amount;
  line.note = "received without an application";
  line.serial = ++serial_;
  FC_RETURN_IF_ERROR(AddCash(line, *fund, 154, true, line.confirmed_amount));
  lines->push_back(std::move(line));
  return absl::OkStatus();
}

// What the thawed units had earned follows them at once.
absl::Status Judge::PayHeld(const PositionKey& key, const FundTerms& fund, std::vector<Line>* lines) {
  Attached& attached = reg_.attached[key];
  if (attached.held.is_zero() && attached.held_units.is_zero()) return absl::OkStatus();
  Line line{.trading = key.trading, .account = key.account, .fund = key.fund, .share_class = key.share_class};
  line.confirmation = BusinessCode::kFrozenDividendReleased;
  FC_ASSIGN_OR_RETURN(line.day, config_.CalendarOf(&fund).AddOpenDays(day_, -fund.confirm_days));
  FC_RETURN_IF_ERROR(SetPrice(line, fund));
  line.confirmed_amount = attached.held;
  line.confirmed_units = attached.held_units;
  attached.frozen -= attached.held_units;
  attached.with_fruits -= std::min(attached.with_fruits, attached.held_units);
  attached.held = Yuan();
  attached.held_units = Shares();
  line.balance = reg_.positions[key].Total();
  line.frozen = attached.frozen;
  line.serial = ++serial_;
  FC_RETURN_IF_ERROR(AddCash(line, fund, 143, true, line.confirmed_amount));
  lines->push_back(std::move(line));
  return absl::OkStatus();
}

}  // namespace fundcore::ta_sim
