// Files C1 to C6 in a script: who takes them in, and what their records say.
#include "common/base/check.h"
#include "common/base/status.h"
#include "tools/dayrun/statements.h"

namespace fundcore::dayrun {

namespace {

absl::Status ReadProductFiles(ImportFiles& s, Words& w);

}  // namespace

absl::StatusOr<Statement> ReadDelivery(const Script& script, Words& w) {
  ImportFiles s;
  s.by_transfer = true;
  FC_RETURN_IF_ERROR(w.Expect("ta"));
  FC_ASSIGN_OR_RETURN(s.ta, w.Next("an institution"));
  if (!script.Ta(s.ta)) return absl::InvalidArgumentError(StrCat("no institution ", s.ta, " is given"));
  FC_RETURN_IF_ERROR(w.Expect("delivers"));
  FC_RETURN_IF_ERROR(ReadProductFiles(s, w));
  return s;
}

absl::StatusOr<Statement> ReadImport(const Script& script, Words& w) {
  ImportFiles s;
  FC_ASSIGN_OR_RETURN(s.person, w.Next("a person"));
  FC_ASSIGN_OR_RETURN(size_t verb, w.OneOf({"imports", "applies"}));
  s.at_once = verb == 1;
  FC_RETURN_IF_ERROR(w.Expect("ta"));
  FC_ASSIGN_OR_RETURN(s.ta, w.Next("an institution"));
  if (!script.Ta(s.ta)) return absl::InvalidArgumentError(StrCat("no institution ", s.ta, " is given"));
  FC_RETURN_IF_ERROR(ReadProductFiles(s, w));
  return s;
}

namespace {

absl::Status ReadProductFiles(ImportFiles& s, Words& w) {
  s.damaged = w.Take("damaged");
  do {
    FC_ASSIGN_OR_RETURN(size_t type, w.OneOf({"C1", "C2", "C3", "C4", "C5", "C6"}));
    ImportFiles::File file{StrCat("C", type + 1), {}};
    while (w.Peek().find('=') != std::string_view::npos) {
      FC_ASSIGN_OR_RETURN(std::string record, w.Next("a record"));
      file.records.push_back(std::move(record));
    }
    if (file.records.empty())
      return absl::InvalidArgumentError(StrCat("after ", file.type, " come records in quotes: \"FundCode=110022 …\""));
    s.files.push_back(std::move(file));
  } while (!w.AtEnd());
  return absl::OkStatus();
}

}  // namespace

}  // namespace fundcore::dayrun
