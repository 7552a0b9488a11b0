// Value lists, keys, type names and what fields say of persons: the table against the field table, and a few answers.
#include "common/ofd/values.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>

#include "common/ofd/ascii.h"
#include "common/ofd/tables.h"

namespace fundcore::ofd {
namespace {

constexpr Version kVersions[] = {Version::k20, Version::k21, Version::k22};

void ForEachField(const std::function<void(const FileType&, const FieldDef&)>& visit) {
  for (Version v : kVersions) {
    for (const FileType& type : AllTypes(v)) {
      for (const FieldDef& field : DefaultFields(v, type)) visit(type, field);
    }
  }
}

std::map<std::string, std::set<std::string>> TypesByField() {
  std::map<std::string, std::set<std::string>> fields;
  ForEachField([&](const FileType& t, const FieldDef& f) { fields[std::string(f.name)].insert(t.str()); });
  return fields;
}

// Reads the table's text apart from the code under test.
TEST(ValueTable, NamesOnlyFieldsAndTypesOfTheFieldTable) {
  const auto fields = TypesByField();
  std::set<std::string> types;
  for (Version v : kVersions)
    for (const FileType& t : AllTypes(v)) types.insert(t.str());
  for (std::string_view line : Split(kValuesTable, '\n')) {
    const std::string_view whole = line;
    if (line.empty() || line[0] == '#') continue;
    const std::string_view kind = TakeWord(&line);
    std::vector<std::string_view> names;
    if (kind == "values") {
      names = Split(TakeWord(&line), ',');
      TakeWord(&line);
      for (std::string_view type : Split(line, ','))
        EXPECT_TRUE(line.empty() || types.contains(std::string(type))) << whole;
    } else if (kind == "key") {
      for (std::string_view type : Split(TakeWord(&line), ',')) {
        for (std::string_view name : Split(line, ' ')) {
          EXPECT_TRUE(fields.contains(std::string(name)) && fields.at(std::string(name)).contains(std::string(type)))
              << whole << ": " << name << " is not in type " << type;
        }
      }
    } else if (kind == "date" || kind == "time" || kind == "personal") {
      if (kind == "personal") TakeWord(&line);
      names = Split(line, ' ');
    }
    for (std::string_view name : names) EXPECT_TRUE(fields.contains(std::string(name))) << whole << ": " << name;
  }
}

TEST(ValueTable, KnowsEveryTypeByNameAndKey) {
  for (Version v : kVersions) {
    for (const FileType& type : AllTypes(v)) {
      EXPECT_FALSE(TypeNameChinese(type).empty()) << type.view();
      EXPECT_FALSE(TypeNameEnglish(type).empty()) << type.view();
      ASSERT_FALSE(KeyFields(type).empty()) << type.view();
      EXPECT_NE(FindField(v, type, KeyFields(type)[0]), nullptr) << type.view();
    }
  }
  EXPECT_EQ(TypeNameEnglish(FileType("03")), "trade applications");
  EXPECT_EQ(TypeNameChinese(FileType("99")), "");
  EXPECT_TRUE(KeyFields(FileType("99")).empty());
}

TEST(ValueTable, CodesFitTheirFieldsAndAreListedOnce) {
  ForEachField([](const FileType& type, const FieldDef& field) {
    const ValueList* list = FindValues(type, field.name);
    if (!list) return;
    EXPECT_EQ(list->field, field.name);
    EXPECT_GE(list->values.size(), 2u) << field.name;
    std::set<std::string_view> seen;
    for (const ValueMeaning& v : list->values) {
      EXPECT_LE(v.code.size(), field.width) << type.view() << " " << field.name;
      EXPECT_TRUE(seen.insert(v.code).second) << field.name << " " << v.code;
      EXPECT_FALSE(v.chinese.empty() || v.english.empty()) << field.name << " " << v.code;
    }
  });
}

TEST(Values, AreFoundByTypeAndInAnyCase) {
  const ValueList* flag = FindValues(FileType("03"), "LARGEREDEMPTIONFLAG");
  ASSERT_NE(flag, nullptr);
  EXPECT_TRUE(flag->closed);
  EXPECT_EQ(flag->values.size(), 2u);
  EXPECT_EQ(FindValue(FileType("03"), "LargeRedemptionFlag", "1")->english, "defer the rest");
  EXPECT_EQ(FindValue(FileType("03"), "LargeRedemptionFlag", "2"), nullptr);
  EXPECT_EQ(FindValue(FileType("04"), "IndividualOrInstitution", "2")->english, "product");
  EXPECT_EQ(FindValue(FileType("C5"), "IndividualOrInstitution", "2")->english, "all");
  EXPECT_FALSE(FindValues(FileType("04"), "CurrencyType")->closed);
  EXPECT_EQ(FindValue(FileType("04"), "CurrencyType", "156")->chinese, "人民币");
  EXPECT_EQ(FindValues(FileType("04"), "ConfirmedVol"), nullptr);
}

// Eight bytes of text are a date, or one of the few fields named here.
TEST(Dates, EveryFieldOfADatesFormIsADateOrNamedHere) {
  const std::set<std::string_view> others = {
      "ConfidentialDocumentCode", "TradingMethod", "AccountCardID", "DeliverWay", "FundCorpCode", "Version"};
  ForEachField([&](const FileType& type, const FieldDef& field) {
    if (field.kind == FieldKind::kNumber || field.width != 8) {
      EXPECT_FALSE(IsDateField(field)) << field.name;
    } else {
      EXPECT_NE(IsDateField(field), others.contains(field.name)) << type.view() << " " << field.name;
    }
  });
  EXPECT_TRUE(IsTimeField(*FindField(Version::k21, FileType("03"), "TransactionTime")));
  EXPECT_FALSE(IsTimeField(*FindField(Version::k21, FileType("03"), "FundCode")));
}

TEST(Personal, KindsTellWhatAFieldSays) {
  const auto kind = [](std::string_view type, std::string_view name) {
    return PersonalKind(*FindField(Version::k22, FileType(type), name));
  };
  EXPECT_EQ(kind("01", "InvestorName"), Personal::kName);
  EXPECT_EQ(kind("01", "CertificateNo"), Personal::kCertificate);
  EXPECT_EQ(kind("01", "MobileTelNo"), Personal::kPhone);
  EXPECT_EQ(kind("01", "EmailAddress"), Personal::kEmail);
  EXPECT_EQ(kind("R1", "LivingAddress8"), Personal::kAddress);
  EXPECT_EQ(kind("03", "AcctNoOfInvestorInClearingAgency"), Personal::kBankAccount);
  EXPECT_EQ(kind("05", "TAAccountID"), Personal::kAccount);
  EXPECT_EQ(kind("X3", "BeneOwner"), Personal::kText);
  EXPECT_EQ(kind("R1", "BirthDate2"), Personal::kBirthday);
  for (const char* name : {"FundCode", "ConfirmedVol", "AppSheetSerialNo", "ReturnCode", "DistributorCode"})
    EXPECT_EQ(kind("04", name), Personal::kNo) << name;
}

}  // namespace
}  // namespace fundcore::ofd
