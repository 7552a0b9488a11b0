// Variants: what their text may say, what is refused and where, and what reader and writer make of them.
#include "common/ofd/variant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace fundcore::ofd {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kTa98 = R"(
name = "TA 98"
line_ends = "lf"
names = "upper"

[[field]]
name = "FundCode"
width = 10

[[field]]
type = "04"
name = "FundCode"
width = 12

[[field]]
type = "04"
name = "RewardPoints"
kind = "N"
width = 12
decimals = 3
added = true

[[field]]
type = "04"
name = "TransferReason"   # version 22 has it, this institution sends it in 21
width = 3
added = true

[left_out]
"04" = ["ErrorDetail", "stampduty"]
all = ["NetNo"]

[return_codes]
9001 = { meaning = "已受理，次日处理", refusal = false }
9002 = { meaning = "客户被限制" }
0209 = { meaning = "不受理", refusal = true }

[lint]
FIELD_NOT_DIGITS = "warning"
NAME_DATE = "off"
)";

Variant Ta98() {
  auto v = Variant::Parse("ta-98.toml", kTa98);
  EXPECT_TRUE(v.ok()) << v.status();
  return *v;
}

std::string Refusal(std::string_view text) {
  const auto v = Variant::Parse("ta.toml", text);
  EXPECT_FALSE(v.ok()) << text;
  return std::string(v.status().message());
}

TEST(Variant, NothingSaidIsTheStandard) {
  const Variant standard = *Variant::Parse("empty", "");
  const Variant built;
  for (const Variant* v : {&standard, &built}) {
    EXPECT_EQ(v->FieldsFor(Version::k21, FileType("03")).size(), DefaultFields(Version::k21, FileType("03")).size());
    EXPECT_EQ(v->ReturnCodeMeaning("0001"), "份数余额不足");
    EXPECT_TRUE(v->IsRefusal("0001"));
    EXPECT_FALSE(v->IsRefusal("0410"));
    EXPECT_EQ(v->SeverityOf("ANY", Severity::kNote), Severity::kNote);
    EXPECT_FALSE(v->writer_options().lf_line_ends);
  }
}

TEST(Variant, SaysWhatTheInstitutionDoesOtherwise) {
  const Variant v = Ta98();
  EXPECT_EQ(v.name, "TA 98");
  const auto fields = v.FieldsFor(Version::k21, FileType("04"));
  EXPECT_EQ(fields.size(), 121u - 3 + 2);
  EXPECT_EQ(fields[fields.size() - 2], "REWARDPOINTS");
  EXPECT_EQ(fields.back(), "TRANSFERREASON");
  EXPECT_THAT(fields, AllOf(Not(Contains("ERRORDETAIL")), Not(Contains("STAMPDUTY")), Not(Contains("NETNO"))));
  // Version 22 has the field already, so it is listed once.
  EXPECT_EQ(v.FieldsFor(Version::k22, FileType("04")).size(), 122u - 3 + 1);
  EXPECT_EQ(v.ReturnCodeMeaning("9001"), "已受理，次日处理");
  EXPECT_FALSE(v.IsRefusal("9001"));
  EXPECT_TRUE(v.IsRefusal("9002"));
  EXPECT_TRUE(v.IsRefusal("0209"));
  EXPECT_FALSE(v.IsRefusal("0000"));
  EXPECT_EQ(v.ReturnCodeMeaning("none"), "");
  EXPECT_EQ(v.SeverityOf("FIELD_NOT_DIGITS", Severity::kError), Severity::kWarning);
  EXPECT_EQ(v.SeverityOf("NAME_DATE", Severity::kError), Severity::kOff);
}

TEST(Variant, WhatIsWrittenIsReadBackWithItAndNotWithoutIt) {
  const Variant v = Ta98();
  Header header{.version = Version::k21,
                .creator = PartyCode("98"),
                .receiver = PartyCode("301"),
                .date = Date::FromRaw(20250304),
                .transfer_no = TransferNo(1),
                .type = FileType("04"),
                .fields = v.FieldsFor(Version::k21, FileType("04"))};
  std::string bytes;
  Writer writer("OFD_98_301_20250304_04.TXT", &bytes, v.writer_options());
  ASSERT_TRUE(writer.Begin(header, 1).ok());
  writer.SetText(writer.Find("FundCode"), "SF0012345678");
  writer.SetNumber(writer.Find("RewardPoints"), -1500);
  ASSERT_TRUE(writer.EndRecord().ok());
  ASSERT_TRUE(writer.Finish().ok());
  EXPECT_EQ(bytes.find('\r'), std::string::npos);

  auto reader = Reader::Open("OFD_98_301_20250304_04.TXT", bytes, v.reader_options());
  ASSERT_TRUE(reader.ok()) << reader.status();
  RecordView record;
  ASSERT_TRUE(reader->Next(&record));
  EXPECT_EQ(record.Text(reader->Find("fundcode")), "SF0012345678");  // what is said of type 04 goes first
  EXPECT_EQ(*record.Number(reader->Find("RewardPoints")), -1500);
  EXPECT_EQ(reader->Find("RewardPoints").decimals(), 3);
  EXPECT_FALSE(reader->Next(&record));
  EXPECT_TRUE(reader->done());

  auto plain = Reader::Open("OFD_98_301_20250304_04.TXT", bytes);
  EXPECT_THAT(plain.status().message(), HasSubstr("REWARDPOINTS\" is not a field of type 04"));
}

