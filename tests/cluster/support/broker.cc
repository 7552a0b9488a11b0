// Starting, asking and killing Kafka's processes. See broker.h.
#include "tests/cluster/support/broker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <librdkafka/rdkafka.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/runtime/clock.h"
#include "tests/cluster/support/relay.h"

namespace fundcore::testing {
namespace {

// A free port below the range that outgoing connections take theirs from: nobody gets it while its broker is down.
uint16_t FreePort() {
  static std::mt19937 random(std::random_device{}());
  for (int i = 0; i < 1000; ++i) {
    const auto port = static_cast<uint16_t>(15'000 + random() % 17'000);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (free) return port;
  }
  FC_CHECK(false, "no free port on loopback");
  return 0;
}

// Kafka 3.9 and 4.1 run on Java 17; a newer default Java may lack what they use.
std::string Java() {
  for (const char* folder : {"/usr/lib/jvm/java-17-openjdk-amd64", "/usr/lib/jvm/java-17-openjdk-arm64"}) {
    const std::string java = std::string(folder) + "/bin/java";
    if (access(java.c_str(), X_OK) == 0) return java;
  }
  return "java";
}

// A child that dies with this thread, prints into `output`, and takes no signals or locks of ours with it.
pid_t Spawn(std::vector<std::string> args, const std::string& output) {
  std::vector<char*> argv;
  for (std::string& a : args) argv.push_back(a.data());
  argv.push_back(nullptr);
  const pid_t pid = fork();
  FC_CHECK(pid >= 0, "no fork");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (out >= 0) {
      dup2(out, STDOUT_FILENO);
      dup2(out, STDERR_FILENO);
    }
    const int in = open("/dev/null", O_RDONLY);
    if (in >= 0) dup2(in, STDIN_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  return pid;
}

int Await(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::vector<std::string> JavaCommand(const std::string& jars, const KafkaBroker& broker, int heap_mb, bool optimise) {
  return {Java(), StrCat("-Xmx", heap_mb, "m"), StrCat("-Xms", std::min(heap_mb, 128), "m"), "-XX:+UseSerialGC",
          StrCat("-XX:TieredStopAtLevel=", optimise ? 4 : 1), "-Xshare:auto",
          StrCat("-Dlog4j.configuration=file:", broker.folder(), "/log4j.properties"), "-cp", jars + "/*"};
}

std::string Tail(const std::string& file, size_t bytes) {
  std::ifstream in(file, std::ios::ate);
  if (!in) return "";
  const auto size = static_cast<size_t>(in.tellg());
  in.seekg(static_cast<std::streamoff>(size > bytes ? size - bytes : 0));
  std::string text(std::min(size, bytes), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  return text;
}

// Asks the brokers at `bootstrap` for metadata until `good` likes an answer.
template <class Good>
absl::Status AskUntil(const std::string& bootstrap, Duration patience, Good good) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[256];
  for (const auto& [key, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"bootstrap.servers", bootstrap}, {"reconnect.backoff.ms", "20"}, {"reconnect.backoff.max.ms", "100"},
           {"socket.timeout.ms", "1000"}, {"broker.address.family", "v4"}, {"log_level", "0"}}) {
    FC_CHECK(rd_kafka_conf_set(conf, key, value.c_str(), error, sizeof error) == RD_KAFKA_CONF_OK, error);
  }
  // Their absence is what is waited for, not an error to print.
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  FC_CHECK(client != nullptr, error);
  const int64_t until = MonotonicMicros() + patience.raw();
  absl::Status status = absl::DeadlineExceededError("no answer");
  while (MonotonicMicros() < until) {
    const rd_kafka_metadata_t* metadata = nullptr;
    if (rd_kafka_metadata(client, 1, nullptr, &metadata, 500) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const bool done = good(*metadata);
      rd_kafka_metadata_destroy(metadata);
      if (done) {
        status = absl::OkStatus();
        break;
      }
    }
    rd_kafka_poll(client, 20);
  }
  rd_kafka_destroy(client);
  return status;
}

}  // namespace

std::string KafkaVersion() {
  const char* given = std::getenv("FUNDCORE_TEST_KAFKA");
  return given != nullptr && *given != '\0' ? given : "3.9.1";
}

absl::StatusOr<std::string> FetchKafka(const std::string& version) {
  const std::string answer = (std::filesystem::temp_directory_path() / StrCat("fundcore-fetch-", getpid())).string();
  const int code = Await(Spawn({FUNDCORE_ROOT "/tests/cluster/fetch_kafka.sh", version}, answer));
  std::string text = Tail(answer, 4000);
  std::filesystem::remove(answer);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (code != 0) return absl::NotFoundError(StrCat("Apache Kafka ", version, " cannot be had here: ", text));
  return text.substr(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
}

std::string KafkaBroker::address() const { return StrCat("127.0.0.1:", port_); }

void KafkaBroker::Begin(std::vector<std::string> java) {
  FC_CHECK(pid_ < 0, "broker ", id_, " runs already");
  java.insert(java.end(), {"kafka.Kafka", folder_ + "/server.properties"});
  pid_ = Spawn(std::move(java), folder_ + "/broker.out");
}

absl::Status KafkaBroker::AwaitReady(int brokers, Duration patience) {
  // In slices, so that a broker that has ended is noticed.
  const int64_t until = MonotonicMicros() + patience.raw();
  while (MonotonicMicros() < until) {
    if (AskUntil(address(), Duration::Seconds(3), [&](const rd_kafka_metadata_t& m) { return m.broker_cnt >= brokers; }).ok())
      return absl::OkStatus();
    siginfo_t info{};
    if (pid_ < 0 || (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0)) {
      Reap();
      return absl::UnavailableError(StrCat("broker ", id_, " ended while starting: ", LastWords()));
    }
  }
  return absl::DeadlineExceededError(StrCat("broker ", id_, " did not answer in time: ", LastWords()));
}

void KafkaBroker::Reap() {
  if (pid_ >= 0) waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

bool KafkaBroker::AwaitEnd(Duration patience) {
  for (const int64_t until = MonotonicMicros() + patience.raw(); pid_ >= 0;) {
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0) {
      Reap();
      break;
    }
    if (MonotonicMicros() >= until) return false;
    poll(nullptr, 0, 20);
  }
  return true;
}

void KafkaBroker::Kill() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  Reap();
}

void KafkaBroker::Stop() {
  if (pid_ < 0) return;
  kill(pid_, SIGTERM);
  Reap();
}

void KafkaBroker::Pause() {
  FC_CHECK(pid_ >= 0 && kill(pid_, SIGSTOP) == 0, "broker ", id_, " does not run");
}

void KafkaBroker::Continue() {
  FC_CHECK(pid_ >= 0 && kill(pid_, SIGCONT) == 0, "broker ", id_, " does not run");
}

std::string KafkaBroker::LastWords() const { return Tail(folder_ + "/broker.out", 2000); }

absl::StatusOr<std::unique_ptr<KafkaCluster>> KafkaCluster::Start(KafkaOptions options) {
  FC_CHECK(options.brokers == 1 || options.brokers == 3, "brokers ", options.brokers);
  auto cluster = std::unique_ptr<KafkaCluster>(new KafkaCluster(std::move(options)));
  FC_ASSIGN_OR_RETURN(cluster->jars_, FetchKafka(cluster->options_.version));
  FC_RETURN_IF_ERROR(cluster->Prepare());
  for (int i = 0; i < cluster->size(); ++i) cluster->Begin(i);
  for (int i = 0; i < cluster->size(); ++i) FC_RETURN_IF_ERROR(cluster->AwaitReady(i));
  return cluster;
}

// Writes each broker's settings and formats its storage.
absl::Status KafkaCluster::Prepare() {
  std::string pattern = (std::filesystem::temp_directory_path() / "fundcore-kafka-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return absl::InternalError("no temporary folder at " + pattern);
  folder_ = pattern;
  const int n = options_.brokers;
  std::vector<uint16_t> controller_ports;
  std::string voters;
  for (int i = 0; i < n; ++i) {
    controller_ports.push_back(FreePort());
    voters += StrCat(i == 0 ? "" : ",", i + 1, "@127.0.0.1:", controller_ports.back());
  }
  const int64_t session = options_.broker_session.raw() / 1000;
  std::vector<pid_t> formatting;
  for (int i = 0; i < n; ++i) {
    const std::string folder = StrCat(folder_, "/broker-", i + 1);
    std::filesystem::create_directories(folder + "/data");
    if (options_.small_disk_mb > 0) MountSmallDisk(folder + "/data");
    const uint16_t door = options_.relays ? FreePort() : 0;
    if (options_.relays) relays_.push_back(std::make_unique<Relay>(door));
    brokers_.push_back(std::make_unique<KafkaBroker>(i + 1, folder, FreePort()));
    std::ofstream(folder + "/log4j.properties")
        << "log4j.rootLogger=WARN, out\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\n"
           "log4j.appender.out.layout=org.apache.log4j.PatternLayout\n"
           "log4j.appender.out.layout.ConversionPattern=%d{ISO8601} %p %m (%c)%n\n";
    const std::string guests = options_.guests ? StrCat("127.0.0.1:", FreePort()) : "";
    if (i == 0) guest_address_ = guests;
    std::ofstream settings(folder + "/server.properties");
    if (options_.relays) {
      settings << "advertised.listeners=PLAINTEXT://" << brokers_.back()->address() << ",RELAYED://"
               << relays_.back()->address() << "\n";
    }
    settings << "process.roles=broker,controller\n"
             << "node.id=" << i + 1 << "\n"
             << "controller.quorum.voters=" << voters << "\n"
             << "controller.listener.names=CONTROLLER\n"
             << "listeners=PLAINTEXT://" << brokers_.back()->address() << ",CONTROLLER://127.0.0.1:"
             << controller_ports[static_cast<size_t>(i)] << (guests.empty() ? "" : ",GUESTS://" + guests)
             << (options_.relays ? StrCat(",RELAYED://127.0.0.1:", door) : std::string()) << "\n"
             << "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,RELAYED:PLAINTEXT,GUESTS:SASL_PLAINTEXT\n"
             << "inter.broker.listener.name=PLAINTEXT\n"
             << "log.dirs=" << folder << "/data\n"
             << "auto.create.topics.enable=false\n"
             << "offsets.topic.num.partitions=3\n"
             << "offsets.topic.replication.factor=" << n << "\n"
             << "transaction.state.log.replication.factor=" << n << "\n"
             << "transaction.state.log.min.isr=1\n"
             << "group.initial.rebalance.delay.ms=0\n"
             << "group.min.session.timeout.ms=500\n"
             << "broker.session.timeout.ms=" << session << "\n"
             << "broker.heartbeat.interval.ms=" << std::max<int64_t>(session / 5, 50) << "\n"
             << "controller.quorum.election.timeout.ms=500\n"
             << "controller.quorum.fetch.timeout.ms=" << session << "\n"
             // A broker on its way down waits less for the others, and small index files start faster.
             << "controlled.shutdown.max.retries=1\n"
             << "log.index.size.max.bytes=1048576\n";
    if (options_.guests) {
      settings << "sasl.enabled.mechanisms=PLAIN\n"
               << "listener.name.guests.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule "
                  "required user_guest=\"guest\";\n"
               << "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n"
               << "super.users=User:ANONYMOUS\n";
    }
    for (const auto& [key, value] : options_.properties) settings << key << "=" << value << "\n";
    settings.close();
    auto command = JavaCommand(jars_, *brokers_.back(), options_.heap_mb, false);
    command.insert(command.end(), {"kafka.tools.StorageTool", "format", "--cluster-id", "ZnVuZGNvcmUtdGVzdC1jMQ", "--config",
                                   folder + "/server.properties"});
    formatting.push_back(Spawn(std::move(command), folder + "/broker.out"));
  }
  for (size_t i = 0; i < formatting.size(); ++i) {
    if (Await(formatting[i]) != 0) {
      // Without a Java that runs there is no Kafka here, either.
      const std::string words = brokers_[i]->LastWords();
      return absl::NotFoundError(StrCat("Kafka's storage could not be formatted; is openjdk-17-jre-headless installed? ", words));
    }
  }
  return absl::OkStatus();
}

KafkaCluster::~KafkaCluster() {
  relays_.clear();
  brokers_.clear();
  for (const std::string& disk : disks_) umount2(disk.c_str(), MNT_DETACH);
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

// In a mount namespace of our own: it is gone with this process, whatever happens.
void KafkaCluster::MountSmallDisk(const std::string& at) {
  if (disks_.empty() && (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)) return;
  if (mount("tmpfs", at.c_str(), "tmpfs", 0, StrCat("size=", options_.small_disk_mb, "m").c_str()) == 0) disks_.push_back(at);
}

bool KafkaCluster::FillDisk(int i) {
  const std::string at = broker(i).folder() + "/data";
  if (std::find(disks_.begin(), disks_.end(), at) == disks_.end()) return false;
  std::FILE* f = std::fopen((at + "/filler").c_str(), "w");
  if (f == nullptr) return false;
  const std::string block(1 << 16, 'x');
  while (std::fwrite(block.data(), 1, block.size(), f) == block.size() && std::fflush(f) == 0) {
  }
  std::fclose(f);
  return true;
}

void KafkaCluster::FreeDisk(int i) { std::filesystem::remove(broker(i).folder() + "/data/filler"); }

bool KafkaCluster::AwaitEnd(int i, Duration patience) { return broker(i).AwaitEnd(patience); }

void KafkaCluster::Cut(bool cut) {
  for (auto& relay : relays_) relay->Cut(cut);
}

std::string KafkaCluster::relayed_bootstrap() const {
  std::string all;
  for (const auto& r : relays_) all += StrCat(all.empty() ? "" : ",", r->address());
  return all;
}

std::string KafkaCluster::bootstrap() const {
  std::string all;
  for (const auto& b : brokers_) all += StrCat(all.empty() ? "" : ",", b->address());
  return all;
}

int KafkaCluster::Running() const {
  return static_cast<int>(std::count_if(brokers_.begin(), brokers_.end(), [](const auto& b) { return b->running(); }));
}

void KafkaCluster::Begin(int i) {
  broker(i).Begin(JavaCommand(jars_, broker(i), options_.heap_mb, options_.optimise));
}

absl::Status KafkaCluster::Restart(int i) {
  Begin(i);
  return AwaitReady(i);
}

absl::Status KafkaCluster::AwaitReady(int i) { return broker(i).AwaitReady(Running(), options_.patience); }

absl::StatusOr<int> KafkaCluster::LeaderOf(const std::string& topic, int partition) {
  int leader = -1;
  FC_RETURN_IF_ERROR(AskUntil(bootstrap(), Duration::Seconds(10), [&](const rd_kafka_metadata_t& m) {
    for (int t = 0; t < m.topic_cnt; ++t) {
      if (m.topics[t].topic != topic) continue;
      for (int p = 0; p < m.topics[t].partition_cnt; ++p) {
        if (m.topics[t].partitions[p].id == partition) leader = m.topics[t].partitions[p].leader;
      }
    }
    return true;
  }));
  if (leader < 1) return absl::NotFoundError(StrCat("topic ", topic, " partition ", partition, " has no leader"));
  return leader - 1;
}

}  // namespace fundcore::testing
