// Cards: closing them, another in the place of the one that money goes out to, and what follows it there.
//
// Money goes out to one card, the first one unless it was changed. Another takes its place only where the bank says that it
// is the same person's; where the investor has or awaits anything, an operator approves it, too. From then on whatever is paid
// out goes to the new card; a withdrawal that is at the bank already stays what it is, and if the bank refuses it, since the
// old card takes nothing any more, it goes to the new one, once.
#include <algorithm>

#include "services/account/machine.h"

namespace fundcore::account {

using machine::Context;

namespace {

// A ledger is walked back so far for conversions between two institutions; who has more lines is taken for holding something.
constexpr int kMostLines = 2'000;

CardMark* MarkOf(CardBook& book, CardId card) {
  for (CardMark& m : book.marks)
    if (m.card == card) return &m;
  book.marks.push_back({.card = card});
  return &book.marks.back();
}

const CardRecord* CardWith(const Person& person, const Hash256& fingerprint) {
  for (const CardRecord& card : person.cards)
    if (card.fingerprint == fingerprint) return &card;
  return nullptr;
}

}  // namespace

CardBook& AccountMachine::BookOf(uint64_t investor) {
  if (!card_books_.Find(investor)) card_books_.Mutable(investor).payout = PayoutCard(investor);
  return card_books_.Mutable(investor);
}

CardId AccountMachine::PayoutCard(uint64_t investor) {
  if (const CardBook* book = card_books_.Find(investor)) return book->payout;
  const Person* person = persons_.Find(investor);
  return person && !person->cards.empty() ? person->cards.front().id : CardId();
}

CardMark AccountMachine::CardMarkOf(uint64_t investor, CardId card) {
  if (const CardBook* book = card_books_.Find(investor))
    for (const CardMark& m : book->marks)
      if (m.card == card) return m;
  return {.card = card};
}

CardId AccountMachine::CardIn(uint64_t application, const Application& a) {
  const ApplicationNote* note = application_notes_.Find(application);
  const uint64_t version = note ? note->version : 0;
  CardId card;
  uint64_t since = 0;
  version_cards_.ScanPrefix(a.investor, [&](const PersonVersionKey& key, const CardId& c) {
    if (key.version <= version && key.version >= since) {
      since = key.version;
      card = c;
    }
    return true;
  });
  return card;
}

bool AccountMachine::PaymentUnderWay(uint64_t investor, CardId card) {
  bool found = false;
  payment_todo_.ForEach([&](uint64_t seq) {
    const Payment* p = payments_.Find(seq);
    found = found || (p && p->investor == investor && p->card == card);
  });
  return found;
}

// Anything that is, or may become, money of the investor.
Reason AccountMachine::CheckNothingAtAll(uint64_t seq) {
  const Investor& investor = *investors_.Find(seq);
  for (const Holding& h : investor.holdings)
    if (h.units.is_positive()) return Reason::kUnitsHeld;
  if (!investor.cash.reserved.is_zero()) return Reason::kOrdersInTransit;
  if (!investor.cash.available.is_zero() || !investor.cash.awaiting.is_zero() || !investor.cash.withdrawing.is_zero())
    return Reason::kMoneyInTransit;
  bool left = false;
  payment_todo_.ForEach([&](uint64_t payment) {
    const Payment* p = payments_.Find(payment);
    left = left || (p && p->investor == seq);
  });
  notes_.ScanPrefix(seq, [&](const NoteKey&, const HoldingNote& note) {
    left = left || !note.held.empty();
    return !left;
  });
  income_.ForEach(seq, [&](const FundCode&, const Earnings& e) { left = left || !e.unpaid.is_zero(); });
  if (left) return Reason::kMoneyInTransit;
  // Units that have left one fund and have not entered the other yet stand in no balance of the investor.
  int lines = 0;
  for (uint64_t position = investor.last_line; position != 0;) {
    const auto line = ledger_.Read(position);
    FC_CHECK(line.ok(), "a line of the ledger cannot be read: ", line.status().ToString());
    if (++lines > kMostLines) return Reason::kOrdersInTransit;
    if (const Conversion* k = line->order ? conversions_.Find(line->order) : nullptr; k && k->out_done != k->in_done)
      return Reason::kOrdersInTransit;
    position = line->previous;
  }
  return Reason::kNone;
}

uint64_t AccountMachine::StartWithdrawal(uint64_t investor, const CardRecord& card, Money amount, const Context& ctx) {
  const uint64_t seq = ++sequences_.Mutable().payments;
  Payment& payment = payments_.Mutable(seq);
  payment.direction = PaymentDirection::kWithdrawal;
  payment.investor = investor;
  payment.card = card.id;
  payment.counterparty = card.fingerprint;
  payment.amount = amount;
  payment.asked_at = ctx.now;
  Investor& owner = investors_.Mutable(investor);
  ledger_.MoveCash(Cause::kWithdraw, amount, &owner.cash, &owner.last_line,
                   {.at = ctx.now, .reference = FormatOrderId(OrderId(MakePaymentId(partition_, seq).raw()))});
  payment_todo_.Add(seq);
  return seq;
}

const CardRecord* AccountMachine::FindCard(uint64_t investor, CardId card) {
  const Person* person = persons_.Find(investor);
  if (!person || !card.is_set()) return nullptr;
  for (const CardRecord& r : person->cards)
    if (r.id == card) return &r;
  return nullptr;
}

void AccountMachine::PayOn(uint64_t investor, Money amount, const Context& ctx) {
  const CardBook* book = card_books_.Find(investor);
  if (!book || !book->pays_out || !amount.is_positive()) return;
  const CardRecord* card = FindCard(investor, book->payout);
  if (!card) return;
  payment_notes_.Mutable(StartWithdrawal(investor, *card, amount, ctx)).by_itself = true;
}

void AccountMachine::FollowCard(uint64_t payment_seq, const Context& ctx) {
  const Payment payment = *payments_.Find(payment_seq);
  if (CardMarkOf(payment.investor, payment.card).state != CardState::kReplaced) return;
  const CardRecord* card = FindCard(payment.investor, PayoutCard(payment.investor));
  if (!card || card->id == payment.card) return;
  const uint64_t next = StartWithdrawal(payment.investor, *card, payment.amount, ctx);
  payment_notes_.Mutable(next).follows = payment_seq;
  payment_notes_.Mutable(payment_seq).followed_by = next;
}

Result AccountMachine::Execute(const ChangeCard& c, const Context& ctx) {
  const Investor* investor = FindInvestor(c.investor);
  if (!investor) return {.reason = Reason::kInvestorNotFound};
  const uint64_t seq = SequenceOf(c.investor);
  const auto key = machine::IdIndex::HashOf({c.caller.view(), FormatInvestorId(c.investor), StrCat("card ", c.request.view())});
  const uint64_t content = HashKey::Of(c.content).words[0];
  if (auto seen = application_ids_.Find(key)) {
    if (seen->content_hash != content) return {.reason = Reason::kRequestIdReused};
    return {.repeated = true, .number = seen->number};
  }
  if (investor->closed) return {.reason = Reason::kInvestorClosed};
  const Person& person = *persons_.Find(seq);
  const CardRecord* there = c.to.is_set() ? FindCard(seq, c.to) : CardWith(person, c.fingerprint);
  if (c.to.is_set() && !there) return {.reason = Reason::kCardNotFound};
  if (c.to.is_set() && CardMarkOf(seq, c.to).state != CardState::kOpen) return {.reason = Reason::kCardClosed};
  const CardId from = PayoutCard(seq);
  if (there && there->id == from) return {.reason = Reason::kCardUnchanged};
  if (const CardBook* book = card_books_.Find(seq); book && book->change != 0) return {.reason = Reason::kCardChangeUnderWay};

  CardBook& book = BookOf(seq);
  const uint64_t number = ++card_sequence_.Mutable();
  CardChange& change = card_changes_.Mutable(number);
  change.investor = seq;
  change.from = from;
  change.to = there ? *there : CardRecord{CardId(), c.bank_code, c.fingerprint, c.number};
  change.asked_at = ctx.now;
  change.caller = c.caller;
  change.person = c.person;
  change.why = c.why;
  change.previous = book.last_change;
  book.change = book.last_change = number;
  card_todo_.Add(number);
  application_ids_.Insert(key, number, content);
  return {.number = number};
}

Result AccountMachine::Execute(const CardAnswered& c, const Context& ctx) {
  const CardChange* seen = card_changes_.Find(c.change);
  if (!seen) return {.reason = Reason::kCardChangeNotFound};
  if (seen->state != CardChangeState::kAsked) return {.repeated = true, .number = c.change};

  CardChange& change = card_changes_.Mutable(c.change);
  card_todo_.Remove(c.change);
  change.answered_at = ctx.now;
  change.bank_message = c.message;
  if (!c.theirs) {
    change.state = CardChangeState::kRefused;
    change.bank_reason = c.reason;
    BookOf(change.investor).change = 0;
    return {.number = c.change};
  }
  const Reason held = change.from.is_set() ? CheckNothingAtAll(change.investor) : Reason::kNone;
  if (held != Reason::kNone) {
    change.state = CardChangeState::kWaiting;
    change.held = std::string(ReasonName(held));
    return {.number = c.change};
  }
  CompleteCardChange(c.change, ctx);
  return {.number = c.change};
}

Result AccountMachine::Execute(const DecideCardChange& c, const Context& ctx) {
  const CardChange* seen = card_changes_.Find(c.change);
  if (!seen) return {.reason = Reason::kCardChangeNotFound};
  const CardChangeState decided = c.approve ? CardChangeState::kDone : CardChangeState::kRejected;
  if (seen->state != CardChangeState::kAsked && seen->state != CardChangeState::kWaiting) {
    if (seen->state == decided && seen->decided_by == c.person) return {.repeated = true, .number = c.change};
    return {.reason = Reason::kCardChangeDecided};
  }
  if (c.approve && seen->state == CardChangeState::kAsked) return {.reason = Reason::kCardChangeNotAnswered};
  if (c.approve && seen->person == c.person) return {.reason = Reason::kSamePerson};

  CardChange& change = card_changes_.Mutable(c.change);
  change.decided_by = c.person;
  change.evidence = c.evidence;
  change.decided_why = c.why;
  change.decided_at = ctx.now;
  if (c.approve) {
    CompleteCardChange(c.change, ctx);
    return {.number = c.change};
  }
  change.state = CardChangeState::kRejected;
  card_todo_.Remove(c.change);
  BookOf(change.investor).change = 0;
  return {.number = c.change};
}

void AccountMachine::CompleteCardChange(uint64_t number, const Context& ctx) {
  CardChange& change = card_changes_.Mutable(number);
  const uint64_t seq = change.investor;
  Person& person = persons_.Mutable(seq);
  if (const CardRecord* there = CardWith(person, change.to.fingerprint)) {
    change.to = *there;
  } else {
    change.to.id = CardId(person.cards.size() + 1);
    person.cards.push_back(change.to);
  }
  change.state = CardChangeState::kDone;
  if (change.decided_by.empty()) change.decided_at = ctx.now;
  CardBook& book = BookOf(seq);
  book.change = 0;
  book.payout = change.to.id;
  *MarkOf(book, change.to.id) = {.card = change.to.id, .at = ctx.now, .person = change.decided_by, .why = change.why};
  if (change.from.is_set()) {
    *MarkOf(book, change.from) = {.card = change.from, .state = CardState::kReplaced, .replaced_by = change.to.id,
                                  .at = ctx.now, .person = change.decided_by, .why = change.why};
  }
  // Institutions hear of the new bank account as of any other data: by 003.
  PersonData& data = person_data_.Mutable(seq);
  person_versions_.Put({seq, data.version},
                       {person.certificate_type, person.name, person.certificate_no, person.mobile, data.more});
  ++data.version;
  data.changed_at = ctx.now;
  version_cards_.Put({seq, data.version}, change.to.id);
  for (const FundAccount& account : investors_.Find(seq)->fund_accounts) TellData(seq, account, true, ctx);
}

Result AccountMachine::Execute(const CloseCard& c, const Context& ctx) {
  const Investor* investor = FindInvestor(c.investor);
  if (!investor) return {.reason = Reason::kInvestorNotFound};
  const uint64_t seq = SequenceOf(c.investor);
  const CardRecord* card = FindCard(seq, c.card);
  if (!card) return {.reason = Reason::kCardNotFound};
  if (CardMarkOf(seq, c.card).state != CardState::kOpen) return {.repeated = true, .number = c.card.raw()};
  if (PaymentUnderWay(seq, c.card)) return {.reason = Reason::kCardInTransit};
  const CardId payout = PayoutCard(seq);
  if (const CardBook* book = card_books_.Find(seq); book && book->change != 0) {
    if (c.card == payout || card_changes_.Find(book->change)->to.fingerprint == card->fingerprint)
      return {.reason = Reason::kCardChangeUnderWay};
  }
  if (c.card == payout && CheckNothingAtAll(seq) != Reason::kNone) return {.reason = Reason::kCardIsPayout};

  CardBook& book = BookOf(seq);
  if (book.payout == c.card) book.payout = CardId();
  *MarkOf(book, c.card) = {.card = c.card, .state = CardState::kClosed, .at = ctx.now, .person = c.person, .why = c.why};
  return {.number = c.card.raw()};
}

Result AccountMachine::Execute(const SetPayouts& c, const Context&) {
  const Investor* investor = FindInvestor(c.investor);
  if (!investor) return {.reason = Reason::kInvestorNotFound};
  const uint64_t seq = SequenceOf(c.investor);
  const CardBook* book = card_books_.Find(seq);
  if ((book && book->pays_out) == c.on) return {.repeated = true};
  if (investor->closed) return {.reason = Reason::kInvestorClosed};
  if (!PayoutCard(seq).is_set()) return {.reason = Reason::kCardNotFound};
  BookOf(seq).pays_out = c.on;
  return {};
}

}  // namespace fundcore::account
