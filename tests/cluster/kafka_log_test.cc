// The log's contract on a real Kafka broker: order, tails, limits, refusals, and what becomes of appends when the broker or
// the producer dies under them.
#include "common/log/kafka.h"

#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "tests/cluster/appender.h"
#include "tests/cluster/kafka_fixture.h"

namespace fundcore::testing {
namespace {

using ::testing::HasSubstr;

TEST(KafkaLog, ManyThreadsManyPartitionsAndARestart) {
  const std::string prefix = FreshPrefix();
  MakeTopics(Plan(prefix));
  constexpr int kThreads = 4, kEach = 2000;
  Contents live;
  {
    auto log = KafkaLog::Open(LogOptions(prefix));
    ASSERT_TRUE(log.ok()) << log.status();
    Collector collector;
    for (uint16_t p = 0; p < 4; ++p) {
      collector.Follow(**log, Trade(p));
      collector.Follow(**log, Account(p));
    }
    ASSERT_EQ((*log)->Start(), absl::OkStatus());
    std::vector<std::thread> threads;
    std::atomic<int> good{0};
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          const std::string name = std::to_string(t) + "/" + std::to_string(i);
          std::vector<AppendItem> items;
          items.push_back({Trade(static_cast<uint16_t>(i % 4)), Payload(name, i % 400)});
          items.push_back({Account(static_cast<uint16_t>(t)), name});
          items.push_back({Account(static_cast<uint16_t>(t)), name + "+"});
          (*log)->Append(std::move(items), [&](absl::Status s) { good += s.ok(); });
        }
      });
    }
    for (auto& t : threads) t.join();
    collector.Await(3 * kThreads * kEach);
    (*log)->Close();
    EXPECT_EQ(good, kThreads * kEach);
    EXPECT_EQ((*log)->stats().unknown, 0u);
    EXPECT_GT((*log)->stats().from_memory, 0u);
    live = collector.contents();
    collector.executor().Stop();
  }
  // Items of one call and calls of one thread keep their order.
  for (int t = 0; t < kThreads; ++t) {
    const auto& names = live[Account(static_cast<uint16_t>(t))];
    ASSERT_EQ(names.size(), 2u * kEach);
    for (int i = 0; i < kEach; ++i) {
      ASSERT_EQ(names[static_cast<size_t>(2 * i)], std::to_string(t) + "/" + std::to_string(i));
      ASSERT_EQ(names[static_cast<size_t>(2 * i + 1)], std::to_string(t) + "/" + std::to_string(i) + "+");
    }
  }
  // The next process: from the beginning, from the middle and from the end; then new records follow without a gap. Its window
  // is smaller than what it has to read.
  auto options = LogOptions(prefix);
  options.replay_window_bytes = 20'000;
  auto log = KafkaLog::Open(options);
  ASSERT_TRUE(log.ok()) << log.status();
  Collector collector;
  collector.Follow(**log, Trade(0), 0);
  collector.Follow(**log, Trade(1), 700);
  collector.Follow(**log, Trade(2), live[Trade(2)].size());
  ASSERT_EQ((*log)->Start(), absl::OkStatus());
  EXPECT_EQ((*log)->End(Trade(3)), live[Trade(3)].size());
  for (uint16_t p = 0; p < 3; ++p) ASSERT_TRUE(AppendAndWait(**log, Trade(p), "new").ok());
  const size_t all = live[Trade(0)].size() + live[Trade(1)].size() - 700 + 3;
  collector.Await(all);
  // A process that only asks sees the new end, too.
  std::promise<absl::StatusOr<LogOffset>> end;
  (*log)->FetchEnd(Trade(2), [&](absl::StatusOr<LogOffset> e) { end.set_value(std::move(e)); });
  EXPECT_EQ(*end.get_future().get(), live[Trade(2)].size() + 1);
  (*log)->Close();
  collector.executor().Stop();
  auto seen = collector.contents();
  live[Trade(1)].erase(live[Trade(1)].begin(), live[Trade(1)].begin() + 700);
  live[Trade(2)].clear();
  for (uint16_t p = 0; p < 3; ++p) {
    live[Trade(p)].push_back("new");
    EXPECT_TRUE(seen[Trade(p)] == live[Trade(p)]) << "partition " << p;
  }
}

