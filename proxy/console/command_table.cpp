#include "proxy/console/command_table.hpp"

#include <algorithm>

#include "proxy/console/words.hpp"

namespace highwater::console {

namespace {

constexpr auto admin = access::admin, stats = access::stats;

constexpr command_row rows[] = {
    {"SHOW", verb::show, arguments::a_view, stats, "SHOW", "SHOW name", ""},
    {"HELP", verb::show, arguments::none, stats, "SHOW", "HELP", ""},
    {"PAUSE", verb::pause, arguments::maybe_database, admin, "PAUSE", "PAUSE [database]",
     "gives out no more server connections, waits until those in use are given back, and closes them"},
    {"RESUME", verb::resume, arguments::maybe_database, admin, "RESUME", "RESUME [database]", "ends PAUSE and KILL"},
    {"DISABLE", verb::disable, arguments::a_database, admin, "DISABLE", "DISABLE database", "lets no new clients in"},
    {"ENABLE", verb::enable, arguments::a_database, admin, "ENABLE", "ENABLE database", "ends DISABLE"},
    {"RECONNECT", verb::reconnect, arguments::maybe_database, admin, "RECONNECT", "RECONNECT [database]",
     "closes every server connection when it is given back"},
    {"WAIT_CLOSE", verb::wait_close, arguments::maybe_database, admin, "WAIT_CLOSE", "WAIT_CLOSE [database]",
     "waits until the connections that RECONNECT or RELOAD want closed are closed"},
    {"KILL", verb::kill, arguments::a_database, admin, "KILL", "KILL database",
     "drops all clients and server connections at once; new clients wait for RESUME"},
    {"KILL_CLIENT", verb::kill_client, arguments::a_client, admin, "KILL_CLIENT", "KILL_CLIENT id",
     "drops one client, by its id in SHOW CLIENTS"},
    {"DRAIN", verb::drain, arguments::a_node, admin, "DRAIN", "DRAIN node", "sends nothing new to the node"},
    {"UNDRAIN", verb::undrain, arguments::a_node, admin, "UNDRAIN", "UNDRAIN node", "ends DRAIN"},
    {"RELOAD", verb::reload, arguments::none, admin, "RELOAD", "RELOAD", "reads the configuration anew"},
    {"SET", verb::set, arguments::a_setting, admin, "SET", "SET option = value",
     "changes an option until the next RELOAD or start"},
    {"SHUTDOWN", verb::shutdown, arguments::a_mode, admin, "SHUTDOWN", "SHUTDOWN [WAIT_FOR_SERVERS | WAIT_FOR_CLIENTS]",
     "ends the process: at once, after the transactions under way, or when the last client has gone"},
    {"BEGIN", verb::begin, arguments::anything, stats, "BEGIN", "BEGIN", ""},
    {"START", verb::begin, arguments::a_transaction, stats, "START TRANSACTION", "START TRANSACTION", ""},
    {"COMMIT", verb::end, arguments::work_or_transaction, stats, "COMMIT", "COMMIT", ""},
    {"END", verb::end, arguments::work_or_transaction, stats, "COMMIT", "END", ""},
    {"ROLLBACK", verb::end, arguments::work_or_transaction, stats, "ROLLBACK", "ROLLBACK", ""},
    {"ABORT", verb::end, arguments::work_or_transaction, stats, "ROLLBACK", "ABORT", ""},
    {"RESET", verb::keep_setting, arguments::anything, stats, "RESET", "RESET name", ""},
    {"DISCARD", verb::discard, arguments::anything, stats, "DISCARD ALL", "DISCARD ALL", ""},
    {"DEALLOCATE", verb::deallocate, arguments::a_statement, stats, "DEALLOCATE", "DEALLOCATE name", ""},
    {"SELECT", verb::select, arguments::a_selection, stats, "SELECT 1", "SELECT 1", ""},
};

constexpr view_row views[] = {
    {view::pools, "clients and server connections per database and user"},
    {view::node_pools, "... and per node"},
    {view::clients, "every client"},
    {view::servers, "every server connection"},
    {view::databases, "databases, their limits, and whether they are paused or disabled"},
    {view::users, "users, their limits and connections"},
    {view::stats, "counters per database since the start, and their averages"},
    {view::stats_totals, "the counters alone"},
    {view::stats_averages, "the averages alone"},
    {view::totals, "counters and averages of all databases together"},
    {view::lists, "how many there are of what"},
    {view::config, "options, with their defaults"},
    {view::mem, "what memory is used for"},
    {view::version, "the version"},
    {view::state, "whether the process is active, paused or draining"},
    {view::nodes, "the cluster: where each node is, and whether it is used"},
    {view::policies, "policies, in the order in which they are tried"},
    {view::routes, "where statements went, and why"},
    {view::pins, "sessions that keep their server connection, and why"},
    {view::help, "this"},
};
static_assert(std::size(views) == view_count);

constexpr missing_row missing[] = {
    {"SUSPEND", "PAUSE ends what is under way; a new process needs nothing of the old one's."},
    {"SHOW FDS", "SHOW CLIENTS and SHOW SERVERS show connections."},
    {"SHOW SOCKETS", "SHOW CLIENTS and SHOW SERVERS show connections."},
    {"SHOW ACTIVE_SOCKETS", "SHOW CLIENTS and SHOW SERVERS show connections, and which of them are active."},
    {"SHOW DNS_HOSTS", "SHOW NODES shows hosts."},
    {"SHOW DNS_ZONES", "SHOW NODES shows hosts."},
    {"SHOW PEERS", "SHOW NODES shows the cluster."},
    {"SHOW PEER_POOLS", "SHOW POOLS shows pools."},
};

}  // namespace

std::span<const command_row> command_rows() noexcept {
  return rows;
}

std::span<const view_row> view_rows() noexcept {
  return views;
}

const missing_row* find_missing(std::string_view words) noexcept {
  const auto* const found =
      std::ranges::find_if(missing, [&](const auto& each) { return same_keyword(each.words, words); });
  return found == std::end(missing) ? nullptr : found;
}

}  // namespace highwater::console
