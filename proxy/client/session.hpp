#pragma once

// One client's life. This class has the stages and the events: what the client sends, what its server answers, what
// others say of nodes, databases and the process. The client's conversation with the servers is in talk_; those who act
// on that (see conversation.hpp) are asked, and say what has come of it.
//   session.cpp         reading, taking turns, ending
//   session_login.cpp   what it is welcomed with
//   session_batch.cpp   a batch has come
//   session_server.cpp  a server has said something, or is lost
//   session_times.cpp   it has been at something for too long
//   session_facts.cpp   what operators are told of it

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/client/census.hpp"
#include "proxy/client/closing.hpp"
#include "proxy/client/conversation.hpp"
#include "proxy/client/losses.hpp"
#include "proxy/client/newcomer.hpp"
#include "proxy/client/passing.hpp"
#include "proxy/client/reception.hpp"
#include "proxy/client/second_try.hpp"
#include "proxy/client/watched_times.hpp"
#include "proxy/client/welcoming.hpp"

namespace highwater::proxy {

class session final : public std::enable_shared_from_this<session>, stream::listener, passage::traveller {
public:
  session(worker_context& worker, stream socket);
  ~session();

  // All of it on this worker's thread.
  void start(newcomer& who);
  // The client asks for its current statement to end. `over` is called when nothing later can be hit any more.
  void cancel(std::function<void()> over);
  void drain();  // the process is going down: end when nothing is under way
  void kill(const wire::error& why);
  // A node has stopped answering: a read that it has not begun to answer is run elsewhere.
  void node_died(routing::node_index node);
  void node_retired(routing::node_index node) {
    leave_before_sending(node);
  }  // what is under way there comes to its end
  // There is another primary than before: whoever still waits for the old one, or is bound to it, is told.
  void primary_moved();
  void database_gone(const std::string& database);   // it does not exist any more
  void user_revoked(const auth::revoked_user& who);  // who was let in by that secret

  // Its `timeouts` may be others.
  void look_at_times();

  // session_facts.cpp: for operators.
  std::uint64_t id() const noexcept { return talk_.client.id; }
  // On the servers.
  const std::string& database() const noexcept { return talk_.kind->database.name; }
  bool logs_in() const noexcept { return talk_.greets || stage_ == stage::ended; }
  console::client_facts facts(const moment& at) const;
  // By its pins, if it has any.
  std::optional<console::pin_facts> pin(const moment& at) const;

private:
  enum class stage : std::uint8_t {
    ready,
    approaching,  // a server connection that may serve the batch: see passage
    preparing,    // it is being given prepared statements of the session's
    restoring,    // ... which it keeps, the settings that are the session's
    vacating,     // idle connections are being closed that would be in the statement's way
    inquiring,    // what the settings are after a transaction that changed some, or whether pins still stand
    ended,
  };

  // session.cpp
  activity& work();
  void on_readable() override;
  void on_drained() override;
  void process();
  bool process_one();
  bool process_input();
  void go_on() override;
  void yield();
  void settle();
  void await_rest();
  void watch_for_stall(bool reads);
  bool keeps_idle_lease() const noexcept;
  void protocol_error(std::string what);
  void fatal(const wire::error& why);
  void end() noexcept;
  std::shared_ptr<void> alive() override { return shared_from_this(); }

  // session_login.cpp
  void welcome(const parameters_ptr& parameters);
  cancel_registry::cancel_function cancelling();

  // session_batch.cpp
  bool begin_batch(bool too_long);
  bool drop_late_copy();
  bool act_on_batch();
  bool follow(const passed& what);
  bool vacated();
  void start_plan();
  void arrived() override;
  void turned_away(const wire::error& why) override;
  void warn_of_plan();
  bool join(routing::route_reason reason);
  void dispatch(routing::route_reason reason);
  void prepare(routing::route_reason reason);
  void on_prepared(std::string_view failed) override;

  // session_server.cpp
  std::size_t on_server_bytes(std::string_view bytes) override;
  void follow(const received& what);
  void on_notification(std::string_view message) override;
  void on_server_drained() override;
  void on_settings_applied(const wire::error* failed) override;
  void on_server_lost(const wire::error& why) override;
  bool on_the_way() const noexcept;
  bool leave_before_sending(routing::node_index node);
  void leave();
  void retry(metrics::retry_cause cause);
  void begin_again(metrics::retry_cause cause);
  void give_up_connection(const wire::error& why);
  void give_up_violator();
  void tell_of_loss(const loss& what, const wire::error& said);
  void exchange_over();
  void close_exchange(const closing::step& step);
  void answered(const inquired& what);

  // session_times.cpp
  time_limits::standing stands_now() const;
  void watch_times();
  void time_is_up();
  void cancel_late_statement(routing::instant now);

  conversation talk_;
  stage stage_ = stage::ready;
  std::unique_ptr<watched_times> times_;  // null: there is no limit
};

}  // namespace highwater::proxy
