#include "proxy/monitor/catch_up.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace highwater::proxy {
namespace {

using std::chrono::milliseconds;

constexpr routing::instant t(int ms) {
  return routing::instant(std::chrono::hours(1)) + milliseconds(ms);
}

// The primary is asked, and has flushed all that it has.
struct catch_up_test : testing::Test {
  catch_up of;
  void primary(int sent, routing::lsn at) { of.primary_at(t(sent), at, at); }
  // Answered a millisecond later.
  void replica(int sent, routing::lsn at) { of.replica_at(t(sent), t(sent + 1), at); }
};

TEST_F(catch_up_test, is_nothing_before_anything_is_known) {
  EXPECT_EQ(of.expected(), milliseconds(0));
  replica(0, 100);
  primary(2, 100);
  EXPECT_EQ(of.expected(), milliseconds(0));
}

TEST_F(catch_up_test, is_at_least_as_long_as_the_replica_is_known_to_be_short_of_it) {
  primary(0, 200);
  replica(3, 100);
  EXPECT_EQ(of.expected(), milliseconds(3));
  replica(40, 199);
  EXPECT_EQ(of.expected(), milliseconds(40)) << "it falls behind";
}

TEST_F(catch_up_test, stands_where_the_answers_do_not_contradict_it) {
  primary(0, 200);
  replica(3, 100);
  replica(5, 200);
  EXPECT_EQ(of.expected(), milliseconds(3)) << "between 3 and 6";
  primary(100, 300);
  replica(150, 300);
  EXPECT_EQ(of.expected(), milliseconds(3)) << "nobody has looked sooner";
}

TEST_F(catch_up_test, comes_down_by_halves_when_the_replica_is_quicker) {
  primary(0, 200);
  replica(64, 100);
  replica(65, 200);
  for (int i = 1; i <= 10; ++i) {
    primary(1'000 * i, static_cast<routing::lsn>(200 + i));
    replica(1'000 * i + 1, static_cast<routing::lsn>(200 + i));
    EXPECT_LE(of.expected(), milliseconds(3) + milliseconds(64 >> i)) << i;
  }
}

TEST_F(catch_up_test, counts_what_came_meanwhile_from_when_it_came) {
  primary(0, 200);
  primary(30, 300);
  replica(31, 200);
  EXPECT_LE(of.expected(), milliseconds(1)) << "of 300 it has been short for one";
  primary(33, 300);
  replica(35, 200);
  EXPECT_EQ(of.expected(), milliseconds(5)) << "from the first sample that gave it";
}

TEST_F(catch_up_test, begins_when_the_primary_has_flushed_it) {
  of.primary_at(t(0), 200, 150);
  replica(90, 150);
  EXPECT_EQ(of.expected(), milliseconds(0)) << "nobody could have it";
  of.primary_at(t(100), 200, 200);
  replica(102, 150);
  EXPECT_EQ(of.expected(), milliseconds(2));
  replica(103, 200);
  EXPECT_EQ(of.expected(), milliseconds(2)) << "between 2 and 4";
}

TEST_F(catch_up_test, forgets_positions_of_another_history) {
  primary(0, 900);
  of.begin_anew();
  primary(1, 100);
  replica(50, 100);
  EXPECT_EQ(of.expected(), milliseconds(0));
}

}  // namespace
}  // namespace highwater::proxy
