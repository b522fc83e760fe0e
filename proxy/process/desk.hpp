#pragma once

// Does what operators ask for. It has a thread of its own, which gives way to all others: whoever looks at us must not
// hold up the monitors, nor the workers more than it takes each of them to say what it knows.
//   desk.cpp           what is asked for, and by whom it is done
//   desk_commands.cpp  what changes something

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "proxy/client/console_desk.hpp"
#include "proxy/client/context.hpp"
#include "proxy/process/console_facts.hpp"
#include "proxy/process/reloader.hpp"
#include "proxy/process/stats_period.hpp"

namespace highwater::proxy {

class desk final : public console_desk {
public:
  // Asked from its thread.
  struct process_control {
    std::function<void(console::shutdown_mode)> shut_down;
    std::function<bool()> leaves;  // new clients are not taken any more
    // `then` is called on another thread.
    std::function<void(std::function<void(reloader::outcome)> then)> reload;
    std::function<void(std::string key, std::string value, std::function<void(reloader::outcome)> then)> set;
  };

  // `process` outlives it.
  desk(process_context& process, process_control control);
  ~desk() { stop(); }

  void start();
  void stop();  // returns when its thread has ended; before the workers do

  // From any thread: there are other nodes. What has been said of one holds for another that has its name.
  void nodes_changed(const std::vector<config::placed_node>& nodes);

  void run(const console::command& what, std::weak_ptr<const void> asking, reply tell) override;
  std::string_view version() const noexcept override;

private:
  // Who asks, and what for.
  struct errand {
    console::command what;
    std::weak_ptr<const void> asking;
    reply tell;
  };
  using errand_ptr = std::shared_ptr<const errand>;

  void begin(const errand_ptr& asked);
  void show(const errand_ptr& asked);
  void reload(const errand_ptr& asked);
  void set(const errand_ptr& asked);
  // `then`, here, when each worker has said what it knows; it is let go of if the workers end before.
  void survey(std::function<void(census)> then, bool in_full = false);
  // ... when each has done it.
  void on_each_worker(std::function<void(worker_context&)> what, std::function<void()> then);
  console::facts know(census all) const;
  void close_period();

  void pause(const errand_ptr& asked);
  void resume(const errand_ptr& asked);
  void kill(const errand_ptr& asked);
  void kill_client(const errand_ptr& asked);
  void admit(const errand_ptr& asked, bool disabled);
  void reconnect(const errand_ptr& asked);
  void drain(const errand_ptr& asked, bool drained);
  void shut_down(const errand_ptr& asked);
  void set_paused(const std::string& database, bool paused);
  void close_idle(const std::string& database);
  void hold(const std::string& database);
  void let_go(const std::string& database);
  void unpause(const std::string& database);
  void await_paused(const errand_ptr& asked);
  void wait_close(const errand_ptr& asked);
  struct wait {
    std::function<bool(const console::server_facts&)> left;  // it is waited for
    std::function<std::optional<console::outcome>()> ended;  // whatever is left
    std::function<void()> given_up;                          // the asker has gone
  };
  // Tells the asker when no server connection is left that is waited for, and looks again until then.
  void await_none(const errand_ptr& asked, const wait& what);

  process_context& process_;
  process_control control_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer period_timer_;
  std::thread thread_;

  // On its thread.
  operated said_;
  std::set<std::string> held_;  // databases to which nobody shall stay connected
  stats_period period_;
  routing::instant period_began_;
};

}  // namespace highwater::proxy
