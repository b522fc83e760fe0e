#include "proxy/io/dead_peer.hpp"

#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <thread>

namespace highwater::proxy {
namespace {

using namespace std::chrono_literals;

TEST(is_gone, takes_silence_and_questions_without_an_answer) {
  struct row {
    const char* what;
    peer_signs seen;
    bool gone;
  };
  const row rows[] = {
      {"idle for hours, nothing asked", {0, 5h}, false},
      {"a probe of a closed window is on its way", {1, 120s}, false},
      {"... and one before was answered late", {2, 240s}, false},
      {"a burst of losses", {3, 1s}, false},
      {"nobody is there", {3, 90s}, true},
      {"nobody has been there for long", {8, 300s}, true},
  };
  for (const auto& each : rows) EXPECT_EQ(is_gone(each.seen, 90s), each.gone) << each.what;
}

// Two ends of a connection in a network of their own, whose cable can be pulled.
class cable {
public:
  cable() : control_(::socket(AF_INET, SOCK_DGRAM, 0)) {
    plug(true);
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    ::bind(listener, generic, size);
    ::listen(listener, 1);
    ::getsockname(listener, generic, &size);
    near = ::socket(AF_INET, SOCK_STREAM, 0);
    ::connect(near, generic, size);
    far = ::accept(listener, nullptr, nullptr);
    ::close(listener);
  }
  ~cable() {
    for (const int each : {near, far, control_}) ::close(each);
  }
  void plug(bool in) const {
    ifreq device{};
    std::strcpy(device.ifr_name, "lo");
    ::ioctl(control_, SIOCGIFFLAGS, &device);
    device.ifr_flags = static_cast<short>(in ? device.ifr_flags | IFF_UP : device.ifr_flags & ~IFF_UP);
    ::ioctl(control_, SIOCSIFFLAGS, &device);
  }
  unsigned backoff() const {
    tcp_info seen{};
    socklen_t size = sizeof seen;
    ::getsockopt(near, IPPROTO_TCP, TCP_INFO, &seen, &size);
    return seen.tcpi_backoff;
  }

  int near = -1, far = -1;

private:
  int control_;
};

// On a thread of its own, as a thread cannot come back from there. False if it may not go.
template <class What>
bool in_another_network(What what) {
  bool allowed = false;
  std::thread([&] {
    allowed = ::unshare(CLONE_NEWNET) == 0;
    if (allowed) what();
  }).join();
  return allowed;
}

TEST(signs_of, a_peer_that_is_gone_do_not_look_like_those_of_one_that_does_not_read) {
  const bool allowed = in_another_network([] {
    const cable unread;
    const std::string much(1U << 20U, 'x');
    while (::send(unread.near, much.data(), much.size(), MSG_DONTWAIT) > 0) {
    }
    while (unread.backoff() < 4) {  // so many probes have been answered, or not needed an answer
      const auto seen = signs_of(unread.near);
      ASSERT_TRUE(seen);
      EXPECT_FALSE(is_gone(*seen, 0ms));
      std::this_thread::yield();
    }
    const cable pulled;
    ::send(pulled.near, "x", 1, 0);
    pulled.plug(false);
    ::send(pulled.near, "y", 1, 0);
    while (!is_gone(*signs_of(pulled.near), 1s)) std::this_thread::yield();  // or the test's own time is over
  });
  if (!allowed) GTEST_SKIP() << "needs the right to make a network namespace";
}

}  // namespace
}  // namespace highwater::proxy
