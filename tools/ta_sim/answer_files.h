// The files of an answer, as bytes: written right first, then spoilt where a fault asks for it.
//
// File 25: ReceOrPayFlag is the distributor's side: "0" the distributor receives (redemptions, dividends), "1" it pays
// (purchases).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/files/files.h"
#include "common/ofd/file_name.h"
#include "common/ofd/layout.h"
#include "tools/ta_sim/config.h"
#include "tools/ta_sim/fault.h"
#include "tools/ta_sim/inbox.h"
#include "tools/ta_sim/judge.h"
#include "tools/ta_sim/register.h"
#include "tools/ta_sim/tax.h"

namespace fundcore::ta_sim {

struct OutFile {
  std::string type;  // "04"
  std::string name;  // OFD_…_04.TXT, without folders
  std::string bytes;
  // Where things stand in `bytes`, for faults.
  size_t head_bytes = 0;
  size_t record_bytes = 0;  // with its line end
  uint64_t records = 0;
  ofd::Column sheet, units, amount, first_number, dividend, trading, fund, income;
  std::vector<std::pair<std::string, ofd::Column>> fields;  // all, by name
};

// One NAV to publish.
struct PriceLine {
  const FundTerms* fund = nullptr;
  Date day;
  Price nav;
  Shares total;
  const IncomeDay* income = nullptr;  // of a money fund
};

// All that an answer says.
struct AnswerContent {
  const TaConfig* config = nullptr;
  const Files* exchange = nullptr;  // inputs are read again for what is echoed
  Date day;
  std::vector<InFile> inputs;
  std::vector<Line> accounts, trades;  // by input and line; those that nobody asked for last
  std::vector<DividendLine> dividends;
  std::vector<PriceLine> prices;
  std::vector<CashLine> cash;
  std::vector<IncomeDay> incomes;
  std::vector<TaxAnswer> tax;
  const Register* reg = nullptr;  // after the answer
};

// 02, 04, 05, 06, 07 and 25, right, and R2 where there is something to say in it. kInvalidArgument where a value does not fit the version (a price of more than four
// decimals before version 22).
absl::StatusOr<std::vector<OutFile>> RenderAnswer(const AnswerContent& content, ofd::Version version,
                                                  uint16_t transfer);

// Spoils files as the faults say (version and late are not its business). `again` gets what is to lie in the next
// transfer folder. Returns the types that were changed. kInvalidArgument where a fault names a line that is not there.
absl::StatusOr<std::vector<std::string>> Spoil(std::span<const Fault> faults, std::vector<OutFile>* files,
                                               std::vector<OutFile>* again);

// The same file with another transfer number in its head. `bytes` is whole and right.
std::string WithTransfer(std::string bytes, ofd::Version version, uint16_t transfer);

struct NamedBytes {
  std::string name;  // with folders
  std::string bytes;
};
// The index files for these types: OFI for 02 04 05 06, OFJ for 07, OFK for 25; in folder in/<ta>/<day>/<transfer>/.
absl::StatusOr<std::vector<NamedBytes>> RenderIndexes(const TaConfig& config, Date day, uint16_t transfer,
                                                      ofd::Version version, std::span<const std::string> types);
// "in/11/20250304/001/"
std::string FolderOf(const TaConfig& config, Date day, uint16_t transfer);
// "OFD_11_301_20250304_04.TXT"
std::string DataName(const TaConfig& config, Date day, std::string_view type);

}  // namespace fundcore::ta_sim
