#pragma once

// What it takes to put a client's messages into a server's words: whose names they use, what the server has, what is
// under way. One for each batch.

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <string>
#include <string_view>

#include "proxy/client/batch_facts.hpp"
#include "proxy/client/client_state.hpp"
#include "proxy/client/exchange.hpp"
#include "proxy/client/prepared.hpp"

namespace highwater::proxy {

struct writing {
  client_state& client;
  exchange& under_way;
  const batch_facts& facts;
  verdicts verdict_on;
  prepared_registry& registry;
  std::uint64_t schema = 0;                                   // see prepared_registry::intern()
  std::size_t most_statements = 0;                            // that a connection keeps behind it
  std::size_t messages = 0;                                   // of the batch: none of what they use may make room
  boost::unordered_flat_set<std::string_view>& parsed_names;  // scratch

  server_session& server() const noexcept { return under_way.server(); }
  // How many statements the connection may have while the batch is under way. What was used last is given up last, and
  // a message uses two at most: its own, and what that executes.
  std::size_t most_statements_within() const noexcept { return std::max(most_statements, 2 * messages); }

  // The text as the servers are to know it; nobody else's where a transaction may have changed settings.
  prepared_ptr intern(std::string_view query, std::string_view parameter_types, bool names_others) const {
    if (names_others || under_way.held.settings_unknown)
      return registry.make_private(query, parameter_types, names_others);
    return registry.intern(query, parameter_types, client.analysed_under, schema);
  }
  // A text that runs or ends what another name stands for is prepared anew for each use, as that may be another by
  // then.
  bool names_others(std::string_view sql) const {
    return facts.names_others && name_in(*verdict_on(sql), client.prepared.get()) != nullptr;
  }
};

// A client's name for a statement that does not exist must not hit one of ours by accident.
std::string unknown_name(std::string_view name);
// ... in SQL either.
std::string without_our_name(std::string_view sql, const sql::name_in_text& place);
// The text with the servers' name of a statement in that place.
std::string with_name(std::string_view sql, const sql::name_in_text& place, statement_id id);

}  // namespace highwater::proxy
