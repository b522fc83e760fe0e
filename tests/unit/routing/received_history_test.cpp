#include "routing/received_history.hpp"

#include <gtest/gtest.h>

#include "tests/unit/routing/small_cluster.hpp"

namespace highwater::routing {
namespace {

using testing_support::t;

TEST(received_history, bounds_what_was_shown_before_it_was_asked) {
  received_history history;
  EXPECT_EQ(history.covering(20, t(5)), std::nullopt);
  history.record(20, t(10), 100);
  history.record(20, t(20), 200);
  EXPECT_EQ(history.covering(20, t(5)), lsn{100});
  EXPECT_EQ(history.covering(20, t(10)), lsn{100});
  EXPECT_EQ(history.covering(20, t(11)), lsn{200});
  EXPECT_EQ(history.covering(20, t(21)), std::nullopt);
  EXPECT_EQ(history.covering(21, t(5)), std::nullopt);
}

TEST(received_history, keeps_the_end_of_the_life_before) {
  received_history history;
  history.record(20, t(10), 100);
  history.record(20, t(20), 200);
  history.record(21, t(30), 50);
  EXPECT_EQ(history.covering(20, t(5)), lsn{200});
  EXPECT_EQ(history.covering(20, t(20)), lsn{200});
  EXPECT_EQ(history.covering(20, t(21)), std::nullopt) << "nobody asked it after that";
  EXPECT_EQ(history.covering(21, t(25)), lsn{50});
  history.record(22, t(40), 60);
  EXPECT_EQ(history.covering(20, t(5)), std::nullopt);
  EXPECT_EQ(history.covering(21, t(25)), lsn{50});
}

}  // namespace
}  // namespace highwater::routing
