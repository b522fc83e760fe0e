#pragma once

// One connection to one node: made, logged in, leased to one session at a time, brought to its state, cleaned, closed.

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/io/stream.hpp"
#include "proxy/io/timer_queue.hpp"
#include "proxy/server/held_statements.hpp"
#include "proxy/server/reported_parameters.hpp"
#include "proxy/server/server_login.hpp"
#include "proxy/server/settings.hpp"
#include "proxy/server/unnamed_statement.hpp"
#include "proxy/wire/reply_queue.hpp"
#include "proxy/wire/reply_reader.hpp"
#include "routing/cluster_view.hpp"

namespace highwater::proxy {

class server_connection;

// Who leases a connection.
class lease_holder {
public:
  // Takes what it can of the replies, and says how many bytes that were. The connection may change hands within.
  virtual std::size_t on_server_bytes(std::string_view bytes) = 0;
  virtual void on_server_drained() = 0;                     // everything that was sent to it is on its way
  virtual void on_server_lost(const wire::error& why) = 0;  // the connection is closed; the lease is over
  virtual void on_settings_applied(const wire::error* failed) = 0;
  // `failed`: the whole ErrorResponse of the first statement that cannot be prepared; empty if all are there.
  virtual void on_prepared(std::string_view failed) = 0;
  virtual void on_notification(std::string_view message) = 0;  // while either of them is under way

protected:
  ~lease_holder() = default;
};

// Where a connection lives.
class connection_home {
public:
  virtual void on_connected(server_connection& which) = 0;
  virtual void on_connect_failed(server_connection& which, const wire::error& why) = 0;
  virtual void on_clean(server_connection& which) = 0;  // after a lease: ready for the next
  virtual void on_lost(server_connection& which) = 0;   // not leased, and gone

protected:
  ~connection_home() = default;
};

// Servers know a client's statement by this and its number.
inline constexpr std::string_view own_statement_prefix = "_highwater_";
std::string server_name(statement_id id);
inline constexpr std::string_view no_parameters{"\0\0", 2};  // as in Parse

// A prepared statement that a connection is to be given.
struct statement_to_prepare {
  statement_id id = 0;
  bool unnamed = false;
  std::string_view query;
  std::string_view parameter_types;  // as in Parse
};

// What a session is told when the connection is gone.
inline wire::error server_lost(std::string what) {
  return {std::string(wire::sqlstate::connection_failure), std::move(what), "", ""};
}

// What connections of one worker share.
struct connection_context {
  boost::asio::io_context& io;
  timer_queue& timers;
  std::string& scratch;  // for reading into; its size is what is read at most at once
  std::chrono::milliseconds connect_timeout;
  std::size_t max_prepared_statements;
  bool always_discards = false;  // after every lease, whatever is known of it
};

// Does the node not answer, or not yet? Else it has answered, and does not let the user in.
inline bool is_unreachable(const wire::error& why) noexcept {
  return why.code == wire::sqlstate::connection_failure || why.code.starts_with("57P");
}

// There is no room, which says nothing about who is there already, nor about other nodes.
inline bool is_full(const wire::error& why) noexcept {
  return why.code.starts_with("53");
}

class server_connection final : stream::listener {
public:
  using time_point = std::chrono::steady_clock::time_point;

  server_connection(connection_context& context, connection_home& home, routing::node_index node);
  ~server_connection();

  void connect(const std::string& host, std::uint16_t port, server_login login);

  // For another worker: takes the socket and the state along. The connection must be clean and idle.
  std::unique_ptr<server_connection> move_to(connection_context& context, connection_home& home);
  void resume_after_move();

  void lease(lease_holder& to) noexcept { holder_ = &to; }
  // Ends the lease; on_clean follows at once or later, on_lost if the connection cannot be used again.
  void give_back();
  // `gone` is called later, when the server has closed it too, or after a few seconds.
  void close(std::function<void()> gone = {});

  // Brings the connection to these settings; on_settings_applied follows, unless nothing was to be done (false).
  bool apply(const settings_ptr& wanted);
  void assume(settings_ptr now) { settings_ = std::move(now); }
  const settings_ptr& current_settings() const noexcept { return settings_; }

  void send(std::string_view bytes) { stream_.write(bytes); }
  std::size_t unsent() const noexcept { return stream_.pending(); }
  void read_on() { stream_.await_readable(); }
  void pause(bool paused) noexcept { paused_ = paused; }

