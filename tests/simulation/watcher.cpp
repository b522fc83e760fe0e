#include "tests/simulation/watcher.hpp"

#include <memory>
#include <string>
#include <utility>

namespace highwater::simulation {

using proxy::tracker;

namespace {

constexpr std::uint64_t system_identifier = 7;

config::monitor quick_settings() {
  config::monitor settings;
  settings.interval = std::chrono::milliseconds(5);
  settings.timeout = std::chrono::milliseconds(10);
  settings.min_gap = microseconds(100);
  return settings;
}

}  // namespace

watcher::watcher(schedule& when, chance& luck, const character& like, const world& servers,
                 std::function<void()> on_view)
    : when_(when),
      luck_(luck),
      like_(like),
      servers_(servers),
      on_view_(std::move(on_view)),
      settings_(quick_settings()),
      state_(servers.size(), settings_),
      view_(state_.publish()) {
  for (node_index node = 0; node < servers.size(); ++node) watches_.emplace_back(settings_);
  for (node_index node = 0; node < servers.size(); ++node) advance(node);
}

void watcher::need_sample(node_index node, instant since) {
  watches_[node].when.need_sample(since);
  advance(node);
}

void watcher::need_position(node_index node, lsn floor, instant deadline) {
  watches_[node].when.need_position(floor, deadline);
  advance(node);
}

void watcher::need_proof(routing::shown_by whom, node_index node, instant since) {
  state_.need_proof(whom, node, since, when_.now());
  ask_for_proofs();
}

void watcher::heard_of_death(node_index node, life_number life) {
  if (watches_[node].connected && watches_[node].life == life) fail(node);
}

void watcher::ask_for_proofs() {
  for (node_index node = 0; node < watches_.size(); ++node) {
    const auto wish = state_.wish(node, when_.now());
    if (wish.since != routing::never) watches_[node].when.need_sample(wish.since);
    if (wish.at != instant::max()) watches_[node].when.ask_again(wish.at);
    if (wish.since != routing::never || wish.at != instant::max()) advance(node);
  }
}

bool watcher::take_out(node_index node) {
  auto& one = watches_[node];
  if (one.taken_out) return false;
  ++happened.taken_out;
  ++one.asked;
  one.taken_out = true;
  one.connected = false;
  state_.retire(node);
  publish();
  return true;
}

void watcher::take_in(node_index node) {
  auto& one = watches_[node];
  one.taken_out = false;
  std::construct_at(&one.when, settings_);
  state_.add(node);
  publish();
  advance(node);
}

void watcher::advance(node_index node) {
  auto& one = watches_[node];
  if (one.taken_out) return;
  switch (one.when.next(when_.now())) {
    case tracker::action::connect:
      connect(node);
      break;
    case tracker::action::sample:
      ask(node);
      break;
    case tracker::action::give_up:
      ++happened.timeouts;
      return fail(node);
    case tracker::action::none:
      break;
  }
  const auto wake = std::max(one.when.wake_at(when_.now()), when_.now() + microseconds(1));
  if (std::exchange(one.wakes_at, wake) == wake) return;
  when_.at(wake, [this, node, wake] {
    if (watches_[node].wakes_at == wake) advance(node);
  });
}

// The true primary is heard first where two claim to be it: whoever has heard of one alone cannot tell (rule 18).
bool watcher::is_lost(node_index node) {
  const bool unknown = servers_.contested() && servers_.leads(node) && state_.primary() != node;
  const bool lost = like_.loses_messages && luck_.one_in(150) && !unknown;
  if (lost) ++happened.lost_messages;
  return lost;
}

// The next step of the question that is under way, if it still is then.
void watcher::then(node_index node, microseconds delay, void (watcher::*step)(node_index)) {
  when_.after(delay, [this, node, step, question = watches_[node].asked] {
    if (watches_[node].asked == question) (this->*step)(node);
  });
}

void watcher::connect(node_index node) {
  ++watches_[node].asked;
  if (!is_lost(node)) then(node, like_.travel(luck_), &watcher::say_who_it_is);
}

void watcher::say_who_it_is(node_index node) {
  watches_[node].real = servers_.at(node);
  watches_[node].real.control_timeline = std::max(watches_[node].real.control_timeline, timeline_said(node));
  if (!is_lost(node)) then(node, like_.travel(luck_), &watcher::connected);
}

void watcher::connected(node_index node) {
  auto& one = watches_[node];
  if (!one.real.up || !servers_.lives(node, one.real.life)) return fail(node);
  one.life = one.real.life;
  one.connected = true;
  state_.began(node,
               {system_identifier,
                std::to_string(one.real.started),
                {},
                one.real.control_timeline,
                std::to_string(one.real.recovered),
                one.real.started},
               when_.now());
  one.when.connected();
  publish();
  advance(node);
}

void watcher::ask(node_index node) {
  auto& one = watches_[node];
  ++one.asked;
  ++happened.questions;
  one.answer = {};
  one.answer.sent = when_.now();
  one.about = state_.question(node, when_.now());
  if (!is_lost(node)) then(node, like_.travel(luck_), &watcher::take_snapshot);
}

// The statement's snapshot comes first, and what its functions look up a moment later.
void watcher::take_snapshot(node_index node) {
  auto& one = watches_[node];
  one.answer.snapshot = servers_.snapshot(node);
  one.answered_in = servers_.at(node).life;
  then(node, luck_.span(1, like_.quick ? 20 : 300), &watcher::look_up);
}

void watcher::look_up(node_index node) {
  auto& one = watches_[node];
  const auto& real = servers_.at(node);
  if (!servers_.lives(node, one.answered_in) || one.answered_in != one.life) return fail(node);
  auto& answer = one.answer;
  answer.role = real.primary ? routing::node_role::primary : routing::node_role::replica;
  answer.timeline = timeline_said(node);
  answer.at = real.published;
  answer.received = servers_.streams(node) ? real.received : 0;
  if (real.primary) {
    answer.flushed = servers_.leads(node) ? servers_.history().flushed() : answer.at;
    if (one.about.census) answer.census = servers_.history().census();
    print_snapshot(answer);
  } else {
    look_up_commits(node);
  }
  if (!is_lost(node)) then(node, like_.travel(luck_), &watcher::take_answer);
}

// A replica that does not stream knows of no other timeline than its control file's.
routing::timeline_id watcher::timeline_said(node_index node) const {
  return servers_.at(node).primary || servers_.streams(node) ? servers_.timeline_of(node) : 0;
}

void watcher::print_snapshot(proxy::node_sample& of) {
  auto& text = of.snapshot_text;
  text = std::to_string(of.snapshot.xmax);
  text += ":" + text + ":";
  for (const auto id : of.snapshot.running) text.append(std::to_string(id)).push_back(',');
  if (text.back() == ',') text.pop_back();
}

void watcher::look_up_commits(node_index node) {
  auto& one = watches_[node];
  const auto primary = proxy::parse_snapshot(one.about.snapshot);
  if (!primary) return;
  auto& committed = one.answer.committed.emplace();
  const auto take = [&](proxy::transaction_id id) {
    if (id < one.answer.snapshot.xmax && servers_.calls_committed(node, id)) committed.push_back(id);
  };
  for (const auto id : primary->running) take(id);
  for (auto id = primary->xmax; id < one.answer.snapshot.xmax; ++id) take(id);
}

void watcher::take_answer(node_index node) {
  auto& one = watches_[node];
  one.answer.answered = when_.now();
  state_.sampled(node, one.answer);
  one.when.set_pace(state_.catches_up_in(node) / 4);
  one.when.answered(one.answer.at);
  publish();
  ask_for_proofs();
  advance(node);
}

void watcher::publish() {
  view_ = state_.publish();
  on_view_();
}

void watcher::fail(node_index node) {
  auto& one = watches_[node];
  ++one.asked;
  one.connected = false;
  one.when.failed(when_.now());
  state_.lost(node);
  publish();
  advance(node);
}

}  // namespace highwater::simulation
