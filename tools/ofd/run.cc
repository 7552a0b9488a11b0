// The list of commands: names to functions.
#include <cstring>

#include "tools/ofd/commands.h"

namespace fundcore::ofd_tools {
namespace {

struct Command {
  const char* name;
  const char* summary;
  int (*run)(const Words&, std::ostream&, std::ostream&);
};

constexpr Command kCommands[] = {
    {"lint", "say what is wrong in files or folders of files", &Lint},
    {"show", "a file as a table, JSON, CSV or a workbook", &Show},
    {"from-json", "a file again from what show --json wrote", &FromJson},
    {"from-csv", "a file again from what show --csv wrote", &FromCsv},
    {"convert", "a file in another version, with a list of what does not fit", &Convert},
    {"diff", "two files compared record by record, field by field", &Diff},
    {"mask", "a file without the persons in it, of the same lengths", &Mask},
    {"explain", "what a file type, a field or a code means", &Explain},
};

void Usage(std::ostream& to) {
  to << "Usage: fundctl ofd COMMAND …   (fundctl ofd COMMAND --help)\n";
  for (const Command& c : kCommands) {
    to << "  " << c.name << std::string(12 - std::strlen(c.name), ' ') << c.summary << "\n";
  }
  to << "Exit codes: 0 good, 1 something is wrong or differs, 2 wrong use, 3 cannot read or write.\n";
}

}  // namespace

int Run(const Words& words, std::ostream& out, std::ostream& err) {
  if (words.empty()) {
    Usage(err);
    return 2;
  }
  if (words[0] == "--help" || words[0] == "-h") {
    Usage(out);
    return 0;
  }
  for (const Command& c : kCommands) {
    if (words[0] == c.name) return c.run(Words(words.begin() + 1, words.end()), out, err);
  }
  err << "fundctl ofd: there is no command \"" << words[0] << "\"\n";
  Usage(err);
  return 2;
}

}  // namespace fundcore::ofd_tools
