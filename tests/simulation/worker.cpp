#include "tests/simulation/worker.hpp"

#include <utility>

#include "routing/plan.hpp"
#include "tests/simulation/session.hpp"

namespace highwater::simulation {

worker::worker(process& of)
    : process_(of),
      view_(of.monitor.view()),
      coming_(view_),
      loads_(of.net.servers.size()),
      lives_(of.net.servers.size()),
      probe_({of.net.servers.size(), config::level_count, routing::route_reason_count, sql::pin_reason_count,
              wire::error_cause_count}) {
  for (node_index node = 0; node < loads_.size(); ++node) pools_.push_back(std::make_unique<line_pool>(of.net, node));
}

void worker::node_suspect(node_index node) {
  loads_[node].suspect = now();
  process_.monitor.need_sample(node, now() + std::chrono::nanoseconds(1));
}

void worker::published(const routing::cluster_view_ptr& view) {
  coming_ = view;
  if (std::exchange(looks_, true)) return;
  auto& luck = process_.net.luck;
  const bool late = process_.net.like.late_views && luck.one_in(15);
  if (late) ++process_.happened.late_views;
  when().after(late ? luck.span(500, 8'000) : microseconds(1), [this] { look(); });
}

void worker::look() {
  looks_ = false;
  view_ = coming_;
  abandon_dead_nodes();
  for (auto* one : sessions_) one->view_changed();
}

// In the program this is looked after now and then.
void worker::abandon_dead_nodes() {
  for (node_index node = 0; node < lives_.size(); ++node) {
    const auto life = view_->nodes[node].usable ? view_->nodes[node].incarnation : 0;
    const auto before = std::exchange(lives_[node], life);
    if (before == 0 || before == life) continue;
    pools_[node]->close_idle_of_other_lives(life);
    const bool retired = view_->nodes[node].retired;
    for (auto* one : sessions_) retired ? void(one->leave_before_sending(node)) : one->node_died(node);
  }
  if (!view_->has_primary() || std::exchange(primary_, view_->primary) == view_->primary) return;
  for (auto* one : sessions_) one->primary_moved();
}

void worker::heard_of_death(node_index node, life_number life) {
  for (auto& pool : pools_) pool->heard_of_death(node, life);
}

}  // namespace highwater::simulation
