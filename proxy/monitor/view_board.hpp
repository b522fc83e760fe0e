#pragma once

// Where the control thread puts what it knows, and the workers find it; and where the workers put what they need to
// know, and the control thread finds it. All members may be called from any thread.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "routing/cluster_view.hpp"

namespace highwater::proxy {

class view_board {
public:
  // A worker's place: who is told when a new view is out, if he has said that he waits for one.
  class subscription {
  public:
    // `notify` is called on the control thread and must only post.
    subscription(view_board& board, std::function<void()> notify);
    ~subscription();
    subscription(const subscription&) = delete;
    subscription& operator=(const subscription&) = delete;

    // The newest view; cheap when it has not changed.
    const routing::cluster_view& view();
    // From now on, until told otherwise, be notified of every new view.
    void wait(bool waiting) noexcept { waiting_.store(waiting, std::memory_order_relaxed); }

  private:
    friend class view_board;
    view_board& board_;
    std::function<void()> notify_;
    std::atomic<bool> waiting_{false};
    routing::cluster_view_ptr current_;
  };

  explicit view_board(std::size_t nodes);

  void publish(routing::cluster_view_ptr view);
  routing::cluster_view_ptr newest() const;

private:
  mutable std::mutex mutex_;  // of the two below
  routing::cluster_view_ptr newest_;
  std::vector<subscription*> subscriptions_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace highwater::proxy
