#include "proxy/io/timer_queue.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace highwater::proxy {
namespace {

using namespace std::chrono_literals;

class timer_queue_test : public testing::Test {
protected:
  auto write(char what) {
    return [this, what] { seen += what; };
  }
  void run_until_seen(std::size_t many) {
    while (seen.size() < many) loop.turn(true);
  }

  event_loop loop;
  timer_queue timers{loop};
  timer_queue::time_point now = std::chrono::steady_clock::now();
  std::string seen;
};

TEST_F(timer_queue_test, calls_in_the_order_of_time_and_then_of_asking) {
  timers.schedule(now + 3ms, write('c'));
  timers.schedule(now + 1ms, write('a'));
  timers.schedule(now + 2ms, write('b'));
  timers.schedule(now + 3ms, write('d'));
  run_until_seen(4);
  EXPECT_EQ(seen, "abcd");
}

TEST_F(timer_queue_test, calls_nothing_before_its_time) {
  timers.schedule(now + 20ms, write('a'));
  run_until_seen(1);
  EXPECT_GE(std::chrono::steady_clock::now(), now + 20ms);
}

TEST_F(timer_queue_test, what_is_past_is_due_at_once) {
  timers.schedule(now - 1h, write('a'));
  timers.schedule({}, write('b'));
  run_until_seen(2);
  EXPECT_EQ(seen, "ba");
}

TEST_F(timer_queue_test, forgets_what_is_cancelled_and_goes_on) {
  auto first = timers.schedule(now + 1ms, write('a'));
  timers.schedule(now + 2ms, write('b'));
  timers.cancel(first);
  EXPECT_EQ(first.number, 0U);
  timers.cancel(first);
  run_until_seen(1);
  EXPECT_EQ(seen, "b");
}

TEST_F(timer_queue_test, takes_more_from_within_a_call) {
  timers.schedule(now, [&] {
    seen += 'a';
    timers.schedule(now + 1ms, write('b'));
    timers.schedule(now, write('c'));
  });
  run_until_seen(3);
  EXPECT_EQ(seen, "acb");
}

TEST_F(timer_queue_test, lets_go_of_what_it_holds_when_it_stops) {
  const auto held = std::make_shared<int>();
  timers.schedule(now + 1h, [held] {});
  timers.stop();
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace highwater::proxy
