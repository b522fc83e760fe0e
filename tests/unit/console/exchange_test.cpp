// The simple protocol, and what holds for both.

#include "proxy/console/exchange.hpp"

#include <gtest/gtest.h>

#include "tests/unit/console/console_talk.hpp"

namespace highwater::console {
namespace {

using namespace std::string_literals;
using strings = std::vector<std::string>;

talk with_config(access may = access::admin) {
  talk made(may);
  made.known.config = {{"zone", "eu", std::nullopt, false}, {"pool.size", "30", "20", true}};
  return made;
}

const std::string config = "T(key|value|default|changeable) D(zone|eu|NULL|no) D(pool.size|30|20|yes) C(SHOW)";

TEST(console, welcomes_with_what_drivers_look_for) {
  for (const auto may : {access::admin, access::stats}) {
    const exchange one({may, "ann", "0.1.0"});
    std::string out;
    wire::backend_key_message key;
    key.process = 7;
    key.secret = 0x01020304U;
    one.welcome(out, key);
    const auto has = [&](std::string_view text) { return out.find(text) != std::string::npos; };
    EXPECT_TRUE(out.starts_with("R\0\0\0\x08\0\0\0\0S"s));
    EXPECT_TRUE(out.ends_with("K\0\0\0\x0C\0\0\0\x07\x01\x02\x03\x04Z\0\0\0\x05I"s));
    EXPECT_TRUE(has("server_version\0000.1.0/highwater\0"s));
    EXPECT_TRUE(has("client_encoding\0UTF8\0"s));
    EXPECT_TRUE(has("server_encoding\0UTF8\0"s));
    EXPECT_TRUE(has("DateStyle\0ISO, MDY\0"s));
    EXPECT_TRUE(has("TimeZone\0GMT\0"s));
    EXPECT_TRUE(has("standard_conforming_strings\0on\0"s));
    EXPECT_TRUE(has("integer_datetimes\0on\0"s));
    EXPECT_TRUE(has("in_hot_standby\0off\0"s));
    EXPECT_TRUE(has("default_transaction_read_only\0off\0"s));
    EXPECT_TRUE(has("session_authorization\0ann\0"s));
    EXPECT_TRUE(has(may == access::admin ? "is_superuser\0on\0"s : "is_superuser\0off\0"s)) << "psql prompts by it";
  }
}

TEST(console, answers_queries) {
  struct row {
    std::string text, told;
    strings ran;
  };
  const row rows[] = {
      {"SHOW CONFIG", config + " Z(I)", {"SHOW"}},
      {"show config; PAUSE shop;", config + " C(PAUSE) Z(I)", {"SHOW", "PAUSE shop"}},
      {"SHOW VERSION", "T(version) D(Highwater 0.1.0) C(SHOW) Z(I)", {}},
      {"SHOW client_encoding", "T(client_encoding) D(UTF8) C(SHOW) Z(I)", {}},
      {"SHOW is_superuser", "T(is_superuser) D(on) C(SHOW) Z(I)", {}},
      {"SHOW server_version", "T(server_version) D(0.1.0/highwater) C(SHOW) Z(I)", {}},
      {"SELECT 1", "T(?column?) D(1) C(SELECT 1) Z(I)", {}},
      {"SELECT version()", "T(version) D(Highwater 0.1.0) C(SELECT 1) Z(I)", {}},
      {"", "I Z(I)", {}},
      {" ; -- nothing", "I Z(I)", {}},
      {"SET client_encoding = 'UTF8'", "C(SET) Z(I)", {}},
      {"SET pool.size = 3", "C(SET) Z(I)", {"SET pool.size"}},
      {"BEGIN", "C(BEGIN) Z(T)", {}},
      {"BEGIN; SHOW CONFIG; COMMIT", "C(BEGIN) " + config + " C(COMMIT) Z(I)", {"SHOW"}},
      {"ROLLBACK", "C(ROLLBACK) Z(I)", {}},
      {"DISCARD ALL", "C(DISCARD ALL) Z(I)", {}},
      {"DEALLOCATE s", "E(26000 prepared statement \"s\" does not exist) Z(I)", {}},
      {"PAUSE; PAWSE", "E(42601 syntax error at or near \"PAWSE\") Z(I)", {}},
      {"RELOAD", "C(RELOAD) Z(I)", {"RELOAD"}},
  };
  for (const auto& each : rows) {
    auto one = with_config();
    EXPECT_EQ(one.says(query(each.text)), each.told) << each.text;
    EXPECT_EQ(one.ran, each.ran) << each.text;
  }
}

TEST(console, writes_what_postgresql_would) {
  talk one;
  one.says(query("SHOW client_encoding"));
  EXPECT_EQ(one.out,
            "T\0\0\0\x28\0\x01"s
            "client_encoding\0\0\0\0\0\0\0\0\0\0\x19\xFF\xFF\xFF\xFF\xFF\xFF\0\0"s
            "D\0\0\0\x0E\0\x01\0\0\0\x04UTF8"s
            "C\0\0\0\x09SHOW\0"s
            "Z\0\0\0\x05I"s);
}

TEST(console, runs_nothing_behind_a_command_that_has_failed) {
  auto one = with_config();
  one.answers["PAUSE"] = wire::error{"42704", "no such database: shop", "", ""};
  EXPECT_EQ(one.says(query("SHOW CONFIG; PAUSE shop; RELOAD") + query("SELECT 1")),
            config + " E(42704 no such database: shop) Z(I) T(?column?) D(1) C(SELECT 1) Z(I)");
  EXPECT_EQ(one.ran, (strings{"SHOW", "PAUSE shop"}));
}

TEST(console, lets_stats_users_look_and_no_more) {
  auto one = with_config(access::stats);
  EXPECT_EQ(one.says(query("SHOW CONFIG; PAUSE; SHOW CONFIG")), config + " E(42501 permission denied for PAUSE) Z(I)");
  EXPECT_EQ(one.ran, (strings{"SHOW"}));
  for (const std::string each : {"RESUME", "WAIT_CLOSE", "RELOAD", "RECONNECT", "KILL a", "KILL_CLIENT 1", "DISABLE a",
                                 "ENABLE a", "DRAIN a", "UNDRAIN a", "SET a = 1", "SHUTDOWN"}) {
    const auto word = each.substr(0, each.find(' '));
    EXPECT_EQ(one.says(query(each)), "E(42501 permission denied for " + word + ") Z(I)");
    EXPECT_EQ(one.says(parse_as("", each) + bind_to("", "") + execute("") + sync()),
              "1 2 E(42501 permission denied for " + word + ") Z(I)");
  }
  EXPECT_EQ(one.ran.size(), 1U) << "nothing was run";
}

TEST(console, takes_no_more_while_a_command_runs) {
  exchange one({access::admin, "ann", "0.1.0"});
  const auto bytes = query("PAUSE; RESUME") + query("SELECT 1");
  std::size_t used = 0;
  std::string out;
  ASSERT_EQ(one.take(bytes, used, out), exchange::step::run);
  EXPECT_EQ(one.asked().what, verb::pause);
  const auto first = used;
  const auto rest = std::string_view(bytes).substr(first);
  EXPECT_EQ(rest, query("SELECT 1"));
  EXPECT_EQ(one.take(rest, used, out), exchange::step::busy);
  EXPECT_EQ(used, 0U);
  EXPECT_EQ(told(out), "");

  one.finished(done(), out);
  EXPECT_EQ(told(out), "C(PAUSE)");
  EXPECT_EQ(one.take({}, used, out), exchange::step::run) << "no bytes are needed to go on";
  EXPECT_EQ(one.asked().what, verb::resume);
  one.finished(done(), out);
  EXPECT_EQ(one.take(rest, used, out), exchange::step::more);
  EXPECT_EQ(used, rest.size());
  EXPECT_EQ(told(out), "C(PAUSE) C(RESUME) Z(I) T(?column?) D(1) C(SELECT 1) Z(I)");
}

// However the bytes come, the answers are the same.
TEST(console, does_not_mind_how_its_bytes_come) {
  const auto bytes = query("SHOW CONFIG; PAUSE a; BEGIN") + parse_as("s", "SHOW CONFIG") + describe('S', "s") +
                     bind_to("p", "s", {1}) + describe('P', "p") + execute("p", 1) + sync() + execute("p") +
                     query("COMMIT; PAWSE") + parse_as("s", "again") + execute("p") + sync() + close_of('S', "s") +
                     message('H') + message('F', "\0\0\0\1"s) + query("");
  auto whole = with_config();
  whole.says(bytes);
  EXPECT_EQ(whole.ran, (strings{"SHOW", "PAUSE a", "SHOW"}));
  for (std::size_t at_once = 1; at_once < 40; ++at_once) {
    auto one = with_config();
    one.says(bytes, at_once);
    EXPECT_EQ(one.out, whole.out) << at_once;
    EXPECT_EQ(one.ran, whole.ran) << at_once;
  }
}

TEST(console, refuses_what_is_not_for_it) {
  struct row {
    const char* why;
    std::string bytes, told;
    bool closed;
  };
  const auto header = [](char type, std::string length) { return type + length; };
  const row rows[] = {
      {"a goodbye", message('X'), "", true},
      {"a function call", message('F', "\0\0\0\1"s), "E(0A000 the console has no functions to call) Z(I)", false},
      {"what is left of a copy", message('d', "1\t2\n") + message('c') + message('f', "why\0"s) + query("SELECT 1"),
       "T(?column?) D(1) C(SELECT 1) Z(I)", false},
      {"a password, too late", message('p', "secret\0"s), "E(FATAL 08P01 invalid frontend message type 112)", true},
      {"no message at all", message('\xFF'), "E(FATAL 08P01 invalid frontend message type 255)", true},
      {"a length of nothing", header('Q', "\0\0\0\0"s), "E(FATAL 08P01 invalid message length)", true},
      {"a length less than itself", header('Q', "\0\0\0\x03"s), "E(FATAL 08P01 invalid message length)", true},
      {"a length that is too long", header('Q', "\0\x01\0\x01"s),
       "E(FATAL 54000 the message is longer than the console's 65536 bytes)", true},
      {"a length of 2^31", header('Q', "\x80\0\0\0"s),
       "E(FATAL 54000 the message is longer than the console's 65536 bytes)", true},
      {"a length of 2^32 - 1", header('d', "\xFF\xFF\xFF\xFF"s),
       "E(FATAL 54000 the message is longer than the console's 65536 bytes)", true},
      {"a query without an end", message('Q', "SELECT 1"), "E(08P01 invalid message format) Z(I)", false},
      {"a query with two ends", message('Q', "a\0b\0"s), "E(08P01 invalid message format) Z(I)", false},
      {"an empty query message", message('Q'), "E(08P01 invalid message format) Z(I)", false},
      {"a parse that is cut off", message('P', "\0SHOW"s) + query("SELECT 1") + sync(),
       "E(08P01 invalid message format) Z(I)", false},
      {"a bind that is cut off", message('B', "\0\0"s) + sync(), "E(08P01 invalid message format) Z(I)", false},
      {"a describe of nothing", message('D', "Xa\0"s) + sync(), "E(08P01 invalid message format) Z(I)", false},
      {"a close that is cut off", message('C', "Sa"s) + sync(), "E(08P01 invalid message format) Z(I)", false},
      {"an execute that is cut off", message('E', "\0"s) + sync(), "E(08P01 invalid message format) Z(I)", false},
      {"no message, while the rest is skipped", message('E') + message('!'),
       "E(08P01 invalid message format) E(FATAL 08P01 invalid frontend message type 33)", true},
      {"a goodbye, while the rest is skipped", message('E') + message('X'), "E(08P01 invalid message format)", true},
  };
  for (const auto& each : rows) {
    for (const std::size_t at_once : {std::string::npos, std::size_t{1}}) {
      talk one;
      EXPECT_EQ(one.says(each.bytes, at_once), each.told) << each.why;
      EXPECT_EQ(one.closed, each.closed) << each.why;
    }
  }
}

TEST(console, takes_the_longest_message_and_no_longer) {
  const auto of_size = [](std::size_t size) { return query("SELECT 1" + std::string(size - 4 - 1 - 8, ' ')); };
  talk one;
  EXPECT_EQ(one.says(of_size(exchange::longest_message)), "T(?column?) D(1) C(SELECT 1) Z(I)");
  EXPECT_FALSE(one.closed);
  one.says(of_size(exchange::longest_message + 1));
  EXPECT_TRUE(one.closed);
}

TEST(console, takes_a_query_of_nothing_but_commands) {
  std::string text;
  while (text.size() < 60'000) text += "PAUSE a;";
  talk one;
  one.says(query(text));
  EXPECT_EQ(one.ran.size(), text.size() / 8);
}

}  // namespace
}  // namespace highwater::console
