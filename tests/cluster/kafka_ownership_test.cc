// Who owns what, by Kafka's consumer groups: members as processes that come, leave, die and freeze.
#include "common/log/kafka_ownership.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <set>
#include <sstream>

#include "tests/cluster/kafka_fixture.h"
#include "tests/cluster/member.h"

namespace fundcore::testing {

int MemberMain(int argc, char** argv) {
  if (argc != 5) return 2;
  KafkaOwnership::Options options;
  options.connection.brokers = argv[2];
  options.prefix = argv[3];
  options.services = {ServiceId::kTrade, ServiceId::kAccount};
  options.session = Duration::Millis(std::atoi(argv[4]));
  KafkaOwnership ownership(options);
  const absl::Status status = ownership.Start([](LogPartition p, bool granted) {
    const std::string line = StrCat(granted ? "+ " : "- ", ServiceName(p.service), " ", p.partition.raw(), "\n");
    if (write(STDOUT_FILENO, line.data(), line.size()) < 0) std::abort();
  });
  if (!status.ok()) return 1;
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  ownership.Stop();
  return 0;
}

namespace {

constexpr Duration kSession = Duration::Millis(2000);

class Member {
 public:
  explicit Member(const std::string& prefix) {
    const std::string brokers = Kafka().bootstrap(), session = std::to_string(kSession.raw() / 1000);
    int in[2], out[2];
    FC_CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0, "no pipes");
    pid_ = fork();
    FC_CHECK(pid_ >= 0, "no fork");
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(in[0], STDIN_FILENO);
      dup2(out[1], STDOUT_FILENO);
      execl("/proc/self/exe", "kafka_test", "--member", brokers.c_str(), prefix.c_str(), session.c_str(), nullptr);
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    in_ = in[1];
    out_ = out[0];
  }
  ~Member() { Signal(SIGKILL), Reap(); }

