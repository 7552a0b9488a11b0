// Sealing, fingerprints, hashes, and the key file's refusals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "common/base/codec.h"
#include "common/crypto/hash.h"
#include "common/crypto/vault.h"

namespace fundcore {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

Vault TestVault(uint8_t seed = 1) {
  std::array<uint8_t, Vault::kKeyBytes> key;
  key.fill(seed);
  return Vault::FromKey(key);
}

TEST(Sha256, KnownAnswersWholeAndInPieces) {
  EXPECT_EQ(Sha256("").Hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256("abc").Hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256Stream stream;
  stream.Add("a");
  stream.Add("");
  stream.Add("bc");
  EXPECT_EQ(stream.Finish(), Sha256("abc"));
  EXPECT_EQ(stream.Finish(), Sha256(""));  // begins anew
}

TEST(Hash256, HexRoundTripAndBadHex) {
  Hash256 back;
  ASSERT_TRUE(Hash256::FromHex(Sha256("x").Hex(), &back));
  EXPECT_EQ(back, Sha256("x"));
  EXPECT_FALSE(Hash256::FromHex("abc", &back));
  EXPECT_FALSE(Hash256::FromHex(std::string(63, 'a') + "g", &back));
  EXPECT_EQ(back, Sha256("x"));
  EXPECT_FALSE(Hash256().is_set());
}

TEST(Hash256, GoesThroughTheCodec) {
  Hash256 back;
  ASSERT_TRUE(Decode(Encode(Sha256("x")), &back));
  EXPECT_EQ(back, Sha256("x"));
  Sealed sealed = TestVault().Seal("x", {1, 2}, "c"), same;
  ASSERT_TRUE(Decode(Encode(sealed), &same));
  EXPECT_EQ(same, sealed);
}

TEST(Vault, WhatIsSealedOpensAgain) {
  const Vault vault = TestVault();
  for (const std::string& text : {std::string(), std::string("李小明"), std::string(100'000, '\0')}) {
    const Sealed sealed = vault.Seal(text, {7, 8}, "name");
    EXPECT_EQ(*vault.Open(sealed, "name"), text);
    EXPECT_EQ(sealed.bytes.size(), text.size() + 29);
    if (text.empty()) continue;
    EXPECT_THAT(sealed.bytes, Not(HasSubstr(text)));
  }
}

TEST(Vault, SameInputsSealToTheSameBytesAndOtherNoncesDoNot) {
  const Vault vault = TestVault();
  EXPECT_EQ(vault.Seal("x", {1, 2}, "c"), vault.Seal("x", {1, 2}, "c"));
  EXPECT_NE(vault.Seal("x", {1, 2}, "c"), vault.Seal("x", {1, 3}, "c"));
}

TEST(Vault, ANonceUsedTwiceDoesNotShareAKeyStream) {
  const Vault vault = TestVault();
  const Sealed a = vault.Seal("aaaa", {1, 2}, "c"), b = vault.Seal("aaab", {1, 2}, "c");
  EXPECT_NE(a.bytes.substr(1, 12), b.bytes.substr(1, 12));
}

TEST(Vault, DamageAnotherContextAndAnotherKeyDoNotOpen) {
  const Vault vault = TestVault();
  const Sealed sealed = vault.Seal("6222020200112233445", {1, 2}, "card");
  for (size_t i = 0; i < sealed.bytes.size(); ++i) {
    Sealed damaged = sealed;
    damaged.bytes[i] ^= 1;
    EXPECT_EQ(vault.Open(damaged, "card").status().code(), absl::StatusCode::kDataLoss) << i;
  }
  for (size_t n : {size_t{0}, size_t{1}, size_t{28}, sealed.bytes.size() - 1}) {
    EXPECT_EQ(vault.Open(Sealed{sealed.bytes.substr(0, n)}, "card").status().code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_FALSE(vault.Open(sealed, "name").ok());
  auto other = TestVault(2).Open(sealed, "card");
  EXPECT_THAT(std::string(other.status().message()), HasSubstr("another key"));
}

TEST(Vault, FingerprintsAreKeyedAndKindsNeverMeet) {
  const Vault vault = TestVault();
  EXPECT_EQ(vault.Fingerprint("card", "1"), vault.Fingerprint("card", "1"));
  std::set<Hash256> all = {vault.Fingerprint("card", "1"), vault.Fingerprint("phone", "1"),
                           vault.Fingerprint("car", "d1"), TestVault(2).Fingerprint("card", "1"), Sha256("1")};
  EXPECT_EQ(all.size(), 5u);
}

class KeyFile : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_ = fs::current_path() / (std::string("crypto-test-data-") +
                                           ::testing::UnitTest::GetInstance()->current_test_info()->name());
  std::string path_ = (folder_ / "vault.key").string();
};

TEST_F(KeyFile, IsMadeOnceForItsOwnerAlone) {
  EXPECT_EQ(Vault::FromKeyFile(path_).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(CreateKeyFile(path_).ok());
  struct stat info;
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const Sealed sealed = Vault::FromKeyFile(path_)->Seal("x", {1, 2}, "c");
  EXPECT_EQ(CreateKeyFile(path_).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(*Vault::FromKeyFile(path_)->Open(sealed, "c"), "x");
  ASSERT_TRUE(CreateKeyFile(path_ + "2").ok());
  EXPECT_FALSE(Vault::FromKeyFile(path_ + "2")->Open(sealed, "c").ok());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), {}), 2);  // nothing left over
}

TEST_F(KeyFile, OpenRightsLinksAndGarbageAreRefused) {
  ASSERT_TRUE(CreateKeyFile(path_).ok());
  fs::create_symlink(path_, path_ + ".link");
  EXPECT_EQ(Vault::FromKeyFile(path_ + ".link").status().code(), absl::StatusCode::kFailedPrecondition);
  ::chmod(path_.c_str(), 0640);
  auto open = Vault::FromKeyFile(path_);
  EXPECT_EQ(open.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(open.status().message()), HasSubstr("chmod 600"));
  ::chmod(path_.c_str(), 0600);
  for (const std::string& text : {std::string(""), "fundcore-key-1 " + std::string(64, '0'),
                                  "fundcore-key-2 " + std::string(64, 'a'), std::string("fundcore-key-1 secret")}) {
    std::ofstream(path_) << text << "\n";
    auto bad = Vault::FromKeyFile(path_);
    EXPECT_EQ(bad.status().code(), absl::StatusCode::kDataLoss) << text;
    EXPECT_THAT(std::string(bad.status().message()), Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace fundcore
