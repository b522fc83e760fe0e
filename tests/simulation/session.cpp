#include "tests/simulation/session.hpp"

#include <utility>

#include "routing/gate.hpp"
#include "routing/placement.hpp"

namespace highwater::simulation {

using proxy::admission;
using proxy::attempt;
using sql::statement_kind;

namespace {

constexpr std::chrono::milliseconds patience{150};

// Their names are only told to operators.
const std::vector<config::node> nodes(8);

}  // namespace

session::session(worker& at, std::size_t number)
    : worker_(at), number_(number), approach_(attempt_, nodes), exchange_(at.probe()) {
  client_.identity = number + 1;
  client_.transaction.level.start({}, at.shared().rules.default_level());
  at.join(*this);
}

void session::receive(const batch& what) {
  incoming_.push_back(what);
  process();
}

void session::process() {
  if (std::exchange(in_process_, true)) return;
  while (stage_ == stage::ready && !incoming_.empty() && process_one()) {
  }
  in_process_ = false;
}

// True if there may be more to do.
bool session::process_one() {
  attempt_.begin(worker_.now(), patience);
  if (on_deposed_node()) {
    end_on_deposed_node();
    return false;
  }
  return act_on_batch();
}

bool session::act_on_batch() {
  const auto& facts = incoming_.front().said.facts();
  const auto where = stands();
  if (proxy::may_be_refused(where) && proxy::refusal(facts, where)) {
    answer_error();
    return stage_ == stage::ready;
  }
  switch (proxy::admit(facts, where, [&] { return demands(where); })) {
    case admission::place:
      if (answer_transaction()) return true;
      start_plan();
      return stage_ == stage::ready;
    case admission::send:
      send_batch();
      return true;
    case admission::join:
      ++worker_.shared().happened.joined;
      send_batch();
      return true;
    case admission::wait:
      ++worker_.shared().happened.held_back;
      return false;
    case admission::answer_internal:
    case admission::answer_sync:
    case admission::ask_for_answers:
      break;
  }
  return false;
}

proxy::demand session::demands(const proxy::standing& where) {
  proxy::demand asked{required(), false};
  if (where.on_replica || where.bound) return asked;
  routing::domain_floors told;
  worker_.shared().domain.snapshot(told);
  asked.shown = !routing::closed_gate(asked.need.level, client_.floors, &told, worker_.view());
  return asked;
}

proxy::standing session::stands() const {
  proxy::standing where;
  where.most_prepared_bytes = 1U << 20U;
  if (!leased()) return where;
  where.leased = true;
  where.on_replica = exchange_.held.on_replica;
  where.in_read_only = exchange_.held.in_read_only;
  where.bound = exchange_.bound();
  where.stale = attempt_.plan().reason == routing::route_reason::stale;
  where.busy = exchange_.busy();
  where.owed = server().owes();
  where.open = server().is_open();
  where.decides_names = exchange_.held.ends_names;
  where.settings_pending = exchange_.changes.pending();
  where.ends = std::ranges::any_of(exchange_.flights, &proxy::flight::ends);
  where.only_reads = std::ranges::all_of(exchange_.flights, &proxy::flight::reads);
  where.looked_at = attempt_.need();
  return where;
}

bool session::answer_transaction() {
  const auto what = incoming_.front();
  const auto& facts = what.said.facts();
  const auto tag =
      client_.transaction.answer({*facts.first(), what.said.sql(), facts.statements.front().hint, false, true});
  if (!tag) return false;
  incoming_.pop_front();
  worker_.shared().answered(number_, what, {});
  return true;
}

// From a batch to a node, or to an answer that there is none.
void session::start_plan() {
  attempt::subject what;
  what.anywhere = client_.transaction.failed();
  what.as_read = placed_read();
  what.need = required();
  if (routing::minds_what_others_were_told(what.need.level)) worker_.shared().domain.snapshot(attempt_.told());
  attempt_.place(what, client_.floors);
  follow(approach_.begin(circumstances()));
}

bool session::placed_read() const {
  routing::session_traits traits;
  if (client_.transaction.deferred()) traits.begun = client_.transaction.reads_only();
  const auto& facts = incoming_.front().said.facts();
  return routing::belongs_with_reads(facts.kind, facts.first(), traits);
}

bool session::begins_placed() const {
  return incoming_.front().said.facts().kind == statement_kind::begin_read_only;
}

routing::requirement session::required() const {
  const auto& policies = worker_.shared().rules.policies();
  if (client_.transaction.deferred() || begins_placed()) return policies.for_transaction(asked_for_transaction());
  const auto& [statement, hint] = incoming_.front().said.facts().statements.front();
  return policies.for_statement(*statement, hint ? hint : client_.transaction.level.get());
}

std::optional<config::level> session::asked_for_transaction() const {
  auto asked = client_.transaction.hint() ? client_.transaction.hint() : client_.transaction.level.get();
  const auto& [statement, hint] = incoming_.front().said.facts().statements.front();
  if (!hint) return asked;
  if (statement->kind == statement_kind::begin_read_only) return hint;
  return routing::join(asked.value_or(worker_.shared().rules.default_level()), *hint);
}

attempt::circumstances session::circumstances() {
  return {worker_.view(), worker_.loads(), worker_.now(), worker_.turn()};
}

void session::note_decision() {
  decided_ = worker_.now();
  if (attempt_.as_read()) ++worker_.turn();
  auto& happened = worker_.shared().happened;
  if (attempt_.plan().floor_restarted) ++happened.floors_restarted;
  if (attempt_.at_gate()) ++happened.closed_gates;
}

void session::follow(const proxy::approach::step& next) {
  if (next.decided) note_decision();
  give_up_lease(next.connection);
  auto& happened = worker_.shared().happened;
  switch (next.next) {
    using enum proxy::approach::move;
    case wait:
      ++happened.waits;
      attempt_.ask(worker_.shared().monitor);
      return await_view(next.until);
    case queue:
      return this->queue(next.until);
    case wait_proof:
      ++happened.unproved;
      worker_.shared().monitor.need_sample(server().node(), next.since);
      return await_view(next.until);
    case settle:
      return follow(approach_.settled(server(), circumstances()));
    case arrive:
      stage_ = stage::ready;
      timer_at_ = routing::never;
      return go();
    case refuse:
      note_refusal(next.why);
      return answer_error();
  }
}

void session::give_up_lease(proxy::approach::fate what) {
  auto& happened = worker_.shared().happened;
  switch (what) {
    using enum proxy::approach::fate;
    case keep:
      return;
    case clean:
    case give_back:
      ++happened.given_back;
      return release();
    case drop:
      ++happened.other_lives;
      return drop_lease();
    case drop_stranger:
      ++happened.strangers;
      auto& with = end_lease();
      return with.home.drop_stranger(with);
  }
}

void session::note_refusal(proxy::approach::refusal why) {
  auto& happened = worker_.shared().happened;
  using enum proxy::approach::refusal;
  happened.refused += why == too_stale;
  happened.gate_timeouts += why == gate_closed;
  happened.no_node += why == no_node;
  happened.queue_timeouts += why == queue_too_long;
}

void session::await_view(instant deadline) {
  stage_ = stage::awaiting_view;
  set_timer(deadline);
}

void session::set_timer(instant deadline) {
  if (std::exchange(timer_at_, deadline) == deadline) return;
  worker_.when().at(deadline, [this, deadline, life = life_] {
    if (timer_at_ == deadline && life_ == life) timer_rings();
  });
}

void session::timer_rings() {
  timer_at_ = routing::never;
  if (stage_ == stage::awaiting_lease) {
    worker_.pool_of(attempt_.plan().node).cancel(*this);
    follow(proxy::approach::queued_too_long());
    return process();
  }
  view_changed();
}

void session::view_changed() {
  if (!waits_for_view()) return;
  follow(leased() ? approach_.view_changed(server(), circumstances()) : approach_.view_changed(circumstances()));
  process();
}

}  // namespace highwater::simulation
