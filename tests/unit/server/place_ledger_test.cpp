#include "proxy/server/place_ledger.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <utility>

namespace highwater::proxy {
namespace {

using namespace std::chrono_literals;
using bound = place_ledger::bound;

constexpr routing::instant start = routing::instant(std::chrono::hours(1));

// However many there may be.
void hold(place_ledger& in, place_account& one, unsigned count) {
  const auto limits = std::exchange(one.limits, {});
  while (one.held < count) in.take(one);
  while (one.held > count) in.give_back(one);
  one.limits = limits;
}

// Accounts by name: "user/database".
class places : public testing::Test {
protected:
  place_account& of(const std::string& name, config::server_limits limits = {}) {
    for (auto& one : accounts_) {
      if (one.user + "/" + one.database == name) return one;
    }
    auto& made = accounts_.emplace_back(name.substr(0, name.find('/')), name.substr(name.find('/') + 1));
    made.limits = limits;
    ledger.add(made);
    return made;
  }
  void has(const std::string& name, unsigned held, config::server_limits limits = {}) {
    hold(ledger, of(name, limits), held);
  }
  void wants(const std::string& name, routing::instant since) { of(name).wants_since = since; }

  place_ledger ledger;

private:
  std::deque<place_account> accounts_;
};

TEST_F(places, are_as_many_as_node_user_and_database_may_have) {
  const config::server_limits limits{10, 4, 6};
  struct row {
    unsigned own, of_user, of_database, others;
    bound full;
    const char* why;
  };
  const row rows[] = {
      {0, 0, 0, 0, bound::none, "nobody has any"},
      {1, 1, 1, 1, bound::none, "room for one more everywhere"},
      {2, 2, 0, 0, bound::of_user, "in all of the user's databases"},
      {2, 0, 4, 0, bound::of_database, "of all of the database's users"},
      {1, 0, 0, 9, bound::in_all, "whoever has them"},
  };
  for (const auto& each : rows) {
    place_ledger one;
    place_account own("app", "shop"), user("app", "other"), database("web", "shop"), others("x", "y");
    for (auto* account : {&own, &user, &database, &others}) one.add(*account);
    hold(one, own, each.own);
    hold(one, user, each.of_user);
    hold(one, database, each.of_database);
    hold(one, others, each.others);
    own.limits = limits;
    EXPECT_EQ(one.full(own), each.full) << each.why;
    EXPECT_EQ(one.take(own), each.full == bound::none) << each.why;
    EXPECT_EQ(own.held, each.own + (each.full == bound::none ? 1 : 0)) << each.why;
  }
}

TEST_F(places, go_to_who_has_waited_longest) {
  const config::server_limits two{2, {}, {}};
  has("a/d", 2, two);
  of("b/d", two);
  of("c/d", two);
  wants("c/d", start);
  wants("b/d", start + 1ms);
  EXPECT_EQ(ledger.next(), nullptr) << "there is none";
  has("a/d", 1);
  EXPECT_EQ(ledger.next(), &of("c/d"));
  EXPECT_FALSE(ledger.take(of("a/d"))) << "it does not come back by itself";
  EXPECT_FALSE(ledger.take(of("b/d"))) << "not its turn";
  EXPECT_TRUE(ledger.take(of("c/d")));
  EXPECT_FALSE(of("c/d").wants());
  EXPECT_EQ(ledger.next(), nullptr);
  has("a/d", 0);
  EXPECT_EQ(ledger.next(), &of("b/d"));
  EXPECT_TRUE(ledger.take(of("b/d")));
}

// Who waits for something else keeps nobody from what it could not have.
TEST_F(places, are_not_kept_for_who_cannot_have_them) {
  has("a/d", 1, {3, 1, {}});
  has("b/d", 1, {3, {}, {}});
  wants("a/d", start);
  EXPECT_EQ(ledger.next(), nullptr);
  EXPECT_TRUE(ledger.take(of("b/d")));
}

TEST_F(places, are_enough_for_both) {
  of("a/d", {3, {}, {}});
  of("b/d", {3, {}, {}});
  wants("a/d", start);
  EXPECT_TRUE(ledger.take(of("b/d"))) << "there is one left for the other";
}

TEST_F(places, that_are_given_up_for_others) {
  struct row {
    unsigned giver, other;
    std::chrono::milliseconds waited;  // < 0: it does not wait
    bool idle_at_once, idle_long, used;
    const char* why;
  };
  const row rows[] = {
      {4, 0, -1ms, false, false, false, "nobody waits"},
      {4, 0, 0ms, true, true, true, "who has none"},
      {3, 1, 0ms, true, true, true, "fewer by two"},
      {3, 2, 500ms, true, true, false, "fewer by one: it would be the other way round then"},
      {2, 2, 500ms, false, true, false, "as many"},
      {1, 3, 500ms, false, true, false, "more than the giver"},
      {1, 0, 0ms, true, true, false, "the only one, in use, ..."},
      {1, 0, 100ms, true, true, true, "... goes after a turn's time"},
      {0, 0, 100ms, false, false, false, "it has none to give"},
  };
  for (const auto& each : rows) {
    place_ledger one;
    place_account giver("a", "d"), other("b", "d");
    const auto all = each.giver + each.other;
    one.add(giver);
    one.add(other);
    hold(one, giver, each.giver);
    hold(one, other, each.other);
    giver.limits.in_all = other.limits.in_all = all;
    if (each.waited >= 0ms) other.wants_since = start;
    EXPECT_EQ(one.gives_idle(giver, 0ms), each.idle_at_once) << each.why;
    EXPECT_EQ(one.gives_idle(giver, 1s), each.idle_long) << each.why;
    EXPECT_EQ(one.gives_used(giver, start + each.waited), each.used) << each.why;
  }
}

TEST_F(places, are_not_given_up_where_that_helps_nobody) {
  has("a/d", 3, {{}, 3, {}});
  has("b/d", 1, {{}, 1, {}});
  wants("b/d", start);
  EXPECT_FALSE(ledger.gives_idle(of("a/d"), 1min)) << "the other is at a limit of its own";
  EXPECT_FALSE(ledger.gives_used(of("a/d"), start + 1min));
  has("b/other", 2, {{}, 3, {}});
  of("b/d").limits.of_user = 3;
  EXPECT_TRUE(ledger.gives_idle(of("b/other"), 0ms)) << "it has what the other is short of";
}

// One that is in nobody's way would be taken back by who has given it up, and given up again.
TEST_F(places, are_given_up_for_who_lacks_nothing_else) {
  has("u/other", 1, {{}, 1, {}});
  has("v/d", 1, {{}, {}, 1});
  of("u/d", {{}, 1, 1});
  wants("u/d", start);
  EXPECT_FALSE(ledger.gives_used(of("u/other"), start + 1min)) << "the database has none either";
  EXPECT_FALSE(ledger.gives_used(of("v/d"), start + 1min)) << "nor the user";
  EXPECT_FALSE(ledger.gives_idle(of("v/d"), 0ms));
  EXPECT_TRUE(ledger.gives_idle(of("v/d"), 1s)) << "nobody has needed it for long";
  has("v/d", 0);
  EXPECT_TRUE(ledger.gives_used(of("u/other"), start + 1min));
}

TEST_F(places, beyond_a_limit_that_was_lowered_are_given_back) {
  has("a/d", 3, {2, {}, {}});
  has("b/d", 1, {2, {}, {}});
  EXPECT_TRUE(ledger.anybody_has_too_many());
  EXPECT_TRUE(ledger.gives_idle(of("a/d"), 0ms));
  EXPECT_TRUE(ledger.gives_used(of("b/d"), start)) << "it is in the other's way";
  has("a/d", 1);
  EXPECT_FALSE(ledger.anybody_has_too_many());
  EXPECT_FALSE(ledger.gives_idle(of("a/d"), 1min));
}

}  // namespace
}  // namespace highwater::proxy
