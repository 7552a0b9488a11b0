// fundctl ofd mask: the same lengths and forms, the same person the same everywhere, nothing else touched.
#include <set>

#include "common/ofd/file_name.h"
#include "common/ofd/text.h"
#include "tests/unit/ofd_change/folder.h"
#include "tools/ofd/change/mask.h"

namespace fundcore::ofd_tools {
namespace {

using ofd::Personal;
constexpr std::string_view kSecret = "a secret of more than 16 bytes";

std::string Gb(std::string_view utf8) { return *ofd::ToGb18030(utf8); }

bool RightCheckDigit(const std::string& id) {
  constexpr int kWeights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  int sum = 0;
  for (size_t i = 0; i < 17; ++i) sum += (id[i] - '0') * kWeights[i];
  return "10X98765432"[sum % 11] == id[17];
}

struct MaskerTest : testing::Test {
  Masker masker = *Masker::WithSecret(kSecret);
};

TEST_F(MaskerTest, IdentityNumbersKeepTheirForm) {
  const std::string id = "11010519491231002X";
  ASSERT_TRUE(RightCheckDigit(id));
  const std::string mask = masker.Mask(Personal::kCertificate, id, "");
  ASSERT_EQ(mask.size(), 18u);
  EXPECT_NE(mask, id);
  EXPECT_EQ(mask[0], '9');
  EXPECT_TRUE(RightCheckDigit(mask)) << mask;
  EXPECT_TRUE(ofd::ParseFileDate(mask.substr(6, 8)).is_set()) << mask;
  EXPECT_EQ((mask[16] - '0') % 2, (id[16] - '0') % 2);
  EXPECT_EQ(mask.substr(6, 8), masker.Mask(Personal::kBirthday, "19491231", ""));
  for (int i = 0; i < 10; ++i) {  // a wrong check digit stays wrong
    const std::string wrong = StrCat("11010519491231002", i);
    EXPECT_FALSE(RightCheckDigit(masker.Mask(Personal::kCertificate, wrong, ""))) << wrong;
  }
  EXPECT_EQ(masker.Mask(Personal::kCertificate, "110105491231002", "").size(), 15u);
  const std::string passport = masker.Mask(Personal::kCertificate, "E12345678", "");
  EXPECT_TRUE(passport[0] >= 'A' && passport[0] <= 'Z') << passport;
  EXPECT_EQ(passport.size(), 9u);
}

TEST_F(MaskerTest, AccountsAreOneToOne) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string account = StrCat("98A", i / 100, i / 10 % 10, i % 10);
    const std::string mask = masker.Mask(Personal::kAccount, account, "");
    EXPECT_EQ(mask.substr(0, 2), "98");
    EXPECT_TRUE(mask[2] >= 'A' && mask[2] <= 'Z') << mask;
    EXPECT_TRUE(seen.insert(mask).second) << account << " meets another at " << mask;
  }
}

TEST_F(MaskerTest, TextOfEveryLength) {
  const std::string name = Gb("张三·欧阳");
  const std::string mask = masker.Mask(Personal::kName, name, "");
  EXPECT_EQ(mask.size(), name.size());
  const auto utf8 = ofd::ToUtf8(mask);
  ASSERT_TRUE(utf8.ok());
  EXPECT_NE(utf8->find("·"), std::string::npos) << *utf8;
  EXPECT_EQ(utf8->find("张"), std::string::npos) << *utf8;
  const std::string rare = Gb("㐀㐁");  // four bytes each
  ASSERT_EQ(rare.size(), 8u);
  EXPECT_EQ(masker.Mask(Personal::kName, rare, "").size(), 8u);
  EXPECT_TRUE(ofd::ToUtf8(masker.Mask(Personal::kName, rare, "")).ok());
  const std::string mail = masker.Mask(Personal::kEmail, "li.ming88@example.com", "");
  EXPECT_EQ(mail.size(), 21u);
  EXPECT_EQ(mail[2], '.');
  EXPECT_EQ(mail.substr(17), ".com");
  EXPECT_EQ(mail.find('@'), 9u);
  EXPECT_EQ(masker.Mask(Personal::kPhone, "13800138000", "").substr(0, 2), "13");
  EXPECT_EQ(masker.Mask(Personal::kAccount, "000000000000", ""), "000000000000");
  EXPECT_EQ(masker.Mask(Personal::kNo, "110022", ""), "110022");
  EXPECT_EQ(masker.Mask(Personal::kText, "ok 12", "ok 12"), "ok 12");
  EXPECT_NE(masker.Mask(Personal::kText, "ok 123456", "ok 12"), "ok 123456");
  const std::string broken = "\xd5";  // half a character
  EXPECT_EQ(masker.Mask(Personal::kName, broken, ""), broken);
}

