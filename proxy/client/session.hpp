#pragma once

// One client's life: what it sends is cut into batches, each batch is decided upon, sent to a server, and answered. The
// decisions are routing's; this class keeps the session's state and moves the bytes. Its parts are in
//   session.cpp            stages, reading, ending
//   session_login.cpp      the way in
//   session_batch.cpp      what a batch is
//   session_placement.cpp  what it needs, and whether it may be sent at all
//   session_routing.cpp    from a batch to a plan, and waiting for it to come true
//   session_lease.cpp      from a plan to a server connection, and back
//   session_requests.cpp   client to server
//   session_effects.cpp    what a batch leaves behind in its connection
//   session_prepared.cpp   ... messages that name prepared statements
//   session_stream.cpp     ... what is too long to be held
//   session_replies.cpp    server to client
//   session_settings.cpp   ... the end of an exchange, and what has become of the session's settings
//   session_failover.cpp   ... what a node refuses, or that it has gone
//   session_local.cpp      what Highwater answers itself
//   session_internal.cpp   ... about itself: SHOW, SET and RESET of highwater.*

#include <boost/asio/ip/tcp.hpp>
#include <boost/container/small_vector.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/client/asked_level.hpp"
#include "proxy/client/context.hpp"
#include "proxy/client/login.hpp"
#include "proxy/client/prepared.hpp"
#include "proxy/client/settings_exchange.hpp"
#include "proxy/io/stream.hpp"
#include "proxy/server/pool.hpp"
#include "proxy/wire/batch_scanner.hpp"
#include "routing/decide.hpp"
#include "routing/floors.hpp"

namespace highwater::proxy {

// What is known of a batch before it is sent.
struct batch_facts {
  struct text {
    routing::statement_ptr what;
    std::optional<config::level> hint;  // from a comment in it
    friend bool operator==(const text&, const text&) = default;
  };
  routing::statement_kind kind = routing::statement_kind::empty;  // of all its statements together
  boost::container::small_vector<text, 2> statements;
  boost::container::small_vector<std::string_view, 2> portals;  // that it binds; valid while it is being examined
  bool runs_older_portal = false;                               // one that was bound before it
  bool executes = false;                                        // it runs something, as against only preparing
  bool bad_hint = false;                                        // a comment for Highwater that says nothing it knows
  bool unclear = false;                                         // the text cannot be trusted to mean what it seems to
  bool parses = false;
  bool parses_unnamed = false;
  wire::batch_end end = wire::batch_end::cut;

  const routing::statement* first() const noexcept {
    return statements.empty() ? nullptr : statements.front().what.get();
  }
};

// What ends with a lease, however it ends. Nothing of it means anything without one.
struct lease_state {
  bool on_replica = false;        // the connection was chosen as a replica's
  bool pinned = false;            // the session keeps it
  std::uint32_t pin_reasons = 0;  // a bit for each that has been counted
  bool in_read_only = false;      // the transaction was placed as one that only reads
  bool begin_unanswered = false;  // BEGIN has been sent, and the server has not answered it yet
  bool cancel_wanted = false;     // ... and a cancel request waits for that
  bool unsynced = false;          // a Flush was sent without a Sync behind it
  bool copy_in = false;           // the server waits for copy data
  bool settings_unknown = false;  // the transaction may have changed some: nobody else shall have what it prepares
  bool discards_all = false;      // DISCARD ALL is under way
  bool rolled_back = false;       // the last command tag was ROLLBACK
  bool committed = false;         // ... COMMIT
  bool batch_failed = false;      // an error was among the batch's replies

  // What a DEALLOCATE or DISCARD that is under way ends, if it succeeds.
  struct ending_names {
    bool all = false;
    prepared_ptr one;
    std::string name;
  } ending;
};

// A batch that a server is answering.
struct flight {
  std::size_t begin = 0;  // where its bytes are in the session's input, while they are kept
  std::size_t size = 0;
  bool writes = false;       // its end may be a commit: the session's write floor rises
  bool reads = false;        // nothing but: a transaction that it is part of goes on behind it
  bool ends = false;         // may end a transaction in its middle
  bool parses = false;       // prepares what it runs
  bool retryable = false;    // an autocommit read of which nothing has been forwarded (rule 15)
  bool schema = false;       // DDL
  bool hidden_sync = false;  // Flush was sent on as Sync
  bool no_ready = false;     // ends with a Flush, or its Sync was lost in copy-in mode
};

class session final : public std::enable_shared_from_this<session>, stream::listener, lease_holder, lease_waiter {
public:
  session(worker_context& worker, boost::asio::ip::tcp::socket socket, std::function<void(session&)> on_end);
  ~session();

