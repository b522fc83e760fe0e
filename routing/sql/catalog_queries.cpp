#include "routing/sql/catalog_queries.hpp"

#include <utility>

namespace highwater::sql {
namespace {

// A function of the user's leaves state behind if its body mentions what lasts as long as the server's session, or the
// name of a function that does. d: DISCARD ALL takes that away, unless it ends with the transaction, which is taken out
// first; l: only the connection's end does. x: it takes an advisory lock for its transaction. Mentioning is enough;
// what is put together at run time, or written in C, is not seen.
constexpr std::string_view marked_sql = R"(
WITH RECURSIVE mark(kind, pattern) AS (VALUES
    ('d', '\m(create\s+(or\s+replace\s+)?(local\s+|global\s+)?temp(orary)?\s|pg_temp\M'
     '|pg_(try_)?advisory_lock|set_config\s*\(|listen\s+(''|"|\w+\s*(;|''|$))|with\s+hold\M'
     '|deallocate\s|prepare\s+\w+\s*(\(|as\M)|discard\s+(all|temp|sequences)|session\s+authorization\M'
     '|(query|cursor)_to_xml|pg_settings\s+set\M)'
     '|(;|''|\$|\mbegin|\mthen|\melse|\mloop)\s*(reset\s|set\s+(session\s+)?'
     '(?!local\M|transaction\M|constraints\M)[a-z_][a-z0-9_.]*(\s*=|\s+to\M|\s+''|\s+[a-z_]+\s*;))'),
    ('l', '\m(load\s+''|dblink_connect|setseed\s*\(|pg_replication_origin_session_setup'
     '|pg_(create|copy)_(physical|logical)_replication_slot)'),
    ('x', '\mpg_(try_)?advisory_xact_lock')),
body AS MATERIALIZED (
     SELECT p.oid, lower(p.proname) AS name,
            replace(lower(CASE WHEN p.prosrc <> '' THEN p.prosrc ELSE pg_catalog.pg_get_functiondef(p.oid) END),
                    ' (', '(') AS text
       FROM pg_catalog.pg_proc p WHERE p.oid >= 16384 AND p.prokind IN ('f', 'p')),
mention AS MATERIALIZED (
     SELECT b.oid, b.name, b.text, m.kind, m.pattern FROM body b, mark m WHERE b.text ~ m.pattern),
marked AS (
     SELECT m.oid, m.name, m.kind FROM mention m
      WHERE m.kind <> 'd'
         OR regexp_replace(regexp_replace(m.text,
                '\mset_config\s*\(([^;()]|\([^;()]*\))*,\s*true\s*\)', '', 'g'),
                '\mcreate\s+(local\s+)?temp(orary)?\s[^;]*\mon\s+commit\s+drop\M', '', 'g') ~ m.pattern
     UNION
     SELECT b.oid, b.name, m.kind FROM marked m JOIN body b ON strpos(b.text, m.name || '(') > 0),
marked_function AS MATERIALIZED (
     SELECT m.oid, m.kind FROM marked m
     UNION
     SELECT a.aggfnoid, m.kind
       FROM pg_catalog.pg_aggregate a
       JOIN marked m ON m.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
                                  a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn))
SELECT coalesce(array_agg(m.oid), '{}')::text, coalesce(array_agg(m.kind), '{}')::text FROM marked_function m)";

// An aggregate is always declared immutable: what counts are the functions that it is made of. A default for an
// argument runs with the call: one that mentions anything volatile makes the function so, and so does a lock that is to
// be found on the primary. 'i' < 's' < 'v' and 'd' < 'l', so the worst
// is the greatest.
constexpr std::string_view functions_sql = R"(,
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
     SELECT m.oid, 'v' FROM marked_function m WHERE m.kind = 'x'
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
       coalesce(max(m.kind) FILTER (WHERE m.kind <> 'x'), ''),
       coalesce(bool_or(m.kind = 'x'), false)
  FROM pg_catalog.pg_proc p
  JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  LEFT JOIN pg_catalog.pg_type first_type ON p.pronargs >= 1 AND first_type.oid = p.proargtypes[0]
  LEFT JOIN part ON part.oid = p.oid
  LEFT JOIN marked_function m ON m.oid = p.oid
 WHERE n.nspname NOT LIKE 'pg\_temp\_%'
 GROUP BY 1, 2, 4)";

