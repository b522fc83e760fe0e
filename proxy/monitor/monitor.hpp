#pragma once

// The control thread's work: keeps one tracker and one monitoring connection per node, and publishes what they find.

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "config/config.hpp"
#include "config/node_places.hpp"
#include "metrics/monitor_probe.hpp"
#include "proxy/io/handler_memory.hpp"
#include "proxy/monitor/cluster_state.hpp"
#include "proxy/monitor/flush_nudge.hpp"
#include "proxy/monitor/monitoring_connection.hpp"
#include "proxy/monitor/tracker.hpp"
#include "proxy/monitor/view_board.hpp"
#include "proxy/monitor/wal_flusher.hpp"

namespace highwater::proxy {

class monitor {
public:
  // `cluster`: its nodes by their places; as many of them are there at the start as the board has.
  monitor(boost::asio::io_context& io, name_resolver& names, const config::cluster& cluster, view_board& board,
          metrics::monitor_probe& counts);
  ~monitor();

  void start();
  void stop() noexcept;

  // From any thread: there are other nodes. Those that stay notice nothing.
  void follow(const config::node_changes& changes);

  // From any thread: somebody needs to know where `node` was at `since` or later.
  void need_sample(routing::node_index node, routing::instant since);
  // From any thread: somebody waits, until `deadline`, for `node` to have replayed `floor`.
  void need_position(routing::node_index node, routing::lsn floor, routing::instant deadline);

  // From any thread: a write was acknowledged at `since`, and whoever was told will soon want to read what he wrote.
  void expect_read(routing::instant since);

  // From any thread: somebody waits until the primary is known to show what was shown by `since` (rule 9).
  void need_proof(routing::shown_by whom, routing::node_index node, routing::instant since);

private:
  struct watch final : monitoring_connection::listener {
    watch(monitor& in, routing::node_index index, const config::node& settings);
    void on_identity(const node_identity& identity) override;
    void on_sample(const node_sample& sample) override;
    void on_failure(const std::string& why) override;

    monitor& owner;
    routing::node_index node;
    const config::node& settings;
    tracker when;
    monitoring_connection connection;
    boost::asio::steady_timer timer;
    std::string last_failure;
    bool overdue = false;  // has not answered in time; one more look
    bool over = false;     // nobody is to be asked any more
  };
  struct demand {
    routing::instant since = routing::never;
    routing::lsn floor = 0;
    routing::instant until = routing::never;
    routing::instant shown = routing::never;  // to be proved of this life
  };
  struct common_demand {
    routing::instant written = routing::never;
    routing::instant by_replicas = routing::never;
    routing::instant by_anybody = routing::never;
  };

  void begin_watching(routing::node_index node);
  void stop_watching(routing::node_index node);
  void wake();
  void take_demands();
  bool take_common_demands();
  void follow_write(const node_sample& primary);
  void await_position(watch& one, routing::lsn floor, routing::instant until);
  void nudge();
  void ask_for_proofs();
  void advance(watch& one);
  void publish();
  void log_news();

  boost::asio::io_context& io_;
  name_resolver& names_;
  const config::cluster& cluster_;
  view_board& board_;
  metrics::monitor_probe& counts_;
  cluster_state state_;
  std::map<routing::node_index, std::unique_ptr<watch>> watches_;
  std::mutex demands_mutex_;
  std::vector<demand> demands_;  // by node; of the mutex
  common_demand common_;         // of the mutex
  flush_nudge nudge_;
  routing::node_index nudged_ = routing::no_node;  // the primary that it is about
  wal_flusher flusher_;
  routing::instant written_ = routing::never;  // the last write that nobody has been asked about
  std::atomic<bool> woken_{false};
  handler_memory wake_memory_;
  bool stopped_ = false;
};

}  // namespace highwater::proxy
