#include "tests/unit/sql/pg15_catalog.hpp"

#include <sstream>

namespace highwater::testing_support {
namespace {

using sql::catalog_rows;
using sql::residue;

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

void builtin_functions(catalog_rows& rows, char volatility, const std::string& names) {
  for (const auto& name : words(names)) rows.functions.push_back({"pg_catalog", name, volatility, true, false});
}
void operators(catalog_rows& rows, const std::string& names) {
  for (const auto& name : words(names)) rows.operators.push_back({"pg_catalog", name, 'i'});
}
void types(catalog_rows& rows, const std::string& names) {
  for (const auto& name : words(names)) rows.casts.push_back({"pg_catalog", name, 's'});
}
void added_function(catalog_rows& rows, const char* schema, const char* name, char volatility, bool takes_row = false) {
  rows.functions.push_back({schema, name, volatility, false, takes_row});
}
void relation(catalog_rows& rows, const char* schema, const char* name, char kind = 'r', char persistence = 'p') {
  rows.relations.push_back({schema, name, kind, persistence, "", {}});
}
void view(catalog_rows& rows, const char* name, const char* definition) {
  rows.relations.push_back({"public", name, 'v', 'p', definition, {}});
}
void guarded(catalog_rows& rows, const char* name, const char* policy) {
  rows.relations.push_back({"public", name, 'r', 'p', "", {policy}});
}

void add_server(catalog_rows& rows) {
  builtin_functions(
      rows, 'i',
      "abs lower upper length substring btrim extract count sum min max avg string_agg array_agg "
      "percentile_cont row_number rank coalesce json_to_recordset generate_series unnest overlay position "
      "similar_to_escape pg_typeof like_escape timezone date_part int4 text jsonb_array_elements");
  builtin_functions(rows, 's',
                    "now statement_timestamp current_setting version row_security_active has_table_privilege to_char "
                    "pg_table_is_visible format_type pg_backend_pid pg_current_xact_id_if_assigned "
                    "pg_stat_get_activity pg_show_all_settings inet_server_addr table_to_xml pg_cursor date_trunc "
                    "txid_current_snapshot pg_postmaster_start_time current_schema");
  builtin_functions(rows, 'v',
                    "random clock_timestamp timeofday gen_random_uuid pg_sleep pg_sleep_for pg_relation_size lo_get "
                    "lo_open loread nextval setval currval lastval set_config pg_notify setseed pg_is_in_recovery "
                    "pg_advisory_lock pg_try_advisory_lock pg_advisory_xact_lock pg_advisory_unlock txid_current "
                    "pg_read_file query_to_xml pg_last_wal_replay_lsn pg_lock_status txid_status system bernoulli");
  operators(rows, "+ - * / % = <> < <= > >= || ~~ !~~ ~~* !~~* ~ !~ ~* && @> -> ->> #>> ^ @@ |/");
  types(rows,
        "int2 int4 int8 text varchar bpchar bool numeric float8 date timestamp timestamptz interval json jsonb xml "
        "bytea uuid regclass oid name bit varbit");
  relation(rows, "pg_catalog", "pg_class");
  relation(rows, "pg_catalog", "pg_namespace");
  rows.relations.push_back(
      {"pg_catalog", "pg_settings", 'v', 'p', "SELECT a.name FROM pg_show_all_settings() a(name, setting)", {}});
  rows.relations.push_back({"pg_catalog",
                            "pg_tables",
                            'v',
                            'p',
                            "SELECT n.nspname FROM (pg_class c LEFT JOIN pg_namespace n ON ((n.oid = c.oid)))",
                            {}});
}

void add_shop(catalog_rows& rows) {
  for (const char* name : {"t", "orders", "items", "große"}) relation(rows, "public", name);
  relation(rows, "billing", "accounts");
  relation(rows, "billing", "t");
  relation(rows, "public", "sums", 'm');
  relation(rows, "public", "scratch", 'r', 'u');
  relation(rows, "public", "remote", 'f');
  relation(rows, "public", "order_ids", 'S');
  view(rows, "open_orders", "SELECT o.id FROM public.orders o WHERE (o.state = 'open'::text)");
  view(rows, "busy", "SELECT count(*) AS n FROM public.open_orders, public.items");
  view(rows, "numbered", "SELECT nextval('public.order_ids'::regclass) AS n");
  view(rows, "over_numbered", "SELECT numbered.n FROM public.numbered");
  view(rows, "over_scratch", "SELECT scratch.id FROM public.scratch");
  view(rows, "over_app", "SELECT app.stable_one(orders.id) FROM public.orders");
  view(rows, "newer_syntax", "SELECT JSON_ARRAYAGG(id RETURNING text) FROM public.orders");
  view(rows, "locking", "SELECT pg_advisory_lock(1) AS l");
  view(rows, "over_locking", "SELECT locking.l FROM public.locking");
  view(rows, "circle_a", "SELECT circle_b.id FROM public.circle_b");
  view(rows, "circle_b", "SELECT circle_a.id FROM public.circle_a");
  guarded(rows, "tenants", "(owner = current_setting('app.user'::text, true))");
  guarded(rows, "audited", "(app.volatile_one(id) > 0)");
  guarded(rows, "shared", "(EXISTS ( SELECT 1 FROM public.items WHERE (items.id = shared.id)))");
  added_function(rows, "app", "stable_one", 's');
  added_function(rows, "app", "volatile_one", 'v');
  added_function(rows, "app", "overloaded", 'i');
  added_function(rows, "app", "overloaded", 'v');
  added_function(rows, "safe", "twice", 'i');
  added_function(rows, "unsafe", "twice", 'v');
  added_function(rows, "public", "uuid_generate_v4", 'v');
  added_function(rows, "app", "total", 'v', true);
  added_function(rows, "app", "state", 'v', false);
  added_function(rows, "app", "label", 's', true);
  rows.functions.push_back({"app", "locks", 'v', false, false, residue::discardable});
  rows.functions.push_back({"app", "locks_quietly", 's', false, false, residue::discardable});
  rows.functions.push_back({"app", "loads", 'v', false, false, residue::lasting});
  rows.functions.push_back({"app", "locks_shortly", 'v', false, false, residue::nothing, true});
  rows.operators.push_back({"app", "!!~", 'i', residue::discardable});
  rows.casts.push_back({"app", "counted", 's', residue::lasting});
  relation(rows, "public", "watched");
  relation(rows, "public", "loaded");
  rows.writing.push_back({"public", "watched", residue::discardable});
  rows.writing.push_back({"public", "loaded", residue::lasting});
  rows.operators.push_back({"app", "~>", 'v'});
  rows.operators.push_back({"app", "<~", 'i'});
  rows.casts.push_back({"app", "money_text", 'i'});
  rows.casts.push_back({"app", "checked", 'v'});
}

}  // namespace

catalog_rows shop_rows() {
  catalog_rows rows;
  add_server(rows);
  add_shop(rows);
  return rows;
}

const sql::catalog* shop_catalog() {
  static const sql::catalog shop(shop_rows());
  return &shop;
}

}  // namespace highwater::testing_support
