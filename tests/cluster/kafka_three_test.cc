// The log on three brokers: the leader killed, frozen, two of three and all of them killed under load. Nothing that was
// acknowledged is lost, whatever is not acknowledged goes on once it can; gaps stand beside those of a bare producer in the same run.
// Long: not part of every test run.
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include <future>
#include <thread>

#include "tests/cluster/appender.h"
#include "tests/cluster/kafka_fixture.h"

namespace fundcore::testing {
namespace {

// librdkafka's idempotent producer as it comes, sending to one partition all the time, for the gaps that it sees.
class BareProducer {
 public:
  BareProducer(const std::string& topic, int32_t partition) : partition_(partition) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char error[256];
    for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
             {"bootstrap.servers", Kafka().bootstrap()}, {"acks", "all"}, {"enable.idempotence", "true"}, {"linger.ms", "0"}}) {
      FC_CHECK(rd_kafka_conf_set(conf, name, value.c_str(), error, sizeof error) == RD_KAFKA_CONF_OK, error);
    }
    rd_kafka_conf_set_opaque(conf, this);
    rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
    rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* m, void* opaque) {
      if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) static_cast<BareProducer*>(opaque)->Acknowledged();
    });
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    FC_CHECK(client_ != nullptr, error);
    topic_ = rd_kafka_topic_new(client_, topic.c_str(), nullptr);
    thread_ = std::thread([this] {
      last_ = MonotonicMicros();
      while (!stop_) {
        if (rd_kafka_outq_len(client_) < 4) rd_kafka_produce(topic_, partition_, RD_KAFKA_MSG_F_COPY, const_cast<char*>("x"), 1, nullptr, 0, nullptr);
        rd_kafka_poll(client_, 5);
      }
    });
  }
  ~BareProducer() {
    stop_ = true;
    thread_.join();
    rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client_, 1000);
    rd_kafka_topic_destroy(topic_);
    rd_kafka_destroy(client_);
  }
  int64_t LongestGap() {
    std::lock_guard lock(mu_);
    const int64_t gap = longest_gap_ / 1000;
    longest_gap_ = 0;
    return gap;
  }
  // Blocks until another message was acknowledged, sent after this call or shortly before.
  void AwaitNext() {
    std::unique_lock lock(mu_);
    const int64_t before = count_;
    changed_.wait(lock, [&] { return count_ > before + 4; });
  }

 private:
  void Acknowledged() {
    std::lock_guard lock(mu_);
    const int64_t now = MonotonicMicros();
    longest_gap_ = std::max(longest_gap_, now - last_);
    last_ = now;
    ++count_;
    changed_.notify_all();
  }
  const int32_t partition_;
  rd_kafka_t* client_ = nullptr;
  rd_kafka_topic_t* topic_ = nullptr;
  std::atomic<bool> stop_{false};
  std::mutex mu_;
  std::condition_variable changed_;
  int64_t last_ = 0, longest_gap_ = 0, count_ = 0;
  std::thread thread_;
};

class ThreeBrokers : public ::testing::Test {
 protected:
  ThreeBrokers() : prefix_(FreshPrefix()) {
    MakeTopics(Plan(prefix_));
    auto log = KafkaLog::Open(LogOptions(prefix_));
    FC_CHECK(log.ok(), log.status().message());
    log_ = *std::move(log);
    for (uint16_t p = 0; p < 4; ++p) collector_.Follow(*log_, Trade(p));
    FC_CHECK(log_->Start().ok(), "no start");
    for (uint16_t p = 0; p < 4; ++p) {
      writers_.push_back(std::make_unique<Appender>(log_.get(), Trade(p), 8, Duration::Millis(2)));
      counts_.push_back(0);
      threads_.emplace_back([this, p] { counts_[p] = writers_[p]->Run(); });
    }
    Flow();
  }
  ~ThreeBrokers() override {
    log_->Close();
    collector_.executor().Stop();
  }
  // Until every partition has taken some more.
  void Flow() {
    for (auto& w : writers_) w->Await(w->acknowledged() + 50);
  }
  int Leader() {
    const auto leader = Kafka().LeaderOf(prefix_ + ".trade", 0);
    FC_CHECK(leader.ok(), leader.status().message());
    return *leader;
  }
  // A partition of the other topic, of which nobody of ours writes, with the same leader; -1 without one.
  int32_t PartitionLedBy(int broker) {
    for (int32_t p = 0; p < 4; ++p) {
      const auto leader = Kafka().LeaderOf(prefix_ + ".account", p);
      if (leader.ok() && *leader == broker) return p;
    }
    return -1;
  }
  // Stops the writers and judges: everything that began is in, in order, and the reader that lived through it saw all.
  void Judge() {
    for (auto& w : writers_) w->Stop();
    for (auto& t : threads_) t.join();
    size_t all = 0;
    Contents stored;
    for (uint16_t p = 0; p < 4; ++p) {
      stored[Trade(p)] = ReadAll(prefix_, Trade(p));
      all += stored[Trade(p)].size();
      const Played played = Play(stored[Trade(p)]);
      EXPECT_EQ(played.next, counts_[p]) << "partition " << p;
      std::printf("partition %d: %zu records, %d repeats, %d too early\n", p, stored[Trade(p)].size(), played.repeats,
                  played.early);
    }
    collector_.Await(all);
    EXPECT_TRUE(collector_.contents() == stored);
  }
  int64_t WorstGap() {
    int64_t worst = 0;
    for (auto& w : writers_) worst = std::max(worst, w->LongestGap());
    return worst;
  }

