#include "tests/simulation/watcher.hpp"

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

watcher::watcher(schedule& when, chance& luck, const world& servers, std::function<void()> on_view)
    : when_(when),
      luck_(luck),
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

void watcher::ask_for_proofs() {
  for (node_index node = 0; node < watches_.size(); ++node) {
    const auto wish = state_.wish(node, when_.now());
    if (wish.since != routing::never) watches_[node].when.need_sample(wish.since);
    if (wish.at != instant::max()) watches_[node].when.ask_again(wish.at);
    if (wish.since != routing::never || wish.at != instant::max()) advance(node);
  }
}

void watcher::advance(node_index node) {
  auto& one = watches_[node];
  switch (one.when.next(when_.now())) {
    case tracker::action::connect:
      connect(node);
      break;
    case tracker::action::sample:
      ask(node);
      break;
    case tracker::action::give_up:
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

void watcher::connect(node_index node) {
  const auto question = ++watches_[node].asked;
  when_.after(luck_.travel(), [this, node, question] {
    const auto real = servers_.at(node);
    when_.after(luck_.travel(), [this, node, question, real] {
      auto& one = watches_[node];
      if (one.asked != question) return;
      if (!real.up || servers_.at(node).life != real.life) return fail(node);
      one.life = real.life;
      const auto started = std::to_string(real.life);
      state_.began(node, {system_identifier, started, {}, real.timeline, started}, when_.now());
      one.when.connected();
      publish();
      advance(node);
    });
  });
}

void watcher::ask(node_index node) {
  const auto question = ++watches_[node].asked;
  proxy::node_sample sample;
  sample.sent = when_.now();
  const auto about = state_.question(node, when_.now());
  when_.after(luck_.travel(), [this, node, question, sample, about] {
    // The statement's snapshot comes first, and what its functions look up a moment later.
    auto answer = sample;
    answer.snapshot = servers_.snapshot(node);
    const auto life = servers_.at(node).life;
    when_.after(luck_.span(1, 300), [this, node, question, answer, about, life]() mutable {
      const auto real = servers_.at(node);
      look_up(node, about, answer);
      when_.after(luck_.travel(), [this, node, question, real, answer, life]() mutable {
        auto& one = watches_[node];
        if (one.asked != question) return;
        if (!real.up || real.life != life || real.life != one.life) return fail(node);
        answer.answered = when_.now();
        answer.flushed = answer.at;
        state_.sampled(node, answer);
        one.when.set_pace(state_.catches_up_in(node) / 4);
        one.when.answered(answer.at);
        publish();
        ask_for_proofs();
        advance(node);
      });
    });
  });
}

void watcher::look_up(node_index node, const proxy::proof_question& about, proxy::node_sample& answer) {
  const auto real = servers_.at(node);
  answer.role = real.primary ? routing::node_role::primary : routing::node_role::replica;
  answer.timeline = real.timeline;
  answer.at = real.published;
  answer.received = real.primary ? 0 : real.received;
  if (real.primary) {
    answer.snapshot_text = std::to_string(answer.snapshot.xmax) + ":" + std::to_string(answer.snapshot.xmax) + ":";
    for (const auto id : answer.snapshot.running) answer.snapshot_text += std::to_string(id) + ",";
    if (about.census) answer.census = servers_.census(luck_);
  } else if (const auto primary = proxy::parse_snapshot(about.snapshot)) {
    answer.committed.emplace();
    const auto take = [&](proxy::transaction_id id) {
      if (id < answer.snapshot.xmax && servers_.calls_committed(node, id)) answer.committed->push_back(id);
    };
    for (const auto id : primary->running) take(id);
    for (auto id = primary->xmax; id < answer.snapshot.xmax; ++id) take(id);
  }
}

void watcher::fail(node_index node) {
  auto& one = watches_[node];
  ++one.asked;
  one.when.failed(when_.now());
  state_.lost(node);
  publish();
  advance(node);
}

void watcher::publish() {
  view_ = state_.publish();
  for (node_index node = 0; node < watches_.size(); ++node) {
    if (const auto id = view_->nodes[node].incarnation; id != 0) lives_.emplace(id, watches_[node].life);
  }
  on_view_();
}

}  // namespace highwater::simulation
