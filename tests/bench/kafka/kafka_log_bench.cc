// KafkaLog against librdkafka's own idempotent producer: the same bytes to the same broker in the same run.
//
//   kafka_log_bench                          starts a broker of its own
//   kafka_log_bench --brokers=127.0.0.1:9092 --replicas=3
//
// Prints JSON lines: name, value, unit, reference, reference_value, ratio. Throughput is from the first append to the last
// delivery (raw: acknowledgement); latency from append to delivery on the reader's executor, at a fixed rate.
#include <CLI/CLI.hpp>
#include <librdkafka/rdkafka.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <mutex>
#include <thread>

#include "common/base/check.h"
#include "common/log/kafka.h"
#include "common/log/kafka_admin.h"
#include "common/runtime/clock.h"
#include "common/runtime/threads.h"
#include "tests/cluster/support/broker.h"

namespace fundcore {
namespace {

struct BenchOptions {
  std::string brokers;
  int replicas = 1;
  int partitions = 32;
  int appends = 2000;     // each one record a partition
  int bytes = 6000;       // of a record
  int in_flight = 8;      // appends
  int rate = 500;         // single records a second
  int seconds = 3;
  int single_bytes = 400;
  int rounds = 3;
  int linger = 0;
};

void Print(const char* name, double value, const char* unit, const char* reference = nullptr, double reference_value = 0) {
  std::printf("{\"name\": \"kafka/%s\", \"value\": %.4g, \"unit\": \"%s\"", name, value, unit);
  if (reference != nullptr) {
    std::printf(", \"reference\": \"%s\", \"reference_value\": %.4g, \"ratio\": %.3g", reference, reference_value,
                value / reference_value);
  }
  std::printf("}\n");
  std::fflush(stdout);
}

// Lets so many be under way.
class Limit {
 public:
  explicit Limit(int most) : most_(most) {}
  void Enter() {
    std::unique_lock lock(mu_);
    changed_.wait(lock, [&] { return flying_ < most_; });
    ++flying_;
  }
  void Leave() {
    std::lock_guard lock(mu_);
    --flying_;
    changed_.notify_all();
  }
  void AwaitEmpty() {
    std::unique_lock lock(mu_);
    changed_.wait(lock, [&] { return flying_ == 0; });
  }

 private:
  std::mutex mu_;
  std::condition_variable changed_;
  const int most_;
  int flying_ = 0;
};

struct Latency {
  double p50 = 0, p99 = 0;
};
Latency Percentiles(std::vector<int64_t> micros) {
  FC_CHECK(!micros.empty(), "nothing was measured");
  std::sort(micros.begin(), micros.end());
  const auto at = [&](double q) { return static_cast<double>(micros[static_cast<size_t>(q * static_cast<double>(micros.size() - 1))]); };
  return {at(0.5) / 1000, at(0.99) / 1000};
}

template <class T>
double Median(const std::vector<T>& all, double T::* member) {
  std::vector<double> v;
  for (const T& one : all) v.push_back(one.*member);
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

// Calls `send(i)` at the rate, for the seconds.
void AtRate(const BenchOptions& o, const std::function<void(int)>& send) {
  const int64_t began = MonotonicMicros();
  for (int i = 0; i < o.rate * o.seconds; ++i) {
    const int64_t when = began + static_cast<int64_t>(i) * 1'000'000 / o.rate;
    const int64_t now = MonotonicMicros();
    if (when > now) std::this_thread::sleep_for(std::chrono::microseconds(when - now));
    send(i);
  }
}

// librdkafka alone, with the settings that decide about durability the same.
class Raw {
 public:
  Raw(const std::string& brokers, const std::string& topic, int linger) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char error[256];
    for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
             {"bootstrap.servers", brokers}, {"acks", "all"}, {"enable.idempotence", "true"}, {"linger.ms", std::to_string(linger)},
             {"message.max.bytes", "18874368"}, {"socket.nagle.disable", "true"}, {"queue.buffering.max.messages", "1000000"}}) {
      FC_CHECK(rd_kafka_conf_set(conf, name, value.c_str(), error, sizeof error) == RD_KAFKA_CONF_OK, error);
    }
    rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* m, void*) {
      FC_CHECK(m->err == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(m->err));
      auto* done = static_cast<std::function<void()>*>(m->_private);
      (*done)();
      delete done;
    });
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    FC_CHECK(client_ != nullptr, error);
    topic_ = rd_kafka_topic_new(client_, topic.c_str(), nullptr);
    polling_ = std::thread([this] {
      while (!stop_) rd_kafka_poll(client_, 50);
    });
  }
  ~Raw() {
    rd_kafka_flush(client_, 10'000);
    stop_ = true;
    polling_.join();
    rd_kafka_topic_destroy(topic_);
    rd_kafka_destroy(client_);
  }
  // `bytes` stays until done.
  void Send(int partition, const std::string& bytes, std::function<void()> done) {
    auto* held = new std::function<void()>(std::move(done));
    FC_CHECK(rd_kafka_produce(topic_, partition, 0, const_cast<char*>(bytes.data()), bytes.size(), nullptr, 0, held) == 0,
             rd_kafka_err2str(rd_kafka_last_error()));
  }

 private:
  rd_kafka_t* client_ = nullptr;
  rd_kafka_topic_t* topic_ = nullptr;
  std::atomic<bool> stop_{false};
  std::thread polling_;
};

