#include "proxy/client/replies.hpp"

#include <gtest/gtest.h>

namespace highwater::proxy {
namespace {

using wire::reply_kind;
using wire::transaction_status;

// A session that waits for answers, and what the server says.
class the_replies : public testing::Test {
protected:
  the_replies() {
    one.begin(server, nullptr, load);
    client.reads_after_writes.reads();
  }

  // A Query of the client's is under way.
  flight& ask(bool writes = false) {
    server.expect({reply_kind::query});
    flight sent;
    sent.writes = writes;
    one.take_off(sent);
    return one.flights.back();
  }
  void take(const std::string& bytes) {
    replies given(one, client, keeps_one_server);
    read = server.take(bytes, given);
    due = given.what_is_due();
    told = given.text();
  }
  static std::string tag(std::string_view text) {
    std::string out;
    wire::write_command_complete(out, text);
    return out;
  }
  static std::string ready(transaction_status status = transaction_status::idle) {
    std::string out;
    wire::write_ready_for_query(out, status);
    return out;
  }
  static std::string error(const char* code, const std::string& message, wire::severity how = wire::severity::error) {
    std::string out;
    wire::write_error(out, how, {code, message, "", ""});
    return out;
  }
  static std::string parameter(const char* name, const char* value) {
    std::string out;
    wire::write_parameter_status(out, name, value);
    return out;
  }
  void prepare(const char* name) {
    prepared_statement made;
    made.id = 7;
    made.query = "select 1";
    client.names().add(name, {std::make_shared<const prepared_statement>(made), nullptr});
  }

