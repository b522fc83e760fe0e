// What comes back to a session: answers, refusals, the end of a connection.

#include <utility>

#include "proxy/wire/first_reply.hpp"
#include "tests/simulation/session.hpp"

namespace highwater::simulation {

using proxy::attempt;
using wire::transaction_status;

// What the reader finds in a server's bytes. Nothing here is prepared, copied or set.
struct session::reply_handler {
  session& self;
  const reply& come;

  void forward(std::string_view) {}
  void local(const wire::expected_reply&) {}
  void completed(const wire::expected_reply& what) { self.server().completed(what); }
  void abandoned(const wire::expected_reply& what, bool failed) { self.server().skipped(what, failed); }
  void described(const wire::expected_reply&, const wire::frame&) {}
  void command_complete(std::string_view tag) {
    auto& held = self.exchange_.held;
    held.rolled_back = tag == "ROLLBACK";
    held.committed = tag == "COMMIT";
    held.pins.done(tag);
  }
  bool parameter_status(const wire::parameter_status_message&) { return false; }
  wire::after_error failed(const wire::error_fields&, bool) {
    self.exchange_.held.batch_failed = true;
    return wire::after_error::show;
  }
  void replacement() {}
  void copy_in(std::size_t) {}
  void copy_ended(bool) {}
  void late_syncs(std::size_t, bool, transaction_status) {}
  wire::after_ready ready(transaction_status status, const wire::expected_reply& what) {
    self.server().ready(status, what);
    if (what.hidden) {
      self.exchange_.held.begin_unanswered = false;
    } else {
      self.batch_answered(come, status);
    }
    return wire::after_ready::go_on;
  }
};

void session::on_reply(line& from, const reply& come) {
  const auto& flights = exchange_.flights;
  if (!flights.empty() && flights.front().retryable) {
    if (refused(come)) return process();
    exchange_.flights.front().retryable = false;
  }
  note_told();
  reply_handler handler{*this, come};
  server().take(come.bytes, handler);
  if (line_ != &from) return;
  if (!server().owes()) exchange_.held.ends_names = false;
  if (stage_ == stage::ready && !exchange_.busy()) exchange_over();
  process();
}

// Rule 15. True if the read is tried again elsewhere.
bool session::refused(const reply& come) {
  const auto first = wire::judge_first_reply(come.bytes, exchange_.flights.front().parses);
  const attempt::circumstances at{worker_.view(), worker_.loads(), worker_.now(), worker_.turn()};
  if (first.what != wire::first_reply::verdict::refused || !attempt_.has_elsewhere(first.why, at)) return false;
  attempt_.refused_by(server().node(), first.why, exchange_.flights.size() == 1);
  drop_lease();
  retry();
  return true;
}

// Nothing has been forwarded, so the reads may run once more, elsewhere.
void session::retry() {
  ++worker_.shared().happened.retries;
  incoming_.insert(incoming_.begin(), sent_.begin(), sent_.end());
  sent_.clear();
  exchange_.flights.clear();
  attempt_.try_again();
  stage_ = stage::ready;
}

// Before the first byte is on its way: whoever is told of it can tell others.
void session::note_told() {
  const auto now = worker_.now();
  auto& domain = worker_.shared().domain;
  const auto node = server().node();
  const auto life = server().proved();
  if (std::ranges::any_of(exchange_.flights, [](const proxy::flight& one) { return one.writes; })) {
    client_.floors.written.raise(now);
    domain.told_of_write(now);
  }
  client_.floors.has_read(node, life, now, exchange_.held.on_replica);
  domain.told_of_read(node, life, now);
}

void session::batch_answered(const reply& come, transaction_status status) {
  exchange_.flights.pop();
  const auto what = sent_.front();
  sent_.pop_front();
  if (status == transaction_status::idle) {
    client_.transaction.level.transaction_over(exchange_.held.rolled_back || exchange_.held.batch_failed);
  } else if (status == transaction_status::in_transaction) {
    exchange_.held.batch_failed = false;
  }
  const bool stale = attempt_.plan().reason == routing::route_reason::stale;
  worker_.shared().answered(number_, what, {&come, come.failed, stale, decided_});
}

void session::exchange_over() {
  if (!leased() || !server().idle()) {
    exchange_.held.batch_failed = false;
    return;
  }
  exchange_.changes.over(exchange_.transaction_over(), *server().settings());
  release();
}

// True if nothing of the session's was there yet.
bool session::leave_before_sending(node_index node) {
  const bool queued = stage_ == stage::awaiting_lease && attempt_.serves_on(node);
  const bool on_the_way = waits_for_view() && leased() && server().node() == node;
  if (queued || on_the_way) {
    queued ? worker_.pool_of(node).cancel(*this) : drop_lease();
    follow(approach_.begin(circumstances()));
    process();
    return true;
  }
  return false;
}

void session::node_died(node_index node) {
  if (leave_before_sending(node)) return;
  if (!leased() || server().node() != node) return;
  if (exchange_.flights.empty() || !exchange_.flights.front().retryable) return;
  drop_lease();
  attempt_.lost(node);
  retry();
  process();
}

void session::on_server_lost(line& gone) {
  const auto node = gone.session.node();
  const bool only_on_the_way = waits_for_view();
  const bool was_bound = exchange_.bound();
  end_lease();
  worker_.node_suspect(node);
  if (only_on_the_way) {
    follow(approach_.begin(circumstances()));
    return process();
  }
  if (note_unknown_writes()) ++worker_.shared().happened.unknown_commits;
  if (!was_bound && !exchange_.flights.empty() && exchange_.flights.front().retryable) {
    attempt_.lost(node);
    retry();
  } else if (was_bound) {
    return fatal();
  } else {
    lost_flights();
  }
  process();
}

// Rule 7: what was under way may have been committed.
bool session::note_unknown_writes() {
  if (std::ranges::none_of(exchange_.flights, [](const proxy::flight& one) { return one.writes; })) return false;
  client_.floors.written.raise(worker_.now());
  worker_.shared().domain.told_of_write(worker_.now());
  return true;
}

void session::lost_flights() {
  exchange_.flights.clear();
  for (const auto& one : std::exchange(sent_, {})) worker_.shared().answered(number_, one, {nullptr, true});
}

// Rule 12: nothing is written to a primary that is none any more.
bool session::on_deposed_node() const {
  if (!leased() || exchange_.held.on_replica) return false;
  return worker_.view().has_deposed(server().node());
}

void session::end_on_deposed_node() {
  ++worker_.shared().happened.deposed;
  note_unknown_writes();
  drop_lease();
  fatal();
}

void session::primary_moved() {
  if (stage_ == stage::ready && on_deposed_node()) end_on_deposed_node();
}

// An error in place of the batch that is at the front.
void session::answer_error() {
  stage_ = stage::ready;
  fail_transaction();
  client_.transaction.fail();
  const auto what = incoming_.front();
  incoming_.pop_front();
  worker_.shared().answered(number_, what, {nullptr, true});
}

// The server does not know of the error that is being answered: it gets one of its own.
void session::fail_transaction() {
  if (!leased() || server().status() != transaction_status::in_transaction) return;
  server().expect({wire::reply_kind::query, true});
  line_->home.send(*line_, {{deed::fail}, {}, true});
  server().will_have_failed();
}

// The client has lost its session, and begins another one.
void session::fatal() {
  ++worker_.shared().happened.fatal;
  ++life_;
  const auto lost = std::exchange(sent_, {});
  incoming_.clear();
  exchange_.flights.clear();
  client_ = {};
  client_.identity = number_ + 1;
  client_.transaction.level.start({}, worker_.shared().rules.default_level());
  stage_ = stage::ready;
  timer_at_ = routing::never;
  worker_.shared().ended(number_);
}

}  // namespace highwater::simulation
