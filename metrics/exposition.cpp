#include "metrics/exposition.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <functional>
#include <initializer_list>
#include <utility>

namespace highwater::metrics {

namespace {

using label = prometheus::ClientMetric::Label;
using prometheus::MetricType;

prometheus::ClientMetric numbered(MetricType type, double value, std::vector<label> labels) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return metric;
}

class page {
public:
  page(const vocabulary& names, const std::vector<const worker_probe*>& workers) : names_(names), workers_(workers) {}

  void nodes(const std::vector<node_status>& nodes, const monitor_probe& monitor);
  void routing();
  void connections();
  void rest(std::string_view version);
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

private:
  using of_worker = std::function<std::int64_t(const worker_probe&)>;

  prometheus::MetricFamily& family(MetricType type, std::string name, std::string help) {
    auto& added = families_.emplace_back();
    added.name = std::move(name);
    added.help = std::move(help);
    added.type = type;
    return added;
  }
  static void add(prometheus::MetricFamily& to, double value, std::vector<label> labels = {}) {
    to.metric.push_back(numbered(to.type, value, std::move(labels)));
  }
  double sum(const of_worker& what) const {
    std::int64_t total = 0;
    for (const auto* worker : workers_) total += what(*worker);
    return static_cast<double>(total);
  }
  void total(MetricType type, std::string name, std::string help, counter worker_probe::*what) {
    add(family(type, std::move(name), std::move(help)), sum([&](const worker_probe& w) { return (w.*what).value(); }));
  }
  void histogram(std::string name, std::string help, duration_histogram worker_probe::*what);
  // With the index of each, and its name.
  template <class What>
  void for_each_node(const What& what) const {
    for (std::size_t node = 0; node < names_.nodes.size(); ++node) {
      if (!names_.nodes[node].empty()) what(node, names_.nodes[node]);
    }
  }
  void reads_where(std::string name, std::string help, const std::vector<std::size_t>& reasons);

