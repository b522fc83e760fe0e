#include "proxy/monitor/monitor.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace highwater::proxy {

namespace {

routing::instant now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

monitor::watch::watch(monitor& in, routing::node_index index, const config::node& config)
    : owner(in),
      node(index),
      settings(config),
      when(in.cluster_.monitor),
      connection(in.io_, in.names_, in.cluster_, config, *this),
      timer(in.io_) {}

monitor::monitor(boost::asio::io_context& io, name_resolver& names, const config::cluster& cluster, view_board& board,
                 metrics::monitor_probe& counts)
    : io_(io),
      names_(names),
      cluster_(cluster),
      board_(board),
      counts_(counts),
      state_(board.newest()->nodes.size(), cluster.monitor),
      flusher_(io, names, cluster) {
  demands_.resize(cluster.nodes.size());
  for (routing::node_index node = 0; node < board.newest()->nodes.size(); ++node) begin_watching(node);
}

monitor::~monitor() = default;

void monitor::start() {
  for (auto& [node, one] : watches_) advance(*one);
}

void monitor::begin_watching(routing::node_index node) {
  watches_[node] = std::make_unique<watch>(*this, node, cluster_.nodes[node]);
}

void monitor::stop_watching(routing::node_index node) {
  const auto found = watches_.find(node);
  if (found == watches_.end()) return;
  const std::shared_ptr<watch> one = std::move(found->second);
  watches_.erase(found);
  one->over = true;
  one->timer.cancel();
  one->connection.close();
  // Behind what names it and is due already.
  boost::asio::post(io_, [one] {});
}

// In one step, as far as others see: the same server may have another address.
void monitor::follow(const config::node_changes& changes) {
  boost::asio::post(io_, [this, changes] {
    if (stopped_) return;
    const auto name = [this](std::size_t place) -> const config::node& { return cluster_.nodes[place]; };
    for (const auto place : changes.removed) {
      const auto node = static_cast<routing::node_index>(place);
      spdlog::info("node {} ({}:{}) is not in the configuration any more", name(place).name, name(place).host,
                   name(place).port);
      stop_watching(node);
      flusher_.leave(node);
      state_.retire(node);
    }
    for (const auto place : changes.added) {
      const auto node = static_cast<routing::node_index>(place);
      spdlog::info("node {} ({}:{}) is in the configuration now", name(place).name, name(place).host, name(place).port);
      state_.add(node);
      begin_watching(node);
    }
    publish();
    for (const auto place : changes.added) advance(*watches_.at(static_cast<routing::node_index>(place)));
  });
}

void monitor::stop() noexcept {
  stopped_ = true;
  flusher_.stop();
  for (auto& [node, one] : watches_) {
    one->timer.cancel();
    one->connection.close();
  }
}

void monitor::need_sample(routing::node_index node, routing::instant since) {
  {
    const std::scoped_lock lock(demands_mutex_);
    demands_[node].since = std::max(demands_[node].since, since);
  }
  wake();
}

void monitor::need_position(routing::node_index node, routing::lsn floor, routing::instant deadline) {
  {
    const std::scoped_lock lock(demands_mutex_);
    demands_[node].floor = std::max(demands_[node].floor, floor);
    demands_[node].until = std::max(demands_[node].until, deadline);
  }
  wake();
}

void monitor::need_proof(routing::shown_by whom, routing::node_index node, routing::instant since) {
  {
    const std::scoped_lock lock(demands_mutex_);
    auto& wanted = whom == routing::shown_by::anybody    ? common_.by_anybody
                   : whom == routing::shown_by::replicas ? common_.by_replicas
                                                         : demands_[node].shown;
    wanted = std::max(wanted, since);
  }
  wake();
}

void monitor::expect_read(routing::instant since) {
  {
    const std::scoped_lock lock(demands_mutex_);
    common_.written = std::max(common_.written, since);
  }
  wake();
}

void monitor::wake() {
  if (woken_.exchange(true, std::memory_order_acq_rel)) return;
  boost::asio::post(io_, boost::asio::bind_allocator(wake_memory_.get(), [this] { take_demands(); }));
}

void monitor::take_demands() {
  woken_.store(false, std::memory_order_release);
  if (stopped_) return;
  bool proofs = take_common_demands();
  for (auto& [node, one] : watches_) {
    demand wanted;
    {
      const std::scoped_lock lock(demands_mutex_);
      std::swap(wanted, demands_[one->node]);
    }
    if (wanted.shown != routing::never) {
      state_.need_proof(routing::shown_by::one_node, one->node, wanted.shown, now());
      proofs = true;
    }
    if (wanted.since != routing::never) one->when.need_sample(wanted.since);
    if (wanted.until != routing::never) await_position(*one, wanted.floor, wanted.until);
    if (wanted.since != routing::never || wanted.until != routing::never) advance(*one);
  }
  if (proofs) ask_for_proofs();
}

bool monitor::take_common_demands() {
  common_demand wanted;
  {
    const std::scoped_lock lock(demands_mutex_);
    std::swap(wanted, common_);
  }
  if (wanted.written != routing::never && state_.primary() != routing::no_node) {
    written_ = wanted.written;
    auto& primary = *watches_.at(state_.primary());
    primary.when.need_sample(written_);
    advance(primary);
  }
  const auto need = [&](routing::shown_by whom, routing::instant since) {
    if (since != routing::never) state_.need_proof(whom, routing::no_node, since, now());
    return since != routing::never;
  };
  const bool of_replicas = need(routing::shown_by::replicas, wanted.by_replicas);
  return need(routing::shown_by::anybody, wanted.by_anybody) || of_replicas;
}

// Who is expected to have it soon is asked until it does; the others once, so that it is known when they get better.
void monitor::follow_write(const node_sample& primary) {
  if (written_ == routing::never || primary.sent < written_) return;
  written_ = routing::never;
  const auto at = now();
  for (auto& [node, one] : watches_) {
    if (one->node == state_.primary()) continue;
    constexpr std::chrono::milliseconds soon{20};
    const auto expected = state_.catches_up_in(one->node);
    if (expected <= soon) await_position(*one, primary.at, at + 2 * std::max(expected, routing::duration(soon) / 8));
    if (expected > soon) one->when.need_sample(at);
    if (one->when.is_connected()) advance(*one);
  }
}

void monitor::await_position(watch& one, routing::lsn floor, routing::instant until) {
  one.when.need_position(floor, until);
  nudge_.need(floor, until);
  nudge();
}

// Rule 23
void monitor::nudge() {
  if (state_.primary() == routing::no_node) return;
  const auto at = now();
  auto& primary = *watches_.at(state_.primary());
  if (nudge_.due(at) && flusher_.write(primary.node, at)) counts_.nudged();
  const auto look = nudge_.look_at(at);
  if (look == routing::instant::max()) return;
  primary.when.ask_again(look);
  if (primary.when.is_connected()) advance(primary);
}

// An answer of one node is what another has to be asked about.
void monitor::ask_for_proofs() {
  const auto at = now();
  for (auto& [node, one] : watches_) {
    const auto wish = state_.wish(one->node, at);
    if (wish.since != routing::never) one->when.need_sample(wish.since);
    if (wish.at != routing::instant::max()) one->when.ask_again(wish.at);
    const bool any = wish.since != routing::never || wish.at != routing::instant::max();
    if (any && one->when.is_connected()) advance(*one);
  }
}

void monitor::advance(watch& one) {
  if (stopped_ || one.over) return;
  const auto at = now();
  const auto due = one.when.next(at);
  if (due != tracker::action::give_up) one.overdue = false;
  switch (due) {
    case tracker::action::connect:
      one.connection.connect();
      break;
    case tracker::action::sample:
      one.connection.ask(at, state_.question(one.node, at));
      break;
    case tracker::action::give_up:
      // If it was this thread that had no time, the answer lies in the socket and is taken before what is posted now.
      if (!std::exchange(one.overdue, true)) return boost::asio::post(io_, [this, &one] { advance(one); });
      one.connection.close();
      one.on_failure("no answer within " + std::to_string(cluster_.monitor.timeout.count()) + " ms");
      return;
    case tracker::action::none:
      break;
  }
  one.timer.expires_at(one.when.wake_at(at));
  one.timer.async_wait([this, &one](const boost::system::error_code& error) {
    if (!error) advance(one);
  });
}

void monitor::watch::on_identity(const node_identity& identity) {
  when.connected();
  owner.state_.began(node, identity, now());
  last_failure.clear();
  owner.advance(*this);
}

void monitor::watch::on_sample(const node_sample& sample) {
  when.answered(sample.at);
  owner.state_.sampled(node, sample);
  when.set_pace(owner.state_.catches_up_in(node) / 4);
  owner.counts_.sampled(node, sample.role == routing::node_role::primary);
  owner.publish();
  if (node == owner.state_.primary()) {
    if (std::exchange(owner.nudged_, node) != node) owner.nudge_.begin_anew();
    owner.nudge_.primary_at(sample.sent, sample.flushed);
    owner.follow_write(sample);
    owner.nudge();
  }
  owner.ask_for_proofs();
  owner.advance(*this);
}

void monitor::watch::on_failure(const std::string& why) {
  if (why != last_failure) {
    spdlog::warn("node {} ({}:{}) cannot be asked: {}", settings.name, settings.host, settings.port, why);
    last_failure = why;
  }
  when.failed(now());
  owner.state_.lost(node);
  owner.counts_.failed(node);
  owner.publish();
  owner.advance(*this);
}

void monitor::publish() {
  auto view = state_.publish();
  board_.publish(std::move(view));
  log_news();
}

void monitor::log_news() {
  using kind = cluster_news::kind;
  for (const auto& news : state_.take_news()) {
    if (news.what == kind::no_common_system) {
      spdlog::error(
          "the nodes belong to different clusters (their system identifiers differ), and to none of them more than to "
          "another: no node is used. Take the nodes of the wrong cluster out of cluster.nodes and reload; 'select "
          "system_identifier from pg_control_system()' tells them apart");
      continue;
    }
    const auto& node = cluster_.nodes[news.node];
    switch (news.what) {
      case kind::primary_found:
        spdlog::info("node {} ({}:{}) is the primary", node.name, node.host, node.port);
        break;
      case kind::primary_lost:
        spdlog::warn("node {} ({}:{}) is no longer the primary", node.name, node.host, node.port);
        break;
      case kind::node_up:
        spdlog::info("node {} ({}:{}) is in use", node.name, node.host, node.port);
        break;
      case kind::node_down:
        spdlog::warn("node {} ({}:{}) is not used any more", node.name, node.host, node.port);
        break;
      case kind::foreign_system:
        spdlog::error("node {} ({}:{}) belongs to another cluster (its system identifier differs): not used", node.name,
                      node.host, node.port);
        break;
      case kind::old_primary:
        spdlog::error(
            "node {} ({}:{}) says that it is a primary, but a newer timeline exists or another node says so too: not "
            "used. If two say so of the same timeline, make the wrong one a standby, or take it out of cluster.nodes "
            "and reload",
            node.name, node.host, node.port);
        break;
      case kind::catching_up:
        spdlog::warn("node {} ({}:{}) has restarted: not used before it has replayed what it had before", node.name,
                     node.host, node.port);
        break;
      case kind::no_common_system:
        break;
    }
  }
}

}  // namespace highwater::proxy
