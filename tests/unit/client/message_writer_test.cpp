#include "proxy/client/message_writer.hpp"

#include <gtest/gtest.h>

#include <map>

#include "proxy/client/batch_failure.hpp"
#include "proxy/client/statement_needs.hpp"
#include "routing/sql/classify.hpp"
#include "tests/unit/client/client_messages.hpp"

namespace highwater::proxy {
namespace {

using testing_support::client_batch;
using wire::reply_kind;

// A client, and the connection that it has leased, which answers all that it is sent.
class a_message_writer : public testing::Test {
protected:
  a_message_writer() { under_way.begin(server, nullptr, load); }
  ~a_message_writer() override { under_way.end(); }

  writing about() { return {client, under_way, facts, {cache, no_catalog}, registry, 0, 100, 0, parsed}; }

  // What the server is sent for this batch. Our names for statements are #1, #2, … in the order in which they come.
  std::string send(const char* messages) {
    const client_batch batch(messages);
    char malformed = 0;
    EXPECT_TRUE(
        examine(batch.scanner, batch.bytes, {cache, no_catalog, nullptr, client.prepared.get()}, facts, malformed));
    std::string out;
    const auto context = about();
    message_writer writer(context, out, told);
    writer.write_deferred_begin();
    for (const auto& one : batch.scanner.messages())
      writer.write({one.type, one.size, std::string_view(batch.bytes).substr(one.offset, one.size)});
    return shown(out);
  }
  // The server has done all of it.
  void answered() {
    while (server.owes()) {
      const auto what = server.next_owed();
      taken.push_back(what);
      pop();
      server.completed(what);
      for (auto left = what.changes; left > 0; --left) client.names().confirm();
    }
  }
  std::vector<std::string> needed(const char* messages) {
    const client_batch batch(messages);
    char malformed = 0;
    examine(batch.scanner, batch.bytes, {cache, no_catalog, nullptr, client.prepared.get()}, facts, malformed);
    preparation needs;
    statement_needs(about(), needs).of_batch(batch.scanner, batch.bytes);
    std::vector<std::string> all;
    for (const auto& each : needs.items()) all.push_back(each.text);
    return all;
  }

  // Where it is cut so that only its first message needs anything; and where it fails if none of that can be had.
  std::optional<std::size_t> cut(const char* messages) {
    const client_batch batch(messages);
    char malformed = 0;
    examine(batch.scanner, batch.bytes, {cache, no_catalog, nullptr, client.prepared.get()}, facts, malformed);
    preparation needs;
    return statement_needs(about(), needs).of_batch(batch.scanner, batch.bytes, true);
  }
  std::string failure(const char* messages) {
    const client_batch batch(messages);
    char malformed = 0;
    examine(batch.scanner, batch.bytes, {cache, no_catalog, nullptr, client.prepared.get()}, facts, malformed);
    preparation needs;
    statement_needs(about(), needs).of_batch(batch.scanner, batch.bytes);
    needs.answered("refused", [](const auto&) { return false; });
    const auto found = find_failure(needs, about(), batch.scanner, batch.bytes);
    if (!found) return "nowhere";
    return std::to_string(found->at) + (found->parameters ? " tells of parameters" : "");
  }

