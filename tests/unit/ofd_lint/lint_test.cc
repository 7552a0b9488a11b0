// The linter over files made for it: each kind of damage gives its rule, at its place, and nothing else.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <sstream>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/ofd/index_file.h"
#include "common/ofd/writer.h"
#include "tools/ofd/commands.h"
#include "tools/ofd/lint/buckets.h"
#include "tools/ofd/lint/relations.h"
#include "tools/ofd/lint/report.h"

namespace fundcore::ofd_tools {
namespace {

namespace fs = std::filesystem;
using Values = std::map<std::string, std::string>;

struct Result {
  int code;
  std::string out, err;
  // How often the rule is told.
  int Count(std::string_view rule) const {
    int n = 0;
    const std::string word = StrCat(" ", rule, " ");
    for (size_t at = 0; (at = out.find(word, at)) != std::string::npos; ++at) ++n;
    return n;
  }
};

class LintTest : public testing::Test {
 protected:
  LintTest() : folder_(fs::temp_directory_path() / absl::StrFormat("ofd_lint_test_%d", ::getpid())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~LintTest() override { fs::remove_all(folder_); }

  std::string Path(std::string_view name) const { return (folder_ / std::string(name)).string(); }
  std::string Save(std::string_view name, std::string_view bytes) const {
    std::ofstream(Path(name), std::ios::binary) << bytes;
    return Path(name);
  }
  Result Lint(Words words) const {
    std::ostringstream out, err;
    const int code = ofd_tools::Lint(words, out, err);
    return {code, out.str(), err.str()};
  }
  Result LintBytes(std::string_view bytes, std::string_view name = "OFD_11_301_20250304_04.TXT") const {
    return Lint({Save(name, bytes)});
  }

  fs::path folder_;
};

ofd::Header HeadOf(std::string_view type, std::string_view from, std::string_view to, int32_t date) {
  ofd::Header h;
  h.creator = ofd::PartyCode(from);
  h.receiver = ofd::PartyCode(to);
  h.date = Date::FromRaw(date);
  h.transfer_no = TransferNo(1);
  h.type = ofd::FileType(type);
  return h;
}

std::string Make(const ofd::Header& head, const std::vector<Values>& rows) {
  std::string bytes;
  ofd::Writer writer("made for a test", &bytes);
  EXPECT_TRUE(writer.Begin(head, rows.size()).ok());
  for (const Values& row : rows) {
    for (const auto& [name, value] : row) {
      const ofd::Column c = writer.Find(name);
      EXPECT_TRUE(c.present()) << name;
      if (c.kind() == ofd::FieldKind::kNumber) {
        writer.SetNumber(c, std::stoll(value));
      } else {
        writer.SetText(c, value);
      }
    }
    EXPECT_TRUE(writer.EndRecord().ok());
  }
  EXPECT_TRUE(writer.Finish().ok());
  return bytes;
}

Values Confirmation(int n) {
  return {{"AppSheetSerialNo", StrCat("A", n)},
          {"TASerialNO", StrCat("T", n)},
          {"TransactionCfmDate", "20250304"},
          {"TransactionDate", "20250303"},
          {"TransactionTime", "101500"},
          {"FundCode", "110022"},
          {"ReturnCode", "0000"},
          {"BusinessCode", "122"},
          {"TransactionAccountID", "001000000001"},
          {"DistributorCode", "301"},
          {"TAAccountID", "110000000001"},
          {"CurrencyType", "156"},
          {"ApplicationAmount", "500000"},
          {"ConfirmedAmount", "500000"},
          {"ConfirmedVol", "400000"},
          {"NAV", "12500"},
          {"DetailFlag", "0"},
          {"IndividualOrInstitution", "1"},
          {"Specification", "摘要"}};
}
Values Application(int n) {
  return {{"AppSheetSerialNo", StrCat("A", n)},
          {"TransactionDate", "20250303"},
          {"TransactionTime", "101500"},
          {"FundCode", "110022"},
          {"BusinessCode", "022"},
          {"TransactionAccountID", "001000000001"},
          {"DistributorCode", "301"},
          {"ApplicationAmount", "500000"},
          {"CurrencyType", "156"}};
}
const ofd::Header kAnswers = HeadOf("04", "11", "301", 20250304);
const ofd::Header kOrders = HeadOf("03", "301", "11", 20250303);

std::string Good(int n) {
  std::vector<Values> rows;
  for (int i = 0; i < n; ++i) rows.push_back(Confirmation(i));
  return Make(kAnswers, rows);
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(Rules, EveryRelationIsUnderstood) { EXPECT_EQ(Relations::FirstUnreadableLine(), ""); }

TEST_F(LintTest, AGoodFileHasNoFindings) {
  const Result r = LintBytes(Good(3));
  EXPECT_EQ(r.code, 0) << r.out;
  EXPECT_EQ(r.out, "1 file, 3 records: 0 errors, 0 warnings, 0 notes\n");
}

TEST_F(LintTest, StructuralDamageIsToldOnceAndTheRestIsRead) {
  const std::string good = Good(3);
  struct Case {
    std::string bytes;
    std::string_view rule;
    int count;
  };
  const size_t second = good.find("\r\nA1") + 2;
  std::string bad_later = Replaced(good, "A1  ", "A1 ");  // one byte short
  bad_later = Replaced(bad_later, "20250303101500", "20250230101500");
  const std::vector<Case> cases = {
      {Replaced(good, "OFDCFDAT", "OFDCFDAX"), "NOT_DATA_FILE", 1},
      {Replaced(good, "\r\n21  \r\n", "\r\n29  \r\n"), "HEAD_ITEM", 1},
      {Replaced(good, "\r\n21  \r\n", "\r\n21\r\n"), "HEAD_WIDTH", 1},
      {Replaced(good, "\r\n20250304\r\n", "\r\n20250305\r\n"), "NAME_DISAGREES", 1},
      {Replaced(good, "\r\n00000003\r\n", "\r\n00000004\r\n"), "RECORD_COUNT", 1},
      {Replaced(good, "\r\n121\r\n", "\r\n119\r\n"), "FIELD_COUNT", 1},
      {Replaced(good, "\r\nTotalFrozenVol\r\n", "\r\nSomethingNew\r\n"), "FIELD_UNKNOWN", 1},
      {good.substr(0, good.size() - 10), "TRAILER_MISSING", 1},
      {good + "more\r\n", "AFTER_TRAILER", 1},
      {good.substr(0, good.size() - 2), "LAST_LINE_OPEN", 1},
      {good.substr(0, 40), "HEAD_CUT_SHORT", 1},
      {good.substr(0, second - 2) + good.substr(second - 1), "LINE_ENDS_MIXED", 1},
      {bad_later, "RECORD_LENGTH", 1},
      {bad_later, "DATE_NOT_REAL", 1},
      {"", "NOT_DATA_FILE", 1},
  };
  for (const Case& c : cases) {
    const Result r = LintBytes(c.bytes);
    EXPECT_EQ(r.Count(c.rule), c.count) << c.rule << "\n" << r.out;
  }
}

TEST_F(LintTest, AFindingSaysWhere) {
  const std::string bytes = Replaced(Good(2), "0000000000400000", "00000000004x0000");
  const Result r = LintBytes(bytes);
  EXPECT_EQ(r.code, 1);
  // Ten lines, 121 names and the count; ConfirmedVol stands behind 24 + 8 + 3 bytes.
  EXPECT_NE(
      r.out.find(
          "_04.TXT:133:36: error FIELD_NOT_DIGITS ConfirmedVol 基金账户交易确认份数 \"00000000004x0000\" is not a "
          "number (type N, 16 digits, 2 decimals); "),
      std::string::npos)
      << r.out;
  const Result json = Lint({Path("OFD_11_301_20250304_04.TXT"), "--json"});
  EXPECT_NE(json.out.find("\"line\":133,\"column\":36,\"field\":\"ConfirmedVol\""), std::string::npos) << json.out;
  EXPECT_NE(json.out.find("\n{\"summary\":true,\"files\":1,\"records\":2,"), std::string::npos);
}

TEST_F(LintTest, FieldsAreCheckedByTheirKind) {
  const auto with = [&](std::string_view name, std::string_view value) {
    Values row = Confirmation(0);
    row[std::string(name)] = value;
    return LintBytes(Make(kAnswers, {row}));
  };
  EXPECT_EQ(with("TransactionTime", "246000").Count("TIME_NOT_REAL"), 1);
  EXPECT_EQ(with("DetailFlag", "7").Count("VALUE_WRONG"), 1);
  EXPECT_EQ(with("BusinessCode", "022").Count("BUSINESS_DIRECTION"), 1);
  EXPECT_EQ(with("BusinessCode", "777").Count("BUSINESS_UNKNOWN"), 1);
  EXPECT_EQ(with("ReturnCode", "9Z99").Count("RETURN_CODE_UNKNOWN"), 1);
  EXPECT_EQ(with("ConfirmedAmount", "-500000").Count("NUMBER_NEGATIVE"), 1);
  EXPECT_EQ(with("Specification", " left").Count("TEXT_NOT_LEFT"), 1);
  EXPECT_EQ(with("FreezingDeadline", "99999999").code, 0);
  const std::string good = Good(1);
  EXPECT_EQ(LintBytes(Replaced(good, "\xd5\xaa\xd2\xaa", "\xd5\xaa\xd2\xff")).Count("TEXT_NOT_GB18030"), 1);
  EXPECT_EQ(LintBytes(Replaced(good, "\xd5\xaa\xd2\xaa", "\x01\x02\x03\x04")).Count("TEXT_CONTROL"), 1);
  const Result blank = LintBytes(Replaced(Good(1), "0000000000400000", std::string(16, ' ')));
  EXPECT_EQ(blank.Count("NUMBER_BLANK"), 1) << blank.out;
}

TEST_F(LintTest, FieldsAreComparedWithEachOther) {
  const auto changed = [&](const Values& values) {
    Values row = Confirmation(0);
    for (const auto& [name, value] : values) row[name] = value;
    return LintBytes(Make(kAnswers, {row}));
  };
  EXPECT_EQ(changed({{"ReturnCode", "0002"}}).Count("REFUSED_BUT_CONFIRMED"), 2);
  EXPECT_EQ(changed({{"NAV", "0"}}).Count("PRICE_MISSING"), 1);
  EXPECT_EQ(changed({{"ConfirmedVol", "500000"}}).Count("AMOUNT_NOT_UNITS_TIMES_NAV"), 1);
  EXPECT_EQ(changed({{"ConfirmedVol", "392157"}, {"Charge", "9804"}}).code, 0);  // a fee explains it
  EXPECT_EQ(changed({{"ConfirmedVol", "0"}, {"ConfirmedAmount", "0"}}).Count("CONFIRMED_NOTHING"), 2);
  EXPECT_EQ(changed({{"ApplicationAmount", "400000"}}).Count("CONFIRMED_TOO_MUCH"), 1);
  EXPECT_EQ(changed({{"TransactionDate", "20250305"}}).Count("DATE_ORDER"), 1);
  EXPECT_EQ(changed({{"FundCode", ""}}).Count("FIELD_NEEDED"), 1);

  const auto order = [&](const Values& values) {
    Values row = Application(0);
    for (const auto& [name, value] : values) row[name] = value;
    return LintBytes(Make(kOrders, {row}), "OFD_301_11_20250303_03.TXT");
  };
  EXPECT_EQ(order({}).code, 0) << order({}).out;
  EXPECT_EQ(order({{"ApplicationAmount", "0"}}).Count("AMOUNT_NEEDED"), 1);
  EXPECT_EQ(order({{"ApplicationVol", "100"}}).Count("AMOUNT_AND_UNITS"), 1);
  EXPECT_EQ(order({{"BusinessCode", "024"}}).Count("UNITS_NEEDED"), 1);
  EXPECT_EQ(order({{"BusinessCode", "029"}}).Count("BUSINESS_FIELD"), 1);
  EXPECT_EQ(order({{"BusinessCode", "122"}}).Count("BUSINESS_DIRECTION"), 1);

  ofd::Header balances = HeadOf("05", "11", "301", 20250304);
  const Result held = LintBytes(Make(balances, {{{"TAAccountID", "110000000001"},
                                                 {"FundCode", "110022"},
                                                 {"DetailFlag", "0"},
                                                 {"TransactionCfmDate", "20250304"},
                                                 {"AvailableVol", "900"},
                                                 {"TotalFrozenVol", "200"},
                                                 {"TotalVolOfDistributorInTA", "1000"}}}),
                                "OFD_11_301_20250304_05.TXT");
  EXPECT_EQ(held.Count("HOLDING_SUM"), 1) << held.out;
}

TEST_F(LintTest, AnIdentityCardHasItsCheckDigit) {
  const ofd::Header head = HeadOf("01", "301", "11", 20250303);
  const auto with = [&](std::string_view id) {
    return LintBytes(Make(head, {{{"AppSheetSerialNo", "1"},
                                  {"TransactionDate", "20250303"},
                                  {"DistributorCode", "301"},
                                  {"BusinessCode", "001"},
                                  {"TransactionAccountID", "1"},
                                  {"InvestorName", "张三"},
                                  {"CertificateType", "0"},
                                  {"IndividualOrInstitution", "1"},
                                  {"CertificateNo", std::string(id)},
                                  {"InvestorsBirthday", "19491231"}}}),
                     "OFD_301_11_20250303_01.TXT");
  };
  EXPECT_EQ(with("11010519491231002X").code, 0) << with("11010519491231002X").out;
  EXPECT_EQ(with("110105194912310021").Count("ID_CHECK_DIGIT"), 1);
  EXPECT_EQ(with("notanumber").Count("ID_CHECK_DIGIT"), 1);
}

TEST_F(LintTest, AMissingEssentialFieldIsToldOnceForTheFile) {
  ofd::Header head = kOrders;
  head.fields = {"AppSheetSerialNo", "FundCode",        "BusinessCode",
                 "TransactionDate",  "DistributorCode", "ApplicationAmount"};
  const Result r = LintBytes(Make(head, {}), "OFD_301_11_20250303_03.TXT");
  EXPECT_EQ(r.Count("FIELD_MISSING"), 1) << r.out;
  EXPECT_NE(r.out.find("TransactionAccountID"), std::string::npos);
}

TEST_F(LintTest, DuplicatesAreComparedByTheirBytes) {
  Values other = Confirmation(1);
  other["Specification"] = "other";
  const Result r = LintBytes(Make(kAnswers, {Confirmation(0), Confirmation(1), Confirmation(0), other}));
  EXPECT_EQ(r.Count("DUPLICATE_RECORD"), 1) << r.out;
  EXPECT_EQ(r.Count("DUPLICATE_KEY"), 1) << r.out;
}

TEST_F(LintTest, WhatIsNotShownIsSaid) {
  std::string bytes = Good(50);
  for (size_t at = 0; (at = bytes.find("20250303101500", at)) != std::string::npos; ++at)
    bytes.replace(at, 8, "20250230");
  const Result r = Lint({Save("OFD_11_301_20250304_04.TXT", bytes), "--max-findings=7"});
  EXPECT_EQ(r.Count("DATE_NOT_REAL"), 7) << r.out;
  EXPECT_NE(r.out.find(": 43 more findings of severity error are counted and not shown"), std::string::npos);
  EXPECT_NE(r.out.find("50  error    DATE_NOT_REAL"), std::string::npos);
}

TEST_F(LintTest, AFolderIsComparedWithItsIndexAndItself) {
  ofd::IndexFile index;
  index.creator = ofd::PartyCode("11");
  index.receiver = ofd::PartyCode("301");
  index.date = Date::FromRaw(20250304);
  index.names = {"OFD_11_301_20250304_04.TXT", "OFD_11_301_20250304_05.TXT", "OFD_11_301_20250303_06.TXT"};
  Save("OFI_11_301_20250304.TXT", *index.Format());
  Save("OFD_11_301_20250304_04.TXT", Make(kAnswers, {Confirmation(0), Confirmation(7)}));
  Save("OFD_301_11_20250303_03.TXT", Make(kOrders, {Application(0), Application(1)}));
  Save("OFD_11_301_20250304_25.TXT", Make(HeadOf("25", "11", "301", 20250304), {{{"SequenceNO", "1"},
                                                                                 {"FundCode", "110022"},
                                                                                 {"BusinessCode", "122"},
                                                                                 {"CapitalType", "001"},
                                                                                 {"ConfirmedAmount", "999999"},
                                                                                 {"ReceOrPayFlag", "1"},
                                                                                 {"TransactionCfmDate", "20250304"},
                                                                                 {"CalculateDate", "20250304"},
                                                                                 {"PayDate", "20250305"},
                                                                                 {"DetailFlag", "0"}}}));
  Save("copy_of_04.TXT", Make(kAnswers, {}));
  Save("OFD_copy.TXT", Make(kAnswers, {}));
  const Result r = Lint({folder_.string()});
  EXPECT_EQ(r.code, 1);
  EXPECT_EQ(r.Count("INDEX_FILE_ABSENT"), 2) << r.out;
  EXPECT_EQ(r.Count("INDEX_OTHER_DAY"), 1) << r.out;
  EXPECT_EQ(r.Count("FILE_NOT_LISTED"), 1) << r.out;
  EXPECT_EQ(r.Count("CASH_TOTAL_DIFFERS"), 1) << r.out;
  EXPECT_EQ(r.Count("ORDER_UNANSWERED"), 1) << r.out;
  EXPECT_EQ(r.Count("ORDER_UNKNOWN"), 1) << r.out;
  EXPECT_EQ(r.Count("DUPLICATE_FILE"), 1) << r.out;
  EXPECT_NE(r.out.find("1 other files passed over"), std::string::npos) << r.out;
}

TEST_F(LintTest, ExitCodesAndStrictness) {
  EXPECT_EQ(Lint({Path("absent.TXT")}).code, 3);
  EXPECT_EQ(Lint({}).code, 2);
  EXPECT_EQ(Lint({"--nonsense"}).code, 2);
  EXPECT_EQ(Lint({"--help"}).code, 0);
  EXPECT_EQ(Lint({"--rules"}).code, 0);
  const std::string good = Good(1);
  const std::string path = Save("OFD_11_301_20250304_04.TXT", good.substr(0, good.size() - 2));
  EXPECT_EQ(Lint({path}).code, 0);
  EXPECT_EQ(Lint({path, "--strict"}).code, 1);
}

TEST_F(LintTest, AVariantOverridesSeverities) {
  const std::string good = Good(1);
  const std::string path = Save("OFD_11_301_20250304_04.TXT", good.substr(0, good.size() - 2));
  const std::string variant = Save("ta.toml", "name = \"ta\"\n[lint]\nLAST_LINE_OPEN = \"error\"\n");
  EXPECT_EQ(Lint({path, StrCat("--variant=", variant)}).code, 1);
}

// Seeded damage of every kind: whatever the bytes, the linter ends and says something sensible or nothing.
TEST_F(LintTest, AnyBytesAtAll) {
  const std::string good = Good(3);
  for (uint32_t seed = 0; seed < 400; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random); };
    std::string bytes = good;
    for (size_t i = below(8) + 1; i > 0; --i) {
      const size_t at = below(bytes.size());
      switch (below(5)) {
        case 0: bytes[at] = static_cast<char>(below(256)); break;
        case 1: bytes.erase(at, below(200)); break;
        case 2: bytes.insert(at, std::string(below(300), static_cast<char>(below(256)))); break;
        case 3: bytes.insert(at, "\r\n"); break;
        default: bytes.insert(at, bytes.substr(below(bytes.size()), below(2000))); break;
      }
      if (bytes.empty()) bytes = "x";
    }
    SCOPED_TRACE(seed);
    const Result r = LintBytes(bytes);
    EXPECT_TRUE(r.code == 0 || r.code == 1);
    EXPECT_NE(r.out.find("1 file, "), std::string::npos);
  }
  std::mt19937 random(1);
  std::string noise(300'000, ' ');
  for (char& c : noise) c = static_cast<char>(random());
  EXPECT_EQ(LintBytes(noise).code, 1);
  EXPECT_EQ(LintBytes(StrCat(good.substr(0, good.find("\r\nA0") + 2), std::string(3 << 20, '9'))).code, 1);
}

TEST(Buckets, GroupsComeBackFromTheTemporaryFile) {
  HashBuckets buckets;
  constexpr uint64_t kCount = 600'000;
  const auto hash = [](uint64_t i) { return (i % 500'000) * 0x9e3779b97f4a7c15ull; };
  for (uint64_t i = 0; i < kCount; ++i) buckets.Add(hash(i), i);
  uint64_t groups = 0, wrong = 0;
  ASSERT_TRUE(buckets
                  .ForEachGroup(2,
                                [&](std::span<const HashEntry> g) {
                                  ++groups;
                                  wrong += g.size() != 2 || g[1].value != g[0].value + 500'000;
                                })
                  .ok());
  EXPECT_EQ(groups, 100'000u);
  EXPECT_EQ(wrong, 0u);
}

TEST(Json, EscapesWhatIsNoText) { EXPECT_EQ(JsonEscape("a\"\\\n\xff 中"), "a\\\"\\\\\\u000a\xef\xbf\xbd 中"); }

}  // namespace
}  // namespace fundcore::ofd_tools
