// The linter without the rest of fundctl, and files of any size to try it on.
//
//   ofd_lint_by_hand make /tmp/OFD_11_301_20250304_04.TXT 20000000   // 481 bytes each; "all" = every field
//   ofd_lint_by_hand /tmp/OFD_11_301_20250304_04.TXT                 // as `fundctl ofd lint`
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/ofd/header.h"
#include "common/ofd/writer.h"
#include "tools/ofd/commands.h"

namespace fundcore {
namespace {

// A short field list, as some senders have it, gives the most records a byte.
const std::vector<std::string> kFields = {"AppSheetSerialNo",
                                          "TransactionCfmDate",
                                          "CurrencyType",
                                          "ConfirmedVol",
                                          "ConfirmedAmount",
                                          "FundCode",
                                          "LargeRedemptionFlag",
                                          "TransactionDate",
                                          "TransactionTime",
                                          "ReturnCode",
                                          "TransactionAccountID",
                                          "DistributorCode",
                                          "ApplicationVol",
                                          "ApplicationAmount",
                                          "BusinessCode",
                                          "TAAccountID",
                                          "TASerialNO",
                                          "BusinessFinishFlag",
                                          "DiscountRateOfCommission",
                                          "DepositAcct",
                                          "RegionCode",
                                          "DownLoaddate",
                                          "Charge",
                                          "AgencyFee",
                                          "NAV",
                                          "BranchCode",
                                          "IndividualOrInstitution",
                                          "StampDuty",
                                          "RateFee",
                                          "Specification",
                                          "Interest",
                                          "Tax",
                                          "MinFee",
                                          "OtherFee2",
                                          "FromTAFlag",
                                          "ShareClass",
                                          "DetailFlag",
                                          "FrozenMethod",
                                          "TotalTransFee",
                                          "NetNo",
                                          "ErrorDetail"};

int Make(const std::string& path, uint64_t count, bool all_fields) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  if (!file) {
    std::cerr << path << ": cannot be written\n";
    return 3;
  }
  const Date day = Date::FromRaw(20250303), confirmed = Date::FromRaw(20250304);
  std::string bytes;
  ofd::Writer writer("OFD_11_301_20250304_04.TXT", &bytes);
  ofd::Header head;
  head.creator = ofd::PartyCode("11");
  head.receiver = ofd::PartyCode("301");
  head.date = confirmed;
  head.transfer_no = TransferNo(1);
  head.type = ofd::FileType("04");
  if (!all_fields) head.fields = kFields;
  absl::Status status = writer.Begin(head, count);
  const auto f = [&](std::string_view name) { return writer.Find(name); };
  for (uint64_t i = 0; status.ok() && i < count; ++i) {
    writer.SetText(f("AppSheetSerialNo"), absl::StrFormat("%024d", i));
    writer.SetText(f("TASerialNO"), absl::StrFormat("%020d", i));
    writer.SetText(f("TransactionAccountID"), absl::StrFormat("%012d", i / 3));
    writer.SetText(f("TAAccountID"), absl::StrFormat("98%010d", i / 3));
    for (const std::string_view name : {"TransactionCfmDate", "DownLoaddate"}) writer.SetDate(f(name), confirmed);
    writer.SetDate(f("TransactionDate"), day);
    writer.SetText(f("TransactionTime"), absl::StrFormat("%02d%02d%02d", 9 + i % 6, i % 60, i / 60 % 60));
    writer.SetText(f("CurrencyType"), "156");
    writer.SetText(f("FundCode"), absl::StrFormat("%06d", 110'000 + i % 500));
    writer.SetText(f("ReturnCode"), "0000");
    for (const std::string_view name : {"DistributorCode", "BranchCode"}) writer.SetText(f(name), "301");
    writer.SetText(f("BusinessCode"), i % 4 == 0 ? "124" : "122");
    writer.SetText(f("BusinessFinishFlag"), "1");
    writer.SetText(f("IndividualOrInstitution"), "1");
    for (const std::string_view name : {"FromTAFlag", "ShareClass", "DetailFlag"}) writer.SetText(f(name), "0");
    writer.SetText(f("Specification"), i % 8 == 0 ? "摘要" : "");
    const int64_t units = 10'000 + static_cast<int64_t>(i % 977) * 100, amount = units * 125 / 100;
    writer.SetNumber(f("ConfirmedVol"), units);
    writer.SetNumber(f("ConfirmedAmount"), amount);
    if (i % 4 == 0) {
      writer.SetNumber(f("ApplicationVol"), units);
    } else {
      writer.SetNumber(f("ApplicationAmount"), amount);
    }
    writer.SetNumber(f("NAV"), 12'500);
    status = writer.EndRecord();
    if (bytes.size() > (8 << 20)) {
      if (std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size()) status = absl::UnavailableError("no room");
      bytes.clear();
    }
  }
  if (status.ok()) status = writer.Finish();
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  if (status.ok()) return 0;
  std::cerr << status << "\n";
  return 1;
}

}  // namespace
}  // namespace fundcore

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() >= 3 && words[0] == "make") return fundcore::Make(words[1], std::stoull(words[2]), words.size() > 3);
  return fundcore::ofd_tools::Lint(words, std::cout, std::cerr);
}
