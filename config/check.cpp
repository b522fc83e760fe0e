#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <map>
#include <string_view>
#include <utility>

#include "config/checker.hpp"
#include "config/read.hpp"

namespace highwater::config {
namespace {

// Says at the first of these keys when an earlier element of the list has the same value. Empty values, and values of
// options that already have a mistake, are not compared.
template <class List, class ValueOf>
void check_unique(checker& out, std::string_view list_key, std::initializer_list<std::string_view> keys,
                  const List& list, ValueOf value_of) {
  std::map<std::string, std::size_t, std::less<>> seen;
  for (std::size_t index = 0; index < list.size(); ++index) {
    const std::string value = value_of(list[index]);
    const auto is_sound = [&](std::string_view key) { return out.sound(indexed(list_key, index, key)); };
    if (value.empty() || !std::all_of(keys.begin(), keys.end(), is_sound)) continue;
    const auto [first, is_new] = seen.emplace(value, index);
    if (is_new) continue;
    out.say(indexed(list_key, index, *keys.begin()), quote(value),
            "another than that of " + std::string(list_key) + "[" + std::to_string(first->second) + "]");
  }
}

bool everywhere(std::string_view address) {
  return address == "0.0.0.0" || address == "::";
}

void check_endpoints(checker& out, const endpoint& listen, const endpoint& http) {
  if (listen.port != http.port || listen.port == 0 || !out.sound("listen") || !out.sound("http")) return;
  if (listen.address == http.address || everywhere(listen.address) || everywhere(http.address)) {
    const bool http_is_default = !out.written("http");
    out.say(http_is_default ? "listen.port" : "http.port", quote(std::to_string(http.port)),
            std::string("another port than that of ") + (http_is_default ? "http" : "listen"));
  }
}

// A certificate is of no use without its key, nor the other way round.
template <class Tls>
void check_key_pair(checker& out, const std::string& section, const Tls& value) {
  const bool has_certificate = !value.certificate.empty();
  if (has_certificate == !value.key.empty() || !out.sound(section)) return;
  out.say(section + (has_certificate ? ".key" : ".certificate"), "nothing",
          has_certificate ? "the private key of the certificate" : "the certificate that the key is of");
}

void check_listen_tls(checker& out, const listen_tls& value) {
  check_key_pair(out, "listen.tls", value);
  if (!out.sound("listen.tls")) return;
  const bool given = !value.certificate.empty() || !value.key.empty() || !value.client_ca.empty();
  if (value.mode == tls_mode::disable && given && !out.written("listen.tls.mode"))
    out.say("listen.tls.mode", "nothing", "a mode: with a certificate it has no default");
  if (value.mode == tls_mode::disable) return;
  if (value.certificate.empty() && value.key.empty())
    out.say("listen.tls.certificate", "nothing", "a certificate, as mode is not disable");
  const bool verifies = value.mode == tls_mode::verify_ca || value.mode == tls_mode::verify_full;
  if (verifies && value.client_ca.empty())
    out.say("listen.tls.client_ca", "nothing", "a file of those who sign the clients' certificates");
}

void check_server_tls(checker& out, const std::string& section, const server_tls& value) {
  check_key_pair(out, section, value);
  const bool verifies = value.mode == tls_mode::verify_ca || value.mode == tls_mode::verify_full;
  if (verifies && value.ca.empty() && out.sound(section))
    out.say(section + ".ca", "nothing", "a file of those who sign the servers' certificates");
}

// Who lists users wants them asked for their passwords, which the default does not do.
void check_method(checker& out, const auth& value) {
  if (value.users.empty() && !value.query.enabled()) return;
  if (!value.rules.empty() || out.written("auth.method") || !out.sound("auth.method")) return;
  const std::string with = value.users.empty() ? "a query" : "users";
  out.say("auth.method", "nothing", "scram-sha-256 or trust: with " + with + " it has no default");
}

// Who says how to look users up wants them looked up. What only repeats the defaults says nothing.
void check_query(checker& out, const auth_query& value) {
  const auth_query unsaid;
  const bool said =
      !value.password.empty() || !value.database.empty() || value.sql != unsaid.sql || value.cache != unsaid.cache;
  if (!said || value.enabled() || !out.sound("auth.query")) return;
  out.say("auth.query.user", "nothing", "the user to ask as: without one nobody is looked up");
}

void check_auth(checker& out, const auth& value) {
  check_method(out, value);
  check_query(out, value.query);
  const bool asks_all = value.rules.empty() && value.method == auth_method::scram_sha_256;
  if (asks_all && value.users.empty() && !value.query.enabled() && out.sound("auth.users") && out.sound("auth.query")) {
    out.say("auth.users", "nothing", "at least one user, or auth.query, with method scram-sha-256");
  }
  check_unique(out, "auth.users", {"name"}, value.users, [](const user& each) { return each.name; });
  for (std::size_t index = 0; index < value.users.size(); ++index) {
    const user& each = value.users[index];
    const std::string password = indexed("auth.users", index, "password");
    const bool none = each.secret.empty() && each.password.empty();
    if (none && out.sound(password) && out.sound(indexed("auth.users", index, "secret"))) {
      out.say(password, "nothing", "a password or a secret");
    }
  }
}

// Names and IPv4 addresses have no colon.
bool is_host(const std::string& host) {
  if (host.find(':') == std::string::npos) return true;
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), bytes.data()) == 1;
}

