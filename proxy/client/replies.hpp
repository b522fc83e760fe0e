#pragma once

// What a server answers, put into what the client gets; the other half of message_writer. It keeps the books of what is
// under way (flights, names, marks, the transaction's level), and says what is left to be done about it. No I/O, no
// clock.

#include <string>
#include <string_view>

#include "proxy/client/client_state.hpp"
#include "proxy/client/exchange.hpp"
#include "proxy/server/server_session.hpp"

namespace highwater::proxy {

// Which node serves a session changes from statement to statement, and with it this parameter.
inline constexpr std::string_view tells_of_node = "in_hot_standby";
constexpr bool tells_who_one_is(std::string_view parameter) noexcept {
  return parameter == "is_superuser" || parameter == "session_authorization";
}

// The answer that we make to a message which no server saw: a Parse or Close of a statement that is there already.
void answer_in_turn(const wire::expected_reply& what, client_state& client, std::string& out);

// Of the bytes that a server sent at once: made for them, and asked when they have been taken.
class replies {
public:
  // `keeps_one_server`: the session is bound to its connection whatever a DISCARD ALL ends.
  replies(exchange& under_way, client_state& client, bool keeps_one_server) noexcept
      : under_way_(under_way), client_(client), keeps_one_server_(keeps_one_server) {}

  // For the client; in place, as far as it is what the server sent. Valid as long as that, and this.
  std::string_view text() noexcept { return gathered_.empty() ? run_ : (gather(), std::string_view(gathered_)); }

  // What has to be done before the client is sent the text.
  struct effects {
    unsigned queries = 0;             // that have been answered: a batch is one
    unsigned transactions = 0;        // ... that have ended
    unsigned plans_outdated = 0;      // what was prepared before may not run any more
    bool answered = false;            // a batch
    bool schema_changed = false;      // by a transaction that is committed
    bool write_acknowledged = false;  // ... of a client that is expected to read behind it
    bool cancel_due = false;          // the request that waited for the answer to BEGIN
    bool syncs_doubted = false;       // how many Syncs of a copy are answered has to be asked for
    std::string begin_failed;         // why the BEGIN did that the client takes for done
    wire::error last_words;           // of a server that is about to close the connection; no code: it is not
  };
  const effects& what_is_due() const noexcept { return due_; }

  // For reply_reader ------------------------------------------------------------------------------------------------

  void forward(std::string_view bytes);
  void local(const wire::expected_reply& what);
  void completed(const wire::expected_reply& what);
  void abandoned(const wire::expected_reply& what, bool failed);
  void described(const wire::expected_reply& what, const wire::frame& message);
  void command_complete(std::string_view tag);
  bool parameter_status(const wire::parameter_status_message& message);
  wire::after_error failed(const wire::error_fields& fields, bool hidden);
  void replacement();
  void copy_in(std::size_t syncs);
  void copy_ended(bool doubtful);
  void late_syncs(std::size_t count, bool extended, wire::transaction_status status);
  wire::after_ready ready(wire::transaction_status status, const wire::expected_reply& what);

private:
  server_session& server() noexcept { return under_way_.server(); }
  void gather();
  void names_dropped();
  void state_discarded();
  void answered(wire::transaction_status status);
  void transaction_over();
  void transaction_goes_on(wire::transaction_status status);
  bool is_kept_back(wire::transaction_status status, const wire::expected_reply& what);

  exchange& under_way_;
  client_state& client_;
  bool keeps_one_server_;
  effects due_;
  std::string_view run_;         // forwarded in place, if it is all there is
  std::string gathered_;         // ... else all of it
  wire::expected_reply failed_;  // what the error that is being told belongs to
  std::string instead_;          // of that error
};

}  // namespace highwater::proxy
