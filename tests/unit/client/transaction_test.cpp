#include "proxy/client/transaction.hpp"

#include <gtest/gtest.h>

#include "routing/sql/classify.hpp"

namespace highwater::proxy {
namespace {

std::string ask(transaction& of, std::string_view sql, bool read_only_by_default = false, bool may_begin = true) {
  const auto what = sql::classify(sql, nullptr);
  return std::string(of.answer({what, sql, std::nullopt, read_only_by_default, may_begin}).value_or("-"));
}

char status(const transaction& of) {
  return of.status() ? static_cast<char>(*of.status()) : '-';
}

TEST(transaction, answers_what_no_server_has_to) {
  struct row {
    const char* why;
    std::vector<const char*> asked;
    const char* tags;  // "-": a server has to answer
    char status;
  };
  const row rows[] = {
      {"it begins", {"begin"}, "BEGIN", 'T'},
      {"in other words", {"start transaction read only"}, "START TRANSACTION", 'T'},
      {"nothing was done in it", {"begin", "commit"}, "BEGIN COMMIT", '-'},
      {"END is a COMMIT", {"begin", "end"}, "BEGIN COMMIT", '-'},
      {"nor undone", {"begin", "abort"}, "BEGIN ROLLBACK", '-'},
      {"what it is, said later", {"begin", "set transaction read only"}, "BEGIN SET", 'T'},
      {"a statement needs a server", {"begin", "select 1"}, "BEGIN -", 'T'},
      {"so does a second BEGIN, for its warning", {"begin", "begin"}, "BEGIN -", 'T'},
      {"and a COMMIT of nothing", {"commit"}, "-", '-'},
      {"and a text of several", {"begin; select 1"}, "-", '-'},
      {"a serializable one belongs to the primary", {"begin isolation level serializable"}, "-", '-'},
      {"also if it turns out later", {"begin", "set transaction isolation level serializable"}, "BEGIN -", 'T'},
      {"AND CHAIN begins another one", {"begin", "commit and chain"}, "BEGIN -", 'T'},
      {"a comment in front is not read", {"/* x */ begin"}, "-", '-'},
  };
  for (const auto& each : rows) {
    transaction one;
    std::string tags;
    for (const auto* sql : each.asked) tags += (tags.empty() ? "" : " ") + ask(one, sql);
    EXPECT_EQ(tags, each.tags) << each.why;
    EXPECT_EQ(status(one), each.status) << each.why;
  }
}

TEST(transaction, tells_the_server_what_it_has_answered) {
  struct row {
    std::vector<const char*> asked;
    const char* begin;
    bool reads_only;
  };
  const row rows[] = {
      {{"begin"}, "begin", false},
      {{"begin read only"}, "begin read only", true},
      {{"begin", "set transaction read only"}, "begin\n;set transaction read only", true},
      {{"begin -- why", "set transaction read only"}, "begin -- why\n;set transaction read only", true},
      {{"begin read only", "set transaction read write"}, "begin read only\n;set transaction read write", false},
      // A replica refuses READ WRITE, whatever follows.
      {{"begin read write", "set transaction read only"}, "begin read write\n;set transaction read only", false},
  };
  for (const auto& each : rows) {
    transaction one;
    for (const auto* sql : each.asked) ask(one, sql);
    EXPECT_EQ(one.reads_only(), each.reads_only) << each.begin;
    const auto opening = one.send();
    EXPECT_EQ(opening.begin, each.begin);
    EXPECT_EQ(opening.reads_only, each.reads_only) << each.begin;
    EXPECT_FALSE(opening.fails);
    EXPECT_FALSE(one.deferred()) << "it is the server's now";
    EXPECT_EQ(status(one), '-');
  }
}

TEST(transaction, reads_only_by_default_where_the_session_does) {
  transaction one, other;
  ask(one, "begin", true);
  EXPECT_TRUE(one.reads_only());
  ask(other, "begin read write", true);
  EXPECT_FALSE(other.reads_only());
}

TEST(transaction, that_has_failed_here_fails_on_a_server_too) {
  transaction one;
  one.fail();
  EXPECT_EQ(status(one), '-') << "there is none";
  ask(one, "begin read only");
  one.fail();
  EXPECT_EQ(status(one), 'E');
  EXPECT_EQ(ask(one, "set transaction read write"), "-");
  const auto opening = one.send();
  EXPECT_EQ(opening.begin, "BEGIN");
  EXPECT_TRUE(opening.fails);
  EXPECT_FALSE(opening.reads_only);
}

TEST(transaction, ends_with_a_rollback_if_it_has_failed) {
  transaction one;
  one.level.start(std::nullopt, config::level::session);
  ask(one, "begin");
  one.level.set(config::level::strong, true, false);
  one.fail();
  EXPECT_EQ(ask(one, "commit"), "ROLLBACK");
  EXPECT_EQ(status(one), '-');
  EXPECT_EQ(one.level.get(), std::nullopt) << "undone with it";
}

TEST(transaction, is_not_kept_if_it_is_long_or_nobody_stays) {
  transaction one;
  EXPECT_EQ(ask(one, "begin", false, false), "-");
  EXPECT_EQ(ask(one, "begin /* " + std::string(5000, 'x') + " */"), "-");
  EXPECT_EQ(ask(one, "begin"), "BEGIN");
  EXPECT_EQ(ask(one, "set transaction read only /* " + std::string(5000, 'x') + " */"), "-");
}

}  // namespace
}  // namespace highwater::proxy
