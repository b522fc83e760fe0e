#include "proxy/server/connect_backoff.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using verdict = connect_backoff::verdict;
using namespace std::chrono_literals;

constexpr routing::instant start = routing::instant(std::chrono::hours(1));
const wire::error unreachable = server_lost("timeout"), full{"53300", "full", "", ""}, refused{"28000", "who?", "", ""};

TEST(connect_backoff, tries_again_after_a_while) {
  struct row {
    const char* why;
    wire::error error;
    unsigned open;
    verdict at_once, a_moment_later, after_100_ms, after_a_second;
  };
  const row rows[] = {
      {"it does not answer", unreachable, 0, verdict::refuse, verdict::wait_for_others, verdict::connect,
       verdict::connect},
      {"... beside others that it had", unreachable, 3, verdict::refuse, verdict::wait_for_others, verdict::connect,
       verdict::connect},
      {"it is full", full, 0, verdict::refuse, verdict::refuse, verdict::refuse, verdict::connect},
      {"... of ours: they come round", full, 3, verdict::wait_for_others, verdict::wait_for_others,
       verdict::wait_for_others, verdict::connect},
      {"it does not let the user in", refused, 0, verdict::refuse, verdict::refuse, verdict::refuse, verdict::connect},
      {"... any more", refused, 3, verdict::refuse, verdict::refuse, verdict::refuse, verdict::connect},
  };
  for (const auto& each : rows) {
    connect_backoff one;
    EXPECT_EQ(one.next(start, each.open), verdict::connect) << each.why;
    EXPECT_EQ(one.failed(each.error, start - 5ms, start, each.open), each.at_once) << each.why;
    EXPECT_TRUE(one.one_at_a_time()) << each.why;
    EXPECT_EQ(one.next(start + 1ms, each.open), each.a_moment_later) << each.why;
    EXPECT_EQ(one.next(start + 100ms, each.open), each.after_100_ms) << each.why;
    EXPECT_EQ(one.next(start + 1s, each.open), each.after_a_second) << each.why;
  }
}

TEST(connect_backoff, remembers_what_was_said_until_somebody_is_let_in) {
  connect_backoff one;
  one.failed(refused, start, start, 0);
  EXPECT_EQ(one.refusal()->code, "28000");
  EXPECT_EQ(one.next(start + 2s, 0), verdict::connect);
  EXPECT_EQ(one.refusal()->code, "28000") << "nobody has been let in yet";
  EXPECT_TRUE(one.connected());
  EXPECT_FALSE(one.refusal());
  EXPECT_FALSE(one.one_at_a_time());
  EXPECT_FALSE(one.connected()) << "nothing had failed";
}

TEST(connect_backoff, says_nothing_of_a_node_that_did_not_answer) {
  connect_backoff one;
  one.failed(refused, start, start, 0);
  one.failed(unreachable, start, start + 2s, 0);
  EXPECT_FALSE(one.refusal());
}

TEST(connect_backoff, lets_whoever_was_refused_try_again_when_logins_have_changed) {
  connect_backoff one;
  one.failed(refused, start, start, 0);
  one.logins_changed(start);
  EXPECT_EQ(one.next(start + 1ms, 0), verdict::refuse) << "it was refused after that";
  one.logins_changed(start + 1ms);
  EXPECT_EQ(one.next(start + 2ms, 0), verdict::connect);
}

TEST(connect_backoff, leaves_a_name_alone_that_led_elsewhere) {
  connect_backoff one;
  one.led_elsewhere(start);
  EXPECT_EQ(one.next(start + 99ms, 0), verdict::wait_for_others);
  EXPECT_EQ(one.next(start + 100ms, 0), verdict::connect);
}

}  // namespace
}  // namespace highwater::proxy
