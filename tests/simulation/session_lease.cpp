// A session's way to a connection, and what it is sent there.

#include <utility>

#include "tests/simulation/session.hpp"

namespace highwater::simulation {

using routing::route_reason;

void session::queue(instant deadline) {
  auto& pool = worker_.pool_of(attempt_.plan().node);
  stage_ = stage::awaiting_lease;
  if (auto* with = pool.acquire(*this)) {
    begin_lease(*with);
    return follow(approach_.taken(server(), circumstances()));
  }
  set_timer(deadline);
}

void session::begin_lease(line& with) {
  line_ = &with;
  with.holder = this;
  exchange_.begin(with.session, nullptr, worker_.loads()[with.session.node()]);
}

void session::on_lease(line& with) {
  timer_at_ = routing::never;
  begin_lease(with);
  follow(approach_.offered(server(), circumstances()));
  process();
}

void session::on_lease_failed(const wire::error& why) {
  timer_at_ = routing::never;
  // The pool has told the worker.
  if (proxy::is_unreachable(why)) worker_.node_suspect(attempt_.plan().node);
  const auto next = approach_.turned_away(why, circumstances());
  worker_.shared().happened.turned_away += attempt_.refused().has_value();
  follow(next);
  process();
}

void session::go() {
  exchange_.held.on_replica = attempt_.plan().on_replica;
  auto& happened = worker_.shared().happened;
  const auto reason = attempt_.plan().reason;
  happened.sticky += reason == route_reason::sticky;
  happened.fresh += reason == route_reason::fresh;
  happened.fallback += reason == route_reason::fallback || reason == route_reason::no_replica;
  happened.stale += reason == route_reason::stale;
  happened.level_primary += reason == route_reason::level_primary;
  send_batch();
}

// As message_writer puts it into the server's words, where nothing is prepared.
void session::send_batch() {
  const auto what = incoming_.front();
  const auto& facts = what.said.facts();
  auto one = exchange_.flight_of(facts, client_.transaction.deferred(), attempt_.retried());
  const bool begins = client_.transaction.deferred();
  if (begins) {
    const auto opening = client_.transaction.send();
    server().expect({wire::reply_kind::query, true});
    exchange_.held.begin_unanswered = true;
    exchange_.held.in_read_only = opening.reads_only;
    const auto said = opening.reads_only ? deed::begin_read_only : deed::begin;
    line_->home.send(*line_, {{said}, what.owed, true});
    if (opening.fails) {
      server().expect({wire::reply_kind::query, true});
      line_->home.send(*line_, {{deed::fail}, what.owed, true});
    }
  }
  if (begins_placed()) exchange_.held.in_read_only = true;
  static const sql::catalog_ptr no_catalog;
  static sql::statement_cache no_statements;
  exchange_.note_effects(facts, client_, begins, one.no_ready, {no_statements, no_catalog});
  exchange_.note_sent(facts);
  exchange_.take_off(one);
  exchange_.held.flushed = false;
  server().expect({wire::reply_kind::query});
  line_->home.send(*line_, {what.said, what.owed});
  incoming_.pop_front();
  sent_.push_back(what);
}

line& session::end_lease() {
  exchange_.end();
  return *std::exchange(line_, nullptr);
}

void session::release() {
  if (!leased()) return;
  auto& with = end_lease();
  with.home.give_back(with);
}

void session::drop_lease() {
  auto& with = end_lease();
  with.home.drop(with);
}

}  // namespace highwater::simulation
