#include "proxy/io/event_loop.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace highwater::proxy {
namespace {

TEST(event_loop, runs_what_is_posted_in_its_order_and_once) {
  event_loop loop;
  std::string seen;
  loop.post([&] { seen += 'a'; });
  loop.post([&] {
    seen += 'b';
    loop.post([&] { seen += 'd'; });
  });
  loop.post([&] { seen += 'c'; });
  loop.turn(true);
  EXPECT_EQ(seen, "abc") << "what is posted meanwhile comes in the next turn";
  loop.turn(true);
  loop.turn(false);
  EXPECT_EQ(seen, "abcd");
}

TEST(event_loop, lets_go_of_what_it_has_run) {
  event_loop loop;
  const auto held = std::make_shared<int>();
  loop.post([held] {});
  loop.turn(false);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(event_loop, destroys_uncalled_what_it_has_not_come_to) {
  bool called = false;
  const auto held = std::make_shared<int>();
  {
    event_loop loop;
    loop.post([&called, held] { called = true; });
    loop.discard();
    EXPECT_EQ(held.use_count(), 1);
    loop.post([&called, held] { called = true; });
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(called);
}

// However the posts fall between looking, falling asleep and waking, none is left lying until the next.
TEST(event_loop, is_woken_by_each_post_of_another_thread) {
  constexpr int rounds = 20'000;
  event_loop here;
  event_loop there;
  std::thread answers([&] { there.run(); });
  int left = rounds;
  const std::function<void()> ask = [&] {
    there.post([&] {
      here.post([&] {
        if (--left == 0) return here.stop();
        ask();
      });
    });
  };
  ask();
  here.run();
  EXPECT_EQ(left, 0);
  there.post([&] { there.stop(); });
  answers.join();
}

// Two ends of a connection, one of them watched.
class watched_socket final : public event_loop::watched {
public:
  explicit watched_socket(event_loop& in) : loop(in) {
    std::array<int, 2> both{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both.data()), 0);
    mine = unique_socket(both[0]);
    peer = unique_socket(both[1]);
    loop.add(mine.get(), *this);
  }
  void on_event(bool can_read, bool can_write, bool hung_up) override {
    reads += can_read ? 1 : 0;
    writes += can_write ? 1 : 0;
    ends += hung_up ? 1 : 0;
    if (then) then();
  }
  void look_after(std::chrono::steady_clock::time_point) override { ++looks; }
  void leave() {
    loop.remove(mine.get(), *this);
    mine = {};
  }

  event_loop& loop;
  unique_socket mine;
  unique_socket peer;
  std::function<void()> then;
  int reads = 0;
  int writes = 0;
  int ends = 0;
  int looks = 0;
};

using watched_socket_ptr = boost::intrusive_ptr<watched_socket>;

TEST(event_loop, tells_of_each_edge_once) {
  event_loop loop;
  const watched_socket_ptr one(new watched_socket(loop));
  loop.turn(true);
  EXPECT_EQ(one->reads, 0);
  EXPECT_EQ(one->writes, 1) << "the first event comes soon";
  ASSERT_EQ(::send(one->peer.get(), "x", 1, 0), 1);
  loop.turn(true);
  loop.turn(false);
  EXPECT_EQ(one->reads, 1);
  ASSERT_EQ(::send(one->peer.get(), "y", 1, 0), 1);
  loop.turn(true);
  EXPECT_EQ(one->reads, 2) << "although nothing has been read";
  one->peer = {};
  loop.turn(true);
  EXPECT_EQ(one->ends, 1);
  one->leave();
}

TEST(event_loop, tells_nobody_who_has_left_in_the_same_turn) {
  event_loop loop;
  std::array<watched_socket_ptr, 2> both{new watched_socket(loop), new watched_socket(loop)};
  for (const std::size_t i : {0U, 1U}) {
    both.at(i)->then = [&, other = 1 - i] {
      if (both.at(other)->mine) both.at(other)->leave();
    };
  }
  loop.turn(true);
  for (const auto& each : both) {
    if (each->mine) each->leave();
  }
  // Both were ready; whichever came first has sent the other away, which may hear of it, but is still there.
  EXPECT_GE(both[0]->writes + both[1]->writes, 1);
}

TEST(event_loop, looks_after_all_in_turn) {
  event_loop loop;
  std::vector<watched_socket_ptr> all;
  for (int i = 0; i < 3; ++i) all.emplace_back(new watched_socket(loop));
  const auto now = std::chrono::steady_clock::now();
  const auto looks = [&] { return std::vector<int>{all[0]->looks, all[1]->looks, all[2]->looks}; };
  loop.look_after_some(now, 2);
  EXPECT_EQ(looks(), (std::vector{1, 1, 0}));
  loop.look_after_some(now, 2);
  EXPECT_EQ(looks(), (std::vector{2, 1, 1}));
  loop.look_after_some(now, 100);
  EXPECT_EQ(looks(), (std::vector{3, 2, 2})) << "nobody twice";
  for (const auto& each : all) each->leave();
  loop.look_after_some(now, 1);
  EXPECT_EQ(looks(), (std::vector{3, 2, 2}));
}

}  // namespace
}  // namespace highwater::proxy