constexpr std::string_view operators_sql = R"(
SELECT n.nspname, o.oprname, max(coalesce(p.provolatile::text, 'v')),
       coalesce(max(m.kind) FILTER (WHERE m.kind <> 'x'), '')
  FROM pg_catalog.pg_operator o
  JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
  LEFT JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
  LEFT JOIN marked_function m ON m.oid = o.oprcode
 GROUP BY 1, 2)";

// Expressions that are kept as parse trees name functions by their numbers. `checked`: domains, by what their checks
// do.
constexpr std::string_view expressions_sql = R"(,
bad AS MATERIALIZED (
     SELECT m.oid, m.kind FROM marked_function m WHERE m.kind <> 'x'
     UNION
     SELECT p.oid, CASE WHEN p.proname ~ '^(setseed|pg_replication_origin_session_setup|pg_(create|copy)_\w+_slot)$'
                        THEN 'l' ELSE 'd' END
       FROM pg_catalog.pg_proc p
      WHERE p.oid < 16384 AND (p.proname ~ '^(setseed|pg_replication_origin_session_setup|pg_(create|copy)_\w+_slot)$'
                           OR p.proname ~ '^(set_config|pg_(try_)?advisory_lock(_shared)?|(query|cursor)_to_xml.*|ts_stat)$')),
token AS MATERIALIZED (
     SELECT b.kind, ':(funcid|opfuncid|aggfnoid|winfnoid) (' || string_agg(b.oid::text, '|') || ')\M' AS pattern
       FROM bad b GROUP BY b.kind),
checked AS (
     SELECT c.contypid AS type, t.kind
       FROM pg_catalog.pg_constraint c JOIN token t ON c.conbin::text ~ t.pattern WHERE c.contypid <> 0
     UNION
     SELECT d.oid, k.kind FROM checked k JOIN pg_catalog.pg_type d ON d.typtype = 'd' AND d.typbasetype = k.type))";

// Every type can be cast to through text, by its input function; the array and row types that come with other types
// and tables are left out. A domain runs its checks: one that mentions anything volatile counts as volatile itself.
constexpr std::string_view casts_sql = R"(,
below AS (
     SELECT t.oid AS domain, t.oid, t.typbasetype FROM pg_catalog.pg_type t WHERE t.typtype = 'd'
     UNION ALL
     SELECT b.domain, t.oid, t.typbasetype FROM below b JOIN pg_catalog.pg_type t ON t.oid = b.typbasetype),
check_text AS MATERIALIZED (
     SELECT b.domain, pg_catalog.pg_get_constraintdef(c.oid) AS definition
       FROM below b JOIN pg_catalog.pg_constraint c ON c.contypid = b.oid),
volatile_name AS MATERIALIZED (
     SELECT DISTINCT p.proname AS name FROM pg_catalog.pg_proc p WHERE p.provolatile = 'v'),
volatile_operator AS MATERIALIZED (
     SELECT DISTINCT o.oprname AS name
       FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode WHERE p.provolatile = 'v'),
volatile_domain AS (
     SELECT DISTINCT k.domain FROM check_text k
      WHERE EXISTS (SELECT FROM volatile_name v WHERE strpos(k.definition, v.name || '(') > 0
                                                   OR strpos(k.definition, v.name || '"(') > 0)
         OR EXISTS (SELECT FROM volatile_operator v WHERE strpos(k.definition, v.name) > 0))
SELECT n.nspname, t.typname,
       CASE WHEN t.oid IN (SELECT d.domain FROM volatile_domain d) THEN 'v'
            ELSE (SELECT coalesce(max(p.provolatile::text), 'v') FROM pg_catalog.pg_proc p
                   WHERE p.oid IN (t.typinput, t.typoutput, t.typmodin)) END,
       coalesce((SELECT max(k.kind) FROM checked k WHERE k.type = t.oid), '')
  FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
 WHERE t.typisdefined AND (t.typrelid = 0 OR c.relkind = 'c')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)
