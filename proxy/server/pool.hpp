#pragma once

// The server connections for one (node, user, database). The limit holds for the whole process: each worker keeps the
// connections whose sockets its event loop serves, and hands an idle one over when a session of another worker waits.

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "config/config.hpp"
#include "metrics/worker_probe.hpp"
#include "proxy/io/log_throttle.hpp"
#include "proxy/io/published.hpp"
#include "proxy/server/connect_backoff.hpp"
#include "proxy/server/outdated_logins.hpp"
#include "proxy/server/server_connection.hpp"
#include "proxy/server/shared_pool.hpp"

namespace highwater::proxy {

// Who waits for a connection.
class lease_waiter {
public:
  virtual void on_lease(server_connection& connection) = 0;
  virtual void on_lease_failed(const wire::error& why) = 0;  // the node could not be connected to
  virtual settings_ptr wanted_settings() const = 0;
  // Rather the connection on which this one has written last than any other; 0: all are alike.
  virtual std::uint64_t wanted_last_write() const = 0;

protected:
  ~lease_waiter() = default;
};

// What a worker's pools need from the outside.
struct pool_environment {
  connection_context& connections;
  const config::cluster& cluster;
  const std::shared_ptr<const config::config>& configured;
  const published<class encryption>& encryption;
  metrics::worker_probe& probe;
  shared_pools& shared;
  outdated_logins& outdated;
  std::function<server_credentials(const std::string& user)> credentials_of;
  std::function<std::string()> nonce;
  std::function<void(routing::node_index)> node_suspect;  // a connection to it broke
  log_throttle failures_told{};                           // of the log lines about connections that cannot be made
};

class pool final : connection_home, public std::enable_shared_from_this<pool> {
public:
  pool(pool_environment& environment, pool_key key);
  ~pool();

  // An idle connection, or nullptr: then the waiter is told later.
  server_connection* acquire(lease_waiter& waiter);
  void cancel(lease_waiter& waiter) noexcept;
  // Connections of an earlier life of the node, or that have been idle or alive for too long. `gone` is called for each
  // of them, when the server has closed it too.
  void close_idle(const std::function<bool(const server_connection&)>& which, const std::function<void()>& gone = {});
  // Those whose login would be another one now.
  void close_outdated();
  // Those that others need more, in the places that they have at the node.
  void spare_idle();
  // From time to time. `used`: there are clients that may need one, and `pool.min_idle` are kept for them.
  void look_after(routing::instant now, bool used);
  // Another configuration is in force.
  void adopt();
  void drop(server_connection& connection, std::function<void()> gone = {});
  // ... because it leads to another server: no other is made for a moment.
  void drop_stranger(server_connection& connection);

  // Each of them, and whether it is to be closed when it is given back. On this pool's thread.
  template <class What>
  void for_each_connection(const What& what) {
    for (const auto& one : all_) what(std::as_const(*one), !one->connecting() && outdated(*one));
  }

  const pool_key& key() const noexcept { return key_; }
  const config::pool& allowed() const noexcept { return allowed_; }
  // Who waits here. On this pool's thread.
  unsigned waiting() const noexcept { return static_cast<unsigned>(waiters_.size()); }
  bool connecting() const noexcept { return connecting_ != 0; }
  // What the server said when it last let nobody in, until it lets somebody in.
  const std::optional<wire::error>& refusal() const noexcept { return backoff_.refusal(); }
  // What there may not be more of.
  place_ledger::bound full() { return shared_->full(); }

  // The worker ends, and what this needs with it; posts that name it may last longer.
  void retire();
  // Nothing is there that anybody could come back to. On this pool's thread.
  bool forgettable(std::chrono::steady_clock::time_point now) const noexcept {
    return all_.empty() && waiters_.empty() && now >= backoff_.quiet_until();
  }

  // On this pool's thread, by post: another worker needs a connection, or has sent one.
  void offer();
  void adopt(std::unique_ptr<server_connection> connection);
  void pump();
  // ... from any thread. Whoever else has got hold of a pool hands it over to its own, where it also ends, and keeps
  // nothing.
  static void pump_there(std::shared_ptr<pool> which);
  event_loop& loop() noexcept { return environment_.connections.loop; }

private:
  void on_connected(server_connection& which) override;
  void on_connect_failed(server_connection& which, const wire::error& why) override;
  void on_clean(server_connection& which) override;
  void on_lost(server_connection& which) override;

  void look_for_changes();
  bool outdated(const server_connection& connection);
  void replace(server_connection& outdated);
  server_connection* take_idle(const lease_waiter& whom);
  void open();
  bool open_one();
  void wait_for_others();
  void look_again(routing::instant when);
  void close_unused(routing::instant now, unsigned least);
  bool patient(routing::instant now) const noexcept;
  bool is_for_others(routing::instant now);
  void tell_waiting(const wire::error& why);
  void tell_of_failing(const wire::error& why);
  const std::string& node_name() const noexcept { return environment_.cluster.nodes[key_.node].name; }
  void serve_or_keep(server_connection& connection);
  void serve_next(server_connection& connection);
  void send_to(std::shared_ptr<pool> next, server_connection& connection);
  void put_idle(server_connection& connection);
  std::unique_ptr<server_connection> remove(server_connection& connection);
  void bury(server_connection& connection);
  void leased(server_connection& connection, lease_waiter& to);
  // Later, if it is still there.
  template <class What>
  void post(What what);
  void count(metrics::connection_state state, int change) {
    environment_.probe.connection_moved(key_.node, state, change);
  }

  pool_environment& environment_;
  pool_key key_;
  std::shared_ptr<shared_pool> shared_;
  config::pool allowed_;
  std::vector<std::unique_ptr<server_connection>> all_;
  std::vector<server_connection*> idle_;     // the most recently used last
  std::vector<server_connection*> leaving_;  // on their way to another worker; counted as idle
  struct waiting_since {
    lease_waiter* who;
    routing::instant since;
  };
  std::deque<waiting_since> waiters_;
  unsigned connecting_ = 0;
  connect_backoff backoff_;
  bool told_of_failing_ = false;  // the log has said that no connection can be made
  timer_queue::ticket retry_;
  bool retired_ = false;
  std::uint64_t outdated_version_ = 0;                // that these two are of
  routing::instant outdated_since_ = routing::never;  // logins begun before are out of date
  bool held_ = false;                                 // nobody shall stay connected to the database

  friend class shared_pool;
  unsigned queued_ = 0;  // entries of the shared pool's queue; under its mutex
};

}  // namespace highwater::proxy
