#include "routing/sql/ddl_names.hpp"

#include <gtest/gtest.h>

#include "routing/sql/classify.hpp"
#include "tests/unit/sql/pg15_catalog.hpp"

namespace highwater::sql {
namespace {

using testing_support::shop_catalog;

// Does the first statement put in doubt what is known of the second?
bool doubts(const char* ddl, const char* sql) {
  return classify(ddl, shop_catalog()).touches.concern(classify(sql, shop_catalog()).names);
}

struct row {
  const char *ddl, *sql;
};

TEST(ddl_names, put_in_doubt_what_rests_on_them) {
  const row rows[] = {
      {"CREATE OR REPLACE VIEW open_orders AS SELECT 1", "SELECT * FROM open_orders"},
      {"CREATE OR REPLACE VIEW open_orders AS SELECT 1", "SELECT n FROM busy"},
      {"CREATE OR REPLACE VIEW public.open_orders AS SELECT 1", "SELECT * FROM open_orders"},
      {"ALTER FUNCTION app.stable_one(int) VOLATILE", "SELECT stable_one(1)"},
      {"ALTER FUNCTION app.stable_one(int) VOLATILE", "SELECT * FROM over_app"},
      {"CREATE FUNCTION label(t) RETURNS int LANGUAGE sql AS 'SELECT 1'", "SELECT t.label FROM t"},
      {"CREATE FUNCTION other.twice(int) RETURNS int LANGUAGE sql AS 'SELECT 1'", "SELECT safe.twice(1)"},
      {"DROP FUNCTION app.stable_one(int)", "SELECT app.stable_one(1)"},
      {"CREATE POLICY p ON orders", "SELECT 1 FROM orders"},
      {"ALTER TABLE orders ENABLE ROW LEVEL SECURITY", "SELECT 1 FROM orders"},
      {"ALTER TABLE orders RENAME TO items", "SELECT 1 FROM items"},
      {"CREATE OPERATOR app.+ (FUNCTION = f, LEFTARG = int, RIGHTARG = int)", "SELECT 1 + 1"},
      {"CREATE CAST (text AS int4) WITH FUNCTION f(text)", "SELECT 'x'::int"},
      {"ALTER DOMAIN app.money_text ADD CHECK (f(value))", "SELECT '1'::money_text"},
      {"SELECT 1 INTO orders", "SELECT 1 FROM orders"},
      {"CREATE TABLE orders AS SELECT 1", "SELECT 1 FROM orders"},
      {"DROP SCHEMA public CASCADE", "SELECT 1 FROM orders"},
      {"ALTER SCHEMA app RENAME TO lib", "SELECT lower('x')"},
      {"DROP EXTENSION e", "SELECT lower('x')"},
      {"DROP OWNED BY somebody", "SELECT 1 FROM orders"},
      {"DO $$ BEGIN CREATE VIEW orders AS SELECT 1; END $$", "SELECT 1 FROM orders"},
      {"CREATE TABLE Orders (a int) WITH SYNTAX OF TOMORROW", "SELECT 1 FROM orders"},
      {"BEGIN; DROP TABLE orders; COMMIT", "SELECT 1 FROM orders"},
  };
  for (const auto& [ddl, sql] : rows) EXPECT_TRUE(doubts(ddl, sql)) << ddl << " : " << sql;
}

TEST(ddl_names, leave_all_else_alone) {
  const row rows[] = {
      {"CREATE OR REPLACE VIEW open_orders AS SELECT 1", "SELECT * FROM items"},
      {"CREATE TABLE events_17 PARTITION OF events FOR VALUES FROM (1) TO (2)", "SELECT 1 FROM orders"},
      {"CREATE TEMP TABLE orders (a int)", "SELECT 1 FROM orders"},
      {"CREATE TEMP TABLE orders AS SELECT 1", "SELECT 1 FROM orders"},
      {"SELECT 1 INTO TEMP orders", "SELECT 1 FROM orders"},
      {"CREATE TEMP VIEW orders AS SELECT 1", "SELECT 1 FROM orders"},
      {"CREATE TEMP SEQUENCE orders", "SELECT 1 FROM orders"},
      {"INSERT INTO orders VALUES (1)", "SELECT 1 FROM orders"},
      {"TRUNCATE orders", "SELECT 1 FROM orders"},
      {"ANALYZE orders", "SELECT 1 FROM orders"},
      {"DO $$ BEGIN PERFORM count(*) FROM orders; END $$", "SELECT 1 FROM orders"},
      {"CALL orders()", "SELECT 1 FROM orders"},
  };
  for (const auto& [ddl, sql] : rows) EXPECT_FALSE(doubts(ddl, sql)) << ddl << " : " << sql;
}

TEST(ddl_names, leave_nothing_of_a_verdict_that_rests_on_them) {
  const auto read = std::make_shared<const statement>(classify("SELECT app.stable_one(1)", shop_catalog()));
  const auto doubtful = doubted(read);
  EXPECT_EQ(doubtful->kind, statement_kind::write);
  EXPECT_EQ(doubtful->reason, write_reason::unknown_name);
  EXPECT_TRUE(doubtful->writes);
  EXPECT_EQ(doubtful->leaves, residue::discardable);
  const auto write = std::make_shared<const statement>(classify("INSERT INTO t VALUES (1)", shop_catalog()));
  EXPECT_EQ(doubted(write)->kind, statement_kind::write);
  EXPECT_EQ(doubted(write)->leaves, residue::discardable) << "it may have a trigger now";
}

}  // namespace
}  // namespace highwater::sql