  metrics::worker_probe probe{{3, 8, 10, 12, 6}};
  server_session server{1};
  routing::node_load load;
  client_state client;
  exchange one{probe};
  bool keeps_one_server = false;
  wire::reply_reader::result read;
  replies::effects due;
  std::string told;
};

TEST_F(the_replies, reach_the_client_as_they_are) {
  ask();
  const auto said = tag("SELECT 1") + ready();
  take(said);
  EXPECT_EQ(told, said);
  EXPECT_TRUE(one.flights.empty());
  EXPECT_FALSE(due.write_acknowledged || due.schema_changed || due.cancel_due || due.syncs_doubted);
  EXPECT_EQ(due.plans_outdated, 0U);
}

TEST_F(the_replies, tell_an_answer_from_what_comes_by_itself) {
  std::string notice;
  wire::write_notice(notice, wire::severity::notice, {"00000", "by the way", "", ""});
  take(notice);
  EXPECT_EQ(told, notice);
  EXPECT_FALSE(due.answered);
  ask();
  take(tag("SELECT 1") + ready());
  EXPECT_TRUE(due.answered);
}

TEST_F(the_replies, acknowledge_a_write_when_its_transaction_is_over) {
  struct row {
    const char* why;
    bool writes;
    transaction_status status;
    bool acknowledged;
  };
  const row rows[] = {
      {"a write", true, transaction_status::idle, true},
      {"not yet committed", true, transaction_status::in_transaction, false},
      {"a read", false, transaction_status::idle, false},
  };
  for (const auto& each : rows) {
    client.reads_after_writes = {};
    (void)client.reads_after_writes.wrote();
    client.reads_after_writes.reads();
    ask(each.writes);
    take(tag("x") + ready(each.status));
    EXPECT_EQ(due.write_acknowledged, each.acknowledged) << each.why;
  }
}

// The next transaction may have begun to change it again by then: that is not this one's to tell.
// It has the server skip up to the Sync, and no ReadyForQuery of its own.
TEST_F(the_replies, to_a_query_that_is_skipped_come_with_the_sync) {
  const auto send = [&](reply_kind kind, bool no_ready, bool writes) {
    server.expect({kind});
    flight sent;
    sent.no_ready = no_ready;
    sent.writes = writes;
    one.take_off(sent);
  };
  for (const bool in_time : {true, false}) {
    send(reply_kind::execute, true, true);
    send(reply_kind::query, false, false);
    send(reply_kind::function_call, false, false);
    if (in_time) send(reply_kind::sync, false, false);
    take(error("34000", "no such portal"));
    if (!in_time) send(reply_kind::sync, false, false);
    ASSERT_EQ(one.flights.size(), 1U);
    EXPECT_TRUE(one.flights.front().writes);
    take(ready());
    EXPECT_TRUE(one.flights.empty());
  }
  send(reply_kind::query, false, false);
  take(error("42601", "it fails by itself"));
  EXPECT_EQ(one.flights.size(), 1U);
  EXPECT_FALSE(one.flights.front().no_ready);
}

TEST_F(the_replies, tell_of_a_changed_schema_with_its_commit) {
  ask(true).schema = true;
  take(tag("CREATE TABLE") + ready(transaction_status::in_transaction));
  EXPECT_FALSE(due.schema_changed);
  ask(true);
  ask(true).schema = true;
  take(tag("COMMIT") + ready() + tag("CREATE TABLE") + ready(transaction_status::in_transaction));
  EXPECT_TRUE(due.schema_changed);
  EXPECT_TRUE(one.schema_changed) << "the second one's is still to come";
  ask(true);
  take(tag("COMMIT") + ready());
  EXPECT_TRUE(due.schema_changed);
  EXPECT_FALSE(one.schema_changed);
}

TEST_F(the_replies, follow_the_level_of_a_transaction) {
  client.transaction.level.start(config::level::session, config::level::session);
  client.transaction.level.set(config::level::strong, true, false);
  ask();
  take(tag("ROLLBACK") + ready());
  EXPECT_EQ(client.transaction.level.get(), config::level::session) << "undone";
  client.transaction.level.set(config::level::strong, true, false);
  ask();
  take(tag("COMMIT") + ready());
  EXPECT_EQ(client.transaction.level.get(), config::level::strong);
  client.transaction.level.set(config::level::eventual, true, false);
  ask();
  take(error("22012", "division by zero") + ready());
  EXPECT_EQ(client.transaction.level.get(), config::level::strong) << "an error has undone it";
  client.transaction.level.set(config::level::eventual, true, true);
  ask();
  take(tag("COMMIT") + ready(transaction_status::in_transaction));
  EXPECT_EQ(client.transaction.level.get(), config::level::strong) << "SET LOCAL ends with COMMIT AND CHAIN";
}

TEST_F(the_replies, note_what_the_tags_say) {
  one.pin(sql::pin_reason::listen);
  prepare("s");
  client.prepared->confirm();
  server.soil();
  ask();
  take(tag("DEALLOCATE ALL") + ready());
  EXPECT_EQ(client.find_named("s"), nullptr);
  EXPECT_TRUE(one.held.pins.any() && server.is_soiled());
  ask();
  take(tag("DISCARD ALL") + ready());
  EXPECT_FALSE(one.held.pins.any());
  EXPECT_FALSE(server.is_soiled());
}

TEST_F(the_replies, leave_a_session_where_it_is_that_keeps_its_server) {
  keeps_one_server = true;
  one.pin(sql::pin_reason::pool_mode);
  ask();
  take(tag("DISCARD ALL") + ready());
  EXPECT_TRUE(one.held.pins.any());
}

TEST_F(the_replies, confirm_and_revoke_names) {
  prepare("good");
  server.expect({reply_kind::parse, false, 1});
  server.expect({reply_kind::sync});
  std::string parsed;
  wire::write_empty(parsed, wire::backend::parse_complete);
  take(parsed + ready());
  EXPECT_NE(client.find_named("good"), nullptr);
  EXPECT_FALSE(client.prepared->has_pending());
  prepare("bad");
  server.expect({reply_kind::parse, false, 1});
  server.expect({reply_kind::sync});
  take(error("42601", "syntax error") + ready());
  EXPECT_EQ(client.find_named("bad"), nullptr);
  EXPECT_FALSE(client.prepared->has_pending());
}

TEST_F(the_replies, tell_a_client_of_parameters_that_are_news_to_it) {
  client.told.start(
      std::make_shared<const parameter_list>(parameter_list{{"TimeZone", "UTC"}, {std::string(tells_of_node), "off"}}));
  ask();
  take(parameter("TimeZone", "UTC") + parameter(std::string(tells_of_node).c_str(), "on") + tag("SET") + ready());
  EXPECT_EQ(told, tag("SET") + ready()) << "nothing of it is";
  EXPECT_EQ(find_parameter(server.parameters(), tells_of_node), "on");
  ask();
  take(parameter("TimeZone", "GMT") + tag("SET") + ready());
  EXPECT_EQ(told, parameter("TimeZone", "GMT") + tag("SET") + ready());
}

// Where a RESET leads to is told of at the end, all together. In a transaction the end may be far.
TEST_F(the_replies, leave_it_to_the_end_what_a_reset_has_come_to) {
  client.told.start(std::make_shared<const parameter_list>(parameter_list{{"TimeZone", "UTC"}}));
  client.told.news("TimeZone", "GMT");
  sql::statement reset;
  reset.settings.push_back({"TimeZone", true});
  for (const bool alone : {true, false}) {
    one.alone = alone;
    one.changes.clear();
    one.changes.note(reset, alone);
    ask();
    const auto status = alone ? transaction_status::idle : transaction_status::in_transaction;
    take(parameter("TimeZone", "UTC") + tag("RESET") + ready(status));
    EXPECT_EQ(told, alone ? tag("RESET") : parameter("TimeZone", "UTC") + tag("RESET") + ready(status));
  }
}

// An error undoes it, and something behind it may set something again.
TEST_F(the_replies, leave_nothing_to_the_end_that_comes_behind_a_reset) {
  client.told.start(std::make_shared<const parameter_list>(parameter_list{{"TimeZone", "UTC"}}));
  sql::statement reset;
  reset.resets_all_settings = true;
  one.changes.note(reset, false);
  ask();
  take(tag("RESET") + ready(transaction_status::in_transaction));
  ask();
  const auto behind = parameter("TimeZone", "GMT") + ready(transaction_status::failed);
  take(behind);
  EXPECT_EQ(told, behind);
}

TEST_F(the_replies, keep_the_end_back_until_the_settings_are_known) {
  sql::statement set;
  set.settings.push_back({"work_mem", false});
  one.changes.note(set, true);
  ASSERT_TRUE(one.changes.pending());
  ask();
  take(tag("SET") + ready());
  EXPECT_EQ(told, tag("SET"));
  EXPECT_TRUE(one.held.ready_held);
  EXPECT_EQ(read.what, wire::reply_reader::outcome::stopped);
}

TEST_F(the_replies, take_the_last_words_of_a_server_for_its_end) {
  ask();
  take(error("57P01", "terminating connection due to administrator command", wire::severity::fatal));
  EXPECT_EQ(due.last_words.code, "57P01");
  EXPECT_EQ(told, "") << "what the client is told depends on what is under way";
}

TEST_F(the_replies, begin_that_the_client_takes_for_done) {
  const auto begin = [&] {
    one.held.begin_unanswered = one.held.cancel_wanted = true;
    server.expect({reply_kind::query, true});
    ask();
  };
  begin();
  take(tag("BEGIN") + ready(transaction_status::in_transaction));
  EXPECT_EQ(told, "") << "nobody sees it";
  EXPECT_TRUE(due.cancel_due);
  EXPECT_FALSE(one.held.begin_unanswered);
  take(tag("SELECT 1") + ready(transaction_status::in_transaction));
  begin();
  take(error("XX000", "no memory") + ready());
  EXPECT_EQ(due.begin_failed, "no memory");
  EXPECT_EQ(read.what, wire::reply_reader::outcome::stopped);
}

TEST_F(the_replies, show_no_name_of_ours) {
  prepare("mine");
  client.prepared->confirm();
  ask();
  take(error("26000", "prepared statement \"" + std::string(server_name(7)) + "\" does not exist") + ready());
  EXPECT_EQ(told, error("26000", "prepared statement \"mine\" does not exist") + ready());
  EXPECT_TRUE(server.is_soiled()) << "it disagrees about what it holds";
}

TEST_F(the_replies, put_an_error_of_ours_in_the_place_of_its_stand_in) {
  one.own_failure = error("25006", "our own");
  server.expect({reply_kind::parse, true, 0, own_failure_id, true});
  server.expect({reply_kind::sync});
  take(error("42601", "syntax error at \"an\"") + ready());
  EXPECT_EQ(told, one.own_failure + ready());
}

TEST_F(the_replies, say_when_a_plan_is_out_of_date) {
  ask();
  std::string stale;
  wire::write_error(stale, wire::severity::error,
                    {"0A000", "cached plan must not change result type", "", "", "RevalidateCachedQuery"});
  take(stale + ready());
  EXPECT_EQ(due.plans_outdated, 1U);
  EXPECT_TRUE(server.is_soiled());
}

TEST_F(the_replies, stop_before_a_read_that_may_have_to_run_elsewhere) {
  ask();
  ask().retryable = true;
  const auto first = tag("SELECT 1") + ready();
  take(first + tag("SELECT 2") + ready());
  EXPECT_EQ(told, first);
  EXPECT_EQ(read.what, wire::reply_reader::outcome::stopped);
  EXPECT_EQ(read.consumed, first.size());
}

TEST_F(the_replies, ask_how_many_syncs_of_a_failed_copy_are_answered) {
  ask();
  std::string copy_in;
  wire::writer(copy_in, wire::backend::copy_in_response).bytes(std::string_view("\0\0\0", 3));
  take(copy_in);
  EXPECT_TRUE(one.held.copy_in);
  server.sync_within_copy();
  take(error("22P04", "bad copy data"));
  EXPECT_FALSE(one.held.copy_in);
  EXPECT_TRUE(due.syncs_doubted && one.held.syncs_in_doubt);
  EXPECT_TRUE(server.owes());
}

TEST_F(the_replies, made_here_come_in_their_turn) {
  prepare("s");
  std::string out;
  answer_in_turn({reply_kind::local_parse_complete, false, 1}, client, out);
  EXPECT_EQ(out.front(), wire::backend::parse_complete);
  EXPECT_FALSE(client.prepared->has_pending());
  out.clear();
  answer_in_turn({reply_kind::local_close_complete, false, 0}, client, out);
  EXPECT_EQ(out.front(), wire::backend::close_complete);
}

}  // namespace
}  // namespace highwater::proxy
