// What an order keeps of the line of an answer that was applied to it last, whatever the line says.
//
//   TakeLine(line, file, ctx.now, aftermath);
#pragma once

#include "services/trade/commands.h"
#include "services/trade/state.h"

namespace fundcore::trade {

// `file`: by number, of the machine's names.
inline void TakeLine(const ConfirmedLine& line, NameNo file, TimePoint now, Aftermath& a) {
  ++a.lines;
  a.confirmed_at = now;
  a.file = file;
  a.line = line.line;
  a.business = line.business;
  a.return_code = line.return_code;
  if (line.confirm_day.is_set()) a.confirm_day = line.confirm_day;
  if (!line.ta_serial.empty()) a.ta_serial = line.ta_serial;
}

}  // namespace fundcore::trade
