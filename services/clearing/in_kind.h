// Creation and redemption of ETF units in kind (191 to 194): kept as the institution says it, and nothing else.
//
// They are applied for at the ETF's primary dealers, and move baskets of securities that are in no book of ours. So a
// line of a 04 file becomes a record that can be listed, and counts in the day's reconciliation; no cash, unit or order
// here moves.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/clearing/state.h"

namespace fundcore::clearing {

constexpr bool IsInKind(uint32_t business) { return business >= 191 && business <= 194; }

struct InKindKey {
  TaCode ta;
  Date confirm_day;
  std::string serial;           // TASerialNO
  FC_FIELDS(ta, confirm_day, serial)
};
struct InKindPrefix {
  TaCode ta;
  FC_FIELDS(ta)
};
struct InKindRecord {
  uint16_t business = 0;
  std::string order;            // AppSheetSerialNo, whoever gave it
  std::string trading_account, ta_account;
  FundCode fund;
  Units units;
  Money amount, charge;
  std::string return_code;
  Date apply_day;
  std::string file_name;
  uint64_t line = 0;
  std::string detail;
  FC_FIELDS(business, order, trading_account, ta_account, fund, units, amount, charge, return_code, apply_day,
            file_name, line, detail)
};

inline constexpr uint8_t kTableInKind = 234;  // 230 is one of the product book

// The records of a file that counts. Told again they are the same ones.
struct InKindKept {
  static constexpr uint8_t kTag = 230;
  std::vector<std::pair<InKindKey, InKindRecord>> records;
  FC_FIELDS(records)
};

}  // namespace fundcore::clearing
