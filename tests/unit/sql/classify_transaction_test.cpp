#include <gtest/gtest.h>

#include "routing/sql/classify.hpp"
#include "tests/unit/sql/pg15_catalog.hpp"

namespace highwater::sql {
namespace {

using testing_support::shop_catalog;
using enum statement_kind;

struct block {
  const char* sql;
  statement_kind kind;
  std::optional<bool> read_only = std::nullopt;
  bool serializable = false;
};

void expect_blocks(std::initializer_list<block> table) {
  for (const auto& [sql, kind, read_only, serializable] : table) {
    const auto verdict = classify(sql, shop_catalog());
    EXPECT_EQ(verdict.kind, kind) << sql << ": " << to_string(verdict.reason);
    EXPECT_EQ(verdict.read_only, read_only) << sql;
    EXPECT_EQ(verdict.serializable, serializable) << sql;
    EXPECT_EQ(verdict.kind == write, verdict.reason != write_reason::none) << sql;
  }
}

TEST(classify_transaction, single_statements) {
  expect_blocks({
      {"BEGIN", begin},
      {"BEGIN;", begin},
      {"START TRANSACTION", begin},
      {"BEGIN READ WRITE", begin, false},
      {"BEGIN ISOLATION LEVEL REPEATABLE READ", begin},
      {"BEGIN READ ONLY", begin_read_only, true},
      {"START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", begin_read_only, true},
      {"BEGIN READ ONLY DEFERRABLE", begin_read_only, true},
      {"BEGIN ISOLATION LEVEL SERIALIZABLE", begin, std::nullopt, true},
      {"BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY", begin, true, true},
      {"SET TRANSACTION READ ONLY", set_transaction, true},
      {"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE", set_transaction, false, true},
      {"SET TRANSACTION ISOLATION LEVEL READ COMMITTED", set_transaction},
      {"COMMIT", commit},
      {"END", commit},
      {"ROLLBACK", commit},
      {"ABORT WORK", commit},
      {"COMMIT AND NO CHAIN", commit},
      {"COMMIT AND CHAIN", write},
      {"ROLLBACK AND CHAIN", write},
      {"SAVEPOINT a", neutral},
      {"RELEASE a", neutral},
      {"ROLLBACK TO SAVEPOINT a", neutral},
      {"PREPARE TRANSACTION 'a'", write},
      {"COMMIT PREPARED 'a'", write},
      {"ROLLBACK PREPARED 'a'", write},
      {"SET TRANSACTION SNAPSHOT 'a'", write},
  });
}

TEST(classify_transaction, blocks_around_reads_in_one_text) {
  expect_blocks({
      {"BEGIN; SELECT 1; COMMIT", read},
      {"BEGIN READ ONLY; SELECT 1; SELECT 2; ROLLBACK", read},
      {"BEGIN; COMMIT", read},
      {"BEGIN READ ONLY; SAVEPOINT a; SELECT 1; COMMIT", read},
      {"BEGIN READ ONLY; SET LOCAL work_mem = 1; DECLARE c CURSOR FOR SELECT 1", begin_read_only, true},
      {"SELECT 1; BEGIN; SELECT 2; COMMIT; SELECT 3", read},
      {"BEGIN; SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT 1; COMMIT", read},
      {"BEGIN READ ONLY; SELECT 1", begin_read_only, true},
      {"BEGIN; SET TRANSACTION READ ONLY; SELECT 1", begin_read_only, true},
      {"BEGIN; SET TRANSACTION READ ONLY", begin_read_only, true},
  });
}

TEST(classify_transaction, everything_mixed_is_a_write) {
  expect_blocks({
      {"BEGIN; SELECT 1", write},
      {"BEGIN READ WRITE; SELECT 1; COMMIT", write},
      {"BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT", write},
      {"BEGIN READ ONLY; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1", write},
      {"BEGIN READ ONLY; SET TRANSACTION READ WRITE", write},
      {"BEGIN READ ONLY; SELECT 1; SET TRANSACTION READ WRITE", write},
      {"BEGIN; INSERT INTO t VALUES (1); COMMIT", write},
      {"BEGIN READ ONLY; SELECT nextval('s')", write},
      {"BEGIN; BEGIN; SELECT 1; COMMIT", write},
      {"BEGIN; SELECT 1; COMMIT; COMMIT", write},
      {"SELECT 1; COMMIT", write},
      {"COMMIT; SELECT 1", write},
      {"COMMIT; BEGIN READ ONLY", write},
      {"SELECT 1; BEGIN READ ONLY", write},
      {"BEGIN READ ONLY; COMMIT; BEGIN READ ONLY", write},
      {"BEGIN; SELECT 1; COMMIT AND CHAIN", write},
      {"SET TRANSACTION READ ONLY; SELECT 1", write},
  });
}

TEST(classify_transaction, knows_what_begins_another_one_at_its_end) {
  for (const char* sql : {"COMMIT AND CHAIN", "ROLLBACK AND CHAIN", "SELECT 1; COMMIT AND CHAIN; SELECT 2"}) {
    EXPECT_TRUE(classify(sql, shop_catalog()).chains) << sql;
  }
  for (const char* sql : {"COMMIT", "ROLLBACK AND NO CHAIN", "BEGIN; COMMIT"}) {
    EXPECT_FALSE(classify(sql, shop_catalog()).chains) << sql;
  }
}

TEST(classify_transaction, counts_statements) {
  EXPECT_EQ(classify("BEGIN; SELECT 1; ; COMMIT;", shop_catalog()).statement_count, 3U);
  EXPECT_EQ(classify("SELECT 1", shop_catalog()).statement_count, 1U);
  EXPECT_EQ(classify("", shop_catalog()).statement_count, 0U);
}

TEST(classify_transaction, serializable_blocks_say_so) {
  EXPECT_EQ(classify("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT", shop_catalog()).reason,
            write_reason::serializable);
}

}  // namespace
}  // namespace highwater::sql
