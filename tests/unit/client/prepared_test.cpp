#include "proxy/client/prepared.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

prepared_ptr text(const char* query) {
  auto made = std::make_shared<prepared_statement>();
  made->query = query;
  return made;
}

// What stands under the names a and b, "-" where nothing does.
std::string names(const prepared_names& some) {
  std::string all;
  for (const char* name : {"a", "b"}) {
    const auto* found = some.find(name);
    all += (found ? (*found)->query : "-") + " ";
  }
  return all;
}

// A session's changes, one letter each, pipelined, and how the server answered each of them.
//   1, 2: Parse of a with text 1 or 2.  x: Close a.  3: Parse of b.  y: Close b.
void change(prepared_names& some, char what) {
  switch (what) {
    case '1':
      return some.add("a", text("one"));
    case '2':
      return some.add("a", text("two"));
    case '3':
      return some.add("b", text("three"));
    case 'x':
      return some.remove("a");
    case 'y':
      return some.remove("b");
  }
}

TEST(prepared_names, undo_what_did_not_happen) {
  struct row {
    const char *changes, *answers, *expected;  // answers: c confirmed, r revoked
  };
  const row rows[] = {
      {"1", "", "one - "},
      {"1", "c", "one - "},
      {"1", "r", "- - "},
      {"12", "cc", "two - "},
      {"12", "cr", "one - "},
      {"12", "rr", "- - "},
      {"12", "rc", "two - "},
      {"1x", "cc", "- - "},
      {"1x", "cr", "one - "},
      {"1x", "rr", "- - "},
      {"x", "r", "- - "},
      {"1x2", "ccr", "- - "},
      {"1x2", "crr", "one - "},
      {"1x2", "rrr", "- - "},
      {"1x2", "ccc", "two - "},
      {"13", "cr", "one - "},
      {"13", "rr", "- - "},
      {"31", "cr", "- three "},
      {"3x1y", "crrr", "- three "},
      {"132xy", "ccrrr", "one three "},
      {"132xy", "ccccr", "- three "},
      {"1313", "ccrr", "one three "},
  };
  for (const auto& each : rows) {
    prepared_names some;
    for (const char* what = each.changes; *what; ++what) change(some, *what);
    for (const char* answer = each.answers; *answer; ++answer) *answer == 'c' ? some.confirm() : some.revoke();
    EXPECT_EQ(names(some), each.expected) << each.changes << " " << each.answers;
    EXPECT_EQ(some.has_pending(), std::string_view(each.changes).size() != std::string_view(each.answers).size());
  }
}

// Every way in which a pipeline of four changes can end: errors skip all that follows in a batch, so whatever was
// confirmed must stand exactly as if nothing else had been asked.
TEST(prepared_names, are_what_the_confirmed_changes_make) {
  const std::string_view letters = "123xy";
  for (int code = 0; code < 5 * 5 * 5 * 5; ++code) {
    std::string changes;
    for (int rest = code, i = 0; i < 4; ++i, rest /= 5) changes += letters[static_cast<std::size_t>(rest % 5)];
    for (unsigned confirmed = 0; confirmed < 16; ++confirmed) {
      prepared_names pipelined, expected;
      for (const char what : changes) change(pipelined, what);
      for (unsigned i = 0; i < 4; ++i) {
        if (confirmed & 1U << i) {
          pipelined.confirm();
          change(expected, changes[i]);
        } else {
          pipelined.revoke();
        }
      }
      ASSERT_EQ(names(pipelined), names(expected)) << changes << " " << confirmed;
      ASSERT_EQ(pipelined.size(), expected.size());
      ASSERT_FALSE(pipelined.has_pending());
    }
  }
}

TEST(prepared_names, are_visible_to_what_follows_in_the_pipeline) {
  prepared_names some;
  some.add("a", text("one"));
  ASSERT_NE(some.find("a"), nullptr);
  some.remove("a");
  EXPECT_EQ(some.find("a"), nullptr);
}

TEST(prepared_names, replaced_is_no_change_that_an_answer_could_undo) {
  prepared_names some;
  some.add("a", text("one"));
  some.replace("a", text("one, analysed anew"));
  some.replace("b", text("nobody's"));
  EXPECT_EQ(names(some), "one, analysed anew - ");
  some.confirm();
  EXPECT_FALSE(some.has_pending());
}

