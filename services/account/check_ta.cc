// Judging what an institution starts by itself: forced changes of units, freezes, transfers, ways of dividend. Each line
// sees what the lines before it leave.
#include <algorithm>

#include "services/account/check.h"

namespace fundcore::account {
namespace {

std::string Way(uint8_t way) { return way ? std::string(1, static_cast<char>(way)) : std::string(); }

// Three digits, as in files.
std::string Digits(uint16_t business) {
  std::string s = StrCat(business);
  return s.size() < 3 ? std::string(3 - s.size(), '0') + s : s;
}

// Units that come from elsewhere keep their age where the line gives it.
Date RegisteredOf(const TradeLine& line, const TradeDetail& detail) {
  return detail.registered.is_set() ? detail.registered : line.confirm_day;
}

}  // namespace

HoldingNote& ConfirmationChecker::NoteOf(const TradeLine& line) {
  auto [it, fresh] = notes_.try_emplace({line.investor.raw(), line.fund});
  if (fresh) {
    if (const HoldingNote* note = machine_.FindNote(line.investor, line.fund)) it->second = *note;
  }
  return it->second;
}

void ConfirmationChecker::CheckUnsolicited(const TradeLine& line, const TradeDetail& detail) {
  switch (line.business) {
    case 196:
    case 197: break;
    case 126:
    case 133:
      if (detail.direction != '0' && detail.direction != '1') {
        return Find(line, "DIRECTION_UNKNOWN", "TransferDirection", "0 out or 1 in", Way(detail.direction));
      }
      break;
    case 127:
    case 128:
    case 129:
    case 131:
    case 132:
    case 134:
    case 135:
    case 142:
    case 143:
    case 144:
    case 145:
    case 150:
    case 151:
    case 157:
    case 180:
    case 188: break;
    case 141: return CheckFurtherPayment(line);
    case 149:
      // Interest that follows the money may come under a number of the institution's own; nothing at all fits no order.
      if (line.amount.is_positive()) break;
      [[fallthrough]];
    case 120:
    case 122:
    case 124:
    case 130:
    case 139:
    case 140:
    case 159:
    case 160:
    case 161:
    case 162:
    case 163:
    case 198: return Find(line, "UNKNOWN_ORDER", "AppSheetSerialNo", "", "");
    default: return Find(line, "BUSINESS_NOT_APPLIED", "BusinessCode", "a business that is applied here", Digits(line.business));
  }
  if (IsRefusal(line.return_code)) return;
  const Investor* investor = machine_.FindInvestor(line.investor);
  if (!investor) {
    return Find(line, "UNKNOWN_INVESTOR", "TransactionAccountID", "", FormatInvestorId(line.investor));
  }
  const FundAccount* account = FindFundAccount(*investor, ta_);
  if (account && !account->ta_account.empty() && !line.ta_account.empty() && account->ta_account != line.ta_account) {
    Find(line, "TA_ACCOUNT_DIFFERS", "TAAccountID", account->ta_account.str(), line.ta_account.str());
  }
  switch (line.business) {
    case 129:
      if (detail.dividend_method != kWayReinvest && detail.dividend_method != kWayCash) {
        Find(line, "WAY_UNKNOWN", "DefDividendMethod", "0 or 1", Way(detail.dividend_method));
      }
      return;
    case 131:
    case 188: return CheckFrozen(line);
    case 132: return CheckThawed(line);
    case 157: return CheckHeldPaid(line);
    case 127:
    case 134:
    case 144:
    case 180:
    case 197:
      CheckIncomeUnits(line, detail);
      if (!line.units.is_positive()) return Find(line, "NOTHING_CONFIRMED", "ConfirmedVol", "more than 0.00", line.units.ToString());
      AddLot(HoldingOf(line), {.registered = RegisteredOf(line, detail), .units = line.units,
                               .usable_from = line.confirm_day.AddDays(1), .bought_at = line.nav});
      return;
    case 126:
    case 133:
      if (detail.direction == '0') return CheckTaken(line);
      if (line.units.is_positive()) {
        AddLot(HoldingOf(line), {.registered = RegisteredOf(line, detail), .units = line.units,
                                 .usable_from = line.confirm_day.AddDays(1), .bought_at = line.nav});
      }
      return;
    case 142: CheckForcedProceeds(line, *investor); return CheckTaken(line);
    case 128:
    case 135:
    case 145:
    case 150:
    case 151:
    case 196:
      if (line.business == 150 || line.business == 151) CheckEnded(line);
      CheckIncomeUnits(line, detail);
      return CheckTaken(line);
    default: return;
  }
}

// 144 and 145 of a money fund: its income in units of a yuan, or units cancelled for a loss.
void ConfirmationChecker::CheckIncomeUnits(const TradeLine& line, const TradeDetail& detail) {
  if (detail.adjustment != '4' || (line.business != 144 && line.business != 145)) return;
  if (!machine_.products().Income(line.fund)) {
    return Find(line, "INCOME_UNEXPECTED", "SharesAdjustmentFlag", "not 4: the fund has no daily income here", "4");
  }
  const Units held = HoldingOf(line).units;
  const Earnings e = machine_.IncomeBefore(SequenceOf(line.investor), line.fund, held, line.confirm_day);
  const Money theirs = Money::FromRaw(line.business == 144 ? line.units.raw() : -line.units.raw());
  const Money least = std::max(e.unpaid - Money::FromRaw(e.below), -Money::FromRaw(held.raw()));
  if (theirs > e.unpaid + Money::FromRaw(e.above) || theirs < least)
    Find(line, "INCOME_DIFFERS", "ConfirmedVol", e.unpaid.ToString(), theirs.ToString());
}

// What a forced redemption pays follows from the price and from the lots that it takes; the institution may let the fee off.
// At the end of a fund (150, 151) there is no such rule: what is left is shared out.
void ConfirmationChecker::CheckForcedProceeds(const TradeLine& line, const Investor& investor) {
  // What a whole holding of a money fund takes along of its income is not told apart from its price.
  if (machine_.products().Income(line.fund)) return;
  Holding& holding = HoldingOf(line);
  const FundTerms* fund = machine_.products().Fund(line.fund, TimePoint::At(line.confirm_day, TimeOfDay()));
  const TradingCalendar* calendar = fund ? machine_.products().Calendar(fund->calendar) : nullptr;
  if (!calendar || !line.units.is_positive() || line.units > holding.units) return;
  const auto day = calendar->AddOpenDays(line.confirm_day, -int{fund->confirm_days});
  if (!day.ok()) return;
  const NavFact* nav = machine_.products().FindNav(line.fund, *day, 2);
  if (!nav) return Find(line, "NAV_UNKNOWN", "NAV", StrCat("a price of ", day->Iso()), line.nav.ToString());
  CompareNav(line, nav->nav);
  static const std::vector<RedemptionTier> kNoFee;
  const FeeSchedule* fees =
      fund->fees.At(*day, investor.institution ? InvestorType::kInstitution : InvestorType::kIndividual);
  const auto split = SplitRedemption(
      holding.lots, line.units, nav->nav, fees ? fees->redemption : kNoFee, line.confirm_day,
      {.order = fund->lifo ? LotOrder::kNewestFirst : LotOrder::kOldestFirst, .usable_on = {}, .breach = {},
       .rounding = fund->rounding});
  if (!split.ok()) {
    return Find(line, "NOT_COMPUTABLE", "ConfirmedVol", std::string(split.status().message()), line.units.ToString());
  }
  if (line.charge.is_zero()) return Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", split->gross, line.amount);
  Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", split->net, line.amount);
  Compare(line, "FEE_DIFFERS", "Charge", split->fee, line.charge);
}

void ConfirmationChecker::CheckTaken(const TradeLine& line) {
  Holding& holding = HoldingOf(line);
  if (holding.units < line.units) Find(line, "SHORT", "ConfirmedVol", holding.units.ToString(), line.units.ToString());
  TakeUnits(holding, line.units, machine_.LotOrderOf(line.fund, TimePoint::At(line.confirm_day, TimeOfDay())), Date());
}

void ConfirmationChecker::CheckFrozen(const TradeLine& line) {
  HoldingNote& note = NoteOf(line);
  const Units held = HoldingOf(line).units, frozen = FrozenUnits(note);
  const Units left = std::max(Units(), held - frozen);
  if (line.units > left) Find(line, "SHORT", "ConfirmedVol", left.ToString(), line.units.ToString());
  note.freezes.push_back({.serial = line.serial, .day = line.confirm_day, .units = std::min(line.units, left)});
}

void ConfirmationChecker::CheckThawed(const TradeLine& line) {
  HoldingNote& note = NoteOf(line);
  const Units frozen = FrozenUnits(note);
  if (line.units > frozen) Find(line, "THAWED_ABOVE_FROZEN", "ConfirmedVol", frozen.ToString(), line.units.ToString());
  Thaw(note, line.units, {});
}

void ConfirmationChecker::CheckHeldPaid(const TradeLine& line) {
  HoldingNote& note = NoteOf(line);
  Money cash = line.amount, held_cash;
  Units units = line.units, held_units;
  for (const HeldDividend& h : note.held) {
    held_cash += h.cash;
    held_units += h.units;
  }
  TakeHeld(note, cash, units);
  if (cash.is_positive()) Find(line, "PAID_ABOVE_HELD", "ConfirmedAmount", held_cash.ToString(), line.amount.ToString());
  if (units.is_positive()) Find(line, "PAID_ABOVE_HELD", "ConfirmedVol", held_units.ToString(), line.units.ToString());
}

// The confirmation of a transfer that was asked for here: no more than was asked for, out, and without money.
void ConfirmationChecker::CheckMoved(const TradeLine& line, const Reservation& r, Rest& rest, const TradeDetail& detail) {
  rest.consumed = true;
  if (detail.direction == '1') Find(line, "DIRECTION_DIFFERS", "TransferDirection", "0 (out)", Way(detail.direction));
  if (!line.units.is_positive()) Find(line, "NOTHING_CONFIRMED", "ConfirmedVol", "more than 0.00", line.units.ToString());
  if (line.units > r.units) Find(line, "CONFIRMED_ABOVE_APPLIED", "ConfirmedVol", r.units.ToString(), line.units.ToString());
  // A transfer to the bank that has paid for it may say what that was.
  const bool says_worth = IsFast(r.business) && line.amount.raw() == line.units.raw();
  if (!says_worth) Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", Money(), line.amount);
  Compare(line, "FEE_DIFFERS", "Charge", Money(), line.charge);
  CheckAdvance(line, line.units);
  CheckTaken(line);
}

// The investor has had the money of all the units: fewer that go to the bank are for people to look at.
void ConfirmationChecker::CheckAdvance(const TradeLine& line, Units gone) {
  const Advance* a = machine_.FindAdvance(line.order);
  if (!a || a->payment == 0 || gone.raw() >= a->amount.raw()) return;
  Find(line, "ADVANCE_NOT_COVERED", "ConfirmedVol", Units::FromRaw(a->amount.raw()).ToString(), gone.ToString());
}

// The confirmation of units that were to come: no more than was asked for, in, and without money.
void ConfirmationChecker::CheckMovedIn(const TradeLine& line, const Reservation& r, Rest& rest, const TradeDetail& detail) {
  rest.consumed = !line.interim;
  rest.came += line.units;
  if (detail.direction == '0') Find(line, "DIRECTION_DIFFERS", "TransferDirection", "1 (in)", Way(detail.direction));
  if (!line.units.is_positive()) Find(line, "NOTHING_CONFIRMED", "ConfirmedVol", "more than 0.00", line.units.ToString());
  if (rest.came > r.applied_units)
    Find(line, "CONFIRMED_ABOVE_APPLIED", "ConfirmedVol", r.applied_units.ToString(), line.units.ToString());
  Compare(line, "AMOUNT_DIFFERS", "ConfirmedAmount", Money(), line.amount);
  Compare(line, "FEE_DIFFERS", "Charge", Money(), line.charge);
  if (!line.units.is_positive()) return;
  AddLot(HoldingOf(line), {.registered = RegisteredOf(line, detail), .units = line.units,
                           .usable_from = line.confirm_day.AddDays(1), .bought_at = line.nav});
}

// The confirmation of an order that moves neither cash nor units to anybody else.
void ConfirmationChecker::CheckNoted(const TradeLine& line, const Reservation& r, Rest& rest, const TradeDetail& detail) {
  rest.consumed = true;
  if (line.business == 129 && detail.dividend_method && detail.dividend_method != r.detail) {
    Find(line, "WAY_DIFFERS", "DefDividendMethod", Way(r.detail), Way(detail.dividend_method));
  }
  if (line.business == 129) return;
  if (line.units != r.units) {
    Find(line, line.units > r.units ? "CONFIRMED_ABOVE_APPLIED" : "CONFIRMED_BELOW_APPLIED", "ConfirmedVol", r.units.ToString(),
         line.units.ToString());
  }
  line.business == 132 ? CheckThawed(line) : CheckFrozen(line);
}

}  // namespace fundcore::account