// A log that takes its own records from memory and is not read meanwhile still hears of everything that others append.
TEST(KafkaLog, TwoWritersSeeOneOrder) {
  const std::string prefix = FreshPrefix();
  MakeTopics(Plan(prefix));
  auto a = KafkaLog::Open(LogOptions(prefix)), b = KafkaLog::Open(LogOptions(prefix));
  ASSERT_TRUE(a.ok() && b.ok());
  Collector seen_a, seen_b;
  seen_a.Follow(**a, Trade(0));
  seen_b.Follow(**b, Trade(0));
  ASSERT_EQ((*a)->Start(), absl::OkStatus());
  ASSERT_EQ((*b)->Start(), absl::OkStatus());
  size_t all = 0;
  const auto append = [&](KafkaLog& log, const std::string& who, int count) {
    std::promise<void> done;
    std::atomic<int> left{count};
    for (int i = 0; i < count; ++i) {
      std::vector<AppendItem> items;
      items.push_back({Trade(0), StrCat(who, i)});
      log.Append(std::move(items), [&](absl::Status s) {
        EXPECT_TRUE(s.ok()) << s;
        if (--left == 0) done.set_value();
      });
    }
    done.get_future().wait();
  };
  const auto both = [&] {
    seen_a.Await(all);
    seen_b.Await(all);
  };
  for (int round = 0; round < 2; ++round) {
    // One by one and for long enough that reading was given up.
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(AppendAndWait(**a, Trade(0), StrCat("alone", i)).ok());
    all += 500;
    both();
    append(**b, "other", 50);  // into the silence of the first
    all += 50;
    both();
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(AppendAndWait(**a, Trade(0), StrCat("alone again", i)).ok());
    append(**b, "between", 1);
    append(**a, "after", 100);
    all += 601;
    both();
    std::thread other([&] { append(**b, "b", 2000); });
    append(**a, "a", 2000);
    other.join();
    all += 4000;
    both();
  }
  EXPECT_LT((*a)->stats().fetched, all) << "own records were fetched as well";
  (*a)->Close();
  (*b)->Close();
  seen_a.executor().Stop();
  seen_b.executor().Stop();
  const auto stored = ReadAll(prefix, Trade(0));
  EXPECT_EQ(stored.size(), all);
  EXPECT_TRUE(seen_a.contents()[Trade(0)] == stored);
  EXPECT_TRUE(seen_b.contents()[Trade(0)] == stored);
}

