// Posting what an institution has confirmed: purchases, redemptions, dividends, what nobody asked for; and settling it.
//
// The institution's figures count here: they were compared with ours before (check.h), and people have accepted what
// differed. So nothing is refused. Where a line takes more than there is, the rest goes to suspense and a finding says
// so.
#include <algorithm>

#include "services/account/posting_line.h"

namespace fundcore::account {

using machine::Context;

namespace {

// What makes two lines under one serial number the same record.
struct Figures {
  OrderId order;
  InvestorId investor;
  uint16_t business = 0;
  ReturnCode code;
  Money amount;
  Units units;
  Money charge;
  FC_FIELDS(order, investor, business, code, amount, units, charge)
};

}  // namespace

machine::IdIndex::Key AccountMachine::PostedKey(const TaCode& ta, Date confirm_day, const TaSerialNo& serial) {
  const std::string day = machine::EncodeKey(confirm_day);  // four bytes, the same on every machine
  return machine::IdIndex::HashOf({ta.view(), day, serial.view()});
}

uint64_t AccountMachine::FiguresHash(const TradeLine& line) {
  return machine::IdIndex::HashOf({Encode(Figures{line.order, line.investor, line.business, line.return_code, line.amount,
                                                  line.units, line.charge})})
      .low;
}

std::optional<uint64_t> AccountMachine::FindPosted(const TaCode& ta, const TradeLine& line) {
  auto seen = posted_.Find(PostedKey(ta, line.confirm_day, line.serial));
  if (!seen) return std::nullopt;
  return seen->content_hash;
}

Posting AccountMachine::PostingOf(const Line& l, bool with_reference) const {
  return {.at = l.ctx.now,
          .order = l.order_seq(),
          .ta = l.ta,
          .fund = l.in.fund,
          .reference = with_reference ? l.in.serial.view() : std::string_view()};
}

LotOrder AccountMachine::LotOrderOf(const FundCode& fund, TimePoint at) {
  const FundTerms* terms = products_.Fund(fund, at);
  return terms && terms->lifo ? LotOrder::kNewestFirst : LotOrder::kOldestFirst;
}

Date AccountMachine::UsableFrom(const FundCode& fund, Date confirm_day, const Context& ctx) {
  const Date next = NextDay(fund, confirm_day, ctx);
  const FundRules* rules = products_.Rules(fund, ctx.now);
  if (!rules || rules->breach_allowed) return next;
  const Date first = rules->FirstDayOf(confirm_day);
  return first.is_set() ? std::max(next, first) : next;
}

Date AccountMachine::NextDay(const FundCode& fund, Date confirm_day, const Context& ctx) {
  if (const FundTerms* terms = products_.Fund(fund, ctx.now)) {
    if (const TradingCalendar* calendar = products_.Calendar(terms->calendar)) {
      if (auto next = calendar->Next(confirm_day); next.ok()) return *next;
    }
  }
  return confirm_day.AddDays(1);  // no calendar to ask: the next day, which is never too late for the investor
}

Settlement& AccountMachine::SettlementOf(const Line& l) {
  return settlements_.Mutable({l.ta, l.in.confirm_day, l.in.fund, l.settle_as});
}

void AccountMachine::LearnTaAccount(Line& l) {
  if (!l.investor || l.in.ta_account.empty()) return;
  FundAccount* account = FindFundAccount(*l.investor, l.ta);
  if (!account) {
    account = &l.investor->fund_accounts.emplace_back();
    account->ta = l.ta;
  }
  if (account->state == FundAccountState::kOpen && !account->ta_account.empty()) return;
  // A dividend or a forced redemption says nothing of a freeze, and opens no closed account.
  if (account->state >= FundAccountState::kClosed) return;
  account->state = FundAccountState::kOpen;
  account->ta_account = l.in.ta_account;
}

void AccountMachine::AddUnits(Line& l, Units units, Nav bought_at, Cause cause, Date registered) {
  if (!units.is_positive()) return;
  if (!l.investor) {
    l.Find("UNKNOWN_INVESTOR", "TransactionAccountID", "", FormatInvestorId(l.in.investor));
    return ledger_.MoveUnits(Cause::kUnitsUnassigned, units, nullptr, nullptr, PostingOf(l));
  }
  EarnUpToNow(l.investor, l.investor_seq, l.in.fund, PostingOf(l));
  Holding* holding = FindHolding(*l.investor, l.in.fund);
  if (!holding) {
    holding = &l.investor->holdings.emplace_back();
    holding->fund = l.in.fund;
    holding->ta = l.ta;
    ledger_.CountHolder({l.ta, l.in.fund}, 1);
  }
  AddLot(*holding, {.registered = registered.is_set() ? registered : l.in.confirm_day,
                    .units = units,
                    .usable_from = UsableFrom(l.in.fund, l.in.confirm_day, l.ctx),
                    .bought_at = bought_at});
  ledger_.MoveUnits(cause, units, holding, l.chain(), PostingOf(l));
}

void AccountMachine::DropEmptyHolding(Line& l, const FundCode& fund) {
  const auto erased =
      std::erase_if(l.investor->holdings, [&](const Holding& h) { return h.fund == fund && h.units.is_zero(); });
  if (erased > 0) ledger_.CountHolder({l.ta, fund}, -1);
}

// --- Purchases
// ------------------------------------------------------------------------------------------------------------

void AccountMachine::PostPurchase(Line& l, Date registered) {
  Reservation* r = l.reservation;
  const Money reserved = r ? std::min(l.in.amount, r->amount_left) : Money();
  const Money unreserved = l.in.amount - reserved;
  if (reserved.is_positive()) {
    ledger_.MoveCash(Cause::kPurchase, reserved, l.cash(), l.chain(), PostingOf(l));
    r->amount_left -= reserved;
  }
  if (unreserved.is_positive()) {
    l.Find("MORE_THAN_RESERVED", "ConfirmedAmount", reserved.ToString(), l.in.amount.ToString());
    ledger_.MoveCash(Cause::kPurchaseUnreserved, unreserved, nullptr, nullptr, PostingOf(l));
  }
  AddUnits(l, l.in.units, l.in.nav, Cause::kUnitsBought, registered);
  Settlement& settlement = SettlementOf(l);
  settlement.pay += l.in.amount;
  ++settlement.count;
  if (!r || r->state != ReservationState::kReserved) return;
  r->in_part = true;
  if (l.in.interim) return;
  GiveBack(l.in.order, *r, *l.investor, Cause::kRefund, l.ctx);
  r->state = ReservationState::kConsumed;
}

// The money never left the reservation in our books; what comes on top of it is interest.
void AccountMachine::PostOfferFailed(Line& l) {
  Reservation* r = l.reservation;
  const Money principal = r ? r->amount_left : Money();
  if (r && r->state == ReservationState::kReserved) {
    GiveBack(l.in.order, *r, *l.investor, Cause::kRefund, l.ctx);
    r->state = ReservationState::kConsumed;
  }
  if (l.in.amount > principal) PostProceeds(l, Cause::kOfferInterest, l.in.amount - principal);
}

// --- Redemptions, and other cash from the institution
// ---------------------------------------------------------------------

void AccountMachine::PostProceeds(Line& l, Cause cause, Money amount) {
  if (!amount.is_positive()) return;
  Settlement& settlement = SettlementOf(l);
  settlement.receive += amount;
  ++settlement.count;
  if (!l.investor) {
    l.Find("UNKNOWN_INVESTOR", "TransactionAccountID", "", FormatInvestorId(l.in.investor));
    return ledger_.MoveCash(Cause::kProceedsUnassigned, amount, nullptr, nullptr, PostingOf(l));
  }
  ledger_.MoveCash(cause, amount, l.cash(), l.chain(), PostingOf(l));
  const uint64_t chunk = settlement.payees++ / kPayeesAChunk;
  payees_.Mutable({l.ta, l.in.confirm_day, l.in.fund, l.settle_as, chunk}).payees.push_back({l.investor_seq, amount});
}

// Takes up to `units` out of the lots and posts them; returns what it took.
Units AccountMachine::RemoveUnits(Line& l, Holding& holding, Units units, Cause cause, LotOrder order, Date usable_on) {
  if (!units.is_positive()) return Units();
  EarnUpToNow(l.investor, l.investor_seq, holding.fund, PostingOf(l));
  const Units taken = TakeUnits(holding, units, order, usable_on, l.explains ? &l.taken : nullptr);
  ledger_.MoveUnits(cause, taken, &holding, l.chain(), PostingOf(l));
  return taken;
}

void AccountMachine::PostRedemption(Line& l) {
  Reservation* r = l.reservation;
  const LotOrder order = LotOrderOf(l.in.fund, r ? r->received_at : l.ctx.now);
  const Date usable_on = r ? r->trade_day : l.in.confirm_day;
  Units left = l.in.units;
  Holding* holding = l.investor ? FindHolding(*l.investor, l.in.fund) : nullptr;
  const Units held = holding ? holding->units : Units();
  if (holding) {
    const Units promised = std::min({left, r ? r->units_left : Units(), PromisedUnits(l, *holding)});
    left -= RemoveUnits(l, *holding, promised, Cause::kUnitsRedeemed, order, usable_on);
    // More than was asked for, and people have accepted it: the register counts, also against what other orders were promised.
    left -= RemoveAnyUnits(l, *holding, left, order, usable_on);
  }
  PayIncomeOut(l.investor, l.investor_seq, l.in.fund, held, l.in.units - left, PostingOf(l));
  if (r) r->units_left -= std::min(r->units_left, l.in.units);
  if (left.is_positive()) {
    l.Find("SHORT", "ConfirmedVol", (l.in.units - left).ToString(), l.in.units.ToString());
    ledger_.MoveUnits(Cause::kUnitsShort, left, nullptr, nullptr, PostingOf(l));
  }
  PostProceeds(l, Cause::kProceeds, l.in.amount);
  KeepLotUse(l, order);
  if (r && r->state == ReservationState::kReserved) {
    r->in_part = true;
    if (!l.in.interim) {
      GiveBack(l.in.order, *r, *l.investor, Cause::kRelease, l.ctx);
      r->state = ReservationState::kConsumed;
    }
  }
  if (holding) DropEmptyHolding(l, l.in.fund);
}

// Units leave although nobody asked (142, 145, 150, 151): what is free first, then what is promised to redemptions.
void AccountMachine::PostTaken(Line& l) {
  Units left = l.in.units;
  Holding* holding = l.investor ? FindHolding(*l.investor, l.in.fund) : nullptr;
  const Units held = holding ? holding->units : Units();
  if (holding) {
    // In the fund's order of lots, as if it had been asked for; none is too young for it.
    const LotOrder order = LotOrderOf(l.in.fund, TimePoint::At(l.in.confirm_day, TimeOfDay()));
    left -= RemoveAnyUnits(l, *holding, left, order, Date());
  }
  if (left.is_positive()) {
    l.Find("SHORT", "ConfirmedVol", (l.in.units - left).ToString(), l.in.units.ToString());
    ledger_.MoveUnits(Cause::kUnitsShort, left, nullptr, nullptr, PostingOf(l));
  }
  // Redeemed, by force too, takes its income along; what is only booked out leaves it for the next payout.
  if (l.in.business == 142) PayIncomeOut(l.investor, l.investor_seq, l.in.fund, held, l.in.units - left, PostingOf(l));
  PostProceeds(l, Cause::kProceeds, l.in.amount);
  if (holding) DropEmptyHolding(l, l.in.fund);
}

// An institution keeps a plan, has changed or ended it: nothing was set aside for that, and nothing moves.
void AccountMachine::PostPlan(Line& l) {
  if (l.reservation && l.reservation->state == ReservationState::kReserved) l.reservation->state = ReservationState::kConsumed;
}

void AccountMachine::PostRefusal(Line& l) {
  Reservation* r = l.reservation;
  if (!r || r->state != ReservationState::kReserved) return;
  GiveBack(l.in.order, *r, *l.investor, Cause::kRelease, l.ctx);
  r->state = ReservationState::kConsumed;
  if (IsFast(r->business)) AnswerAdvance(l, Money());
}

void AccountMachine::PostTrade(const TaCode& ta, const TradeLine& line, const LineWords& words, const Context& ctx,
                               std::vector<FindingEntry>& findings) {
  if (line.business == 143) return;  // dividends are posted from their own file (06), which has both ways of paying
  // A line of a rest that confirms nothing still says whether the rest goes on.
  const bool of_a_rest = words.follows_rests && line.return_code.view() == "0410";
  const bool nothing_yet = IsInterimCode(line.return_code) && line.amount.is_zero() && line.units.is_zero();
  if (nothing_yet && !of_a_rest) return;
  const auto key = PostedKey(ta, line.confirm_day, line.serial);
  if (posted_.Find(key)) return;
  posted_.Insert(key, SequenceOf(line.order), FiguresHash(line));

  Line l{.ta = ta, .in = line, .ctx = ctx, .findings = findings, .investor = MutableInvestor(line.investor)};
  l.investor_seq = SequenceOf(line.investor);
  l.settle_as = SettlementBusiness(line.business);
  l.rules = words.rules;
  if (words.detail) l.detail = *words.detail;
  l.explains = words.explains;
  l.converted = words.converted;
  if (const Reservation* r = FindReservation(line.order); r && r->investor == line.investor) {
    // A release that came before its reservation may name an investor that there is not: nothing is set aside there.
    if (l.investor) l.reservation = &reservations_.Mutable(SequenceOf(line.order));
  }
  if (words.converted) return PostConverted(l);
  const bool of_money = words.rules >= kMoneyRules && (line.business == 140 || line.business == 141);
  if (of_money && IsRefusal(line.return_code)) return;  // no money: nothing is said of the order's result
  if (words.rules >= kChangeRules && line.business == 154) return PostVoidPayment(l);  // whatever code it carries
  const bool of_change = words.rules >= kChangeRules && line.business == 162;
  // Of a subscription itself, which nobody wanted to change: nothing is said of its result.
  const bool unasked = of_change && (!l.reservation || l.reservation->business != kAdjustSubscription);
  if (unasked && IsRefusal(line.return_code)) return;
  if (IsRefusal(line.return_code) && line.business != 149) return PostRefusal(l);
  LearnTaAccount(l);
  if (l.reservation && IsReceipt(l.reservation->business, line.business)) return;  // kept there: set aside until its day
  if (of_change) return PostAdjusted(l);
  switch (line.business) {
    case 120: return;  // a receipt: the money stays reserved until the result of the offer (130)
    case 122:
    case 130:
    case 139: return PostPurchase(l, words.registered);
    case 159:
    case 160:
    case 161: return PostPlan(l);
    case 163:
    case 124: return PostRedemption(l);
    case 142:
    case 150:
    case 151: return PostTaken(l);
    case 144: return PostIncrease(l);
    case 145: return PostDecrease(l);
    case 149: return PostOfferFailed(l);
    case 146:  // a number to be drawn: the money stays reserved
      if (words.follows_rests) return;
      [[fallthrough]];
    case 152:
      if (words.follows_rests && line.business == 152) return PostWithdrawn(line, l.reservation, l.investor, ctx, findings);
      [[fallthrough]];
    case 153:
      if (line.business == 153 && l.reservation && l.reservation->business == 53)
        return PostWithdrawn(line, l.reservation, l.investor, ctx, findings);
      [[fallthrough]];
    default:
      if (words.rules >= kPostingRules && PostInitiated(l)) return;
      l.Find("BUSINESS_NOT_POSTED", "BusinessCode", "120 122 124 130 139 142 144 145 149 150 151 159 160 161 163",
             StrCat(line.business));
  }
}

Result AccountMachine::Execute(const ApplyTradeLines& c, const Context& ctx) {
  // Both lists are by item, and so are the lines.
  const auto of = [](const auto& list, size_t* next, uint32_t item) {
    while (*next < list.size() && list[*next].item < item) ++*next;
    return *next < list.size() && list[*next].item == item ? &list[*next] : nullptr;
  };
  size_t detail = 0, converted = 0, registered = 0;
  return ApplyInOrder(
      FileKind::kTrades, c.file, c.file_name, c.first_index, c.lines,
      [&](const TradeLine& line, std::vector<FindingEntry>& findings) {
        const auto item = static_cast<uint32_t>(&line - c.lines.data());
        if (c.rules >= kPostingRules) MarkDay(c.ta, line.confirm_day);
        const auto* since = of(c.registered, &registered, item);
        PostTrade(c.ta, line,
                  {.rules = c.rules, .detail = of(c.details, &detail, item), .converted = of(c.converted, &converted, item),
                   .explains = c.explains, .follows_rests = c.follows_rests, .registered = since ? since->day : Date()},
                  ctx, findings);
      });
}

// --- Settlement
// -----------------------------------------------------------------------------------------------------------

Result AccountMachine::Execute(const Settle& c, const Context& ctx) {
  const SettlementKey& key = c.settlement;
  const Settlement* seen = settlements_.Find(key);
  if (!seen) return {.repeated = true};  // nothing of this was confirmed in this partition
  const bool under_way = seen->paid < seen->paying;
  if (!under_way && seen->reference == c.reference) return {.repeated = true, .amount = seen->last_settled};

  Settlement& s = settlements_.Mutable(key);
  const Posting posting{.at = ctx.now, .ta = key.ta, .fund = key.fund, .reference = c.reference};
  if (!under_way) {
    const Money pay = s.pay - s.pay_settled;
    const Money receive = s.receive - s.receive_settled;
    ledger_.MoveCash(Cause::kSettlePaid, pay, nullptr, nullptr, posting);
    if (c.keeps_day && pay.is_positive())
      paid_days_.Mutable(key).days.push_back({ctx.now.date(), ledger_.NextPosition()});
    ledger_.MoveCash(Cause::kSettleReceived, receive, nullptr, nullptr, posting);
    s.pay_settled = s.pay;
    s.receive_settled = s.receive;
    s.last_settled = pay + receive;
    s.reference = c.reference;
    s.paying = s.payees;
  }
  const uint64_t until = std::min(s.paying, s.paid + kPayeesACommand);
  while (s.paid < until) {
    const PayeeChunk* chunk = payees_.Find({key.ta, key.confirm_day, key.fund, key.business, s.paid / kPayeesAChunk});
    FC_CHECK(chunk, "payees of a settlement are missing");
    for (uint64_t i = s.paid % kPayeesAChunk; i < chunk->payees.size() && s.paid < until; ++i, ++s.paid) {
      const Payee& payee = chunk->payees[i];
      Investor& investor = investors_.Mutable(payee.investor);
      ledger_.MoveCash(Cause::kPaidOut, payee.amount, &investor.cash, &investor.last_line, posting);
      PayOn(payee.investor, payee.amount, ctx);
    }
  }
  return {.more = s.paid < s.paying, .amount = s.last_settled};
}

}  // namespace fundcore::account
