#pragma once

// One client's life: what it sends is cut into batches, each batch is decided upon, sent to a server, and answered.
// This class owns the socket, the stage and the timers, asks others what to do, and does it: batch_facts says what a
// batch is, admission whether it may be sent, attempt which node is next; exchange has what is under way on the leased
// connection, client_state what the client has whichever connection serves it, message_writer puts its messages into
// the server's words. Its parts are in
//   session.cpp            stages, reading, ending
//   session_login.cpp      the way in
//   session_batch.cpp      looking at a batch, and acting on the verdict
//   session_routing.cpp    from a batch to a node, and waiting for it
//   session_lease.cpp      from a node to a server connection, and back
//   session_requests.cpp   client to server
//   session_stream.cpp     ... what is too long to be held
//   session_replies.cpp    server to client
//   session_settings.cpp   ... the end of an exchange, and what has become of the session's settings
//   session_failover.cpp   ... what a node refuses, or that it has gone
//   session_local.cpp      what Highwater answers itself

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/client/admission.hpp"
#include "proxy/client/attempt.hpp"
#include "proxy/client/client_state.hpp"
#include "proxy/client/closing.hpp"
#include "proxy/client/context.hpp"
#include "proxy/client/exchange.hpp"
#include "proxy/client/internal_answers.hpp"
#include "proxy/client/login.hpp"
#include "proxy/client/node_wait.hpp"
#include "proxy/client/placing.hpp"
#include "proxy/client/preparation.hpp"
#include "proxy/client/refusals.hpp"
#include "proxy/client/replies.hpp"
#include "proxy/client/route_record.hpp"
#include "proxy/client/streamed.hpp"
#include "proxy/client/vacancy.hpp"
#include "proxy/client/writing.hpp"
#include "proxy/io/stream.hpp"
#include "proxy/server/pool.hpp"
#include "proxy/wire/batch_scanner.hpp"
#include "routing/decide.hpp"
#include "routing/floors.hpp"

namespace highwater::proxy {

class session final : public std::enable_shared_from_this<session>, stream::listener, lease_holder, lease_waiter {
public:
  session(worker_context& worker, unique_socket socket);
  ~session();

  void start();
  // On this worker's thread.
  void view_changed();  // while it waits for one
  // The client asks for its current statement to end. `over` is called when nothing later can be hit any more.
  void cancel(std::function<void()> over);
  void drain();  // the process is going down: end when nothing is under way
  void kill(const wire::error& why);
  void make_room();  // somebody else wants to log in
  // A node has stopped answering: a read that it has not begun to answer is run elsewhere.
  void node_died(routing::node_index node);
  // There is another primary than before: whoever still waits for the old one, or is bound to it, is told.
  void primary_moved();
  void database_gone(const std::string& database);  // it does not exist any more

private:
  enum class stage : std::uint8_t {
    authenticating,
    ready,
    awaiting_view,      // for a sample, a replica, a primary
    awaiting_lease,     // for a server connection
    awaiting_proof,     // for a sample that shows which life of the node the connection belongs to
    awaiting_settings,  // the server connection is being brought to the session's state
    preparing,          // it is being given prepared statements of the session's
    vacating,           // idle connections are being closed that would be in the statement's way
    inquiring,          // what the settings are after a transaction that changed some, or whether pins still stand
    ended,
  };

  // Everything that only a session with something to do needs.
  struct activity {
    activity(session& whose, worker_context& worker)
        : owner(worker), scanner(&worker.memory), exchange(worker.probe), view_place(whose), login_place(whose) {}

    worker_context& owner;

    std::string input;
    std::size_t begin = 0;  // of the batch that is being gathered; what is before has been sent
    wire::batch_scanner scanner;
    batch_facts facts;
    class attempt attempt;
    class exchange exchange;
    timer_queue::ticket rest;  // when a batch that has begun is sent as it comes, if its end has not come by then
    std::shared_ptr<vacancy> vacant;  // databases that it wants nobody to be connected to
    timer_queue::ticket deadline;
    node_wait waiting;
    routing::instant queued_since = routing::never;  // for a server connection
    std::uint64_t pass_left = 0;                     // of a message that is being passed on in pieces
    bool pass_drop = false;                          // ... to nobody
    std::uint64_t seen = 0;                          // version of the view that was looked at last
    bool cut_here = false;  // the batch is the first part of one: what follows depends on what comes of it
    preparation needs;
    routing::route_reason reason = routing::route_reason::write;  // to be sent for, when the needs are met
    waiting_place view_place;                                     // among those who wait for a view
    waiting_place login_place;                                    // among those who have not logged in
    bool yielded = false;       // others have their turn, although there is more to do here
    timer_queue::ticket stall;  // if the client has stopped in the middle of something
    routing::instant heard;     // from the client, while that is watched
  };

  // Their memory comes from the worker, and goes back there: a session has one for each of its queries, nearly.
  struct activity_end {
    void operator()(activity* which) const noexcept;
  };

