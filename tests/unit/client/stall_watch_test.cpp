#include "proxy/client/stall_watch.hpp"

#include <gtest/gtest.h>

#include <string>

namespace highwater::proxy {
namespace {

using namespace std::chrono_literals;

class stall_watch_test : public testing::Test {
protected:
  auto write(char what) {
    return [this, what] { seen += what; };
  }
  // By then, too, if nothing else happens.
  void run_until(std::chrono::milliseconds when) {
    bool over = false;
    timers.schedule(now + when, [&over] { over = true; });
    while (!over) loop.turn(true);
  }

  event_loop loop;
  timer_queue timers{loop};
  stall_watch stall{timers};
  stall_watch::clock now = std::chrono::steady_clock::now();
  std::string seen;
};

TEST_F(stall_watch_test, tells_once_of_who_is_silent) {
  stall.begin(now, 1ms, write('s'));
  EXPECT_TRUE(stall.watches());
  run_until(3ms);
  EXPECT_EQ(seen, "s");
  EXPECT_FALSE(stall.watches());
}

TEST_F(stall_watch_test, has_the_whole_patience_behind_each_sign_of_life) {
  stall.begin(now, 2ms, write('s'));
  stall.heard(now + 4ms);
  timers.schedule(now + 5ms, write('m'));
  run_until(8ms);
  EXPECT_EQ(seen, "ms");
}

TEST_F(stall_watch_test, goes_on_if_it_is_begun_again) {
  stall.begin(now, 1ms, write('s'));
  stall.begin(now + 1h, 1h, write('t'));
  run_until(3ms);
  EXPECT_EQ(seen, "s");
}

TEST_F(stall_watch_test, says_nothing_behind_its_end) {
  stall.begin(now, 1ms, write('s'));
  stall.end();
  run_until(3ms);
  stall.begin(now, 1ms, write('t'));
  run_until(5ms);
  EXPECT_EQ(seen, "t");
}

}  // namespace
}  // namespace highwater::proxy
