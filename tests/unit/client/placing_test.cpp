#include "proxy/client/placing.hpp"

#include <gtest/gtest.h>

#include "tests/unit/client/client_messages.hpp"

namespace highwater::proxy {
namespace {

using config::level;
using enum config::level;
using testing_support::client_batch;

class the_placing : public testing::Test {
protected:
  the_placing() { client.transaction.level.start(std::nullopt, session); }

  void look_at(const char* messages) {
    const client_batch batch(messages);
    char malformed = 0;
    facts = {};
    examine(batch.scanner, batch.bytes, {cache, no_catalog}, facts, malformed);
  }
  placing of(const char* messages) {
    look_at(messages);
    return {facts, client, {policies, session, stays_on_primary}};
  }
  void begin(const char* sql) {
    look_at((std::string("Q ") + sql).c_str());
    ASSERT_TRUE(client.transaction.answer({*facts.first(), sql, facts.statements.front().hint}));
  }
  void end() {
    look_at("Q rollback");
    client.transaction.answer({*facts.first(), "rollback", {}});
  }

  config::consistency defaults;
  routing::session_policies policies{defaults, {}, {"u", "d", "a"}};
  sql::statement_cache cache;
  sql::catalog_ptr no_catalog;
  client_state client;
  batch_facts facts;
  bool stays_on_primary = false;
};

TEST_F(the_placing, says_what_goes_with_the_reads) {
  struct row {
    const char *why, *messages;
    bool as_read, begins;
  };
  const row rows[] = {
      {"a read", "Q select 1", true, false},
      {"a write", "Q delete from t", false, false},
      {"a transaction that says so", "Q begin read only", true, true},
      {"one that does not", "Q begin", false, false},
  };
  for (const auto& each : rows) {
    EXPECT_EQ(of(each.messages).as_read(), each.as_read) << each.why;
    EXPECT_EQ(of(each.messages).begins_as_read(), each.begins) << each.why;
  }
  client.says.read_only = true;
  EXPECT_TRUE(of("Q begin").begins_as_read()) << "its default says so";
  client.says.serializable = true;
  EXPECT_FALSE(of("Q select 1").as_read()) << "a serializable one may not be read on a replica";
  client.says = {};
  stays_on_primary = true;
  EXPECT_FALSE(of("Q select 1").as_read());
}

TEST_F(the_placing, of_a_deferred_transaction_follows_its_begin) {
  begin("begin read only");
  EXPECT_TRUE(of("Q select 1").as_read());
  end();
  begin("begin");
  EXPECT_FALSE(of("Q select 1").as_read()) << "a write may follow";
}

TEST_F(the_placing, joins_what_is_asked_for) {
  struct row {
    const char *why, *messages;
    config::level expected;
  };
  const row rows[] = {
      {"the default", "Q select 1", session},
      {"a comment", "Q /* highwater: level=strong */ select 1", strong},
      {"a weaker one", "Q /* highwater: level=eventual */ select 1", eventual},
      {"the strongest of several", "P a /* highwater: level=causal */ select 1|B a|E|P b select 2|B b|E|S", causal},
      {"nothing known", "F 1", session},
  };
  for (const auto& each : rows) EXPECT_EQ(of(each.messages).required().level, each.expected) << each.why;
  client.transaction.level.set(strong, false, false);
  EXPECT_EQ(of("Q select 1").required().level, strong) << "the session asks";
  EXPECT_EQ(of("F 1").required().level, strong);
  EXPECT_EQ(of("Q /* highwater: level=eventual */ select 1").required().level, eventual) << "the comment is nearer";
}

TEST_F(the_placing, of_a_transaction_is_for_whatever_may_come_in_it) {
  EXPECT_EQ(of("Q /* highwater: level=strong */ begin read only").required().level, strong);
  begin("begin read only /* highwater: level=causal */");
  EXPECT_EQ(of("Q select 1").required().level, causal);
  EXPECT_EQ(of("Q /* highwater: level=strong */ select 1").required().level, strong) << "it may ask for more";
  EXPECT_EQ(of("Q /* highwater: level=eventual */ select 1").required().level, causal) << "... and not for less";
}

TEST_F(the_placing, asks_the_policies) {
  config::policy about;
  about.level = strong;
  about.applications = {"a"};
  policies = routing::session_policies(defaults, {about}, {"u", "d", "a"});
  EXPECT_EQ(of("Q select 1").required().level, strong);
  EXPECT_EQ(of("Q /* highwater: level=eventual */ select 1").required().level, strong);
}

}  // namespace
}  // namespace highwater::proxy
