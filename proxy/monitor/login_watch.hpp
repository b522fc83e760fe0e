#pragma once

// Finds out that what logins rest on has been changed, also by those who go round Highwater: asks the primary now and
// then. A thread of its own, nearly always asleep, and a connection to the primary.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "config/config.hpp"
#include "proxy/monitor/catalog_connection.hpp"
#include "proxy/monitor/login_facts.hpp"
#include "proxy/monitor/view_board.hpp"

namespace highwater::proxy {

class login_watch {
public:
  // Both are called on the watch's thread. `found`: on this node, at this moment at the latest. `beat`: a few times a
  // second.
  using found_function = std::function<void(const login_news& news, routing::node_index node, routing::instant when)>;
  using beat_function = std::function<void()>;

  login_watch(const config::cluster& cluster, view_board& board, found_function found, beat_function beat);
  ~login_watch();

  void start();
  // From any thread: something has changed, or may have.
  void look();
  void stop();

private:
  using time_point = std::chrono::steady_clock::time_point;

  void run();
  void watch();
  bool connect(routing::node_index primary, time_point now);
  std::optional<std::string> counts();
  bool read(time_point now);
  void lose(time_point now);

  const config::cluster& cluster_;
  view_board& board_;
  found_function found_;
  beat_function beat_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool wanted_ = false;
  bool stopping_ = false;
  interrupt interrupt_;
  std::thread thread_;

  // The thread's own.
  std::optional<catalog_connection> connection_;
  routing::node_index node_ = routing::no_node;
  login_facts facts_;
  std::string counted_;   // when they were read
  std::size_t size_ = 0;  // ... and how many there were
  time_point read_at_{};
  time_point asked_at_{};
  time_point connect_at_{};  // not before
  unsigned failures_ = 0;    // one after the other
};

}  // namespace highwater::proxy