  const vocabulary& names_;
  const std::vector<const worker_probe*>& workers_;
  std::vector<node_status> status_;
  std::vector<prometheus::MetricFamily> families_;
};

void page::nodes(const std::vector<node_status>& nodes, const monitor_probe& monitor) {
  status_ = nodes;
  const auto each = [&](MetricType type, const char* name, const char* help, auto&& value) {
    auto& to = family(type, name, help);
    for_each_node([&](std::size_t i, const std::string& node) {
      if (const double v = value(i); v >= 0) add(to, v, {{"node", node}});
    });
  };
  auto& roles = family(MetricType::Gauge, "highwater_node_role", "1 for the role that the node has proved.");
  for_each_node([&](std::size_t i, const std::string& name) {
    for (const auto* role : {"primary", "replica", "unknown"}) {
      add(roles, nodes[i].role == role ? 1 : 0, {{"node", name}, {"role", role}});
    }
  });
  each(MetricType::Gauge, "highwater_node_up", "1 if the node answers and may be used.",
       [&](std::size_t i) { return nodes[i].up ? 1.0 : 0.0; });
  each(MetricType::Gauge, "highwater_node_position_bytes",
       "WAL position as a byte number: replayed by a replica, inserted by the primary.",
       [&](std::size_t i) { return nodes[i].position_bytes; });
  each(MetricType::Gauge, "highwater_node_replay_lag_bytes",
       "WAL that the primary has and the replica has not replayed.",
       [&](std::size_t i) { return nodes[i].role == "replica" ? nodes[i].lag_bytes : -1.0; });
  each(MetricType::Gauge, "highwater_node_replay_lag_seconds",
       "Measured age of what the replica shows: time since the newest sample of the primary that it has replayed.",
       [&](std::size_t i) { return nodes[i].role == "replica" ? nodes[i].lag_seconds : -1.0; });
  each(MetricType::Gauge, "highwater_node_sample_age_seconds", "Time since the node was last asked where it is.",
       [&](std::size_t i) { return nodes[i].sample_age_seconds; });
  each(MetricType::Gauge, "highwater_node_answer_seconds", "How long an answer to \"where are you\" takes, on average.",
       [&](std::size_t i) { return nodes[i].answer_seconds; });
  each(MetricType::Gauge, "highwater_node_catch_up_seconds",
       "How long the replica is expected to take to have what the primary has just flushed: what wait: auto goes by.",
       [&](std::size_t i) { return nodes[i].catch_up_seconds; });
  auto& samples = family(MetricType::Counter, "highwater_position_samples_total", "Answers to \"where are you\".");
  for_each_node([&](std::size_t i, const std::string& name) {
    for (const bool primary : {true, false}) {
      add(samples, static_cast<double>(monitor.samples(i, primary)),
          {{"node", name}, {"role", primary ? "primary" : "replica"}});
    }
  });
  add(family(MetricType::Counter, "highwater_flush_nudges_total",
             "Records written on the primary so that WAL that reads wait for is flushed and sent."),
      static_cast<double>(monitor.nudges()), {});
  each(MetricType::Counter, "highwater_position_sample_failures_total",
       "Questions that were not answered, or not usably.",
       [&](std::size_t i) { return static_cast<double>(monitor.failures(i)); });
}

void page::reads_where(std::string name, std::string help, const std::vector<std::size_t>& reasons) {
  auto& to = family(MetricType::Counter, std::move(name), std::move(help));
  for (std::size_t level = 0; level < names_.levels.size(); ++level) {
    double count = 0;
    for (std::size_t node = 0; node < names_.nodes.size(); ++node) {
      for (const auto reason : reasons)
        count += sum([&](const worker_probe& w) { return w.reads(node, level, reason); });
    }
    add(to, count, {{"level", std::string(names_.levels[level])}});
  }
}

void page::routing() {
  auto& reads = family(MetricType::Counter, "highwater_reads_total", "Reads, by who served them and why.");
  for_each_node([&](std::size_t node, const std::string& name) {
    for (std::size_t level = 0; level < names_.levels.size(); ++level) {
      for (std::size_t reason = 0; reason < names_.reasons.size(); ++reason) {
        const double count = sum([&](const worker_probe& w) { return w.reads(node, level, reason); });
        if (count == 0) continue;
        add(reads, count,
            {{"node", name},
             {"role", status_[node].role},
             {"level", std::string(names_.levels[level])},
             {"reason", std::string(names_.reasons[reason])}});
      }
    }
  });
  auto& writes = family(MetricType::Counter, "highwater_writes_total", "Statements that were not proved to be reads.");
  for_each_node([&](std::size_t node, const std::string& name) {
    add(writes, sum([&](const worker_probe& w) { return w.writes(node); }), {{"node", name}});
  });
  reads_where("highwater_fallbacks_total", "Reads that the primary served because no replica was fresh enough.",
              names_.fallback_reasons);
  reads_where("highwater_stale_served_total", "Reads that were served below their level, as on_stale allows.",
              names_.stale_reasons);
  total(MetricType::Counter, "highwater_stale_errors_total", "Reads that were refused, as on_stale says.",
        &worker_probe::stale_errors);
  total(MetricType::Gauge, "highwater_freshness_waiting", "Reads that wait for a replica or a sample now.",
        &worker_probe::freshness_waiting);
  histogram("highwater_freshness_wait_seconds", "How long reads waited until a node was fresh enough, or gave up.",
            &worker_probe::freshness_wait);
  total(MetricType::Counter, "highwater_freshness_timeouts_total", "Waits that ended without a fresh replica.",
        &worker_probe::freshness_timeouts);
  total(MetricType::Gauge, "highwater_gate_waiting",
        "Statements that wait now until the primary shows what their sessions have read from replicas.",
        &worker_probe::gate_waiting);
  histogram("highwater_gate_wait_seconds", "How long statements waited for that, or until they gave up.",
            &worker_probe::gate_wait);
  total(MetricType::Counter, "highwater_gate_timeouts_total",
        "Statements that failed because the primary did not show it in time.", &worker_probe::gate_timeouts);
  total(MetricType::Counter, "highwater_floors_restarted_total",
        "Floors that lay on a timeline that has ended and were started anew.", &worker_probe::floors_restarted);
  auto& retries = family(MetricType::Counter, "highwater_retries_total", "Reads that were run again on another node.");
  for (std::size_t cause = 0; cause < retry_cause_count; ++cause) {
    add(retries, sum([&](const worker_probe& w) { return w.retries(cause); }),
        {{"cause", std::string(to_string(static_cast<retry_cause>(cause)))}});
  }
}

void page::connections() {
  auto& servers = family(MetricType::Gauge, "highwater_server_connections", "Connections to the nodes, by state.");
  for_each_node([&](std::size_t node, const std::string& name) {
    for (std::size_t state = 0; state < connection_state_count; ++state) {
      add(servers, sum([&](const worker_probe& w) { return w.connections(node, state); }),
          {{"node", name}, {"state", std::string(to_string(static_cast<connection_state>(state)))}});
    }
  });
  total(MetricType::Counter, "highwater_server_connects_total", "Connections made to nodes.",
        &worker_probe::server_connects);
  auto& failures =
      family(MetricType::Counter, "highwater_server_connect_failures_total", "Connections to nodes that failed.");
  for_each_node([&](std::size_t node, const std::string& name) {
    add(failures, sum([&](const worker_probe& w) { return w.connect_failures(node); }), {{"node", name}});
  });
  auto& strangers = family(MetricType::Counter, "highwater_server_strangers_total",
                           "Connections that led to another server than the monitor's, and were closed.");
  for_each_node([&](std::size_t node, const std::string& name) {
    add(strangers, sum([&](const worker_probe& w) { return w.strangers(node); }), {{"node", name}});
  });
  total(MetricType::Gauge, "highwater_pool_queue_length", "Sessions that wait for a server connection now.",
        &worker_probe::lease_queue);
  histogram("highwater_pool_wait_seconds", "How long sessions waited for a server connection.",
            &worker_probe::lease_wait);
  total(MetricType::Counter, "highwater_pool_timeouts_total", "Sessions that waited too long for a server connection.",
        &worker_probe::lease_timeouts);
  total(MetricType::Gauge, "highwater_clients", "Client connections now.", &worker_probe::clients);
  total(MetricType::Gauge, "highwater_replication_connections", "Clients that ask for replication now.",
        &worker_probe::relays);
  total(MetricType::Counter, "highwater_logins_total", "Clients that have logged in.", &worker_probe::logins);
  auto& failed = family(MetricType::Counter, "highwater_logins_failed_total", "Clients that could not log in, by why.");
  for (std::size_t cause = 0; cause < names_.causes.size(); ++cause) {
    add(failed, sum([&](const worker_probe& w) { return w.logins_failed(cause); }),
        {{"cause", std::string(names_.causes[cause])}});
  }
  total(MetricType::Counter, "highwater_protocol_errors_total", "Connections ended for what the peer sent.",
        &worker_probe::protocol_errors);
  total(MetricType::Counter, "highwater_cancels_total", "Cancel requests passed on.", &worker_probe::cancels);
  total(MetricType::Gauge, "highwater_pinned_sessions", "Sessions that keep their server connection now.",
        &worker_probe::pinned_sessions);
  auto& pins =
      family(MetricType::Counter, "highwater_pins_total", "Sessions tied to one server connection, by reason.");
  for (std::size_t reason = 1; reason < names_.pins.size(); ++reason) {
    add(pins, sum([&](const worker_probe& w) { return w.pins(reason); }),
        {{"reason", std::string(names_.pins[reason])}});
  }
}

void page::rest(std::string_view version) {
  total(MetricType::Counter, "highwater_classify_cache_hits_total", "Statements whose shape was known.",
        &worker_probe::classify_hits);
  total(MetricType::Counter, "highwater_classify_cache_misses_total", "Statements that had to be parsed.",
        &worker_probe::classify_misses);
  histogram("highwater_parse_seconds", "Time to parse and classify a statement of unknown shape.",
            &worker_probe::parse_time);
  add(family(MetricType::Gauge, "highwater_build_info", "1, with the version as a label."), 1,
      {{"version", std::string(version)}});
}

void page::histogram(std::string name, std::string help, duration_histogram worker_probe::*what) {
  prometheus::ClientMetric metric;
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i <= duration_histogram::upper_seconds.size(); ++i) {
    cumulative += static_cast<std::uint64_t>(sum([&](const worker_probe& w) { return (w.*what).in_bucket(i); }));
    if (i == duration_histogram::upper_seconds.size()) break;
    metric.histogram.bucket.push_back({cumulative, duration_histogram::upper_seconds[i]});
  }
  metric.histogram.sample_count = cumulative;
  for (const auto* worker : workers_) metric.histogram.sample_sum += (worker->*what).sum_seconds();
  family(MetricType::Histogram, std::move(name), std::move(help)).metric.push_back(std::move(metric));
}

}  // namespace

std::string expose(const vocabulary& names, const std::vector<node_status>& nodes, const monitor_probe& monitor,
                   const std::vector<const worker_probe*>& workers, std::string_view version) {
  page out(names, workers);
  out.nodes(nodes, monitor);
  out.routing();
  out.connections();
  out.rest(version);
  return out.text();
}

}  // namespace highwater::metrics