  std::string shown(std::string_view bytes) {
    std::string all;
    wire::frame message;
    while (wire::peek_frame(bytes, 1U << 20U, message) == wire::frame_status::ok && message.complete()) {
      all += all.empty() ? "" : "|";
      all += message.type;
      std::string_view body = message.body();
      if (message.type == wire::frontend::bind) body = body.substr(1);  // the unnamed portal
      if (message.type == wire::frontend::describe || message.type == wire::frontend::close) body = body.substr(1);
      const bool has_name = std::string_view("QPBDC").find(message.type) != std::string_view::npos;
      if (has_name) all += " " + std::string(body.substr(0, body.find('\0')));
      if (message.type == wire::frontend::parse) all += " " + std::string(body.substr(body.find('\0') + 1).data());
      bytes.remove_prefix(message.available.size());
    }
    return numbered(all);
  }
  std::string numbered(std::string text) {
    for (auto at = text.find(own_statement_prefix); at != std::string::npos; at = text.find(own_statement_prefix)) {
      const auto end = std::min(text.find_first_not_of("0123456789", at + own_statement_prefix.size()), text.size());
      const auto name = text.substr(at, end - at);
      const auto number = numbers.try_emplace(name, numbers.size() + 1).first->second;
      text.replace(at, end - at, "#" + std::to_string(number));
    }
    return text;
  }
  // A reply has come, whatever its kind.
  void pop() {
    struct nothing {
      void forward(std::string_view) {}
      void completed(const wire::expected_reply&) {}
      void abandoned(const wire::expected_reply&, bool) {}
      void described(const wire::expected_reply&, const wire::frame&) {}
      void local(const wire::expected_reply&) {}
      void command_complete(std::string_view) {}
      bool parameter_status(const wire::parameter_status_message&) { return false; }
      wire::after_error failed(const wire::error_fields&, bool) { return wire::after_error::hide; }
      void replacement() {}
      void copy_in(std::size_t) {}
      void copy_ended(bool) {}
      void late_syncs(std::size_t, bool, wire::transaction_status) {}
      wire::after_ready ready(wire::transaction_status, const wire::expected_reply&) { return wire::after_ready::stop; }
    } ignore;
    std::string reply;
    switch (server.next_owed().kind) {
      case reply_kind::parse:
        wire::write_empty(reply, wire::backend::parse_complete);
        break;
      case reply_kind::bind:
        wire::write_empty(reply, wire::backend::bind_complete);
        break;
      case reply_kind::close:
        wire::write_empty(reply, wire::backend::close_complete);
        break;
      case reply_kind::execute:
        wire::write_command_complete(reply, "SELECT 1");
        break;
      case reply_kind::describe_statement:
      case reply_kind::describe_portal:
        wire::write_empty(reply, wire::backend::no_data);
        break;
      case reply_kind::local_parse_complete:
      case reply_kind::local_close_complete:
        server.take_turns(ignore);
        return;
      default:
        wire::write_ready_for_query(reply, wire::transaction_status::idle);
        break;
    }
    server.take(reply, ignore);
  }