  const std::string prefix_;
  std::unique_ptr<KafkaLog> log_;
  Collector collector_;
  std::vector<std::unique_ptr<Appender>> writers_;
  std::vector<int> counts_;
  std::vector<std::thread> threads_;
};

TEST_F(ThreeBrokers, TheLeaderIsKilled) {
  for (int kill = 1; kill <= 3; ++kill) {
    const int leader = Leader();
    const int32_t other = PartitionLedBy(leader);
    ASSERT_GE(other, 0);
    BareProducer bare(prefix_ + ".account", other);
    bare.AwaitNext();
    Flow();
    WorstGap();
    bare.LongestGap();
    Kafka().Kill(leader);
    Flow();
    bare.AwaitNext();
    std::printf("leader killed: longest gap %lld ms, bare producer %lld ms\n", static_cast<long long>(WorstGap()),
                static_cast<long long>(bare.LongestGap()));
    ASSERT_EQ(Kafka().Restart(leader), absl::OkStatus());
    Flow();
  }
  Judge();
}

TEST_F(ThreeBrokers, TheLeaderFreezes) {
  const int leader = Leader();
  WorstGap();
  Kafka().Pause(leader);
  Flow();
  std::printf("leader frozen: longest gap %lld ms\n", static_cast<long long>(WorstGap()));
  Kafka().Continue(leader);
  Flow();
  Judge();
}

TEST_F(ThreeBrokers, WithTwoOfThreeDownWritingStopsAndNothingIsLost) {
  Kafka().Kill(1);
  Kafka().Kill(2);
  // What was under way comes back; from here on nothing is acknowledged, however long it lasts.
  std::vector<int> before;
  std::promise<absl::Status> unknown;
  log_->Append({{Account(0), "into the minority"}}, [&](absl::Status s) { unknown.set_value(std::move(s)); });
  EXPECT_EQ(unknown.get_future().get().code(), absl::StatusCode::kUnavailable);
  for (auto& w : writers_) before.push_back(w->acknowledged());
  std::promise<absl::Status> again;
  log_->Append({{Account(1), "into the minority"}}, [&](absl::Status s) { again.set_value(std::move(s)); });
  EXPECT_EQ(again.get_future().get().code(), absl::StatusCode::kUnavailable);
  for (size_t p = 0; p < 4; ++p) EXPECT_EQ(writers_[p]->acknowledged(), before[p]);
  Kafka().Begin(1);
  Kafka().Begin(2);
  ASSERT_EQ(Kafka().AwaitReady(1), absl::OkStatus());
  ASSERT_EQ(Kafka().AwaitReady(2), absl::OkStatus());
  Flow();
  Judge();
}

TEST_F(ThreeBrokers, AllThreeAreKilledAndComeBack) {
  for (int i = 0; i < 3; ++i) Kafka().Kill(i);
  for (int i = 0; i < 3; ++i) Kafka().Begin(i);
  for (int i = 0; i < 3; ++i) ASSERT_EQ(Kafka().AwaitReady(i), absl::OkStatus());
  Flow();
  Judge();
}

}  // namespace
}  // namespace fundcore::testing

int main(int argc, char** argv) {
  using namespace fundcore::testing;
  ::testing::InitGoogleTest(&argc, argv);
  if (const int code = StartKafkaOrSkip({.brokers = 3})) return code;
  const int result = RUN_ALL_TESTS();
  g_kafka.reset();
  return result;
}
