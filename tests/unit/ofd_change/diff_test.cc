// fundctl ofd diff: by key and value.
#include "tests/unit/ofd_change/folder.h"
#include "tools/ofd/change/scan.h"

namespace fundcore::ofd_tools {
namespace {

class DiffTest : public FolderTest {};

Row Order(const std::string& serial, const std::string& amount) {
  return {{"AppSheetSerialNo", serial}, {"FundCode", "110022"}, {"ApplicationAmount", amount}};
}

TEST_F(DiffTest, ByKeyAndNotByLine) {
  const std::string a = Put("a.TXT", {.rows = {Order("1", "10"), Order("2", "20"), Order("3", "30")}});
  const std::string b = Put("b.TXT", {.rows = {Order("3", "30"), Order("1", "10"), Order("4", "40")}});
  EXPECT_EQ(Do({"diff", a, b}), 1);
  EXPECT_TRUE(Said("key      AppSheetSerialNo")) << out_;
  EXPECT_TRUE(Said("AppSheetSerialNo=2")) << out_;
  EXPECT_TRUE(Said("AppSheetSerialNo=4")) << out_;
  EXPECT_TRUE(Said("1 only in A, 1 only in B, 0 changed")) << out_;
  EXPECT_EQ(Do({"diff", a, a}), 0);
  EXPECT_TRUE(Said("The files say the same")) << out_;
}

TEST_F(DiffTest, ChangedFieldsWithBothValues) {
  Row x = Order("1", "10"), y = Order("1", "10.01");
  x["LargeRedemptionFlag"] = "0";
  y["LargeRedemptionFlag"] = "1";
  const std::string a = Put("a.TXT", {.rows = {x}}), b = Put("b.TXT", {.rows = {y}});
  EXPECT_EQ(Do({"diff", a, b, "--meanings"}), 1);
  EXPECT_TRUE(Said("ApplicationAmount 申请金额: 10.00 -> 10.01")) << out_;
  EXPECT_TRUE(Said("LargeRedemptionFlag 巨额赎回处理标志: 0 [")) << out_;
  EXPECT_TRUE(Said("1 changed in 2 fields")) << out_;
  EXPECT_EQ(Do({"diff", a, b, "--ignore=applicationamount,LargeRedemptionFlag"}), 0) << out_;
  EXPECT_EQ(Do({"diff", a, b, "--json"}), 1);
  EXPECT_TRUE(Said("\"kind\":\"changed\",\"line_a\":")) << out_;
  EXPECT_TRUE(Said("\"a\":\"10.00\",\"b\":\"10.01\"")) << out_;
  EXPECT_TRUE(Said("\"different\":true}")) << out_;
}

TEST_F(DiffTest, VersionsWidthsAndLeftOutFieldsCompareByValue) {
  const std::string a = Put("a.TXT", {.type = "04",
                                      .rows = {{{"TASerialNO", "7"}, {"NAV", "1.1280"}, {"DetailFlag", "0"}}}});
  const std::string b = Put("b.TXT", {.version = ofd::Version::k22,
                                      .type = "04",
                                      .fields = {"NAV", "DetailFlag", "TASerialNO"},
                                      .rows = {{{"TASerialNO", "7"}, {"NAV", "1.12800000"}, {"DetailFlag", "0"}}}});
  EXPECT_EQ(Do({"diff", a, b}), 0) << out_;
  EXPECT_TRUE(Said("version: 21 -> 22  (no difference by itself)")) << out_;
  EXPECT_TRUE(Said("only A lists")) << out_;
  EXPECT_EQ(Do({"diff", a, b, "--strict"}), 1);
  const std::string c = Put("c.TXT", {.version = ofd::Version::k22,
                                      .type = "04",
                                      .fields = {"NAV", "DetailFlag", "TASerialNO"},
                                      .rows = {{{"TASerialNO", "7"}, {"NAV", "1.12800001"}, {"DetailFlag", "0"}}}});
  EXPECT_EQ(Do({"diff", a, c}), 1);
  EXPECT_TRUE(Said("NAV 基金单位净值: 1.1280 -> 1.12800001")) << out_;
}

TEST_F(DiffTest, DuplicateKeysAreMatchedInOrder) {
  const std::string a = Put("a.TXT", {.rows = {Order("1", "10"), Order("1", "20"), Order("1", "30")}});
  const std::string b = Put("b.TXT", {.rows = {Order("1", "10"), Order("1", "21")}});
  EXPECT_EQ(Do({"diff", a, b}), 1);
  EXPECT_TRUE(Said("20.00 -> 21.00")) << out_;
  EXPECT_TRUE(Said("1 only in A, 0 only in B, 1 changed in 1 fields")) << out_;
}

TEST_F(DiffTest, AnotherKeyAndHeads) {
  const std::string a = Put("a.TXT", {.rows = {Order("1", "10")}});
  const std::string b = Put("b.TXT", {.rows = {Order("2", "10")}, .transfer = 2});
  EXPECT_EQ(Do({"diff", a, b, "--key=FundCode"}), 1);
  EXPECT_TRUE(Said("transfer number: 1 -> 2")) << out_;
  EXPECT_TRUE(Said("AppSheetSerialNo 申请单编号")) << out_;
  EXPECT_EQ(Do({"diff", a, b, "--key=Nothing"}), 1);
  EXPECT_NE(err_.find("is not in both files"), std::string::npos) << err_;
  EXPECT_EQ(Do({"diff", a, Put("c.TXT", FileText{.type = "04"})}), 1);
  EXPECT_NE(err_.find("nothing to compare"), std::string::npos) << err_;
  EXPECT_EQ(Do({"diff", a, Path("none")}), 3);
  EXPECT_EQ(Do({"diff", a}), 2);
}

TEST_F(DiffTest, LineEndsAndBlanksSayNothing) {
  std::string bytes = Bytes({.rows = {Order("1", "10"), Order("2", "20")}});
  const std::string a = Put("a.TXT", bytes);
  std::erase(bytes, '\r');
  const size_t at = bytes.find("110022");
  ASSERT_NE(at, std::string::npos);
  bytes.pop_back();
  EXPECT_EQ(Do({"diff", a, Put("b.TXT", bytes)}), 0) << out_;
}

// Records that lie across the pieces in which a file is read keep their places.
TEST_F(DiffTest, PlacesInFilesOfSeveralPieces) {
  for (const bool cr : {true, false}) {
    FileText text;
    for (int i = 0; i < 4000; ++i) text.rows.push_back(Order(StrCat(i), StrCat(i % 997)));
    std::string bytes = Bytes(text);
    ASSERT_GT(bytes.size(), 2u << 20);
    if (!cr) std::erase(bytes, '\r');
    const std::string path = Put("a.TXT", bytes);
    auto scan = RecordScan::Open(path);
    ASSERT_TRUE(scan.ok()) << scan.status();
    std::string again;
    int count = 0;
    for (Record r; (*scan)->Next(&r); ++count) {
      ASSERT_TRUE((*scan)->ReadAt(r.offset, r.view.bytes().size(), &again).ok());
      ASSERT_EQ(again, r.view.bytes()) << count;
    }
    EXPECT_TRUE((*scan)->status().ok()) << (*scan)->status();
    EXPECT_EQ(count, 4000);
  }
}

}  // namespace
}  // namespace fundcore::ofd_tools
