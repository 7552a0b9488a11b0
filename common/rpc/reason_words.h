// What a reason is called in Chinese, for the apps of investors. One table for all services: an order is refused by any of
// them, and whoever shows it to the investor knows the reason's name only.
//
//   if (const ReasonWords* words = FindReasonWords("NOT_ENOUGH_UNITS")) Show(words->zh);   // 可用份额不足, 0001
#pragma once

#include <string_view>

namespace fundcore::rpc {

struct ReasonWords {
  std::string_view name;  // "NOT_ENOUGH_UNITS"
  std::string_view zh;    // a sentence for the investor, or for the operator where none but they can meet it
  std::string_view code;  // of the standard's return codes, "" where none fits
};

// nullptr for a name that no service gives as a reason of business. Any thread.
const ReasonWords* FindReasonWords(std::string_view name);

}  // namespace fundcore::rpc
