#include "proxy/client/prepared_names.hpp"

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
    all.append(found ? std::string_view(found->what->query) : "-").push_back(' ');
  }
  return all;
}

// A session's changes, one letter each, pipelined, and how the server answered each of them.
//   1, 2: Parse of a with text 1 or 2.  x: Close a.  3: Parse of b.  y: Close b.
void change(prepared_names& some, char what) {
  switch (what) {
    case '1':
      return some.add("a", {text("one"), nullptr});
    case '2':
      return some.add("a", {text("two"), nullptr});
    case '3':
      return some.add("b", {text("three"), nullptr});
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

TEST(prepared_names, are_undecided_until_the_last_change_has_been_answered) {
  prepared_names some;
  EXPECT_FALSE(some.is_pending("a"));
  some.add("a", {});
  some.remove("a");
  EXPECT_TRUE(some.is_pending("a"));
  EXPECT_FALSE(some.is_pending("b"));
  some.revoke();
  EXPECT_TRUE(some.is_pending("a"));
  some.confirm();
  EXPECT_FALSE(some.is_pending("a"));
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
      ASSERT_FALSE(pipelined.has_pending());
    }
  }
}

TEST(prepared_names, are_visible_to_what_follows_in_the_pipeline) {
  prepared_names some;
  some.add("a", {text("one"), nullptr});
  ASSERT_NE(some.find("a"), nullptr);
  some.remove("a");
  EXPECT_EQ(some.find("a"), nullptr);
}

TEST(prepared_names, replaced_is_no_change_that_an_answer_could_undo) {
  prepared_names some;
  some.add("a", {text("one"), nullptr});
  some.replace("a", text("one, analysed anew"));
  some.replace("b", text("nobody's"));
  EXPECT_EQ(names(some), "one, analysed anew - ");
  some.confirm();
  EXPECT_FALSE(some.has_pending());
}

// DEALLOCATE ALL has been answered: what stands behind it in the pipeline is yet to come.
TEST(prepared_names, are_all_gone_but_for_those_that_are_pending) {
  prepared_names some;
  some.add("", {text("unnamed"), nullptr});
  some.confirm();
  some.add("a", {text("one"), nullptr});
  some.confirm();
  some.add("b", {text("three"), nullptr});
  some.clear_named();
  EXPECT_EQ(names(some), "- three ");
  ASSERT_NE(some.find(""), nullptr) << "DEALLOCATE ALL leaves it alone";
  some.remove("b");
  some.confirm();
  some.revoke();
  EXPECT_EQ(names(some), "- three ");
  EXPECT_FALSE(some.has_pending());
}

TEST(prepared_names, what_is_revoked_behind_a_clear_does_not_come_back) {
  prepared_names some;
  some.add("a", {text("one"), nullptr});
  some.confirm();
  some.remove("a");
  some.clear_named();
  some.revoke();
  EXPECT_EQ(names(some), "- - ");
}

// PostgreSQL drops the unnamed statement before it looks at the text of the next one.
TEST(prepared_names, unnamed_one_is_kept_by_a_parse_that_is_skipped_and_lost_by_one_that_fails) {
  for (const bool fails : {false, true}) {
    prepared_names some;
    some.add("", {text("old"), nullptr});
    some.confirm();
    some.add("", {text("new"), nullptr});
    fails ? some.fail() : some.revoke();
    EXPECT_EQ(some.find("") == nullptr, fails);
    EXPECT_FALSE(some.has_pending());
    some.add("a", {text("one"), nullptr});
    some.confirm();
    some.add("a", {text("two"), nullptr});
    fails ? some.fail() : some.revoke();
    EXPECT_EQ(names(some), "one - ") << "a name that is taken stays";
  }
}

TEST(prepared_names, of_a_query_the_unnamed_one_ends_and_the_named_one_if_the_server_says_so) {
  for (const bool deallocated : {false, true}) {
    prepared_names some;
    for (const char* name : {"", "a"}) {
      some.add(name, {text("one"), nullptr});
      some.confirm();
    }
    some.remove("");
    some.remove("a");
    some.end_query(2, deallocated);
    EXPECT_EQ(some.find(""), nullptr);
    EXPECT_EQ(names(some), deallocated ? "- - " : "one - ");
    EXPECT_FALSE(some.has_pending());
  }
}

TEST(prepared_names, are_told_by_what_was_described_first) {
  const auto as = [](const char* columns) {
    return std::make_shared<const wire::description>(wire::description{"", columns});
  };
  const auto what = text("one");
  prepared_names some;
  some.add("a", {what, nullptr});
  some.await_description("a", what);
  some.confirm();
  const auto first = as("first");
  EXPECT_TRUE(some.described(first));
  EXPECT_EQ(some.find("a")->told, first);
  EXPECT_EQ(what->described, first);

  some.add("b", {what, nullptr});
  some.await_description("b", what);
  some.await_description("b", what);
  some.not_described();
  EXPECT_FALSE(some.described(as("changed"))) << "it has become another one";
  EXPECT_EQ(some.find("b")->told->columns, "changed");
  EXPECT_EQ(some.find("a")->told, first);
  some.replace("a", text("one, analysed anew"));
  EXPECT_EQ(some.find("a")->told, first) << "the client has noticed nothing";
}

TEST(prepared_names, know_what_they_cost) {
  prepared_names some;
  some.add("a", {text("one"), nullptr});
  const auto one = some.bytes();
  EXPECT_EQ(one, prepared_names::cost("a", 3));
  some.add("", {text("the unnamed one is counted by who keeps it"), nullptr});
  EXPECT_EQ(some.bytes(), one);
  some.add("b", {text("three"), nullptr});
  EXPECT_EQ(some.bytes(), 2 * one + 2);
  some.remove("a");
  EXPECT_EQ(some.bytes(), one + 2);
  some.confirm();
  some.confirm();
  some.revoke();
  EXPECT_EQ(some.bytes(), 0U);
  some.revoke();
  EXPECT_EQ(some.bytes(), one) << "a is back";
  some.replace("a", text("x"));
  EXPECT_EQ(some.bytes(), one - 2);
  some.clear_named();
  EXPECT_EQ(some.bytes(), 0U);
}

TEST(prepared_names, do_not_mind_how_many_changes_are_pending) {
  constexpr int many = 150'000;  // with a look at all the others for each of them this would take hours
  prepared_names some;
  const auto one = text("one");
  for (int i = 0; i < many; ++i) some.add("n" + std::to_string(i), {one, nullptr});
  for (int i = 0; i < many; ++i) some.remove("n" + std::to_string(i));
  some.revoke_all();
  EXPECT_FALSE(some.has_pending());
  EXPECT_EQ(some.bytes(), 0U);
}

TEST(prepared_names, are_compared_as_far_as_servers_do) {
  prepared_names some;
  const std::string longest(63, 'n');
  some.add(longest + "and more", {text("one"), nullptr});
  EXPECT_NE(some.find(longest), nullptr);
  EXPECT_NE(some.find(longest + "or other"), nullptr);
  EXPECT_EQ(some.find(longest.substr(1)), nullptr);
}

TEST(prepared_names, are_found_by_what_they_stand_for) {
  prepared_names some;
  auto what = std::make_shared<prepared_statement>();
  what->id = 7;
  some.add("a", {what, nullptr});
  EXPECT_EQ(some.name_of(7), "a");
  EXPECT_EQ(some.name_of(8), "");
}

}  // namespace
}  // namespace highwater::proxy