TEST_F(MaskerTest, TheSecretDecides) {
  Masker same = *Masker::WithSecret(kSecret), other = *Masker::WithSecret(RandomSecret());
  const std::string account = "990000000011";
  EXPECT_EQ(masker.Mask(Personal::kAccount, account, ""), same.Mask(Personal::kAccount, account, ""));
  EXPECT_NE(masker.Mask(Personal::kAccount, account, ""), other.Mask(Personal::kAccount, account, ""));
  EXPECT_FALSE(Masker::WithSecret("short").ok());
}

class MaskTest : public FolderTest {};

TEST_F(MaskTest, TheSamePersonInEveryFileAndNothingElseTouched) {
  const Row person = {{"InvestorName", "李小明"},       {"CertificateType", "0"},
                      {"CertificateNo", "11010519491231002X"}, {"InvestorsBirthday", "19491231"},
                      {"TransactionAccountID", "001000000042"},  {"MobileTelNo", "13800138000"},
                      {"AppSheetSerialNo", "1"}};
  std::string bytes01 = Bytes({.type = "01", .rows = {person}});
  std::erase(bytes01, '\r');
  bytes01.pop_back();  // a file without its last line end keeps that, too
  const std::string a = Put("in/a_01.TXT", bytes01);
  const std::string b = Put("in/b_03.TXT", {.version = ofd::Version::k22,
                                            .rows = {{{"TransactionAccountID", "001000000042"},
                                                      {"TAAccountID", "990000000011"},
                                                      {"ApplicationAmount", "5000.01"},
                                                      {"FundCode", "110022"},
                                                      {"Specification", "电话13800138000"}}}});
  Put("secret", "0123456789abcdef0123\n");
  ASSERT_EQ(Do({"mask", a, b, "--output-dir=" + Path("out"), "--secret-file=" + Path("secret")}), 0) << err_;
  const std::string masked_a = Get(Path("out/a_01.TXT")), masked_b = Get(Path("out/b_03.TXT"));
  ASSERT_EQ(masked_a.size(), bytes01.size());
  ASSERT_EQ(masked_b.size(), Get(b).size());
  EXPECT_EQ(masked_a.find('\r'), std::string::npos);
  const Row x = Rows(masked_a).at(0), y = Rows(masked_b).at(0);
  EXPECT_EQ(x.at("TransactionAccountID"), y.at("TransactionAccountID"));
  EXPECT_NE(x.at("TransactionAccountID"), "001000000042");
  EXPECT_EQ(x.at("CertificateNo").substr(6, 8), x.at("InvestorsBirthday"));
  EXPECT_EQ(masked_b.find("13800138000"), std::string::npos);
  Row business = y;
  for (const std::string name : {"TransactionAccountID", "TAAccountID", "Specification"}) business.erase(name);
  Row before = Rows(Get(b)).at(0);
  for (const std::string name : {"TransactionAccountID", "TAAccountID", "Specification"}) before.erase(name);
  EXPECT_EQ(business, before);

  ASSERT_EQ(Do({"mask", a, "--output-dir=" + Path("again"), "--secret-file=" + Path("secret")}), 0);
  EXPECT_EQ(Get(Path("again/a_01.TXT")), masked_a);
  ASSERT_EQ(Do({"mask", a, "--output-dir=" + Path("random")}), 0);
  EXPECT_NE(Get(Path("random/a_01.TXT")), masked_a);
}

TEST_F(MaskTest, NeverOverTheSource) {
  const std::string a = Put("in/a.TXT", {.rows = {{{"FundCode", "1"}}}});
  const std::string before = Get(a);
  EXPECT_EQ(Do({"mask", a, "--output-dir=" + Path("in"), "--force"}), 2);
  EXPECT_NE(err_.find("never written over"), std::string::npos) << err_;
  EXPECT_EQ(Get(a), before);
  EXPECT_EQ(Do({"mask", a, Put("other/a.TXT", before), "--output-dir=" + Path("out")}), 2);
  EXPECT_NE(err_.find("would get one name"), std::string::npos) << err_;
  const std::string cut = Put("cut.TXT", before.substr(0, before.size() - 12));
  EXPECT_EQ(Do({"mask", cut, "--output-dir=" + Path("out")}), 1);
  EXPECT_EQ(FilesIn("out"), 0u);
  EXPECT_EQ(Do({"mask", a, "--output-dir=" + Path("out"), "--secret-file=" + Put("short", "abc")}), 1);
  EXPECT_EQ(Do({"mask", a, "--output-dir=" + Path("out")}), 0);
  EXPECT_EQ(Do({"mask", a, "--output-dir=" + Path("out")}), 3);
}

}  // namespace
}  // namespace fundcore::ofd_tools
