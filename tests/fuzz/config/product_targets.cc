// Texts that describe institutions and funds: a variant of the file standard, and the product file.
#include <string>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/layout.h"
#include "common/ofd/variant.h"
#include "common/time/calendar.h"
#include "common/types/ids.h"
#include "tests/fuzz/support/targets.h"
#include "tools/fundctl/product_file.h"

namespace fundcore::fuzz {
namespace {

void CheckLocated(const absl::Status& status, std::string_view label) {
  const std::string_view message(status.message().data(), status.message().size());
  FC_CHECK(status.code() == absl::StatusCode::kInvalidArgument && message.substr(0, label.size()) == label, "not located: ",
           status.ToString());
}

}  // namespace

// What is accepted can be used: every field list that a variant makes is one that a writer takes and a reader reads.
void FuzzVariant(std::string_view bytes) {
  const auto variant = ofd::Variant::Parse("v.toml", bytes);
  if (!variant.ok()) return CheckLocated(variant.status(), "v.toml");
  for (const ofd::Version version : {ofd::Version::k20, ofd::Version::k21, ofd::Version::k22}) {
    // All types would cost more than they tell: those with orders, confirmations, accounts and prices, and C5.
    for (const char* name : {"01", "03", "04", "07", "C5"}) {
      const ofd::FileType type(name);
      const std::vector<std::string> fields = variant->FieldsFor(version, type);
      if (fields.empty()) continue;
      std::string out;
      ofd::Writer writer("a file", &out, variant->writer_options());
      const absl::Status begun = writer.Begin({.version = version,
                                               .creator = ofd::PartyCode("11"),
                                               .receiver = ofd::PartyCode("301"),
                                               .date = Date::FromRaw(20250304),
                                               .transfer_no = TransferNo(1),
                                               .type = type,
                                               .sender = ofd::PartyCode(""),
                                               .recipient = ofd::PartyCode("301"),
                                               .fields = fields},
                                              0);
      FC_CHECK(begun.ok(), "a variant that was accepted makes a head that is not: ", begun.ToString());
      FC_CHECK(writer.Finish().ok());
      ofd::Reader reader("a file", variant->reader_options());
      reader.Feed(out);
      reader.Finish();
      ofd::RecordView none;
      FC_CHECK(!reader.Next(&none) && reader.done(), "a file by an accepted variant cannot be read: ",
               reader.status().ToString());
    }
  }
  for (const auto& [code, rule] : variant->return_codes) {
    FC_CHECK(variant->IsRefusal(code) == rule.refusal && variant->ReturnCodeMeaning(code) == rule.meaning, code);
  }
}

void FuzzProducts(std::string_view bytes) {
  const auto file = fundctl::ReadProductText(bytes, "p.toml");
  if (!file.ok()) return CheckLocated(file.status(), "p.toml");
  for (const auto& put : file->funds) {
    const auto& fund = put.fund();
    FC_CHECK(!fund.fund_code().empty() && !fund.ta_code().empty(), "a fund without a code or an institution");
  }
  for (const auto& put : file->institutions) {
    FC_CHECK(!put.institution().ta_code().empty(), "an institution without a code");
  }
}

}  // namespace fundcore::fuzz
