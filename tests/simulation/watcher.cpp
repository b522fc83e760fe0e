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
      state_(servers.size()),
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
      state_.began(node, {system_identifier, "then", {}, real.timeline}, when_.now());
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
  when_.after(luck_.travel(), [this, node, question, sample] {
    const auto real = servers_.at(node);
    auto answer = sample;
    answer.role = real.primary ? routing::node_role::primary : routing::node_role::replica;
    answer.timeline = real.timeline;
    answer.at = real.published;
    answer.received = real.primary ? 0 : real.received;
    when_.after(luck_.travel(), [this, node, question, real, answer] {
      auto& one = watches_[node];
      if (one.asked != question) return;
      if (!real.up || real.life != one.life) return fail(node);
      state_.sampled(node, answer);
      one.when.answered(answer.at);
      publish();
      advance(node);
    });
  });
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