UNION ALL
SELECT n.nspname, t.typname, max(p.provolatile::text),
       coalesce(max(m.kind) FILTER (WHERE m.kind <> 'x'), '')
  FROM pg_catalog.pg_cast k
  JOIN pg_catalog.pg_type t ON t.oid = k.casttarget
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  JOIN pg_catalog.pg_proc p ON p.oid = k.castfunc
  LEFT JOIN marked_function m ON m.oid = k.castfunc
 GROUP BY 1, 2)";

// A table is no better replicated than the worst of its partitions and children. Temporary relations are left out: a
// session that has some is pinned, and nobody else can mean them. The policies are those that apply to reading,
// separated by U+0001.
constexpr std::string_view relations_sql = R"(
WITH RECURSIVE tainted AS (
     SELECT c.oid FROM pg_catalog.pg_class c
      WHERE c.relkind IN ('r', 'p', 'f') AND (c.relpersistence = 'u' OR c.relkind = 'f')
     UNION
     SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN tainted t ON t.oid = i.inhrelid)
SELECT n.nspname, c.relname, c.relkind,
       CASE WHEN c.oid IN (SELECT t.oid FROM tainted t) THEN 'u' ELSE c.relpersistence::text END,
       CASE WHEN c.relkind = 'v' THEN c.oid::text ELSE '' END,
       CASE WHEN c.relrowsecurity
            THEN (SELECT coalesce(string_agg(pg_catalog.pg_get_expr(p.polqual, p.polrelid), E'\x01'), '')
                    FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid AND p.polcmd IN ('*', 'r')
                                                  AND p.polqual IS NOT NULL)
            ELSE '' END
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't')";

constexpr std::string_view inheritance_sql = R"(
SELECT n.nspname, c.relname, pn.nspname, p.relname
  FROM pg_catalog.pg_inherits i
  JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
  JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
 WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't')";

// Tables and views of which writing to them may leave state behind: by triggers, defaults, generated columns, checks,
// indexes, policies and rules, the checks of domains and the casts to the types of their columns; and by those of their
// partitions and children, of tables that refer to them with an action, and of what their rules are about.
constexpr std::string_view writing_sql = R"(,
tree AS (
     SELECT d.adrelid AS relation, d.adbin::text AS text FROM pg_catalog.pg_attrdef d
     UNION ALL
     SELECT c.conrelid, c.conbin::text FROM pg_catalog.pg_constraint c WHERE c.contype = 'c' AND c.conrelid <> 0
     UNION ALL
     SELECT i.indrelid, concat(i.indexprs::text, i.indpred::text) FROM pg_catalog.pg_index i
      WHERE i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
     UNION ALL
     SELECT p.partrelid, p.partexprs::text FROM pg_catalog.pg_partitioned_table p WHERE p.partexprs IS NOT NULL
     UNION ALL
     SELECT p.polrelid, concat(p.polqual::text, p.polwithcheck::text) FROM pg_catalog.pg_policy p
     UNION ALL
     SELECT t.tgrelid, t.tgqual::text FROM pg_catalog.pg_trigger t WHERE t.tgqual IS NOT NULL
     UNION ALL
     SELECT r.ev_class, concat(r.ev_qual::text, r.ev_action::text) FROM pg_catalog.pg_rewrite r
      WHERE r.ev_type <> '1' AND r.ev_class >= 16384),
converted AS MATERIALIZED (
     SELECT k.type, k.kind FROM checked k
     UNION
     SELECT c.casttarget, b.kind
       FROM pg_catalog.pg_cast c JOIN bad b ON b.oid = c.castfunc WHERE c.castcontext IN ('a', 'i')),
link AS MATERIALIZED (
     SELECT i.inhparent AS relation, i.inhrelid AS other FROM pg_catalog.pg_inherits i
     UNION ALL
     SELECT c.confrelid, c.conrelid FROM pg_catalog.pg_constraint c
      WHERE c.contype = 'f' AND (c.confupdtype IN ('c', 'n', 'd') OR c.confdeltype IN ('c', 'n', 'd'))
     UNION ALL
     SELECT r.ev_class, d.refobjid
       FROM pg_catalog.pg_rewrite r
       JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
                                  AND d.refclassid = 'pg_catalog.pg_class'::regclass
      WHERE d.refobjid <> r.ev_class),
