// Posting what an institution starts by itself: dividends, ways of dividend, units that are frozen, moved or adjusted.
//
// As in posting.cc the institution's figures count, and what there is too little of goes to suspense with a finding.
#include <algorithm>

#include "services/account/posting_line.h"

namespace fundcore::account {

using machine::Context;

namespace {

// SharesAdjustmentFlag: what changes every lot alike and leaves its age.
constexpr uint8_t kStandardised = '3';  // units of an ETF, to the index's scale
constexpr uint8_t kSplit = '5';
constexpr uint8_t kPriceReset = '9';
bool ChangesEveryLot(uint8_t adjustment) {
  return adjustment == kStandardised || adjustment == kSplit || adjustment == kPriceReset;
}
constexpr uint8_t kMoneyIncome = '4';  // units for a money fund's income, or taken for a loss
// DividendType: what a money fund earned becomes units.
constexpr uint8_t kIncomeConverted = '2';
// Units of a money fund are worth a yuan each.
Money Worth(Units units) { return Money::FromRaw(units.raw()); }

}  // namespace

// --- Notes
// ----------------------------------------------------------------------------------------------------------------

HoldingNote& AccountMachine::NoteOf(const Line& l) { return notes_.Mutable({l.investor_seq, l.in.fund}); }

Units AccountMachine::PromisedUnits(const Line& l, const Holding& holding) {
  const HoldingNote* note = notes_.Find({l.investor_seq, holding.fund});
  return note ? holding.frozen - note->blocked : holding.frozen;
}

void AccountMachine::Block(HoldingNote& note, Holding& holding, uint64_t* last_line, const Posting& posting) {
  Posting named = posting;
  named.brief = false;
  const Units frozen = FrozenUnits(note);
  if (frozen > note.blocked) {
    const Units more = std::min(frozen - note.blocked, holding.free());
    ledger_.MoveUnits(Cause::kUnitsBlocked, more, &holding, last_line, named);
    note.blocked += more;
  } else if (frozen < note.blocked) {
    ledger_.MoveUnits(Cause::kUnitsThawed, note.blocked - frozen, &holding, last_line, named);
    note.blocked = frozen;
  }
}

Units AccountMachine::RemoveAnyUnits(Line& l, Holding& holding, Units units, LotOrder order, Date usable_on) {
  Units left = units;
  left -= RemoveUnits(l, holding, std::min(left, holding.free()), Cause::kUnitsTaken, order, usable_on);
  left -= RemoveUnits(l, holding, std::min(left, PromisedUnits(l, holding)), Cause::kUnitsRedeemed, order, usable_on);
  if (left.is_positive() && holding.frozen.is_positive()) {
    // The rest is what the institution itself had frozen: it thaws by leaving.
    HoldingNote& note = NoteOf(l);
    Thaw(note, left + FrozenUnits(note) - note.blocked, {});
    Block(note, holding, l.chain(), PostingOf(l));
    left -= RemoveUnits(l, holding, std::min(left, holding.free()), Cause::kUnitsTaken, order, usable_on);
  }
  return units - left;
}

void AccountMachine::MarkDay(const TaCode& ta, Date confirm_day) {
  const AppliedDayKey key{ta, confirm_day};
  if (!applied_days_.Find(key)) applied_days_.Put(key, {ledger_.NextPosition()});
}

uint64_t AccountMachine::LedgerAfter(const TaCode& ta, Date day) {
  uint64_t from = 0;
  applied_days_.ScanPrefix(ta, [&](const AppliedDayKey& key, const AppliedDay& applied) {
    if (key.confirm_day > day && (from == 0 || applied.position < from)) from = applied.position;
    return true;
  });
  return from;
}

absl::StatusOr<Units> AccountMachine::UnitsBefore(InvestorId id, const FundCode& fund, uint64_t position) {
  const Investor* investor = FindInvestor(id);
  if (!investor) return Units();
  const Holding* holding = FindHolding(*investor, fund);
  Units units = holding ? holding->units : Units();
  if (position == 0) return units;  // nothing of a later day is posted here
  for (uint64_t at = investor->last_line; at >= position;) {
    auto line = ledger_.Read(at);
    if (!line.ok()) return line.status();
    const Movement legs = MovesOf(line->cause);
    if (legs.units && line->fund == fund) {
      if (legs.to == Leg::kTaRegister) units += Units::FromRaw(line->quantity);
      if (legs.from == Leg::kTaRegister) units -= Units::FromRaw(line->quantity);
    }
    at = line->previous;
  }
  return units;
}

absl::StatusOr<Units> AccountMachine::UnitsOnDay(InvestorId id, const TaCode& ta, const FundCode& fund, Date day) {
  return UnitsBefore(id, fund, LedgerAfter(ta, day));
}

// --- Dividends
// ------------------------------------------------------------------------------------------------------------

void AccountMachine::PostDividend(const TaCode& ta, const DividendEntry& line, uint8_t rules,
                                  const DividendDetail* detail, const Context& ctx,
                                  std::vector<FindingEntry>& findings) {
  if (IsRefusal(line.return_code)) return;
  const auto key = PostedKey(ta, line.confirm_day, line.serial);
  if (posted_.Find(key)) return;
  TradeLine as_trade;
  as_trade.line = line.line;
  as_trade.investor = line.investor;
  as_trade.business = 143;
  as_trade.return_code = line.return_code;
  as_trade.fund = line.fund;
  as_trade.ta_account = line.ta_account;
  as_trade.serial = line.serial;
  as_trade.confirm_day = line.confirm_day;
  as_trade.amount = line.cash;
  as_trade.units = line.units;
  as_trade.nav = line.nav;
  posted_.Insert(key, 0, FiguresHash(as_trade));
  Line l{.ta = ta, .in = as_trade, .ctx = ctx, .findings = findings, .investor = MutableInvestor(line.investor)};
  l.investor_seq = SequenceOf(line.investor);
  l.settle_as = 143;
  l.rules = rules;
  PostProceeds(l, Cause::kDividend, line.cash);
  AddUnits(l, line.units, line.nav, Cause::kUnitsReinvested);
  if (detail && detail->kind == kIncomeConverted)
    ConvertIncome(l.investor, l.investor_seq, line.fund, detail->total, PostingOf(l));
  if (!detail || !l.investor || (detail->held.is_zero() && detail->held_units.is_zero())) return;
  // What frozen units earned waits for 157: the money with the institution, reinvested units among the frozen ones.
  HoldingNote& note = NoteOf(l);
  note.held.push_back(
      {.serial = line.serial, .record_day = detail->record_day, .cash = detail->held, .units = detail->held_units});
  Holding* holding = FindHolding(*l.investor, line.fund);
  if (!holding || !detail->held_units.is_positive()) return;
  note.freezes.push_back({.serial = line.serial,
                          .day = line.confirm_day,
                          .with_fruits = true,
                          .derived = true,
                          .units = detail->held_units});
  Block(note, *holding, l.chain(), PostingOf(l));
}

Result AccountMachine::Execute(const ApplyDividendLines& c, const Context& ctx) {
  return ApplyInOrder(FileKind::kDividends, c.file, c.file_name, c.first_index, c.lines,
                      [&](const DividendEntry& line, std::vector<FindingEntry>& findings) {
                        const auto item = static_cast<size_t>(&line - c.lines.data());
                        const bool more = c.rules >= kPostingRules && item < c.details.size();
                        if (c.rules >= kPostingRules) MarkDay(c.ta, line.confirm_day);
                        PostDividend(c.ta, line, c.rules, more ? &c.details[item] : nullptr, ctx, findings);
                      });
}

// 157: what was held is paid, or may be used.
void AccountMachine::PostHeldDividend(Line& l) {
  if (l.investor) {
    Money cash = l.in.amount;
    Units units = l.in.units;
    HoldingNote& note = NoteOf(l);
    TakeHeld(note, cash, units);
    if (Holding* holding = FindHolding(*l.investor, l.in.fund); holding && l.in.units.is_positive()) {
      Units left = l.in.units;
      for (UnitFreeze& f : note.freezes) {
        if (!f.derived) continue;
        const Units thawed = std::min(f.units, left);
        f.units -= thawed;
        left -= thawed;
      }
      std::erase_if(note.freezes, [](const UnitFreeze& f) { return f.units.is_zero(); });
      Block(note, *holding, l.chain(), PostingOf(l));
    }
    if (IsBlank(note)) notes_.Erase({l.investor_seq, l.in.fund});
  }
  PostProceeds(l, Cause::kDividend, l.in.amount);
}

// --- Ways, freezes, transfers
// ---------------------------------------------------------------------------------------------

bool AccountMachine::PostInitiated(Line& l) {
  switch (l.in.business) {
    case 196:
    case 197:
      if (l.rules < kFastRules) return false;
      l.in.business == 196 ? PostMovedOut(l) : PostMovedIn(l);
      if (l.in.business == 196 && l.reservation) AnswerAdvance(l, Worth(l.in.units));  // asked for here: the bank has paid
      return true;
    case 198:
      if (!l.reservation) return false;
      PostMovedOut(l);
      AnswerAdvance(l, Worth(l.in.units));
      return true;
    case 127:
    case 134: PostMovedIn(l); return true;
    case 128:
    case 135: PostMovedOut(l); return true;
    case 126:
    case 133:
      if (l.detail.direction == 0 && !l.reservation) return false;
      // What was asked for here goes; what the institution starts goes or comes as it says.
      l.reservation || l.detail.direction == '0' ? PostMovedOut(l) : PostMovedIn(l);
      return true;
    case 129: PostWay(l); return true;
    case 131:
    case 188: PostFreeze(l); return true;
    case 132: PostThaw(l); return true;
    case 157: PostHeldDividend(l); return true;
    case 140:
    case 141:
    case 180:
      if (l.rules < kMoneyRules) return false;
      l.in.business == 140 ? PostRefundedLater(l) : l.in.business == 141 ? PostFurtherPayment(l) : PostMovedIn(l);
      return true;
    default: return false;
  }
}

void AccountMachine::PostWay(Line& l) {
  Reservation* r = l.reservation;
  const uint8_t asked = r ? r->detail : uint8_t{0};
  const uint8_t way = l.detail.dividend_method ? l.detail.dividend_method : asked;
  if (r && r->state == ReservationState::kReserved) r->state = ReservationState::kConsumed;
  if (!l.investor || (way != kWayReinvest && way != kWayCash)) return l.Find("WAY_UNKNOWN", "DefDividendMethod", "0 or 1", "");
  SetWay(NoteOf(l), way, l.in.confirm_day);
}

void AccountMachine::PostFreeze(Line& l) {
  Reservation* r = l.reservation;
  if (r && r->state == ReservationState::kReserved) {
    GiveBack(l.in.order, *r, *l.investor, Cause::kRelease, l.ctx);
    r->state = ReservationState::kConsumed;
  }
  Holding* holding = l.investor ? FindHolding(*l.investor, l.in.fund) : nullptr;
  const HoldingNote* seen = l.investor ? FindNote(l.in.investor, l.in.fund) : nullptr;
  const Units held = holding ? holding->units - std::min(holding->units, seen ? FrozenUnits(*seen) : Units()) : Units();
  if (l.in.units > held) l.Find("SHORT", "ConfirmedVol", held.ToString(), l.in.units.ToString());
  if (!held.is_positive() || !l.in.units.is_positive()) return;
  HoldingNote& note = NoteOf(l);
  uint8_t cause = l.in.business == 188 ? kFrozenAsPledge : l.detail.frozen_cause;
  if (cause == 0 && r) cause = r->detail;
  note.freezes.push_back({.serial = l.in.serial,
                          .day = l.in.confirm_day,
                          .cause = cause,
                          .with_fruits = l.detail.frozen_method == '1',
                          .units = std::min(l.in.units, held)});
  Block(note, *holding, l.chain(), PostingOf(l));
}

void AccountMachine::PostThaw(Line& l) {
  Reservation* r = l.reservation;
  if (r && r->state == ReservationState::kReserved) r->state = ReservationState::kConsumed;
  Holding* holding = l.investor ? FindHolding(*l.investor, l.in.fund) : nullptr;
  const HoldingNote* seen = l.investor ? FindNote(l.in.investor, l.in.fund) : nullptr;
  const Units frozen = seen ? FrozenUnits(*seen) : Units();
  if (l.in.units > frozen) l.Find("THAWED_ABOVE_FROZEN", "ConfirmedVol", frozen.ToString(), l.in.units.ToString());
  if (!holding || !seen) return;
  HoldingNote& note = NoteOf(l);
  Thaw(note, l.in.units, l.detail.original, r != nullptr);
  Block(note, *holding, l.chain(), PostingOf(l));
  if (IsBlank(note)) notes_.Erase({l.investor_seq, l.in.fund});
}

// Units keep their age where the file gives it.
void AccountMachine::PostMovedIn(Line& l) {
  AddUnits(l, l.in.units, l.in.nav, Cause::kUnitsIncreased, l.detail.registered);
  Reservation* r = l.reservation;
  if (!r || !BringsUnits(r->business) || r->state != ReservationState::kReserved) return;  // else nobody has asked for them
  r->applied_units -= std::min(r->applied_units, l.in.units);
  if (!l.in.interim) r->state = ReservationState::kConsumed;
}

void AccountMachine::PostMovedOut(Line& l) {
  Units left = l.in.units;
  if (Reservation* r = l.reservation; r && r->state == ReservationState::kReserved) {
    GiveBack(l.in.order, *r, *l.investor, Cause::kRelease, l.ctx);
    r->state = ReservationState::kConsumed;
  }
  Holding* holding = l.investor ? FindHolding(*l.investor, l.in.fund) : nullptr;
  if (holding) {
    // Of the lot that the line names, as far as it goes; the books move together with it. The answer to an order of ours names
    // none: the units leave as the fund has it, and the day that stands there is that of the answer.
    const Date named = l.rules >= kFastRules && l.reservation ? Date() : l.detail.registered;
    BringForward(*holding, named);
    const LotOrder order = named.is_set() ? LotOrder::kOldestFirst
                                                        : LotOrderOf(l.in.fund, TimePoint::At(l.in.confirm_day, TimeOfDay()));
    left -= RemoveAnyUnits(l, *holding, left, order, Date());
    SortLots(*holding);
  }
  if (left.is_positive()) {
    l.Find("SHORT", "ConfirmedVol", (l.in.units - left).ToString(), l.in.units.ToString());
    ledger_.MoveUnits(Cause::kUnitsShort, left, nullptr, nullptr, PostingOf(l));
  }
  if (holding) DropEmptyHolding(l, l.in.fund);
}

void AccountMachine::PostIncrease(Line& l) {
  if (l.detail.adjustment == kMoneyIncome && income_.Fund(l.in.fund)) {
    AddUnits(l, l.in.units, l.in.nav, Cause::kUnitsReinvested);
    return ConvertIncome(l.investor, l.investor_seq, l.in.fund, Worth(l.in.units), PostingOf(l));
  }
  Holding* holding = l.investor ? FindHolding(*l.investor, l.in.fund) : nullptr;
  if (l.rules < kPostingRules || !holding || !ChangesEveryLot(l.detail.adjustment) || !l.in.units.is_positive()) {
    // A class that becomes another, or a title that is proven: the age comes with the line.
    const Date registered = l.rules >= kPostingRules ? l.detail.registered : Date();
    return AddUnits(l, l.in.units, l.in.nav, Cause::kUnitsIncreased, registered);
  }
  EarnUpToNow(l.investor, l.investor_seq, l.in.fund, PostingOf(l));
  ScaleLots(*holding, holding->units + l.in.units);
  ledger_.MoveUnits(Cause::kUnitsIncreased, l.in.units, holding, l.chain(), PostingOf(l));
}

void AccountMachine::PostDecrease(Line& l) {
  if (l.detail.adjustment == kMoneyIncome && income_.Fund(l.in.fund)) {
    PostTaken(l);
    return ConvertIncome(l.investor, l.investor_seq, l.in.fund, -Worth(l.in.units), PostingOf(l));
  }
  Holding* holding = l.investor ? FindHolding(*l.investor, l.in.fund) : nullptr;
  const bool every_lot = l.rules >= kPostingRules && holding && ChangesEveryLot(l.detail.adjustment) &&
                         l.in.units < holding->units && l.in.units <= holding->free() && l.in.units.is_positive();
  if (!every_lot) return PostTaken(l);
  EarnUpToNow(l.investor, l.investor_seq, l.in.fund, PostingOf(l));
  ScaleLots(*holding, holding->units - l.in.units);
  ledger_.MoveUnits(Cause::kUnitsTaken, l.in.units, holding, l.chain(), PostingOf(l));
  PostProceeds(l, Cause::kProceeds, l.in.amount);
}

}  // namespace fundcore::account
