// fundcore_bench: the benchmarks that ./bench runs, over real sockets and real disk, each with its reference in the same run.
//
//   ./bench orders --mode=batch|single     orders fully accepted: rules, reservation, risk decision, all durable
//   ./bench confirmations                  lines of an 04 file until they are in the ledgers and reconciled
//   ./bench recovery                       serving again after kill -9
//   ./bench kafka                          orders with five processes on one Kafka broker
#include <CLI/CLI.hpp>

#include "tests/bench/fundcore/bench.h"

int main(int argc, char** argv) {
  fundcore::bench::Options options;
  CLI::App app{"fundcore benchmarks"};
  app.require_subcommand(1);
  auto common = [&](CLI::App* c) {
    c->add_option("--orders", options.orders, "how many");
    c->add_option("--investors", options.investors, "drawn from uniformly");
    c->add_option("--partitions", options.partitions);
    c->add_option("--batch", options.batch, "orders a call");
    c->add_option("--in-flight", options.in_flight, "calls under way");
    c->add_option("--data", options.data, "keep the data here");
  };
  CLI::App* orders = app.add_subcommand("orders", "orders fully accepted a second");
  common(orders);
  orders->add_option("--mode", options.mode)->check(CLI::IsMember({"batch", "single"}));
  orders->add_option("--seconds", options.seconds, "single: how long");
  CLI::App* confirmations = app.add_subcommand("confirmations", "04 lines from file to ledger, reconciled");
  common(confirmations);
  CLI::App* recovery = app.add_subcommand("recovery", "serving again after kill -9");
  common(recovery);
  CLI::App* kafka = app.add_subcommand("kafka", "orders with five processes on one Kafka broker");
  common(kafka);
  kafka->add_option("--seconds", options.seconds, "of single orders");
  CLI11_PARSE(app, argc, argv);
  if (orders->parsed()) return fundcore::bench::BenchOrders(options);
  if (confirmations->parsed()) return fundcore::bench::BenchConfirmations(options);
  if (kafka->parsed()) return fundcore::bench::BenchKafka(options);
  return fundcore::bench::BenchRecovery(options);
}
