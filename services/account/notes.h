// What an institution has said about a holding beyond its units: which way dividends go, what of it is frozen there, and
// the dividends that frozen units have earned and not yet got. Most holdings have no note.
//
//   HoldingNote note;
//   SetWay(note, '0', day);
//   WayOn(note, record_day)                 // '0' reinvested, '1' cash, 0 where it was never chosen
//   Units released = Thaw(note, units, {});  // oldest freeze first
//
// Pure functions on values. Units that are frozen here are part of the holding's `frozen`, with those that are promised to
// redemptions: `blocked` says how many of them. A freeze of more than is free waits for what is promised to come back.
#pragma once

#include <vector>

#include "common/base/codec.h"
#include "common/money/decimal.h"
#include "common/time/time.h"
#include "common/types/ids.h"

namespace fundcore::account {

// Characters of the standard.
inline constexpr uint8_t kWayReinvest = '0';
inline constexpr uint8_t kWayCash = '1';
inline constexpr uint8_t kFrozenByCourt = '0';
inline constexpr uint8_t kFrozenAtCounter = '1';
inline constexpr uint8_t kFrozenAsPledge = '2';

struct NoteKey {
  uint64_t investor = 0;  // sequence
  FundCode fund;
  FC_FIELDS(investor, fund)
};

// Units that the institution has frozen by one confirmation.
struct UnitFreeze {
  TaSerialNo serial;
  Date day;               // of its confirmation
  uint8_t cause = 0;
  bool with_fruits = false;  // what they earn is held, too
  bool derived = false;      // reinvested from the dividend of frozen units
  Units units;            // still frozen
  FC_FIELDS(serial, day, cause, with_fruits, derived, units)
};

// What frozen units have earned, until 157.
struct HeldDividend {
  TaSerialNo serial;
  Date record_day;
  Money cash;
  Units units;            // reinvested, and frozen with the others
  FC_FIELDS(serial, record_day, cash, units)
};

struct HoldingNote {
  uint8_t way = 0;        // of dividends; 0: never chosen here
  Date way_since;         // confirmed on
  uint8_t way_before = 0;
  std::vector<UnitFreeze> freezes;  // in order of their confirmation
  Units blocked;
  std::vector<HeldDividend> held;
  FC_FIELDS(way, way_since, way_before, freezes, blocked, held)
};

// The way that counts for a record day: one confirmed after it does not.
uint8_t WayOn(const HoldingNote& note, Date record_day);
void SetWay(HoldingNote& note, uint8_t way, Date confirmed_on);

// All that is frozen, whether or not so much was free.
Units FrozenUnits(const HoldingNote& note);
// Of them, what was frozen with its fruits by the end of `day`.
Units FrozenWithFruits(const HoldingNote& note, Date day);

// Of them, what no court has frozen.
Units FrozenHere(const HoldingNote& note);

// Takes up to `units` out of the freezes: of `serial` first where one has it, then the oldest; of those that a court has
// frozen last where `ours`. Returns how many.
Units Thaw(HoldingNote& note, Units units, const TaSerialNo& serial, bool ours = false);

// Takes up to so much out of what is held, oldest first; `cash` and `units` are left with what there was not.
void TakeHeld(HoldingNote& note, Money& cash, Units& units);

// Nothing is left to remember.
bool IsBlank(const HoldingNote& note);

}  // namespace fundcore::account
