#pragma once

// One thread with its event loop, and the sessions that it serves.

#include <atomic>
#include <memory>
#include <thread>
#include <unordered_set>

#include "proxy/client/context.hpp"
#include "proxy/client/operator_session.hpp"
#include "proxy/client/relay.hpp"
#include "proxy/client/session.hpp"
#include "proxy/io/event_loop.hpp"

namespace highwater::proxy {

class worker {
public:
  explicit worker(process_context& in);
  ~worker();

  void start(const std::string& name);  // what the thread is called, at most 15 bytes

  // From any thread.
  void serve(accepted_client who);
  void catalog_changed(const std::string& database, known_catalog catalog);
  void logins_changed();                             // some connections may be out of date
  void database_gone(const std::string& database);   // its sessions end, as they would at the server
  void user_revoked(const auth::revoked_user& who);  // ... of those who were let in by that secret
  // As worker_context.
  void adopt(config_ptr newer, bool policies, std::vector<config::placed_node> nodes);
  void run(const std::function<void(worker_context&)>& what);  // there
  void drain();                                                // sessions end when they have nothing under way
  void stop();                                                 // ... or now; returns when the thread has ended
  // When all workers have stopped: lets go of what they have posted to this one, while all of them are still there.
  void discard() { loop_.discard(); }
  unsigned sessions() const noexcept { return count_.load(std::memory_order_relaxed); }

  const metrics::worker_probe& probe() const noexcept { return context_.probe; }

private:
  class looker;

  void admit(newcomer who);
  void admit_to_replicate(newcomer who);
  template <class What>
  void for_all(const What& what);
  void admit_operator(newcomer who);
  void view_published();
  void look_at_views();
  void look_on();
  void look_soon();
  void tidy();
  void tidy_later();
  void abandon_dead_nodes();

  event_loop loop_;
  std::atomic<bool> view_posted_{false};
  worker_context context_;
  std::unordered_set<std::shared_ptr<arrival>> arrivals_;
  std::unordered_set<std::shared_ptr<session>> sessions_;
  std::unordered_set<std::shared_ptr<relay>> relays_;
  std::unordered_set<std::shared_ptr<operator_session>> operators_;
  std::atomic<unsigned> count_{0};                  // of all but the last
  std::vector<routing::incarnation_id> lives_;      // by node, when it was last looked at; 0: not usable
  std::vector<bool> retired_;                       // ... too: it is not in the configuration any more
  routing::node_index primary_ = routing::no_node;  // the last one that was proved
  bool draining_ = false;
  event_loop::watched_ptr looker_;
  bool looks_on_ = false;  // it is about to
  unsigned tidied_ = 0;
  std::thread thread_;
};

}  // namespace highwater::proxy