reached AS (
     SELECT t.relation, k.kind FROM tree t JOIN token k ON t.text ~ k.pattern
     UNION
     SELECT t.tgrelid, b.kind
       FROM pg_catalog.pg_trigger t JOIN bad b ON b.oid = t.tgfoid WHERE NOT t.tgisinternal OR t.tgparentid <> 0
     UNION
     SELECT a.attrelid, v.kind FROM pg_catalog.pg_attribute a JOIN converted v ON v.type = a.atttypid WHERE a.attnum > 0
     UNION
     SELECT l.relation, r.kind FROM reached r JOIN link l ON l.other = r.relation)
SELECT n.nspname, c.relname, max(r.kind)
  FROM reached r
  JOIN pg_catalog.pg_class c ON c.oid = r.relation
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'f') AND c.relpersistence <> 't'
 GROUP BY 1, 2)";

// Each row's own version, of everything that the queries look at.
constexpr std::string_view fingerprint_sql = R"(
WITH temporary AS MATERIALIZED (
     SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname ~ '^pg_(toast_)?temp_'),
version(source, oid, xmin) AS (
     SELECT 1, c.oid, c.xmin FROM pg_catalog.pg_class c
      WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
     UNION ALL
     SELECT 2, p.oid, p.xmin FROM pg_catalog.pg_proc p
     UNION ALL
     SELECT 3, o.oid, o.xmin FROM pg_catalog.pg_operator o
     UNION ALL
     SELECT 4, k.oid, k.xmin FROM pg_catalog.pg_cast k
     UNION ALL
     SELECT 5, t.oid, t.xmin FROM pg_catalog.pg_type t WHERE t.typnamespace NOT IN (SELECT y.oid FROM temporary y)
     UNION ALL
     SELECT 6, n.oid, n.xmin FROM pg_catalog.pg_namespace n WHERE n.oid NOT IN (SELECT y.oid FROM temporary y)
     UNION ALL
     SELECT 7, p.oid, p.xmin FROM pg_catalog.pg_policy p
     UNION ALL
     SELECT 8, t.oid, t.xmin FROM pg_catalog.pg_trigger t
     UNION ALL
     SELECT 9, i.inhrelid, i.xmin FROM pg_catalog.pg_inherits i
     UNION ALL
     SELECT 10, r.oid, r.xmin FROM pg_catalog.pg_rewrite r
     UNION ALL
     SELECT 11, c.oid, c.xmin FROM pg_catalog.pg_constraint c
      WHERE c.connamespace NOT IN (SELECT y.oid FROM temporary y)
     UNION ALL
     SELECT 12, a.aggfnoid, a.xmin FROM pg_catalog.pg_aggregate a)
SELECT concat(count(*), ' ', sum(hashtext(concat(v.source, ' ', v.oid, ' ', v.xmin)))) FROM version v)";

}  // namespace

std::string_view marked_functions_sql() noexcept {
  return marked_sql;
}

std::string_view catalog_fingerprint_sql() noexcept {
  return fingerprint_sql;
}

std::string view_definitions_sql(std::span<const std::string> views) {
  std::string numbers;
  for (const auto& each : views) numbers += (numbers.empty() ? "" : ",") + each;
  return "SELECT c.oid, pg_catalog.pg_get_viewdef(c.oid) FROM pg_catalog.pg_class c WHERE c.oid = ANY('{" + numbers +
         "}'::oid[])";
}

std::string catalog_sql(catalog_query which, const marked_functions& marked) {
  auto begin = "WITH RECURSIVE marked_function(oid, kind) AS MATERIALIZED (SELECT * FROM unnest('" + marked.oids +
               "'::oid[], '" + marked.kinds + "'::text[]))";
  const auto joined = [&](std::string_view first, std::string_view second = {}) {
    return std::move(begin.append(first).append(second));
  };
  switch (which) {
    case catalog_query::functions:
      return joined(functions_sql);
    case catalog_query::operators:
      return joined(operators_sql);
    case catalog_query::casts:
      return joined(expressions_sql, casts_sql);
    case catalog_query::relations:
      return std::string(relations_sql);
    case catalog_query::inheritance:
      return std::string(inheritance_sql);
    case catalog_query::writing:
      return joined(expressions_sql, writing_sql);
  }
  return {};
}

}  // namespace highwater::sql
