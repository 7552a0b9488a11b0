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

absl::Status Judge::Initiate(const Fault& fault, std::vector<Line>* lines) {
  const auto code = ofd::ParseBusinessCode(fault.arguments[0]);
  const std::string& who = fault.arguments[1];
  const FundTerms* fund = config_.Find(FundCode::FromRaw(fault.arguments[2]));
  FC_ASSIGN_OR_RETURN(const Shares units, Shares::Parse(fault.arguments[3]));
  const std::string words = fault.arguments[4] + "----";
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
  line.confirmation = *code;
  FC_ASSIGN_OR_RETURN(line.day, config_.CalendarOf(fund).AddOpenDays(day_, -fund->confirm_days));
  FC_RETURN_IF_ERROR(SetPrice(line, *fund));
  line.units = line.confirmed_units = units;
  Position& position = reg_.positions[key];
  Attached& attached = reg_.attached[key];
  bool thawed = false;
  const bool every_lot = line.adjustment == '5' || line.adjustment == '9';
  const auto take = [&]() -> absl::Status {
    if (TakeAndPrice(*fund, &position.lots, units, line.price, Date(), day_).enough) return absl::OkStatus();
    return absl::InvalidArgumentError(StrCat("initiated: ", who, " does not hold ", units.ToString(), " units"));
  };
  switch (*code) {
    case BusinessCode::kFreezeUnitsConfirmed:
    case BusinessCode::kPledge:
      attached.frozen += units;
      if (line.frozen_method == '1') attached.with_fruits += units;
      break;
    case BusinessCode::kUnfreezeUnitsConfirmed: {
      attached.frozen -= units;
      attached.with_fruits -= std::min(attached.with_fruits, units);
      thawed = true;
      break;
    }
    case BusinessCode::kTransferOwnerInConfirmed:
    case BusinessCode::kTransferAgencyInConfirmed:
      line.registered = day_.AddDays(-400);  // they come with an age of their own
      position.Add(line.registered, day_, units);
      break;
    case BusinessCode::kTransferOwnerOutConfirmed:
    case BusinessCode::kTransferAgencyOutConfirmed: FC_RETURN_IF_ERROR(take()); break;
    case BusinessCode::kForcedIncrease:
      if (every_lot) {
        position.Scale(position.Total() + units);
      } else {
        position.Add(day_, day_, units);
      }
      break;
    case BusinessCode::kForcedDecrease:
      if (every_lot) {
        position.Scale(position.Total() - units);
      } else {
        FC_RETURN_IF_ERROR(take());
      }
      break;
    case BusinessCode::kSetDividendMethodConfirmed: position.dividend_method = line.dividend_method; break;
    default:
      // 188 is the confirmation of a pledge, and has no enumerator of its own.
      if (static_cast<int>(*code) == 188) {
        attached.frozen += units;
        if (line.frozen_method == '1') attached.with_fruits += units;
      }
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
