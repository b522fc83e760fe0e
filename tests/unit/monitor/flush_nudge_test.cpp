#include "proxy/monitor/flush_nudge.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using routing::instant;

constexpr instant t(int ms) {
  return instant(std::chrono::hours(1)) + std::chrono::milliseconds(ms);
}

struct flush_nudge_test : testing::Test {
  flush_nudge one;
  void SetUp() override { one.primary_at(t(0), 100); }
};

TEST_F(flush_nudge_test, is_not_due_where_nobody_waits) {
  one.primary_at(t(10), 100);
  EXPECT_FALSE(one.due(t(10)));
  EXPECT_EQ(one.look_at(t(10)), instant::max());
}

TEST_F(flush_nudge_test, is_not_due_for_what_is_flushed) {
  one.need(100, t(50));
  one.primary_at(t(10), 100);
  EXPECT_FALSE(one.due(t(10)));
  EXPECT_EQ(one.look_at(t(10)), instant::max());
}

// Commits that are waited for flush; what lies there longer does not flush by itself.
TEST_F(flush_nudge_test, is_due_when_nothing_has_been_flushed_for_a_while) {
  one.need(200, t(50));
  EXPECT_FALSE(one.due(t(1)));
  EXPECT_EQ(one.look_at(t(1)), t(4));
  one.primary_at(t(4), 150);
  EXPECT_FALSE(one.due(t(4))) << "there is progress";
  EXPECT_EQ(one.look_at(t(4)), t(8));
  one.primary_at(t(7), 150);
  EXPECT_FALSE(one.due(t(7)));
  one.primary_at(t(8), 150);
  EXPECT_TRUE(one.due(t(8)));
  EXPECT_FALSE(one.due(t(9))) << "once";
  one.primary_at(t(10), 300);
  EXPECT_FALSE(one.due(t(20)));
  EXPECT_EQ(one.look_at(t(20)), instant::max());
}

TEST_F(flush_nudge_test, is_due_at_once_where_it_was_needed_the_last_time) {
  one.need(200, t(50));
  EXPECT_TRUE(one.due(t(4)));
  one.primary_at(t(5), 200);
  one.need(300, t(50));
  EXPECT_FALSE(one.due(t(5))) << "too soon after the last";
  EXPECT_EQ(one.look_at(t(5)), t(6));
  EXPECT_TRUE(one.due(t(6)));
}

TEST_F(flush_nudge_test, is_patient_again_when_something_came_by_itself) {
  one.need(200, t(500));
  EXPECT_TRUE(one.due(t(4)));
  one.primary_at(t(5), 200);
  one.primary_at(t(10), 200);
  one.need(300, t(500));
  one.primary_at(t(11), 300);
  one.need(400, t(500));
  EXPECT_FALSE(one.due(t(14)));
  EXPECT_TRUE(one.due(t(15)));
}

// With a slow disk it may seem needed for ever.
TEST_F(flush_nudge_test, is_not_believed_to_be_needed_for_ever) {
  int at = 0;
  routing::lsn flushed = 100;
  int written = 0;
  for (; written < 1'000; ++written) {
    one.need(flushed + 100, t(1'000'000));
    at += 3;
    if (!one.due(t(at))) break;
    flushed += 100;
    one.primary_at(t(at + 1), flushed);
    ++at;
  }
  EXPECT_LT(written, 100);
}

TEST_F(flush_nudge_test, is_not_due_when_whoever_waited_has_given_up) {
  one.need(200, t(5));
  one.primary_at(t(8), 100);
  EXPECT_FALSE(one.due(t(8)));
}

TEST_F(flush_nudge_test, means_another_primarys_positions_from_now_on) {
  one.need(200, t(50));
  one.begin_anew();
  one.primary_at(t(3), 10);
  EXPECT_FALSE(one.due(t(10)));
}

}  // namespace
}  // namespace highwater::proxy
