#include "proxy/client/approach.hpp"

#include <chrono>
#include <utility>

#include "proxy/server/connect_error.hpp"
#include "proxy/server/server_identity.hpp"

namespace highwater::proxy {

approach::step approach::refused(refusal why, fate connection) noexcept {
  step next;
  next.next = move::refuse;
  next.connection = connection;
  next.why = why;
  return next;
}

approach::step approach::decide(const circumstances& at, fate connection) {
  step next;
  switch (attempt_.next(at)) {
    case attempt::move::lease:
      next.next = move::queue;
      next.until = attempt_.limit();
      break;
    case attempt::move::wait:
      next.next = move::wait;
      next.until = attempt_.deadline();
      break;
    case attempt::move::too_stale:
      next = refused(refusal::too_stale);
      break;
    case attempt::move::gate_closed:
      next = refused(refusal::gate_closed);
      break;
    case attempt::move::no_node:
      next = refused(refusal::no_node);
      break;
  }
  next.connection = connection;
  next.decided = true;
  return next;
}

approach::step approach::offered(server_session& there, const circumstances& at) {
  if (!attempt_.may_be_outdated()) return taken(there, at);
  const auto again = decide(at, fate::give_back);
  if (again.next != move::queue || !attempt_.serves_on(there.node())) return again;
  auto next = taken(there, at);
  next.decided = true;
  return next;
}

// A connection says nothing about a node's freshness unless it belongs to the life that the decision was about.
approach::step approach::taken(server_session& there, const circumstances& at) {
  const auto node = there.node();
  const auto& known = at.view.nodes[node];
  // Nothing will be proved of it any more.
  if (known.retired) return decide(at, fate::give_back);
  auto stranger = is_stranger(there.server_started(), there.established(), known, nodes_[node]);
  if (stranger && there.proved() == 0) {
    attempt_.stranger(std::move(*stranger));
    return decide(at, fate::drop_stranger);
  }
  if (!there.prove(known)) {
    step next;
    next.next = move::wait_proof;
    next.until = attempt_.limit();
    next.since = there.established() + std::chrono::nanoseconds(1);
    return next;
  }
  // The node has had another life since: this connection's server is dead.
  if (there.proved() != known.incarnation) return decide(at, fate::drop);
  // The decision was about the life before.
  if (there.proved() != attempt_.plan().incarnation) return decide(at, fate::give_back);
  step next;
  next.next = move::settle;
  return next;
}

approach::step approach::view_changed(server_session& there, const circumstances& at) {
  if (at.now >= attempt_.limit()) return refused(refusal::not_proved, fate::drop);
  return taken(there, at);
}

// One that cannot be reached will not be planned with any more when the view says so.
approach::step approach::turned_away(const wire::error& why, const circumstances& at) {
  if (is_unreachable(why) && at.now < attempt_.limit()) return decide(at, fate::keep);
  if (attempt_.turned_away(why, is_full(why))) return decide(at, fate::keep);
  return refused(refusal::by_server);
}

// Rule 12: another primary may have been proved since the plan was made.
approach::step approach::settled(const server_session& there, const circumstances& at) {
  const bool deposed = !attempt_.plan().on_replica && at.view.has_deposed(there.node());
  if (deposed && !attempt_.may_be_anywhere()) return decide(at, fate::give_back);
  step next;
  next.next = move::arrive;
  return next;
}

// Somebody's settings may be in the way that this session may not take back. DISCARD ALL may.
approach::step approach::unsettled(const server_session& there, const circumstances& at) {
  if (!there.settings()->empty()) return decide(at, fate::clean);
  return refused(refusal::by_server, fate::give_back);
}

}  // namespace highwater::proxy
