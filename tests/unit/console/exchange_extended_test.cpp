#include <gtest/gtest.h>

#include "proxy/console/exchange.hpp"
#include "tests/unit/console/console_talk.hpp"

namespace highwater::console {
namespace {

using namespace std::string_literals;
using strings = std::vector<std::string>;

const std::string columns = "T(key|value|default|changeable)", one_row = "D(a|1|NULL|no)", two_row = "D(b|2|NULL|no)",
                  three_row = "D(c|3|NULL|no)";

talk with_config() {
  talk made;
  for (const std::string each : {"a1", "b2", "c3"}) {
    made.known.config.push_back({each.substr(0, 1), each.substr(1), std::nullopt, false});
  }
  return made;
}

std::string show_config(const std::string& portal = "") {
  return parse_as("", "SHOW CONFIG") + bind_to(portal, "");
}

TEST(extended, does_what_drivers_do) {
  struct row {
    const char* why;
    std::string bytes, told;
    strings ran;
  };
  const row rows[] = {
      {"pgjdbc: all at once",
       show_config() + describe('P', "") + execute("") + sync(),
       "1 2 " + columns + " " + one_row + " " + two_row + " " + three_row + " C(SHOW) Z(I)",
       {"SHOW"}},
      {"pgx: described first, then bound",
       parse_as("s", "SHOW CONFIG") + describe('S', "s") + sync() + bind_to("", "s", {1, 1, 1, 1}) + describe('P', "") +
           execute("") + sync(),
       "1 t " + columns + " Z(I) 2 T(key:b|value:b|default:b|changeable:b) " + one_row + " " + two_row + " " +
           three_row + " C(SHOW) Z(I)",
       {"SHOW"}},
      {"a command with nothing to show",
       parse_as("", "PAUSE a") + describe('S', "") + bind_to("", "") + describe('P', "") + execute("") + sync(),
       "1 t n 2 n C(PAUSE) Z(I)",
       {"PAUSE a"}},
      {"an empty query",
       parse_as("", "") + describe('S', "") + bind_to("", "") + describe('P', "") + execute("") + sync(),
       "1 t n 2 n I Z(I)",
       {}},
      {"a health check",
       parse_as("", "SELECT 1") + bind_to("", "", {1}) + describe('P', "") + execute("") + sync(),
       "1 2 T(?column?:b) D(\0\0\0\x01) C(SELECT 1) Z(I)"s,
       {}},
      {"a setting",
       parse_as("", "SET extra_float_digits = 3") + bind_to("", "") + execute("", 1) + sync(),
       "1 2 C(SET) Z(I)",
       {}},
      {"without a Sync, until one comes",
       parse_as("", "RELOAD") + bind_to("", "") + execute("") + message('H'),
       "1 2 C(RELOAD)",
       {"RELOAD"}},
      {"pipelined",
       parse_as("", "PAUSE a") + bind_to("", "") + execute("") + sync() + parse_as("", "RESUME a") + bind_to("", "") +
           execute("") + sync(),
       "1 2 C(PAUSE) Z(I) 1 2 C(RESUME) Z(I)",
       {"PAUSE a", "RESUME a"}},
      {"one statement, bound twice",
       parse_as("s", "PAUSE a") + bind_to("", "s") + execute("") + bind_to("", "s") + execute("") + sync(),
       "1 2 C(PAUSE) 2 C(PAUSE) Z(I)",
       {"PAUSE a", "PAUSE a"}},
      {"closed, also what there is not",
       parse_as("s", "RELOAD") + close_of('S', "s") + close_of('S', "s") + close_of('P', "p") + bind_to("", "s") +
           sync(),
       "1 3 3 3 E(26000 prepared statement \"s\" does not exist) Z(I)",
       {}},
      {"one that is deallocated in SQL",
       parse_as("s", "RELOAD") + query("DEALLOCATE s") + bind_to("", "s") + sync(),
       "1 C(DEALLOCATE) Z(I) E(26000 prepared statement \"s\" does not exist) Z(I)",
       {}},
      {"all that are discarded, from a statement of them",
       parse_as("s", "DISCARD ALL") + bind_to("p", "s") + execute("p") + bind_to("", "s") + sync(),
       "1 2 C(DISCARD ALL) E(26000 prepared statement \"s\" does not exist) Z(I)",
       {}},
  };
  for (const auto& each : rows) {
    auto one = with_config();
    EXPECT_EQ(one.says(each.bytes), each.told) << each.why;
    EXPECT_EQ(one.ran, each.ran) << each.why;
  }
}

TEST(extended, gives_rows_in_portions) {
  struct row {
    const char* why;
    std::string bytes, told;
  };
  const auto three = one_row + " " + two_row + " " + three_row;
  const row rows[] = {
      {"one by one", execute("p", 1) + execute("p", 1) + execute("p", 1) + execute("p", 1) + execute("p", 1),
       one_row + " s " + two_row + " s " + three_row + " s C(SHOW) C(SHOW)"},
      {"two, then the rest", execute("p", 2) + execute("p"), one_row + " " + two_row + " s " + three_row + " C(SHOW)"},
      {"exactly all", execute("p", 3) + execute("p", 3), three + " s C(SHOW)"},
      {"more than all", execute("p", 4), three + " C(SHOW)"},
      {"2^31, which PostgreSQL takes for less than nothing", execute("p", 0x80000000U), three + " C(SHOW)"},
      {"all, and nothing is left", execute("p") + execute("p"), three + " C(SHOW) C(SHOW)"},
  };
  for (const auto& each : rows) {
    auto one = with_config();
    EXPECT_EQ(one.says(show_config("p") + each.bytes + sync()), "1 2 " + each.told + " Z(I)") << each.why;
    EXPECT_EQ(one.ran, (strings{"SHOW"})) << "it ran once: " << each.why;
  }
}

TEST(extended, keeps_portals_as_long_as_their_transaction) {
  const auto gone = "E(34000 portal \"p\" does not exist)"s;
  struct row {
    const char* why;
    std::string bytes, told;
  };
  const row rows[] = {
      {"none: to the Sync", show_config("p") + execute("p", 1) + sync() + execute("p", 1) + sync(),
       "1 2 " + one_row + " s Z(I) " + gone + " Z(I)"},
      {"none: to the next Query", show_config("p") + query("") + describe('P', "p") + sync(),
       "1 2 I Z(I) " + gone + " Z(I)"},
      {"to its end",
       query("BEGIN") + show_config("p") + execute("p", 1) + sync() + execute("p", 1) + sync() + query("COMMIT") +
           execute("p") + sync(),
       "C(BEGIN) Z(T) 1 2 " + one_row + " s Z(T) " + two_row + " s Z(T) C(COMMIT) Z(I) " + gone + " Z(I)"},
      {"until it is closed", query("BEGIN") + show_config("p") + close_of('P', "p") + execute("p") + sync(),
       "C(BEGIN) Z(T) 1 2 3 " + gone + " Z(T)"},
  };
  for (const auto& each : rows) EXPECT_EQ(with_config().says(each.bytes), each.told) << each.why;
}

TEST(extended, refuses_and_skips_to_the_next_sync) {
  struct row {
    const char* why;
    std::string bytes, told;
  };
  const row rows[] = {
      {"a mistake", parse_as("", "PAWSE"), "E(42601 syntax error at or near \"PAWSE\")"},
      {"several commands", parse_as("", "PAUSE; RESUME"),
       "E(42601 cannot insert multiple commands into a prepared statement)"},
      {"types of parameters", parse_as("", "PAUSE", "\0\1\0\0\0\x19"s),
       "E(0A000 the console's commands have no parameters)"},
      {"parameters without types", parse_as("", "KILL_CLIENT $1"), "E(42P02 there is no parameter $1)"},
      {"a value for a parameter", parse_as("s", "RELOAD") + message('B', "\0s\0\0\0\0\1\xFF\xFF\xFF\xFF\0\0"s),
       "1 E(08P01 bind message supplies 1 parameters, but prepared statement \"s\" requires 0)"},
      {"a format that is not known", parse_as("", "SHOW CONFIG") + bind_to("", "", {2}),
       "1 E(22023 unsupported format code: 2)"},
      {"formats for other columns", parse_as("", "SHOW CONFIG") + bind_to("", "", {0, 1}),
       "1 E(08P01 bind message has 2 result formats but query has 4 columns)"},
      {"no statement", bind_to("", "s"), "E(26000 prepared statement \"s\" does not exist)"},
      {"no unnamed statement", bind_to("", ""), "E(26000 unnamed prepared statement does not exist)"},
      {"no statement to describe", describe('S', "s"), "E(26000 prepared statement \"s\" does not exist)"},
      {"no portal to describe", describe('P', "p"), "E(34000 portal \"p\" does not exist)"},
      {"no portal", execute("p"), "E(34000 portal \"p\" does not exist)"},
      {"a statement of that name", parse_as("s", "PAUSE") + parse_as("s", "PAUSE"),
       "1 E(42P05 prepared statement \"s\" already exists)"},
      {"a portal of that name", parse_as("", "PAUSE") + bind_to("p", "") + bind_to("p", ""),
       "1 2 E(42P03 portal \"p\" already exists)"},
      {"a name that is too long", parse_as(std::string(64, 'n'), "PAUSE"), "E(42622 the name is too long)"},
      {"a portal's name that is too long", parse_as("", "PAUSE") + bind_to(std::string(64, 'n'), ""),
       "1 E(42622 the name is too long)"},
      {"what has been run", parse_as("", "DRAIN a") + bind_to("", "") + execute("") + execute(""),
       "1 2 C(DRAIN) E(55000 unnamed portal cannot be run)"},
      {"the process's own refusal", parse_as("", "KILL a") + bind_to("", "") + execute(""),
       "1 2 E(42704 no such database: a)"},
      {"what does not exist any more", parse_as("s", "PAUSE") + parse_as("", "PAWSE"),
       "1 E(42601 syntax error at or near \"PAWSE\")"},
  };
  for (const auto& each : rows) {
    talk one;
    one.answers["KILL"] = wire::error{"42704", "no such database: a", "", ""};
    const auto skipped = parse_as("", "RESUME") + bind_to("", "") + execute("") + query("RELOAD") + message('F') +
                         message('H') + close_of('P', "");
    EXPECT_EQ(one.says(each.bytes + skipped + sync() + query("SELECT 1")),
              each.told + " Z(I) T(?column?) D(1) C(SELECT 1) Z(I)")
        << each.why;
    EXPECT_EQ(std::ranges::count(one.ran, "RESUME") + std::ranges::count(one.ran, "RELOAD"), 0) << each.why;
  }
}

TEST(extended, forgets_the_unnamed_statement) {
  talk one;
  EXPECT_EQ(one.says(parse_as("", "RELOAD") + parse_as("", "PAWSE") + sync() + bind_to("", "") + sync()),
            "1 E(42601 syntax error at or near \"PAWSE\") Z(I) E(26000 unnamed prepared statement does not exist) Z(I)")
      << "a Parse that fails has ended it";
  EXPECT_EQ(one.says(parse_as("", "RELOAD") + query("") + bind_to("", "") + sync()),
            "1 I Z(I) E(26000 unnamed prepared statement does not exist) Z(I)")
      << "a Query ends it";
  EXPECT_TRUE(one.ran.empty());
}

TEST(extended, keeps_so_many_names_and_no_more) {
  talk one;
  std::string bytes;
  for (std::size_t i = 0; i < prepared::most_statements; ++i) bytes += parse_as("s" + std::to_string(i), "RELOAD");
  EXPECT_EQ(one.says(bytes).find('E'), std::string::npos);
  EXPECT_EQ(one.says(parse_as("one more", "RELOAD") + sync()), "E(54000 too many prepared statements) Z(I)");
  EXPECT_EQ(one.says(parse_as("", "RELOAD") + close_of('S', "s0") + parse_as("s0", "RELOAD") + sync()), "1 3 1 Z(I)");
  bytes = parse_as("", "RELOAD");
  for (std::size_t i = 0; i < prepared::most_portals; ++i) bytes += bind_to("p" + std::to_string(i), "");
  EXPECT_EQ(one.says(bytes).find('E'), std::string::npos);
  EXPECT_EQ(one.says(bind_to("one more", "") + sync()), "E(54000 too many portals) Z(I)");
  EXPECT_EQ(one.says(bind_to("one more", "") + sync()), "2 Z(I)") << "the Sync has ended them";
}

TEST(extended, waits_while_a_command_runs) {
  exchange one({access::admin, "ann", "0.1.0"});
  const auto bytes = parse_as("", "PAUSE") + bind_to("", "") + execute("") + sync();
  std::size_t used = 0;
  std::string out;
  ASSERT_EQ(one.take(bytes, used, out), exchange::step::run);
  EXPECT_EQ(std::string_view(bytes).substr(used), sync());
  EXPECT_EQ(told(out), "1 2") << "what was answered before goes out";
  one.finished(wire::error{"57014", "canceling statement due to user request", "", ""}, out);
  EXPECT_EQ(one.take(sync(), used, out), exchange::step::more);
  EXPECT_EQ(told(out), "1 2 E(57014 canceling statement due to user request) Z(I)");
}

}  // namespace
}  // namespace highwater::console
