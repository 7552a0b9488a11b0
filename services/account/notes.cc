// Notes of holdings.
#include "services/account/notes.h"

#include <algorithm>

namespace fundcore::account {

uint8_t WayOn(const HoldingNote& note, Date record_day) {
  return note.way_since.is_set() && note.way_since > record_day ? note.way_before : note.way;
}

void SetWay(HoldingNote& note, uint8_t way, Date confirmed_on) {
  // Twice on one day: what counted before that day still does for days before it.
  if (note.way_since != confirmed_on) note.way_before = note.way;
  note.way = way;
  note.way_since = confirmed_on;
}

Units FrozenUnits(const HoldingNote& note) {
  Units sum;
  for (const UnitFreeze& f : note.freezes) sum += f.units;
  return sum;
}

Units FrozenWithFruits(const HoldingNote& note, Date day) {
  Units sum;
  for (const UnitFreeze& f : note.freezes)
    if (f.with_fruits && f.day <= day) sum += f.units;
  return sum;
}

Units FrozenHere(const HoldingNote& note) {
  Units sum;
  for (const UnitFreeze& f : note.freezes)
    if (!f.derived && f.cause != kFrozenByCourt) sum += f.units;
  return sum;
}

Units Thaw(HoldingNote& note, Units units, const TaSerialNo& serial, bool ours) {
  Units left = units;
  const auto take = [&](UnitFreeze& f) {
    const Units taken = std::min(f.units, left);
    f.units -= taken;
    left -= taken;
  };
  if (!serial.empty()) {
    for (UnitFreeze& f : note.freezes)
      if (f.serial == serial) take(f);
  }
  for (UnitFreeze& f : note.freezes)
    if (ours && !f.derived && f.cause != kFrozenByCourt) take(f);
  for (UnitFreeze& f : note.freezes)
    if (!f.derived) take(f);
  for (UnitFreeze& f : note.freezes) take(f);
  std::erase_if(note.freezes, [](const UnitFreeze& f) { return f.units.is_zero(); });
  return units - left;
}

void TakeHeld(HoldingNote& note, Money& cash, Units& units) {
  for (HeldDividend& h : note.held) {
    const Money c = std::min(h.cash, cash);
    const Units u = std::min(h.units, units);
    h.cash -= c;
    cash -= c;
    h.units -= u;
    units -= u;
  }
  std::erase_if(note.held, [](const HeldDividend& h) { return h.cash.is_zero() && h.units.is_zero(); });
}

bool IsBlank(const HoldingNote& note) {
  return note.way == 0 && note.freezes.empty() && note.blocked.is_zero() && note.held.empty();
}

}  // namespace fundcore::account
