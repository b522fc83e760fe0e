#include "proxy/process/pages.hpp"

#include <chrono>

#include "config/level.hpp"
#include "proxy/wire/errors.hpp"
#include "routing/decide.hpp"
#include "routing/sql/statement.hpp"

namespace highwater::proxy {

namespace {

double seconds(routing::duration value) {
  return std::chrono::duration<double>(value).count();
}

}  // namespace

metrics::vocabulary metric_names(const std::vector<config::node>& nodes, const routing::cluster_view& view) {
  metrics::vocabulary names;
  for (std::size_t i = 0; i < view.nodes.size(); ++i) {
    names.nodes.push_back(view.nodes[i].retired ? std::string() : nodes[i].name);
  }
  for (std::size_t i = 0; i < config::level_count; ++i) {
    names.levels.push_back(config::to_string(static_cast<config::level>(i)));
  }
  for (std::size_t i = 0; i < routing::route_reason_count; ++i) {
    names.reasons.push_back(routing::to_string(static_cast<routing::route_reason>(i)));
  }
  for (std::size_t i = 0; i < sql::pin_reason_count; ++i) {
    names.pins.push_back(sql::to_string(static_cast<sql::pin_reason>(i)));
  }
  for (std::size_t i = 0; i < wire::error_cause_count; ++i) {
    names.causes.push_back(wire::to_string(static_cast<wire::error_cause>(i)));
  }
  using routing::route_reason;
  names.fallback_reasons = {static_cast<std::size_t>(route_reason::fallback),
                            static_cast<std::size_t>(route_reason::no_replica)};
  names.stale_reasons = {static_cast<std::size_t>(route_reason::stale)};
  return names;
}

std::vector<metrics::node_status> node_statuses(const routing::cluster_view& view, routing::instant now) {
  std::vector<metrics::node_status> all;
  const double primary_at = view.has_primary() ? static_cast<double>(view.nodes[view.primary].replayed.at) : 0;
  for (const auto& node : view.nodes) {
    metrics::node_status one;
    one.role = std::string(routing::to_string(node.role));
    one.up = node.usable;
    one.position_bytes = static_cast<double>(node.replayed.at);
    one.lag_bytes = primary_at > one.position_bytes ? primary_at - one.position_bytes : 0;
    one.answer_seconds = seconds(node.answers_in);
    if (node.role == routing::node_role::replica) one.catch_up_seconds = seconds(node.catches_up_in);
    if (node.current_as_of != routing::never) one.lag_seconds = seconds(now - node.current_as_of);
    if (node.sampled != routing::never) one.sample_age_seconds = seconds(now - node.sampled);
    all.push_back(std::move(one));
  }
  return all;
}

http_page ready_page(const std::vector<config::node>& nodes, const routing::cluster_view& view) {
  http_page page;
  page.status = view.has_primary() ? 200 : 503;
  page.body = view.has_primary() ? "ready\n" : "not ready: no primary is known\n";
  for (std::size_t i = 0; i < view.nodes.size(); ++i) {
    if (view.nodes[i].retired) continue;
    page.body += nodes[i].name + ": " + std::string(routing::to_string(view.nodes[i].role)) +
                 (view.nodes[i].usable ? "\n" : ", not in use\n");
  }
  return page;
}

http_page leaving_page() {
  http_page page;
  page.status = 503;
  page.body = "not ready: shutting down\n";
  return page;
}

http_page not_found_page() {
  return {404, "text/plain; charset=utf-8", "Highwater has /metrics, /healthz and /readyz\n"};
}

}  // namespace highwater::proxy
