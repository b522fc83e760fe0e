#pragma once

// What a client has of its own, whichever connection serves it: settings, prepared statements, its transaction where no
// server knows of it, what it was told and has seen. No I/O, no clock.

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "proxy/client/client_address.hpp"
#include "proxy/client/client_counts.hpp"
#include "proxy/client/looked_up_users.hpp"
#include "proxy/client/prepared_names.hpp"
#include "proxy/client/read_after_write.hpp"
#include "proxy/client/told_parameters.hpp"
#include "proxy/client/transaction.hpp"
#include "proxy/server/settings.hpp"
#include "routing/floors.hpp"

namespace highwater::proxy {

struct client_state {
  settings_ptr at_login = no_settings();        // where a RESET leads
  settings_ptr settings = no_settings();        // now
  settings_ptr analysed_under = no_settings();  // those of them that what is prepared may depend on
  struct {                                      // what they say, looked up once
    bool texts_are_plain = true;                // text_is_plain()
    bool serializable = false;                  // transactions are, if they do not say otherwise
    bool read_only = false;                     // ... too
  } says;
  std::unique_ptr<prepared_names> prepared;  // null: it has prepared nothing
  class transaction transaction;
  told_parameters told;
  routing::session_floors floors;
  read_after_write reads_after_writes;
  client_address address;            // where it comes from
  looked_up_users::place_ptr place;  // none if the configuration knows the user
  client_counts::place_ptr counted;  // among those of its user and database
  std::uint32_t answered = 0;        // batches of its own, by servers
  std::uint32_t transactions = 0;    // ... that have ended one
  std::uint64_t id = 0;              // unique in this process, from 1: what operators call it
  routing::instant connected = routing::never;
  routing::instant requested = routing::never;  // when its last batch had arrived
  routing::instant began = routing::never;      // ... and the first of its transaction; never: there is none
  std::uint64_t identity = 0;    // among all sessions of the process, as long as it lasts; 0: not welcomed yet
  std::uint64_t last_write = 0;  // bears the connection on which it has written last, and nobody since; 0: none
  std::uint8_t minor = 0;        // of protocol 3, as agreed at login
  bool skip_to_sync = false;     // an error was answered; the messages up to Sync do not count

  prepared_names& names() {
    if (!prepared) prepared = std::make_unique<prepared_names>();
    return *prepared;
  }
  const named_statement* find_named(std::string_view name) const noexcept {
    return prepared ? std::as_const(*prepared).find(name) : nullptr;
  }
  // As a Query does, also one that no server gets to see.
  void end_unnamed() noexcept {
    if (prepared) prepared->forget_unnamed();
  }

  // Another mark with each connection, so that what was drawn on the one before is not taken for what was drawn last.
  std::uint64_t mark_write() noexcept { return last_write = identity << 20U | (++writes_marked_ & 0xFFFFFU); }

  void adopt(settings_ptr now, settings_interner& interner) {
    settings = std::move(now);
    analysed_under = interner.intern(for_analysis(*settings));
    says = {text_is_plain(*settings), find(*settings, "default_transaction_isolation") == "serializable",
            find(*settings, "default_transaction_read_only") == "on"};
  }

private:
  std::uint32_t writes_marked_ = 0;
};

}  // namespace highwater::proxy
