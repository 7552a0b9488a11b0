// The register on disk, and the configuration file.
#include <unistd.h>

#include <filesystem>

#include "tests/unit/ta_sim/exchange.h"

namespace fundcore::ta_sim {
namespace {

TEST(DiskStore, KeepsReplacesAndLocks) {
  const std::string folder = testing::TempDir() + StrCat("ta_sim_store_", getpid());
  std::filesystem::remove_all(folder);
  {
    auto store = DiskTaStore::Open(folder);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_TRUE(absl::IsNotFound((*store)->Load("register").status()));
    ASSERT_TRUE((*store)->Save("register", "one").ok());
    ASSERT_TRUE((*store)->Save("register", "two").ok());
    EXPECT_TRUE(absl::IsUnavailable(DiskTaStore::Open(folder).status()));
  }
  auto store = DiskTaStore::Open(folder);
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(*(*store)->Load("register"), "two");
  EXPECT_TRUE((*store)->Remove("register").ok());
  EXPECT_TRUE((*store)->Remove("register").ok());
  std::filesystem::remove_all(folder);
}

TEST(DiskStore, RegisterSurvivesARestart) {
  const std::string folder = testing::TempDir() + StrCat("ta_sim_restart_", getpid());
  std::filesystem::remove_all(folder);
  MemoryFiles files;
  Distributor distributor(&files);
  distributor.Open("1001", "001000000001", "A");
  distributor.Buy("2001", "001000000001", "5000");
  distributor.Send(D("2025-03-03"));
  {
    auto store = *DiskTaStore::Open(folder);
    ASSERT_TRUE(TaSim(TestConfig(), &files, store.get()).Answer(D("2025-03-04")).ok());
  }
  auto store = *DiskTaStore::Open(folder);
  TaSim agent(TestConfig(), &files, store.get());
  distributor.Buy("2002", "001000000001", "5000");
  distributor.Send(D("2025-03-04"));
  ASSERT_TRUE(agent.Answer(D("2025-03-05")).ok());
  EXPECT_EQ(agent.Report()->holdings.at(0).units, U("8756.24"));  // 4,380.06 and 4,376.18 at 1.1290
  EXPECT_NE(ToJson(*agent.Report()).find("\"units\":\"8756.24\""), std::string::npos);
  TaConfig other = TestConfig();
  other.ta = TaCode("12");
  EXPECT_FALSE(TaSim(other, &files, store.get()).Answer(D("2025-03-06")).ok());
  std::filesystem::remove_all(folder);
}

TEST(Config, ReadsAFile) {
  const auto config = ReadConfigText(R"(
ta = "11"
distributor = "301"
version = "22"
registered_elsewhere = ["0:B"]
[[intersection]]
name = "QDII"
a = "XSHG"
b = "XHKG"
[[fund]]
code = "110022"
name = "Growth A"
round_units = "truncate"
[[fund.purchase]]
rate = "1.2%"
[[fund.purchase]]
from = "5000000"
fixed = "1000"
[[fund.redemption]]
rate = "1.5%"
fund_share = "100%"
[[fund.nav]]
day = 2025-03-03
value = "1.1280"
[fund.nav_rule]
start = 2025-03-04
first = "1.2"
step = "-0.001"
[[fund.dividends]]
registration = 2025-03-05
ex_date = 2025-03-05
pay_date = 2025-03-07
amount = "2.00"
per_units = 1000
[[fund]]
code = "118888"
calendar = "QDII"
confirm_days = 2
lots = "lifo"
)",
                                     "ta.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->funds.size(), 2u);
  const FundTerms& fund = config->funds[0];
  EXPECT_EQ(*fund.purchase_tiers[1].fixed, Y("1000"));
  EXPECT_EQ(*NavOf(*config, fund, D("2025-03-03")), P("1.1280"));
  EXPECT_EQ(*NavOf(*config, fund, D("2025-03-06")), P("1.198"));
  EXPECT_FALSE(NavOf(*config, fund, D("2025-02-28")));
  EXPECT_TRUE(config->funds[1].newest_first);
}

TEST(Config, TellsWhatIsWrong) {
  const std::string head = "ta = \"11\"\ndistributor = \"301\"\n[[fund]]\ncode = \"110022\"\n";
  EXPECT_TRUE(ReadConfigText(head, "ta.toml").ok());
  for (const char* wrong : {"colour = 1", "calendar = \"MOON\"", "floor_rate = \"x\"", "confirm_days = 0",
                            "[[fund.purchase]]\nfrom = \"5\"", "[[fund]]\ncode = \"110022\""}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ReadConfigText(head + wrong, "ta.toml").status())) << wrong;
  }
  EXPECT_FALSE(ReadConfig("/nowhere/ta.toml").ok());
  TaConfig config = TestConfig();
  config.ta = TaCode("TOO-LONG-CODE");
  EXPECT_FALSE(CheckConfig(config).ok());
}

}  // namespace
}  // namespace fundcore::ta_sim