  // Prepared statements that this connection has.
  held_statements& statements() noexcept { return prepared_; }
  // Of the replies to what changes them, in their order.
  void completed(const wire::expected_reply& what);
  void skipped(const wire::expected_reply& what, bool failed);
  description_ptr described(const wire::expected_reply& what, const wire::frame& message);  // null: more is to come
  // An error in what the connection asked for itself.
  void note_failure(const wire::error_fields& fields);
  // Appends what closes those that are too many, if there are to be so many more.
  void make_room(std::size_t count, std::string& out);
  // Gives it these; on_prepared follows. In the middle of an exchange a failure is one of the exchange's; else it is
  // over by then.
  void prepare(std::span<const statement_to_prepare> what);
  // What it will hold when all that was sent has been done.
  statement_id unnamed() const noexcept { return unnamed_.get(); }
  description_ptr unnamed_described;  // ... as the server described it, if it was asked
  std::uint64_t writer = 0;           // the session that has written last; 0: none

  // Of what is sent.
  void expect(const wire::expected_reply& what) {
    unnamed_.sent(what);
    queue.push(what);
  }
  wire::reply_queue queue;
  wire::reply_reader reader;
  wire::transaction_status status = wire::transaction_status::idle;
  bool soiled = false;  // holds session state that cannot be described: clean with DISCARD ALL
  bool closes = false;  // holds what DISCARD ALL does not take away: it serves nobody else after this lease

  // Nothing is owed, and nothing is under way.
  bool is_settled() const noexcept { return reader.is_settled(queue); }
  // What is sent next is part of an exchange that has begun; see reply_queue.
  bool is_open() const noexcept { return reader.is_open(queue); }
  // An error has come, and the server ignores everything but a Sync.
  bool skips() const noexcept { return reader.skips(queue); }

  // Asks the server to cancel what runs here. `over` is called, if there is one, when it cannot hit anything later
  // than that any more, or after a few seconds. The connection is not handed on before. Requests that come while one is
  // under way are merged into one more.
  void cancel(std::function<void()> over);

  routing::node_index node() const noexcept { return node_; }
  wire::backend_key_message key() const noexcept { return key_; }
  const parameter_list& parameters() const noexcept { return parameters_; }
  void note_parameter(std::string_view name, std::string_view value);
  std::uint64_t reported() const noexcept;              // the digest of them
  time_point begun() const noexcept { return begun_; }  // before the server looked at anything
  time_point established() const noexcept { return established_; }
  std::int64_t server_started() const noexcept { return server_started_; }  // rule 25; in microseconds since 1970
  time_point idle_since() const noexcept { return idle_since_; }
  bool is_leased() const noexcept { return holder_ != nullptr; }
  // False once the connection is no more.
  std::shared_ptr<const bool> life() const noexcept { return alive_; }
  // Takes replies that nobody wants; returns how many bytes that were.
  std::size_t skip(std::string_view bytes);

  // The life of the node that this connection was shown to belong to: a sample of that life was sent after the
  // connection stood, and a crash would have ended both. 0: not shown yet.
  routing::incarnation_id proved = 0;

private:
  enum class state : std::uint8_t { connecting, logging_in, ready, applying, preparing, cleaning, closed };

  void on_readable() override;
  void on_drained() override;
  void login_with(std::string_view bytes, std::size_t& used);
  void finish_login();
  void fail_connect(const wire::error& why);
  std::size_t handle(std::string_view bytes);
  std::size_t handle_own(std::string_view bytes);
  void finish_own();
  void finish_preparing();
  void clean();
  void limit_cleaning();
  std::size_t most_statements(std::size_t more) const noexcept {
    return std::max(context_->max_prepared_statements, more) - more;
  }
  void send_cancel();
  void cancel_over(bool delivered);
  void lost(const wire::error& why);

  connection_context* context_;
  connection_home* home_;
  routing::node_index node_;
  lease_holder* holder_ = nullptr;
  stream stream_;
  int moving_ = -1;      // its socket, between two workers
  std::string partial_;  // the beginning of a message that is not complete yet
  std::unique_ptr<server_login> login_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  timer_queue::ticket deadline_;
  state state_ = state::connecting;
  bool paused_ = false;
  wire::backend_key_message key_;
  parameter_list parameters_;
  mutable std::uint64_t reported_ = 0;  // 0: to be found out
  settings_ptr settings_ = no_settings();
  settings_ptr wanted_;
  std::optional<wire::error> own_error_;
  std::string own_error_message_;  // the whole of it, of what is being prepared
  std::string parameter_types_;    // of the statement that is being described
  bool discarding_ = false;        // what is being cleaned is DISCARD ALL
  held_statements prepared_;
  unnamed_statement unnamed_;
  boost::asio::ip::tcp::endpoint endpoint_;  // of a name's several addresses, the one that it is connected to
  using cancel_waiters = std::shared_ptr<std::vector<std::function<void()>>>;
  cancel_waiters cancelling_;   // who waits for the request that is under way; null: there is none
  cancel_waiters cancel_next_;  // ... for the one behind it
  bool cancel_lost_ = false;    // one may hit at any time
  std::int64_t server_started_ = 0;
  time_point begun_{};
  time_point established_{};
  time_point idle_since_{};
};

}  // namespace highwater::proxy
