// A file as a table for a terminal.
//
//   std::unique_ptr<Shower> table = MakeTableShower(sink.get(), options, {.width = 120});
//
// The head in words, then the records, a window of at most kWindow at a time; of each window only the columns that are
// not blank or zero everywhere in it. Columns that do not fit beside one another follow below. One record alone is
// shown with a field a line. Chinese characters take two places, as terminals print them; what would move the cursor or
// turn the writing around is shown as \x1b.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tools/ofd/show/show.h"

namespace fundcore::ofd_tools {

struct TableStyle {
  size_t width = 0;      // places in a line; 0 = no folding
  bool chinese = false;  // the fields' Chinese names below their names
  uint64_t most = 100;   // records shown where nobody asked for certain ones; the rest is only read and counted
};

inline constexpr size_t kWindow = 1000;
inline constexpr size_t kWidestCell = 32;  // places; what is wider ends in "…"

std::unique_ptr<Shower> MakeTableShower(Sink* sink, const ShowOptions& options, const TableStyle& style);

// How many places a terminal needs for the text (UTF-8, valid).
size_t PlacesOf(std::string_view utf8);
// The text without what must not reach a terminal, cut to `places`.
std::string ForTerminal(std::string_view utf8, size_t places);

}  // namespace fundcore::ofd_tools
