// The manifest's text: what is printed parses alike, and any damage to it is found.
#include "common/checkpoint/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/check.h"
#include "common/checkpoint/disk.h"

namespace fundcore::checkpoint {
namespace {

using ::testing::HasSubstr;

Manifest Sample() {
  Manifest m;
  m.name = "noon";
  m.made = *TimePoint::Parse("2025-03-03 12:00:00.412");
  m.build = "0.1.0";
  m.log_id = "embedded:8d0f";
  using machine::TableKind;
  m.tables[ServiceId::kTrade] = {
      {1, TableKind::kPages, 32}, {2, TableKind::kEntries, 0}, {4, TableKind::kHistory, 0}, {5, TableKind::kIds, 0}};
  m.tables[ServiceId::kSystem] = {{1, TableKind::kEntries, 0}};
  const std::string hash(32, 'a');
  m.partitions = {
      {{ServiceId::kSystem, PartitionId(0)}, 2, 1, hash, {}},
      {{ServiceId::kTrade, PartitionId(0)}, 1042, 3, hash, *TimePoint::Parse("2025-03-03 11:59:59.871")},
      {{ServiceId::kTrade, PartitionId(1)}, UINT64_MAX, 3, hash, *TimePoint::Parse("2025-03-03 11:59:59.871")}};
  m.files = {{"FORMAT", 17, Sha256("a")}, {"db/000123.sst", 67108864, Sha256("b")}};
  return m;
}

std::string Resealed(std::string text) {
  text.resize(text.rfind("seal "));
  return text + "seal " + Sha256(text).Hex() + "\n";
}

TEST(Manifest, ParsesWhatItPrints) {
  const Manifest m = Sample();
  auto back = Parse(Print(m), "x");
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, m);
  EXPECT_EQ(Print(*back), Print(m));
  EXPECT_EQ(m.bytes(), 67108864u + 17);
  EXPECT_EQ(m.services(),
            (std::vector<std::pair<ServiceId, uint16_t>>{{ServiceId::kSystem, 1}, {ServiceId::kTrade, 2}}));
}

TEST(Manifest, FindsEveryFlippedBitAndEveryCut) {
  const std::string good = Print(Sample());
  for (size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      const auto parsed = Parse(bad, "data/checkpoints/noon/MANIFEST");
      ASSERT_FALSE(parsed.ok()) << "bit " << bit << " of byte " << at;
      ASSERT_THAT(parsed.status().message(), HasSubstr("data/checkpoints/noon/MANIFEST: "));
    }
  }
  for (size_t size = 0; size < good.size(); ++size) ASSERT_FALSE(Parse(good.substr(0, size), "x").ok()) << size;
  EXPECT_FALSE(Parse(good + "\n", "x").ok());
}

TEST(Manifest, RefusesWhatNoServerWrites) {
  const std::string good = Print(Sample());
  const auto with = [&](const std::string& old, const std::string& replacement) {
    std::string text = good;
    const size_t at = text.find(old);
    FC_CHECK(at != std::string::npos, old);
    return Parse(Resealed(text.replace(at, old.size(), replacement)), "x").status();
  };
  ASSERT_TRUE(with("made 2025", "made 2025").ok());
  for (const auto& [old, replacement] :
       std::vector<std::pair<std::string, std::string>>{{" db/000123.sst", " ../../etc/passwd"},
                                                        {" db/000123.sst", " /etc/passwd"},
                                                        {" db/000123.sst", " db/.hidden"},
                                                        {" db/000123.sst", " db//x"},
                                                        {" db/000123.sst", " MANIFEST"},
                                                        {" db/000123.sst", " FORMAT"},  // twice
                                                        {"name noon", "name ../noon"},
                                                        {"partition trade 1 ", "partition trade 2 "},
                                                        {"partition trade 1 ", "partition trade 1000 "},
                                                        {"next 1042", "next -1"},
                                                        {"next 1042", "next 1042x"},
                                                        {"next 1042", "prev 1042"},
                                                        {"table trade 4 history\n", "table trade 1 history\n"},
                                                        {"pages 32", "pages 0"},
                                                        {"table system 1 entries\n", ""},
                                                        {"build 0.1.0", "color red"},
                                                        {"file 17 ", "file 17  "}}) {
    EXPECT_TRUE(absl::IsDataLoss(with(old, replacement))) << old << " -> " << replacement;
  }
  const absl::Status newer = Parse(Resealed(std::string(good).replace(20, 1, "2")), "x").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(newer)) << newer;
  EXPECT_THAT(newer.message(), HasSubstr("use the build that wrote it"));
}

TEST(Manifest, SaysWhichServiceItLacks) {
  Manifest m = Sample();
  EXPECT_TRUE(CheckCovers(m, {ServiceId::kSystem, ServiceId::kTrade}).ok());
  const absl::Status lacks = CheckCovers(m, {ServiceId::kSystem, ServiceId::kRisk});
  EXPECT_TRUE(absl::IsFailedPrecondition(lacks));
  EXPECT_THAT(lacks.message(), HasSubstr("holds no state of risk (it has system, trade)"));
  m.partitions.push_back({{ServiceId::kAccount, PartitionId(0)}, 1, 1, std::string(32, 'a'), {}});
  EXPECT_THAT(CheckCovers(m, {ServiceId::kTrade, ServiceId::kAccount}).message(), HasSubstr("must have as many"));
}

TEST(VerifiedMark, IsOfOneManifest) {
  const std::string manifest = Print(Sample());
  const VerifiedMark mark{Sha256(manifest), *TimePoint::Parse("2025-03-03 13:00:00"), "0.1.0"};
  auto back = ParseVerified(Print(mark), manifest);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->at, mark.at);
  EXPECT_EQ(back->build, "0.1.0");
  Manifest other = Sample();
  other.name = "eve";
  EXPECT_FALSE(ParseVerified(Print(mark), Print(other)).has_value());
  EXPECT_FALSE(ParseVerified("", manifest).has_value());
  EXPECT_FALSE(ParseVerified("fundcore verified 1\n", manifest).has_value());
}

TEST(Names, LeadNowhereElse) {
  for (const char* good : {"noon", "a-b_C9"}) EXPECT_TRUE(IsCheckpointName(good)) << good;
  for (const char* bad : {"", ".", "..", "a/b", "a.b", "a b", "\xe4\xb8\xad"})
    EXPECT_FALSE(IsCheckpointName(bad)) << bad;
  for (const char* good : {"FORMAT", "db/000123.sst", "db/MANIFEST-000004"}) EXPECT_TRUE(IsFileName(good)) << good;
  for (const char* bad : {"", "/x", "x/", "a//b", "..", "a/../b", "./a", "a/.b", "a\nb"})
    EXPECT_FALSE(IsFileName(bad)) << bad;
}

}  // namespace
}  // namespace fundcore::checkpoint
