// What the distributor has sent: complete transfers in its folder, and their applications.
//
// A transfer counts once its index is there and every file that the index lists.
#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/files/files.h"
#include "common/ofd/business_code.h"
#include "common/ofd/reader.h"
#include "tools/ta_sim/config.h"
#include "tools/ta_sim/register.h"

namespace fundcore::ta_sim {

struct InFile {
  std::string name;  // with its folders
  Date day;
  uint16_t transfer = 0;
  bool trade = false;  // 03, else 01 or (by its name) R1
  FC_FIELDS(name, day, transfer, trade)
};

// The 01 and 03 files of days in [from, until), by day, transfer and type. `notes` gets transfers that are not whole.
// Errors of `files`; kInvalidArgument for an index that cannot be read.
absl::StatusOr<std::vector<InFile>> FindInFiles(const Files& files, const TaConfig& config, Date from, Date until,
                                                std::vector<std::string>* notes);

// Reads a file in pieces: `begin` once the head is known, then `record` for each. Stops at the first error, also of the
// file itself (kInvalidArgument with file, line and column).
absl::Status ReadRecords(const Files& files, const std::string& name,
                         absl::FunctionRef<absl::Status(const ofd::Reader&)> begin,
                         absl::FunctionRef<absl::Status(const ofd::RecordView&)> record);

// A line on its way through the agent: what was asked, and what became of it.
struct Line {
  static constexpr uint32_t kNoFile = ~0u;
  uint32_t file = kNoFile;  // index among the inputs; kNoFile: nobody asked
  uint64_t at = 0;          // line of the file
  SheetNo sheet;
  TradingAccount trading;
  TaAccountId account;
  ofd::BusinessCode business = ofd::BusinessCode::kNone;
  Date day;  // T
  // Trades.
  FundCode fund;
  Yuan amount;
  Shares units;
  Rate discount;
  char share_class = '0';
  char dividend_method = ' ';
  char large_flag = ' ';  // LargeRedemptionFlag: '0' cancels a rest, anything else defers it
  SheetNo original;       // of a withdrawal: the application that it withdraws
  Date reserved;          // of 021, 023, 025: the day that it is for
  char holder = ' ';  // IndividualOrInstitution
  std::string protocol;     // RationProtocolNo: the plan that it belongs to
  char ration_type = '0';   // RationType: 1 = the amount may be another one each time
  FundCode target;       // CodeOfTargetFund: the fund to enter; of 037 the fund that is left
  TaCode target_agent;   // TargetRegistrarCode
  // Accounts.
  std::string certificate;
  char cause = ' ';  // FrozenCause
  Date until;        // FreezingDeadline
  TradingAccount moved_to;  // 058, 158: the number from now on; of transfers: the account that the units go to
  std::string to_distributor;  // 026, 028

  ofd::BusinessCode confirmation = ofd::BusinessCode::kNone;
  ReturnCode code{"0000"};
  Shares confirmed_units;
  Yuan confirmed_amount, fee, fund_part, refund, interest;
  Rate sale_percent;   // of an offer that was cut: confirmed of applied
  std::string note;    // ErrorDetail of a line that is no refusal
  Shares interest_units;
  Shares target_units;  // of 136
  Price target_price;
  Yuan difference_fee;
  Price price;
  Rate rate;
  Shares balance;       // of the position afterwards
  Shares frozen;
  char frozen_cause = ' ', frozen_method = ' ', adjustment = ' ', direction = ' ', reason = ' ';
  Date registered;      // of units that keep their age
  uint64_t serial = 0;  // dense within the answer
  bool interim = false;  // more will come
  bool granted() const { return code.view() == "0000" || code.view() == "0410" || code.view() == "0007"; }
  bool refused() const { return !granted(); }
};

// The applications of one file. kInvalidArgument, located, for a field that cannot be read.
absl::StatusOr<std::vector<Line>> ReadLines(const Files& files, const InFile& file, uint32_t index);

}  // namespace fundcore::ta_sim
