// The three fuzz targets of the file codec. Each takes any bytes at all and returns, or finds a broken promise and
// stops the process with what was broken. They keep nothing between calls.
//
//   FuzzReader(bytes)   a data file, read whole and in pieces: the same records, the same located error
//   FuzzWriter(bytes)   choices of head, fields, variants and values: refused with a reason, or read back as they were
//   set FuzzIndex(bytes)    an index file, a file name, a text: parsed, printed and parsed again without a change
//
// entry.cc puts one of them under libFuzzer (tests/fuzz/run); replay_test.cc and mutations_test.cc run them with any
// compiler.
#pragma once

#include <string_view>

namespace fundcore::ofd {

void FuzzReader(std::string_view bytes);
void FuzzWriter(std::string_view bytes);
void FuzzIndex(std::string_view bytes);

}  // namespace fundcore::ofd