std::string Record(int i, int bytes) {
  // Not all the same, as records are not.
  std::string s(static_cast<size_t>(bytes), '\0');
  uint64_t x = static_cast<uint64_t>(i) * 0x9E3779B97F4A7C15ull + 1;
  for (char& c : s) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    c = static_cast<char>(x);
  }
  return s;
}

// What a throughput run costs besides time: processor time of this process and of the broker, in microseconds a record.
struct Throughput {
  double rate = 0, own_cpu = 0, broker_cpu = 0;
};
std::function<double()> g_broker_cpu = [] { return 0.0; };  // seconds so far
double OwnCpu() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}
class Stopwatch {
 public:
  Throughput Stop(double records) const {
    return {records / (static_cast<double>(MonotonicMicros() - began_) / 1e6), (OwnCpu() - own_) / records * 1e6,
            (g_broker_cpu() - broker_) / records * 1e6};
  }

 private:
  const int64_t began_ = MonotonicMicros();
  const double own_ = OwnCpu(), broker_ = g_broker_cpu();
};

Throughput RawThroughput(const BenchOptions& o, const std::string& brokers, const std::string& topic) {
  Raw raw(brokers, topic, o.linger);
  Limit limit(o.in_flight);
  const std::string bytes = Record(1, o.bytes);
  raw.Send(0, bytes, [] {});  // connections and producer id are there before the clock starts
  const Stopwatch watch;
  for (int a = 0; a < o.appends; ++a) {
    limit.Enter();
    auto left = std::make_shared<std::atomic<int>>(o.partitions);
    for (int p = 0; p < o.partitions; ++p) {
      raw.Send(p, bytes, [left, &limit] {
        if (--*left == 0) limit.Leave();
      });
    }
  }
  limit.AwaitEmpty();
  return watch.Stop(static_cast<double>(o.appends) * o.partitions);
}

Latency RawLatency(const BenchOptions& o, const std::string& brokers, const std::string& topic) {
  Raw raw(brokers, topic, o.linger);
  std::mutex mu;
  std::vector<int64_t> micros;
  Limit limit(1'000'000);
  const std::string bytes = Record(2, o.single_bytes);
  AtRate(o, [&](int i) {
    limit.Enter();
    const int64_t sent = MonotonicMicros();
    raw.Send(i * 7 % o.partitions, bytes, [&, sent] {
      {
        std::lock_guard lock(mu);
        micros.push_back(MonotonicMicros() - sent);
      }
      limit.Leave();
    });
  });
  limit.AwaitEmpty();
  return Percentiles(std::move(micros));
}

