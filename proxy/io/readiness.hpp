#pragma once

// Tells which of one event loop's sockets are ready. Asio asks the kernel anew for each wait (an epoll_ctl each time);
// with as many waits as messages that is a third of a proxy's system calls. Here every socket is registered once, edge
// triggered, in a set of its own, and Asio waits for that set alone: one such call per turn of the loop.

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <chrono>
#include <memory>
#include <unordered_set>
#include <vector>

namespace highwater::proxy {

// One per io_context: boost::asio::use_service<readiness>(io).
class readiness final : public boost::asio::execution_context::service {
public:
  // What is watched. It lives at least until the turn of the loop is over in which it was removed.
  class watched : public boost::intrusive_ref_counter<watched, boost::thread_unsafe_counter>,
                  public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    virtual ~watched() = default;
    virtual void on_event(bool can_read, bool can_write, bool hung_up) = 0;
    // From time to time: of what no event tells.
    virtual void look_after(std::chrono::steady_clock::time_point now) = 0;
  };
  using watched_ptr = boost::intrusive_ptr<watched>;

  static boost::asio::execution_context::id id;

  explicit readiness(boost::asio::execution_context& context);
  ~readiness() override;

  // Events come from the loop: the first one soon, then whenever something new can be done. One thread's.
  void add(int socket, watched& who);
  void remove(int socket, watched& who) noexcept;
  // From the next turn of the loop.
  void tell_later(watched_ptr who, bool can_read, bool can_write);
  // The next ones in turn, so many of them.
  void look_after_some(std::chrono::steady_clock::time_point now, std::size_t most);
  // Keeps it until it is removed.
  void keep(watched_ptr who) { kept_.insert(std::move(who)); }

private:
  void shutdown() override;
  void await();
  void dispatch();

  boost::asio::io_context& io_;
  int set_ = -1;
  std::unique_ptr<boost::asio::posix::stream_descriptor> loop_;  // the set, as Asio sees it
  std::size_t count_ = 0;
  boost::intrusive::list<watched, boost::intrusive::constant_time_size<false>> all_;
  bool awaiting_ = false;
  bool dispatching_ = false;
  std::vector<watched_ptr> removed_;  // while events that name them are being told
  std::unordered_set<watched_ptr> kept_;
};

}  // namespace highwater::proxy
