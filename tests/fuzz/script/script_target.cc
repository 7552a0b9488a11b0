// Day scripts under any bytes: refused with file and line, or read the same way twice, with everything they refer to.
#include <string>

#include "common/base/check.h"
#include "tests/fuzz/support/targets.h"
#include "tools/dayrun/script.h"

namespace fundcore::fuzz {

void FuzzScript(std::string_view bytes) {
  const auto script = dayrun::ParseScript("s.day", bytes);
  if (!script.ok()) {
    const std::string_view message(script.status().message().data(), script.status().message().size());
    FC_CHECK(script.status().code() == absl::StatusCode::kInvalidArgument && message.substr(0, 6) == "s.day:", "not located: ",
             script.status().ToString());
    return;
  }
  FC_CHECK(!script->name.empty() && !script->lines.empty(), "a script without a name or lines was accepted");
  FC_CHECK(script->start.date().is_set(), "a script without a first day");
  TimePoint before = script->start;
  int number = 0;
  for (const dayrun::Line& line : script->lines) {
    FC_CHECK(line.number > number, "line ", line.number, " after ", number);
    number = line.number;
  }
  for (const std::string& ta : script->tas()) FC_CHECK(script->Ta(ta) != nullptr, "institution ", ta, " is not there");
  for (const auto& [line, given] : script->given) {
    if (const auto* fund = std::get_if<dayrun::GivenFund>(&given)) {
      FC_CHECK(script->Fund(fund->code) != nullptr && script->Ta(fund->ta) != nullptr, "fund ", fund->code);
    }
    if (const auto* who = std::get_if<dayrun::GivenInvestor>(&given)) FC_CHECK(script->Investor(who->name) != nullptr);
  }
  const auto again = dayrun::ParseScript("s.day", bytes);
  FC_CHECK(again.ok() && again->lines.size() == script->lines.size() && again->start == before);
}

}  // namespace fundcore::fuzz
