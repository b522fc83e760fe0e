#include "proxy/server/outdated_logins.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using routing::instant;
using routing::never;
using sql::login_scope;

instant at(int seconds) {
  return instant(std::chrono::seconds(seconds));
}

constexpr routing::node_index primary = 0, replica = 1, other_replica = 2;

routing::cluster_view view_of(int replica_at, int other_at, bool other_usable = true) {
  routing::cluster_view view;
  view.nodes.resize(3);
  view.primary = primary;
  for (auto& one : view.nodes) one.usable = true;
  view.nodes[replica].current_as_of = at(replica_at);
  view.nodes[other_replica].current_as_of = at(other_at);
  view.nodes[other_replica].usable = other_usable;
  return view;
}

TEST(outdated_logins, are_those_that_the_change_is_about) {
  const struct {
    login_scope changed;
    bool bob_shop, bob_till, ann_shop, ann_till;
  } rows[] = {
      {{"bob", ""}, true, true, false, false},      {{"", "shop"}, true, false, true, false},
      {{"bob", "shop"}, true, false, false, false}, {{"", ""}, true, true, true, true},
      {{"eve", ""}, false, false, false, false},    {{"shop", ""}, false, false, false, false},
  };
  for (const auto& row : rows) {
    outdated_logins logins;
    logins.changed({row.changed}, at(5));
    const auto is_outdated = [&](const char* user, const char* database) {
      const auto since = logins.since(primary, user, database);
      EXPECT_TRUE(since == never || since == at(5));
      return since == at(5);
    };
    EXPECT_EQ(is_outdated("bob", "shop"), row.bob_shop) << row.changed.user << "@" << row.changed.database;
    EXPECT_EQ(is_outdated("bob", "till"), row.bob_till) << row.changed.user << "@" << row.changed.database;
    EXPECT_EQ(is_outdated("ann", "shop"), row.ann_shop) << row.changed.user << "@" << row.changed.database;
    EXPECT_EQ(is_outdated("ann", "till"), row.ann_till) << row.changed.user << "@" << row.changed.database;
  }
}

TEST(outdated_logins, follow_the_latest_change) {
  outdated_logins logins;
  logins.changed({{"bob", ""}}, at(5));
  logins.changed({{"", "shop"}}, at(7));
  logins.changed({{"bob", ""}}, at(6));
  logins.changed({{"bob", ""}}, at(4));
  EXPECT_EQ(logins.since(primary, "bob", "shop"), at(7));
  EXPECT_EQ(logins.since(primary, "bob", "till"), at(6));
}

TEST(outdated_logins, on_a_replica_are_those_before_it_has_replayed_the_change) {
  outdated_logins logins;
  logins.changed({{"bob", ""}}, at(5));
  EXPECT_EQ(logins.since(replica, "bob", "shop"), at(5));
  logins.look(view_of(4, 5, false), at(8));
  EXPECT_EQ(logins.since(replica, "bob", "shop"), at(5));
  EXPECT_EQ(logins.since(other_replica, "bob", "shop"), at(5));
  logins.look(view_of(5, 4), at(9));
  EXPECT_EQ(logins.since(replica, "bob", "shop"), at(9));
  EXPECT_EQ(logins.since(other_replica, "bob", "shop"), at(5));
  logins.look(view_of(10, 10), at(11));
  EXPECT_EQ(logins.since(replica, "bob", "shop"), at(9)) << "once is enough";
  EXPECT_EQ(logins.since(other_replica, "bob", "shop"), at(11));
  EXPECT_EQ(logins.since(primary, "bob", "shop"), at(5));
  const auto version = logins.version();
  logins.look(view_of(20, 20), at(21));
  EXPECT_EQ(logins.version(), version);
}

TEST(outdated_logins, of_one_node_leave_the_others_alone) {
  outdated_logins logins;
  logins.changed_on(replica, {"bob", "shop"}, at(5));
  EXPECT_EQ(logins.since(replica, "bob", "shop"), at(5));
  EXPECT_EQ(logins.since(primary, "bob", "shop"), never);
}

TEST(outdated_logins, are_told_of) {
  int told = 0;
  outdated_logins logins([&] { ++told; });
  auto version = logins.version();
  const auto expect_news = [&](int count) {
    EXPECT_EQ(told, count);
    EXPECT_NE(logins.version(), version);
    version = logins.version();
  };
  logins.changed({{"bob", ""}}, at(5));
  expect_news(1);
  logins.changed_on(replica, {"bob", ""}, at(6));
  expect_news(2);
  logins.hold("shop");  // what is idle is the business of who holds it
  expect_news(2);
  logins.let_go("shop");
  expect_news(2);
  logins.changed({}, at(7));
  EXPECT_EQ(told, 2);
}

TEST(outdated_logins, hold_a_database_for_as_long_as_somebody_wants_it) {
  outdated_logins logins;
  logins.hold("shop");
  logins.hold("shop");
  EXPECT_TRUE(logins.held("shop"));
  EXPECT_FALSE(logins.held("till"));
  logins.let_go("shop");
  EXPECT_TRUE(logins.held("shop"));
  logins.let_go("shop");
  EXPECT_FALSE(logins.held("shop"));
}

TEST(outdated_logins, are_bounded_and_none_is_forgotten) {
  outdated_logins logins;
  for (int i = 0; i < 5000; ++i) logins.changed({{"tenant" + std::to_string(i), ""}}, at(i));
  EXPECT_GE(logins.since(primary, "tenant0", "shop"), at(0));
  EXPECT_GE(logins.since(primary, "tenant4999", "shop"), at(4999));
  logins.look(view_of(10000, 10000), at(9000));
  EXPECT_EQ(logins.since(replica, "tenant0", "shop"), at(9000));
}

TEST(outdated_logins, do_not_wait_for_a_node_that_is_there_no_more) {
  int told = 0;
  outdated_logins counting([&] { ++told; });
  counting.changed({{"ann", ""}}, at(10));
  auto view = view_of(0, 15);
  view.nodes[replica].retired = true;
  view.nodes[replica].usable = false;
  counting.look(view, at(20));
  EXPECT_EQ(counting.since(replica, "ann", "shop"), at(10)) << "nothing is known of what it shows";
  view = view_of(30, 30);
  counting.look(view, at(40));
  EXPECT_EQ(told, 2) << "all that were there had shown it";
}

}  // namespace
}  // namespace highwater::proxy
