// What may be seen of a person: the first character of a name, the last four digits of a number.
#pragma once

#include <string>
#include <string_view>

namespace fundcore {

// "李小明" -> "李**", "Li" -> "L*". UTF-8; a broken sequence shows nothing of itself.
std::string MaskName(std::string_view name);

// Certificate, card and phone numbers: "13800138000" -> "*******8000". Four characters or fewer are hidden altogether.
std::string MaskNumber(std::string_view number);

// A safety net over whole lines of text: hides, but for the last four digits,
//   18-character certificate numbers (17 digits and a digit or X, with a date of birth in its place), and
//   card numbers: 16, 18 or 19 digits that begin with 2 to 9 and pass Luhn's check.
// Runs of 17 digits stay, because our order numbers are such; so do 16 digits that begin with 1, as timestamps in
// microseconds do. It is a net, not the rule: whoever writes a line masks what is in it.
std::string MaskSensitive(std::string_view line);

}  // namespace fundcore
