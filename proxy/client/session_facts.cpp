#include "proxy/client/session.hpp"

namespace highwater::proxy {

namespace {

std::string reasons_of(const session_pins& pins) {
  std::string text;
  for (std::size_t i = 0; i < sql::pin_reason_count; ++i) {
    const auto why = static_cast<sql::pin_reason>(i);
    if (why == sql::pin_reason::none || !pins.has(why)) continue;
    text.append(text.empty() ? "" : ", ").append(sql::to_string(why));
  }
  return text;
}

console::socket_address address_of(const conversation& talk) {
  const auto& from = talk.client.address;
  if (!from.ip) return {"unix", 0};
  return {to_string(*from.ip), from.port};
}

void tell_more(console::client_facts& known, const conversation& talk, const moment& at) {
  const auto& client = talk.client;
  known.application = talk.kind->names.application;
  known.remote = address_of(talk);
  const auto [host, port] = talk.socket.local();
  known.local = {host, port};
  known.connected_at = at.of(client.connected);
  known.requested_at = at.of(client.requested);
  known.prepared_statements = client.prepared ? client.prepared->count() : 0;
  if (const auto* tls = talk.socket.tls()) known.tls = std::string(tls->version()) + "/" + std::string(tls->cipher());
  known.level = client.transaction.level.get();
}

}  // namespace

console::client_facts session::facts(const moment& at) const {
  const auto& client = talk_.client;
  console::client_facts known;
  known.id = client.id;
  known.user = talk_.kind->names.user;
  known.database = talk_.kind->names.database;
  if (at.in_full) tell_more(known, talk_, at);
  if (talk_.leased()) {
    known.state = console::client_state::active;
    known.link = talk_.connection().id();
    known.node = talk_.node_name(talk_.server().node());
    known.pinned = reasons_of(talk_.under_way().held.pins);
  } else if (stage_ == stage::approaching || stage_ == stage::vacating) {
    known.state = console::client_state::waiting;
    known.waited = std::chrono::duration_cast<console::microseconds>(at.now - client.requested);
    const auto node = talk_.work->passage.node();
    if (node != routing::no_node) known.node = talk_.node_name(node);
  }
  return known;
}

std::optional<console::pin_facts> session::pin(const moment& at) const {
  if (!talk_.leased() || !talk_.under_way().held.pins.any()) return std::nullopt;
  const auto since = talk_.under_way().held.pinned_since;
  console::pin_facts known;
  known.client = talk_.client.id;
  known.user = talk_.kind->names.user;
  known.database = talk_.kind->names.database;
  known.application = talk_.kind->names.application;
  known.node = talk_.node_name(talk_.server().node());
  known.reason = reasons_of(talk_.under_way().held.pins);
  known.since = at.of(since != routing::never ? since : talk_.client.requested);
  return known;
}

}  // namespace highwater::proxy
