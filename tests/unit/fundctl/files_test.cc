// The files that fundctl reads: products, and what an institution says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/base/check.h"
#include "tools/fundctl/product_file.h"
#include "tools/fundctl/ta_report.h"

namespace fundcore::fundctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(ProductFile, TheExampleIsReadWhole) {
  auto file = ReadProductFile(FUNDCORE_ROOT "/deploy/demo/products.toml");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_EQ(file->calendars.size(), 1u);
  EXPECT_EQ(file->calendars[0].calendar().name(), "SHHK");
  ASSERT_EQ(file->institutions.size(), 2u);
  EXPECT_EQ(file->institutions[0].institution().cutoff_us(), 54'000'000'000);
  EXPECT_FALSE(file->institutions[1].institution().same_day_orders());
  ASSERT_EQ(file->funds.size(), 6u);
  const product::v1::Fund& f = file->funds[0].fund();
  EXPECT_EQ(f.fund_code(), "110011");
  EXPECT_EQ(f.risk_grade(), 4);
  EXPECT_EQ(f.max_purchase_fen(), 500'000'000);
  ASSERT_EQ(f.fees_size(), 1);
  ASSERT_EQ(f.fees(0).purchase_size(), 2);
  // Closed tiers, one fen apart; the last has no end.
  EXPECT_EQ(f.fees(0).purchase(0).max_fen(), 99'999'999);
  EXPECT_EQ(f.fees(0).purchase(0).rate_e8(), 1'500'000);
  EXPECT_EQ(f.fees(0).purchase(1).max_fen(), 0);
  EXPECT_EQ(f.fees(0).purchase(1).fixed_fee_fen(), 100'000);
  ASSERT_EQ(f.fees(0).redemption_size(), 2);
  EXPECT_EQ(f.fees(0).redemption(0).max_days(), 6);
  EXPECT_EQ(f.fees(0).redemption(1).max_days(), 99'999);
  EXPECT_EQ(f.fees(0).redemption(1).fund_share_e8(), 25'000'000);
  EXPECT_EQ(file->funds[2].fund().income().remainder(), "carry");
  EXPECT_EQ(file->funds[3].fund().redemption_pay_days(), 7);
  EXPECT_EQ(file->funds[4].fund().rounding_units(), 1u);
  EXPECT_EQ(file->funds[4].fund().fees(0).discount_e8(), 10'000'000);
}

constexpr char kFund[] = R"(
[[fund]]
code = "110022"
name = "A"
institution = "11"
kind = "bond"
risk = "R2"
)";

std::string Refusal(const std::string& rest) {
  auto file = ReadProductText(StrCat(kFund, rest), "p.toml");
  return file.ok() ? "was taken" : std::string(file.status().message());
}

TEST(ProductFile, FaultsAreNamedWithTheirLines) {
  EXPECT_THAT(Refusal("min_purchse = \"10.00\"\n"), HasSubstr("p.toml:8: unknown key \"min_purchse\""));
  EXPECT_THAT(Refusal("min_purchase = \"10.005\"\n"), HasSubstr("p.toml:8: \"min_purchase\" in [fund[1]] is wrong"));
  EXPECT_THAT(Refusal("min_purchase = \"-1.00\"\n"), HasSubstr("negative"));
  EXPECT_THAT(Refusal("confirmed = \"2\"\n"), HasSubstr("T+0 to T+60"));
  EXPECT_THAT(Refusal("confirmed = \"T+x\"\n"), HasSubstr("T+0 to T+60"));
  EXPECT_THAT(Refusal("status = \"half open\"\n"), HasSubstr("status"));
  EXPECT_THAT(Refusal("effective = \"tomorrow\"\n"), HasSubstr("effective"));
  EXPECT_THAT(Refusal("[[fund.fees]]\nfrom = 2020-01-01\n[[fund.fees.purchase]]\nfrom = \"5.00\"\nrate = \"1%\"\n"),
              HasSubstr("must be 0 in the first tier"));
  EXPECT_THAT(Refusal("[[fund.fees]]\nfrom = 2020-01-01\n[[fund.fees.purchase]]\nrate = \"1%\"\nfixed = \"1.00\"\n"),
              HasSubstr("either a rate or a fixed fee"));
  EXPECT_THAT(Refusal("[[fund.fees]]\nfrom = 2020-01-01\n[[fund.fees.redemption]]\nrate = "
                      "\"1%\"\n[[fund.fees.redemption]]\nrate = \"0%\"\n"),
              HasSubstr("above that of the tier before"));
  EXPECT_THAT(Refusal("[[calendar]]\nname = \"X\"\nboth = [\"XSHG\", \"XNYS\"]\n"), HasSubstr("two known calendars"));
  EXPECT_EQ(Refusal(""), "was taken");
  EXPECT_EQ(ReadProductFile("/does/not/exist.toml").status().code(), absl::StatusCode::kNotFound);
}

TEST(ProductFile, AFileVariantIsReadBesideItAndSentAsText) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "products_variant";
  std::filesystem::create_directories(folder / "variants");
  const std::string path = (folder / "products.toml").string();
  std::ofstream(path) << "[[institution]]\ncode = \"98\"\nname = \"TA\"\nour_code = \"301\"\n"
                         "file_variant = \"variants/ta-98.toml\"\n";
  EXPECT_THAT(std::string(ReadProductFile(path).status().message()),
              AllOf(HasSubstr("products.toml:5:"), HasSubstr("cannot be taken"), HasSubstr("ta-98.toml")));
  std::ofstream(folder / "variants" / "ta-98.toml") << "line_ends = \"lf\"\n";
  const auto file = ReadProductFile(path);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->institutions[0].institution().file_variant(), "line_ends = \"lf\"\n");
  std::ofstream(folder / "variants" / "ta-98.toml") << "line_ends = \"cr\"\n";
  EXPECT_THAT(std::string(ReadProductFile(path).status().message()), HasSubstr("ta-98.toml:1:"));
  std::filesystem::remove_all(folder);
}

TEST(TaReport, IsReadExactlyOrRefused) {
  auto r = ParseTaReport(R"({"holdings":[],"funds":[{"fund":"110022","units":"7905.14"}],
      "cash_lines":[{"pay_day":"2025-03-05","fund":"110022","business":"122","distributor":"pays","amount":"10000.00"},
                    {"pay_day":"2025-03-07","fund":"110022","business":"124","distributor":"receives","amount":"0.01"}],
      "cash":[],"answered":["2025-03-04"]})",
                         "ta.json");
  ASSERT_TRUE(r.ok()) << r.status();
  EXPECT_EQ(r->units["110022"].raw(), 790'514);
  ASSERT_EQ(r->cash.size(), 2u);
  EXPECT_FALSE(r->cash[0].we_receive);
  EXPECT_TRUE(r->cash[1].we_receive);
  EXPECT_EQ(r->cash[1].pay_day, Date::FromRaw(20250307));
  for (const char* bad :
       {"", "[]", "{}", R"({"funds":[{"fund":"1","units":7905.14}],"cash_lines":[]})",
        R"({"funds":[],"cash_lines":[{"pay_day":"2025-03-05","distributor":"keeps","amount":"1.00"}]})"}) {
    EXPECT_EQ(ParseTaReport(bad, "ta.json").status().code(), absl::StatusCode::kDataLoss) << bad;
  }
  EXPECT_EQ(ReadTaReport("/does/not/exist.json").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace fundcore::fundctl
