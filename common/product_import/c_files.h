// Files C1 to C6 of an institution, read whole and checked, and what they would make of the funds that we know.
//
//   CFiles files = ReadCFiles({{"OFD_11_301_20250303_C5.TXT", bytes}}, {.distributor = "301"});
//   for (const std::string& code : files.funds) known[code] = …GetFund…;        // those that product knows
//   ImportPlan plan = PlanImport(files, known);
//   if (!plan.faults.empty()) …                                                 // nothing of it may be applied
//   for (const FundImport& f : plan.funds) …propose f.fund, f.conversions…
//
// Pure functions. One figure that cannot be carried (an unknown code, tiers that overlap, a rate out of range, two
// lines that contradict each other) refuses the whole import, with file, line, field and value. Fields and lines that
// product has no place for are listed in `left`. What a file says again changes nothing: then its fund is not in
// `funds`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/ofd/field_error.h"
#include "common/time/time.h"
#include "fundcore/product/v1/product.pb.h"

namespace fundcore::product_import {

inline constexpr size_t kMostRecords = 200'000;  // of all files of an import
inline constexpr size_t kMostFaults = 100;       // told; there may be more

struct SourceFile {
  std::string name;
  std::string bytes;
};
struct ImportOptions {
  std::string distributor;  // our code: lines for others are left; empty: the receiver that a file names
};

struct Origin {
  std::string file;
  uint64_t line = 0;
};
// Something that is not carried: once for each field (or kind of line) of a file.
struct Left {
  Origin first;
  std::string field, value;  // of the first line
  std::string why;
  uint64_t lines = 0;
};

// What the records say, after each was checked by itself.
struct CFiles {
  struct Terms {  // C1
    Origin at;
    std::string fund, ta, name, type;
    bool qdii = false;
    std::optional<bool> newest_first, inside;
    std::optional<int64_t> share_e8;
    std::vector<std::pair<size_t, int64_t>> figures;  // index into the table of figures, value
    Date from;
  };
  struct Agency {  // C2
    Origin at;
    std::string fund;
    std::optional<int32_t> purchase_days, redemption_days;
    Date from;
  };
  struct Way {  // C3
    Origin at;
    std::string fund;
    product::v1::ConversionRelation relation;
    bool deleted = false, whole = false;
    Date from;
  };
  struct Dividend {  // C4
    Origin at;
    std::string fund;
    Date record, ex, paid;
    int64_t amount_e2 = 0, per_units = 0;
  };
  struct Fee {  // C5
    Origin at;
    std::string fund;
    bool redemption = false;
    char investors = '2';
    int64_t from_fen = 0, to_fen = 0;  // 0: no limit
    int32_t from_days = 0, to_days = 0;
    int64_t rate_e8 = 0, fixed_fen = 0;
    std::string rate_text;
    Date from;
  };
  struct Redeemable {  // C6
    Origin at;
    std::string fund;
    Date lot, first;
    bool voided = false;
  };

  std::vector<Terms> terms;
  std::vector<Agency> agencies;
  std::vector<Way> ways;
  std::vector<Dividend> dividends;
  std::vector<Fee> fees;
  std::vector<Redeemable> redeemables;
  std::vector<std::string> funds;               // codes that are named, ascending, targets of conversions among them
  std::map<std::string, std::string> creators;  // file -> the institution that made it
  std::vector<Left> left;
  std::vector<ofd::FieldError> faults;
};
CFiles ReadCFiles(const std::vector<SourceFile>& files, const ImportOptions& options);

// A figure of C1 that goes one to one into a fund.
struct C1Figure {
  std::string_view field;
  int decimals;
  void (*set)(product::v1::Fund&, int64_t);
};
const std::vector<C1Figure>& C1Figures();

struct FieldChange {
  std::string field, before, after;  // empty: there is or was none
};
struct FundImport {
  std::string code;
  bool is_new = false;
  product::v1::Fund fund;       // whole, as PutFund and ProposeFund take it
  int64_t effective_at_us = 0;  // 0: as soon as may be
  std::optional<product::v1::FundConversions> conversions;
  int64_t conversions_effective_at_us = 0;
  std::vector<FieldChange> changes;
  std::vector<std::string> assumed;  // of a new fund: what no file says
};
struct ImportPlan {
  std::vector<FundImport> funds;  // those with changes, by code
  std::vector<CFiles::Dividend> dividends;
  std::vector<Left> left;
  std::vector<ofd::FieldError> faults;
};
// `known` holds GetFund's answers; a fund that is not in it is new.
ImportPlan PlanImport(const CFiles& files, const std::map<std::string, product::v1::GetFundResponse>& known);

// A fund, field by field in words: for diffs.
std::map<std::string, std::string> Describe(const product::v1::Fund& fund,
                                            const product::v1::FundConversions& conversions);

}  // namespace fundcore::product_import