KafkaLog::Options LogOptions(const BenchOptions& o, const std::string& brokers, const std::string& prefix, bool memory) {
  KafkaLog::Options options;
  options.connection.brokers = brokers;
  options.prefix = prefix;
  options.partitions = {{ServiceId::kTrade, static_cast<uint16_t>(o.partitions)}};
  options.one_replica_for_tests = o.replicas == 1;
  options.deliver_own_from_memory = memory;
  options.linger = Duration::Millis(o.linger);
  return options;
}

struct OpenLog {
  OpenLog(const KafkaLog::Options& options, int partitions, std::function<void(const LogRecord&)> on_record, bool from_end)
      : clock(TimePoint::FromRaw(0)), executor("player", &clock) {
    auto opened = KafkaLog::Open(options);
    FC_CHECK(opened.ok(), opened.status().message());
    log = *std::move(opened);
    LogOffset from = 0;
    if (from_end) {  // learn where the ends are
      auto first = KafkaLog::Open(options);
      FC_CHECK(first.ok() && (*first)->Start().ok(), "the log does not start");
      for (int p = 0; p < partitions; ++p) ends.push_back((*first)->End(Trade(p)));
    }
    for (int p = 0; p < partitions; ++p) {
      from = from_end ? ends[static_cast<size_t>(p)] : 0;
      log->Tail(Trade(p), from, &executor, [on_record](std::span<const LogRecord> records) {
        for (const LogRecord& r : records) on_record(r);
      });
    }
    FC_CHECK(log->Start().ok(), "the log does not start");
  }
  ~OpenLog() {
    log->Close();
    executor.Stop();
  }
  static LogPartition Trade(int p) { return {ServiceId::kTrade, PartitionId(static_cast<uint16_t>(p))}; }
  std::vector<LogOffset> ends;
  SteeredClock clock;
  ThreadExecutor executor;
  std::unique_ptr<KafkaLog> log;
};

Throughput LogThroughput(const BenchOptions& o, const KafkaLog::Options& options) {
  std::mutex mu;
  std::condition_variable changed;
  int64_t delivered = 0;
  const int64_t all = static_cast<int64_t>(o.appends) * o.partitions;
  OpenLog open(options, o.partitions, [&](const LogRecord&) {
    std::lock_guard lock(mu);
    if (++delivered == all) changed.notify_all();
  }, true);
  Limit limit(o.in_flight);
  const std::string bytes = Record(1, o.bytes);
  const Stopwatch watch;
  for (int a = 0; a < o.appends; ++a) {
    std::vector<AppendItem> items;
    items.reserve(static_cast<size_t>(o.partitions));
    for (int p = 0; p < o.partitions; ++p) items.push_back({OpenLog::Trade(p), bytes});
    limit.Enter();
    open.log->Append(std::move(items), [&](absl::Status s) {
      FC_CHECK(s.ok(), s.message());
      limit.Leave();
    });
  }
  std::unique_lock lock(mu);
  changed.wait(lock, [&] { return delivered == all; });
  return watch.Stop(static_cast<double>(all));
}

Latency LogLatency(const BenchOptions& o, const KafkaLog::Options& options) {
  std::mutex mu;
  std::condition_variable changed;
  std::vector<int64_t> micros;
  OpenLog open(options, o.partitions, [&](const LogRecord& r) {
    int64_t sent;
    std::memcpy(&sent, r.bytes.data(), sizeof sent);
    std::lock_guard lock(mu);
    micros.push_back(MonotonicMicros() - sent);
    changed.notify_all();
  }, true);
  const std::string bytes = Record(2, o.single_bytes);
  AtRate(o, [&](int i) {
    std::string record = bytes;
    const int64_t sent = MonotonicMicros();
    std::memcpy(record.data(), &sent, sizeof sent);
    std::vector<AppendItem> items;
    items.push_back({OpenLog::Trade(i * 7 % o.partitions), std::move(record)});
    open.log->Append(std::move(items), nullptr);
  });
  std::unique_lock lock(mu);
  changed.wait(lock, [&] { return micros.size() == static_cast<size_t>(o.rate * o.seconds); });
  return Percentiles(std::move(micros));
}

