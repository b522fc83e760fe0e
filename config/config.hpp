#pragma once

// Everything an operator can set, as plain values with their defaults. Filled by config/load.hpp; each room is handed
// only the section that it needs. The option's description, bounds and unit live with its declaration in schema.cpp.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/auth_rule.hpp"
#include "config/level.hpp"
#include "config/network.hpp"

namespace highwater::config {

using milliseconds = std::chrono::milliseconds;

struct endpoint {
  std::string address;
  std::uint16_t port = 0;  // 0: any free port

  bool operator==(const endpoint&) const = default;
};

// As libpq and PgBouncer name them. Towards clients: `allow` and `prefer` leave it to them, `require` lets nobody in
// without TLS, `verify_ca` and `verify_full` nobody without a certificate of `client_ca` either.
enum class tls_mode : std::uint8_t { disable, allow, prefer, require, verify_ca, verify_full };
constexpr std::string_view to_string(tls_mode value) noexcept {
  switch (value) {
    using enum tls_mode;
    case disable:
      return "disable";
    case allow:
      return "allow";
    case prefer:
      return "prefer";
    case require:
      return "require";
    case verify_ca:
      return "verify-ca";
    case verify_full:
      return "verify-full";
  }
  return {};
}

// Files in PEM; empty: none.
struct listen_tls {
  tls_mode mode = tls_mode::disable;
  std::string certificate;  // with its chain
  std::string key;
  std::string client_ca;  // whose certificates clients may show
};

struct listener : endpoint {
  std::string unix_socket{};              // a folder; empty: none
  std::vector<network> proxy_protocol{};  // load balancers that say whose connection it is
  listen_tls tls{};
};

// A user who may log in. With scram-sha-256, `secret` is what pg_authid.rolpassword holds for the user, or `password`
// the clear text from which it is made. `password` is also what Highwater logs in to the servers with.
struct user {
  std::string name;
  std::string secret;
  std::string password;
};

// Users who do not stand in the configuration: their secrets are asked of the servers. `sql` gives at most one row, the
// name and what pg_authid.rolpassword holds, for the name that is its $1.
struct auth_query {
  std::string user;  // whom Highwater asks as; empty: nobody is looked up
  std::string password;
  std::string database;  // empty: the monitor's
  std::string sql = "SELECT usename, secret FROM highwater.user_lookup($1)";
  milliseconds cache{10'000};  // an answer holds so long, and who is logged in is looked up again this often

  bool enabled() const noexcept { return !user.empty(); }
  bool operator==(const auth_query&) const = default;
};

struct auth {
  auth_method method = auth_method::trust;  // or scram_sha_256; of no effect where there are rules
  std::vector<user> users;
  auth_query query;              // for those who are not among them
  std::vector<auth_rule> rules;  // the first that matches applies; nobody is let in whom none matches
  std::vector<name_mapping> maps;
};

// Towards servers: as libpq does with sslmode, sslrootcert, sslcert and sslkey.
struct server_tls {
  tls_mode mode = tls_mode::prefer;
  std::string ca;  // whose certificates are believed; if it is given, every mode checks the server's
  std::string certificate;
  std::string key;

  bool operator==(const server_tls&) const = default;
};

// What a node has of its own; none: as all of the cluster.
struct node_tls {
  std::optional<tls_mode> mode;
  std::optional<std::string> ca;
  std::optional<std::string> certificate;
  std::optional<std::string> key;

  bool operator==(const node_tls&) const = default;
};

struct node {
  std::string name;  // what metrics, logs and SHOW highwater.last_route call it; by default host:port
  std::string host;
  std::uint16_t port = 5432;
  std::string zone;
  unsigned weight = 1;  // 1..1000: share of reads among equally fresh nodes
  node_tls tls{};

