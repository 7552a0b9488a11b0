// Reading one statement of a day. Internal to the script reader.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tools/dayrun/script.h"
#include "tools/dayrun/words.h"

namespace fundcore::dayrun {

// What stands before "->" and, where there is one, what stands after it. Names of funds, institutions and investors are
// checked against what the script gives.
absl::StatusOr<Statement> ParseStatement(const Script& script, std::string_view before, std::string_view after,
                                         bool has_outcome);

// statements_accounts.cc. What stands behind the investor's name, but not what must come of it.
bool IsAccountVerb(std::string_view word);
absl::StatusOr<AskForAccount> ReadAskForAccount(const Script& script, std::string who, Words& w);
// statements_people.cc
bool IsPersonVerb(const Words& w);
absl::StatusOr<Statement> ReadPerson(const Script& script, std::string who, Words& w, std::optional<Outcome> outcome);
// Behind "ta CODE by itself changes|moves"; not set: another verb comes.
absl::StatusOr<std::optional<TaDoes>> ReadOwnChange(const Script& script, std::string_view ta, Words& w);
absl::StatusOr<std::string> ReadAccountState(Words& w);
// Behind "ta CODE by itself".
absl::StatusOr<TaDoes> ReadOwnAccount(const Script& script, std::string ta, Words& w);

// statements_money.cc. Behind "NAME earned", and behind "ta CODE reports|books income".
absl::StatusOr<CheckIncome> ReadCheckIncome(const Script& script, std::string who, Words& w);
absl::StatusOr<TaDoes> ReadOtherIncome(const Script& script, std::string ta, bool books, Words& w);

// True for what an investor may be called: small letters, and no word that begins a line of another kind.
bool MayBeName(std::string_view word);

}  // namespace fundcore::dayrun
