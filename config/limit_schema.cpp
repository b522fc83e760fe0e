#include "config/limit_schema.hpp"

#include <chrono>

namespace highwater::config {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kilobyte = 1'024;
constexpr std::uint64_t largest_message = 1'073'741'823;

typed<milliseconds> time_limit(milliseconds highest = 1h) {
  return duration<milliseconds>(1ms, highest);
}
typed<milliseconds> no_limit_or(milliseconds highest = 168h) {
  return duration<milliseconds>(0ms, highest);
}
typed<unsigned> pool_size() {
  return whole_number<unsigned>(1, 10'000, "connections");
}
typed<unsigned> pool_count() {
  return whole_number<unsigned>(0, 10'000, "connections");
}

section own_pool_section() {
  return section_builder<own_pool>()
      .value("size", &own_pool::size, optional_of(pool_size()), "As `pool.size`.")
      .value("reserve", &own_pool::reserve, optional_of(pool_count()), "As `pool.reserve`.")
      .value("reserve_after", &own_pool::reserve_after, optional_of(time_limit()), "As `pool.reserve_after`.")
      .value("min_idle", &own_pool::min_idle, optional_of(pool_count()), "As `pool.min_idle`.")
      .value("queue_timeout", &own_pool::queue_timeout, optional_of(time_limit()), "As `pool.queue_timeout`.")
      .value("connect_timeout", &own_pool::connect_timeout, optional_of(time_limit()), "As `pool.connect_timeout`.")
      .value("idle_timeout", &own_pool::idle_timeout, optional_of(time_limit(168h)), "As `pool.idle_timeout`.")
      .value("max_lifetime", &own_pool::max_lifetime, optional_of(time_limit(168h)), "As `pool.max_lifetime`.")
      .build();
}

section own_timeouts_section() {
  return section_builder<own_timeouts>()
      .value("query", &own_timeouts::query, optional_of(no_limit_or()), "As `timeouts.query`.")
      .value("transaction", &own_timeouts::transaction, optional_of(no_limit_or()), "As `timeouts.transaction`.")
      .value("idle_in_transaction", &own_timeouts::idle_in_transaction, optional_of(no_limit_or()),
             "As `timeouts.idle_in_transaction`.")
      .value("client_idle", &own_timeouts::client_idle, optional_of(no_limit_or()), "As `timeouts.client_idle`.")
      .build();
}

section allowance_section() {
  return section_builder<allowance>()
      .value("clients", &allowance::clients, optional_of(whole_number<unsigned>(1, 1'000'000, "clients")),
             "Clients at a time, in all. One more is told so, with SQLSTATE 53300.")
      .by_default("no limit but `max_clients`")
      .value("server_connections", &allowance::server_connections, optional_of(pool_size()),
             "Server connections to any one node, in all. Whoever needs one more waits for it.")
      .by_default("no limit but the pools' and `server_connections`")
      .nested("pool", &allowance::pool, own_pool_section(), "What is another way than in `pool`.")
      .nested("timeouts", &allowance::timeouts, own_timeouts_section(), "What is another way than in `timeouts`.")
      .build();
}

}  // namespace

section pool_section() {
  return section_builder<pool>()
      .value("mode", &pool::mode,
             choice<pool_mode>({{"transaction", pool_mode::transaction}, {"session", pool_mode::session}}),
             "A client holds a server connection for a transaction, or until it disconnects.")
      .value("size", &pool::size, pool_size(), "Server connections per node, user and database, for the whole process.")
      .value("reserve", &pool::reserve, pool_count(),
             "... and so many more of them, while somebody has waited longer than `reserve_after`.")
      .value("reserve_after", &pool::reserve_after, time_limit(), "How long somebody has to have waited for that.")
      .value("min_idle", &pool::min_idle, pool_count(),
             "So many of them are open as long as there are clients, also if nobody needs them.")
      .value("queue_timeout", &pool::queue_timeout, time_limit(),
             "How long a query waits for a server connection (then SQLSTATE 53300) or for a primary (then 57P03).")
      .value("connect_timeout", &pool::connect_timeout, time_limit(), "How long connecting to a server may take.")
      .value("idle_timeout", &pool::idle_timeout, time_limit(168h),
             "A server connection unused for this long is closed.")
      .value("max_lifetime", &pool::max_lifetime, time_limit(168h),
             "A server connection this old is closed when it is next unused.")
      .value(
          "server_reset", &pool::server_reset,
          choice<server_reset>({{"auto", server_reset::automatic}, {"always", server_reset::always}}),
          "When a server connection is cleaned with `DISCARD ALL`: where a session is known, or cannot be known not, "
          "to have left something behind; or always before another session gets it.")
      .value("max_prepared_statements", &pool::max_prepared_statements,
             whole_number<unsigned>(1, 100'000, "statements"),
             "Prepared statements kept on each server connection; the least recently used is closed.")
      .build();
}

section limits_section() {
  return section_builder<limits>()
      .value("max_clients", &limits::max_clients, whole_number<unsigned>(1, 1'000'000, "clients"),
             "Clients connected at a time.")
      .value("server_connections", &limits::server_connections, whole_number<unsigned>(0, 100'000, "connections"),
             "Server connections to any one node, for all users and databases; 0 is as many as the pools want. Whoever "
             "waits for one gets it from those who have most.")
      .value("max_message_bytes", &limits::max_message_bytes, size(kilobyte, largest_message),
             "A client that sends a longer message is disconnected. The default is PostgreSQL's own limit.")
      .value("max_batch_bytes", &limits::max_batch_bytes, size(kilobyte, largest_message),
             "A batch of messages longer than this is not examined as a whole: it goes to the primary.")
      .value("max_logins", &limits::max_logins, whole_number<unsigned>(1, 1'000'000, "clients"),
             "Clients connected at a time that have not logged in yet. They do not count as clients; when there is one "
             "too many, the one that has been at it longest is disconnected.")
      .value("max_prepared_bytes", &limits::max_prepared_bytes, size(kilobyte, largest_message),
             "What the texts and names of one client's prepared statements may take. A named statement beyond that is "
             "refused; an unnamed one longer than that is run, and gone when its transaction is over.")
      .map(
          "per_user", &limits::per_user, &allowance::name, allowance_section(),
          "What a user has another way than all, by name; `*` is whoever is not named. Where user and database differ, "
          "what stands by name beats `*`, and the user beats the database.")
      .map("per_database", &limits::per_database, &allowance::name, allowance_section(),
           "What a database has another way than all, by name; `*` is whichever is not named.")
      .build();
}

section timeouts_section() {
  return section_builder<timeouts>()
      .value("login", &timeouts::login, time_limit(), "A client that has not logged in by then is disconnected.")
      .value("query", &timeouts::query, no_limit_or(),
             "A statement, or a batch of them, that a server has had for this long is canceled (SQLSTATE 57014); 0 is "
             "never.")
      .value("transaction", &timeouts::transaction, no_limit_or(),
             "A client whose transaction lasts longer is disconnected, and the transaction rolled back (25P04); 0 is "
             "never.")
      .value("idle_in_transaction", &timeouts::idle_in_transaction, no_limit_or(),
             "A client that has a transaction open and asks nothing for this long is disconnected (25P03); 0 is never.")
      .value(
          "client_idle", &timeouts::client_idle, no_limit_or(),
          "A client that has no transaction open and asks nothing for this long is disconnected (57P05); 0 is never.")
      .value("stall", &timeouts::stall, time_limit(24h),
             "A client that holds a server connection and stops in the middle of a message, or of a batch longer than "
             "`limits.max_batch_bytes`, is disconnected after this time (57P05).")
      .value("cleaning", &timeouts::cleaning, time_limit(),
             "A server connection that has been given back and is not clean by then is closed.")
      .build();
}

}  // namespace highwater::config
