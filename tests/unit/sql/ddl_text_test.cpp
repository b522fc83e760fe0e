#include "routing/sql/ddl_text.hpp"

#include <gtest/gtest.h>

#include "routing/sql/classify.hpp"
#include "routing/sql/parse_tree.hpp"

namespace highwater::sql {
namespace {

TEST(ddl_text, suspects_every_word_that_ddl_may_begin_with) {
  for (const char* sql : {
           "CREATE TABLE x ()",
           "alter table t add a int",
           "; Drop TABLE t",
           "SELECT 1;DROP TABLE t",
           "/* a */DROP TABLE t",
           "SELECT E'it\\'s'; DROP TABLE t; --'",
           "IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c",
           "CALL p()",
           "DO $$ BEGIN END $$",
           "DO 'BEGIN END'",
           "DO LANGUAGE plpgsql $$ $$",
           "do",
           "SELECT 1 INTO x",
           "SELECT 1 AS insert, 2 INTO x",
           "SELECT 'create'",
           "-- create",
       }) {
    EXPECT_TRUE(may_be_ddl(sql)) << sql;
  }
}

TEST(ddl_text, does_not_suspect_reads_and_data_modification) {
  for (const char* sql : {
           "",
           "SELECT 1",
           "SELECT created, updated_drop, altered, call_id, \xc3\xa4"
           "do FROM importers",
           "SELECT a$drop$",
           "INSERT INTO t VALUES (1)",
           "insert\n into t values (1) on conflict (id) do nothing",
           "INSERT INTO t VALUES (1) ON CONFLICT (id) DO\n UPDATE SET a = 1 RETURNING a",
           "MERGE INTO t USING u ON true WHEN MATCHED THEN DO NOTHING RETURNING *",
           "SELECT * FROM JSON_TABLE('[]', '$[*]' COLUMNS (a int))",
       }) {
    EXPECT_FALSE(may_be_ddl(sql)) << sql;
  }
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(ddl_text, decides_for_texts_that_are_not_parsed) {
  struct unparsed {
    std::string sql;
    write_reason reason;
    bool changes_schema;
  };
  const std::string long_row = "('" + std::string(max_examined_bytes, 'a') + "')";
  const std::string many_rows = repeated("(1),", parse_tree::max_tokens) + "(1)";
  const unparsed table[] = {
      {"MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE RETURNING *", write_reason::parse_failed, false},
      {"SELEC 1", write_reason::parse_failed, false},
      {"SELEC 1; DROP TABLE t", write_reason::parse_failed, true},
      {"SET a = 1; CREATE TABLE x () WITH SYNTAX OF TOMORROW", write_reason::parse_failed, true},
      {std::string("\0DROP TABLE t", 13), write_reason::parse_failed, true},
      {"INSERT INTO t VALUES " + long_row, write_reason::too_long, false},
      {"INSERT INTO t VALUES " + long_row + "; DROP TABLE t", write_reason::too_long, true},
      {"INSERT INTO t VALUES " + many_rows, write_reason::too_long, false},
      {"CREATE TABLE x (); INSERT INTO x VALUES " + many_rows, write_reason::too_long, true},
  };
  for (const auto& [sql, reason, changes_schema] : table) {
    const auto verdict = classify(sql, nullptr);
    EXPECT_EQ(verdict.reason, reason) << sql.substr(0, 80);
    EXPECT_EQ(verdict.changes_schema, changes_schema) << sql.substr(0, 80);
  }
}

}  // namespace
}  // namespace highwater::sql