  bool operator==(const node&) const = default;
};

struct monitor {
  std::string user = "highwater";
  std::string password;
  std::string database = "postgres";
  milliseconds interval{50};               // the slow beat: a node is asked this often when nobody needs to know sooner
  milliseconds timeout{1'000};             // a node that has not answered by then is not used
  std::chrono::microseconds min_gap{500};  // on demand, a node is asked at most once in this time
  milliseconds catalog_interval{60'000};   // functions, views and tables are looked up again this often, and after DDL

  bool operator==(const monitor&) const = default;
};

struct cluster {
  std::vector<node> nodes;
  server_tls tls;
  struct monitor monitor;

  bool operator==(const cluster&) const = default;
};

// How its servers are spoken to: what the node has of its own, and the cluster's.
server_tls tls_of(const cluster& all, const node& one);

enum class pool_mode : std::uint8_t { transaction, session };
enum class server_reset : std::uint8_t { automatic, always };

struct pool {
  pool_mode mode = pool_mode::transaction;
  unsigned size = 20;     // server connections per node, user and database, for the whole process
  unsigned reserve = 0;   // ... and so many more, while somebody has waited longer than reserve_after
  unsigned min_idle = 0;  // that are kept open as long as there are clients
  milliseconds reserve_after{1'000};
  milliseconds queue_timeout{5'000};  // waiting for a connection, or for a primary, ends with 53300 / 57P03 then
  milliseconds connect_timeout{3'000};
  milliseconds idle_timeout{600'000};                        // an unused server connection is closed
  milliseconds max_lifetime{3'600'000};                      // ... and one this old, when it is next unused
  enum server_reset server_reset = server_reset::automatic;  // DISCARD ALL where needed, or after every lease
  unsigned max_prepared_statements = 200;                    // per server connection; the least recently used is closed
};

struct consistency {
  level default_level = level::session;
  milliseconds max_staleness{0};    // level bounded: 0 means no bound in time
  std::uint64_t max_lag_bytes = 0;  // level bounded: 0 means no bound in bytes
  stale_steps on_stale{{stale_step::kind::wait_while_worth}, {stale_step::kind::primary}};
};

// A policy applies to a query that matches all of the lists it gives; an empty list matches everything. Patterns are
// names, with `*` for any run of characters; a table pattern may be qualified by its schema.
struct policy {
  std::string name;
  std::vector<std::string> tables;
  std::vector<std::string> databases;
  std::vector<std::string> users;
  std::vector<std::string> applications;
  config::level level = level::session;
  milliseconds max_staleness{0};
  std::uint64_t max_lag_bytes = 0;
  std::optional<stale_steps> on_stale;  // none: as in `consistency`
};

// A database that clients know by another name than the servers, or whose clients are somebody else there.
struct database {
  std::string name;         // the clients'
  std::string on_servers;   // empty: the same
  std::string forced_user;  // empty: as whoever the client is
};

// How long something may last; 0: as long as it likes.
struct timeouts {
  milliseconds login{30'000};           // a client that has not logged in by then is disconnected
  milliseconds query{0};                // on a server
  milliseconds transaction{0};          // from its first statement to its end
  milliseconds idle_in_transaction{0};  // with a transaction open, and nothing asked
  milliseconds client_idle{0};          // ... and without one
  milliseconds stall{60'000};           // a client that stops within a message keeps a server connection no longer
  milliseconds cleaning{10'000};        // of a server connection that is given back
};

// What one user, or one database, is allowed that others are not. What is not set is as for all.
struct own_pool {
  std::optional<unsigned> size;
  std::optional<unsigned> reserve;
  std::optional<unsigned> min_idle;
  std::optional<milliseconds> reserve_after;
  std::optional<milliseconds> queue_timeout;
  std::optional<milliseconds> connect_timeout;
  std::optional<milliseconds> idle_timeout;
  std::optional<milliseconds> max_lifetime;
};
struct own_timeouts {
  std::optional<milliseconds> query;
  std::optional<milliseconds> transaction;
  std::optional<milliseconds> idle_in_transaction;
  std::optional<milliseconds> client_idle;
};
struct allowance {
  std::string name;                            // `*`: whoever has none by name
  std::optional<unsigned> clients;             // at a time
  std::optional<unsigned> server_connections;  // to any one node, at a time
  own_pool pool;
  own_timeouts timeouts;
};

struct limits {
  unsigned max_clients = 10'000;
  unsigned server_connections = 0;  // to any one node, for all users and databases; 0: as many as pools want
  std::vector<allowance> per_user;
  std::vector<allowance> per_database;
  std::uint64_t max_message_bytes = 1'073'741'823;  // as PostgreSQL's own limit for a message
  std::uint64_t max_batch_bytes = 262'144;          // a longer batch is not examined as a whole: it goes to the primary
  unsigned max_logins = 1'000;                      // clients that have not logged in yet; then the oldest has to go
  std::uint64_t max_prepared_bytes = 8'388'608;     // of one client's prepared statements, texts and names
};

// Who operates Highwater, and where: a virtual database, of which no server knows.
struct admin {
  std::string database = "highwater";
  std::vector<std::string> users;        // may do everything
  std::vector<std::string> stats_users;  // may look
  std::string unix_socket;               // a folder; whoever may open it operates without a password; empty: none
};

struct log {
  std::string level = "info";  // trace, debug, info, warning, error
};

struct config {
  listener listen{{"127.0.0.1", 6432}};
  endpoint http{"127.0.0.1", 9632};
  std::string zone;      // of this process; empty: no node is nearer than another
  unsigned workers = 0;  // 0: auto, one per processor
  struct auth auth;
  struct cluster cluster;
  std::vector<database> databases;
  struct pool pool;
  struct consistency consistency;
  std::vector<policy> policies;
  struct limits limits;
  struct timeouts timeouts;
  struct admin admin;
  struct log log;
  milliseconds drain_timeout{10'000};  // after SIGTERM, transactions may take this long to finish
};

}  // namespace highwater::config
