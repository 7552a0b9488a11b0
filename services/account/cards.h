// Cards of an investor beyond their being there: which one money goes out to, which are closed, and how one takes the place
// of another; what the tables hold, and the commands that change it.
//
// An investor of whom nothing of this was ever asked has no entry: all cards are open, and money goes out to the first.
// Tags and table numbers are fixed for ever; new fields go to the end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/codec.h"
#include "common/crypto/hash.h"
#include "common/crypto/vault.h"
#include "common/money/decimal.h"
#include "common/time/time.h"
#include "common/types/ids.h"
#include "services/account/state.h"

namespace fundcore::account {

inline constexpr uint8_t kCardBooks = 110, kCardChanges = 111, kCardSequence = 112, kCardTodo = 113, kVersionCards = 114,
                         kPaymentNotes = 115;

enum class CardState : uint8_t { kOpen = 0, kClosed = 1, kReplaced = 2 };

// What became of a card, by whom, when and why.
struct CardMark {
  CardId card;
  CardState state = CardState::kOpen;
  CardId replaced_by;
  TimePoint at;
  std::string person;           // empty: the investor
  std::string why;
  FC_FIELDS(card, state, replaced_by, at, person, why)
};
struct CardBook {
  CardId payout;                // money goes out to it; not set: to none
  bool pays_out = false;        // what institutions pay goes on to the card by itself
  uint64_t change = 0;          // the change that is under way
  uint64_t last_change = 0;     // the newest of all, of which each names the one before
  std::vector<CardMark> marks;
  FC_FIELDS(payout, pays_out, change, last_change, marks)
};

enum class CardChangeState : uint8_t {
  kAsked = 1,      // the bank has not said yet whose card it is
  kWaiting = 2,    // for an operator, since something is held or in transit
  kDone = 3,
  kRefused = 4,    // by the bank: somebody else's card, or none
  kRejected = 5,   // by an operator
};
struct CardChange {
  CardChangeState state = CardChangeState::kAsked;
  uint64_t investor = 0;        // sequence
  CardId from;
  CardRecord to;                // its id is set once the card is the investor's
  TimePoint asked_at;
  CallerId caller;
  std::string person;           // who took it; empty: the investor in their app
  std::string why;
  std::string bank_reason;      // of a no
  std::string bank_message;
  TimePoint answered_at;
  std::string held;             // what made an approval necessary: the name of a reason
  std::string decided_by;
  std::string evidence;
  std::string decided_why;
  TimePoint decided_at;
  uint64_t previous = 0;        // of this investor
  FC_FIELDS(state, investor, from, to, asked_at, caller, person, why, bank_reason, bank_message, answered_at, held, decided_by,
            evidence, decided_why, decided_at, previous)
};

// What came after a payment that its card could not take.
struct PaymentNote {
  uint64_t follows = 0;         // the refused withdrawal to a card that was replaced
  uint64_t followed_by = 0;
  bool by_itself = false;       // an institution's money went on
  FC_FIELDS(follows, followed_by, by_itself)
};

// Another card takes the place of the one that money goes out to.
struct ChangeCard {
  static constexpr uint8_t kTag = 110;
  CallerId caller;
  RequestId request;
  Hash256 content;
  InvestorId investor;
  CardId to;                    // one that is there; else the number says which
  std::string bank_code;
  Hash256 fingerprint;
  Sealed number;
  std::string person;
  std::string why;
  FC_FIELDS(caller, request, content, investor, to, bank_code, fingerprint, number, person, why)
};
// The bank has said whose card it is. What it does not know is no answer, and not logged.
struct CardAnswered {
  static constexpr uint8_t kTag = 111;
  uint64_t change = 0;
  bool theirs = false;
  std::string reason;
  std::string message;
  FC_FIELDS(change, theirs, reason, message)
};
struct DecideCardChange {
  static constexpr uint8_t kTag = 112;
  uint64_t change = 0;
  bool approve = false;
  std::string person;
  std::string evidence;         // where what the person has seen is filed
  std::string why;
  FC_FIELDS(change, approve, person, evidence, why)
};
struct CloseCard {
  static constexpr uint8_t kTag = 113;
  InvestorId investor;
  CardId card;
  std::string person;
  std::string why;
  FC_FIELDS(investor, card, person, why)
};
struct SetPayouts {
  static constexpr uint8_t kTag = 114;
  InvestorId investor;
  bool on = false;
  FC_FIELDS(investor, on)
};

// Which rules a payment is judged by: a log keeps those that counted when it was asked for.
inline constexpr uint8_t kAnyCard = 0;
inline constexpr uint8_t kPayoutCard = 1;  // money goes out to one card alone, and closed cards take and give nothing

}  // namespace fundcore::account