int Run(const BenchOptions& o, const std::string& brokers, const std::string& version) {
  std::printf("{\"name\": \"kafka/setting\", \"kafka\": \"%s\", \"librdkafka\": \"%s\", \"partitions\": %d, \"replicas\": %d, "
              "\"record_bytes\": %d, \"records\": %d, \"in_flight\": %d}\n",
              version.c_str(), rd_kafka_version_str(), o.partitions, o.replicas, o.bytes, o.appends * o.partitions, o.in_flight);
  const std::string prefix = StrCat("bench", WallMicros());
  KafkaConnection connection;
  connection.brokers = brokers;
  auto admin = KafkaAdmin::Open(connection);
  FC_CHECK(admin.ok(), admin.status().message());
  KafkaPlan plan;
  plan.prefix = prefix;
  plan.partitions = {{ServiceId::kTrade, static_cast<uint16_t>(o.partitions)}};
  plan.replicas = o.replicas;
  plan.one_replica_for_tests = o.replicas == 1;
  const auto made = (*admin)->Init(plan);
  FC_CHECK(made.ok(), made.status().message());
  const std::string topic = KafkaTopic(prefix, ServiceId::kTrade);
  const auto memory = LogOptions(o, brokers, prefix, true), read = LogOptions(o, brokers, prefix, false);

  // In rounds, and medians of them: the broker's Java gets faster, and other work on the machine comes and goes.
  RawThroughput(o, brokers, topic);
  RawLatency(o, brokers, topic);
  std::vector<Throughput> raw, ours, read_back;
  std::vector<Latency> raw_latency, our_latency, read_latency;
  for (int round = 0; round < o.rounds; ++round) {
    raw.push_back(RawThroughput(o, brokers, topic));
    ours.push_back(LogThroughput(o, memory));
    read_back.push_back(LogThroughput(o, read));
    raw_latency.push_back(RawLatency(o, brokers, topic));
    our_latency.push_back(LogLatency(o, memory));
    read_latency.push_back(LogLatency(o, read));
  }
  const auto print = [](const char* name, const char* unit, const char* reference, const auto& all, const auto& references,
                        auto member) {
    const double value = Median(all, member);
    if (reference == nullptr) return Print(name, value, unit);
    Print(name, value, unit, reference, Median(references, member));
  };
  print("raw_records", "1/s", nullptr, raw, raw, &Throughput::rate);
  print("raw_cpu", "us/record", nullptr, raw, raw, &Throughput::own_cpu);
  print("raw_broker_cpu", "us/record", nullptr, raw, raw, &Throughput::broker_cpu);
  Print("raw_payload", Median(raw, &Throughput::rate) * o.bytes / 1e6, "MB/s");
  print("log_records", "1/s", "raw_records", ours, raw, &Throughput::rate);
  print("log_cpu", "us/record", "raw_cpu", ours, raw, &Throughput::own_cpu);
  print("log_broker_cpu", "us/record", "raw_broker_cpu", ours, raw, &Throughput::broker_cpu);
  print("log_records_read_back", "1/s", "raw_records", read_back, raw, &Throughput::rate);
  print("log_cpu_read_back", "us/record", "raw_cpu", read_back, raw, &Throughput::own_cpu);
  print("log_broker_cpu_read_back", "us/record", "raw_broker_cpu", read_back, raw, &Throughput::broker_cpu);
  print("raw_latency_p50", "ms", nullptr, raw_latency, raw_latency, &Latency::p50);
  print("raw_latency_p99", "ms", nullptr, raw_latency, raw_latency, &Latency::p99);
  print("log_latency_p50", "ms", "raw_latency_p50", our_latency, raw_latency, &Latency::p50);
  print("log_latency_p99", "ms", "raw_latency_p99", our_latency, raw_latency, &Latency::p99);
  print("log_latency_read_back_p50", "ms", "raw_latency_p50", read_latency, raw_latency, &Latency::p50);
  print("log_latency_read_back_p99", "ms", "raw_latency_p99", read_latency, raw_latency, &Latency::p99);

  // A restart: all of it again, from the beginning.
  std::mutex mu;
  std::condition_variable changed;
  uint64_t bytes = 0;
  int64_t records = 0;
  const int64_t began = MonotonicMicros();
  OpenLog open(memory, o.partitions, [&](const LogRecord& r) {
    std::lock_guard lock(mu);
    bytes += r.bytes.size();
    ++records;
    changed.notify_all();
  }, false);
  int64_t all = 0;
  for (int p = 0; p < o.partitions; ++p) all += static_cast<int64_t>(open.log->End(OpenLog::Trade(p)));
  std::unique_lock lock(mu);
  changed.wait(lock, [&] { return records == all; });
  const double seconds = static_cast<double>(MonotonicMicros() - began) / 1e6;
  Print("replay", static_cast<double>(bytes) / seconds / 1e6, "MB/s");
  return 0;
}

}  // namespace
}  // namespace fundcore

