#include "proxy/client/lease.hpp"

#include <spdlog/spdlog.h>

#include "proxy/client/conversation.hpp"

namespace highwater::proxy {

namespace {

void drop_stranger(conversation& talk) {
  if (talk.worker.strangers_told.may_tell(std::chrono::steady_clock::now()))
    spdlog::error("{}", talk.work->attempt.refused()->message);
  auto& connection = end_lease(talk);
  talk.worker.pool_of(*talk.kind, connection.node()).drop_stranger(connection);
}

}  // namespace

void begin_lease(conversation& talk, server_connection& connection, lease_holder& to) {
  connection.lease(to);
  ++talk.kind->database.usage.server_assignments;
  talk.under_way().begin(connection.session(), &connection, talk.worker.loads[connection.node()]);
}

server_connection& end_lease(conversation& talk) {
  auto& connection = *talk.under_way().end();
  auto& client = talk.client;
  // Nobody else could prepare it again.
  const auto* unnamed = client.find_named("");
  const bool large = unnamed != nullptr && unnamed->what->size() > talk.worker.settings->limits.max_prepared_bytes;
  if (large) client.end_unnamed();
  return connection;
}

void release(conversation& talk) {
  if (talk.leased()) end_lease(talk).give_back();
}

void drop_lease(conversation& talk) {
  auto& connection = end_lease(talk);
  talk.worker.pool_of(*talk.kind, connection.node()).drop(connection);
}

void give_up_lease(conversation& talk, approach::fate what) {
  switch (what) {
    using enum approach::fate;
    case keep:
      return;
    case clean:
      talk.server().soil();
      return release(talk);
    case give_back:
      return release(talk);
    case drop:
      return drop_lease(talk);
    case drop_stranger:
      return proxy::drop_stranger(talk);
  }
}

// What the server still does for the session must not keep the place of one that somebody waits for: the server is left
// alone with a write, as when a client of its own has gone, and told to give up a read.
void abandon_lease(conversation& talk) {
  const auto& exchange = talk.under_way();
  auto& server = talk.server();
  const bool in_the_middle =
      server.is_open() || exchange.held.copy_in || exchange.streaming || talk.work->inbox.passing() > 0;
  if (in_the_middle || server.owes()) {
    const bool reads = !exchange.flights.empty() && !in_the_middle && !exchange.may_have_written();
    if (reads) talk.connection().cancel({});
    return drop_lease(talk);
  }
  if (exchange.held.pins.any() || exchange.changes.pending()) server.soil();
  release(talk);
}

}  // namespace highwater::proxy
