#include <gtest/gtest.h>

#include "routing/sql/classify.hpp"
#include "tests/unit/sql/pg15_catalog.hpp"

namespace highwater::sql {
namespace {

using testing_support::shop_catalog;
using enum write_reason;

struct refusal {
  const char* sql;
  write_reason reason;
  const char* detail = nullptr;  // null: any
};

void expect_refusals(std::initializer_list<refusal> table) {
  for (const auto& [sql, reason, detail] : table) {
    const auto verdict = classify(sql, shop_catalog());
    EXPECT_EQ(verdict.kind, statement_kind::write) << sql;
    EXPECT_EQ(to_string(verdict.reason), to_string(reason)) << sql << ": " << verdict.detail;
    if (detail) {
      EXPECT_EQ(verdict.detail, detail) << sql;
    }
  }
}

TEST(classify_write, statements_that_modify_data) {
  expect_refusals({
      {"INSERT INTO t VALUES (1)", modifies_data},
      {"UPDATE t SET a = 1", modifies_data},
      {"DELETE FROM t USING items WHERE t.id = items.id RETURNING *", modifies_data},
      {"MERGE INTO t USING items i ON t.id = i.id WHEN MATCHED THEN DELETE", modifies_data},
      {"TRUNCATE t", modifies_data},
      {"COPY t FROM STDIN", modifies_data},
      {"COPY t FROM PROGRAM 'cat'", modifies_data},
      {"COPY (DELETE FROM t RETURNING *) TO STDOUT", modifies_data},
      {"WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", modifies_data},
      {"SELECT * FROM t WHERE a IN (WITH x AS (SELECT 1) SELECT * FROM x) UNION SELECT * INTO u FROM t", modifies_data},
      {"SELECT 1 INTO x", modifies_data, "SELECT INTO"},
      {"SELECT 1 INTO x UNION SELECT 2", modifies_data, "SELECT INTO"},
      {"EXPLAIN INSERT INTO t VALUES (1)", modifies_data},
      {"EXPLAIN ANALYZE DELETE FROM t", modifies_data},
      {"SELECT 1; DELETE FROM t", modifies_data},
  });
}

TEST(classify_write, locks) {
  expect_refusals({
      {"SELECT * FROM t FOR UPDATE", locks_rows},
      {"SELECT * FROM t FOR NO KEY UPDATE NOWAIT", locks_rows},
      {"SELECT * FROM t FOR SHARE OF t SKIP LOCKED", locks_rows},
      {"SELECT * FROM (SELECT * FROM t FOR KEY SHARE) x", locks_rows},
      {"SELECT (SELECT 1 FROM t FOR UPDATE)", locks_rows},
      {"WITH x AS (SELECT 1 FROM t FOR UPDATE) SELECT 1", locks_rows},
      {"LOCK TABLE t", utility},
  });
}

TEST(classify_write, volatile_functions_wherever_they_stand) {
  expect_refusals({
      {"SELECT nextval('s')", volatile_function, "nextval"},
      {"SELECT pg_catalog.setval('s', 1)", volatile_function, "pg_catalog.setval"},
      {"SELECT 1 FROM t WHERE app.volatile_one(1) > 0", volatile_function, "app.volatile_one"},
      {"SELECT * FROM app.volatile_one(1)", volatile_function},
      {"SELECT * FROM t JOIN items ON app.volatile_one(1) = 1", volatile_function},
      {"SELECT 1 ORDER BY app.volatile_one(1)", volatile_function},
      {"SELECT 1 GROUP BY app.volatile_one(1)", volatile_function},
      {"SELECT count(*) FILTER (WHERE app.volatile_one(1) = 1)", volatile_function},
      {"SELECT count(*) OVER (ORDER BY app.volatile_one(1))", volatile_function},
      {"SELECT count(*) OVER w FROM t WINDOW w AS (ORDER BY app.volatile_one(1))", volatile_function},
      {"SELECT string_agg(a, '' ORDER BY app.volatile_one(1)) FROM t", volatile_function},
      {"SELECT 1 LIMIT app.volatile_one(1)", volatile_function},
      {"SELECT 1 OFFSET app.volatile_one(1)", volatile_function},
      {"VALUES (1), (app.volatile_one(1))", volatile_function},
      {"SELECT ARRAY[app.volatile_one(1)]", volatile_function},
      {"SELECT (ARRAY[1])[app.volatile_one(1)]", volatile_function},
      {"SELECT CASE WHEN true THEN app.volatile_one(1) END", volatile_function},
      {"SELECT 1 WHERE EXISTS (SELECT app.volatile_one(1))", volatile_function},
      {"SELECT DISTINCT ON (app.volatile_one(1)) 1", volatile_function},
      {"SELECT 1 UNION SELECT app.volatile_one(1)", volatile_function},
      {"SELECT lower(name => app.volatile_one(1))", volatile_function},
      {"SELECT app.volatile_one(1)::text COLLATE \"C\"", volatile_function},
      {"SELECT xmlelement(name a, app.volatile_one(1))", volatile_function},
      {"SELECT * FROM XMLTABLE('/a' PASSING a COLUMNS b int DEFAULT app.volatile_one(1))", volatile_function},
      {"SELECT * FROM t TABLESAMPLE system (app.volatile_one(1))", volatile_function},
      {"WITH x AS (SELECT app.volatile_one(1)) SELECT 1", volatile_function},
      {"EXPLAIN SELECT app.volatile_one(1)", volatile_function},
      {"COPY (SELECT app.volatile_one(1)) TO STDOUT", volatile_function},
      {"SELECT query_to_xml('DELETE FROM t', true, true, '')", volatile_function},
      {"SELECT table_to_xml('scratch', true, true, '')", volatile_function},
  });
}

TEST(classify_write, a_name_is_as_bad_as_the_worst_it_can_mean) {
  expect_refusals({
      {"SELECT app.overloaded(1)", volatile_function},
      {"SELECT twice(1)", volatile_function},
      {"SELECT unsafe.twice(1)", volatile_function},
      {"SELECT 1 ~> 2", volatile_function, "~>"},
      {"SELECT 1 OPERATOR(app.~>) 2", volatile_function},
      {"SELECT a FROM t ORDER BY a USING OPERATOR(app.~>)", volatile_function},
      {"SELECT 1 ~> ANY (SELECT 1)", volatile_function},
      {"SELECT 'x'::app.checked", volatile_function, "app.checked"},
      {"SELECT 'x'::checked[]", volatile_function},
  });
}

TEST(classify_write, a_function_may_be_written_as_a_column) {
  expect_refusals({
      {"SELECT t.total FROM t", volatile_function, "total"},
      {"SELECT public.t.total FROM public.t", volatile_function},
      {"SELECT (t).total FROM t", volatile_function},
  });
  EXPECT_EQ(classify("SELECT total FROM t", shop_catalog()).kind, statement_kind::read);
  EXPECT_EQ(classify("SELECT t.state FROM t", shop_catalog()).kind, statement_kind::read);
  EXPECT_EQ(classify("SELECT t.label FROM t", shop_catalog()).kind, statement_kind::read);
}

TEST(classify_write, functions_of_the_session) {
  expect_refusals({
      {"SELECT currval('s')", session_function, "currval"},
      {"SELECT lastval()", session_function},
      {"SELECT pg_notify('a', 'b')", session_function},
      {"SELECT txid_current()", session_function},
      {"SELECT pg_current_xact_id_if_assigned()", session_function},
      {"SELECT pg_advisory_xact_lock(1)", session_function},
      {"SELECT pg_advisory_unlock(1)", session_function},
      {"SELECT pg_advisory_unlock_all()", session_function},
      {"SELECT pg_backend_pid()", session_function},
      {"SELECT setseed(0)", session_function},
      {"SELECT lo_open(1, 2)", session_function},
      {"SELECT loread(1, 2)", session_function},
      {"SELECT * FROM dblink('a', 'b') AS x(y int)", session_function},
      {"SELECT pg_cursor()", session_function},
  });
}

TEST(classify_write, functions_of_the_node) {
  expect_refusals({
      {"SELECT pg_is_in_recovery()", node_local},
      {"SELECT pg_last_wal_replay_lsn()", node_local},
      {"SELECT * FROM pg_stat_get_activity(NULL)", node_local},
      {"SELECT inet_server_addr()", node_local},
      {"SELECT pg_postmaster_start_time()", node_local},
      {"SELECT pg_read_file('x')", node_local},
      {"SELECT txid_status(1)", node_local},
      {"SELECT * FROM pg_settings", node_local, "pg_show_all_settings"},
      {"SHOW port", node_local, "port"},
      {"SHOW transaction_read_only", node_local},
      {"SELECT current_setting('port')", node_local, "port"},
      {"SELECT current_setting('In_Hot_Standby'::text, true)", node_local},
      {"SELECT current_setting($1)", node_local, "current_setting"},
      {"SELECT current_setting('po' || 'rt')", node_local},
      {"SELECT pg_relation_size('t')", node_local},
      {"SHOW ALL", node_local},
      {"COPY t TO '/tmp/x'", node_local},
      {"COPY (SELECT 1) TO PROGRAM 'cat'", node_local},
  });
}

TEST(classify_write, names_that_nobody_knows) {
  expect_refusals({
      {"SELECT nobody(1)", unknown_name, "nobody"},
      {"SELECT pg_catalog.stable_one(1)", unknown_name},
      {"SELECT other.stable_one(1)", unknown_name},
      {"SELECT 1 <<>> 2", unknown_name, "<<>>"},
      {"SELECT 1 OPERATOR(app.+) 2", unknown_name},
      {"SELECT '1'::nothing", unknown_name, "nothing"},
      {"SELECT '1'::other.int4", unknown_name},
      {"SELECT * FROM nowhere", unknown_name, "nowhere"},
      {"SELECT * FROM billing.orders", unknown_name, "billing.orders"},
      {"SELECT * FROM \"T\"", unknown_name},
      {"SELECT * FROM t TABLESAMPLE system_rows (10)", unknown_name},
      {"SELECT * FROM json_to_recordset('[]') AS r(a nothing)", unknown_name},
  });
}

TEST(classify_write, relations_that_replicas_do_not_have) {
  expect_refusals({
      {"SELECT * FROM scratch", not_replicated, "public.scratch"},
      {"SELECT * FROM public.remote", not_replicated},
      {"SELECT last_value FROM order_ids", not_replicated},
      {"SELECT * FROM pg_temp.x", not_replicated},
      {"SELECT * FROM pg_temp_3.x", not_replicated},
      {"COPY scratch TO STDOUT", not_replicated},
      {"SELECT * FROM over_scratch", not_replicated, "public.scratch"},
  });
}

TEST(classify_write, views_and_row_security_that_are_no_reads) {
  expect_refusals({
      {"SELECT * FROM numbered", volatile_function, "nextval"},
      {"SELECT * FROM over_numbered", volatile_function, "nextval"},
      {"SELECT * FROM newer_syntax", parse_failed},
      {"SELECT * FROM circle_a", unknown_name},
      {"SELECT * FROM circle_b", unknown_name},
      {"SELECT * FROM audited", volatile_function, "app.volatile_one"},
  });
  EXPECT_EQ(classify("SELECT * FROM tenants", shop_catalog()).kind, statement_kind::read);
}

TEST(classify_write, utility_statements) {
  for (const char* sql :
       {"VACUUM", "ANALYZE t", "CHECKPOINT", "REINDEX TABLE t", "CLUSTER t", "NOTIFY x", "UNLISTEN x", "DO $$ $$",
        "CALL p()", "GRANT SELECT ON t TO PUBLIC", "COMMENT ON TABLE t IS 'x'", "REFRESH MATERIALIZED VIEW sums",
        "SET CONSTRAINTS ALL DEFERRED", "DECLARE c CURSOR WITH HOLD FOR SELECT 1", "EXPLAIN EXECUTE x",
        "EXPLAIN CREATE TABLE x AS SELECT 1"}) {
    const auto verdict = classify(sql, shop_catalog());
    EXPECT_EQ(verdict.kind, statement_kind::write) << sql;
    EXPECT_EQ(to_string(verdict.reason), to_string(utility)) << sql;
  }
}

TEST(classify_write, says_when_the_catalogue_goes_out_of_date) {
  for (const char* sql : {"CREATE TABLE x (a int)",
                          "CREATE TABLE x AS SELECT 1",
                          "SELECT 1 INTO x",
                          "DROP TABLE t",
                          "ALTER TABLE t ADD a int",
                          "ALTER TABLE t SET UNLOGGED",
                          "ALTER TABLE t RENAME TO u",
                          "ALTER TABLE t SET SCHEMA u",
                          "CREATE INDEX ON t (a)",
                          "CREATE VIEW x AS SELECT 1",
                          "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                          "ALTER FUNCTION f() VOLATILE",
                          "CREATE OPERATOR +! (FUNCTION = f, RIGHTARG = int)",
                          "CREATE CAST (a AS b) WITH INOUT",
                          "CREATE TYPE x AS (a int)",
                          "CREATE TYPE y AS ENUM ('a')",
                          "CREATE DOMAIN d AS int",
                          "DROP SCHEMA s CASCADE",
                          "CREATE EXTENSION e",
                          "IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c",
                          "CREATE POLICY p ON t",
                          "DROP OWNED BY x",
                          "CREATE AGGREGATE a (int) (sfunc = f, stype = int)",
                          "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
                          "CREATE RULE r AS ON INSERT TO t DO NOTHING",
                          "SELECT 1; DROP TABLE t",
                          "DO $$ BEGIN DROP TABLE t; END $$",
                          "CALL p()",
                          "SELECT 1; CALL p(1, 'a')",
                          "CREATE TABLE x (a int) WITH SYNTAX OF TOMORROW"}) {
    const auto verdict = classify(sql, shop_catalog());
    EXPECT_EQ(verdict.kind, statement_kind::write) << sql << to_string(verdict.reason);
    EXPECT_TRUE(verdict.changes_schema) << sql;
  }
  for (const char* sql : {"INSERT INTO t VALUES (1)", "VACUUM", "SET a = 1", "GRANT SELECT ON t TO x"}) {
    EXPECT_FALSE(classify(sql, shop_catalog()).changes_schema) << sql;
  }
}

}  // namespace
}  // namespace highwater::sql
