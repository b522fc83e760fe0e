#include <gtest/gtest.h>

#include <algorithm>

#include "routing/sql/classify.hpp"
#include "tests/unit/sql/pg15_catalog.hpp"

namespace highwater::sql {
namespace {

using testing_support::shop_catalog;

TEST(classify_read, accepts_plain_queries) {
  for (const char* sql : {
           "SELECT 1",
           "select * from t where id = $1",
           "TABLE t",
           "VALUES (1, 'x'), (2, 'y')",
           "SELECT DISTINCT ON (a) a, b AS c, t.* FROM public.t ORDER BY 1 DESC NULLS LAST LIMIT 10 OFFSET 5",
           "SELECT 1 UNION ALL SELECT 2 EXCEPT (SELECT 3 INTERSECT SELECT 4)",
           "SELECT a FROM t, LATERAL (SELECT t.id AS a) x LEFT JOIN items i USING (id) CROSS JOIN orders",
           "SELECT * FROM t NATURAL JOIN items",
           "SELECT * FROM (orders o JOIN items i ON o.id = i.id) AS both_of_them",
           "SELECT count(*) FILTER (WHERE a > 1), string_agg(b, ',' ORDER BY a) FROM t GROUP BY a HAVING max(b) > 1",
           "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t",
           "SELECT sum(a) OVER w, rank() OVER (PARTITION BY b ORDER BY c ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) "
           "FROM t WINDOW w AS (PARTITION BY a)",
           "SELECT grouping(a) FROM t GROUP BY GROUPING SETS ((a), ROLLUP (b), CUBE (c), ())",
           "SELECT * FROM generate_series(1, 3) WITH ORDINALITY AS g(x, n), unnest(ARRAY[1, 2]) u",
           "SELECT * FROM ROWS FROM (generate_series(1, 2), generate_series(1, 3)) r",
           "SELECT * FROM json_to_recordset('[]') AS r(a int, b text COLLATE \"C\")",
           "SELECT CASE a WHEN 1 THEN 2 ELSE 3 END, CASE WHEN a IS NULL THEN 1 END FROM t",
           "SELECT COALESCE(a, b), GREATEST(1, 2), LEAST(1, 2), NULLIF(a, 1) FROM t",
           "SELECT a IS NOT NULL, a IS TRUE, NOT a, a AND b OR c, a IS DISTINCT FROM b FROM t",
           "SELECT a LIKE 'x', a NOT ILIKE 'y' ESCAPE '!', a SIMILAR TO 'z', a BETWEEN 1 AND 2, "
           "a NOT BETWEEN SYMMETRIC 3 AND 1 FROM t",
           "SELECT a IN (1, 2), a NOT IN (SELECT 1), a = ANY ($1), a > ALL (SELECT 1), EXISTS (SELECT 1) FROM t",
           "SELECT ARRAY(SELECT 1), ARRAY[[1], [2]], x[1], x[1:2], (r).f, ROW(1, 2) = ROW(3, 4) FROM t",
           "SELECT 1 OPERATOR(pg_catalog.+) 2, - a, |/ 4 FROM t",
           "SELECT '1'::int, CAST('x' AS varchar(10)), int '5', interval '1 day', '{1}'::int[], 'pg_class'::regclass",
           "SELECT N'x', B'01', X'ff', E'a\\n', $$b$$, U&'c', 1e3, .5, TRUE, NULL",
           "SELECT current_date, current_timestamp(3), localtime, current_user, session_user, current_catalog",
           "SELECT EXTRACT(year FROM now()), SUBSTRING('abc' FROM 1 FOR 2), TRIM('x'), POSITION('a' IN 'b'), "
           "OVERLAY('a' PLACING 'b' FROM 1), now() AT TIME ZONE 'utc'",
           "SELECT xmlelement(name foo, xmlattributes(1 AS a), 'x'), xmlserialize(CONTENT a AS text) FROM t",
           "SELECT * FROM XMLTABLE('/a' PASSING a COLUMNS b int PATH 'b', n FOR ORDINALITY)",
           "SELECT * FROM t TABLESAMPLE system (10) REPEATABLE (1)",
           "SELECT * FROM t TABLESAMPLE bernoulli (10)",
           "SELECT a COLLATE \"C\" FROM t ORDER BY a USING <",
           "SELECT * FROM große WHERE \"größe\" = 'ü'",
           "EXPLAIN SELECT * FROM t",
           "EXPLAIN (ANALYZE, VERBOSE, FORMAT json) SELECT * FROM t",
           "COPY t TO STDOUT",
           "COPY t (a, b) TO STDOUT (FORMAT csv)",
           "COPY (SELECT * FROM t) TO STDOUT",
           "SELECT 1;",
           "SELECT 1; SELECT 2; ;",
       }) {
    const auto verdict = classify(sql, shop_catalog());
    EXPECT_EQ(verdict.kind, statement_kind::read) << sql << ": " << to_string(verdict.reason) << " " << verdict.detail;
    EXPECT_EQ(verdict.reason, write_reason::none) << sql;
    EXPECT_TRUE(verdict.literal_free) << sql;
    EXPECT_EQ(verdict.pin, pin_reason::none) << sql;
  }
}

TEST(classify_read, accepts_functions_that_only_read) {
  for (const char* sql : {
           "SELECT now(), version(), abs(1), pg_catalog.lower('x')",
           "SELECT random(), clock_timestamp(), timeofday(), gen_random_uuid()",
           "SELECT pg_sleep(1), pg_sleep_for('1 s')",
           "SELECT uuid_generate_v4()",
           "SELECT lo_get(1)",
           "SHOW search_path",
           "SHOW TRANSACTION ISOLATION LEVEL",
           "SHOW app.tenant",
           "EXPLAIN SELECT current_setting('work_mem')",
           "SELECT current_setting('app.user', true), row_security_active('t'), has_table_privilege('t', 'select')",
           "SELECT app.stable_one(1), safe.twice(1)",
           "SELECT 1 OPERATOR(app.<~) 2",
           "SELECT 'x'::app.money_text",
           "SELECT NULL::orders, NULL::billing.accounts[]",
       }) {
    const auto verdict = classify(sql, shop_catalog());
    EXPECT_EQ(verdict.kind, statement_kind::read) << sql << ": " << to_string(verdict.reason) << " " << verdict.detail;
  }
}

using relations = std::vector<relation>;

TEST(classify_read, names_the_relations_that_are_read) {
  const std::pair<const char*, relations> table[] = {
      {"SELECT 1", {}},
      {"SELECT * FROM t, public.t, t AS again", {{"", "t"}, {"public", "t"}}},
      {"SELECT * FROM orders WHERE id IN (SELECT id FROM billing.accounts)", {{"", "orders"}, {"billing", "accounts"}}},
      {"SELECT * FROM open_orders", {{"", "open_orders"}, {"public", "orders"}}},
      {"SELECT * FROM busy", {{"", "busy"}, {"public", "open_orders"}, {"public", "items"}, {"public", "orders"}}},
      {"SELECT * FROM shared", {{"", "shared"}, {"public", "items"}}},
      {"SELECT * FROM pg_tables", {{"", "pg_tables"}, {"pg_catalog", "pg_class"}, {"pg_catalog", "pg_namespace"}}},
      {"INSERT INTO t SELECT * FROM open_orders", {{"", "t"}, {"", "open_orders"}, {"public", "orders"}}},
      {"COPY t TO STDOUT", {{"", "t"}}},
      {"EXPLAIN SELECT * FROM t", {{"", "t"}}},
      {"SELECT * FROM t; SELECT * FROM items", {{"", "t"}, {"", "items"}}},
  };
  for (const auto& [sql, expected] : table) {
    auto found = classify(sql, shop_catalog()).relations;
    const auto less = [](const relation& a, const relation& b) { return a.schema + a.name < b.schema + b.name; };
    auto sorted = expected;
    std::sort(found.begin(), found.end(), less);
    std::sort(sorted.begin(), sorted.end(), less);
    EXPECT_EQ(found, sorted) << sql;
  }
}

TEST(classify_read, common_tables_shadow_relations_where_they_are_known) {
  const std::pair<const char*, relations> table[] = {
      {"WITH scratch AS (SELECT 1) SELECT * FROM scratch", {}},
      {"WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM b", {}},
      {"WITH t AS (SELECT * FROM t) SELECT * FROM t", {{"", "t"}}},
      {"WITH a AS (SELECT * FROM t), t AS (SELECT 1) SELECT * FROM a", {{"", "t"}}},
      {"WITH RECURSIVE a AS (SELECT * FROM t), t AS (SELECT 1) SELECT * FROM a", {}},
      {"WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t) SELECT * FROM t", {}},
      {"WITH t AS (SELECT 1) SELECT * FROM public.t", {{"public", "t"}}},
      {"SELECT * FROM (WITH t AS (SELECT 1) SELECT * FROM t) x, t", {{"", "t"}}},
      {"WITH t AS (SELECT 1) SELECT (SELECT 1 FROM t) UNION SELECT 2 FROM t", {}},
      {"(WITH t AS (SELECT 1) SELECT 1 FROM t) UNION SELECT 2 FROM t", {{"", "t"}}},
      {"WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n FROM t) SEARCH DEPTH FIRST BY n SET o "
       "CYCLE n SET c USING p SELECT * FROM t",
       {}},
  };
  for (const auto& [sql, expected] : table) {
    const auto verdict = classify(sql, shop_catalog());
    EXPECT_EQ(verdict.kind, statement_kind::read) << sql << ": " << to_string(verdict.reason) << " " << verdict.detail;
    EXPECT_EQ(verdict.relations, expected) << sql;
  }
}

TEST(classify_read, says_when_functions_may_read_anything) {
  EXPECT_FALSE(classify("SELECT lower('x')", shop_catalog()).hidden_relations);
  EXPECT_TRUE(classify("SELECT app.stable_one(1)", shop_catalog()).hidden_relations);
  EXPECT_TRUE(classify("SELECT * FROM over_app", shop_catalog()).hidden_relations);
  EXPECT_TRUE(classify("SELECT nobody_knows(1)", shop_catalog()).hidden_relations);
  EXPECT_TRUE(classify("DO $$ $$", shop_catalog()).hidden_relations);
  EXPECT_TRUE(classify("CALL app.volatile_one(1)", shop_catalog()).hidden_relations);
  EXPECT_TRUE(classify("EXECUTE x", shop_catalog()).hidden_relations);
}

TEST(classify_read, needs_no_catalogue_where_there_are_no_names) {
  EXPECT_EQ(classify("SELECT 1, 'x', $1, current_user", nullptr).kind, statement_kind::read);
  for (const char* sql : {"SELECT 1 + 1", "SELECT lower('x')", "SELECT '1'::int", "SELECT * FROM t"}) {
    EXPECT_EQ(classify(sql, nullptr).reason, write_reason::unknown_name) << sql;
  }
}

}  // namespace
}  // namespace highwater::sql
