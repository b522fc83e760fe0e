// A session's way to a connection, and what it is sent there.

#include <utility>

#include "proxy/server/server_identity.hpp"
#include "tests/simulation/session.hpp"

namespace highwater::simulation {

using proxy::attempt;
using routing::route_reason;

void session::lease_node() {
  auto& pool = worker_.pool_of(attempt_.plan().node);
  stage_ = stage::awaiting_lease;
  if (auto* with = pool.acquire(*this)) return take_lease(*with);
  set_timer(attempt_.limit());
}

void session::on_lease(line& with) {
  timer_at_ = routing::never;
  const auto next = attempt_.may_be_outdated() ? decide() : attempt::move::lease;
  if (next == attempt::move::lease && attempt_.serves_on(with.session.node())) {
    take_lease(with);
  } else {
    with.home.give_back(with);
    follow(next);
  }
  process();
}

void session::on_lease_failed(const wire::error& why) {
  timer_at_ = routing::never;
  stage_ = stage::ready;
  if (proxy::is_unreachable(why)) {
    // The pool has told the worker, and the view will be another one.
    worker_.node_suspect(attempt_.plan().node);
    if (worker_.now() < attempt_.limit()) {
      replan();
      return process();
    }
  } else if (attempt_.turned_away(why, proxy::is_full(why))) {
    ++worker_.shared().happened.turned_away;
    replan();
    return process();
  }
  answer_error();
  process();
}

void session::take_lease(line& with) {
  line_ = &with;
  with.holder = this;
  exchange_.begin(with.session, nullptr, worker_.loads()[with.session.node()]);
  use_lease();
}

// Rule 25.
bool session::leads_elsewhere() {
  const auto node = server().node();
  static const config::node name{};
  auto why = proxy::is_stranger(server().server_started(), server().established(), worker_.view().nodes[node], name);
  if (!why || server().proved() != 0) return false;
  ++worker_.shared().happened.strangers;
  attempt_.stranger(std::move(*why));
  auto& with = end_lease();
  with.home.drop_stranger(with);
  stage_ = stage::ready;
  replan();
  return true;
}

void session::use_lease() {
  if (leads_elsewhere()) return;
  const auto& there = worker_.view().nodes[server().node()];
  if (!server().prove(there)) {
    ++worker_.shared().happened.unproved;
    worker_.shared().monitor.need_sample(server().node(), server().established() + std::chrono::nanoseconds(1));
    return await_view(attempt_.limit(), stage::awaiting_proof);
  }
  stage_ = stage::ready;
  if (server().proved() != there.incarnation) {
    ++worker_.shared().happened.other_lives;
    drop_lease();
    return replan();
  }
  if (server().proved() != attempt_.plan().incarnation) {
    ++worker_.shared().happened.other_plans;
    release();
    return replan();
  }
  go();
}

bool session::proof_arrived() {
  const bool late = worker_.now() >= attempt_.limit();
  const auto& there = worker_.view().nodes[server().node()];
  if (!server().prove(there) && there.sampled <= server().established() && !late) return false;
  stage_ = stage::ready;
  timer_at_ = routing::never;
  if (!late) {
    use_lease();
  } else {
    drop_lease();
    answer_error();
  }
  return true;
}

void session::go() {
  exchange_.held.on_replica = attempt_.plan().on_replica;
  if (!client_.transaction.failed() && on_deposed_node()) {
    ++worker_.shared().happened.deposed;
    release();
    return replan();
  }
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