int main(int argc, char** argv) {
  fundcore::BenchOptions o;
  std::string version = "3.9.1";
  CLI::App app("the log on Kafka against librdkafka alone");
  app.add_option("--brokers", o.brokers, "an existing cluster; one of its own where it is not given");
  app.add_option("--replicas", o.replicas, "of the topic; 1 is for measuring alone")->capture_default_str();
  app.add_option("--partitions", o.partitions)->capture_default_str();
  app.add_option("--appends", o.appends, "each one record a partition")->capture_default_str();
  app.add_option("--bytes", o.bytes, "of a record")->capture_default_str();
  app.add_option("--in-flight", o.in_flight, "appends under way")->capture_default_str();
  app.add_option("--rate", o.rate, "single records a second, for latency")->capture_default_str();
  app.add_option("--seconds", o.seconds, "of each latency measurement")->capture_default_str();
  app.add_option("--linger", o.linger, "milliseconds that both wait for more records of a partition")->capture_default_str();
  app.add_option("--rounds", o.rounds, "of everything; medians are shown")->check(CLI::Range(1, 99))->capture_default_str();
  app.add_option("--kafka", version, "version of the broker that is started")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (!o.brokers.empty()) return fundcore::Run(o, o.brokers, "unknown");
  auto kafka = fundcore::testing::KafkaCluster::Start(
      {.brokers = o.replicas > 1 ? 3 : 1, .version = version, .heap_mb = 512, .optimise = true});
  if (!kafka.ok()) return std::fprintf(stderr, "%s\n", std::string(kafka.status().message()).c_str()), 3;
  // Of all brokers: user and system time, fields 14 and 15 of stat, in clock ticks.
  fundcore::g_broker_cpu = [&kafka] {
    double seconds = 0;
    for (int i = 0; i < (*kafka)->size(); ++i) {
      std::ifstream stat("/proc/" + std::to_string((*kafka)->broker(i).pid()) + "/stat");
      std::string word;
      for (int field = 1; field <= 15 && stat >> word; ++field) {
        if (field >= 14) seconds += std::stod(word) / static_cast<double>(sysconf(_SC_CLK_TCK));
      }
    }
    return seconds;
  };
  return fundcore::Run(o, (*kafka)->bootstrap(), version);
}
