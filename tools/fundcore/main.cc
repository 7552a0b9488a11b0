// The fundcore program: `fundcore serve …` and checks of a data folder. Options are on the command line or in a TOML file;
// the command line wins.
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>

#include "common/checkpoint/data_folder.h"
#include "common/config/parse.h"
#include "common/crypto/vault.h"
#include "tools/fundcore/fetch.h"
#include "tools/fundcore/migrate.h"
#include "tools/fundcore/serve.h"
#include "tools/fundcore/system.h"

namespace {

// 0 good, 1 something wrong in the data, 2 wrong use, 3 cannot reach or read.
int ExitCode(const absl::Status& s) {
  switch (s.code()) {
    case absl::StatusCode::kOk: return 0;
    case absl::StatusCode::kDataLoss: return 1;
    case absl::StatusCode::kInvalidArgument: return 2;
    default: return 3;
  }
}

int Report(const absl::Status& s) {
  if (!s.ok()) std::fprintf(stderr, "fundcore: %s\n", std::string(s.message()).c_str());
  return ExitCode(s);
}

}  // namespace

int main(int argc, char** argv) {
  using fundcore::ServeOptions;
  CLI::App app{"fundcore: the open transaction and clearing core for selling funds"};
  app.require_subcommand(1);

  ServeOptions options;
  std::string config, clock, start, listen, flush_every, segment, log, session;
  CLI::App* serve = app.add_subcommand("serve", "run all five services, or with Kafka some of them");
  // The file is read first, wherever it stands on the line, so that flags win.
  serve->add_option("--config", config, "TOML file; see deploy/fundcore.toml");
  serve->add_option("--data", options.data, "data folder");
  serve->add_option("--listen", listen, "host:port; beyond loopback only with TLS");
  serve->add_option("--tls-certificate", options.tls_certificate, "PEM files, all three, needed beyond loopback");
  serve->add_option("--tls-key", options.tls_key);
  serve->add_option("--tls-ca", options.tls_ca);
  serve->add_option("--log", log, "embedded: this process alone; kafka: shared with other processes");
  serve->add_option("--brokers", options.brokers, "of Kafka: host:port,host:port");
  serve->add_option("--topic-prefix", options.topic_prefix, "topics and groups are PREFIX.trade and so on");
  serve->add_option("--roles", options.roles, "with kafka: some of trade,account,product,risk,clearing,bank; all where not given")
      ->delimiter(',');
  serve->add_option("--advertise", options.advertise, "host:port where the other processes reach this one");
  serve->add_option("--fetch-from", options.fetch_from, "a folder without a state asks these processes for a checkpoint, host:port,…")->delimiter(',');
  serve->add_option("--session-timeout", session, "with kafka: a process silent for so long loses its partitions, such as 6s");
  serve->add_option("--machine-versions", options.machine_versions, "play no newer machine version: for trials of upgrades");
  serve->add_flag("--one-replica-for-tests", options.one_replica_for_tests,
                  "TESTS ONLY: take topics that keep one copy; a lost disk is lost money");
  serve->add_option("--vault-key", options.vault_key, "file that personal data is sealed with; DATA/vault.key if empty");
  serve->add_option("--clearing-partitions", options.clearing_partitions, "of clearing; fixed when the data is created");
  serve->add_option("--clock", clock, "real or steered");
  serve->add_option("--clock-start", start, "where a new steered clock begins: \"2025-03-03 08:30\"");
  serve->add_option("--partitions", options.partitions, "of trade, account and risk; fixed when the data is created");
  serve->add_option("--executors", options.executors, "threads that own partitions; 0 = one a core");
  serve->add_option("--exchange", options.exchange, "folder of settlement files");
  serve->add_option("--metrics-port", options.metrics_port, "Prometheus metrics; -1 = none");
  serve->add_option("--log-file", options.log_file, "program log; stderr if empty");
  serve->add_option("--log-level", options.log_level, "debug, info, warn or error");
  serve->add_option("--flush-every", flush_every, "log executed between flushes of the state, such as 128MiB");
  serve->add_option("--log-segment", segment, "size of the embedded log's files, 1MiB to 1GiB; 64MiB if not given");
  serve->add_flag("--bank-generous", options.bank_generous, "the simulated bank pays whatever a card is asked for");

  std::string data = "data", checkpoint;
  bool json = false;
  CLI::App* replay = app.add_subcommand("check-replay", "replay a stopped folder from nothing and compare the state hashes");
  replay->add_option("--data", data, "data folder");
  replay->add_option("--checkpoint", checkpoint, "compare with this checkpoint instead of the present state");
  replay->add_flag("--json", json);

  CLI::App* restore = app.add_subcommand("restore", "put a checkpoint in the place of a stopped folder's state");
  restore->add_option("--data", data, "data folder");
  restore->add_option("NAME", checkpoint, "as given to fundctl checkpoint create")->required();

  std::string key_file;
  CLI::App* make_key = app.add_subcommand("make-key", "make a new key to seal personal data with; never over one that is there");
  make_key->add_option("FILE", key_file)->required();
  fundcore::FetchOptions fetch;
  CLI::App* joining = app.add_subcommand("fetch-checkpoint", "fill the state of a new or emptied folder from a serving process");
  joining->add_option("--from", fetch.from, "host:port of the process that serves")->required();
  joining->add_option("--name", fetch.name, "a checkpoint there, or latest")->capture_default_str();
  joining->add_option("--data", fetch.data, "data folder")->capture_default_str();
  joining->add_option("--roles", fetch.roles, "what this process will serve: trade,account,…; all where it is not given")->delimiter(',');
  joining->add_option("--tls-certificate", fetch.tls_certificate, "PEM files, all three, where the peer asks for TLS");
  joining->add_option("--tls-key", fetch.tls_key);
  joining->add_option("--tls-ca", fetch.tls_ca);
  joining->add_flag("--json", fetch.json);

  std::string target;
  CLI::App* migrate = app.add_subcommand("migrate", "copy the log of a stopped folder to another log, offset for offset; again goes on");
  migrate->add_option("--data", data, "data folder");
  fundcore::MigrateToKafkaOptions kafka;
  auto* to_folder = migrate->add_option("--to-folder", target, "an embedded log, new or begun by an earlier run");
  migrate->add_option("--brokers", kafka.brokers, "topics on Kafka, made by fundctl kafka init: host:port,host:port")->excludes(to_folder);
  migrate->add_option("--topic-prefix", kafka.topic_prefix, "topics are PREFIX.trade and so on")->capture_default_str();
  migrate->add_option("--property", kafka.properties, "NAME=VALUE for librdkafka, such as security.protocol=ssl; may be repeated");
  migrate->add_flag("--one-replica-for-tests", kafka.one_replica_for_tests, "TESTS ONLY: take topics that keep one copy");
  migrate->add_flag("--json", json);

  try {
    app.parse(argc, argv);
    if (serve->parsed() && !config.empty()) {
      ServeOptions from_file;
      if (absl::Status s = fundcore::ReadServeConfig(config, &from_file); !s.ok()) return Report(s);
      options = from_file;
      app.parse(argc, argv);  // again, over what the file said
    }
  } catch (const CLI::ParseError& e) {
    return e.get_exit_code() == 0 ? app.exit(e) : (app.exit(e), 2);
  }
  if (make_key->parsed()) return Report(fundcore::CreateKeyFile(key_file));
  if (replay->parsed()) return Report(fundcore::CheckReplay(data, checkpoint, json));
  if (restore->parsed()) {
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch());
    return Report(fundcore::checkpoint::Restore(data, checkpoint, std::string(fundcore::System::Version()),
                                                fundcore::TimePoint::FromRaw(now.count())));
  }
  if (migrate->parsed()) {
    if (target.empty() && kafka.brokers.empty()) return Report(absl::InvalidArgumentError("migrate needs --to-folder or --brokers"));
    return Report(target.empty() ? fundcore::MigrateToKafka(data, kafka, json) : fundcore::MigrateToFolder(data, target, json));
  }
  if (joining->parsed()) return Report(fundcore::FetchCheckpoint(fetch));

  if (!listen.empty()) options.listen = {listen};
  if (!log.empty()) {
    if (log != "embedded" && log != "kafka") return Report(absl::InvalidArgumentError("--log \"" + log + "\" is not embedded or kafka"));
    options.kafka = log == "kafka";
  }
  if (!session.empty()) {
    auto t = fundcore::ParseDuration(session);
    if (!t.ok()) return Report(absl::InvalidArgumentError("--session-timeout: " + std::string(t.status().message())));
    options.session_timeout = *t;
  }
  if (!clock.empty()) {
    if (clock != "real" && clock != "steered") return Report(absl::InvalidArgumentError("--clock \"" + clock + "\" is not real or steered"));
    options.steered = clock == "steered";
  }
  if (!start.empty()) {
    auto t = fundcore::TimePoint::Parse(start);
    if (!t.ok()) return Report(absl::InvalidArgumentError("--clock-start: " + std::string(t.status().message())));
    options.clock_start = *t;
  }
  if (!flush_every.empty()) {
    auto bytes = fundcore::ParseBytes(flush_every);
    if (!bytes.ok()) return Report(absl::InvalidArgumentError("--flush-every: " + std::string(bytes.status().message())));
    options.flush_every_bytes = *bytes;
  }
  if (!segment.empty()) {
    auto bytes = fundcore::ParseBytes(segment);
    if (!bytes.ok()) return Report(absl::InvalidArgumentError("--log-segment: " + std::string(bytes.status().message())));
    if (*bytes < fundcore::kSmallestSegment || *bytes > fundcore::kLargestSegment)
      return Report(absl::InvalidArgumentError("--log-segment \"" + segment + "\" is not 1MiB to 1GiB"));
    options.log_segment_bytes = *bytes;
  }
  if (options.partitions < 1 || options.partitions > 999) return Report(absl::InvalidArgumentError("--partitions must be 1 to 999"));
  return Report(fundcore::Serve(options));
}
