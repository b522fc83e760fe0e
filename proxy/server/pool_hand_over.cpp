// A connection's way from one session to the next, in this worker or another.

#include <algorithm>
#include <utility>

#include "proxy/server/pool.hpp"

namespace highwater::proxy {

using metrics::connection_state;

void pool::pump_there(std::shared_ptr<pool> which) {
  auto& there = which->loop();
  there.post([which = std::move(which)] { which->pump(); });
}

// The connection is clean and nobody's. Who came first is served first, in whichever worker.
void pool::serve_or_keep(server_connection& connection) {
  if (outdated(connection) || is_for_others(connection.idle_since())) return replace(connection);
  auto next = shared_->next_waiting();
  while (next.get() == this && waiters_.empty()) next = shared_->next_waiting();  // who waited here has gone
  if (next != nullptr && next.get() != this) return send_to(std::move(next), connection);
  waiters_.empty() ? put_idle(connection) : serve_next(connection);
}

// There are too many like it, or others need its place more than whoever waits for it, if anybody does.
bool pool::is_for_others(routing::instant now) {
  if (shared_->crowded()) return true;
  const bool needed = !waiters_.empty() || shared_->anybody_waits();
  return needed ? shared_->gives_used(now) : shared_->in_reserve() || shared_->gives_idle({});
}

// Not from within the connection's own call: it is about to leave this thread.
void pool::send_to(std::shared_ptr<pool> next, server_connection& connection) {
  leaving_.push_back(&connection);
  count(connection_state::idle, 1);
  loop().post([this, self = shared_from_this(), next = std::move(next), given = &connection]() mutable {
    // Lost meanwhile; its place is free.
    if (std::erase(leaving_, given) == 0) return pump_there(std::move(next));
    count(connection_state::idle, -1);
    auto parcel = given->move_to(next->environment_.connections, *next);
    remove(*given);
    auto& there = next->loop();
    there.post([next = std::move(next), parcel = std::move(parcel)]() mutable { next->adopt(std::move(parcel)); });
  });
}

void pool::offer() {
  if (idle_.empty() || (waiters_.empty() && !shared_->anybody_waits())) return;
  auto* connection = idle_.back();
  idle_.pop_back();
  count(connection_state::idle, -1);
  serve_or_keep(*connection);
}

void pool::adopt(std::unique_ptr<server_connection> connection) {
  auto& here = *connection;
  all_.push_back(std::move(connection));
  here.resume_after_move();
  if (waiters_.empty() || outdated(here)) return serve_or_keep(here);  // who waited here has gone; others may wait
  serve_next(here);
}

}  // namespace highwater::proxy
