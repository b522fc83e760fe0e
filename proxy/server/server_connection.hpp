#pragma once

// One connection to one node: made, logged in, leased to one session at a time, brought to its state, cleaned, closed.

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/io/stream.hpp"
#include "proxy/io/timer_queue.hpp"
#include "proxy/server/connect_error.hpp"
#include "proxy/server/connection_context.hpp"
#include "proxy/server/encryption.hpp"
#include "proxy/server/server_connector.hpp"
#include "proxy/server/server_session.hpp"

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

// A prepared statement that a connection is to be given.
struct statement_to_prepare {
  statement_id id = 0;
  bool unnamed = false;
  std::string_view query;
  std::string_view parameter_types;  // as in Parse
  bool described = true;             // ... and the server is asked what it returns
};

class server_connection final : stream::listener {
public:
  using time_point = std::chrono::steady_clock::time_point;

  server_connection(connection_context& context, connection_home& home, routing::node_index node);
  ~server_connection();

  void connect(server_target to);

  // For another worker: takes the socket and the state along. The connection must be clean and idle.
  std::unique_ptr<server_connection> move_to(connection_context& context, connection_home& home);
  void resume_after_move();

  void lease(lease_holder& to) noexcept { holder_ = &to; }
  // Ends the lease; on_clean follows at once or later, on_lost if the connection cannot be used again.
  void give_back();
  // `gone` is called later, when the server has closed it too, or after a few seconds.
  void close(std::function<void()> gone = {});

  // What is known of it. Whoever sends something says there what is to be expected.
  server_session& session() noexcept { return baggage_.session; }
  const server_session& session() const noexcept { return baggage_.session; }

  // Brings the connection to these settings; on_settings_applied follows, unless nothing was to be done (false).
  bool apply(const settings_ptr& wanted);

  void send(std::string_view bytes) { stream_.write(bytes); }
  void send_and_read(std::string_view bytes) {
    stream_.write(bytes);
    read_on();
  }
  // A statement of the proxy's own, whose answer nobody sees.
  void ask_hidden(std::string_view sql);
  std::size_t unsent() const noexcept { return stream_.pending(); }
  void read_on() { stream_.await_readable(); }
  void pause(bool paused) noexcept { paused_ = paused; }

  // Gives it these, of `most` that it may have for now; on_prepared follows. In the middle of an exchange a failure is
  // one of the exchange's; else it is over by then.
  void prepare(std::span<const statement_to_prepare> what, std::size_t most);
  // An error in what the connection asked for itself.
  void note_failure(const wire::error_fields& fields);

  // Asks the server to cancel what runs here. `over` is called, if there is one, when it cannot hit anything later
  // than that any more, or after a few seconds. The connection is not handed on before. Requests that come while one is
  // under way are merged into one more.
  void cancel(std::function<void()> over);

  std::uint64_t id() const noexcept { return baggage_.id; }  // unique in this process, from 1
  const tcp_endpoint& endpoint() const noexcept { return baggage_.endpoint; }
  const stream& link() const noexcept { return stream_; }
  bool leased() const noexcept { return holder_ != nullptr; }
  bool connecting() const noexcept { return state_ == state::connecting; }
  bool is_cleaned() const noexcept { return state_ == state::cleaning; }
  bool is_cancelled() const noexcept { return cancelling_ != nullptr; }
  routing::node_index node() const noexcept { return session().node(); }
  time_point idle_since() const noexcept { return idle_since_; }
  // False once the connection is no more.
  std::shared_ptr<const bool> life() const noexcept { return alive_; }
  // Takes replies that nobody wants; returns how many bytes that were.
  std::size_t skip(std::string_view bytes);

private:
  enum class state : std::uint8_t { connecting, ready, applying, preparing, cleaning, closed };

  void on_readable() override;
  void on_drained() override;
  void connected(connected_server made);
  void fail_connect(const wire::error& why);
  std::size_t handle(std::string_view bytes);
  std::size_t handle_own(std::string_view bytes);
  void finish_own();
  void finish_preparing();
  void clean();
  void limit_cleaning();
  void send_cancel();
  void cancel_over(bool delivered);
  void lost(const wire::error& why);

  // All that goes along when the connection moves to another worker. What is not in here stays behind.
  struct baggage {
    server_session session;
    tcp_endpoint endpoint{};  // of a name's several addresses, the one that it is connected to
    std::string host{};
    node_encryption encryption{};
    std::string partial{};  // the beginning of a message that is not complete yet
    std::uint64_t id = 0;
  };

  connection_context* context_;
  connection_home* home_;
  baggage baggage_;
  lease_holder* holder_ = nullptr;
  stream stream_;
  transport moving_;                             // between two workers
  std::unique_ptr<server_connector> connector_;  // before there is a stream
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  timer_queue::ticket deadline_;
  state state_ = state::connecting;
  bool paused_ = false;
  settings_ptr wanted_;
  std::optional<wire::error> own_error_;
  std::string own_error_message_;  // the whole of it, of what is being prepared
  bool discarding_ = false;        // what is being cleaned is DISCARD ALL
  using cancel_waiters = std::shared_ptr<std::vector<std::function<void()>>>;
  cancel_waiters cancelling_;   // who waits for the request that is under way; null: there is none
  cancel_waiters cancel_next_;  // ... for the one behind it
  bool cancel_lost_ = false;    // one may hit at any time
  time_point idle_since_{};
};

}  // namespace highwater::proxy
