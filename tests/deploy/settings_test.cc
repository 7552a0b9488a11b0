// Every settings file of deploy/ is one that `fundcore serve` takes: no key that is unknown, no value that is out of range.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

#include "tools/fundcore/serve.h"

namespace fundcore {
namespace {

std::string Read(const std::string& name) {
  std::ifstream in(std::string(FUNDCORE_ROOT) + "/deploy/" + name);
  EXPECT_TRUE(in.good()) << name;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

ServeOptions Understood(const std::string& text) {
  const std::string file = testing::TempDir() + "/settings.toml";
  std::ofstream(file) << text;
  ServeOptions options;
  const absl::Status status = ReadServeConfig(file, &options);
  EXPECT_TRUE(status.ok()) << status << "\n" << text;
  std::remove(file.c_str());
  return options;
}

TEST(Settings, OfOneMachineAreTheDefaults) {
  const ServeOptions options = Understood(Read("fundcore.toml")), defaults;
  EXPECT_EQ(options.partitions, defaults.partitions);
  EXPECT_EQ(options.kafka, defaults.kafka);
  EXPECT_EQ(options.session_timeout, defaults.session_timeout);
  EXPECT_EQ(options.metrics_address, defaults.metrics_address);
  EXPECT_EQ(options.kafka_properties, defaults.kafka_properties);
}

TEST(Settings, OfARoleAreTakenOnLoopbackAndBeyond) {
  std::string text = Read("systemd/role.toml");
  for (const auto& [placeholder, value] : {std::pair{"@ROLE@", "trade"}, {"@PORT@", "7401"}, {"@METRICS@", "9464"}})
    text = std::regex_replace(text, std::regex(placeholder), value);
  EXPECT_EQ(text.find('@'), std::string::npos);
  const ServeOptions near = Understood(text);
  EXPECT_TRUE(near.kafka);
  EXPECT_EQ(near.roles, std::vector<std::string>{"trade"});
  EXPECT_EQ(near.metrics_port, 9464);
  EXPECT_TRUE(near.siblings.empty());
  const ServeOptions far = Understood(std::regex_replace(text, std::regex("\n# (\"|tls_|siblings)"), "\n$1"));
  EXPECT_EQ(far.siblings.size(), 5u);
  EXPECT_EQ(far.tls_key, "/etc/fundcore/tls/trade.key");
  EXPECT_EQ(far.kafka_properties.size(), 4u);
}

TEST(Settings, OfComposeAreTaken) {
  const ServeOptions options = Understood(Read("compose/fundcore.toml"));
  EXPECT_TRUE(options.kafka);
  EXPECT_EQ(options.metrics_address, "0.0.0.0");
}

TEST(Settings, OfKubernetesAreTaken) {
  std::istringstream manifest(Read("kubernetes/10-settings.yaml"));
  std::string line, text;
  for (bool inside = false; std::getline(manifest, line);) {
    if (inside) text += line.substr(std::min<size_t>(4, line.size())) + "\n";
    inside |= line == "  fundcore.toml: |";
  }
  const ServeOptions options = Understood(text);
  EXPECT_TRUE(options.kafka);
  EXPECT_EQ(options.siblings.size(), 5u);
  EXPECT_EQ(options.kafka_properties.size(), 4u);
}

}  // namespace
}  // namespace fundcore
