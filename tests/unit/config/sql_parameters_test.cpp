#include "config/sql_parameters.hpp"

#include <gtest/gtest.h>

namespace highwater::config {
namespace {

TEST(sql_parameters, the_first_and_no_other) {
  const struct {
    const char* why;
    const char* sql;
    bool fits;
  } rows[] = {
      {"as it should be", "SELECT * FROM f($1)", true},
      {"more than once", "SELECT $1, secret FROM t WHERE name=$1", true},
      {"none", "SELECT 1", false},
      {"nothing", "", false},
      {"a second", "SELECT $1, $2", false},
      {"another", "SELECT * FROM f($2)", false},
      {"one that begins alike", "SELECT * FROM f($10)", false},
      {"the lexer takes the digits alone", "SELECT $1::text", true},
      {"no number", "SELECT $", false},
      {"in a string", "SELECT '$1'", false},
      {"a string that ends before it", "SELECT 'it''s', $1", true},
      {"a string that does not end", "SELECT 'it', '$1", false},
      {"a backslash is no escape", "SELECT '\\', $1", true},
      {"... but in such a string", "SELECT E'\\', $1'", false},
      {"... of either case", "SELECT e'\\'', $1", true},
      {"... and not behind another name", "SELECT type'\\', $1", true},
      {"in a name", "SELECT \"$1\"", false},
      {"in a plain name", "SELECT a$1", false},
      {"in a name that is no ASCII", "SELECT \xc3\xa9$1", false},
      {"in a comment", "SELECT 1 -- $1", false},
      {"behind one", "SELECT 1 -- a\n, $1", true},
      {"in a long comment", "SELECT 1 /* $1 */", false},
      {"behind one", "SELECT /* a */ $1", true},
      {"comments in comments", "SELECT /* /* a */ $1 */ 1", false},
      {"behind those", "SELECT /* /* a */ b */ $1", true},
      {"no comment", "SELECT 2 - -1 * $1 / 2", true},
      {"between dollars", "SELECT $$ $1 $$", false},
      {"behind those", "SELECT $$ a $$, $1", true},
      {"between tags", "SELECT $a1$ $$ $1 $a1$", false},
      {"another tag", "SELECT $a$ $b$, $1 $a$", false},
      {"behind tags", "SELECT $_$ a $_$, $1", true},
  };
  for (const auto& [why, sql, fits] : rows) EXPECT_EQ(has_one_parameter(sql), fits) << why << ": " << sql;
}

}  // namespace
}  // namespace highwater::config