void check_hosts(checker& out, const std::vector<node>& nodes) {
  for (std::size_t index = 0; index < nodes.size(); ++index) {
    const std::string key = indexed("cluster.nodes", index, "host");
    if (!out.sound(key) || is_host(nodes[index].host)) continue;
    out.say(key, quote(nodes[index].host),
            "a host name or an IP address alone; its port goes into " + indexed("cluster.nodes", index, "port"));
  }
}

void check_cluster(checker& out, const cluster& value) {
  check_server_tls(out, "cluster.tls", value.tls);
  for (std::size_t index = 0; index < value.nodes.size(); ++index) {
    const auto& own = value.nodes[index].tls;
    if (!own.mode && !own.ca && !own.certificate && !own.key) continue;
    check_server_tls(out, indexed("cluster.nodes", index, "tls"), tls_of(value, value.nodes[index]));
  }
  check_hosts(out, value.nodes);
  check_unique(out, "cluster.nodes", {"name"}, value.nodes, [](const node& each) { return each.name; });
  check_unique(out, "cluster.nodes", {"host", "port"}, value.nodes,
               [](const node& each) { return each.host.empty() ? "" : each.host + ":" + std::to_string(each.port); });
  if (value.monitor.min_gap > value.monitor.interval && out.sound("cluster.monitor.interval") &&
      out.sound("cluster.monitor.min_gap")) {
    out.say("cluster.monitor.min_gap", quote(format_duration(value.monitor.min_gap)),
            "no more than interval, which is " + format_duration(value.monitor.interval));
  }
}

// Level bounded needs a bound.
template <class Section>
void check_bound(checker& out, const std::string& path, level chosen, const Section& value) {
  const bool unbounded = value.max_staleness.count() == 0 && value.max_lag_bytes == 0;
  if (chosen != level::bounded || !unbounded) return;
  if (!out.sound(path + ".level") || !out.sound(path + ".max_staleness") || !out.sound(path + ".max_lag_bytes")) return;
  out.say(path + ".level", "'bounded' without a bound", "max_staleness or max_lag_bytes with it");
}

// A policy's bounds hold for its own level alone: elsewhere somebody expects a bound that is not there.
void check_useless_bound(checker& out, const std::string& path, const policy& value) {
  if (value.level == level::bounded || !out.sound(path + ".level")) return;
  const std::string expected = "level bounded with it, not " + std::string(to_string(value.level));
  if (value.max_staleness.count() != 0) {
    out.say(path + ".max_staleness", quote(format_duration(value.max_staleness)), expected);
  }
  if (value.max_lag_bytes != 0) out.say(path + ".max_lag_bytes", quote(format_size(value.max_lag_bytes)), expected);
}

void check_policies(checker& out, const std::vector<policy>& policies) {
  check_unique(out, "policies", {"name"}, policies, [](const policy& each) { return each.name; });
  for (std::size_t index = 0; index < policies.size(); ++index) {
    const std::string path = "policies[" + std::to_string(index) + "]";
    check_bound(out, path, policies[index].level, policies[index]);
    check_useless_bound(out, path, policies[index]);
  }
}

// Names are taken as they are: no pattern, and not what the console has.
void check_databases(checker& out, const config& value) {
  for (const auto& each : value.databases) {
    const auto key = "databases." + each.name;
    if (each.name == "*") out.say(key, "'*'", "the name of a database: whatever is not here is as on the servers");
    const bool console = !value.admin.users.empty() || !value.admin.stats_users.empty();
    if (console && each.name == value.admin.database)
      out.say(key, quote(each.name), "another name: that is the console's (admin.database)");
  }
}

void check_pool(checker& out, const pool& value) {
  if (value.min_idle <= value.size || !out.sound("pool")) return;
  out.say("pool.min_idle", quote(std::to_string(value.min_idle)),
          "no more than size, which is " + std::to_string(value.size));
}

}  // namespace

void check(const struct config& value, const tree& root, std::vector<mistake>& mistakes) {
  checker out(root, mistakes);
  check_endpoints(out, value.listen, value.http);
  check_listen_tls(out, value.listen.tls);
  check_auth(out, value.auth);
  check_rules(out, value.auth, value.listen.tls);
  check_cluster(out, value.cluster);
  check_databases(out, value);
  check_pool(out, value.pool);
  check_bound(out, "consistency", value.consistency.default_level, value.consistency);
  check_policies(out, value.policies);
}

}  // namespace highwater::config
