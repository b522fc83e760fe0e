#include "routing/sql/shape_key.hpp"

#include <gtest/gtest.h>

namespace highwater::sql {
namespace {

std::string key_of(std::string_view sql) {
  std::string key;
  EXPECT_TRUE(make_shape_key(sql, key).ok) << sql;
  return key;
}

struct pair_of_texts {
  const char* one;
  const char* other;
};

TEST(shape_key, is_shared_by_texts_that_differ_in_literals_and_blanks_only) {
  const pair_of_texts same[] = {
      {"SELECT 1", "SELECT 22222"},
      {"SELECT 1", "SELECT 1.5e-7"},
      {"SELECT 1", "SELECT .5"},
      {"SELECT 'a'", "SELECT 'it''s; -- no comment /* none */'"},
      {"SELECT 'a'", "SELECT E'it\\'s'"},
      {"SELECT 'a'", "SELECT U&'d\\0061t'"},
      {"SELECT 'a'", "SELECT $$it's$$"},
      {"SELECT 'a'", "SELECT $q$ $$ $qq$ '$q$"},
      {"SELECT B'0'", "SELECT b'1'"},
      {"SELECT X'0'", "SELECT x'ff'"},
      {"SELECT  a\n FROM\tt", "SELECT a FROM t"},
      {"  SELECT a ", "SELECT a"},
      {"SELECT a -- one\n FROM t", "SELECT a -- two\r FROM t"},
      {"SELECT/* one /* inside */ */a", "SELECT a"},
      {"/* highwater: level=strong */ SELECT a", "SELECT a"},
      {"-- highwater: level=strong\nSELECT a", "SELECT a"},
      {"SELECT a --Highwater: level=best", "SELECT a"},
      {"SELECT 'highwater.a'", "SELECT $$Highwater.B$$"},
      {"SELECT 'highwater'", "SELECT 'a highwater.a'"},
      {"SELECT a IN (1)", "SELECT a IN (1, 2, 3 , 4)"},
      {"SELECT a IN ('x')", "SELECT a IN ('x','y',$$z$$)"},
      {"SELECT a in ($1)", "SELECT a in ($1, $2, $3)"},
      {"SELECT a in ($1)", "SELECT a in ($7)"},
      {"SELECT a IN (1, b)", "SELECT a IN (1, 2, b)"},
      {"SELECT a+--x\n1", "SELECT a+ 2"},
      {"SELECT a*/*x*/1", "SELECT a* 2"},
  };
  for (const auto& [one, other] : same) EXPECT_EQ(key_of(one), key_of(other)) << one << " | " << other;
}

TEST(shape_key, tells_texts_apart_that_differ_in_anything_else) {
  const pair_of_texts different[] = {
      {"SELECT a", "SELECT b"},
      {"SELECT a", "SELECT A"},
      {"SELECT a", "SELECT \"a\""},
      {"SELECT \"a b\"", "SELECT \"a  b\""},
      {"SELECT \"a\"\"b\"", "SELECT \"a\" \"b\""},
      {"SELECT $1", "SELECT $2"},
      {"SELECT $1", "SELECT 1"},
      {"SELECT 1", "SELECT '1'"},
      {"SELECT 1", "SELECT -1"},
      {"SELECT 'a'", "SELECT B'0'"},
      {"SELECT 'a'", "SELECT N'a'"},
      {"SELECT 'a'", "SELECT 'highwater.a'"},
      {"SELECT 'a'", "SELECT E'Highwater.a'"},
      {"SELECT 'a'", "SELECT U&'HIGHWATER.a'"},
      {"SELECT 'a'", "SELECT $q$highwater.a$q$"},
      {"SELECT a IN ('b')", "SELECT a IN ('b', 'highwater.a')"},
      {"SELECT B'0'", "SELECT X'0'"},
      {"SELECT a", "SELECT a;"},
      {"SELECT f('a')", "SELECT f('a', 'b')"},
      {"SELECT a1", "SELECT a 1"},
      {"SELECT a.b", "SELECT a. b"},
      {"SELECT xe'a'", "SELECT e'a'"},
      {"SELECT \xc3\xa4", "SELECT \xc3\xb6"},
      {"SELECT a$b$c", "SELECT a$d$c"},
      {"SELECT '--'\n, a", "SELECT --'\n a"},
      {"SELECT a/*'*/,b", "SELECT a,'b'"},
      {"SELECT a - - b", "SELECT a -- b"},
      {"SELECT a IN (1, 2)", "SELECT a IN (1 2)"},
      {"SELECT a IN (1, 2)", "SELECT a IN (1, 'b')"},
      {"SELECT a IN (1)", "SELECT a IN (1, b)"},
      {"SELECT a IN (1)", "SELECT a IN ($1)"},
      {"SELECT a IN (b, 1, 2)", "SELECT a IN (b, 1)"},
      {"SELECT a IN ((1, 2))", "SELECT a IN ((1))"},
      {"SELECT a (1, 2)", "SELECT a (1)"},
      {"SELECT inn (1, 2)", "SELECT inn (1)"},
      {"SELECT an (1, 2)", "SELECT an (1)"},
      {"SELECT \"in\" (1, 2)", "SELECT \"in\" (1)"},
  };
  for (const auto& [one, other] : different) EXPECT_NE(key_of(one), key_of(other)) << one << " | " << other;
}

TEST(shape_key, keeps_everything_but_literals) {
  EXPECT_EQ(key_of("SELECT \"Col\", f(x,$1)::int FROM t WHERE a>=10 AND b='x'"),
            "SELECT \"Col\", f(x,$1)::int FROM t WHERE a>=\x01 AND b=\x02");
  EXPECT_EQ(key_of(""), "");
  EXPECT_EQ(key_of(" -- nothing"), "");
}

TEST(shape_key, is_not_sure_of_anything_odd) {
  using namespace std::string_view_literals;
  for (const auto sql : {"SELECT 'a"sv,
                         "SELECT \"a"sv,
                         "SELECT /* a"sv,
                         "SELECT /* /* */"sv,
                         "SELECT $$a"sv,
                         "SELECT $a$ $b$"sv,
                         "SELECT E'a\\'"sv,
                         "SELECT 1a"sv,
                         "SELECT 1e"sv,
                         "SELECT 1..2"sv,
                         "SELECT 0x1F"sv,
                         "SELECT 1_000"sv,
                         "SELECT $1a"sv,
                         "SELECT $"sv,
                         "SELECT $9$ $9$"sv,
                         "SELECT 'a'\n'b'"sv,
                         "SELECT 'a' -- c\n 'b'"sv,
                         "SELECT 'a' 'b'"sv,
                         "SELECT U&\"a\""sv,
                         "SELECT \0"sv,
                         "SELECT '\0'"sv,
                         "SELECT \x01"sv,
                         "SELECT \x02"sv,
                         "SELECT \v1"sv,
                         "SELECT \\d"sv,
                         "SELECT -- \0\n 1"sv,
                         "SELECT $$\0$$"sv,
                         "SELECT \"\0\""sv}) {
    std::string key;
    EXPECT_FALSE(make_shape_key(sql, key).ok) << sql;
  }
}

TEST(shape_key, allocates_nothing_if_the_key_has_room) {
  std::string key;
  key.reserve(1000);
  const auto* const where = key.data();
  const auto capacity = key.capacity();
  make_shape_key(std::string(1000, 'a'), key);
  make_shape_key("SELECT 1", key);
  EXPECT_EQ(key.data(), where);
  EXPECT_EQ(key.capacity(), capacity);
}

TEST(shape_key, counts_tokens) {
  std::string key;
  EXPECT_EQ(make_shape_key("SELECT a + 1, 'x' /* c */ -- d", key).tokens, 6U);
}

TEST(shape_hint, is_read_from_comments_only) {
  struct hinted {
    const char* sql;
    std::optional<config::level> level;
    bool bad;
  };
  using config::level;
  const hinted table[] = {
      {"/* highwater: level=strong */ SELECT 1", level::strong, false},
      {"/*highwater:level=eventual*/ SELECT 1", level::eventual, false},
      {"SELECT 1 /* highwater: level=causal, */", level::causal, false},
      {"/* highwater: level=causal */ SELECT 1 /* highwater: level=primary */", level::primary, false},
      {"/* highwater: */ SELECT 1", std::nullopt, false},
      {"/* Highwater: Level = Strong */ SELECT 1", level::strong, false},
      {"/* highwater: level= */ SELECT 1", std::nullopt, true},
      {"/* highwater: level */ SELECT 1", std::nullopt, true},
      {"/* highwater: lever=strong */ SELECT 1", std::nullopt, true},
      {"/* highwater: lever=x level=strong */ SELECT 1", level::strong, true},
      {"/* not highwater: level=strong */ SELECT 1", std::nullopt, false},
      {"/* a /* highwater: level=strong */ */ SELECT 1", std::nullopt, false},
      {"-- highwater: level=strong\n SELECT 1", level::strong, false},
      {"--highwater:level=strong\r SELECT 1", level::strong, false},
      {"--\tHighwater: Level = strong\r\n SELECT 1", level::strong, false},
      {"SELECT 1 -- highwater: level=strong", level::strong, false},
      {"SELECT 'a' -- highwater: level=strong\n, 1", level::strong, false},
      {"SELECT 1+-- highwater: level=strong\n1", level::strong, false},
      {"-- highwater: level=causal\n/* highwater: level=strong */ SELECT 1", level::strong, false},
      {"-- highwater:\n level=strong", std::nullopt, false},
      {"-- highwater: level=strong */\n SELECT 1", level::strong, true},
      {"-- highwater: level=best\n SELECT 1", std::nullopt, true},
      {"-- highwater: level=\nstrong", std::nullopt, true},
      {"-- not highwater: level=strong\n SELECT 1", std::nullopt, false},
      {"---- highwater: level=strong\n SELECT 1", std::nullopt, false},
      {"-- /* highwater: level=strong */\n SELECT 1", std::nullopt, false},
      {"/* -- highwater: level=strong\n */ SELECT 1", std::nullopt, false},
      {"SELECT '-- highwater: level=strong'", std::nullopt, false},
      {"SELECT \"-- highwater: level=strong\"", std::nullopt, false},
      {"SELECT '/* highwater: level=strong */'", std::nullopt, false},
      {"SELECT $$/* highwater: level=strong */$$", std::nullopt, false},
      {"SELECT \"/* highwater: level=strong */\"", std::nullopt, false},
  };
  for (const auto& [sql, level, bad] : table) {
    std::string key;
    const auto shape = make_shape_key(sql, key);
    EXPECT_TRUE(shape.ok) << sql;
    EXPECT_EQ(shape.hint_level, level) << sql;
    EXPECT_EQ(shape.bad_hint, bad) << sql;
  }
}

}  // namespace
}  // namespace highwater::sql
