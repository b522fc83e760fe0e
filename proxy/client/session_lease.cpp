#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "proxy/client/kept_settings.hpp"
#include "proxy/client/refusals.hpp"
#include "proxy/client/session.hpp"

namespace highwater::proxy {

using routing::route_reason;

void session::begin_lease(server_connection& connection) {
  connection.lease(*this);
  under_way().begin(connection.session(), &connection, worker_.loads[connection.node()]);
}

// The lease stands and the connection is in the session's state.
void session::go() {
  if (greets_) return welcome(connection());
  stage_ = stage::ready;
  under_way().held.on_replica = work_->attempt.plan().on_replica;
  warn_of_plan();
  if (under_way().streaming) {
    note_write();
    note_route(route_reason::write);
    return;
  }
  dispatch(work_->attempt.plan().reason);
}

void session::warn_of_plan() {
  if (work_->facts.bad_hint) {
    notify(wire::severity::warning, {"01000", "a highwater hint in a comment was not understood, and is ignored", "",
                                     "A hint reads /* highwater: level=NAME */ with one of the levels."});
  }
  const auto& attempt = work_->attempt;
  if (attempt.plan().reason == route_reason::stale) {
    notify(wire::severity::warning,
           {"01000", "no node was fresh enough: this read may be stale",
            describe_distance(attempt.plan(), attempt.need().level, worker_.shared.settings.cluster), ""});
  }
}

void session::notify(wire::severity how, const wire::error& what) {
  std::string out;
  wire::write_notice(out, how, what);
  write_client(out);
}

// True if the connection is being brought to it first.
bool session::keep_what_was_told() {
  const auto kept = settings_to_keep(client_.told.all(), server().parameters(), *client_.settings);
  if (!kept) return false;
  auto own = *client_.settings, at_login = *client_.at_login;
  for (const auto& [name, value] : *kept) {
    put(own, name, value);
    if (!find(at_login, name)) put(at_login, name, value);
  }
  client_.at_login = worker_.interner.intern(std::move(at_login));
  adopt_settings(worker_.interner.intern(std::move(own)));
  stage_ = stage::approaching;
  return connection().apply(client_.settings);
}

server_connection& session::end_lease() {
  auto& connection = *under_way().end();
  // Nobody else could prepare it again.
  const auto* unnamed = client_.find_named("");
  const bool large = unnamed != nullptr && unnamed->what->size() > worker_.shared.settings.limits.max_prepared_bytes;
  if (large) client_.end_unnamed();
  return connection;
}

// The lease is over, and the connection may serve somebody else.
void session::release() {
  if (leased()) end_lease().give_back();
}

void session::drop_lease() {
  auto& connection = end_lease();
  worker_.pool_of(*kind_, connection.node()).drop(connection);
}

// The session ends. What the server still does for it must not keep the place of one that somebody waits for: the
// server is left alone with a write, as when a client of its own has gone, and told to give up a read.
void session::abandon_lease() {
  const auto& exchange = under_way();
  const bool in_the_middle = server().is_open() || exchange.held.copy_in || exchange.streaming || work_->pass_left > 0;
  if (in_the_middle || server().owes()) {
    const bool reads = !exchange.flights.empty() && !in_the_middle && !exchange.may_have_written();
    if (reads) connection().cancel({});
    return drop_lease();
  }
  if (exchange.held.pins.any() || exchange.changes.pending()) server().soil();
  release();
}

}  // namespace highwater::proxy
