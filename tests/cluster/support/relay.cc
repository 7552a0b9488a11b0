// Copying bytes both ways. See relay.h.
#include "tests/cluster/support/relay.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <list>
#include <vector>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore::testing {
namespace {

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a.sin_port = htons(port);
  return a;
}

// One direction: what was read and not written yet.
struct Way {
  int from, to;
  std::vector<char> bytes;
  size_t at = 0;

  bool waits() const { return at < bytes.size(); }
  // False where the connection has ended.
  bool Move(bool readable) {
    if (!waits() && readable) {
      bytes.resize(256 << 10);
      const ssize_t n = recv(from, bytes.data(), bytes.size(), MSG_DONTWAIT);
      if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return false;
      bytes.resize(n > 0 ? static_cast<size_t>(n) : 0);
      at = 0;
    }
    while (waits()) {
      const ssize_t n = send(to, bytes.data() + at, bytes.size() - at, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n < 0) return errno == EAGAIN || errno == EINTR;
      at += static_cast<size_t>(n);
    }
    return true;
  }
};

struct Pair {
  Way out, back;
};

}  // namespace

Relay::Relay(uint16_t to) : to_(to) {
  FC_CHECK(pipe2(wake_, O_CLOEXEC | O_NONBLOCK) == 0, "no pipe");
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in a = Loopback(0);
  socklen_t size = sizeof a;
  FC_CHECK(listener_ >= 0 && bind(listener_, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0 && listen(listener_, 64) == 0 &&
               getsockname(listener_, reinterpret_cast<sockaddr*>(&a), &size) == 0,
           "no port for a relay");
  port_ = ntohs(a.sin_port);
  thread_ = std::thread([this] { Work(); });
}

Relay::~Relay() {
  ended_ = true;
  (void)!write(wake_[1], "x", 1);
  thread_.join();
  close(listener_);
  close(wake_[0]);
  close(wake_[1]);
}

std::string Relay::address() const { return StrCat("127.0.0.1:", port_); }

void Relay::Cut(bool cut) {
  cut_ = cut;
  (void)!write(wake_[1], "x", 1);
}

void Relay::Work() {
  std::list<Pair> pairs;
  const auto end = [](Pair& p) {
    close(p.out.from);
    close(p.out.to);
  };
  while (!ended_) {
    std::vector<pollfd> fds = {{listener_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
    for (Pair& p : pairs) {
      const auto events = [](const Way& in, const Way& out) {
        return static_cast<short>((in.waits() ? 0 : POLLIN) | (out.waits() ? POLLOUT : 0));
      };
      fds.push_back({p.out.from, events(p.out, p.back), 0});
      fds.push_back({p.out.to, events(p.back, p.out), 0});
    }
    if (poll(fds.data(), fds.size(), -1) < 0) continue;
    char drained[64];
    while (read(wake_[0], drained, sizeof drained) > 0) {
    }
    size_t i = 2;
    for (auto it = pairs.begin(); it != pairs.end(); i += 2) {
      constexpr short kIn = POLLIN | POLLHUP | POLLERR;
      const bool goes_on = !cut_ && it->out.Move((fds[i].revents & kIn) != 0) && it->back.Move((fds[i + 1].revents & kIn) != 0);
      if (goes_on) {
        ++it;
        continue;
      }
      end(*it);
      it = pairs.erase(it);
    }
    for (int in; (in = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      const int out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in a = Loopback(to_);
      if (cut_ || connect(out, reinterpret_cast<sockaddr*>(&a), sizeof a) != 0) {
        close(in);
        close(out);
        continue;
      }
      const int yes = 1;
      setsockopt(in, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      pairs.push_back({{in, out, {}}, {out, in, {}}});
    }
  }
  for (Pair& p : pairs) end(p);
}

}  // namespace fundcore::testing
