// A file of orders (type 03) that a sub-distributor sends, read as a whole and judged line by line as far as the file alone
// tells.
//
//   FC_ASSIGN_OR_RETURN(OrderFile file, ReadOrderFile("OFD_996_H0_20170427_03.TXT", bytes, variant));
//   for (const OrderLine& line : file.lines)
//     if (line.fault.outcome == Outcome::kNone) … line.request_id, line.fund, line.amount …
//
// A file that is damaged (wrong count, length, trailer, a number that is none, a needed field left out) is an error and
// gives nothing. A line whose content cannot become an order has a fault of its own, and the others stand.
// Plain values; pure, no I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/crypto/hash.h"
#include "common/money/decimal.h"
#include "common/ofd/header.h"
#include "common/ofd/record.h"
#include "common/ofd/variant.h"
#include "common/time/time.h"
#include "common/types/ids.h"

namespace fundcore::fundctl {

// What became of a line. Everything from kRefused to kInvalid means that there is no order on its way.
enum class Outcome {
  kNone,            // nothing yet
  kAccepted,        // an order, accepted
  kRepeated,        // the same line was imported before; its order stands
  kRefused,         // an order, refused by us for a business reason
  kChallenged,      // an order that waits for a second proof
  kConflict,        // the serial belongs to other content
  kUnknownAccount,  // the trading account is linked to no investor, or the fund account is another's
  kUnknownFund,
  kUnsupported,     // asks for something that we do not do for other distributors
  kInvalid,         // a value that the standard does not allow there
  kUndecided,       // received, and its outcome was not known in time
  kNotSent,         // the server could not be reached: nothing is known
};
std::string_view OutcomeWord(Outcome outcome);  // "accepted", "unknown_account" …

// Why a line is no order: a name in UPPER_SNAKE and a sentence with the value and the remedy.
struct LineFault {
  Outcome outcome = Outcome::kNone;
  std::string_view reason;
  std::string message;
};

struct OrderLine {
  uint64_t line = 0;  // in the file, from 1
  std::string serial, fund, trading_account, ta_account;
  std::string target;  // 036: CodeOfTargetFund
  std::string request_id;
  uint32_t business = 0;
  Money amount;
  Units units;
  bool defer = true;  // the rest of a large redemption
  Date trade_day;     // TransactionDate
  Hash256 digest;
  LineFault fault;
};

struct OrderFile {
  ofd::Header header;
  std::vector<OrderLine> lines;  // in the file's order

  const ofd::PartyCode& distributor() const { return header.creator; }
};

// kInvalidArgument, located by file:line, where the file is damaged, is no 03, or lists no field that every order needs.
absl::StatusOr<OrderFile> ReadOrderFile(std::string_view name, std::string_view bytes, const ofd::Variant& variant);

// "03/<creator>/<receiver>/<serial>"; a longer one than a request id may be (64 bytes) gives "03#" and a hash of it.
std::string OrderRequestId(const ofd::Header& header, std::string_view serial);

// SHA-256 over every field that says something, by name: the order of the fields, their padding, zeros in numbers and the
// version of the file do not show in it. Every field of the line counts, also those that an order does not use.
Hash256 LineDigest(const ofd::RecordView& record, const std::vector<std::pair<std::string, ofd::Column>>& by_name);
// The columns of a file by their names in upper case, sorted.
std::vector<std::pair<std::string, ofd::Column>> ColumnsByName(const ofd::Layout& layout);

// The standard's return code that tells a sub-distributor why there is no order: by the name of our reason (of a line's
// fault, or of a rejected order). "0010", other causes, for a reason without a closer one.
std::string_view ReturnCodeOf(std::string_view reason);

}  // namespace fundcore::fundctl
