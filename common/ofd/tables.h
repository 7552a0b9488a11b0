// The text of tables/*.tbl, for the places that parse them (fields.cc, business_code.cc, values.cc).
#pragma once

#include <string_view>

namespace fundcore::ofd {

extern const std::string_view kFieldsTable;
extern const std::string_view kCodesTable;
extern const std::string_view kValuesTable;

}  // namespace fundcore::ofd
