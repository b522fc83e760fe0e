#include "proxy/console/command.hpp"

#include <gtest/gtest.h>

#include "proxy/console/command_table.hpp"

namespace highwater::console {
namespace {

command make(verb what, std::string_view tag, std::string subject = {}, std::string value = {}) {
  command made;
  made.what = what;
  made.tag = tag;
  made.subject = std::move(subject);
  made.value = std::move(value);
  return made;
}

command show(view what) {
  command made;
  made.shows = what;
  return made;
}

command kill_client(std::uint64_t id) {
  auto made = make(verb::kill_client, "KILL_CLIENT");
  made.client = id;
  return made;
}

command shutdown(shutdown_mode how) {
  auto made = make(verb::shutdown, "SHUTDOWN");
  made.mode = how;
  return made;
}

TEST(command, is_what_was_typed) {
  struct row {
    std::string text;
    command means;
  };
  const row rows[] = {
      {"SHOW POOLS", show(view::pools)},
      {"show pools;", show(view::pools)},
      {" /* all */ Show\tPools ; -- done", show(view::pools)},
      {"SHOW STATS_TOTALS", show(view::stats_totals)},
      {"SHOW TOTALS", show(view::totals)},
      {"SHOW HELP", show(view::help)},
      {"help", show(view::help)},
      {"PAUSE", make(verb::pause, "PAUSE")},
      {"PAUSE Shop", make(verb::pause, "PAUSE", "Shop")},
      {"pause \"a b\";", make(verb::pause, "PAUSE", "a b")},
      {"PAUSE 'a''b'", make(verb::pause, "PAUSE", "a'b")},
      {"PAUSE my-shop", make(verb::pause, "PAUSE", "my-shop")},
      {"RESUME", make(verb::resume, "RESUME")},
      {"RESUME shop", make(verb::resume, "RESUME", "shop")},
      {"WAIT_CLOSE", make(verb::wait_close, "WAIT_CLOSE")},
      {"WAIT_CLOSE shop", make(verb::wait_close, "WAIT_CLOSE", "shop")},
      {"RELOAD", make(verb::reload, "RELOAD")},
      {"RECONNECT", make(verb::reconnect, "RECONNECT")},
      {"RECONNECT shop", make(verb::reconnect, "RECONNECT", "shop")},
      {"KILL shop", make(verb::kill, "KILL", "shop")},
      {"KILL_CLIENT 18446744073709551615", kill_client(18446744073709551615U)},
      {"KILL_CLIENT '12'", kill_client(12)},
      {"DISABLE shop", make(verb::disable, "DISABLE", "shop")},
      {"ENABLE shop", make(verb::enable, "ENABLE", "shop")},
      {"DRAIN node-2", make(verb::drain, "DRAIN", "node-2")},
      {"UNDRAIN node-2", make(verb::undrain, "UNDRAIN", "node-2")},
      {"SET pool.size = 30", make(verb::set, "SET", "pool.size", "30")},
      {"SET pool.size=30", make(verb::set, "SET", "pool.size", "30")},
      {"set pool.size to '30'", make(verb::set, "SET", "pool.size", "30")},
      {"SET \"pool.idle_timeout\" = 10min", make(verb::set, "SET", "pool.idle_timeout", "10min")},
      {"SET list = a, 'b c'", make(verb::set, "SET", "list", "a, b c")},
      {"SET log.level = ''", make(verb::set, "SET", "log.level", "")},
      {"SHUTDOWN", shutdown(shutdown_mode::immediate)},
      {"SHUTDOWN wait_for_servers", shutdown(shutdown_mode::wait_for_servers)},
      {"SHUTDOWN WAIT_FOR_CLIENTS", shutdown(shutdown_mode::wait_for_clients)},
  };
  for (const auto& each : rows) {
    const auto found = parse(each.text);
    ASSERT_EQ(found.commands.size(), 1U) << each.text;
    EXPECT_FALSE(found.why) << each.text;
    EXPECT_EQ(found.commands.front(), each.means) << each.text;
  }
}

TEST(command, of_a_driver_is_understood) {
  struct row {
    std::string text;
    command means;
  };
  const row rows[] = {
      {"SET client_encoding = 'UTF8'", make(verb::keep_setting, "SET")},
      {"SET CLIENT_ENCODING TO 'utf-8'", make(verb::keep_setting, "SET")},
      {"SET extra_float_digits = 3", make(verb::keep_setting, "SET")},
      {"SET DATESTYLE TO 'ISO'", make(verb::keep_setting, "SET")},
      {"SET datestyle = ISO, MDY", make(verb::keep_setting, "SET")},
      {"SET SESSION statement_timeout = 0", make(verb::keep_setting, "SET")},
      {"SET LOCAL lock_timeout TO DEFAULT", make(verb::keep_setting, "SET")},
      {"SET application_name = 'psql'", make(verb::keep_setting, "SET")},
      {"SET TIME ZONE 'UTC'", make(verb::keep_setting, "SET")},
      {"SET NAMES 'utf8'", make(verb::keep_setting, "SET")},
      {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", make(verb::keep_setting, "SET")},
      {"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", make(verb::keep_setting, "SET")},
      {"RESET ALL", make(verb::keep_setting, "RESET")},
      {"SHOW client_encoding", make(verb::show_setting, "SHOW", "client_encoding")},
      {"show datestyle", make(verb::show_setting, "SHOW", "DateStyle")},
      {"SHOW TIME ZONE", make(verb::show_setting, "SHOW", "TimeZone")},
      {"SHOW TRANSACTION ISOLATION LEVEL", make(verb::show_setting, "SHOW", "transaction_isolation")},
      {"BEGIN", make(verb::begin, "BEGIN")},
      {"BEGIN READ ONLY", make(verb::begin, "BEGIN")},
      {"START TRANSACTION", make(verb::begin, "START TRANSACTION")},
      {"COMMIT", make(verb::end, "COMMIT")},
      {"END", make(verb::end, "COMMIT")},
      {"ROLLBACK", make(verb::end, "ROLLBACK")},
      {"ABORT WORK", make(verb::end, "ROLLBACK")},
      {"DISCARD ALL", make(verb::discard, "DISCARD ALL")},
      {"DEALLOCATE ALL", make(verb::deallocate, "DEALLOCATE")},
      {"DEALLOCATE PREPARE s1", make(verb::deallocate, "DEALLOCATE", "s1")},
      {"DEALLOCATE \"all\"", make(verb::deallocate, "DEALLOCATE", "all")},
      {"SELECT 1", make(verb::select, "SELECT 1", "1")},
      {"select version()", make(verb::select, "SELECT 1", "version")},
      {"select pg_catalog.version();", make(verb::select, "SELECT 1", "version")},
  };
  for (const auto& each : rows) {
    const auto found = parse(each.text);
    ASSERT_EQ(found.commands.size(), 1U) << each.text;
    EXPECT_EQ(found.commands.front(), each.means) << each.text;
    EXPECT_TRUE(may_run(access::stats, found.commands.front())) << each.text;
  }
}

TEST(command, that_is_wrong_is_refused_with_what_would_be_right) {
  struct row {
    const char *text, *code, *message, *detail;
  };
  const row rows[] = {
      {"PAWSE", "42601", "syntax error at or near \"PAWSE\"", "The console has no such command."},
      {"\"SHOW\" POOLS", "42601", "syntax error at or near \"SHOW\"", "The console has no such command."},
      {"= 1", "42601", "syntax error at or near \"=\"", "The console has no such command."},
      {"COPY t FROM STDIN", "42601", "syntax error at or near \"COPY\"", "The console has no such command."},
      {"SHOW", "42601", "syntax error at end of input", "The command is SHOW name."},
      {"SHOW POLS", "42704", "unrecognized configuration parameter \"POLS\"", ""},
      {"SHOW POOLS now", "42704", "unrecognized configuration parameter \"POOLS now\"", ""},
      {"HELP me", "42601", "syntax error at or near \"me\"", "The command is HELP."},
      {"PAUSE a b", "42601", "syntax error at or near \"b\"", "The command is PAUSE [database]."},
      {"PAUSE ''", "42601", "syntax error at end of input", "The command is PAUSE [database]."},
      {"PAUSE = a", "42601", "syntax error at or near \"=\"", "The command is PAUSE [database]."},
      {"PAUSE a, b", "42601", "syntax error at or near \",\"", "The command is PAUSE [database]."},
      {"KILL", "42601", "syntax error at end of input", "The command is KILL database."},
      {"DISABLE", "42601", "syntax error at end of input", "The command is DISABLE database."},
      {"DRAIN", "42601", "syntax error at end of input", "The command is DRAIN node."},
      {"RELOAD now", "42601", "syntax error at or near \"now\"", "The command is RELOAD."},
      {"KILL_CLIENT", "42601", "syntax error at end of input", "The command is KILL_CLIENT id."},
      {"KILL_CLIENT x", "42601", "syntax error at or near \"x\"", "The command is KILL_CLIENT id."},
      {"KILL_CLIENT 1x", "42601", "syntax error at or near \"1x\"", "The command is KILL_CLIENT id."},
      {"KILL_CLIENT -1", "42601", "syntax error at or near \"-1\"", "The command is KILL_CLIENT id."},
      {"KILL_CLIENT 18446744073709551616", "42601", "syntax error at or near \"18446744073709551616\"",
       "The command is KILL_CLIENT id."},
      {"KILL_CLIENT 1 2", "42601", "syntax error at or near \"2\"", "The command is KILL_CLIENT id."},
      {"SHUTDOWN soon", "42601", "syntax error at or near \"soon\"",
       "The command is SHUTDOWN [WAIT_FOR_SERVERS | WAIT_FOR_CLIENTS]."},
      {"SET", "42601", "syntax error at end of input", "The command is SET option = value."},
      {"SET a", "42601", "syntax error at end of input", "The command is SET option = value."},
      {"SET a =", "42601", "syntax error at end of input", "The command is SET option = value."},
      {"SET a b", "42601", "syntax error at or near \"b\"", "The command is SET option = value."},
      {"SET a = b c", "42601", "syntax error at or near \"c\"", "The command is SET option = value."},
      {"SET a = b,", "42601", "syntax error at end of input", "The command is SET option = value."},
      {"SET 'a' = b", "42601", "syntax error at or near \"a\"", "The command is SET option = value."},
      {"SET LOCAL pool.size = 3", "42704", "unrecognized configuration parameter \"pool.size\"", ""},
      {"SET server_version = 15", "55P02", "parameter \"server_version\" cannot be changed", ""},
      {"SET is_superuser = on", "55P02", "parameter \"is_superuser\" cannot be changed", ""},
      {"ROLLBACK TO a", "42601", "syntax error at or near \"TO\"", "The command is ROLLBACK."},
      {"START", "42601", "syntax error at end of input", "The command is START TRANSACTION."},
      {"DEALLOCATE", "42601", "syntax error at end of input", "The command is DEALLOCATE name."},
      {"SELECT", "42601", "syntax error at end of input", "The command is SELECT 1."},
      {"SELECT * FROM t", "0A000", "the console runs no SQL",
       "Of SELECT it knows no more than SELECT 1 and SELECT version()."},
      {"SELECT 1 FROM t", "0A000", "the console runs no SQL",
       "Of SELECT it knows no more than SELECT 1 and SELECT version()."},
      {"SELECT version", "0A000", "the console runs no SQL",
       "Of SELECT it knows no more than SELECT 1 and SELECT version()."},
      {"SELECT 12345678901", "0A000", "the console runs no SQL",
       "Of SELECT it knows no more than SELECT 1 and SELECT version()."},
      {"SUSPEND", "0A000", "SUSPEND is not supported", ""},
      {"show fds", "0A000", "SHOW FDS is not supported", ""},
      {"SHOW SOCKETS", "0A000", "SHOW SOCKETS is not supported", ""},
      {"SHOW DNS_HOSTS", "0A000", "SHOW DNS_HOSTS is not supported", ""},
      {"PAUSE $1", "42P02", "there is no parameter $1", "The console's commands have no parameters."},
      {"PAUSE 'open", "42601", "unterminated quoted string", ""},
  };
  for (const auto& each : rows) {
    const auto found = parse(each.text);
    ASSERT_TRUE(found.why) << each.text;
    EXPECT_TRUE(found.commands.empty()) << each.text;
    EXPECT_EQ(found.why->code, each.code) << each.text;
    EXPECT_EQ(found.why->message, each.message) << each.text;
    EXPECT_EQ(found.why->detail, each.detail) << each.text;
    const auto& hint = found.why->hint;
    const bool says_where_to_look = hint.starts_with("SHOW HELP lists the commands.");
    EXPECT_TRUE(found.why->code != "42601" || says_where_to_look) << each.text;
    EXPECT_FALSE(found.why->code == "0A000" && hint.empty()) << each.text;
  }
}

TEST(command, may_be_one_of_several) {
  const auto found = parse("show pools;; PAUSE a; RESUME a;");
  ASSERT_EQ(found.commands.size(), 3U);
  EXPECT_EQ(found.commands[1], make(verb::pause, "PAUSE", "a"));
  EXPECT_EQ(parse("PAUSE a; RESMUE a").commands.size(), 0U) << "nothing of a text with a mistake is to be run";
  EXPECT_TRUE(parse(" ; -- nothing\n").commands.empty());
  EXPECT_FALSE(parse("").why);
}

TEST(command, quotes_no_more_than_a_little_of_what_was_typed) {
  const auto found = parse(std::string(63, 'x') + "ä" + std::string(60'000, 'x'));
  ASSERT_TRUE(found.why);
  EXPECT_EQ(found.why->message, "syntax error at or near \"" + std::string(63, 'x') + "…\"")
      << "and no half of a character";
}

TEST(command, is_an_admins_unless_it_only_shows) {
  for (const auto& each : command_rows()) {
    const bool shows = each.what == verb::show || each.help.empty();
    EXPECT_EQ(each.who == access::stats, shows) << each.word;
    command made;
    made.what = each.what;
    EXPECT_TRUE(may_run(access::admin, made)) << each.word;
    EXPECT_EQ(may_run(access::stats, made), shows) << each.word;
  }
}

TEST(command_table, names_every_view_once) {
  ASSERT_EQ(view_rows().size(), view_count);
  for (std::size_t i = 0; i < view_count; ++i) {
    EXPECT_EQ(view_rows()[i].shows, static_cast<view>(i));
    EXPECT_FALSE(view_rows()[i].help.empty());
    EXPECT_EQ(parse("SHOW " + std::string(to_string(static_cast<view>(i)))).commands.size(), 1U);
  }
}

TEST(command_table, has_every_word_once_and_of_one_verb_one_access) {
  for (const auto& one : command_rows()) {
    for (const auto& other : command_rows()) {
      EXPECT_TRUE(&one == &other || one.word != other.word) << one.word;
      EXPECT_TRUE(one.what != other.what || one.who == other.who) << one.word << " " << other.word;
    }
  }
}

}  // namespace
}  // namespace highwater::console
