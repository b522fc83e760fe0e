#pragma once

// The queries that a catalogue is built from. They run on PostgreSQL 13 and later, as any user that may connect to the
// database, in one REPEATABLE READ transaction after catalog_search_path. The columns are those that add_catalog_row()
// expects.

#include <cstdint>
#include <string_view>

namespace highwater::routing {

// Makes the server print every name in a view or policy with its schema, those of pg_catalog excepted.
inline constexpr std::string_view catalog_search_path = "SET LOCAL search_path = ''";

enum class catalog_query : std::uint8_t { functions, operators, casts, relations, inheritance };

// An aggregate is always declared immutable: what counts are the functions that it is made of. A default for an
// argument runs with the call: one that mentions anything volatile makes the function so. 'i' < 's' < 'v', so the worst
// is the greatest.
//
// A function of the user's leaves state behind if its body mentions what lasts as long as the server's session, or the
// name of a function that does; not if that ends with the transaction (`lasting`, without what is taken out in
// `stateful`). Mentioning is enough; what is put together at run time, or written in C, is not seen.
inline constexpr std::string_view catalog_functions_sql = R"(
WITH RECURSIVE lasting(pattern) AS (VALUES (
     '\m(create\s+(or\s+replace\s+)?(local\s+|global\s+)?temp(orary)?\s|pg_temp\M'
     '|pg_(try_)?advisory_lock|set_config\s*\(|listen\s+(''|"|\w+\s*(;|''|$))|load\s+''|dblink_connect|with\s+hold\M'
     '|deallocate\s|prepare\s+\w+\s*(\(|as\M)|discard\s+(all|temp|sequences)|session\s+authorization\M)'
     '|(;|''|\$|\mbegin|\mthen|\melse|\mloop)\s*(reset\s|set\s+(session\s+)?'
     '(?!local\M|transaction\M|constraints\M)[a-z_][a-z0-9_.]*(\s*=|\s+to\M|\s+''|\s+[a-z_]+\s*;))')),
body AS MATERIALIZED (
     SELECT p.oid, lower(p.proname) AS name,
            replace(lower(CASE WHEN p.prosrc <> '' THEN p.prosrc ELSE pg_catalog.pg_get_functiondef(p.oid) END),
                    ' (', '(') AS text
       FROM pg_catalog.pg_proc p WHERE p.oid >= 16384 AND p.prokind IN ('f', 'p')),
mention AS MATERIALIZED (
     SELECT b.oid, b.name, b.text FROM body b, lasting l WHERE b.text ~ l.pattern),
stateful AS (
     SELECT m.oid, m.name FROM mention m, lasting l
      WHERE regexp_replace(regexp_replace(m.text,
                '\mset_config\s*\(([^;()]|\([^;()]*\))*,\s*true\s*\)', '', 'g'),
                '\mcreate\s+(local\s+)?temp(orary)?\s[^;]*\mon\s+commit\s+drop\M', '', 'g') ~ l.pattern
     UNION
     SELECT b.oid, b.name FROM stateful s JOIN body b ON strpos(b.text, s.name || '(') > 0),
volatile_name AS MATERIALIZED (
     SELECT DISTINCT p.proname AS name FROM pg_catalog.pg_proc p WHERE p.provolatile = 'v'),
default_value AS MATERIALIZED (
     SELECT p.oid, pg_catalog.pg_get_expr(p.proargdefaults, 0) AS expression
       FROM pg_catalog.pg_proc p WHERE p.pronargdefaults > 0),
part AS (
     SELECT d.oid, 'v' AS worst FROM default_value d
      WHERE EXISTS (SELECT FROM volatile_name v WHERE strpos(d.expression, v.name || '(') > 0
                                                   OR strpos(d.expression, v.name || '"(') > 0)
     UNION ALL
     SELECT a.aggfnoid, f.provolatile::text
       FROM pg_catalog.pg_aggregate a
      CROSS JOIN LATERAL unnest(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
                                      a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn]::oid[]) AS made_of(oid)
       JOIN pg_catalog.pg_proc f ON f.oid = made_of.oid)
SELECT n.nspname, p.proname,
       max(greatest(p.provolatile::text, part.worst)),
       p.oid < 16384,
       bool_or(p.provolatile = 'v' AND p.pronargs >= 1 AND p.pronargs - p.pronargdefaults <= 1
               AND first_type.typtype IN ('c', 'p')),
       bool_or(p.oid IN (SELECT s.oid FROM stateful s))
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  LEFT JOIN pg_catalog.pg_type first_type ON p.pronargs >= 1 AND first_type.oid = p.proargtypes[0]
  LEFT JOIN part ON part.oid = p.oid
 WHERE n.nspname NOT LIKE 'pg\_temp\_%'
 GROUP BY 1, 2, 4)";