  void start();
  // On this worker's thread.
  void view_changed();  // while it waits for one
  void cancel();        // the client asks for its current statement to end
  void drain();         // the process is going down: end when nothing is under way
  void kill(const wire::error& why);
  // A node has stopped answering: a read that it has not begun to answer is run elsewhere.
  void node_died(routing::node_index node);
  // There is another primary than before: whoever still waits for the old one, or is bound to it, is told.
  void primary_moved();

private:
  enum class stage : std::uint8_t {
    login,
    ready,
    awaiting_view,  // for a sample, a replica, a primary
    awaiting_lease,
    awaiting_settings,  // the server connection is being brought to the session's state
    inquiring,          // what the settings are after a transaction that changed some
    ended,
  };

  // Everything that only a session with something to do needs.
  struct activity {
    std::string input;
    std::size_t begin = 0;  // of the batch that is being gathered; what is before has been sent
    wire::batch_scanner scanner;
    batch_facts facts;
    std::deque<flight> flights;
    routing::requirement need;
    routing::instant arrived;
    routing::domain_floors told;  // causal: what anybody had been told of when the batch arrived
    routing::plan plan;
    routing::node_index excluded = routing::no_node;
    std::optional<wire::error> refused;  // what a node said that let nobody in, while another is looked for
    bool retrying = false;               // the batch at the beginning is about to be tried again
    bool retried = false;                // ... is being tried for the second time
    bool conflicted = false;             // ... after a recovery conflict
    bool taken_for_read = false;         // ... and a replica found that it is none: learn that
    settings_exchange changes;
    timer_queue::ticket deadline;
    routing::instant waits_since = routing::never;
    bool awaiting_view = false;
    bool awaiting_proof = false;  // for a sample that shows which life of the node the lease belongs to
    std::uint64_t pass_left = 0;  // of a message that is being passed on in pieces
    bool pass_drop = false;       // ... to nobody
    std::uint64_t seen = 0;       // version of the view that was looked at last
    bool streaming = false;       // the batch was too long to be examined: its messages are sent as they come
  };

  struct reply_handler;
  friend struct reply_handler;

  // Puts a server's transaction into the state that a client's is in.
  static constexpr std::string_view failing_statement =
      "ROLLBACK TO SAVEPOINT highwater_could_not_serve_this_transaction";

  // session.cpp
  activity& work();
  std::string_view input_left() const noexcept;
  bool busy() const noexcept;
  wire::transaction_status client_status() const noexcept;
  void on_readable() override;
  void process();
  void settle();
  bool keeps_idle_lease() const noexcept;
  bool process_one();
  void consume(std::size_t bytes);
  void compact();
  void on_drained() override;
  void write_client(std::string_view bytes);
  void protocol_error(std::string what);
  void fatal(const wire::error& why);
  void end() noexcept;

  // session_login.cpp
  void process_login();
  void login_failed(const wire::error& why);
  void accept();
  bool take_setting(std::string_view name, std::string_view value);
  void welcome(server_connection& from);
  static bool plain_at_login(const server_connection& of);
  void send_welcome(const welcome_text& text);

  // session_batch.cpp
  bool begin_batch(bool too_long);
  bool skip_batch();
  void note_statement(routing::statement_ptr what, std::optional<config::level> hint);
  bool skip_too_long();
  void examine_text(std::string_view sql);
  bool has_bound(config::level level) const noexcept;
  bool examine_message(char type, std::string_view body);
  void examine_prepared(std::string_view name);
  bool examine();
  bool reads_texts() const;

  // session_placement.cpp
  std::optional<wire::error> refusal() const;
  bool can_join() const;
  bool ends_names() const noexcept;
  routing::requirement required() const;
  std::optional<config::level> asked_for_transaction() const;
  bool begins_placed() const;
  bool placed_read() const;

  // session_routing.cpp
  void start_plan();
  void make_plan();
  void follow_plan();
  void await_view(routing::instant deadline);
  void stop_waiting(bool reached);
  void replan();
  void replan_and_go_on();
  void refuse_stale();
  std::string describe_distance() const;
  void give_up_waiting();
  void notify(const wire::error& what);

  // session_lease.cpp
  void lease_node();
  wire::error queue_timeout(const pool& of) const;
  void on_lease(server_connection& connection) override;
  void take_lease(server_connection& connection);
  void on_lease_failed(const wire::error& why) override;
  bool proved(server_connection& connection);
  void use_lease();
  bool proof_arrived();
  void on_settings_applied(const wire::error* failed) override;
  void go();
  bool bound() const noexcept;
  server_connection& end_lease();
  void release();
  void drop_lease();
  void unpin() noexcept;
  void hand_back(server_connection& connection);
  void abandon_lease();
  settings_ptr wanted_settings() const override { return settings_; }
  std::uint64_t wanted_writer() const override;

  // session_requests.cpp
  void send_batch(routing::route_reason reason);
  flight new_flight() const;
  void take_off(flight& one);
  bool send_deferred_begin(std::string& out);
  void answer_due_locals();
  void send_message(const wire::frame& message, std::string& out);
  void count_route(routing::route_reason reason);

