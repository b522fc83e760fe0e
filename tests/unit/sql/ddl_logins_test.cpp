#include "routing/sql/ddl_logins.hpp"

#include <gtest/gtest.h>

#include "routing/sql/classify.hpp"
#include "tests/unit/sql/pg15_catalog.hpp"

namespace highwater::sql {
namespace {

using testing_support::shop_catalog;

// "user@database" of each, with * for any; behind a bar, the databases that nobody else may be connected to.
std::string described(const char* sql) {
  const auto found = classify(sql, shop_catalog()).logins;
  const auto any = [](const std::string& name) { return name.empty() ? "*" : name; };
  std::string text;
  for (const auto& [user, database] : found.scopes) text += (text.empty() ? "" : " ") + any(user) + "@" + any(database);
  if (!found.vacates.empty()) text += " |";
  for (const auto& each : found.vacates) text += " " + each;
  return text;
}

TEST(ddl_logins, are_found_in_what_they_rest_on) {
  const struct {
    const char *sql, *found;
  } rows[] = {
      {"CREATE ROLE bob", "bob@*"},
      {"CREATE USER \"Bob\" PASSWORD 'x'", "Bob@*"},
      {"ALTER ROLE bob NOLOGIN", "bob@*"},
      {"ALTER USER bob PASSWORD 'x'", "bob@*"},
      {"ALTER ROLE CURRENT_USER NOLOGIN", "*@*"},
      {"ALTER GROUP staff ADD USER bob", "*@*"},
      {"ALTER ROLE bob SET standard_conforming_strings = off", "bob@*"},
      {"ALTER ROLE bob RESET ALL", "bob@*"},
      {"ALTER ROLE bob IN DATABASE shop SET work_mem = 1", "bob@shop"},
      {"ALTER ROLE ALL IN DATABASE shop SET work_mem = 1", "*@shop"},
      {"ALTER ROLE ALL SET work_mem = 1", "*@*"},
      {"ALTER ROLE bob RENAME TO rob", "bob@* rob@*"},
      {"DROP ROLE IF EXISTS bob, ann", "bob@* ann@*"},
      {"DROP OWNED BY bob", "*@*"},
      {"REASSIGN OWNED BY bob TO ann", "*@*"},
      {"GRANT staff TO bob", "*@*"},
      {"REVOKE staff FROM bob", "*@*"},
      {"REVOKE CONNECT ON DATABASE shop, till FROM bob", "*@shop *@till"},
      {"GRANT CONNECT ON DATABASE shop TO PUBLIC", "*@shop"},
      {"ALTER DATABASE shop SET work_mem = 1", "*@shop"},
      {"ALTER DATABASE shop RESET ALL", "*@shop"},
      {"ALTER DATABASE shop ALLOW_CONNECTIONS false", "*@shop"},
      {"ALTER DATABASE shop OWNER TO bob", "*@shop"},
      {"ALTER DATABASE shop SET TABLESPACE fast", "*@shop | shop"},
      {"ALTER DATABASE shop RENAME TO till", "*@shop *@till | shop"},
      {"DROP DATABASE IF EXISTS shop", "*@shop | shop"},
      {"DROP DATABASE shop WITH (FORCE)", "*@shop | shop"},
      {"CREATE DATABASE shop", "*@shop | template1"},
      {"CREATE DATABASE shop TEMPLATE DEFAULT", "*@shop | template1"},
      {"CREATE DATABASE shop WITH OWNER bob TEMPLATE = mould", "*@shop | mould"},
      {"BEGIN; ALTER ROLE bob NOLOGIN; DROP ROLE ann; COMMIT", "bob@* ann@*"},
  };
  for (const auto& [sql, found] : rows) EXPECT_EQ(described(sql), found) << sql;
}

TEST(ddl_logins, are_not_touched_by_anything_else) {
  for (const auto* sql :
       {"SELECT 1", "CREATE TABLE t (a int)", "ALTER TABLE t RENAME TO u", "ALTER TABLE t OWNER TO bob",
        "GRANT SELECT ON t TO bob", "DROP TABLE t", "ALTER SYSTEM SET work_mem = 1", "SET ROLE bob"})
    EXPECT_EQ(described(sql), "") << sql;
}

}  // namespace
}  // namespace highwater::sql
