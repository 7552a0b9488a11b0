// What a configuration file may say, and that each fault is named with its line and a remedy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/config/config.h"
#include "common/config/parse.h"

namespace fundcore {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Config Parse(std::string_view text) {
  auto config = Config::FromText(text, "orders.toml");
  EXPECT_TRUE(config.ok()) << config.status();
  return *std::move(config);
}

std::string Faults(const Config& config) { return std::string(config.Finish().message()); }

TEST(Config, ReadsEveryKindOfValue) {
  Config config = Parse(R"(
name = "north"
[orders]
batch = 1000
joined = true
grace = "1h30m"
cache = "64MiB"
cutoff = "15:00"
close = 14:59:59.5
first = 2025-03-04
brokers = ["a:1", "b:2"]
ports = [1, 2]
log = "kafka"
[[institution]]
code = "11"
[[institution]]
code = "22"
[institution.settle]
days = 3
)");
  EXPECT_EQ(config.top().String("name"), "north");
  ConfigTable orders = config.Table("orders");
  EXPECT_EQ(orders.Int("batch", 1, {1, 8000}), 1000);
  EXPECT_TRUE(orders.Bool("joined", false));
  EXPECT_EQ(orders.Span("grace", Duration()), Duration::Seconds(5400));
  EXPECT_EQ(orders.Bytes("cache", 0), 64u << 20);
  EXPECT_EQ(orders.Time("cutoff"), TimeOfDay::Hms(15, 0));
  EXPECT_EQ(orders.Time("close"), TimeOfDay::FromRaw(TimeOfDay::Hms(14, 59, 59).raw() + 500'000));
  EXPECT_EQ(orders.Day("first").raw(), 20250304);
  EXPECT_THAT(orders.Strings("brokers"), ElementsAre("a:1", "b:2"));
  EXPECT_THAT(orders.Ints("ports", {}), ElementsAre(1, 2));
  EXPECT_EQ(orders.Choice("log", "embedded", {"embedded", "kafka"}), "kafka");
  auto institutions = config.Tables("institution");
  ASSERT_EQ(institutions.size(), 2u);
  EXPECT_EQ(institutions[0].String("code"), "11");
  EXPECT_FALSE(institutions[0].Table("settle").exists());
  EXPECT_EQ(institutions[1].String("code"), "22");
  EXPECT_EQ(institutions[1].Table("settle").Int("days", 1), 3);
  EXPECT_TRUE(config.Finish().ok()) << config.Finish();
}

TEST(Config, WhatIsAbsentFallsBack) {
  Config config = Parse("");
  ConfigTable orders = config.Table("orders");
  EXPECT_EQ(orders.Int("batch", 7), 7);
  EXPECT_EQ(orders.Span("grace", Duration::Seconds(1)), Duration::Seconds(1));
  EXPECT_EQ(orders.Choice("log", "embedded", {"embedded", "kafka"}), "embedded");
  EXPECT_THAT(orders.Strings("brokers", {"x"}), ElementsAre("x"));
  EXPECT_TRUE(config.Tables("institution").empty());
  EXPECT_TRUE(config.Finish().ok());
}

TEST(Config, AnUnknownKeyIsNamedWithItsLineAndTheKeyThatWasMeant) {
  Config config = Parse("[calendar]\n\n\ncutof = \"15:00\"\n");
  config.Table("calendar").Time("cutoff", TimeOfDay());
  EXPECT_EQ(Faults(config), "orders.toml:4: unknown key \"cutof\" in [calendar] (did you mean \"cutoff\"?)");
}

TEST(Config, UnknownTablesAndKeysFarFromAnyOther) {
  Config config = Parse("colour = 1\n[calender]\na = 1\n[calendar]\n[calendar.hogn]\n[[institution]]\ncoed = \"1\"\n");
  ConfigTable calendar = config.Table("calendar");
  calendar.Table("hong");
  config.Tables("institution")[0].String("code", "");
  EXPECT_EQ(Faults(config),
            "orders.toml:1: unknown key \"colour\" at the top level\n"
            "orders.toml:2: unknown table [calender] (did you mean [calendar]?)\n"
            "orders.toml:5: unknown table [calendar.hogn] (did you mean [calendar.hong]?)\n"
            "orders.toml:7: unknown key \"coed\" in [institution[1]] (did you mean \"code\"?)");
}

TEST(Config, EachFaultIsReportedAndTheFallbackStands) {
  Config config = Parse(R"([orders]
batch = 9000
joined = "yes"
grace = "90 seconds"
cache = 64
cutoff = "25:00"
log = "kafak"
ports = [1, "2"]
name = 5
)");
  ConfigTable orders = config.Table("orders");
  EXPECT_EQ(orders.Int("batch", 1000, {1, 8000}), 1000);
  EXPECT_TRUE(orders.Bool("joined", true));
  EXPECT_EQ(orders.Span("grace", Duration::Seconds(2)), Duration::Seconds(2));
  EXPECT_EQ(orders.Bytes("cache", 5), 5u);
  EXPECT_EQ(orders.Time("cutoff", TimeOfDay::Hms(15, 0)), TimeOfDay::Hms(15, 0));
  orders.Choice("log", "embedded", {"embedded", "kafka"});
  EXPECT_THAT(orders.Ints("ports", {9}), ElementsAre(9));
  EXPECT_EQ(orders.String("name", "x"), "x");
  orders.String("folder");
  const std::string faults = Faults(config);
  EXPECT_THAT(faults, HasSubstr("orders.toml:2: \"batch\" in [orders] is 9000; it must be from 1 to 8000\n"));
  EXPECT_THAT(faults,
              HasSubstr("orders.toml:3: \"joined\" in [orders] is a text; it needs true or false without quotes\n"));
  EXPECT_THAT(faults, HasSubstr("orders.toml:4: \"grace\" in [orders] is wrong: \"90 seconds\" is not a duration"));
  EXPECT_THAT(faults, HasSubstr("orders.toml:5: \"cache\" in [orders] is a whole number; it needs a size in quotes"));
  EXPECT_THAT(faults, HasSubstr("orders.toml:6: \"cutoff\" in [orders] is wrong: "));
  EXPECT_THAT(faults,
              HasSubstr("orders.toml:7: \"log\" in [orders] is \"kafak\"; choose one of \"embedded\", \"kafka\" "
                        "(did you mean \"kafka\"?)"));
  EXPECT_THAT(faults, HasSubstr("orders.toml:8: \"ports\" in [orders] has an element 2 that is a text"));
  EXPECT_THAT(faults, HasSubstr("orders.toml:9: \"name\" in [orders] is a whole number; it needs a text in quotes"));
  EXPECT_THAT(faults, HasSubstr("orders.toml:1: no \"folder\" in [orders]; it is required"));
}

TEST(Config, RequiredKeysOfAnAbsentTableAndRefusalsOfTheCaller) {
  Config config = Parse("[fees]\nrate = \"3%\"\n");
  config.Table("storage").String("folder");
  ConfigTable fees = config.Table("fees");
  fees.String("rate");
  fees.Refuse("rate", "is above the cap of 1.5%; lower it");
  EXPECT_EQ(Faults(config),
            "orders.toml: no \"folder\" in [storage]; it is required\n"
            "orders.toml:2: \"rate\" in [fees] is above the cap of 1.5%; lower it");
}

TEST(Config, ATableWhereAValueShouldBeAndTheOtherWayRound) {
  Config config = Parse("calendar = 3\ninstitution = [1]\n[name]\n");
  config.Table("calendar");
  config.Tables("institution");
  config.top().String("name", "");
  EXPECT_THAT(Faults(config),
              HasSubstr("orders.toml:1: \"calendar\" at the top level is a whole number; it needs a table"));
  EXPECT_THAT(Faults(config), HasSubstr("orders.toml:2: \"institution\""));
  EXPECT_THAT(Faults(config), HasSubstr("orders.toml:3: \"name\" at the top level is a table"));
}

TEST(Config, SecretsAreNotShown) {
  Config config = Parse("password = \"hunter2\"\n");
  config.top().Choice("password", {"a", "b"});
  EXPECT_THAT(Faults(config), Not(HasSubstr("hunter2")));
}

TEST(Config, WhatIsNotTomlIsRefusedWithItsLine) {
  auto bad = Config::FromText("a = 1\nb = = 2\n", "x.toml");
  EXPECT_EQ(bad.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(bad.status().message()), HasSubstr("x.toml:2: "));
  EXPECT_THAT(std::string(Config::FromText("a = 1\na = 2\n", "x.toml").status().message()), HasSubstr("x.toml:2: "));
}

TEST(Config, FilesAreNamedByTheirLastPart) {
  const auto path = std::filesystem::current_path() / "config-test.toml";
  std::ofstream(path) << "x = 1\n";
  auto config = Config::FromFile(path.string());
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(Faults(*config), "config-test.toml:1: unknown key \"x\" at the top level");
  std::filesystem::remove(path);
  EXPECT_EQ(Config::FromFile(path.string()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Config::FromFile("/").status().code(), absl::StatusCode::kNotFound);
}

TEST(Parse, Durations) {
  EXPECT_EQ(*ParseDuration("0s"), Duration());
  EXPECT_EQ(*ParseDuration("250ms"), Duration::Millis(250));
  EXPECT_EQ(*ParseDuration("1d2h3m4s5ms6us"), Duration::Micros(93'784'005'006));
  for (const char* bad :
       {"", "5", "s", "5 s", "-5s", "1.5s", "1s1h", "1s1s", "5min", "99999999999999999999s", "9999999999999d"}) {
    EXPECT_FALSE(ParseDuration(bad).ok()) << bad;
  }
  EXPECT_EQ(FormatDuration(Duration::Millis(1500)), "1500ms");
  EXPECT_EQ(FormatDuration(Duration::Seconds(7200)), "2h");
  EXPECT_EQ(FormatDuration(Duration()), "0us");
}

TEST(Parse, Sizes) {
  EXPECT_EQ(*ParseBytes("0B"), 0u);
  EXPECT_EQ(*ParseBytes("2GiB"), 2ull << 30);
  for (const char* bad : {"", "5", "5MB", "5kB", "5 MiB", "-1B", "1MiB2B", "99999999TiB"})
    EXPECT_FALSE(ParseBytes(bad).ok()) << bad;
  EXPECT_EQ(FormatBytes(64 << 20), "64MiB");
  EXPECT_EQ(FormatBytes(1025), "1025B");
}

TEST(Parse, SlipsAndTheNearestWord) {
  EXPECT_EQ(SlipsBetween("cutof", "cutoff"), 1);
  EXPECT_EQ(SlipsBetween("kafak", "kafka"), 1);
  EXPECT_EQ(SlipsBetween("", "abc"), 3);
  const std::vector<std::string> words = {"batch", "brokers"};
  EXPECT_EQ(Nearest("btach", words), "batch");
  EXPECT_EQ(Nearest("colour", words), "");
}

}  // namespace
}  // namespace fundcore