  // session_effects.cpp
  void note_batch_effects(bool begins, bool no_ready);
  void note_what_follows(const flight& one);
  void note_effects_of(const prepared_ptr* prepared);
  void note_effects(const routing::statement& what, bool alone);
  void pin(routing::pin_reason why);
  bool searches_temporary_schema() const;
  std::uint64_t identity() const noexcept;
  bool reads_sequences() const;
  void forget_sequences_of_others(std::string& out);

  // session_prepared.cpp
  prepared_ptr intern(const wire::parse_message& parse);
  prepared_ptr usable_here(std::string_view name, const prepared_ptr& known);
  void ensure_prepared(const prepared_statement& what, std::string& out);
  void close_surplus(std::string& out);
  void ensure_unnamed(std::string& out);
  void send_query(const wire::frame& message, std::string& out);
  const prepared_ptr* named_in(const routing::statement* what) const;
  std::string with_server_name(const routing::statement& what, std::string_view sql, const prepared_ptr& known);
  void remember_unnamed(const wire::parse_message& parse);
  void remember_parsed(const wire::parse_message& parse);
  void send_parse(const wire::frame& message, std::string& out);
  void send_bind(const wire::frame& message, std::string& out);
  void send_target(const wire::frame& message, std::string& out);

  // session_stream.cpp
  bool pass_copy();
  bool begin_stream();
  bool stream_messages();
  void note_bound(const wire::frame& bind);

  // session_replies.cpp
  void answer_in_turn(const wire::expected_reply& what, std::string& out);
  std::size_t on_server_bytes(std::string_view bytes) override;
  wire::reply_reader::result take_replies(std::string_view bytes);
  void send_wanted_cancel();
  void note_told(routing::instant now);
  void tell_of_schema_change();
  void batch_answered(wire::transaction_status status);
  void on_notification(std::string_view message) override;
  void on_server_drained() override;
  void names_over();

  // session_settings.cpp
  void exchange_over();
  void reset_settings();
  void tell_parameters();
  void inquire();
  std::size_t take_inquiry(std::string_view bytes);
  void forward_notifications(std::string_view among);
  void inquired(std::string_view row);
  void keep_or_release();
  void adopt_settings(settings_ptr now);

  // session_failover.cpp
  std::size_t refused(std::string_view bytes, wire::replica_refusal how);
  void retry(metrics::retry_cause cause);
  bool leave_before_sending(routing::node_index node);
  bool on_the_way() const noexcept;
  void leave_node();
  void on_server_lost(const wire::error& why) override;
  void give_up_connection(const wire::error& why);
  void tell_of_loss(routing::node_index node, wire::error why, bool was_bound);
  void lost_flights(const wire::error& why);
  bool note_unknown_writes();
  bool on_deposed_node() const;
  void end_on_deposed_node();

  // session_local.cpp
  bool answer_locally();
  bool defer_begin();
  bool amend_begin();
  bool end_failed_begin();
  void forget_deferred_begin();
  void answer_error(const wire::error& why);
  void fail_transaction();

  // session_internal.cpp
  class internal_answers;
  friend class internal_answers;
  void answer_internal();
  void send_sync();
  bool run_internal(const routing::internal_command& what, std::string& tag, std::string& row, wire::error& why);
  std::string describe_route() const;

  worker_context& worker_;
  std::function<void(session&)> on_end_;
  stream client_;
  std::unique_ptr<activity> work_;
  std::unique_ptr<login> login_;
  std::unique_ptr<prepared_names> names_;
  prepared_ptr unnamed_;
  std::uint64_t unnamed_serial_ = 0;
  session_kind_ptr kind_;
  settings_ptr startup_settings_ = no_settings();
  settings_ptr settings_ = no_settings();
  settings_ptr analysed_under_ = no_settings();  // those of them that what is prepared may depend on
  server_connection* lease_ = nullptr;
  lease_state held_;
  std::string deferred_begin_;  // a BEGIN that has been answered and not yet sent
  bool begin_failed_ = false;   // ... and whose transaction has failed before anything of it reached a server
  routing::session_floors floors_;
  wire::backend_key_message key_;

  // The last decision, for SHOW highwater.last_route.
  struct route_record {
    routing::plan plan;
    routing::route_reason reason = routing::route_reason::write;
    config::level level = config::level::session;
    routing::statement_ptr statement;
  } last_route_;

  asked_level level_;
  stage stage_ = stage::login;
  bool plain_by_default_ = true;  // at login, the server's strings and encoding were such that texts can be read
  bool deferred_read_only_ = false;
  bool deferred_read_write_ = false;            // it says READ WRITE
  std::optional<config::level> deferred_hint_;  // a comment in it
  bool schema_changed_ = false;                 // by the transaction that is under way
  bool skip_to_sync_ = false;                   // an error was answered; the messages up to Sync do not count
  bool draining_ = false;
};

}  // namespace highwater::proxy
