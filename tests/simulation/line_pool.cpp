#include "tests/simulation/line_pool.hpp"

#include <algorithm>

#include "proxy/server/idle_choice.hpp"
#include "tests/simulation/session.hpp"

namespace highwater::simulation {

using verdict = proxy::connect_backoff::verdict;

line* line_pool::acquire(session& who) {
  if (waiting_.empty()) {
    if (auto* idle = take_idle()) return idle;
  }
  ++by_.happened.queued;
  waiting_.push_back(&who);
  by_.when.after(microseconds(0), [this] { open(); });
  return nullptr;
}

line* line_pool::take_idle() {
  if (idle_.empty()) return nullptr;
  const auto known = [this](std::size_t at) -> const proxy::server_session& { return idle_[at]->session; };
  const auto at = proxy::choose_idle(idle_.size(), known, 0, proxy::no_settings());
  auto* taken = idle_[at];
  idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(at));
  return taken;
}

void line_pool::cancel(session& who) {
  std::erase(waiting_, &who);
}

void line_pool::serve(line& with) {
  auto* next = waiting_.front();
  waiting_.pop_front();
  next->on_lease(with);
}

// For everybody who waits, as far as there is room; after one that failed, the next has to succeed first.
void line_pool::open() {
  while (!waiting_.empty() && !idle_.empty()) serve(*take_idle());
  while (connecting_ < waiting_.size() && !(backoff_.one_at_a_time() && connecting_ != 0) &&
         open_ < by_.like.pool_size) {
    const auto next = backoff_.next(by_.when.now(), open_);
    if (next == verdict::wait_for_others) return open_later();
    if (next == verdict::refuse) return refused(backoff_.refusal().value_or(proxy::server_lost("not now")));
    dial();
  }
}

void line_pool::open_later() {
  if (std::exchange(looks_again_, true)) return;
  by_.when.at(backoff_.quiet_until(), [this] {
    looks_again_ = false;
    open();
  });
}

void line_pool::dial() {
  ++connecting_;
  ++open_;
  const auto begun = by_.when.now();
  const bool astray = by_.like.led_astray && by_.luck.one_in(6);
  const auto real = astray ? static_cast<node_index>(by_.luck.below(by_.servers.size())) : node_;
  by_.when.after(by_.like.travel(by_.luck), [this, real, begun] {
    const auto life = by_.servers.at(real).life;
    const auto reached = by_.servers.at(real).up;
    const auto full = reached && by_.luck.one_in(60);
    by_.when.after(by_.like.travel(by_.luck), [this, real, life, reached, full, begun] {
      --connecting_;
      if (reached && !full) return answered_dial(real, life);
      --open_;
      ++(full ? by_.happened.full : by_.happened.unreachable);
      const auto why = full ? wire::error{"53300", "sorry, too many clients already", "", ""}
                            : proxy::server_lost("connection refused");
      const auto then = backoff_.failed(why, begun, by_.when.now(), open_);
      then == verdict::refuse ? refused(why) : open_later();
    });
  });
}

void line_pool::answered_dial(node_index real, life_number life) {
  backoff_.connected();
  ++by_.happened.made;
  if (real != node_) ++by_.happened.astray;
  auto& made =
      *all_.emplace_back(std::make_unique<line>(*this, node_, backend(by_.servers, by_.judge, by_.luck, real, life)));
  made.session.begin(by_.when.now());
  made.session.logged_in({{}, {}, by_.servers.at(real).started, by_.when.now()});
  if (!made.server.lives()) break_soon(made);
  if (waiting_.empty()) {
    idle_.push_back(&made);
  } else {
    serve(made);
    open();
  }
}

void line_pool::refused(const wire::error& why) {
  const auto told = std::exchange(waiting_, {});
  for (auto* one : told) one->on_lease_failed(why);
}

template <class What>
void line_pool::event(line& which, instant at, What what) {
  ++which.under_way;
  by_.when.at(at, [this, &which, what] {
    --which.under_way;
    what(*this, which);
    if (which.closed && which.under_way == 0) forget(which);
  });
}

void line_pool::send(line& over, const request& what) {
  over.coming.push(what);
  over.whose = over.holder->number();
  over.arrives = std::max(over.arrives, by_.when.now() + by_.like.travel(by_.luck));
  event(over, over.arrives, [](line_pool& pool, line& which) { pool.arrive(which); });
}

// One after the other: what comes while the server is busy is taken up when it is not.
void line_pool::arrive(line& which) {
  if (which.free_at > by_.when.now()) {
    return event(which, which.free_at, [](line_pool& pool, line& one) { pool.arrive(one); });
  }
  const auto asked = which.coming.pop();
  if (which.dead) return;
  if (!which.server.lives()) return break_soon(which);
  which.going.push(which.server.run(which.whose, asked));
  which.free_at = by_.when.now() + which.going.back().takes;
  const bool lost = by_.like.loses_messages && by_.luck.one_in(300);
  if (lost) {
    ++by_.happened.answers_lost;
    return break_soon(which);
  }
  which.delivered = std::max(which.delivered, which.free_at + by_.like.travel(by_.luck));
  event(which, which.delivered, [](line_pool& pool, line& one) { pool.deliver(one); });
}

void line_pool::deliver(line& which) {
  const auto come = which.going.pop();
  if (which.dead || which.closed) return;
  // What takes a while the server says at its end, if it lives to see that.
  if (come.takes.count() != 0 && !which.server.lives()) return break_soon(which);
  which.holder->on_reply(which, come);
}

void line_pool::break_soon(line& which) {
  if (std::exchange(which.dead, true)) return;
  which.server.hang_up();
  event(which, by_.when.now() + by_.like.travel(by_.luck), [](line_pool& pool, line& one) { pool.lost(one); });
}

void line_pool::lost(line& which) {
  if (which.closed) return;
  ++by_.happened.broken;
  auto* holder = std::exchange(which.holder, nullptr);
  close(which);
  if (holder != nullptr) holder->on_server_lost(which);
  open();
}

void line_pool::heard_of_death(node_index node, life_number life) {
  for (const auto& one : all_) {
    const bool is_there = one->server.node() == node && one->server.life() == life && !one->closed;
    if (is_there && !by_.luck.one_in(3)) break_soon(*one);
  }
}

void line_pool::give_back(line& which) {
  which.holder = nullptr;
  if (which.session.owes() || !which.session.idle()) return drop(which);
  if (!waiting_.empty()) return serve(which);
  idle_.push_back(&which);
}

void line_pool::drop(line& which) {
  which.holder = nullptr;
  which.server.hang_up();
  close(which);
  by_.when.after(microseconds(0), [this] { open(); });
}

void line_pool::drop_stranger(line& which) {
  backoff_.led_elsewhere(by_.when.now());
  drop(which);
}

void line_pool::close(line& which) {
  if (std::exchange(which.closed, true)) return;
  --open_;
  std::erase(idle_, &which);
  // Whoever has called may still look at it.
  event(which, by_.when.now(), [](line_pool&, line&) {});
}

void line_pool::forget(line& which) {
  std::erase_if(all_, [&](const auto& one) { return one.get() == &which; });
}

void line_pool::close_idle_of_other_lives(routing::incarnation_id life) {
  const auto idle = idle_;
  for (auto* one : idle) {
    if (one->session.proved() != 0 && life != 0 && one->session.proved() != life) drop(*one);
  }
}

}  // namespace highwater::simulation