  void Signal(int signal) {
    if (pid_ > 0) kill(pid_, signal);
  }
  // Graceful; returns its exit code.
  int Leave() {
    close(in_);
    in_ = -1;
    return Reap();
  }
  int Reap() {
    if (pid_ < 0) return -1;
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    Read();
    if (in_ >= 0) close(in_);
    close(out_);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  // Takes in what it has said.
  void Read() {
    char buffer[4096];
    pollfd p{out_, POLLIN, 0};
    while (poll(&p, 1, 0) > 0) {
      const ssize_t n = read(out_, buffer, sizeof buffer);
      if (n <= 0) break;
      text_.append(buffer, static_cast<size_t>(n));
    }
    size_t end;
    while ((end = text_.find('\n')) != std::string::npos) {
      const std::string what = text_.substr(2, end - 2);
      if (text_[0] == '+') {
        owned_.insert(what);
      } else {
        owned_.erase(what);
        ++revoked_;
      }
      text_.erase(0, end + 1);
    }
  }
  const std::set<std::string>& owned() const { return owned_; }
  int revoked() const { return revoked_; }
  int out() const { return out_; }
  bool alive() const { return pid_ > 0; }

 private:
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1;
  std::string text_;
  std::set<std::string> owned_;
  int revoked_ = 0;
};

// Waits until `good` holds of what the members have said; how long it took in milliseconds, or -1 after 20 seconds.
int64_t Until(std::vector<Member*> members, const std::function<bool()>& good) {
  const int64_t began = MonotonicMicros();
  for (;;) {
    for (Member* m : members) m->Read();
    const int64_t took = (MonotonicMicros() - began) / 1000;
    if (good()) return took;
    if (took > 20'000) return -1;
    std::vector<pollfd> fds;
    for (Member* m : members) fds.push_back({m->out(), POLLIN, 0});
    poll(fds.data(), fds.size(), 200);
  }
}

class KafkaOwnershipTest : public ::testing::Test {
 protected:
  KafkaOwnershipTest() : prefix_(FreshPrefix()) { MakeTopics(Plan(prefix_)); }
  // Between them the two own each of the eight partitions once, four each.
  static bool Shared(const Member& a, const Member& b) {
    std::set<std::string> both = a.owned();
    both.insert(b.owned().begin(), b.owned().end());
    return both.size() == 8 && a.owned().size() == 4 && b.owned().size() == 4;
  }
  const std::string prefix_;
};

TEST_F(KafkaOwnershipTest, MembersComeLeaveAndDie) {
  Member a(prefix_);
  int64_t took = Until({&a}, [&] { return a.owned().size() == 8; });
  ASSERT_GE(took, 0);
  std::printf("alone: all partitions after %lld ms\n", static_cast<long long>(took));
  {
    Member b(prefix_);
    took = Until({&a, &b}, [&] { return Shared(a, b); });
    ASSERT_GE(took, 0);
    std::printf("a second member: shared after %lld ms\n", static_cast<long long>(took));
    EXPECT_EQ(a.revoked(), 4) << "more moved than had to";
    EXPECT_EQ(b.Leave(), 0);
    EXPECT_TRUE(b.owned().empty()) << "leaving without giving back";
    took = Until({&a}, [&] { return a.owned().size() == 8; });
    ASSERT_GE(took, 0);
    std::printf("it left: taken over after %lld ms\n", static_cast<long long>(took));
  }
  Member c(prefix_);
  ASSERT_GE(Until({&a, &c}, [&] { return Shared(a, c); }), 0);
  c.Signal(SIGKILL);
  took = Until({&a}, [&] { return a.owned().size() == 8; });
  ASSERT_GE(took, 0);
  std::printf("killed, session %lld ms: taken over after %lld ms\n", static_cast<long long>(kSession.raw() / 1000),
              static_cast<long long>(took));
  EXPECT_LT(took, 3000);
}

TEST_F(KafkaOwnershipTest, AFrozenMemberLearnsWhatItLost) {
  Member a(prefix_);
  ASSERT_GE(Until({&a}, [&] { return a.owned().size() == 8; }), 0);
  Member b(prefix_);
  ASSERT_GE(Until({&a, &b}, [&] { return Shared(a, b); }), 0);
  const std::set<std::string> before = b.owned();
  b.Signal(SIGSTOP);
  ASSERT_GE(Until({&a, &b}, [&] { return a.owned().size() == 8; }), 0);
  EXPECT_EQ(b.owned(), before) << "it sleeps, and still thinks that they are its own";
  b.Signal(SIGCONT);
  const int64_t took = Until({&a, &b}, [&] { return Shared(a, b) && b.revoked() > 0; });
  ASSERT_GE(took, 0) << a.owned().size() << " and " << b.owned().size();
  std::printf("a frozen member knew better %lld ms after it woke up\n", static_cast<long long>(took));
}

TEST_F(KafkaOwnershipTest, TheGroupsBrokerMayDie) {
  Member a(prefix_);
  ASSERT_GE(Until({&a}, [&] { return a.owned().size() == 8; }), 0);
  Kafka().Kill(0);
  ASSERT_EQ(Kafka().Restart(0), absl::OkStatus());
  Member b(prefix_);
  ASSERT_GE(Until({&a, &b}, [&] { return Shared(a, b); }), 0);
  EXPECT_EQ(a.revoked(), 4) << "partitions were given up because the broker was away";
}

TEST_F(KafkaOwnershipTest, StoppingDoesNotHangOnASilentBroker) {
  std::set<LogPartition> owned;
  std::mutex mu;
  std::condition_variable changed;
  KafkaOwnership ownership({.connection = Connection(),
                            .prefix = prefix_,
                            .services = {ServiceId::kTrade, ServiceId::kAccount},
                            .session = kSession});
  ASSERT_EQ(ownership.Start([&](LogPartition p, bool granted) {
    std::lock_guard lock(mu);
    granted ? (void)owned.insert(p) : (void)owned.erase(p);
    changed.notify_all();
  }),
            absl::OkStatus());
  {
    std::unique_lock lock(mu);
    changed.wait(lock, [&] { return owned.size() == 8; });
  }
  Kafka().Pause(0);
  const int64_t began = MonotonicMicros();
  ownership.Stop();
  const int64_t took = (MonotonicMicros() - began) / 1000;
  Kafka().Continue(0);
  EXPECT_TRUE(owned.empty());
  EXPECT_LT(took, 8000);
  std::printf("stopped in %lld ms\n", static_cast<long long>(took));
}

TEST(StaticOwnership, GrantsAllAndTakesItBack) {
  std::set<LogPartition> owned;
  StaticOwnership ownership({{ServiceId::kTrade, 2}, {ServiceId::kProduct, 1}});
  ASSERT_TRUE(ownership.Start([&](LogPartition p, bool granted) { granted ? (void)owned.insert(p) : (void)owned.erase(p); }).ok());
  EXPECT_EQ(owned.size(), 3u);
  ownership.Stop();
  EXPECT_TRUE(owned.empty());
}

}  // namespace
}  // namespace fundcore::testing
