// The text of tables/fields.tbl and tables/codes.tbl, for the two places that parse them (fields.cc, business_code.cc).
#pragma once

#include <string_view>

namespace fundcore::ofd {

extern const std::string_view kFieldsTable;
extern const std::string_view kCodesTable;

}  // namespace fundcore::ofd