  sql::statement_cache cache;
  sql::catalog_ptr no_catalog;
  metrics::worker_probe probe{{3, 8, 10, 12, 6}};
  server_session server{1};
  routing::node_load load;
  client_state client;
  exchange under_way{probe};
  prepared_registry registry;
  batch_facts facts;
  boost::unordered_flat_set<std::string_view> parsed;
  std::string told;
  std::vector<wire::expected_reply> taken;
  std::map<std::string, std::size_t> numbers;
};

TEST_F(a_message_writer, sends_on_what_names_nothing) {
  EXPECT_EQ(send("Q select 1"), "Q select 1");
  EXPECT_EQ(send("P - select 1|B -|E|S"), "P  select 1|B |E|S");
}

TEST_F(a_message_writer, puts_a_begin_in_front_that_was_answered_already) {
  const auto what = sql::classify("begin read only", nullptr);
  client.transaction.answer({what, "begin read only", std::nullopt});
  EXPECT_EQ(send("Q select 1"), "Q begin read only|Q select 1");
  EXPECT_TRUE(under_way.held.begin_unanswered);
  EXPECT_TRUE(under_way.held.in_read_only);
}

TEST_F(a_message_writer, gives_statements_names_of_the_servers) {
  EXPECT_EQ(send("P mine select 1|B mine|E|S"), "P #1 select 1|D #1|B #1|E|S");
  answered();
  EXPECT_EQ(send("B mine|E|S"), "B #1|E|S");
  EXPECT_EQ(send("D mine|S"), "D #1|S");
}

TEST_F(a_message_writer, prepares_a_text_once_for_all_who_have_it) {
  send("P mine select 1|S");
  answered();
  EXPECT_EQ(send("P another select 1|B another|E|S"), "B #1|E|S");
  EXPECT_TRUE(server.owes());
  EXPECT_EQ(server.next_owed().kind, reply_kind::local_parse_complete) << "answered here, in its turn";
}

// An error in front of the first Parse has the server pass that over, and not the second exchange.
TEST_F(a_message_writer, relies_on_no_parse_of_an_exchange_that_may_fail) {
  send("P mine select 1|S");
  EXPECT_EQ(send("P another select 1|B another|E|S"), "P #2 select 1|D #2|B #2|E|S");
  answered();
  EXPECT_EQ(send("P third select 1|P fourth select 1|S"), "S") << "it is there by now";
  EXPECT_EQ(send("P one select 7|P two select 7|S"), "P #3 select 7|D #3|S") << "both are passed over, or none";
}

// Nothing can be prepared in a transaction that has failed, also what is there already; it is the server that says so.
TEST_F(a_message_writer, has_the_server_refuse_a_parse_in_a_transaction_that_has_failed) {
  send("P mine select 1|S");
  answered();
  const auto what = sql::classify("begin", nullptr);
  client.transaction.answer({what, "begin", std::nullopt});
  EXPECT_EQ(send("P behind select 1|S"), "Q begin|S") << "it is there";
  under_way.take_off(under_way.flight_of(facts, true, false));
  EXPECT_EQ(send("P pipelined select 1|S"), "P #2 select 1|D #2|S") << "what is under way may fail first";
  under_way.flights.clear();
  answered();
  server.ready(wire::transaction_status::in_transaction, {});
  EXPECT_EQ(send("P within select 1|S"), "S");
  answered();
  server.ready(wire::transaction_status::failed, {});
  EXPECT_EQ(send("P failed select 1|S"), "P #3 select 1|D #3|S");
}

TEST_F(a_message_writer, waits_until_it_is_known_whether_a_statement_is_there) {
  send("P mine select 1|S");
  answered();
  server_session other(2);
  under_way.end();
  under_way.begin(other, nullptr, load);
  other.add_statement(client.find_named("mine")->what->id);
  EXPECT_TRUE(needed("B mine|E|S").empty()) << "passed over together";
  other.expect({reply_kind::sync});
  EXPECT_EQ(needed("B mine|E|S"), std::vector<std::string>{"select 1"});
  other.statements().parsed(client.find_named("mine")->what->id);
  EXPECT_TRUE(needed("B mine|E|S").empty());
}

TEST_F(a_message_writer, keeps_a_statement_that_its_client_closes) {
  send("P mine select 1|S");
  answered();
  EXPECT_EQ(send("C mine|S"), "S");
  answered();
  EXPECT_EQ(client.find_named("mine"), nullptr);
  EXPECT_EQ(send("B mine|E|S"), "B mine|E|S") << "the server shall say that there is none";
}

TEST_F(a_message_writer, lets_the_server_say_that_a_name_is_taken) {
  send("P mine select 1|S");
  answered();
  EXPECT_EQ(send("P mine select 2|S"), "P #2 |P #2 select 2|S");
}

TEST_F(a_message_writer, means_its_clients_names_in_sql_too) {
  send("P mine select 1|S");
  answered();
  EXPECT_EQ(send("Q execute mine"), "Q execute #1");
  answered();
  EXPECT_EQ(send("Q deallocate mine"), "P #2 |S|Q deallocate #2") << "a stand-in: others have the statement too";
  answered();
}

TEST_F(a_message_writer, hits_none_of_our_names_by_accident) {
  EXPECT_EQ(send("B _highwater_7|E|S"), "B ?#1|E|S");
  EXPECT_EQ(send("Q execute _highwater_8"), "Q execute \"?#2\"");
}

TEST_F(a_message_writer, hides_the_unnamed_statement_of_others) {
  server.expect({reply_kind::parse, true, 0, 77, true});
  server.completed({reply_kind::parse, true, 0, 77, true});
  pop();
  EXPECT_EQ(send("B -|E|S"), "C |B |E|S");
}

TEST_F(a_message_writer, ends_the_unnamed_statement_with_a_query) {
  send("P - select 1|S");
  answered();
  EXPECT_NE(client.find_named(""), nullptr);
  send("Q select 2");
  EXPECT_EQ(client.find_named(""), nullptr);
}

TEST_F(a_message_writer, needs_what_another_connection_has) {
  send("P mine select 1|S");
  answered();
  EXPECT_TRUE(needed("B mine|E|S").empty());
  server_session other(2);
  under_way.end();
  under_way.begin(other, nullptr, load);
  EXPECT_EQ(needed("B mine|E|S"), std::vector<std::string>{"select 1"});
  EXPECT_EQ(needed("D mine|S"), std::vector<std::string>{"select 1"});
  EXPECT_EQ(needed("Q execute mine"), std::vector<std::string>{"select 1"});
  EXPECT_TRUE(needed("P mine select 2|S").empty());
  EXPECT_TRUE(needed("B who|E|S").empty()) << "the server shall say so";
}

// The server tells of it with the statement's name, and counts before it looks at anything else.
TEST_F(a_message_writer, has_something_else_fail_that_takes_other_parameters) {
  send("P mine select 1|S");
  answered();
  send("P another select 1|S");
  answered();
  const std::string one_text("\0\1\0\0\0\x19", 6);
  client.find_named("mine")->what->described =
      std::make_shared<const wire::description>(wire::description{one_text, ""});
  client.names().find("another")->told = client.names().find("mine")->told = nullptr;
  EXPECT_EQ(send("B another|E|S"), "P #2 |B #2|E|S");
  answered();
  ASSERT_NE(under_way.stands_for(taken[taken.size() - 4].statement), nullptr);
  EXPECT_EQ(*under_way.stands_for(taken[taken.size() - 4].statement), "another");
  server_session other(2);
  under_way.end();
  under_way.begin(other, nullptr, load);
  EXPECT_TRUE(needed("B another|E|S").empty()) << "nothing of the client's is";
  EXPECT_EQ(needed("D another|S"), std::vector<std::string>{"select 1"});
}

TEST_F(a_message_writer, needs_nothing_for_a_bind_in_a_transaction_that_has_failed) {
  send("P mine select 1|S");
  answered();
  send("P ends rollback|S");
  answered();
  const auto known = std::make_shared<const wire::description>(wire::description{std::string(2, '\0'), ""});
  for (const char* name : {"mine", "ends"}) client.find_named(name)->what->described = known;
  server_session other(2);
  under_way.end();
  under_way.begin(other, nullptr, load);
  other.ready(wire::transaction_status::failed, {});
  EXPECT_TRUE(needed("B mine|E|S").empty()) << "the server refuses whatever it is";
  EXPECT_EQ(needed("B ends|E|S"), std::vector<std::string>{"rollback"});
  EXPECT_EQ(needed("B ends|E|B mine|E|S"), (std::vector<std::string>{"rollback", "select 1"}));
  for (const char* never : {"begin", "deallocate mine", "execute ends", "execute mine"}) {
    under_way.end();
    under_way.begin(server, nullptr, load);
    send(("P - " + std::string(never) + "|S").c_str());
    answered();
    under_way.end();
    under_way.begin(other, nullptr, load);
    EXPECT_TRUE(needed("B -|E|S").empty()) << never;
  }
  other.expect({reply_kind::query});
  EXPECT_EQ(needed("B mine|E|S"), std::vector<std::string>{"select 1"}) << "which may have ended it";
}

TEST_F(a_message_writer, looks_behind_an_execute_when_that_is_run) {
  send("P mine select 1|S");
  answered();
  server_session other(2);
  under_way.end();
  under_way.begin(other, nullptr, load);
  EXPECT_TRUE(needed("P runs execute mine|S").empty());
  EXPECT_EQ(needed("P - execute mine|B -|E|S"), std::vector<std::string>{"select 1"});
  under_way.end();
  under_way.begin(server, nullptr, load);
  EXPECT_EQ(send("P runs execute mine|S"), "P #2 execute #1|S") << "nor does it ask what that returns";
  answered();
  EXPECT_EQ(needed("B runs|E|S").size(), 1U) << "anew, as it may be another by now";
}

TEST_F(a_message_writer, finds_where_a_batch_fails_of_which_something_cannot_be_prepared) {
  send("P mine select 1|S");
  answered();
  send("P runs execute mine|S");
  answered();
  client.find_named("mine")->what->described =
      std::make_shared<const wire::description>(wire::description{std::string(2, '\0'), ""});
  server_session other(2);
  under_way.end();
  under_way.begin(other, nullptr, load);
  struct row {
    const char *batch, *fails;
  };
  const row rows[] = {
      {"B mine|E|S", "0"},
      {"D mine|S", "0 tells of parameters"},
      {"Q execute mine", "0"},
      {"P - select 2|B -|E|B mine|E|S", "3"},
      {"P - select 2|B -|E|S", "nowhere"},
      {"P more select 3|D mine|S", "1 tells of parameters"},
      {"B runs|E|S", "1"},
      {"D runs|S", "0 tells of parameters"},
      {"B runs|S", "nowhere"},  // the portal ends there
      {"B runs|H", "0"},        // and not there
      {"P - execute mine|B -|E|S", "2"},
      {"P - execute mine|D -|S", "1 tells of parameters"},
      {"P again execute mine|S", "nowhere"},
  };
  for (const auto& each : rows) EXPECT_EQ(failure(each.batch), each.fails) << each.batch;
  other.ready(wire::transaction_status::in_transaction, {});
  EXPECT_EQ(failure("B runs|E|S"), "0") << "somebody may run the portal later";
}

// Where a failure in front would fail what stands before it.
TEST_F(a_message_writer, cuts_a_batch_in_front_of_what_it_needs) {
  send("P mine select 1|S");
  answered();
  EXPECT_EQ(cut("P - select 2|B -|E|B mine|E|S"), std::nullopt) << "it is there";
  server_session other(2);
  under_way.end();
  under_way.begin(other, nullptr, load);
  EXPECT_EQ(cut("P - select 2|B -|E|B mine|E|S"), 2U);
  EXPECT_EQ(cut("B mine|E|P - select 2|B -|E|S"), std::nullopt);
  EXPECT_EQ(cut("B mine|E|B mine|E|S"), std::nullopt);
}

TEST_F(a_message_writer, shares_nothing_that_a_transaction_may_have_set) {
  send("P mine select 1|S");
  answered();
  under_way.held.settings_unknown = true;
  EXPECT_EQ(send("P another select 1|S"), "P #2 select 1|D #2|S");
}

TEST_F(a_message_writer, tells_its_client_that_a_name_was_cut) {
  const std::string name(70, 'x');
  send(("P " + name + " select 1|S").c_str());
  answered();
  send(("Q execute " + name).c_str());
  EXPECT_NE(told.find("will be truncated"), std::string::npos);
}

TEST_F(a_message_writer, leads_a_reset_back_to_the_login) {
  client.at_login = client.settings =
      std::make_shared<const session_settings>(session_settings{{"search_path", "mine"}});
  under_way.alone = false;
  const auto sent = send("Q reset search_path");
  EXPECT_NE(sent.find("set_config('search_path', 'mine'"), std::string::npos) << sent;
  under_way.alone = true;
  EXPECT_EQ(send("Q reset search_path"), "Q reset search_path") << "it is asked for afterwards";
}

}  // namespace
}  // namespace highwater::proxy
