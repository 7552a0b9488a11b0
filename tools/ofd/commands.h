// `fundctl ofd …`: tools for settlement files, for people and scripts. They need no server.
//
//   return ofd_tools::Run({"lint", "exchange/in", "--json"}, std::cout, std::cerr);
//
// Each command takes the words after its own name. Exit codes are fundctl's: 0 good, 1 something is wrong in (or
// different between) the files, 2 wrong use, 3 cannot read or write. What was asked for goes to `out`, complaints to
// `err`. Nothing here holds a file in memory: sizes are bounded by the disk only.
// Threads: none; a command runs to its end on the caller's.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace fundcore::ofd_tools {

using Words = std::vector<std::string>;

// The first word names the command; "--help" lists them.
int Run(const Words& words, std::ostream& out, std::ostream& err);

int Lint(const Words& words, std::ostream& out, std::ostream& err);
int Show(const Words& words, std::ostream& out, std::ostream& err);
int FromCsv(const Words& words, std::ostream& out, std::ostream& err);
int FromJson(const Words& words, std::ostream& out, std::ostream& err);
int Convert(const Words& words, std::ostream& out, std::ostream& err);
int Diff(const Words& words, std::ostream& out, std::ostream& err);
int Mask(const Words& words, std::ostream& out, std::ostream& err);
int Explain(const Words& words, std::ostream& out, std::ostream& err);

}  // namespace fundcore::ofd_tools