inline constexpr std::string_view catalog_operators_sql = R"(
SELECT n.nspname, o.oprname, max(coalesce(p.provolatile::text, 'v'))
  FROM pg_catalog.pg_operator o
  JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
  LEFT JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
 GROUP BY 1, 2)";

// Every type can be cast to through text, by its input function; the array and row types that come with other types
// and tables are left out. A domain runs its checks: one that mentions anything volatile counts as volatile itself.
inline constexpr std::string_view catalog_casts_sql = R"(
WITH RECURSIVE below AS (
     SELECT t.oid AS domain, t.oid, t.typbasetype FROM pg_catalog.pg_type t WHERE t.typtype = 'd'
     UNION ALL
     SELECT b.domain, t.oid, t.typbasetype FROM below b JOIN pg_catalog.pg_type t ON t.oid = b.typbasetype),
checks AS MATERIALIZED (
     SELECT b.domain, pg_catalog.pg_get_constraintdef(c.oid) AS definition
       FROM below b JOIN pg_catalog.pg_constraint c ON c.contypid = b.oid),
volatile_name AS MATERIALIZED (
     SELECT DISTINCT p.proname AS name FROM pg_catalog.pg_proc p WHERE p.provolatile = 'v'),
volatile_operator AS MATERIALIZED (
     SELECT DISTINCT o.oprname AS name
       FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode WHERE p.provolatile = 'v'),
volatile_domain AS (
     SELECT DISTINCT k.domain FROM checks k
      WHERE EXISTS (SELECT FROM volatile_name v WHERE strpos(k.definition, v.name || '(') > 0
                                                   OR strpos(k.definition, v.name || '"(') > 0)
         OR EXISTS (SELECT FROM volatile_operator v WHERE strpos(k.definition, v.name) > 0))
SELECT n.nspname, t.typname,
       CASE WHEN t.oid IN (SELECT d.domain FROM volatile_domain d) THEN 'v'
            ELSE (SELECT coalesce(max(p.provolatile::text), 'v') FROM pg_catalog.pg_proc p
                   WHERE p.oid IN (t.typinput, t.typoutput, t.typmodin)) END
  FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
 WHERE t.typisdefined AND (t.typrelid = 0 OR c.relkind = 'c')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)
UNION ALL
SELECT n.nspname, t.typname, max(p.provolatile::text)
  FROM pg_catalog.pg_cast k
  JOIN pg_catalog.pg_type t ON t.oid = k.casttarget
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  JOIN pg_catalog.pg_proc p ON p.oid = k.castfunc
 GROUP BY 1, 2)";

// A table is no better replicated than the worst of its partitions and children. Temporary relations are left out: a
// session that has some is pinned, and nobody else can mean them. The policies are those that apply to reading;
// they, and the names of the triggers' functions, are separated by U+0001.
inline constexpr std::string_view catalog_relations_sql = R"(
WITH RECURSIVE tainted AS (
     SELECT c.oid FROM pg_catalog.pg_class c
      WHERE c.relkind IN ('r', 'p', 'f') AND (c.relpersistence = 'u' OR c.relkind = 'f')
     UNION
     SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN tainted t ON t.oid = i.inhrelid)
SELECT n.nspname, c.relname, c.relkind,
       CASE WHEN c.oid IN (SELECT t.oid FROM tainted t) THEN 'u' ELSE c.relpersistence::text END,
       CASE WHEN c.relkind = 'v' THEN pg_catalog.pg_get_viewdef(c.oid) ELSE '' END,
       CASE WHEN c.relrowsecurity
            THEN (SELECT coalesce(string_agg(pg_catalog.pg_get_expr(p.polqual, p.polrelid), E'\x01'), '')
                    FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid AND p.polcmd IN ('*', 'r')
                                                  AND p.polqual IS NOT NULL)
            ELSE '' END,
       (SELECT coalesce(string_agg(DISTINCT f.proname::text, E'\x01'), '')
          FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc f ON f.oid = t.tgfoid
         WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't')";

inline constexpr std::string_view catalog_inheritance_sql = R"(
SELECT n.nspname, c.relname, pn.nspname, p.relname
  FROM pg_catalog.pg_inherits i
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
  JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
 WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't')";

struct catalog_query_text {
  catalog_query which;
  std::string_view sql;
};
inline constexpr catalog_query_text catalog_queries[] = {
    {catalog_query::functions, catalog_functions_sql},
    {catalog_query::operators, catalog_operators_sql},
    {catalog_query::casts, catalog_casts_sql},
    {catalog_query::relations, catalog_relations_sql},
    {catalog_query::inheritance, catalog_inheritance_sql},
};

}  // namespace highwater::routing
