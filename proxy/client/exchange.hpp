#pragma once

// What a session has under way on the server connection that it leases: from the moment when the connection is lent
// until it is given back, all that means nothing without it. Who reads this knows what a lease may leave behind; end()
// gives back everything at once. It decides nothing about nodes, and does no I/O of its own: the connection does.

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/worker_probe.hpp"
#include "proxy/client/batch_facts.hpp"
#include "proxy/client/client_state.hpp"
#include "proxy/client/fifo.hpp"
#include "proxy/client/flight.hpp"
#include "proxy/client/session_pins.hpp"
#include "proxy/client/settings_exchange.hpp"
#include "proxy/server/server_session.hpp"
#include "routing/balance.hpp"

namespace highwater::proxy {

class server_connection;

// Stands for a Parse that is to fail on the server because the client is told an error of ours in its place.
inline constexpr statement_id own_failure_id = UINT64_MAX - 1;

class exchange {
public:
  explicit exchange(metrics::worker_probe& probe) : probe_(&probe) {}

  // The lease -------------------------------------------------------------------------------------------------------

  bool leased() const noexcept { return server_ != nullptr; }
  // `connection` may be null where nothing is sent.
  void begin(server_session& server, server_connection* connection, routing::node_load& load) noexcept;
  // What nobody else shall meet is in the server's session by then; the caller gives the connection back, or closes it.
  server_connection* end() noexcept;
  server_session& server() const noexcept { return *server_; }
  server_connection& connection() const noexcept { return *connection_; }

  // Is something there that no other connection could go on with?
  bool bound() const noexcept {
    return !server_->idle() || held.begin_unanswered || held.pins.any() || held.in_read_only || held.copy_in ||
           held.ready_held || server_->is_open() || streaming;
  }
  bool busy() const noexcept { return server_->owes() || server_->is_open() || held.copy_in || streaming; }

  // Of what is under way, may anything have been committed that nobody will ever hear of? Not what a transaction does
  // before its COMMIT.
  bool outcome_unknown() const noexcept;
  bool may_have_written() const noexcept;

  // Its end gives all of this back ------------------------------------------------------------------------------------

  struct marks {
    session_pins pins;              // the session keeps the connection
    bool on_replica = false;        // the connection was chosen as a replica's
    bool begin_unanswered = false;  // BEGIN has been sent, and the server has not answered it yet
    bool cancel_wanted = false;     // ... and a cancel request waits for that
    bool timed_out = false;         // what is under way is being canceled because it takes too long
    bool canceling = false;         // ... and the server may not have been told yet
    bool copy_in = false;           // the server waits for copy data
    bool syncs_in_doubt = false;    // ... no longer: a question is due, behind the message that is being passed on
    bool flushed = false;           // the answers to what has been sent have been asked for
    bool ends_names = false;        // what is under way may end names of prepared statements
    bool ready_held = false;        // a ReadyForQuery is kept back until it is known what the client's settings are
    bool asks_pins = false;         // what is inquired is whether they still stand

    routing::instant pinned_since = routing::never;  // the batch that did it had arrived by then

    // Of the transaction that is under way.
    bool in_read_only = false;      // it was placed as one that only reads
    bool wrote = false;             // it may have changed data
    bool settings_unknown = false;  // it may have changed settings: nobody else shall have what it prepares
    bool unreadable = false;        // ... one behind which texts may mean something else

    // What the server has said.
    bool rolled_back = false;   // the last command tag was ROLLBACK
    bool committed = false;     // ... COMMIT
    bool deallocated = false;   // a command tag since the last ReadyForQuery was DEALLOCATE
    bool batch_failed = false;  // an error was among the batch's replies
  } held;

  void pin(sql::pin_reason why);
  void unpin() noexcept;
  // A batch that had arrived by then has left its marks.
  void note_pinned(routing::instant arrived) noexcept;
  // The server has said which pins still stand (session_pins::answered).
  void pins_answered(std::string_view row);
  // A server's transaction is over: did it come to nothing?
  bool transaction_over() noexcept;
  // ... or lost: has it changed the schema? Asked once.
  bool schema_change_over();

  // What is under way, and has to be answered whatever becomes of the connection -------------------------------------

  fifo<flight, 4> flights;
  bool streaming = false;      // the batch was too long to be examined: its messages are sent as they come
  bool alone = false;          // the last batch is a statement that is a transaction of its own
  settings_exchange changes;   // of settings
  sql::touched_names touched;  // by the DDL of the transaction
  sql::login_change logins;    // ... and the logins that it is about
  bool schema_changed = false;
  std::string own_failure;                         // the ErrorResponse that the client gets where own_failure_id fails
  std::vector<std::function<void()>> cancel_over;  // who is to be told when a request that waits is over

  std::vector<std::pair<std::string, std::string>> ending_portals;          // and the names that running them ends
  std::vector<std::pair<std::string, session_settings>> resetting_portals;  // and what is to be set again then

  // What the batch is once it is under way; where its bytes are is the caller's business. `deferred`: a BEGIN goes in
  // front of it. `retried`: it is tried for the second time.
  flight flight_of(const batch_facts& facts, bool deferred, bool retried) const;
  // A batch is about to be sent: what it leaves behind in the connection, and what nobody else shall meet there.
  // `begins`: a BEGIN goes in front. `lacks_ready`: nothing is sent that the server answers with ReadyForQuery.
  void note_effects(const batch_facts& facts, const client_state& client, bool begins, bool lacks_ready,
                    const verdicts& verdict_on);
  // ... a statement that is run by its name, where nobody has looked at it for that.
  void note_effects_of(const named_statement* prepared, const client_state& client, const verdicts& verdict_on);
  // ... and what only comes behind it meets.
  void note_sent(const batch_facts& facts);
  // What had no ReadyForQuery of its own (a Flush before, or a Sync that copy-in mode swallowed) is answered with this.
  void take_off(flight one);
  // The server has skipped a Query or a FunctionCall: no ReadyForQuery of its own either.
  void skipped_one();
  // In place of one of the client's statements something else has been prepared, so that it can be ended there.
  void note_stand_in(statement_id id, std::string_view name);
  const std::string* stands_for(statement_id id) const noexcept;  // the client's name; null: for none
  // Portals end with their transaction.
  void forget_portals_of_the_past();

private:
  void note(const sql::statement& what, const client_state& client, bool by_itself);

  metrics::worker_probe* probe_;
  server_session* server_ = nullptr;
  server_connection* connection_ = nullptr;
  routing::node_load* load_ = nullptr;
  std::vector<std::pair<statement_id, std::string>> stand_ins_;  // and the client's names for them
};

}  // namespace highwater::proxy
