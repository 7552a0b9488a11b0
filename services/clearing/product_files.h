// Files C1 to C6 that an institution sends in a transfer: taken in without anybody's asking, through the same code as
// `fundctl product import` (common/product_import), and the dividend plans (C4) that are kept.
//
// A set is complete once an index of product files (OFC) is there and every file that it names. It becomes proposals,
// or new terms at once where the institution's file variant says `product_files = "at once"` and two persons are not
// required. A figure that cannot be carried refuses the whole set: each fault is a break with file, line, field and
// value, which stops nothing.
#pragma once

#include <vector>

#include "services/clearing/state.h"

namespace fundcore::clearing {

// A dividend as the institution has announced it in C4.
struct DividendPlan {
  Date ex, paid;
  Money amount;                 // for each `per_units` units
  int64_t per_units = 0;        // 0: one
  std::string file_name;
  uint64_t line = 0;
  FC_FIELDS(ex, paid, amount, per_units, file_name, line)
};
struct DividendPlanKey {
  TaCode ta;
  FundCode fund;
  Date record;
  FC_FIELDS(ta, fund, record)
};
struct DividendPlanPrefix {
  TaCode ta;
  FundCode fund;
  FC_FIELDS(ta, fund)
};

// A set of product files, by the folder that it came in.
struct ProductFileSet {
  std::vector<OutFile> files;
  uint64_t proposed = 0, applied = 0;  // funds
  bool refused = false;
  TimePoint at;
  FC_FIELDS(files, proposed, applied, refused, at)
};

inline constexpr uint8_t kTableProductFiles = 142;
inline constexpr uint8_t kTableDividendPlans = 143;

// A set was read, and what it says was sent to product.
struct ProductFilesTaken {
  static constexpr uint8_t kTag = 142;
  TransferKey folder;           // `day`: the date of the files
  Date day;                     // the business day that breaks belong to
  std::vector<OutFile> files;
  uint64_t proposed = 0, applied = 0;
  std::vector<Finding> findings;
  std::vector<std::pair<DividendPlanKey, DividendPlan>> plans;
  FC_FIELDS(folder, day, files, proposed, applied, findings, plans)
};

}  // namespace fundcore::clearing
