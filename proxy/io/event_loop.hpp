#pragma once

// The event loop of one worker's thread: says which of its sockets are ready, and runs what is posted to it. Asio asks
// the kernel anew for each wait (an epoll_ctl each time), and with as many waits as messages that is a third of a
// proxy's system calls. Here every socket is registered once, edge triggered, and a turn is one epoll_wait.

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <utility>
#include <vector>

#include "proxy/io/unique_socket.hpp"

namespace highwater::proxy {

class event_loop {
public:
  // What is watched. It lives at least until the turn of the loop is over in which it was removed.
  class watched : public boost::intrusive_ref_counter<watched, boost::thread_unsafe_counter>,
                  public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    virtual ~watched() = default;
    virtual void on_event(bool can_read, bool can_write, bool hung_up) = 0;
    // From time to time: of what no event tells.
    virtual void look_after(std::chrono::steady_clock::time_point) {}
  };
  using watched_ptr = boost::intrusive_ptr<watched>;

  event_loop();  // throws std::system_error if the kernel gives no descriptors
  ~event_loop();
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  // From any thread: `what` is called once, from the loop. What the loop has not come to when it ends is destroyed.
  template <class What>
  void post(What what) {
    enqueue(std::make_unique<task_of<What>>(std::move(what)));
  }

  // Everything else is the loop's own thread's.
  void run();  // until stop()
  void stop() noexcept { stopped_ = true; }
  void turn(bool may_wait);  // what there is to do now; if there is nothing and it may, it waits for something
  // Destroys what has been posted, uncalled: for who ends, while there still is what that refers to.
  void discard();

  // Events come from the loop: the first one soon, then whenever something new can be done.
  void add(int socket, watched& who);
  void remove(int socket, watched& who) noexcept;
  void tell_later(watched_ptr who, bool can_read, bool can_write);
  // The next ones in turn, so many of them.
  void look_after_some(std::chrono::steady_clock::time_point now, std::size_t most);
  // Keeps it until it is removed.
  void keep(watched_ptr who) { kept_.insert(std::move(who)); }

private:
  struct task {
    virtual ~task() = default;
    virtual void run() = 0;
  };
  template <class What>
  struct task_of final : task {
    explicit task_of(What given) : what(std::move(given)) {}
    void run() override { what(); }
    What what;
  };
  struct news {
    watched_ptr who;
    bool can_read;
    bool can_write;
  };

  void enqueue(std::unique_ptr<task> next);
  bool fall_asleep();
  void wait(bool may_sleep);
  void run_posted();
  void tell();

  unique_socket set_;
  unique_socket bell_;  // wakes it up
  std::size_t count_ = 0;
  boost::intrusive::list<watched, boost::intrusive::constant_time_size<false>> all_;
  bool stopped_ = false;
  bool dispatching_ = false;
  std::vector<watched_ptr> removed_;  // while events that name them are being told
  std::unordered_set<watched_ptr> kept_;
  std::vector<news> later_;
  std::vector<news> telling_;

  std::mutex mutex_;
  std::vector<std::unique_ptr<task>> posted_;
  std::atomic<bool> asleep_{false};  // set under the mutex, with nothing posted: whoever posts then rings
  std::vector<std::unique_ptr<task>> running_;
};

}  // namespace highwater::proxy
