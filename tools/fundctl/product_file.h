// Institutions, funds and calendars in a form that people write: deploy/demo/products.toml is an example with every
// key.
//
//   FC_ASSIGN_OR_RETURN(ProductFile file, ReadProductFile("products.toml"));
//   for (const auto& fund : file.funds) …   // messages ready to be sent, calendars and institutions first
//
// Plain values. Unknown keys, unreadable figures and tiers out of order are refused with file and line, all at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "fundcore/product/v1/product.pb.h"

namespace fundcore::fundctl {

struct ProductFile {
  std::vector<product::v1::PutCalendarRequest> calendars;
  std::vector<product::v1::PutInstitutionRequest> institutions;
  std::vector<product::v1::PutFundRequest> funds;
  std::vector<product::v1::PutConversionsRequest> conversions;  // after the funds
};

// kNotFound or kPermissionDenied where it cannot be read; kInvalidArgument, a line a fault, where it is wrong. Calendar
// texts and file variants that the file names are looked for beside it.
absl::StatusOr<ProductFile> ReadProductFile(const std::string& path);
// `name` stands where the file's name would in messages.
absl::StatusOr<ProductFile> ReadProductText(std::string_view text, const std::string& name);

// The standard's FundStatus as a word, and back: "open" is "0".
std::string_view FundStatusWord(std::string_view status);

}  // namespace fundcore::fundctl
