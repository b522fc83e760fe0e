#include "proxy/monitor/view_board.hpp"

#include <utility>

namespace highwater::proxy {

view_board::view_board(std::size_t nodes) {
  auto empty = std::make_shared<routing::cluster_view>();
  empty->nodes.resize(nodes);
  newest_ = std::move(empty);
}

void view_board::publish(routing::cluster_view_ptr view) {
  const std::scoped_lock lock(mutex_);
  const auto version = view->version;
  newest_ = std::move(view);
  version_.store(version, std::memory_order_release);
  for (auto* one : subscriptions_) {
    if (one->waiting_.load(std::memory_order_relaxed)) one->notify_();
  }
}

routing::cluster_view_ptr view_board::newest() const {
  const std::scoped_lock lock(mutex_);
  return newest_;
}

view_board::subscription::subscription(view_board& board, std::function<void()> notify)
    : board_(board), notify_(std::move(notify)), current_(board.newest()) {
  const std::scoped_lock lock(board_.mutex_);
  board_.subscriptions_.push_back(this);
}

view_board::subscription::~subscription() {
  const std::scoped_lock lock(board_.mutex_);
  std::erase(board_.subscriptions_, this);
}

const routing::cluster_view& view_board::subscription::view() {
  if (board_.version_.load(std::memory_order_acquire) != current_->version) current_ = board_.newest();
  return *current_;
}

}  // namespace highwater::proxy
