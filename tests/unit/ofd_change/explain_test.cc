// fundctl ofd explain.
#include "tests/unit/ofd_change/folder.h"

namespace fundcore::ofd_tools {
namespace {

class ExplainTest : public FolderTest {};

TEST_F(ExplainTest, TypesFieldsAndCodes) {
  EXPECT_EQ(Do({"explain", "03"}), 0);
  EXPECT_TRUE(Said("records are known by AppSheetSerialNo")) << out_;
  EXPECT_TRUE(Said("ApplicationAmount                 N16.2   N16.2   申请金额")) << out_;
  EXPECT_EQ(Do({"explain", "04", "nav"}), 0);
  EXPECT_TRUE(Said("version 21  N7.4  number of 7 digits, the last 4 after the point")) << out_;
  EXPECT_TRUE(Said("version 22  N16.8")) << out_;
  EXPECT_EQ(Do({"explain", "03", "LargeRedemptionFlag"}), 0);
  EXPECT_TRUE(Said("取消")) << out_;
  EXPECT_TRUE(Said("filled by: 024 赎回")) << out_;
  EXPECT_EQ(Do({"explain", "01", "CertificateNo", "--version=21"}), 0);
  EXPECT_TRUE(Said("C30")) << out_;
  EXPECT_FALSE(Said("version 22")) << out_;
  EXPECT_TRUE(Said("holds a certificate number")) << out_;
  EXPECT_EQ(Do({"explain", "code", "0354"}), 0);
  EXPECT_TRUE(Said("the item was refused")) << out_;
  EXPECT_EQ(Do({"explain", "business", "022"}), 0);
  EXPECT_TRUE(Said("confirmed by 122")) << out_;
  EXPECT_EQ(Do({"explain", "business", "122", "--json"}), 0);
  EXPECT_TRUE(Said("\"application\":\"022\"")) << out_;
  EXPECT_EQ(Do({"explain", "DividendPerUnit"}), 0);
  EXPECT_TRUE(Said("  06  DividendPerUnit")) << out_;
}

TEST_F(ExplainTest, WhatThereIsNot) {
  EXPECT_EQ(Do({"explain", "99"}), 2);
  EXPECT_NE(err_.find("there are 01 02"), std::string::npos) << err_;
  EXPECT_EQ(Do({"explain", "03", "Redemption"}), 2);
  EXPECT_NE(err_.find("there is LargeRedemptionFlag"), std::string::npos) << err_;
  EXPECT_EQ(Do({"explain", "code", "ZZZZ"}), 2);
  EXPECT_EQ(Do({"explain", "code"}), 2);
  EXPECT_EQ(Do({"explain", "business", "22"}), 2);
  EXPECT_EQ(Do({"explain", "03", "--version=19"}), 2);
}

// Every type and field of the tables can be explained, as text and as JSON.
TEST_F(ExplainTest, Everything) {
  for (const ofd::FileType& type : ofd::AllTypes(ofd::Version::k22)) {
    ASSERT_EQ(Do({"explain", type.str()}), 0) << type.view();
    ASSERT_EQ(Do({"explain", type.str(), "--json"}), 0) << type.view();
    for (const ofd::FieldDef& f : ofd::DefaultFields(ofd::Version::k22, type)) {
      ASSERT_EQ(Do({"explain", type.str(), std::string(f.name)}), 0) << type.view() << " " << f.name;
    }
  }
}

}  // namespace
}  // namespace fundcore::ofd_tools