TEST(KafkaLog, LargeRecordsAndTheirLimit) {
  const std::string prefix = FreshPrefix();
  MakeTopics(Plan(prefix));
  const std::string large = Payload("large", kMaxRecordBytes);
  {
    auto log = KafkaLog::Open(LogOptions(prefix));
    ASSERT_TRUE(log.ok()) << log.status();
    ASSERT_TRUE(AppendAndWait(**log, {{Trade(0), "before"}, {Trade(0), large}, {Trade(0), "after"}}).ok());
    const absl::Status refused = AppendAndWait(**log, {{Trade(0), "fine"}, {Trade(0), large + "x"}});
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(Message(refused), HasSubstr("Nothing was appended"));
    EXPECT_EQ(AppendAndWait(**log, Trade(4), "no such partition").code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(AppendAndWait(**log, {ServiceId::kRisk, PartitionId(0)}, "no such service").code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(AppendAndWait(**log, {}).ok());
    EXPECT_EQ((*log)->End(Trade(0)), 3u);
    (*log)->Close();
    EXPECT_EQ(AppendAndWait(**log, Trade(0), "late").code(), absl::StatusCode::kFailedPrecondition);
  }
  EXPECT_TRUE(ReadAll(prefix, Trade(0)) == (std::vector<std::string>{"before", large, "after"}));
}

TEST(KafkaLog, AClusterThatDoesNotFitIsRefused) {
  const std::string prefix = FreshPrefix();
  MakeTopics(Plan(prefix));
  auto options = LogOptions(prefix);
  options.partitions = {{ServiceId::kTrade, 8}, {ServiceId::kProduct, 1}};
  absl::Status status = KafkaLog::Open(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr(StrCat("topic ", prefix, ".trade: partitions = 4: this installation is laid out for 8")));
  EXPECT_THAT(Message(status), HasSubstr(StrCat("topic ", prefix, ".product: topic = missing")));

  options = LogOptions(prefix);
  options.one_replica_for_tests = false;
  status = KafkaLog::Open(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("replication.factor = 1: one copy"));
  EXPECT_THAT(Message(status), HasSubstr("min.insync.replicas = 1"));

  options = LogOptions(prefix);
  options.connection.properties = {{"acks", "1"}};
  status = KafkaLog::Open(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(status), HasSubstr("acks is not yours to set"));
  options.connection.properties = {{"socket.timeout", "1"}};
  EXPECT_THAT(Message(KafkaLog::Open(options).status()), HasSubstr("No such configuration property"));
}

TEST(KafkaLog, BrokersThatAreNotThereOrDoNotLetUsIn) {
  const std::string prefix = FreshPrefix();
  MakeTopics(Plan(prefix));
  auto options = LogOptions(prefix);
  options.patience = Duration::Seconds(1);
  options.connection.brokers = "127.0.0.1:9";  // nobody listens there
  absl::Status status = KafkaLog::Open(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Message(status), HasSubstr("no broker of 127.0.0.1:9 answered in time"));
  EXPECT_THAT(Message(status), HasSubstr("Connection refused"));
  options.connection.brokers = "localhost";
  EXPECT_EQ(KafkaLog::Open(options).status().code(), absl::StatusCode::kInvalidArgument);

  options.patience = Duration::Seconds(2);
  options.connection.brokers = Kafka().guest_bootstrap();
  const auto login = [&](const char* password) {
    options.connection.properties = {{"security.protocol", "sasl_plaintext"},
                                     {"sasl.mechanism", "PLAIN"},
                                     {"sasl.username", "guest"},
                                     {"sasl.password", password}};
    return KafkaLog::Open(options).status();
  };
  status = login("wrong");
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << status;
  EXPECT_THAT(Message(status), HasSubstr("takes this login"));
  // Who may see nothing is told that topics are missing; Kafka does not say more.
  status = login("guest");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(Message(status), HasSubstr("missing"));
}

TEST(KafkaLog, ARecordThatWasTrimmedIsMissedAloud) {
  const std::string prefix = FreshPrefix();
  MakeTopics(Plan(prefix));
  {
    auto log = KafkaLog::Open(LogOptions(prefix));
    ASSERT_TRUE(log.ok()) << log.status();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(AppendAndWait(**log, Trade(1), StrCat(i)).ok());
  }
  auto admin = KafkaAdmin::Open(Connection());
  ASSERT_TRUE(admin.ok());
  ASSERT_TRUE((*admin)->TrimBefore(prefix, Trade(1), 4).ok());
  EXPECT_EQ((*admin)->TrimBefore(prefix, Trade(1), 11).code(), absl::StatusCode::kOutOfRange);
  const auto start = [&](LogOffset from, Contents* seen) {
    auto log = KafkaLog::Open(LogOptions(prefix));
    EXPECT_TRUE(log.ok()) << log.status();
    Collector collector;
    collector.Follow(**log, Trade(1), from);
    const absl::Status status = (*log)->Start();
    if (status.ok()) collector.Await(10 - from);
    (*log)->Close();
    collector.executor().Stop();
    if (seen != nullptr) *seen = collector.contents();
    return status;
  };
  Contents seen;
  EXPECT_TRUE(start(4, &seen).ok());
  EXPECT_EQ(seen[Trade(1)], (std::vector<std::string>{"4", "5", "6", "7", "8", "9"}));
  absl::Status status = start(3, nullptr);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Message(status), HasSubstr(StrCat("topic ", prefix, ".trade partition 1 begins at offset 4")));
  EXPECT_THAT(Message(status), HasSubstr("restore a checkpoint"));
  status = start(11, nullptr);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Message(status), HasSubstr("ends at offset 10"));
}

TEST(KafkaLog, AProducerThatFailsForGoodIsReplaced) {
  const std::string prefix = FreshPrefix();
  MakeTopics(Plan(prefix));
  auto log = KafkaLog::Open(LogOptions(prefix));
  ASSERT_TRUE(log.ok()) << log.status();
  Appender appender(log->get(), Trade(0));
  std::thread load([&] { appender.Run(3000); });
  for (int i = 1; i <= 3; ++i) {
    appender.Await(i * 500);
    (*log)->BreakProducerForTest();
  }
  load.join();
  EXPECT_EQ((*log)->stats().producers, 4u);
  (*log)->Close();
  const Played played = Play(ReadAll(prefix, Trade(0)));
  EXPECT_EQ(played.next, 3000);
}