  // session.cpp
  std::string_view node_name(routing::node_index node) const noexcept {
    return worker_.shared.settings.cluster.nodes[node].name;
  }
  bool logged_in() const noexcept { return stage_ != stage::authenticating && !greets_; }
  bool waits_for_view() const noexcept { return stage_ == stage::awaiting_view || stage_ == stage::awaiting_proof; }
  bool leased() const noexcept { return work_ && work_->exchange.leased(); }
  // While there is a lease.
  class exchange& under_way() const noexcept {
    return work_->exchange;
  }
  server_session& server() const noexcept { return work_->exchange.server(); }
  server_connection& connection() const noexcept { return work_->exchange.connection(); }
  activity& work();
  std::string_view input_left() const noexcept;
  bool busy() const noexcept;
  wire::transaction_status client_status() const noexcept;
  void on_readable() override;
  stream::read_result read_some(std::string& input);
  void process();
  void go_on();
  void yield();
  void settle();
  bool stopped_within() const noexcept;
  void watch_for_stall(bool reads);
  void stalled();
  bool keeps_idle_lease() const noexcept;
  bool process_one();
  void await_rest();
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
  void ask_to_cancel();
  void accept();
  void no_stranger_any_more() noexcept;
  void known_now() noexcept;
  bool take_setting(std::string_view name, std::string_view value);
  bool keeps_one_server() const noexcept;
  void welcome(server_connection& from);
  welcomes::login login_as() const;
  void send_welcome(const parameters_ptr& parameters);

  // session_batch.cpp
  bool begin_batch(bool too_long);
  bool drop_late_copy();
  bool look_at_batch();
  void count_verdicts();
  bool act_on_batch();
  bool join(routing::route_reason reason);
  demand demands(const standing& where);
  placing placed() const;
  bool vacated();
  standing stands() const;
  bool skips_to_sync() const noexcept;
  bool skip_batch();
  bool skip_too_long();
  bool has_bound() const noexcept;
  bool reads_texts() const;

  // session_routing.cpp
  void start_plan();
  attempt::circumstances circumstances();
  void replan();
  attempt::move decide();
  void note_restarted_floors();
  void follow(attempt::move next);
  void await_view(routing::instant deadline, stage as);
  void stop_waiting(bool reached);
  void replan_and_go_on();
  void refuse_stale();
  void refuse_for_want_of_node();
  void notify(wire::severity how, const wire::error& what);

  // session_lease.cpp
  void lease_node();
  wire::error timed_out_in(const pool& queue) const;
  void on_lease(server_connection& connection) override;
  void take_lease(server_connection& connection);
  void note_queued(routing::node_index node);
  void on_lease_failed(const wire::error& why) override;
  bool proved(server_connection& connection);
  bool leads_elsewhere();
  void use_lease();
  bool proof_arrived();
  void on_settings_applied(const wire::error* failed) override;
  void go();
  bool keep_what_was_told();
  server_connection& end_lease();
  void release();
  void drop_lease();
  void hand_back(server_connection& connection);
  void abandon_lease();
  settings_ptr wanted_settings() const override { return client_.settings; }
  std::uint64_t wanted_last_write() const override;

  // session_requests.cpp
  writing writes();
  void dispatch(routing::route_reason reason);
  void find_needs();
  void prepare_needs(routing::route_reason reason);
  void on_prepared(std::string_view failed) override;
  void outdated_statement();
  void send_batch(routing::route_reason reason);
  void answer_due_locals();
  void note_route(routing::route_reason reason);
  bool reads_sequences() const;
  bool wrote_here() const;
  void note_write();
  void forget_sequences_of_others();

  // session_stream.cpp
  bool pass_copy();
  void fail_copy();
  void pass_rest_of(const wire::frame& message);
  void ask_for_late_syncs();
  bool begin_stream();
  bool stream_messages();
  std::optional<wire::error> keeps_too_much(const wire::frame& message) const;
  void send_streamed(const streamed& next);
  bool meet_needs_of(const wire::frame& message);
  void ask_for_answers();
  void note_bound(const wire::frame& bind);

  // session_replies.cpp
  std::size_t on_server_bytes(std::string_view bytes) override;
  wire::reply_reader::result take_replies(std::string_view bytes);
  void do_what_is_due(const replies::effects& due);
  void transaction_not_begun(const std::string& why);
  void give_up_violator();
  void send_wanted_cancel();
  void note_told(routing::instant now);
  void doubt_what_changed();
  void tell_of_ddl();
  void schema_has_changed();
  void on_notification(std::string_view message) override;
  void on_server_drained() override;

  // session_settings.cpp
  void exchange_over();
  void close_exchange(closing::step step);
  std::size_t take_inquiry(std::string_view bytes);
  void forward_notifications(std::string_view among);
  void adopt_settings(settings_ptr now);
  void follow_application();

  // session_failover.cpp
  std::size_t refused(std::string_view bytes, wire::replica_refusal how);
  void retry(metrics::retry_cause cause);
  bool leave_before_sending(routing::node_index node);
  bool on_the_way() const noexcept;
  void leave_node();
  void on_server_lost(const wire::error& why) override;
  void give_up_connection(const wire::error& why);
  loss at_stake() const;
  void tell_of_loss(const loss& what, const wire::error& said);
  bool note_unknown_writes();
  bool on_deposed_node() const;
  void end_on_deposed_node();

  // session_local.cpp
  bool answer_sync();
  bool answer_transaction();
  void answer_error(const wire::error& why);
  void answer_failure(std::string_view message);
  void drop_streamed(std::string out);
  void fail_exchange(std::string_view message);
  void fail_transaction();
  void answer_internal();
  void send_sync();
  void remember_parsed(const wire::parse_message& parse);

  worker_context& worker_;
  stream socket_;
  std::unique_ptr<activity, activity_end> work_;
  std::unique_ptr<login> login_;
  session_kind_ptr kind_;
  client_state client_;
  wire::backend_key_message key_;

  route_record last_route_;

  stage stage_ = stage::authenticating;
  bool greets_ = false;  // authenticated, and not welcomed yet: what a server would say is being found out
  bool draining_ = false;
  bool stranger_ = false;  // counts among those who have not logged in
  bool counted_ = false;   // ... among the clients
};

}  // namespace highwater::proxy
