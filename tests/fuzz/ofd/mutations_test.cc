// Runs the fuzz targets over thousands of damaged files: valid ones of every type, with bytes flipped, pieces cut,
// doubled and swapped, by a fixed seed. A failure prints the seed and the round that repeat it.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "common/ofd/index_file.h"
#include "common/ofd/writer.h"
#include "tests/fuzz/ofd/targets.h"

namespace fundcore::ofd {
namespace {

void Feed(std::string_view bytes) {
  FuzzReader(bytes);
  FuzzIndex(bytes);
}

std::string ValidFile(Version version, const FileType& type) {
  const Header header{.version = version,
                      .creator = PartyCode("11"),
                      .receiver = PartyCode("301"),
                      .date = Date::FromRaw(20250304),
                      .transfer_no = TransferNo(1),
                      .type = type,
                      .recipient = PartyCode("301")};
  std::string out;
  Writer writer("valid", &out);
  EXPECT_TRUE(writer.Begin(header, 3).ok());
  for (int64_t i = 0; i < 3; ++i) {
    for (size_t f = 0; f < writer.layout().field_count(); ++f) {
      const Column c = writer.layout().column(f);
      if (c.kind() == FieldKind::kNumber) writer.SetNumber(c, c.width() > 3 ? i * 100 - 100 : i);
      if (c.kind() == FieldKind::kText && c.width() >= 4) writer.SetText(c, "申购");
      if (c.kind() == FieldKind::kDigits && c.width() == 8) writer.SetDate(c, Date::FromRaw(20250304));
    }
    EXPECT_TRUE(writer.EndRecord().ok());
  }
  EXPECT_TRUE(writer.Finish().ok());
  return out;
}

std::string Mutate(std::string bytes, std::mt19937_64* random) {
  static constexpr char kTelling[] = {'\r', '\n', ' ', '0', '9', '-', '\0', '\x80', '\xff', 'A'};
  const auto below = [&](size_t n) { return static_cast<size_t>((*random)() % n); };
  const size_t changes = 1 + below(4);
  for (size_t i = 0; i < changes && !bytes.empty(); ++i) {
    const size_t at =
        below(4) == 0 ? below(bytes.size()) : below(std::min<size_t>(bytes.size(), 400));  // the head above all
    const size_t length = 1 + below(std::min<size_t>(bytes.size() - at, 200));
    switch (below(7)) {
      case 0: bytes[at] = static_cast<char>(below(256)); break;
      case 1: bytes[at] = kTelling[below(sizeof(kTelling))]; break;
      case 2: bytes.resize(at); break;
      case 3: bytes.erase(at, length); break;
      case 4: bytes.insert(below(bytes.size()), bytes.substr(at, length)); break;
      case 5: bytes.insert(at, 1 + below(300), kTelling[below(sizeof(kTelling))]); break;
      case 6: std::swap(bytes[at], bytes[below(bytes.size())]); break;
    }
  }
  return bytes;
}

TEST(OfdMutations, DamagedDataFilesNeverCrash) {
  constexpr uint64_t kSeed = 39595;
  std::mt19937_64 random(kSeed);
  for (Version version : {Version::k20, Version::k21, Version::k22}) {
    for (const FileType& type : AllTypes(version)) {
      const std::string valid = ValidFile(version, type);
      Feed(valid);
      // Long records cost long; they get fewer rounds.
      const size_t rounds = std::max<size_t>(20, 300'000 / valid.size());
      for (size_t round = 0; round < rounds; ++round) {
        SCOPED_TRACE(testing::Message() << "seed " << kSeed << " version " << VersionText(version) << " type "
                                        << type.view() << " round " << round);
        Feed(Mutate(valid, &random));
      }
    }
  }
}

TEST(OfdMutations, EveryTruncationAndEveryByteOfASmallFile) {
  const std::string valid = ValidFile(Version::k21, FileType("C6"));
  for (size_t size = 0; size <= valid.size(); ++size) Feed(valid.substr(0, size));
  for (size_t at = 0; at < valid.size(); ++at) {
    for (const char c : {'\n', ' ', '9', '\xff', '\0'}) {
      std::string damaged = valid;
      damaged[at] = c;
      Feed(damaged);
    }
  }
}

TEST(OfdMutations, DamagedIndexFilesAndNamesNeverCrash) {
  std::mt19937_64 random(2020);
  const IndexFile index{.version = Version::k22,
                        .creator = PartyCode("11"),
                        .receiver = PartyCode("301"),
                        .date = Date::FromRaw(20250304),
                        .names = {"OFD_11_301_20250304_02.TXT", "OFD_11_301_20250304_04.TXT"}};
  const std::string valid = index.Format().value();
  for (int round = 0; round < 20'000; ++round) Feed(Mutate(valid, &random));
  for (int round = 0; round < 20'000; ++round) Feed(Mutate("OFD_11_301_20250304_04.TXT", &random));
}

TEST(OfdMutations, NoiseNeverCrashes) {
  std::mt19937_64 random(17);
  for (int round = 0; round < 5'000; ++round) {
    std::string noise(random() % 600, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    Feed(noise);
  }
}

TEST(OfdMutations, WhateverIsChosenIsRefusedOrReadBack) {
  std::mt19937_64 random(301);
  for (int round = 0; round < 20'000; ++round) {
    std::string choices(random() % 200, '\0');
    for (char& c : choices) c = static_cast<char>(random() % 3 ? random() % 8 : random());
    SCOPED_TRACE(testing::Message() << "round " << round);
    FuzzWriter(choices);
  }
}

}  // namespace
}  // namespace fundcore::ofd
