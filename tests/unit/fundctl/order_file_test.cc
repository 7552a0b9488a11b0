// Reading a file of orders: what is a damaged file, what is a line that cannot be an order, and what a line's digest covers.
#include "tools/fundctl/order_file.h"

#include "common/ofd/reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/fundctl/orders_03.h"

namespace fundcore::fundctl {
namespace {

using ::testing::HasSubstr;

OrderFile Read(const File03& file) {
  auto read = ReadOrderFile(file.Name(), file.Bytes(), ofd::Variant());
  EXPECT_TRUE(read.ok()) << read.status();
  return read.ok() ? *read : OrderFile();
}
std::string ReasonOf(const Line03& line) {
  const OrderFile file = Read({.lines = {line}});
  return file.lines.empty() ? "" : std::string(file.lines[0].fault.reason);
}

TEST(OrderFile, GivesLinesAsOrders) {
  const OrderFile file = Read({.lines = {{.serial = "A1", .fund_account = "990000000001"},
                                         {.serial = "A2", .account = "T2", .amount = 0, .units = 5'000, .business = "024",
                                          .more = {{"LargeRedemptionFlag", "0"}}},
                                         {.serial = "A3", .amount = 0, .units = 5'000, .business = "024"}}});
  ASSERT_EQ(file.lines.size(), 3u);
  EXPECT_EQ(file.distributor().view(), "996");
  const OrderLine& buy = file.lines[0];
  EXPECT_EQ(buy.fault.outcome, Outcome::kNone) << buy.fault.message;
  EXPECT_EQ(buy.request_id, "03/996/H0/A1");
  EXPECT_EQ(buy.amount.ToString(), "1000.00");
  EXPECT_EQ(buy.ta_account, "990000000001");
  EXPECT_EQ(buy.trade_day, *Date::Parse("2025-03-03"));
  EXPECT_EQ(file.lines[1].units.ToString(), "50.00");
  EXPECT_FALSE(file.lines[1].defer);
  EXPECT_TRUE(file.lines[2].defer);  // unset means defer
  EXPECT_FALSE(buy.defer);           // says nothing about a purchase
}

TEST(OrderFile, TellsWhatALineCannotBe) {
  EXPECT_EQ(ReasonOf({.serial = "1", .business = "039"}), "BUSINESS_NOT_SUPPORTED");
  const auto converts = [](int64_t amount, int64_t units, std::vector<std::pair<std::string, std::string>> more) {
    return ReasonOf({.serial = "1", .amount = amount, .units = units, .business = "036", .more = std::move(more)});
  };
  EXPECT_EQ(converts(0, 5'000, {{"CodeOfTargetFund", "000199"}}), "");
  EXPECT_EQ(converts(0, 5'000, {{"CodeOfTargetFund", "000199"}, {"LargeRedemptionFlag", "0"}}), "");
  EXPECT_EQ(converts(0, 5'000, {}), "TARGET_FUND_INVALID");
  EXPECT_EQ(converts(0, 0, {{"CodeOfTargetFund", "000199"}}), "UNITS_INVALID");
  EXPECT_EQ(converts(5, 5'000, {{"CodeOfTargetFund", "000199"}}), "AMOUNT_INVALID");
  EXPECT_EQ(converts(0, 5'000, {{"CodeOfTargetFund", "000199"}, {"LargeRedemptionFlag", "1"}}), "DEFERRAL_NOT_SUPPORTED");
  EXPECT_EQ(converts(0, 5'000, {{"CodeOfTargetFund", "000199"}, {"TargetShareType", "1"}}), "SHARE_CLASS_NOT_SUPPORTED");
  EXPECT_EQ(ReasonOf({.serial = "1", .more = {{"CodeOfTargetFund", "000199"}}}), "TARGET_FUND_INVALID");
  EXPECT_EQ(ReasonOf({.serial = "1", .more = {{"CurrencyType", "840"}}}), "CURRENCY_NOT_SUPPORTED");
  EXPECT_EQ(ReasonOf({.serial = "1", .more = {{"DiscountRateOfCommission", "4000"}}}), "DISCOUNT_NOT_SUPPORTED");
  EXPECT_EQ(ReasonOf({.serial = "1", .more = {{"DiscountRateOfCommission", "10000"}}}), "");
  EXPECT_EQ(ReasonOf({.serial = "1", .more = {{"ShareClass", "1"}}}), "SHARE_CLASS_NOT_SUPPORTED");
  EXPECT_EQ(ReasonOf({.serial = "1", .more = {{"SpecifyFee", "100"}}}), "FEE_NOT_SUPPORTED");
  EXPECT_EQ(ReasonOf({.serial = "1", .more = {{"FutureBuyDate", "20250310"}}}), "RESERVATION_NOT_SUPPORTED");
  EXPECT_EQ(ReasonOf({.serial = "1", .more = {{"FutureBuyDate", "00000000"}}}), "");
  EXPECT_EQ(ReasonOf({.serial = "1", .amount = 0}), "AMOUNT_INVALID");
  EXPECT_EQ(ReasonOf({.serial = "1", .amount = -5}), "AMOUNT_INVALID");
  EXPECT_EQ(ReasonOf({.serial = "1", .units = 5}), "UNITS_INVALID");
  EXPECT_EQ(ReasonOf({.serial = "1", .amount = 5, .units = 5, .business = "024"}), "AMOUNT_INVALID");
  EXPECT_EQ(ReasonOf({.serial = "1", .account = ""}), "TRADING_ACCOUNT_INVALID");
  EXPECT_EQ(ReasonOf({.serial = "", .account = "T"}), "SERIAL_INVALID");
  EXPECT_EQ(ReasonOf({.serial = "a b"}), "SERIAL_INVALID");
  EXPECT_EQ(ReasonOf({.serial = "1", .fund = ""}), "FUND_CODE_INVALID");
  EXPECT_EQ(ReasonOf({.serial = "1", .date = "20250231"}), "TRANSACTION_DATE_INVALID");
  EXPECT_EQ(ReasonOf({.serial = "1", .date = ""}), "TRANSACTION_DATE_INVALID");
  EXPECT_EQ(ReasonOf({.serial = "1", .more = {{"DistributorCode", "997"}}}), "DISTRIBUTOR_DIFFERS");
  EXPECT_EQ(ReasonOf({.serial = "1", .amount = 0, .units = 5, .business = "024", .more = {{"LargeRedemptionFlag", "7"}}}),
            "LARGE_REDEMPTION_FLAG_INVALID");
}

TEST(OrderFile, TakesTheFirstOfASerialThatStandsTwice) {
  const OrderFile file = Read({.lines = {{.serial = "A"}, {.serial = "A", .amount = 5}}});
  EXPECT_EQ(file.lines[0].fault.outcome, Outcome::kNone);
  EXPECT_EQ(file.lines[1].fault.reason, "SERIAL_TWICE");
}

TEST(OrderFile, GivesNothingOfADamagedFile) {
  const File03 good{.lines = {{.serial = "A"}, {.serial = "B"}}};
  const auto fails = [&](std::string bytes) {
    auto read = ReadOrderFile(good.Name(), bytes, ofd::Variant());
    EXPECT_FALSE(read.ok());
    return std::string(read.status().message());
  };
  const std::string bytes = good.Bytes();
  EXPECT_THAT(fails(bytes.substr(0, bytes.size() - 10)), HasSubstr("OFD_996_H0_20250303_03.TXT"));
  std::string letters = bytes;
  letters.replace(bytes.find("0000000000100000"), 16, "00000000001x0000");
  EXPECT_THAT(fails(letters), HasSubstr("ApplicationAmount"));
  File03 few = good;
  few.fields = {"AppSheetSerialNo", "FundCode", "TransactionDate", "TransactionAccountID", "ApplicationAmount"};
  for (Line03& l : few.lines) l.business = "", l.amount = 100;
  auto read = ReadOrderFile(few.Name(), [&] {
    // The writer refuses values for fields that the file leaves out, so the lines are left empty.
    File03 empty = few;
    empty.lines.clear();
    return empty.Bytes();
  }(), ofd::Variant());
  EXPECT_THAT(std::string(read.status().message()), HasSubstr("BusinessCode"));
}

TEST(OrderFile, DigestsEveryFieldAndNothingElse) {
  const Line03 line{.serial = "A", .more = {{"Broker", "x"}}};
  const Hash256 digest = Read({.lines = {line}}).lines[0].digest;
  // Another version, another transfer, another neighbour: the same line.
  EXPECT_EQ(Read({.version = ofd::Version::k22, .transfer = 2, .lines = {line}}).lines[0].digest, digest);
  EXPECT_EQ(Read({.lines = {line, {.serial = "B"}}}).lines[0].digest, digest);
  // A field that no order uses.
  EXPECT_NE(Read({.lines = {{.serial = "A", .more = {{"Broker", "y"}}}}}).lines[0].digest, digest);
  EXPECT_NE(Read({.lines = {{.serial = "A", .amount = 99'999, .more = {{"Broker", "x"}}}}}).lines[0].digest, digest);
}

TEST(OrderFile, RequestIdsFitAlways) {
  ofd::Header h;
  h.creator = ofd::PartyCode("12345678901234567890");
  h.receiver = ofd::PartyCode("12345678901234567890");
  EXPECT_EQ(OrderRequestId(h, std::string(19, 'a')).substr(0, 4), "03/1");
  const std::string a = OrderRequestId(h, std::string(24, 'a')), b = OrderRequestId(h, std::string(23, 'a') + "b");
  EXPECT_LE(a.size(), 64u);
  EXPECT_EQ(a.substr(0, 3), "03#");
  EXPECT_NE(a, b);
}

TEST(OrderFile, EveryRefusalHasAReturnCode) {
  EXPECT_EQ(ReturnCodeOf("NOT_ENOUGH_UNITS"), "0001");
  EXPECT_EQ(ReturnCodeOf("TRADING_ACCOUNT_UNKNOWN"), "0104");
  EXPECT_EQ(ReturnCodeOf("SOMETHING_OF_LATER"), "0010");
}

}  // namespace
}  // namespace fundcore::fundctl
