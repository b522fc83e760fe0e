#include "config/schema.hpp"

#include "config/limit_schema.hpp"
#include "config/listen_schema.hpp"
#include "config/own_types.hpp"
#include "config/rule_schema.hpp"

namespace highwater::config {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t highest_port = 65'535;
constexpr std::size_t longest_host = 255;  // and the node's name, by default, is [host]:65535
constexpr std::uint64_t kilobyte = 1'024;

typed<milliseconds> time_limit(milliseconds highest = 1h) {
  return duration<milliseconds>(1ms, highest);
}
typed<milliseconds> staleness() {
  return duration<milliseconds>(0ms, 168h);
}
typed<std::uint64_t> lag() {
  return size(0, kilobyte * kilobyte * kilobyte * kilobyte);
}

typed<std::string> name() {
  return text({});
}
typed<std::string> password() {
  return text({.name = "password", .expected = "a password", .longest = 1'024, .may_be_empty = true, .secret = true});
}
typed<std::string> host() {
  return text({.name = "host",
               .expected = "a host name or an IP address",
               .longest = longest_host,
               .pattern = "[A-Za-z0-9._:%-]+"});
}
typed<std::vector<std::string>> patterns() {
  return list_of(text({.expected = "a name or a pattern with *", .longest = 255}), "names or patterns with *");
}

section endpoint_section() {
  return section_builder<endpoint>()
      .value("address", &endpoint::address, ip_address(),
             "The address to listen on: 0.0.0.0 or :: for all of the machine's.")
      .value("port", &endpoint::port, whole_number<std::uint16_t>(0, highest_port),
             "The port to listen on; 0 takes any free one.")
      .build();
}

section user_section() {
  return section_builder<user>()
      .value("name", &user::name, name(), "The name that the user logs in with.")
      .required()
      .value("secret", &user::secret, stored_secret(),
             "What PostgreSQL holds for the user in `pg_authid.rolpassword`. With it Highwater can check a password "
             "that it does not know.")
      .by_default("none; a user needs this or `password`")
      .value("password", &user::password, password(),
             "The password in clear text, which Highwater also logs in to the servers with.")
      .by_default("none; a user needs this or `secret`")
      .build();
}

section auth_query_section() {
  return section_builder<auth_query>()
      .value("user", &auth_query::user, name(),
             "Whom Highwater asks as. It should have no right but to connect, and to run the statement in `sql`.")
      .by_default("none: nobody is looked up")
      .value("password", &auth_query::password, password(), "That user's password.")
      .value("database", &auth_query::database, name(), "The database that it connects to.")
      .by_default("`cluster.monitor.database`")
      .value("sql", &auth_query::sql, lookup_statement(),
             "What is asked: at most one row, the name and what `pg_authid.rolpassword` holds, for the name that is "
             "`$1`. `search_path` is `pg_catalog`: other names need their schema.")
      .value("cache", &auth_query::cache, duration<milliseconds>(100ms, 1h),
             "An answer holds so long, that there is no such user too; and whoever is logged in is looked up again "
             "this often.")
      .build();
}

section auth_section() {
  return section_builder<auth>()
      .value(
          "method", &auth::method,
          choice<auth_method>({{"trust", auth_method::trust}, {"scram-sha-256", auth_method::scram_sha_256}}),
          "How a client proves who it is. **`trust` lets everyone in who can reach the port, under any name and "
          "without a password**: use it only where the network itself is the guard. With `users` or a `query` it must "
          "be given, unless there are `rules`: then these alone say how.")
      .list("users", &auth::users, user_section(),
            "Who may log in. Methods that ask for a password need at least one, or a `query`.")
      .nested("query", &auth::query, auth_query_section(),
              "How users who are not among `users` are looked up in the database, with a function that "
              "[operations.md](operations.md#users-looked-up-in-the-database) has.")
      .list("rules", &auth::rules, auth_rule_section(),
            "Who may log in from where, and how, in the manner of `pg_hba.conf`: the first rule that matches a client "
            "applies. Whom none matches is refused. Without rules, `method` applies to everybody.")
      .list("maps", &auth::maps, name_mapping_section(),
            "Which names of certificates and of the operating system's users may log in as whom, in the manner of "
            "`pg_ident.conf`.")
      .build();
}

section node_section() {
  return section_builder<node>()
      .value("name", &node::name, text({.longest = longest_host + 8}),
             "What metrics, logs and `SHOW highwater.last_route` call the node.")
      .by_default("`host:port`")
      .value("host", &node::host, host(), "Where the node is, without its port.")
      .required()
      .value("port", &node::port, whole_number<std::uint16_t>(1, highest_port), "The port that its server listens on.")
      .value("zone", &node::zone, text({.may_be_empty = true}),
             "Where the node stands, for example an availability zone. See the top-level `zone`.")
      .value("weight", &node::weight, whole_number<unsigned>(1, 1'000),
             "Its share of the reads among equally fresh nodes.")
      .nested("tls", &node::tls, node_tls_section(), "What is another way with this node than with the others.")
      .build();
}

section monitor_section() {
  return section_builder<monitor>()
      .value("user", &monitor::user, name(),
             "Whom Highwater asks the nodes as: a member of `pg_monitor` who may connect to every database that "
             "clients use.")
      .value("password", &monitor::password, password(), "That user's password.")
      .value("database", &monitor::database, name(), "The database that it connects to.")
      .value("interval", &monitor::interval, time_limit(),
             "A node is asked this often for its position when nobody needs to know sooner.")
      .value("timeout", &monitor::timeout, time_limit(), "A node that has not answered by then is not used.")
      .value("min_gap", &monitor::min_gap, duration<std::chrono::microseconds>(0us, 1min),
             "When somebody needs to know sooner, a node is asked at most once in this time. Not above `interval`.")
      .value("catalog_interval", &monitor::catalog_interval, time_limit(24h),
             "Functions, views and tables are looked up again this often, and after a change to them.")
      .build();
}

section cluster_section() {
  return section_builder<cluster>()
      .list("nodes", &cluster::nodes, node_section(),
            "The primary and its replicas, in any order: which is which is asked, never configured.")
      .required()
      .nested("tls", &cluster::tls, server_tls_section(), "Encryption between Highwater and the servers.")
      .nested("monitor", &cluster::monitor, monitor_section(), "How Highwater learns where each node is.")
      .build();
}

section database_section() {
  return section_builder<database>()
      .value("database", &database::on_servers, name(), "Its name on the servers.")
      .by_default("the same")
      .value("user", &database::forced_user, name(),
             "Whom the servers take its clients for, whoever they are here. Its password is the one in `auth.users`.")
      .by_default("whoever the client is")
      .build();
}

section consistency_section() {
  return section_builder<consistency>()
      .value("level", &consistency::default_level, consistency_level(),
             "What is promised to a read that no policy matches and no client sets a level for.")
      .value("max_staleness", &consistency::max_staleness, staleness(),
             "Level `bounded`: a read is never older than this; 0 is no bound in time.")
      .value("max_lag_bytes", &consistency::max_lag_bytes, lag(),
             "Level `bounded`: a replica is never further behind than this; 0 is no bound in bytes.")
      .value("on_stale", &consistency::on_stale, stale_step_list(),
             "What to do when no node is fresh enough, tried in order: wait for one, so long, or as long as one is "
             "expected soon (`auto`); ask the primary; serve what there is, count it and say so; or fail. A level is "
             "never weakened without `stale`.")
      .build();
}

section match_section() {
  return section_builder<policy>()
      .value("tables", &policy::tables, patterns(), "Tables, with or without their schema: one of them is touched.")
      .by_default("any")
      .value("databases", &policy::databases, patterns(), "Databases.")
      .by_default("any")
      .value("users", &policy::users, patterns(), "Users.")
      .by_default("any")
      .value("applications", &policy::applications, patterns(), "Values of `application_name`.")
      .by_default("any")
      .build();
}

section policy_section() {
  return section_builder<policy>()
      .value("name", &policy::name, name(), "What metrics and explanations call the policy.")
      .required()
      .group("match", match_section(), "A query that matches all of the lists given here; no list matches every query.")
      .value("level", &policy::level, consistency_level(), "What is promised to the reads that match.")
      .value("max_staleness", &policy::max_staleness, staleness(), "As in `consistency`; only with level `bounded`.")
      .value("max_lag_bytes", &policy::max_lag_bytes, lag(), "As in `consistency`; only with level `bounded`.")
      .value("on_stale", &policy::on_stale, optional_of(stale_step_list()), "As in `consistency`.")
      .by_default("as in `consistency`")
      .build();
}

section log_section() {
  return section_builder<log>()
      .value(
          "level", &log::level,
          choice<std::string>(
              {{"trace", "trace"}, {"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}}),
          "The least important messages that are still written.")
      .build();
}

section whole() {
  return section_builder<config>()
      .nested("listen", &config::listen, listener_section(), "Where clients connect.")
      .nested("http", &config::http, endpoint_section(), "Where `/metrics`, `/healthz` and `/readyz` are.")
      .value("zone", &config::zone, text({.may_be_empty = true}),
             "Where this Highwater stands. Among nodes that are fresh enough, those of the same zone come first.")
      .value("workers", &config::workers, worker_count(), "Threads that serve clients; `auto` is one per processor.")
      .nested("auth", &config::auth, auth_section(), "Who may log in, and how.")
      .nested("cluster", &config::cluster, cluster_section(), "The servers.")
      .required()
      .map(
          "databases", &config::databases, &database::name, database_section(),
          "Databases that have another name here than on the servers, or a user for all, by the name that clients use. "
          "Whatever is not here is as on the servers.")
      .nested("pool", &config::pool, pool_section(), "Connections to the servers.")
      .nested("consistency", &config::consistency, consistency_section(),
              "What reads are promised, unless a policy says more.")
      .list("policies", &config::policies, policy_section(),
            "Promises to some of the queries. A query gets the strongest level of all the policies that match it.")
      .nested("limits", &config::limits, limits_section(), "How much clients may have.")
      .nested("timeouts", &config::timeouts, timeouts_section(), "How long it may take them.")
      .nested("admin", &config::admin, admin_section(),
              "The console: whoever operates Highwater connects to a database of which no server knows.")
      .nested("log", &config::log, log_section(), "What is logged.")
      .value("drain_timeout", &config::drain_timeout, duration<milliseconds>(0ms, 1h),
             "After SIGTERM, transactions may take this long to finish.")
      .build();
}

}  // namespace

const section& schema() {
  static const section shape = whole();
  return shape;
}

std::string join_key(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

std::string element_key(const section_list& list, const void* element, std::size_t index, const std::string& path) {
  if (list.name) return join_key(path, list.name(const_cast<void*>(element)));
  return path + "[" + std::to_string(index) + "]";
}

}  // namespace highwater::config