TEST(Variant, FaultsNameLineKeyAndRemedy) {
  struct {
    const char* text;
    const char* message;
  } const cases[] = {
      {"line_ends = \"lf\"\nnmaes = \"upper\"", "ta.toml:2: unknown key \"nmaes\""},
      {"line_ends = \"cr\"", "ta.toml:1:"},
      {"[[field]]\nname = \"FundCode\"", "\"width\""},
      {"[[field]]\nname = \"FundCode\"\nwidth = 0", "ta.toml:3:"},
      {"[[field]]\nname = \"FundCode\"\nwidth = 10000", "ta.toml:3:"},
      {"[[field]]\nname = \"FundCode\"\nwidth = 10\nwdth = 2", "unknown key \"wdth\""},
      {"[[field]]\nname = \"Fund Code\"\nwidth = 10", "is not a field name"},
      {"[[field]]\nname = \"NoSuch\"\nwidth = 10", "say added = true"},
      {"[[field]]\ntype = \"05\"\nname = \"NAV\"\nwidth = 10", "is not a field of the standard in that type"},
      {"[[field]]\ntype = \"Q9\"\nname = \"NAV\"\nwidth = 10", "is not a file type"},
      {"[[field]]\ntype = \"04\"\nname = \"nav\"\nwidth = 9\nadded = true", "is a field of the standard there already"},
      {"[[field]]\nname = \"NAV\"\nkind = \"X\"\nwidth = 9", "kind"},
      {"[[field]]\nname = \"NAV\"\nwidth = 9\ndecimals = 19", "decimals"},
      {"[[field]]\nname = \"FundCode\"\nwidth = 9\ndecimals = 2", "belongs to numbers only"},
      {"[[field]]\nname = \"ApplicationVol\"\nkind = \"C\"\nwidth = 16", "applications (01, 03) cannot be sent"},
      {"[[field]]\nname = \"NAV\"\nwidth = 9\n[[field]]\nname = \"nav\"\nwidth = 8", "described twice"},
      {"[left_out]\n\"04\" = [\"NoSuch\"]", "ta.toml:2:"},
      {"[left_out]\nQ9 = [\"NAV\"]", "neither a file type"},
      {"[left_out]\n\"03\" = [\"fundcode\"]", "without which applications"},
      {"[left_out]\nall = [\"BusinessCode\"]", "without which applications"},
      {"[left_out]\nC6 = [\"FundCode\", \"ShareClass\", \"ShareRegisterDate\", \"AllowRedemptDate\", \"AddFlag\"]",
       "has no field left"},
      {"[return_codes]\n9001 = { refusal = false }", "\"meaning\""},
      {"[return_codes]\n9001 = { meaning = \"x\", refused = false }", "unknown key \"refused\""},
      {"[return_codes]\n0000 = { meaning = \"x\", refusal = true }", "means success"},
      {"[return_codes]\n9001 = \"x\"", "ta.toml:2:"},
      {"[lint]\nlower = \"off\"", "is not the name of a rule"},
      {"[lint]\nRULE = \"loud\"", "ta.toml:2:"},
      {"[limits]\na = 1", "unknown table [limits]"},
      {"name = ", "ta.toml:1:"},
  };
  for (const auto& c : cases) EXPECT_THAT(Refusal(c.text), HasSubstr(c.message)) << c.text;
}

TEST(Variant, AllFaultsAreToldAtOnce) {
  EXPECT_THAT(Refusal("nmae = 1\n[lint]\nRULE = \"loud\""), AllOf(HasSubstr("ta.toml:1:"), HasSubstr("ta.toml:3:")));
}

TEST(Variant, LongTextsAreRefused) {
  const std::string comment(kMaxVariantBytes - 1, '#');
  EXPECT_TRUE(Variant::Parse("ta.toml", comment).ok());
  EXPECT_THAT(Refusal(comment + "\n#"), HasSubstr("65536"));
}

TEST(Variant, RecordsBeyondTheLimitAreRefused) {
  std::string text;
  for (int i = 0; i < 30; ++i) {
    text += "[[field]]\ntype = \"04\"\nadded = true\nkind = \"C\"\nwidth = 9999\nname = \"X";
    text += std::to_string(i) + "\"\n";
  }
  EXPECT_THAT(Refusal(text), HasSubstr("makes records longer than the limit"));
}

TEST(Variant, LoadsFromAFileAndTellsWhyNot) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "ofd_variant";
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "ta.toml").string();
  std::ofstream(path) << "name = \"x\"\n";
  EXPECT_EQ(Variant::Load(path)->name, "x");
  std::ofstream(path) << "line_ends = \"x\"\n";
  EXPECT_THAT(std::string(Variant::Load(path).status().message()), HasSubstr("ta.toml:1:"));
  EXPECT_EQ(Variant::Load(path + ".none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Variant::Load(folder.string()).status().code(), absl::StatusCode::kUnavailable);
  std::filesystem::remove_all(folder);
}

// The page for operators shows an example; it is one that is taken.
TEST(Variant, TheExampleOfThePageIsTaken) {
  std::ifstream page(FUNDCORE_ROOT "/docs/file-variants.md");
  const std::string text((std::istreambuf_iterator<char>(page)), std::istreambuf_iterator<char>());
  const size_t section = text.find("## A complete example");
  ASSERT_NE(section, std::string::npos);
  const size_t begin = text.find("```toml\n", section) + 8;
  const auto v = Variant::Parse("example.toml", std::string_view(text).substr(begin, text.find("```", begin) - begin));
  ASSERT_TRUE(v.ok()) << v.status();
  EXPECT_FALSE(v->IsRefusal("9001"));
  EXPECT_EQ(v->FieldsFor(Version::k21, FileType("04")).back(), "REWARDPOINTS");
}

}  // namespace
}  // namespace fundcore::ofd
