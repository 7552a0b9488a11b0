// Posting conversions (136, or 138 and 137): units leave one fund and enter another. And which lots left with what fee.
//
// Inside one institution no money moves: what the units are worth, less the fees, goes from the one fund to the other there.
// Between two institutions the first owes us what left (138) and we owe the second what entered (137); in between it stands on
// the leg CONVERTING, which is square again once both sides are known, whichever came first and whatever was refused.
#include <algorithm>

#include "common/fund/lot_age.h"
#include "services/account/posting_line.h"

namespace fundcore::account {

namespace {

constexpr uint16_t kBoth = 136, kIn = 137, kOut = 138;

InvestorType TypeOf(const Investor& investor) {
  return investor.institution ? InvestorType::kInstitution : InvestorType::kIndividual;
}

// All of these lots, as the parts of one redemption.
RedemptionSplit AllOf(const std::vector<Lot>& lots) {
  RedemptionSplit split;
  for (uint32_t i = 0; i < lots.size(); ++i) split.parts.push_back({.lot = i, .units = lots[i].units});
  return split;
}

}  // namespace

void AccountMachine::PostConverted(Line& l) {
  // An order that is no conversion of ours, and that people have let pass, is posted as the institution says.
  Conversion unknown;
  unknown.target = l.converted->target;
  unknown.target_ta = l.ta;
  Conversion* known = l.reservation ? conversions_.FindMutable(SequenceOf(l.in.order)) : nullptr;
  Conversion& k = known ? *known : unknown;
  const bool out = l.in.business != kIn, in = l.in.business != kOut;
  if ((out && k.out_done) || (in && k.in_done)) {
    // Some institutions answer with 136 and with 138 and 137: it counts once.
    return l.Find("ALREADY_CONVERTED", "BusinessCode", "once", StrCat(l.in.business));
  }
  const bool refused = IsRefusal(l.in.return_code);
  if (!refused) {
    LearnTaAccount(l);
    if (out) ConvertOut(l, k);
    if (in) {
      const bool joint = l.in.business == kBoth;
      ConvertIn(l, k, joint ? k.target : l.in.fund, joint ? l.converted->units : l.in.units,
                joint ? l.converted->nav : l.in.nav);
    }
    if (l.in.interim) return;
  }
  if (out) {
    k.out_done = true;
    k.out_day = l.in.confirm_day;
    Reservation* r = l.reservation;
    if (r && r->state == ReservationState::kReserved) {
      GiveBack(l.in.order, *r, *l.investor, Cause::kRelease, l.ctx);
      r->state = ReservationState::kConsumed;
    }
  }
  if (in) k.in_done = true;
  if (k.out_done && k.in_done) SquareConversion(l, k);
}

void AccountMachine::ConvertOut(Line& l, Conversion& k) {
  Reservation* r = l.reservation;
  const LotOrder order = LotOrderOf(l.in.fund, r ? r->received_at : l.ctx.now);
  const Date usable_on = r ? r->trade_day : l.in.confirm_day;
  Units left = l.in.units;
  l.explains = true;  // the ages of what arrives come of it
  Holding* holding = l.investor ? FindHolding(*l.investor, l.in.fund) : nullptr;
  if (holding) {
    const Units promised = std::min({left, r ? r->units_left : Units(), holding->frozen});
    left -= RemoveUnits(l, *holding, promised, Cause::kConvertedOut, order, usable_on);
    left -= RemoveUnits(l, *holding, std::min(left, holding->free()), Cause::kConvertedOutFree, order, usable_on);
    left -= RemoveUnits(l, *holding, std::min(left, holding->frozen), Cause::kConvertedOut, order, usable_on);
  }
  if (r) {
    r->units_left -= std::min(r->units_left, l.in.units);
    r->in_part = true;
  }
  if (left.is_positive()) {
    l.Find("SHORT", "ConfirmedVol", (l.in.units - left).ToString(), l.in.units.ToString());
    ledger_.MoveUnits(Cause::kUnitsShort, left, nullptr, nullptr, PostingOf(l));
  }
  KeepLotUse(l, order);
  k.out_units += l.in.units;
  k.left.insert(k.left.end(), l.taken.begin(), l.taken.end());
  Settlement& settlement = SettlementOf(l);
  ++settlement.count;
  if (l.in.business == kOut) {
    k.net += l.in.amount;
    if (k.target_ta != l.ta) {
      settlement.receive += l.in.amount;
      k.came += l.in.amount;
      ledger_.MoveCash(Cause::kConvertPaid, l.in.amount, nullptr, l.chain(), PostingOf(l));
    }
  }
  if (holding) DropEmptyHolding(l, l.in.fund);
}

std::vector<Lot> AccountMachine::ArrivingLots(Line& l, const Conversion& k, const FundCode& fund, Units units, Nav nav) {
  const Lot fresh{.registered = l.in.confirm_day,
                  .units = units,
                  .usable_from = UsableFrom(fund, l.in.confirm_day, l.ctx),
                  .bought_at = nav};
  const Reservation* r = l.reservation;
  const FundConversions* terms = r ? products_.Conversions(fund, r->received_at) : nullptr;
  // From another institution no ages come: its lots are not known where the target is registered.
  if (!terms || !terms->carries_age || r->ta != l.ta) return {fresh};
  std::vector<Lot> from = l.in.business == kBoth ? l.taken : k.left;
  if (from.empty() && l.investor) {
    // What enters is confirmed before what leaves: the lots that will.
    if (const Holding* holding = FindHolding(*l.investor, r->fund)) {
      Holding copy = *holding;
      TakeUnits(copy, r->units, LotOrderOf(r->fund, r->received_at), r->trade_day, &from);
    }
  }
  if (from.empty()) return {fresh};
  auto lots = LotsFrom(from, AllOf(from), units,
                       {.age = AgeRule::kCarried, .confirmed = fresh.registered, .usable_from = fresh.usable_from,
                        .bought_at = nav});
  return lots.ok() ? *std::move(lots) : std::vector<Lot>{fresh};
}

void AccountMachine::ConvertIn(Line& l, Conversion& k, const FundCode& fund, Units units, Nav nav) {
  Posting posting = PostingOf(l);
  posting.fund = fund;
  k.in_units += units;
  if (units.is_positive() && !l.investor) {
    l.Find("UNKNOWN_INVESTOR", "TransactionAccountID", "", FormatInvestorId(l.in.investor));
    ledger_.MoveUnits(Cause::kUnitsUnassigned, units, nullptr, nullptr, posting);
  } else if (units.is_positive()) {
    EarnUpToNow(l.investor, l.investor_seq, fund, posting);
    const std::vector<Lot> lots = ArrivingLots(l, k, fund, units, nav);
    Holding* holding = FindHolding(*l.investor, fund);
    if (!holding) {
      holding = &l.investor->holdings.emplace_back();
      holding->fund = fund;
      holding->ta = l.ta;
      ledger_.CountHolder({l.ta, fund}, 1);
    }
    for (const Lot& lot : lots) AddLot(*holding, lot);
    ledger_.MoveUnits(Cause::kConvertedIn, units, holding, l.chain(), posting);
    if (l.reservation) {
      LotUse& use = lot_uses_.Mutable(SequenceOf(l.in.order));
      use.target = fund;
      for (const Lot& lot : lots) use.arrived.push_back({lot.registered, lot.units});
      if (l.in.business == kIn) use.charge += l.in.charge;
    }
  }
  const bool between = l.in.business == kIn && l.reservation && l.reservation->ta != l.ta;
  if (!between) return;
  Settlement& settlement = SettlementOf(l);
  settlement.pay += l.in.amount;
  ++settlement.count;
  k.went += l.in.amount;
  ledger_.MoveCash(Cause::kConvertUsed, l.in.amount, nullptr, l.chain(), posting);
}

void AccountMachine::SquareConversion(Line& l, Conversion& k) {
  if (k.out_units.is_positive() && !k.in_units.is_positive() && !k.came.is_positive()) {
    // Inside one institution nothing comes back as money. What left is worth something, and it is nowhere.
    l.Find("NOT_ENTERED", "CfmVolOfTargetFund", "units of the target", "0.00");
  }
  const Money rest = k.converting();
  if (rest.is_negative()) {
    l.Find("ENTERED_WITHOUT_LEAVING", "ConfirmedAmount", (k.went + rest).ToString(), k.went.ToString());
    ledger_.MoveCash(Cause::kConvertShort, -rest, nullptr, l.chain(), PostingOf(l));
    k.covered += -rest;
    return;
  }
  if (rest.is_zero() || !l.reservation) return;
  const Reservation& r = *l.reservation;
  Posting posting = PostingOf(l);
  posting.ta = r.ta;
  posting.fund = r.fund;
  ledger_.MoveCash(Cause::kConvertReturned, rest, l.cash(), l.chain(), posting);
  k.returned += rest;
  // It is the investor's when the institution of the fund that was left has paid, which may have been before.
  const SettlementKey key{r.ta, k.out_day, r.fund, kOut};
  Settlement& settlement = settlements_.Mutable(key);
  if (settlement.receive_settled == settlement.receive) {
    return ledger_.MoveCash(Cause::kPaidOut, rest, l.cash(), l.chain(), posting);
  }
  const uint64_t chunk = settlement.payees++ / kPayeesAChunk;
  payees_.Mutable({key.ta, key.confirm_day, key.fund, key.business, chunk}).payees.push_back({l.investor_seq, rest});
}

void AccountMachine::KeepLotUse(Line& l, LotOrder order) {
  if (!l.explains || l.taken.empty() || !l.reservation || !l.investor) return;
  const Reservation& r = *l.reservation;
  LotUse& use = lot_uses_.Mutable(SequenceOf(l.in.order));
  use.fund = l.in.fund;
  use.newest_first = order == LotOrder::kNewestFirst;
  use.charge += l.in.charge;
  const FundTerms* terms = products_.Fund(l.in.fund, r.received_at);
  const FeeSchedule* fees = terms ? terms->fees.At(r.trade_day, TypeOf(*l.investor)) : nullptr;
  static const std::vector<RedemptionTier> kNoFee;
  Units units;
  for (const Lot& lot : l.taken) units += lot.units;
  const auto split =
      SplitRedemption(l.taken, units, l.in.nav, fees ? fees->redemption : kNoFee, l.in.confirm_day,
                      {.order = order, .rounding = terms ? terms->rounding : RoundingRules()});
  if (!split.ok()) {
    // Figures that we cannot explain were accepted by people; the lots are known all the same.
    for (const Lot& lot : l.taken)
      use.lots.push_back({.registered = lot.registered, .units = lot.units, .confirm_day = l.in.confirm_day, .nav = l.in.nav});
    return;
  }
  for (const RedemptionPart& part : split->parts) {
    use.lots.push_back({l.taken[part.lot].registered, part.units, part.days_held, part.rate, part.gross, part.fee,
                        part.fund_part, l.in.confirm_day, l.in.nav});
  }
}

}  // namespace fundcore::account
