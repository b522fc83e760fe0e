#pragma once

// One client's conversation with the servers: all that it consists of, and what can be asked about it. Those who act on
// it are functions that take it, each kind in a file of its own:
//   examining     what the batch is that has come
//   lease         the server connection, from when it is lent until it is given back
//   passage       the way there
//   requests      the batch in the server's words, and on its way
//   own_answers   what Highwater answers itself
//   preparing     what the connection lacks for the batch
//   passing       what is passed on as it comes: copy data, and what is too long to be held
//   reception     what the server answers
//   losses        what is to be said and noted when a connection is lost
//   second_try    a read that a replica refuses, or dies on, is run elsewhere
//   reading       how much of what the client sends is read, and how long it is kept
//   welcoming     what it has asked for at login, and is told before its first query
// They know the conversation and who stands above them in this list, and return what has come of it, or tell whoever is
// at the way's end. The session calls them: it has the stages and the events.

#include <string_view>
#include <utility>

#include "proxy/client/activity.hpp"
#include "proxy/client/admission.hpp"
#include "proxy/client/client_state.hpp"
#include "proxy/client/context.hpp"
#include "proxy/client/placing.hpp"
#include "proxy/client/route_record.hpp"
#include "proxy/io/stream.hpp"
#include "proxy/server/server_connection.hpp"

namespace highwater::proxy {

struct conversation {
  conversation(worker_context& in, stream with) : worker(in), socket(std::move(with)) {}

  worker_context& worker;
  stream socket;
  session_kind_ptr kind;
  client_state client;
  activity_ptr work;  // null: nothing is to be done, and nothing is under way
  route_record last_route;
  bool greets = true;     // not welcomed yet: what a server would say is being found out
  bool draining = false;  // the process is going down

  // The server ----------------------------------------------------------------------------------------

  bool leased() const noexcept { return work && work->exchange.leased(); }
  class exchange& under_way() const noexcept {
    return work->exchange;
  }
  // While there is a lease.
  server_session& server() const noexcept { return work->exchange.server(); }
  server_connection& connection() const noexcept { return work->exchange.connection(); }
  // Something is under way there.
  bool busy() const noexcept { return leased() && (under_way().busy() || work->inbox.within_message()); }
  std::string_view node_name(routing::node_index node) const noexcept;
  // From its login on, as what it is told of its backend has to stay true.
  bool keeps_one_server() const noexcept;

  // The client ----------------------------------------------------------------------------------------

  std::string_view input() const noexcept { return work->inbox.left(); }
  wire::transaction_status status() const noexcept;  // as the client knows it
  bool skips_to_sync() const noexcept;
  void write(std::string_view bytes);
  void notify(wire::severity how, const wire::error& what);
  // Its settings are these now.
  void adopt_settings(settings_ptr now);
  // ... perhaps: policies may be about its application_name.
  void follow_application();

  // For those who decide ------------------------------------------------------------------------------

  standing stands() const;
  placing placed() const;
  // `bounded` without a bound would promise nothing.
  bool has_bound() const noexcept;
  // Can the texts be read that the client sends now?
  bool reads_texts() const;
};

}  // namespace highwater::proxy
