#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "config/load.hpp"

namespace highwater::config {
namespace {

using table = std::vector<std::pair<std::string, std::string>>;

// All mistakes, one a line; the file is called f.
std::string mistakes_of(const std::string& yaml) {
  std::string result;
  for (const mistake& each : load_text(yaml).mistakes) result += (result.empty() ? "" : "\n") + to_string(each, "f");
  return result;
}

// Each row stands before line 2, which is a valid cluster.
void expect_mistakes(const table& rows) {
  for (const auto& [yaml, expected] : rows) {
    EXPECT_EQ(mistakes_of(yaml + "\ncluster: {nodes: [{host: a}]}\n"), expected) << yaml;
  }
}

TEST(load_mistakes, keys) {
  expect_mistakes({
      {"pol: {size: 3}",
       "f:1:1: pol: found unknown key 'pol', expected one of listen, http, zone, workers, auth, cluster, databases, "
       "pool, consistency, "
       "policies, limits, timeouts, admin, log, drain_timeout (did you mean pool?)"},
      {"listen: {adress: 127.0.0.1}",
       "f:1:10: listen.adress: found unknown key 'adress', expected one of address, port, unix_socket, proxy_protocol, "
       "tls (did you mean address?)"},
      {"listen: {zzzzzz: 1}",
       "f:1:10: listen.zzzzzz: found unknown key 'zzzzzz', expected one of address, port, unix_socket, proxy_protocol, "
       "tls"},
      {"log: {verbosity: 1}", "f:1:7: log.verbosity: found unknown key 'verbosity', expected level"},
      {"pool: {size: 3, size: 4}", "f:1:17: pool.size: found the key again, expected it once (line 1 has it)"},
      {"log: {[a]: 1}", "f:1:7: log: found unknown key a list, expected level"},
  });
}

TEST(load_mistakes, maps_by_names) {
  const std::string long_name(64, 'n');
  expect_mistakes({
      {"limits: {per_user: [app]}", "f:1:20: limits.per_user: found a list, expected a map by names"},
      {"limits: {per_user: {app: {client: 1}}}",
       "f:1:27: limits.per_user.app.client: found unknown key 'client', expected one of clients, server_connections, "
       "pool, timeouts (did you mean clients?)"},
      {"limits: {per_user: {app: {clients: 0}}}",
       "f:1:36: limits.per_user.app.clients: found '0', expected a whole number from 1 to 1000000"},
      {"limits: {per_user: {app: {}, app: {}}}",
       "f:1:30: limits.per_user.app: found the key again, expected it once (line 1 has it)"},
      {"limits: {per_user: {[a]: {}}}", "f:1:21: limits.per_user: found a list, expected a name of up to 63 bytes"},
      {"limits: {per_user: {\"\": {}}}",
       "f:1:21: limits.per_user: found the text '', expected a name of up to 63 bytes"},
      {"limits: {per_database: {" + long_name + ": {}}}",
       "f:1:25: limits.per_database: found '" + long_name.substr(0, 60) + "...', expected a name of up to 63 bytes"},
      {"databases: {\"*\": {user: a}}",
       "f:1:18: databases.*: found '*', expected the name of a database: whatever is not here is as on the servers"},
      {"pool: {min_idle: 21}", "f:1:18: pool.min_idle: found '21', expected no more than size, which is 20"},
  });
}

TEST(load_mistakes, nothing_in_a_list) {
  const std::string what = ": cluster.nodes[1].host: found nothing, expected a host name or an IP address";
  EXPECT_EQ(mistakes_of("cluster: {nodes: [{host: a}, ~]}"), "f:1:30" + what);
  EXPECT_EQ(mistakes_of("cluster:\n  nodes:\n  - host: a\n  -\n"), "f:5:1" + what) << "where the parser sees it";
}

TEST(load_mistakes, whole_numbers) {
  const std::string expected = ", expected a whole number from 1 to 10000";
  expect_mistakes({
      {"pool: {size: many}", "f:1:14: pool.size: found 'many'" + expected},
      {"pool: {size: 0}", "f:1:14: pool.size: found '0'" + expected},
      {"pool: {size: 10001}", "f:1:14: pool.size: found '10001'" + expected},
      {"pool: {size: -1}", "f:1:14: pool.size: found '-1'" + expected},
      {"pool: {size: 1.5}", "f:1:14: pool.size: found '1.5'" + expected},
      {"pool: {size: 010}", "f:1:14: pool.size: found '010'" + expected},
      {"pool: {size: 99999999999999999999}", "f:1:14: pool.size: found '99999999999999999999'" + expected},
      {"pool: {size: '20'}", "f:1:14: pool.size: found the text '20'" + expected},
      {"pool: {size: }", "f:1:8: pool.size: found nothing" + expected},
      {"pool: {size: [1]}", "f:1:14: pool.size: found a list" + expected},
      {"pool: {size: {a: 1}}", "f:1:14: pool.size: found a map" + expected},
      {"workers: all", "f:1:10: workers: found 'all', expected auto, or a whole number from 1 to 1024"},
      {"listen: {port: 65536}", "f:1:16: listen.port: found '65536', expected a whole number from 0 to 65535"},
  });
}

TEST(load_mistakes, durations_and_sizes_say_which_units_they_take) {
  const std::string units = " with its unit: us, ms, s, min or h";
  const std::string duration = ", expected a duration of whole milliseconds from 1ms to 1h" + units;
  const std::string size = ", expected a size from 1kB to 1073741823B with its unit: B, kB, MB or GB";
  expect_mistakes({
      {"pool: {queue_timeout: 5}", "f:1:23: pool.queue_timeout: found '5'" + duration},
      {"pool: {queue_timeout: 5sec}", "f:1:23: pool.queue_timeout: found '5sec'" + duration},
      {"pool: {queue_timeout: 0}", "f:1:23: pool.queue_timeout: found '0'" + duration},
      {"pool: {queue_timeout: 61min}", "f:1:23: pool.queue_timeout: found '61min'" + duration},
      {"pool: {queue_timeout: 1500us}", "f:1:23: pool.queue_timeout: found '1500us'" + duration},
      {"limits: {max_batch_bytes: 4096}", "f:1:27: limits.max_batch_bytes: found '4096'" + size},
      {"limits: {max_batch_bytes: 4KB}", "f:1:27: limits.max_batch_bytes: found '4KB'" + size},
      {"limits: {max_batch_bytes: 1B}", "f:1:27: limits.max_batch_bytes: found '1B'" + size},
  });
}

TEST(load_mistakes, choices_text_and_sections) {
  expect_mistakes({
      {"pool: {mode: statement}", "f:1:14: pool.mode: found 'statement', expected one of transaction, session"},
      {"pool: 20", "f:1:7: pool: found '20', expected a map of options"},
      {"policies: {name: p}", "f:1:11: policies: found a map, expected a list"},
      {"policies: [p]", "f:1:12: policies[0]: found 'p', expected a map of options"},
      {"listen: {address: localhost}",
       "f:1:19: listen.address: found 'localhost', expected an IPv4 or IPv6 address to listen on"},
      {"listen: {address: }", "f:1:10: listen.address: found nothing, expected an IPv4 or IPv6 address to listen on"},
  });
}

TEST(load_mistakes, on_stale) {
  const std::string step = ", expected {wait: auto or a duration}, primary, stale or error";
  const auto row = [](const std::string& yaml, const std::string& mistake) {
    return std::pair("consistency: {on_stale: " + yaml + "}", "f:1:" + mistake);
  };
  expect_mistakes({
      row("later", "25: consistency.on_stale: found 'later'" + step),
      row("[wait, primary]", "26: consistency.on_stale[0]: found 'wait'" + step),
      row("[{wait: 5ms, for: 1s}, primary]", "26: consistency.on_stale[0]: found a map" + step),
      row("[]",
          "25: consistency.on_stale: found an empty list, expected at least one of {wait: auto or a duration}, "
          "primary, "
          "stale or error"),
      row("[{wait: 5}, primary]",
          "33: consistency.on_stale[0].wait: found '5', expected a duration of whole "
          "milliseconds from 1ms to 10min with its unit: us, ms, s, min or h"),
      row("[primary, {wait: 5ms}]",
          "35: consistency.on_stale[1]: found a map, expected stale, error or nothing after "
          "primary"),
      row("[stale, primary]",
          "33: consistency.on_stale[1]: found 'primary', expected nothing after stale, which "
          "always succeeds"),
      row("[error, stale]",
          "33: consistency.on_stale[1]: found 'stale', expected nothing after error, which ends the "
          "query"),
      row("[{wait: 5ms}]",
          "26: consistency.on_stale[0]: found the end of the list, expected primary, stale or error "
          "after the last wait"),
  });
}

TEST(load_mistakes, who_may_log_in) {
  const std::string scram = "auth: {method: scram-sha-256, users: ";
  const std::string secret =
      ", expected SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>, the last three in base64, or md5 and a "
      "hash";
  expect_mistakes({
      {"auth: {method: scram-sha-256}",
       "f:1:7: auth.users: found nothing, expected at least one user, or auth.query, with method scram-sha-256"},
      {"auth: {users: [{name: a, password: p}]}",
       "f:1:7: auth.method: found nothing, expected scram-sha-256 or trust: with users it has no default"},
      {"auth: {method: trust, users: [{name: a, password: p}]}", ""},
      {"auth: {users: []}", ""},
      {"auth: {method: none, users: [{name: a, password: p}]}",
       "f:1:16: auth.method: found 'none', expected one of trust, scram-sha-256"},
      {scram + "[{name: a}]}", "f:1:39: auth.users[0].password: found nothing, expected a password or a secret"},
      {scram + "[{password: p}]}", "f:1:39: auth.users[0].name: found nothing, expected text of 1 to 63 bytes"},
      {scram + "[{name: a, secret: hunter2}]}",
       "f:1:57: auth.users[0].secret: found something else (not shown)" + secret},
      {scram + "[{name: a, secret: SCRAM-SHA-256$4096:c2FsdA==$AAAA:BBBB}]}",
       "f:1:57: auth.users[0].secret: found something else (not shown)" + secret},
      {scram + "[{name: a, password: '********'}]}",
       "f:1:59: auth.users[0].password: found a masked secret, expected a password of up to 1024 bytes"},
      {scram + "[{name: a, password: p}, {name: a, password: q}]}",
       "f:1:70: auth.users[1].name: found 'a', expected another than that of auth.users[0]"},
  });
}

TEST(load_mistakes, how_users_are_looked_up) {
  const std::string scram = "auth: {method: scram-sha-256, query: ";
  const std::string statement =
      ", expected a statement with $1 for the user's name, and with no other parameter, of 1 to 4096 bytes";
  const std::string nobody = "found nothing, expected the user to ask as: without one nobody is looked up";
  const std::string no_user =
      "f:1:7: auth.users: found nothing, expected at least one user, or auth.query, with method scram-sha-256";
  expect_mistakes({
      {scram + "{user: a}}", ""},
      {scram + "{user: a, password: p, database: d, sql: 'SELECT * FROM f($1)', cache: 1h}}", ""},
      {"auth: {query: {user: a}}",
       "f:1:7: auth.method: found nothing, expected scram-sha-256 or trust: with a query it has no default"},
      {"auth: {method: trust, query: {user: a}}", ""},
      {scram + "}", no_user},
      {scram + "{}}", no_user},
      {scram + "{user: }}", "f:1:39: auth.query.user: found nothing, expected text of 1 to 63 bytes"},
      {"auth: {query: {password: p}}", "f:1:15: auth.query.user: " + nobody},
      {"auth: {query: {database: d}}", "f:1:15: auth.query.user: " + nobody},
      {"auth: {query: {cache: 1s}}", "f:1:15: auth.query.user: " + nobody},
      {"auth: {query: {sql: 'SELECT * FROM f($1)'}}", "f:1:15: auth.query.user: " + nobody},
      {"auth: {query: {cache: 10s}}", ""},
      {scram + "{user: a, sql: SELECT 1}}", "f:1:53: auth.query.sql: found 'SELECT 1'" + statement},
      {scram + "{user: a, sql: SELECT $2}}", "f:1:53: auth.query.sql: found 'SELECT $2'" + statement},
      {scram + "{user: a, sql: ''}}", "f:1:53: auth.query.sql: found the text ''" + statement},
      {scram + "{user: a, sql: [$1]}}", "f:1:53: auth.query.sql: found a list" + statement},
      {scram + "{user: a, cache: 99ms}}",
       "f:1:55: auth.query.cache: found '99ms', expected a duration of whole milliseconds from 100ms to 1h with its "
       "unit: us, ms, s, min or h"},
      {scram + "{user: a, cache: 61min}}",
       "f:1:55: auth.query.cache: found '61min', expected a duration of whole milliseconds from 100ms to 1h with its "
       "unit: us, ms, s, min or h"},
  });
}

TEST(load_mistakes, contradictions) {
  const std::string useless = ", expected level bounded with it, not session";
  expect_mistakes({
      {"http: {port: 6432}", "f:1:14: http.port: found '6432', expected another port than that of listen"},
      {"listen: {address: 0.0.0.0, port: 9632}",
       "f:1:34: listen.port: found '9632', expected another port than that of http"},
      {"consistency: {level: bounded}",
       "f:1:22: consistency.level: found 'bounded' without a bound, expected max_staleness or max_lag_bytes with it"},
      {"policies: [{name: p, level: bounded, max_staleness: 0}]",
       "f:1:29: policies[0].level: found 'bounded' without a bound, expected max_staleness or max_lag_bytes with it"},
      {"policies: [{name: p, max_staleness: 5s}]", "f:1:37: policies[0].max_staleness: found '5s'" + useless},
      {"policies: [{name: p, max_lag_bytes: 1kB}]", "f:1:37: policies[0].max_lag_bytes: found '1kB'" + useless},
      {"policies: [{level: strong}]", "f:1:12: policies[0].name: found nothing, expected text of 1 to 63 bytes"},
      {"policies: [{name: p}, {name: p}]",
       "f:1:30: policies[1].name: found 'p', expected another than that of policies[0]"},
      {"policies: [{name: p, match: {tables: []}}]",
       "f:1:38: policies[0].match.tables: found an empty list, expected a list of names or patterns with *, at least "
       "one (leave the key out to match everything)"},
      {"policies: [{name: p, match: {tables: [a, '']}}]",
       "f:1:42: policies[0].match.tables[1]: found the text '', expected a name or a pattern with * of 1 to 255 bytes"},
  });
}

TEST(load_mistakes, tls) {
  expect_mistakes({
      {"listen: {tls: {mode: on}}",
       "f:1:22: listen.tls.mode: found 'on', expected one of disable, allow, prefer, "
       "require, verify-ca, verify-full"},
      {"listen: {tls: {mode: require}}",
       "f:1:15: listen.tls.certificate: found nothing, expected a certificate, as mode is not disable"},
      {"listen: {tls: {mode: require, certificate: c}}",
       "f:1:15: listen.tls.key: found nothing, expected the private key of the certificate"},
      {"listen: {tls: {mode: require, key: k}}",
       "f:1:15: listen.tls.certificate: found nothing, expected the certificate that the key is of"},
      {"listen: {tls: {certificate: c, key: k}}",
       "f:1:15: listen.tls.mode: found nothing, expected a mode: with a certificate it has no default"},
      {"listen: {tls: {mode: disable, certificate: c, key: k}}", ""},
      {"listen: {tls: {mode: verify-ca, certificate: c, key: k}}",
       "f:1:15: listen.tls.client_ca: found nothing, expected a file of those who sign the clients' certificates"},
  });
  const table rows{
      {"cluster: {nodes: [{host: a}], tls: {mode: verify-full}}",
       "f:1:36: cluster.tls.ca: found nothing, expected a file of those who sign the servers' certificates"},
      {"cluster: {nodes: [{host: a}], tls: {certificate: c}}",
       "f:1:36: cluster.tls.key: found nothing, expected the private key of the certificate"},
      {"cluster: {nodes: [{host: a, tls: {mode: verify-ca}}]}",
       "f:1:34: cluster.nodes[0].tls.ca: found nothing, expected a file of those who sign the servers' certificates"},
      {"cluster: {nodes: [{host: a, tls: {mode: verify-ca}}], tls: {ca: c}}", ""},
  };
  for (const auto& [yaml, expected] : rows) EXPECT_EQ(mistakes_of(yaml), expected) << yaml;
}

TEST(load_mistakes, the_cluster) {
  const table rows{
      {"cluster: {nodes: []}", "f:1:18: cluster.nodes: found an empty list, expected a list of at least one"},
      {"cluster: {monitor: {}}", "f:1:10: cluster.nodes: found nothing, expected a list of at least one"},
      {"workers: 1", "f:1:1: cluster.nodes: found nothing, expected a list of at least one"},
      {"cluster: {nodes: [{name: a}]}",
       "f:1:19: cluster.nodes[0].host: found nothing, expected a host name or an IP address"},
      {"cluster: {nodes: [{host: 'a b'}]}",
       "f:1:26: cluster.nodes[0].host: found the text 'a b', expected a host name or an IP address"},
      {"cluster: {nodes: [{host: '10.0.0.1:5432'}]}",
       "f:1:26: cluster.nodes[0].host: found '10.0.0.1:5432', expected a host name or an IP address alone; its port "
       "goes into cluster.nodes[0].port"},
      {"cluster: {nodes: [{host: a}, {host: 'db.example:5432'}]}",
       "f:1:37: cluster.nodes[1].host: found 'db.example:5432', expected a host name or an IP address alone; its port "
       "goes into cluster.nodes[1].port"},
      {"cluster: {nodes: [{host: '::1'}, {host: 'fe80::1%eth0'}, {host: '2001:db8::5432'}]}", ""},
      {"cluster: {nodes: [{host: a}, {host: a}]}",
       "f:1:37: cluster.nodes[1].host: found 'a:5432', expected another than that of cluster.nodes[0]"},
      {"cluster: {nodes: [{host: a, name: n}, {host: b, name: n}]}",
       "f:1:55: cluster.nodes[1].name: found 'n', expected another than that of cluster.nodes[0]"},
      {"cluster: {nodes: [{host: a}], monitor: {interval: 1ms, min_gap: 2ms}}",
       "f:1:65: cluster.monitor.min_gap: found '2ms', expected no more than interval, which is 1ms"},
      {"cluster: {nodes: [{host: a}, {host: a, port: x}]}",
       "f:1:46: cluster.nodes[1].port: found 'x', expected a whole number from 1 to 65535"},
  };
  for (const auto& [yaml, expected] : rows) EXPECT_EQ(mistakes_of(yaml), expected) << yaml;
}

TEST(load_mistakes, all_of_them_at_once_in_the_order_of_the_file) {
  EXPECT_EQ(
      mistakes_of("pool:\n  size: many\n  mode: x\ncluster:\n  nodes:\n    - host: a\n      prot: 1\n"
                  "consistency: {level: bounded}\n"),
      "f:2:9: pool.size: found 'many', expected a whole number from 1 to 10000\n"
      "f:3:9: pool.mode: found 'x', expected one of transaction, session\n"
      "f:7:7: cluster.nodes[0].prot: found unknown key 'prot', expected one of name, host, port, zone, weight, tls "
      "(did you mean port?)\n"
      "f:8:22: consistency.level: found 'bounded' without a bound, expected max_staleness or max_lag_bytes with "
      "it");
}

TEST(load_mistakes, what_is_no_configuration_at_all) {
  const table rows{
      {"", "f: found an empty file, expected a configuration with cluster.nodes"},
      {"# nothing\n", "f: found an empty file, expected a configuration with cluster.nodes"},
      {"just text", "f:1:1: found 'just text', expected a map of options"},
      {"[]", "f:1:1: found an empty list, expected a map of options"},
      {"cluster: {nodes: [{host: a}]}\n---\nworkers: 1\n", "f:3:1: found a second document, expected one"},
      {"pool: {size: 1\nworkers: 2\n", "f:2:8: found a syntax error (end of map flow not found), expected YAML"},
      {"a: b: c\n", "f:1:5: found a syntax error (illegal map value), expected YAML"},
      {"pool:\n\tsize: 1\n", "f:2:6: found a syntax error (illegal map value), expected YAML"},
      {"pool: *nobody\n", "f:1:7: found a syntax error (the referenced anchor is not defined), expected YAML"},
      {"pool: &a [*a]\n", "f:1:11: found an alias inside of what it stands for, expected a value"},
  };
  for (const auto& [yaml, expected] : rows) EXPECT_EQ(mistakes_of(yaml), expected) << yaml;
}

}  // namespace
}  // namespace highwater::config
