#pragma once

// One client's life: what it sends is cut into batches, each batch is decided upon, sent to a server, and answered.
// This class owns the socket, the stage and the timers, asks others what to do, and does it: batch_facts says what a
// batch is, admission whether it may be sent, attempt which node is next, approach how a connection to it is come by;
// exchange has what is under way on the leased connection, client_state what the client has whichever connection serves
// it, message_writer puts its messages into the server's words. Its parts are in
//   session.cpp            stages, reading, ending
//   session_login.cpp      what it is welcomed with
//   session_batch.cpp      looking at a batch, and acting on the verdict
//   session_approach.cpp   from a batch to a server connection
//   session_lease.cpp      ... which is there, and back
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
#include "proxy/client/approach.hpp"
#include "proxy/client/arrival.hpp"
#include "proxy/client/attempt.hpp"
#include "proxy/client/batch_failure.hpp"
#include "proxy/client/client_state.hpp"
#include "proxy/client/closing.hpp"
#include "proxy/client/context.hpp"
#include "proxy/client/exchange.hpp"
#include "proxy/client/internal_answers.hpp"
#include "proxy/client/newcomer.hpp"
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
  session(worker_context& worker, stream socket);
  ~session();

  void start(newcomer& who);
  // On this worker's thread.
  void view_changed();  // while it waits for one
  // The client asks for its current statement to end. `over` is called when nothing later can be hit any more.
  void cancel(std::function<void()> over);
  void drain();  // the process is going down: end when nothing is under way
  void kill(const wire::error& why);
  // A node has stopped answering: a read that it has not begun to answer is run elsewhere.
  void node_died(routing::node_index node);
  // There is another primary than before: whoever still waits for the old one, or is bound to it, is told.
  void primary_moved();
  void database_gone(const std::string& database);  // it does not exist any more

private:
  enum class stage : std::uint8_t {
    ready,
    approaching,  // a server connection that may serve the batch: see approach
    preparing,    // it is being given prepared statements of the session's
    restoring,    // ... which it keeps, the settings that are the session's
    vacating,     // idle connections are being closed that would be in the statement's way
    inquiring,    // what the settings are after a transaction that changed some, or whether pins still stand
    ended,
  };

  // Everything that only a session with something to do needs.
  struct activity {
    activity(session& whose, worker_context& worker)
        : owner(worker),
          scanner(&worker.memory),
          approach(attempt, worker.shared.settings.cluster.nodes),
          exchange(worker.probe),
          view_place(whose) {}

    worker_context& owner;

    std::string input;
    std::size_t begin = 0;  // of the batch that is being gathered; what is before has been sent
    wire::batch_scanner scanner;
    batch_facts facts;
    class attempt attempt;
    class approach approach;
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
  bool waits_for_view() const noexcept { return stage_ == stage::approaching && work_->view_place.is_linked(); }
  // A lease that is not of use yet: not proved, or without the session's settings.
  bool on_the_way() const noexcept {
    return leased() && (stage_ == stage::approaching || (stage_ == stage::preparing && !under_way().bound()));
  }
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

  // session_approach.cpp
  void start_plan();
  attempt::circumstances circumstances();
  void follow(const approach::step& next, const wire::error* said = nullptr);
  void follow_and_go_on(const approach::step& next, const wire::error* said = nullptr);
  void note_decision();
  void give_up_lease(approach::fate what);
  void drop_stranger();
  void await_view(routing::instant deadline);
  void stop_waiting(bool reached);
  void queue(routing::instant deadline);
  void note_queued(routing::node_index node);
  void on_lease(server_connection& connection) override;
  void on_lease_failed(const wire::error& why) override;
  void settle_connection();
  void connection_settled();
  void on_settings_applied(const wire::error* failed) override;
  void turn_back();
  wire::error why_refused(approach::refusal why, const wire::error* said);
  wire::error why_queued_too_long() const;
  settings_ptr wanted_settings() const override { return client_.settings; }
  std::uint64_t wanted_last_write() const override;

  // session_lease.cpp
  void begin_lease(server_connection& connection);
  void go();
  void warn_of_plan();
  void notify(wire::severity how, const wire::error& what);
  bool keep_what_was_told();
  server_connection& end_lease();
  void release();
  void drop_lease();
  void abandon_lease();

  // session_requests.cpp
  writing writes();
  void dispatch(routing::route_reason reason);
  void find_needs();
  bool prepares_by_turns() const;
  void prepare_needs(routing::route_reason reason);
  void on_prepared(std::string_view failed) override;
  bool leave_who_refuses(std::string_view error);
  std::optional<batch_failure> fails_at();
  void run_prepared();
  std::string error_of(const preparation::item& failed);
  void send_batch(routing::route_reason reason, std::size_t fails_at = SIZE_MAX);
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
  void begin_again(metrics::retry_cause cause);
  bool leave_before_sending(routing::node_index node);
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
  void fail_batch(std::string_view message);
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
  session_kind_ptr kind_;
  client_state client_;
  wire::backend_key_message key_;

  route_record last_route_;

  stage stage_ = stage::ready;
  bool greets_ = true;  // not welcomed yet: what a server would say is being found out
  bool draining_ = false;
};

}  // namespace highwater::proxy