TEST(prepared_names, are_all_gone_after_clear) {
  prepared_names some;
  some.add("a", text("one"));
  some.clear();
  EXPECT_EQ(some.size(), 0U);
  EXPECT_FALSE(some.has_pending());
  some.confirm();
  some.revoke();
  EXPECT_EQ(names(some), "- - ");
}

TEST(prepared_registry, knows_a_text_by_one_id) {
  prepared_registry registry;
  const auto one = registry.intern("SELECT 1", "", no_settings());
  EXPECT_EQ(registry.intern("SELECT 1", "", no_settings()), one);
  EXPECT_NE(one->id, 0U);
  EXPECT_EQ(one->query, "SELECT 1");
}

TEST(prepared_registry, tells_texts_and_types_apart) {
  prepared_registry registry;
  using namespace std::string_literals;
  std::vector<prepared_ptr> all{
      registry.intern("SELECT $1", "", no_settings()), registry.intern("SELECT $1", "\0\1\0\0\0\x17"s, no_settings()),
      registry.intern("SELECT $1 ", "", no_settings()), registry.intern("select $1", "", no_settings()),
      registry.intern("", "", no_settings())};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(all[i]->id, all[j]->id);
  }
}

TEST(prepared_registry, gives_no_id_twice_in_a_process) {
  prepared_registry one, other;
  EXPECT_NE(one.intern("SELECT 1", "", no_settings())->id, other.intern("SELECT 1", "", no_settings())->id);
}

TEST(prepared_registry, forgets_only_what_nobody_refers_to) {
  prepared_registry registry;
  const auto kept = registry.intern("kept", "", no_settings());
  const auto id = kept->id;
  const std::weak_ptr<const prepared_statement> gone = registry.intern("gone", "", no_settings());
  registry.sweep();
  EXPECT_TRUE(gone.expired());
  EXPECT_EQ(registry.intern("kept", "", no_settings())->id, id);
}

TEST(prepared_registry, stays_small_when_texts_come_and_go) {
  prepared_registry registry;
  const std::weak_ptr<const prepared_statement> first = registry.intern("first", "", no_settings());
  for (int i = 0; i < 1'000; ++i) registry.intern("text " + std::to_string(i), "", no_settings());
  EXPECT_TRUE(first.expired());
}

TEST(prepared_registry, tells_settings_apart) {
  prepared_registry registry;
  const auto here = std::make_shared<const session_settings>(session_settings{{"timezone", "UTC"}});
  const auto there = std::make_shared<const session_settings>(session_settings{{"timezone", "Asia/Tokyo"}});
  const auto one = registry.intern("SELECT 1", "", here);
  EXPECT_EQ(one->under, here);
  EXPECT_NE(registry.intern("SELECT 1", "", there)->id, one->id);
  EXPECT_EQ(registry.intern("SELECT 1", "", here)->id, one->id);
}

TEST(prepared_registry, begins_anew_when_tables_have_changed) {
  prepared_registry registry;
  const auto before = registry.intern("SELECT 1", "", no_settings(), 1);
  EXPECT_EQ(registry.intern("SELECT 1", "", no_settings(), 1)->id, before->id);
  EXPECT_NE(registry.intern("SELECT 1", "", no_settings(), 2)->id, before->id);
}

TEST(prepared_registry, shares_no_text_that_means_the_moment) {
  for (const char* sql : {"SELECT 'now'::timestamptz", "SELECT DATE ' Today'", "select '\n\tTOMORROW 12:00'",
                          "SELECT 'x', 'yesterday'", "SELECT E'now'"}) {
    EXPECT_TRUE(means_the_moment(sql)) << sql;
    prepared_registry registry;
    const auto one = registry.intern(sql, "", no_settings());
    EXPECT_EQ(one->under, nullptr);
    EXPECT_NE(registry.intern(sql, "", no_settings())->id, one->id);
  }
  for (const char* sql : {"SELECT now()", "SELECT 'then'", "SELECT '", "", "SELECT 'it is now'", "SELECT ''"}) {
    EXPECT_FALSE(means_the_moment(sql)) << sql;
  }
}

}  // namespace
}  // namespace highwater::proxy
