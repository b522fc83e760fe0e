#include "proxy/client/internal_answers.hpp"

#include <gtest/gtest.h>

#include "routing/sql/internal_text.hpp"
#include "tests/unit/client/client_messages.hpp"

namespace highwater::proxy {
namespace {

using config::level;
using testing_support::client_batch;
using verb = sql::internal_command::verb;

// The types of messages in their order.
std::string types(std::string_view bytes) {
  std::string found;
  wire::frame message;
  while (wire::peek_frame(bytes, 1U << 20U, message) == wire::frame_status::ok) {
    found += message.type;
    bytes.remove_prefix(message.available.size());
  }
  return found;
}

class the_internal_answers : public testing::Test {
protected:
  the_internal_answers() { asked.start(std::nullopt, level::session); }

  internal_answers to(const sql::internal_command& what, const char* messages) {
    internal_answers answers(what, {asked, where, level::session, in_transaction, has_bound, "node=b"});
    const client_batch batch(messages);
    for (const auto& each : batch.scanner.messages()) {
      answers.take(
          each.type,
          std::string_view(batch.bytes).substr(each.offset + wire::header_size, each.size - wire::header_size));
    }
    return answers;
  }
  static sql::internal_command command(verb what, const char* name, const char* value = "", bool local = false) {
    sql::internal_command made;
    made.action = what;
    made.name = name;
    made.value = value;
    made.local = local;
    return made;
  }

  asked_level asked;
  standing where;
  bool in_transaction = false;
  bool has_bound = false;
};

TEST_F(the_internal_answers, come_in_either_protocol) {
  struct row {
    const char *why, *messages, *types;
    verb what;
  };
  const row rows[] = {
      {"a simple SHOW", "Q x", "TDC", verb::show},
      {"a simple SET", "Q x", "C", verb::set},
      {"prepared, described and run", "P s x|D s|B s|E|S", "1tT2DC", verb::show},
      {"a SET has no rows", "P s x|D s|B s|E|S", "1tn2C", verb::set},
      {"prepared only", "P s x|S", "1", verb::show},
      {"run twice", "B s|E|B s|E|S", "2DC2DC", verb::show},
      {"closed", "C s|S", "3", verb::show},
  };
  for (const auto& each : rows) {
    const auto answers = to(command(each.what, "level", "strong"), each.messages);
    EXPECT_EQ(types(answers.out), each.types) << each.why;
    EXPECT_FALSE(answers.failed()) << each.why;
  }
}

TEST_F(the_internal_answers, show) {
  EXPECT_NE(to(command(verb::show, "level"), "Q x").out.find("session"), std::string::npos) << "the configuration's";
  asked.set(level::strong, false, false);
  EXPECT_NE(to(command(verb::show, "level"), "Q x").out.find("strong"), std::string::npos);
  EXPECT_NE(to(command(verb::show, "last_route"), "Q x").out.find("node=b"), std::string::npos);
}

TEST_F(the_internal_answers, set_and_reset_the_level) {
  EXPECT_FALSE(to(command(verb::set, "level", "causal"), "Q x").failed());
  EXPECT_EQ(asked.get(), level::causal);
  EXPECT_FALSE(to(command(verb::reset, "level"), "Q x").failed());
  EXPECT_EQ(asked.get(), std::nullopt);
  to(command(verb::set, "level", "causal"), "Q x");
  EXPECT_FALSE(to(command(verb::set, "level", ""), "Q x").failed()) << "TO DEFAULT";
  EXPECT_EQ(asked.get(), std::nullopt);
  in_transaction = true;
  to(command(verb::set, "level", "strong", true), "Q x");
  EXPECT_EQ(asked.get(), level::strong);
  asked.transaction_over(false);
  EXPECT_EQ(asked.get(), std::nullopt) << "SET LOCAL";
}

TEST_F(the_internal_answers, refuse_what_means_nothing) {
  struct row {
    verb what;
    const char *name, *value, *code, *says;
  };
  const row rows[] = {
      {verb::show, "speed", "", "42704", "highwater.speed"},
      {verb::set, "speed", "high", "42704", "highwater.speed"},
      {verb::set, "last_route", "x", "42704", "highwater.last_route"},
      {verb::set, "level", "fresh", "22023", "\"fresh\""},
      {verb::set, "level", "bounded", "22023", "no bound"},
  };
  for (const auto& each : rows) {
    const auto answers = to(command(each.what, each.name, each.value), "P s x|B s|E|B s|E|S");
    EXPECT_TRUE(answers.failed());
    EXPECT_EQ(answers.why().code, each.code) << each.says;
    EXPECT_NE(answers.why().message.find(each.says), std::string::npos) << answers.why().message;
    EXPECT_EQ(types(answers.out), "12E") << "what follows the error does not count";
    EXPECT_EQ(asked.get(), std::nullopt);
  }
  has_bound = true;
  EXPECT_FALSE(to(command(verb::set, "level", "bounded"), "Q x").failed());
}

// Rule 24.
TEST_F(the_internal_answers, refuse_a_level_that_comes_too_late) {
  where.leased = where.on_replica = where.in_read_only = where.bound = true;
  where.looked_at.level = level::session;
  in_transaction = true;
  EXPECT_EQ(to(command(verb::set, "level", "strong"), "Q x").failed(),
            asked_too_late(level::strong, where).has_value());
  EXPECT_TRUE(to(command(verb::set, "level", "strong"), "Q x").failed());
  EXPECT_FALSE(to(command(verb::set, "level", "eventual"), "Q x").failed());
}

TEST_F(the_internal_answers, tell_what_was_prepared) {
  const auto what = command(verb::show, "level");
  internal_answers answers(what, {asked, where, level::session, false, false, ""});
  const client_batch batch("P s show highwater.level|S");
  const auto& parse = batch.scanner.messages().front();
  answers.take(parse.type, std::string_view(batch.bytes).substr(wire::header_size, parse.size - wire::header_size));
  ASSERT_EQ(answers.parsed().size(), 1U);
  EXPECT_EQ(answers.parsed()[0].name, "s");
}

}  // namespace
}  // namespace highwater::proxy