TEST(KafkaLog, ABrokerThatDiesUnderLoadLosesNothing) {
  const std::string prefix = FreshPrefix();
  MakeTopics(Plan(prefix));
  auto options = LogOptions(prefix);
  options.message_timeout = Duration::Seconds(2);  // shorter than a restart, so that outcomes do become unknown
  auto log = KafkaLog::Open(options);
  ASSERT_TRUE(log.ok()) << log.status();
  Collector collector;
  collector.Follow(**log, Trade(0));
  collector.Follow(**log, Trade(3));
  ASSERT_EQ((*log)->Start(), absl::OkStatus());
  Appender first(log->get(), Trade(0)), second(log->get(), Trade(3));
  constexpr int kCount = 10'000, kKills = 1;
  std::thread load_first([&] { first.Run(kCount); });
  std::thread load_second([&] { second.Run(kCount); });
  for (int kill = 1; kill <= kKills; ++kill) {
    first.Await(kill * 4000);
    second.Await(kill * 4000);
    Kafka().Kill(0);
    const int before = first.acknowledged();
    ASSERT_EQ(Kafka().Restart(0), absl::OkStatus());
    const int64_t ready = MonotonicMicros();
    first.Await(before + 33);
    std::printf("kill %d: appends went on %lld ms after the broker was back\n", kill,
                static_cast<long long>((MonotonicMicros() - ready) / 1000));
  }
  load_first.join();
  load_second.join();
  // The reader that lived through it sees what a new one sees.
  size_t all = 0;
  Contents stored_both;
  for (const LogPartition p : {Trade(0), Trade(3)}) {
    const auto stored = ReadAll(prefix, p);
    const Played played = Play(stored);
    EXPECT_EQ(played.next, kCount);
    std::printf("partition %d: %zu records, %d repeats, %d too early\n", p.partition.raw(), stored.size(), played.repeats,
                played.early);
    all += stored.size();
    stored_both[p] = stored;
  }
  collector.Await(all);
  EXPECT_TRUE(collector.contents() == stored_both);
  EXPECT_GT(first.repeats() + second.repeats(), 0) << "no outcome was unknown: the kill tested nothing";
  (*log)->Close();
  collector.executor().Stop();
}

TEST(KafkaLog, ClosingDoesNotHangOnASilentBroker) {
  const std::string prefix = FreshPrefix();
  MakeTopics(Plan(prefix));
  auto options = LogOptions(prefix);
  options.close_grace = Duration::Millis(300);
  auto log = KafkaLog::Open(options);
  ASSERT_TRUE(log.ok()) << log.status();
  Collector collector;
  for (uint16_t p = 0; p < 4; ++p) collector.Follow(**log, Trade(p));
  ASSERT_EQ((*log)->Start(), absl::OkStatus());
  ASSERT_TRUE(AppendAndWait(**log, Trade(0), "before").ok());
  Kafka().Pause(0);
  std::atomic<int> answers{0}, unknown{0};
  for (int i = 0; i < 100; ++i) {
    std::vector<AppendItem> items;
    items.push_back({Trade(static_cast<uint16_t>(i % 4)), "silent"});
    (*log)->Append(std::move(items), [&](absl::Status s) {
      ++answers;
      unknown += absl::IsUnavailable(s);
    });
  }
  std::promise<absl::StatusOr<LogOffset>> end;
  (*log)->FetchEnd(Trade(0), [&](absl::StatusOr<LogOffset> e) { end.set_value(std::move(e)); });
  const int64_t began = MonotonicMicros();
  (*log)->Close();
  const int64_t took = (MonotonicMicros() - began) / 1000;
  EXPECT_EQ(answers, 100);
  EXPECT_EQ(unknown, 100);
  EXPECT_EQ(end.get_future().get().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(took, 4000);
  std::printf("closed in %lld ms\n", static_cast<long long>(took));
  Kafka().Continue(0);
  collector.executor().Stop();
}

}  // namespace
}  // namespace fundcore::testing
