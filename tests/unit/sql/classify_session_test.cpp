#include <gtest/gtest.h>

#include "routing/sql/classify.hpp"
#include "tests/unit/sql/pg15_catalog.hpp"

namespace highwater::sql {
namespace {

using testing_support::shop_catalog;
using names = std::vector<std::string>;

TEST(classify_session, names_the_settings_that_change) {
  const std::pair<const char*, names> table[] = {
      {"SET search_path TO a, b", {"search_path"}},
      {"SET SESSION Work_Mem = '1MB'", {"work_mem"}},
      {"SET \"App.User\" = 'x'", {"app.user"}},
      {"SET x.y TO DEFAULT", {"x.y"}},
      {"SET work_mem FROM CURRENT", {"work_mem"}},
      {"SET LOCAL work_mem = 1", {}},
      {"SET NAMES 'utf8'", {"client_encoding"}},
      {"SET TIME ZONE LOCAL", {"timezone"}},
      {"SET SCHEMA 'a'", {"search_path"}},
      {"SET ROLE x", {"role"}},
      {"RESET ROLE", {"role"}},
      {"SET XML OPTION DOCUMENT", {"xmloption"}},
      {"RESET work_mem", {"work_mem"}},
      {"RESET TIME ZONE", {"timezone"}},
      {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY, ISOLATION LEVEL SERIALIZABLE, DEFERRABLE",
       {"default_transaction_read_only", "default_transaction_isolation", "default_transaction_deferrable"}},
      {"SET transaction_read_only = on", {}},
      {"SET a.b = 1; SET c.d = 2; SET a.b = 3", {"a.b", "c.d"}},
      {"SELECT set_config('Work_Mem', '1MB', false)", {"work_mem"}},
      {"SELECT set_config('work_mem', '1MB', true)", {}},
      {"SELECT * FROM set_config('a.b', '1', false), set_config('c.d', '1', false)", {"a.b", "c.d"}},
      {"INSERT INTO t SELECT set_config('a.b', '1', false)", {"a.b"}},
      {"SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings "
       "WHERE name = 'restrict_nonsystem_relation_kind'",
       {"restrict_nonsystem_relation_kind"}},
      {"SELECT pg_catalog.set_config(name, '1', false) FROM pg_catalog.pg_settings WHERE name = 'A.b'", {"a.b"}},
      {"SELECT set_config(name, '1', true) FROM pg_settings WHERE name = 'a.b'", {}},
  };
  for (const auto& [sql, expected] : table) {
    const auto verdict = classify(sql, shop_catalog());
    names found;
    for (const auto& each : verdict.settings) found.push_back(each.name);
    EXPECT_EQ(found, expected) << sql;
    EXPECT_NE(verdict.kind, statement_kind::read) << sql;
  }
}

TEST(classify_session, knows_which_settings_are_left_at_their_default) {
  const std::pair<const char*, setting_changes> table[] = {
      {"RESET work_mem", {{"work_mem", true}}},
      {"SET work_mem TO DEFAULT", {{"work_mem", true}}},
      {"SET TIME ZONE DEFAULT", {{"timezone", true}}},
      {"SET work_mem = '1MB'; RESET work_mem", {{"work_mem", true}}},
      {"RESET work_mem; SET work_mem = '1MB'", {{"work_mem", false}}},
      {"RESET a.b; SELECT set_config('a.b', '1', false)", {{"a.b", false}}},
      {"SET a.b = 1; RESET ALL; SET c.d = 2", {{"a.b", true}, {"c.d", false}}},
  };
  for (const auto& [sql, expected] : table) EXPECT_EQ(classify(sql, shop_catalog()).settings, expected) << sql;
}

TEST(classify_session, knows_what_changes_settings_for_a_transaction) {
  for (const char* sql : {"SET LOCAL search_path = a", "SELECT set_config('a.b', $1, true)",
                          "SELECT 1; SET LOCAL timezone = 'UTC'", "SELECT set_config('a.b', '1', $1)"}) {
    EXPECT_TRUE(classify(sql, shop_catalog()).local_settings) << sql;
  }
  for (const char* sql : {"SET search_path = a", "SELECT 1", "SET LOCAL highwater.level = strong"}) {
    EXPECT_FALSE(classify(sql, shop_catalog()).local_settings) << sql;
  }
}

TEST(classify_session, knows_what_forgets_everything) {
  const auto reset = classify("RESET ALL", shop_catalog());
  EXPECT_TRUE(reset.resets_all_settings);
  EXPECT_FALSE(reset.discards_all);
  EXPECT_FALSE(reset.deallocates_all);
  const auto discard = classify("DISCARD ALL", shop_catalog());
  EXPECT_TRUE(discard.resets_all_settings);
  EXPECT_TRUE(discard.discards_all);
  EXPECT_TRUE(discard.deallocates_all);
  const auto plans = classify("DISCARD PLANS", shop_catalog());
  EXPECT_FALSE(plans.resets_all_settings || plans.discards_all || plans.deallocates_all);
  EXPECT_TRUE(classify("DEALLOCATE ALL", shop_catalog()).deallocates_all);
  EXPECT_FALSE(classify("DEALLOCATE \"all\"", shop_catalog()).deallocates_all);
}

TEST(classify_session, knows_what_tells_of_sequences) {
  for (const char* sql : {"SELECT currval('s')", "SELECT pg_catalog.lastval()", "INSERT INTO t VALUES (lastval())"})
    EXPECT_TRUE(classify(sql, shop_catalog()).reads_sequences) << sql;
  for (const char* sql : {"SELECT nextval('s')", "INSERT INTO t VALUES (1)", "SELECT 1"})
    EXPECT_FALSE(classify(sql, shop_catalog()).reads_sequences) << sql;
}

TEST(classify_session, knows_what_makes_objects) {
  for (const char* sql :
       {"CREATE TABLE x (a int)", "CREATE VIEW x AS SELECT 1", "SELECT 1 INTO x", "CREATE TABLE x AS SELECT 1",
        "CREATE SEQUENCE x", "CREATE TYPE x AS (a int)", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"})
    EXPECT_TRUE(classify(sql, shop_catalog()).creates_objects) << sql;
  for (const char* sql : {"ALTER TABLE t ADD x int", "DROP TABLE t", "CALL app.volatile_one()", "DO $$ BEGIN END $$"})
    EXPECT_FALSE(classify(sql, shop_catalog()).creates_objects) << sql;
}

TEST(classify_session, finds_what_pins_a_session) {
  const std::pair<const char*, pin_reason> table[] = {
      {"CREATE TEMP TABLE x (a int)", pin_reason::temporary_table},
      {"CREATE TEMPORARY TABLE x AS SELECT 1", pin_reason::temporary_table},
      {"CREATE LOCAL TEMP VIEW x AS SELECT 1", pin_reason::temporary_table},
      {"CREATE TEMP SEQUENCE x", pin_reason::temporary_table},
      {"CREATE TABLE pg_temp.x (a int)", pin_reason::temporary_table},
      {"CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", pin_reason::temporary_table},
      {"SELECT 1 INTO TEMP x", pin_reason::temporary_table},
      {"SELECT 1 INTO pg_temp.x", pin_reason::temporary_table},
      {"SELECT 1; CREATE TEMP TABLE x (a int)", pin_reason::temporary_table},
      {"LISTEN x", pin_reason::listen},
      {"SELECT pg_advisory_lock(1)", pin_reason::advisory_lock},
      {"SELECT * FROM locking", pin_reason::advisory_lock},
      {"SELECT * FROM over_locking", pin_reason::advisory_lock},
      {"SELECT 1 FROM t WHERE pg_try_advisory_lock(t.id)", pin_reason::advisory_lock},
      {"DECLARE c CURSOR WITH HOLD FOR SELECT 1", pin_reason::hold_cursor},
      {"PREPARE x AS SELECT 1", pin_reason::prepared_statement},
      {"LOAD 'auto_explain'", pin_reason::load_library},
      {"SELECT set_config('a.b', $1, false)", pin_reason::none},  // its value is asked afterwards
      {"SELECT set_config(a, b, false) FROM t", pin_reason::dynamic_setting},
      {"SELECT set_config('a.b', '1', $1)", pin_reason::dynamic_setting},
      {"SELECT set_config(name, '1', false) FROM pg_settings WHERE name = 'a.b'", pin_reason::none},
      {"SELECT set_config(name, '1', false) FROM pg_settings", pin_reason::dynamic_setting},
      {"SELECT set_config(name, '1', false) FROM pg_settings WHERE name <> 'a.b'", pin_reason::dynamic_setting},
      {"SELECT set_config(name, '1', false) FROM pg_settings WHERE name = $1", pin_reason::dynamic_setting},
      {"SELECT set_config(name, '1', false) FROM pg_settings WHERE name = 'a.b' OR 1 = 1", pin_reason::dynamic_setting},
      {"SELECT set_config(setting, '1', false) FROM pg_settings WHERE name = 'a.b'", pin_reason::dynamic_setting},
      {"SELECT set_config(name, '1', false) FROM pg_settings WHERE setting = 'a.b'", pin_reason::dynamic_setting},
      {"SELECT set_config(name, '1', $1) FROM pg_settings WHERE name = 'a.b'", pin_reason::dynamic_setting},
      {"SELECT set_config(name, '1', false) FROM pg_settings s (x, name) WHERE name = 'a.b'",
       pin_reason::dynamic_setting},
      {"SELECT set_config(name, '1', false) FROM pg_settings, t WHERE name = 'a.b'", pin_reason::dynamic_setting},
      {"SELECT set_config(name, '1', false) FROM app.pg_settings WHERE name = 'a.b'", pin_reason::dynamic_setting},
      {"SELECT set_config(name, set_config(name, '1', false), false) FROM pg_settings WHERE name = 'a.b'",
       pin_reason::dynamic_setting},
      {"SELECT (SELECT set_config(name, '1', false) FROM t) FROM pg_settings WHERE name = 'a.b'",
       pin_reason::dynamic_setting},
      {"WITH pg_settings AS (SELECT name FROM t) SELECT set_config(name, '1', false) FROM pg_settings WHERE name = "
       "'a.b'",
       pin_reason::dynamic_setting},
      {"SELECT set_config('a.b', '1')", pin_reason::dynamic_setting},
      {"INSERT INTO t SELECT set_config($1, '1', false)", pin_reason::dynamic_setting},
      {"SET SESSION AUTHORIZATION x", pin_reason::session_identity},
      {"SELECT app.locks()", pin_reason::stateful_function},
      {"SELECT 1 OPERATOR(app.!!~) 2", pin_reason::stateful_function},
      {"UPDATE loaded SET a = 1", pin_reason::stateful_function},
      {"SELECT locks_quietly() FROM t", pin_reason::stateful_function},
      {"CALL app.locks()", pin_reason::stateful_function},
      {"INSERT INTO watched VALUES (1)", pin_reason::stateful_function},
      {"COPY watched FROM STDIN", pin_reason::stateful_function},
      {"WITH w AS (UPDATE watched SET a = 1 RETURNING a) SELECT * FROM w", pin_reason::stateful_function},
      {"WITH n AS (SELECT nextval('s')), w AS (INSERT INTO watched SELECT * FROM n RETURNING 1) SELECT * FROM w",
       pin_reason::stateful_function},
      {"DELETE FROM t", pin_reason::none},
      {"COMMENT ON TABLE watched IS ''", pin_reason::none},
      {"CREATE TABLE x (a int)", pin_reason::none},
      {"DROP TABLE pg_temp.x", pin_reason::none},
      {"SELECT pg_advisory_lock_shared(1, 2)", pin_reason::advisory_lock},
      {"SELECT pg_advisory_unlock(1); SELECT pg_advisory_lock(1)", pin_reason::advisory_lock},
      {"SELECT pg_advisory_xact_lock(1)", pin_reason::none},
      {"SELECT pg_advisory_unlock(1)", pin_reason::none},
      {"SELECT pg_advisory_unlock_shared(1, 2)", pin_reason::none},
      {"SELECT pg_catalog.pg_advisory_unlock_all()", pin_reason::none},
      {"SELECT pg_advisory_unlock_all();\nCLOSE ALL;\nUNLISTEN *;\nRESET ALL;", pin_reason::none},
      {"DECLARE c CURSOR FOR SELECT 1", pin_reason::none},
      {"SELECT set_config('a.b', $1, true)", pin_reason::none},
      {"SET LOCAL SESSION AUTHORIZATION x", pin_reason::none},
      {"RESET SESSION AUTHORIZATION", pin_reason::none},
      {"UNLISTEN *", pin_reason::none},
      {"DISCARD ALL", pin_reason::none},
  };
  for (const auto& [sql, pin] : table) {
    const auto verdict = classify(sql, shop_catalog());
    EXPECT_NE(verdict.kind, statement_kind::read) << sql;
    EXPECT_EQ(to_string(verdict.pin), to_string(pin)) << sql;
  }
}

// As EXECUTE does not show what it runs.
TEST(classify_session, looks_through_prepare) {
  const std::pair<const char*, bool> table[] = {
      {"PREPARE x AS SELECT a FROM t", true},
      {"PREPARE x (int) AS SELECT a FROM t WHERE a = $1", true},
      {"PREPARE x AS VALUES (1)", true},
      {"PREPARE x AS SELECT 1; SELECT 1", false},
      {"PREPARE x AS SELECT 1; PREPARE y AS SELECT 2", false},
      {"PREPARE x AS DELETE FROM t", false},
      {"PREPARE x AS SELECT a FROM t FOR UPDATE", false},
      {"PREPARE x AS SELECT nextval('s')", false},
      {"PREPARE x AS SELECT pg_advisory_xact_lock(1)", false},
      {"PREPARE x AS SELECT 1 FROM t WHERE pg_try_advisory_lock(t.id)", false},
      {"PREPARE x AS SELECT * FROM locking", false},
      {"PREPARE x AS SELECT set_config('a.b', '1', true)", false},
      {"PREPARE x AS SELECT set_config('a.b', '1', false)", false},
      {"PREPARE x AS SELECT app.locks()", false},
      {"PREPARE x AS SELECT * FROM nowhere", false},
      {"SELECT 1", false},
      {"EXECUTE x", false},
  };
  for (const auto& [sql, reads] : table) EXPECT_EQ(classify(sql, shop_catalog()).prepares_read, reads) << sql;
  const auto prepared = std::make_shared<const statement>(classify("PREPARE x AS SELECT a FROM t", shop_catalog()));
  EXPECT_FALSE(doubted(prepared)->prepares_read) << "a view stands in the table's place, perhaps";
}

TEST(classify_session, finds_the_names_of_prepared_statements_in_the_text) {
  struct named {
    const char* sql;
    const char* name;
    const char* as_written;
  };
  const named table[] = {
      {"EXECUTE x", "x", "x"},
      {"EXECUTE Foo(1, 'a')", "foo", "Foo"},
      {"execute \"Foo \"\" bar\"", "Foo \" bar", "\"Foo \"\" bar\""},
      {"SELECT 1; /* EXECUTE y */ EXECUTE x", "x", "x"},
      {"EXECUTE execute", "execute", "execute"},
      {"EXPLAIN (ANALYZE, COSTS off) EXECUTE x(1)", "x", "x"},
      {"EXPLAIN ANALYZE EXECUTE x", "x", "x"},
      {"CREATE TABLE execute AS EXECUTE x", "x", "x"},
      {"-- a\nEXECUTE /* b /* c */ */ x", "x", "x"},
      {"EXECUTE große", "große", "große"},
  };
  for (const auto& [sql, name, as_written] : table) {
    const auto verdict = classify(sql, shop_catalog());
    ASSERT_TRUE(verdict.executes) << sql;
    EXPECT_EQ(verdict.executes->name, name) << sql;
    EXPECT_EQ(std::string_view(sql).substr(verdict.executes->offset, verdict.executes->length), as_written) << sql;
    EXPECT_FALSE(verdict.literal_free) << sql;
  }
  for (const char* sql : {"DEALLOCATE x", "DEALLOCATE PREPARE x", "deallocate /* a */ prepare -- b\n x"}) {
    const auto verdict = classify(sql, shop_catalog());
    ASSERT_TRUE(verdict.deallocates) << sql;
    EXPECT_EQ(verdict.deallocates->name, "x") << sql;
    EXPECT_EQ(sql[verdict.deallocates->offset], 'x') << sql;
    EXPECT_FALSE(verdict.literal_free) << sql;
  }
  EXPECT_EQ(classify("DEALLOCATE PREPARE", shop_catalog()).deallocates->name, "prepare");
  for (const std::string sql : {"PREPARE x AS SELECT 1", "prepare x (int) as select $1",
                                "-- prepare y\nPREPARE \"x\" AS "
                                "SELECT 'prepare y'",
                                "SELECT 1; PREPARE x AS SELECT 1; PREPARE y AS SELECT 2"}) {
    const auto verdict = classify(sql, shop_catalog());
    ASSERT_TRUE(verdict.prepares) << sql;
    EXPECT_EQ(verdict.prepares->name, "x") << sql;
    EXPECT_NE(sql.substr(verdict.prepares->offset, verdict.prepares->length).find('x'), std::string::npos) << sql;
    EXPECT_FALSE(verdict.literal_free) << sql;
    EXPECT_EQ(verdict.pin, pin_reason::prepared_statement) << sql;
  }
  EXPECT_FALSE(classify("PREPARE TRANSACTION 'x'", shop_catalog()).prepares);
  // Identifiers are cut at 63 bytes, and not within a character.
  for (const auto& [written, name] : {std::pair{std::string(70, 'N'), std::string(63, 'n')},
                                      {"\"" + std::string(62, 'n') + "\xc3\xa9x\"", std::string(62, 'n')}}) {
    const auto verdict = classify("DEALLOCATE " + written, shop_catalog());
    ASSERT_TRUE(verdict.deallocates) << written;
    EXPECT_EQ(verdict.deallocates->name, name);
    EXPECT_EQ(verdict.deallocates->length, written.size());
  }
}

TEST(classify_session, verdicts_that_come_from_literals_are_marked) {
  EXPECT_FALSE(classify("SELECT set_config('a.b', '1', false)", shop_catalog()).literal_free);
  EXPECT_FALSE(classify("SET highwater.level = 'strong'", shop_catalog()).literal_free);
  EXPECT_FALSE(classify("nonsense", shop_catalog()).literal_free);
  EXPECT_TRUE(classify("SET a.b = '1'", shop_catalog()).literal_free);
}

using verb = internal_command::verb;

struct internal_text {
  const char* sql;
  verb what;
  bool local;
  const char* name;
  const char* value;
};

TEST(classify_session, knows_its_own_commands) {
  const internal_text table[] = {
      {"SHOW highwater.level", verb::show, false, "level", ""},
      {"show Highwater.Last_Route;", verb::show, false, "last_route", ""},
      {"SET highwater.level = 'strong'", verb::set, false, "level", "strong"},
      {"SET highwater.level TO strong", verb::set, false, "level", "strong"},
      {"SET SESSION highwater.level TO session", verb::set, false, "level", "session"},
      {"SET LOCAL highwater.level = causal", verb::set, true, "level", "causal"},
      {"SET highwater.level = primary", verb::set, false, "level", "primary"},
      {"set local highwater.level to PRIMARY ;", verb::set, true, "level", "primary"},
      {"SET highwater.level = a, b", verb::set, false, "level", "a, b"},
      {"SET highwater.x = 5", verb::set, false, "x", "5"},
      {"SET highwater.level TO DEFAULT", verb::reset, false, "level", ""},
      {"SET LOCAL highwater.level TO DEFAULT", verb::reset, true, "level", ""},
      {"RESET highwater.level", verb::reset, false, "level", ""},
  };
  for (const auto& [sql, what, local, name, value] : table) {
    const auto verdict = classify(sql, nullptr);
    EXPECT_EQ(verdict.kind, statement_kind::internal) << sql;
    ASSERT_TRUE(verdict.internal) << sql;
    EXPECT_EQ(verdict.internal->action, what) << sql;
    EXPECT_EQ(verdict.internal->local, local) << sql;
    EXPECT_EQ(verdict.internal->name, name) << sql;
    EXPECT_EQ(verdict.internal->value, value) << sql;
    EXPECT_EQ(verdict.statement_count, 1U) << sql;
  }
}

TEST(classify_session, its_own_commands_must_stand_alone) {
  for (const char* sql :
       {"SHOW highwater.level; SELECT 1", "SELECT 1; SET highwater.level = 'strong'",
        "SET highwater.level = 'strong'; RESET highwater.level", "SELECT 1; RESET \"Highwater.level\"",
        "BEGIN; SET LOCAL highwater.level = 'strong'; SELECT 1; COMMIT", "BEGIN READ ONLY; SHOW highwater.level",
        "INSERT INTO t VALUES (1); SHOW highwater.level"}) {
    const auto verdict = classify(sql, shop_catalog());
    EXPECT_EQ(verdict.kind, statement_kind::write) << sql;
    EXPECT_TRUE(verdict.misplaced_internal) << sql;
    EXPECT_FALSE(verdict.internal) << sql;
    EXPECT_FALSE(verdict.literal_free) << sql;
  }
  for (const char* sql : {"SET highwater.level = primary; DROP TABLE t", "SET highwater.level = primary x",
                          "SET highwaterlevel = primary", "SET a.highwater.level = primary",
                          "SET highwater.level = primary '; DROP TABLE t", "SET highwater.level = primary \"x",
                          "SET highwater.level = primary; /* /* */ DROP TABLE t"}) {
    EXPECT_EQ(classify(sql, shop_catalog()).reason, write_reason::parse_failed) << sql;
  }
}

TEST(classify_session, finds_its_own_settings_where_a_server_would_take_them) {
  for (const char* sql : {
           "SELECT set_config('highwater.level', 'strong', false)",
           "SELECT set_config('Highwater.Level', 'strong', true)",
           "SELECT pg_catalog.set_config('highwater.level', $1, $2)",
           "SELECT set_config('highwater.level'::text, 'strong', false)",
           "SELECT set_config(CAST('highwater.level' AS pg_catalog.text), 'strong', false)",
           "SELECT current_setting('highwater.level')",
           "SELECT current_setting('highwater.nothing', true)",
           "SELECT * FROM t WHERE id = 1 AND 'x' = (SELECT current_setting($$highwater.level$$))",
           "WITH x AS (SELECT current_setting('highwater.level')) SELECT * FROM x",
           "SELECT 1; SELECT current_setting('highwater.level')",
           "BEGIN READ ONLY; SELECT set_config('highwater.level', 'strong', true); COMMIT",
           "INSERT INTO t SELECT set_config('highwater.level', 'strong', false)",
           "EXPLAIN ANALYZE SELECT current_setting('highwater.level')",
           "COPY (SELECT current_setting('highwater.level')) TO STDOUT",
           "PREPARE x AS SELECT set_config('highwater.level', $1, false)",
           "DECLARE c CURSOR FOR SELECT current_setting('highwater.level')",
           "ALTER ROLE app SET highwater.level = 'strong'",
           "ALTER ROLE ALL IN DATABASE shop SET highwater.level TO strong",
           "ALTER USER app SET \"Highwater.level\" TO strong",
           "ALTER DATABASE shop SET highwater.level = 'strong'",
           "ALTER DATABASE shop SET highwater.level FROM CURRENT",
           "ALTER SYSTEM SET highwater.level = 'strong'",
           "ALTER FUNCTION f() SET highwater.level = 'strong'",
           "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET highwater.level = 'strong' AS 'SELECT 1'",
       }) {
    const auto verdict = classify(sql, shop_catalog());
    EXPECT_TRUE(verdict.misplaced_internal) << sql;
    EXPECT_EQ(verdict.kind, statement_kind::write) << sql;
    EXPECT_NE(verdict.reason, write_reason::none) << sql;
    EXPECT_FALSE(verdict.literal_free) << sql;
  }
}

TEST(classify_session, leaves_other_settings_to_the_server) {
  for (const char* sql : {
           "SHOW highwater.level",
           "SET highwater.level = 'strong'",
           "SET LOCAL highwater.level TO DEFAULT",
           "RESET highwater.level",
           "SELECT set_config('highwaterish.level', 'strong', false)",
           "SELECT set_config('app.highwater.level', 'highwater.level', false)",
           "SELECT set_config($1, 'strong', false)",
           "SELECT set_config('high' || 'water.level', 'strong', false)",
           "SELECT current_setting('highwater')",
           "SELECT current_setting('app.user')",
           "SELECT 'highwater.level'",
           "SELECT quote_ident('highwater.level')",
           "SELECT highwater.level FROM t highwater",
           "SELECT 1 AS setstmt; SELECT 2 AS \"highwater.level\"",
           "ALTER ROLE app SET work_mem = '1MB'",
           "ALTER ROLE app RESET highwater.level",
           "ALTER DATABASE shop SET highwater.level TO DEFAULT",
           "ALTER SYSTEM RESET highwater.level",
           "ALTER ROLE app RESET ALL",
       }) {
    EXPECT_FALSE(classify(sql, shop_catalog()).misplaced_internal) << sql;
  }
  EXPECT_TRUE(classify("SELECT current_setting('app.user')", shop_catalog()).literal_free);
}

TEST(classify_session, knows_what_stays_behind) {
  const std::pair<const char*, residue> table[] = {
      {"SELECT 1", residue::nothing},
      {"SET work_mem = '1MB'", residue::nothing},
      {"DO $$ BEGIN END $$", residue::discardable},
      {"SELECT nobody_knows_me(1)", residue::discardable},
      {"INSERT INTO t VALUES (nobody_knows_me(1))", residue::discardable},
      {"SELECT 1 <<>> 2", residue::discardable},
      {"SELECT '1'::nothing_known", residue::discardable},
      {"INSERT INTO nothing_known VALUES (1)", residue::discardable},
      {"SELECT 1; DO $$ BEGIN END $$; SELECT 2", residue::discardable},
      {"SELECT query_to_xml('SELECT 1', true, true, '')", residue::discardable},
      {"SELECT * FROM crosstab('SELECT 1, 2, 3') AS c(a int, b int)", residue::discardable},
      {"SELECT table_to_xml('t', true, true, '')", residue::nothing},
      {"LOAD 'auto_explain'", residue::lasting},
      {"SELECT app.loads()", residue::lasting},
      {"INSERT INTO loaded VALUES (1)", residue::lasting},
      {"SELECT * FROM loaded", residue::nothing},
      {"SELECT '1'::app.counted", residue::lasting},
      {"SELECT setseed(0.5)", residue::lasting},
      {"SELECT * FROM t WHERE setseed(0.5) IS NULL", residue::lasting},
      {"INSERT INTO t SELECT setseed(0.5)", residue::lasting},
      {"SELECT dblink_connect('c', 'host=x')", residue::lasting},
      {"SELECT dblink_connect_u('host=x')", residue::lasting},
      {"SELECT * FROM dblink('host=x', 'SELECT 1') AS d(a int)", residue::nothing},
      {"SELECT pg_replication_origin_session_setup('o')", residue::lasting},
      {"SELECT pg_replication_origin_create('o')", residue::nothing},
      {"SELECT pg_create_physical_replication_slot('s')", residue::nothing},
      {"SELECT pg_create_physical_replication_slot('s', true, true)", residue::lasting},
      {"SELECT pg_create_logical_replication_slot('s', 'p', temporary => true)", residue::lasting},
  };
  for (const auto& [sql, expected] : table) {
    const auto verdict = classify(sql, shop_catalog());
    EXPECT_EQ(verdict.leaves, expected) << sql;
    EXPECT_EQ(verdict.leaves == residue::lasting, verdict.pin != pin_reason::none) << sql;
  }
}

TEST(classify_session, knows_that_a_view_may_change_settings) {
  EXPECT_EQ(classify("UPDATE pg_settings SET setting = '1' WHERE name = 'a.b'", shop_catalog()).pin,
            pin_reason::dynamic_setting);
  EXPECT_EQ(classify("UPDATE pg_catalog.pg_settings SET setting = '1'", shop_catalog()).pin,
            pin_reason::dynamic_setting);
  EXPECT_EQ(classify("SELECT setting FROM pg_settings", shop_catalog()).pin, pin_reason::none);
}

// Where its transaction is, it runs: on a replica if that only reads.
TEST(classify_session, knows_what_neither_reads_nor_writes) {
  for (const char* sql :
       {"SET work_mem = '1MB'", "SET LOCAL work_mem = '1MB'", "RESET work_mem", "RESET ALL", "SAVEPOINT a", "RELEASE a",
        "ROLLBACK TO a", "DECLARE c CURSOR FOR SELECT a FROM t", "DECLARE c SCROLL CURSOR FOR SELECT 1",
        "FETCH 5 FROM c", "MOVE 5 IN c", "CLOSE c", "SELECT set_config('a.b', $1, true)",
        "SAVEPOINT a; SELECT 1; RELEASE a", "SET a.b = 1; SET c.d = 2"}) {
    const auto verdict = classify(sql, shop_catalog());
    EXPECT_EQ(verdict.kind, statement_kind::neutral) << sql;
    EXPECT_FALSE(verdict.writes) << sql;
    EXPECT_EQ(verdict.reason, write_reason::none) << sql;
  }
  for (const char* sql :
       {"DECLARE c CURSOR WITH HOLD FOR SELECT 1", "DECLARE c CURSOR FOR SELECT a FROM t FOR UPDATE",
        "DECLARE c CURSOR FOR SELECT nextval('s')", "DECLARE c CURSOR FOR SELECT a FROM scratch",
        "SET transaction_read_only = off", "SET LOCAL transaction_isolation = 'serializable'",
        "SELECT set_config('transaction_read_only', 'off', true)", "SELECT set_config('a.b', '1', false)",
        "SET SESSION AUTHORIZATION x", "SET a.b = 1; BEGIN; SELECT 1; COMMIT", "SAVEPOINT a; COMMIT"}) {
    EXPECT_EQ(classify(sql, shop_catalog()).kind, statement_kind::write) << sql;
  }
}

TEST(classify_session, knows_what_may_change_data) {
  for (const char* sql : {"SELECT 1", "SHOW work_mem", "SHOW port", "BEGIN", "BEGIN READ ONLY; SELECT 1",
                          "SET work_mem = 1", "COMMIT", "SET TRANSACTION READ ONLY", "DISCARD ALL", "DEALLOCATE x",
                          "LISTEN x", "UNLISTEN *", "PREPARE x AS DELETE FROM t", ""}) {
    EXPECT_FALSE(classify(sql, shop_catalog()).writes) << sql;
  }
  // One that is declared stable may not be.
  for (const char* sql : {"SELECT app.stable_one(1)", "SELECT * FROM over_app", "INSERT INTO t VALUES (1)", "NOTIFY x",
                          "SELECT nextval('s')", "EXECUTE x", "DO $$ $$", "SELECT 1; DELETE FROM t", "nonsense",
                          "DECLARE c CURSOR FOR SELECT nextval('s')", "COMMIT PREPARED 'x'"}) {
    EXPECT_TRUE(classify(sql, shop_catalog()).writes) << sql;
  }
}

TEST(classify_session, knows_what_takes_locks_that_others_look_for) {
  for (const char* sql : {"SELECT pg_advisory_xact_lock(1)", "SELECT 1 FROM t WHERE pg_try_advisory_xact_lock(a)",
                          "SELECT app.locks_shortly()"})
    EXPECT_TRUE(classify(sql, shop_catalog()).takes_lock) << sql;
  EXPECT_FALSE(classify("SELECT pg_advisory_unlock(1)", shop_catalog()).takes_lock);
}

TEST(classify_session, knows_behind_what_texts_may_mean_something_else) {
  for (const char* sql : {"SET LOCAL standard_conforming_strings = off", "SET standard_conforming_strings TO 'OFF'",
                          "RESET standard_conforming_strings", "SET NAMES 'SJIS'", "SET client_encoding = big5",
                          "SELECT set_config('Standard_Conforming_Strings', $1, true)",
                          "SELECT set_config($1, 'x', true)", "SELECT 1; SET LOCAL client_encoding = gbk; SELECT 2"})
    EXPECT_TRUE(classify(sql, shop_catalog()).changes_reading) << sql;
  for (const char* sql : {"SET standard_conforming_strings = on", "SET NAMES 'UTF8'", "SET client_encoding = latin1",
                          "SET LOCAL work_mem = 1", "SELECT set_config('a.b', $1, true)", "SELECT 1"})
    EXPECT_FALSE(classify(sql, shop_catalog()).changes_reading) << sql;
}

}  // namespace
}  // namespace highwater::sql
