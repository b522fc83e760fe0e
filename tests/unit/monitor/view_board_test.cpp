#include "proxy/monitor/view_board.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

routing::cluster_view_ptr version(std::uint64_t number) {
  auto view = std::make_shared<routing::cluster_view>();
  view->version = number;
  view->nodes.resize(2);
  return view;
}

TEST(view_board, shows_unknown_nodes_at_first) {
  view_board board(2);
  view_board::subscription reader(board, [] {});
  EXPECT_EQ(reader.view().nodes.size(), 2U);
  EXPECT_FALSE(reader.view().has_primary());
}

TEST(view_board, shows_the_newest_view_to_everybody) {
  view_board board(2);
  view_board::subscription early(board, [] {});
  board.publish(version(1));
  board.publish(version(2));
  view_board::subscription late(board, [] {});
  EXPECT_EQ(early.view().version, 2U);
  EXPECT_EQ(late.view().version, 2U);
  EXPECT_EQ(board.newest()->version, 2U);
}

TEST(view_board, keeps_a_view_alive_while_it_is_looked_at) {
  view_board board(2);
  view_board::subscription reader(board, [] {});
  board.publish(version(1));
  const auto& seen = reader.view();
  board.publish(version(2));
  EXPECT_EQ(seen.version, 1U);
}

TEST(view_board, notifies_those_who_wait) {
  view_board board(2);
  int patient = 0, indifferent = 0;
  view_board::subscription one(board, [&] { ++patient; }), other(board, [&] { ++indifferent; });
  one.wait(true);
  board.publish(version(1));
  board.publish(version(2));
  one.wait(false);
  board.publish(version(3));
  EXPECT_EQ(patient, 2);
  EXPECT_EQ(indifferent, 0);
}

TEST(view_board, forgets_readers_that_are_gone) {
  view_board board(2);
  int notified = 0;
  {
    view_board::subscription gone(board, [&] { ++notified; });
    gone.wait(true);
  }
  board.publish(version(1));
  EXPECT_EQ(notified, 0);
}

}  // namespace
}  // namespace highwater::proxy
