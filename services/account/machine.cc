// Investors, cards, reservations and payments. Commands about files are in applications.cc and posting.cc.
#include "services/account/machine.h"

#include <algorithm>

namespace fundcore::account {

using machine::Context;
using machine::Residence;

namespace {

// Pages (of 32) that a partition keeps of each paged table: with 32 partitions a million investors and four million
// recent orders stay in memory.
constexpr size_t kInvestorPages = 8 * 1024;
constexpr size_t kColdPages = 1024;
constexpr size_t kReservationPages = 4 * 1024;

// What makes two payments under one request id the same; the version is that of this list.
struct PaymentContent {
  uint8_t version = 1;
  PaymentDirection direction = PaymentDirection::kDeposit;
  CardId card;
  Money amount;
  FC_FIELDS(version, direction, card, amount)
};

struct SettlementDay {
  TaCode ta;
  Date confirm_day;
  FC_FIELDS(ta, confirm_day)
};

}  // namespace

bool IsConfirmed(const ReturnCode& code) { return code.view() == "0000" || code.view() == "0408"; }
bool IsInterimCode(const ReturnCode& code) {
  return code.view() == "0007" || code.view() == "0209" || code.view() == "0410";
}

AccountMachine::AccountMachine(machine::State& state, PartitionId partition)
    : partition_(partition),
      investors_(state, kInvestors, kInvestorPages),
      persons_(state, kPersons, kColdPages),
      directory_(state, kDirectory, Residence::kLazy),
      reservations_(state, kReservations, kReservationPages),
      taken_whole_(state, kTakenWhole, Residence::kLazy),
      sequences_(state, kSequences),
      payments_(state, kPayments, kColdPages),
      payment_todo_(state, kPaymentTodo),
      payment_ids_(state, kPaymentIds),
      applications_(state, kApplications, kColdPages),
      waiting_(state, kWaitingApplications),
      seals_(state, kSeals, Residence::kLazy),
      sealed_pages_(state, kSealedPages, Residence::kLazy, 1024),
      files_(state, kFiles, Residence::kLazy, 1024),
      posted_(state, kPosted),
      settlements_(state, kSettlements, Residence::kLazy),
      payees_(state, kPayees, Residence::kLazy, 1024),
      links_(state, kLinks, Residence::kLazy),
      notes_(state, kNotes, Residence::kLazy),
      applied_days_(state, kAppliedDays),
      application_ids_(state, kApplicationIds),
      standings_(state, kStandings, Residence::kLazy),
      person_data_(state, kPersonData),
      person_versions_(state, kPersonVersions, Residence::kLazy),
      data_standings_(state, kDataStandings, Residence::kLazy),
      application_notes_(state, kApplicationNotes, Residence::kLazy),
      tax_versions_(state, kTaxVersions, Residence::kLazy),
      tax_numbers_(state, kTaxNumbers),
      tax_standings_(state, kTaxStandings, Residence::kLazy),
      card_books_(state, kCardBooks),
      card_changes_(state, kCardChanges, 64),
      card_sequence_(state, kCardSequence),
      card_todo_(state, kCardTodo),
      version_cards_(state, kVersionCards),
      payment_notes_(state, kPaymentNotes, Residence::kLazy),
      conversions_(state, kConversions, Residence::kLazy),
      lot_uses_(state, kLotUses, Residence::kLazy, 1024),
      advances_(state, kAdvances, Residence::kLazy),
      fast_days_(state, kFastDays, Residence::kLazy),
      interest_runs_(state, kInterestRuns),
      interest_shares_(state, kInterestShares, Residence::kLazy, 64 * 1024),
      paid_days_(state, kPaidDays, Residence::kLazy),
      ledger_(state, kLedger),
      products_(state, kProducts),
      income_(state, kIncome) {}

const Investor* AccountMachine::FindInvestor(InvestorId id) {
  return PartitionOf(id) == partition_ ? investors_.Find(SequenceOf(id)) : nullptr;
}

const Person* AccountMachine::FindPerson(InvestorId id) {
  return PartitionOf(id) == partition_ ? persons_.Find(SequenceOf(id)) : nullptr;
}

const Reservation* AccountMachine::FindReservation(OrderId id) {
  return PartitionOf(id) == partition_ ? reservations_.Find(SequenceOf(id)) : nullptr;
}

Investor* AccountMachine::MutableInvestor(InvestorId id) {
  return PartitionOf(id) == partition_ ? investors_.FindMutable(SequenceOf(id)) : nullptr;
}

Result AccountMachine::Execute(const AbsorbFacts& c, const Context&) {
  products_.Absorb(c);
  return {};
}

Result AccountMachine::Execute(const OpenInvestor& c, const Context& ctx) {
  const HashKey certificate = HashKey::Of(c.certificate);
  if (const uint64_t* seen = directory_.Find(certificate)) {
    if (*seen & kClaimBit) return {.repeated = true, .investor = InvestorId(*seen & ~kClaimBit)};
    return {.repeated = true, .number = *seen};
  }

  const uint64_t seq = ++sequences_.Mutable().investors;
  FC_CHECK(seq < kInvestorSequenceLimit, "partition ", partition_.raw(), " has no investor numbers left");
  investors_.Mutable(seq).institution = c.institution;
  Person& person = persons_.Mutable(seq);
  person.certificate = c.certificate;
  person.certificate_type = c.certificate_type;
  person.name = c.name;
  person.certificate_no = c.certificate_no;
  person.mobile = c.mobile;
  person.opened_at = ctx.now;
  directory_.Put(certificate, seq);
  return {.number = seq};
}

Result AccountMachine::Execute(const AddCard& c, const Context& ctx) {
  const Investor* investor = FindInvestor(c.investor);
  if (!investor) return {.reason = Reason::kInvestorNotFound};
  for (const CardRecord& card : FindPerson(c.investor)->cards)
    if (card.fingerprint == c.fingerprint) {
      if (CardMarkOf(SequenceOf(c.investor), card.id).state != CardState::kOpen && !investor->closed) {
        for (CardMark& m : BookOf(SequenceOf(c.investor)).marks)  // closed once, and open again
          if (m.card == card.id) m = {.card = card.id, .at = ctx.now};
      }
      return {.repeated = true, .number = card.id.raw()};
    }
  if (investor->closed) return {.reason = Reason::kInvestorClosed};

  Person& person = persons_.Mutable(SequenceOf(c.investor));
  const CardId id(person.cards.size() + 1);
  person.cards.push_back({id, c.bank_code, c.fingerprint, c.number});
  // A change was asked for before there was any card: the first one takes money all the same.
  const CardBook* book = card_books_.Find(SequenceOf(c.investor));
  if (book && !book->payout.is_set() && id == CardId(1)) BookOf(SequenceOf(c.investor)).payout = id;
  return {.number = id.raw()};
}

// --- Reservations
// ---------------------------------------------------------------------------------------------------------

Result AccountMachine::AnswerOf(const Reservation& seen, const Reserve& c) {
  if (seen.state == ReservationState::kReleased) return {.reason = Reason::kAlreadyReleased, .repeated = true};
  if (seen.investor != c.investor || seen.business != c.business || seen.fund != c.fund || seen.ta != c.ta ||
      seen.amount != c.amount || seen.units != c.units || seen.detail != c.detail) {
    return {.reason = Reason::kExistsWithDifferentContent, .repeated = true};
  }
  if (const Conversion* k = FindConversion(c.order); k && k->target != c.target)
    return {.reason = Reason::kExistsWithDifferentContent, .repeated = true};
  if (seen.state == ReservationState::kHung) return {.reason = Reason::kFundAccountRefusedByTa, .repeated = true};
  Result answer{.reason = seen.reason, .repeated = true};
  if (c.least_left.is_positive()) {
    if (const Units* all = taken_whole_.Find(SequenceOf(c.order))) answer.units = *all;
  }
  if (seen.account_open) {
    // The account stays what it was when the order was reserved: an open one does not change its number.
    if (const auto* account = FindFundAccount(*FindInvestor(seen.investor), seen.ta))
      answer.ta_account = account->ta_account;
  }
  return answer;
}

Result AccountMachine::Execute(const Reserve& c, const Context& ctx) {
  const uint64_t seq = SequenceOf(c.order);
  if (const Reservation* seen = reservations_.Find(seq)) return AnswerOf(*seen, c);

  // Every try leaves its answer, refusals too: a repeated call must get the same one.
  Reservation& r = reservations_.Mutable(seq);
  r.investor = c.investor;
  r.business = c.business;
  r.fund = c.fund;
  r.ta = c.ta;
  r.amount = c.amount;
  r.units = c.units;
  r.trade_day = c.trade_day;
  r.received_at = c.received_at;
  r.original = c.original;
  r.cancel_rest = c.cancel_rest;
  r.applied_units = c.applied_units;
  r.discount = c.discount;
  r.detail = c.detail;
  r.reason = TryReserve(c, ctx, r);
  r.state = r.reason == Reason::kNone ? ReservationState::kReserved : ReservationState::kRefused;

  Result result{.reason = r.reason};
  if (r.units_left > c.units) {
    result.units = r.units_left;
    taken_whole_.Put(seq, r.units_left);
  }
  if (r.account_open) result.ta_account = FindFundAccount(*FindInvestor(c.investor), c.ta)->ta_account;
  return result;
}

Reason AccountMachine::CheckHolding(const Reserve& c, const Holding* holding, Units* units) {
  if (c.most_held.is_positive()) {
    const Units held = holding ? holding->units : Units();
    const bool counts = c.price.is_positive() && MulDivFits(c.amount.raw(), Nav::kOne, c.price.raw());
    const Units bought = counts ? Units::FromRaw(MulDiv(c.amount.raw(), Nav::kOne, c.price.raw(), Rounding::kTruncate)) : Units();
    if (held > c.most_held || bought > c.most_held - held) return Reason::kAboveHoldingLimit;
  }
  if (!c.units.is_positive()) return Reason::kNone;
  const Units usable = holding ? UsableUnits(*holding, c.trade_day) : Units();
  const Units free = holding ? holding->free() : Units();
  if (usable < c.units) return c.held_for_a_term && free >= c.units ? Reason::kUnitsHeldForATerm : Reason::kNotEnoughUnits;
  // What is promised to other redemptions leaves with them. Units that may not leave yet stay, however few.
  const Units left = free - c.units;
  if (usable == free && left.is_positive() && left < c.least_left) *units = usable;
  return Reason::kNone;
}

Reason AccountMachine::TryReserve(const Reserve& c, const Context& ctx, Reservation& r) {
  Investor* found = MutableInvestor(c.investor);
  if (!found) return Reason::kInvestorNotFound;
  Investor& investor = *found;
  if (investor.closed) return Reason::kInvestorClosed;
  FundAccount* own = FindFundAccount(investor, c.ta);
  if (own) {
    if (const Reason closed = OrdersRefusedBy(own->state); closed != Reason::kNone) return closed;
  }
  Money needed = c.amount;
  if (c.business == kAdjustSubscription) {
    if (const Reason refused = CheckAdjustment(c, &needed); refused != Reason::kNone) return refused;
  }
  // Who has let the document expire buys nothing; what is held may be redeemed.
  if (needed.is_positive() && CertificateExpired(c.investor, c.trade_day)) return Reason::kCertificateExpired;
  if (needed > investor.cash.available) return Reason::kNotEnoughCash;
  Holding* holding = nullptr;
  Units units = c.units;
  const bool thaws = c.business == 32;
  if (thaws) {
    const HoldingNote* note = FindNote(c.investor, c.fund);
    if (!note || FrozenUnits(*note) < c.units) return Reason::kNotSoManyFrozen;
    if (FrozenHere(*note) < c.units) return Reason::kFrozenByCourt;
  } else {
    holding = FindHolding(investor, c.fund);
    if (const Reason refused = CheckHolding(c, holding, &units); refused != Reason::kNone) return refused;
  }
  if (!c.bank.empty()) {
    if (const Reason r = CheckFast(c); r != Reason::kNone) return r;
  }
  if (IsConversion(c.business)) {
    if (!holding) return Reason::kNotEnoughUnits;
    if (const Reason r = CheckConversion(c, investor, *holding); r != Reason::kNone) return r;
  }

  const uint64_t seq = SequenceOf(c.order);
  // What says something about units, and buys none, opens no account; a plan that the institution keeps (059) will buy.
  constexpr uint16_t kOpenPlan = 59;
  if (!own && !c.amount.is_positive() && !c.units.is_positive() && c.business != kOpenPlan) return Reason::kFundAccountNotOpen;
  if (!own) {
    own = &investor.fund_accounts.emplace_back();
    own->ta = c.ta;
    own->state = FundAccountState::kNew;
    own->application = Apply(SequenceOf(c.investor), c.ta, 1, ctx);
  }
  r.account_open = own->state == FundAccountState::kOpen;
  if (!r.account_open) {
    // Terms that have not been heard of yet are no reason to refuse: the standard lets orders go the same day.
    const InstitutionTerms* terms = products_.Institution(c.ta);
    if (terms && !terms->same_day_orders) return Reason::kFundAccountNotOpen;
    r.previous_hung = own->last_hung;
    own->last_hung = seq;
  }

  Posting posting{.at = ctx.now, .order = seq, .ta = c.ta, .fund = c.fund, .brief = true};
  ledger_.MoveCash(Cause::kReserve, needed, &investor.cash, &investor.last_line, posting);
  r.amount_left = needed;
  if (units.is_positive() && !thaws) {
    ledger_.MoveUnits(Cause::kFreeze, units, holding, &investor.last_line, posting);
    r.units_left = units;
  }
  if (!c.bank.empty()) NoteFast(c);
  if (IsConversion(c.business)) {
    Conversion& k = conversions_.Mutable(seq);
    k.target = c.target;
    k.target_ta = c.target_ta;
  }
  return Reason::kNone;
}

Reason AccountMachine::CheckConversion(const Reserve& c, const Investor& investor, const Holding& holding) {
  if (c.investors < 2 && (c.investors == 0) != investor.institution) return Reason::kConversionNotForInvestor;
  if (c.target_ta != c.ta) {
    const FundAccount* there = FindFundAccount(investor, c.target_ta);
    if (!there || there->state != FundAccountState::kOpen) return Reason::kTargetAccountNotOpen;
  }
  Units old;
  for (const Lot& lot : holding.lots) {
    if (lot.usable_from <= c.trade_day && lot.registered.AddDays(static_cast<int>(c.min_days)) <= c.trade_day)
      old += lot.units;
  }
  return old < c.units ? Reason::kUnitsHeldTooShort : Reason::kNone;
}

Result AccountMachine::Execute(const Release& c, const Context& ctx) {
  const uint64_t seq = SequenceOf(c.order);
  const Reservation* seen = reservations_.Find(seq);
  if (c.advance) return PayAdvance(seq, ctx), Result{};
  if (!seen) {
    // The release has overtaken its reservation, which must find this and fail.
    Reservation& tombstone = reservations_.Mutable(seq);
    tombstone.state = ReservationState::kReleased;
    tombstone.investor = c.investor;
    return {};
  }
  if (seen->state != ReservationState::kReserved) return {.repeated = true};  // nothing is set aside (any more)

  Reservation& r = reservations_.Mutable(seq);
  GiveBack(c.order, r, *MutableInvestor(r.investor), Cause::kRelease, ctx);
  r.state = ReservationState::kReleased;
  if (IsFast(r.business)) ForgetFast(seq, r);
  return {};
}

void AccountMachine::GiveBack(OrderId order, Reservation& r, Investor& investor, Cause cash_cause, const Context& ctx) {
  Posting posting{.at = ctx.now, .order = SequenceOf(order), .ta = r.ta, .fund = r.fund, .brief = true};
  ledger_.MoveCash(cash_cause, r.amount_left, &investor.cash, &investor.last_line, posting);
  r.amount_left = Money();
  if (r.units_left.is_positive()) {
    // A forced redemption may have taken promised units: then less is frozen than was promised.
    if (Holding* holding = FindHolding(investor, r.fund)) {
      const NoteKey key{SequenceOf(r.investor), r.fund};
      const HoldingNote* note = notes_.Find(key);
      const Units promised = note ? holding->frozen - note->blocked : holding->frozen;
      ledger_.MoveUnits(Cause::kUnfreeze, std::min(r.units_left, promised), holding, &investor.last_line, posting);
      // What the institution froze while it was promised.
      if (note && FrozenUnits(*note) > note->blocked) Block(notes_.Mutable(key), *holding, &investor.last_line, posting);
    }
    r.units_left = Units();
  }
}

// --- Payments
// -------------------------------------------------------------------------------------------------------------

Result AccountMachine::Execute(const Pay& c, const Context& ctx) {
  const std::string investor_text = FormatInvestorId(c.investor);
  const auto key = machine::IdIndex::HashOf({c.caller.view(), investor_text, c.request.view()});
  const uint64_t content =
      machine::IdIndex::HashOf({Encode(PaymentContent{.direction = c.direction, .card = c.card, .amount = c.amount})})
          .low;
  if (auto seen = payment_ids_.Find(key)) {
    if (seen->content_hash != content) return {.reason = Reason::kRequestIdReused, .number = seen->number};
    const Reason reason = payments_.Find(seen->number)->reason == ReasonName(Reason::kNotEnoughCash)
                              ? Reason::kNotEnoughCash
                              : Reason::kNone;
    return {.reason = reason, .repeated = true, .number = seen->number};
  }
  const Investor* found = FindInvestor(c.investor);
  if (!found) return {.reason = Reason::kInvestorNotFound};
  if (found->closed) return {.reason = Reason::kInvestorClosed};
  const bool withdrawal = c.direction == PaymentDirection::kWithdrawal;
  const bool one_card = c.rules >= kPayoutCard;
  const CardId payout = one_card ? PayoutCard(SequenceOf(c.investor)) : CardId();
  const CardRecord* card = FindCard(SequenceOf(c.investor), one_card && !c.card.is_set() ? payout : c.card);
  if (!card) return {.reason = Reason::kCardNotFound};
  if (one_card && CardMarkOf(SequenceOf(c.investor), card->id).state != CardState::kOpen)
    return {.reason = Reason::kCardClosed};
  if (one_card && withdrawal && card->id != payout) return {.reason = Reason::kCardNotForPayout};
  const bool refused = withdrawal && found->cash.available < c.amount;

  const uint64_t seq = ++sequences_.Mutable().payments;
  Payment& payment = payments_.Mutable(seq);
  payment.direction = c.direction;
  payment.investor = SequenceOf(c.investor);
  payment.card = card->id;
  payment.counterparty = card->fingerprint;
  payment.amount = c.amount;
  payment.asked_at = ctx.now;
  payment_ids_.Insert(key, seq, content);
  if (refused) {
    // Remembered like any outcome: a copy of the request that comes late must not pay out what its sender was told is refused.
    payment.status = PaymentStatus::kFailed;
    payment.reason = std::string(ReasonName(Reason::kNotEnoughCash));
    payment.answered_at = ctx.now;
    return {.reason = Reason::kNotEnoughCash, .number = seq};
  }
  if (withdrawal) {
    // Out of what may be spent at once, so that it cannot also buy a fund while the bank is at work.
    Investor& investor = *MutableInvestor(c.investor);
    ledger_.MoveCash(Cause::kWithdraw, c.amount, &investor.cash, &investor.last_line,
                     {.at = ctx.now, .reference = FormatOrderId(OrderId(MakePaymentId(partition_, seq).raw()))});
  }
  payment_todo_.Add(seq);
  return {.number = seq};
}

Result AccountMachine::Execute(const PaymentAnswered& c, const Context& ctx) {
  const Payment* seen = payments_.Find(c.payment);
  if (!seen) return {.reason = Reason::kPaymentNotFound};
  if (seen->status != PaymentStatus::kPending) return {.repeated = true, .number = c.payment};

  Payment& payment = payments_.Mutable(c.payment);
  payment.status = c.done ? PaymentStatus::kDone : PaymentStatus::kFailed;
  payment.reason = c.reason;
  payment.message = c.message;
  payment.answered_at = ctx.now;
  payment_todo_.Remove(c.payment);
  const bool withdrawal = payment.direction == PaymentDirection::kWithdrawal;
  if (!withdrawal && !c.done) return {.number = c.payment};  // a refused deposit has moved nothing
  if (payment.direction == PaymentDirection::kAdvance) {
    AdvancePaid(payment, {.at = ctx.now, .order = payment.order,
                          .reference = FormatOrderId(OrderId(MakePaymentId(partition_, c.payment).raw()))});
    return {.number = c.payment};
  }

  const Cause cause = !withdrawal ? Cause::kDeposit : c.done ? Cause::kWithdrawn : Cause::kWithdrawRefused;
  Investor& investor = investors_.Mutable(payment.investor);
  ledger_.MoveCash(cause, payment.amount, &investor.cash, &investor.last_line,
                   {.at = ctx.now, .reference = FormatOrderId(OrderId(MakePaymentId(partition_, c.payment).raw()))});
  if (cause == Cause::kWithdrawRefused) FollowCard(c.payment, ctx);
  return {.number = c.payment};
}

void AccountMachine::ForEachSettlement(const TaCode& ta, Date confirm_day,
                                       absl::FunctionRef<void(const SettlementKey&, const Settlement&)> visit) {
  settlements_.ScanPrefix(SettlementDay{ta, confirm_day},
                          [&](const SettlementKey& key, const Settlement& s) { return visit(key, s), true; });
}

void AccountMachine::ForEachSettlement(absl::FunctionRef<void(const SettlementKey&, const Settlement&)> visit) {
  settlements_.ScanAll([&](const SettlementKey& key, const Settlement& s) { return visit(key, s), true; });
}

}  // namespace fundcore::account
