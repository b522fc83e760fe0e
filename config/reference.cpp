#include <string_view>

#include "config/write.hpp"

namespace highwater::config {
namespace {

constexpr std::string_view introduction = R"(# Configuration

<!-- Generated: edit config/schema.cpp or config/reference.cpp, then `highwater reference > docs/configuration.md`. -->

Highwater reads one YAML file. Only `cluster.nodes` must be there; every other option has a default. What the
consistency levels promise is in [consistency.md](consistency.md).

- `highwater check` reads the file, says everything that is wrong with it at once, and otherwise prints the effective
  configuration with its secrets masked.
- `highwater schema` prints the JSON Schema for editors, which is also in `docs/highwater.schema.json`. An editor that
  runs the YAML language server uses it when the file begins with
  `# yaml-language-server: $schema=highwater.schema.json`.
- `highwater reference` prints this page.

A mistake names the file, line and column, the option, what was found and what was expected. Highwater does not start
with one:

```
highwater.yaml:12:9: pool.size: found 'many', expected a whole number from 1 to 10000
```

## Units

| Value | Units | Example |
|---|---|---|
| duration | `us`, `ms`, `s`, `min`, `h` | `20ms` |
| size | `B`, `kB`, `MB`, `GB`, in steps of 1024 as in PostgreSQL | `256kB` |

The number is whole and the unit follows without a space. Only `0` needs no unit.

## Example

```yaml
listen: {address: 0.0.0.0, port: 6432}
auth:
  method: scram-sha-256
  users:
    - {name: app, password: change-me}
cluster:
  nodes:                       # which one is the primary is asked, never configured
    - {name: a, host: 10.0.0.11}
    - {name: b, host: 10.0.0.12, zone: eu-1a, weight: 2}
  monitor: {user: highwater, database: postgres, interval: 50ms}
consistency: {level: session, on_stale: [{wait: auto}, primary]}
policies:                      # a query gets the strongest level of all that match
  - name: money
    match: {tables: [public.accounts, "billing.*"]}
    level: strong
  - name: catalogue
    match: {tables: [products], applications: [storefront]}
    level: bounded
    max_staleness: 5s
```

## Who may log in from where

`auth.rules` is to Highwater what `pg_hba.conf` is to PostgreSQL, and `auth.maps` what `pg_ident.conf` is. The first
rule whose type, address, databases and users match a client says how it proves who it is, even where a later one
would be kinder. Whom none matches is refused: with rules, `auth.method` is of no effect.

```yaml
auth:
  users: [{name: app, password: change-me}]
  rules:
    - {type: host, databases: [all], users: [all], address: 10.9.0.0/16, method: reject}
    - {type: hostssl, databases: [all], users: [app, "/^web_"], address: 10.0.0.0/8, method: scram-sha-256}
    - {type: hostssl, databases: [all], users: [dba], address: all, method: cert, map: certs}
    - {type: local, databases: [app, sameuser], users: [all], method: peer}
  maps:
    - {name: certs, external: "/^(.*)@example\\.com$", user: "\\1"}
```

What is not as in PostgreSQL is refused when the file is read, with its place:

| In PostgreSQL | Here |
|---|---|
| `"all"` in quotes is a name | quotes change nothing: `"/^all$"` is the database or user of that name, and so for `sameuser` and `replication` |
| `+role`, `samerole`, `samegroup` | list the users, or match their names: Highwater does not know who is a member of what |
| `@file`, `samehost`, `samenet`, names of hosts | write names and addresses: nothing is looked up |
| `ldapserver`, `ldapbasedn`, … and `pamservice` | [`ldap: {servers: […], basedn: …}`](#authrulesldap) and `pam_service`. An `ldapurl` is written as its parts. No servers are found by DNS (SRV), and PAM is told the client's address, never its name |
| methods `gss`, `sspi`, `ident`, `radius`; types `hostgssenc`, `hostnogssenc` | not built in |

A name that begins with a slash is a regular expression, as in PostgreSQL 16, found anywhere in the name unless it has `^`
and `$`. It is written as RE2 has it (https://github.com/google/re2/wiki/Syntax), where no name can make it slow: nearly what
PostgreSQL has, but no back references and no lookaround, and `\b` is the edge of a word. It is about bytes. Where the first
parentheses of a map can match more than one part, the branch that is written first decides, not the longest.

## When no node is fresh enough

`on_stale` is a list of steps, tried in order. A single step may stand without a list.

| Step | What happens |
|---|---|
| `{wait: auto}` | wait for a replica as long as one is expected soon; see [consistency.md](consistency.md#when-no-node-is-fresh-enough-on_stale) |
| `{wait: 20ms}` | wait this long for a node to become fresh enough, then try the next step |
| `primary` | ask the primary; when there is none, try the next step |
| `stale` | serve from the freshest node, count it, and say so |
| `error` | fail with an error that says how far the best node is behind |

`stale` and `error` end the list, and a list does not end with `wait`. After `primary`, only `stale` or `error` may
follow.
)";

constexpr std::string_view table_head =
    "| Option | Type | Unit | Default | Bounds | Meaning |\n|---|---|---|---|---|---|\n";

std::string code(const std::string& text) {
  return text.empty() ? "" : "`" + text + "`";
}

std::string default_text(const option& each, const value_type& type, const void* member) {
  if (each.required) return "**required**";
  if (!each.default_note.empty()) return each.default_note;
  const json::value value = type.write(member);
  const bool nothing = value.is_null() || (value.is_string() && value.get_string().empty());
  return nothing ? "none" : code(flow_yaml(value));
}

std::string row(const option& each, const value_type& type, const void* member) {
  std::string result = "| " + code(each.key);
  for (const std::string& cell :
       {type.name, type.unit, default_text(each, type, member), type.bounds, each.description}) {
    result += " | " + cell;
  }
  return result + " |\n";
}

std::string chapter(const section& shape, const void* owner, const std::string& path, const std::string& text);

std::string inner_chapter(const option& each, const void* owner, const std::string& path) {
  const std::string key = join_key(path, each.key);
  const std::string text = each.description + (each.required ? " **Required.**" : "") + "\n";
  if (const auto* inner = std::get_if<section>(&each.what)) {
    return chapter(*inner, each.member_of(owner), key, text);
  }
  const auto& list = std::get<section_list>(each.what);
  const auto defaults = list.element.make_default();
  return chapter(list.element, defaults.get(), key + (list.name ? ".NAME" : "[]"), text);
}

// The options of a section in one table, then the sections in it.
std::string chapter(const section& shape, const void* owner, const std::string& path, const std::string& text) {
  std::string rows;
  std::string inner;
  for (const option& each : shape.options) {
    if (const auto* type = std::get_if<value_type>(&each.what)) {
      rows += row(each, *type, each.member_of(owner));
    } else {
      inner += inner_chapter(each, owner, path);
    }
  }
  const std::string title = path.empty() ? "Top level" : code(path);
  std::string result = "\n## " + title + "\n\n" + text;
  if (!rows.empty()) result.append("\n").append(table_head).append(rows);
  return result + inner;
}

}  // namespace

std::string reference_markdown() {
  const auto defaults = schema().make_default();
  return std::string(introduction) +
         chapter(schema(), defaults.get(), "", "Options that belong to no section; the sections follow.\n");
}

}  // namespace highwater::config
