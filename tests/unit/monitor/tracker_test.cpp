#include "proxy/monitor/tracker.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using action = tracker::action;
using routing::instant;

constexpr instant t(double milliseconds) {
  return instant(std::chrono::hours(1)) +
         std::chrono::duration_cast<routing::duration>(std::chrono::duration<double, std::milli>(milliseconds));
}

struct one_tracker : testing::Test {
  // Connected at 0 ms; asked and answered at once.
  void SetUp() override {
    settings.interval = std::chrono::milliseconds(50);
    settings.timeout = std::chrono::milliseconds(1'000);
    settings.min_gap = std::chrono::milliseconds(1);
    ASSERT_EQ(node.next(t(0)), action::connect);
    node.connected();
    ASSERT_EQ(node.next(t(0)), action::sample);
    node.answered(100);
  }

  config::monitor settings;
  tracker node{settings};
};

TEST(new_tracker, connects_at_once_and_asks_at_once) {
  const config::monitor settings;
  tracker node(settings);
  EXPECT_FALSE(node.is_connected());
  EXPECT_EQ(node.next(t(0)), action::connect);
  EXPECT_EQ(node.next(t(1)), action::none);
  node.connected();
  EXPECT_TRUE(node.is_connected());
  EXPECT_EQ(node.next(t(2)), action::sample);
}

TEST_F(one_tracker, asks_on_a_slow_beat_when_nobody_asks) {
  EXPECT_EQ(node.wake_at(t(1)), t(50));
  EXPECT_EQ(node.next(t(49.999)), action::none);
  EXPECT_EQ(node.next(t(50)), action::sample);
}

TEST_F(one_tracker, asks_for_a_position_no_oftener_than_it_is_worth) {
  node.need_position(500, t(40));
  EXPECT_EQ(node.wake_at(t(1)), t(1));
  node.set_pace(std::chrono::milliseconds(10));
  EXPECT_EQ(node.wake_at(t(1)), t(10));
  node.set_pace(std::chrono::milliseconds(100));
  EXPECT_EQ(node.wake_at(t(1)), t(50)) << "the beat";
  node.need_sample(t(2));
  EXPECT_EQ(node.wake_at(t(2)), t(1)) << "whoever needs a younger answer needs it now";
}

TEST_F(one_tracker, has_one_question_under_way_at_a_time) {
  ASSERT_EQ(node.next(t(50)), action::sample);
  node.need_sample(t(51));
  node.need_position(500, t(900));
  for (const double at : {51.0, 60.0, 200.0, 1'049.0}) EXPECT_EQ(node.next(t(at)), action::none);
}

// Rule 3: the answer under way does not speak for what happened after its question was sent.
TEST_F(one_tracker, asks_again_for_whoever_needs_a_younger_answer) {
  ASSERT_EQ(node.next(t(50)), action::sample);
  node.need_sample(t(52));
  node.answered(200);
  EXPECT_EQ(node.next(t(53)), action::sample);
  node.answered(200);
  EXPECT_EQ(node.next(t(60)), action::none);
}

TEST_F(one_tracker, does_not_ask_again_for_what_the_answer_covers) {
  ASSERT_EQ(node.next(t(50)), action::sample);
  node.need_sample(t(50));
  node.need_sample(t(40));
  node.answered(200);
  EXPECT_EQ(node.next(t(60)), action::none);
}

TEST_F(one_tracker, keeps_a_gap_between_questions_on_demand) {
  node.need_sample(t(0.2));
  EXPECT_EQ(node.next(t(0.5)), action::none);
  EXPECT_EQ(node.wake_at(t(0.5)), t(1));
  EXPECT_EQ(node.next(t(1)), action::sample);
}

TEST_F(one_tracker, asks_often_while_somebody_waits_for_a_position) {
  node.need_position(300, t(10));
  int asked = 0;
  for (int quarter = 4; quarter < 40; ++quarter) {
    if (node.next(t(quarter / 4.0)) != action::sample) continue;
    ++asked;
    node.answered(200);
  }
  EXPECT_EQ(asked, 9);
  EXPECT_EQ(node.wake_at(t(10)), t(59)) << "the wait is over: back to the slow beat";
}

TEST_F(one_tracker, stops_when_the_position_is_reached) {
  node.need_position(300, t(100));
  ASSERT_EQ(node.next(t(1)), action::sample);
  node.answered(300);
  EXPECT_EQ(node.next(t(20)), action::none);
  EXPECT_EQ(node.wake_at(t(20)), t(51));
}

TEST_F(one_tracker, gives_up_a_question_that_is_not_answered) {
  ASSERT_EQ(node.next(t(50)), action::sample);
  EXPECT_EQ(node.wake_at(t(60)), t(1'050));
  EXPECT_EQ(node.next(t(1'049)), action::none);
  EXPECT_EQ(node.next(t(1'050)), action::give_up);
}

TEST_F(one_tracker, gives_up_a_connection_that_does_not_stand) {
  node.failed(t(100));
  ASSERT_EQ(node.next(t(120)), action::connect);
  EXPECT_EQ(node.next(t(1'119)), action::none);
  EXPECT_EQ(node.next(t(1'120)), action::give_up);
}

TEST_F(one_tracker, tries_again_ever_more_slowly) {
  instant now = t(0);
  for (const int expected : {20, 40, 80, 160, 320, 640, 1'000, 1'000, 1'000}) {
    node.failed(now);
    EXPECT_FALSE(node.is_connected());
    const auto retry = now + std::chrono::milliseconds(expected);
    EXPECT_EQ(node.wake_at(now), retry);
    EXPECT_EQ(node.next(retry - std::chrono::nanoseconds(1)), action::none);
    EXPECT_EQ(node.next(retry), action::connect);
    now = retry;
  }
  node.connected();
  node.failed(now);
  EXPECT_EQ(node.wake_at(now), now + std::chrono::milliseconds(20)) << "quickly again after a success";
}

TEST_F(one_tracker, asks_at_once_over_a_new_connection) {
  node.failed(t(1));
  ASSERT_EQ(node.next(t(30)), action::connect);
  node.connected();
  EXPECT_EQ(node.next(t(30)), action::sample);
}

}  // namespace
}  // namespace highwater::proxy
